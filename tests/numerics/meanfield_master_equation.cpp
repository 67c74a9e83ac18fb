// SPDX-License-Identifier: Apache-2.0
// The master equation's second order against closed forms.
#include <catch2/catch.hpp>

#include <Eigen/Dense>
#include <cmath>
#include <fmt/format.h>

#include "meanfield/dynamics.hpp"
#include "meanfield/fixed_points.hpp"
#include "meanfield/integrate.hpp"
#include "meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

Silent silent;
const mfm_receptor fast = receptor(MFM_RECEPTOR_ALPHA, 2);

/// F = F_max (1 - exp(-x)).
class Saturating : public ScalarTransfer {
public:
    Saturating(double x_0, std::vector<double> a, double F_max) : ScalarTransfer(x_0, std::move(a), 0), F_max(F_max) {}
    double F_max;

protected:
    void f(double x, double& F, double& dF, double& d2F) const override {
        dF = F_max * std::exp(-x);
        F = F_max - dF;
        d2F = -dF;
    }
};

Circuit second_order(double T) {
    Circuit circuit;
    circuit.config.dynamics = MeanFieldConfig::Dynamics::MasterEquation;
    circuit.config.T = T;
    return circuit;
}

/// Variance of the activity within T of n independent cells, Hz^2.
double independent(double F, double T, double n) {
    return F * (1e3 / T - F) / (2 * n);
}

Eigen::MatrixXd covariance_of(const FixedPoint& point) {
    const auto P = static_cast<Eigen::Index>(point.rate_hz.size());
    return Eigen::Map<const Eigen::MatrixXd>(point.covariance.data(), P, P);
}

} // namespace

TEST_CASE("independent sources have the variance F (1/T - F) / (2 N), and feedback j divides it by 1 - j") {
    for (const double j : {0.5, -2.0}) {
        Circuit circuit = second_order(5);
        const std::size_t e = circuit.external("input"),
                          a = circuit.internal("a", std::make_shared<Linear>(10, std::vector<double>{j}));
        const std::size_t b = circuit.internal("b", std::make_shared<Linear>(3, std::vector<double>{1.0}));
        circuit.pathway(a, a, fast);
        circuit.pathway(e, b, fast, 0); // reaches b, with no weight
        circuit.populations[a].n = 40;
        const auto points = fixed_points(circuit.model(), std::vector<double>{7});
        REQUIRE(points.size() == 1);
        const Eigen::MatrixXd C = covariance_of(points[0]);
        const double nu = 10 / (1 - j);
        CHECK(points[0].rate_hz[a] == Approx(nu));
        CHECK(C(1, 1) == Approx(independent(nu, 5, 40) / (1 - j)));
        CHECK(C(0, 0) == Approx(independent(7, 5, 100)));
        CHECK(C(2, 2) == Approx(independent(3, 5, 100)));
        CHECK(C(0, 2) == Approx(0).margin(1e-12));
        CHECK(points[0].lowest_eigenvalue > 0);
        CHECK(points[0].FT == std::vector<double>{7e-3 * 5, points[0].rate_hz[a] * 5e-3, 3e-3 * 5});
    }
}

