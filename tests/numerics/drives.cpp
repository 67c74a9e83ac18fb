// SPDX-License-Identifier: Apache-2.0
// Drives on their way from the pipeline to the transfer functions, and cells that differ in their parameters.
#include <catch2/catch.hpp>

#include "remap/reduction.hpp"
#include "simulate/neuron_group.hpp"
#include "simulate/simulate.hpp"
#include "transfer/operating_points.hpp"
#include "transfer/sample.hpp"
#include "unit/network_fixture.hpp"

using namespace mfm;
using namespace network_test;

namespace {

const std::string driven_cells = R"(
seed = 3
[simulation]
duration = "1200 ms"
transient = "200 ms"
[population.cells]
neuron = "lif"
count = 2000
receptors = [{ kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "delta" }]
[drive.outside]
target = "cells"
receptor = 1
rate = "1500 Hz"
weight = "1 nS"
)";
const std::string currents = R"(
[population.others]
neuron = "lif"
count = 300
receptors = [{ kind = "delta" }]
[projection.inhibition]
source = "cells"
target = "others"
receptor = 1
weight = "-100 fC"
delay = "2 ms"
rule = { plugin = "fixed_in_degree", in_degree = 20 }
[drive.pulses]
target = "others"
receptor = 1
rate = "9000 Hz"
weight = "30 fC"
)";

/// A network, its record and its reduction.
struct Run {
    PipelineConfig config;
    Network network;
    SpikeRecord record;
    Reduction reduction;
    explicit Run(const std::string& toml) : config(pipeline(toml)), network(build(config)) {
        Quiet progress;
        record = simulate_network(config, network, progress);
        reduction = reduce(config, network);
    }
    [[nodiscard]] const PopulationActivity& activity(const std::string& population) const {
        return record.conditions.at(0).population.at(config.population_index(population));
    }
    /// Mean rate of points at the network's own input, sampled with many cells.
    [[nodiscard]] double sampled() {
        Quiet progress;
        config.transfer.sampling = TransferConfig::Sampling::Fixed;
        config.transfer.points = 4;
        config.transfer.wide_points = config.transfer.heldout_points = 0;
        config.transfer.copies = 512;
        config.transfer.seconds = 1024;
        config.transfer.working_low = 0.9999;
        config.transfer.working_high = 1.0001;
        const RatePath path = rate_path(reduction, record);
        const TransferTable table =
            sample_transfer(config, reduction, path, {path.cv_isi, {}, {}}, nullptr, 0, progress);
        double sum = 0;
        for (const TransferPoint& p : table.points) sum += p.rate_hz / static_cast<double>(table.points.size());
        return sum;
    }
};

std::string with_threshold(const std::string& V_th) {
    std::string text = driven_cells; // weaker input: near threshold the rate is convex in it
    text.replace(text.find("1500 Hz"), 7, "600 Hz");
    return text + "[population.cells.parameters]\nV_th = " + V_th + "\n";
}

} // namespace

TEST_CASE("a drive is an external population with one train for every cell of its target") {
    const PipelineConfig config = pipeline(driven_cells + currents);
    const Network network = build(config);
    const Reduction r = reduce(config, network);
    REQUIRE(r.populations.size() == 4);
    REQUIRE(r.pathways.size() == 3);
    CHECK(r.populations[2].name == "outside");
    CHECK((r.populations[2].external && r.populations[2].drive && !r.populations[0].drive));
    CHECK(r.populations[2].n == 2000);
    CHECK(r.populations[2].rate_hz == 1500);
    const Pathway& outside = r.pathways[1];
    CHECK((outside.source == 2 && outside.target == 0 && outside.port == 0));
    CHECK((outside.K == 1 && outside.K_sd == 0 && outside.Q == 1 && outside.delay == 0));
    CHECK(r.populations[r.pathways[2].source].n == 300);
    CHECK(r.pathways[2].Q == 30);

    const std::vector<PathwayEdges> edges = pathway_edges(config, network, r);
    REQUIRE(edges.size() == 3);
    const std::vector<double> events = event_rates(edges[1], std::vector<double>(2000, 1500.0));
    CHECK(events == std::vector<double>(2000, 1500.0));
}

