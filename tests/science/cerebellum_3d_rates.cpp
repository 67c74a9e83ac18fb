// SPDX-License-Identifier: Apache-2.0
// Rates of the awake network from reconstructed cells, configs/cerebellum_3d.toml, against those that its authors
// publish.  Prints the table of docs/results.md.
#include <catch2/catch.hpp>

#include <cmath>

#include <fmt/format.h>

#include "science/cerebellum_fixture.hpp"
#include "simulate/simulate.hpp"

namespace {

using namespace cerebellum;

struct Group {
    const char* name;
    std::vector<std::string> populations;
    double within; ///< what builds with 117 mossy fibres spread by, of which the authors' network is one
};
const std::vector<Group> groups{{"GrC", {"granule_cell"}, 0.15},
                                {"GoC", {"golgi_cell"}, 0.08},
                                {"MLI", {"basket_cell", "stellate_cell"}, 0.12},
                                {"PC", {"purkinje_cell"}, 0.03}};

struct Rates {
    double firing = 0, all = 0; ///< mean over cells that fired, and over all
};
Rates rates_of(const PipelineConfig& config, const ConditionRecord& c, const Group& group) {
    double sum = 0, firing = 0, all = 0;
    for (const std::string& name : group.populations)
        for (const double rate : c.population[config.population_index(name)].cell_rate_hz) {
            sum += rate;
            firing += rate > 0 ? 1.0 : 0.0;
            all += 1.0;
        }
    return {sum / firing, sum / all};
}

} // namespace

TEST_CASE("the network from reconstructed cells fires at the published rates, mean of six builds") {
    if (!Pipelines::has_morphologies()) {
        WARN("the reconstructed cells are not beside the repository (../shared/data/cerebellum/morphologies): nothing "
             "is compared");
        return;
    }
    constexpr std::uint64_t builds = 6;
    std::map<int, std::map<std::string, std::vector<Rates>>> rates;
    const Pipelines pipelines;
    const auto progress = make_progress(true);
    for (std::uint64_t seed = 1; seed <= builds; ++seed) {
        PipelineConfig config =
            pipelines.load("cerebellum_3d.toml", seed, {"stimulation.sweep.rate=[\"4 Hz\", \"40 Hz\"]"});
        std::erase_if(config.stimulations, [](const StimulationConfig& s) { return s.name != "sweep"; });
        const Network network = build(config);
        for (const ConditionRecord& c : simulate_network(config, network, *progress).conditions)
            for (const Group& g : groups)
                rates[static_cast<int>(std::lround(c.level_hz))][g.name].push_back(rates_of(config, c, g));
    }
    for (const auto& [level, by_group] : rates) {
        const auto published = published_rates("awake", fmt::format("background {} Hz", level));
        for (const Group& g : groups) {
            double mean = 0, square = 0, all = 0;
            std::string each;
            for (const Rates& r : by_group.at(g.name)) {
                mean += r.firing / builds;
                square += r.firing * r.firing / builds;
                all += r.all / builds;
                each += fmt::format(" {:.2f}", r.firing);
            }
            const double wanted = published.at(g.name).mean; // over cells that fired
            fmt::print(
                "{:<4} {:>3} Hz   network {:7.2f} ± {:.2f}   published {:7.2f}   {:+5.1f} %   all cells {:7.2f}   "
                "builds{}\n",
                g.name, level, mean, std::sqrt((square - mean * mean) * builds / (builds - 1)), wanted,
                100 * (mean / wanted - 1), all, each);
            INFO(g.name << " at " << level << " Hz");
            CHECK(mean == Approx(wanted).epsilon(g.within));
        }
    }
}