TEST_CASE("a linear network's covariances solve its Lyapunov equation, and its rates are those of the first order") {
    Circuit circuit = second_order(3.5);
    const std::size_t e = circuit.external("input"), other = circuit.external("other");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(3, std::vector<double>{0.5, -0.2, 0.1}));
    const std::size_t b = circuit.internal("b", std::make_shared<Linear>(7, std::vector<double>{0.3, 0.05, 0.2, 0.1}));
    circuit.pathway(e, a, fast, 4).source_fraction = 0.9;
    circuit.pathway(b, a, fast, 2, 1);
    circuit.pathway(a, a, fast, 3, 2);
    circuit.pathway(a, b, fast, 2, 1);
    circuit.pathway(e, b, fast, 1);
    circuit.pathway(e, b, fast, 2); // a second pathway of the same source
    circuit.pathway(other, b, fast, 1);
    for (std::size_t p = 0; p < 4; ++p) circuit.populations[p].n = 50 * (p + 1);
    const std::vector<double> external{10, 20};
    const auto points = fixed_points(circuit.model(), external);
    const auto first = fixed_points(circuit.model().with_order(1), external);
    REQUIRE(points.size() == 1);
    for (std::size_t p = 0; p < 4; ++p) CHECK(points[0].rate_hz[p] == Approx(first[0].rate_hz[p]).epsilon(1e-12));

    Eigen::Matrix4d J = Eigen::Matrix4d::Zero();
    J.row(2) << 0.5 * 4 * 0.9, 0, 0.1 * 3, -0.2 * 2;
    J.row(3) << 0.05 + 0.2 * 2, 0.1, 0.3 * 2, 0;
    // (J - 1) C + C (J - 1)^T + D = 0, column by column of C.
    const Eigen::Matrix4d A = J - Eigen::Matrix4d::Identity();
    Eigen::MatrixXd big = Eigen::MatrixXd::Zero(16, 16);
    Eigen::VectorXd D = Eigen::VectorXd::Zero(16);
    for (Eigen::Index i = 0; i < 4; ++i) {
        const auto p = static_cast<std::size_t>(i);
        D(5 * i) = 2 * independent(points[0].rate_hz[p], 3.5, static_cast<double>(circuit.populations[p].n));
        big.block<4, 4>(4 * i, 4 * i) += A;
        for (Eigen::Index k = 0; k < 4; ++k) big.block<4, 4>(4 * i, 4 * k).diagonal().array() += A(i, k);
    }
    const Eigen::VectorXd solution = big.fullPivLu().solve(-D);
    const Eigen::MatrixXd C = covariance_of(points[0]);
    for (Eigen::Index i = 0; i < 16; ++i) CHECK(C(i % 4, i / 4) == Approx(solution(i)).epsilon(1e-10).margin(1e-12));
    CHECK(points[0].stable);
    CHECK(points[0].first_order_hz == first[0].rate_hz);
}

TEST_CASE("a driven population's mean moves by half its curvature times the variance of its input") {
    Circuit circuit = second_order(5);
    const std::size_t e = circuit.external("input");
    const auto transfer = std::make_shared<Softplus>(-5, std::vector<double>{2.0});
    const std::size_t a = circuit.internal("a", transfer);
    circuit.pathway(e, a, fast, 3);
    circuit.populations[e].n = 20;
    const auto points = fixed_points(circuit.model(), std::vector<double>{4});
    REQUIRE(points.size() == 1);
    // x = -5 + 2 * 3 * 4, s = 10
    const double x = 19, sigma = 1 / (1 + std::exp(-x / 10)), F = 10 * std::log1p(std::exp(x / 10)), F_1 = 6 * sigma,
                 F_2 = 36 * sigma * (1 - sigma) / 10, C_ee = independent(4, 5, 20);
    const Eigen::MatrixXd C = covariance_of(points[0]);
    const double shift = 0.5 * F_2 * C_ee;
    CHECK(points[0].first_order_hz[a] == Approx(F));
    CHECK(points[0].rate_hz[a] == Approx(F + shift));
    CHECK(C(0, 1) == Approx(0.5 * F_1 * C_ee));
    CHECK(C(1, 1) == Approx(independent(F, 5, 100) + 0.5 * shift * shift + F_1 * C(0, 1)));
}

TEST_CASE("the second order's Jacobian equals finite differences, of rates that are given, too") {
    Circuit circuit = second_order(4);
    const std::size_t e = circuit.external("input"), unused = circuit.external("unused");
    const std::size_t a = circuit.internal("a", std::make_shared<Softplus>(2, std::vector<double>{0.5, -0.2, 0.1}));
    const std::size_t b =
        circuit.internal("b", std::make_shared<Sigmoid>(-1, std::vector<double>{0.03, 0.05, -0.02}, 90));
    circuit.pathway(e, a, fast, 4, 1);
    circuit.pathway(b, a, fast, 2, 2);
    circuit.pathway(a, a, fast, 3, 1.5);
    circuit.pathway(a, b, fast, 2, 0);
    circuit.pathway(e, b, fast, 1, 1);
    circuit.pathway(b, b, fast, 2, 1);
    const Dynamics dynamics(circuit.model());
    REQUIRE(dynamics.master_equation() != nullptr);
    CHECK_FALSE(dynamics.master_equation()->index(unused, a));
    const std::size_t n = dynamics.size(), taps = dynamics.taps().size();
    CHECK(n == 2 + 6);
    CHECK(dynamics.state_name(*dynamics.master_equation()->index(b, e)) == "the covariance of input and b");
    std::vector<double> y, u;
    for (std::size_t i = 0; i < n; ++i) y.push_back(10 + 3 * std::sin(static_cast<double>(i)));
    for (std::size_t i = 0; i < taps; ++i) u.push_back(12 + 2 * std::cos(static_cast<double>(i)));
    Dynamics::Workspace work;
    std::vector<double> J(n * n), B(n * taps);
    dynamics.jacobian(y.data(), u.data(), J.data(), B.data(), work);
    const auto difference = [&](std::vector<double>& x, std::size_t i) {
        const double h = 1e-3, kept = x[i];
        std::vector<double> up(n), down(n);
        x[i] = kept + h;
        dynamics.derivative(y.data(), u.data(), up.data(), work);
        x[i] = kept - h;
        dynamics.derivative(y.data(), u.data(), down.data(), work);
        x[i] = kept;
        for (std::size_t j = 0; j < n; ++j) up[j] = (up[j] - down[j]) / (2 * h);
        return up;
    };
    for (std::size_t i = 0; i < n; ++i) {
        const auto column = difference(y, i);
        for (std::size_t j = 0; j < n; ++j) CHECK(J[i * n + j] == Approx(column[j]).epsilon(1e-6).margin(1e-7));
    }
    for (std::size_t tap = 0; tap < taps; ++tap) {
        const auto column = difference(u, tap);
        if (dynamics.taps()[tap].external)
            for (std::size_t j = 0; j < n; ++j) CHECK(B[tap * n + j] == Approx(column[j]).epsilon(1e-6).margin(1e-7));
    }
}

