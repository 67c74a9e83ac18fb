// SPDX-License-Identifier: Apache-2.0
// Optimizers by evolution, and fronts of several objectives.
#include <catch2/catch.hpp>

#include <mfm/pareto.hpp>

#include <cmath>

#include "numerics/optimizer_host.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

namespace {

/// A host's problem of several objectives, and the front that an optimizer finds.
struct FrontHost {
    std::function<void(const double* x, double* objective)> objectives;
    std::uint32_t n_objectives = 2, largest_batch = 0, evaluated = 0, stop_after = ~0u, calls = 0, capacity = 50;
    std::vector<double> initial, lower, upper;
    std::uint64_t seed = 1;
    double undefined_above = std::numeric_limits<double>::infinity();

    std::vector<double> x, objective;
    mfm_front front{};

    static mfm_status call(void* self, std::uint32_t n, const double* x, double* objective, std::uint8_t* defined,
                           mfm_error*) noexcept {
        auto& it = *static_cast<FrontHost*>(self);
        const std::size_t m = it.initial.size();
        it.largest_batch = std::max(it.largest_batch, n);
        it.evaluated += n;
        for (std::uint32_t i = 0; i < n; ++i) {
            defined[i] = x[i * m] > it.undefined_above ? 0 : 1;
            if (defined[i] != 0) it.objectives(x + i * m, objective + i * it.n_objectives);
        }
        return MFM_OK;
    }
    static std::int32_t progress(void* self, std::uint32_t, std::uint32_t, const double*) noexcept {
        auto& it = *static_cast<FrontHost*>(self);
        return ++it.calls >= it.stop_after ? 1 : 0;
    }
    mfm_status solve(const Instance& optimizer, mfm_error& error) {
        const std::size_t m = initial.size();
        const std::vector<double> scale(m, 1.0);
        mfm_objectives p{};
        p.size = sizeof p;
        p.n_parameters = static_cast<std::uint32_t>(m);
        p.n_objectives = n_objectives;
        p.seed = seed;
        p.initial = initial.data();
        p.lower = lower.data();
        p.upper = upper.data();
        p.scale = scale.data();
        p.self = this;
        p.evaluate = &call;
        p.progress = &progress;
        x.assign(capacity * m, 0.0);
        objective.assign(capacity * n_objectives, 0.0);
        front = {};
        front.size = sizeof front;
        front.capacity = capacity;
        front.x = x.data();
        front.objective = objective.data();
        return optimizer.table<mfm_pareto_v1>(MFM_PARETO_ID).solve(optimizer.self(), &p, &front, &error);
    }
    void solve(const Instance& optimizer) {
        mfm_error error = empty_error();
        const mfm_status status = solve(optimizer, error);
        INFO(error.message);
        REQUIRE(status == MFM_OK);
    }
};
/// Schaffer's problem (1985): x^2 and (x - 2)^2; the front is 0 <= x <= 2, where sqrt f1 + sqrt f2 = 2.  The second
/// parameter only does harm.
FrontHost schaffer() {
    FrontHost h;
    h.objectives = [](const double* x, double* f) {
        f[0] = x[0] * x[0] + x[1] * x[1];
        f[1] = (x[0] - 2) * (x[0] - 2) + x[1] * x[1];
    };
    h.initial = {8, 3};
    h.lower = {-10, -10};
    h.upper = {10, 10};
    return h;
}
Instance evolution(const Values& values) {
    return instance("pagmo", MFM_OPTIMIZER_ID, values);
}
const std::vector<std::string> of_one_cost{"cmaes", "de", "sade", "de1220"}, of_several{"nsga2", "moead"};

} // namespace

TEST_CASE(
    "every evolution of one cost finds the deeper of two valleys, says that it has converged, and is within budget") {
    for (const std::string& algorithm : of_one_cost) {
        Host h = two_valleys();
        // A small population of cmaes with short steps is a local search.
        Values values{{"algorithm", algorithm}, {"max_evaluations", 8000.0}};
        if (algorithm == "cmaes") values.insert({{"population", 30.0}, {"initial_step", 0.5}});
        h.solve(evolution(values));
        INFO(algorithm << ": " << h.solution.message << ", " << h.solution.evaluations << " evaluations");
        CHECK(h.solution.outcome == MFM_CONVERGED);
        CHECK(h.x[0] == Approx(2).margin(1e-3));
        CHECK(h.x[1] == Approx(1).margin(1e-3));
        CHECK(h.solution.evaluations <= 8001); // and the start
    }
}

