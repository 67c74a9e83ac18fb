// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include <Eigen/Core>

#include "meanfield/dynamics.hpp"
#include "meanfield/stability.hpp"

namespace mfm {

/// Small fluctuations of the populations' activity about a fixed point: each population of n cells fires with Poisson
/// noise of its own, of power nu / n, which goes round through delays, synapses, adaptation and transfer functions:
///     A_p(t) = nu_p + dA_p,   dA = M dA + xi,   <xi_p xi_p*> = nu_p / n_p,
///     S(f) = (1 - M)^-1 D (1 - M)^-H,   D = diag(nu_p / n_p)
/// (Lindner, Doiron & Longtin 2005, Phys Rev E 72:061919; Ostojic, Brunel & Hakim 2009, J Comput Neurosci 26:369).
/// Densities are two-sided, Hz^2/Hz: their integral over all frequencies, negative ones included, is a variance.  For
/// synaptic and rate dynamics, and where the fixed point is stable.
class LinearFluctuations {
public:
    /// At rates of all populations, Hz, which are a fixed point.  Throws InputError for the master equation's second
    /// order, and where a population has no cells.
    LinearFluctuations(const Dynamics&, std::span<const double> rate_hz);

    /// M(f) [p][q]: response of the rate of p (Hz) to the activity of q (Hz); rows of external populations are 0.
    [[nodiscard]] Eigen::MatrixXcd coupling(double frequency_hz) const;
    /// S(f) [p][q], Hermitian.
    [[nodiscard]] Eigen::MatrixXcd spectrum(double frequency_hz) const;
    /// The power of every population's activity as it is counted in bins of `bin_ms`; the tail of the spectrum that
    /// bins fold back is that of independent cells.
    [[nodiscard]] std::vector<double> binned_power(double frequency_hz, double bin_ms) const;
    /// Covariance [p][q] of the activities counted in bins, Hz^2: the integral of S sinc^2(pi f bin), to 1e-6 of the
    /// two standard deviations.
    [[nodiscard]] Eigen::MatrixXd binned_covariance(double bin_ms) const;

private:
    const Dynamics* dynamics_;
    Linearisation linear_;
    Eigen::VectorXd noise_; ///< D, Hz
};

} // namespace mfm