TEST_CASE("a current that inhibits is a pathway of negative weight") {
    const PipelineConfig config = pipeline(driven_cells + currents);
    const Network network = build(config);
    const Reduction r = reduce(config, network);
    const Pathway& w = r.pathways.at(0);
    CHECK(w.Q == -100);
    CHECK(w.K == 20);
    CHECK(w.delay == 2);
    CHECK_FALSE(is_excitatory(w.receptor, w.Q, config.populations[1]));
    CHECK(w.derived.at(1).unit == "fC");
    const std::vector<double> events =
        event_rates(pathway_edges(config, network, r).at(0), std::vector<double>(2000, 3.0));
    for (const double hz : events) REQUIRE(hz == Approx(60.0));
}

TEST_CASE(
    "a pipeline without stimulations has one stationary condition, of its drives and sources at their own rates") {
    const Run run(driven_cells + "[population.sources]\nkind = \"poisson\"\ncount = 500\nrate = \"20 Hz\"\n");
    REQUIRE(run.record.conditions.size() == 1);
    const ConditionRecord& c = run.record.conditions[0];
    CHECK((c.stationary && !c.partial()));
    CHECK((c.stimulation == "drive" && c.label == "drive" && c.target.empty()));
    CHECK(c.level_hz == 1500); // the highest rate there is
    CHECK(run.activity("sources").rate_hz == Approx(20).epsilon(0.05));
    CHECK(run.activity("cells").rate_hz > 5);
    const RatePath path = rate_path(run.reduction, run.record);
    CHECK(path.rate_hz.at(0).at(2) == 1500);
    CHECK(path.cv_isi.at(0).at(2) == 1);
}

TEST_CASE("cells under a drive fire in the network as in the transfer function and at the operating point") {
    Run run(driven_cells);
    const double network = run.activity("cells").rate_hz;
    CHECK(run.sampled() == Approx(network).epsilon(0.015));
    Quiet progress;
    const SourceStatistics statistics{rate_path(run.reduction, run.record).cv_isi, {}, {}};
    const std::vector<OperatingPoint> points =
        operating_points(run.config, run.reduction, statistics, pathway_edges(run.config, run.network, run.reduction),
                         run.record, 0, progress)
            .point;
    REQUIRE(points.size() == 1);
    CHECK(points[0].rate_hz == Approx(network).epsilon(0.015));
}

TEST_CASE("a sampled transfer function is the mean over cells that differ in their parameters") {
    // Seven thresholds of equal weight stand for the uniform distribution; midpoints, so that the mean is that of the
    // middle.
    double over_cells = 0;
    for (int k = 0; k < 7; ++k)
        over_cells += Run(with_threshold(std::to_string(-56.0 + 12.0 * (k + 0.5) / 7))).activity("cells").rate_hz / 7;
    Run same(with_threshold("\"-50 mV\"")),
        different(with_threshold("{ distribution = \"uniform\", lower = \"-56 mV\", upper = \"-44 mV\" }"));
    CHECK(different.activity("cells").rate_hz == Approx(over_cells).epsilon(0.03));
    CHECK(different.sampled() == Approx(over_cells).epsilon(0.03));
    CHECK(same.sampled() < 0.9 * over_cells);
}

TEST_CASE("a current that is sampled with comes on top of each cell's own") {
    const PipelineConfig config = pipeline(
        driven_cells +
        "[population.cells.parameters]\nI_e = { distribution = \"uniform\", lower = \"0 pA\", upper = \"100 pA\" }\n");
    std::vector<std::uint32_t> shifted, alone;
    const auto spikes = [&](double shift, std::vector<std::uint32_t>& out) {
        NeuronGroup group(config.populations[0], 2000, 0.1, 1, 1);
        group.shift_setting(static_cast<std::size_t>(group.instance().setting_with_role(MFM_ROLE_CURRENT)), shift);
        out.assign(group.padded(), 0);
        group.advance({0, group.padded(), 0, 10000}, nullptr, nullptr, out.data());
    };
    spikes(0, alone);
    spikes(100, shifted); // 100 to 200 pA: the rheobase is 150
    CHECK(std::count_if(alone.begin(), alone.begin() + 2000, [](auto n) { return n > 0; }) == 0);
    const auto firing = std::count_if(shifted.begin(), shifted.begin() + 2000, [](auto n) { return n > 0; });
    CHECK((firing > 900 && firing < 1100));
}
