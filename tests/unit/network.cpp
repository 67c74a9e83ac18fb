// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <map>

#include <mfm/connectivity.hpp>
#include <tbb/global_control.h>

#include "unit/network_fixture.hpp"

using namespace network_test;
using Catch::Matchers::Contains;

namespace {

const std::string space = R"(
[space]
size = ["300 um", "200 um", "130 um"]
layers = { granular = [0, 130], plane = [100, 115] }
)";

/// Rules of both orientations, with earlier projections, contacts and delays from plugins.
const std::string everything = space + R"(
[population.mossy]
kind = "poisson"
placement = { layer = "granular", count = 40 }
[population.glomerulus]
kind = "relay"
placement = { layer = "granular", count = 500 }
[population.granule]
kind = "relay"
placement = { layer = "granular", count = 3000 }
[population.golgi]
kind = "relay"
placement = { layer = "granular", count = 30 }
[projection.mg]
source = "mossy"
target = "glomerulus"
delay = "1 ms"
rule = { plugin = "distance_rank", x_reach = 60, y_reach = 40, decay = 2 }
[projection.gg]
source = "glomerulus"
target = "granule"
delay = "1 ms"
rule = { plugin = "distinct_groups", count = 4, radius = 40, group = "mg" }
[projection.og]
source = "golgi"
target = "granule"
delay = "1 ms"
rule = { plugin = "shared_relay", through = "gg", count = 40 }
keep = 0.7
[projection.random]
source = "granule"
target = "golgi"
delay = { distribution = "normal", mean = "2 ms", sd = "1 ms" }
rule = { plugin = "fixed_in_degree", in_degree = 300, sd = 80, distribution = "normal", multapses = true }
[projection.total]
source = "granule"
target = "golgi"
delay = "1 ms"
rule = { plugin = "fixed_total", synapses = 7000 }
[projection.field]
source = "granule"
target = "granule"
delay = "1 ms"
rule = { plugin = "field_overlap", selection = "share", affinity = 0.1, source_field = [0, 0, -400, 400, 20, 20], target_field = [-9, 9, -9, 9, 0, 30] }
[projection.some]
source = "mossy"
target = "granule"
delay = "1 ms"
rule = { plugin = "bernoulli", probability = 0.1 }
)";

/// A neuron population that takes weights and contacts.
std::string weighted(const std::string& extra) {
    return R"(
[population.a]
kind = "poisson"
count = 100
[population.b]
neuron = "lif"
count = 200
receptors = [{ kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }]
[projection.ab]
source = "a"
target = "b"
receptor = 1
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.5 }
)" + extra;
}

/// A projection made by a rule that exists only here.
template <class Rule> Network build_with(std::uint64_t n) {
    PipelineConfig config = pipeline(pair_of(n, n, "'all_to_all'"));
    static const mfm_plugin plugin{sizeof(mfm_plugin), 1, 0, 0, "test", "1", "test", nullptr, nullptr};
    static const Component component{&Connectivity<Rule>::component, &plugin, "test"};
    config.projections[0].rule = {&component, {}, {}, {}, ""};
    config.projections[0].earlier.clear();
    return build(config);
}
struct TestRule {
    static constexpr auto id = "test_rule", version = "1", summary = "for tests", citation = "none";
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
};
struct Inconsistent : TestRule {
    std::uint64_t degree(const ProjectionView&, std::uint64_t, RandomSequence&) const { return 2; }
    void row(const ProjectionView&, std::uint64_t i, RandomSequence&, Row& row) const {
        row.add(i);
        if (i != 3) row.add(0);
    }
};
struct OutOfRange : TestRule {
    void row(const ProjectionView&, std::uint64_t i, RandomSequence&, Row& row) const { row.add(i + 1); }
};
struct NegativeDelay : TestRule {
    void row(const ProjectionView&, std::uint64_t i, RandomSequence&, Row& row) const {
        row.add(i, 1.0, i == 2 ? -1.0 : 2.0);
    }
};
struct RandomDelay : TestRule {
    void row(const ProjectionView&, std::uint64_t i, RandomSequence& random, Row& row) const {
        row.add(i, 2.0, 1.0 + random.uniform());
        row.add((i + 1) % row.partners(), 3.0);
    }
};

} // namespace

