// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "simulate/engine.hpp"
#include "simulate/spike_record.hpp"

namespace mfm {

/// Turns the spikes of one run into rates, counts and their statistics.  Feed it with Engine::run's observer.
class Recorder {
public:
    struct Options {
        double dt = 0.1, transient = 200, duration = 5000, bin = 5, course_bin = 1, block = 200; ///< ms
        bool keep_spikes = false;
        std::uint64_t seed = 1;   ///< picks the cells whose pairwise correlation is measured
        bool keep_raster = false; ///< the spikes of some of these cells
    };
    Recorder(const Network&, const Options&);
    void observe(std::uint64_t first_step, std::uint32_t n_steps, const std::vector<BlockSpikes>& spikes);
    /// What was observed so far, to go on from.
    void save(StateWriter&) const;
    void restore(StateReader&);
    /// [populations]; course without standard errors, which need several trials.
    [[nodiscard]] std::vector<PopulationActivity> finish() const;
    /// Covariance of population counts in `bin`, divided by the numbers of cells: [populations x populations].
    [[nodiscard]] std::vector<double> count_covariance() const;

private:
    /// After the transient; in one cache line, since a spike touches all of it.
    struct Cell {
        double last = 0.0, interval = 0.0, interval2 = 0.0; // ms; sums over the intervals
        std::uint32_t spikes = 0;
        std::uint32_t sample_slot = 0; // index + 1 among the sampled cells, or 0
    };
    struct Cells {
        std::vector<Cell> cell;
        std::vector<double> course, binned;              // population counts
        std::vector<std::vector<std::uint16_t>> sampled; // counts per bin of the sampled cells
        std::vector<std::uint32_t> spike_cell;
        std::vector<double> spike_time;
        std::vector<std::uint32_t> raster_cell;
        std::vector<double> raster_time;
    };
    Options options_;
    std::vector<Cells> cells_;
};

} // namespace mfm
