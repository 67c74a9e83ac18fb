// SPDX-License-Identifier: Apache-2.0
// What a spike does to a cell, from its delay to the last bit of its conductance.
#include <catch2/catch.hpp>

#include <mfm/random.hpp>

#include <cmath>
#include <numeric>

#include "numerics/single_cells.hpp"
#include "simulate/engine.hpp"
#include "unit/network_fixture.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

constexpr double dt = 0.1;
constexpr double u = 0x1p-53; // what a rounding may change, relatively

struct Spike {
    std::uint64_t step; // it arrives in this one, and acts from its end on
    double weight;
};

/// A conductance or current with a bound of what computing it in steps may lose.
struct Value {
    double g = 0, rounding = 0;
};
/// The closed form n steps after a spike of weight 1.  A recursion rounds four times a step, the exponents here round,
/// too, and denormal numbers may count as 0.  A delta pulse fills the step that follows the spike's.
Value closed_form(const mfm_receptor& r, double n, bool with_arrivals) {
    const double t = n * dt;
    if (r.shape == MFM_RECEPTOR_DELTA) return {n == (with_arrivals ? 0 : 1) ? 1 / dt : 0.0, 4 * u / dt};
    double plus = 0, minus = 0, fastest = r.tau;
    if (r.shape == MFM_RECEPTOR_EXPONENTIAL) {
        plus = std::exp(-t / r.tau);
    } else if (r.shape == MFM_RECEPTOR_ALPHA) {
        plus = t / r.tau * std::exp(1 - t / r.tau);
    } else {
        const double peak = std::log(r.tau / r.tau_rise) / (1 / r.tau_rise - 1 / r.tau);
        const double height = std::exp(-peak / r.tau) - std::exp(-peak / r.tau_rise);
        plus = std::exp(-t / r.tau) / height;
        minus = std::exp(-t / r.tau_rise) / height;
        fastest = r.tau_rise;
    }
    return {plus - minus, 4 * u * (n + t / fastest + 8) * (plus + minus) + 1e-300};
}
/// At the end of `step`; with the spikes that arrive in it, or just before them.
Value closed_form(const mfm_receptor& r, const std::vector<Spike>& spikes, std::uint64_t step, bool with_arrivals) {
    Value out;
    for (const Spike& s : spikes)
        if (s.step < step || (with_arrivals && s.step == step)) {
            const Value one = closed_form(r, static_cast<double>(step - s.step), with_arrivals);
            out.g += s.weight * one.g;
            out.rounding += s.weight * one.rounding;
        }
    return out;
}

bool is_current(const mfm_receptor& r) {
    return (r.flags & MFM_RECEPTOR_CURRENT) != 0;
}
/// Every shape, as conductance and as current.
std::vector<mfm_receptor> every_kind() {
    std::vector<mfm_receptor> all = {exponential(3, -80),
                                     alpha(0.5, 0),
                                     alpha(7, 0),
                                     {sizeof(mfm_receptor), MFM_RECEPTOR_BIEXPONENTIAL, 0, 0, 6, 1.5, 0}};
    for (std::size_t i = 0; i < 4; ++i) {
        all.push_back(all[i]);
        all.back().flags |= MFM_RECEPTOR_CURRENT;
    }
    all.erase(all.begin() + 6); // a cell has eight ports: one alpha current will do
    all.push_back({sizeof(mfm_receptor), MFM_RECEPTOR_DELTA, MFM_RECEPTOR_CURRENT, 0, 0, 0, 0});
    return all;
}

/// A membrane of 200 pF without leak that never fires: C_m V' = sum of g (E - V) and currents.
PopulationConfig passive(std::vector<mfm_receptor> receptors) {
    return cell("lif", {{"C_m", 200}, {"g_L", 0}, {"V_th", 99}, {"E_L", -50}}, std::move(receptors));
}