TEST_CASE("the network is the same for any number of threads") {
    const PipelineConfig config = pipeline(everything);
    std::vector<Network> made;
    for (const std::size_t threads : {1u, 2u, 5u}) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        made.push_back(build(config));
    }
    for (const Network& other : made) {
        CHECK(other.hash == made[0].hash);
        for (std::size_t p = 0; p < other.populations.size(); ++p)
            CHECK(other.populations[p].position == made[0].populations[p].position);
        for (std::size_t p = 0; p < other.projections.size(); ++p) {
            CHECK(other.projections[p].row == made[0].projections[p].row);
            CHECK(other.projections[p].to == made[0].projections[p].to);
            CHECK(other.projections[p].contacts == made[0].projections[p].contacts);
            CHECK(other.projections[p].delays == made[0].projections[p].delays);
        }
    }
    for (const Projection& p : made[0].projections) CHECK(p.synapses() > 0);
}

TEST_CASE("rows are sorted and hold a pair once") {
    const Network network = build(everything);
    for (const Projection& p : network.projections) {
        INFO(p.name);
        for (std::size_t s = 0; s + 1 < p.row.size(); ++s)
            for (std::uint64_t k = p.row[s]; k + 1 < p.row[s + 1]; ++k) REQUIRE(p.to[k] < p.to[k + 1]);
        CHECK(p.row.back() == p.to.size());
    }
}

TEST_CASE("another seed gives another network, another projection leaves the rest alone") {
    const PipelineConfig config = pipeline(everything);
    const Network one = build(config);
    CHECK(build(pipeline(everything, 2)).hash != one.hash);
    PipelineConfig fewer = config;
    fewer.projections.erase(fewer.projections.begin() + 2);
    const Network without = build(fewer);
    CHECK(without.projections[2].to == one.projections[3].to);
    CHECK(without.projections.back().to == one.projections.back().to);
}

TEST_CASE("keep thins pairs at random, and a smaller fraction is a part of a larger one") {
    std::vector<std::set<std::pair<std::uint32_t, std::uint32_t>>> pairs;
    for (const double keep : {1.0, 0.76, 0.4, 0.0}) {
        PipelineConfig config = pipeline(pair_of(200, 300, "{ plugin = 'bernoulli', probability = 0.5 }"));
        config.projections[0].keep = keep;
        const Network network = build(config);
        const Projection& p = network.projections[0];
        pairs.emplace_back();
        for (std::uint32_t s = 0; s < 200; ++s)
            for (std::uint64_t k = p.row[s]; k < p.row[s + 1]; ++k) pairs.back().emplace(s, p.to[k]);
        const double n = static_cast<double>(pairs[0].size());
        CHECK(std::abs(static_cast<double>(pairs.back().size()) - keep * n) <= 5 * std::sqrt(keep * (1 - keep) * n));
        if (pairs.size() > 1)
            CHECK(std::includes(pairs[pairs.size() - 2].begin(), pairs[pairs.size() - 2].end(), pairs.back().begin(),
                                pairs.back().end()));
    }
}

TEST_CASE("contacts are whole numbers, cut and not rounded; a pair without contact is no pair") {
    const Network many = build(weighted("weight = 0.5\ncontacts = { distribution = 'normal', mean = 160, sd = 5 }"));
    const Projection& p = many.projections[0];
    for (const float c : p.contacts) REQUIRE(c == std::floor(c));
    const Moments m = moments(p.contacts);
    CHECK(m.mean == Approx(159.5).margin(5 * 5 / std::sqrt(10000.0)));
    CHECK(m.sd == Approx(5.0).epsilon(0.05));
    CHECK(p.weight_of(7) == Approx(0.5 * static_cast<double>(p.contacts[7])));

    const Network few = build(weighted("weight = 0.5\ncontacts = { distribution = 'normal', mean = 1, sd = 1 }"));
    for (const float c : few.projections[0].contacts) REQUIRE(c >= 1.0f);
    const double expected = 0.5 * static_cast<double>(p.synapses()); // floor(N(1, 1)) >= 1 in half of the pairs
    CHECK(static_cast<double>(few.projections[0].synapses()) == Approx(expected).epsilon(0.05));

    const Network whole =
        build(weighted("weight = 0.5\ncontacts = { distribution = 'normal', mean = 20, sd = 2, floor = false }"));
    CHECK(moments(whole.projections[0].contacts).mean == Approx(20.0).margin(0.1));
}

