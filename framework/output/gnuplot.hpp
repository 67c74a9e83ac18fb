// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

namespace mfm {

struct GnuplotOutcome {
    bool missing = false; ///< there is no gnuplot
    std::string problem;  ///< "" when it went well
};

/// Runs `gnuplot -d SCRIPT` inside `folder`, without a shell; -d keeps the user's own settings out.
[[nodiscard]] GnuplotOutcome run_gnuplot(const std::filesystem::path& folder, const std::string& script);

} // namespace mfm
