// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <mfm/random.hpp>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "transfer/basis.hpp"
#include "transfer/fit.hpp"
#include "transfer/gradient_check.hpp"
#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

namespace {

Instance basis(const std::string& id, const Values& values = {}) {
    return instance(id, MFM_TRANSFER_ID, values);
}

std::pair<std::vector<std::string>, std::vector<std::string>> shape(const Instance& it) {
    const BasisShape of = basis_shape(it);
    std::pair<std::vector<std::string>, std::vector<std::string>> names;
    for (const mfm_field* f : of.inputs) names.first.emplace_back(f->name);
    for (const mfm_field* f : of.coefficients) names.second.emplace_back(f->name);
    return names;
}
/// Coefficients from the basis's guess at points [n * inputs] with these rates.
std::vector<double> guess(const Instance& it, const std::vector<double>& points, std::vector<double> rates,
                          const std::vector<double>& lower, const std::vector<double>& upper) {
    const auto [inputs, names] = shape(it);
    const std::size_t n = rates.size(), D = inputs.size();
    std::vector<std::vector<double>> axis(D);
    std::vector<const double*> in;
    for (std::size_t k = 0; k < D; ++k) {
        for (std::size_t i = 0; i < n; ++i) axis[k].push_back(points[i * D + k]);
        in.push_back(axis[k].data());
    }
    std::vector<double> weight, c(names.size());
    for (const double F : rates) weight.push_back(1 / (0.25 + 4e-4 * F * F));
    mfm_transfer_batch b{};
    b.size = sizeof b;
    b.n = static_cast<std::uint32_t>(n);
    b.input = in.data();
    b.lower = lower.data();
    b.upper = upper.data();
    b.weight = weight.data();
    b.value = rates.data();
    mfm_error error = empty_error();
    REQUIRE(it.table<mfm_transfer_v1>(MFM_TRANSFER_ID).guess(it.self(), &b, c.data(), &error) == MFM_OK);
    return c;
}

const std::vector<double> P10 = {-49.8, 5.06, -23.5, 2.3, -0.41, 10.5, -36.6, 7.4, 1.3, -40.7};
const std::vector<double> cubic = {40, 35, -25, 6, -12, 5, -3, 2, 1.5, -1};

/// Heights of a spline that rise by steps of their own, and its softness.
std::vector<double> rising_heights(const Instance& spline, std::uint64_t seed) {
    RandomSequence random(seed, 1, 0);
    std::vector<double> c(shape(spline).second.size());
    const std::size_t columns =
        static_cast<std::size_t>(
            spline.settings()[static_cast<std::size_t>(spline.setting_index("intervals_i"))].integer) +
        3;
    for (std::size_t k = 0; k + 1 < c.size(); ++k)
        c[k] = -40.0 + 15.0 * static_cast<double>(k / columns + k % columns) + 10.0 * random.uniform();
    c.back() = 6.0;
    return c;
}

/// The inputs of `siegert` for a leaky membrane of time constant T (ms) and current noise that would give it the
/// diffusion constant sigma (mV), had the synapses no time constant tau_s (ms): Brunel's mu and sigma.
std::vector<double> brunel_inputs(double mu, double sigma, double T, double tau_s = 0, double tau_m = 0) {
    const double ratio = 1 + tau_s / T;
    if (tau_m == 0) tau_m = T;
    return {mu, sigma / std::sqrt(2 * ratio), T * ratio, T * ratio / tau_m, tau_m / T};
}
double siegert_rate(const Instance& it, const std::vector<double>& inputs) {
    return basis_rates(it, inputs, {}, {}, {})[0];
}

} // namespace

