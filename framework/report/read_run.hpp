// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mfm {

using Json = nlohmann::ordered_json;

/// A figure of the run's folder.
struct RunFigure {
    std::string name, section; ///< section: as in figures/index.json
    std::string title, caption, alt, population;
    std::string svg;                ///< "" when it was not drawn
    std::vector<std::string> files; ///< those that are there, from the run's folder: "figures/NAME.pdf"
};

/// What a run's folder holds, as read; files that are not there are empty.
struct RunView {
    Json summary, manifest; ///< null when missing
    std::string resolved_toml, equations_html, equations_txt;
    std::vector<RunFigure> figures;                            ///< in reading order
    std::vector<std::map<std::string, std::string>> rates;     ///< rows of rates.csv by their columns' names
    std::vector<std::pair<std::string, std::uintmax_t>> files; ///< paths from the folder, with sizes; ascending
    std::vector<std::string> variant_reports;                  ///< names of variants whose report is there
    bool of_variant = false; ///< the folder is a variant's, and its base's folder is there
    [[nodiscard]] bool has(const std::string& file) const;
};

/// Reads a run's folder.  Throws an InputError where it is none, with the runs that are near, and where a file of it
/// cannot be understood.
[[nodiscard]] RunView read_run(const std::filesystem::path& folder);

/// Rows of CSV text (RFC 4180), the first one included.
[[nodiscard]] std::vector<std::vector<std::string>> csv_rows(const std::string& text);

/// A value of a run's files, whatever version wrote them: null where the key is not there.
[[nodiscard]] const Json& at(const Json&, const std::string& key);
[[nodiscard]] std::optional<double> number_at(const Json&, const std::string& key);
[[nodiscard]] std::string text_at(const Json&, const std::string& key);
/// The items of a list, none for anything else.
[[nodiscard]] std::vector<std::string> texts_at(const Json&, const std::string& key);

} // namespace mfm
