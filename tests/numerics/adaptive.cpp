// SPDX-License-Identifier: Apache-2.0
// Adaptive sampling of leaky cells with two excitatory pathways and an inhibitory one.
#include "transfer/adaptive.hpp"

#include <tbb/global_control.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>

#include "transfer/sample.hpp"
#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace mfm::test;
using Use = TransferPoint::Use;
using End = SamplingSummary::End;

namespace {

class Counted : public Progress {
public:
    void begin(const Task&) override {}
    void advance(std::uint64_t n) override { units += n; }
    void end(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string&) override {}
    std::atomic<std::uint64_t> units = 0;
};

mfm_receptor exponential(double tau, double E) {
    return {sizeof(mfm_receptor), MFM_RECEPTOR_EXPONENTIAL, 0, 0, tau, 0.0, E};
}
PluginChoice choice(const std::string& id, const std::string& interface) {
    const Component& component = plugins().find(id, interface);
    PluginChoice out;
    out.component = &component;
    for (const mfm_field* field : setting_fields(component)) {
        out.settings.push_back(default_value(*field));
        out.given.push_back(false);
    }
    return out;
}

/// Two external populations, whose rates grow apart along the path, and cells that inhibit each other.
struct Setup {
    PipelineConfig config;
    Reduction reduction;
    RatePath path;
    SourceStatistics statistics;

    explicit Setup(double slow = 3) {
        const char* names[] = {"first", "second", "cells"};
        for (std::size_t p = 0; p < 3; ++p) {
            PopulationConfig population;
            population.name = names[p];
            population.kind = p < 2 ? PopulationConfig::Kind::Poisson : PopulationConfig::Kind::Neuron;
            if (p == 2) {
                population.neuron = choice("lif", MFM_NEURON_ID);
                population.receptors = {exponential(3, 0), exponential(slow, 0), exponential(5, -80)};
            }
            config.populations.push_back(population);
            reduction.populations.push_back({names[p], p, 1000, p < 2});
        }
        const double tau[] = {3, slow, 5}, K[] = {25, 25, 80}, Q[] = {3.2, 3.2 * 3 / slow, 1.2};
        for (std::size_t s = 0; s < 3; ++s) {
            Pathway w;
            w.name = std::string(names[s]) + "_to_cells";
            w.source = s;
            w.target = 2;
            w.port = static_cast<std::uint32_t>(s);
            w.receptor = exponential(tau[s], s == 2 ? -80 : 0);
            w.K = K[s];
            w.Q = Q[s];
            reduction.pathways.push_back(w);
        }
        path.level_hz = {1, 2, 3};
        path.rate_hz = {{12, 2, 4}, {14, 10, 15}, {10, 30, 30}};
        path.cv_isi.assign(3, std::vector<double>(3, 1.0));
        statistics = {path.cv_isi, {}, {}};
        TransferConfig& t = config.transfer;
        t.bases = {choice("softplus_conductance", MFM_TRANSFER_ID)};
        t.sampling = TransferConfig::Sampling::Adaptive;
        t.points = 40;
        t.wide_points = 4;
        t.heldout_points = 4;
        t.seconds = 60;
        t.copies = 16;
        t.tolerance_absolute = 1;
        t.tolerance_relative = 0.05;
    }
    [[nodiscard]] TransferTable sample() const {
        Counted progress;
        TransferTable table = sample_transfer(config, reduction, path, statistics, nullptr, 2, progress);
        CHECK(progress.units == sample_count(config, reduction, 2));
        return table;
    }
};

std::vector<TransferPoint> working(const TransferTable& table) {
    std::vector<TransferPoint> out;
    for (const TransferPoint& p : table.points)
        if (p.use == Use::Working) out.push_back(p);
    return out;
}
double spent(const TransferTable& table) {
    double sum = 0;
    for (const TransferPoint& p : working(table)) sum += p.seconds;
    return sum;
}

} // namespace

TEST_CASE("sampling starts on the network's path and in the corners of the range, and ends at the tolerance") {
    const Setup setup;
    const TransferTable table = setup.sample();
    CHECK(table.sampling.end == End::Tolerance);
    CHECK(table.sampling.expected_error <= 1);
    CHECK(table.sampling.points == working(table).size() + 8); // the corners count as wide
    CHECK(table.sampling.seconds == Approx(spent(table) + 8 * 30));
    CHECK(table.sampling.seconds == Approx(30.0 * static_cast<double>(table.sampling.measurements)));
    CHECK(spent(table) < 0.85 * 40 * 60);
    const auto has = [&](std::vector<double> nu) {
        return std::any_of(table.points.begin(), table.points.end(), [&](const TransferPoint& p) {
            return std::abs(p.nu[0] - nu[0]) + std::abs(p.nu[1] - nu[1]) + std::abs(p.nu[2] - nu[2]) < 1e-9;
        });
    };
    CHECK(has({12, 2, 4}));
    CHECK(has({14, 10, 15}));
    CHECK(has({12, 20, 22.5}));
    CHECK(has({12 * 0.4, 2 * 0.4, 4 * 2}));
    CHECK(has({20, 60, 12}));
    for (const auto& [use, count] : {std::pair{Use::HeldOut, 4}, {Use::Wide, 4 + 8}})
        CHECK(std::count_if(table.points.begin(), table.points.end(),
                            [use = use](const TransferPoint& p) { return p.use == use; }) == count);
    for (const TransferPoint& p : table.points)
        CHECK(p.seconds == Approx(p.use == Use::HeldOut ? 240 : p.use == Use::Wide ? 30 : p.seconds));
}

