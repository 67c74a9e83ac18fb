// SPDX-License-Identifier: Apache-2.0
#include "output/figure.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "output/gnuplot.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

std::string index_json(std::span<const Figure> figures, const std::vector<bool>& drawn) {
    using Json = nlohmann::ordered_json;
    const auto text_or_null = [](const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); };
    Json out = Json::array();
    for (std::size_t i = 0; i < figures.size(); ++i) {
        const Figure& f = figures[i];
        out.push_back({{"name", f.name},
                       {"section", f.section},
                       {"title", f.title},
                       {"caption", f.caption},
                       {"alt", f.alt},
                       {"population", text_or_null(f.population)},
                       {"condition", text_or_null(f.condition)},
                       {"drawn", bool(drawn[i])}});
    }
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The date at which a PDF was made would make equal figures unequal: the beginning of time in its place.
void forget_date(const std::filesystem::path& pdf) {
    if (!std::filesystem::exists(pdf)) return; // gnuplot cannot make PDF
    std::string bytes = read_file(pdf);
    const std::string_view key = "/CreationDate (D:", beginning = "19700101000000";
    const std::size_t at = bytes.find(key);
    if (at == std::string::npos || bytes.size() < at + key.size() + beginning.size()) return;
    bytes.replace(at + key.size(), beginning.size(), beginning);
    write_file(pdf, bytes);
}

} // namespace

std::string write_figures(const std::filesystem::path& folder, std::span<const Figure> figures) {
    std::string line;
    std::vector<bool> drawn(figures.size(), false);
    bool missing = false;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        const Figure& figure = figures[i];
        write_file(folder / (figure.name + ".dat"), figure.data);
        write_file(folder / (figure.name + ".gp"), figure.script);
        for (const char* kind : {".svg", ".pdf"}) {
            std::error_code ignored; // no figure at all is better than that of an earlier run
            std::filesystem::remove(folder / (figure.name + kind), ignored);
        }
        if (missing) continue;
        const GnuplotOutcome outcome = run_gnuplot(folder, figure.name + ".gp");
        drawn[i] = !outcome.missing && outcome.problem.empty();
        if (drawn[i]) forget_date(folder / (figure.name + ".pdf"));
        missing = outcome.missing;
        if (missing)
            line =
                fmt::format("gnuplot is not installed (package gnuplot-nox): the figures' scripts and data are in {}",
                            folder.string());
        else if (!outcome.problem.empty() && line.empty())
            line = fmt::format("gnuplot could not draw {}: {}", (folder / (figure.name + ".gp")).string(),
                               outcome.problem);
    }
    write_file(folder / "index.json", index_json(figures, drawn));
    return line;
}

} // namespace mfm
