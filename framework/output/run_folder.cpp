// SPDX-License-Identifier: Apache-2.0
#include "output/run_folder.hpp"

#include <algorithm>
#include <iterator>

#include "output/budget.hpp"
#include "output/manifest.hpp"
#include "output/spectra.hpp"
#include "output/summary.hpp"
#include "support/files.hpp"

namespace mfm {

std::vector<std::string> write_run_folder(const std::filesystem::path& folder, const RunOutputs& out) {
    const auto& report = *out.report;
    const MeanFieldResults none;
    const MeanFieldResults& mean_field = out.mean_field != nullptr ? *out.mean_field : none;
    std::vector<Figure> figures; // in the order in which people read them
    const auto add = [&](std::vector<Figure>&& more) {
        std::move(more.begin(), more.end(), std::back_inserter(figures));
    };
    if (out.record != nullptr) {
        if (auto figure = raster_figure(*out.record, out.populations, out.smoothing_ms))
            figures.push_back(std::move(*figure));
        add(cell_rate_figures(*out.record, out.populations));
    }
    for (std::size_t i = 0; i < out.tables.size(); ++i) {
        if (i < out.slices.size() && !out.slices[i].curves.empty()) figures.push_back(transfer_figure(out.slices[i]));
        if (i >= out.columns.size()) continue;
        if (auto figure =
                fit_figure(out.tables[i], out.columns[i].fitted_hz, i < out.maps.size() ? out.maps[i] : TransferMap{}))
            figures.push_back(std::move(*figure));
    }
    add(rate_figures(report));
    if (!out.resolved_toml.empty()) write_file(folder / "pipeline.resolved.toml", out.resolved_toml);
    if (out.record != nullptr) {
        write_file(folder / "rates.csv", rates_csv(*out.record, out.populations, report));
        for (std::size_t i = 0; i < out.record->conditions.size(); ++i) {
            const auto& condition = out.record->conditions[i];
            if (condition.stationary) continue;
            write_file(folder / "courses" / course_file_name(*out.record, i),
                       course_csv(condition, out.populations, mean_field));
            figures.push_back(course_figure(*out.record, i, out.populations, mean_field, out.smoothing_ms));
        }
    }
    add(budget_figures(report));
    if (std::any_of(report.populations.begin(), report.populations.end(),
                    [](const auto& p) { return !p.error_budget.empty(); }))
        write_file(folder / "error_budget.csv", budget_csv(report));
    if (!report.spectra.empty()) {
        write_file(folder / "spectra.csv", spectra_csv(report));
        save_spectra(folder / "spectra.h5", report, out.solve_hash);
        add(spectrum_figures(report));
    }
    add(fluctuation_figures(report));
    for (std::size_t i = 0; i < out.tables.size(); ++i)
        write_file(folder / "transfer" / (file_name_of(out.tables[i].population) + ".csv"),
                   transfer_csv(out.tables[i], i < out.columns.size() ? out.columns[i] : TransferColumns{}));
    std::vector<std::string> lines;
    if (out.figures && !figures.empty())
        if (auto line = write_figures(folder / "figures", figures); !line.empty()) lines.push_back(std::move(line));
    write_file(folder / "manifest.json", manifest_json(out.text.manifest, out.text.stages));
    write_file(folder / "report.txt", report_text(report, out.text));
    // Last: who finds it knows that the rest is there.
    write_file(folder / "summary.json", summary_json(report, out.text.stages, out.text.reuse, out.text.variants));
    return lines;
}

} // namespace mfm