TEST_CASE("equal seeds give equal results with one island and with several on threads, and other seeds others") {
    for (const std::string& algorithm : of_one_cost)
        for (const double islands : {1.0, 3.0}) {
            const Values values{{"algorithm", algorithm}, {"islands", islands}, {"max_evaluations", 600.0}};
            Host a = rosenbrock(), b = rosenbrock(), c = rosenbrock();
            for (Host* h : {&a, &b, &c}) {
                h->lower = {-3, -3};
                h->upper = {3, 3};
            }
            c.seed = 2;
            a.solve(evolution(values));
            b.solve(evolution(values));
            c.solve(evolution(values));
            INFO(algorithm << " on " << islands << " islands");
            CHECK(a.x == b.x);
            CHECK(a.solution.evaluations == b.solution.evaluations);
            CHECK(a.x != c.x);
            CHECK(a.solution.cost < a.solution.initial_cost);
        }
}

TEST_CASE("islands hand their points over together") {
    Host one = two_valleys(), four = two_valleys();
    const Values values{{"algorithm", std::string("de")}, {"population", 8.0}, {"max_evaluations", 400.0}};
    one.solve(evolution(values));
    Values more = values;
    more["islands"] = 4.0;
    four.solve(evolution(more));
    CHECK(one.largest_batch == 8);   // the first population
    CHECK(four.largest_batch == 32); // those of four islands
}

TEST_CASE(
    "evolution moves a start into its bounds, keeps a parameter between equal bounds, and avoids what is not defined") {
    Host h = rosenbrock();
    h.initial = {5, 7};
    h.lower = {0.25, -2};
    h.upper = {0.25, 2};
    h.solve(evolution({}));
    CHECK(h.x[0] == 0.25);
    CHECK(h.x[1] == Approx(0.0625).margin(1e-3));
    Host part = rosenbrock();
    part.lower = {-2, -2};
    part.upper = {2, 2};
    part.undefined_above = 0.5;
    part.solve(evolution({{"max_evaluations", 4000.0}}));
    CHECK(part.x[0] <= 0.5);
    CHECK(part.x[0] == Approx(0.5).margin(0.01));
    part.undefined_above = -3;
    mfm_error error = empty_error();
    CHECK(part.solve(evolution({}), error) == MFM_INFEASIBLE);
    CHECK_THAT(error.message, Contains("not defined at its start"));
}

TEST_CASE("a budget that is too small and a best point at the end of the box are said") {
    Host h = rosenbrock();
    h.lower = {-3, -3};
    h.upper = {3, 3};
    h.solve(evolution({{"max_evaluations", 50.0}}));
    CHECK(h.solution.outcome == MFM_BUDGET);
    CHECK_THAT(h.solution.message, Contains("not converged after"));
    CHECK(h.solution.cost <= h.solution.initial_cost);
    Host far = rosenbrock(); // without bounds; the scale of a parameter is its start
    far.solve(evolution({{"reach", 0.5}, {"max_evaluations", 3000.0}}));
    CHECK_THAT(far.solution.message, Contains("the best point is at the end of the box: raise reach"));
}

TEST_CASE("the host stops an evolution between two calls") {
    for (const double islands : {1.0, 3.0}) {
        Host h = two_valleys();
        h.stop_after = 3;
        h.solve(evolution({{"islands", islands}}));
        CHECK(h.solution.outcome == MFM_STOPPED);
        CHECK(h.calls == 3);
        FrontHost f = schaffer();
        f.stop_after = 3;
        f.solve(evolution({{"islands", islands}}));
        CHECK(f.front.outcome == MFM_STOPPED);
        CHECK(f.calls == 3);
    }
}

TEST_CASE("a host that gives up ends the search, on islands too") {
    for (const double islands : {1.0, 3.0}) {
        Host h = two_valleys();
        int left = 40;
        h.residuals = [&left](const double*, double* r) {
            if (--left < 0) throw std::runtime_error("enough");
            r[0] = r[1] = r[2] = left;
        };
        struct Stern {
            static mfm_status call(void* self, std::uint32_t n, const double* x, double* residual, double* jacobian,
                                   mfm_error* error) noexcept {
                try {
                    auto& it = *static_cast<Host*>(self);
                    for (std::uint32_t i = 0; i < n; ++i) it.residuals(x + 2 * i, residual + 3 * i);
                    return jacobian == nullptr ? MFM_OK : MFM_ERROR;
                } catch (const std::exception& e) {
                    std::snprintf(error->message, sizeof error->message, "%s", e.what());
                    return MFM_ERROR;
                }
            }
        };
        mfm_problem p{};
        p.size = sizeof p;
        p.n_parameters = 2;
        p.n_residuals = 3;
        p.initial = h.initial.data();
        p.lower = h.lower.data();
        p.upper = h.upper.data();
        p.self = &h;
        p.residuals = &Stern::call;
        mfm_solution solution{};
        solution.size = sizeof solution;
        std::vector<double> x(2);
        solution.x = x.data();
        mfm_error error = empty_error();
        const Instance optimizer = evolution({{"islands", islands}});
        CHECK(optimizer.table<mfm_optimizer_v1>(MFM_OPTIMIZER_ID).solve(optimizer.self(), &p, &solution, &error) ==
              MFM_ERROR);
        CHECK_THAT(error.message, Contains("the residuals could not be computed: enough"));
    }
}

