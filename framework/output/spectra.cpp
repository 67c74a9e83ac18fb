// SPDX-License-Identifier: Apache-2.0
#include "output/spectra.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "output/csv.hpp"
#include "output/figure_script.hpp"
#include "output/stage_file.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

std::optional<double> at(const std::vector<double>& values, std::size_t i) {
    return i < values.size() ? std::optional(values[i]) : std::nullopt;
}

bool same_condition(const SpectrumRow& a, const SpectrumRow& b) {
    return a.stimulation == b.stimulation && a.condition == b.condition;
}

/// Rows of one condition stand together; positions of the first of each.
std::vector<std::size_t> conditions(const std::vector<SpectrumRow>& rows) {
    std::vector<std::size_t> first;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (i == 0 || !same_condition(rows[i], rows[i - 1])) first.push_back(i);
    return first;
}

std::vector<SpectrumRow> rows_like(const std::vector<SpectrumRow>& rows, std::size_t first) {
    std::vector<SpectrumRow> out;
    for (std::size_t i = first; i < rows.size() && same_condition(rows[i], rows[first]); ++i) out.push_back(rows[i]);
    return out;
}

std::string axes(const ValidationReport& report, const char* y) {
    return fmt::format("set xlabel 'frequency (Hz)'\nset ylabel '{}'\nset logscale xy\nset format y '%g'\n"
                       "set xrange [{}:{}]\n",
                       y, report.frequency_hz.front(), report.frequency_hz.back());
}

Figure spectrum_figure(const ValidationReport& report, const std::vector<SpectrumRow>& rows, const std::string& name) {
    Figure figure;
    figure.name = name;
    figure.section = "spectra";
    figure.title = fmt::format("Power of the populations' activity, {} at {:g} Hz", rows.front().stimulation,
                               rows.front().stimulus_hz);
    figure.condition = rows.front().label;
    figure.data = "# frequency (Hz), power (Hz^2/Hz): network, mean field, mean field with finite-size noise\n";
    struct Curve {
        const char* name;
        std::string style;
        std::vector<double> SpectrumRow::*power;
        int column;
    };
    const std::vector<Curve> curves{
        {"network", fmt::format("lw 1.5 lc rgb '{}'", network_colour), &SpectrumRow::network, 2},
        {"mean field with noise", fmt::format("lw 1.5 lc rgb '{}'", mean_k_colour), &SpectrumRow::noisy, 4},
        {"mean field, linear theory", fmt::format("lw 2.5 lc rgb '{}'", mean_field_colour), &SpectrumRow::mean_field,
         3}};
    std::vector<KeyEntry> entries;
    for (const Curve& curve : curves)
        if (std::any_of(rows.begin(), rows.end(), [&](const SpectrumRow& row) { return !(row.*curve.power).empty(); }))
            entries.push_back({"with lines " + curve.style, curve.name});
    const Sheet sheet{rows.size()};
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(name, figure.title, height) + axes(report, "power (Hz²/Hz)");
    std::string peaks;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const SpectrumRow& row = rows[i];
        figure.data += fmt::format("{}# {}\n", i == 0 ? "" : "\n\n", row.population);
        for (std::size_t k = 0; k < report.frequency_hz.size(); ++k)
            figure.data += fmt::format("{} {} {} {}\n", report.frequency_hz[k], data_number(at(row.network, k)),
                                       data_number(at(row.mean_field, k)), data_number(at(row.noisy, k)));
        if (!row.network.empty()) {
            const auto highest = std::max_element(row.network.begin(), row.network.end()) - row.network.begin();
            append_listed(peaks, fmt::format("{} at {:.3g} Hz", row.population,
                                             report.frequency_hz[static_cast<std::size_t>(highest)]));
        }
        std::vector<std::string> parts;
        for (const Curve& curve : curves)
            if (!(row.*curve.power).empty())
                parts.push_back(
                    fmt::format("'{}.dat' index {} using 1:{} with lines {}", name, i, curve.column, curve.style));
        figure.script +=
            placed(sheet.axes(i), height) + fmt::format("set title {}\n", literal(row.population)) + plotted(parts);
    }
    figure.script += key(entries, height) + closing();
    figure.caption = "Two-sided power of the populations' activity, in Hz²/Hz, over frequency, in Hz: of the network "
                     "(black), of the mean field by linear theory (vermilion) and of the mean field integrated with "
                     "finite-size noise (light blue), as far as they were computed. Both axes are logarithmic.";
    figure.alt = fmt::format("Power spectra of {}{}.", counted(rows.size(), "population"),
                             peaks.empty() ? "" : "; the network's power is largest: " + peaks);
    return figure;
}

