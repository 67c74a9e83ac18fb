// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/diagnostics.hpp"
#include "support/progress.hpp"

namespace mfm {

/// What `automfm run` was asked for.
struct RunOptions {
    std::filesystem::path file;
    std::string only, from;                   ///< stage names, "" for none
    std::vector<std::string> set;             ///< "key.path=value"
    std::optional<std::filesystem::path> out; ///< the run's folder; default: runs/<name of the file>
    std::optional<std::uint64_t> seed;
    unsigned threads = 0; ///< 0: all cores
    std::vector<std::filesystem::path> plugin_path;
    bool quiet = false;
    std::vector<std::string> variants; ///< names; empty: all
    bool no_variants = false;
};

/// From a pipeline file to a validated mean-field model and its report.  Stages whose inputs have not changed are taken
/// from the run's folder.  Throws Error; the result's code is Done or NotValid.
WorkResult run_pipeline(const RunOptions&, Progress&);
/// The same with progress on standard error.
ExitCode run_pipeline(const RunOptions&);

} // namespace mfm
