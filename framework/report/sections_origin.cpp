// SPDX-License-Identifier: Apache-2.0
// Variants, calibration, equations, warnings, and what made the run.
#include <fmt/format.h>

#include <algorithm>

#include "report/sections.hpp"

namespace mfm {
namespace {

bool is_true(const Json& object, const char* key) {
    return at(object, key).is_boolean() && at(object, key).get<bool>();
}

/// "stages build, remap; samples of golgi_cell", or "nothing".
std::string reused_text(const Json& reuse) {
    std::string stages, samples;
    for (const Json& row : reuse) {
        if (!is_true(row, "reused")) continue;
        const std::string population = text_at(row, "population");
        if (population.empty())
            stages += (stages.empty() ? "" : ", ") + text_at(row, "stage");
        else if (text_at(row, "stage") == "sample")
            samples += (samples.empty() ? "samples of " : ", ") + population;
    }
    if (stages.empty() && samples.empty()) return "nothing";
    return stages + (stages.empty() || samples.empty() ? "" : "; ") + samples;
}

const Json* same_row(const Json& variant, const std::string& population, const Json& like) {
    for (const Json& row : at(at(at(variant, "populations"), population), "stationary"))
        if (text_at(row, "stimulation") == text_at(like, "stimulation") &&
            number_at(row, "stimulus_hz") == number_at(like, "stimulus_hz"))
            return &row;
    return nullptr;
}

std::string change(std::optional<double> base, std::optional<double> now) {
    return base && now && *base > 0 ? shown_percent(*now / *base - 1) : "–";
}

std::string variant_rates(const RunView& run, const std::string& name, const Json& variant) {
    const Json& inner = at(at(variant, "variants"), "mean_field");
    HtmlTable table("Rates of variant '" + name + "' beside its base, Hz",
                    {"population", "stimulus Hz", "network", "variant", "change", "mean field", "derived anew",
                     "change", "with changed parameters", "change"});
    for (const auto& [population, p] : at(run.summary, "populations").items())
        for (const Json& row : at(p, "stationary")) {
            const Json* now = same_row(variant, population, row);
            const Json* changed = inner.is_object() ? same_row(inner, population, row) : nullptr;
            if (now == nullptr && changed == nullptr) continue;
            const auto value = [](const Json* r, const char* key) {
                return r == nullptr ? std::nullopt : number_at(*r, key);
            };
            const auto base_network = number_at(row, "network_rate_hz"),
                       base_field = number_at(row, "mean_field_rate_hz");
            const bool anew = value(now, "network_rate_hz").has_value();
            const auto network = value(now, "network_rate_hz"), field = value(now, "mean_field_rate_hz"),
                       other = value(changed, "mean_field_rate_hz");
            // Without a network of its own, the variant's mean field is the base's with changed parameters.
            const auto derived = anew ? field : std::nullopt, with_changes = anew ? other : field;
            table.add({population, shown_number(number_at(row, "stimulus_hz")), shown_rate(base_network),
                       shown_rate(network), change(base_network, network), shown_rate(base_field), shown_rate(derived),
                       change(base_field, derived), shown_rate(with_changes), change(base_field, with_changes)});
        }
    return table.html();
}

void add_hashes(HtmlTable& table, const Json& hashes, const std::string& what = "") {
    for (const auto& [name, hash] : hashes.items())
        table.add({what + name, Cell::markup("<code>" + escaped_markup(text_at(hashes, name)) + "</code>")});
}

std::string size_text(std::uintmax_t bytes) {
    const auto n = static_cast<double>(bytes);
    return bytes < 10'000       ? fmt::format("{} B", bytes)
           : bytes < 10'000'000 ? fmt::format("{:.0f} kB", n / 1e3)
                                : fmt::format("{:.0f} MB", n / 1e6);
}

/// What stands between <body> and its end.
std::string body_of(const std::string& html) {
    const std::size_t begin = html.find("<body>"), end = html.rfind("</body>");
    return begin == std::string::npos || end == std::string::npos ? "" : html.substr(begin + 6, end - begin - 6);
}

} // namespace

std::optional<Section> variants_section(const RunView& run) {
    std::string out;
    HtmlTable table("Variants", {"variant", "made from", "verdict", "largest error", "taken from the base", "report"},
                    6);
    const auto add = [&](const std::string& name, const Json& v, bool alone, const std::string& link) {
        std::optional<double> worst;
        bool network = false;
        for (const Json& p : at(v, "populations"))
            for (const Json& row : at(p, "stationary")) {
                const auto error = number_at(row, "relative_error");
                if (error && (!worst || std::abs(*error) > std::abs(*worst))) worst = error;
                network = network || number_at(row, "network_rate_hz").has_value();
            }
        table.add({name, alone || !network ? "mean field" : "network", verdict_words(at(v, "verdict")),
                   error_cell(run, worst), Cell::markup(escaped_markup(reused_text(at(v, "reuse"))), "wrap"),
                   link.empty() ? Cell("–") : Cell::markup(file_link(link, "report"))});
    };
    for (const auto& [name, v] : at(run.summary, "variants").items()) {
        const bool there =
            std::find(run.variant_reports.begin(), run.variant_reports.end(), name) != run.variant_reports.end();
        const std::string link = "variants/" + name + "/report.html";
        add(name, v, false, there ? link : "");
        for (const auto& [inner_name, inner] : at(v, "variants").items())
            add(name, inner, true, there ? "variants/" + name + "/variants/" + inner_name + "/report.html" : "");
        out += folded("Rates of '" + name + "'", variant_rates(run, name, v));
    }
    if (!out.empty())
        out = paragraph("Differences on this pipeline. A variant made from its network was simulated and derived anew; "
                        "one made "
                        "from the mean field is this pipeline's mean field with the variant's parameters.") +
              table.html() + out;
    HtmlTable reuse("What this variant took from its base", {"stage", "population", "taken over", "why"}, 4);
    for (const Json& row : at(run.summary, "reuse"))
        reuse.add({text_at(row, "stage"), text_at(row, "population"), is_true(row, "reused") ? "yes" : "no, made anew",
                   Cell::markup(escaped_markup(text_at(row, "why")), "wrap")});
    out += reuse.html();
    if (out.empty()) return std::nullopt;
    return Section{"variants", "Variants", out};
}

std::optional<Section> calibration_section(const RunView& run) {
    const Json& calibration = at(run.summary, "calibration");
    if (!calibration.is_object()) return std::nullopt;
    std::string levels;
    for (const Json& level : at(calibration, "levels_hz"))
        levels += (levels.empty() ? "" : ", ") + (level.is_number() ? shown_number(level.get<double>()) : "–");
    HtmlTable scales("Scales of the in-degrees", {"pathway", "from", "to", "scale"}, 3);
    for (const Json& s : at(calibration, "scales"))
        scales.add(
            {text_at(s, "pathway"), text_at(s, "source"), text_at(s, "target"), shown_number(number_at(s, "scale"))});
    HtmlTable errors("Errors with and without the calibration",
                     {"population", "stimulus", "stimulus Hz", "calibrated", "without"}, 2);
    for (const auto& [name, rows] : at(calibration, "populations").items())
        for (const Json& row : rows)
            errors.add({name, is_true(row, "seen") ? "fitted to it" : "not seen",
                        shown_number(number_at(row, "stimulus_hz")), error_cell(run, number_at(row, "relative_error")),
                        error_cell(run, number_at(row, "uncalibrated_relative_error"))});
    return Section{
        "calibration", "Calibration",
        paragraph(fmt::format("The in-degrees of each pathway are scaled such that the transfer functions give the "
                              "network's own rates at {} Hz as nearly as lambda = {} allows. A scale that is not 1 "
                              "is no anatomy: it stands for what the mean field does not know.",
                              levels, shown_number(number_at(calibration, "lambda")))) +
            scales.html() + errors.html()};
}

std::optional<Section> equations_section(const RunView& run) {
    std::string out = body_of(run.equations_html);
    if (!out.empty())
        out = folded("The equations of all populations", out, out.size() < 20'000);
    else if (!run.equations_txt.empty())
        out = "<pre class=\"scroll\" tabindex=\"0\">" + escaped_markup(run.equations_txt) + "</pre>\n";
    if (out.empty()) out = paragraph("The folder holds no equations: the mean field was not derived.", "missing");
    std::string files;
    for (const char* file : {"equations.txt", "equations.tex"})
        if (run.has(file)) files += (files.empty() ? "" : ", ") + file_link(file, file);
    if (!files.empty()) out += "<p>As text and as LaTeX: " + files + ".</p>\n";
    return Section{"equations", "Equations", out};
}

std::optional<Section> warnings_section(const RunView& run) {
    const auto warnings = texts_at(run.summary, "warnings");
    if (!warnings.empty()) return Section{"warnings", "Warnings", bullet_list(warnings)};
    if (at(run.summary, "warnings").is_array()) return std::nullopt;
    return Section{
        "warnings", "Warnings",
        paragraph("This folder was written by a version of automfm that put its warnings into report.txt alone.",
                  "missing")};
}

std::optional<Section> times_section(const RunView& run) {
    double sum = 0;
    for (const Json& stage : at(run.summary, "stages")) sum += number_at(stage, "wall_s").value_or(0);
    HtmlTable table("Times of the stages, s", {"stage", "share of the time", "clock", "CPU"}, 2);
    for (const auto& [name, stage] : at(run.summary, "stages").items()) {
        const auto wall = number_at(stage, "wall_s");
        if (!wall && !is_true(stage, "cached")) continue;
        const double share = wall && sum > 0 ? 100 * *wall / sum : 0;
        const std::string bar = is_true(stage, "cached")
                                    ? "<span class=\"kept\">kept from an earlier run or the base</span>"
                                    : fmt::format("<span class=\"bar\" style=\"width:{:.1f}%\"></span>", share);
        table.add({name, Cell::markup(bar, "bars"), wall ? fmt::format("{:.2f}", *wall) : "–",
                   number_at(stage, "cpu_s") ? fmt::format("{:.2f}", *number_at(stage, "cpu_s")) : "–"});
    }
    if (table.empty()) return std::nullopt;
    return Section{"times", "Times", table.html()};
}

std::optional<Section> origin_section(const RunView& run) {
    const Json& m = run.manifest;
    std::string out;
    if (m.is_object()) {
        const Json &tool = at(m, "automfm"), &pipeline = at(m, "pipeline"), &times = at(m, "times");
        HtmlTable table("What made this run", {"", ""}, 2);
        table.add({"automfm", text_at(tool, "version") + ", compiled by " + text_at(tool, "compiler")});
        table.add({"pipeline", Cell::markup(escaped_markup(text_at(pipeline, "file")) + " <code>" +
                                            escaped_markup(text_at(pipeline, "hash")) + "</code>")});
        add_hashes(table, at(m, "inputs"), "input ");
        table.add({"seed", at(m, "seed").is_number() ? at(m, "seed").dump() : "–"});
        table.add({"threads", shown_number(number_at(at(m, "run"), "threads"))});
        table.add({"started", text_at(times, "started")});
        table.add({"finished", text_at(times, "finished")});
        HtmlTable plugins("Plugins", {"plugin", "version", "file"}, 3);
        for (const Json& p : at(m, "plugins"))
            plugins.add({text_at(p, "id"), text_at(p, "version"), text_at(p, "file")});
        HtmlTable hashes("Hashes of all that each stage depends on", {"stage", "hash"}, 2);
        add_hashes(hashes, at(m, "stage_hashes"));
        out += table.html() + folded("Plugins and hashes", plugins.html() + hashes.html());
    } else {
        out += paragraph("The folder holds no manifest.json, so it does not tell what made it.", "missing");
    }
    if (!run.resolved_toml.empty())
        out += folded("The pipeline, with what it includes and was set on the command line",
                      "<pre class=\"scroll\" tabindex=\"0\">" + escaped_markup(run.resolved_toml) + "</pre>\n");
    HtmlTable files("Files of the run's folder", {"file", "size"});
    for (const auto& [file, size] : run.files) files.add({Cell::markup(file_link(file, file)), size_text(size)});
    if (!files.empty()) out += folded("Files", files.html());
    return Section{"origin", "What made this", out};
}

} // namespace mfm
