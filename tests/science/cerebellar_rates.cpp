// SPDX-License-Identifier: Apache-2.0
// The rates of the cerebellar network against those that its authors publish, mean of three builds.  Prints the table.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "science/cerebellum_fixture.hpp"
#include "simulate/simulate.hpp"

using namespace mfm;

TEST_CASE("the cerebellar network fires at the published rates, mean of three builds") {
    if (cerebellum::published_rates("awake", "background 4 Hz").empty()) {
        WARN("the published rates are not at hand (../shared/data/cerebellum/expected_rates.csv); nothing is compared");
        return;
    }
    const std::unique_ptr<Progress> progress = make_progress(true);
    std::map<std::string, std::map<int, double>> rate; // over cells that fired, as the table has it
    constexpr int seeds = 3;
    for (int seed = 1; seed <= seeds; ++seed) {
        LoadOptions options;
        options.seed = static_cast<std::uint64_t>(seed);
        PipelineConfig config = load_pipeline(std::filesystem::path(TEST_SOURCE_FOLDER) / "configs" / "cerebellum.toml",
                                              cerebellum::registry(), options);
        std::erase_if(config.stimulations, [](const StimulationConfig& s) { return s.name != "sweep"; });
        const Network network = build_network(config, *progress);
        for (const ConditionRecord& c : simulate_network(config, network, *progress).conditions) {
            const auto of = [&](const char* name) { return c.population[config.population_index(name)]; };
            const int level = static_cast<int>(std::lround(c.level_hz));
            rate["GrC"][level] += of("granule_cell").rate_firing_hz / seeds;
            rate["GoC"][level] += of("golgi_cell").rate_firing_hz / seeds;
            rate["PC"][level] += of("purkinje_cell").rate_firing_hz / seeds;
            // Basket and stellate cells pooled, over those that fired.
            double sum = 0, cells = 0;
            for (const char* name : {"basket_cell", "stellate_cell"})
                for (const double r : of(name).cell_rate_hz)
                    if (r > 0) sum += r, ++cells;
            rate["MLI"][level] += sum / cells / seeds;
        }
    }
    const std::map<std::string, double> tolerance = {{"GrC", 0.20}, {"GoC", 0.12}, {"MLI", 0.20}, {"PC", 0.08}};
    for (const auto& [population, within] : tolerance)
        for (const auto& [level, hz] : rate[population]) {
            const double wanted =
                cerebellum::published_rates("awake", fmt::format("background {} Hz", level)).at(population).mean;
            fmt::print("{:<4} {:>3} Hz   network {:8.3f}   published {:8.3f}   {:+.1f} %\n", population, level, hz,
                       wanted, 100 * (hz / wanted - 1));
            CHECK(hz == Approx(wanted).epsilon(within));
        }
}
