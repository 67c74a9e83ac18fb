// SPDX-License-Identifier: Apache-2.0
#include "output/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "output/figure_script.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

/// The rows of one stimulation by increasing stimulus.
template <class Row> std::vector<Row> rows_of(const std::vector<Row>& rows, const std::string& stimulation) {
    std::vector<Row> out;
    for (const Row& row : rows)
        if (row.stimulation == stimulation) out.push_back(row);
    std::stable_sort(out.begin(), out.end(), [](const Row& a, const Row& b) { return a.stimulus_hz < b.stimulus_hz; });
    return out;
}

/// A range that shows the outermost points whole.
template <class Row> std::string x_range(const std::vector<Row>& sorted) {
    const double from = sorted.front().stimulus_hz, to = sorted.back().stimulus_hz;
    const double beside = to > from ? 0.06 * (to - from) : 1.0;
    constexpr double narrowest = 250; // px of a panel
    return fmt::format("set xrange [{}:{}]\n{}", from - beside, to + beside, tics('x', from, to, narrowest));
}

std::string panel_title(const PopulationReport& p) {
    return fmt::format("set title {}\n", literal(fmt::format("{} (n = {} cells)", p.name, p.cells)));
}

const std::string network_points = fmt::format("pt 7 ps 0.7 lw 1.5 lc rgb '{}'", network_colour);
const std::string mean_field_line = fmt::format("pt 4 ps 0.7 lw 2 lc rgb '{}'", mean_field_colour);
const std::string mean_k_line = fmt::format("lw 2 dt 2 lc rgb '{}'", mean_k_colour);

