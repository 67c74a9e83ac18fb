// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/markup.hpp"

namespace mfm {

/// What stands in a cell of a table: text, which is escaped, or ready markup.
struct Cell {
    std::string html, style; ///< style: a class of style.css, or ""
    Cell(std::string_view text) : html(escaped_markup(text)) {}
    Cell(const char* text) : Cell(std::string_view(text)) {}
    Cell(const std::string& text) : Cell(std::string_view(text)) {}
    [[nodiscard]] static Cell markup(std::string html, std::string style = "");
};

/// A table with a caption, in a box of its own that scrolls where the page is too narrow.  The first column names its
/// row.
class HtmlTable {
public:
    /// `texts`: how many columns hold text; those behind them hold numbers, to the right.
    HtmlTable(std::string caption, std::vector<std::string> header, std::size_t texts = 1);
    void add(std::vector<Cell> row); ///< shorter rows are filled up
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::string html() const; ///< "" without a row

private:
    std::string caption_;
    std::vector<std::string> header_;
    std::size_t texts_;
    std::vector<std::vector<Cell>> rows_;
};

[[nodiscard]] std::string paragraph(std::string_view text, std::string_view style = "");
/// Nothing for no item.
[[nodiscard]] std::string bullet_list(const std::vector<std::string>& texts);
[[nodiscard]] std::string folded(std::string_view summary, const std::string& html, bool open = false); ///< <details>
/// A link to a file beside the report: each part of the path percent-encoded.
[[nodiscard]] std::string file_link(std::string_view path, std::string_view text);

/// Numbers as the report shows them, with a minus sign; "–" for what is missing.
[[nodiscard]] std::string shown_number(std::optional<double>); ///< four significant digits
[[nodiscard]] std::string shown_rate(std::optional<double> hz);
[[nodiscard]] std::string shown_percent(std::optional<double> fraction); ///< "+6.9 %"
[[nodiscard]] std::string shown_count(double);                           ///< "30 420", with thin spaces

} // namespace mfm
