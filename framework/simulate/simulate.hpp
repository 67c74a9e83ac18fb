// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "network/network.hpp"
#include "simulate/spike_record.hpp"
#include "simulate/trial.hpp"
#include "support/progress.hpp"

namespace mfm {

/// Stands for the stimulation and the target of a condition that has none.
inline constexpr std::size_t no_stimulation = ~std::size_t{0};
/// What the only condition of a pipeline without stimulations is called.
inline constexpr const char* drive_condition = "drive";

/// One condition of one stimulation protocol, with what the plugin says of it.
struct ProtocolCondition {
    std::size_t stimulation = 0; ///< index into PipelineConfig::stimulations, or no_stimulation
    std::uint32_t condition = 0;
    std::size_t target = 0; ///< population index, or no_stimulation
    std::string name;       ///< "sweep: rate = 40 Hz"
    bool stationary = true;
    double duration = 0, transient = 0, onset = 0, offset = 0, frequency_hz = 0; ///< ms, Hz
    double level_hz = 0;
    std::uint32_t trials = 1;
};

/// A protocol's rate (Hz) at t0 + i dt (ms), i < n.  [batch]
[[nodiscard]] std::vector<double> protocol_course(const PipelineConfig&, const ProtocolCondition&, double t0, double dt,
                                                  std::size_t n);
/// All conditions of all protocols, in the order of the file.  A pipeline without any has one stationary condition, in
/// which drives and Poisson populations fire at their own rates; its level is the highest of these.
[[nodiscard]] std::vector<ProtocolCondition> protocol_conditions(const PipelineConfig&);

/// The target's cells that a stimulation acts on, ascending: those within its ball, or all.  Throws InputError when
/// there is none.
[[nodiscard]] std::vector<std::uint32_t> stimulated_cells(const PipelineConfig&, const Network&,
                                                          const StimulationConfig&);

/// Runs every condition and trial, several side by side, and gives their statistics.  cache: where to keep finished
/// trials and those under way, and to look for them first; NULL: nowhere.  The result does not depend on it.
[[nodiscard]] SpikeRecord simulate_network(const PipelineConfig&, const Network&, Progress&,
                                           const TrialCache* cache = nullptr);

} // namespace mfm
