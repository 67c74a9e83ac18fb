// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "meanfield/evolution.hpp"
#include "support/progress.hpp"

namespace mfm {

/// A population whose inputs left the domain of its transfer function.
struct DomainExcursion {
    std::size_t population = 0;
    double fraction = 0;                ///< of the output times
    double first_time = 0;              ///< ms
    std::vector<double> presynaptic_hz; ///< there, in the order of pathways_into
};

/// A stretch in which the covariances of the master equation's second order were none: a matrix with negative
/// eigenvalues.
struct CovarianceLoss {
    double fraction = 0;          ///< of the time
    double first_time = 0;        ///< ms
    double lowest_eigenvalue = 0; ///< the smallest over the largest, where that is least (MasterEquation)
};

/// Rates on a uniform grid: element i is at time i * dt, from 0 to the end.
struct Trajectory {
    double dt = 0;                            ///< ms
    std::vector<std::vector<double>> rate_hz; ///< [population][i], external ones too
    std::vector<std::vector<double>>
        adaptation;                         ///< [population][i] pA; empty for populations without an adaptation state
    std::vector<std::vector<double>> sd_hz; ///< [population][i] of the activity within T; empty but with covariances
    CovarianceLoss covariance_loss;
    std::vector<DomainExcursion> outside; ///< only populations that left
    std::vector<double> FT; ///< [populations] largest F T over output times (with covariances, over all steps, external
                            ///< populations too); the equations hold below 1
    double largest_FT = 0;  ///< of these
    double lowest_rate_hz = 0; ///< before rounding errors below 0 are cut off in rate_hz
    IntegrationStatistics statistics;
    std::vector<std::string> warnings; ///< sentences for the user
    [[nodiscard]] std::size_t size() const { return rate_hz.empty() ? 0 : rate_hz.front().size(); }
};

/// The mean field's answer to a time course, from 0 to t_end (ms), every dt_out.
/// Starts with everything settled at `start_hz` (rates of all populations, Hz), or at the stable fixed point of the
/// course's first rates that has the lowest summed rate; the same holds for all times before 0. With the second order
/// of the master equation, F T < 1 and a covariance matrix without negative eigenvalues are checked after each step.
/// Throws Error as Evolution does, and where there is no fixed point to start at.
[[nodiscard]] Trajectory integrate(const MeanFieldModel& model, const ExternalCourse& course, double t_end,
                                   double dt_out, Progress& progress,
                                   const std::optional<std::vector<double>>& start_hz = {});

} // namespace mfm
