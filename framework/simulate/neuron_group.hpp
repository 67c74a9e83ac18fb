// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/abi.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "support/aligned.hpp"
#include "support/state_file.hpp"

namespace mfm {

/// One independent Poisson train per cell into a port; rate and weight one value, or one per cell.
struct PoissonDrive {
    std::uint32_t port = 0;
    AlignedVector<double> rate_hz, weight;
};

/// Cells of one neuron plugin with their state: what the network engine, the sampling of transfer functions and
/// single-cell runs all advance.  The same kernel serves them all.
class NeuronGroup {
public:
    /// n cells of a neuron population; keyed by (seed, stream).  Distributed settings and the
    /// population's initial states are drawn per cell from the same key.
    NeuronGroup(const PopulationConfig&, std::uint64_t n, double dt, std::uint64_t seed, std::uint64_t stream);

    [[nodiscard]] std::uint64_t cells() const { return n_; }
    [[nodiscard]] std::uint64_t padded() const { return padded_; }
    [[nodiscard]] std::uint32_t ports() const { return n_ports_; }
    [[nodiscard]] const Instance& instance() const { return instance_; }
    [[nodiscard]] const std::vector<std::string>& state_names() const { return state_names_; }
    /// One state of all cells, [padded].
    [[nodiscard]] std::span<double> state(std::size_t index) { return {state_[index].data(), padded_}; }
    [[nodiscard]] std::span<const double> state(std::size_t index) const { return {state_[index].data(), padded_}; }
    /// Index of the state with this role or name, or -1.
    [[nodiscard]] int state_with_role(std::string_view role) const;
    [[nodiscard]] int state_index(std::string_view name) const;

    /// A setting for all cells, or one value per cell [cells].
    void set_setting(std::size_t index, double value);
    void set_setting(std::size_t index, std::span<const double> values);
    /// Adds to a setting of every cell, whatever each has.
    void shift_setting(std::size_t index, double by);
    void set_drives(std::vector<PoissonDrive> drives);

    /// What one call advances: cells [first, first + n) (n a multiple of 16) over n_steps from step first_step.
    struct Range {
        std::uint64_t first = 0, n = 0, first_step = 0;
        std::uint32_t n_steps = 0;
    };
    /// rows: [n_steps * ports] input rows of these cells ([n], or NULL), or NULL for no input.
    /// Spikes are appended with neuron counted from range.first.  spike_count: [padded] of the whole group, or NULL.
    /// [batch]
    void advance(const Range&, const double* const* rows, mfm_spikes* spikes, std::uint32_t* spike_count);
    /// The state of all cells, as it goes on from here.
    void save(StateWriter&) const;
    void restore(StateReader&);
    /// Index of the first state that is not finite and its cell; false when all are.
    [[nodiscard]] bool find_not_finite(std::size_t& state, std::uint64_t& cell) const;

private:
    /// A state of all cells at t = 0 from a distribution, in place of the model's own initial value.
    void set_initial(std::string_view state, const Distribution&, std::uint64_t key, const SourcePosition&);

    const PopulationConfig* config_;
    Instance instance_;
    const mfm_neuron_v1* table_;
    std::uint64_t n_, padded_, seed_, stream_;
    double dt_;
    std::uint32_t n_ports_;
    std::vector<const mfm_field*> fields_;
    std::vector<std::string> state_names_;
    std::vector<AlignedVector<double>> state_, setting_;
    std::vector<std::uint32_t> stride_;
    std::vector<PoissonDrive> drives_;
};

} // namespace mfm
