// SPDX-License-Identifier: Apache-2.0
#include "validate/rhythm.hpp"

#include "validate/spectrum.hpp"

namespace mfm {

std::optional<RhythmPower> rhythm_power(std::span<const double> course_hz, double bin_ms, SampleWindow window,
                                        double f_hz, std::uint64_t cells, std::uint32_t trials) {
    constexpr double slowest_hz = 2.0;
    const double sampling_limit_hz = 500.0 / bin_ms;
    const auto periodogram = Periodogram::of(course_hz, bin_ms, window);
    if (!periodogram || !(periodogram->mean_hz() > 0.0) || !(f_hz >= 9.0) || 3.0 * f_hz > sampling_limit_hz ||
        cells == 0 || trials == 0)
        return std::nullopt;
    const double independent = periodogram->mean_hz() / (static_cast<double>(cells) * trials);
    const auto power_at = [&](double frequency) { return periodogram->power(frequency) / independent; };
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
