// SPDX-License-Identifier: Apache-2.0
// Fluctuations of finite populations: linear theory against closed forms, and noisy integration against linear theory.
#include <catch2/catch.hpp>

#include <Eigen/Dense>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "meanfield/fixed_points.hpp"
#include "meanfield/fluctuations.hpp"
#include "meanfield/integrate.hpp"
#include "meanfield/noise.hpp"
#include "meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

using Complex = std::complex<double>;

Silent silent;

/// i omega in 1/ms.
Complex i_omega(double frequency_hz) {
    return {0.0, 2 * std::numbers::pi * 1e-3 * frequency_hz};
}

/// Variance in bins of a process with covariance exp(-|t| / theta): 2 theta / b^2 (b - theta (1 - exp(-b / theta))).
double binned(double theta, double b) {
    return 2 * theta / (b * b) * (b + theta * std::expm1(-b / theta));
}

/// A circuit with each of what fluctuations go through: delays, three kinds of filter, adaptation, feedback.
Circuit recurrent() {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a =
        circuit.internal("a", std::make_shared<Softplus>(2, std::vector<double>{0.5, -0.4, -0.3}, 0.05), 0.02, 150);
    const std::size_t b =
        circuit.internal("b", std::make_shared<Softplus>(1, std::vector<double>{0.6, 0.05}, 0.02), 0.05, 80);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 3), 6, 1);
    circuit.pathway(b, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 8), 2, 2);
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_BIEXPONENTIAL, 6, 0.5), 2, 3);
    circuit.pathway(a, b, receptor(MFM_RECEPTOR_EXPONENTIAL, 1), 2, 0);
    circuit.pathway(e, b, receptor(MFM_RECEPTOR_ALPHA, 3), 4, 1);
    return circuit;
}

} // namespace

TEST_CASE("feedback j of rate dynamics gives the spectrum and the variance of an Ornstein-Uhlenbeck process") {
    for (const double j : {0.6, -1.5}) {
        Circuit circuit;
        circuit.config.dynamics = MeanFieldConfig::Dynamics::Rate;
        circuit.config.T = 4;
        const std::size_t a = circuit.internal("a", std::make_shared<Linear>(12, std::vector<double>{j}));
        circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 1));
        circuit.populations[a].n = 30;
        const double nu = 12 / (1 - j), D = nu / 30, theta = 4 / (1 - j);
        const Dynamics dynamics(circuit.model());
        const LinearFluctuations fluctuations(dynamics, std::vector<double>{nu});
        for (const double f : {0.0, 3.0, 40.0, 300.0}) {
            const double x = std::norm(i_omega(f) * 4.0);
            CHECK(fluctuations.spectrum(f)(0, 0).real() ==
                  Approx(D * (1 + x) / ((1 - j) * (1 - j) + x)).epsilon(1e-12));
        }
        for (const double bin : {0.5, 5.0, 50.0}) {
            const double slow = D * (1 / ((1 - j) * (1 - j)) - 1) / (2e-3 * theta) * binned(theta, bin);
            CHECK(fluctuations.binned_covariance(bin)(0, 0) == Approx(1e3 * D / bin + slow).epsilon(2e-6));
        }
    }
}

TEST_CASE("a population adds its own noise to what synapses let through of its sources'") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(0, std::vector<double>{0.7}));
    const std::size_t b = circuit.internal("b", std::make_shared<Linear>(0, std::vector<double>{0.7}));
    circuit.config.T = 0.5;
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 5), 3, 2);
    circuit.pathway(e, b, receptor(MFM_RECEPTOR_BIEXPONENTIAL, 6, 0.8), 3, 4.5);
    circuit.populations[e].n = 50;
    circuit.populations[a].n = 400;
    const std::vector<double> rates{20, 42, 42};
    const Dynamics dynamics(circuit.model());
    const LinearFluctuations fluctuations(dynamics, rates);
    for (const double f : {0.5, 10.0, 60.0, 200.0}) {
        const Complex s = i_omega(f);
        const Complex to_a = 2.1 * std::exp(-2.0 * s) / ((1.0 + 5.0 * s) * (1.0 + 5.0 * s) * (1.0 + 0.5 * s));
        const Complex to_b = 2.1 * std::exp(-4.5 * s) / ((1.0 + 6.0 * s) * (1.0 + 0.8 * s) * (1.0 + 0.5 * s));
        const Eigen::MatrixXcd S = fluctuations.spectrum(f);
        CHECK(S(0, 0).real() == Approx(20.0 / 50));
        CHECK(S(1, 1).real() == Approx(42.0 / 400 + std::norm(to_a) * 20 / 50));
        CHECK(std::abs(S(1, 2) - to_a * std::conj(to_b) * 20.0 / 50.0) < 1e-12);
        CHECK(std::abs(S(0, 1) - std::conj(to_a) * 20.0 / 50.0) < 1e-12);
        CHECK(fluctuations.coupling(f)(1, 0).real() == Approx(to_a.real()));
        const double x = std::numbers::pi * f * 2e-3, window = std::sin(x) * std::sin(x) / (x * x);
        CHECK(fluctuations.binned_power(f, 2)[a] == Approx(42.0 / 400 + window * std::norm(to_a) * 20 / 50));
    }
}

