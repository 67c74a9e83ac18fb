// SPDX-License-Identifier: Apache-2.0
// Transfer functions of real cells: which cells stand for a population, and that they fire as the network's.
#include <catch2/catch.hpp>

#include <numeric>

#include "simulate/simulate.hpp"
#include "transfer/measure.hpp"
#include "transfer/sample.hpp"
#include "unit/network_fixture.hpp"

using namespace mfm;
using namespace network_test;

namespace {

/// A recurrent network whose inhibitory cells fire regularly and together, which Poisson input does not know.
const std::string circuit = R"(
seed = 11
[simulation]
duration = "3200 ms"
transient = "200 ms"
record_spikes = true
[population.input]
kind = "poisson"
count = 30
[population.cells]
neuron = "lif"
count = 600
receptors = [{ kind = "alpha", tau_syn = "2 ms", E_rev = "0 mV" }, { kind = "alpha", tau_syn = "5 ms", E_rev = "-80 mV" }]
[population.inhibitors]
neuron = "lif"
count = 40
receptors = [{ kind = "alpha", tau_syn = "2 ms", E_rev = "0 mV" }, { kind = "alpha", tau_syn = "5 ms", E_rev = "-80 mV" }]
[projection.in_cells]
source = "input"
target = "cells"
receptor = 1
weight = { distribution = "lognormal", mean = "3 nS", sd = "1.5 nS" }
delay = "1 ms"
rule = { plugin = "bernoulli", probability = 0.3 }
[projection.in_inhibitors]
source = "input"
target = "inhibitors"
receptor = 1
weight = "4 nS"
delay = "1 ms"
rule = { plugin = "bernoulli", probability = 0.3 }
[projection.inhibition]
source = "inhibitors"
target = "cells"
receptor = 2
weight = "1 nS"
delay = "2 ms"
rule = { plugin = "bernoulli", probability = 0.2 }
[stimulation.steady]
plugin = "sweep"
target = "input"
rate = ["30 Hz"]
[transfer]
basis = "softplus_conductance"
optimizer = "ceres"
cells = "sampled"
)";

struct Run {
    PipelineConfig config = pipeline(circuit);
    Network network = build(config);
    SpikeRecord record;
    Reduction reduction;
    std::vector<PathwayEdges> edges;
    RatePath path;
    Run() {
        Quiet progress;
        record = simulate_network(config, network, progress);
        reduction = reduce(config, network);
        edges = pathway_edges(config, network, reduction);
        path = rate_path(reduction, record);
    }
    [[nodiscard]] const PopulationActivity& activity(const std::string& name) const {
        return record.conditions.at(0).population.at(config.population_index(name));
    }
    [[nodiscard]] std::size_t meso(const std::string& name) const {
        for (std::size_t p = 0; p < reduction.populations.size(); ++p)
            if (reduction.populations[p].name == name) return p;
        throw std::out_of_range(name);
    }
    /// Rate of all cells of a population at the network's own presynaptic rates.
    [[nodiscard]] double at_path(const std::string& name, const SourceStatistics& statistics) const {
        const std::size_t p = meso(name);
        const SampledCells cells = sample_cells(config, reduction, edges, {}, p, 1000);
        const PointSampler sampler(config, reduction, p, statistics, &cells);
        std::vector<double> nu;
        for (const std::size_t s : sampler.pathways()) nu.push_back(path.rate_hz[0][reduction.pathways[s].source]);
        return sampler.measured(sampler.point(nu, 0, TransferPoint::Use::OperatingPoint), 0, 3, 3000).rate_hz;
    }
};

} // namespace

TEST_CASE("cells that stand for a population have its mean input, and keep the mean and variance of their own") {
    const Run run;
    const std::size_t p = run.meso("cells");
    const SampledCells some = sample_cells(run.config, run.reduction, run.edges, {}, p, 100);
    REQUIRE(some.size() == 100);
    CHECK(std::is_sorted(some.cell.begin(), some.cell.end()));
    CHECK(std::adjacent_find(some.cell.begin(), some.cell.end()) == some.cell.end());
    const std::vector<std::size_t> into = run.reduction.pathways_into(p);
    for (std::size_t s = 0; s < into.size(); ++s) {
        const Pathway& w = run.reduction.pathways[into[s]];
        const SampledCells::Input& in = some.input[s];
        double mean = 0;
        for (std::size_t c = 0; c < some.size(); ++c) {
            double sum = 0, square = 0;
            for (std::uint64_t k = in.row[c]; k < in.row[c + 1]; ++k) {
                sum += in.source_weight[k] * in.source_rate[k];
                square += in.source_weight[k] * in.source_weight[k] * in.source_rate[k];
            }
            CHECK(in.events[c] * in.weight[c] == Approx(sum));
            CHECK(in.events[c] * in.weight[c] * in.weight[c] == Approx(square));
            mean += sum / 100;
        }
        // Drawn at random, 100 cells would be 0.1 sd off; one of each part of the population is nearer.
        CHECK(mean == Approx(w.K * w.Q).margin(0.05 * w.K_sd * w.Q));
    }
    CHECK(sample_cells(run.config, run.reduction, run.edges, {}, p, 10000).size() == 600);
    // A population of its sources that fires half as much counts half.
    std::vector<std::vector<double>> rho(3);
    rho[run.meso("input")].assign(30, 0.5);
    const SampledCells less = sample_cells(run.config, run.reduction, run.edges, rho, p, 10000),
                       all = sample_cells(run.config, run.reduction, run.edges, {}, p, 10000);
    CHECK(less.input[0].events[7] == Approx(0.5 * all.input[0].events[7]));
    CHECK(less.input[0].weight[7] == Approx(all.input[0].weight[7]));
}

TEST_CASE(
    "real cells under the recorded spikes of their sources fire as in the network, and under Poisson trains not") {
    const Run run;
    auto spikes = std::make_shared<const CircuitSpikes>(circuit_spikes(run.reduction, run.record.conditions[0]));
    CHECK(spikes->length == 3000);
    CHECK(spikes->rate_hz[run.meso("inhibitors")] == Approx(run.activity("inhibitors").rate_hz).epsilon(1e-3));
    const SourceStatistics recorded{run.path.cv_isi, {}, {spikes}}, poisson{{{1.0, 1.0, 1.0}}, {}, {}};
    for (const char* name : {"cells", "inhibitors"})
        CHECK(run.at_path(name, recorded) == Approx(run.activity(name).rate_hz).epsilon(0.01));
    // Inhibitors that share their input fire together: its mean alone does not make up for that.
    CHECK(std::abs(run.at_path("cells", poisson) / run.activity("cells").rate_hz - 1) > 0.03);
}
