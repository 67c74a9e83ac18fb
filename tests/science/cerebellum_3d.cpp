// SPDX-License-Identifier: Apache-2.0
// The cerebellar cortex from reconstructed cells, configs/cerebellum_3d.toml, against the published table of its
// connections.
//   test_cerebellum_3d "[table]"     prints the measured table over twelve builds, as docs/cerebellum.md has it
#include <catch2/catch.hpp>

#include <cmath>
#include <iostream>

#include <fmt/format.h>
#include <tbb/global_control.h>

#include "science/cerebellum_fixture.hpp"

namespace {

using namespace cerebellum;

constexpr const char* skipped = "the reconstructed cells are not beside the repository (../shared/data/cerebellum/"
                                "morphologies): this part is skipped";

/// One number, build by build.
struct Builds {
    std::vector<double> value;
    [[nodiscard]] double mean() const {
        double sum = 0;
        for (const double x : value) sum += x;
        return sum / static_cast<double>(value.size());
    }
    /// From build to build.
    [[nodiscard]] double sd() const {
        double square = 0;
        for (const double x : value) square += (x - mean()) * (x - mean());
        return std::sqrt(square / static_cast<double>(value.size() - 1));
    }
};
/// What a projection came out as.
struct Measured {
    Builds in_mean, in_sd, out_mean, out_sd, contacts_mean, contacts_sd;
};

std::map<std::string, Measured> measure(std::uint64_t builds) {
    const Pipelines pipelines;
    std::map<std::string, Measured> out;
    for (std::uint64_t seed = 1; seed <= builds; ++seed) {
        const PipelineConfig config = pipelines.load("cerebellum_3d.toml", seed);
        const Network network = build(config);
        for (std::size_t p = 0; p < network.projections.size(); ++p) {
            if (config.projections[p].rule.component->id() != "voxel_intersection") continue;
            const DegreeStatistics s = degree_statistics(network, network.projections[p]);
            Measured& m = out[network.projections[p].name];
            m.in_mean.value.push_back(s.in_mean);
            m.in_sd.value.push_back(s.in_sd_connected);
            m.out_mean.value.push_back(s.out_mean_connected);
            m.out_sd.value.push_back(s.out_sd_connected);
            m.contacts_mean.value.push_back(s.contacts_mean);
            m.contacts_sd.value.push_back(s.contacts_sd);
        }
    }
    return out;
}

} // namespace

TEST_CASE(
    "in-degrees from reconstructed cells are the published ones: means within 6 %, sd within 20 %, over three builds") {
    if (!Pipelines::has_morphologies()) {
        WARN(skipped);
        return;
    }
    const auto published = published_connections();
    const auto measured = measure(3);
    CHECK(measured.size() == 11);
    for (const auto& [name, m] : measured) {
        const Connection& ref = published.at(name);
        INFO(name << ": published in-degree " << ref.in_mean << " +- " << ref.in_sd);
        // The published table is one build.  Where builds of 71 Golgi cells differ by 7 % (sd over twelve, the [table]
        // below), one of them and the mean of three are up to 2.6 * 7 % * sqrt(1 + 1/3) apart in 99 of 100 cases; the
        // sd over 71 cells has itself an error of 1 / sqrt(142), which gives 25 % likewise.
        const bool few = name == "golgi_to_golgi";
        // Out-degrees are published with two digits.
        CHECK(m.in_mean.mean() == Approx(ref.in_mean).epsilon(few ? 0.21 : 0.06));
        CHECK(m.in_sd.mean() == Approx(ref.in_sd).epsilon(few ? 0.25 : 0.20));
        CHECK(m.out_mean.mean() == Approx(ref.out_mean).epsilon(few ? 0.21 : 0.10));
        CHECK(m.contacts_mean.mean() == Approx(ref.contacts_mean).epsilon(0.01));
        CHECK(m.contacts_sd.mean() == Approx(ref.contacts_sd).margin(0.05).epsilon(0.06));
    }
}

TEST_CASE("the circuit from reconstructed cells is the same bits with one thread and with three") {
    if (!Pipelines::has_morphologies()) {
        WARN(skipped);
        return;
    }
    const Pipelines pipelines;
    const PipelineConfig config = pipelines.load("cerebellum_3d.toml", 1);
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 3);
    const std::string three = build(config).hash;
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    CHECK(build(config).hash == three);
}

TEST_CASE("the measured table of connections from reconstructed cells", "[.table]") {
    const auto measured = measure(12);
    const auto published = published_connections();
    std::cout << "| projection | in-degree, all | from build to build | published | sd | published | out-degree, "
                 "connected | published |\n|---|---|---|---|---|---|---|---|\n";
    for (const auto& [name, m] : measured) {
        const Connection& ref = published.at(name);
        std::cout << fmt::format("| {} | {:.4g} | ± {:.2g} | {:.4g} | {:.3g} | {:.3g} | {:.3g} ± {:.2g} | {:.3g} ± "
                                 "{:.2g} |\n",
                                 name, m.in_mean.mean(), m.in_mean.sd(), ref.in_mean, m.in_sd.mean(), ref.in_sd,
                                 m.out_mean.mean(), m.out_sd.mean(), ref.out_mean, ref.out_sd);
    }
    std::cout << "\nseeds 1, 2, 3 alone: in-degree and its sd against the published\n";
    for (const auto& [name, m] : measured) {
        const auto three = [](const Builds& b) { return (b.value[0] + b.value[1] + b.value[2]) / 3.0; };
        const Connection& ref = published.at(name);
        std::cout << fmt::format("{:<28} {:+.1f} % {:+.1f} %\n", name, 100 * (three(m.in_mean) / ref.in_mean - 1),
                                 100 * (three(m.in_sd) / ref.in_sd - 1));
    }
}