TEST_CASE("after a jump of the input its variance settles with T / 2, and what it drives follows") {
    Circuit circuit = second_order(6);
    const std::size_t e = circuit.external("input"),
                      a = circuit.internal("a", std::make_shared<Linear>(0, std::vector<double>{1.0}));
    circuit.pathway(e, a, fast, 2);
    const Trajectory out = integrate(circuit.model(), {RateCourse().knot(10, 4).knot(10, 40)}, 60, 0.5, silent);
    REQUIRE(out.sd_hz.size() == 2);
    const double c_0 = independent(4, 6, 100), c_1 = independent(40, 6, 100);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double t = 0.5 * static_cast<double>(i) - 10, settled = t > 0 ? 1 - std::exp(-2 * t / 6) : 0;
        CHECK(out.sd_hz[e][i] == Approx(std::sqrt(c_0 + (c_1 - c_0) * settled)).epsilon(5e-5));
        CHECK(out.rate_hz[a][i] == Approx(8 + 72 * (t > 0 ? 1 - std::exp(-t / 6) : 0)).epsilon(5e-5));
    }
    // C_aa = F (1/T - F) / (2 N) + F' C_ea, C_ea = F' C_ee / 2
    CHECK(out.sd_hz[a].front() == Approx(std::sqrt(independent(8, 6, 100) + 2 * 2 * c_0 / 2)).epsilon(1e-5));
    CHECK(out.sd_hz[a].back() == Approx(std::sqrt(independent(80, 6, 100) + 2 * 2 * c_1 / 2)).epsilon(1e-3));
    CHECK(out.covariance_loss.fraction == 0);
    CHECK(out.FT[a] == Approx(80e-3 * 6).epsilon(1e-5));
    CHECK(out.warnings.empty());
}

TEST_CASE("the first order of the master equation is the rate equation") {
    Circuit circuit = second_order(3.5);
    circuit.config.order = 1;
    const std::size_t e = circuit.external("input"),
                      a = circuit.internal("a", std::make_shared<Softplus>(2, std::vector<double>{1.0, -0.5}));
    circuit.pathway(e, a, fast, 2, 3);
    circuit.pathway(a, a, fast, 1, 1);
    const ExternalCourse course{RateCourse().knot(10, 4).knot(10, 40)};
    const Trajectory first = integrate(circuit.model(), course, 60, 0.5, silent);
    circuit.config.dynamics = MeanFieldConfig::Dynamics::Rate;
    const Trajectory rate = integrate(circuit.model(), course, 60, 0.5, silent);
    CHECK(first.rate_hz == rate.rate_hz);
    CHECK(first.sd_hz.empty());
}