Figure response_figure(const ValidationReport& report, const std::vector<const SpectrumRow*>& rows,
                       const std::string& stimulation) {
    Figure figure;
    figure.name = "response_" + file_name_of(stimulation);
    figure.section = "spectra";
    figure.title = fmt::format("Mean field's response to a small oscillation of {}", stimulation);
    figure.condition = stimulation;
    figure.data = "# frequency (Hz), gain (Hz per Hz), phase (deg)\n";
    std::vector<std::string> populations;
    std::vector<double> levels;
    for (const SpectrumRow* row : rows) {
        if (std::find(populations.begin(), populations.end(), row->population) == populations.end())
            populations.push_back(row->population);
        if (std::find(levels.begin(), levels.end(), row->stimulus_hz) == levels.end())
            levels.push_back(row->stimulus_hz);
    }
    const auto style = [&](double level) {
        const auto i = static_cast<std::size_t>(std::find(levels.begin(), levels.end(), level) - levels.begin());
        return fmt::format("lw 2 dt {} lc rgb '{}'", i % 5 + 1, curve_colours[i % curve_colours.size()]);
    };
    std::vector<KeyEntry> entries;
    for (const double level : levels)
        entries.push_back({"with lines " + style(level), fmt::format("at {:g} Hz", level)});
    const Sheet sheet{populations.size()};
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height) + axes(report, "gain (Hz/Hz)");
    std::string largest;
    std::size_t index = 0;
    for (std::size_t p = 0; p < populations.size(); ++p) {
        std::vector<std::string> parts;
        double gain = 0, gain_at = 0;
        for (const SpectrumRow* row : rows) {
            if (row->population != populations[p]) continue;
            figure.data +=
                fmt::format("{}# {} at {} Hz\n", index == 0 ? "" : "\n\n", row->population, row->stimulus_hz);
            for (std::size_t k = 0; k < report.frequency_hz.size(); ++k) {
                figure.data += fmt::format("{} {} {}\n", report.frequency_hz[k], data_number(at(row->response_gain, k)),
                                           data_number(at(row->response_phase_deg, k)));
                if (k < row->response_gain.size() && row->response_gain[k] > gain) {
                    gain = row->response_gain[k];
                    gain_at = report.frequency_hz[k];
                }
            }
            parts.push_back(fmt::format("'{}.dat' index {} using 1:2 with lines {}", figure.name, index++,
                                        style(row->stimulus_hz)));
        }
        append_listed(largest, fmt::format("{} {:.3g} Hz/Hz at {:.3g} Hz", populations[p], gain, gain_at));
        figure.script +=
            placed(sheet.axes(p), height) + fmt::format("set title {}\n", literal(populations[p])) + plotted(parts);
    }
    figure.script += key(entries, height) + closing();
    figure.caption = fmt::format("By how many Hz a population's rate swings for each Hz by which '{}' does (gain, in "
                                 "Hz/Hz), over frequency, in Hz: linear theory of the mean field at each stationary "
                                 "level. Both axes are logarithmic.",
                                 stimulation);
    figure.alt = fmt::format("Gain of {} over frequency; largest gains: {}.", counted(populations.size(), "population"),
                             largest);
    return figure;
}

} // namespace

std::string spectra_csv(const ValidationReport& report) {
    const std::vector<std::string> header{"stimulation",
                                          "condition",
                                          "stimulus (Hz)",
                                          "population",
                                          "frequency (Hz)",
                                          "network power (Hz^2/Hz)",
                                          "mean-field power (Hz^2/Hz)",
                                          "mean-field power with noise (Hz^2/Hz)",
                                          "response gain (Hz/Hz)",
                                          "response phase (deg)"};
    CsvTable csv(header);
    for (const SpectrumRow& row : report.spectra)
        for (std::size_t k = 0; k < report.frequency_hz.size(); ++k) {
            csv.field(row.stimulation).field(row.label).field(row.stimulus_hz).field(row.population);
            csv.field(report.frequency_hz[k]);
            for (const auto* values :
                 {&row.network, &row.mean_field, &row.noisy, &row.response_gain, &row.response_phase_deg})
                csv.field(at(*values, k));
            csv.end_row();
        }
    return csv.text();
}

void save_spectra(const std::filesystem::path& file, const ValidationReport& report, const std::string& hash) {
    Hdf5Writer out(stamp_of("spectra", hash));
    out.write("/frequency_hz", report.frequency_hz, "Hz");
    const std::vector<std::size_t> first = conditions(report.spectra);
    out.attribute("/", "conditions", std::uint64_t{first.size()});
    out.group("/conditions");
    for (std::size_t i = 0; i < first.size(); ++i) {
        const std::string in_condition = numbered("/conditions", i);
        const SpectrumRow& head = report.spectra[first[i]];
        out.group(in_condition);
        out.attribute(in_condition, "stimulation", head.stimulation);
        out.attribute(in_condition, "label", head.label);
        out.attribute(in_condition, "condition", std::uint64_t{head.condition});
        out.attribute(in_condition, "stimulus_hz", head.stimulus_hz);
        for (const SpectrumRow& row : rows_like(report.spectra, first[i])) {
            const std::string in_population = in_condition + "/" + link_name(row.population);
            out.write(in_population + "/network", row.network, "Hz^2/Hz");
            out.write(in_population + "/mean_field", row.mean_field, "Hz^2/Hz");
            out.write(in_population + "/mean_field_with_noise", row.noisy, "Hz^2/Hz");
            out.write(in_population + "/response_gain", row.response_gain, "1");
            out.write(in_population + "/response_phase_deg", row.response_phase_deg, "deg");
        }
    }
    out.save(file);
}

std::vector<Figure> spectrum_figures(const ValidationReport& report) {
    std::vector<Figure> figures;
    std::vector<std::string> stimulations, names;
    for (const std::size_t first : conditions(report.spectra)) {
        const std::vector<SpectrumRow> rows = rows_like(report.spectra, first);
        const std::string& stimulation = rows.front().stimulation;
        if (std::find(stimulations.begin(), stimulations.end(), stimulation) == stimulations.end())
            stimulations.push_back(stimulation);
        // Numbered as the conditions of a stimulation are, from 1; two stimulations may also become one file name.
        std::string name = fmt::format("spectrum_{}_{}", file_name_of(stimulation), rows.front().condition + 1);
        while (std::find(names.begin(), names.end(), name) != names.end()) name += "_";
        names.push_back(name);
        figures.push_back(spectrum_figure(report, rows, name));
    }
    for (const std::string& stimulation : stimulations) {
        std::vector<const SpectrumRow*> rows;
        for (const SpectrumRow& row : report.spectra)
            if (row.stimulation == stimulation && !row.response_gain.empty()) rows.push_back(&row);
        if (!rows.empty()) figures.push_back(response_figure(report, rows, stimulation));
    }
    return figures;
}

} // namespace mfm
