// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

namespace mfm {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four words for a counter and a
/// key.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c,
                                                            std::uint64_t key) noexcept {
    auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0], p1 = std::uint64_t{0xCD9E8D57u} * c[2];
        c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
             static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

/// Mixes a stream number into a seed (splitmix64's finaliser), so that equal counters in two streams share nothing.
[[nodiscard]] constexpr std::uint64_t stream_key(std::uint64_t seed, std::uint64_t stream) noexcept {
    std::uint64_t z = seed + 0x9e3779b97f4a7c15ULL * (stream + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/// A sequence of random numbers of one (seed, stream, element): counter-based, so any element's numbers can be made
/// anywhere, in any order, by any thread.
class RandomSequence {
public:
    constexpr RandomSequence(std::uint64_t seed, std::uint64_t stream, std::uint64_t element,
                             std::uint32_t purpose = 0) noexcept
        : key_(stream_key(seed, stream)), element_(element), purpose_(purpose) {}
    [[nodiscard]] constexpr std::uint32_t bits32() noexcept {
        if (used_ == 4) {
            block_ = philox({static_cast<std::uint32_t>(element_), static_cast<std::uint32_t>(element_ >> 32),
                             counter_++, purpose_},
                            key_);
            used_ = 0;
        }
        return block_[used_++];
    }
    [[nodiscard]] constexpr std::uint64_t bits64() noexcept {
        const std::uint64_t high = bits32();
        return high << 32 | bits32();
    }
    /// Goes to the n-th number of 64 bits of the sequence, counted from 0.
    constexpr void seek(std::uint64_t n) noexcept {
        counter_ = static_cast<std::uint32_t>(n / 2);
        used_ = 4;
        if (n % 2 != 0) (void)bits64();
    }
    /// Uniform in (0, 1): never 0, never 1.
    [[nodiscard]] constexpr double uniform() noexcept { return (static_cast<double>(bits64() >> 12) + 0.5) * 0x1p-52; }
    /// Uniform in 0 .. n - 1, n > 0 (multiply-shift; the bias is below n / 2^64).
    [[nodiscard]] constexpr std::uint64_t below(std::uint64_t n) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>(static_cast<Wide>(bits64()) * n >> 64);
    }
    /// Standard normal (Box & Muller 1958, one of the pair).
    [[nodiscard]] double normal() noexcept {
        const double u = uniform(), v = uniform();
        return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
    }
    [[nodiscard]] double exponential() noexcept { return -std::log(uniform()); }
    /// Gamma with this shape and scale 1 (Marsaglia & Tsang 2000).
    [[nodiscard]] double gamma(double shape) noexcept {
        if (shape < 1.0) return gamma(shape + 1.0) * std::pow(uniform(), 1.0 / shape);
        const double d = shape - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
        for (;;) {
            const double x = normal(), t = 1.0 + c * x;
            if (t <= 0.0) continue;
            const double v = t * t * t;
            if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
        }
    }
    /// Poisson count of this mean (Knuth's product for small means, split in halves above; Poisson sums are Poisson).
    [[nodiscard]] std::uint64_t poisson(double mean) noexcept {
        if (!(mean > 0.0)) return 0;
        std::uint64_t n = 0;
        for (; mean > 12.0; mean -= 12.0) n += poisson_small(12.0);
        return n + poisson_small(mean);
    }

private:
    [[nodiscard]] std::uint64_t poisson_small(double mean) noexcept {
        const double limit = std::exp(-mean);
        std::uint64_t n = 0;
        for (double product = uniform(); product > limit; product *= uniform()) ++n;
        return n;
    }
    std::uint64_t key_, element_;
    std::uint32_t purpose_, counter_ = 0;
    std::array<std::uint32_t, 4> block_{};
    unsigned used_ = 4;
};

} // namespace mfm
