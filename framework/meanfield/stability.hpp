// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <complex>
#include <span>
#include <vector>

#include <Eigen/Core>

#include "meanfield/dynamics.hpp"

namespace mfm {

/// The dynamics linearised where everything has settled: x' = A x + sum_tap B_tap delta_nu_source(t - delay).
struct Linearisation {
    Eigen::MatrixXd A; ///< [size][size], 1/ms and mixed units
    Eigen::MatrixXd B; ///< [size][taps]; columns of immediate taps are 0 (they are in A)
};
[[nodiscard]] Linearisation linearise(const Dynamics&, std::span<const double> rate_hz);

/// Eigenvalues (1/ms) of the system with every delay set to 0, by decreasing real part.
[[nodiscard]] std::vector<std::complex<double>> eigenvalues_without_delays(const Dynamics&, const Linearisation&);

/// The rightmost roots lambda (1/ms), by decreasing real part, of det(lambda - A - sum B exp(-lambda delay)) = 0: the
/// infinitesimal generator discretised at Chebyshev points (Breda, Maset & Vermiglio 2005, SIAM J Sci Comput 27:482),
/// each root then polished by Newton's method on the characteristic equation itself; those that do not converge are
/// left out. As many as the system has states, at most `most`.
[[nodiscard]] std::vector<std::complex<double>> eigenvalues_with_delays(const Dynamics&, const Linearisation&,
                                                                        std::size_t most = 12);

/// Complex response of every population's rate (Hz per Hz) to a small oscillation exp(i 2 pi f t) of one external rate,
/// delays and filters included; a negative argument is a lag.  The external population itself has 1, other external
/// ones 0.
[[nodiscard]] std::vector<std::complex<double>> linear_response(const Dynamics&, const Linearisation&,
                                                                std::size_t external, double frequency_hz);

} // namespace mfm
