// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "validate/metrics.hpp"

namespace mfm {

/// Length of the windows that spectra of recorded activity are means over, ms.
inline constexpr double spectrum_segment_ms = 512.0;
/// Multiples of 1 / 512 ms up to 250 Hz, or to half of the sampling limit where bins are long.
[[nodiscard]] std::vector<double> spectrum_frequencies(double bin_ms);

/// Welch's periodogram (1967, IEEE Trans Audio Electroacoust 15:70; Hann windows, half overlapping) of a course in
/// bins.
class Periodogram {
public:
    /// Nothing when the window is shorter than two segments, or segments than 16 bins.
    [[nodiscard]] static std::optional<Periodogram> of(std::span<const double> course_hz, double bin_ms, SampleWindow);
    /// Two-sided density at one frequency, Hz^2/Hz; independent cells have rate / cells.
    [[nodiscard]] double power(double frequency_hz) const;
    [[nodiscard]] double mean_hz() const { return mean_; }

private:
    Periodogram() = default;
    std::vector<double> course_, hann_; ///< the window's part, without its mean
    double bin_ms_ = 1, mean_ = 0, hann_square_ = 1;
};

/// Standard deviation (Hz) of the course over the window; nothing with fewer than two samples.
[[nodiscard]] std::optional<double> standard_deviation(std::span<const double> course_hz, SampleWindow);
/// The same of the course behind an exponential low-pass filter of time constant T: of the activity within T, as the
/// master equation means it.  Nothing where bins are longer than T.
[[nodiscard]] std::optional<double> filtered_standard_deviation(std::span<const double> course_hz, double bin_ms,
                                                                double T_ms, SampleWindow);

} // namespace mfm
