// SPDX-License-Identifier: Apache-2.0
#include "tune/base.hpp"

#include <algorithm>

#include "output/store.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/stages.hpp"
#include "simulate/simulate.hpp"

namespace mfm {

TuneBase derive_base(const PipelineConfig& config, const std::filesystem::path& folder, Progress& progress) {
    TuneBase out;
    out.config = config;
    out.hashes = stage_hashes(config);
    const StageHashes& hashes = out.hashes;
    StageRunner stages(folder, "", "", progress, "", tune_stages);
    out.network = std::make_shared<const Network>(stages.run<Network>(
        "build", "network.h5", hashes.build, [&] { return build_network(config, progress); },
        [&](const auto& path, const Network& n) { save_network(path, n, hashes.build); },
        [&](const auto& path) { return load_network(path, hashes.build); }));
    std::vector<std::string> names;
    for (const Population& p : out.network->populations) names.push_back(p.name);
    const TrialCache trials{folder / "simulate.partial", hashes.simulate, config.simulation.checkpoint};
    auto record = stages.run<SpikeRecord>(
        "simulate", "spikes.h5", hashes.simulate,
        [&] { return simulate_network(config, *out.network, progress, &trials); },
        [&](const auto& path, const SpikeRecord& r) { save_spike_record(path, r, names, hashes.simulate); },
        [&](const auto& path) { return load_spike_record(path, hashes.simulate); });
    const std::vector<std::string>& around = config.transfer.stimulations;
    for (ConditionRecord& c : record.conditions)
        c.off_path = !around.empty() && std::find(around.begin(), around.end(), c.stimulation) == around.end();
    std::error_code none; // a folder that cannot be removed does no harm
    std::filesystem::remove_all(trials.folder, none);
    out.record = std::make_shared<const SpikeRecord>(std::move(record));
    out.reduction = std::make_shared<const Reduction>(stages.run<Reduction>(
        "remap", "reduction.h5", hashes.remap, [&] { return reduce(config, *out.network); },
        [&](const auto& path, const Reduction& r) { save_reduction(path, r, hashes.remap); },
        [&](const auto& path) { return load_reduction(path, hashes.remap); }));
    const auto tables = stages.run<std::vector<TransferTable>>(
        "sample", "transfer_tables.h5", hashes.sample,
        [&] { return sample_all(config, *out.network, *out.reduction, *out.record, progress); },
        [&](const auto& path, const auto& t) { save_transfer_tables(path, t, hashes.sample); },
        [&](const auto& path) { return load_transfer_tables(path, hashes.sample); });
    out.fits = std::make_shared<const std::vector<TransferFit>>(stages.run<std::vector<TransferFit>>(
        "fit", "transfer_fits.h5", hashes.fit, [&] { return fit_all(config, *out.reduction, tables, progress); },
        [&](const auto& path, const auto& f) { save_transfer_fits(path, f, hashes.fit); },
        [&](const auto& path) { return load_transfer_fits(path, hashes.fit); }));
    return out;
}

} // namespace mfm
