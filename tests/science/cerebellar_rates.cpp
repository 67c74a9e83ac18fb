// SPDX-License-Identifier: Apache-2.0
// The rates of the cerebellar network against those that its authors publish, mean of three builds.  Prints the table.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "plugin/registry.hpp"
#include "simulate/simulate.hpp"

using namespace mfm;

namespace {

/// Published rates (Hz) of the awake sweep by population and mossy-fibre rate.
std::map<std::string, std::map<int, double>> published() {
    std::map<std::string, std::map<int, double>> out;
    std::ifstream file(std::string(TEST_SHARED_FOLDER) + "/data/cerebellum/expected_rates.csv");
    for (std::string line; std::getline(file, line);) {
        std::stringstream cells(line);
        std::string state, protocol, window, population, rate;
        std::getline(cells, state, ',');
        std::getline(cells, protocol, ',');
        std::getline(cells, window, ',');
        std::getline(cells, population, ',');
        std::getline(cells, rate, ',');
        int level = 0;
        if (state == "awake" && std::sscanf(protocol.c_str(), "background %d Hz", &level) == 1)
            out[population][level] = std::stod(rate);
    }
    return out;
}

} // namespace

TEST_CASE("the cerebellar network fires at the published rates, mean of three builds") {
    const auto expected = published();
    if (expected.empty()) {
        WARN("the published rates are not at hand (../shared/data/cerebellum/expected_rates.csv); nothing is compared");
        return;
    }
    const Registry registry({TEST_PLUGIN_FOLDER});
    const std::unique_ptr<Progress> progress = make_progress(true);
    std::map<std::string, std::map<int, double>> rate; // over cells that fired, as the table has it
    constexpr int seeds = 3;
    for (int seed = 1; seed <= seeds; ++seed) {
        LoadOptions options;
        options.seed = static_cast<std::uint64_t>(seed);
        PipelineConfig config =
            load_pipeline(std::filesystem::path(TEST_SOURCE_FOLDER) / "configs" / "cerebellum.toml", registry, options);
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
            const double wanted = expected.at(population).at(level);
            fmt::print("{:<4} {:>3} Hz   network {:8.3f}   published {:8.3f}   {:+.1f} %\n", population, level, hz,
                       wanted, 100 * (hz / wanted - 1));
            CHECK(hz == Approx(wanted).epsilon(within));
        }
}
