// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "config/pipeline.hpp"

namespace mfm {

/// Content hashes of everything that each stage's result depends on: a stage is run again exactly when its hash
/// changes.
struct StageHashes {
    std::string build, simulate, remap, sample, fit, solve;
};
[[nodiscard]] StageHashes stage_hashes(const PipelineConfig&);

} // namespace mfm
