// SPDX-License-Identifier: Apache-2.0
// Nonlinear regression problems with certified solutions: NIST Statistical Reference Datasets,
// https://www.itl.nist.gov/div898/strd.
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <limits>

#include "numerics/optimizer_host.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

namespace {

struct Regression {
    std::vector<double> x, y;
    std::function<double(double, const double*)> model;
    std::vector<std::vector<double>> starts;
    std::vector<double> certified;
    double sum_of_squares;
};

Regression misra1a() {
    return {{77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0},
            {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78},
            [](double x, const double* b) { return b[0] * (1 - std::exp(-b[1] * x)); },
            {{500, 1e-4}, {250, 5e-4}},
            {2.3894212918e2, 5.5015643181e-4},
            1.2455138894e-1};
}
Regression thurber() {
    return {{-3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322, -1.501,
             -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545, -0.400, -0.309, -0.109, -0.103,
             0.010,  0.119,  0.377,  0.790,  0.963,  1.006,  1.115,  1.572,  1.841,  2.047,  2.200},
            {80.574,   84.248,   87.264,   87.195,   89.076,   89.608,   89.868,   90.101,   92.405,   95.854,
             100.696,  101.060,  401.672,  390.724,  567.534,  635.316,  733.054,  759.087,  894.206,  990.785,
             1090.109, 1080.914, 1122.643, 1178.351, 1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509,
             1425.208, 1421.384, 1442.962, 1464.350, 1468.705, 1447.894, 1457.628},
            [](double x, const double* b) {
                return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1 + x * (b[4] + x * (b[5] + x * b[6])));
            },
            {{1000, 1000, 400, 40, 0.7, 0.3, 0.03}, {1300, 1500, 500, 75, 1, 0.4, 0.05}},
            {1.2881396800e3, 1.4910792535e3, 5.8323836877e2, 7.5416644291e1, 9.6629502864e-1, 3.9797285797e-1,
             4.9727297349e-2},
            5.6427082397e3};
}

Host host(const Regression& r, std::size_t start) {
    Host h;
    h.residuals = [&r](const double* b, double* residual) {
        for (std::size_t i = 0; i < r.x.size(); ++i) residual[i] = r.model(r.x[i], b) - r.y[i];
    };
    h.n_residuals = static_cast<std::uint32_t>(r.x.size());
    h.initial = r.starts[start];
    return h;
}
} // namespace

TEST_CASE("Levenberg-Marquardt reaches the certified values of Misra1a and Thurber from both of NIST's starts, dogleg "
          "from the nearer") {
    for (const std::string method : {"levenberg_marquardt", "dogleg"})
        for (const Regression& r : {misra1a(), thurber()})
            for (const std::size_t start : {0u, 1u}) {
                if (method == "dogleg" && start == 0) continue; // it ends in another valley of Thurber
                Host h = host(r, start);
                h.solve(optimizer("ceres", {{"method", method}, {"max_iterations", 1000.0}}));
                INFO(method << " from start " << start << ": " << h.solution.message);
                CHECK(h.solution.outcome == MFM_CONVERGED);
                CHECK(2 * h.solution.cost == Approx(r.sum_of_squares).epsilon(1e-9));
                for (std::size_t k = 0; k < r.certified.size(); ++k)
                    CHECK(h.x[k] == Approx(r.certified[k]).epsilon(1e-6));
            }
}

TEST_CASE("every method of nlopt reaches the certified sum of squares of Misra1a from the nearer start") {
    const Regression r = misra1a();
    for (const std::string algorithm :
         {"nelder_mead", "sbplx", "bobyqa", "cobyla", "newuoa_bound", "praxis", "lbfgs", "slsqp", "mma", "tnewton"}) {
        Host h = host(r, 1);
        // newuoa_bound rests on bounds that are finite.
        h.lower = {1, 1e-5};
        h.upper = {1000, 1e-2};
        h.solve(optimizer("nlopt", {{"algorithm", algorithm},
                                    {"function_tolerance", 1e-15},
                                    {"parameter_tolerance", 1e-10},
                                    {"max_evaluations", 200000.0}}));
        INFO(algorithm << ": " << h.solution.message << ", " << h.solution.evaluations << " evaluations");
        // A curved valley: methods that see the cost only stop where rounding hides its floor.
        CHECK(2 * h.solution.cost == Approx(r.sum_of_squares).epsilon(1e-4));
        CHECK(h.solution.cost <= h.solution.initial_cost);
    }
}

TEST_CASE(
    "a local search stays in its valley; from many starts, and by dividing rectangles, nlopt finds the deeper one") {
    Host local = two_valleys(), many = two_valleys(), direct = two_valleys();
    local.solve(optimizer("nlopt"));
    CHECK(local.x[0] == Approx(-1.9).margin(0.1));
    many.solve(
        optimizer("nlopt", {{"algorithm", std::string("bobyqa")}, {"starts", 8.0}, {"max_evaluations", 1000.0}}));
    INFO(many.solution.message);
    CHECK(many.x[0] == Approx(2).epsilon(1e-6));
    CHECK(many.solution.outcome == MFM_CONVERGED);
    CHECK_THAT(many.solution.message, Contains("best of 8 starts"));
    for (const std::string algorithm : {"direct", "direct_l"}) {
        direct.solve(optimizer("nlopt", {{"algorithm", algorithm}, {"max_evaluations", 600.0}}));
        INFO(algorithm << ": " << direct.solution.message);
        CHECK(direct.x[0] == Approx(2).margin(0.05));
        CHECK(direct.solution.evaluations <= 601); // and the start
    }
}

