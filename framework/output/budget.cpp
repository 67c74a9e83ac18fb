// SPDX-License-Identifier: Apache-2.0
#include "output/budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "output/csv.hpp"
#include "output/figure_script.hpp"
#include "output/text_table.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 14> sentences{{
    {"correlation", "cells of the network under Poisson input at their own sources' recorded rates, in place of the "
                    "network: what trains that are no Poisson trains and correlations of single cells do"},
    {"common_fluctuations", "the same at constant rates, in place of ones that follow the recorded activity of the "
                            "sources' populations"},
    {"source_rates", "every source at its population's mean rate, in place of its own"},
    {"regular_trains", "few and regular sources as renewal trains, as the transfer function is sampled"},
    {"computed_fluctuations", "rates that follow the computed fluctuations of the sources' populations, as the "
                              "transfer function is sampled (transfer.fluctuations)"},
    {"population_function", "the population's transfer function, measured on sampled cells, in place of these cells: "
                            "its fit, computed rates and fluctuations of single sources"},
    {"cell_sample", "all cells in place of those that were measured"},
    {"fit", "the fitted transfer function of each cell's in-degrees, in place of measured cells"},
    {"computed_source_rates", "in-degrees that weigh each source by its computed rate (mean_field.cell_rates)"},
    {"in_degree", "the mean field's nodes of the in-degrees, in place of all cells"},
    {"calibration", "the calibration's scales"},
    {"loops", "the rates at which all populations agree, in place of the network's: what errors do on their way round "
              "the loops"},
    {"second_order", "the master equation's second order, in place of its first"},
    {"curvature", "what a linear theory of the loops misses"},
}};

std::string label(const std::string& name) {
    std::string text = name;
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

void add_name(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

std::vector<std::string> stimulations(const ValidationReport& report) {
    std::vector<std::string> names;
    for (const auto& p : report.populations)
        for (const BudgetRow& row : p.error_budget) add_name(names, row.stimulation);
    return names;
}

/// Names of the terms of some rows, in the order of the chain.
std::vector<std::string> names_of(const std::vector<BudgetRow>& rows, std::vector<BudgetTerm> BudgetRow::*terms) {
    std::vector<std::string> names;
    for (const BudgetRow& row : rows)
        for (const BudgetTerm& term : row.*terms) add_name(names, term.name);
    // What is left comes last, whatever rows lack.
    std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name != "curvature"; });
    return names;
}

std::string term_text(const BudgetRow& row, const std::vector<BudgetTerm>& terms, const std::string& name) {
    const auto term = std::find_if(terms.begin(), terms.end(), [&](const BudgetTerm& t) { return t.name == name; });
    if (term == terms.end()) return "-";
    const std::string se = term->se_hz ? fmt::format(" ± {:.1f}", 100.0 * row.relative(*term->se_hz)) : "";
    return fmt::format("{:+.1f}{}", 100.0 * row.relative(term->hz), se);
}

/// One row a stimulus; the last column is the sum where it is asked for.
std::string table_of(const PopulationReport& p, const std::string& stimulation,
                     std::vector<BudgetTerm> BudgetRow::*terms, bool with_total) {
    const std::vector<std::string> names = names_of(p.error_budget, terms);
    std::vector<std::string> header{"Hz"};
    for (const std::string& name : names) header.push_back(label(name));
    if (with_total) header.emplace_back("total");
    TextTable table(header, 0);
    for (const BudgetRow& row : p.error_budget) {
        if (row.stimulation != stimulation || (row.*terms).empty()) continue;
        std::vector<std::string> cells{short_text(row.stimulus_hz)};
        for (const std::string& name : names) cells.push_back(term_text(row, row.*terms, name));
        if (with_total) cells.push_back(fmt::format("{:+.1f}", 100.0 * row.relative(row.total_hz())));
        table.add(cells);
    }
    return table.empty() ? "" : table.text();
}

