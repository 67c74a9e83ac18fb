// SPDX-License-Identifier: Apache-2.0
// Time of one second of biology of a cerebellum-like mean field: 5 populations with 64 in-degree nodes each, 11
// pathways, synaptic dynamics with adaptation, alpha synapses of 0.2 to 14 ms, delays of 1 to 5 ms.
#include <cstdio>
#include <ctime>
#include <functional>
#include <numbers>

#include "meanfield/fixed_points.hpp"
#include "meanfield/integrate.hpp"
#include "numerics/meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

/// F = F_max / b ln(1 + exp(b p(x_e, x_i))) with p a full cubic in square roots of summed conductances: the arithmetic
/// of the transfer functions that pipelines fit.
class SoftplusOfCubic : public TransferFunction {
public:
    SoftplusOfCubic(std::vector<double> weight_nS_per_Hz, double gain, double offset)
        : weight_(std::move(weight_nS_per_Hz)), gain_(gain), offset_(offset) {}
    [[nodiscard]] std::size_t pathways() const override { return weight_.size(); }
    void evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                  std::span<double>) const override {
        for (std::size_t i = 0; i < n; ++i) {
            double dF_e = 0, dF_i = 0, G_e = 0, G_i = 0;
            sums(r, n, i, G_e, G_i);
            rate[i] = value(G_e, G_i, dF_e, dF_i);
            for (std::size_t s = 0; s < weight_.size() && !d_r.empty(); ++s)
                d_r[s * n + i] = weight_[s] > 0 ? weight_[s] * dF_e : -weight_[s] * dF_i;
        }
    }
    void current_gain(std::span<const double>, std::size_t n, std::span<double> gain,
                      std::span<double> d_r) const override {
        for (std::size_t i = 0; i < n; ++i) gain[i] = 0.005;
        for (double& x : d_r) x = 0;
    }
    [[nodiscard]] bool inside(std::span<const double>) const override { return true; }

private:
    void sums(std::span<const double> r, std::size_t n, std::size_t i, double& G_e, double& G_i) const {
        for (std::size_t s = 0; s < weight_.size(); ++s)
            (weight_[s] > 0 ? G_e : G_i) += std::abs(weight_[s]) * r[s * n + i];
    }
    double value(double G_e, double G_i, double& dF_e, double& dF_i) const {
        const double x = std::sqrt(G_e + 1e-6), y = std::sqrt(G_i + 1e-6);
        const double p = offset_ + gain_ * (x - 0.8 * y + 0.3 * x * x - 0.05 * x * y - 0.02 * y * y - 0.02 * x * x * x +
                                            0.001 * x * x * y + 0.001 * x * y * y + 0.001 * y * y * y);
        const double p_x = gain_ * (1 + 0.6 * x - 0.05 * y - 0.06 * x * x + 0.002 * x * y + 0.001 * y * y);
        const double p_y = gain_ * (-0.8 - 0.05 * x - 0.04 * y + 0.001 * x * x + 0.002 * x * y + 0.003 * y * y);
        const double s = 5, e = std::exp(-std::abs(p) / s), sigma = p > 0 ? 1 / (1 + e) : e / (1 + e);
        dF_e = sigma * p_x / (2 * x);
        dF_i = sigma * p_y / (2 * y);
        return s * std::log1p(e) + std::max(p, 0.0);
    }
    std::vector<double> weight_;
    double gain_, offset_;
};

