// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mfm {

inline constexpr std::size_t page_width = 100; ///< columns of the reports for people

/// Columns that a text takes on a terminal, for text without wide or combining characters.
[[nodiscard]] std::size_t display_width(std::string_view utf8);

/// Breaks at spaces so that no line is wider than page_width (a longer word stays whole); the first line is put behind
/// `first`, the others behind `rest`.  Ends with a newline.
[[nodiscard]] std::string wrap(std::string_view text, std::string_view first = "", std::string_view rest = "");

/// A part's title, underlined, behind an empty line.
[[nodiscard]] std::string heading(const std::string& text);

/// A table in plain text: the first column to the left, the others to the right unless said, two spaces between.
class TextTable {
public:
    explicit TextTable(std::vector<std::string> header, std::size_t left_columns = 1)
        : left_(left_columns), rows_{std::move(header)} {}
    void add(std::vector<std::string> row);
    [[nodiscard]] bool empty() const { return rows_.size() == 1; }
    /// Behind an indent; a table that is too wide continues below, with its first column repeated.
    [[nodiscard]] std::string text(std::string_view indent = "  ") const;

private:
    std::size_t left_;
    std::vector<std::vector<std::string>> rows_;
};

/// Numbers as the reports show them; "-" for what is missing.
[[nodiscard]] std::string rate_text(std::optional<double> hz); ///< 4 significant digits at most, 2 decimals at most
[[nodiscard]] std::string percent_text(std::optional<double> error); ///< "+6.9 %"
[[nodiscard]] std::string short_text(std::optional<double> value);   ///< up to 4 significant digits

} // namespace mfm
