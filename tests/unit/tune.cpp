// SPDX-License-Identifier: Apache-2.0
// [tune]: a model with known numbers is found again from its own rates; gradients, what data see, fronts, the file that
// comes out.
#include <catch2/catch.hpp>

#include <cmath>

#include "tune/identify.hpp"
#include "tune/report.hpp"
#include "tune/search.hpp"
#include "unit/tune_fixture.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

TEST_CASE("weights that were changed are found again from the rates and the slope that they give, by every family") {
    Set set(two_weights);
    const std::vector<double> truth{1.2, -320};
    set.make_data(truth);
    const TunedModel model = set.model();
    for (const auto& [id, values, precision] :
         std::vector<std::tuple<std::string, Values, double>>{{"ceres", {}, 1e-4},
                                                              {"nlopt", {{"algorithm", std::string("bobyqa")}}, 1e-2},
                                                              {"nlopt", {{"algorithm", std::string("lbfgs")}}, 1e-2}}) {
        const TuneSolution s =
            solve_together(model, set.target(), set.start(), 300, instance(id, MFM_OPTIMIZER_ID, values), set.silent);
        INFO(id << ": " << s.message << ", " << s.evaluations << " evaluations, cost " << s.cost);
        CHECK(s.x[0] == Approx(truth[0]).epsilon(precision));
        CHECK(s.x[1] == Approx(truth[1]).epsilon(precision));
        CHECK(s.cost < 1e-3 * s.start_cost);
        CHECK(s.evaluations <= 300);
    }
}

TEST_CASE("implicit slopes of fixed points are the differences of fixed points, with fewer models") {
    Set set(two_weights);
    std::vector<double> implicit, differences;
    std::uint32_t models = 0, more = 0;
    const std::vector<double> x{1.1, -250};
    const TunedModel model = set.model();
    REQUIRE(model.is_implicit());
    const std::vector<double> value = model.slopes(x, implicit, models);
    set.tune.differences = true;
    const std::vector<double> same = set.model().slopes(x, differences, more);
    CHECK(models == 3);
    CHECK(more == 5);
    for (std::size_t t = 0; t < value.size(); ++t) CHECK(value[t] == Approx(same[t]).epsilon(1e-9));
    for (std::size_t k = 0; k < implicit.size(); ++k) CHECK(implicit[k] == Approx(differences[k]).epsilon(1e-4));
}

TEST_CASE("weights take the quick way, and it leads where building and reducing the network again does") {
    Set set(two_weights);
    const TunedModel model = set.model();
    const std::vector<double> x{1.3, -400};
    CHECK_FALSE(model.is_rough(0));
    const std::vector<double> quick = model.values(x);
    // The same circuit as a file of its own.
    Set other(two_weights);
    other.document = model.document_at(x);
    other.config = read_pipeline(other.document, set.folder / "circuit.toml", plugins());
    other.base = derive_fits(other.config, other.folder / "again", other.silent);
    other.tune.parameters[0].lower = 0.5;
    const TunedModel fresh(other.document, other.config, other.tune, plugins(), &*other.base);
    const std::vector<double> slow = fresh.values(std::vector<double>{1.0, -400});
    for (std::size_t t = 0; t < quick.size(); ++t) CHECK(quick[t] == Approx(slow[t]).epsilon(1e-7));
}

TEST_CASE("an in-degree is a rough number, rounded where it is whole, and its network is built again") {
    Set set(R"(
[tune]
optimizer = "nlopt"
[tune.parameter.sources]
path = "projection.input_to_excitatory.rule.in_degree"
lower = 20
upper = 60
whole = true
[tune.objective.excitatory]
kind = "rate"
population = "excitatory"
stimulation = "level"
at = "40 Hz"
target = "10 Hz"
sd = "1 Hz"
)");
    const TunedModel model = set.model();
    CHECK(model.is_rough(0));
    CHECK(set.start() == std::vector<double>{40});
    const double fewer = model.values(std::vector<double>{30})[0], more = model.values(std::vector<double>{50})[0];
    CHECK(more > 1.5 * fewer);
    CHECK(model.values(std::vector<double>{30.2})[0] == fewer);
}

