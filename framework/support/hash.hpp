// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mfm {

/// A 128-bit content hash (two lanes of 64-bit FNV-1a with different offsets, then mixed), fed in pieces.
/// It tells inputs apart; it is no protection against an adversary.
class ContentHash {
public:
    void add(std::string_view text);
    void add(double value);
    void add(std::uint64_t value);
    void add(std::span<const double> values);
    void add(std::span<const std::uint32_t> values);
    /// 32 hexadecimal digits.
    [[nodiscard]] std::string hex() const;

private:
    void bytes(const void* data, std::size_t n);
    std::uint64_t a_ = 0xcbf29ce484222325ULL, b_ = 0x6c62272e07bb0142ULL;
};

} // namespace mfm
