// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <Eigen/Dense>
#include <algorithm>
#include <complex>
#include <fmt/format.h>
#include <numbers>

#include "meanfield/fixed_points.hpp"
#include "meanfield/integrate.hpp"
#include "meanfield/stability.hpp"
#include "meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

Silent silent;

RateCourse jump(double t, double from, double to) {
    return RateCourse().knot(t, from).knot(t, to);
}

/// Step response of a chain of first-order stages with distinct time constants.
double chain_step(double t, const std::vector<double>& tau) {
    if (t <= 0) return 0;
    double value = 1;
    for (std::size_t i = 0; i < tau.size(); ++i) {
        double c = -1;
        for (std::size_t j = 0; j < tau.size(); ++j)
            if (j != i) c *= tau[i] / (tau[i] - tau[j]);
        value += c * std::exp(-t / tau[i]);
    }
    return value;
}

/// A linear population that follows its input: F = r.
std::shared_ptr<const TransferFunction> relay() {
    return std::make_shared<Linear>(0, std::vector<double>{1.0});
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

} // namespace

TEST_CASE("with rate dynamics a jump of the input is followed exponentially with T") {
    Circuit circuit;
    circuit.config.dynamics = MeanFieldConfig::Dynamics::Rate;
    circuit.config.T = 3.5;
    const std::size_t e = circuit.external("input"), a = circuit.internal("a", relay());
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 5), 2, 4); // filter and delay are not part of these dynamics
    const Trajectory out = integrate(circuit.model(), {jump(10, 4, 40)}, 50, 0.25, silent);
    REQUIRE(out.size() == 201);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double t = 0.25 * static_cast<double>(i) - 10;
        CHECK(out.rate_hz[a][i] == Approx(8 + 72 * (t > 0 ? 1 - std::exp(-t / 3.5) : 0)).epsilon(2e-5));
    }
    CHECK(out.statistics.restarts == 1);
}

TEST_CASE("an alpha synapse answers a step as two stages of tau and one of T do") {
    Circuit circuit;
    const std::size_t e = circuit.external("input"), a = circuit.internal("a", relay());
    const double tau = 5, T = 0.5, d = 2;
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, tau), 1, d);
    const Trajectory out = integrate(circuit.model(), {jump(10, 20, 60)}, 80, 0.5, silent);
    // Partial fractions of 1 / (s (1 + s tau)^2 (1 + s T)).
    const double q = tau - T;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double t = 0.5 * static_cast<double>(i) - 10 - d;
        const double step = t <= 0 ? 0
                                   : 1 - T * T / (q * q) * std::exp(-t / T) -
                                         (tau * (tau - 2 * T) / (q * q) + t / q) * std::exp(-t / tau);
        CHECK(out.rate_hz[a][i] == Approx(20 + 40 * step).epsilon(2e-5));
    }
}

TEST_CASE("exponential and biexponential synapses answer a step as their stages do") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", relay()), b = circuit.internal("b", relay());
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 6), 1, 1);
    circuit.pathway(e, b, receptor(MFM_RECEPTOR_BIEXPONENTIAL, 6, 0.7), 1, 3);
    const Trajectory out = integrate(circuit.model(), {jump(10, 20, 60)}, 80, 0.5, silent);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double t = 0.5 * static_cast<double>(i) - 10;
        CHECK(out.rate_hz[a][i] == Approx(20 + 40 * chain_step(t - 1, {6, 0.5})).epsilon(2e-5));
        CHECK(out.rate_hz[b][i] == Approx(20 + 40 * chain_step(t - 3, {6, 0.7, 0.5})).epsilon(2e-5));
    }
}

