// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "validate/metrics.hpp"

namespace mfm {

/// Power of a population's rate where a rhythm is looked for.  1 is that of independent Poisson cells of the same rate.
struct RhythmPower {
    double frequency_hz = 0; ///< of the largest power within [f / 1.5, 1.5 f]
    double power = 0;        ///< there
    double slow_power = 0;   ///< mean over 2 Hz .. f / 3
};

/// The periodogram of a rate course around the frequency f.  Nothing when the course is shorter than two windows, is
/// silent, or f is below 9 Hz (no slower band to compare with) or above a third of the sampling limit.  `trials`: the
/// course is a mean over so many.
[[nodiscard]] std::optional<RhythmPower> rhythm_power(std::span<const double> course_hz, double bin_ms,
                                                      SampleWindow window, double f_hz, std::uint64_t cells,
                                                      std::uint32_t trials);

/// A network's rate swings at f by itself: at least 5 times the power of independent cells, and 4 times that at slower
/// frequencies (shared input raises all of them alike; a cell's own regularity lowers the slow ones, which the first
/// limit allows for).
[[nodiscard]] bool is_rhythmic(const RhythmPower&);

} // namespace mfm