TEST_CASE("the bases name their inputs and coefficients") {
    using List = std::vector<std::string>;
    CHECK(shape(basis("zerlaut")).first == List{"mu_V", "sigma_V", "tau_V", "tau_N"});
    CHECK(shape(basis("zerlaut")).second ==
          List{"P_0", "P_1", "P_2", "P_3", "P_4", "P_5", "P_6", "P_7", "P_8", "P_9", "gain"});
    CHECK(shape(basis("zerlaut", {{"terms", 5.0}, {"gain", 2.0}})).first ==
          List{"mu_V", "sigma_V", "tau_V", "tau_N", "mu_G_N"});
    CHECK(shape(basis("zerlaut", {{"terms", 5.0}, {"gain", 2.0}})).second.size() == 5);
    CHECK(shape(basis("softplus_conductance")).first == List{"G_e", "G_i"});
    CHECK(shape(basis("softplus_conductance")).second.size() == 11);
    for (const auto& [degree, coefficients] : {std::pair{1.0, 4u}, {2.0, 7u}, {3.0, 11u}})
        CHECK(shape(basis("refractory_softplus", {{"degree", degree}})).second.size() == coefficients);
    CHECK(shape(basis("refractory_softplus")).second == shape(basis("softplus_conductance")).second);
    CHECK(shape(basis("spline")).first == List{"G_e", "G_i"});
    CHECK(shape(basis("spline")).second.size() == (6 + 3) * (5 + 3) + 1);
    CHECK(shape(basis("spline", {{"intervals_e", 1.0}, {"intervals_i", 2.0}})).second.size() == 4 * 5 + 1);
    CHECK(shape(basis("siegert")).first == List{"mu_V", "sigma_V", "tau_V", "tau_N", "mu_G_N"});
    CHECK(shape(basis("siegert")).second.empty());
    CHECK_THROWS_WITH(basis("siegert", {{"V_reset", -40.0}}), Contains("V_reset must lie below V_th"));
    CHECK_THROWS_WITH(basis("zerlaut", {{"terms", 7.0}}), Contains("terms is 7; it must be 5 or 10"));
}

