// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "meanfield/model.hpp"
#include "remap/reduction.hpp"

namespace mfm {

/// How many independent cells of each population the common fluctuations of a circuit come from [meso populations].
/// A small population that is driven locally sees few of the cells of a larger one, and sees them often: a cell i of it
/// has from population q
///     N_i = (sum_j B_ij)^2 / sum_j B_ij^2
/// where B_ij is how far i follows the rate of j, directly and through one other population, each pathway with its
/// share w_ij / Q K of the slope dF/dnu of the target's transfer function at `rate_hz`.  The mean over i is q's number,
/// for i in the smallest population that q reaches so and that feeds back on itself; q's own cells where there is none.
[[nodiscard]] std::vector<double> effective_sources(const MeanFieldModel&, const Reduction&,
                                                    std::span<const PathwayEdges>, std::span<const double> rate_hz);

} // namespace mfm
