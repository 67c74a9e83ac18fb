// SPDX-License-Identifier: Apache-2.0
// Figures over time, and of single cells.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "output/csv.hpp"
#include "output/figure_script.hpp"
#include "output/figures.hpp"
#include "support/files.hpp"
#include "validate/metrics.hpp"

namespace mfm {
namespace {

constexpr double title_gap = 30, close_gap = 6; // px above a strip with a title, and without
constexpr double stimulus_height = 50;          // px

std::string condition_name(const ConditionRecord& c) {
    return c.label.empty() ? c.stimulation : c.label;
}

/// Where a figure over time begins and ends, in ms; more than a second would be black.
std::pair<double, double> window(const ConditionRecord& c, double before, double longest) {
    const ComparisonWindow part = comparison_window(c);
    const double from = std::max(0.0, part.from_ms - before);
    return {from, std::min(part.to_ms, from + longest)};
}

std::string cells_title(const RecordedPopulation& p) {
    return fmt::format("set title {}\n", literal(fmt::format("{} (n = {} cells)", p.name, p.cells)));
}

/// The y axis of a strip, from 0 to the highest of these rates in the window (gnuplot finds no range of its own where
/// nobody fires).
std::string rate_axis(const std::vector<double>& rate, const ConditionRecord& c, std::pair<double, double> shown,
                      double height) {
    double highest = 0;
    for (std::size_t i = 0; i < rate.size(); ++i)
        if (const double t = (static_cast<double>(i) + 0.5) * c.course_bin; t >= shown.first && t <= shown.second)
            highest = std::max(highest, rate[i]);
    return fmt::format("set yrange [0:{}]\n", highest > 0 ? "*" : "1") + tics('y', 0, highest, height);
}

/// The stimulus, as block 0 of the data and the uppermost strip.
Strip stimulus_strip(Figure& figure, const ConditionRecord& c, std::pair<double, double> shown) {
    figure.data += "# time (ms), stimulus (Hz)\n";
    for (std::size_t i = 0; i < c.stimulus_hz.size(); ++i)
        figure.data +=
            fmt::format("{} {}\n", (static_cast<double>(i) + 0.5) * c.course_bin, data_number(c.stimulus_hz[i]));
    if (c.stimulus_hz.empty()) figure.data += "NaN NaN\n";
    return {title_gap, stimulus_height,
            rate_axis(c.stimulus_hz, c, shown, stimulus_height) +
                fmt::format("set title 'stimulus'\nplot '{}.dat' index 0 using 1:2 with lines lw 1.5 lc rgb '{}'\n",
                            figure.name, network_colour)};
}

std::string time_axes(const std::pair<double, double>& shown) {
    return fmt::format("set xrange [{}:{}]\nset ylabel 'rate (Hz)'\n", shown.first, shown.second);
}

} // namespace

Figure course_figure(const SpikeRecord& record, std::size_t condition, std::span<const RecordedPopulation> populations,
                     const MeanFieldResults& results, double smoothing_ms) {
    const auto& c = record.conditions.at(condition);
    const std::string file = course_file_name(record, condition);
    const bool compared = !c.partial();
    Figure figure;
    figure.name = "course_" + file.substr(0, file.size() - 4);
    figure.section = "courses";
    figure.title =
        fmt::format("Time course of {}: {}", c.stimulation, compared ? "network and mean field" : "network alone");
    figure.condition = condition_name(c);
    const auto model = std::find_if(results.conditions.begin(), results.conditions.end(), [&](const auto& m) {
        return m.stimulation == c.stimulation && m.condition == c.condition;
    });
    const ComparisonWindow part = comparison_window(c);
    const std::string network_line = fmt::format("lw 1.5 lc rgb '{}'", network_colour);
    const std::string band = fmt::format("filledcurves fs transparent solid 0.25 noborder lc rgb '{}'", network_colour);
    const std::string mean_field_line = fmt::format("lw 2 lc rgb '{}'", mean_field_colour);
    const auto shown = window(c, 50, 1000);
    constexpr double course_height = 100; // px
    std::vector<Strip> strips{stimulus_strip(figure, c, shown)};
    std::string cells, peaks;
    bool any_band = false;
    for (std::size_t p = 0; p < populations.size(); ++p) {
        if (!populations[p].modelled) continue;
        const auto& activity = c.population[p];
        const auto network = smooth_box(activity.course_hz, smoothing_ms, c.course_bin);
        const auto error = smooth_box(activity.course_se_hz, smoothing_ms, c.course_bin);
        const auto in_model = static_cast<std::size_t>(
            std::find(results.populations.begin(), results.populations.end(), populations[p].name) -
            results.populations.begin());
        ResampledCourse mean_field;
        if (model != results.conditions.end() && in_model < model->course_hz.size())
            mean_field = resample(model->time_ms, model->course_hz[in_model], c.course_bin, network.size());
        const auto smooth_field = smooth_box(mean_field.hz, smoothing_ms, c.course_bin);
        append_listed(cells, fmt::format("{} {}", populations[p].name, populations[p].cells));
        const auto first = static_cast<std::size_t>(part.from_ms / c.course_bin);
        const auto past = std::min(network.size(), static_cast<std::size_t>(part.to_ms / c.course_bin));
        if (first < past) {
            const auto highest = [&](const std::vector<double>& hz) {
                return *std::max_element(hz.begin() + static_cast<std::ptrdiff_t>(first),
                                         hz.begin() + static_cast<std::ptrdiff_t>(past));
            };
            const bool covered = compared && first >= mean_field.first && past <= mean_field.last;
            append_listed(peaks,
                          fmt::format("{} {:.3g} Hz{}", populations[p].name, highest(network),
                                      covered ? fmt::format(" (mean field {:.3g} Hz)", highest(smooth_field)) : ""));
        }
        figure.data += fmt::format("\n\n# {}: time (ms), network (Hz), standard error (Hz), mean field (Hz)\n",
                                   populations[p].name);
        for (std::size_t i = 0; i < network.size(); ++i) {
            const bool covered = i >= mean_field.first && i < mean_field.last;
            figure.data += fmt::format("{} {} {} {}\n", (static_cast<double>(i) + 0.5) * c.course_bin,
                                       data_number(network[i]), i < error.size() ? data_number(error[i]) : "NaN",
                                       covered ? data_number(smooth_field[i]) : "NaN");
        }
        if (network.empty()) figure.data += "NaN NaN NaN NaN\n";
        const std::string block = fmt::format("'{}.dat' index {}", figure.name, strips.size());
        std::vector<std::string> parts;
        if (!error.empty()) parts.push_back(block + " using 1:($2-$3):($2+$3) with " + band);
        any_band = any_band || !error.empty();
        parts.push_back(block + " using 1:2 with lines " + network_line);
        if (compared) parts.push_back(block + " using 1:4 with lines " + mean_field_line);
        std::vector<double> highest = network;
        for (std::size_t i = 0; i < highest.size(); ++i) {
            if (i < error.size()) highest[i] += error[i];
            if (compared && i >= mean_field.first && i < mean_field.last)
                highest[i] = std::max(highest[i], smooth_field[i]);
        }
        strips.push_back({title_gap, course_height,
                          rate_axis(highest, c, shown, course_height) + cells_title(populations[p]) + plotted(parts)});
    }
    std::vector<KeyEntry> entries{{"with lines " + network_line, "network"}};
    if (any_band) entries.push_back({"with " + band, "± standard error"});
    if (compared) entries.push_back({"with lines " + mean_field_line, "mean field"});
    const double height = stacked_height(strips) + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height) + time_axes(shown) + stacked(strips, height) +
                    key(entries, height) + closing();
    figure.caption = fmt::format(
        "The stimulus and the populations' rates, in Hz, over time, in ms: the network (black, mean of {}{}){}, "
        "smoothed by a box of {:g} ms. Cells: {}.",
        counted(c.trials, "trial"),
        any_band ? fmt::format("; band: ± one standard error of a bin of {:g} ms over trials", c.course_bin) : "",
        compared ? " and the mean field (vermilion)" : "", smoothing_ms, cells);
    figure.alt = fmt::format("Time courses of {} under '{}'{}.", counted(strips.size() - 1, "population"),
                             c.stimulation, peaks.empty() ? "" : "; highest rates of the network: " + peaks);
    return figure;
}