TEST_CASE("a front of two objectives is the known one, none of its points dominates another, and they are in order") {
    for (const std::string& algorithm : of_several)
        for (const double islands : {1.0, 2.0}) {
            FrontHost h = schaffer();
            h.solve(evolution({{"algorithm", algorithm}, {"islands", islands}, {"max_evaluations", 4000.0}}));
            INFO(algorithm << " on " << islands << " islands: " << h.front.message);
            REQUIRE(h.front.count == 50);
            CHECK(h.evaluated <= 4001); // and the start
            CHECK(h.front.evaluations == h.evaluated);
            CHECK(h.front.outcome == MFM_BUDGET);
            CHECK_THAT(h.front.message, Contains("evolution cannot tell whether more would move it"));
            const double* f = h.front.objective;
            double widest = 0;
            for (std::uint32_t i = 0; i < h.front.count; ++i) {
                CHECK(std::sqrt(f[2 * i]) + std::sqrt(f[2 * i + 1]) == Approx(2).margin(0.05));
                if (i == 0) continue;
                CHECK(f[2 * i] > f[2 * i - 2]);
                CHECK(f[2 * i + 1] < f[2 * i - 1]);
                widest = std::max(widest, std::sqrt(f[2 * i]) - std::sqrt(f[2 * i - 2]));
            }
            CHECK(widest < 0.3); // in x: no gap
            CHECK(f[0] < 0.05);
            CHECK(f[2 * h.front.count - 1] < 0.05);
        }
}

TEST_CASE("fronts are the same for equal seeds, and whole generations are handed over at once by nsga2") {
    for (const std::string& algorithm : of_several)
        for (const double islands : {1.0, 3.0}) {
            const Values values{{"algorithm", algorithm}, {"islands", islands}, {"max_evaluations", 800.0}};
            FrontHost a = schaffer(), b = schaffer(), c = schaffer();
            c.seed = 7;
            a.solve(evolution(values));
            b.solve(evolution(values));
            c.solve(evolution(values));
            CHECK(a.x == b.x);
            CHECK(a.objective == b.objective);
            CHECK(a.x != c.x);
        }
    FrontHost h = schaffer();
    h.solve(evolution({{"population", 24.0}, {"max_evaluations", 400.0}}));
    CHECK(h.largest_batch == 24);
}

TEST_CASE("a front avoids what is not defined, and refuses bounds that are not finite") {
    FrontHost h = schaffer();
    h.initial = {-1, 0};
    h.undefined_above = 1;
    h.solve(evolution({{"max_evaluations", 3000.0}}));
    for (std::uint32_t i = 0; i < h.front.count; ++i) CHECK(h.x[2 * i] <= 1);
    h.upper[0] = std::numeric_limits<double>::infinity();
    mfm_error error = empty_error();
    CHECK(h.solve(evolution({}), error) == MFM_ERROR);
    CHECK_THAT(error.message, Contains("parameter 0 needs finite bounds"));
}

TEST_CASE(
    "an algorithm that does not suit the number of objectives is refused, and so is a population that it cannot have") {
    Host h = two_valleys();
    mfm_error error = empty_error();
    CHECK(h.solve(evolution({{"algorithm", std::string("nsga2")}}), error) == MFM_INFEASIBLE);
    CHECK_THAT(error.message, Contains("algorithm 'nsga2' is for several objectives, and there is one cost"));
    FrontHost f = schaffer();
    CHECK(f.solve(evolution({{"algorithm", std::string("cmaes")}}), error) == MFM_INFEASIBLE);
    CHECK_THAT(error.message, Contains("algorithm 'cmaes' is for one cost, and there are several objectives"));
    CHECK_THROWS_WITH(evolution({{"algorithm", std::string("nsga2")}, {"population", 10.0}}),
                      Contains("nsga2 needs a population of a multiple of 4, at least 8"));
    CHECK_THROWS_WITH(evolution({{"population", 3.0}}), Contains("a population needs at least 8 points"));
    CHECK_THROWS_WITH(evolution({{"algorithm", std::string("moead")}, {"loss", std::string("huber")}}),
                      Contains("algorithm 'moead' has several objectives and takes no loss"));
}

TEST_CASE("a front keeps what nothing dominates, and is thinned where it is crowded") {
    Front front;
    const auto add = [&](double x, double a, double b) {
        const std::vector<double> at{x}, value{a, b};
        front.add(at, value);
    };
    add(0, 4, 0);
    add(1, 2, 2);
    add(2, 3, 3); // dominated
    add(3, 2, 2); // equal to one that is there
    add(4, 0, 4);
    add(5, 2.1, 1.9);
    REQUIRE(front.points().size() == 4);
    const auto kept = front.thinned(3);
    REQUIRE(kept.size() == 3);
    CHECK(kept.front().x[0] == 4);
    CHECK(kept.back().x[0] == 0);
    add(6, 1, 1); // dominates the two in the middle
    CHECK(front.points().size() == 3);
}
