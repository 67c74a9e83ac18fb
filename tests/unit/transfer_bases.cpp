// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

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
    const mfm_field *const *in = nullptr, *const *co = nullptr;
    mfm_error error = empty_error();
    REQUIRE(it.table<mfm_transfer_v1>(MFM_TRANSFER_ID).shape(it.self(), &in, &co, &error) == MFM_OK);
    std::pair<std::vector<std::string>, std::vector<std::string>> names;
    for (const mfm_field* f : fields_of_list(in)) names.first.emplace_back(f->name);
    for (const mfm_field* f : fields_of_list(co)) names.second.emplace_back(f->name);
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
