// SPDX-License-Identifier: Apache-2.0
// Measured cells under one swap of their input after the other, with a made-up record.
#include <catch2/catch.hpp>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include <unistd.h>

#include "network/network.hpp"
#include "remap/reduction.hpp"
#include "support/progress.hpp"
#include "transfer/operating_points.hpp"

using namespace mfm;

namespace {

class Silent : public Progress {
public:
    void begin(const Task&) override {}
    void advance(std::uint64_t n) override { units += n; }
    void end(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string&) override {}
    std::atomic<std::uint64_t> units = 0;
};

/// Leaky cells below threshold on average, so that whatever makes their input fluctuate more makes them fire more.
constexpr const char* circuit = R"(
[population.input]
kind = "poisson"
count = 40
[population.cells]
neuron = "lif"
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" } ]
count = 60
[projection.input_to_cells]
source = "input"
target = "cells"
receptor = 1
weight = "0.65 nS"
delay = "1 ms"
rule = { plugin = "fixed_in_degree", in_degree = 20 }
[stimulation.sweep]
plugin = "sweep"
target = "input"
rate = ["40 Hz"]
)";

struct MadeUp {
    PipelineConfig config;
    Network network;
    Reduction reduction;
    SpikeRecord record;
    Silent progress;
    MadeUp() {
        const auto file =
            std::filesystem::temp_directory_path() / ("automfm-points-" + std::to_string(getpid()) + ".toml");
        std::ofstream(file) << circuit;
        static const Registry registry({TEST_PLUGIN_FOLDER});
        config = load_pipeline(file, registry);
        std::filesystem::remove(file);
        network = build_network(config, progress);
        reduction = reduce(config, network);
        ConditionRecord c;
        c.level_hz = 40;
        c.duration = 1000;
        c.transient = 200;
        c.population.resize(2);
        for (std::size_t p = 0; p < 2; ++p) {
            c.population[p].rate_hz = 40;
            c.population[p].cell_rate_hz.assign(network.populations[p].n, 40.0);
            c.population[p].course_hz.assign(1000, 40.0);
            c.population[p].cv_isi = 1;
        }
        record.conditions = {c};
    }
    PopulationActivity& input() { return record.conditions[0].population[0]; }
    std::vector<std::vector<std::shared_ptr<const RateClock>>> fluctuation;
    [[nodiscard]] SourceStatistics statistics() const { return {rate_path(reduction, record).cv_isi, fluctuation, {}}; }
    [[nodiscard]] OperatingPoints points() {
        const std::vector<PathwayEdges> edges = pathway_edges(config, network, reduction);
        return operating_points(config, reduction, statistics(), edges, record, 1, progress);
    }
};

double mean(const CellMeasurement& m) {
    return std::accumulate(m.rate_hz.begin(), m.rate_hz.end(), 0.0) / static_cast<double>(m.rate_hz.size());
}

} // namespace

TEST_CASE("cells whose sources are constant, equal Poisson trains are the same after every swap") {
    MadeUp m;
    const OperatingPoints out = m.points();
    CHECK(m.progress.units >= 3);
    CHECK(operating_count(m.config, m.reduction, m.statistics(), m.record, 1) == 3);
    REQUIRE(out.measured.size() == 3);
    CHECK(out.cell.size() == 60);
    CHECK(out.measured[0].swap == "correlation");
    CHECK(out.measured[1].swap == "common_fluctuations");
    CHECK(out.measured[2].swap == "source_rates");
    CHECK(out.point[0].rate_hz == Approx(mean(out.measured[1])));
    CHECK(out.point[0].rate_hz > 2);
    // Equal random numbers, so that not even the noise differs; the operating point itself is measured for longer.
    CHECK(out.measured[0].rate_hz == out.measured[2].rate_hz);
    CHECK(mean(out.measured[0]) == Approx(out.point[0].rate_hz).epsilon(0.05));
}

TEST_CASE("sources that fluctuate together in the record make cells fire more, and only in the first measurement") {
    MadeUp m;
    const OperatingPoints still = m.points();
    for (std::size_t i = 0; i < 1000; ++i) m.input().course_hz[i] = i / 20 % 2 == 0 ? 70 : 10; // 25 Hz, mean 40
    const OperatingPoints out = m.points();
    CHECK(mean(out.measured[0]) > 1.3 * mean(still.measured[0]));
    for (const std::size_t k : {std::size_t{1}, std::size_t{2}})
        CHECK(out.measured[k].rate_hz == still.measured[k].rate_hz);
}

TEST_CASE("cells whose own sources are busier than the population fire more, until sources have its mean rate") {
    MadeUp m;
    const OperatingPoints still = m.points();
    for (std::size_t j = 0; j < 40; ++j) m.input().cell_rate_hz[j] = j < 20 ? 0 : 80;
    const OperatingPoints out = m.points();
    double spread = 0;
    for (std::size_t i = 0; i < 60; ++i)
        spread += std::abs(out.measured[1].rate_hz[i] - still.measured[1].rate_hz[i]) / 60;
    CHECK(spread > 2);
    CHECK(out.measured[2].rate_hz == still.measured[2].rate_hz);
}

TEST_CASE("few regular sources are renewal trains in the last measurement, as the transfer function is sampled") {
    MadeUp m;
    const OperatingPoints still = m.points();
    m.input().cv_isi = 0.3; // of a Poisson population the record's CV counts for nothing
    CHECK(m.points().measured.size() == 3);
    m.reduction.populations[0].external = false;
    const OperatingPoints out = m.points();
    REQUIRE(out.measured.size() == 4);
    CHECK(out.measured[3].swap == "regular_trains");
    CHECK(mean(out.measured[3]) < 0.9 * mean(out.measured[2])); // they fluctuate less
    CHECK(out.measured[2].rate_hz == still.measured[2].rate_hz);
    m.config.transfer.renewal_below = 0;
    CHECK(m.points().measured.size() == 3);
}

TEST_CASE("a record of several trials has no fluctuations to play back") {
    MadeUp m;
    m.record.conditions[0].trials = 2;
    const OperatingPoints out = m.points();
    REQUIRE(out.measured.size() == 2);
    CHECK(out.measured[0].swap == "correlation");
    CHECK(out.point[0].rate_hz == Approx(mean(out.measured[0])));
}

TEST_CASE("fluctuations that the transfer function is sampled with are the last measurement") {
    MadeUp m;
    std::vector<double> course(1000);
    for (std::size_t i = 0; i < 1000; ++i) course[i] = i / 20 % 2 == 0 ? 70 : 10;
    m.fluctuation = {{std::make_shared<const RateClock>(course, 1.0), nullptr}};
    const OperatingPoints out = m.points();
    REQUIRE(out.measured.size() == 4);
    CHECK(out.measured[3].swap == "computed_fluctuations");
    CHECK(mean(out.measured[3]) > 1.3 * mean(out.measured[2]));
}
