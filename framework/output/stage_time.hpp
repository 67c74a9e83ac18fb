// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>

namespace mfm {

/// What a variant took from its base, or why it did not.
struct StageReuse {
    std::string stage, population; ///< population: "" for the stage as a whole
    bool reused = false;
    std::string why; ///< a phrase: "Q of 'golgi_to_granule' is 0.36 nS, not 0.24 nS"
};

/// What a stage of the pipeline cost.
struct StageTime {
    std::string name;
    std::optional<double> wall_s, cpu_s; ///< empty when the stage did not run
    bool cached = false;                 ///< its values were those of an earlier run, or
    bool of_base = false;                ///< of a variant's base
};

} // namespace mfm