/// Sends port p of a passive cell the same spikes 20 p steps late, and returns how far conductances and potential come
/// away from the closed form, as parts of what rounding allows.
std::pair<double, double> distance_from_closed_form(const std::vector<mfm_receptor>& receptors,
                                                    const std::vector<Spike>& pattern) {
    const std::size_t ports = receptors.size();
    const PopulationConfig c = passive(receptors);
    NeuronGroup group(c, 1, dt, 1, 1);
    const auto state = [&](const std::string& name) {
        return group.state(static_cast<std::size_t>(group.state_index(name)))[0];
    };
    std::vector<std::vector<Spike>> spikes(ports, pattern);
    for (std::size_t p = 0; p < ports; ++p)
        for (Spike& s : spikes[p]) s.step += 20 * p;
    std::vector<AlignedVector<double>> weights(ports, AlignedVector<double>(group.padded()));
    std::vector<Value> start(ports), end(ports);
    double V = state("V_m"), V_rounding = 0, worst_g = 0, worst_V = 0;
    for (std::uint64_t step = 0; step < 1600; ++step) {
        std::vector<const double*> rows(ports, nullptr);
        for (std::size_t p = 0; p < ports; ++p) {
            weights[p][0] = 0;
            for (const Spike& s : spikes[p])
                if (s.step == step) weights[p][0] += s.weight;
            if (weights[p][0] > 0) rows[p] = weights[p].data();
        }
        group.advance({0, group.padded(), step, 1}, rows.data(), nullptr, nullptr);

        // Heun's method, and roundings of a sum of about 100 mV.
        for (std::size_t p = 0; p < ports; ++p) {
            end[p] = closed_form(receptors[p], spikes[p], step, false);
            V_rounding += 0.5 * dt / 200 * 100 * (start[p].rounding + end[p].rounding);
        }
        V_rounding += 4 * u * 100;
        const auto slope = [&](const std::vector<Value>& now, double at) {
            double I = 0;
            for (std::size_t p = 0; p < ports; ++p)
                I += now[p].g * (is_current(receptors[p]) ? 1.0 : receptors[p].E_rev - at);
            return I / 200;
        };
        const double k = slope(start, V);
        V += 0.5 * dt * (k + slope(end, V + dt * k));
        worst_V = std::max(worst_V, std::abs(state("V_m") - V) / V_rounding);

        for (std::size_t p = 0; p < ports; ++p) {
            start[p] = closed_form(receptors[p], spikes[p], step, true);
            const std::string number = std::to_string(p + 1);
            const double g = receptors[p].shape == MFM_RECEPTOR_BIEXPONENTIAL
                                 ? state("g_" + number) - state("h_" + number)
                                 : state("g_" + number);
            if (start[p].rounding > 0) worst_g = std::max(worst_g, std::abs(g - start[p].g) / start[p].rounding);
        }
    }
    return {worst_g, worst_V};
}

/// A pipeline as its text has it, and its engine.
struct Circuit {
    PipelineConfig config;
    Network network;
    explicit Circuit(const std::string& toml)
        : config(network_test::pipeline(toml)), network(network_test::build(config)) {}
    /// rate_hz: of all Poisson populations up to `until` ms, silent from then on.
    [[nodiscard]] Engine engine(double rate_hz = 0, double until = 0) const {
        std::vector<SourceCourses> courses(network.populations.size());
        for (std::size_t p = 0; p < courses.size(); ++p)
            if (config.populations[p].kind == PopulationConfig::Kind::Poisson)
                courses[p].base = [=](std::uint64_t first, std::span<double> rate) {
                    for (std::size_t t = 0; t < rate.size(); ++t)
                        rate[t] = static_cast<double>(first + t) * dt < until ? rate_hz : 0.0;
                };
        return Engine(config, network, 5, courses);
    }
    [[nodiscard]] std::size_t population(const char* name) const { return config.population_index(name); }
    [[nodiscard]] std::uint32_t delay_steps(const Projection& p, std::uint64_t synapse) const {
        return static_cast<std::uint32_t>(std::llround((p.delays.empty() ? p.delay : p.delays[synapse]) / dt));
    }
};
/// The first state of a port in all cells of a population: the conductance of an exponential receptor.
std::span<const double> conductance(const Engine& engine, std::size_t population, std::uint32_t port) {
    const NeuronGroup& group = *engine.group(population);
    return group.state(static_cast<std::size_t>(group.state_index("g_" + std::to_string(port + 1))));
}

} // namespace

