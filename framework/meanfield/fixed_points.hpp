// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <complex>
#include <span>
#include <string>
#include <vector>

#include "meanfield/model.hpp"

namespace mfm {

/// A state in which every rate equals its transfer function.
struct FixedPoint {
    std::vector<double> rate_hz; ///< [populations], external ones included
    double residual_hz = 0;      ///< largest |Fbar_p - nu_p|
    /// 1/ms, by decreasing real part, of the exact Jacobian of the model's dynamics with every delay set to 0; `stable`
    /// is about these.
    std::vector<std::complex<double>> eigenvalues;
    bool stable = false;
    /// The rightmost characteristic roots with the delays (1/ms): an oscillation that delays cause shows here.
    std::vector<std::complex<double>> eigenvalues_with_delays;
    bool stable_with_delays = false;
    std::vector<double> FT; ///< [populations] F T; 0 for external ones but in the master equation's second order
    double largest_FT = 0;  ///< of these; the equations are valid below 1
    /// The master equation's second order: rates of the first-order fixed point that this one belongs to, covariances
    /// [populations x populations] in Hz^2, and their smallest eigenvalue over the largest (MasterEquation), which is
    /// negative beyond rounding where the expansion does not hold.  Empty and 0 otherwise.
    std::vector<double> first_order_hz, covariance;
    double lowest_eigenvalue = 0;
    [[nodiscard]] bool covariance_is_one() const { return lowest_eigenvalue > -1e-9; }
    std::vector<std::size_t>
        outside; ///< populations whose mean cell's inputs are outside of the transfer function's domain
    std::vector<double> cells_outside; ///< [populations] fraction of cells whose own inputs are; 0 for external ones
};

/// Fixed points at given external rates (Hz, in the order of MeanFieldModel::external()), by increasing summed rate.
/// Damped Newton with the exact Jacobian from rates of 0, from a ladder of equal rates, from quasi-random rates and
/// from `starts` (rates of all populations), and pseudo-transient continuation, which follows the dynamics to an
/// attractor, where Newton fails.  Points closer than 1e-6 (relative) are one.  With the second order of the master
/// equation, each is where its equations lead from a stable first-order fixed point with settled covariances. Throws
/// Error when none of the starts converges, with the best point found.
[[nodiscard]] std::vector<FixedPoint> fixed_points(const MeanFieldModel& model,
                                                   std::span<const double> external_rates_hz,
                                                   std::span<const std::vector<double>> starts = {});

/// The fixed point that a network at rest would settle in: the stable one of lowest summed rate, or the lowest when
/// none is stable; points must not be empty.
[[nodiscard]] const FixedPoint& resting_point(const std::vector<FixedPoint>& points);

/// The rates of the resting point alone [populations], many times faster: where the flow from low rates and Newton's
/// method from `near` [populations] lead to one stable point it is that, and all starts of fixed_points() are tried
/// elsewhere (also where `near` is empty, and with the second order of the master equation).  Throws Error as
/// fixed_points() does.
[[nodiscard]] std::vector<double> resting_rates(const MeanFieldModel& model, std::span<const double> external_rates_hz,
                                                std::span<const double> near);

} // namespace mfm
