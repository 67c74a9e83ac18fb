// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <mfm/random.hpp>
#include <tbb/global_control.h>

#include <cmath>
#include <numeric>

#include "numerics/single_cells.hpp"
#include "simulate/engine.hpp"
#include "simulate/recorder.hpp"
#include "support/hash.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

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
        p.name = network.populations[source].name + "_to_" + network.populations[target].name;
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
        return network.projections.back();
    }
    std::uint64_t run(std::uint64_t steps, const Engine::Observer& observe = {}, std::string* hash = nullptr,
                      bool strict = false) {
        Engine engine(config, network, 11, courses, strict);
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
PopulationConfig starter() {
    PopulationConfig c = cell("lif", {{"V_th", -70}, {"V_reset", -90}, {"t_ref", 1000}}, {alpha(5, 0)});
    return c;
}
PopulationConfig silent(std::vector<mfm_receptor> receptors) {
    return cell("lif", {{"V_th", 90}, {"g_L", 0}}, std::move(receptors));
}

Circuit balanced(std::uint64_t n) {
    Circuit c;
    const std::size_t in = c.poisson("input", 200, 20);
    const std::size_t relay = c.relay("relay", 150);
    const std::size_t e =
        c.add(cell("adex", {{"V_peak", -40}, {"t_ref", 5}, {"b", 20}}, {exponential(5, 0), exponential(5, -80)}),
              "excitatory", n);
    const std::size_t i = c.add(cell("eglif", interneuron(), {alpha(.64, 0), alpha(2, -80)}), "inhibitory", n / 3);
    c.connect(in, relay, 0, 0.02, 1, 1.0);
    const double k = 300.0 / static_cast<double>(n);
    c.connect(relay, e, 0, 0.2, 2.0, 1.5);
    c.connect(in, i, 0, 0.3, 0.5, 1.0);
    c.connect(e, e, 0, 0.1 * k, 1.0, 2.0);
    c.connect(e, i, 0, 0.1 * k, 0.3, 1.3);
    c.connect(i, e, 1, 0.1 * k, 4.0, 1.0);
    auto& varied = c.connect(i, i, 1, 0.1 * k, 1.0, 1.2);
    RandomSequence random(5, 5, 5);
    for (std::size_t s = 0; s < varied.to.size(); ++s) {
        varied.delays.push_back(1.0 + 0.1 * static_cast<double>(random.below(30)));
        varied.weights.push_back(random.uniform());
    }
    return c;
}

} // namespace

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

TEST_CASE("every spike reaches every synapse of its cell once") {
    Circuit c = balanced(300);
    std::uint64_t expected = 0;
    const std::uint64_t delivered =
        c.run(3000, [&](std::uint64_t, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
            for (const Projection& p : c.network.projections)
                for (const std::uint32_t cell : spikes[p.source].cell) expected += p.row[cell + 1] - p.row[cell];
        });
    CHECK(expected > 100000);
    CHECK(delivered == expected);
}

TEST_CASE("a relay passes on what it gets: once for every spike, one delay later") {
    Circuit c;
    const std::size_t in = c.poisson("input", 10, 300), relay = c.relay("relay", 20);
    c.connect(in, relay, 0, 0.3, 1, 0.7);
    std::vector<std::uint64_t> fired(10000, 0), passed(10000, 0);
    c.run(9000, [&](std::uint64_t first, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
        for (std::size_t k = 0; k < spikes[in].cell.size(); ++k)
            fired[first + spikes[in].step[k] + 7] +=
                c.network.projections[0].row[spikes[in].cell[k] + 1] - c.network.projections[0].row[spikes[in].cell[k]];
        for (const std::uint32_t t : spikes[relay].step) ++passed[first + t];
    });
    CHECK(std::accumulate(passed.begin(), passed.end(), std::uint64_t{0}) > 1000);
    CHECK(std::equal(passed.begin(), passed.begin() + 9000, fired.begin()));
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

TEST_CASE("one thread or two, blocks of the least delay or single steps: the same bits") {
    Circuit c = balanced(3000); // several chunks of cells
    std::string one, two, strict;
    {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
        c.run(600, {}, &one);
    }
    {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
        c.run(600, {}, &two);
    }
    c.run(600, {}, &strict, true);
    CHECK(one == two);
    CHECK(one == strict);
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
