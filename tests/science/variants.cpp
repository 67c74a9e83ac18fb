// SPDX-License-Identifier: Apache-2.0
// Variants of a small network: what runs again, what is the base's, and that neither order nor interruptions matter.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "output/store.hpp"
#include "pipeline/run.hpp"
#include "support/files.hpp"

using namespace mfm;
namespace fs = std::filesystem;

namespace {

constexpr const char* circuit = R"(
name = "two populations"
seed = 7
[simulation]
duration = "900 ms"
transient = "300 ms"
[population.input]
kind = "poisson"
count = 400
[population.excitatory]
neuron = "adex"
parameters = { V_peak = "-40 mV", t_ref = "5 ms", a = "4 nS", b = "0 pA" }
initial = { V_m = { distribution = "uniform", lower = "-65 mV", upper = "-55 mV" } }
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "exponential", tau_syn = "5 ms", E_rev = "-80 mV" } ]
count = 200
[population.inhibitory]
neuron = "adex"
parameters = { V_peak = "-47.5 mV", Delta_T = "0.5 mV", t_ref = "5 ms", a = "0 nS", b = "0 pA" }
initial = { V_m = { distribution = "uniform", lower = "-65 mV", upper = "-55 mV" } }
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" } ]
count = 100
[projection.input_to_excitatory]
source = "input"
target = "excitatory"
receptor = 1
weight = "1.5 nS"
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.2 }
[projection.input_to_inhibitory]
source = "input"
target = "inhibitory"
receptor = 1
weight = "1.5 nS"
delay = "1.5 ms"
rule = { plugin = "fixed_in_degree", in_degree = 80 }
[projection.inhibitory_to_excitatory]
source = "inhibitory"
target = "excitatory"
receptor = 2
weight = "5 nS"
delay = "1.5 ms"
rule = { plugin = "fixed_in_degree", in_degree = 10 }
[stimulation.sweep]
plugin = "sweep"
target = "input"
rate = ["30 Hz", "45 Hz"]
[stimulation.sine]
plugin = "sine"
target = "input"
mean = "40 Hz"
amplitude = "5 Hz"
frequency = "6 Hz"
duration = "900 ms"
[transfer]
basis = "softplus_conductance"
optimizer = "ceres"
points = 30
wide_points = 6
heldout_points = 4
seconds = 10
copies = 16
starts = 2
renewal_below = 0
)";

/// In-degrees alone; a weight onto one population; the fit alone; another stimulus of the mean field alone; in-degrees
/// beyond the range.
constexpr const char* variants = R"(
[variant.fewer_inputs]
mode = ["network", "mean_field"]
"projection.input_to_inhibitory.rule.in_degree" = { scale = 0.9 }
[variant.stronger_inhibition]
"projection.inhibitory_*.weight" = { scale = 1.3 }
[variant.other_fit]
"transfer.path_weight" = 3
[variant.in_between]
base = "fewer_inputs"
mode = "mean_field"
"stimulation.sweep.rate" = ["35 Hz"]
[variant.far]
"projection.input_to_inhibitory.rule.in_degree" = 170
)";

struct Run {
    fs::path folder =
        fs::temp_directory_path() / ("automfm-variants-" + std::to_string(getpid()) + "-" + std::to_string(next()++));
    RunOptions options;
    explicit Run(const std::string& text = std::string(circuit) + variants) {
        fs::create_directories(folder);
        options.file = folder / "circuit.toml";
        std::ofstream(options.file) << text;
        options.out = folder / "run";
        options.plugin_path = {TEST_PLUGIN_FOLDER};
        options.quiet = true;
    }
    ~Run() { fs::remove_all(folder); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    static int& next() {
        static int n = 0;
        return n;
    }
    [[nodiscard]] nlohmann::json summary(const fs::path& within = ".") const {
        return nlohmann::json::parse(read_file(*options.out / within / "summary.json"));
    }
    [[nodiscard]] std::vector<TransferTable> tables(const fs::path& within) const {
        const auto manifest = nlohmann::json::parse(read_file(*options.out / within / "manifest.json"));
        return load_transfer_tables(*options.out / within / "transfer_tables.h5",
                                    manifest["stage_hashes"]["sample"].get<std::string>());
    }
};

/// Without what may differ between two runs of the same: times.
nlohmann::json results(nlohmann::json summary) {
    summary.erase("stages");
    for (auto& [name, variant] : summary["variants"].items()) variant = results(variant);
    return summary;
}

/// "+" for what was the base's, "-" for what was not: build, simulate, remap, solve, then samples and fits by
/// population.
std::string reused(const nlohmann::json& summary) {
    std::string stages, populations;
    for (const auto& row : summary["reuse"])
        (row["population"].is_null() ? stages : populations) += row["reused"].get<bool>() ? "+" : "-";
    return stages + " " + populations;
}
std::string why(const nlohmann::json& summary, const std::string& stage, const std::string& population) {
    for (const auto& row : summary["reuse"])
        if (row["stage"] == stage && row["population"] == population) return row["why"];
    return "";
}

/// Rates that were measured to fit to, bit by bit.
std::vector<double> measured(const TransferTable& table) {
    std::vector<double> out;
    for (const TransferPoint& p : table.points)
        if (p.use != TransferPoint::Use::OperatingPoint) out.push_back(p.rate_hz);
    return out;
}

} // namespace

