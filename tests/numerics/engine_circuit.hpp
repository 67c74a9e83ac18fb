// SPDX-License-Identifier: Apache-2.0
// Networks put together by hand, for tests of the engine.
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <mfm/random.hpp>

#include "numerics/single_cells.hpp"
#include "simulate/engine.hpp"
#include "support/hash.hpp"

namespace mfm::test {

/// A pipeline and its network, put together by hand.
struct Circuit {
    PipelineConfig config;
    Network network;
    std::vector<SourceCourses> courses;

    std::size_t add(PopulationConfig c, const std::string& name, std::uint64_t n) {
        c.name = name;
        config.populations.push_back(std::move(c));
        network.populations.push_back({name, n, {}});
        courses.emplace_back();
        return network.populations.size() - 1;
    }
    std::size_t poisson(const std::string& name, std::uint64_t n, double rate) {
        PopulationConfig c;
        c.kind = PopulationConfig::Kind::Poisson;
        const std::size_t p = add(c, name, n);
        courses[p].base = [rate](std::uint64_t, std::span<double> out) { std::fill(out.begin(), out.end(), rate); };
        return p;
    }
    std::size_t relay(const std::string& name, std::uint64_t n) {
        PopulationConfig c;
        c.kind = PopulationConfig::Kind::Relay;
        return add(c, name, n);
    }
    /// Pairs drawn at random with probability p.
    Projection& connect(std::size_t source, std::size_t target, std::uint32_t port, double probability, double weight,
                        double delay) {
        Projection p;
        p.name = network.populations[source].name + "_to_" + network.populations[target].name + "_" +
                 std::to_string(network.projections.size());
        p.source = source;
        p.target = target;
        p.port = port;
        p.weight = weight;
        p.delay = delay;
        p.row = {0};
        RandomSequence random(77, network.projections.size(), 0);
        for (std::uint64_t i = 0; i < network.populations[source].n; ++i) {
            for (std::uint64_t j = 0; j < network.populations[target].n; ++j)
                if (random.uniform() < probability) p.to.push_back(static_cast<std::uint32_t>(j));
            p.row.push_back(p.to.size());
        }
        network.projections.push_back(p);
        config.projections.emplace_back();
        config.projections.back().name = p.name;
        return network.projections.back();
    }
    /// Makes the latest projection plastic.
    void plastic(const PlasticityConfig& plasticity) { config.projections.back().plasticity = plasticity; }
    std::uint64_t run(std::uint64_t steps, const Engine::Observer& observe = {}, std::string* hash = nullptr,
                      bool strict = false, std::uint64_t cells_of_piece = 0) {
        Engine engine(config, network, 11, courses, strict,
                      std::make_shared<const Wiring>(config, network, cells_of_piece));
        engine.run(steps, observe);
        if (hash != nullptr) {
            ContentHash h;
            for (std::size_t p = 0; p < network.populations.size(); ++p)
                if (const NeuronGroup* group = engine.group(p))
                    for (std::size_t s = 0; s < group->state_names().size(); ++s) h.add(group->state(s));
            *hash = h.hex();
        }
        return engine.deliveries();
    }
};

/// Cells that fire exactly once, at step 0: a hard threshold below the resting potential and an endless refractory
/// period.
inline PopulationConfig starter() {
    PopulationConfig c = cell("lif", {{"V_th", -70}, {"V_reset", -90}, {"t_ref", 1000}}, {alpha(5, 0)});
    return c;
}
inline PopulationConfig silent(std::vector<mfm_receptor> receptors) {
    return cell("lif", {{"V_th", 90}, {"g_L", 0}}, std::move(receptors));
}

/// A plastic synapse in the words of its authors: what is used by a spike is missing until it has recovered.
struct Synapse {
    double available = 1.0, used = -1.0, last = 0.0;
    /// The efficacy of a spike at time t, ms.
    double spike(const PlasticityConfig& p, double t) {
        if (used < 0.0) {
            used = p.u_0;
        } else {
            const double left = available * (1.0 - used);
            available = 1.0 - (1.0 - left) * std::exp(-(t - last) / p.tau_rec);
            used = p.U + (1.0 - p.U) * used * (p.tau_fac > 0.0 ? std::exp(-(t - last) / p.tau_fac) : 0.0);
        }
        last = t;
        return available * used;
    }
};

/// Everything at once: sources, a relay, two kinds of neurons, weights and delays that vary, plastic synapses.
inline Circuit balanced(std::uint64_t n) {
    Circuit c;
    const std::size_t in = c.poisson("input", 200, 20);
    const std::size_t relay = c.relay("relay", 150);
    const std::size_t e =
        c.add(cell("adex", {{"V_peak", -40}, {"t_ref", 5}, {"b", 20}}, {exponential(5, 0), exponential(5, -80)}),
              "excitatory", n);
    const std::size_t i = c.add(cell("eglif", interneuron(), {alpha(.64, 0), alpha(2, -80)}), "inhibitory", n / 3);
    c.connect(in, relay, 0, 0.02, 1, 1.0);
    const double k = 300.0 / static_cast<double>(n);
    c.connect(relay, e, 0, 0.2, 4.0, 1.5);
    c.plastic({0.4, 0.5, 60, 30});
    c.connect(in, i, 0, 0.3, 0.5, 1.0);
    c.connect(e, e, 0, 0.1 * k, 1.0, 2.0);
    c.connect(e, i, 0, 0.1 * k, 0.3, 1.3);
    c.connect(i, e, 1, 0.1 * k, 8.0, 1.0);
    c.plastic({0.5, 0.5, 20, 0});
    auto& varied = c.connect(i, i, 1, 0.1 * k, 1.0, 1.2);
    RandomSequence random(5, 5, 5);
    for (std::size_t s = 0; s < varied.to.size(); ++s) {
        varied.delays.push_back(1.0 + 0.1 * static_cast<double>(random.below(30)));
        varied.weights.push_back(random.uniform());
    }
    c.plastic({0.2, 0.2, 30, 100});
    return c;
}

} // namespace mfm::test
