// SPDX-License-Identifier: Apache-2.0
// Poisson drives inside the neuron kernel: the law of their counts, and that nothing depends on anything.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <numeric>

#include "numerics/single_cells.hpp"
#include "numerics/statistics.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

constexpr double dt = 0.1;
constexpr double to_hz = 1e3 / dt; // from events a step

/// Cells that show what their drives draw: a current that is gone after a step, to which an event of drive d adds
/// 64^(d mod 4), four drives a port.
class Probe {
public:
    /// expected: of each drive, events a step; one for all cells, or one a cell.
    Probe(std::vector<AlignedVector<double>> expected, std::uint64_t cells, std::uint64_t seed = 1,
          std::uint64_t stream = 1)
        : drives_(expected.size()), cell_(cell("lif", {{"C_m", 1e5}, {"V_th", 100}}, ports(expected.size()))),
          group_(cell_, cells, dt, seed, stream), count_(drives_, std::vector<std::uint64_t>(cells)) {
        std::vector<PoissonDrive> drives;
        for (std::size_t d = 0; d < drives_; ++d) {
            for (double& rate : expected[d]) rate *= to_hz;
            drives.push_back({static_cast<std::uint32_t>(d / 4), expected[d], {std::pow(64.0, d % 4)}});
        }
        group_.set_drives(std::move(drives));
    }
    /// What every drive draws in the next step, [drive][cell].
    const std::vector<std::vector<std::uint64_t>>& next() {
        group_.advance({0, group_.padded(), now_++, 1}, nullptr, nullptr, nullptr);
        for (std::size_t d = 0; d < drives_; ++d) {
            const auto g = group_.state(static_cast<std::size_t>(group_.state_index("g_1")) + d / 4);
            for (std::size_t i = 0; i < count_[d].size(); ++i)
                count_[d][i] = static_cast<std::uint64_t>(g[i]) >> 6 * (d % 4) & 63;
        }
        return count_;
    }

private:
    static std::vector<mfm_receptor> ports(std::size_t drives) {
        mfm_receptor fast = exponential(1e-5, 0);
        fast.flags |= MFM_RECEPTOR_CURRENT;
        return std::vector<mfm_receptor>((drives + 3) / 4, fast);
    }
    std::size_t drives_;
    PopulationConfig cell_;
    NeuronGroup group_;
    std::vector<std::vector<std::uint64_t>> count_;
    std::uint64_t now_ = 0;
};

/// Draws of one law, and what is wrong with them.
struct Sample {
    std::vector<std::uint64_t> histogram = std::vector<std::uint64_t>(64, 0);

    void check(double expected) const {
        double n = 0, sum = 0, square = 0;
        for (std::size_t k = 0; k < histogram.size(); ++k) {
            const double count = static_cast<double>(histogram[k]), deviation = static_cast<double>(k) - expected;
            n += count;
            sum += count * deviation;
            square += count * deviation * deviation;
        }
        const double mean = sum / std::sqrt(n * expected);
        // The fourth central moment of a Poisson law is expected (1 + 3 expected).
        const double variance = (square - n * expected) / std::sqrt(n * expected * (1 + 2 * expected));
        // The first number of events that less than one draw in a hundred thousand reaches.
        std::size_t k = 1;
        while (poisson_tail(k, expected) > 1e-5) ++k;
        const double reached = static_cast<double>(
                         std::accumulate(histogram.begin() + static_cast<std::ptrdiff_t>(k), histogram.end(), 0ull)),
                     tail = n * poisson_tail(k, expected);
        const double p = poisson_chi_square(histogram, expected);
        std::printf("%8g events a step, %.1e draws: mean %+.1f, variance %+.1f standard errors, chi-square p = %.3f, "
                    "%.0f of %.0f with %zu events or more\n",
                    expected, n, mean, variance, p, reached, tail, k);
        CHECK(std::abs(mean) < 4);
        CHECK(std::abs(variance) < 4);
        CHECK(p > 1e-4); // in some fifty samples
        CHECK(std::abs(reached - tail) < 4 * std::sqrt(tail) + 1);
    }
};

const std::vector<double> levels = {1e-5, 1e-3, 0.02, 0.3, 1, 1.7, 1.8, 4, 7.9, 8.1, 13, 20};

} // namespace

TEST_CASE(
    "a drive's counts follow the Poisson law from a hundred thousandth to 20 events a step, in one to five drives") {
    std::uint64_t stream = 0;
    for (const double expected : levels)
        for (const std::size_t drives : {1u, 2u, 5u}) {
            Probe probe(std::vector<AlignedVector<double>>(drives, AlignedVector<double>(1, expected)), 2048, 1,
                        ++stream);
            Sample sample;
            for (int t = 0; t < 1000; ++t)
                for (const auto& counts : probe.next())
                    for (const std::uint64_t n : counts) ++sample.histogram[n];
            sample.check(expected);
        }
}

TEST_CASE("cells with rates of their own draw from their own laws") {
    const std::size_t cells = 240, drives = 3;
    std::vector<AlignedVector<double>> expected(drives, AlignedVector<double>(cells));
    // Neighbours differ in one drive, share rates in runs of 20 in another, and are mixed in the third.
    const auto level = [&](std::size_t d, std::size_t i) {
        return (d == 0 ? i : d == 1 ? i / 20 : i * 7919 % cells) % levels.size();
    };
    for (std::size_t d = 0; d < drives; ++d)
        for (std::size_t i = 0; i < cells; ++i) expected[d][i] = levels[level(d, i)];
    Probe probe(expected, cells);
    std::vector<Sample> samples(levels.size());
    for (int t = 0; t < 2500; ++t) {
        const auto& counts = probe.next();
        for (std::size_t d = 0; d < drives; ++d)
            for (std::size_t i = 0; i < cells; ++i) ++samples[level(d, i)].histogram[counts[d][i]];
    }
    for (std::size_t k = 0; k < levels.size(); ++k) samples[k].check(levels[k]);
}

