// SPDX-License-Identifier: Apache-2.0
// Weights and delays that vary from synapse to synapse, judged by what arrives.
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>

#include "network/connect.hpp"
#include "network/distribution.hpp"
#include "numerics/engine_circuit.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

constexpr double dt = 0.1, tau = 10.0;
constexpr std::uint64_t n = 40000; // target cells, a synapse each

double normal_below(double z) {
    return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// A distribution and the probability to stay below x, as its definition says, before any cut.
struct Law {
    const char* name;
    Distribution distribution;
    std::function<double(double)> below;
};

/// All kinds with this mean and sd; a gamma of shape 4, whose distribution function is elementary.
std::vector<Law> laws(double mean, double sd) {
    using Kind = Distribution::Kind;
    const double size = std::abs(mean), log_variance = std::log1p(sd * sd / (mean * mean)),
                 log_mean = std::log(size) - 0.5 * log_variance, half = sd * std::sqrt(3.0);
    // Lognormal and gamma with a negative mean are mirror images.
    const auto mirrored = [mean](std::function<double(double)> below) -> std::function<double(double)> {
        if (mean > 0) return below;
        return [below](double x) { return 1.0 - below(-x); };
    };
    return {{"normal", {Kind::Normal, mean, sd, 0, 0}, [=](double x) { return normal_below((x - mean) / sd); }},
            {"lognormal", {Kind::Lognormal, mean, sd, 0, 0}, mirrored([=](double x) {
                 return x > 0 ? normal_below((std::log(x) - log_mean) / std::sqrt(log_variance)) : 0.0;
             })},
            {"gamma", {Kind::Gamma, mean, size / 2, 0, 0}, mirrored([=](double x) {
                 const double z = std::clamp(4 * x / size, 0.0, 700.0);
                 return 1 - std::exp(-z) * (1 + z * (1 + z / 2 * (1 + z / 3)));
             })},
            {"uniform", {Kind::Uniform, mean, 0, mean - half, mean + half}, [=](double x) {
                 return std::clamp((x - mean + half) / (2 * half), 0.0, 1.0);
             }}};
}

/// What a single spike, fired at step 0, brings to every target cell: conductance (or current) `steps` later.
struct Arrived {
    std::vector<double> g;
    Projection projection;
};
Arrived arrived(const Distribution& weight, const Distribution& delay, std::uint64_t steps, bool current = false) {
    Circuit c;
    const std::size_t source = c.add(starter(), "source", 1);
    mfm_receptor receptor = exponential(tau, 0);
    if (current) receptor.flags = MFM_RECEPTOR_CURRENT;
    const std::size_t target = c.add(silent({receptor}), "target", n);
    ProjectionConfig p;
    p.name = "projection";
    p.source = "source";
    p.target = "target";
    p.weight = weight;
    p.delay = delay;
    p.contacts.mean = 1.0;
    Rows rows;
    rows.row = {0, n};
    for (std::uint64_t i = 0; i < n; ++i) rows.partner.push_back(static_cast<std::uint32_t>(i));
    rows.contacts.assign(n, 1.0);
    rows.delay.assign(n, mean_of(delay));
    c.network.projections.push_back(finish_projection(c.config, p, c.network, rows));
    Engine engine(c.config, c.network, 1, c.courses);
    engine.run(steps, [&](std::uint64_t first, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
        REQUIRE(spikes[source].cell.size() == (first == 0 ? 1 : 0));
    });
    const std::span<const double> g =
        engine.group(target)->state(static_cast<std::size_t>(engine.group(target)->state_index("g_1")));
    return {{g.begin(), g.begin() + n}, c.network.projections[0]};
}

/// The largest distance of the values' distribution from a law that is cut to (lower, upper): Kolmogorov & Smirnov.
/// bin: values are whole multiples of it, each for the half of a bin on both sides.
double distance(std::vector<double> values, const std::function<double(double)>& below, double lower, double upper,
                double bin = 0.0) {
    std::sort(values.begin(), values.end());
    const double base = below(lower), span = below(upper) - base;
    double worst = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (bin > 0.0 && i + 1 < values.size() && values[i + 1] - values[i] < 0.5 * bin)
            continue; // the last of its bin
        const double expected = (below(values[i] + 0.5 * bin) - base) / span;
        const double off = std::abs(static_cast<double>(i + 1) / static_cast<double>(values.size()) - expected);
        if (!(off <= worst)) worst = off; // a law that is not defined there fails, too
    }
    return worst;
}
const double critical = 1.95 / std::sqrt(static_cast<double>(n)); // exceeded by one sample in a thousand

