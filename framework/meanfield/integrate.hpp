// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "meanfield/course.hpp"
#include "meanfield/model.hpp"
#include "support/progress.hpp"

namespace mfm {

/// What the integrator did.
struct IntegrationStatistics {
    std::uint64_t steps = 0, derivatives = 0, jacobians = 0, error_test_failures = 0, newton_failures = 0, restarts = 0;
};

/// A population whose inputs left the domain of its transfer function.
struct DomainExcursion {
    std::size_t population = 0;
    double fraction = 0;                ///< of the output times
    double first_time = 0;              ///< ms
    std::vector<double> presynaptic_hz; ///< there, in the order of pathways_into
};

/// Rates on a uniform grid: element i is at time i * dt, from 0 to the end.
struct Trajectory {
    double dt = 0;                            ///< ms
    std::vector<std::vector<double>> rate_hz; ///< [population][i], external ones too
    std::vector<std::vector<double>>
        adaptation;                       ///< [population][i] pA; empty for populations without an adaptation state
    std::vector<DomainExcursion> outside; ///< only populations that left
    double largest_FT = 0;                ///< of F T over output times; the rate equation's cap is F T = 1
    std::size_t largest_FT_population = 0;
    double lowest_rate_hz = 0; ///< before rounding errors below 0 are cut off in rate_hz
    IntegrationStatistics statistics;
    std::vector<std::string> warnings; ///< sentences for the user
    [[nodiscard]] std::size_t size() const { return rate_hz.empty() ? 0 : rate_hz.front().size(); }
};

/// The mean field's answer to a time course, from 0 to t_end (ms), every dt_out.
/// Starts with everything settled at `start_hz` (rates of all populations, Hz), or at the stable fixed point of the
/// course's first rates that has the lowest summed rate; the same holds for all times before 0. CVODE (BDF, Newton, the
/// exact Jacobian in a dense matrix); delays by the method of steps, with the history of the rates from CVODE's own
/// polynomials and steps no longer than the least delay.  Steps end at the corners of the courses. Throws Error: NaN or
/// infinity (population, time, inputs), no fixed point to start at, tolerances that cannot be met, a rate that becomes
/// negative beyond the tolerances.
[[nodiscard]] Trajectory integrate(const MeanFieldModel& model, const ExternalCourse& course, double t_end,
                                   double dt_out, Progress& progress,
                                   const std::optional<std::vector<double>>& start_hz = {});

} // namespace mfm
