// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "unit/network_fixture.hpp"

using namespace network_test;
using Catch::Matchers::Contains;

namespace {

/// Mean and sd of the built in-degrees against the rule's own law, within five standard errors.
void check_law(const std::string& toml) {
    const PipelineConfig config = pipeline(toml);
    const Network network = build(config);
    const Moments said = law(config), found = moments(in_degrees(network, network.projections[0]));
    const double n = static_cast<double>(network.populations[network.projections[0].target].n);
    INFO(toml << "law " << said.mean << " +- " << said.sd << ", found " << found.mean << " +- " << found.sd);
    CHECK(std::abs(found.mean - said.mean) <= 5.0 * said.sd / std::sqrt(n) + 1e-9);
    CHECK(std::abs(found.sd - said.sd) <=
          5.0 * said.sd / std::sqrt(n) + 1e-9); // kurtosis below that of a normal times two
}

const std::string box = R"(
[space]
size = [200, 150, 100]
layers = { all = [0, 100] }
)";
/// Relay populations placed in the box, "name" with so many cells.
std::string placed(const std::string& name, std::uint64_t cells) {
    return "[population." + name +
           "]\nkind = \"relay\"\nplacement = { layer = \"all\", count = " + std::to_string(cells) + " }\n";
}
std::string projection(const std::string& name, const std::string& source, const std::string& target,
                       const std::string& rule) {
    return "[projection." + name + "]\nsource = \"" + source + "\"\ntarget = \"" + target +
           "\"\ndelay = \"1 ms\"\nrule = " + rule + "\n";
}

} // namespace

TEST_CASE("in-degrees follow the law that their rule states") {
    check_law(pair_of(300, 4000, "{ plugin = 'fixed_in_degree', in_degree = 20 }"));
    check_law(pair_of(300, 4000, "{ plugin = 'fixed_in_degree', in_degree = 20, sd = 4, distribution = 'normal' }"));
    check_law(pair_of(300, 8000,
                      "{ plugin = 'fixed_in_degree', in_degree = 2, sd = 3, distribution = 'normal' }")); // cut at 0
    check_law(pair_of(300, 8000, "{ plugin = 'fixed_in_degree', in_degree = 10, sd = 7, distribution = 'gamma' }"));
    check_law(pair_of(12, 8000,
                      "{ plugin = 'fixed_in_degree', in_degree = 10, sd = 4, distribution = 'gamma' }")); // cut at 12
    check_law(pair_of(500, 4000, "{ plugin = 'bernoulli', probability = 0.03 }"));
    check_law(pair_of(50, 4000, "{ plugin = 'bernoulli', probability = 0.9 }"));
    check_law(onto_itself(2000, "{ plugin = 'bernoulli', probability = 0.02, autapses = false }"));
    check_law(pair_of(200, 4000, "{ plugin = 'fixed_total', synapses = 20000 }"));
    check_law(pair_of(20, 4000, "{ plugin = 'fixed_total', synapses = 60000 }")); // more than half of all pairs
    check_law(pair_of(20, 40, "{ plugin = 'all_to_all' }"));
    check_law(onto_itself(40, "{ plugin = 'all_to_all', autapses = false }"));
    check_law(pair_of(30, 30, "{ plugin = 'one_to_one' }"));
}

TEST_CASE("fixed in-degrees are distinct sources, all alike") {
    const Network network = build(pair_of(200, 5000, "{ plugin = 'fixed_in_degree', in_degree = 20 }"));
    const Projection& p = network.projections[0];
    for (const auto& sources : sources_of(network, p)) {
        REQUIRE(sources.size() == 20);
        REQUIRE(std::adjacent_find(sources.begin(), sources.end()) == sources.end());
    }
    // Out-degrees: 5000 draws with chance 1/10 each, variance 450; their chi-square has 199 degrees of freedom.
    double chi_square = 0;
    for (const std::uint64_t d : out_degrees(p)) chi_square += std::pow(static_cast<double>(d) - 500.0, 2) / 450.0;
    CHECK(std::abs(chi_square - 199.0) < 5.0 * std::sqrt(2.0 * 199.0));
}

