// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/model.hpp"
#include "network/network.hpp"
#include "output/stage_time.hpp"
#include "pipeline/calibration.hpp"
#include "pipeline/hashes.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "transfer/fit.hpp"
#include "transfer/table.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// How a derivation is made.
enum class Mode {
    Network,  ///< from a network that is simulated
    MeanField ///< the base's mean field with the parameters of a variant; no network is simulated
};

/// A derivation with the value of every stage, which variants may take over.  NULL: the stage did not run.
struct Derived {
    PipelineConfig config;
    Mode mode = Mode::Network;
    std::filesystem::path folder;
    StageHashes hashes; ///< of a variant: of the base's values that it depends on, too
    std::string started;
    std::shared_ptr<const Network> network;
    std::shared_ptr<const SpikeRecord> record; ///< of a mean field alone: its conditions, with the base's rates
    std::shared_ptr<const Reduction> reduction;
    std::shared_ptr<const std::vector<TransferTable>> tables;
    std::shared_ptr<const std::vector<TransferFit>> fits;
    std::shared_ptr<const MeanFieldModel> model; ///< that was solved
    std::shared_ptr<const MeanFieldResults> results;
    std::optional<CalibrationReport> calibration;
    std::optional<ValidationReport> report; ///< judged, where there is a network to judge by
    std::vector<StageReuse> reuse;
    std::vector<StageTime> times;
};

} // namespace mfm