TEST_CASE(
    "counts of different steps, cells, drives, populations and seeds are uncorrelated, and their sums are Poisson") {
    constexpr std::size_t cells = 1024, steps = 2000, longest = 8;
    const std::vector<double> expected = {1, 0.3, 4, 13, 1.8};
    struct Pair {
        std::size_t drive, lag, distance, other; // counts of a drive, and of another that many steps and cells ago
        double sum = 0;
    };
    std::size_t n_pairs = 0;
    double worst = 0;
    for (const std::size_t drives : {1u, 2u, 3u, 5u}) {
        std::vector<AlignedVector<double>> rates;
        for (std::size_t d = 0; d < drives; ++d) rates.emplace_back(1, expected[d]);
        Probe probe(rates, cells), stream(rates, cells, 1, 2), seed(rates, cells, 2, 1);
        std::vector<Pair> pairs;
        const std::size_t last = drives - 1;
        for (const std::size_t lag : {1u, 2u, 3u, 4u, 5u, 8u}) pairs.push_back({last, lag, 0, last});
        for (const std::size_t distance : {1u, 2u, 4u, 8u, 16u, 32u, 512u}) pairs.push_back({last, 0, distance, last});
        for (std::size_t d = 1; d < drives; ++d) // neighbours
            pairs.insert(pairs.end(), {{d, 0, 0, d - 1}, {d, 1, 0, d - 1}, {d - 1, 1, 0, d}});
        double with_stream = 0, with_seed = 0;
        std::vector<std::vector<std::vector<double>>> past; // [step][drive][cell], normalised
        std::vector<double> of_cell(cells, 0.0), of_step(steps, 0.0);
        for (std::size_t t = 0; t < steps; ++t) {
            const auto normalised = [&](Probe& from) {
                std::vector<std::vector<double>> out;
                const auto& counts = from.next();
                for (std::size_t d = 0; d < drives; ++d) {
                    out.emplace_back(cells);
                    for (std::size_t i = 0; i < cells; ++i)
                        out[d][i] = (static_cast<double>(counts[d][i]) - expected[d]) / std::sqrt(expected[d]);
                }
                return out;
            };
            past.push_back(normalised(probe));
            const auto& now = past.back();
            for (Pair& p : pairs)
                if (t >= longest)
                    for (std::size_t i = 0; i < cells; ++i)
                        p.sum += now[p.drive][i] * past[t - p.lag][p.other][(i + p.distance) % cells];
            const auto of_stream = normalised(stream), of_seed = normalised(seed);
            for (std::size_t i = 0; i < cells; ++i) {
                with_stream += now[last][i] * of_stream[last][i];
                with_seed += now[last][i] * of_seed[last][i];
                of_cell[i] += now[last][i];
                of_step[t] += now[last][i];
            }
        }
        const auto within = [&](double sum, std::size_t n) {
            const double z = sum / std::sqrt(static_cast<double>(n * cells));
            ++n_pairs;
            worst = std::max(worst, std::abs(z));
            return std::abs(z) < 4;
        };
        for (const Pair& p : pairs) {
            CAPTURE(drives, p.drive, p.lag, p.distance, p.other);
            CHECK(within(p.sum, steps - longest));
        }
        CHECK(within(with_stream, steps));
        CHECK(within(with_seed, steps));
        // Squares of standard normal variates (sums of thousands of events), as many as there are sums.
        const auto dispersion = [](const std::vector<double>& sums, double n) {
            double square = 0;
            for (const double s : sums) square += s * s / n;
            return boost::math::gamma_q(static_cast<double>(sums.size()) / 2, square / 2);
        };
        for (const double p : {dispersion(of_cell, steps), dispersion(of_step, cells)}) {
            CHECK(p > 1e-4);
            CHECK(p < 1 - 1e-4);
        }
    }
    std::printf("%zu correlations, the largest %.1f standard errors\n", n_pairs, worst);
}

TEST_CASE("a drive of more than 20 events a step is split, and still Poisson; one of rate 0 never fires") {
    const PopulationConfig c = [] {
        mfm_receptor fast = exponential(1e-5, 0);
        fast.flags |= MFM_RECEPTOR_CURRENT;
        return cell("lif", {{"C_m", 1e5}, {"V_th", 100}}, {fast, fast});
    }();
    NeuronGroup group(c, 1024, dt, 1, 1);
    group.set_drives({{0, {50 * to_hz}, {1.0}}, {1, {0.0}, {1.0}}});
    std::vector<std::uint64_t> histogram(200, 0);
    const auto first = static_cast<std::size_t>(group.state_index("g_1"));
    for (std::uint64_t t = 0; t < 500; ++t) {
        group.advance({0, group.padded(), t, 1}, nullptr, nullptr, nullptr);
        for (std::size_t i = 0; i < 1024; ++i) ++histogram.at(static_cast<std::size_t>(group.state(first)[i]));
        REQUIRE(group.state(first + 1)[t] == 0.0);
    }
    CHECK(poisson_chi_square(histogram, 50) > 1e-4);
}
