// SPDX-License-Identifier: Apache-2.0
// Every pipeline of configs/ goes through the whole derivation, most at a fraction of their size.
#include <catch2/catch.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "pipeline/run.hpp"
#include "support/files.hpp"

using namespace mfm;
namespace fs = std::filesystem;

namespace {

struct Reduced {
    std::vector<std::string> set;
    std::size_t populations, stationary, dynamic; ///< what the summary must have
};
const std::vector<std::string> few_points = {"transfer.points=24", "transfer.wide_points=6",
                                             "transfer.heldout_points=4", "transfer.seconds=20", "transfer.starts=2"};

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
/// A tenth of the cells with as many sources each.
const std::vector<std::string> cortex =
    few_points + std::vector<std::string>{"population.regular_spiking.count=800",
                                          "population.fast_spiking.count=200",
                                          "simulation.duration=\"1500 ms\"",
                                          "projection.regular_to_regular.rule.probability=0.5",
                                          "projection.regular_to_fast.rule.probability=0.5",
                                          "projection.fast_to_regular.rule.probability=0.5",
                                          "projection.fast_to_fast.rule.probability=0.5",
                                          "transfer.transient=\"500 ms\""};
const std::vector<std::string> brunel =
    few_points + std::vector<std::string>{"population.excitatory.count=2000", "population.inhibitory.count=500",
                                          "simulation.duration=\"600 ms\"", "simulation.transient=\"200 ms\""};
/// A small corner of the cerebellum, as in cerebellum_small.toml.
const std::vector<std::string> cerebellum =
    few_points + std::vector<std::string>{"space.size=[\"100 um\", \"80 um\", \"295 um\"]",
                                          "population.golgi_cell.placement.count=10",
                                          "stimulation.sweep.rate=[\"4 Hz\", \"80 Hz\"]",
                                          "stimulation.sweep.duration=\"700 ms\"",
                                          "stimulation.step.trials=1",
                                          "stimulation.sine.trials=1"};

/// cerebellum_3d* need the user's morphologies; cerebellum_small.toml runs whole in test_pipeline,
/// cerebellum_equal_in_degrees.toml in test_equal_in_degrees, and the libraries in test_sweep and test_mf_grc_library.
const std::map<std::string, Reduced> pipelines = {
    {"cerebellum", {cerebellum, 5, 2, 2}},
    {"cerebellum_in_vitro", {cerebellum + std::vector<std::string>{"stimulation.burst.trials=1"}, 5, 2, 2}},
    {"cerebellum_dynamics",
     {cerebellum + std::vector<std::string>{"stimulation.burst.trials=1", "stimulation.pulses.trials=1"}, 5, 2, 4}},
    {"cerebellum_tune", // `run` reads and checks [tune]; test_tune tunes
     {cerebellum + std::vector<std::string>{"stimulation.sweep.rate=[\"4 Hz\", \"40 Hz\", \"80 Hz\"]"}, 5, 3, 2}},
    {"start", {few_points, 2, 5, 0}},
    {"cerebellum_in_situ",
     {cerebellum + std::vector<std::string>{"stimulation.between.rate=[\"40 Hz\"]",
                                            "stimulation.between.duration=\"700 ms\"", "transfer.sampled_cells=64"},
      5, 3, 2}},
    {"cortex_adex", {cortex, 2, 1, 0}},
    {"cortex_adex_no_increment", {cortex, 2, 1, 0}},
    {"cortex_adex_weak_adaptation", {cortex, 2, 1, 0}},
    {"cortex_adex_weak_synapses", {cortex, 2, 1, 0}},
    {"cortex_adex_published", {cortex, 2, 1, 0}},
    {"hodgkin_huxley",
     {few_points + std::vector<std::string>{"population.excitatory.count=1000", "population.inhibitory.count=250",
                                            "simulation.duration=\"1200 ms\"",
                                            "projection.excitatory_to_excitatory.rule.probability=0.4",
                                            "projection.excitatory_to_inhibitory.rule.probability=0.4",
                                            "projection.inhibitory_to_excitatory.rule.probability=0.4",
                                            "projection.inhibitory_to_inhibitory.rule.probability=0.4"},
      2, 1, 0}},
    {"brunel_lif", {brunel, 2, 1, 0}},
    {"brunel_lif_synchronous", {brunel, 2, 1, 0}},
};

nlohmann::json summary_of(const std::string& name, const std::vector<std::string>& set) {
    const fs::path folder = fs::temp_directory_path() / ("automfm-configs-" + std::to_string(getpid()));
    RunOptions options;
    options.file = fs::path(TEST_SOURCE_FOLDER) / "configs" / (name + ".toml");
    options.out = folder;
    options.plugin_path = {TEST_PLUGIN_FOLDER};
    options.set = set;
    options.quiet = true;
    (void)run_pipeline(options);
    const auto summary = nlohmann::json::parse(read_file(folder / "summary.json"));
    fs::remove_all(folder);
    return summary;
}

/// The variants of the cerebellum at their smallest: few points, and long enough for rates of seven Purkinje cells.
const std::vector<std::string> variants_set =
    cerebellum + std::vector<std::string>{"transfer.points=12",        "transfer.wide_points=4",
                                          "transfer.heldout_points=2", "transfer.seconds=5",
                                          "transfer.starts=1",         "stimulation.sweep.duration=\"3000 ms\""};

double rate(const nlohmann::json& summary, const std::string& population, std::size_t level, const char* of) {
    return summary["populations"][population]["stationary"][level][of].get<double>();
}
double in_degree(const nlohmann::json& summary, const std::string& pathway) {
    for (const auto& row : summary["circuit"]["pathways"])
        if (row["name"] == pathway) return row["K"].get<double>();
    throw std::runtime_error("there is no pathway " + pathway);
}

} // namespace