TEST_CASE("a chain of populations with delays is a chain of stages, as late as the delays add up") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", relay()), b = circuit.internal("b", relay());
    circuit.config.T = 0.5;
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 2), 1, 1.3);
    circuit.pathway(a, b, receptor(MFM_RECEPTOR_EXPONENTIAL, 3), 1, 7.7);
    const Trajectory out = integrate(circuit.model(), {jump(5, 10, 50)}, 60, 0.1, silent);
    // Two stages of T: their time constants are told apart by a hair for the partial fractions.
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double t = 0.1 * static_cast<double>(i) - 5 - 1.3 - 7.7;
        CHECK(out.rate_hz[b][i] == Approx(10 + 40 * chain_step(t, {2, 3, 0.5, 0.50005})).epsilon(5e-5));
    }
}

TEST_CASE("delayed inhibition rings with the frequency and decay of its characteristic root") {
    Circuit circuit;
    circuit.config.relative_tolerance = circuit.config.absolute_tolerance = 1e-9;
    const double k = 0.9, d = 5, tau = 3, T = 0.5;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(100, std::vector<double>{1.0, -k}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 1));
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, tau), 1, d);
    const Trajectory out =
        integrate(circuit.model(), {RateCourse().knot(10, 5).knot(10, 15).knot(12, 15).knot(12, 5)}, 260, 0.1, silent);

    // Newton on (1 + lambda T)(1 + lambda tau) + k exp(-lambda d) = 0 from where a pure delay of d + tau + T would
    // ring.
    std::complex<double> lambda(-0.02, std::numbers::pi / (d + tau + T) * 0.8);
    for (int i = 0; i < 50; ++i) {
        const auto E = k * std::exp(-lambda * d);
        lambda -= ((1.0 + lambda * T) * (1.0 + lambda * tau) + E) /
                  (T * (1.0 + lambda * tau) + tau * (1.0 + lambda * T) - d * E);
    }
    // x(t + 2h) = p x(t + h) - q x(t) with p = 2 e^{a h} cos(w h), q = e^{2 a h}, late enough for the other roots to be
    // gone.
    const double rest = (100 + 5) / (1 + k);
    Eigen::MatrixXd M(1400, 2);
    Eigen::VectorXd v(1400);
    const std::size_t h = 20; // 2 ms
    for (std::size_t i = 0; i < 1400; ++i) {
        const auto x = [&](std::size_t j) { return out.rate_hz[a][800 + i + j] - rest; };
        M.row(static_cast<Eigen::Index>(i)) << x(h), -x(0);
        v(static_cast<Eigen::Index>(i)) = x(2 * h);
    }
    const Eigen::VectorXd pq = M.colPivHouseholderQr().solve(v);
    const double decay = 0.5 * std::log(pq(1)) / 2, frequency = std::acos(pq(0) / (2 * std::sqrt(pq(1)))) / 2;
    CHECK(decay == Approx(lambda.real()).epsilon(1e-3));
    CHECK(frequency == Approx(lambda.imag()).epsilon(1e-4));

    const auto roots = fixed_points(circuit.model(), std::vector<double>{5})[0].eigenvalues_with_delays;
    CHECK(roots[0].real() == Approx(lambda.real()).epsilon(1e-9));
    CHECK(std::abs(roots[0].imag()) == Approx(lambda.imag()).epsilon(1e-9));
}

TEST_CASE("the method of steps converges with the tolerance") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a =
        circuit.internal("a", std::make_shared<Softplus>(5, std::vector<double>{1.0, -1.2}), 0.02, 100);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 2), 4, 1);
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_ALPHA, 4), 1, 2.5);
    const auto run = [&](double tolerance) {
        circuit.config.relative_tolerance = circuit.config.absolute_tolerance = tolerance;
        return integrate(circuit.model(), {jump(20, 4, 30)}, 200, 1, silent).rate_hz[a];
    };
    const std::vector<double> exact = run(1e-11);
    double last = 1e9;
    for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
        const double error = largest_difference(run(tolerance), exact);
        CAPTURE(tolerance, error);
        CHECK(error < 0.1 * last);
        CHECK(error < 3000 * tolerance); // on rates of up to 100 Hz
        last = error;
    }
}

