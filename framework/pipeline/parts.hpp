// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/model.hpp"
#include "remap/reduction.hpp"
#include "transfer/fit.hpp"
#include "transfer/inputs.hpp"

namespace mfm {

/// Meso populations that have a transfer function, in order.
[[nodiscard]] std::vector<std::size_t> modelled(const Reduction&);
/// What the basis needs to know of population p's cells and pathways.
[[nodiscard]] TransferInputs inputs_of(const PipelineConfig&, const Reduction&, std::size_t p, const Instance& basis);

/// The mean field's populations, with their fitted transfer functions and adaptation.
[[nodiscard]] std::vector<PopulationModel> population_models(const PipelineConfig&, const Reduction&,
                                                             const std::vector<TransferFit>&);

} // namespace mfm
