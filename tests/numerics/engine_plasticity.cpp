// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cmath>

#include "numerics/engine_circuit.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

constexpr double dt = 0.1, weight = 0.8, delay = 1.2;

struct Train {
    std::vector<double> time;     // ms
    std::vector<double> efficacy; // by what each spike raised the conductance of the target, over the weight
};

/// Spikes of one source cell and what each of them did to a target, over so many steps.
Train efficacies(Circuit c, std::size_t source, const PlasticityConfig& plasticity, std::uint64_t steps) {
    constexpr double tau = 3.0;
    const std::size_t target = c.add(silent({exponential(tau, 0)}), "target", 1);
    c.connect(source, target, 0, 2.0, weight, delay);
    c.plastic(plasticity);
    Train train;
    Engine engine(c.config, c.network, 11, c.courses);
    double g = 0.0;
    while (engine.now() < steps) {
        engine.run(1, [&](std::uint64_t step, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
            for (std::size_t k = 0; k < spikes[source].cell.size(); ++k)
                train.time.push_back(dt * static_cast<double>(step));
        });
        const double before = g * std::exp(-dt / tau);
        g = engine.group(target)->state(static_cast<std::size_t>(engine.group(target)->state_index("g_1")))[0];
        if (g > before * (1 + 1e-9)) train.efficacy.push_back((g - before) / weight);
    }
    train.time.resize(std::min(train.time.size(), train.efficacy.size())); // the last may be under way
    return train;
}

/// A cell that fires at regular intervals, since it rests above its threshold.
PopulationConfig metronome(double t_ref) {
    return cell("lif", {{"V_th", -70}, {"V_reset", -75}, {"t_ref", t_ref}}, {alpha(5, 0)});
}

} // namespace

TEST_CASE("each spike of an irregular train acts with the efficacy that the spikes before it leave") {
    for (const PlasticityConfig& p : {PlasticityConfig{0.43, 0.43, 8, 5}, {0.2, 0.5, 50, 200}, {0.6, 0.6, 100, 0}}) {
        Circuit c;
        const std::size_t source = c.poisson("source", 1, 60);
        const Train train = efficacies(c, source, p, 20000);
        REQUIRE(train.time.size() > 60);
        Synapse synapse;
        double worst = 0.0;
        for (std::size_t k = 0; k < train.time.size(); ++k)
            worst = std::max(worst, std::abs(train.efficacy[k] - synapse.spike(p, train.time[k])));
        INFO(p.tau_fac);
        CHECK(train.efficacy[0] == Approx(p.u_0).epsilon(1e-12));
        CHECK(worst < 1e-12);
    }
}

TEST_CASE("a regular train settles at the fixed point of the map, and its second spike is the paired-pulse ratio") {
    for (const PlasticityConfig& p : {PlasticityConfig{0.43, 0.43, 8, 5}, {0.1, 0.1, 20, 60}, {0.5, 0.5, 40, 0}})
        for (const double t_ref : {4.0, 25.0}) {
            Circuit c;
            const std::size_t source = c.add(metronome(t_ref), "source", 1);
            const Train train = efficacies(c, source, p, 20000);
            REQUIRE(train.time.size() > 50);
            const double h = train.time[1] - train.time[0];
            for (std::size_t k = 1; k < train.time.size(); ++k)
                REQUIRE(train.time[k] - train.time[k - 1] == Approx(h).epsilon(1e-9));
            const double recovery = std::exp(-h / p.tau_rec),
                         facilitation = p.tau_fac > 0 ? std::exp(-h / p.tau_fac) : 0.0;
            const double u = p.U / (1 - (1 - p.U) * facilitation), x = (1 - recovery) / (1 - (1 - u) * recovery);
            INFO("tau_fac " << p.tau_fac << " ms, interval " << h << " ms");
            CHECK(train.efficacy.back() == Approx(x * u).epsilon(1e-10));
            CHECK(train.efficacy[1] / train.efficacy[0] ==
                  Approx((1 - p.u_0 * recovery) * (p.U + p.u_0 * (1 - p.U) * facilitation) / p.u_0).epsilon(1e-10));
        }
}

TEST_CASE("in a Poisson train without facilitation, resources are on average 1 / (1 + U nu tau_rec) at a spike") {
    // The mean of x_{n+1} = 1 + (x_n (1 - U) - 1) exp(-h / tau_rec) over exponential intervals h.
    const PlasticityConfig p{0.3, 0.3, 60, 0};
    constexpr double rate = 40, seconds = 20, n = 400;
    Circuit c;
    const std::size_t source = c.poisson("source", static_cast<std::uint64_t>(n), rate);
    const std::size_t target = c.add(silent({exponential(2.0, 0)}), "target", 1);
    c.connect(source, target, 0, 2.0, weight, delay);
    c.plastic(p);
    Engine engine(c.config, c.network, 11, c.courses);
    engine.run(20000, {}); // 2 s: stationary
    // The mean conductance against that of the same trains through synapses that are not plastic.
    Circuit plain = c;
    plain.config.projections.back().plasticity.reset();
    Engine reference(plain.config, plain.network, 11, plain.courses);
    reference.run(20000, {});
    double with = 0.0, without = 0.0;
    const auto g = [&](const Engine& e) {
        return e.group(target)->state(static_cast<std::size_t>(e.group(target)->state_index("g_1")))[0];
    };
    for (std::uint64_t k = 0; k < static_cast<std::uint64_t>(seconds * 1000); ++k) {
        engine.run(10, {});
        reference.run(10, {});
        with += g(engine);
        without += g(reference);
    }
    const double expected = p.U / (1 + p.U * rate * 1e-3 * p.tau_rec);
    // The ratio's error: x varies by less than its mean from spike to spike, over n * rate * seconds spikes of which
    // those within tau_rec of one cell go together.
    const double error = 1 / std::sqrt(n * seconds * 1000 / p.tau_rec);
    CHECK(with / without == Approx(expected).epsilon(4 * error));
    CHECK(4 * error < 0.02);
}