TEST_CASE("delayed inhibition has the spectrum of its loop, and its variance is the spectrum's integral") {
    Circuit circuit;
    const double k = 0.8, d = 6, tau = 4, T = 0.5;
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(90, std::vector<double>{-k}));
    circuit.config.T = T;
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, tau), 1, d);
    const Dynamics dynamics(circuit.model());
    const LinearFluctuations fluctuations(dynamics, std::vector<double>{50});
    const auto closed = [&](double f) {
        const Complex s = i_omega(f);
        return 0.5 / std::norm(1.0 + k * std::exp(-d * s) / ((1.0 + tau * s) * (1.0 + T * s)));
    };
    double largest = 0;
    for (double f = 1; f < 300; f += 7) {
        CHECK(fluctuations.spectrum(f)(0, 0).real() == Approx(closed(f)));
        largest = std::max(largest, closed(f));
    }
    CHECK(largest > 1.5 * 0.5); // it resonates
    // The midpoint rule to 20 kHz, where nothing but the white part is left.
    const double bin = 5, step = 0.05;
    double sum = 0.5 * 1e3 / bin;
    for (double f = 0.5 * step; f < 20000; f += step) {
        const double x = std::numbers::pi * f * bin * 1e-3;
        sum += 2 * step * (closed(f) - 0.5) * std::sin(x) * std::sin(x) / (x * x);
    }
    CHECK(fluctuations.binned_covariance(bin)(0, 0) == Approx(sum).epsilon(5e-6));
}

TEST_CASE("what reaches a population from an input's noise is its linear response, adaptation included") {
    Circuit circuit = recurrent();
    for (std::size_t p = 1; p < 3; ++p) circuit.populations[p].n = 1000000000000; // silent by themselves
    const FixedPoint point = fixed_points(circuit.model(), std::vector<double>{20})[0];
    const Dynamics dynamics(circuit.model());
    REQUIRE(dynamics.adaptation_index(1));
    const LinearFluctuations fluctuations(dynamics, point.rate_hz);
    const Linearisation linear = linearise(dynamics, point.rate_hz);
    for (const double f : {0.3, 4.0, 25.0, 120.0}) {
        const auto response = linear_response(dynamics, linear, 0, f);
        const Eigen::MatrixXcd S = fluctuations.spectrum(f);
        for (std::size_t p = 1; p < 3; ++p) {
            const auto i = static_cast<Eigen::Index>(p);
            CHECK(S(i, i).real() == Approx(std::norm(response[p]) * 20.0 / 100).epsilon(1e-6));
            CHECK(std::abs(S(i, 0) - response[p] * 20.0 / 100.0) < 1e-9);
        }
    }
}

TEST_CASE("spectra are Hermitian and positive, and a silent population has none") {
    Circuit circuit = recurrent();
    const FixedPoint point = fixed_points(circuit.model(), std::vector<double>{20})[0];
    const Dynamics dynamics(circuit.model());
    const LinearFluctuations fluctuations(dynamics, point.rate_hz);
    for (const double f : {0.0, 5.0, 33.0}) {
        const Eigen::MatrixXcd S = fluctuations.spectrum(f);
        CHECK((S - S.adjoint()).norm() < 1e-12 * S.norm());
        CHECK(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd>(S).eigenvalues().minCoeff() > 0);
    }
    Circuit silent_one;
    const std::size_t a = silent_one.internal("a", std::make_shared<Linear>(0, std::vector<double>{0.5}));
    silent_one.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 1), 1, 1);
    const Dynamics silent_dynamics(silent_one.model());
    CHECK(LinearFluctuations(silent_dynamics, std::vector<double>{0}).binned_covariance(5)(0, 0) == 0);
}

TEST_CASE("the noisy mean field gives the same bits for a seed, and others for another") {
    const MeanFieldModel model = recurrent().model();
    const std::vector<double> start = fixed_points(model, std::vector<double>{20})[0].rate_hz;
    const ExternalCourse course = constant_course(std::vector<double>{20});
    NoiseOptions options;
    const auto run = [&] { return integrate_with_noise(model, course, 100, 1, start, options).activity_hz; };
    const auto first = run();
    CHECK(first == run());
    CHECK(first[1].size() == 100);
    for (std::uint64_t NoiseOptions::*key : {&NoiseOptions::seed, &NoiseOptions::stream, &NoiseOptions::trial}) {
        options = {};
        options.*key = 5;
        CHECK(first[0] != run()[0]);
        CHECK(first[1] != run()[1]);
    }
}