MeanFieldModel cerebellum() {
    Circuit circuit;
    const std::size_t mossy = circuit.external("mossy_fibers");
    struct Link {
        std::size_t source;
        double K, Q, tau, delay;
    };
    std::vector<std::function<void()>> later; // pathways come from populations that are not there yet
    const auto population = [&](const char* name, double gain, double offset, double k_2, double A_2,
                                const std::vector<Link>& links) {
        std::vector<double> weight;
        for (const Link& link : links) weight.push_back(std::numbers::e * 1e-3 * link.Q * link.tau);
        const std::size_t p = circuit.internal(name, std::make_shared<SoftplusOfCubic>(weight, gain, offset), k_2, A_2);
        for (const Link& link : links) {
            later.push_back([&circuit, link, p] {
                Pathway& pathway =
                    circuit.pathway(link.source, p, receptor(MFM_RECEPTOR_ALPHA, link.tau), link.K, link.delay);
                pathway.K_sd = 0.4 * link.K;
                for (int i = 0; i < 500; ++i)
                    pathway.in_degree.push_back(static_cast<float>(
                        link.K *
                        (0.3 + 1.4 * std::fmod(0.618034 * (i + 1) * static_cast<double>(link.source + 1), 1.0))));
            });
        }
    };
    const std::size_t granule = 1, golgi = 2, basket = 3, stellate = 4;
    population("granule_cell", 6, -8, 0, 0, {{mossy, 2.02, 0.23, 5.8, 1}, {golgi, 1.77, -0.36, 13.61, 2}});
    population("golgi_cell", 5, 2, 0.023, 178,
               {{mossy, 38.5, 0.24, 0.23, 1}, {granule, 590, 0.04, 0.875, 5}, {golgi, 28, -0.3, 10, 1}});
    population("basket_cell", 6, 4, 0.059, 59, {{granule, 260, 0.07, 0.64, 5}, {basket, 6.7, -0.547, 2, 1}});
    population("stellate_cell", 6, 4, 0.059, 59, {{granule, 260, 0.07, 0.64, 5}, {stellate, 6.7, -0.547, 2, 1}});
    population("purkinje_cell", 8, 60, 0.04, 172, {{granule, 579, 0.155, 1.1, 5}, {basket, 4, -1.22, 2.8, 1}});
    for (const auto& add : later) add();
    return circuit.model();
}

/// CPU seconds.
double seconds(std::clock_t since) {
    return static_cast<double>(std::clock() - since) / static_cast<double>(CLOCKS_PER_SEC);
}

} // namespace

int main() {
    const MeanFieldModel model = cerebellum();
    Silent silent;
    std::clock_t since = std::clock();
    const auto points = fixed_points(model, std::vector<double>{40});
    std::printf("fixed points: %zu in %.4f s:", points.size(), seconds(since));
    for (const double rate : points.front().rate_hz) std::printf(" %.2f", rate);
    std::printf(" Hz, stable %d, with delays %d\n", points.front().stable, points.front().stable_with_delays);

    std::vector<double> sine, pulses;
    for (int i = 0; i <= 10000; ++i) {
        sine.push_back(40 + 20 * std::sin(2 * std::numbers::pi * 6e-4 * i));
        pulses.push_back(i % 1000 > 500 && i % 1000 <= 700 ? 100.0 : 4.0);
    }
    std::vector<double> coarse;
    for (std::size_t i = 0; i < sine.size(); i += 10) coarse.push_back(sine[i]);
    const std::pair<const char*, RateCourse> courses[] = {
        {"constant 40 Hz", RateCourse::constant(40)},
        {"step 40 to 100 Hz", RateCourse().knot(375, 40).knot(375, 100).knot(625, 100).knot(625, 40)},
        {"6 Hz sine, 0.1 ms", RateCourse::samples(0, 0.1, sine)},
        {"6 Hz sine, 1 ms", RateCourse::samples(0, 1, coarse)},
        {"ten pulses, 0.1 ms", RateCourse::samples(0, 0.1, pulses)}};
    for (const auto& [name, course] : courses) {
        since = std::clock();
        const Trajectory out = integrate(model, {course}, 1000, 1, silent, points.front().rate_hz);
        const auto& s = out.statistics;
        std::printf("1 s of %-20s %.4f s: %llu steps, %llu derivatives, %llu Jacobians, %llu failed tests, %llu "
                    "restarts; last purkinje %.3f Hz\n",
                    name, seconds(since), static_cast<unsigned long long>(s.steps),
                    static_cast<unsigned long long>(s.derivatives), static_cast<unsigned long long>(s.jacobians),
                    static_cast<unsigned long long>(s.error_test_failures), static_cast<unsigned long long>(s.restarts),
                    out.rate_hz[5].back());
    }
}
