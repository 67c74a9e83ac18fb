// SPDX-License-Identifier: Apache-2.0
// Runs side by side.  MFM_UPDATE_GOLDEN=1 writes the texts anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "output/compare.hpp"
#include "output/text_table.hpp"
#include "support/files.hpp"

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

const fs::path golden = fs::path(TEST_SOURCE_FOLDER) / "tests/golden";

void check_golden(const std::string& name, const std::string& text) {
    if (std::getenv("MFM_UPDATE_GOLDEN") != nullptr) mfm::write_file(golden / name, text);
    INFO(name);
    CHECK(text == mfm::read_file(golden / name));
}

constexpr const char* pipeline = R"(name = "cerebellar cortex, awake"
seed = 1234
[simulation]
duration = "5 s"
[population.golgi_cell]
neuron = "eglif"
count = 70
receptors = [ { kind = "alpha", tau_syn = "0.23 ms", E_rev = "0 mV" } ]
[projection.mossy_to_golgi]
weight = "0.3 nS"
rule = { plugin = "bernoulli", probability = 0.1 }
)";

/// Runs in a folder that is the working folder, so that their names are short.
class Runs {
public:
    Runs() : before_(fs::current_path()) {
        fs::create_directories(folder_);
        fs::current_path(folder_);
    }
    Runs(const Runs&) = delete;
    Runs& operator=(const Runs&) = delete;
    ~Runs() {
        fs::current_path(before_);
        fs::remove_all(folder_);
    }
    void add(const fs::path& name, const std::string& toml = pipeline,
             const std::function<void(Json& summary, Json& manifest)>& change = {}) {
        Json summary = Json::parse(mfm::read_file(golden / "summary.json")),
             manifest = Json::parse(mfm::read_file(golden / "manifest.json"));
        if (change) change(summary, manifest);
        fs::create_directories(name);
        mfm::write_file(name / "summary.json", summary.dump(2));
        mfm::write_file(name / "manifest.json", manifest.dump(2));
        mfm::write_file(name / "pipeline.resolved.toml", toml);
    }

private:
    fs::path before_, folder_ = fs::temp_directory_path() / ("automfm_compare_" + std::to_string(getpid()));
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    return text.replace(text.find(what), what.size(), by);
}

void weaken(Json& summary, Json& manifest) {
    summary["verdict"] = "limited";
    Json& golgi = summary["populations"]["golgi_cell"];
    golgi["stationary"][0]["network_rate_hz"] = 12.25; // within twice its standard error of 0.25
    golgi["stationary"][1]["network_rate_hz"] = 18.0;
    golgi["stationary"][1]["mean_field_rate_hz"] = 18.5;
    golgi["stationary"][2]["relative_error"] = 0.375;
    golgi["transfer"]["cross_validated_rmse_hz"] = 0.51;
    golgi["dynamic"][0]["peak_network_hz"] = 90.0;
    golgi["scores"][0]["mean_field"]["pause_ms"] = nullptr;
    summary["stages"]["build"]["wall_s"] = 2.5;
    manifest["automfm"]["version"] = "0.2.0";
    manifest["plugins"].push_back({{"id", "poisson_burst"}, {"version", "1.0.0"}, {"file", "poisson_burst.so"}});
    manifest["stage_hashes"]["simulate"] = "b2";
}
std::string weak_pipeline() {
    return replaced(replaced(replaced(pipeline, "0.3 nS", "200 pS"), "\"5 s\"", "\"5000 ms\""), "E_rev = \"0 mV\"",
                    "E_rev = \"-75 mV\"");
}

} // namespace

TEST_CASE("two runs read side by side as agreed") {
    Runs runs;
    runs.add("strong");
    runs.add("weak", weak_pipeline(), weaken);
    const auto c = mfm::compare_runs(mfm::read_runs({"strong", "weak/"}), 0);
    check_golden("compare.txt", mfm::comparison_text(c));
    check_golden("compare.json", mfm::comparison_json(c));
}

TEST_CASE("a run and its variants read as agreed, in 100 columns") {
    Runs runs;
    runs.add("whole");
    for (const char* name : {"no_golgi", "atrophy", "a_variant_with_a_long_name", "weak", "weaker", "weakest"})
        runs.add(
            fs::path("whole/variants") / name,
            replaced(pipeline, "probability = 0.1",
                     std::string("probability = 0.2, note = \"a long text that belongs to the variant ") + name + "\""),
            weaken);
    const std::string text = mfm::comparison_text(mfm::compare_runs(mfm::read_runs({"whole"}), 0));
    check_golden("compare_variants.txt", text);
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
        CHECK(mfm::display_width(text.substr(at, end - at)) <= mfm::page_width);
}

TEST_CASE("runs that are the same have nothing but that to say, and a tolerance makes more of them the same") {
    Runs runs;
    runs.add("a");
    runs.add("b", replaced(pipeline, "\"0.3 nS\"", "\"300 pS\"")); // the same in another unit
    runs.add("c", pipeline, [](Json& summary, Json&) {
        summary["populations"]["golgi_cell"]["stationary"][0]["mean_field_rate_hz"] = 11.25 * 1.01;
    });
    const auto differences = [](const mfm::Comparison& c) {
        std::size_t n = 0;
        for (const auto& section : c.sections) n += section.differences.size();
        return n;
    };
    CHECK(differences(mfm::compare_runs(mfm::read_runs({"a", "b"}), 0)) == 0);
    CHECK(differences(mfm::compare_runs(mfm::read_runs({"a", "c"}), 0)) == 1);
    CHECK(differences(mfm::compare_runs(mfm::read_runs({"a", "c"}), 0.02)) == 0);
}

TEST_CASE("mistakes in the names of runs are told with the nearest name") {
    Runs runs;
    runs.add("runs/cerebellum");
    runs.add("runs/cerebellum/variants/atrophy");
    fs::create_directories("runs/empty");
    mfm::write_file("circuit.toml", pipeline);
    CHECK_THROWS_WITH(mfm::read_runs({"runs/cerebelum"}),
                      "there is no folder 'runs/cerebelum' (did you mean 'cerebellum'?)");
    CHECK_THROWS_WITH(mfm::read_runs({"runs"}), "'runs' is no run's folder: the runs in it are cerebellum");
    CHECK_THROWS_WITH(mfm::read_runs({"runs/empty"}),
                      "'runs/empty' is no run's folder: it has no summary.json, which a run writes last");
    CHECK_THROWS_WITH(mfm::read_runs({"runs/cerebellum:atrofy"}),
                      "'runs/cerebellum' has no variant 'atrofy' (did you mean 'atrophy'?); it has atrophy");
    CHECK_THROWS_WITH(mfm::read_runs({"circuit.toml"}),
                      "'circuit.toml' is a file; give the folder of its run, as in runs/NAME");
    CHECK_THROWS_WITH(mfm::read_runs({"runs/cerebellum:atrophy"}),
                      "'runs/cerebellum:atrophy' has no variants to compare it with; give another run as well");
    mfm::write_file("runs/cerebellum/manifest.json", "{");
    CHECK_THROWS_WITH(mfm::read_runs({"runs/cerebellum"}),
                      "'runs/cerebellum/manifest.json' is damaged; run the pipeline again");
}