TEST_CASE("every derivative of every basis agrees with differences of its values") {
    std::vector<double> c = P10;
    c.push_back(2.2);
    std::vector<double> points;
    for (const double mu : {-62., -56., -50.})
        for (const double sigma : {2., 5.})
            for (const double tau : {6., 14.}) points.insert(points.end(), {mu, sigma, tau, tau / 20});
    const std::vector<double> low4 = {-62, 2, 6, 0.3}, high4 = {-50, 5, 14, 0.7};
    const GradientCheck ten = check_gradients(basis("zerlaut"), points, c, low4, high4);
    INFO(ten.worst);
    CHECK(ten.points == 12);
    CHECK(ten.largest() < 1e-7);

    std::vector<double> five;
    for (std::size_t i = 0; i < points.size() / 4; ++i) {
        five.insert(five.end(), points.begin() + static_cast<std::ptrdiff_t>(4 * i),
                    points.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
        five.push_back(1.5 + 0.2 * static_cast<double>(i));
    }
    const std::vector<double> low5 = {-62, 2, 6, 0.3, 1.5}, high5 = {-50, 5, 14, 0.7, 3.7};
    const GradientCheck linear = check_gradients(basis("zerlaut", {{"terms", 5.0}}), five,
                                                 std::vector<double>{-48, 5, -3, 2, 1.5, 1.8}, low5, high5);
    INFO(linear.worst);
    CHECK(linear.largest() < 1e-7);

    std::vector<double> s = cubic;
    s.push_back(6.0);
    // Inside the domain and well outside; its edge is a kink of the second derivative.
    std::vector<double> plane;
    for (const double G_e : {0.03, 0.4, 1., 4., 10., 30.})
        for (const double G_i : {0.05, 2., 7., 20.}) plane.insert(plane.end(), {G_e, G_i});
    const std::vector<double> low2 = {0.1, 0}, high2 = {12, 9};
    const GradientCheck soft = check_gradients(basis("softplus_conductance"), plane, s, low2, high2);
    INFO(soft.worst);
    CHECK(soft.largest() < 1e-7);
    for (const double degree : {1.0, 2.0, 3.0}) {
        std::vector<double> part(cubic.begin(), cubic.begin() + static_cast<int>((degree + 1) * (degree + 2) / 2));
        part.push_back(6.0);
        const GradientCheck capped = check_gradients(basis("refractory_softplus", {{"degree", degree}, {"t_ref", 3.0}}),
                                                     plane, part, low2, high2);
        INFO(capped.worst);
        CHECK(capped.largest() < 1e-7);
    }
    // Differences must not reach over a knot, where the third derivative jumps.
    const Instance spline = basis("spline", {{"intervals_e", 3.0}, {"intervals_i", 2.0}, {"t_ref", 3.0}});
    const GradientCheck smooth = check_gradients(spline, plane, rising_heights(spline, 1), low2, high2);
    INFO(smooth.worst);
    CHECK(smooth.largest() < 1e-7);

    // Far below and above threshold, with little and much noise, fast and slow synapses.
    std::vector<double> membrane;
    for (const double mu : {-75., -58., -51., -45., -20.})
        for (const double sigma : {0.5, 3., 12.})
            for (const double tau_s : {0.1, 5.}) {
                const auto x = brunel_inputs(mu, sigma, 8, tau_s, 20);
                membrane.insert(membrane.end(), x.begin(), x.end());
            }
    const GradientCheck passage =
        check_gradients(basis("siegert"), membrane, {}, std::vector<double>{-75, 0.3, 8, 0.4, 2.5},
                        std::vector<double>{-20, 8, 13, 0.65, 2.6});
    INFO(passage.worst);
    CHECK(passage.points == 30);
    CHECK(passage.largest() < 1e-7);
}

TEST_CASE("a refractory period caps the softplus, and leaves it alone where it is small") {
    std::vector<double> c = cubic;
    c.push_back(6.0);
    const std::vector<double> low = {0.1, 0}, high = {12, 9};
    std::vector<double> plane;
    for (const double G_e : {0.03, 0.4, 1., 4., 10., 300., 1e6})
        for (const double G_i : {0., 2., 7.}) plane.insert(plane.end(), {G_e, G_i});
    const std::vector<double> free = basis_rates(basis("softplus_conductance"), plane, c, low, high),
                              none = basis_rates(basis("refractory_softplus", {{"t_ref", 0.0}}), plane, c, low, high),
                              capped = basis_rates(basis("refractory_softplus", {{"t_ref", 2.5}}), plane, c, low, high);
    for (std::size_t i = 0; i < free.size(); ++i) {
        CHECK(none[i] == free[i]);
        CHECK(capped[i] < 400);
        CHECK(1e3 / capped[i] == Approx(2.5 + 1e3 / free[i])); // dead time and the time without
    }
    CHECK(capped[18] > 390);
}

TEST_CASE(
    "a spline rises with excitation and falls with inhibition, whatever its coefficients, and is smooth at its knots") {
    const Instance spline = basis("spline", {{"intervals_e", 4.0}, {"intervals_i", 3.0}});
    const std::vector<double> low = {0.4, 0}, high = {12, 9};
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        RandomSequence random(seed, 2, 0);
        std::vector<double> c;
        for (std::size_t k = 0; k < 42; ++k) c.push_back(200 * random.normal());
        c.push_back(20);
        constexpr std::size_t n = 41; // from no input to four times the domain
        std::vector<double> grid;
        for (std::size_t e = 0; e < n; ++e)
            for (std::size_t i = 0; i < n; ++i)
                grid.insert(grid.end(), {1.2 * static_cast<double>(e), 0.9 * static_cast<double>(i)});
        const std::vector<double> F = basis_rates(spline, grid, c, low, high);
        bool monotone = true, moves = false;
        for (std::size_t e = 0; e < n; ++e)
            for (std::size_t i = 0; i < n; ++i) {
                const double here = F[e * n + i];
                if (e > 0) monotone = monotone && here >= F[(e - 1) * n + i] - 1e-9;
                if (i > 0) monotone = monotone && here <= F[e * n + i - 1] + 1e-9;
                moves = moves || (e > 0 && here > F[(e - 1) * n + i] + 1);
            }
        CHECK(monotone);
        CHECK(moves);
    }
    // The second derivative, by differences of a width h, changes by no more than O(h) from one side of a knot to the
    // other; knots and the end of the domain are among these points.
    const std::vector<double> c = rising_heights(spline, 3);
    const auto curvature = [&](double G_e) {
        const double h = 1e-3 * G_e;
        const auto F = basis_rates(spline, std::vector<double>{G_e - h, 2, G_e, 2, G_e + h, 2}, c, low, high);
        return (F[0] - 2 * F[1] + F[2]) / (h * h);
    };
    for (double G_e = 0.5; G_e < 20; G_e *= 1.01) {
        const double before = curvature(G_e), after = curvature(1.004 * G_e);
        CHECK(std::abs(after - before) < 0.05 * (std::abs(before) + 1.0));
    }
}