TEST_CASE("adaptation relaxes as the linearised equations say") {
    Circuit circuit;
    circuit.config.relative_tolerance = circuit.config.absolute_tolerance = 1e-10;
    const double k_2 = 0.02, A_2 = 200, c = 0.1, T = 0.5;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(20, std::vector<double>{1.0}, c), k_2, A_2);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 1), 1, 1);
    const double small = 1e-3;
    const Trajectory out = integrate(circuit.model(), {jump(1, 10, 10 + small)}, 150, 0.5, silent);
    REQUIRE(out.adaptation[a].size() == out.size());
    // x = (nu, W, b) in deviations from rest, g F = c:  T nu' = b - c (W - (A_2/k_2) 1e-3 b) - nu,  W' = -k_2 W + A_2
    // 1e-3 nu,  b' = -(b - small).
    Eigen::Matrix3d A;
    A << -1 / T, -c / T, (1 + c * A_2 / k_2 * 1e-3) / T, A_2 * 1e-3, -k_2, 0, 0, 0, -1;
    const Eigen::EigenSolver<Eigen::Matrix3d> eigen(A);
    const Eigen::Vector3cd settled = A.inverse().cast<std::complex<double>>() * Eigen::Vector3cd(0, 0, -small);
    const Eigen::Matrix3cd V = eigen.eigenvectors();
    const Eigen::Vector3cd start = V.inverse() * -settled;
    for (std::size_t i = 4; i < out.size(); ++i) {
        const double t = 0.5 * static_cast<double>(i) - 2; // jump and delay
        const Eigen::Vector3cd x = settled + V * ((eigen.eigenvalues() * t).array().exp() * start.array()).matrix();
        CHECK((out.rate_hz[a][i] - 30) / small == Approx(x(0).real() / small).epsilon(1e-3).margin(1e-4));
        CHECK((out.adaptation[a][i] - 300) / small == Approx(x(1).real() / small).epsilon(1e-3).margin(1e-3));
    }
    CHECK((out.rate_hz[a].back() - 30) / small == Approx(1).epsilon(5e-3)); // where it would be without adaptation
    const double peak = *std::max_element(out.rate_hz[a].begin(), out.rate_hz[a].end());
    CHECK((peak - 30) / small > 1.4);
}

TEST_CASE("a 6 Hz input comes out with the amplitude and phase of delay, filter, T and loop") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const double tau = 8, d = 4, T = 0.5, k = 0.6, d_loop = 3, tau_loop = 5, f = 6;
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(30, std::vector<double>{1.0, -k}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, tau), 1, d);
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, tau_loop), 1, d_loop);
    std::vector<double> samples;
    for (int i = 0; i <= 20000; ++i) samples.push_back(40 + 20 * std::sin(2 * std::numbers::pi * f * 1e-4 * i));
    const Trajectory out = integrate(circuit.model(), {RateCourse::samples(0, 0.1, samples)}, 2000, 1, silent);
    CAPTURE(out.statistics.steps, out.statistics.restarts, out.statistics.derivatives);
    std::complex<double> amplitude = 0;
    const std::complex<double> s(0, 2 * std::numbers::pi * f * 1e-3);
    for (std::size_t i = 1000; i < 2000; ++i) // six periods
        amplitude += out.rate_hz[a][i] * std::exp(-s * static_cast<double>(i)) / 500.0;
    amplitude /= std::complex<double>(0, -20); // of 20 sin
    const std::complex<double> loop = k * std::exp(-s * d_loop) / (1.0 + s * tau_loop);
    const std::complex<double> exact = std::exp(-s * d) / std::pow(1.0 + s * tau, 2) / (1.0 + s * T + loop);
    CHECK(std::abs(amplitude) == Approx(std::abs(exact)).epsilon(1e-4));
    CHECK(std::arg(amplitude) == Approx(std::arg(exact)).epsilon(1e-4));

    const Dynamics dynamics(circuit.model());
    const auto response = linear_response(dynamics, linearise(dynamics, std::vector<double>{40, 70 / 1.6}), e, f);
    CHECK(std::abs(response[a] - exact) < 1e-12);
    CHECK(out.statistics.steps < 6000);
}

