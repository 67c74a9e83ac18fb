// SPDX-License-Identifier: Apache-2.0
// What adaptive sampling costs, and what it is worth: the populations of the cerebellum, on the same held-out points as
// a fixed sample and a full grid of 20 points an axis.
#include <catch2/catch.hpp>

#include <tbb/parallel_for.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "network/network.hpp"
#include "plugin/registry.hpp"
#include "simulate/simulate.hpp"
#include "transfer/basis.hpp"
#include "transfer/fit.hpp"
#include "transfer/sample.hpp"
#include "transfer/working_range.hpp"

using namespace mfm;
using Use = TransferPoint::Use;

namespace {

struct Circuit {
    Registry registry{{TEST_PLUGIN_FOLDER}};
    PipelineConfig config;
    Reduction reduction;
    RatePath path;
    SourceStatistics statistics;
    SilentProgress quiet;

    Circuit() {
        LoadOptions load;
        load.set = {"simulation.duration=2 s"}; // long enough for the rates that say where to sample
        config = load_pipeline(std::filesystem::path(TEST_SOURCE_FOLDER) / "configs/cerebellum.toml", registry, load);
        config.stimulations.resize(1); // the sweep of stationary rates
        const Network network = build_network(config, quiet);
        const SpikeRecord record = simulate_network(config, network, quiet);
        reduction = reduce(config, network);
        path = rate_path(reduction, record);
        statistics = {path.cv_isi, {}, {}};
    }
    [[nodiscard]] TransferTable sample(const PipelineConfig& how, std::size_t population) {
        return sample_transfer(how, reduction, path, statistics, nullptr, population, quiet);
    }
    /// A grid of n x n points over the working range of `table`, at the pathways' shares in the middle of the path.
    [[nodiscard]] TransferTable grid(const TransferTable& table, std::size_t population, std::size_t n) const {
        const PointSampler sampler(config, reduction, population, statistics, nullptr);
        const WorkingRange range(config, reduction, path, sampler);
        double low[2] = {1e300, 1e300}, high[2] = {0, 0};
        for (const TransferPoint& p : table.points) {
            if (p.use != Use::Working && p.use != Use::HeldOut) continue;
            const double G[] = {p.G_e, p.G_i};
            for (int k = 0; k < 2; ++k) {
                low[k] = std::min(low[k], std::sqrt(G[k]));
                high[k] = std::max(high[k], std::sqrt(G[k]));
            }
        }
        const TransferPoint middle = sampler.point(range.rates({0.5, 1, 1}), 0, Use::Working);
        TransferTable out;
        out.population = table.population;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                const auto at = [&](int k, std::size_t step) {
                    const double root =
                        low[k] + (high[k] - low[k]) * static_cast<double>(step) / static_cast<double>(n - 1);
                    return root * root;
                };
                const double e = middle.G_e > 0 ? at(0, i) / middle.G_e : 1,
                             h = middle.G_i > 0 ? at(1, j) / middle.G_i : 1;
                out.points.push_back(sampler.point(range.rates({0.5, e, h}), 0, Use::Working));
            }
        tbb::parallel_for(std::size_t{0}, out.points.size(), [&](std::size_t i) {
            sampler.measure_point(out.points[i], 0.5, (1u << 16) + i, config.transfer.seconds);
        });
        return out;
    }
    /// The fit of the working and wide points of one table, tested on the held-out points of another.
    [[nodiscard]] TransferFit fit(const TransferTable& table, const TransferTable& test, std::size_t population) {
        TransferTable both;
        both.population = table.population;
        for (const TransferPoint& p : table.points)
            if (p.use == Use::Working || p.use == Use::Wide) both.points.push_back(p);
        for (const TransferPoint& p : test.points)
            if (p.use == Use::HeldOut) both.points.push_back(p);
        const PopulationConfig& cell = config.populations[reduction.populations[population].network_index];
        const auto basis = make_basis(config.transfer.bases.front(), cell);
        const PluginChoice& choice = config.transfer.optimizer;
        const Instance optimizer(*choice.component, choice.settings, choice.where);
        const TransferInputs inputs(make_cell(cell), input_pathways(reduction, population, cell), *basis);
        return fit_transfer(both, inputs, *basis, optimizer, {}, quiet);
    }
};