TEST_CASE("two numbers that act as one product are told apart from what the data see") {
    Set set(R"(
[tune]
optimizer = "ceres"
[tune.parameter.first]
path = "projection.input_to_excitatory.weight"
how = "scale"
lower = 0.5
upper = 2
[tune.parameter.second]
path = "projection.input_to_excitatory.weight"
how = "scale"
lower = 0.5
upper = 2
[tune.objective.excitatory]
kind = "rate"
population = "excitatory"
stimulation = "level"
at = ["20 Hz", "30 Hz", "40 Hz"]
target = "10 Hz"
sd = "0.5 Hz"
)");
    std::vector<double> slope;
    std::uint32_t models = 0;
    const TunedModel model = set.model();
    static_cast<void>(model.slopes(set.start(), slope, models));
    const Identifiability seen = identify(set.tune, slope);
    REQUIRE(seen.directions.size() == 2);
    CHECK_FALSE(seen.directions[0].unseen);
    CHECK(seen.directions[1].unseen);
    CHECK(seen.directions[0].component[0] == Approx(std::sqrt(0.5)).epsilon(1e-3));
    CHECK(std::abs(seen.directions[1].component[0] + seen.directions[1].component[1]) < 1e-3);
    CHECK(seen.standard_error[0] > 1);
    CHECK_THAT(direction_text(set.tune, seen.directions[1], 0.1),
               Contains("up by 7.07 % of its range") && Contains("down by 7.07 %"));
}

TEST_CASE("the standard error is that of the Fisher information, and the bootstrap's spread agrees with it") {
    TuneConfig tune;
    TuneParameter p;
    p.name = "a";
    p.lower = 0;
    p.upper = 100;
    tune.parameters = {p};
    for (int i = 0; i < 4; ++i) {
        TuneTarget t;
        t.target = 10;
        t.sd = 2;
        tune.targets.push_back(t);
    }
    // value = 3 a: the standard error is sd / (3 sqrt 4).
    const std::vector<double> slope(4, 3.0), value(4, 10.0), x{10.0 / 3};
    const Identifiability seen = identify(tune, slope);
    CHECK(seen.standard_error[0] == Approx(2.0 / 6).epsilon(1e-9));
    std::vector<std::vector<double>> draws;
    for (std::uint64_t k = 0; k < 2000; ++k)
        draws.push_back(linear_solution(tune, x, value, slope, noisy_targets(tune, 5, k)));
    CHECK(draws[0] != draws[1]);
    CHECK(draws[7] == linear_solution(tune, x, value, slope, noisy_targets(tune, 5, 7)));
    const BootstrapInterval interval = intervals(tune, draws)[0];
    CHECK(interval.sd == Approx(2.0 / 6).epsilon(0.1));
    CHECK(interval.low == Approx(x[0] - 1.96 * 2.0 / 6).epsilon(0.03));
    CHECK(interval.high == Approx(x[0] + 1.96 * 2.0 / 6).epsilon(0.03));
    CHECK(interval.at_bounds == 0);
    // Where a bound is near the draws end on it.
    tune.parameters[0].lower = 3.3;
    const std::vector<double> far(4, -1000.0);
    CHECK(linear_solution(tune, x, value, slope, far)[0] == Approx(3.3));
}

TEST_CASE("a search is never worse than its start, and one whose budget ends says so") {
    Set set(two_weights);
    set.make_data({1.2, -320});
    const TuneSolution s =
        solve_together(set.model(), set.target(), set.start(), 6, instance("nlopt", MFM_OPTIMIZER_ID), set.silent);
    CHECK(s.outcome == MFM_BUDGET);
    CHECK_THAT(s.message, Contains("the budget of 6 evaluations is used up"));
    CHECK(s.evaluations <= 6);
    CHECK(s.cost <= s.start_cost);
}

TEST_CASE("the nearest point and the knee of a front are those of its shape") {
    TuneFront front;
    for (const auto& [a, b] : std::vector<std::pair<double, double>>{{0, 10}, {1, 3}, {2, 2.4}, {6, 1}, {20, 0}})
        front.points.push_back({{a}, {}, {a, b}});
    mark_front(front);
    CHECK(front.points[front.knee].objective[0] == 2);
    CHECK(front.points[front.nearest].objective[0] == 2);
    CHECK(front.points[0].bulge == Approx(0).margin(1e-12));
    CHECK(front.points[0].distance == Approx(10));
    CHECK(front.points[1].distance == Approx(std::hypot(1, 3)));
}

TEST_CASE("what was found is a pipeline file that includes the base and holds nothing but the differences") {
    Set set(two_weights);
    const TunedModel model = set.model();
    TuneOutcome o;
    o.solution = solve_together(model, set.target(), set.start(), 3, instance("nlopt", MFM_OPTIMIZER_ID), set.silent);
    o.solution->x = {1.25, -300};
    DocumentNode base = set.document;
    std::erase_if(base.entries, [](const DocumentEntry& e) { return e.key == "tune"; });
    static_cast<void>(write_tune(set.folder / "run/tune", "two", set.folder / "circuit.toml", model, base, o));
    const std::string text = read_file(set.folder / "run/tune/tuned.toml");
    CHECK(text.find("g_L") == std::string::npos);
    const PipelineConfig tuned = load_pipeline(set.folder / "run/tune/tuned.toml", plugins());
    CHECK(tuned.projections[0].weight.mean == Approx(200).epsilon(1e-12));
    CHECK(tuned.projections[1].weight.mean == Approx(175).epsilon(1e-12));
    CHECK(tuned.projections[3].weight.mean == Approx(-300).epsilon(1e-12));
    CHECK(tuned.projections[2].weight.mean == 60);
    CHECK(fs::exists(set.folder / "run/tune/targets.csv"));
    CHECK_THAT(read_file(set.folder / "run/tune/tune.txt"), Contains("Not converged"));
}

