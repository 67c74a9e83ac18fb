// SPDX-License-Identifier: Apache-2.0
#include "output/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfm {

std::size_t display_width(std::string_view utf8) {
    // Bytes 10xxxxxx continue a character.
    return static_cast<std::size_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

std::string wrap(std::string_view text, std::string_view first, std::string_view rest) {
    std::string out, line(first);
    std::size_t width = display_width(first);
    bool fresh = true; // no word on this line yet
    while (!text.empty()) {
        const auto space = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, space);
        text.remove_prefix(std::min(space + 1, text.size()));
        if (word.empty()) continue;
        const std::size_t more = display_width(word) + (fresh ? 0 : 1);
        if (!fresh && width + more > page_width) {
            out += line + "\n";
            line = rest;
            width = display_width(rest);
            fresh = true;
        }
        if (!fresh) line += ' ';
        line += word;
        width += display_width(word) + (fresh ? 0 : 1);
        fresh = false;
    }
    return out + line + "\n";
}

std::string heading(const std::string& text) {
    return "\n" + text + "\n" + std::string(display_width(text), '-') + "\n";
}

void TextTable::add(std::vector<std::string> row) {
    row.resize(rows_.front().size());
    rows_.push_back(std::move(row));
}

std::string TextTable::text(std::string_view indent) const {
    const std::size_t columns = rows_.front().size();
    std::vector<std::size_t> width(columns, 0);
    for (const auto& row : rows_)
        for (std::size_t c = 0; c < columns; ++c) width[c] = std::max(width[c], display_width(row[c]));
    std::string out;
    for (std::size_t first = 1; first < columns || (columns == 1 && first == 1);) {
        std::size_t last = first, total = indent.size() + width[0];
        while (last < columns && (last == first || total + 2 + width[last] <= page_width)) total += 2 + width[last++];
        for (const auto& row : rows_) {
            std::string line(indent);
            const auto put = [&](std::size_t c) {
                const std::string pad(width[c] - display_width(row[c]), ' ');
                line += c < left_ ? row[c] + pad : pad + row[c];
            };
            put(0);
            for (std::size_t c = first; c < last; ++c) {
                line += "  ";
                put(c);
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + "\n";
        }
        if (last < columns) out += "\n";
        first = std::max(last, first + 1);
    }
    return out;
}

std::string rate_text(std::optional<double> hz) {
    if (!hz) return "-";
    if (!std::isfinite(*hz)) return fmt::format("{}", *hz);
    const double size = std::abs(*hz);
    return fmt::format("{:.{}f}", *hz, size < 99.995 ? 2 : size < 999.95 ? 1 : 0);
}

std::string percent_text(std::optional<double> error) {
    if (!error) return "-";
    if (!std::isfinite(*error)) return fmt::format("{}", *error);
    return fmt::format("{:+.1f} %", 100.0 * *error);
}

std::string short_text(std::optional<double> value) {
    return value ? fmt::format("{:.4g}", *value) : "-";
}

} // namespace mfm
