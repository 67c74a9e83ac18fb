// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "simulate/spike_record.hpp"

namespace mfm {

/// A half-open range of samples, [first, last).
struct SampleWindow {
    std::size_t first = 0, last = 0;
    [[nodiscard]] std::size_t size() const { return last > first ? last - first : 0; }
    [[nodiscard]] bool empty() const { return size() == 0; }
};
/// The samples whose bins of `bin` ms lie wholly in [from, to] ms, cut to n samples; bin i covers [i, i + 1) bin.
[[nodiscard]] SampleWindow window_of(double from_ms, double to_ms, double bin_ms, std::size_t n);

/// Mean over a centred box of `width` ms.  A box of an even number of samples gives its two end samples half weight, so
/// that nothing shifts in time; at the ends of the course the box is cut.  A width below one sample returns the course.
[[nodiscard]] std::vector<double> smooth_box(std::span<const double> course, double width_ms, double bin_ms);

/// Root mean square of a - b over the window; nothing when it is empty.  a and b have one length.
[[nodiscard]] std::optional<double> rmse(std::span<const double> a, std::span<const double> b, SampleWindow);
/// Largest value in the window; nothing when it is empty.
[[nodiscard]] std::optional<double> peak(std::span<const double> course, SampleWindow);

/// c + amplitude cos(2 pi f t - phase): a larger phase is a later course.
struct Sinusoid {
    double mean = 0, amplitude = 0, phase_deg = 0;
};
/// Least squares of mean, cosine and sine at a known frequency, over samples at the bins' centres.  Nothing when the
/// window has fewer than 3 samples, is shorter than half a period, or the frequency is not below the sampling limit 1 /
/// (2 bin).
[[nodiscard]] std::optional<Sinusoid> fit_sinusoid(std::span<const double> course, double frequency_hz, double bin_ms,
                                                   SampleWindow);
/// a - b in (-180, 180].
[[nodiscard]] double phase_difference(double a_deg, double b_deg);

/// The network rate below which a relative error would measure noise: the larger of 0.1 Hz and the rate of 20 spikes in
/// all `cells` over `seconds` (Poisson noise of 22 %).
[[nodiscard]] double rate_floor_hz(std::uint64_t cells, double seconds);
inline constexpr double smallest_rate_hz = 0.1;
inline constexpr double fewest_spikes = 20.0;
/// (model - network) / max(network, floor), signed.
[[nodiscard]] double relative_error(double model_hz, double network_hz, double floor_hz);

/// When a population counts as globally synchronous: both limits are passed.  See docs/output.md for where they come
/// from.
struct SynchronyLimits {
    double fano = 5.0;        ///< population Fano factor over that of independent cells; grows with the number of cells
    double correlation = 0.4; ///< mean pairwise count correlation; does not
    /// 0 keeps the built-in value.
    [[nodiscard]] static SynchronyLimits from(double fano, double correlation);
};
[[nodiscard]] bool is_synchronous(double fano, double correlation, const SynchronyLimits&);
/// Correlated beyond half the limit: rates are biased, though not beyond use.
[[nodiscard]] bool is_correlated(double fano, double correlation, const SynchronyLimits&);

} // namespace mfm