TEST_CASE("the budget of nlopt is that of all starts together") {
    Host h = rosenbrock();
    h.lower = {-3, -3};
    h.upper = {3, 3};
    h.solve(optimizer("nlopt", {{"starts", 5.0}, {"max_evaluations", 100.0}}));
    CHECK(h.solution.evaluations <= 101); // and the start
    CHECK(h.solution.outcome == MFM_BUDGET);
}

TEST_CASE("a search of the whole box needs one, and takes no starts") {
    Host h = rosenbrock();
    mfm_error error = empty_error();
    CHECK(h.solve(optimizer("nlopt", {{"algorithm", std::string("direct")}}), error) == MFM_INFEASIBLE);
    CHECK_THAT(error.message, Contains("algorithm 'direct' needs finite bounds, and parameter 0 has an infinite one"));
    CHECK(h.solve(optimizer("nlopt", {{"starts", 3.0}}), error) == MFM_INFEASIBLE);
    CHECK_THAT(error.message, Contains("starts need finite bounds"));
    CHECK_THROWS_WITH(optimizer("nlopt", {{"algorithm", std::string("direct")}, {"starts", 3.0}}),
                      Contains("algorithm 'direct' searches everywhere and has no starts; leave starts out"));
}

TEST_CASE("bounds hold: the best point of a problem whose optimum lies outside is on the bound") {
    for (const auto& [id, values] :
         std::vector<std::pair<std::string, Values>>{{"ceres", {}},
                                                     {"ceres", {{"method", std::string("dogleg")}}},
                                                     {"nlopt", {}},
                                                     {"nlopt", {{"algorithm", std::string("bobyqa")}}},
                                                     {"nlopt", {{"algorithm", std::string("slsqp")}}}}) {
        Host h = rosenbrock();
        h.lower = {-2, -2};
        h.upper = {0.5, 2};
        h.solve(optimizer(id, values));
        INFO(id);
        CHECK(h.x[0] <= 0.5);
        CHECK(h.x[0] == Approx(0.5).epsilon(1e-4));
        CHECK(h.x[1] == Approx(0.25).epsilon(1e-3));
    }
}

TEST_CASE("a start outside the bounds is moved inside, and a parameter between equal bounds stays") {
    for (const std::string id : {"ceres", "nlopt"}) {
        Host h = rosenbrock();
        h.initial = {5, 7};
        h.lower = {0.25, -2};
        h.upper = {0.25, 2};
        h.solve(optimizer(id));
        CHECK(h.x[0] == 0.25);
        CHECK(h.x[1] == Approx(0.0625).epsilon(1e-4));
    }
}

TEST_CASE("a budget that is too small is said, and the point is no worse than the start") {
    Host lm = rosenbrock();
    lm.solve(optimizer("ceres", {{"max_iterations", 3.0}}));
    CHECK(lm.solution.outcome == MFM_BUDGET);
    CHECK_THAT(lm.solution.message, Contains("not converged"));
    CHECK(lm.solution.cost <= lm.solution.initial_cost);
    Host simplex = rosenbrock();
    simplex.solve(optimizer("nlopt", {{"max_evaluations", 20.0}}));
    CHECK(simplex.solution.outcome == MFM_BUDGET);
    CHECK_THAT(simplex.solution.message, Contains("not converged after"));
    CHECK(simplex.solution.cost < simplex.solution.initial_cost);
}

TEST_CASE("the host stops an optimizer between its steps") {
    for (const std::string id : {"ceres", "nlopt"}) {
        Host h = rosenbrock();
        h.stop_after = 3;
        h.solve(optimizer(id));
        CHECK(h.solution.outcome == MFM_STOPPED);
        CHECK(h.calls == 3);
        CHECK(h.solution.cost <= h.solution.initial_cost);
    }
}

TEST_CASE("regions where the problem is not defined are avoided, and a start in one is refused with a sentence") {
    for (const std::string id : {"ceres", "nlopt"}) {
        Host h = rosenbrock();
        h.undefined_above = 0.9;
        h.solve(optimizer(id));
        CHECK(h.x[0] <= 0.9);
        CHECK(h.solution.cost < h.solution.initial_cost);
        h.undefined_above = -3;
        mfm_error error = empty_error();
        CHECK(h.solve(optimizer(id), error) == MFM_INFEASIBLE);
        CHECK_THAT(error.message, Contains("not defined at its start"));
    }
}

TEST_CASE("a robust loss ignores an outlier that drags least squares away") {
    const auto line = [] {
        Host h;
        h.residuals = [](const double* x, double* r) {
            for (int i = 0; i < 20; ++i)
                r[i] = x[0] + x[1] * i - (2 + 0.5 * i + (i == 7 ? 40 : 0) + 0.01 * (i % 3 - 1));
        };
        h.n_residuals = 20;
        h.initial = {0.1, 0.1};
        return h;
    };
    Host square = line(), huber = line(), cauchy = line();
    square.solve(optimizer("ceres"));
    huber.solve(optimizer("ceres", {{"loss", std::string("huber")}, {"loss_scale", 0.1}}));
    cauchy.solve(optimizer("ceres", {{"loss", std::string("cauchy")}, {"loss_scale", 0.1}}));
    CHECK(std::abs(square.x[0] - 2) > 1);
    CHECK(huber.x[0] == Approx(2).margin(0.05));
    CHECK(huber.x[1] == Approx(0.5).margin(0.01));
    CHECK(cauchy.x[0] == Approx(2).margin(0.02));
    Host same = line();
    same.solve(optimizer("nlopt", {{"algorithm", std::string("lbfgs")},
                                   {"loss", std::string("huber")},
                                   {"loss_scale", 0.1},
                                   {"parameter_tolerance", 1e-12}}));
    CHECK(same.solution.cost == Approx(huber.solution.cost).epsilon(1e-6));
}