constexpr double infinity = std::numeric_limits<double>::infinity();

} // namespace

TEST_CASE("weights of every kind arrive with the mean and sd of their distribution, and in its shape") {
    const Distribution delay{Distribution::Kind::Constant, 1.0, 0, 0, 0};
    constexpr std::uint64_t steps = 50;
    const double decay = std::exp(-dt * static_cast<double>(steps - 1 - 10) / tau);
    for (const double mean : {2.0, -3.0})
        for (const Law& law : laws(mean, std::abs(mean) / 5)) {
            INFO(law.name << " of mean " << mean);
            std::vector<double> weight = arrived(law.distribution, delay, steps, mean < 0).g;
            double sum = 0, square = 0;
            for (double& w : weight) {
                w /= decay;
                sum += w;
                square += w * w;
            }
            const double sd =
                law.distribution.kind == Distribution::Kind::Gamma ? std::abs(mean) / 2 : std::abs(mean) / 5;
            const double found = sum / n, variance = square / n - found * found;
            CHECK(found == Approx(mean).margin(4 * sd / std::sqrt(n)));
            // The variance's own standard error is sd^2 sqrt((kurtosis - 1) / n); kurtosis is below 5 for all of these.
            CHECK(variance == Approx(sd * sd).epsilon(4 * 2 / std::sqrt(n)));
            CHECK(distance(weight, law.below, -infinity, infinity) < critical);
        }
}

TEST_CASE("a weight keeps the sign of its mean: what falls on the other side of 0 is drawn again") {
    const Distribution delay{Distribution::Kind::Constant, 1.0, 0, 0, 0};
    constexpr std::uint64_t steps = 50;
    const double decay = std::exp(-dt * static_cast<double>(steps - 1 - 10) / tau);
    for (const double mean : {1.0, -1.0})
        for (const Law& law : laws(mean, 1.0)) {
            INFO(law.name << " of mean " << mean);
            std::vector<double> weight = arrived(law.distribution, delay, steps, mean < 0).g;
            for (double& w : weight) w /= decay;
            CHECK(std::all_of(weight.begin(), weight.end(), [mean](double w) { return w * mean >= 0; }));
            CHECK(distance(weight, law.below, mean > 0 ? 0 : -infinity, mean > 0 ? infinity : 0) < critical);
            // The mean after the cut is what the projection reports; a normal's is mu + sd phi(mu / sd) / Phi(mu / sd).
            if (law.distribution.kind != Distribution::Kind::Normal) continue;
            const double cut = 1 + std::exp(-0.5) / std::sqrt(2 * std::acos(-1)) / normal_below(1);
            CHECK(arrived(law.distribution, delay, steps, mean < 0).projection.weight ==
                  Approx(mean * cut).epsilon(4 / std::sqrt(n)));
        }
}

TEST_CASE("delays of every kind act to the step, none of them before the first, in the shape of their distribution") {
    const Distribution weight{Distribution::Kind::Constant, 1.0, 0, 0, 0};
    for (const double sd : {0.4, 2.0}) // the second is cut off
        for (const Law& law : laws(2.0, sd)) {
            INFO(law.name << " with sd " << sd << " ms");
            constexpr std::uint64_t steps = 900;
            const Arrived a = arrived(weight, law.distribution, steps);
            std::vector<double> delay;
            std::uint64_t wrong = 0, late = 0;
            for (std::uint64_t i = 0; i < n; ++i) {
                if (a.g[i] == 0.0) { // later than the end
                    ++late;
                    delay.push_back(1e9);
                    continue;
                }
                const double step = static_cast<double>(steps - 1) + tau / dt * std::log(a.g[i]);
                wrong += std::abs(step - std::round(a.projection.delays[i] / dt)) > 1e-6;
                delay.push_back(dt * std::round(step));
            }
            CHECK(wrong == 0);
            CHECK(late <= 2); // a delay of 90 ms is far out in every tail
            CHECK(*std::min_element(delay.begin(), delay.end()) >= dt * (1 - 1e-9));
            CHECK(distance(delay, law.below, dt, infinity, dt) < critical);
        }
}
