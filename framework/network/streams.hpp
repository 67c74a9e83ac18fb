// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>

namespace mfm {

/// The random stream of a purpose, by name ("placement/golgi_cell"): what one population or projection draws does not
/// depend on which others there are, so a variant that adds or drops one leaves the rest as it was.  64-bit FNV-1a.
[[nodiscard]] constexpr std::uint64_t stream_of(std::string_view purpose, std::string_view name) noexcept {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    const auto feed = [&h](std::string_view text) {
        for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    };
    feed(purpose);
    feed("/");
    feed(name);
    return h;
}

} // namespace mfm