TEST_CASE("siegert is the first-passage integral, numerically") {
    const Instance it = basis("siegert", {{"V_th", -50.0}, {"V_reset", -60.0}, {"t_ref", 2.0}});
    // Simpson's rule on exp(u^2) (1 + erf(u)), which erfc(-u) gives without cancellation.
    const auto integral = [](double a, double b) {
        constexpr int n = 40000;
        const auto f = [](double u) { return std::exp(u * u) * std::erfc(-u); };
        double sum = f(a) + f(b);
        for (int i = 1; i < n; ++i) sum += f(a + (b - a) * i / n) * (i % 2 == 1 ? 4 : 2);
        return sum * (b - a) / n / 3;
    };
    for (const double mu : {-75., -62., -55., -51., -49.9, -45., -30., 20.})
        for (const double sigma : {4., 7., 15., 60.})
            for (const double tau_s : {0., 0.5, 4.}) {
                const double T = 12, shift = 1.0326265761156091 * std::sqrt(tau_s / T);
                const double low = (-60 - mu) / sigma + shift, high = (-50 - mu) / sigma + shift;
                if (low < -25) continue; // where erfc underflows
                const double expected = 1e3 / (2 + T * std::sqrt(std::acos(-1.0)) * integral(low, high));
                CHECK(siegert_rate(it, brunel_inputs(mu, sigma, T, tau_s, 20)) == Approx(expected).epsilon(1e-9));
            }
    // |zeta(1/2)|, by Dirichlet's alternating series with Euler's transformation.
    double sum = 0;
    for (int n = 0; n < 50; ++n) {
        double difference = 0, binomial = 1;
        for (int k = 0; k <= n; ++k, binomial *= static_cast<double>(n - k + 1) / k)
            difference += (k % 2 == 0 ? binomial : -binomial) / std::sqrt(k + 1.0);
        sum += difference / std::exp2(n + 1.0);
    }
    CHECK(sum / (std::sqrt(2.0) - 1) / std::sqrt(2.0) == Approx(1.0326265761156091).epsilon(1e-6));
}

TEST_CASE("without noise siegert is the rate of a charging capacitor, and silent below threshold") {
    const Instance it = basis("siegert", {{"V_th", -50.0}, {"V_reset", -60.0}, {"t_ref", 2.0}});
    for (const double mu : {-49.99, -45., 0., 5000.}) {
        const double expected = 1e3 / (2 + 12 * std::log((mu + 60) / (mu + 50)));
        CHECK(siegert_rate(it, brunel_inputs(mu, 1e-6, 12)) == Approx(expected).epsilon(1e-6));
    }
    for (const double mu : {-50.01, -55., -300.}) CHECK(siegert_rate(it, brunel_inputs(mu, 1e-6, 12)) < 1e-100);
    for (const double mu : {-500., -60., 200.})
        for (const double sigma : {0.01, 0.3, 3.}) {
            const std::vector<double> at = brunel_inputs(mu, sigma, 12, 1);
            CHECK_NOTHROW(check_gradients(it, at, {}, at, at)); // throws on what is not finite
            CHECK(std::isfinite(siegert_rate(it, brunel_inputs(mu, 1e-10 * sigma, 12, 1))));
        }
}

