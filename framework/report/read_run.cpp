// SPDX-License-Identifier: Apache-2.0
#include "report/read_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "support/diagnostics.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

/// "" where there is no such file.
std::string text_of(const fs::path& file) {
    return fs::is_regular_file(file) ? read_file(file) : "";
}

Json json_of(const fs::path& file) {
    if (!fs::is_regular_file(file)) return nullptr;
    try {
        return Json::parse(read_file(file));
    } catch (const Json::exception& error) {
        throw InputError(fmt::format("'{}' is damaged ({}); run the pipeline again", file.string(), error.what()));
    }
}

/// Folders beside and in `folder` that hold a run, by their names.
std::vector<std::string> runs_near(const fs::path& folder) {
    std::vector<std::string> runs;
    const fs::path beside = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    for (const fs::path& place : {folder, beside, fs::path("runs")}) {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(place, none))
            if (fs::is_regular_file(entry.path() / "summary.json", none))
                runs.push_back(entry.path().lexically_normal().string());
    }
    std::sort(runs.begin(), runs.end());
    runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
    return runs;
}

/// What may have been meant, for the end of a sentence.
std::string candidates(const fs::path& folder) {
    const std::vector<std::string> runs = runs_near(folder);
    if (runs.empty()) return "";
    if (!fs::exists(folder))
        if (std::string nearest = did_you_mean(folder.string(), runs); !nearest.empty()) return nearest;
    const std::size_t shown = std::min<std::size_t>(runs.size(), 3);
    std::string text = runs.size() == 1 ? "; near it is the run " : "; near it are the runs ";
    for (std::size_t i = 0; i < shown; ++i) text += fmt::format("{}'{}'", i == 0 ? "" : ", ", runs[i]);
    return text + (runs.size() > shown ? fmt::format(" and {} more", runs.size() - shown) : "");
}

/// What there is of one figure in figures/.
void read_drawing(const fs::path& folder, RunFigure& figure) {
    const std::string stem = "figures/" + file_name_of(figure.name);
    figure.svg = text_of(folder / (stem + ".svg"));
    for (const char* kind : {".pdf", ".svg", ".gp", ".dat"})
        if (fs::is_regular_file(folder / (stem + kind))) figure.files.push_back(stem + kind);
}

/// Figures of a folder without an index, which an earlier version wrote: by what their names begin with.
std::vector<RunFigure> unlisted_figures(const fs::path& folder) {
    static const std::vector<std::pair<std::string, std::string>> kinds{
        {"rates_", "rates"},         {"course_", "courses"},   {"transfer_", "transfer"},
        {"error_budget_", "budget"}, {"spectrum_", "spectra"}, {"response_", "spectra"}};
    std::vector<RunFigure> figures;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / "figures", none)) {
        if (entry.path().extension() != ".svg") continue;
        RunFigure figure;
        figure.name = figure.title = figure.alt = entry.path().stem().string();
        for (const auto& [begin, section] : kinds)
            if (figure.name.starts_with(begin)) figure.section = section;
        figures.push_back(std::move(figure));
    }
    std::sort(figures.begin(), figures.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return figures;
}

std::vector<RunFigure> figures_of(const fs::path& folder) {
    const Json index = json_of(folder / "figures/index.json");
    std::vector<RunFigure> figures;
    if (index.is_array()) {
        for (const Json& entry : index)
            figures.push_back({text_at(entry, "name"),
                               text_at(entry, "section"),
                               text_at(entry, "title"),
                               text_at(entry, "caption"),
                               text_at(entry, "alt"),
                               text_at(entry, "population"),
                               "",
                               {}});
    } else {
        figures = unlisted_figures(folder);
    }
    for (RunFigure& figure : figures) read_drawing(folder, figure);
    return figures;
}

/// A variant's folder has been made beside its base's files: BASE/variants/NAME.
bool is_of_variant(const fs::path& folder) {
    const fs::path above = fs::weakly_canonical(folder).parent_path();
    return above.filename() == "variants" && fs::is_regular_file(above.parent_path() / "summary.json");
}

} // namespace

RunView read_run(const fs::path& folder) {
    if (!fs::exists(folder))
        throw InputError(fmt::format("there is no folder '{}'{}", folder.string(), candidates(folder)));
    if (!fs::is_directory(folder))
        throw InputError(
            fmt::format("'{}' is a file; give the folder of a run{}", folder.string(), candidates(folder)));
    RunView run;
    run.summary = json_of(folder / "summary.json");
    run.manifest = json_of(folder / "manifest.json");
    if (!run.summary.is_object() || !run.summary.contains("verdict"))
        throw InputError(fmt::format("'{}' is no run's folder, or its run has not come to its end: it has no "
                                     "summary.json{}",
                                     folder.string(), candidates(folder)));
    run.resolved_toml = text_of(folder / "pipeline.resolved.toml");
    run.equations_html = text_of(folder / "equations.html");
    run.equations_txt = text_of(folder / "equations.txt");
    run.figures = figures_of(folder);
    const auto rows = csv_rows(text_of(folder / "rates.csv"));
    for (std::size_t r = 1; r < rows.size(); ++r) {
        std::map<std::string, std::string> row;
        for (std::size_t c = 0; c < std::min(rows[0].size(), rows[r].size()); ++c) row[rows[0][c]] = rows[r][c];
        run.rates.push_back(std::move(row));
    }
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none))
        if (entry.is_regular_file() && entry.path().filename() != "report.html")
            run.files.emplace_back(entry.path().filename().string(), fs::file_size(entry.path()));
    for (const char* inner : {"courses", "transfer"})
        for (const auto& entry : fs::directory_iterator(folder / inner, none))
            run.files.emplace_back(std::string(inner) + "/" + entry.path().filename().string(),
                                   fs::file_size(entry.path()));
    std::sort(run.files.begin(), run.files.end());
    for (const auto& [name, variant] : at(run.summary, "variants").items())
        if (fs::is_regular_file(folder / "variants" / name / "summary.json")) run.variant_reports.push_back(name);
    run.of_variant = is_of_variant(folder);
    return run;
}

bool RunView::has(const std::string& file) const {
    return std::any_of(files.begin(), files.end(), [&](const auto& f) { return f.first == file; });
}

std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
    std::vector<std::vector<std::string>> rows;
    bool quoted = false, begun = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (!begun) {
            rows.emplace_back(1);
            begun = true;
        }
        std::string& field = rows.back().back();
        if (c == '"') {
            if (quoted && i + 1 < text.size() && text[i + 1] == '"')
                field += text[++i];
            else
                quoted = !quoted;
        } else if (quoted) {
            field += c;
        } else if (c == ',') {
            rows.back().emplace_back();
        } else if (c == '\n') {
            begun = false;
        } else if (c != '\r') {
            field += c;
        }
    }
    return rows;
}

const Json& at(const Json& object, const std::string& key) {
    static const Json null;
    if (!object.is_object()) return null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

std::optional<double> number_at(const Json& object, const std::string& key) {
    const Json& value = at(object, key);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::string text_at(const Json& object, const std::string& key) {
    const Json& value = at(object, key);
    return value.is_string() ? value.get<std::string>() : "";
}

std::vector<std::string> texts_at(const Json& object, const std::string& key) {
    std::vector<std::string> texts;
    if (at(object, key).is_array())
        for (const Json& item : at(object, key)) texts.push_back(item.is_string() ? item.get<std::string>() : "");
    return texts;
}

} // namespace mfm
