// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <mfm/random.hpp>
#include <tbb/global_control.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "numerics/engine_circuit.hpp"
#include "simulate/recorder.hpp"

using namespace mfm;
using namespace mfm::test;

TEST_CASE("a spike takes effect exactly one delay after it was fired, for every receptor kind") {
    for (const double delay : {0.1, 1.0, 3.7}) {
        Circuit c;
        const std::size_t a = c.add(starter(), "a", 1);
        const mfm_receptor kinds[] = {
            alpha(2, 0), exponential(3, 0), {sizeof(mfm_receptor), MFM_RECEPTOR_BIEXPONENTIAL, 0, 0, 6, 1.5, 0}};
        for (std::size_t k = 0; k < 3; ++k) {
            const std::size_t b = c.add(silent({kinds[k]}), std::string("b").append(std::to_string(k)), 1);
            c.connect(a, b, 0, 2.0, 0.8, delay);
        }
        Engine engine(c.config, c.network, 1, c.courses);
        const auto arrival = static_cast<std::uint64_t>(std::llround(delay / 0.1));
        for (std::uint64_t after = 0; after < 40; ++after) {
            // The state after step n is that at time n + 1 of the grid; a spike of step 0 that arrives in step d counts
            // from there.
            while (engine.now() < arrival + after + 1) engine.run(1, {});
            const double t = 0.1 * static_cast<double>(after);
            const auto g = [&](std::size_t k) {
                const NeuronGroup* group = engine.group(k + 1);
                const double g1 = group->state(static_cast<std::size_t>(group->state_index("g_1")))[0];
                return k == 2 ? g1 - group->state(static_cast<std::size_t>(group->state_index("h_1")))[0] : g1;
            };
            CHECK(g(0) == Approx(0.8 * std::exp(1.0) * t / 2 * std::exp(-t / 2)).margin(1e-13));
            CHECK(g(1) == Approx(0.8 * std::exp(-t / 3)).margin(1e-13));
            const double peak = 6 * 1.5 / 4.5 * std::log(4.0);
            CHECK(g(2) ==
                  Approx(0.8 * (std::exp(-t / 6) - std::exp(-t / 1.5)) / (std::exp(-peak / 6) - std::exp(-peak / 1.5)))
                      .margin(1e-13));
        }
    }
}

