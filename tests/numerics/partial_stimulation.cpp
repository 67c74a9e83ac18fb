// SPDX-License-Identifier: Apache-2.0
// A stimulation of the cells within a ball: who follows the protocol, and what the others do.
#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "simulate/simulate.hpp"
#include "transfer/sample.hpp"

using namespace mfm;
using Catch::Matchers::Contains;

namespace {

const Registry& plugins() {
    static const Registry loaded({TEST_PLUGIN_FOLDER});
    return loaded;
}

PipelineConfig pipeline(const std::string& toml) {
    const auto file = std::filesystem::temp_directory_path() / ("automfm_part_" + std::to_string(getpid()) + ".toml");
    std::ofstream(file) << toml;
    try {
        PipelineConfig config = load_pipeline(file, plugins());
        std::filesystem::remove(file);
        return config;
    } catch (...) {
        std::filesystem::remove(file);
        throw;
    }
}

/// 2000 sources of 5 Hz in a box, and this stimulation of them.
PipelineConfig sources(const std::string& stimulation, const std::string& placement = R"(
placement = { layer = "all", count = 2000 })") {
    return pipeline(R"(
[space]
size = [200, 150, 100]
layers = { all = [0, 100] }
[simulation]
duration = "4000 ms"
transient = "0 ms"
[population.fibres]
kind = "poisson"
rate = "5 Hz")" + placement +
                    "\n[stimulation.burst]\ntarget = \"fibres\"\n" + stimulation + "\n");
}

SpikeRecord simulate(const PipelineConfig& config, Network& network) {
    const auto progress = make_progress(true);
    network = build_network(config, *progress);
    return simulate_network(config, network, *progress);
}
const std::string ball = R"(within = { center = ["120 um", "0.065 mm", "40 um"], radius = "50 um" })";

std::string refusal(const std::string& stimulation, const std::string& placement = R"(
placement = { layer = "all", count = 2000 })") {
    try {
        static_cast<void>(sources("plugin = \"constant\"\nrate = 40\n" + stimulation, placement));
    } catch (const InputError& error) {
        const std::string text = error.what();
        return text.substr(text.find(".toml:") + 6);
    }
    return "accepted";
}

} // namespace

TEST_CASE("cells within the ball follow the protocol, the others keep their population's rate") {
    Network network;
    const SpikeRecord record = simulate(sources("plugin = \"constant\"\nrate = 40\n" + ball), network);
    REQUIRE(record.conditions.size() == 1);
    const ConditionRecord& c = record.conditions[0];
    const auto& place = network.populations[0].position;
    double inside = 0, outside = 0;
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < 2000; ++i) {
        const bool in = std::hypot(place[0][i] - 120, place[1][i] - 65, place[2][i] - 40) <= 50;
        (in ? inside : outside) += c.population[0].cell_rate_hz[i];
        n += in ? 1 : 0;
    }
    CHECK(c.stimulated_cells == n);
    CHECK(c.target_cells == 2000);
    CHECK(c.target == "fibres");
    CHECK(c.partial());
    CHECK(c.label == "burst: rate = 40 Hz, in " + std::to_string(n) + " of the 2000 cells of 'fibres'");
    // Poisson counts in 4 s: a mean rate r of m cells has the standard error sqrt(r / (4 m)).
    const double m = static_cast<double>(n);
    REQUIRE((n > 100 && n < 1000));
    CHECK(std::abs(inside / m - 40.0) < 5.0 * std::sqrt(40.0 / (4.0 * m)));
    CHECK(std::abs(outside / (2000.0 - m) - 5.0) < 5.0 * std::sqrt(5.0 / (4.0 * (2000.0 - m))));
}

