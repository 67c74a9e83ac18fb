// SPDX-License-Identifier: Apache-2.0
// A mean field that is advanced step by step, as one node of a larger model, against one long integration.
#include <catch2/catch.hpp>

#include <cmath>

#include "meanfield/evolution.hpp"
#include "meanfield/fixed_points.hpp"
#include "meanfield/integrate.hpp"
#include "meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

Silent silent;

/// Excitation and delayed inhibition with adaptation, and an input that reaches both after different delays.
struct Loop : Circuit {
    std::size_t input, e, i;
    explicit Loop(MeanFieldConfig::Dynamics dynamics = MeanFieldConfig::Dynamics::Synaptic) {
        config.dynamics = dynamics;
        config.order = 2;
        input = external("input");
        e = internal("e", std::make_shared<Softplus>(2, std::vector<double>{1.0, -0.6}, 0.05), 0.02, 50);
        i = internal("i", std::make_shared<Softplus>(1, std::vector<double>{0.5, 0.8}));
        pathway(input, e, receptor(MFM_RECEPTOR_ALPHA, 2), 2, 1.3);
        pathway(i, e, receptor(MFM_RECEPTOR_ALPHA, 5), 1, 2.5);
        pathway(input, i, receptor(MFM_RECEPTOR_EXPONENTIAL, 3), 1, 0.4);
        pathway(e, i, receptor(MFM_RECEPTOR_EXPONENTIAL, 4), 1, 1.5);
    }
};

double rough_input(int step) {
    return 20 + 15 * std::sin(0.7 * step) + (step % 40 < 10 ? 10 : 0);
}

constexpr double dt = 0.5;
constexpr int steps = 400;

std::vector<double> rest(const MeanFieldModel& model, double input) {
    return resting_point(fixed_points(model, std::vector<double>{input})).rate_hz;
}

/// The same input in one piece: held from step to step.
RateCourse held_input() {
    RateCourse course = RateCourse::constant(rough_input(0));
    for (int k = 1; k < steps; ++k) course.knot(dt * k, rough_input(k - 1)).knot(dt * k, rough_input(k));
    return course;
}

} // namespace

TEST_CASE("steps with held inputs, one after the other, are one long integration") {
    using Dynamics = MeanFieldConfig::Dynamics;
    const Dynamics dynamics = GENERATE(Dynamics::Synaptic, Dynamics::Rate, Dynamics::MasterEquation);
    Loop loop(dynamics);
    const MeanFieldModel model = loop.model();
    const std::vector<double> start = rest(model, rough_input(0));
    const Trajectory whole = integrate(model, {held_input()}, dt * steps, dt, silent, start);
    Evolution evolution(model, constant_course(std::vector<double>{rough_input(0)}), start);
    double difference = 0, lowest = 1e9, highest = 0;
    for (int k = 0; k < steps; ++k) {
        evolution.hold(std::vector<double>{rough_input(k)});
        evolution.advance(dt * (k + 1));
        CHECK(evolution.time() == dt * (k + 1));
        for (const std::size_t p : {loop.e, loop.i}) {
            const double rate = evolution.rate(p, evolution.state(), evolution.time());
            const double expected = whole.rate_hz[p][static_cast<std::size_t>(k) + 1];
            difference = std::max(difference, std::abs(rate - expected) / expected);
            if (p == loop.e) lowest = std::min(lowest, rate), highest = std::max(highest, rate);
        }
    }
    CHECK(highest > 1.5 * lowest);                    // the input is followed
    CHECK(difference < 3e-5);                         // tolerances are 1e-6 a step
    CHECK(evolution.course()[0].knots().size() < 20); // the past is forgotten
}

TEST_CASE("a course that is given in pieces is the course") {
    Loop loop;
    const MeanFieldModel model = loop.model();
    std::vector<double> samples;
    for (int k = 0; k <= steps; ++k) samples.push_back(rough_input(k));
    const std::vector<double> start = rest(model, samples[0]);
    const Trajectory whole = integrate(model, {RateCourse::samples(0, dt, samples)}, dt * steps, dt, silent, start);
    Evolution evolution(model, constant_course(std::vector<double>{samples[0]}), start);
    double difference = 0;
    for (int k = 0; k < steps; ++k) {
        RateCourse line;
        if (k == 0) line.knot(0, samples[0]);
        evolution.extend({line.knot(dt * (k + 1), samples[static_cast<std::size_t>(k) + 1])});
        evolution.advance(dt * (k + 1));
        const double expected = whole.rate_hz[loop.e][static_cast<std::size_t>(k) + 1];
        difference =
            std::max(difference, std::abs(evolution.state()[evolution.dynamics().rate_index(loop.e)] - expected));
    }
    CHECK(difference < 1e-3);
}

TEST_CASE("a copy goes on from the same state and past, and by itself") {
    Loop loop;
    const MeanFieldModel model = loop.model();
    Evolution evolution(model, constant_course(std::vector<double>{20}), rest(model, 20));
    evolution.hold(std::vector<double>{60}); // under way in the delays when it is copied
    evolution.advance(1);
    Evolution first(evolution), second(evolution);
    CHECK(first.time() == 1);
    const auto rate = [&](Evolution& of) { return of.rate(loop.e, of.state(), of.time()); };
    CHECK(rate(first) == rate(evolution));
    for (Evolution* each : {&evolution, &first, &second}) each->advance(12);
    CHECK(rate(first) == Approx(rate(evolution)).epsilon(1e-5));
    CHECK(rate(first) > 1.2 * rest(model, 20)[loop.e]);
    CHECK(rate(second) == rate(first)); // every bit
    first.hold(std::vector<double>{0});
    first.advance(30);
    second.advance(30);
    CHECK(rate(first) < 0.5 * rate(second));
}

TEST_CASE("an evolution does not go back, and takes as many courses as there are external populations") {
    Loop loop;
    const MeanFieldModel model = loop.model();
    Evolution evolution(model, constant_course(std::vector<double>{20}), rest(model, 20));
    evolution.advance(5);
    CHECK_THROWS_WITH(evolution.extend({RateCourse().knot(3, 10)}), Catch::Contains("cannot go back"));
    CHECK_THROWS_WITH(evolution.hold(std::vector<double>{1, 2}), Catch::Contains("1 external") && Catch::Contains("2"));
    CHECK_THROWS_WITH(evolution.hold(std::vector<double>{-1}), Catch::Contains("not negative"));
    evolution.advance(6); // is as it was
}
