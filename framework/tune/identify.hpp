// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/tune.hpp"

namespace mfm {

/// A direction in the space of the parameters, each measured in shares of its range, and how well the data know where
/// along it the solution lies.
struct SeenDirection {
    double eigenvalue = 0;         ///< of the Fisher information
    double sd = 0;                 ///< 1 / sqrt(eigenvalue), shares of the ranges; infinite where the data see nothing
    std::vector<double> component; ///< [parameters], of length 1, its largest positive
    /// Along one standard deviation some parameter moves through more than its whole range.
    bool unseen = false;
};
/// What the data say of the parameters at a solution, to first order.
struct Identifiability {
    std::vector<SeenDirection> directions; ///< the best seen first
    std::vector<double> standard_error;    ///< [parameters] in their units; infinite where a direction is not seen
};
/// The Fisher information J^T J of independent normal data with known standard deviations; slope [targets][parameters]
/// of the values by the parameters.
[[nodiscard]] Identifiability identify(const TuneConfig&, std::span<const double> slope);
/// "mossy weight up by 10 % of its range, golgi weight down by 8 %".
[[nodiscard]] std::string direction_text(const TuneConfig&, const SeenDirection&, double length);

/// The targets with noise of their standard deviations, draw number `draw`; keyed by the seed.
[[nodiscard]] std::vector<double> noisy_targets(const TuneConfig&, std::uint64_t seed, std::uint64_t draw);
/// The solution for other targets of the model that is linear about x: bounded least squares.
[[nodiscard]] std::vector<double> linear_solution(const TuneConfig&, std::span<const double> x,
                                                  std::span<const double> value, std::span<const double> slope,
                                                  std::span<const double> target);

/// Percentiles over draws of the parametric bootstrap.
struct BootstrapInterval {
    double low = 0, median = 0, high = 0; ///< 2.5, 50 and 97.5 per cent
    double sd = 0;
    double at_bounds = 0; ///< share of the draws that end at a bound
};
/// [parameters]; draws [draw][parameters].
[[nodiscard]] std::vector<BootstrapInterval> intervals(const TuneConfig&,
                                                       const std::vector<std::vector<double>>& draws);

} // namespace mfm