TEST_CASE("a narrower tolerance takes more, and more noise is answered by more time, up to the budget") {
    Setup setup;
    const std::size_t wide = setup.sample().sampling.measurements;
    setup.config.transfer.tolerance_absolute = 0.5;
    setup.config.transfer.tolerance_relative = 0.02;
    const TransferTable narrow = setup.sample();
    CHECK(narrow.sampling.measurements > wide);
    setup.config.transfer.tolerance_absolute = 0.02;
    setup.config.transfer.tolerance_relative = 0.001;
    const TransferTable most = setup.sample();
    CHECK(most.sampling.end == End::Budget);
    CHECK(most.sampling.expected_error > 1);
    CHECK(most.sampling.measurements == 80);
    CHECK(most.sampling.seconds == Approx(40 * 60));
    CHECK(most.sampling.points <= 80);
}

TEST_CASE("the same points and rates for any number of threads") {
    const Setup setup;
    const auto on = [&](std::size_t threads) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        return working(setup.sample());
    };
    const auto one = on(1), three = on(3);
    REQUIRE(one.size() == three.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        CHECK(one[i].nu == three[i].nu);
        CHECK(one[i].rate_hz == three[i].rate_hz);
        CHECK(one[i].seconds == three[i].seconds);
    }
}

TEST_CASE("points of equal summed conductances show whether it matters which pathways make them") {
    const auto worst = [](const TransferTable& table) {
        double out = 0;
        for (const SharePair& p : table.sampling.shares) {
            CHECK(p.share > 0.02);
            CHECK((p.pathway == "first_to_cells" || p.pathway == "second_to_cells"));
            out = std::max(out, (std::abs(p.rate_hz - p.other_hz) - 3 * p.se_hz) / p.tolerance_hz);
        }
        return out;
    };
    const auto with = [](double slow) {
        Setup setup(slow);
        setup.config.transfer.seconds = 400;
        setup.config.transfer.tolerance_absolute = 0.5;
        setup.config.transfer.tolerance_relative = 0.02;
        return setup.sample();
    };
    const TransferTable alike = with(3), unlike = with(30);
    REQUIRE(!alike.sampling.shares.empty());
    CHECK(worst(alike) < 1); // both pathways are the same but for their name
    CHECK(worst(unlike) > 1);
}

TEST_CASE("a small budget ends the start, and a basis of many coefficients has its points") {
    Setup setup;
    setup.config.transfer.points = 5;
    const TransferTable table = setup.sample();
    CHECK(table.sampling.measurements == 10);
    CHECK(table.sampling.end == End::Budget);
    setup.config.transfer.points = 60;
    setup.config.transfer.bases.push_back(choice("spline", MFM_TRANSFER_ID));
    CHECK(fewest_working_points(setup.config.transfer) == 73 + 5 - 4);
    CHECK(setup.sample().sampling.points >= 74);
    CHECK(adaptive_seconds(setup.config.transfer, 0) == 30);
    CHECK(adaptive_seconds(setup.config.transfer, 1.0 / 500) == Approx(6 * 0.5 * 16));
    CHECK(adaptive_seconds(setup.config.transfer, 1.0 / 5000) == 60);
    CHECK(adaptive_count(setup.config.transfer, 30) == 120);
    setup.config.transfer.cells = TransferConfig::Cells::Sampled;
    CHECK(adaptive_seconds(setup.config.transfer, 0) == 60);
    setup.config.transfer.cells = TransferConfig::Cells::Mean;
    setup.config.transfer.bases = {choice("siegert", MFM_TRANSFER_ID)};
    const TransferTable analytic = setup.sample();
    CHECK(working(analytic).empty());
    CHECK(analytic.sampling.end == End::None);
}

TEST_CASE("a fixed sample is summarised alike") {
    Setup setup;
    setup.config.transfer.sampling = TransferConfig::Sampling::Fixed;
    const TransferTable table = setup.sample();
    CHECK(table.sampling.end == End::Fixed);
    CHECK(table.sampling.points == 40);
    CHECK(table.sampling.measurements == 40);
    CHECK(table.sampling.seconds == Approx(2400));
    CHECK(table.sampling.expected_error > 0);
    CHECK(table.sampling.left_out_error > 0);
    CHECK(std::abs(table.sampling.left_out_hz) > 0);
}

TEST_CASE("rates in units of the tolerance change by one where the rate changes by the tolerance") {
    TransferConfig t;
    const Tolerance tolerance(t);
    CHECK(tolerance.at(0) == 0.5);
    CHECK(tolerance.at(100) == Approx(std::hypot(0.5, 2.0)));
    for (const double F : {0.0, 3.0, 50.0, 400.0})
        CHECK((tolerance.scaled(F + 1e-4) - tolerance.scaled(F)) * tolerance.at(F) == Approx(1e-4).epsilon(1e-3));
    t.tolerance_relative = 0;
    CHECK(Tolerance(t).scaled(7) == 14);
}
