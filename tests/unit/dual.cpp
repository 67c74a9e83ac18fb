// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <mfm/dual.hpp>

#include <cmath>
#include <limits>

using namespace mfm;

namespace {

/// Value, first and second derivative of f at x.
template <class F> std::array<double, 3> jet(F f, double x) {
    const auto y = f(variable_twice<1>(x, 0));
    return {y.value.value, y.d[0].value, y.d[0].d[0]};
}
void check(const std::array<double, 3>& got, const std::array<double, 3>& expected) {
    for (std::size_t i = 0; i < 3; ++i) CHECK(got[i] == Approx(expected[i]).epsilon(1e-13).margin(1e-300));
}

} // namespace

TEST_CASE("dual numbers give the textbook derivatives of every elementary function") {
    const double x = 0.7;
    check(jet([](auto v) { return exp(v); }, x), {std::exp(x), std::exp(x), std::exp(x)});
    check(jet([](auto v) { return expm1(v); }, x), {std::expm1(x), std::exp(x), std::exp(x)});
    check(jet([](auto v) { return log(v); }, x), {std::log(x), 1 / x, -1 / (x * x)});
    check(jet([](auto v) { return log1p(v); }, x), {std::log1p(x), 1 / (1 + x), -1 / ((1 + x) * (1 + x))});
    check(jet([](auto v) { return sqrt(v); }, x), {std::sqrt(x), 0.5 / std::sqrt(x), -0.25 * std::pow(x, -1.5)});
    check(jet([](auto v) { return sin(v); }, x), {std::sin(x), std::cos(x), -std::sin(x)});
    check(jet([](auto v) { return cos(v); }, x), {std::cos(x), -std::sin(x), -std::cos(x)});
    const double t = std::tanh(x);
    check(jet([](auto v) { return tanh(v); }, x), {t, 1 - t * t, -2 * t * (1 - t * t)});
    const double bell = 2 / std::sqrt(std::acos(-1.0)) * std::exp(-x * x);
    check(jet([](auto v) { return erf(v); }, x), {std::erf(x), bell, -2 * x * bell});
    check(jet([](auto v) { return erfc(v); }, x), {std::erfc(x), -bell, 2 * x * bell});
    check(jet([](auto v) { return pow(v, 3); }, x), {x * x * x, 3 * x * x, 6 * x});
    check(jet([](auto v) { return pow(v, v); }, x), {std::pow(x, x), std::pow(x, x) * (1 + std::log(x)),
                                                     std::pow(x, x) * ((1 + std::log(x)) * (1 + std::log(x)) + 1 / x)});
    check(jet([](auto v) { return abs(v - 1.0) + max(v, 0.5) * min(2.0, v); }, x), {0.3 + x * x, -1 + 2 * x, 2});
    check(jet([](auto v) { return 3 / v - v / 2 + (1 - v) * (v + v * v); }, x),
          {3 / x - x / 2 + (1 - x) * (x + x * x), -3 / (x * x) - 0.5 + 1 - 3 * x * x, 6 / (x * x * x) - 6 * x});
}

TEST_CASE("mixed second derivatives are symmetric and exact") {
    const auto x = variable_twice<2>(1.3, 0), y = variable_twice<2>(-0.4, 1);
    const auto f = exp(x * y) * x;
    CHECK(f.d[0].d[1] == Approx(f.d[1].d[0]).epsilon(1e-15));
    // d/dy = x^2 e^{xy}; d2/dxdy = (2x + x^2 y) e^{xy}
    CHECK(f.d[1].d[0] == Approx((2 * 1.3 + 1.69 * -0.4) * std::exp(-0.52)).epsilon(1e-14));
}

TEST_CASE("a softplus and its derivatives are finite and exact in both tails") {
    for (const double x : {-2000., -800., -40., -1e-9, 0., 1e-9, 40., 800., 2000.}) {
        const auto [value, slope, curvature] = jet([](auto v) { return softplus(v); }, x);
        CHECK(std::isfinite(value));
        CHECK(value >= std::fmax(0.0, x));
        CHECK(slope == Approx(x < -700 ? 0.0 : 1 / (1 + std::exp(-x))).epsilon(1e-14).margin(1e-300));
        CHECK(curvature >= 0.0);
        CHECK(std::isfinite(curvature));
    }
    CHECK(softplus(-40.0) == Approx(std::exp(-40.0)).epsilon(1e-14));
    CHECK(jet([](auto v) { return softplus(v); }, 0.0)[2] == 0.25);
}
