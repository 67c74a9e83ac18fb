// SPDX-License-Identifier: Apache-2.0
#include "validate/circuit.hpp"

namespace mfm {
namespace {

const char* kind_name(PopulationConfig::Kind kind) {
    switch (kind) {
    case PopulationConfig::Kind::Poisson:
        return "poisson";
    case PopulationConfig::Kind::Relay:
        return "relay";
    case PopulationConfig::Kind::Neuron:
        break;
    }
    return "neuron";
}

const char* shape_name(const mfm_receptor& receptor) {
    switch (receptor.shape) {
    case MFM_RECEPTOR_ALPHA:
        return "alpha";
    case MFM_RECEPTOR_BIEXPONENTIAL:
        return "biexponential";
    case MFM_RECEPTOR_DELTA:
        return "delta";
    default:
        return "exponential";
    }
}

} // namespace

CircuitSummary circuit_summary(const PipelineConfig& config, const Network& network, const Reduction& reduction) {
    CircuitSummary circuit;
    for (std::size_t i = 0; i < config.populations.size(); ++i) {
        const PopulationConfig& p = config.populations[i];
        const bool has_model = p.neuron && p.neuron->component != nullptr;
        circuit.populations.push_back(
            {p.name, kind_name(p.kind), has_model ? p.neuron->component->id() : "", network.populations.at(i).n});
    }
    for (const MesoPopulation& p : reduction.populations)
        if (p.drive) circuit.populations.push_back({p.name, "drive", "", p.n});
    for (const Pathway& w : reduction.pathways) {
        const MesoPopulation &source = reduction.populations[w.source], &target = reduction.populations[w.target];
        const bool current = (w.receptor.flags & MFM_RECEPTOR_CURRENT) != 0;
        const char* unit = w.receptor.shape == MFM_RECEPTOR_DELTA ? "fC" : current ? "pA" : "nS";
        circuit.pathways.push_back({w.name, source.name, target.name,
                                    is_excitatory(w.receptor, w.Q, config.populations.at(target.network_index)), w.K,
                                    w.K_sd, w.Q, unit, shape_name(w.receptor), w.receptor.tau, w.receptor.tau_rise,
                                    w.receptor.E_rev, w.delay});
    }
    return circuit;
}

} // namespace mfm