TEST_CASE("conductances and currents follow their closed form to rounding: single spikes, coincident ones, trains") {
    std::vector<Spike> train;
    RandomSequence random(4, 4, 4);
    for (std::uint64_t step = 0; step < 1200; ++step)
        if (random.uniform() < 0.05) train.push_back({step, 0.1 + random.uniform()});
    const std::vector<std::vector<Spike>> patterns = {
        {{3, 0.7}}, {{3, 0.7}, {3, 0.2}, {3, 1.9}}, {{3, 0.7}, {3, 0.3}, {4, 1.0}, {200, 5.0}}, train};
    // Each kind alone, all on one cell, and what kernels are written out for: a few ports of one shape.
    const std::vector<mfm_receptor> kinds = every_kind();
    std::vector<std::vector<mfm_receptor>> sets = {kinds};
    for (const mfm_receptor& r : kinds) sets.push_back({r});
    for (const std::size_t ports : {2u, 3u, 4u, 5u}) {
        sets.emplace_back(ports, alpha(2, 0));
        sets.emplace_back(ports, exponential(5, -80));
    }
    for (const auto& pattern : patterns)
        for (const auto& receptors : sets) {
            const auto [conductance, potential] = distance_from_closed_form(receptors, pattern);
            CAPTURE(receptors.size(), receptors[0].shape, receptors[0].flags, receptors[0].tau, pattern.size());
            CHECK(conductance < 1.0);
            CHECK(potential < 1.0);
        }
}

TEST_CASE("every synapse has its own delay, exact to the step, in blocks of steps as in single ones") {
    // The second projection's delay is the least and sets the length of a block.
    const auto circuit_with = [](const char* least) {
        return Circuit(std::string(R"(
[population.a] # fires in step 0 and never again
neuron = "lif"
parameters = { V_th = "-70 mV", V_reset = "-90 mV", t_ref = "1000 ms" }
receptors = [{ kind = "alpha", tau_syn = "5 ms", E_rev = "0 mV" }]
count = 3
[population.b]
neuron = "lif"
parameters = { V_th = "99 mV" }
receptors = [{ kind = "exponential", tau_syn = "5 ms", E_rev = "-65 mV" }, { kind = "exponential", tau_syn = "5 ms", E_rev = "-65 mV" }]
count = 700
[projection.spread]
source = "a"
target = "b"
rule = "all_to_all"
receptor = 1
weight = "0.5 nS"
delay = { distribution = "uniform", lower = "2 ms", upper = "30 ms" }
[projection.least]
source = "a"
target = "b"
rule = "all_to_all"
receptor = 2
weight = "0.25 nS"
delay = )") + "\"" + least +
                       "\"\n");
    };
    for (const char* least : {"0.1 ms", "2 ms"}) {
        const Circuit circuit = circuit_with(least);
        const std::size_t b = circuit.population("b");
        for (const std::uint64_t steps_at_once : {1u, 7u, 320u}) {
            Engine engine = circuit.engine();
            double wrong = 0;
            while (engine.now() < 320) {
                engine.run(steps_at_once, {});
                for (const Projection& p : circuit.network.projections) {
                    std::vector<double> expected(700, 0.0);
                    for (std::uint64_t k = 0; k < p.synapses(); ++k) {
                        const std::uint64_t arrives = circuit.delay_steps(p, k); // acts from the end of this step on
                        if (arrives + 1 <= engine.now())
                            expected[p.to[k]] +=
                                p.weight_of(k) * std::exp(-dt * static_cast<double>(engine.now() - arrives - 1) / 5);
                    }
                    const auto g = conductance(engine, b, p.port);
                    for (std::size_t i = 0; i < 700; ++i) wrong = std::max(wrong, std::abs(g[i] - expected[i]));
                }
            }
            // One step more or less changes 0.25 nS by 2 %.
            CHECK(wrong < 1e-12);
        }
    }
}

