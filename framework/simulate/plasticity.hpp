// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "config/pipeline.hpp"
#include "simulate/delivery.hpp"

namespace mfm {

/// Short-term plasticity of one projection (Tsodyks & Markram 1997, doi:10.1073/pnas.94.2.719, in the iterative form
/// of Maass & Markram 2002, doi:10.1016/S0893-6080(01)00144-7, eqs. 4 and 5).  Spike n of a source cell, an interval h
/// after its spike n - 1, finds
///   x_n = 1 + (x_{n-1} - x_{n-1} u_{n-1} - 1) exp(-h / tau_rec),   u_n = U + u_{n-1} (1 - U) exp(-h / tau_fac)
/// with x_1 = 1 and u_1 = u_0, and acts with x_n u_n times the weight.  All synapses of a cell see the same spikes, so
/// there is one state a source cell, whatever weights and delays they have.
class ShortTermPlasticity {
public:
    ShortTermPlasticity(const PlasticityConfig&, std::uint64_t n_source, double dt);

    /// Takes the spikes of the last n_steps steps of the history, and forgets what that has forgotten.
    void record(const SpikeHistory&, std::uint32_t n_steps);
    /// x u of a spike, by its number in the run.
    [[nodiscard]] double efficacy(std::uint64_t spike) const { return efficacy_[spike - dropped_]; }
    void save(StateWriter&) const;
    void restore(StateReader&);

private:
    struct Cell {
        double x = 1.0, u = 0.0;
        std::uint64_t last = never; // step of the latest spike
    };
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    PlasticityConfig config_;
    double dt_;
    std::vector<Cell> cells_;
    std::vector<double> efficacy_; // of the spikes that the history keeps
    std::uint64_t dropped_ = 0;    // spikes before efficacy_[0]
};

} // namespace mfm
