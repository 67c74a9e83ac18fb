// SPDX-License-Identifier: Apache-2.0
#include "output/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "output/csv.hpp"
#include "output/figure_script.hpp"
#include "support/files.hpp"
#include "validate/metrics.hpp"

namespace mfm {

TransferSlices transfer_slices(const TransferFunction& function, std::span<const SlicePathway> pathways,
                               const TransferTable& table, std::size_t count) {
    TransferSlices slices;
    slices.population = table.population;
    std::vector<const TransferPoint*> working, shown;
    for (const auto& p : table.points) {
        if (p.I != 0.0 || p.use == TransferPoint::Use::OperatingPoint) continue;
        shown.push_back(&p);
        slices.seconds = shown.size() == 1 ? p.seconds : std::min(slices.seconds, p.seconds);
        if (p.use == TransferPoint::Use::Working && p.G_e > 0.0) working.push_back(&p);
    }
    if (working.empty() || count == 0) return slices;
    std::stable_sort(working.begin(), working.end(), [](const auto* a, const auto* b) { return a->G_i < b->G_i; });
    std::vector<const TransferPoint*> through;
    for (std::size_t k = 0; k < count; ++k) {
        const auto* p = working[(2 * k + 1) * working.size() / (2 * count)];
        if (through.empty() || p->G_i > through.back()->G_i) through.push_back(p);
    }
    double largest = 0.0;
    for (const auto* p : working) largest = std::max(largest, p->G_e);
    constexpr std::size_t steps = 100;
    for (const auto* p : through) {
        TransferCurve curve;
        curve.G_i = p->G_i;
        for (std::size_t i = 0; i <= steps; ++i) {
            const double G_e = largest * static_cast<double>(i) / steps;
            std::vector<double> r;
            for (std::size_t s = 0; s < pathways.size(); ++s)
                r.push_back(pathways[s].K * p->nu[s] * (pathways[s].excitatory ? G_e / p->G_e : 1.0));
            double rate = 0.0;
            try {
                function.evaluate(r, 1, std::span(&rate, 1), {}, {});
            } catch (const Error&) {
                continue; // not defined there: a gap in the curve
            }
            curve.G_e.push_back(G_e);
            curve.rate_hz.push_back(rate);
        }
        slices.curves.push_back(std::move(curve));
    }
    constexpr double near = 0.15; // a curve's own points: within 15 % of its inhibition
    for (const auto* p : shown) {
        if (p->G_e > 1.05 * largest) continue;
        auto& nearest =
            *std::min_element(slices.curves.begin(), slices.curves.end(), [&](const auto& a, const auto& b) {
                return std::abs(a.G_i - p->G_i) < std::abs(b.G_i - p->G_i);
            });
        if (std::abs(nearest.G_i - p->G_i) > near * nearest.G_i) continue;
        nearest.sampled_G_e.push_back(p->G_e);
        nearest.sampled_hz.push_back(p->rate_hz);
        nearest.sampled_se_hz.push_back(p->se_hz);
    }
    return slices;
}

std::vector<Figure> rate_figures(const ValidationReport& report) {
    std::vector<std::string> stimulations;
    for (const auto& p : report.populations)
        for (const auto& row : p.stationary)
            if (std::find(stimulations.begin(), stimulations.end(), row.stimulation) == stimulations.end())
                stimulations.push_back(row.stimulation);
    std::vector<Figure> figures;
    for (const auto& stimulation : stimulations) {
        Figure figure;
        figure.name = "rates_" + file_name_of(stimulation);
        figure.section = "rates";
        figure.title = fmt::format("Stationary rates over '{}': network and mean field", stimulation);
        figure.condition = stimulation;
        std::string cells;
        std::size_t levels = 0;
        std::optional<double> worst;
        std::string where;
        const auto [columns, rows] = layout(report.populations.size());
        figure.script = preamble(figure.name, columns, rows,
                                 "network (± standard error over time blocks) and mean field, '" + stimulation + "'",
                                 "inside bottom right");
        figure.script += fmt::format("set xlabel {}\nset ylabel 'rate (Hz)'\nset yrange [0:*]\n",
                                     literal("rate of " + stimulation + " (Hz)"));
        figure.data = "# stimulus (Hz), network rate (Hz), standard error (Hz), mean-field rate (Hz), mean-field rate "
                      "at mean in-degree (Hz)\n";
        std::size_t index = 0;
        for (const auto& p : report.populations) {
            std::vector<StationaryRow> sorted;
            for (const auto& row : p.stationary)
                if (row.stimulation == stimulation) sorted.push_back(row);
            if (sorted.empty()) continue;
            std::stable_sort(sorted.begin(), sorted.end(),
                             [](const auto& a, const auto& b) { return a.stimulus_hz < b.stimulus_hz; });
            cells += fmt::format("{}{} {}", cells.empty() ? "" : ", ", p.name, p.cells);
            levels = std::max(levels, sorted.size());
            for (const auto& row : sorted)
                if (row.relative_error && !(std::abs(*row.relative_error) <= std::abs(worst.value_or(0.0)))) {
                    worst = row.relative_error;
                    where = fmt::format("{} at {:g} Hz: network {:.4g} Hz, mean field {:.4g} Hz", p.name,
                                        row.stimulus_hz, *row.network_rate_hz, *row.mean_field_rate_hz);
                }
            figure.data += fmt::format("{}# {}\n", index == 0 ? "" : "\n\n", p.name);
            bool mean_k = false;
            for (const auto& row : sorted) {
                figure.data += fmt::format("{} {} {} {} {}\n", row.stimulus_hz, data_number(row.network_rate_hz),
                                           data_number(row.network_rate_se_hz), data_number(row.mean_field_rate_hz),
                                           data_number(row.mean_field_mean_k_rate_hz));
                mean_k = mean_k || row.mean_field_mean_k_rate_hz;
            }
            figure.script += fmt::format("set title {}\n", literal(fmt::format("{} (n = {} cells)", p.name, p.cells)));
            figure.script += fmt::format(
                "plot '{0}.dat' index {1} using 1:2:3 with yerrorbars pt 7 ps 0.6 lc rgb '{2}' title 'network', \\\n"
                "     '{0}.dat' index {1} using 1:4 with linespoints pt 6 ps 0.5 lw 2 lc rgb '{3}' title 'mean field'",
                figure.name, index, network_colour, mean_field_colour);
            if (mean_k)
                figure.script += fmt::format(", \\\n     '{}.dat' index {} using 1:5 with lines lw 1.5 dt 2 lc rgb "
                                             "'{}' title 'at mean in-degree'",
                                             figure.name, index, mean_k_colour);
            figure.script += "\n";
            ++index;
        }
        figure.script += closing();
        figure.caption = fmt::format("Rates of every population, in Hz, over the rate of '{}', in Hz, in the network "
                                     "(black points; bars: ± one standard error over blocks of time) and in the mean "
                                     "field (vermilion; dashed blue, where drawn: every cell at the mean in-degree). "
                                     "Numbers of cells: {}.",
                                     stimulation, cells);
        figure.alt = fmt::format("Rates of {} population{} at {} level{} of '{}'", index, index == 1 ? "" : "s", levels,
                                 levels == 1 ? "" : "s", stimulation);
        figure.alt += worst ? fmt::format("; the mean field's largest error is {:+.1f} % ({}).", 100.0 * *worst, where)
                            : "; there is no network's rate to compare with the mean field's.";
        figures.push_back(std::move(figure));
    }
    return figures;
}

Figure course_figure(const SpikeRecord& record, std::size_t condition, std::span<const RecordedPopulation> populations,
                     const MeanFieldResults& results, double smoothing_ms) {
    const auto& c = record.conditions.at(condition);
    const std::string file = course_file_name(record, condition);
    Figure figure;
    figure.name = "course_" + file.substr(0, file.size() - 4);
    figure.section = "courses";
    figure.condition = c.label.empty() ? c.stimulation : c.label;
    const auto model = std::find_if(results.conditions.begin(), results.conditions.end(), [&](const auto& m) {
        return m.stimulation == c.stimulation && m.condition == c.condition;
    });
    const bool compared = !c.partial();
    const auto modelled = static_cast<std::size_t>(
        std::count_if(populations.begin(), populations.end(), [](const auto& p) { return p.modelled; }));
    const auto part = comparison_window(c);
    constexpr double longest = 1000.0; // ms; more would be black
    const double from = std::max(0.0, part.from_ms - 50.0), to = std::min(part.to_ms, part.from_ms + longest);
    const auto [columns, rows] = layout(modelled + 1);
    figure.script = preamble(
        figure.name, columns, rows,
        fmt::format("'{}': network (mean of {} trial{}{}){}, smoothed by {:g} ms", c.stimulation, c.trials,
                    c.trials == 1 ? "" : "s",
                    c.trials > 1 ? fmt::format(", band: ± standard error of a {:g} ms bin over trials", c.course_bin)
                                 : "",
                    compared ? " and mean field" : " alone", smoothing_ms),
        "outside bottom center horizontal");
    figure.script += fmt::format(
        "set xlabel 'time (ms)'\nset ylabel 'rate (Hz)'\nset xrange [{}:{}]\nset yrange [0:*]\nset style fill "
        "transparent solid 0.25 noborder\n",
        from, to);
    figure.data = "# time (ms), stimulus (Hz)\n";
    for (std::size_t i = 0; i < c.stimulus_hz.size(); ++i)
        figure.data +=
            fmt::format("{} {}\n", (static_cast<double>(i) + 0.5) * c.course_bin, data_number(c.stimulus_hz[i]));
    if (c.stimulus_hz.empty()) figure.data += "NaN NaN\n";
    figure.script +=
        fmt::format("set title 'stimulus'\nplot '{}.dat' index 0 using 1:2 with lines lw 1.5 lc rgb '{}' notitle\n",
                    figure.name, network_colour);
    std::size_t index = 1;
    std::string cells, peaks;
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
        cells += fmt::format("{}{} {}", cells.empty() ? "" : ", ", populations[p].name, populations[p].cells);
        const auto first = static_cast<std::size_t>(part.from_ms / c.course_bin);
        const auto past = std::min(network.size(), static_cast<std::size_t>(part.to_ms / c.course_bin));
        if (first < past) {
            const auto highest = [&](const std::vector<double>& hz) {
                return *std::max_element(hz.begin() + static_cast<std::ptrdiff_t>(first),
                                         hz.begin() + static_cast<std::ptrdiff_t>(past));
            };
            peaks += fmt::format("{}{} {:.3g} Hz", peaks.empty() ? "" : ", ", populations[p].name, highest(network));
            if (compared && first >= mean_field.first && past <= mean_field.last)
                peaks += fmt::format(" (mean field {:.3g} Hz)", highest(smooth_field));
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
        figure.script +=
            fmt::format("set title {}\nplot ",
                        literal(fmt::format("{} (n = {} cells)", populations[p].name, populations[p].cells)));
        if (!error.empty())
            figure.script += fmt::format(
                "'{}.dat' index {} using 1:($2-$3):($2+$3) with filledcurves lc rgb '{}' notitle, \\\n     ",
                figure.name, index, network_colour);
        figure.script += fmt::format("'{}.dat' index {} using 1:2 with lines lw 1.5 lc rgb '{}' title 'network'{}",
                                     figure.name, index, network_colour, compared ? ", \\\n" : "\n");
        if (compared)
            figure.script +=
                fmt::format("     '{}.dat' index {} using 1:4 with lines lw 2 lc rgb '{}' title 'mean field'\n",
                            figure.name, index, mean_field_colour);
        ++index;
    }
    figure.script += closing();
    figure.title = fmt::format("Time course of '{}': {}", c.stimulation,
                               compared ? "network and mean field" : "network alone");
    figure.caption = fmt::format(
        "The stimulus and the populations' rates, in Hz, over time, in ms, in the network (black, mean of {} trial{}{})"
        "{}, smoothed by a box of {:g} ms. Numbers of cells: {}.",
        c.trials, c.trials == 1 ? "" : "s",
        c.trials > 1 ? fmt::format("; band: ± one standard error of a bin of {:g} ms over trials", c.course_bin) : "",
        compared ? " and in the mean field (vermilion)" : "", smoothing_ms, cells);
    figure.alt = fmt::format("Time courses of {} population{} under '{}'{}.", modelled, modelled == 1 ? "" : "s",
                             c.stimulation, peaks.empty() ? "" : "; highest rates of the network: " + peaks);
    return figure;
}

Figure transfer_figure(const TransferSlices& slices) {
    Figure figure;
    figure.name = "transfer_" + file_name_of(slices.population);
    figure.section = "transfer";
    figure.title = fmt::format("{}: cuts through the transfer function", slices.population);
    figure.population = slices.population;
    double highest = 0;
    std::size_t samples = 0;
    figure.script =
        preamble(figure.name, 1, 1,
                 slices.population + ": sampled rates (± standard error, n >= " + fmt::format("{:g}", slices.seconds) +
                     " neuron-seconds a point) and fit",
                 "inside left top Left reverse");
    figure.script += "set xlabel 'summed excitatory conductance (nS)'\nset ylabel 'rate (Hz)'\nset yrange [0:*]\n";
    std::string plots;
    std::size_t index = 0;
    for (const auto& curve : slices.curves) {
        for (const double rate : curve.rate_hz) highest = std::max(highest, rate);
        samples += curve.sampled_G_e.size();
        const char* colour = curve_colours[(index / 2) % curve_colours.size()];
        figure.data +=
            fmt::format("{}# G_i = {} nS: G_e (nS), fitted rate (Hz)\n", index == 0 ? "" : "\n\n", curve.G_i);
        for (std::size_t i = 0; i < curve.G_e.size(); ++i)
            figure.data += fmt::format("{} {}\n", curve.G_e[i], data_number(curve.rate_hz[i]));
        if (curve.G_e.empty()) figure.data += "NaN NaN\n";
        figure.data +=
            fmt::format("\n\n# near G_i = {} nS: G_e (nS), sampled rate (Hz), standard error (Hz)\n", curve.G_i);
        for (std::size_t i = 0; i < curve.sampled_G_e.size(); ++i)
            figure.data += fmt::format("{} {} {}\n", curve.sampled_G_e[i], data_number(curve.sampled_hz[i]),
                                       data_number(curve.sampled_se_hz[i]));
        if (curve.sampled_G_e.empty()) figure.data += "NaN NaN NaN\n";
        plots += fmt::format("{0}'{1}.dat' index {2} using 1:2 with lines lw 2 lc rgb '{3}' title 'inhibitory "
                             "conductance {4:.3g} nS', \\\n"
                             "     '{1}.dat' index {5} using 1:2:3 with yerrorbars pt 7 ps 0.5 lc rgb '{3}' notitle",
                             plots.empty() ? "plot " : ", \\\n     ", figure.name, index, colour, curve.G_i, index + 1);
        index += 2;
    }
    if (!plots.empty()) figure.script += plots + "\n";
    figure.script += closing();
    figure.caption = fmt::format("Fitted rate (lines), in Hz, over the summed excitatory conductance, in nS, at {} "
                                 "level{} of the summed inhibitory conductance, and the sampled rates within 15 % of "
                                 "each level (points; bars: ± one standard error, at least {:g} neuron-seconds each).",
                                 slices.curves.size(), slices.curves.size() == 1 ? "" : "s", slices.seconds);
    figure.alt = fmt::format("{} cut{} through the transfer function of {} with {} sampled points; fitted rates up to "
                             "{:.3g} Hz.",
                             slices.curves.size(), slices.curves.size() == 1 ? "" : "s", slices.population, samples,
                             highest);
    return figure;
}

} // namespace mfm