TEST_CASE("a short pulse after a long silence is not stepped over") {
    for (const auto kind : {MeanFieldConfig::Dynamics::Synaptic, MeanFieldConfig::Dynamics::Rate}) {
        Circuit circuit;
        circuit.config.dynamics = kind;
        const std::size_t e = circuit.external("input"), a = circuit.internal("a", relay());
        circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 0.5)); // no delay bounds the step
        std::vector<double> samples(20000, 4.0);                        // every 0.1 ms
        for (std::size_t i = 15000; i < 15200; ++i) samples[i] = 104;
        const Trajectory out = integrate(circuit.model(), {RateCourse::samples(0, 0.1, samples)}, 1999, 1, silent);
        CHECK(*std::max_element(out.rate_hz[a].begin(), out.rate_hz[a].end()) == Approx(104).epsilon(1e-4));
        CHECK(out.rate_hz[a][1498] == Approx(4).epsilon(1e-6));
        CHECK(out.rate_hz[a][1530] == Approx(4).epsilon(1e-4));
        CHECK(out.statistics.steps < 1000);
    }
}

TEST_CASE("a transfer function that breaks stops the run with population, time and inputs") {
    Circuit circuit;
    const std::size_t e = circuit.external("mossy"),
                      a = circuit.internal("fragile", std::make_shared<Breaking>(std::vector<double>{1.0}, 50));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 10), 1, 1);
    // b passes 50 Hz at 100 + 1 + 10 ln(90/50) ms = 106.88 ms.
    CHECK_THROWS_WITH(integrate(circuit.model(), {jump(100, 10, 100)}, 300, 1, silent),
                      Catch::Contains("106.8") && Catch::Contains("fragile with inputs mossy 50") &&
                          Catch::Contains("not finite"));
}

TEST_CASE("a transfer function that turns negative stops the run") {
    Circuit circuit;
    const std::size_t e = circuit.external("mossy"),
                      a = circuit.internal("shy", std::make_shared<Linear>(50, std::vector<double>{-1.0}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 10), 1, 1);
    CHECK_THROWS_WITH(integrate(circuit.model(), {jump(100, 10, 100)}, 300, 1, silent),
                      Catch::Contains("negative rate") && Catch::Contains("shy"));
}

TEST_CASE("rates that die out stay at 0 and above") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Softplus>(-100, std::vector<double>{1.0}, 0, 2));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 2), 4, 1);
    const Trajectory out = integrate(circuit.model(), {RateCourse().knot(10, 50).knot(10, 0)}, 200, 1, silent);
    for (const double rate : out.rate_hz[a]) CHECK(rate >= 0);
    CHECK(out.rate_hz[a].back() < 1e-4);
    CHECK(out.lowest_rate_hz > -1e-3);
}

TEST_CASE("leaving the transfer function's domain and F T beyond 1 are reported") {
    Circuit circuit;
    circuit.config.T = 20;
    auto transfer = std::make_shared<Linear>(0, std::vector<double>{1.0});
    transfer->domain_end = 120;
    const std::size_t e = circuit.external("mossy"), a = circuit.internal("granule", transfer);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 5), 2);
    const Trajectory out = integrate(circuit.model(), {jump(100, 40, 80)}, 200, 1, silent);
    REQUIRE(out.outside.size() == 1);
    CHECK(out.outside[0].population == a);
    CHECK(out.outside[0].first_time ==
          Approx(100 + 5 * std::log(2)).margin(1.0)); // 80 -> 160 event Hz passes 120 half way
    CHECK(out.outside[0].fraction == Approx(0.478).margin(0.02));
    CHECK(out.largest_FT > 1);
    REQUIRE(out.warnings.size() == 2);
    CHECK_THAT(out.warnings[0], Catch::Contains("granule with inputs mossy") && Catch::Contains("domain"));
    CHECK_THAT(out.warnings[1], Catch::Contains("F T of granule"));
}

