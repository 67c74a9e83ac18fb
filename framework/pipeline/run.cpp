// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <thread>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "output/files.hpp"
#include "output/store.hpp"
#include "output/report_text.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/hashes.hpp"
#include "pipeline/stages.hpp"
#include "remap/reduction.hpp"
#include "simulate/simulate.hpp"
#include "validate/verdict.hpp"

namespace mfm {

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
    const std::filesystem::path folder = options.out.value_or(std::filesystem::path("runs") / options.file.stem());
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
    const auto record = stages.run<SpikeRecord>(
        "simulate", "spikes.h5", hashes.simulate, [&] { return simulate_network(config, network, *progress); },
        [&](const auto& path, const SpikeRecord& r) { save_spike_record(path, r, names, hashes.simulate); },
        [&](const auto& path) { return load_spike_record(path, hashes.simulate); });
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
        "sample", "transfer_tables.h5", hashes.sample, [&] { return sample_all(config, reduction, record, *progress); },
        [&](const auto& path, const auto& t) { save_transfer_tables(path, t, hashes.sample); },
        [&](const auto& path) { return load_transfer_tables(path, hashes.sample); });
    if (stages.done_after("sample")) return ExitCode::Done;
    std::vector<TransferFit> fits;
    stages.run("fit", [&] { fits = fit_all(config, reduction, tables, *progress); });
    if (stages.done_after("fit")) return ExitCode::Done;
    const MeanFieldModel model = derive_model(config, reduction, fits);
    const auto results = stages.run<MeanFieldResults>(
        "solve", "mean_field.h5", hashes.solve, [&] { return solve_model(config, model, record, *progress); },
        [&](const auto& path, const auto& r) { save_mean_field(path, r, hashes.solve); },
        [&](const auto& path) { return load_mean_field(path, hashes.solve); });
    if (stages.done_after("solve")) return ExitCode::Done;
    ValidationReport report;
    stages.run("validate", [&] {
        report = validate_model(config, network, reduction, record, tables, fits, model, results);
        judge(report, config.validation);
    });
    fmt::print("{}", console_summary(report, config.name, folder.string()));
    return exit_code(report);
}

} // namespace mfm