/// "correlation: ...", for all swaps of all populations, joined ones apart.
std::string legend(const ValidationReport& report) {
    std::vector<std::string> names;
    for (const auto& p : report.populations)
        for (const std::string& joined : names_of(p.error_budget, &BudgetRow::terms))
            for (std::size_t at = 0; at < joined.size();) {
                const std::size_t end = std::min(joined.find('+', at), joined.size());
                add_name(names, joined.substr(at, end - at));
                at = end + 1;
            }
    std::string out;
    for (const std::string& name : names)
        if (const std::string sentence = swap_sentence(name); !sentence.empty())
            out += wrap(label(name) + ": " + sentence + ".", "  ", "    ");
    return out;
}

// Okabe & Ito's colours, and a grey: bars lie beside each other, so that none may be missing.
constexpr std::array<const char*, 8> bar_colours{"#E69F00", "#56B4E9", "#009E73", "#999999",
                                                 "#0072B2", "#CC79A7", "#D55E00", "#F0E442"};

const char* bar_colour(std::size_t i) {
    return bar_colours[i % bar_colours.size()];
}
/// The colours' second round is hatched.
std::string bar_fill(std::size_t i) {
    return i < bar_colours.size() ? "fillstyle solid 0.9 noborder" : "fillstyle pattern 4 noborder";
}

/// Ends of a row's bars in percent: what is positive stacks upwards, what is negative downwards.
std::vector<std::pair<double, double>> bars_of(const BudgetRow& row, const std::vector<std::string>& names) {
    std::vector<std::pair<double, double>> bars;
    double up = 0, down = 0;
    for (const std::string& name : names) {
        const auto term =
            std::find_if(row.terms.begin(), row.terms.end(), [&](const BudgetTerm& t) { return t.name == name; });
        const double percent = term == row.terms.end() ? 0.0 : 100.0 * row.relative(term->hz);
        double& end = percent < 0 ? down : up;
        bars.emplace_back(end, end + percent);
        end += percent;
    }
    return bars;
}

Figure budget_figure(const ValidationReport& report, const std::string& stimulation) {
    Figure figure;
    figure.name = fmt::format("error_budget_{}", file_name_of(stimulation));
    figure.section = "budget";
    figure.title = fmt::format("What the errors over {} are made of", stimulation);
    figure.condition = stimulation;
    std::string largest, cells;
    std::vector<std::string> names;
    Sheet sheet{0};
    for (const auto& p : report.populations) {
        for (const std::string& name : names_of(p.error_budget, &BudgetRow::terms)) add_name(names, name);
        sheet.panels += std::any_of(p.error_budget.begin(), p.error_budget.end(),
                                    [&](const BudgetRow& row) { return row.stimulation == stimulation; });
    }
    std::vector<KeyEntry> entries;
    for (std::size_t i = 0; i < names.size(); ++i)
        entries.push_back({fmt::format("with boxes {} lc rgb '{}'", bar_fill(i), bar_colour(i)), label(names[i])});
    const std::string total = fmt::format("with points pt 7 ps 0.8 lc rgb '{}'", network_colour);
    entries.push_back({total, "total"});
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height);
    figure.script +=
        fmt::format("set xlabel {}\nset ylabel {}\nset xzeroaxis lt 1 lc rgb '#000000'\n"
                    "set offsets 0.5, 0.5, 0, 0\n",
                    literal(fmt::format("rate of {} (Hz)", stimulation)), literal("of the network's rate (%)"));
    figure.data = "# position, left, right, then for each swap the lower and upper end of its bar (%), then the total "
                  "(%); swaps:";
    for (const std::string& name : names) figure.data += ' ' + name;
    figure.data += "\n";
    std::size_t block = 0;
    for (const auto& p : report.populations) {
        std::string tics, data;
        std::size_t at = 0;
        double size = 0; // of the largest term, %
        std::string term_of_it;
        for (const BudgetRow& row : p.error_budget) {
            if (row.stimulation != stimulation) continue;
            for (const BudgetTerm& term : row.terms)
                if (const double percent = 100.0 * row.relative(term.hz); std::abs(percent) > size) {
                    size = std::abs(percent);
                    term_of_it =
                        fmt::format("{} {} {:+.1f} % at {:g} Hz", p.name, label(term.name), percent, row.stimulus_hz);
                }
            tics += fmt::format("{}'{:g}' {}", at == 0 ? "" : ", ", row.stimulus_hz, at);
            data += fmt::format("{} {} {}", at, static_cast<double>(at) - 0.35, static_cast<double>(at) + 0.35);
            for (const auto& bar : bars_of(row, names))
                data += fmt::format(" {} {}", data_number(bar.first), data_number(bar.second));
            data += fmt::format(" {}\n", data_number(100.0 * row.relative(row.total_hz())));
            ++at;
        }
        if (at == 0) continue;
        append_listed(cells, fmt::format("{} {}", p.name, p.cells));
        if (!term_of_it.empty()) append_listed(largest, term_of_it);
        figure.data += fmt::format("{}# {}\n{}", block == 0 ? "" : "\n\n", p.name, data);
        std::vector<std::string> parts;
        const std::string from = fmt::format("'{}.dat' index {}", figure.name, block);
        for (std::size_t i = 0; i < names.size(); ++i)
            parts.push_back(fmt::format("{} using 1:{}:2:3:{}:{} with boxxyerror {} lc rgb '{}'", from, 4 + 2 * i,
                                        4 + 2 * i, 5 + 2 * i, bar_fill(i), bar_colour(i)));
        parts.push_back(fmt::format("{} using 1:{} {}", from, 4 + 2 * names.size(), total));
        figure.script += placed(sheet.axes(block++), height) +
                         fmt::format("set title {}\nset xtics ({})\n",
                                     literal(fmt::format("{} (n = {} cells)", p.name, p.cells)), tics) +
                         plotted(parts);
    }
    figure.script += key(entries, height) + closing();
    figure.caption = fmt::format("The mean field's error, in % of the network's rate, over the rate of '{}', in Hz, as "
                                 "a sum of swaps on the way from the network to the mean field: positive ones stack "
                                 "upwards, negative ones downwards, and the point is their sum. Standard errors are in "
                                 "error_budget.csv. Cells: {}.",
                                 stimulation, cells);
    figure.alt = fmt::format("Stacked bars of the terms of the error in {}{}.", counted(block, "population"),
                             largest.empty() ? "" : "; largest terms: " + largest);
    return figure;
}

} // namespace

