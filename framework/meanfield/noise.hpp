// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "meanfield/course.hpp"
#include "meanfield/model.hpp"
#include "meanfield/spiking_cells.hpp"

namespace mfm {

/// The mean field of finite populations: what a population of n cells sends out in a time step is not its rate but the
/// number of spikes of n independent cells of that rate,
///     A_p = K_p / (n_p dt),   K_p Poisson with mean n_p nu_p dt,
/// external populations with their own n.  Filters and adaptation are driven by A; nu follows the transfer functions.
struct NoiseOptions {
    double step = 0.2;    ///< ms; delays are rounded to whole steps
    double bin = 5;       ///< ms, of `covariance`
    double transient = 0; ///< ms, left out of mean and covariance
    std::uint64_t seed = 1, stream = 0, trial = 0;
    std::vector<NoiseSource> sources; ///< [populations]; empty: n independent Poisson cells each
};

struct NoisyTrajectory {
    double bin = 0;                               ///< ms, of `activity_hz`
    std::vector<std::vector<double>> activity_hz; ///< [population][bins of bin_out] A, external ones too
    std::vector<std::vector<double>> rate_hz;     ///< [population][bins of bin_out] nu, from which A is drawn
    std::vector<double> mean_hz;                  ///< [population] of A
    Eigen::MatrixXd covariance;                   ///< [population][population] of A in NoiseOptions::bin, Hz^2
};

/// From everything settled at start_hz (rates of all populations, a fixed point as a rule).  Every population has its
/// own random numbers, keyed by (seed, stream, population, trial): the same bits every time.  Filters and adaptation
/// are integrated exactly for activity that is constant within a step, nu with the transfer function held there. Throws
/// InputError for other than synaptic dynamics, and Error where a transfer function gives no rate.
[[nodiscard]] NoisyTrajectory integrate_with_noise(const MeanFieldModel&, const ExternalCourse&, double t_end,
                                                   double bin_out, const std::vector<double>& start_hz,
                                                   const NoiseOptions&);

} // namespace mfm