TEST_CASE("independent sources have rate f and variance f / (n bin) in the noisy mean field") {
    Circuit circuit;
    const std::size_t e = circuit.external("input"),
                      a = circuit.internal("a", std::make_shared<Linear>(30, std::vector<double>{1.0}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 2), 0);
    circuit.populations[e].n = 20;
    NoiseOptions options;
    options.transient = 50;
    const NoisyTrajectory out =
        integrate_with_noise(circuit.model(), constant_course(std::vector<double>{8}), 100050, 5, {8, 30}, options);
    // 20000 bins: the relative error of a variance is sqrt(2 / 20000) = 1 %, that of a mean its sd over sqrt(20000).
    const double expected[] = {8.0, 30.0}, cells[] = {20.0, 100.0};
    for (std::size_t p = 0; p < 2; ++p) {
        const double variance = expected[p] / (cells[p] * 5e-3);
        const auto i = static_cast<Eigen::Index>(p);
        CHECK(out.mean_hz[p] == Approx(expected[p]).margin(4 * std::sqrt(variance / 20000)));
        CHECK(out.covariance(i, i) == Approx(variance).epsilon(0.04));
    }
    CHECK(std::abs(out.covariance(0, 1)) < 4 * std::sqrt(out.covariance(0, 0) * out.covariance(1, 1) / 20000));
}

TEST_CASE("cells that fire regularly make less noise on long bins: their CV squared times that of Poisson cells") {
    Circuit circuit;
    const std::size_t e = circuit.external("input"),
                      a = circuit.internal("a", std::make_shared<Linear>(30, std::vector<double>{1.0}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 2), 0);
    NoiseOptions options;
    options.transient = 1000;
    options.bin = 500;
    options.sources = {{10, 1.0}, {40, 0.5}};
    const NoisyTrajectory out =
        integrate_with_noise(circuit.model(), constant_course(std::vector<double>{8}), 1001000, 500, {8, 30}, options);
    // 2000 bins: 3 % of a variance; a bin holds 4 and 15 intervals, whose ends add a little.
    CHECK(out.covariance(0, 0) == Approx(8 / (10 * 0.5)).epsilon(0.13));
    CHECK(out.covariance(1, 1) == Approx(0.25 * 30 / (40 * 0.5)).epsilon(0.15));
    CHECK(out.mean_hz[1] == Approx(30).epsilon(0.01));
    CHECK(out.rate_hz[0].back() == Approx(8));
    options.sources = {{10, 1.0}};
    CHECK_THROWS_AS(
        integrate_with_noise(circuit.model(), constant_course(std::vector<double>{8}), 100, 5, {8, 30}, options),
        InputError);
    options.sources = {{10, 1.0}, {0, 0.5}};
    CHECK_THROWS_AS(
        integrate_with_noise(circuit.model(), constant_course(std::vector<double>{8}), 100, 5, {8, 30}, options),
        InputError);
}

TEST_CASE("a drive, which is independent from cell to cell, adds nothing to a population's fluctuations") {
    Circuit circuit;
    const std::size_t e = circuit.external("drive");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(2, std::vector<double>{0.02}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 5));
    circuit.populations[e].drive = true;
    const std::vector<double> rates = {1600, 34};
    const Dynamics dynamics(circuit.model());
    const Eigen::MatrixXd C = LinearFluctuations(dynamics, rates).binned_covariance(5);
    CHECK((C(0, 0) == 0 && C(0, 1) == 0));
    CHECK(C(1, 1) == Approx(34 / (100 * 5e-3)).epsilon(1e-9));

    NoiseOptions options;
    options.transient = 100;
    const NoisyTrajectory run =
        integrate_with_noise(circuit.model(), constant_course(std::vector<double>{1600}), 1100, 1, rates, options);
    CHECK(run.mean_hz[0] == Approx(1600));
    CHECK(std::abs(run.covariance(0, 0)) < 1e-9);
    CHECK(run.covariance(1, 1) > 20);

    circuit.config.dynamics = MeanFieldConfig::Dynamics::MasterEquation;
    circuit.config.T = 5; // the drive's F T would be 8
    const std::vector<FixedPoint> points = fixed_points(circuit.model(), std::vector<double>{1600});
    REQUIRE(points.size() == 1);
    CHECK(points[0].FT[e] == 0);
    CHECK(points[0].covariance[0] == 0);
    CHECK(points[0].covariance[3] == Approx(34 * (200 - 34) / 200.0).epsilon(1e-6)); // F (1/T - F) / (2 N)
}

