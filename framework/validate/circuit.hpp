// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "remap/reduction.hpp"

namespace mfm {

/// A population as readers of a run see it.
struct CircuitPopulation {
    std::string name, kind; ///< kind: "neuron", "poisson", "relay" (its pathways are those of its sources) or "drive"
    std::string neuron;     ///< the neuron model's id; "" where it has none
    std::uint64_t cells = 0;
};
/// A pathway of the mean field, with the numbers that its equations have before any calibration.
struct CircuitPathway {
    std::string name, source, target;
    bool excitatory = true;
    double K = 0, K_sd = 0, Q = 0; ///< in-degree with its sd over cells; peak, in `unit`
    std::string unit;              ///< "nS", or "pA" of a current, or "fC" of a delta pulse
    std::string shape;             ///< "exponential", "alpha", "biexponential" or "delta"
    double tau = 0, tau_rise = 0;  ///< ms; tau_rise: of a biexponential
    double E_rev = 0;              ///< mV; of a conductance
    double delay = 0;              ///< ms
};
/// The circuit of a mean field: all populations of the pipeline, and its pathways.
struct CircuitSummary {
    std::vector<CircuitPopulation> populations;
    std::vector<CircuitPathway> pathways;
};
[[nodiscard]] CircuitSummary circuit_summary(const PipelineConfig&, const Network&, const Reduction&);

} // namespace mfm
