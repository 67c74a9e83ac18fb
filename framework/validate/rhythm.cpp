// SPDX-License-Identifier: Apache-2.0
#include "validate/rhythm.hpp"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace mfm {

std::optional<RhythmPower> rhythm_power(std::span<const double> course_hz, double bin_ms, SampleWindow window,
                                        double f_hz, std::uint64_t cells, std::uint32_t trials) {
    constexpr double segment_ms = 512.0, slowest_hz = 2.0;
    const double sampling_limit_hz = 500.0 / bin_ms;
    const auto n = static_cast<std::size_t>(std::lround(segment_ms / bin_ms));
    if (n < 16 || window.size() < 2 * n || !(f_hz >= 9.0) || 3.0 * f_hz > sampling_limit_hz || cells == 0 ||
        trials == 0)
        return std::nullopt;
    double mean = 0.0;
    for (std::size_t i = window.first; i < window.last; ++i) mean += course_hz[i];
    mean /= static_cast<double>(window.size());
    if (!(mean > 0.0)) return std::nullopt;
    // Variance of one bin of independent Poisson cells, Hz^2: rate / (cells * bin), the bin in seconds.
    const double independent = mean * 1e3 / (static_cast<double>(cells) * bin_ms * trials);

    std::vector<double> hann(n);
    double hann_square = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        hann[i] =
            0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n));
        hann_square += hann[i] * hann[i];
    }
    const auto power_at = [&](double frequency) {
        const double turn = 2.0 * std::numbers::pi * frequency * 1e-3 * bin_ms;
        double sum = 0.0;
        std::size_t segments = 0;
        for (std::size_t first = window.first; first + n <= window.last; first += n / 2, ++segments) {
            std::complex<double> z = 0.0;
            for (std::size_t i = 0; i < n; ++i)
                z += hann[i] * (course_hz[first + i] - mean) * std::polar(1.0, -turn * static_cast<double>(i));
            sum += std::norm(z);
        }
        return sum / (static_cast<double>(segments) * hann_square * independent);
    };
    RhythmPower out;
    for (double f = f_hz / 1.5; f <= 1.5 * f_hz; f += 1.0)
        if (const double p = power_at(f); p > out.power) out = {f, p, 0.0};
    std::size_t slow = 0;
    for (double f = slowest_hz; f <= f_hz / 3.0; f += 1.0, ++slow) out.slow_power += power_at(f);
    out.slow_power /= static_cast<double>(slow);
    return out;
}

bool is_rhythmic(const RhythmPower& p) {
    return p.power >= 5.0 && p.power >= 4.0 * p.slow_power;
}

} // namespace mfm
