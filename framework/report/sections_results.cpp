// SPDX-License-Identifier: Apache-2.0
// What was found: network, transfer functions, rates, time courses, error budget, fluctuations.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "output/budget.hpp"
#include "report/sections.hpp"

namespace mfm {
namespace {

std::string spaced(std::string name) {
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
}

/// "±" and a number, or nothing.
std::string with_error(const std::string& value, std::optional<double> se,
                       std::string (*shown)(std::optional<double>)) {
    return se ? value + " ± " + shown(se) : value;
}

/// Distinct texts of a key over a list's rows, in order of appearance.
void add_names(std::vector<std::string>& names, const Json& rows, const char* key) {
    for (const Json& row : rows)
        if (const std::string name = text_at(row, key); std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
}

bool is_noisy(const Json& row) {
    const auto rate = number_at(row, "network_rate_hz"), floor = number_at(row, "floor_hz");
    return rate && floor && *rate < *floor;
}

/// Errors of all populations at all levels of a stimulation.
std::string error_matrix(const RunView& run, const std::string& stimulation) {
    std::vector<double> levels;
    const Json& populations = at(run.summary, "populations");
    for (const Json& p : populations)
        for (const Json& row : at(p, "stationary"))
            if (const auto level = number_at(row, "stimulus_hz"); level && text_at(row, "stimulation") == stimulation)
                if (std::find(levels.begin(), levels.end(), *level) == levels.end()) levels.push_back(*level);
    std::vector<std::string> header{"population"};
    for (const double level : levels) header.push_back(shown_number(level) + " Hz");
    HtmlTable table("Error of the mean field's stationary rates" +
                        (stimulation.empty() ? "" : ", by the stimulus of '" + stimulation + "'"),
                    header);
    for (const auto& [name, p] : populations.items()) {
        std::vector<Cell> cells{name};
        for (const double level : levels) {
            Cell cell("–");
            for (const Json& row : at(p, "stationary"))
                if (number_at(row, "stimulus_hz") == level && text_at(row, "stimulation") == stimulation)
                    cell = error_cell(run, number_at(row, "relative_error"), is_noisy(row));
            cells.push_back(cell);
        }
        table.add(std::move(cells));
    }
    return table.html();
}

std::string rate_table(const RunView& run, const std::string& name, const Json& p) {
    HtmlTable table("Rates of " + name + " in Hz; ± is the standard error over time blocks",
                    {"stimulus Hz", "network", "firing cells", "mean field", "at mean in-degree", "error"}, 0);
    for (const Json& row : at(p, "stationary"))
        table.add({shown_number(number_at(row, "stimulus_hz")),
                   with_error(shown_rate(number_at(row, "network_rate_hz")), number_at(row, "network_rate_se_hz"),
                              shown_rate),
                   shown_rate(number_at(row, "network_rate_firing_hz")),
                   shown_rate(number_at(row, "mean_field_rate_hz")),
                   shown_rate(number_at(row, "mean_field_mean_k_rate_hz")),
                   error_cell(run, number_at(row, "relative_error"), is_noisy(row))});
    return table.html();
}

std::string coefficient_tables(const std::string& name, const Json& transfer) {
    HtmlTable coefficients("Coefficients of " + name + ", " + text_at(transfer, "basis") +
                               "; ± where the samples determine it",
                           {"coefficient", "value", "±"});
    for (const auto& [coefficient, value] : at(transfer, "coefficients").items()) {
        const auto se = number_at(at(transfer, "standard_errors"), coefficient);
        coefficients.add({coefficient, value.is_number() ? fmt::format("{:.6g}", value.get<double>()) : "–",
                          se && *se > 0 ? fmt::format("{:.2g}", *se) : "–"});
    }
    HtmlTable domain("Domain of " + name + ": range of the points fitted", {"input", "from", "to"});
    for (const auto& [input, range] : at(transfer, "domain").items())
        if (range.is_array() && range.size() == 2)
            domain.add({input, range[0].is_number() ? shown_number(range[0].get<double>()) : "–",
                        range[1].is_number() ? shown_number(range[1].get<double>()) : "–"});
    return coefficients.html() + domain.html();
}

std::string compared_bases(const std::string& name, const Json& transfer) {
    HtmlTable table("Bases compared for " + name,
                    {"basis", "", "coefficients", "error in tolerances", "left-out RMSE Hz", "held-out RMSE Hz"}, 2);
    for (const Json& row : at(transfer, "compared")) {
        const bool chosen = at(row, "chosen").is_boolean() && at(row, "chosen").get<bool>();
        table.add({text_at(row, "basis"), chosen ? "chosen" : text_at(row, "reason"),
                   shown_number(number_at(row, "coefficients")), shown_number(number_at(row, "cross_validated_error")),
                   shown_rate(number_at(row, "cross_validated_rmse_hz")),
                   shown_rate(number_at(row, "heldout_rmse_hz"))});
    }
    return table.html();
}

std::string operating_points(const RunView& run) {
    HtmlTable table("Transfer functions at the network's operating point, Hz",
                    {"population", "stimulus Hz", "network", "Poisson-driven cells", "transfer function", "error"});
    for (const auto& [name, p] : at(run.summary, "populations").items())
        for (const Json& row : at(at(p, "transfer"), "operating_point"))
            table.add({name, shown_number(number_at(row, "stimulus_hz")), shown_rate(number_at(row, "network_rate_hz")),
                       shown_rate(number_at(row, "poisson_rate_hz")), shown_rate(number_at(row, "transfer_rate_hz")),
                       error_cell(run, number_at(row, "relative_error"))});
    if (table.empty()) return "";
    return folded(
        "At the network's operating point",
        paragraph("Cells of the network's own model, driven by Poisson input at the network's own presynaptic "
                  "rates: where they differ from the network, its correlations and regularity matter; where "
                  "the transfer function differs from them, the fit does.") +
            table.html());
}

std::string score_tables(const RunView& run) {
    static const std::vector<std::pair<const char*, const char*>> scores{
        {"baseline_hz", "baseline Hz"}, {"peak_hz", "peak Hz"},
        {"pause_hz", "pause Hz"},       {"pause_depth", "pause depth"},
        {"pause_ms", "pause ms"},       {"area", "area, spikes a cell"},
        {"correlation", "correlation"}, {"mutual_information_bits", "information, bits"}};
    std::vector<std::string> header{"stimulus", "population", "of"};
    for (const auto& [key, label] : scores) header.emplace_back(label);
    HtmlTable table("Scores of the responses", header, 3);
    for (const auto& [name, p] : at(run.summary, "populations").items())
        for (const Json& row : at(p, "scores"))
            for (const char* side : {"network", "mean_field"}) {
                std::vector<Cell> cells{text_at(row, "stimulus"), name, spaced(side)};
                for (const auto& [key, label] : scores) cells.emplace_back(shown_number(number_at(at(row, side), key)));
                table.add(std::move(cells));
            }
    return table.html();
}

std::string budget_table(const std::string& name, const Json& rows, const std::string& stimulation) {
    std::vector<std::string> terms, header{"stimulus Hz"};
    for (const Json& row : rows)
        if (text_at(row, "stimulation") == stimulation) add_names(terms, at(row, "terms"), "name");
    for (const std::string& term : terms) header.push_back(spaced(term));
    header.emplace_back("whole error");
    HtmlTable table("Error budget of " + name + ", '" + stimulation +
                        "': parts of the error in % of the network's rate, ± standard error",
                    header, 0);
    for (const Json& row : rows) {
        if (text_at(row, "stimulation") != stimulation) continue;
        std::vector<Cell> cells{shown_number(number_at(row, "stimulus_hz"))};
        const auto total = number_at(row, "total_hz"), total_relative = number_at(row, "total_relative");
        for (const std::string& wanted : terms) {
            std::string text = "–";
            for (const Json& term : at(row, "terms")) {
                const auto relative = number_at(term, "relative"), se = number_at(term, "se_hz");
                if (text_at(term, "name") != wanted || !relative) continue;
                text = shown_percent(relative);
                text.erase(text.size() - 2); // " %", which the caption says
                if (se && total && total_relative && *total != 0.0)
                    text += fmt::format(" ± {:.1f}", 100 * *se * std::abs(*total_relative / *total));
            }
            cells.emplace_back(text);
        }
        cells.emplace_back(shown_percent(total_relative));
        table.add(std::move(cells));
    }
    return table.html();
}

/// What the terms of all budgets are.
std::string budget_terms(const RunView& run) {
    std::vector<std::string> names;
    for (const Json& p : at(run.summary, "populations"))
        for (const Json& row : at(p, "error_budget"))
            for (const Json& term : at(row, "terms")) {
                const std::string joined = text_at(term, "name");
                for (std::size_t begin = 0; begin < joined.size();) {
                    const std::size_t end = std::min(joined.find('+', begin), joined.size());
                    const std::string name = joined.substr(begin, end - begin);
                    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
                    begin = end + 1;
                }
            }
    std::string out;
    for (const std::string& name : names)
        out +=
            fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped_markup(spaced(name)), escaped_markup(swap_sentence(name)));
    return out.empty() ? "" : "<dl class=\"terms\">\n" + out + "</dl>\n";
}

std::string ratio(std::optional<double> a, std::optional<double> b) {
    return a && b && *b > 0 ? fmt::format("{:.2f}", *a / *b) : "–";
}

std::string fluctuation_tables(const RunView& run) {
    HtmlTable counted("Standard deviations of the populations' activity, Hz",
                      {"population", "stimulus Hz", "network", "independent cells", "linear theory", "ratio",
                       "with noise", "ratio", "its rate"});
    HtmlTable second("The master equation: first and second order, Hz",
                     {"population", "stimulus Hz", "first-order rate", "sd network", "sd second order", "ratio"});
    for (const auto& [name, p] : at(run.summary, "populations").items())
        for (const Json& row : at(p, "fluctuations")) {
            const auto network = number_at(row, "network_sd_hz"), linear = number_at(row, "mean_field_sd_hz"),
                       noisy = number_at(row, "noisy_sd_hz"), within = number_at(row, "network_within_T_sd_hz"),
                       order = number_at(row, "second_order_sd_hz");
            const std::string level = shown_number(number_at(row, "stimulus_hz"));
            if (network || linear || noisy)
                counted.add({name, level, shown_rate(network), shown_rate(number_at(row, "independent_sd_hz")),
                             shown_rate(linear), ratio(linear, network), shown_rate(noisy), ratio(noisy, network),
                             shown_rate(number_at(row, "noisy_rate_hz"))});
            if (order)
                second.add({name, level, shown_rate(number_at(row, "first_order_rate_hz")), shown_rate(within),
                            shown_rate(order), ratio(order, within)});
        }
    const auto bin = number_at(run.summary, "fluctuation_bin_ms");
    std::string out;
    if (!counted.empty())
        out +=
            paragraph(fmt::format(
                "Activity counted in {}: of the network, of as many independent cells of the same rate, of the mean "
                "field's linear theory (none where its fixed point is unstable), and of the mean field integrated with "
                "finite-size noise. Ratios are mean field over network.",
                bin ? shown_number(bin) + " ms" : "bins")) +
            counted.html();
    if (!second.empty())
        out +=
            paragraph("Activity within the master equation's T: of the network behind a low-pass filter of that time "
                      "constant, and of the second order's covariances.") +
            second.html();
    return out;
}

} // namespace

std::optional<Section> network_section(const RunView& run) {
    HtmlTable table("Stationary activity of the network; rates in Hz",
                    {"population", "stimulus Hz", "cells", "rate", "sd over cells", "cells that fire",
                     "CV of intervals", "Fano factor", "pair correlation"});
    const auto number = [](const std::map<std::string, std::string>& row, const char* column) -> std::optional<double> {
        const auto found = row.find(column);
        if (found == row.end() || found->second.empty()) return std::nullopt;
        char* end = nullptr;
        const double value = std::strtod(found->second.c_str(), &end);
        return end != nullptr && *end == '\0' ? std::optional(value) : std::nullopt;
    };
    const auto text = [](const std::map<std::string, std::string>& row, const char* column) {
        const auto found = row.find(column);
        return found == row.end() ? std::string() : found->second;
    };
    for (const auto& row : run.rates) {
        const auto firing = number(row, "firing fraction (1)");
        table.add(
            {text(row, "population"), shown_number(number(row, "stimulus (Hz)")),
             shown_count(number(row, "cells").value_or(0)),
             with_error(shown_rate(number(row, "network rate (Hz)")), number(row, "standard error (Hz)"), shown_rate),
             shown_rate(number(row, "sd over cells (Hz)")), firing ? fmt::format("{:.0f} %", 100 * *firing) : "–",
             shown_number(number(row, "CV of intervals (1)")), shown_number(number(row, "Fano factor (1)")),
             shown_number(number(row, "pair correlation (1)"))});
    }
    std::string out = figures_html(run, "network", 3);
    if (!table.empty())
        out += folded(
            "Activity of every population",
            paragraph("The Fano factor is that of the population's count in 5 ms over that of independent cells, "
                      "the correlation the mean over pairs of cells.") +
                table.html(),
            out.empty());
    if (out.empty()) return std::nullopt;
    return Section{"network", "The spiking network", out};
}

std::optional<Section> transfer_section(const RunView& run) {
    HtmlTable table("Transfer functions",
                    {"population", "basis", "sampling", "points", "neuron s", "left-out RMSE Hz", "held-out RMSE Hz",
                     "median error"},
                    3);
    std::string details;
    for (const auto& [name, p] : at(run.summary, "populations").items()) {
        const Json &t = at(p, "transfer"), &sampling = at(t, "sampling");
        if (text_at(t, "basis").empty()) continue;
        const bool given = at(t, "given").is_boolean() && at(t, "given").get<bool>();
        const std::string end = text_at(sampling, "ended_by");
        const auto median = number_at(t, "heldout_median_relative_error");
        table.add({name, text_at(t, "basis"),
                   given                ? "given, not fitted"
                   : end == "tolerance" ? "until the tolerance was met"
                   : end == "budget"    ? "until the budget was spent"
                                        : end,
                   shown_number(number_at(sampling, "points")),
                   number_at(sampling, "neuron_seconds") ? shown_count(*number_at(sampling, "neuron_seconds")) : "–",
                   shown_rate(number_at(t, "cross_validated_rmse_hz")), shown_rate(number_at(t, "heldout_rmse_hz")),
                   median ? fmt::format("{:.2g} %", 100 * *median) : "–"});
        details += compared_bases(name, t) + coefficient_tables(name, t);
    }
    std::string out = figures_html(run, "transfer");
    if (!table.empty())
        out =
            paragraph(
                "A population's rate as a function of its inputs, measured on single cells of the network's own model "
                "and fitted. RMSE over points of the working range: each left out of the fit once, and held out of "
                "it for good.") +
            table.html() + out;
    out += operating_points(run);
    if (!details.empty()) out += folded("Coefficients and domains", details);
    if (out.empty()) return std::nullopt;
    return Section{"transfer", "Transfer functions", out};
}

std::optional<Section> rates_section(const RunView& run) {
    std::vector<std::string> stimulations;
    std::string details;
    bool noisy = false;
    for (const auto& [name, p] : at(run.summary, "populations").items()) {
        add_names(stimulations, at(p, "stationary"), "stimulation");
        details += rate_table(run, name, p);
        for (const Json& row : at(p, "stationary")) noisy = noisy || is_noisy(row);
    }
    std::string out = figures_html(run, "rates");
    for (const std::string& stimulation : stimulations) out += error_matrix(run, stimulation);
    if (!stimulations.empty())
        out += paragraph(error_legend(run) + (noisy ? " A star: the rate is too low to measure, and the error is taken "
                                                      "relative to the noise of its measurement."
                                                    : ""),
                         "note");
    if (!details.empty()) out += folded("Rates of each population", details);
    if (out.empty()) return std::nullopt;
    return Section{"rates", "Stationary rates", out};
}

std::optional<Section> courses_section(const RunView& run) {
    HtmlTable table(
        "Time courses, mean field against network",
        {"stimulus", "population", "RMSE Hz", "peak, network Hz", "peak, mean field Hz", "amplitude ratio", "phase °"},
        2);
    const Json& populations = at(run.summary, "populations");
    std::size_t stimuli = 0;
    for (const Json& p : populations) stimuli = std::max(stimuli, at(p, "dynamic").size());
    for (std::size_t i = 0; i < stimuli; ++i)
        for (const auto& [name, p] : populations.items()) {
            if (i >= at(p, "dynamic").size() || !at(p, "dynamic").is_array()) continue;
            const Json& row = at(p, "dynamic")[i];
            table.add({text_at(row, "stimulus"), name, shown_rate(number_at(row, "rmse_hz")),
                       shown_rate(number_at(row, "peak_network_hz")), shown_rate(number_at(row, "peak_mean_field_hz")),
                       shown_number(number_at(row, "amplitude_ratio")),
                       shown_number(number_at(row, "phase_difference_deg"))});
        }
    std::string out = figures_html(run, "courses");
    if (!table.empty())
        out += paragraph("Both sides smoothed by the same box. The amplitude ratio is mean field over network at the "
                         "stimulus's frequency; a positive phase means that the mean field is later.") +
               table.html();
    if (const std::string scores = score_tables(run); !scores.empty()) out += folded("Scores of the responses", scores);
    if (out.empty()) return std::nullopt;
    return Section{"courses", "Time courses", out};
}

std::optional<Section> budget_section(const RunView& run) {
    std::string tables;
    for (const auto& [name, p] : at(run.summary, "populations").items()) {
        std::vector<std::string> stimulations;
        add_names(stimulations, at(p, "error_budget"), "stimulation");
        for (const std::string& stimulation : stimulations)
            tables += budget_table(name, at(p, "error_budget"), stimulation);
    }
    std::string out = figures_html(run, "budget");
    if (!tables.empty()) out += budget_terms(run) + folded("Numbers of the error budget", tables);
    if (out.empty()) return std::nullopt;
    return Section{
        "budget", "Error budget",
        paragraph("The error of each stationary rate as a sum of steps from the network to the mean field, each of "
                  "which exchanges one thing.") +
            out};
}

std::optional<Section> spectra_section(const RunView& run) {
    std::string out = figures_html(run, "fluctuations", 3) + figures_html(run, "spectra", 3);
    if (const std::string tables = fluctuation_tables(run); !tables.empty())
        out += folded("Sizes of the fluctuations", tables, out.empty());
    if (out.empty()) return std::nullopt;
    return Section{"spectra", "Fluctuations and spectra", out};
}

std::optional<Section> network_only_section(const RunView& run) {
    std::string out;
    for (const Json& condition : at(run.summary, "network_only")) {
        HtmlTable table(text_at(condition, "label") + ": the network's rates in Hz, ± standard error",
                        {"population", "rate", "sd over cells", "firing cells", "their sd"});
        for (const auto& [name, row] : at(condition, "populations").items())
            table.add({name,
                       with_error(shown_rate(number_at(row, "rate_hz")), number_at(row, "rate_se_hz"), shown_rate),
                       shown_rate(number_at(row, "rate_sd_hz")), shown_rate(number_at(row, "rate_firing_hz")),
                       shown_rate(number_at(row, "rate_sd_firing_hz"))});
        out += paragraph(text_at(condition, "reason")) + table.html();
    }
    if (out.empty()) return std::nullopt;
    return Section{"network-only", "Conditions of the network alone", out};
}

} // namespace mfm
