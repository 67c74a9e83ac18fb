// SPDX-License-Identifier: Apache-2.0
// [tune] by evolution: one cost, and the front of several objectives.
#include <catch2/catch.hpp>

#include "tune/report.hpp"
#include "tune/search.hpp"
#include "unit/tune_fixture.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

TEST_CASE("weights that were changed are found again by evolution") {
    Set set(two_weights);
    const std::vector<double> truth{1.2, -320};
    set.make_data(truth);
    const TuneSolution s =
        solve_together(set.model(), set.target(), set.start(), 1200, instance("pagmo", MFM_OPTIMIZER_ID), set.silent);
    INFO(s.message << ", " << s.evaluations << " evaluations, cost " << s.cost);
    CHECK(s.x[0] == Approx(truth[0]).epsilon(1e-3));
    CHECK(s.x[1] == Approx(truth[1]).epsilon(1e-2));
    CHECK(s.evaluations <= 1200);
}

TEST_CASE("of two data that one rate cannot both show, the front is every compromise: what one gains the other loses") {
    const std::string conflict = R"(
[tune]
optimizer = "pagmo"
objectives = "separate"
[tune.parameter.input]
path = "projection.input_to_*.weight"
how = "scale"
lower = 0.7
upper = 1.6
[tune.objective.low]
kind = "rate"
population = "excitatory"
stimulation = "level"
at = "40 Hz"
target = "30 Hz"
sd = "1 Hz"
[tune.objective.high]
kind = "rate"
population = "excitatory"
stimulation = "level"
at = "40 Hz"
target = "40 Hz"
sd = "1 Hz"
)";
    Set set(conflict);
    const TunedModel model = set.model();
    const double least = model.values(std::vector<double>{0.7})[0], most = model.values(std::vector<double>{1.6})[0];
    REQUIRE(least < 30);
    REQUIRE(most > 40);
    TuneOutcome o;
    o.front = solve_front(model, 800, instance("pagmo", MFM_OPTIMIZER_ID), set.silent);
    const TuneFront& front = *o.front;
    CHECK(front.evaluations <= 800);
    REQUIRE(front.points.size() > 20);
    for (const FrontPoint& p : front.points) {
        CHECK(p.value[0] >= 29.9); // the ends are as near as a search comes
        CHECK(p.value[0] <= 40.1);
        CHECK(p.objective[0] + p.objective[1] == Approx(10).margin(0.2));
        CHECK(p.value[0] == Approx(model.values(p.x)[0]).epsilon(1e-9));
    }
    CHECK(front.points.front().objective[0] < 0.5); // by increasing first objective: it reaches both ends
    CHECK(front.points.back().objective[1] < 0.5);
    CHECK(front.points[front.nearest].objective[0] == Approx(5).margin(0.5)); // the middle of a straight front

    DocumentNode base = set.document;
    std::erase_if(base.entries, [](const DocumentEntry& e) { return e.key == "tune"; });
    static_cast<void>(write_tune(set.folder / "tune", "two", set.folder / "circuit.toml", model, base, o));
    for (const char* file : {"tune.txt", "tune.json", "front.csv", "tuned_knee.toml"})
        CHECK(fs::exists(set.folder / "tune" / file));
    const PipelineConfig tuned = load_pipeline(set.folder / "tune/tuned.toml", plugins());
    CHECK(tuned.projections[0].weight.mean == Approx(160 * front.points[front.nearest].x[0]).epsilon(1e-9));
}
