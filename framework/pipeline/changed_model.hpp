// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/model.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "support/progress.hpp"
#include "transfer/fit.hpp"
#include "validate/mean_field_results.hpp"

namespace mfm {

/// A pipeline that was run, as far as its mean field is made of it.
struct FittedBase {
    PipelineConfig config;
    Reduction reduction;
    std::vector<PathwayEdges> edges; ///< with mean_field.cell_rates on mean cells; else empty
    std::vector<TransferFit> fits;
    SpikeRecord record;        ///< conditions and rates, without courses and single cells
    std::vector<double> scale; ///< [pathways] of its calibration; empty: none
};
/// From the folder that `config` was run into.  Throws InputError where a stage is missing or of other inputs.
[[nodiscard]] FittedBase load_fitted_base(const PipelineConfig& config, const std::filesystem::path& folder, Progress&);

/// Throws InputError where `changed` differs from the base in something that its mean field cannot follow without
/// another network: all but weights (as a whole: a distribution keeps its shape), kept fractions, delays, time
/// constants and reversal potentials of receptors, drives, rates of Poisson populations, stimulations, [mean_field] and
/// [validation], and the cells' parameters where transfer functions are computed rather than fitted.
void require_followable(const FittedBase& base, const PipelineConfig& changed);

/// The pathways of a base, `reduction`, with changed K, Q, delays and receptors.  In-degrees scale with the kept
/// fraction (the spread that thinning adds is left out), Q with the weight; a pathway whose weight becomes 0 stays,
/// with in-degrees of 0.
[[nodiscard]] Reduction changed_reduction(const PipelineConfig& base, const Reduction& reduction,
                                          const PipelineConfig& changed);

/// The base's mean field with the parameters of `changed`: transfer functions keep the coefficients that were fitted to
/// the base's cells, and take the changed pathways; a calibration keeps its scales.
[[nodiscard]] MeanFieldModel changed_model(const FittedBase& base, const PipelineConfig& changed, Progress&);

/// The conditions of `changed`, with the base's rates as the states to start from.
[[nodiscard]] SpikeRecord changed_conditions(const FittedBase& base, const PipelineConfig& changed);

} // namespace mfm