TEST_CASE("every source is as likely as another when a target takes many") {
    const Network network = build(pair_of(60, 4000, "{ plugin = 'fixed_in_degree', in_degree = 40 }"));
    double chi_square = 0;
    for (const std::uint64_t d : out_degrees(network.projections[0]))
        chi_square += std::pow(static_cast<double>(d) - 4000.0 * 2 / 3, 2) / (4000.0 * 2 / 9);
    CHECK(std::abs(chi_square - 59.0) < 5.0 * std::sqrt(2.0 * 59.0));
}

TEST_CASE("the rows of a fixed total are those of a uniform draw over pairs") {
    // Hypergeometric out-degrees: 100 of 100 000 pairs a row; by the factor 1 - total / pairs narrower than with
    // replacement.
    for (const double total : {30000.0, 80000.0}) {
        const Network network = build(pair_of(
            1000, 100, "{ plugin = 'fixed_total', synapses = " + std::to_string(static_cast<int>(total)) + " }"));
        const Moments found = moments(out_degrees(network.projections[0]));
        const double variance = total / 1000 * (1 - 1.0 / 1000) * (1 - total / 100000);
        CHECK(found.sd * found.sd == Approx(variance).epsilon(5 * std::sqrt(2.0 / 1000)));
    }
}

TEST_CASE("autapses are made unless they are forbidden") {
    const auto count_self = [](const Network& network) {
        int self = 0;
        const auto sources = sources_of(network, network.projections[0]);
        for (std::uint32_t i = 0; i < sources.size(); ++i)
            self += static_cast<int>(std::count(sources[i].begin(), sources[i].end(), i));
        return self;
    };
    for (const std::string rule :
         {"plugin = 'fixed_in_degree', in_degree = 100", "plugin = 'bernoulli', probability = 0.5",
          "plugin = 'fixed_total', synapses = 20000", "plugin = 'all_to_all'"}) {
        INFO(rule);
        CHECK(count_self(build(onto_itself(200, "{ " + rule + " }"))) > 50);
        CHECK(count_self(build(onto_itself(200, "{ " + rule + ", autapses = false }"))) == 0);
    }
    for (const std::string rule :
         {"plugin = 'radius', radius = 50", "plugin = 'nearest', count = 3", "plugin = 'field_overlap', affinity = 1",
          "plugin = 'field_overlap', affinity = 1, selection = 'share'"}) {
        INFO(rule);
        const std::string cells = box + placed("a", 100);
        CHECK(count_self(build(cells + projection("aa", "a", "a", "{ " + rule + " }"))) == 100);
        CHECK(count_self(build(cells + projection("aa", "a", "a", "{ " + rule + ", autapses = false }"))) == 0);
    }
}

TEST_CASE("a pair drawn twice is one pair with two contacts") {
    for (const std::string rule : {"{ plugin = 'fixed_in_degree', in_degree = 30, multapses = true }",
                                   "{ plugin = 'fixed_total', synapses = 15000, multapses = true }"}) {
        INFO(rule);
        const Network network = build(pair_of(40, 500, rule));
        const Projection& p = network.projections[0];
        for (const auto& sources : sources_of(network, p))
            REQUIRE(std::adjacent_find(sources.begin(), sources.end()) == sources.end());
        CHECK(p.synapses() < 15000);
        CHECK(std::accumulate(p.contacts.begin(), p.contacts.end(), 0.0) == 15000.0);
        // Draws with replacement: a source is missed with chance (1 - 1/40)^30, or nearly so.
        CHECK(static_cast<double>(p.synapses()) ==
              Approx(500 * 40 * (1.0 - std::pow(1.0 - 1.0 / 40.0, 30.0))).epsilon(0.03));
    }
}