TEST_CASE("what arrives is the sum over all synapses of weight, efficacy and decay since the arrival, however they are "
          "kept") {
    Circuit c;
    constexpr std::uint64_t n = 66000; // more than 16 bits can count
    constexpr double tau = 4.0;
    const std::size_t in = c.poisson("input", 60, 80), relay = c.relay("relay", 40);
    const std::size_t target = c.add(silent({exponential(tau, 0), exponential(tau, -80)}), "target", n);
    RandomSequence random(3, 3, 3);
    c.connect(in, relay, 0, 0.1, 1, 0.3).contacts.assign(c.network.projections.back().synapses(), 2.0f);
    c.connect(in, target, 0, 0.01, 0.7, 1.7);
    c.connect(relay, target, 1, 0.01, 0.3, 0.4);
    Projection& contacts = c.connect(in, target, 1, 0.01, 0.2, 2.0);
    for (std::size_t k = 0; k < contacts.to.size(); ++k)
        contacts.contacts.push_back(static_cast<float>(random.below(5)));
    Projection& weights = c.connect(in, target, 0, 0.01, 0, 0.3);
    for (std::size_t k = 0; k < weights.to.size(); ++k) weights.weights.push_back(random.uniform());
    c.plastic({0.3, 0.6, 40, 15});
    Projection& delays = c.connect(in, target, 0, 0.01, 0.5, 0);
    for (std::size_t k = 0; k < delays.to.size(); ++k)
        delays.delays.push_back(0.3 + 0.1 * static_cast<double>(random.below(40)));
    Projection& both = c.connect(relay, target, 1, 0.01, 0, 0);
    for (std::size_t k = 0; k < both.to.size(); ++k) {
        both.weights.push_back(random.uniform());
        both.delays.push_back(0.3 + 0.1 * static_cast<double>(random.below(90)));
    }
    c.plastic({0.5, 0.5, 20, 0});
    constexpr std::uint64_t steps = 500;
    std::vector<std::vector<double>> expected(2, std::vector<double>(n, 0.0));
    std::vector<std::map<std::uint32_t, Synapse>> synapse; // [projections], by source cell
    const auto observe = [&](std::uint64_t first, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
        for (std::size_t i = 0; i < c.network.projections.size(); ++i) {
            const Projection& p = c.network.projections[i];
            if (p.target != target) continue;
            for (std::size_t k = 0; k < spikes[p.source].cell.size(); ++k) {
                const auto& plasticity = c.config.projections[i].plasticity;
                const double efficacy =
                    plasticity ? synapse[i][spikes[p.source].cell[k]].spike(
                                     *plasticity, 0.1 * static_cast<double>(first + spikes[p.source].step[k]))
                               : 1.0;
                for (std::uint64_t e = p.row[spikes[p.source].cell[k]]; e < p.row[spikes[p.source].cell[k] + 1]; ++e) {
                    const auto delay =
                        static_cast<std::uint64_t>(std::llround((p.delays.empty() ? p.delay : p.delays[e]) / 0.1));
                    const std::uint64_t arrival = first + spikes[p.source].step[k] + delay;
                    if (arrival < steps)
                        expected[p.port][p.to[e]] +=
                            efficacy * p.weight_of(e) * std::exp(-0.1 * static_cast<double>(steps - 1 - arrival) / tau);
                }
            }
        }
    };
    for (const std::uint64_t cells_of_piece : {0, 16, 4096, 66000}) {
        for (auto& port : expected) port.assign(n, 0.0);
        synapse.assign(c.network.projections.size(), {});
        Engine engine(c.config, c.network, 11, c.courses, false,
                      std::make_shared<const Wiring>(c.config, c.network, cells_of_piece));
        engine.run(steps, observe);
        double worst = 0.0, largest = 0.0;
        for (std::size_t port = 0; port < 2; ++port) {
            const std::span<const double> g = engine.group(target)->state(
                static_cast<std::size_t>(engine.group(target)->state_index(port == 0 ? "g_1" : "g_2")));
            for (std::uint64_t i = 0; i < n; ++i) {
                worst = std::max(worst, std::abs(g[i] - expected[port][i]));
                largest = std::max(largest, expected[port][i]);
            }
        }
        INFO(cells_of_piece);
        CHECK(largest > 5.0);
        CHECK(worst < 1e-13 * largest * static_cast<double>(steps)); // one rounding a step
    }
}

TEST_CASE("every spike reaches every synapse of its cell once, after its delay") {
    Circuit c = balanced(300);
    constexpr std::uint64_t steps = 3000;
    std::uint64_t expected = 0;
    const std::uint64_t delivered = c.run(steps, [&](std::uint64_t first, std::uint32_t,
                                                     const std::vector<BlockSpikes>& spikes) {
        for (const Projection& p : c.network.projections)
            for (std::size_t k = 0; k < spikes[p.source].cell.size(); ++k)
                for (std::uint64_t e = p.row[spikes[p.source].cell[k]]; e < p.row[spikes[p.source].cell[k] + 1]; ++e) {
                    const double delay = p.delays.empty() ? p.delay : p.delays[e];
                    expected += first + spikes[p.source].step[k] + std::lround(delay / 0.1) < steps;
                }
    });
    CHECK(expected > 100000);
    CHECK(delivered == expected);
}

