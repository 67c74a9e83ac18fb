// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "report/html.hpp"
#include "report/read_run.hpp"

namespace mfm {

/// A part of the report; what has nothing to show is no section.
struct Section {
    std::string id, title, html;
};
[[nodiscard]] std::optional<Section> verdict_section(const RunView&);
[[nodiscard]] std::optional<Section> glance_section(const RunView&);
[[nodiscard]] std::optional<Section> circuit_section(const RunView&);
[[nodiscard]] std::optional<Section> network_section(const RunView&);
[[nodiscard]] std::optional<Section> transfer_section(const RunView&);
[[nodiscard]] std::optional<Section> rates_section(const RunView&);
[[nodiscard]] std::optional<Section> courses_section(const RunView&);
[[nodiscard]] std::optional<Section> budget_section(const RunView&);
[[nodiscard]] std::optional<Section> spectra_section(const RunView&);
[[nodiscard]] std::optional<Section> network_only_section(const RunView&);
[[nodiscard]] std::optional<Section> variants_section(const RunView&);
[[nodiscard]] std::optional<Section> calibration_section(const RunView&);
[[nodiscard]] std::optional<Section> equations_section(const RunView&);
[[nodiscard]] std::optional<Section> warnings_section(const RunView&);
[[nodiscard]] std::optional<Section> times_section(const RunView&);
[[nodiscard]] std::optional<Section> origin_section(const RunView&);

/// All of them, in reading order.
[[nodiscard]] std::vector<Section> sections_of(const RunView&);

/// The figures of a section, with their captions and files; those beyond the first `shown` are folded.
[[nodiscard]] std::string figures_html(const RunView&, const std::string& section, std::size_t shown = 100);
/// A drawing to be put into a page: its identifiers begin with `prefix`, `alt` is what it is to those who do not see
/// it.
/// "" for what is no drawing, or would run a program or load something.
[[nodiscard]] std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& alt);

/// A relative error with its sign, marked in words, symbol and colour by the limits that the verdict was made with.
[[nodiscard]] Cell error_cell(const RunView&, std::optional<double> error, bool noisy = false);
/// "not valid", with spaces for people; "no verdict" for null.
[[nodiscard]] std::string verdict_words(const Json& verdict);
/// The explanation of error_cell's marks.
[[nodiscard]] std::string error_legend(const RunView&);

} // namespace mfm
