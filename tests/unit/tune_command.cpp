// SPDX-License-Identifier: Apache-2.0
// automfm tune: what it writes, and what it says of a mistake.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sweep/sweep_fixture.hpp"
#include "unit/tune_fixture.hpp"

using namespace mfm::test;
using Catch::Matchers::Contains;
using sweep_test::automfm;

TEST_CASE("the command tunes, writes what it found, and its tuned pipeline runs") {
    const ScratchFolder scratch;
    const std::string file = (scratch.path / "circuit.toml").string(), out = (scratch.path / "run").string(),
                      common = std::string(" --threads 1 --plugin-path ") + TEST_PLUGIN_FOLDER + " --out " + out;
    Set known(two_weights);
    known.make_data({1.2, -320});
    const std::vector<double> data = known.target();
    std::string text = two_weights;
    const auto put = [&](const std::string& old, const std::string& now) {
        text.replace(text.find(old), old.size(), now);
    };
    put("target = \"1 Hz\"", fmt::format("target = [{:.17g}, {:.17g}]", data[0], data[1]));
    put("target = 1", fmt::format("target = {:.17g}", data[2]));
    mfm::write_file(file, circuit + text);
    const auto tuned = automfm("tune " + file + common + " --set tune.bootstrap=20");
    INFO(tuned.text);
    REQUIRE(tuned.code == 0);
    CHECK_THAT(tuned.text, Contains("two populations: tuning") && Contains("\nConverged: ") &&
                               Contains("What the data see") && Contains("20 draws") && Contains("written to " + out));
    const nlohmann::json json = nlohmann::json::parse(mfm::read_file(out + "/tune/tune.json"));
    CHECK(json["outcome"] == "converged");
    CHECK(json["parameters"][0]["found"] == Approx(1.2).epsilon(1e-4));
    CHECK(json["parameters"][1]["found"] == Approx(-320).epsilon(1e-4));
    CHECK(json["warnings"].is_array());
    CHECK(automfm("validate " + out + "/tune/tuned.toml --plugin-path " + TEST_PLUGIN_FOLDER).code == 0);

    // Another family by one word; the base is taken from the run's folder.
    const auto other = automfm("tune " + file + common + " --set tune.optimizer=nlopt --set tune.evaluations=4");
    CHECK(other.code == 0);
    CHECK_THAT(other.text, Contains("Not converged: the budget of 4 evaluations is used up"));
    CHECK(nlohmann::json::parse(mfm::read_file(out + "/tune/tune.json"))["evaluations"] <= 4);
}

TEST_CASE("mistakes of a tuning end with code 2 and a sentence") {
    const ScratchFolder scratch;
    const std::string file = (scratch.path / "circuit.toml").string(),
                      common = std::string(" --plugin-path ") + TEST_PLUGIN_FOLDER;
    mfm::write_file(file, circuit);
    const auto none = automfm("tune " + file + common);
    CHECK(none.code == 2);
    CHECK_THAT(none.text, Contains("has no [tune]"));
    mfm::write_file(file, circuit + two_weights);
    const auto unknown = automfm("tune " + file + common + " --set tune.optimizer=cerse");
    CHECK(unknown.code == 2);
    CHECK_THAT(unknown.text, Contains("did you mean 'ceres'?"));
}
