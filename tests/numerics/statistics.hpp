// SPDX-License-Identifier: Apache-2.0
// How likely it is that a sample comes from a law.
#pragma once
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace mfm::test {

/// Probability of a Kolmogorov-Smirnov distance at least as large, for independent draws of a continuous law
/// (asymptotic series with Stephens' correction for finite n).
template <class Cdf> double kolmogorov_smirnov(std::vector<double> sample, const Cdf& cdf) {
    std::sort(sample.begin(), sample.end());
    const double n = static_cast<double>(sample.size());
    double distance = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const double F = cdf(sample[i]), below = static_cast<double>(i) / n;
        distance = std::max({distance, F - below, below + 1 / n - F});
    }
    const double x = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance;
    if (x < 0.3) return 1.0; // the series needs many terms there, and the result is 1 to five digits
    double p = 0;
    for (int k = 1; k <= 20; ++k) p += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
    return p;
}
inline double standard_exponential(double x) {
    return x > 0 ? -std::expm1(-x) : 0.0;
}

/// Probability of n events, of mean m.
inline double poisson_probability(std::uint64_t n, double m) {
    const double k = static_cast<double>(n);
    return m > 0 ? std::exp(k * std::log(m) - m - std::lgamma(k + 1)) : n == 0 ? 1.0 : 0.0;
}
/// Probability of at least n events, n > 0.
inline double poisson_tail(std::uint64_t n, double m) {
    return boost::math::gamma_p(static_cast<double>(n), m);
}

/// Probability of a chi-square statistic at least as large for so many draws of 0, 1, 2, ... events under a Poisson law
/// of this mean.  Numbers of events that fewer than 10 draws are expected to have share a bin; 1 where only one is
/// left.
inline double poisson_chi_square(const std::vector<std::uint64_t>& histogram, double mean) {
    constexpr double enough = 10;
    double draws = 0;
    for (const std::uint64_t count : histogram) draws += static_cast<double>(count);
    double statistic = 0, expected = 0, observed = 0, bins = 1, expected_left = draws, observed_left = draws;
    for (std::size_t n = 0; n < histogram.size() && draws * poisson_tail(n + 1, mean) >= enough; ++n) {
        expected += draws * poisson_probability(n, mean);
        observed += static_cast<double>(histogram[n]);
        if (expected < enough) continue;
        statistic += (observed - expected) * (observed - expected) / expected;
        expected_left -= expected;
        observed_left -= observed;
        expected = observed = 0;
        ++bins;
    }
    if (bins < 2) return 1.0;
    statistic += (observed_left - expected_left) * (observed_left - expected_left) / expected_left;
    return boost::math::gamma_q((bins - 1) / 2, statistic / 2);
}

} // namespace mfm::test
