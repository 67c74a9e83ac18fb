// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "remap/reduction.hpp"
#include "transfer/function.hpp"

namespace mfm {

/// Stationary rates (Hz) of every cell from the wiring and the single-cell transfer functions alone:
///     r_i = F_p(sum_j w_ij r_j / Q)   for every cell i of every population p,
/// by damped iteration.  No simulated rate enters.
struct CellRates {
    std::vector<std::vector<double>> rate_hz; ///< [meso population][cells]
    bool converged = false;
    std::size_t iterations = 0;
    double residual = 0; ///< root mean square of F - r over that of r, the worst population
};
/// transfer [meso populations], NULL for external ones, whose cells all have external_hz.
[[nodiscard]] CellRates cell_rates(const Reduction&, std::span<const PathwayEdges>,
                                   std::span<const std::shared_ptr<const TransferFunction>> transfer,
                                   std::span<const double> external_hz);

/// rho_j = <r_j / mean r> over `rates`, the conditions in which a population fires at all [meso populations][cells].
[[nodiscard]] std::vector<std::vector<double>> relative_rates(const Reduction&, std::span<const CellRates> rates);

/// The reduction with in-degrees that weigh each source by its rate relative to its population's mean,
///     k_i = sum_j w_ij rho_j / Q,   rho_j = <r_j / mean r> over `rates`,
/// so that cells which see mostly quiet, or mostly busy, sources are driven accordingly.
[[nodiscard]] Reduction with_source_rates(const Reduction&, std::span<const PathwayEdges>,
                                          std::span<const CellRates> rates);

} // namespace mfm
