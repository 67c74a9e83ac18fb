// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "pipeline/hashes.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "support/progress.hpp"
#include "transfer/fit.hpp"

namespace mfm {

/// What a tuning on the mean field starts from: a derivation up to its fits.
struct TuneBase {
    PipelineConfig config;
    StageHashes hashes;
    std::shared_ptr<const Network> network;
    std::shared_ptr<const SpikeRecord> record;
    std::shared_ptr<const Reduction> reduction;
    std::shared_ptr<const std::vector<TransferFit>> fits;
};
/// Stages of a tuning: those of the base, and the search.
inline constexpr std::size_t tune_stages = 6;
/// Runs the stages up to "fit", or takes them from the run's folder where they are what this pipeline needs, as
/// `automfm run` does.
[[nodiscard]] TuneBase derive_base(const PipelineConfig&, const std::filesystem::path& folder, Progress&);

} // namespace mfm