TEST_CASE("a relay passes on what it gets: once for every spike and contact, one delay later") {
    Circuit c;
    const std::size_t in = c.poisson("input", 10, 300), relay = c.relay("relay", 20);
    Projection& p = c.connect(in, relay, 0, 0.3, 1, 0.7);
    for (std::size_t k = 0; k < p.to.size(); ++k) p.contacts.push_back(static_cast<float>(k % 4));
    using Spike = std::pair<std::uint64_t, std::uint32_t>;
    std::vector<Spike> expected, passed;
    constexpr std::uint64_t steps = 9000;
    c.run(steps, [&](std::uint64_t first, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
        for (std::size_t k = 0; k < spikes[in].cell.size(); ++k)
            for (std::uint64_t e = p.row[spikes[in].cell[k]]; e < p.row[spikes[in].cell[k] + 1]; ++e)
                for (std::uint64_t copy = 0; copy < e % 4; ++copy)
                    if (first + spikes[in].step[k] + 7 < steps)
                        expected.emplace_back(first + spikes[in].step[k] + 7, p.to[e]);
        for (std::size_t k = 0; k < spikes[relay].cell.size(); ++k)
            passed.emplace_back(first + spikes[relay].step[k], spikes[relay].cell[k]);
    });
    CHECK(passed.size() > 1000);
    CHECK(std::is_sorted(passed.begin(), passed.end())); // by step, then by cell
    std::sort(expected.begin(), expected.end());
    CHECK(passed == expected);
}

TEST_CASE("Poisson sources are Poisson: mean and variance of the counts are the rate") {
    Circuit c;
    const std::size_t in = c.poisson("input", 500, 40);
    Recorder recorder(c.network, {0.1, 0, 4000, 5, 1, 200, false, 1});
    c.run(40000, [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& s) {
        recorder.observe(first, n, s);
    });
    const PopulationActivity a = recorder.finish()[in];
    CHECK(a.rate_hz == Approx(40).epsilon(.02));
    CHECK(a.fano == Approx(1.0).epsilon(.15));
    CHECK(a.cv_isi == Approx(1.0).epsilon(.03));
    CHECK(std::abs(a.correlation) < 0.003);
    CHECK(a.rate_sd_hz == Approx(std::sqrt(40 / 4.0)).epsilon(.1));
    CHECK(a.rate_se_hz == Approx(std::sqrt(40 / 4.0 / 500)).epsilon(.5));
}

TEST_CASE("a part of a Poisson population follows its own course, and the other cells fire as without it") {
    using Spike = std::pair<std::uint64_t, std::uint32_t>;
    const auto constant = [](double rate) {
        return [rate](std::uint64_t, std::span<double> out) { std::fill(out.begin(), out.end(), rate); };
    };
    const auto spikes_with = [&](std::vector<SourceCourse> parts) {
        Circuit c;
        const std::size_t in = c.poisson("input", 100, 20);
        c.courses[in].parts = std::move(parts);
        std::vector<Spike> out;
        c.run(20000, [&](std::uint64_t first, std::uint32_t, const std::vector<BlockSpikes>& s) {
            for (std::size_t k = 0; k < s[in].cell.size(); ++k) out.emplace_back(first + s[in].step[k], s[in].cell[k]);
        });
        REQUIRE(std::is_sorted(out.begin(), out.end()));
        return out;
    };
    const auto of_cell = [](std::vector<Spike> spikes, std::uint32_t cell) {
        std::erase_if(spikes, [cell](const Spike& s) { return s.second != cell; });
        return spikes;
    };
    const std::vector<Spike> without = spikes_with({}),
                             with = spikes_with({{constant(500), {3, 50}}, {constant(0), {50, 99}}});
    CHECK(without.size() == Approx(100 * 20 * 2).margin(4 * std::sqrt(4000)));
    for (std::uint32_t cell = 0; cell < 100; ++cell) {
        INFO(cell);
        if (cell == 3)
            CHECK(of_cell(with, cell).size() == Approx(500 * 2).margin(4 * std::sqrt(1000)));
        else if (cell == 50 || cell == 99) // the last part that names a cell counts
            CHECK(of_cell(with, cell).empty());
        else
            CHECK(of_cell(with, cell) == of_cell(without, cell));
    }
}