TEST_CASE("a fixed total is kept exactly, with distinct pairs") {
    for (const std::uint64_t total : {0u, 1u, 700u, 3500u, 4000u}) {
        const Network network =
            build(pair_of(40, 100, "{ plugin = 'fixed_total', synapses = " + std::to_string(total) + " }"));
        CHECK(network.projections[0].synapses() == total);
        CHECK(network.projections[0].contacts.empty());
    }
    CHECK_THROWS_WITH(build(pair_of(40, 100, "{ plugin = 'fixed_total', synapses = 4001 }")), Contains("do not fit"));
}

TEST_CASE("bernoulli connects nothing with chance 0 and everything with chance 1") {
    CHECK(build(pair_of(30, 40, "{ plugin = 'bernoulli', probability = 0 }")).projections[0].synapses() == 0);
    CHECK(build(pair_of(30, 40, "{ plugin = 'bernoulli', probability = 1 }")).projections[0].synapses() == 1200);
}

TEST_CASE("one to one needs equal populations") {
    const Network network = build(pair_of(25, 25, "'one_to_one'"));
    for (std::uint32_t i = 0; i < 25; ++i) CHECK(network.projections[0].to[i] == i);
    CHECK_THROWS_WITH(build(pair_of(25, 26, "'one_to_one'")), Contains("25") && Contains("26"));
}

TEST_CASE("the radius rule finds exactly the cells within the distance") {
    for (const std::string axes : {"xyz", "xy", "z"}) {
        const Network network =
            build(box + placed("a", 700) + placed("b", 60) +
                  projection("ab", "a", "b", "{ plugin = 'radius', radius = 30, axes = '" + axes + "' }"));
        const auto found = sources_of(network, network.projections[0]);
        for (std::size_t j = 0; j < 60; ++j) {
            std::vector<std::uint32_t> expected;
            for (std::uint32_t i = 0; i < 700; ++i)
                if (distance(network.populations[0], i, network.populations[1], j, axes) <= 30.0) expected.push_back(i);
            REQUIRE(found[j] == expected);
        }
    }
    const std::string cells = box + placed("a", 2000) + placed("b", 200);
    const double all = static_cast<double>(
        build(cells + projection("ab", "a", "b", "{ plugin = 'radius', radius = 40 }")).projections[0].synapses());
    const double some = static_cast<double>(
        build(cells + projection("ab", "a", "b", "{ plugin = 'radius', radius = 40, probability = 0.3 }"))
            .projections[0]
            .synapses());
    CHECK(std::abs(some - 0.3 * all) < 5.0 * std::sqrt(0.21 * all));
}

TEST_CASE("the nearest rule finds exactly the nearest cells") {
    for (const std::string axes : {"xyz", "xz", "y"}) {
        const Network network =
            build(box + placed("a", 500) + placed("b", 80) +
                  projection("ab", "a", "b", "{ plugin = 'nearest', count = 7, axes = '" + axes + "' }"));
        const auto found = sources_of(network, network.projections[0]);
        for (std::size_t j = 0; j < 80; ++j) {
            std::vector<std::uint32_t> order(500);
            std::iota(order.begin(), order.end(), 0u);
            std::sort(order.begin(), order.end(), [&](std::uint32_t p, std::uint32_t q) {
                return distance(network.populations[0], p, network.populations[1], j, axes) <
                       distance(network.populations[0], q, network.populations[1], j, axes);
            });
            order.resize(7);
            std::sort(order.begin(), order.end());
            REQUIRE(found[j] == order);
        }
    }
    CHECK(build(box + placed("a", 5) + placed("b", 3) + projection("ab", "a", "b", "{ plugin = 'nearest', count = 9 }"))
              .projections[0]
              .synapses() == 15);
}

