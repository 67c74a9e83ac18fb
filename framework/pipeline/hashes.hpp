// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "config/pipeline.hpp"

namespace mfm {

/// Content hashes of everything that each stage's result depends on: a stage is run again exactly when its hash
/// changes.
struct StageHashes {
    std::string build, simulate, remap, sample, fit, solve;
};
[[nodiscard]] StageHashes stage_hashes(const PipelineConfig&);

/// Of what a sampled transfer function depends on besides the circuit's pathways and rates: a population's cells, and
/// how they are sampled.
[[nodiscard]] std::string cell_hash(const PopulationConfig&);
[[nodiscard]] std::string sampling_hash(const PipelineConfig&);
/// Of what a fit depends on besides its table.
[[nodiscard]] std::string fitting_hash(const PipelineConfig&);
/// A hash of several.
[[nodiscard]] std::string joined_hash(std::initializer_list<std::string_view> parts);

} // namespace mfm
