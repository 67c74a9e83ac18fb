// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/progress.hpp"

namespace mfm {

/// What `automfm tune` was asked for.
struct TuneOptions {
    std::filesystem::path file;
    std::vector<std::string> set;             ///< "key.path=value"
    std::optional<std::filesystem::path> out; ///< the run's folder; default: runs/<name of the file>
    std::optional<std::uint64_t> seed;
    unsigned threads = 0; ///< 0: all cores
    std::vector<std::filesystem::path> plugin_path;
    bool quiet = false;
};

/// Fits the free numbers of a pipeline's [tune] and writes what was found into the folder `tune` of the run's folder:
/// tune.txt, tune.json, tuned.toml and tables.  On the mean field, the base is derived first, or taken from the run's
/// folder. Throws Error; the result's code is Done, or NotValid when the optimizer failed.
WorkResult tune_pipeline(const TuneOptions&, Progress&);

} // namespace mfm
