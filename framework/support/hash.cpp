// SPDX-License-Identifier: Apache-2.0
#include "support/hash.hpp"

#include <bit>

#include <fmt/format.h>

namespace mfm {
namespace {

constexpr std::uint64_t fnv_prime = 0x100000001b3ULL;

/// The finaliser of splitmix64 (Steele, Lea & Flood 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

} // namespace

// Every piece starts with a tag and its length, so that no two sequences of pieces feed the same bytes.
void ContentHash::add(std::string_view text) {
    const std::uint64_t head[] = {'t', text.size()};
    bytes(head, sizeof head);
    bytes(text.data(), text.size());
}

void ContentHash::add(double value) {
    const std::uint64_t piece[] = {'d', std::bit_cast<std::uint64_t>(value)};
    bytes(piece, sizeof piece);
}

void ContentHash::add(std::uint64_t value) {
    const std::uint64_t piece[] = {'u', value};
    bytes(piece, sizeof piece);
}

void ContentHash::add(std::span<const double> values) {
    const std::uint64_t head[] = {'D', values.size()};
    bytes(head, sizeof head);
    bytes(values.data(), values.size_bytes());
}

void ContentHash::add(std::span<const std::uint32_t> values) {
    const std::uint64_t head[] = {'U', values.size()};
    bytes(head, sizeof head);
    bytes(values.data(), values.size_bytes());
}

std::string ContentHash::hex() const {
    return fmt::format("{:016x}{:016x}", mix(a_), mix(b_ ^ std::rotl(a_, 32)));
}

void ContentHash::bytes(const void* data, std::size_t n) {
    const auto* byte = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < n; ++i) {
        a_ = (a_ ^ byte[i]) * fnv_prime;
        // The rotation makes the second lane a function of its own, not the first one shifted.
        b_ = std::rotl((b_ ^ byte[i]) * fnv_prime, 29);
    }
}

} // namespace mfm
