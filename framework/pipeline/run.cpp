// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "output/report_text.hpp"
#include "output/run_folder.hpp"
#include "output/store.hpp"
#include "pipeline/budget.hpp"
#include "pipeline/calibration.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/hashes.hpp"
#include "pipeline/model_equations.hpp"
#include "pipeline/stages.hpp"
#include "remap/reduction.hpp"
#include "simulate/simulate.hpp"
#include "support/files.hpp"
#include "validate/verdict.hpp"

namespace mfm {
namespace {

/// Now, UTC, as ISO 8601; only for the manifest's times.
std::string iso_time() {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

/// Names of the pathways, and the fitted rate beside every sampled point.
std::vector<TransferColumns> transfer_columns(const Reduction& r, const std::vector<TransferTable>& tables,
                                              const std::vector<TransferFit>& fits) {
    std::vector<TransferColumns> out(tables.size());
    for (std::size_t i = 0; i < tables.size(); ++i) {
        for (const Pathway& w : r.pathways)
            if (r.populations[w.target].name == tables[i].population) out[i].pathways.push_back(w.name);
        out[i].fitted_hz = fits[i].fitted_hz;
    }
    return out;
}

/// Cuts through the fitted function that belongs to a table.
TransferSlices slices_of(const PipelineConfig& config, const Reduction& r, const MeanFieldModel& model,
                         const TransferTable& table) {
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        if (r.populations[p].name != table.population) continue;
        std::vector<SlicePathway> pathways;
        for (const std::size_t s : r.pathways_into(p))
            pathways.push_back({r.pathways[s].K, is_excitatory(r.pathways[s].receptor, r.pathways[s].Q,
                                                               config.populations[r.populations[p].network_index])});
        return transfer_slices(*model.populations()[p].transfer, pathways, table);
    }
    return {};
}

} // namespace

ExitCode run_pipeline(const RunOptions& options) {
    install_interrupt_handler();
    const unsigned threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    const std::unique_ptr<Progress> progress = make_progress(options.quiet);

    LoadOptions load;
    load.set = options.set;
    load.plugin_folders = options.plugin_path;
    load.seed = options.seed;
    const Registry registry(plugin_search_path(plugin_folders_of(options.file, load)));
    const PipelineConfig config = load_pipeline(options.file, registry, load);
    check_calibration(config);
    const std::filesystem::path folder = options.out.value_or(default_run_folder(options.file));
    const std::string started = iso_time();
    const StageHashes hashes = stage_hashes(config);
    StageRunner stages(folder, options.only, options.from, *progress);

    const auto network = stages.run<Network>(
        "build", "network.h5", hashes.build, [&] { return build_network(config, *progress); },
        [&](const auto& path, const Network& n) { save_network(path, n, hashes.build); },
        [&](const auto& path) { return load_network(path, hashes.build); });
    if (stages.done_after("build")) {
        fmt::print("{}", degree_table(network, config));
        return ExitCode::Done;
    }
    std::vector<std::string> names;
    for (const Population& p : network.populations) names.push_back(p.name);
    const TrialCache trials{folder / "simulate.partial", hashes.simulate, config.simulation.checkpoint};
    auto record = stages.run<SpikeRecord>(
        "simulate", "spikes.h5", hashes.simulate, [&] { return simulate_network(config, network, *progress, &trials); },
        [&](const auto& path, const SpikeRecord& r) { save_spike_record(path, r, names, hashes.simulate); },
        [&](const auto& path) { return load_spike_record(path, hashes.simulate); });
    const std::vector<std::string>& around = config.transfer.stimulations;
    for (ConditionRecord& c : record.conditions)
        c.off_path = !around.empty() && std::find(around.begin(), around.end(), c.stimulation) == around.end();
    std::error_code none; // a folder that cannot be removed does no harm
    std::filesystem::remove_all(trials.folder, none);
    if (stages.done_after("simulate")) return ExitCode::Done;
    const auto reduction = stages.run<Reduction>(
        "remap", "reduction.h5", hashes.remap, [&] { return reduce(config, network); },
        [&](const auto& path, const Reduction& r) { save_reduction(path, r, hashes.remap); },
        [&](const auto& path) { return load_reduction(path, hashes.remap); });
    if (stages.done_after("remap")) {
        fmt::print("{}", reduction_table(reduction));
        return ExitCode::Done;
    }
    const auto tables = stages.run<std::vector<TransferTable>>(
        "sample", "transfer_tables.h5", hashes.sample,
        [&] { return sample_all(config, network, reduction, record, *progress); },
        [&](const auto& path, const auto& t) { save_transfer_tables(path, t, hashes.sample); },
        [&](const auto& path) { return load_transfer_tables(path, hashes.sample); });
    if (stages.done_after("sample")) return ExitCode::Done;
    const auto fits = stages.run<std::vector<TransferFit>>(
        "fit", "transfer_fits.h5", hashes.fit, [&] { return fit_all(config, reduction, tables, *progress); },
        [&](const auto& path, const auto& f) { save_transfer_fits(path, f, hashes.fit); },
        [&](const auto& path) { return load_transfer_fits(path, hashes.fit); });
    if (stages.done_after("fit")) return ExitCode::Done;
    const MeanFieldModel derived = derive_model(config, network, reduction, fits, record, *progress);
    std::optional<Calibrated> calibrated;
    if (config.mean_field.calibration) calibrated = calibrate(config, derived, record);
    const MeanFieldModel& model = calibrated ? calibrated->model : derived;
    const auto results = stages.run<MeanFieldResults>(
        "solve", "mean_field.h5", hashes.solve,
        [&] { return solve_model(config, model, calibrated ? &derived : nullptr, record, *progress); },
        [&](const auto& path, const auto& r) { save_mean_field(path, r, hashes.solve); },
        [&](const auto& path) { return load_mean_field(path, hashes.solve); });
    if (stages.done_after("solve")) return ExitCode::Done;
    ValidationReport report;
    stages.run("validate", [&] {
        report = validate_model(config, network, reduction, record, tables, fits, model, results);
        add_error_budgets(config, reduction, record, tables, derived, calibrated ? &model : nullptr, results, report);
        if (calibrated) mark_calibrated(report, calibrated->report);
        judge(report, config.validation);
    });
    if (stages.done_after("validate")) {
        if (!options.quiet) fmt::print("{}", console_summary(report, config.name, folder.string()));
        return exit_code(report);
    }
    stages.run("export", [&] {
        RunOutputs out;
        out.report = &report;
        out.resolved_toml = config.resolved_toml;
        const std::vector<RecordedPopulation> populations = recorded_populations(config, network);
        out.populations = populations;
        out.record = &record;
        out.mean_field = &results;
        out.tables = tables;
        const std::vector<TransferColumns> columns = transfer_columns(reduction, tables, fits);
        out.columns = columns;
        std::vector<TransferSlices> slices;
        for (const TransferTable& table : tables) slices.push_back(slices_of(config, reduction, model, table));
        out.slices = slices;
        out.solve_hash = hashes.solve;
        out.smoothing_ms = config.validation.smoothing;
        ReportInputs& text = out.text;
        text.name = config.name;
        text.circuit = circuit_rows(config, network);
        text.connections = connection_rows(config, network);
        text.in_degrees = degree_table(network, config) + "\n" + reduction_table(reduction);
        text.equations = model_equations_text(model, fits);
        text.stages = stages.times();
        text.limits = config.validation;
        text.manifest = manifest_of(config, threads, {});
        text.manifest.started = started;
        text.manifest.finished = iso_time();
        text.manifest.stage_hashes = {{"build", hashes.build}, {"simulate", hashes.simulate},
                                      {"remap", hashes.remap}, {"sample", hashes.sample},
                                      {"fit", hashes.fit},     {"solve", hashes.solve}};
        for (const std::string& line : write_run_folder(folder, out)) progress->note(line);
        write_file(folder / "equations.txt", text.equations);
        write_file(folder / "equations.tex", model_equations_latex(model, fits));
    });
    if (!options.quiet) fmt::print("{}", console_summary(report, config.name, folder.string()));
    return exit_code(report);
}

} // namespace mfm