TEST_CASE("weights and delays follow their distributions, never of the wrong sign or below a step") {
    const Network network = build(weighted("weight = { distribution = 'gamma', mean = 2, sd = 1 }\ncontacts = 3"));
    const Projection& p = network.projections[0];
    const Moments w = moments(p.weights);
    CHECK(w.mean == Approx(6.0).epsilon(0.03));
    CHECK(w.sd == Approx(3.0).epsilon(0.05));
    CHECK(p.weight == Approx(w.mean / 3.0));
    const Network cut = build(weighted("weight = { distribution = 'normal', mean = 1, sd = 1 }"));
    CHECK(*std::min_element(cut.projections[0].weights.begin(), cut.projections[0].weights.end()) >= 0.0);
    const Network logarithmic = build(weighted("weight = { distribution = 'lognormal', mean = 2, sd = 1 }"));
    CHECK(moments(logarithmic.projections[0].weights).sd == Approx(1.0).epsilon(0.08));

    PipelineConfig config = pipeline(weighted("weight = 1"));
    config.projections[0].delay = {Distribution::Kind::Normal, 1.0, 1.0, 0.0, 0.0};
    const Network delayed = build(config);
    CHECK(delayed.projections[0].delays.size() == delayed.projections[0].synapses());
    CHECK(*std::min_element(delayed.projections[0].delays.begin(), delayed.projections[0].delays.end()) >=
          config.simulation.dt);
    CHECK(delayed.projections[0].delay == Approx(moments(delayed.projections[0].delays).mean));
}

TEST_CASE("a placement without a layer fills the whole volume") {
    const auto populations = place_populations(
        pipeline("[space]\nsize = [50, 50, 400]\n[population.a]\nkind = 'poisson'\nplacement = { count = 1000 }\n"));
    const auto [low, high] = std::minmax_element(populations[0].position[2].begin(), populations[0].position[2].end());
    CHECK(*low >= 0.0);
    CHECK(*low < 10.0); // a uniform thousand leaves 10 of 400 um empty with a chance of 1e-11
    CHECK(*high > 390.0);
    CHECK(*high <= 400.0);
}

TEST_CASE("random placement fills every chunk with its share") {
    const PipelineConfig config = pipeline(
        space + "[population.a]\nkind = 'poisson'\nplacement = { layer = 'granular', density = '1.17e-4 /um^3' }\n"
                "[population.b]\nkind = 'poisson'\nplacement = { layer = 'granular', ratio = 0.5, ratio_of = 'a' }\n");
    double total = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        PipelineConfig other = config;
        other.seed = seed;
        const auto populations = place_populations(other);
        std::map<std::array<int, 3>, int> chunk;
        for (std::size_t i = 0; i < populations[0].n; ++i) {
            for (std::size_t d = 0; d < 3; ++d)
                REQUIRE((populations[0].position[d][i] >= 0 && populations[0].position[d][i] <= other.space.size[d]));
            ++chunk[{static_cast<int>(populations[0].position[0][i] / 100),
                     static_cast<int>(populations[0].position[1][i] / 100),
                     static_cast<int>(populations[0].position[2][i] / 100)}];
        }
        REQUIRE(chunk.size() == 12);
        for (const auto& [where, n] : chunk) {
            const double expected = where[2] == 0 ? 117.0 : 35.1;
            REQUIRE((n == static_cast<int>(std::floor(expected)) || n == static_cast<int>(std::ceil(expected))));
        }
        total += static_cast<double>(populations[1].n);
    }
    CHECK(total / 40 == Approx(0.5 * 1.17e-4 * 300 * 200 * 130).epsilon(0.005)); // 456.3
}

TEST_CASE("a parallel array has slanted rows of the asked density") {
    const PipelineConfig config = pipeline(
        space + "[population.a]\nkind = 'poisson'\nplacement = { kind = 'parallel_array', layer = 'plane', density = "
                "'1.166e-3 /um^2', radius = '7.5 um', spacing_x = '130 um', angle = '80 deg' }\n");
    double total = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        PipelineConfig other = config;
        other.seed = seed;
        const Population a = place_populations(other)[0];
        total += static_cast<double>(a.n);
        for (std::size_t i = 0; i < a.n; ++i) {
            REQUIRE((a.position[0][i] >= 7.5 && a.position[0][i] < 292.5));
            REQUIRE((a.position[1][i] >= 7.5 && a.position[1][i] <= 200.0));
            REQUIRE(a.position[2][i] == 107.5);
        }
    }
    // 3 rows of 30 cells over 375 um, of which those within 285 um stay.
    CHECK(total / 40 == Approx(90.0 * 285.0 / 375.0).margin(0.5));
}

