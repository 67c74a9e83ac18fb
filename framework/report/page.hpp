// SPDX-License-Identifier: Apache-2.0
// report.html: one file that shows a run without any other file, program or network.
#pragma once
#include <filesystem>
#include <string>

#include "report/read_run.hpp"

namespace mfm {

/// The page.  It follows from the run's folder alone: equal folders give equal bytes.
[[nodiscard]] std::string report_html(const RunView&);

/// Reads a run's folder and writes report.html into it.  Throws an InputError where the folder holds no run.
void write_report(const std::filesystem::path& folder);

} // namespace mfm
