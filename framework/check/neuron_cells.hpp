// SPDX-License-Identifier: Apache-2.0
// Cells of a neuron model with receptors, and batches of them with input that depends on cell and step alone.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/kind.hpp"

namespace mfm::check {

struct PortSet {
    std::string name;
    std::vector<mfm_receptor> receptors;
};
/// Two alpha conductances; two exponential ones; one of every shape, conductances and currents.
[[nodiscard]] const std::vector<PortSet>& port_sets();

/// An instance with receptors.
struct Cells {
    Live live;
    PortSet ports;
    SettingValues settings;
    const Subject& subject;
    std::vector<const mfm_field*> states;
    std::uint32_t n_dynamic = 0;
    Returned receptors; ///< what set_receptors said; nothing else may be called when it refused

    Cells(const Subject&, const SettingValues&, const PortSet&, Place);
    [[nodiscard]] const mfm_neuron_v1& table() const { return live.table<mfm_neuron_v1>(MFM_NEURON_ID); }
    [[nodiscard]] std::size_t n_ports() const { return ports.receptors.size(); }
};

/// What a batch is; input and settings of a cell depend on its number, the step and `variant`, not on the batch.
struct BatchPlan {
    std::uint32_t n = 64, n_live = 61, n_steps = 16;
    std::uint64_t seed = 1, stream = 7, first_neuron = 0, first_step = 0;
    double dt = 0.1;
    double strength = 0;   ///< of the input, nS; 0: none
    bool driven = false;   ///< Poisson input as well
    bool per_cell = false; ///< settings that may differ from cell to cell do
    bool filled = false;   ///< arrays [n] for those settings, but all values alike
    std::uint32_t capacity = 1u << 13;
    unsigned variant = 0;
    /// A value of one cell that is something else: of a setting, or of the input.
    std::optional<std::size_t> odd_setting;
    bool odd_input = false;
    std::uint64_t odd_cell = 0;
    double odd_value = 0;
};

/// The state of n cells, and what they have fired.
struct CellState {
    std::vector<std::vector<double>> state; ///< [states][n]
    std::vector<std::uint64_t> fired;       ///< step << 32 | cell, sorted
    std::vector<std::uint32_t> count;       ///< [n]
    [[nodiscard]] Outputs outputs(const Cells&) const;
};

[[nodiscard]] CellState new_cells(const Cells&, const BatchPlan&, Place);
/// One call of advance.  Throws Failed for spikes that cannot be.
void advance(const Cells&, const BatchPlan&, CellState&, Place);

/// The derivatives at a point, [n_dynamic] and with columns over (x..., g...).
struct Linearised {
    std::vector<double> dx, jacobian, hessian;
};
[[nodiscard]] Linearised subthreshold(const Cells&, const std::vector<double>& x, const std::vector<double>& g,
                                      int order, Place, bool with_settings = false);

/// The weight that a batch of this plan brings to a port of a cell in its first step.
[[nodiscard]] double arrived(const Cells&, std::size_t port, std::uint64_t cell, const BatchPlan&);
/// initialise, advance and subthreshold of 1024 cells; the arrays are made once, so that the calls are all that is
/// measured.
void measure_batches(const Cells&, CostMeter&);

/// The first of the rising strengths of input that lets some cells fire; nothing when none does.
[[nodiscard]] std::optional<double> strength_that_fires(const Cells&);

} // namespace mfm::check