Figure rate_figure(const ValidationReport& report, const std::string& stimulation) {
    Figure figure;
    figure.name = "rates_" + file_name_of(stimulation);
    figure.section = "rates";
    figure.title = fmt::format("Stationary rates over {}: network and mean field", stimulation);
    figure.condition = stimulation;
    figure.data = "# stimulus (Hz), network rate (Hz), standard error (Hz), mean-field rate (Hz), mean-field rate at "
                  "mean in-degree (Hz), relative error (%), its standard error (%)\n";
    constexpr double rates_height = 170, gap = 14, errors_height = 76;
    Sheet sheet{0, rates_height + gap + errors_height};
    for (const auto& p : report.populations) sheet.panels += !rows_of(p.stationary, stimulation).empty();
    std::string cells, where, panels;
    std::optional<double> worst;
    std::size_t index = 0, levels = 0;
    bool any_mean_k = false;
    std::vector<std::pair<Axes, std::string>> plots;
    for (const auto& p : report.populations) {
        const std::vector<StationaryRow> sorted = rows_of(p.stationary, stimulation);
        if (sorted.empty()) continue;
        append_listed(cells, fmt::format("{} {}", p.name, p.cells));
        levels = std::max(levels, sorted.size());
        figure.data += fmt::format("{}# {}\n", index == 0 ? "" : "\n\n", p.name);
        bool mean_k = false;
        double lowest = -5, highest = 5; // %, of the errors
        for (const StationaryRow& row : sorted) {
            std::optional<double> percent, percent_se;
            if (row.relative_error) percent = 100.0 * *row.relative_error;
            if (row.relative_error && row.network_rate_se_hz)
                percent_se = 100.0 * *row.network_rate_se_hz / std::max(*row.network_rate_hz, row.floor_hz);
            figure.data +=
                fmt::format("{} {} {} {} {} {} {}\n", row.stimulus_hz, data_number(row.network_rate_hz),
                            data_number(row.network_rate_se_hz), data_number(row.mean_field_rate_hz),
                            data_number(row.mean_field_mean_k_rate_hz), data_number(percent), data_number(percent_se));
            mean_k = mean_k || row.mean_field_mean_k_rate_hz;
            lowest = std::min(lowest, percent.value_or(0.0) - percent_se.value_or(0.0));
            highest = std::max(highest, percent.value_or(0.0) + percent_se.value_or(0.0));
            if (!percent || std::abs(*percent) <= std::abs(worst.value_or(0.0))) continue;
            worst = percent;
            where = fmt::format("{} at {:g} Hz: network {:.4g} Hz, mean field {:.4g} Hz", p.name, row.stimulus_hz,
                                *row.network_rate_hz, *row.mean_field_rate_hz);
        }
        any_mean_k = any_mean_k || mean_k;
        const auto any = [&](std::optional<double> StationaryRow::*value) {
            return std::any_of(sorted.begin(), sorted.end(), [&](const auto& row) { return row.*value; });
        };
        const bool compared = any(&StationaryRow::relative_error);
        const std::string block = fmt::format("'{}.dat' index {}", figure.name, index);
        const Axes axes = sheet.axes(index++);
        std::vector<std::string> parts;
        const bool bars = any(&StationaryRow::network_rate_se_hz); // gnuplot leaves a point without one out
        if (bars) parts.push_back(block + " using 1:2:3 with yerrorbars " + network_points);
        if (any(&StationaryRow::network_rate_hz)) parts.push_back(block + " using 1:2 with points " + network_points);
        if (mean_k) parts.push_back(block + " using 1:5 with lines " + mean_k_line);
        if (any(&StationaryRow::mean_field_rate_hz))
            parts.push_back(block + " using 1:4 with linespoints " + mean_field_line);
        const std::string stimulus_axis =
            fmt::format("set xlabel {}\nset format x\n", literal("rate of " + stimulation + " (Hz)"));
        plots.emplace_back(Axes{axes.left, axes.top, axes.width, compared ? rates_height : axes.height},
                           panel_title(p) + x_range(sorted) +
                               (compared ? "set xlabel ''\nset format x ''\n" : stimulus_axis) +
                               "set ylabel 'rate (Hz)'\nset yrange [0:*]\nset ytics autofreq\n" + plotted(parts));
        if (!compared) continue;
        std::vector<std::string> error{block + " using 1:6 with linespoints " + mean_field_line};
        if (bars) error.push_back(block + " using 1:6:7 with yerrorbars " + mean_field_line);
        plots.emplace_back(Axes{axes.left, axes.top + rates_height + gap, axes.width, errors_height},
                           "set title ''\n" + stimulus_axis +
                               "set ylabel 'error (%)'\nset yrange [*<-5:5<*]\nset xzeroaxis lt 1 lc rgb '#000000'\n" +
                               tics('y', lowest, highest, errors_height) + plotted(error) + "unset xzeroaxis\n");
    }
    std::vector<KeyEntry> entries{{"with points " + network_points, "network"},
                                  {"with linespoints " + mean_field_line, "mean field, and its error"}};
    if (any_mean_k) entries.push_back({"with lines " + mean_k_line, "mean field at mean in-degree"});
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height);
    for (const auto& [axes, plot] : plots) figure.script += placed(axes, height) + plot;
    figure.script += key(entries, height) + closing();
    figure.caption = fmt::format(
        "Rates of every population, in Hz, over the rate of '{}', in Hz, in the network (black circles; bars: ± one "
        "standard error over blocks of time) and in the mean field (vermilion squares{}), and below, the mean field's "
        "error relative to the network, in % (bars: ± one standard error of the network's rate). Cells: {}.",
        stimulation, any_mean_k ? "; dashed blue: with every cell at the mean in-degree" : "", cells);
    figure.alt =
        fmt::format("Rates of {} at {} of '{}'", counted(index, "population"), counted(levels, "level"), stimulation);
    figure.alt += worst ? fmt::format("; the mean field's largest error is {:+.1f} % ({}).", *worst, where)
                        : "; there is no network's rate to compare with the mean field's.";
    return figure;
}

} // namespace

std::vector<Figure> rate_figures(const ValidationReport& report) {
    std::vector<Figure> figures;
    for (const std::string& stimulation : stationary_stimulations(report))
        figures.push_back(rate_figure(report, stimulation));
    return figures;
}