TEST_CASE("fluctuations of a noisy linear circuit are those of linear theory") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(20, std::vector<double>{0.5, -0.6, -0.5}));
    const std::size_t b = circuit.internal("b", std::make_shared<Linear>(2, std::vector<double>{0.8}));
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 3), 2, 1);
    circuit.pathway(b, a, receptor(MFM_RECEPTOR_BIEXPONENTIAL, 6, 1), 1, 2);
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 8), 1, 3);
    circuit.pathway(a, b, receptor(MFM_RECEPTOR_EXPONENTIAL, 2), 1, 1);
    for (PopulationModel& population : circuit.populations) population.n = 500; // no excursion below 0
    const MeanFieldModel model = circuit.model();
    const FixedPoint point = fixed_points(model, std::vector<double>{25})[0];
    REQUIRE(point.stable_with_delays);
    const Dynamics dynamics(model);
    const Eigen::MatrixXd theory = LinearFluctuations(dynamics, point.rate_hz).binned_covariance(5);
    CHECK(theory(1, 1) > 1.15 * 1e3 * point.rate_hz[a] / (500 * 5)); // beyond independent cells
    NoiseOptions options;
    options.step = 0.1;
    options.transient = 500;
    const NoisyTrajectory out =
        integrate_with_noise(model, constant_course(std::vector<double>{25}), 100500, 5, point.rate_hz, options);
    // 20000 bins, hardly correlated: 1 % each; the time step changes less than that.
    for (Eigen::Index p = 0; p < 3; ++p)
        for (Eigen::Index q = 0; q < 3; ++q)
            CHECK(out.covariance(p, q) == Approx(theory(p, q)).margin(0.05 * std::sqrt(theory(p, p) * theory(q, q))));
    for (std::size_t p = 0; p < 3; ++p) CHECK(out.mean_hz[p] == Approx(point.rate_hz[p]).epsilon(0.02));
}

TEST_CASE("so many cells that noise is nothing follow the deterministic mean field") {
    Circuit circuit = recurrent();
    for (PopulationModel& population : circuit.populations) population.n = 1000000;
    const MeanFieldModel model = circuit.model();
    const ExternalCourse course{RateCourse().knot(50, 10).knot(50, 40)};
    const std::vector<double> start = fixed_points(model, std::vector<double>{10})[0].rate_hz;
    const Trajectory smooth = integrate(model, course, 200, 0.1, silent, start);
    NoiseOptions options;
    options.step = 0.05;
    const NoisyTrajectory noisy = integrate_with_noise(model, course, 200, 1, start, options);
    const Dynamics dynamics(model);
    const Eigen::MatrixXd left =
        LinearFluctuations(dynamics, fixed_points(model, std::vector<double>{40})[0].rate_hz).binned_covariance(1);
    for (std::size_t p = 0; p < 3; ++p)
        for (std::size_t bin = 0; bin < 200; ++bin) {
            double mean = 0;
            for (std::size_t i = 0; i <= 10; ++i)
                mean += smooth.rate_hz[p][10 * bin + i] * (i == 0 || i == 10 ? 0.05 : 0.1);
            // Fluctuations in 1 ms, and a lag of some steps.
            const double sd = std::sqrt(left(static_cast<Eigen::Index>(p), static_cast<Eigen::Index>(p))),
                         slope = std::abs(smooth.rate_hz[p][10 * bin + 10] - smooth.rate_hz[p][10 * bin]);
            INFO(p << " at " << bin << " ms");
            CHECK(noisy.activity_hz[p][bin] == Approx(mean).margin(5 * sd + 0.1 * slope));
        }
}

TEST_CASE("finite-size noise is refused without synapses, and without cells") {
    Circuit circuit = recurrent();
    circuit.config.dynamics = MeanFieldConfig::Dynamics::Rate;
    const ExternalCourse course = constant_course(std::vector<double>{20});
    CHECK_THROWS_WITH(integrate_with_noise(circuit.model(), course, 100, 1, {20, 1, 1}, {}),
                      Catch::Contains("dynamics = \"synaptic\""));
    circuit.config.dynamics = MeanFieldConfig::Dynamics::Synaptic;
    circuit.populations[2].n = 0;
    CHECK_THROWS_WITH(integrate_with_noise(circuit.model(), course, 100, 1, {20, 1, 1}, {}),
                      Catch::Contains("'b' has no cells"));
    circuit.config.dynamics = MeanFieldConfig::Dynamics::MasterEquation;
    circuit.populations[2].n = 10;
    const Dynamics dynamics(circuit.model());
    CHECK_THROWS_WITH(LinearFluctuations(dynamics, std::vector<double>{20, 1, 1}), Catch::Contains("second order"));
}