std::optional<Figure> raster_figure(const SpikeRecord& record, std::span<const RecordedPopulation> populations,
                                    double smoothing_ms) {
    const auto with_raster = std::find_if(record.conditions.begin(), record.conditions.end(), [](const auto& c) {
        return std::any_of(c.population.begin(), c.population.end(), [](const auto& p) { return p.raster_cells > 0; });
    });
    if (with_raster == record.conditions.end()) return std::nullopt;
    const ConditionRecord& c = *with_raster;
    Figure figure;
    figure.name = "raster";
    figure.section = "network";
    figure.title = fmt::format("Spikes of the network: {}", condition_name(c));
    figure.condition = condition_name(c);
    const auto shown =
        c.stationary ? std::pair{c.transient, std::min(c.duration, c.transient + 500.0)} : window(c, 50, 700);
    constexpr std::size_t most_marks = 6000; // of the figure: some 200 kB
    std::vector<Strip> strips{stimulus_strip(figure, c, shown)};
    std::size_t block = 1;
    std::string sampled, rates;
    for (std::size_t p = 0; p < populations.size(); ++p) {
        const PopulationActivity& activity = c.population[p];
        std::vector<std::vector<double>> spikes(activity.raster_cells);
        for (std::size_t k = 0; k < activity.raster_time.size(); ++k)
            if (activity.raster_time[k] >= shown.first && activity.raster_time[k] < shown.second)
                spikes.at(activity.raster_cell[k]).push_back(activity.raster_time[k]);
        std::size_t rows = 0, marks = 0; // fewer cells where they fire much
        while (rows < spikes.size() && (rows < 5 || marks + spikes[rows].size() <= most_marks / populations.size()))
            marks += spikes[rows++].size();
        figure.data += fmt::format("\n\n# {}: spikes of {} cells: time (ms), row\n", populations[p].name, rows);
        for (std::size_t row = 0; row < rows; ++row)
            for (const double t : spikes[row]) figure.data += fmt::format("{:.1f} {}\n", t, row + 1);
        if (marks == 0) figure.data += "NaN NaN\n";
        append_listed(sampled, fmt::format("{} {} of {}", populations[p].name, rows, populations[p].cells));
        strips.push_back(
            {title_gap, std::max(40.0, 2.0 * static_cast<double>(rows)),
             fmt::format(
                 "set title {}\nset ylabel 'cells'\nset yrange [0.4:{}]\nset ytics 1000\nplot '{}.dat' index {} "
                 "using 1:($2-0.4):(0):(0.8) with vectors nohead lw 1 lc rgb '{}'\n",
                 literal(fmt::format("{}: {} of {} cells, and rate of all", populations[p].name, rows,
                                     populations[p].cells)),
                 static_cast<double>(std::max<std::size_t>(rows, 1)) + 0.6, figure.name, block, network_colour)});
        const auto course = smooth_box(activity.course_hz, smoothing_ms, c.course_bin);
        double sum = 0;
        std::size_t bins = 0;
        figure.data += fmt::format("\n\n# {}: time (ms), rate (Hz)\n", populations[p].name);
        for (std::size_t i = 0; i < course.size(); ++i) {
            const double t = (static_cast<double>(i) + 0.5) * c.course_bin;
            if (t < shown.first || t > shown.second) continue;
            figure.data += fmt::format("{} {}\n", t, data_number(course[i]));
            sum += course[i];
            ++bins;
        }
        if (bins == 0) figure.data += "NaN NaN\n";
        if (bins > 0)
            append_listed(rates, fmt::format("{} {:.3g} Hz", populations[p].name, sum / static_cast<double>(bins)));
        strips.push_back({close_gap, 40,
                          rate_axis(course, c, shown, 40) +
                              fmt::format("set title ''\nset ylabel 'Hz'\nplot '{}.dat' index {} using 1:2 "
                                          "with filledcurves y1=0 fs solid 0.5 noborder lc rgb '{}'\n",
                                          figure.name, block + 1, curve_colours[0])});
        block += 2;
    }
    const double height = stacked_height(strips);
    figure.script =
        preamble(figure.name, figure.title, height) + time_axes(shown) + stacked(strips, height) + closing();
    figure.caption = fmt::format(
        "The stimulus, in Hz, the spikes of randomly chosen cells of every population (a row a cell, a mark a spike; {}"
        "), and below them the rate of all of the population's cells, in Hz ({}smoothed by a box of {:g} ms), over "
        "time, in ms. Shown cells: {}.",
        c.trials > 1 ? "first trial" : "one trial", c.trials > 1 ? fmt::format("mean of {} trials, ", c.trials) : "",
        smoothing_ms, sampled);
    figure.alt =
        fmt::format("Raster of the spikes of {} from {:g} to {:g} ms of '{}'; mean rates there: {}.",
                    counted(populations.size(), "population"), shown.first, shown.second, condition_name(c), rates);
    return figure;
}