std::vector<Figure> fluctuation_figures(const ValidationReport& report) {
    struct Side {
        const char* name;
        std::string style;
        std::optional<double> FluctuationRow::*sd;
    };
    const std::vector<Side> sides{
        {"network", "linespoints " + network_points, &FluctuationRow::network_sd_hz},
        {"independent Poisson cells", "lines lw 1.5 dt 3 lc rgb '#777777'", &FluctuationRow::independent_sd_hz},
        {"mean field, linear theory", "linespoints " + mean_field_line, &FluctuationRow::mean_field_sd_hz},
        {"mean field with noise", fmt::format("linespoints pt 9 ps 0.7 lw 2 dt 2 lc rgb '{}'", mean_k_colour),
         &FluctuationRow::noisy_sd_hz}};
    std::vector<Figure> figures;
    for (const std::string& stimulation : stationary_stimulations(report)) {
        Figure figure;
        figure.name = "fluctuations_" + file_name_of(stimulation);
        figure.section = "fluctuations";
        figure.title = fmt::format("Fluctuations of the populations' activity over {}", stimulation);
        figure.condition = stimulation;
        figure.data = "# stimulus (Hz), standard deviations (Hz):";
        for (const Side& side : sides) figure.data += fmt::format(" {},", side.name);
        figure.data.back() = '\n';
        Sheet sheet{0};
        for (const auto& p : report.populations) sheet.panels += !rows_of(p.fluctuations, stimulation).empty();
        if (sheet.panels == 0) continue;
        std::string cells, largest;
        std::size_t index = 0;
        std::vector<bool> known(sides.size(), false);
        std::vector<std::string> plots;
        for (const auto& p : report.populations) {
            const std::vector<FluctuationRow> sorted = rows_of(p.fluctuations, stimulation);
            if (sorted.empty()) continue;
            append_listed(cells, fmt::format("{} {}", p.name, p.cells));
            figure.data += fmt::format("{}# {}\n", index == 0 ? "" : "\n\n", p.name);
            const FluctuationRow* highest = nullptr;
            for (const FluctuationRow& row : sorted) {
                figure.data += fmt::format("{}", row.stimulus_hz);
                for (const Side& side : sides) figure.data += fmt::format(" {}", data_number(row.*side.sd));
                figure.data += "\n";
                if (row.network_sd_hz && (highest == nullptr || *row.network_sd_hz > *highest->network_sd_hz))
                    highest = &row;
            }
            if (highest != nullptr)
                append_listed(largest, fmt::format("{} {:.3g} Hz at {:g} Hz{}", p.name, *highest->network_sd_hz,
                                                   highest->stimulus_hz,
                                                   highest->mean_field_sd_hz ? fmt::format(" (linear theory {:.3g} Hz)",
                                                                                           *highest->mean_field_sd_hz)
                                                                             : ""));
            std::vector<std::string> parts;
            for (std::size_t i = 0; i < sides.size(); ++i)
                if (std::any_of(sorted.begin(), sorted.end(), [&](const auto& row) { return row.*sides[i].sd; })) {
                    known[i] = true;
                    parts.push_back(
                        fmt::format("'{}.dat' index {} using 1:{} with {}", figure.name, index, i + 2, sides[i].style));
                }
            plots.push_back(panel_title(p) + x_range(sorted) + plotted(parts));
            ++index;
        }
        std::vector<KeyEntry> entries;
        for (std::size_t i = 0; i < sides.size(); ++i)
            if (known[i]) entries.push_back({"with " + sides[i].style, sides[i].name});
        if (entries.empty()) continue;
        const double height = sheet.bottom() + key_height(entries);
        figure.script = preamble(figure.name, figure.title, height);
        figure.script += fmt::format("set xlabel {}\nset ylabel 'sd of the rate (Hz)'\nset yrange [0:*]\n",
                                     literal("rate of " + stimulation + " (Hz)"));
        for (std::size_t i = 0; i < plots.size(); ++i) figure.script += placed(sheet.axes(i), height) + plots[i];
        figure.script += key(entries, height) + closing();
        figure.caption = fmt::format(
            "Standard deviation of the populations' rates, in Hz, counted in bins of {:g} ms, over the rate of '{}', "
            "in "
            "Hz: network, as many independent Poisson cells of the same rates, and the mean field with finite-size "
            "noise, by linear theory or integrated, as far as they were computed. Cells: {}.",
            report.fluctuation_bin_ms, stimulation, cells);
        figure.alt = fmt::format("Standard deviations of the rates of {}{}.", counted(index, "population"),
                                 largest.empty() ? "" : "; the network's largest: " + largest);
        figures.push_back(std::move(figure));
    }
    return figures;
}

} // namespace mfm
