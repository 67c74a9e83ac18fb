// SPDX-License-Identifier: Apache-2.0
#include "validate/metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace mfm {

SampleWindow window_of(double from_ms, double to_ms, double bin_ms, std::size_t n) {
    // Bin edges are multiples of the bin; a relative slack of 1e-9 keeps 0.3 / 0.1 from losing its sample.
    const double first = std::ceil(std::max(0.0, from_ms) / bin_ms - 1e-9);
    const double last = std::min(static_cast<double>(n), std::floor(to_ms / bin_ms + 1e-9));
    if (!(last > first)) return {};
    return {static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

std::vector<double> smooth_box(std::span<const double> course, double width_ms, double bin_ms) {
    const auto samples = static_cast<std::ptrdiff_t>(std::lround(width_ms / bin_ms));
    if (samples <= 1) return {course.begin(), course.end()};
    const std::ptrdiff_t half = samples / 2, n = static_cast<std::ptrdiff_t>(course.size());
    const double end_weight = samples % 2 == 0 ? 0.5 : 1.0;
    std::vector<double> smooth(course.size());
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        double sum = 0.0, weight = 0.0;
        for (std::ptrdiff_t j = std::max<std::ptrdiff_t>(0, i - half); j <= std::min(n - 1, i + half); ++j) {
            const double w = std::abs(j - i) == half ? end_weight : 1.0;
            sum += w * course[static_cast<std::size_t>(j)];
            weight += w;
        }
        smooth[static_cast<std::size_t>(i)] = sum / weight;
    }
    return smooth;
}

std::optional<double> rmse(std::span<const double> a, std::span<const double> b, SampleWindow window) {
    if (window.empty()) return std::nullopt;
    double sum = 0.0;
    for (std::size_t i = window.first; i < window.last; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum / static_cast<double>(window.size()));
}

std::optional<double> peak(std::span<const double> course, SampleWindow window) {
    if (window.empty()) return std::nullopt;
    double largest = course[window.first];
    // Not std::max_element: a NaN anywhere must come out, not be stepped over.
    for (std::size_t i = window.first; i < window.last; ++i)
        if (course[i] > largest || std::isnan(course[i])) largest = course[i];
    return largest;
}

std::optional<Sinusoid> fit_sinusoid(std::span<const double> course, double frequency_hz, double bin_ms,
                                     SampleWindow window) {
    const double turns_per_bin = frequency_hz * 1e-3 * bin_ms;
    if (window.size() < 3 || !(turns_per_bin > 0.0) || turns_per_bin >= 0.5 ||
        turns_per_bin * static_cast<double>(window.size()) < 0.5)
        return std::nullopt;
    // Normal equations of y = p0 + p1 cos + p2 sin; three unknowns, well conditioned from half a period on.
    std::array<std::array<double, 4>, 3> m{};
    for (std::size_t i = window.first; i < window.last; ++i) {
        const double angle = 2.0 * std::numbers::pi * turns_per_bin * (static_cast<double>(i) + 0.5);
        const std::array<double, 3> row{1.0, std::cos(angle), std::sin(angle)};
        for (std::size_t r = 0; r < 3; ++r) {
            for (std::size_t c = 0; c < 3; ++c) m[r][c] += row[r] * row[c];
            m[r][3] += row[r] * course[i];
        }
    }
    for (std::size_t k = 0; k < 3; ++k) { // Gauss-Jordan with pivoting
        std::size_t pivot = k;
        for (std::size_t r = k + 1; r < 3; ++r)
            if (std::abs(m[r][k]) > std::abs(m[pivot][k])) pivot = r;
        std::swap(m[k], m[pivot]);
        if (m[k][k] == 0.0) return std::nullopt;
        for (std::size_t r = 0; r < 3; ++r) {
            if (r == k) continue;
            const double factor = m[r][k] / m[k][k];
            for (std::size_t c = k; c < 4; ++c) m[r][c] -= factor * m[k][c];
        }
    }
    const double cosine = m[1][3] / m[1][1], sine = m[2][3] / m[2][2];
    return Sinusoid{m[0][3] / m[0][0], std::hypot(cosine, sine), std::atan2(sine, cosine) * 180.0 / std::numbers::pi};
}

double phase_difference(double a_deg, double b_deg) {
    const double d = std::remainder(a_deg - b_deg, 360.0); // [-180, 180]
    return d <= -180.0 ? d + 360.0 : d;
}

double rate_floor_hz(std::uint64_t cells, double seconds) {
    const double cell_seconds = static_cast<double>(cells) * seconds;
    return cell_seconds > 0.0 ? std::max(smallest_rate_hz, fewest_spikes / cell_seconds) : smallest_rate_hz;
}

double relative_error(double model_hz, double network_hz, double floor_hz) {
    return (model_hz - network_hz) / std::max(network_hz, floor_hz);
}

SynchronyLimits SynchronyLimits::from(double fano, double correlation) {
    SynchronyLimits limits;
    if (fano > 0.0) limits.fano = fano;
    if (correlation > 0.0) limits.correlation = correlation;
    return limits;
}

bool is_synchronous(double fano, double correlation, const SynchronyLimits& limits) {
    return fano > limits.fano && correlation > limits.correlation;
}

bool is_correlated(double fano, double correlation, const SynchronyLimits& limits) {
    return fano > limits.fano && correlation > 0.5 * limits.correlation;
}

} // namespace mfm