TEST_CASE("a rate that passes 1/T takes the covariance's sign, and the run says so") {
    Circuit circuit = second_order(20);
    const std::size_t e = circuit.external("input"),
                      a = circuit.internal("fast_cell", std::make_shared<Linear>(0, std::vector<double>{1.0}));
    circuit.populations[e].n = 1000000; // hardly a variance of its own
    circuit.pathway(e, a, fast, 2);
    const Trajectory out = integrate(circuit.model(), {RateCourse().knot(100, 20).knot(100, 40)}, 400, 1, silent);
    // With x = (t - 100) / T: C_aa = -12 + (14 + 1600 x) exp(-2 x), which is 0 at x = 2.998.
    CHECK(out.largest_FT == Approx(1.6).epsilon(1e-4));
    CHECK(out.covariance_loss.first_time > 159.9);
    CHECK(out.covariance_loss.first_time < 165); // a step later
    CHECK(out.covariance_loss.fraction == Approx(1 - out.covariance_loss.first_time / 400).margin(0.02));
    CHECK(out.covariance_loss.lowest_eigenvalue < -0.1);
    REQUIRE(out.warnings.size() == 2);
    CHECK_THAT(out.warnings[0], Catch::Contains("F T of fast_cell reaches 1.6"));
    CHECK_THAT(out.warnings[1], Catch::Contains("covariance matrix") && Catch::Contains("negative eigenvalues"));
    const FixedPoint point = fixed_points(circuit.model(), std::vector<double>{40})[0];
    CHECK_FALSE(point.covariance_is_one());
    CHECK(point.largest_FT == Approx(1.6));
    CHECK(fixed_points(circuit.model(), std::vector<double>{20})[0].covariance_is_one());
}

TEST_CASE("covariances lose a positive eigenvalue where the source's sign turns, though every variance is positive") {
    Circuit circuit = second_order(20);
    const std::size_t e = circuit.external("input");
    for (const char* name : {"a", "b"}) circuit.internal(name, std::make_shared<Linear>(0, std::vector<double>{1.0}));
    circuit.populations[e].n = 1;
    for (const std::size_t p : {1u, 2u}) circuit.pathway(e, p, fast, 2);
    const FixedPoint point = fixed_points(circuit.model(), std::vector<double>{26})[0];
    const Eigen::MatrixXd C = covariance_of(point);
    for (Eigen::Index p = 0; p < 3; ++p) CHECK(C(p, p) > 0);
    CHECK(point.largest_FT == Approx(1.04));
    CHECK(point.lowest_eigenvalue < -1e-6);
    CHECK_FALSE(point.covariance_is_one());
}

TEST_CASE("a second order that runs away from its first-order fixed point is refused, and one of more cells stays "
          "beside it") {
    Circuit circuit = second_order(5);
    // Beyond an unstable point the rate grows without end: with two cells only, fluctuations carry it there.
    const std::size_t a = circuit.internal("a", std::make_shared<Softplus>(-3, std::vector<double>{1.3}, 0, 2));
    circuit.pathway(a, a, fast);
    circuit.populations[a].n = 2;
    const FixedPoint first = resting_point(fixed_points(circuit.model().with_order(1), {}));
    CHECK(first.stable);
    CHECK(first.rate_hz[a] < 1);
    CHECK_THROWS_WITH(fixed_points(circuit.model(), {}),
                      Catch::Contains(fmt::format("near that of its first order, a {:.6g} Hz: its fluctuations grow "
                                                  "without end",
                                                  first.rate_hz[a])));
    circuit.populations[a].n = 2000; // and so many stay
    CHECK(resting_point(fixed_points(circuit.model(), {})).rate_hz[a] == Approx(first.rate_hz[a]).epsilon(0.02));
}

TEST_CASE("a second order that drives a rate below 0 is refused with the first order's rates") {
    Circuit circuit = second_order(5);
    const std::size_t e = circuit.external("input"),
                      a = circuit.internal("a", std::make_shared<Saturating>(0, std::vector<double>{0.5}, 20));
    circuit.pathway(e, a, fast);
    circuit.populations[e].n = 1;
    // F = 20 (1 - exp(-0.5)), C_ee = 1 * (200 - 1) / 2, half of F'' C_ee = -0.5 * 0.25 * 20 exp(-0.5) * 99.5
    const double F = 20 * (1 - std::exp(-0.5)), rate = F - 0.125 * 20 * std::exp(-0.5) * 99.5;
    CHECK_THROWS_WITH(
        fixed_points(circuit.model(), std::vector<double>{1}),
        fmt::format("the master equation's second order has no fixed point near that of its first order, "
                    "a {:.6g} Hz: the rate of a becomes {:.4g} Hz; use mean_field.order = 1, or dynamics = "
                    "\"synaptic\"",
                    F, rate));
}

TEST_CASE("the second order needs to know how many cells there are") {
    Circuit circuit = second_order(5);
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(1, std::vector<double>{0.1}));
    circuit.pathway(a, a, fast);
    circuit.populations[a].n = 0;
    CHECK_THROWS_WITH(fixed_points(circuit.model(), {}), Catch::Contains("'a' has no cells"));
}