TEST_CASE("siegert gives the rates that Brunel (2000) published for his network of 12 500 cells") {
    // theta 20, V_r 10, tau 20 ms, tau_rp 2 ms, J 0.1 mV, C_E 1000, gamma 0.25; nu_thr = 10 Hz.  His section 5:
    // stationary rates from the theory for (g, nu_ext/nu_thr) of figure 8, panels B, C and D.
    const Instance it = basis("siegert", {{"V_th", 20.0}, {"V_reset", 10.0}, {"t_ref", 2.0}});
    const auto rate = [&](double g, double external) {
        const auto F = [&](double nu) {
            const double tau = 0.02, C = 1000, J = 0.1;
            const double mu = C * J * tau * (10 * external + nu * (1 - g * 0.25)),
                         sigma = J * std::sqrt(C * tau * (10 * external + nu * (1 + g * g * 0.25)));
            return siegert_rate(it, brunel_inputs(mu, sigma, 20));
        };
        double low = 0, high = 400; // F falls: one crossing
        for (int i = 0; i < 60; ++i) (F(0.5 * (low + high)) > 0.5 * (low + high) ? low : high) = 0.5 * (low + high);
        return low;
    };
    CHECK(rate(6, 4) == Approx(55.8).epsilon(0.01));
    CHECK(rate(5, 2) == Approx(38.0).epsilon(0.01));
    CHECK(rate(4.5, 0.9) == Approx(6.5).epsilon(0.01));
}

TEST_CASE("outside its domain the softplus basis goes on with the slope of the edge") {
    std::vector<double> c = cubic;
    c.push_back(1e-3); // a hard rectifier: the cubic itself where it is positive
    const std::vector<double> low = {0, 0}, high = {12, 9};
    const Instance soft = basis("softplus_conductance");
    const auto at = [&](double root) {
        return basis_rates(soft, std::vector<double>{root * root, 1}, c, low, high)[0];
    };
    const double edge = std::sqrt(12.0), h = 1e-4;
    const double slope = (at(edge) - at(edge - h)) / h;
    REQUIRE(at(edge) > 10);
    CHECK((at(edge + h) - at(edge)) / h == Approx(slope).epsilon(1e-3));
    CHECK(at(2 * edge) - at(edge) == Approx(slope * edge).epsilon(1e-2));
}

TEST_CASE("in their tails the bases give rates and derivatives that are numbers") {
    std::vector<double> c = P10;
    c.push_back(2.0);
    // Far above and below threshold, with fluctuations that are almost nothing; check_gradients throws on what is not
    // finite.
    for (const double mu : {-500., -60., 200.})
        for (const double sigma : {1e-12, 1e-3, 3.}) {
            const std::vector<double> at = {mu, sigma, 5, 0.4};
            CHECK_NOTHROW(check_gradients(basis("zerlaut"), at, c, std::vector<double>{-500, 1e-12, 5, 0.4},
                                          std::vector<double>{200, 3, 5, 0.4}));
            const double F = basis_rates(basis("zerlaut"), at, c, {}, {})[0];
            CHECK(F >= 0);
            CHECK(F <= 2 * 500.0 / 5 * 2 * (1 + 1e-12));
        }
    std::vector<double> s = cubic;
    s.push_back(1e-3);
    const std::vector<double> low = {0, 0}, high = {10, 10};
    for (const std::vector<double>& at : {std::vector<double>{0, 0}, {0, 10}, {10, 0}, {1e4, 0}, {0, 1e4}}) {
        CHECK(std::isfinite(basis_rates(basis("softplus_conductance"), at, s, low, high)[0]));
        CHECK(basis_rates(basis("softplus_conductance"), at, s, low, high)[0] >= 0);
    }
    for (const double t_ref : {0.0, 2.0}) {
        const Instance spline = basis("spline", {{"t_ref", t_ref}});
        for (const std::vector<double>& at : {std::vector<double>{0, 0}, {0, 10}, {10, 0}, {1e4, 0}, {0, 1e4}}) {
            CHECK_NOTHROW(check_gradients(spline, at, rising_heights(spline, 2), low, high));
            CHECK(basis_rates(spline, at, rising_heights(spline, 2), low, high)[0] >= 0);
        }
    }
    s.back() = 5;
    CHECK_NOTHROW(
        check_gradients(basis("softplus_conductance"), std::vector<double>{1e-9, 1e-9, 9.9, 9.9}, s, low, high));
}

