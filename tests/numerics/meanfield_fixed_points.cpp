// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <Eigen/Dense>

#include "meanfield/fixed_points.hpp"
#include "meanfield/stability.hpp"
#include "meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

const mfm_receptor fast = receptor(MFM_RECEPTOR_ALPHA, 2);

} // namespace

TEST_CASE("the fixed point of a linear network solves its linear equations") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(3, std::vector<double>{0.5, -0.2, 0.1}));
    const std::size_t b = circuit.internal("b", std::make_shared<Linear>(7, std::vector<double>{0.3, 0.05}));
    circuit.pathway(e, a, fast, 4).source_fraction = 0.9;
    circuit.pathway(b, a, fast, 2, 1);
    circuit.pathway(a, a, fast, 3, 2);
    circuit.pathway(a, b, fast, 2, 1);
    circuit.pathway(e, b, fast, 1);
    const auto points = fixed_points(circuit.model(), std::vector<double>{10});
    REQUIRE(points.size() == 1);
    // nu_a = 3 + 0.5*4*0.9*10 - 0.2*2 nu_b + 0.1*3 nu_a,  nu_b = 7 + 0.3*2 nu_a + 0.05*10
    const Eigen::Vector2d x = (Eigen::Matrix2d() << 0.7, 0.4, -0.6, 1).finished().inverse() * Eigen::Vector2d(21, 7.5);
    CHECK(points[0].rate_hz[e] == 10);
    CHECK(points[0].rate_hz[a] == Approx(x(0)).epsilon(1e-12));
    CHECK(points[0].rate_hz[b] == Approx(x(1)).epsilon(1e-12));
    CHECK(points[0].residual_hz < 1e-9);
    CHECK(points[0].stable);
}

TEST_CASE("two populations that inhibit each other have two stable states and a saddle between them") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    for (const char* name : {"left", "right"})
        circuit.internal(name, std::make_shared<Sigmoid>(-1, std::vector<double>{0.05, -0.08}, 100));
    for (const std::size_t p : {1u, 2u}) {
        circuit.pathway(e, p, fast);
        circuit.pathway(3 - p, p, fast, 1, 1);
    }
    const auto points = fixed_points(circuit.model(), std::vector<double>{80});
    REQUIRE(points.size() == 3);
    int stable = 0;
    for (const FixedPoint& point : points) {
        CHECK(point.residual_hz < 1e-7);
        const bool symmetric = std::abs(point.rate_hz[1] - point.rate_hz[2]) < 1e-6;
        CHECK(point.stable == !symmetric);
        CHECK(point.stable_with_delays == !symmetric);
        stable += point.stable;
        if (symmetric) { // one direction leaves the saddle
            CHECK(point.eigenvalues[0].real() > 0);
            CHECK(point.eigenvalues[1].real() < 0);
        }
    }
    CHECK(stable == 2);
    // Neither the saddle nor whichever state the search is begun at is taken for the resting point.
    for (const FixedPoint& near : points)
        CHECK(resting_rates(circuit.model(), std::vector<double>{80}, near.rate_hz) == resting_point(points).rate_hz);
}

TEST_CASE("the resting point is the same from near, from far and without a start") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a =
        circuit.internal("a", std::make_shared<Sigmoid>(-4, std::vector<double>{0.05, 0.1, -0.05}, 100));
    const std::size_t b = circuit.internal("b", std::make_shared<Linear>(2, std::vector<double>{0.5}));
    circuit.pathway(e, a, fast);
    circuit.pathway(a, a, fast, 1, 1);
    circuit.pathway(b, a, fast, 1, 1);
    circuit.pathway(a, b, fast, 1, 1);
    const std::vector<double> input{10};
    const auto points = fixed_points(circuit.model(), input);
    REQUIRE(points.size() == 3); // silent, a saddle, and nearly saturated
    const std::vector<double>& rest = resting_point(points).rate_hz;
    CHECK(rest == points.front().rate_hz);
    for (const std::vector<double>& near : {rest, points.back().rate_hz, std::vector<double>{10, 300, 0}, {}}) {
        const std::vector<double> found = resting_rates(circuit.model(), input, near);
        for (std::size_t p = 0; p < found.size(); ++p) CHECK(found[p] == Approx(rest[p]).epsilon(1e-7));
    }
}