TEST_CASE("the nearest rule takes one cell of a group when told so") {
    const Network network = build(box + placed("g", 6) + placed("a", 300) + placed("b", 50) +
                                  projection("ga", "g", "a", "{ plugin = 'nearest', count = 1 }") +
                                  projection("ab", "a", "b", "{ plugin = 'nearest', count = 4, distinct_by = 'ga' }"));
    const auto group = sources_of(network, network.projections[0]), found = sources_of(network, network.projections[1]);
    for (std::size_t j = 0; j < 50; ++j) {
        std::set<std::uint32_t> groups, expected;
        std::vector<std::uint32_t> order(300), chosen;
        std::iota(order.begin(), order.end(), 0u);
        std::sort(order.begin(), order.end(), [&](std::uint32_t p, std::uint32_t q) {
            return distance(network.populations[1], p, network.populations[2], j) <
                   distance(network.populations[1], q, network.populations[2], j);
        });
        for (const std::uint32_t i : order)
            if (chosen.size() < 4 && expected.insert(group[i][0]).second) chosen.push_back(i);
        std::sort(chosen.begin(), chosen.end());
        REQUIRE(found[j] == chosen);
    }
}

TEST_CASE("distance_rank takes one source in reach and in the same tile, near ones more often") {
    const auto make = [](const std::string& settings) {
        return build(box + placed("a", 400) + placed("b", 4000) +
                     projection("ab", "a", "b", "{ plugin = 'distance_rank', " + settings + " }"));
    };
    const auto rank_mean = [](const Network& network, bool tiles) {
        double sum = 0, n = 0;
        const auto found = sources_of(network, network.projections[0]);
        const Population &a = network.populations[0], &b = network.populations[1];
        for (std::size_t j = 0; j < found.size(); ++j) {
            std::vector<double> in_reach;
            for (std::size_t i = 0; i < a.n; ++i)
                if (std::abs(a.position[0][i] - b.position[0][j]) <= 40 &&
                    std::abs(a.position[1][i] - b.position[1][j]) <= 25 &&
                    (!tiles || std::floor(a.position[0][i] / 50) == std::floor(b.position[0][j] / 50)))
                    in_reach.push_back(distance(a, i, b, j));
            REQUIRE(found[j].size() == (in_reach.empty() ? 0 : 1));
            if (in_reach.empty()) continue;
            const double chosen = distance(a, found[j][0], b, j);
            REQUIRE(std::count(in_reach.begin(), in_reach.end(), chosen) == 1);
            const auto rank = std::count_if(in_reach.begin(), in_reach.end(), [&](double d) { return d < chosen; });
            sum += (static_cast<double>(rank) + 0.5) / static_cast<double>(in_reach.size());
            n += 1;
        }
        return sum / n;
    };
    // v = (exp(-d u) - exp(-d)) / (1 - exp(-d)) has mean 1/d - exp(-d) / (1 - exp(-d)); d = 2: 0.3435, sd 0.28.
    CHECK(rank_mean(make("x_reach = 40, y_reach = 25, decay = 2"), false) ==
          Approx(0.3435).margin(5 * 0.28 / std::sqrt(4000)));
    CHECK(rank_mean(make("x_reach = 40, y_reach = 25"), false) == Approx(0.5).margin(5 * 0.29 / std::sqrt(4000)));
    CHECK(rank_mean(make("x_reach = 40, y_reach = 25, x_tile = 50, decay = 2"), true) ==
          Approx(0.3435).margin(5 * 0.28 / std::sqrt(4000)));
}