TEST_CASE("measured data come from a CSV file, and the network can be tuned as well") {
    Set set(R"(
[tune]
optimizer = "nlopt"
on = "network"
[tune.parameter.input]
path = "projection.input_to_excitatory.weight"
lower = "100 fC"
upper = "300 fC"
[tune.objective.measured]
kind = "rate"
population = "excitatory"
stimulation = "level"
at = ["20 Hz", "40 Hz"]
target = ["2 Hz", "20 Hz"]
sd = "1 Hz"
)",
            false);
    const TunedModel model = set.model();
    const std::vector<double> weak = model.values(std::vector<double>{140}),
                              strong = model.values(std::vector<double>{250});
    CHECK(strong[1] > weak[1] + 5);
    CHECK(weak == model.values(std::vector<double>{140}));

    write_file(set.folder / "data.csv",
               "stimulus_hz,population,rate_hz,sd_hz\n20,excitatory,2.5,1\n40,inhibitory,30,2\n");
    write_file(set.folder / "circuit.toml", circuit + R"(
[tune]
optimizer = "ceres"
[tune.parameter.input]
path = "projection.input_to_excitatory.weight"
lower = "100 fC"
upper = "300 fC"
[tune.objective.measured]
kind = "data"
stimulation = "level"
file = "data.csv"
)");
    const PipelineConfig config = load_pipeline(set.folder / "circuit.toml", plugins());
    DocumentNode document = read_document(set.folder / "circuit.toml", {});
    const TuneConfig tune = read_tune(document, plugins(), config).value();
    REQUIRE(tune.targets.size() == 2);
    CHECK(tune.targets[1].population == "inhibitory");
    CHECK(tune.targets[1].at_hz == std::vector<double>{40});
    CHECK(tune.targets[1].target == 30);
    CHECK(tune.targets[1].sd == 2);
}

TEST_CASE("mistakes in [tune] are one sentence with their place") {
    const auto sentence = [](const std::string& text) -> std::string {
        const ScratchFolder scratch;
        const fs::path file = scratch.path / "circuit.toml";
        write_file(file, circuit + text);
        std::string out = "none";
        try {
            const PipelineConfig config = load_pipeline(file, plugins());
            DocumentNode document = read_document(file, {});
            const TuneConfig tune = read_tune(document, plugins(), config).value();
            const TunedModel model(document, config, tune, plugins(), nullptr);
        } catch (const InputError& error) {
            out = error.what();
        }
        return out;
    };
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = two_weights;
        text.replace(text.find(from), from.size(), to);
        return sentence(text);
    };
    CHECK_THAT(with("projection.input_to_*.weight", "projection.inputs_*.weight"), Contains("projection.inputs_*"));
    CHECK_THAT(with("optimizer = \"ceres\"", "optimizer = \"cerse\""), Contains("did you mean 'ceres'?"));
    CHECK_THAT(with("upper = 1.6", "upper = 0.1"),
               Contains("tune.parameter.input: upper (0.1) must be above lower (0.7)"));
    CHECK_THAT(with("upper = 1.6", "upper = 0.8"),
               Contains("starts from 1, which is not within its bounds, 0.7 to 0.8"));
    CHECK_THAT(with("upper = \"-50 fC\"", "upper = \"-50 ms\""), Contains("has the unit 'ms', and lower has 'fC'"));
    CHECK_THAT(with("kind = \"slope\"", "kind = \"slop\""), Contains("tune.objective.gain.kind") && Contains("slope"));
    CHECK_THAT(with("population = \"inhibitory\"", "population = \"inhibitori\""),
               Contains("did you mean 'inhibitory'?"));
    CHECK_THAT(with("at = [\"20 Hz\", \"40 Hz\"]", "at = [\"25 Hz\", \"40 Hz\"]"),
               Contains("its stimulation has no level of 25 Hz; there are 20, 30, 40 Hz"));
    CHECK_THAT(with("sd = 0.05", "sd = 0"), Contains("tune.objective.gain.sd"));
    CHECK_THAT(with("sd = 0.05", "sd = 0.05\nfrom = \"2 Hz\""),
               Contains("an objective of kind \"slope\" has no such key"));
    CHECK_THAT(with("[tune]\n", "[tune]\nobjectives = \"separate\"\n"),
               Contains("plugin 'ceres' is no optimizer of several objectives"));
    CHECK_THAT(with("kind = \"slope\"", "kind = \"peak\""), Contains("its stimulation does not vary in time"));
}