TEST_CASE("cells outside the ball fire as if there were no stimulation, spike by spike") {
    Network network;
    const auto config = sources("plugin = \"constant\"\nrate = 40\n" + ball);
    const auto part = simulate(config, network).conditions[0].population[0].cell_rate_hz;
    const auto rest =
        simulate(sources("plugin = \"constant\"\nrate = 5"), network).conditions[0].population[0].cell_rate_hz;
    const auto whole =
        simulate(sources("plugin = \"constant\"\nrate = 40"), network).conditions[0].population[0].cell_rate_hz;
    const auto inside = stimulated_cells(config, network, config.stimulations[0]);
    std::size_t wrong = 0, next = 0;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        const bool in = next < inside.size() && inside[next] == i;
        next += in ? 1 : 0;
        wrong += part[i] == (in ? whole[i] : rest[i]) ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a ball that holds every cell is a stimulation of the whole population") {
    Network network;
    const auto whole = simulate(sources("plugin = \"constant\"\nrate = 40"), network).conditions[0];
    const auto all = simulate(sources("plugin = \"constant\"\nrate = 40\n"
                                      "within = { center = [100, 75, 50], radius = 150 }"),
                              network)
                         .conditions[0];
    CHECK_FALSE(all.partial());
    CHECK(all.label == whole.label);
    CHECK(all.population[0].cell_rate_hz == whole.population[0].cell_rate_hz);
}

TEST_CASE("a window of a burst has its rate, with a standard error over trials") {
    Network network;
    const auto record =
        simulate(sources("plugin = \"step\"\nduration = \"250 ms\"\ntransient = \"200 ms\"\ntrials = 8\n"
                         "settings = { baseline = 5, rate = 155, onset = 200, duration = 50 }\n" +
                         ball),
                 network);
    const ConditionRecord& c = record.conditions[0];
    const double m = static_cast<double>(c.stimulated_cells), others = 2000.0 - m;
    const double expected = (155.0 * m + 5.0 * others) / 2000.0; // mean over all cells, in the window alone
    const double se = std::sqrt(expected * 2000.0 / (8 * 0.05)) / 2000.0;
    CHECK(std::abs(c.population[0].rate_hz - expected) < 5.0 * se);
    CHECK(c.population[0].rate_se_hz > se * 0.4); // of 8 trials: chi-square with 7 degrees of freedom
    CHECK(c.population[0].rate_se_hz < se * 1.9);
}

TEST_CASE("a condition of a part is none that transfer functions are sampled around") {
    Network network;
    const auto record = simulate(sources("plugin = \"constant\"\nrate = 40\n" + ball), network);
    CHECK_THROWS_WITH(stationary_conditions(record), Contains("no stationary stimulation of a whole population"));
}

TEST_CASE("a ball without a cell, and mistakes in writing it, are one sentence with the place") {
    const auto config = sources("plugin = \"constant\"\nrate = 40\n"
                                "within = { center = [0, 0, 500], radius = 90 }");
    Network network;
    try {
        static_cast<void>(simulate(config, network));
        FAIL("accepted");
    } catch (const InputError& error) {
        CHECK_THAT(error.what(),
                   Contains(".toml:16:10: stimulation.burst.within: none of the 2000 cells of 'fibres' lies within 90 "
                            "um of (0, 0, 500) um; take a larger radius, or a center among them"));
    }
    CHECK(refusal(ball) == "accepted");
    CHECK(refusal("within = { center = [1, 2, 3], radius = -90 }") ==
          "16:41: stimulation.burst.within.radius is -90 um, but must be above 0 um");
    CHECK(refusal("within = { center = [1, 2, 3], radius = 0 }") ==
          "16:41: stimulation.burst.within.radius is 0 um, but must be above 0 um");
    CHECK(refusal("within = { center = [1, 2, 3], radius = \"90 ms\" }") ==
          "16:41: stimulation.burst.within.radius: '90 ms' has the wrong unit; it must be a number in um");
    CHECK(refusal("within = { center = [1, 2], radius = 90 }") ==
          "16:21: stimulation.burst.within.center must be three lengths, x, y and z, but there are 2");
    CHECK(refusal("within = { center = 1, radius = 90 }") ==
          "16:21: stimulation.burst.within.center must be three lengths, x, y and z, but there is 1");
    CHECK(refusal("within = { radius = 90 }") == "16:10: stimulation.burst.within needs a value for 'center'");
    CHECK(refusal("within = { center = [1, 2, 3] }") == "16:10: stimulation.burst.within needs a value for 'radius'");
    CHECK(refusal("within = { centre = [1, 2, 3], radius = 90 }") ==
          "16:12: unknown key 'centre' in stimulation.burst.within (did you mean 'center'?)");
    CHECK(refusal("within = 90") == "16:10: stimulation.burst.within must be a table, but is a number");
    CHECK(refusal(ball, "\ncount = 2000") ==
          "16:10: stimulation.burst.within: the cells of 'fibres' have no place, so none is within anything; give the "
          "population a placement, or leave this out");
}