TEST_CASE("distinct_groups takes random groups in reach, then the nearest others, never one twice") {
    const Network network =
        build(box + placed("g", 12) + placed("a", 400) + placed("b", 1500) +
              projection("ga", "g", "a", "{ plugin = 'distance_rank', x_reach = 30, y_reach = 30 }") +
              projection("ab", "a", "b", "{ plugin = 'distinct_groups', count = 4, radius = 25, group = 'ga' }"));
    const auto group = sources_of(network, network.projections[0]), found = sources_of(network, network.projections[1]);
    const Population &a = network.populations[1], &b = network.populations[2];
    double far_cells = 0;
    for (std::size_t j = 0; j < b.n; ++j) {
        std::set<std::uint32_t> groups, near;
        for (std::uint32_t i = 0; i < a.n; ++i)
            if (!group[i].empty() && distance(a, i, b, j) <= 25) near.insert(group[i][0]);
        std::size_t within = 0;
        for (const std::uint32_t i : found[j]) {
            REQUIRE(group[i].size() == 1);
            groups.insert(group[i][0]);
            if (distance(a, i, b, j) <= 25)
                ++within;
            else
                ++far_cells;
        }
        REQUIRE(found[j].size() == 4);
        REQUIRE(groups.size() == 4);
        REQUIRE(within == std::min<std::size_t>(4, near.size()));
    }
    CHECK(far_cells > 0); // both parts of the rule were used
    CHECK_THROWS_WITH(
        build(box + placed("g", 3) + placed("a", 40) + placed("b", 5) +
              projection("ga", "g", "a", "{ plugin = 'nearest', count = 1 }") +
              projection("ab", "a", "b", "{ plugin = 'distinct_groups', count = 4, radius = 25, group = 'ga' }")),
        Contains("only 3 groups"));
}

TEST_CASE("shared_relay reaches all targets of the nearest relays, one contact for each in common") {
    const std::string cells = box + placed("relay", 200) + placed("target", 300) + placed("source", 15) +
                              projection("rt", "relay", "target", "{ plugin = 'fixed_in_degree', in_degree = 3 }");
    for (const std::string contacts : {"per_relay", "one"}) {
        const Network network =
            build(cells +
                  projection("st", "source", "target",
                             "{ plugin = 'shared_relay', through = 'rt', count = 20, contacts = '" + contacts + "' }"));
        const Projection &rt = network.projections[0], &st = network.projections[1];
        for (std::size_t s = 0; s < 15; ++s) {
            std::vector<std::uint32_t> order;
            for (std::uint32_t r = 0; r < 200; ++r)
                if (rt.row[r + 1] > rt.row[r]) order.push_back(r);
            std::sort(order.begin(), order.end(), [&](std::uint32_t p, std::uint32_t q) {
                return distance(network.populations[0], p, network.populations[2], s) <
                       distance(network.populations[0], q, network.populations[2], s);
            });
            order.resize(20);
            std::map<std::uint32_t, float> expected;
            for (const std::uint32_t r : order)
                for (std::uint64_t k = rt.row[r]; k < rt.row[r + 1]; ++k) expected[rt.to[k]] += 1.0f;
            REQUIRE(st.row[s + 1] - st.row[s] == expected.size());
            std::uint64_t k = st.row[s];
            for (const auto& [target, shared] : expected) {
                REQUIRE(st.to[k] == target);
                REQUIRE((st.contacts.empty() ? 1.0f : st.contacts[k]) == (contacts == "one" ? 1.0f : shared));
                ++k;
            }
        }
    }
}

TEST_CASE("fields overlap where any of their boxes touch") {
    const std::string fields = "source_field = [-5, 5, -40, 40, 10, 20, 0, 30, 0, 0, -10, 0], target_field = [-10, 0, "
                               "-3, 3, -30, -5, 0, 15, 2, 9, 0, 8]";
    const double s[2][6] = {{-5, 5, -40, 40, 10, 20}, {0, 30, 0, 0, -10, 0}},
                 t[2][6] = {{-10, 0, -3, 3, -30, -5}, {0, 15, 2, 9, 0, 8}};
    const std::string cells = box + placed("a", 300) + placed("b", 400);
    const auto expected_of = [&](const Network& network) {
        std::vector<std::vector<std::uint32_t>> expected(400);
        const Population &a = network.populations[0], &b = network.populations[1];
        for (std::size_t j = 0; j < 400; ++j)
            for (std::uint32_t i = 0; i < 300; ++i) {
                bool any = false;
                for (const auto& p : s)
                    for (const auto& q : t) {
                        bool touch = true;
                        for (std::size_t d = 0; d < 3; ++d)
                            touch = touch && a.position[d][i] + p[2 * d] <= b.position[d][j] + q[2 * d + 1] &&
                                    b.position[d][j] + q[2 * d] <= a.position[d][i] + p[2 * d + 1];
                        any = any || touch;
                    }
                if (any) expected[j].push_back(i);
            }
        return expected;
    };
    for (const std::string selection : {"each", "share"}) {
        const Network network =
            build(cells + projection("ab", "a", "b",
                                     "{ plugin = 'field_overlap', selection = '" + selection + "', " + fields + " }"));
        CHECK(sources_of(network, network.projections[0]) == expected_of(network));
    }
    double pairs = 0;
    const Network each =
        build(cells + projection("ab", "a", "b", "{ plugin = 'field_overlap', affinity = 0.3, " + fields + " }"));
    const auto expected = expected_of(each), found = sources_of(each, each.projections[0]);
    for (std::size_t j = 0; j < 400; ++j) {
        pairs += static_cast<double>(expected[j].size());
        REQUIRE(std::includes(expected[j].begin(), expected[j].end(), found[j].begin(), found[j].end()));
    }
    CHECK(std::abs(static_cast<double>(each.projections[0].synapses()) - 0.3 * pairs) < 5 * std::sqrt(0.21 * pairs));
}

