// SPDX-License-Identifier: Apache-2.0
// The random numbers of the neuron kernel against their laws: the escape noise of E-GLIF and Poisson drives.
#include <catch2/catch.hpp>

#include <mfm/random.hpp>

#include <array>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "numerics/single_cells.hpp"
#include "numerics/statistics.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

constexpr double least_p = 1e-3; // of tests at fixed seeds

/// Times in steps of the first `n` spikes of every cell.
std::vector<std::vector<double>> spike_steps(NeuronGroup& group, std::size_t n) {
    std::vector<std::vector<double>> out(group.cells());
    constexpr std::uint32_t steps = 500;
    std::vector<std::uint32_t> step(group.padded() * steps), cell(group.padded() * steps);
    const auto fewest = [&] {
        return std::min_element(out.begin(), out.end(), [](auto& a, auto& b) { return a.size() < b.size(); })->size();
    };
    for (std::uint64_t now = 0; fewest() < n; now += steps) {
        mfm_spikes spikes{sizeof(mfm_spikes), static_cast<std::uint32_t>(step.size()), 0, 0, step.data(), cell.data()};
        group.advance({0, group.padded(), now, steps}, nullptr, &spikes, nullptr);
        for (std::uint32_t k = 0; k < spikes.count; ++k)
            if (out[cell[k]].size() < n) out[cell[k]].push_back(static_cast<double>(now + step[k] + 1));
    }
    return out;
}

/// Correlation of neighbours in a sequence of standard exponential variates, in its standard errors.
double serial_correlation(const std::vector<double>& x) {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < x.size(); ++i) sum += (x[i] - 1) * (x[i + 1] - 1);
    return sum / std::sqrt(static_cast<double>(x.size() - 1));
}

void check_standard_exponential(const char* what, const std::vector<double>& x) {
    const double n = static_cast<double>(x.size()), mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
    const double p = kolmogorov_smirnov(x, standard_exponential), z = serial_correlation(x);
    std::printf(
        "%s: %.0f intervals of mean %.4f, Kolmogorov-Smirnov p = %.3f, serial correlation %.1f standard errors\n", what,
        n, mean, p, z);
    CHECK(mean == Approx(1.0).margin(4 / std::sqrt(n)));
    CHECK(p > least_p);
    CHECK(std::abs(z) < 4);
}

/// An E-GLIF cell without adaptation and input: after a spike, V = E_L + (V_reset - E_L) exp(t / tau_m).
std::map<std::string, double> bare(double V_reset) {
    return {{"C_m", 100},  {"tau_m", 20}, {"E_L", -60},   {"V_reset", V_reset}, {"t_ref", 1.5},
            {"V_th", -40}, {"I_e", 0},    {"tau_V", 3.0}, {"lambda_0", 1},      {"k_adap", 0}};
}

} // namespace

TEST_CASE("an E-GLIF cell at a constant potential fires at exponential intervals after its refractory period") {
    const double dt = 0.01;
    auto settings = bare(-60);
    settings["lambda_0"] = 0.05 * std::exp(20.0 / 3.0); // 50 Hz at rest
    const PopulationConfig c = cell("eglif", settings, {});
    NeuronGroup group(c, 800, dt, 21, 3);
    std::vector<double> rescaled;
    for (const auto& train : spike_steps(group, 50)) {
        double last = -150; // the first interval has no refractory period before it
        for (const double step : train) {
            rescaled.push_back(0.05 * dt * (step - last - 150));
            last = step;
        }
    }
    check_standard_exponential("constant potential", rescaled);
}

TEST_CASE("under a potential that runs away the integral of the escape rate from spike to spike is exponential") {
    const double dt = 0.01, refractory = 150;
    const PopulationConfig c = cell("eglif", bare(-59), {});
    NeuronGroup group(c, 400, dt, 22, 3);
    const auto rate = [](double t) { return std::exp((std::exp(t / 20.0) - 20.0) / 3.0); };
    std::vector<double> rescaled;
    for (const auto& train : spike_steps(group, 41))
        for (std::size_t k = 1; k < train.size(); ++k) // before the first spike V is E_L
            rescaled.push_back(boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
                rate, 0.0, dt * (train[k] - train[k - 1] - refractory)));
    check_standard_exponential("potential that runs away", rescaled);
}

TEST_CASE("under synaptic input, too, the escape rate summed over a cell's steps from spike to spike is exponential") {
    const double dt = 0.1;
    auto settings = interneuron();
    const PopulationConfig c = cell("eglif", settings, {alpha(.64, 0), alpha(2, -80)});
    const std::uint64_t n = 256;
    // The twin is each cell without its next spike: it shows the potential at which the spike was drawn.
    NeuronGroup group(c, n, dt, 23, 3), twin(c, n, dt, 23, 3);
    for (NeuronGroup* g : {&group, &twin}) g->set_drives({{0, {978.5}, {.07}}, {1, {139.8}, {.547}}});
    const auto V = static_cast<std::size_t>(group.state_index("V_m")),
               hazard = static_cast<std::size_t>(group.state_index("hazard")),
               refractory = static_cast<std::size_t>(group.state_index("refractory"));
    constexpr std::size_t per_cell = 50;
    std::vector<std::vector<double>> rescaled(n);
    std::vector<double> sum(n, 0.0), steps_left(n);
    std::vector<std::uint32_t> count(group.padded());
    RandomSequence random(1, 2, 3);
    const auto unfinished = [&](const std::vector<double>& x) { return x.size() < per_cell; };
    for (std::uint64_t t = 0; std::any_of(rescaled.begin(), rescaled.end(), unfinished); ++t) {
        for (std::size_t s = 0; s < group.state_names().size(); ++s)
            std::copy(group.state(s).begin(), group.state(s).end(), twin.state(s).begin());
        std::fill(twin.state(hazard).begin(), twin.state(hazard).end(), 1e300);
        std::copy_n(group.state(refractory).begin(), n, steps_left.begin());
        std::fill(count.begin(), count.end(), 0);
        group.advance({0, group.padded(), t, 1}, nullptr, nullptr, count.data());
        twin.advance({0, group.padded(), t, 1}, nullptr, nullptr, nullptr);
        for (std::size_t i = 0; i < n; ++i) {
            const double before = sum[i], above = (twin.state(V)[i] - settings["V_th"]) / settings["tau_V"];
            if (steps_left[i] <= 0) sum[i] += settings["lambda_0"] * dt * std::exp(above);
            if (count[i] == 0) continue;
            // The threshold lay between the two sums; where, the law itself says.
            const double u = random.uniform();
            if (unfinished(rescaled[i]))
                rescaled[i].push_back(-std::log(std::exp(-before) * (1 - u) + std::exp(-sum[i]) * u));
            sum[i] = 0;
        }
    }
    std::vector<double> all;
    for (const auto& x : rescaled) all.insert(all.end(), x.begin(), x.end());
    check_standard_exponential("synaptic input", all);
}