TEST_CASE("what cannot be built is refused in a sentence that says where and why") {
    CHECK_THROWS_WITH(
        build(space +
              "[population.a]\nkind = 'poisson'\nplacement = { layer = 'granular', density = '1e-12 /um^3' }\n"),
        Contains("'a' has zero cells"));
    PipelineConfig config = pipeline(everything);
    config.populations[1].placement.layer = "granula";
    CHECK_THROWS_WITH(build(config), Contains("layer 'granula'") && Contains("'granular'"));
    config = pipeline(everything);
    config.populations[0].placement.kind = Placement::Kind::None;
    config.populations[0].count.reset();
    CHECK_THROWS_WITH(build(config), Contains("neither a count nor a placement"));
    config.populations[0].count = 5000000000ULL;
    CHECK_THROWS_WITH(build(config), Contains("5e+09 cells; the most is 4294967295"));
    config = pipeline(everything);
    std::swap(config.projections[0], config.projections[1]);
    CHECK_THROWS_WITH(build(config), Contains("'gg' needs projection 'mg', which must stand above it"));
    config = pipeline(everything);
    config.populations[0].placement.density_of = "golgi";
    config.populations[3].placement.density_of = "mossy";
    config.populations[0].placement.count.reset();
    config.populations[3].placement.count.reset();
    CHECK_THROWS_WITH(build(config), Contains("ratio of itself"));
}

TEST_CASE("an empty projection is a warning") {
    Quiet progress;
    const Network network =
        build_network(pipeline(pair_of(10, 10, "{ plugin = 'bernoulli', probability = 0 }")), progress);
    REQUIRE(progress.warnings.size() == 1);
    CHECK_THAT(progress.warnings[0], Contains("'ab' has no synapse"));
    CHECK(degree_statistics(network, network.projections[0]).in_mean == 0.0);
}

TEST_CASE("degree statistics count unconnected cells, and leave them out where they say so") {
    const PipelineConfig config = pipeline(
        space + "[population.a]\nkind = 'relay'\nplacement = { layer = 'granular', count = 50 }\n"
                "[population.b]\nkind = 'relay'\nplacement = { layer = 'granular', count = 400 }\n"
                "[projection.ab]\nsource = 'a'\ntarget = 'b'\ndelay = 1\nrule = { plugin = 'radius', radius = 25 }\n");
    const Network network = build(config);
    const Projection& p = network.projections[0];
    const auto degree = in_degrees(network, p);
    std::vector<std::uint32_t> positive;
    for (const std::uint32_t d : degree)
        if (d > 0) positive.push_back(d);
    const DegreeStatistics s = degree_statistics(network, p);
    REQUIRE(positive.size() < degree.size());
    CHECK(s.connected_targets == positive.size());
    CHECK(s.in_mean == Approx(moments(degree).mean));
    CHECK(s.in_sd == Approx(moments(degree).sd));
    CHECK(s.in_mean_connected == Approx(moments(positive).mean));
    CHECK(s.in_sd_connected == Approx(moments(positive).sd));
    const std::string table = degree_table(network, config);
    CHECK_THAT(table, Contains("radius") && Contains("400 cells") && Contains(std::to_string(p.synapses())));
}

TEST_CASE("a rule that breaks its word is caught, and named") {
    CHECK_THROWS_WITH(build_with<Inconsistent>(10),
                      Contains("test_rule") && Contains("fewer partners than it counted"));
    CHECK_THROWS_WITH(build_with<OutOfRange>(10), Contains("test_rule") && Contains("does not exist"));
    CHECK_THROWS_WITH(build_with<NegativeDelay>(10), Contains("test_rule") && Contains("delay -1 ms"));
}

TEST_CASE("a rule may set contacts and delays of its own") {
    const Network network = build_with<RandomDelay>(50);
    const Projection& p = network.projections[0];
    REQUIRE(p.synapses() == 100);
    REQUIRE(p.delays.size() == 100);
    for (std::uint32_t s = 0; s < 50; ++s)
        for (std::uint64_t k = p.row[s]; k < p.row[s + 1]; ++k) {
            CHECK(p.contacts[k] == (p.to[k] == s ? 2.0f : 3.0f));
            if (p.to[k] == s)
                CHECK((p.delays[k] > 1.0 && p.delays[k] < 2.0));
            else
                CHECK(p.delays[k] == 1.0);
        }
}
