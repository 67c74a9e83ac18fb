// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "simulate/wiring.hpp"
#include "support/aligned.hpp"
#include "support/state_file.hpp"

namespace mfm {

class ShortTermPlasticity;

/// The spikes of one population, for as many steps as delays reach back: cells, one step after the other, ascending
/// within a step.  A relay or a Poisson source may stand in a step several times.
class SpikeHistory {
public:
    /// Steps that are kept behind the present one.
    explicit SpikeHistory(std::uint32_t steps) : begin_(std::size_t{steps} + 1, 0) {}

    /// The step that is recorded next.
    [[nodiscard]] std::uint64_t now() const { return now_; }
    /// The spike, counted from the beginning of the run, before which all are forgotten.
    [[nodiscard]] std::uint64_t first_kept() const { return dropped_; }
    /// Number of spikes before a step; from now() back to now() less the steps that are kept.
    [[nodiscard]] std::uint64_t begin(std::uint64_t step) const { return begin_[step % begin_.size()]; }
    /// Cells of spikes [first, last), counted from the beginning of the run.
    [[nodiscard]] std::span<const std::uint32_t> cells(std::uint64_t first, std::uint64_t last) const {
        return {cells_.data() + (first - dropped_), last - first};
    }
    /// Records the next n_steps steps of `count[t]` spikes each and forgets what is too old; gives the place of the
    /// cells, to be filled in.
    std::span<std::uint32_t> append(std::span<const std::uint32_t> count);
    void save(StateWriter&) const;
    void restore(StateReader&);

private:
    std::vector<std::uint32_t> cells_;
    std::uint64_t dropped_ = 0, now_ = 0; // spikes before cells_[0]; steps
    std::vector<std::uint64_t> begin_;    // [steps + 1] a ring
};

/// What reaches the cells of a piece in a few steps: sums of weights, [step][port][cells].
class InputRows {
public:
    /// Rows of zeros; what was there before must have been cleared.
    void resize(std::uint64_t cells, std::uint32_t ports, std::uint32_t steps);
    /// The row of a step and port, which from now on counts as in use.
    [[nodiscard]] double* use(std::uint32_t step, std::uint32_t port) {
        const std::size_t i = std::size_t{step} * ports_ + port;
        double* const row = sum_.data() + i * stride_;
        if (used_[i] == 0) std::fill_n(row, cells_, 0.0); // into the cache just before it is needed there
        used_[i] = 1;
        return row;
    }
    /// [steps * ports] pointers to cell `first` of each row, NULL where nothing arrives.
    [[nodiscard]] const double* const* pointers(std::uint64_t first);

private:
    std::uint64_t cells_ = 0, stride_ = 0;
    std::uint32_t ports_ = 0;
    AlignedVector<double> sum_;
    std::vector<unsigned char> used_; // [steps * ports]
    std::vector<const double*> pointer_;
};

/// Adds what arrives through these synapses in steps [first_step, first_step + n_steps), none of which may be further
/// ahead of the last recorded spike than the least delay.  A cell's sum has one order whatever the steps and the piece:
/// by time of the spike, then by source cell.  plasticity: NULL for synapses without.  Returns how many times a spike
/// reached a synapse.
std::uint64_t deliver(const SynapseTable&, const SpikeHistory& spikes, const ShortTermPlasticity* plasticity,
                      std::uint64_t first_step, std::uint32_t n_steps, InputRows&);

/// Appends the cells that a spike reaches through these synapses in `step`, one by one.
std::uint64_t collect(const SynapseTable&, const SpikeHistory& spikes, std::uint64_t step,
                      std::vector<std::uint32_t>& cells);

} // namespace mfm
