// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "output/csv.hpp"
#include "output/figures.hpp"
#include "output/report_text.hpp"
#include "validate/compare.hpp"

namespace mfm {

/// What a run has to show for itself; pointers are NULL and lists empty for what was not computed.
struct RunOutputs {
    const ValidationReport* report = nullptr; ///< judged; never NULL
    ReportInputs text;                        ///< of report.txt; its stages and manifest go to the JSON files, too
    std::string resolved_toml;
    std::span<const RecordedPopulation> populations; ///< of the record, in its order
    const SpikeRecord* record = nullptr;
    const MeanFieldResults* mean_field = nullptr;
    std::span<const TransferTable> tables;
    std::span<const TransferColumns> columns; ///< one a table, or empty
    std::span<const TransferSlices> slices;   ///< likewise
    std::span<const TransferMap> maps;        ///< likewise
    std::string solve_hash;                   ///< of what spectra depend on
    double smoothing_ms = 10.0;               ///< of the courses in figures; CSV files are not smoothed
    bool figures = true;
};

/// Writes everything that people and programs read into the run's folder (docs/output.md), each file whole or not at
/// all. Returns lines for the user (gnuplot missing ...).  Throws InputError when the folder cannot be written.
std::vector<std::string> write_run_folder(const std::filesystem::path& folder, const RunOutputs&);

} // namespace mfm