TEST_CASE("a variant runs what its differences touch, and nothing else") {
    const Run run;
    (void)run_pipeline(run.options);
    const auto summary = run.summary();
    const auto& v = summary["variants"];
    REQUIRE(v.size() == 5);
    const auto base = run.tables(".");

    // Another in-degree: a new network, but samples lie in conductance space.
    CHECK(reused(v["fewer_inputs"]) == "---- ++--");
    const auto fewer = run.tables("variants/fewer_inputs");
    for (const std::size_t i : {0u, 1u}) CHECK(measured(fewer[i]) == measured(base[i]));
    CHECK(fewer[1].points[0].nu[0] == Approx(base[1].points[0].nu[0] * 80 / 72));
    CHECK(fewer[1].points[0].G_e == base[1].points[0].G_e);
    CHECK(fewer[0].measured[0].rate_hz != base[0].measured[0].rate_hz); // real cells of the other network

    // Another weight: samples of its target alone, which is all that differs of the network's own too.
    CHECK(reused(v["stronger_inhibition"]) == "---- -+-+");
    CHECK(why(v["stronger_inhibition"], "sample", "excitatory") == "Q of 'inhibitory_to_excitatory' is 6.5, not 5");
    CHECK(why(v["stronger_inhibition"], "sample", "inhibitory") == "its inputs are the same");
    const auto stronger = run.tables("variants/stronger_inhibition");
    CHECK(measured(stronger[0]) != measured(base[0]));
    CHECK(measured(stronger[1]) == measured(base[1]));

    // The fit alone: everything before it.
    CHECK(reused(v["other_fit"]) == "++++-- ");
    CHECK(v["other_fit"]["stages"]["simulate"]["cached"] == true);
    for (const char* file : {"network.h5", "spikes.h5", "reduction.h5", "transfer_tables.h5"})
        CHECK(read_file(*run.options.out / file) == read_file(*run.options.out / "variants/other_fit" / file));

    // The base's mean field: no network, no samples.
    CHECK(reused(v["fewer_inputs"]["variants"]["mean_field"]) == "---- ++++");
    CHECK(v["fewer_inputs"]["variants"]["mean_field"]["stages"]["simulate"]["wall_s"].is_null());
    CHECK(v["in_between"]["populations"]["excitatory"]["stationary"][0]["network_rate_hz"].is_null());
    CHECK(v["in_between"]["populations"]["excitatory"]["stationary"][0]["mean_field_rate_hz"].is_number());
    CHECK(v["in_between"]["populations"]["excitatory"]["stationary"].size() == 1);
    CHECK(reused(v["in_between"]) == "---- ++++");
    CHECK(v["in_between"]["verdict"].is_null());

    // In-degrees with which the cells are elsewhere: samples of those alone.
    CHECK_THAT(why(v["far"], "sample", "inhibitory"), Catch::Matchers::Contains("outside of the sampled range"));
    CHECK(reused(v["far"]).substr(6, 1) == "-");

    for (const char* name : {"fewer_inputs", "stronger_inhibition", "other_fit", "far"}) {
        INFO(name);
        for (const char* file : {"report.txt", "summary.json", "manifest.json", "pipeline.resolved.toml", "rates.csv"})
            CHECK(fs::exists(*run.options.out / "variants" / name / file));
        CHECK(results(run.summary(fs::path("variants") / name)) == results(v[name]));
    }
    CHECK_THAT(read_file(*run.options.out / "report.txt"), Catch::Matchers::Contains("\nVariants\n"));
}

TEST_CASE("both ways to make a variant agree with its network") {
    const Run run;
    Run& mine = const_cast<Run&>(run);
    mine.options.variants = {"fewer_inputs"};
    (void)run_pipeline(run.options);
    const auto all = run.summary();
    const auto& variant = all["variants"]["fewer_inputs"];
    for (const char* name : {"excitatory", "inhibitory"}) {
        const auto& anew = variant["populations"][name]["stationary"][1];
        const auto& changed = variant["variants"]["mean_field"]["populations"][name]["stationary"][1];
        const auto& before = all["populations"][name]["stationary"][1];
        INFO(name);
        CHECK(changed["network_rate_hz"] == anew["network_rate_hz"]);
        CHECK(std::abs(anew["relative_error"].get<double>()) < 0.2);
        CHECK(changed["mean_field_rate_hz"].get<double>() ==
              Approx(anew["mean_field_rate_hz"].get<double>()).epsilon(0.05));
        // Less inhibition lets the others fire more.
        const double change = anew["network_rate_hz"].get<double>() - before["network_rate_hz"].get<double>();
        CHECK(change * (std::string(name) == "excitatory" ? 1 : -1) > 0);
    }
}

TEST_CASE("variants are the same in any order, one by one, and when a run goes on where it was stopped") {
    const Run whole;
    (void)run_pipeline(whole.options);
    const auto expected = results(whole.summary());

    Run parts;
    for (const char* name : {"far", "stronger_inhibition", "fewer_inputs"}) {
        parts.options.variants = {name};
        (void)run_pipeline(parts.options);
        const auto summary = results(parts.summary());
        CHECK(summary["variants"].size() == 1);
        CHECK(summary["variants"][name] == expected["variants"][name]);
    }
    // What one variant left behind is lost, of another a stage only.
    fs::remove_all(*parts.options.out / "variants/far");
    fs::remove(*parts.options.out / "variants/stronger_inhibition/transfer_tables.h5");
    parts.options.variants.clear();
    (void)run_pipeline(parts.options);
    CHECK(results(parts.summary()) == expected);
    CHECK(parts.summary()["variants"]["fewer_inputs"]["stages"]["sample"]["cached"] == true);
    CHECK(parts.summary()["variants"]["stronger_inhibition"]["stages"]["simulate"]["cached"] == true);
    CHECK(parts.summary()["variants"]["far"]["stages"]["simulate"]["cached"] == false);

    parts.options.no_variants = true;
    (void)run_pipeline(parts.options);
    CHECK(parts.summary()["variants"].empty());
}
