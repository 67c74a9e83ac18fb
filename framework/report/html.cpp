// SPDX-License-Identifier: Apache-2.0
#include "report/html.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "output/text_table.hpp"

namespace mfm {
namespace {

/// The typographic minus in front of a number; a dash for "-", which stands for what is missing.
std::string with_minus(std::string text) {
    if (text == "-") return "–";
    if (text.starts_with('-')) text.replace(0, 1, "−");
    return text;
}

std::string class_of(std::string_view style) {
    return style.empty() ? "" : fmt::format(" class=\"{}\"", style);
}

} // namespace

Cell Cell::markup(std::string html, std::string style) {
    Cell cell("");
    cell.html = std::move(html);
    cell.style = std::move(style);
    return cell;
}

HtmlTable::HtmlTable(std::string caption, std::vector<std::string> header, std::size_t texts)
    : caption_(std::move(caption)), header_(std::move(header)), texts_(texts) {}

void HtmlTable::add(std::vector<Cell> row) {
    row.resize(header_.size(), Cell(""));
    rows_.push_back(std::move(row));
}

std::string HtmlTable::html() const {
    if (rows_.empty()) return "";
    const std::string caption = escaped_markup(caption_);
    std::string out = fmt::format("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\">\n<table>\n"
                                  "<caption>{0}</caption>\n<thead><tr>",
                                  caption);
    for (std::size_t c = 0; c < header_.size(); ++c)
        out += fmt::format("<th scope=\"col\"{}>{}</th>", class_of(c < texts_ ? "" : "number"),
                           escaped_markup(header_[c]));
    out += "</tr></thead>\n<tbody>\n";
    for (const auto& row : rows_) {
        out += "<tr>";
        for (std::size_t c = 0; c < row.size(); ++c) {
            std::string style = c < texts_ ? "" : "number";
            if (!row[c].style.empty()) style += (style.empty() ? "" : " ") + row[c].style;
            out += c == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", class_of(style), row[c].html)
                          : fmt::format("<td{}>{}</td>", class_of(style), row[c].html);
        }
        out += "</tr>\n";
    }
    return out + "</tbody>\n</table>\n</div>\n";
}

std::string paragraph(std::string_view text, std::string_view style) {
    return fmt::format("<p{}>{}</p>\n", class_of(style), escaped_markup(text));
}

std::string bullet_list(const std::vector<std::string>& texts) {
    if (texts.empty()) return "";
    std::string out = "<ul>\n";
    for (const auto& text : texts) out += fmt::format("<li>{}</li>\n", escaped_markup(text));
    return out + "</ul>\n";
}

std::string folded(std::string_view summary, const std::string& html, bool open) {
    return fmt::format("<details{}>\n<summary>{}</summary>\n{}</details>\n", open ? " open" : "",
                       escaped_markup(summary), html);
}

std::string file_link(std::string_view path, std::string_view text) {
    std::string address;
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-_./~").find(c) != std::string_view::npos;
        address += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return fmt::format("<a class=\"file\" href=\"{}\">{}</a>", address, escaped_markup(text));
}

std::string shown_number(std::optional<double> value) {
    return with_minus(short_text(value));
}

std::string shown_rate(std::optional<double> hz) {
    return with_minus(rate_text(hz));
}

std::string shown_percent(std::optional<double> fraction) {
    return with_minus(percent_text(fraction));
}

std::string shown_count(double value) {
    std::string digits = fmt::format("{:.0f}", value);
    if (digits.size() < 5) return digits;
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, "\u202F");
    return digits;
}

} // namespace mfm