TEST_CASE("one thread or two, blocks of the least delay or single steps, large or small pieces: the same bits") {
    Circuit c = balanced(3000); // several chunks of cells
    std::string one, two, strict, pieces;
    {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
        c.run(600, {}, &one);
    }
    {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
        c.run(600, {}, &two);
    }
    c.run(600, {}, &strict, true);
    c.run(600, {}, &pieces, false, 48);
    CHECK(one == two);
    CHECK(one == strict);
    CHECK(one == pieces);
}

TEST_CASE("a state that is not finite stops the run and names population, cell, variable and step") {
    Circuit c;
    const std::size_t a = c.add(starter(), "a", 1);
    const std::size_t b = c.add(silent({alpha(2, 0)}), "poisoned", 3);
    Projection& p = c.connect(a, b, 0, 0.0, 1, 1.5);
    p.to = {2};
    p.row = {0, 1};
    p.weight = std::numeric_limits<double>::infinity();
    // Arrives in step 15; alpha's first stage is infinite at once.
    REQUIRE_THROWS_WITH(c.run(200, {}, nullptr, true), Catch::Contains("population 'poisoned', cell 2") &&
                                                           Catch::Contains("h_1") && Catch::Contains("(step 16;"));
    CHECK_THROWS_AS(c.run(2000), NotFinite);
}

TEST_CASE("a raster has every spike of its cells after the transient, and changes nothing that is recorded") {
    Circuit c;
    const std::size_t source = c.poisson("source", 60, 40);
    const std::size_t few = c.poisson("few", 3, 20);
    Recorder with(c.network, {0.1, 100, 2000, 5, 1, 200, true, 1, true});
    Recorder without(c.network, {0.1, 100, 2000, 5, 1, 200, true, 1});
    c.run(20000, [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& s) {
        with.observe(first, n, s);
        without.observe(first, n, s);
    });
    const auto a = with.finish(), b = without.finish();
    CHECK(a[few].raster_cells == 3);
    CHECK(a[source].raster_cells == 40);
    CHECK(b[source].raster_cells == 0);
    CHECK(b[source].raster_time.empty());
    CHECK(a[source].rate_hz == b[source].rate_hz);
    CHECK(a[source].correlation == b[source].correlation);
    // All three cells are shown, each under one number of its own.
    std::map<std::uint32_t, std::vector<double>> all, shown;
    for (std::size_t k = 0; k < a[few].spike_time.size(); ++k)
        if (a[few].spike_time[k] >= 100) all[a[few].spike_cell[k]].push_back(a[few].spike_time[k]);
    for (std::size_t k = 0; k < a[few].raster_time.size(); ++k)
        shown[a[few].raster_cell[k]].push_back(a[few].raster_time[k]);
    std::set<std::vector<double>> trains, raster;
    for (const auto& cell : all) trains.insert(cell.second);
    for (const auto& row : shown) raster.insert(row.second);
    CHECK(trains.size() == 3);
    CHECK(raster == trains);
}

TEST_CASE("a network of independent cells has Fano factor 1, one driven in common does not") {
    Circuit c;
    const std::size_t shared = c.poisson("shared", 1, 40);
    const std::size_t together = c.add(cell("lif", {}, {alpha(2, 0)}), "together", 50);
    c.connect(shared, together, 0, 2.0, 40.0, 1.0);
    Recorder recorder(c.network, {0.1, 0, 4000, 5, 1, 200, false, 1});
    c.run(40000, [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& s) {
        recorder.observe(first, n, s);
    });
    const PopulationActivity a = recorder.finish()[together];
    CHECK(a.fano > 25);
    CHECK(a.correlation > 0.9);
}