TEST_CASE("with a fixed share every source has the same number of targets, but for rounding") {
    // One box each: the fields overlap wherever their bounds do, so a source connects floor(n a) or one more.
    const std::string cells = box + placed("a", 500) + placed("b", 400);
    const std::string fields = ", source_field = [0, 0, -300, 300, 0, 0], target_field = [-25, 25, -5, 5, -20, 40]";
    const Network all = build(cells + projection("ab", "a", "b", "{ plugin = 'field_overlap'" + fields + " }"));
    const Network share =
        build(cells + projection("ab", "a", "b",
                                 "{ plugin = 'field_overlap', affinity = 0.13, selection = 'share'" + fields + " }"));
    const auto n = out_degrees(all.projections[0]), k = out_degrees(share.projections[0]);
    double expected = 0, rounding = 0;
    for (std::size_t i = 0; i < 500; ++i) {
        const double exact = 0.13 * static_cast<double>(n[i]);
        REQUIRE(std::abs(static_cast<double>(k[i]) - exact) < 1.0);
        expected += exact;
        rounding += (exact - std::floor(exact)) * (1 - exact + std::floor(exact));
    }
    CHECK(std::abs(static_cast<double>(share.projections[0].synapses()) - expected) < 5 * std::sqrt(rounding));
}

TEST_CASE("rules refuse what they cannot do, in a sentence") {
    CHECK_THROWS_WITH(build(pair_of(10, 10, "{ plugin = 'fixed_in_degree', in_degree = 11 }")),
                      Contains("larger than the number of sources"));
    CHECK_THROWS_WITH(build(pair_of(10, 10, "{ plugin = 'fixed_in_degree', in_degree = 5, sd = 2 }")),
                      Contains("a constant has none"));
    for (const std::string rule : {"{ plugin = 'radius', radius = 5 }", "{ plugin = 'nearest', count = 5 }",
                                   "'distance_rank'", "'field_overlap'"})
        CHECK_THROWS_WITH(build(pair_of(10, 10, rule)), Contains("'a' has no place") && Contains("needs positions"));
    const std::string cells = box + placed("a", 10) + placed("b", 10);
    CHECK_THROWS_WITH(
        build(cells + projection("ab", "a", "b", "{ plugin = 'field_overlap', source_field = [1, 2, 3] }")),
        Contains("six numbers a box"));
    CHECK_THROWS_WITH(
        build(cells + projection("ab", "a", "b", "{ plugin = 'field_overlap', target_field = [0, 1, 5, 3, 0, 1] }")),
        Contains("target_field") && Contains("along y"));
    CHECK_THROWS_WITH(
        build(cells + projection("ab", "a", "b", "'all_to_all'") +
              projection("x", "a", "b", "{ plugin = 'distinct_groups', count = 1, radius = 9, group = 'ab' }")),
        Contains("must be a projection onto 'a'"));
}
