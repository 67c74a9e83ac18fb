// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <numeric>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "plugin/registry.hpp"
#include "simulate/simulate.hpp"

using namespace mfm;

TEST_CASE("the cortical AdEx network fires at the rates that NEST 3.6 gives, within 4 %") {
    // NEST 3.6.0, three seeds: RS / FS 2.73-2.85 / 15.17-15.33 Hz over 0-1 s, 2.02-2.08 / 13.70-13.76 Hz over 0.5-1 s.
    const Registry registry({TEST_PLUGIN_FOLDER});
    const std::unique_ptr<Progress> progress = make_progress(true);
    const PipelineConfig config =
        load_pipeline(std::string(TEST_SOURCE_FOLDER) + "/tests/science/cortex_adex.toml", registry);
    const Network network = build_network(config, *progress);
    const SpikeRecord record = simulate_network(config, network, *progress);
    const auto rate = [&](const char* population, std::size_t from) {
        const std::vector<double>& course =
            record.conditions.at(0).population[config.population_index(population)].course_hz;
        REQUIRE(course.size() == 1000);
        return std::accumulate(course.begin() + static_cast<std::ptrdiff_t>(from), course.end(), 0.0) /
               static_cast<double>(course.size() - from);
    };
    fmt::print("RS / FS: {:.3f} / {:.3f} Hz over 0-1 s, {:.3f} / {:.3f} Hz over 0.5-1 s\n", rate("rs", 0),
               rate("fs", 0), rate("rs", 500), rate("fs", 500));
    CHECK(rate("rs", 0) == Approx(2.79).epsilon(.04));
    CHECK(rate("fs", 0) == Approx(15.25).epsilon(.04));
    CHECK(rate("rs", 500) == Approx(2.05).epsilon(.04));
    CHECK(rate("fs", 500) == Approx(13.73).epsilon(.04));
}