std::vector<Figure> cell_rate_figures(const SpikeRecord& record, std::span<const RecordedPopulation> populations) {
    std::vector<std::string> stimulations;
    for (const ConditionRecord& c : record.conditions)
        if (c.stationary && std::find(stimulations.begin(), stimulations.end(), c.stimulation) == stimulations.end())
            stimulations.push_back(c.stimulation);
    std::vector<Figure> figures;
    for (const std::string& stimulation : stimulations) {
        std::vector<const ConditionRecord*> levels;
        for (const ConditionRecord& c : record.conditions)
            if (c.stationary && c.stimulation == stimulation) levels.push_back(&c);
        std::stable_sort(levels.begin(), levels.end(),
                         [](const auto* a, const auto* b) { return a->level_hz < b->level_hz; });
        if (levels.size() > 3) levels = {levels.front(), levels[levels.size() / 2], levels.back()};
        Figure figure;
        figure.name = "cell_rates_" + file_name_of(stimulation);
        figure.section = "network";
        figure.title = fmt::format("Rates of the network's single cells, {}", stimulation);
        figure.condition = stimulation;
        figure.data = "# lower edge of the bin (Hz), cells in it (%)\n";
        std::vector<std::string> styles, plots;
        std::vector<KeyEntry> entries;
        for (std::size_t i = 0; i < levels.size(); ++i) {
            styles.push_back(fmt::format("lw {} dt {} lc rgb '{}'", i == 2 ? 2.5 : 2.0, i + 1, curve_colours[i]));
            entries.push_back(
                {"with lines " + styles[i], fmt::format("{} at {:.4g} Hz", stimulation, levels[i]->level_hz)});
        }
        std::string spread;
        std::size_t block = 0;
        for (std::size_t p = 0; p < populations.size(); ++p) {
            if (!populations[p].modelled) continue;
            double highest = 0, quantum = 0; // quantum: of one spike
            for (const ConditionRecord* c : levels) {
                for (const double rate : c->population[p].cell_rate_hz) highest = std::max(highest, rate);
                quantum = std::max(quantum, 1000.0 / ((c->duration - c->transient) * c->trials));
            }
            const double bins = std::clamp(2.0 * std::sqrt(static_cast<double>(populations[p].cells)), 8.0, 40.0);
            const double width = quantum * std::max(1.0, std::ceil(highest / (bins * quantum)));
            std::vector<std::string> parts;
            for (std::size_t i = 0; i < levels.size(); ++i) {
                const std::vector<double>& rates = levels[i]->population[p].cell_rate_hz;
                std::vector<std::size_t> count(static_cast<std::size_t>(highest / width + 1e-9) + 1, 0);
                for (const double rate : rates) ++count[static_cast<std::size_t>(rate / width + 1e-9)];
                figure.data += fmt::format("{}# {}, {}\n0 0\n", block == 0 ? "" : "\n\n", populations[p].name,
                                           condition_name(*levels[i]));
                for (std::size_t k = 0; k < count.size() && !rates.empty(); ++k)
                    figure.data +=
                        fmt::format("{} {:.5g}\n", static_cast<double>(k) * width,
                                    100.0 * static_cast<double>(count[k]) / static_cast<double>(rates.size()));
                figure.data += fmt::format("{} 0\n", static_cast<double>(count.size()) * width);
                parts.push_back(
                    fmt::format("'{}.dat' index {} using 1:2 with steps {}", figure.name, block++, styles[i]));
            }
            const PopulationActivity& last = levels.back()->population[p];
            append_listed(spread,
                          fmt::format("{} {:.3g} ± {:.3g} Hz", populations[p].name, last.rate_hz, last.rate_sd_hz));
            plots.push_back(tics('x', 0, highest, 250) + cells_title(populations[p]) + plotted(parts));
        }
        if (plots.empty()) continue;
        const Sheet sheet{plots.size()};
        const double height = sheet.bottom() + key_height(entries);
        figure.script = preamble(figure.name, figure.title, height) +
                        "set xlabel 'rate of a cell (Hz)'\nset ylabel 'cells (%)'\nset yrange [0:*]\nset xrange "
                        "[0:*]\n";
        for (std::size_t i = 0; i < plots.size(); ++i) figure.script += placed(sheet.axes(i), height) + plots[i];
        figure.script += key(entries, height) + closing();
        figure.caption = fmt::format(
            "How the rates of a population's single cells, in Hz, are distributed (in % of its cells) at {} of '{}'. A "
            "rate is a count of spikes in {:g} s.",
            counted(levels.size(), "level"), stimulation,
            1e-3 * (levels.back()->duration - levels.back()->transient) * levels.back()->trials);
        figure.alt = fmt::format("Histograms of the rates of single cells in {}; mean ± standard deviation over cells "
                                 "at {:.4g} Hz: {}.",
                                 counted(plots.size(), "population"), levels.back()->level_hz, spread);
        figures.push_back(std::move(figure));
    }
    return figures;
}

} // namespace mfm
