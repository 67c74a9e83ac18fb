// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "config/pipeline.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "support/progress.hpp"
#include "transfer/measure.hpp"
#include "transfer/sample.hpp"
#include "transfer/table.hpp"

namespace mfm {

/// The operating-point test: up to 1024 real cells, each driven by Poisson input at the rates that its own sources have
/// in the network; one result a stationary condition, in the order of rate_path.
struct OperatingPoint {
    double level_hz = 0, rate_hz = 0, se_hz = 0, cv_isi = 0;
};
struct OperatingPoints {
    std::vector<std::uint32_t> cell; ///< the measured ones
    std::vector<OperatingPoint> point;
    /// The same cells after one swap more each: "correlation", Poisson input at their own sources' rates, which follow
    /// the recorded activity of the sources' populations (conditions of one trial); "common_fluctuations", constant
    /// rates, which is the test itself (and "correlation" where there is no such record); "source_rates", every source
    /// at its population's mean rate; "regular_trains", few regular sources as renewal trains; "computed_fluctuations",
    /// rates that follow the computed fluctuations of the sources' populations.  The last two as the transfer function
    /// is sampled, where it is.
    std::vector<CellMeasurement> measured;
};
[[nodiscard]] OperatingPoints operating_points(const PipelineConfig&, const Reduction&, const SourceStatistics&,
                                               std::span<const PathwayEdges>, const SpikeRecord&,
                                               std::size_t population, Progress&);
/// Measurements that operating_points makes, for progress.
[[nodiscard]] std::size_t operating_count(const PipelineConfig&, const Reduction&, const SourceStatistics&,
                                          const SpikeRecord&, std::size_t population);

} // namespace mfm