TEST_CASE("a network without a fixed point is said to have none, with the best try") {
    Circuit circuit;
    const std::size_t a = circuit.internal("runaway", std::make_shared<Linear>(5, std::vector<double>{1.0}));
    circuit.pathway(a, a, fast, 1, 1);
    CHECK_THROWS_WITH(fixed_points(circuit.model(), {}), Catch::Contains("no fixed point") &&
                                                             Catch::Contains("runaway") &&
                                                             Catch::Contains("misses by 5"));
}

TEST_CASE("mean in-degrees give another fixed point than the cells' own") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Softplus>(-40, std::vector<double>{1.0}));
    Pathway& pathway = circuit.pathway(e, a, fast, 4);
    pathway.in_degree = {1, 2, 4, 9};
    pathway.K_sd = 3.1;
    const MeanFieldModel model = circuit.model();
    const double list = fixed_points(model, std::vector<double>{10})[0].rate_hz[a];
    const double mean =
        fixed_points(model.with_in_degree(MeanFieldConfig::InDegree::Mean), std::vector<double>{10})[0].rate_hz[a];
    const auto softplus = [](double x) { return 10 * std::log1p(std::exp(x / 10)); };
    CHECK(mean == Approx(softplus(0)));
    CHECK(list == Approx((softplus(-30) + softplus(-20) + softplus(0) + softplus(50)) / 4));
}

TEST_CASE("the dynamics' Jacobian equals finite differences, with every kind of filter, adaptation and delays") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a =
        circuit.internal("a", std::make_shared<Softplus>(2, std::vector<double>{0.5, -0.2, 0.1}, 0.05), 0.02, 150);
    const std::size_t b =
        circuit.internal("b", std::make_shared<Softplus>(1, std::vector<double>{0.3, 0.05}, 0.02), 0.03, 80);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 3), 4, 1);
    circuit.pathway(b, a, receptor(MFM_RECEPTOR_EXPONENTIAL, 8), 2, 2);
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_BIEXPONENTIAL, 6, 0.5), 3, 1.5);
    circuit.pathway(a, b, receptor(MFM_RECEPTOR_EXPONENTIAL, 1), 2, 0); // no delay: part of the state
    circuit.pathway(e, b, receptor(MFM_RECEPTOR_ALPHA, 3), 1, 1);       // shares the first one's filter
    for (const auto kind : {MeanFieldConfig::Dynamics::Synaptic, MeanFieldConfig::Dynamics::Rate}) {
        circuit.config.dynamics = kind;
        const Dynamics dynamics(circuit.model());
        const std::size_t n = dynamics.size(), taps = dynamics.taps().size();
        if (kind == MeanFieldConfig::Dynamics::Synaptic) {
            CHECK(n == 2 + 2 + 2 + 1 + 2 + 1);
            CHECK(taps == 4);
        } else {
            CHECK(n == 2);
        }
        std::vector<double> y, u;
        for (std::size_t i = 0; i < n; ++i) y.push_back(10 + 3 * std::sin(static_cast<double>(i)));
        for (std::size_t i = 0; i < taps; ++i) u.push_back(12 + 2 * std::cos(static_cast<double>(i)));
        Dynamics::Workspace work;
        std::vector<double> J(n * n), B(n * taps);
        dynamics.jacobian(y.data(), u.data(), J.data(), B.data(), work);
        const auto difference = [&](std::vector<double>& x, std::size_t i) {
            const double h = 1e-4, kept = x[i];
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
            for (std::size_t j = 0; j < n; ++j) CHECK(J[i * n + j] == Approx(column[j]).epsilon(1e-6).margin(1e-8));
        }
        for (std::size_t i = 0; i < taps; ++i) {
            const auto column = difference(u, i);
            for (std::size_t j = 0; j < n; ++j) CHECK(B[i * n + j] == Approx(column[j]).epsilon(1e-6).margin(1e-8));
        }
    }
}

