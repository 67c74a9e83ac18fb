// SPDX-License-Identifier: Apache-2.0
#include "validate/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

namespace mfm {

std::vector<double> spectrum_frequencies(double bin_ms) {
    const double step = 1e3 / spectrum_segment_ms, highest = std::min(250.0, 250.0 / bin_ms);
    std::vector<double> out;
    for (double k = 1; k * step <= highest * (1 + 1e-12); ++k) out.push_back(k * step);
    return out;
}

std::optional<Periodogram> Periodogram::of(std::span<const double> course_hz, double bin_ms, SampleWindow window) {
    const auto n = static_cast<std::size_t>(std::lround(spectrum_segment_ms / bin_ms));
    window.last = std::min(window.last, course_hz.size());
    if (n < 16 || window.size() < 2 * n) return std::nullopt;
    Periodogram out;
    out.bin_ms_ = bin_ms;
    const auto part = course_hz.subspan(window.first, window.size());
    out.course_.assign(part.begin(), part.end());
    out.mean_ = std::accumulate(part.begin(), part.end(), 0.0) / static_cast<double>(part.size());
    for (double& x : out.course_) x -= out.mean_;
    out.hann_square_ = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double phase = 2.0 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
        out.hann_.push_back(0.5 - 0.5 * std::cos(phase));
        out.hann_square_ += out.hann_.back() * out.hann_.back();
    }
    return out;
}

double Periodogram::power(double frequency_hz) const {
    const std::size_t n = hann_.size();
    const std::complex<double> turn = std::polar(1.0, -2.0 * std::numbers::pi * frequency_hz * 1e-3 * bin_ms_);
    std::vector<std::complex<double>> wave(n);
    std::complex<double> at = 1.0;
    for (std::size_t i = 0; i < n; ++i, at *= turn) wave[i] = hann_[i] * at;
    double sum = 0.0;
    std::size_t segments = 0;
    for (std::size_t first = 0; first + n <= course_.size(); first += n / 2, ++segments) {
        std::complex<double> z = 0.0;
        for (std::size_t i = 0; i < n; ++i) z += course_[first + i] * wave[i];
        sum += std::norm(z);
    }
    return sum / (static_cast<double>(segments) * hann_square_) * bin_ms_ * 1e-3;
}

std::optional<double> standard_deviation(std::span<const double> course_hz, SampleWindow window) {
    window.last = std::min(window.last, course_hz.size());
    if (window.size() < 2) return std::nullopt;
    const auto part = course_hz.subspan(window.first, window.size());
    const double mean = std::accumulate(part.begin(), part.end(), 0.0) / static_cast<double>(part.size());
    double square = 0;
    for (const double x : part) square += (x - mean) * (x - mean);
    return std::sqrt(square / static_cast<double>(part.size() - 1));
}

std::optional<double> filtered_standard_deviation(std::span<const double> course_hz, double bin_ms, double T_ms,
                                                  SampleWindow window) {
    window.last = std::min(window.last, course_hz.size());
    if (!(T_ms >= bin_ms) || window.size() < 2) return std::nullopt;
    const double keep = std::exp(-bin_ms / T_ms);
    // Several T from the first bin on, so that the filter has forgotten where it started.
    double y = course_hz[window.first];
    std::vector<double> filtered;
    for (std::size_t i = window.first; i < window.last; ++i) {
        y = course_hz[i] + keep * (y - course_hz[i]);
        filtered.push_back(y);
    }
    const auto settled = static_cast<std::size_t>(std::ceil(10 * T_ms / bin_ms));
    return standard_deviation(filtered, {settled, filtered.size()});
}

} // namespace mfm