TEST_CASE("every pipeline in configs is run by the tests, but for those that wait for the user's files") {
    for (const auto& entry : fs::directory_iterator(fs::path(TEST_SOURCE_FOLDER) / "configs")) {
        if (entry.path().extension() != ".toml") continue;
        const std::string name = entry.path().stem().string();
        INFO(name);
        CHECK((pipelines.count(name) == 1 || name == "cerebellum_small" || name == "cerebellum_equal_in_degrees" ||
               name == "sweep_small" || name == "cerebellum_mf_grc_library" || name == "cerebellum_ataxia" ||
               name.ends_with("_3d")));
    }
}

TEST_CASE("the pipelines in configs go through the whole derivation at a reduced size") {
    for (const auto& [name, reduced] : pipelines) {
        INFO(name);
        const auto summary = summary_of(name, reduced.set);
        CHECK(summary["populations"].size() == reduced.populations);
        for (const auto& [population, result] : summary["populations"].items()) {
            INFO(population);
            CHECK(result["stationary"].size() == reduced.stationary);
            CHECK(result["dynamic"].size() == reduced.dynamic);
            CHECK(result["stationary"][0]["network_rate_hz"].get<double>() > 0.5);
            CHECK(result["stationary"][0]["mean_field_rate_hz"].is_number());
            CHECK(result["transfer"]["given"] == (name == "cortex_adex_published"));
        }
    }
}

TEST_CASE("Purkinje cells that lost synapses fire less, and nobody else notices, however the synapses were lost",
          "[variants]") {
    const auto summary =
        summary_of("cerebellum_ataxia", variants_set + std::vector<std::string>{"stimulation.burst.trials=1"});
    REQUIRE(summary["variants"].size() == 2);
    for (const auto& [name, variant] : summary["variants"].items()) {
        INFO(name);
        for (const char* population : {"granule_cell", "golgi_cell", "basket_cell", "stellate_cell"})
            for (const std::size_t level : {0u, 1u})
                CHECK(rate(variant, population, level, "network_rate_hz") ==
                      rate(summary, population, level, "network_rate_hz"));
        CHECK(in_degree(variant, "parallel_fiber_to_purkinje") <
              0.98 * in_degree(summary, "parallel_fiber_to_purkinje"));
        for (const char* of : {"network_rate_hz", "mean_field_rate_hz"})
            CHECK(rate(variant, "purkinje_cell", 1, of) < rate(summary, "purkinje_cell", 1, of));
        for (const auto& row : variant["reuse"])
            if (row["stage"] == "sample" && row["population"] != "purkinje_cell") CHECK(row["reused"] == true);
        REQUIRE(variant["populations"]["purkinje_cell"]["scores"].size() == 3);
        for (const char* of : {"network", "mean_field"})
            CHECK(variant["populations"]["purkinje_cell"]["scores"][0][of]["peak_hz"].is_number());
    }
    const auto& thinned = summary["variants"]["thinned"];
    CHECK(in_degree(thinned, "parallel_fiber_to_purkinje") ==
          Approx(0.759 * in_degree(summary, "parallel_fiber_to_purkinje")).epsilon(0.05));
    CHECK(rate(thinned["variants"]["mean_field"], "purkinje_cell", 1, "mean_field_rate_hz") <
          rate(summary, "purkinje_cell", 1, "mean_field_rate_hz"));
}

TEST_CASE("granule cells fire less with weak mossy fibre synapses and more with strong ones, and Purkinje cells follow",
          "[variants]") {
    std::vector<std::string> set = variants_set;
    for (const char* burst : {"burst_10_ms", "burst_30_ms", "burst_100_ms"})
        set.push_back(std::string("stimulation.") + burst + ".trials=1");
    const auto base = summary_of("cerebellum_mf_grc_library", set);
    const auto& weak = base["variants"]["schizophrenia_like"];
    const auto& strong = base["variants"]["autism_like"];
    for (const char* population : {"granule_cell", "purkinje_cell"})
        for (const char* of : {"network_rate_hz", "mean_field_rate_hz"}) {
            INFO(population << ", " << of);
            CHECK(rate(weak, population, 1, of) < rate(base, population, 1, of));
            CHECK(rate(base, population, 1, of) < rate(strong, population, 1, of));
        }
    CHECK(strong["populations"]["purkinje_cell"]["scores"].size() == 5);
}