TEST_CASE("adaptation leaves the fixed point where it is, and the settled state at rest") {
    for (const bool adaptation : {false, true}) {
        Circuit circuit;
        circuit.config.adaptation = adaptation;
        const std::size_t e = circuit.external("input");
        const std::size_t a =
            circuit.internal("a", std::make_shared<Softplus>(2, std::vector<double>{0.5, -0.3}, 0.05), 0.02, 150);
        circuit.pathway(e, a, fast, 4, 1);
        circuit.pathway(a, a, fast, 1, 1);
        const auto points = fixed_points(circuit.model(), std::vector<double>{10});
        REQUIRE(points.size() == 1);
        const double nu = points[0].rate_hz[a];
        CHECK(nu == Approx(10 * std::log1p(std::exp((2 + 0.5 * 4 * 10 - 0.3 * nu) / 10))).epsilon(1e-12));
        const Dynamics dynamics(circuit.model());
        CHECK(dynamics.adaptation_index(a).has_value() == adaptation);
        const Eigen::VectorXd y = dynamics.settled(points[0].rate_hz);
        std::vector<double> u;
        for (const auto& tap : dynamics.taps()) u.push_back(points[0].rate_hz[tap.source]);
        Eigen::VectorXd dy(y.size());
        Dynamics::Workspace work;
        dynamics.derivative(y.data(), u.data(), dy.data(), work);
        CHECK(dy.cwiseAbs().maxCoeff() < 1e-8);
    }
}

TEST_CASE("fast adaptation gets no state of its own") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a =
        circuit.internal("a", std::make_shared<Softplus>(2, std::vector<double>{0.5}, 0.05), 0.5, 150); // 2 ms
    circuit.pathway(e, a, fast);
    CHECK_FALSE(circuit.model().adapts(a));
}

TEST_CASE("delayed inhibition's characteristic roots solve the characteristic equation") {
    Circuit circuit;
    const double k = 3, d = 6, tau = 4, T = 0.5;
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(100, std::vector<double>{-k}));
    circuit.pathway(a, a, receptor(MFM_RECEPTOR_EXPONENTIAL, tau), 1, d);
    const auto points = fixed_points(circuit.model(), {});
    REQUIRE(points.size() == 1);
    CHECK(points[0].rate_hz[a] == Approx(100 / (1 + k)));
    REQUIRE(points[0].eigenvalues_with_delays.size() == 2);
    for (const std::complex<double>& lambda : points[0].eigenvalues_with_delays)
        CHECK(std::abs((1.0 + lambda * T) * (1.0 + lambda * tau) + k * std::exp(-lambda * d)) < 1e-10);
    // The loop gain exceeds 1 where the delay has turned the phase by half a turn: only the delay makes this unstable.
    CHECK(points[0].stable);
    CHECK_FALSE(points[0].stable_with_delays);
    // The rightmost root is that of the principal branch: filters and delay turn the phase by less than three half
    // turns.
    const double turned = std::abs(points[0].eigenvalues_with_delays[0].imag()) * d;
    CHECK(turned > 1.57);
    CHECK(turned < 3.15);
}

TEST_CASE("parts that do not fit are refused by name") {
    Circuit circuit;
    const std::size_t e = circuit.external("input");
    const std::size_t a = circuit.internal("a", std::make_shared<Linear>(0, std::vector<double>{1.0, 1.0}));
    circuit.pathway(e, a, fast);
    CHECK_THROWS_WITH(circuit.model(),
                      Catch::Contains("'a'") && Catch::Contains("2 pathways") && Catch::Contains("1 reach"));
    circuit.populations[a].transfer = nullptr;
    CHECK_THROWS_WITH(circuit.model(), Catch::Contains("'a' has no transfer function"));
    CHECK_THROWS_WITH(fixed_points(MeanFieldModel({}, {}, {}), std::vector<double>{1}), Catch::Contains("0 external"));
}