TEST_CASE("a start that only delays make unstable is announced with its frequency, and ends in a rhythm") {
    Circuit circuit;
    const std::size_t a = circuit.internal("golgi", std::make_shared<Softplus>(100, std::vector<double>{-3.0}, 0, 5));
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 4), 1, 6);
    const FixedPoint rest = fixed_points(circuit.model(), {})[0];
    const double hz = std::abs(rest.eigenvalues_with_delays[0].imag()) * 1e3 / (2 * std::numbers::pi);
    std::vector<double> start = rest.rate_hz;
    start[a] += 1;
    const Trajectory quiet = integrate(circuit.model(), {}, 10, 1, silent);
    REQUIRE(quiet.warnings.size() == 1);
    CHECK_THAT(quiet.warnings[0], Catch::Contains("delays") && Catch::Contains(fmt::format("{:.3g} Hz", hz)));
    const Trajectory out = integrate(circuit.model(), {}, 1000, 0.1, silent, start);
    // Upward crossings of the fixed point over the last half second.
    std::vector<double> crossing;
    for (std::size_t i = 5000; i + 1 < out.size(); ++i)
        if (out.rate_hz[a][i] < rest.rate_hz[a] && out.rate_hz[a][i + 1] >= rest.rate_hz[a])
            crossing.push_back(0.1 * static_cast<double>(i));
    REQUIRE(crossing.size() > 10);
    const double rhythm = 1e3 * static_cast<double>(crossing.size() - 1) / (crossing.back() - crossing.front());
    CHECK(rhythm == Approx(hz).epsilon(0.15)); // the limit cycle is near the linear mode
}

TEST_CASE("a trajectory starts settled at the first rates of its course, or where it is told to") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a =
        circuit.internal("a", std::make_shared<Softplus>(5, std::vector<double>{1.0, -0.5}, 0.05), 0.02, 100);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 2), 4, 1);
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_ALPHA, 4), 1, 2.5);
    const double rest = fixed_points(circuit.model(), std::vector<double>{10})[0].rate_hz[a];
    const Trajectory still = integrate(circuit.model(), constant_course(std::vector<double>{10}), 500, 5, silent);
    for (const double rate : still.rate_hz[a]) CHECK(rate == Approx(rest).epsilon(1e-6));
    CHECK(still.rate_hz[e] == std::vector<double>(101, 10.0));
    const Trajectory told = integrate(circuit.model(), constant_course(std::vector<double>{10}), 500, 5, silent,
                                      std::vector<double>{0, 80});
    CHECK(told.rate_hz[a].front() == 80);
    CHECK(told.rate_hz[a].back() == Approx(rest).epsilon(1e-4));
    CHECK_THROWS_WITH(integrate(circuit.model(), {}, 500, 5, silent),
                      Catch::Contains("1 external") && Catch::Contains("0 time courses"));
}

TEST_CASE("a time course knows its jumps and corners, and drops what lies on a line") {
    const std::vector<double> samples{4, 4, 4, 4, 10, 16, 22, 22, 22};
    const RateCourse course = RateCourse::samples(0, 1, samples);
    CHECK(course.knots().size() == 4);
    CHECK(course.value(3.5) == 7);
    CHECK(course.value(-1) == 4);
    CHECK(course.value(100) == 22);
    REQUIRE(course.corners().size() == 2);
    CHECK(course.corners()[0].t == 3);
    CHECK_FALSE(course.corners()[0].jump);
    const RateCourse step = jump(7, 1, 2);
    CHECK(step.value(7) == 2);
    CHECK(step.value(6.999) == 1);
    REQUIRE(step.corners().size() == 1);
    CHECK(step.corners()[0].jump);
    CHECK_THROWS_WITH(RateCourse::constant(-1), Catch::Contains("-1 Hz"));
    CHECK_THROWS_WITH(RateCourse::constant(1).knot(-3, 1), Catch::Contains("back in time"));
}