double seconds(const TransferTable& table) {
    double sum = 0;
    for (const TransferPoint& p : table.points)
        if (p.use == Use::Working || p.use == Use::Wide) sum += p.seconds;
    return sum;
}
std::size_t points(const TransferTable& table) {
    std::size_t n = 0;
    for (const TransferPoint& p : table.points) n += p.use == Use::Working || p.use == Use::Wide ? 1 : 0;
    return n;
}

} // namespace

TEST_CASE("adaptive sampling needs at most a fifth of a full grid's neuron-seconds for the same held-out error") {
    Circuit circuit;
    double adaptive_cost = 0, grid_cost = 0;
    std::printf("held-out RMSE in Hz (points, neuron-seconds) of working and wide points\n");
    for (std::size_t p = 0; p < circuit.reduction.populations.size(); ++p) {
        if (circuit.reduction.populations[p].external) continue;
        PipelineConfig how = circuit.config;
        how.mean_field.adaptation = false; // points with a current are the same for all
        how.transfer.sampling = TransferConfig::Sampling::Fixed;
        const TransferTable fixed = circuit.sample(how, p);
        how.transfer.sampling = TransferConfig::Sampling::Adaptive;
        how.transfer.heldout_points = 1;
        const TransferTable adaptive = circuit.sample(how, p);
        how.transfer.sampling = TransferConfig::Sampling::Fixed;
        how.transfer.wide_points = std::max(8u, static_cast<unsigned>(how.transfer.wide_points / 2));
        how.transfer.points = static_cast<unsigned>(
            std::max(16.0, std::round(seconds(adaptive) / how.transfer.seconds - how.transfer.wide_points)));
        const TransferTable equal = circuit.sample(how, p); // what adaptive sampling costs, spent on fixed points
        TransferTable grid = circuit.grid(fixed, p, 20);
        const SamplingSummary& s = adaptive.sampling;
        std::printf("%-14s", fixed.population.c_str());
        double error[4];
        const TransferTable* tables[] = {&adaptive, &equal, &fixed, &grid};
        const char* names[] = {"adaptive", "fixed, same cost", "fixed", "grid"};
        for (int k = 0; k < 4; ++k) {
            const TransferFit fit = circuit.fit(*tables[k], fixed, p);
            error[k] = *fit.heldout_rmse_hz;
            std::printf("  %s %.3f (%zu, %.0f)", names[k], error[k], points(*tables[k]), seconds(*tables[k]));
        }
        std::printf("\n    %s after %zu measurements; expected error %.2f tolerances, left out %.2f (%.2f of %.1f Hz)",
                    s.end == SamplingSummary::End::Tolerance ? "tolerance" : "budget", s.measurements, s.expected_error,
                    s.left_out_error, s.left_out_hz, s.left_out_rate_hz);
        for (const SharePair& pair : s.shares)
            std::printf("; shares of %s %.2f apart: %.2f and %.2f +- %.2f Hz (tolerance %.2f)", pair.pathway.c_str(),
                        pair.share, pair.rate_hz, pair.other_hz, pair.se_hz, pair.tolerance_hz);
        std::printf("\n");
        std::fflush(stdout);
        CHECK(error[0] < 1.15 * error[3] + 0.05);
        adaptive_cost += seconds(adaptive);
        grid_cost += seconds(grid);
    }
    std::printf("adaptive %.0f, grid %.0f neuron-seconds: %.3f\n", adaptive_cost, grid_cost, adaptive_cost / grid_cost);
    CHECK(adaptive_cost < 0.2 * grid_cost);
}