TEST_CASE("the guess recovers the coefficients of exact data") {
    const Instance ten = basis("zerlaut", {{"gain", 2.0}});
    std::vector<double> points, lower(4, 1e9), upper(4, -1e9);
    for (const double mu : {-63., -59., -55., -51.})
        for (const double sigma : {2.5, 4., 6.})
            for (const double tau : {6., 10., 15.}) points.insert(points.end(), {mu, sigma, tau, tau / 20});
    for (std::size_t i = 0; i < points.size(); ++i) {
        lower[i % 4] = std::min(lower[i % 4], points[i]);
        upper[i % 4] = std::max(upper[i % 4], points[i]);
    }
    const std::vector<double> found = guess(ten, points, basis_rates(ten, points, P10, lower, upper), lower, upper);
    for (std::size_t k = 0; k < P10.size(); ++k) CHECK(found[k] == Approx(P10[k]).epsilon(1e-5).margin(1e-5));

    // The softplus's own guess tries a few softnesses: its rates are near the data.
    const Instance soft = basis("softplus_conductance");
    std::vector<double> s = cubic, plane;
    s.push_back(5.5);
    const std::vector<double> low = {0.5, 0}, high = {12, 9};
    for (int a = 0; a < 6; ++a)
        for (int b = 0; b < 5; ++b) plane.insert(plane.end(), {0.5 + 2.3 * a, 2.25 * b});
    const std::vector<double> F = basis_rates(soft, plane, s, low, high),
                              near = basis_rates(soft, plane, guess(soft, plane, F, low, high), low, high);
    for (std::size_t i = 0; i < F.size(); ++i) CHECK(near[i] == Approx(F[i]).margin(2.0));
}

TEST_CASE("ten terms are TVB's Zerlaut transfer function for its published cortical coefficients") {
    std::ifstream in(std::string(TEST_SHARED_FOLDER) + "/data/reference/zerlaut_adex_coefficients.json");
    if (!in) {
        WARN("skipped: no published coefficients at hand");
        return;
    }
    const auto json = nlohmann::json::parse(in);
    std::vector<double> P;
    for (const double v : json["regular_spiking"]) P.push_back(v * 1e3);
    // The formula of the file, written out, in V and s.
    const double mu = -0.0543, sigma = 0.0039, tau = 0.0121, C_m = 200e-12, g_L = 10e-9;
    const double m = (mu + 0.06) / 0.01, s = (sigma - 0.004) / 0.006, t = tau * g_L / C_m - 0.5;
    const double b[] = {1, m, s, t, m * m, s * s, t * t, m * s, m * t, s * t};
    double V = 0;
    for (std::size_t k = 0; k < 10; ++k) V += json["regular_spiking"][k].get<double>() * b[k];
    const double expected = 1 / (2 * tau) * std::erfc((V - mu) / (std::sqrt(2.0) * sigma));
    const double got =
        basis_rates(basis("zerlaut", {{"gain", 1.0}}),
                    std::vector<double>{mu * 1e3, sigma * 1e3, tau * 1e3, tau * g_L / C_m}, P, {}, {})[0];
    CHECK(got == Approx(expected).epsilon(1e-10));
}
