// SPDX-License-Identifier: Apache-2.0
// The in-vitro and the awake network at rest, and in vitro the burst of mossy fibres in a ball, against the rates that
// the authors publish.  Prints the tables of docs/cerebellum.md.
#include <catch2/catch.hpp>

#include <cmath>

#include <fmt/format.h>

#include "science/cerebellum_fixture.hpp"
#include "simulate/simulate.hpp"

namespace {

using namespace cerebellum;

constexpr std::uint64_t builds = 6;

/// The published names, and ours.  At rest: what builds with 117 mossy fibres spread by, of which the authors' network
/// is one; more where boxes stand for reconstructed cells.  In the burst: whether the sd over cells is reproduced.
struct Cells {
    const char *published, *name;
    double within, within_boxes;
    bool burst_sd;
};
constexpr Cells all_cells[] = {{"mf", "mossy_fibers", 0.05, 0.05, true}, {"GrC", "granule_cell", 0.15, 0.20, true},
                               {"GoC", "golgi_cell", 0.08, 0.12, false}, {"PC", "purkinje_cell", 0.03, 0.08, true},
                               {"BC", "basket_cell", 0.12, 0.20, false}, {"SC", "stellate_cell", 0.12, 0.20, true}};

/// A rate over cells, mean over builds, with the sd over cells; and how far one run of one build may be from the mean.
struct Measured {
    double mean = 0, sd = 0, one_run = 0;
};

/// Rates of the pipeline's stimulation `name`, over cells that fired or over all.
std::map<std::string, Measured> measure(const Pipelines& pipelines, const std::string& file, const std::string& name,
                                        bool firing) {
    std::map<std::string, Measured> out;
    std::map<std::string, std::vector<double>> mean;
    const auto progress = make_progress(true);
    for (std::uint64_t seed = 1; seed <= builds; ++seed) {
        PipelineConfig config = pipelines.load(file, seed, {"stimulation.sweep.rate=[\"4 Hz\"]"});
        std::erase_if(config.stimulations, [&](const StimulationConfig& s) { return s.name != name; });
        const SpikeRecord record = simulate_network(config, build(config), *progress);
        REQUIRE(record.conditions.size() == 1);
        for (const Cells& cells : all_cells) {
            const PopulationActivity& a = record.conditions[0].population[config.population_index(cells.name)];
            Measured& m = out[cells.published];
            mean[cells.published].push_back(firing ? a.rate_firing_hz : a.rate_hz);
            m.sd += (firing ? a.rate_sd_firing_hz : a.rate_sd_hz) / builds;
            m.one_run += a.rate_se_hz * a.rate_se_hz * record.conditions[0].trials / builds; // variance over trials
        }
    }
    for (auto& [cells, m] : out) {
        double square = 0;
        for (const double x : mean[cells]) m.mean += x / builds;
        for (const double x : mean[cells]) square += (x - m.mean) * (x - m.mean) / (builds - 1);
        m.one_run = std::sqrt(m.one_run + square);
    }
    return out;
}

void header(const std::string& title) {
    fmt::print("\n{}\n| | network, Hz | one run | published |\n|---|---|---|---|\n", title);
}
void print(const Cells& cells, const Measured& m, const Rate& ref) {
    fmt::print("| {} | {:.3g} ± {:.2g} | ± {:.2g} | {:.3g} ± {:.2g} |\n", cells.name, m.mean, m.sd, m.one_run, ref.mean,
               ref.sd);
}

/// At rest, over cells that fired in 5 s: within the spread of builds, and half of the last digit that is published.
void check_rest(const Pipelines& pipelines, const std::string& file, const std::string& state, bool boxes) {
    const auto published = published_rates(state, "basal 4 Hz");
    const auto measured = measure(pipelines, file, "sweep", true);
    header(file + ", 4 Hz, cells that fired");
    for (const Cells& cells : all_cells) {
        const Rate ref = published.at(cells.published);
        const Measured& m = measured.at(cells.published);
        print(cells, m, ref);
        INFO(file << ", at rest, " << cells.name);
        const double digit = std::pow(10.0, std::floor(std::log10(ref.mean)) - 1.0);
        const double within = boxes ? cells.within_boxes : cells.within;
        CHECK(m.mean == Approx(ref.mean).margin(within * ref.mean + 0.5 * digit).epsilon(0));
    }
}

/// In the burst, over all cells: the published numbers are one run of one build.
void check_burst(const Pipelines& pipelines, const std::string& file) {
    const auto published = published_rates("in_vitro", "mf stimulus +150 Hz sphere");
    const auto measured = measure(pipelines, file, "burst", false);
    header(file + ", burst of 1200-1250 ms, all cells");
    for (const Cells& cells : all_cells) {
        const Rate ref = published.at(cells.published);
        const Measured& m = measured.at(cells.published);
        print(cells, m, ref);
        INFO(file << ", burst, " << cells.name);
        CHECK(std::abs(m.mean - ref.mean) < 3.0 * m.one_run * std::sqrt(1.0 + 1.0 / builds));
        if (cells.burst_sd) CHECK(m.sd == Approx(ref.sd).epsilon(0.3)); // docs/cerebellum.md has the others
    }
}

} // namespace

TEST_CASE("rates at rest and in a burst of mossy fibres are the published ones") {
    if (published_rates("in_vitro", "basal 4 Hz").empty()) {
        WARN("the published rates are not beside the repository (../shared/data/cerebellum/expected_rates.csv): "
             "nothing is compared");
        return;
    }
    const Pipelines pipelines;
    for (const std::string ending : {".toml", "_3d.toml"}) {
        if (ending == "_3d.toml" && !Pipelines::has_morphologies()) {
            WARN("the reconstructed cells are not beside the repository (../shared/data/cerebellum/morphologies): the "
                 "network from boxes is all that is compared");
            continue;
        }
        const bool boxes = ending == ".toml";
        check_rest(pipelines, "cerebellum_in_vitro" + ending, "in_vitro", boxes);
        check_rest(pipelines, "cerebellum" + ending, "awake", boxes);
        check_burst(pipelines, "cerebellum_in_vitro" + ending);
    }
}
