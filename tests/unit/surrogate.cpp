// SPDX-License-Identifier: Apache-2.0
#include "transfer/surrogate.hpp"

#include <mfm/random.hpp>

#include <catch2/catch.hpp>
#include <cmath>

using namespace mfm;

namespace {

double smooth(const Surrogate::Place& x) {
    return 10 + 40 * x[0] * x[0] - 15 * x[1] + 8 * std::sin(4 * x[0] * x[1]);
}
std::vector<Surrogate::Value> values(std::size_t n, double sd, double scatter = 0) {
    std::vector<Surrogate::Value> out;
    for (std::size_t i = 0; i < n; ++i) {
        RandomSequence random(3, 1, i);
        const Surrogate::Place at{random.uniform(), random.uniform()};
        out.push_back({at, smooth(at) + std::hypot(sd, scatter) * random.normal(), sd * sd});
    }
    return out;
}

} // namespace

TEST_CASE("the surrogate follows a smooth function through noisy values, and knows how well") {
    const Surrogate surrogate(values(60, 0.2));
    double square = 0, expected = 0, standard = 0;
    constexpr int n = 400;
    for (std::uint64_t i = 0; i < n; ++i) {
        RandomSequence random(4, 1, i);
        const Surrogate::Place at{random.uniform(), random.uniform()};
        const auto p = surrogate.at(at);
        const double error = p.mean - smooth(at);
        square += error * error / n;
        expected += p.variance / n;
        standard += error * error / p.variance / n;
    }
    CHECK(std::sqrt(square) < 0.25);
    CHECK(square / expected == Approx(1).margin(0.7));
    CHECK(standard == Approx(1).margin(0.7));
}

TEST_CASE("what places do not tell becomes scatter, not structure") {
    const Surrogate surrogate(values(120, 0.1, 2));
    CHECK(surrogate.parameters().scatter == Approx(2).epsilon(0.3));
    const Surrogate without(values(120, 2));
    CHECK(without.parameters().scatter < 0.8);
}

TEST_CASE("a value left out is judged as by a surrogate that never saw it") {
    const std::vector<Surrogate::Value> all = values(40, 0.3);
    const Surrogate surrogate(all);
    const auto left_out = surrogate.left_out();
    double square = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
        square += left_out[i].residual * left_out[i].residual / left_out[i].variance / 40;
    CHECK(square == Approx(1).margin(0.6));
    // With the parameters and the mean of all values, the difference is only that of the parameters' choice.
    for (const std::size_t i : {0ul, 7ul, 21ul}) {
        std::vector<Surrogate::Value> others = all;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        const auto p = Surrogate(others).at(all[i].at);
        CHECK(all[i].y - p.mean == Approx(left_out[i].residual).margin(0.3 * std::sqrt(left_out[i].variance)));
    }
}

TEST_CASE("posterior covariances say by how much another measurement narrows the function") {
    const std::vector<Surrogate::Value> all = values(20, 0.3, 0.5);
    const Surrogate surrogate(all);
    const std::vector<Surrogate::Place> targets = {{0.2, 0.7}, {0.9, 0.1}}, places = {{0.25, 0.7}};
    const auto [T, G] = surrogate.posterior(targets, places);
    REQUIRE(T.rows() == 2);
    REQUIRE(T.cols() == 21);
    const double scatter = surrogate.parameters().scatter * surrogate.parameters().scatter;
    CHECK(G(0, 0) == Approx(surrogate.at(places[0]).variance + scatter));
    // At a value itself, what is known of its own scatter counts.
    CHECK(G(3, 3) < all[2].variance);
    CHECK(G(3, 3) < surrogate.at(all[2].at).variance + scatter);
    // A measurement next to the target tells of it, one far away does not.
    CHECK(T(0, 0) > 0.5 * surrogate.at(targets[0]).variance);
    CHECK(std::abs(T(1, 0)) < 0.3 * T(0, 0));
    for (Eigen::Index j = 0; j < 21; ++j)
        for (Eigen::Index i = 0; i < 21; ++i) CHECK(G(i, j) == Approx(G(j, i)).margin(1e-6));
}