TEST_CASE("what cells receive is what was fired, times contacts and weight of each synapse, through relays, too") {
    const Circuit circuit(R"(
[population.fibres]
kind = "poisson"
count = 60
[population.nodes]
kind = "relay"
count = 90
[population.firing]
neuron = "lif"
parameters = { I_e = "300 pA" }
receptors = [{ kind = "alpha", tau_syn = "5 ms", E_rev = "0 mV" }]
count = 40
[population.cells] # their conductances do not decay: they add up for ever what arrives
neuron = "lif"
parameters = { V_th = "99 mV", C_m = "1e5 pF" }
receptors = [{ kind = "exponential", tau_syn = "1e300 ms", E_rev = "-65 mV" }, { kind = "exponential", tau_syn = "1e300 ms", E_rev = "-65 mV" }]
count = 5000
[projection.fibres_to_nodes]
source = "fibres"
target = "nodes"
rule = { plugin = "bernoulli", probability = 0.1 }
delay = "1 ms"
[projection.firing_to_nodes]
source = "firing"
target = "nodes"
rule = { plugin = "bernoulli", probability = 0.05 }
delay = "0.7 ms"
[projection.nodes_to_cells]
source = "nodes"
target = "cells"
rule = { plugin = "fixed_in_degree", in_degree = 4 }
receptor = 1
weight = "0.25 nS"
delay = "2 ms"
[projection.firing_to_cells]
source = "firing"
target = "cells"
rule = { plugin = "bernoulli", probability = 0.3 }
receptor = 1
weight = "0.5 nS"
contacts = 3
delay = "0.3 ms"
[projection.fibres_to_cells]
source = "fibres"
target = "cells"
rule = { plugin = "bernoulli", probability = 0.2 }
receptor = 2
weight = { distribution = "gamma", mean = "0.5 nS", sd = "0.2 nS" }
contacts = { distribution = "normal", mean = 10, sd = 3 }
delay = { distribution = "uniform", lower = "1 ms", upper = "4 ms" }
)");
    const std::size_t cells = circuit.population("cells"), nodes = circuit.population("nodes"), n = 5000;
    Engine engine = circuit.engine(50, 80);
    std::vector<std::vector<std::pair<std::uint64_t, std::uint32_t>>> fired(4); // [population] step, cell
    engine.run(1000, [&](std::uint64_t first, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
        for (std::size_t p = 0; p < fired.size(); ++p)
            for (std::size_t k = 0; k < spikes[p].cell.size(); ++k)
                fired[p].emplace_back(first + spikes[p].step[k], spikes[p].cell[k]);
    });
    REQUIRE(fired[circuit.population("fibres")].size() > 100);
    REQUIRE(fired[circuit.population("firing")].size() > 100);

    std::vector<std::vector<double>> expected(2, std::vector<double>(n, 0.0)); // [port][cell]
    // A spike of `source` in `step`, down every path to the cells.
    const auto follow = [&](const auto& self, std::size_t population, std::uint32_t source,
                            std::uint64_t step) -> void {
        for (const Projection& p : circuit.network.projections) {
            if (p.source != population) continue;
            for (std::uint64_t k = p.row[source]; k < p.row[source + 1]; ++k) {
                const std::uint64_t arrives = step + circuit.delay_steps(p, k);
                if (arrives >= engine.now()) continue;
                if (p.target == nodes)
                    self(self, nodes, p.to[k], arrives);
                else
                    expected[p.port][p.to[k]] += p.weight_of(k);
            }
        }
    };
    for (const char* name : {"fibres", "firing"})
        for (const auto& [step, cell] : fired[circuit.population(name)])
            follow(follow, circuit.population(name), cell, step);

    // All weights of the first port are multiples of 1/4, so that sums are exact.
    const auto exact = conductance(engine, cells, 0);
    CHECK(std::equal(expected[0].begin(), expected[0].end(), exact.begin()));
    CHECK(std::accumulate(expected[0].begin(), expected[0].end(), 0.0) > 1e4);
    const auto g = conductance(engine, cells, 1);
    double wrong = 0, total = 0;
    for (std::size_t i = 0; i < n; ++i) {
        wrong = std::max(wrong, std::abs(g[i] - expected[1][i]));
        total = std::max(total, expected[1][i]);
    }
    CHECK(total > 100);
    CHECK(wrong < 1e-12 * total);
    // Contacts are whole numbers, and multiply the weight.
    for (const Projection& p : circuit.network.projections)
        if (p.name == "firing_to_cells")
            for (std::uint64_t k = 0; k < p.synapses(); ++k) REQUIRE(p.weight_of(k) == 1.5);
}
