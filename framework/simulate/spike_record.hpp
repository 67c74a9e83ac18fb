// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mfm {

/// What one population did in one condition.
struct PopulationActivity {
    double rate_hz = 0;        ///< mean over all cells after the transient
    double rate_se_hz = 0;     ///< standard error over independent time blocks (and trials); 0: not known
    double rate_firing_hz = 0; ///< mean over cells that fired at least once
    double rate_sd_hz = 0;     ///< over all cells
    double rate_sd_firing_hz = 0;
    double firing_fraction = 0;
    double fano = 0;                  ///< population count variance over mean in `bin`, over that of independent cells
    double correlation = 0;           ///< mean pairwise count correlation of random pairs in `bin`
    double cv_isi = 0;                ///< mean over cells with at least 3 spikes
    std::vector<double> cell_rate_hz; ///< [n]
    std::vector<double> course_hz;    ///< population rate per course bin, averaged over trials
    std::vector<double> course_se_hz; ///< over trials; empty with one trial
    std::vector<std::uint32_t> spike_cell; ///< first trial, when spikes are recorded
    std::vector<double> spike_time;        ///< ms
    /// Spikes after the transient of so many randomly chosen cells, in the first trial of one condition (0: another
    /// one), with the cell's number among these.
    std::uint32_t raster_cells = 0;
    std::vector<std::uint32_t> raster_cell;
    std::vector<double> raster_time; ///< ms
};

struct ConditionRecord {
    std::string stimulation, label;
    std::uint32_t condition = 0;
    bool stationary = true;
    double level_hz = 0;                                  ///< stationary rate or baseline of the stimulated population
    double duration = 0, transient = 0, course_bin = 1.0; ///< ms
    double onset = 0, offset = 0, frequency_hz = 0;
    std::uint32_t trials = 1;
    std::string target;                                   ///< the stimulated population
    std::uint64_t stimulated_cells = 0, target_cells = 0; ///< those that follow the protocol, and all of it
    std::vector<double> stimulus_hz;                      ///< the protocol's rate per course bin
    std::vector<PopulationActivity> population;           ///< [populations]
    std::vector<double> count_covariance; ///< [populations x populations] of counts in `bin`, per cell pair
    /// Some cells of the target keep their population's own rate: no mean field of whole populations shows this.
    bool off_path = false; ///< only compared: transfer functions are not sampled around it (not stored)
    [[nodiscard]] bool partial() const { return stimulated_cells < target_cells; }
};

struct SpikeRecord {
    std::vector<ConditionRecord> conditions;
};

} // namespace mfm
