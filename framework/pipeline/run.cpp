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
#include "pipeline/hashes.hpp"
#include "pipeline/stages.hpp"
#include "remap/reduction.hpp"
#include "simulate/simulate.hpp"
#include "transfer/sample.hpp"

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
    for (const auto& c : record.conditions) {
        fmt::print("{}\n", c.label);
        for (std::size_t p = 0; p < c.population.size(); ++p) {
            const auto& a = c.population[p];
            fmt::print("   {:<16} {:8.3f} +- {:.3f} firing {:8.3f} sd {:.2f} fraction {:.3f} fano {:.2f} corr {:.4f} "
                       "cv {:.3f}\n",
                       names[p], a.rate_hz, a.rate_se_hz, a.rate_firing_hz, a.rate_sd_firing_hz, a.firing_fraction,
                       a.fano, a.correlation, a.cv_isi);
        }
    }
    const auto reduction = stages.run<Reduction>(
        "remap", "reduction.h5", hashes.remap, [&] { return reduce(config, network); },
        [&](const auto& path, const Reduction& r) { save_reduction(path, r, hashes.remap); },
        [&](const auto& path) { return load_reduction(path, hashes.remap); });
    fmt::print("{}", reduction_table(reduction));
    for (const auto& s : stages.times())
        if (s.wall_s) fmt::print("{} {} {}\n", s.name, *s.wall_s, *s.cpu_s);
    return ExitCode::Done;
}

} // namespace mfm
