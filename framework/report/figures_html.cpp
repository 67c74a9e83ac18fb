// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <regex>

#include "report/sections.hpp"

namespace mfm {
namespace {

constexpr std::size_t largest_drawing = 800'000; // bytes; a larger one is linked

std::string file_links(const RunFigure& figure) {
    std::string out;
    for (const std::string& file : figure.files) {
        if (!out.empty()) out += ' ';
        out += file_link(file, file.substr(file.rfind('.') + 1));
    }
    return out;
}

std::string figure_html(const RunFigure& figure, std::size_t number) {
    const std::string alt = figure.alt.empty() ? figure.title : figure.alt;
    std::string drawing;
    if (figure.svg.size() <= largest_drawing) drawing = inline_svg(figure.svg, fmt::format("f{}-", number), alt);
    if (drawing.empty())
        drawing = figure.svg.empty()
                      ? paragraph("It was not drawn: gnuplot was missing or failed. Its script and data are below.",
                                  "missing")
                      : paragraph("It is too large to be shown here, or holds more than a drawing.", "missing");
    std::string caption = figure.title.empty() ? "" : fmt::format("<strong>{}</strong> ", escaped_markup(figure.title));
    caption += escaped_markup(figure.caption);
    return fmt::format("<figure id=\"figure-{}\">\n<div class=\"drawing scroll\" tabindex=\"0\" role=\"region\" "
                       "aria-label=\"{}\">{}</div>\n<figcaption>{} <span class=\"files\">{}</span></figcaption>\n"
                       "</figure>\n",
                       number, escaped_markup(figure.title.empty() ? figure.name : figure.title), drawing, caption,
                       file_links(figure));
}

} // namespace

std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& alt) {
    const std::size_t begin = svg.find("<svg");
    const std::size_t end = svg.rfind("</svg>");
    if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
    std::string text = svg.substr(begin, end + 6 - begin);
    static const std::regex active(
        "<script|<foreignObject|<iframe|\\son[a-z]+\\s*=|javascript:|href\\s*=\\s*[\"'](?!#|data:image/png)",
        std::regex::icase | std::regex::optimize);
    if (std::regex_search(text, active)) return "";
    static const std::regex title("<(title|desc)>[^<]*</(title|desc)>", std::regex::optimize);
    static const std::regex id("(\\sid=[\"'])", std::regex::optimize), url("url\\(#", std::regex::optimize),
        reference("(href=[\"']#)", std::regex::optimize), name("\\sxmlns:xlink=\"[^\"]*\"", std::regex::optimize);
    text = std::regex_replace(text, title, ""); // a drawing program's name, which would be shown on hovering
    text = std::regex_replace(text, id, "$1" + prefix);
    text = std::regex_replace(text, reference, "$1" + prefix);
    text = std::regex_replace(text, url, "url(#" + prefix);
    return "<svg role=\"img\" aria-label=\"" + escaped_markup(alt) + "\"" + text.substr(4);
}

std::string figures_html(const RunView& run, const std::string& section, std::size_t shown) {
    std::string out, more;
    std::size_t count = 0;
    for (std::size_t i = 0; i < run.figures.size(); ++i)
        if (run.figures[i].section == section) (++count <= shown ? out : more) += figure_html(run.figures[i], i + 1);
    if (more.empty()) return out;
    return out + folded(count == shown + 1 ? "Another figure" : fmt::format("{} more figures", count - shown), more);
}

} // namespace mfm
