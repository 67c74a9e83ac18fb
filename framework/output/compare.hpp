// SPDX-License-Identifier: Apache-2.0
// Runs side by side, from the files in their folders alone: what differs in what went in, and in what came out.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/document.hpp"

namespace mfm {

/// What a run, or a variant of one, has left behind.
struct FinishedRun {
    std::string label; ///< as the user named it
    std::filesystem::path folder;
    nlohmann::json summary, manifest;
    DocumentNode pipeline; ///< resolved
};
/// Reads the runs that the user names: a run's folder, RUN:VARIANT, or the folder of a variant; one alone stands for
/// itself and all its variants.  Throws InputError, with the nearest name where one was mistyped.
[[nodiscard]] std::vector<FinishedRun> read_runs(const std::vector<std::string>& names);

/// One thing that a run has: a number, a text, or nothing.
using ComparedValue = std::variant<std::monostate, double, std::string>;
/// A thing that is not the same in all runs.
struct Difference {
    std::string what, unit;            ///< unit: of numbers
    std::vector<ComparedValue> values; ///< [runs]
    std::optional<double>
        change;                ///< from the first run, the largest of all: relative, or in points of a relative error
    bool large = false;        ///< worth a look: beyond large_change, and beyond its noise
    bool within_noise = false; ///< all are within twice their standard errors
};
/// A tenth of the value, or ten points of a relative error.
inline constexpr double large_change = 0.1;

struct ComparedSection {
    std::string key, title;              ///< "rates", "Stationary rates"
    std::vector<Difference> differences; ///< the largest changes first, after what is no number
    std::size_t equal = 0;               ///< how many things are the same in all runs, within the tolerance
};
struct Comparison {
    std::vector<std::string> labels;
    double tolerance = 0;                         ///< relative changes up to this count as none
    std::vector<std::string> same_stages, stages; ///< stages whose inputs are the same in all runs; all of them
    std::vector<ComparedSection> sections;
};
[[nodiscard]] Comparison compare_runs(const std::vector<FinishedRun>&, double tolerance);

/// For people, in page_width columns.
[[nodiscard]] std::string comparison_text(const Comparison&);
/// For programs; docs/compare.md has the layout.
[[nodiscard]] std::string comparison_json(const Comparison&);

} // namespace mfm