std::string swap_sentence(const std::string& name) {
    for (const auto& [swap, sentence] : sentences)
        if (name == swap) return sentence;
    return "";
}

std::string budget_part(const ValidationReport& report) {
    std::string tables, loops;
    for (const std::string& name : stimulations(report))
        for (const auto& p : report.populations) {
            const std::string title = fmt::format("\n{}, '{}'\n", p.name, name);
            if (const auto t = table_of(p, name, &BudgetRow::terms, true); !t.empty()) tables += title + t;
            if (const auto t = table_of(p, name, &BudgetRow::loops, false); !t.empty()) loops += title + t;
        }
    if (tables.empty()) return "";
    std::string out = heading("Error budget");
    out += wrap("What the errors of the stationary rates are made of, in % of the network's rate. Each "
                "column is one swap on the way from the network to the mean field, ± its sampling noise, "
                "and the columns add up to the error. error_budget.csv has the same in Hz.");
    out += legend(report) + tables;
    if (loops.empty()) return out;
    out += '\n';
    out += wrap("What comes round the loops, by the population whose own error it is (to first order; curvature: the "
                "rest):");
    return out + loops;
}

std::string budget_csv(const ValidationReport& report) {
    const std::vector<std::string> header{"stimulation",       "stimulus (Hz)",        "population",
                                          "network rate (Hz)", "mean-field rate (Hz)", "swap",
                                          "change (Hz)",       "standard error (Hz)",  "relative change (1)"};
    CsvTable csv(header);
    for (const auto& p : report.populations)
        for (const BudgetRow& row : p.error_budget)
            for (const BudgetTerm& term : row.terms) {
                csv.field(row.stimulation).field(row.stimulus_hz).field(p.name);
                csv.field(row.network_rate_hz).field(row.mean_field_rate_hz);
                csv.field(term.name).field(term.hz).field(term.se_hz).field(row.relative(term.hz));
                csv.end_row();
            }
    return csv.text();
}

std::vector<Figure> budget_figures(const ValidationReport& report) {
    std::vector<Figure> figures;
    for (const std::string& name : stimulations(report)) figures.push_back(budget_figure(report, name));
    return figures;
}

} // namespace mfm
