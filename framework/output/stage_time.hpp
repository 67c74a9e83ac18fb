// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

namespace mfm {

/// What a stage of the pipeline cost.
struct StageTime {
    std::string name;
    std::optional<double> wall_s, cpu_s; ///< empty when the stage did not run
    bool cached = false;                 ///< its values were those of an earlier run
};

} // namespace mfm
