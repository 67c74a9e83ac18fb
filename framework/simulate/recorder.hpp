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
        std::uint64_t seed = 1; ///< picks the cells whose pairwise correlation is measured
    };
    Recorder(const Network&, const Options&);
    void observe(std::uint64_t first_step, std::uint32_t n_steps, const std::vector<BlockSpikes>& spikes);
    /// [populations]; course without standard errors, which need several trials.
    [[nodiscard]] std::vector<PopulationActivity> finish() const;
    /// Covariance of population counts in `bin`, divided by the numbers of cells: [populations x populations].
    [[nodiscard]] std::vector<double> count_covariance() const;

private:
    struct Cells {
        std::uint64_t n = 0;
        std::vector<std::uint32_t> count;              // after the transient
        std::vector<double> last, interval, interval2; // ms
        std::vector<std::uint32_t> intervals;
        std::vector<double> course, binned;              // population counts
        std::vector<std::uint32_t> sample_slot;          // [n] index + 1 among the sampled cells, or 0
        std::vector<std::vector<std::uint16_t>> sampled; // counts per bin of the sampled cells
        std::vector<std::uint32_t> spike_cell;
        std::vector<double> spike_time;
    };
    Options options_;
    std::vector<Cells> cells_;
};

} // namespace mfm
