// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace mfm {

/// A figure: the script FOLDER/NAME.gp, its data FOLDER/NAME.dat, what gnuplot makes of them, FOLDER/NAME.svg and
/// FOLDER/NAME.pdf, and what FOLDER/index.json says of it.
struct Figure {
    std::string name, script, data;
    std::string section; ///< what it belongs to: "network", "transfer", "rates" ... (docs/output.md)
    std::string title;   ///< a line
    std::string caption; ///< units, how many cells, trials and seconds, what bands and bars are
    std::string alt;     ///< what it shows, with its key numbers, for who does not see it
    std::optional<std::string> population; ///< the one that it shows, if it shows one
    std::optional<std::string> condition;  ///< the stimulation, or its one condition, that it shows
};

/// Writes scripts, data and index.json (the figures in their order), and runs gnuplot on each.  Returns one line for
/// the user when gnuplot is missing or fails on one, or "": scripts, data and index are then there all the same, and
/// the index says what was not drawn.  Throws InputError when the folder cannot be written.
[[nodiscard]] std::string write_figures(const std::filesystem::path& folder, std::span<const Figure>);

} // namespace mfm
