// SPDX-License-Identifier: Apache-2.0
// The whole derivation on a small network of two populations, and on the small cerebellum.
#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "pipeline/calibration.hpp"
#include "pipeline/model_equations.hpp"
#include "pipeline/run.hpp"
#include "report/page.hpp"
#include "support/files.hpp"

using namespace mfm;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, gone at the end.
struct Folder {
    fs::path path =
        fs::temp_directory_path() / ("automfm-test-" + std::to_string(getpid()) + "-" + std::to_string(next()++));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    static int& next() {
        static int n = 0;
        return n;
    }
};

/// 400 excitatory and 100 inhibitory cells with external Poisson input: the smallest circuit with recurrence and two
/// signs.
constexpr const char* two_populations = R"(
name = "two populations"
seed = 7
[simulation]
duration = "1500 ms"
transient = "300 ms"
[population.input]
kind = "poisson"
count = 400
[population.excitatory]
neuron = "adex"
parameters = { V_peak = "-40 mV", t_ref = "5 ms", a = "4 nS", b = "20 pA" }
initial = { V_m = { distribution = "uniform", lower = "-65 mV", upper = "-55 mV" } }
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "exponential", tau_syn = "5 ms", E_rev = "-80 mV" } ]
count = 400
[population.inhibitory]
neuron = "adex"
parameters = { V_peak = "-47.5 mV", Delta_T = "0.5 mV", t_ref = "5 ms", a = "0 nS", b = "0 pA" }
initial = { V_m = { distribution = "uniform", lower = "-65 mV", upper = "-55 mV" } }
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "exponential", tau_syn = "5 ms", E_rev = "-80 mV" } ]
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
rule = { plugin = "bernoulli", probability = 0.2 }
[projection.excitatory_to_inhibitory]
source = "excitatory"
target = "inhibitory"
receptor = 1
weight = "1.5 nS"
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.05 }
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
trials = 2
[transfer]
basis = "softplus_conductance"
optimizer = "ceres"
points = 40
wide_points = 8
heldout_points = 8
seconds = 40
copies = 16
starts = 2
)";

struct Pipeline {
    Folder folder;
    RunOptions options;
    explicit Pipeline(const std::string& text = two_populations) {
        options.file = folder.path / "circuit.toml";
        write(text);
        options.out = folder.path / "run";
        options.plugin_path = {TEST_PLUGIN_FOLDER};
        options.quiet = true;
    }
    void write(const std::string& text) const { std::ofstream(options.file) << text; }
    [[nodiscard]] nlohmann::json summary() const {
        return nlohmann::json::parse(read_file(*options.out / "summary.json"));
    }
    /// The summary without its times.
    [[nodiscard]] std::string results() const {
        auto j = summary();
        j.erase("stages");
        return j.dump();
    }
    [[nodiscard]] std::string error() const {
        try {
            (void)run_pipeline(options);
        } catch (const Error& e) {
            return e.what();
        }
        return "";
    }
};

std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("from a pipeline file to a validated mean field, which follows its network") {
    Pipeline p;
    (void)run_pipeline(p.options);
    const auto summary = p.summary();
    for (const char* file : {"report.txt", "report.html", "equations.html", "manifest.json", "pipeline.resolved.toml",
                             "rates.csv", "equations.tex", "equations.txt", "error_budget.csv",
                             "figures/rates_sweep.gp", "figures/error_budget_sweep.gp"})
        CHECK(fs::exists(*p.options.out / file));
    const std::string page = read_file(*p.options.out / "report.html");
    write_report(*p.options.out);
    CHECK(read_file(*p.options.out / "report.html") == page); // it follows from the folder alone
    CHECK_THAT(page, Catch::Contains("<svg class=\"circuit\"") && Catch::Contains("<math") &&
                         Catch::Contains("id=\"rates\""));
    for (const char* name : {"excitatory", "inhibitory"}) {
        const auto& population = summary["populations"][name];
        REQUIRE(population["stationary"].size() == 2);
        for (const auto& row : population["stationary"]) {
            CHECK(row["network_rate_hz"].get<double>() > 1.0);
            CHECK(row["mean_field_rate_hz"].get<double>() == Approx(row["network_rate_hz"].get<double>()).epsilon(0.3));
        }
        CHECK(population["transfer"]["heldout_rmse_hz"].get<double>() < 2.0);
        CHECK(population["transfer"]["operating_point"].size() == 2);
        CHECK(population["dynamic"][0]["amplitude_ratio"].get<double>() == Approx(1.0).epsilon(0.4));
        REQUIRE(population["error_budget"].size() == 2);
        for (std::size_t i = 0; i < 2; ++i) {
            const auto& budget = population["error_budget"][i];
            std::vector<std::string> names;
            double sum = 0;
            for (const auto& term : budget["terms"]) {
                names.push_back(term["name"]);
                sum += term["hz"].get<double>();
            }
            // The inhibitory cells' inputs are many and irregular, so that no train of theirs is sampled as regular.
            CHECK(names.front() == "correlation");
            CHECK(names[1] == "common_fluctuations");
            // These two are the operating-point test: all cells are measured.
            const auto& point = population["transfer"]["operating_point"][i];
            CHECK(budget["terms"][0]["hz"].get<double>() + budget["terms"][1]["hz"].get<double>() ==
                  Approx(point["poisson_rate_hz"].get<double>() - point["network_rate_hz"].get<double>()).margin(1e-9));
            CHECK(names.back() == "loops");
            CHECK(std::count(names.begin(), names.end(), "fit") == 1);
            CHECK(sum == Approx(population["stationary"][i]["mean_field_rate_hz"].get<double>() -
                                population["stationary"][i]["network_rate_hz"].get<double>())
                             .margin(1e-9));
            CHECK(sum == Approx(budget["total_hz"].get<double>()).margin(1e-9));
            // All cells are measured, so that the fit's own misfit is what is left of their noise.
            for (const auto& term : budget["terms"])
                if (term["name"] == "fit") CHECK(std::abs(term["relative"].get<double>()) < 0.1);
        }
    }
    for (const auto& [name, stage] : summary["stages"].items()) {
        INFO(name);
        if (name != "export") CHECK(stage["wall_s"].is_number());
        CHECK(stage["cached"] == false);
    }

    SECTION("the run's equations have the numbers of its network and fits") {
        const std::string text = equations_of_run({*p.options.out, false, {}});
        const auto fit = summary["populations"]["excitatory"]["transfer"];
        CHECK_THAT(text, Catch::Contains("excitatory, 400 cells") &&
                             Catch::Contains("excitatory: F: softplus_conductance of G_e ") &&
                             Catch::Contains(fmt::format("c_00 {} Hz", fit["coefficients"]["c_00"].get<double>())));
        CHECK_THAT(equations_of_run({*p.options.out, true, {}}),
                   Catch::StartsWith("% t in ms") && Catch::Contains("softplus\\_conductance"));
        CHECK(read_file(*p.options.out / "report.txt").find("input_to_excitatory, K ") != std::string::npos);
    }
    SECTION("a second run takes every stage from the first and gives the same numbers") {
        const std::string first = p.results();
        (void)run_pipeline(p.options);
        const auto again = p.summary();
        for (const char* name : {"build", "simulate", "remap", "sample", "fit", "solve"})
            CHECK(again["stages"][name]["cached"] == true);
        CHECK(p.results() == first);
    }
    SECTION("one thread gives the bits of many, in a folder of its own") {
        Pipeline single;
        single.options.threads = 1;
        (void)run_pipeline(single.options);
        CHECK(single.results() == p.results());
    }
    SECTION("an optimizer is swapped by one word, and only the fit and what follows runs again") {
        p.write(with(two_populations, "optimizer = \"ceres\"", "optimizer = \"nlopt\""));
        (void)run_pipeline(p.options);
        const auto again = p.summary();
        for (const char* name : {"build", "simulate", "remap", "sample"})
            CHECK(again["stages"][name]["cached"] == true);
        for (const char* name : {"fit", "solve"}) CHECK(again["stages"][name]["cached"] == false);
        CHECK(again["populations"]["excitatory"]["transfer"]["heldout_rmse_hz"].get<double>() < 5.0);
    }
    SECTION("a change of a neuron's parameter leaves the network as it is built") {
        p.options.set = {"population.excitatory.parameters.b=\"30 pA\""};
        (void)run_pipeline(p.options);
        CHECK(p.summary()["stages"]["build"]["cached"] == true);
        CHECK(p.summary()["stages"]["simulate"]["cached"] == false);
    }
    SECTION("time courses have the bins that were asked for") {
        const auto rows = [&] {
            const std::string csv = read_file(*p.options.out / "courses" / "sine.csv");
            return std::count(csv.begin(), csv.end(), '\n');
        };
        CHECK(rows() == 901);
        p.options.set = {"validation.bin=\"2 ms\""};
        (void)run_pipeline(p.options);
        CHECK(rows() == 451);
    }
    SECTION("--from runs a stage and those after it again") {
        p.options.from = "fit";
        (void)run_pipeline(p.options);
        CHECK(p.summary()["stages"]["sample"]["cached"] == true);
        CHECK(p.summary()["stages"]["fit"]["cached"] == false);
        CHECK(p.summary()["stages"]["solve"]["cached"] == false);
    }
    SECTION("a damaged file is told and its stage runs again") {
        const std::string first = p.results();
        fs::resize_file(*p.options.out / "transfer_tables.h5",
                        fs::file_size(*p.options.out / "transfer_tables.h5") / 2);
        (void)run_pipeline(p.options);
        CHECK(p.summary()["stages"]["sample"]["cached"] == false);
        CHECK(p.results() == first);
    }
}

TEST_CASE("transfer functions of sampled cells compose with what their sources do together, and follow the network") {
    const std::string sampled =
        with(two_populations, "seconds = 40\ncopies = 16\n",
             // Adaptation takes 500 ms to settle.
             "seconds = 100\ntransient = \"1500 ms\"\ncells = \"sampled\"\nsampled_cells = 100\n");
    const auto error_of = [](const nlohmann::json& summary, const char* name, std::size_t level) {
        return std::abs(summary["populations"][name]["stationary"][level]["relative_error"].get<double>());
    };
    for (const char* fluctuations : {"none", "populations", "recorded"}) {
        INFO(fluctuations);
        Pipeline p(
            with(sampled, "sampled_cells", "fluctuations = \"" + std::string(fluctuations) + "\"\nsampled_cells") +
            "path_weight = 10\nstimulations = [\"sweep\"]\n[stimulation.between]\nplugin = \"sweep\"\n"
            "target = \"input\"\nrate = [\"38 Hz\"]\n");
        (void)run_pipeline(p.options);
        const auto summary = p.summary();
        for (const char* name : {"excitatory", "inhibitory"}) {
            INFO(name);
            REQUIRE(summary["populations"][name]["stationary"].size() == 3);
            // Computed fluctuations of so small a network, with few cells to see, are rough.
            const double limit = fluctuations == std::string("populations") ? 0.35 : 0.12;
            for (std::size_t level = 0; level < 3; ++level) CHECK(error_of(summary, name, level) < limit);
            // Nothing is sampled around the level in between, nor is its error taken apart.
            CHECK(summary["populations"][name]["transfer"]["operating_point"].size() == 2);
            CHECK(summary["populations"][name]["error_budget"].size() == 2);
        }
    }
    Pipeline p(with(sampled, "optimizer", "fluctuations = \"populations\"\noptimizer") +
               "[mean_field]\ndynamics = \"rate\"\n");
    CHECK(p.error().find("transfer.fluctuations needs mean_field.dynamics = \"synaptic\"") != std::string::npos);
    Pipeline own(with(sampled, "optimizer", "fluctuations = \"recorded\"\noptimizer") +
                 "[mean_field]\ncell_rates = true\n");
    CHECK(own.error().find("every source fires at its own rate") != std::string::npos);
    Pipeline q(sampled + "[mean_field]\nin_degree = \"gamma\"\n");
    CHECK(q.error().find("mean_field.in_degree does not belong here") != std::string::npos);
}

TEST_CASE("a calibrated mean field is reported with the error on the level that it has not seen") {
    Pipeline p(with(two_populations, "[\"30 Hz\", \"45 Hz\"]", "[\"30 Hz\", \"37 Hz\", \"45 Hz\"]") +
               "[mean_field.calibration]\nlambda = 0.05\n");
    p.options.set = {"transfer.seconds=20"};
    (void)run_pipeline(p.options);
    const auto summary = p.summary();
    const auto& calibration = summary["calibration"];
    CHECK(calibration["levels_hz"] == nlohmann::json({30.0, 45.0}));
    CHECK(calibration["scales"].size() == 4);
    for (const auto& scale : calibration["scales"]) CHECK(scale["scale"].get<double>() != 1.0);
    for (const char* name : {"excitatory", "inhibitory"}) {
        const auto& rows = calibration["populations"][name];
        REQUIRE(rows.size() == 3);
        CHECK((rows[0]["seen"] == true && rows[1]["seen"] == false && rows[2]["seen"] == true));
        CHECK(std::abs(rows[1]["relative_error"].get<double>()) < 0.1);
        CHECK(rows[1]["relative_error"] == summary["populations"][name]["stationary"][1]["relative_error"]);
        CHECK(rows[1]["uncalibrated_relative_error"].is_number());
        std::size_t steps = 0;
        for (const auto& term : summary["populations"][name]["error_budget"][1]["terms"])
            steps += term["name"] == "calibration";
        CHECK(steps == 1);
    }
    CHECK_THAT(read_file(*p.options.out / "report.txt"),
               Catch::Contains("own rates at 30 and 45 Hz") && Catch::Contains("without the calibration"));
    p.options.set.push_back("mean_field.calibration.lambda=0.1");
    (void)run_pipeline(p.options);
    CHECK(p.summary()["stages"]["fit"]["cached"] == true);
    CHECK(p.summary()["stages"]["solve"]["cached"] == false);
    CHECK(p.summary()["calibration"]["lambda"] == 0.1);
}

TEST_CASE("a calibration that leaves no level to test on is refused before anything runs") {
    const auto refused = [](const std::string& keys, const std::string& rates = "[\"30 Hz\", \"45 Hz\"]") {
        Pipeline p(with(two_populations, "[\"30 Hz\", \"45 Hz\"]", rates) + "[mean_field.calibration]\n" + keys);
        const std::string sentence = p.error();
        CHECK_FALSE(fs::exists(*p.options.out / "network.h5"));
        return sentence;
    };
    CHECK_THAT(refused("levels = [\"30 Hz\", \"45 Hz\"]\n"),
               Catch::Contains("circuit.toml:") && Catch::Contains("has every level of the stationary stimuli (30 and "
                                                                   "45 Hz): leave one out"));
    CHECK_THAT(refused("levels = [\"30 Hz\", \"40 Hz\"]\n"),
               Catch::Contains("has 40 Hz, but the network is stimulated at 30 and 45 Hz"));
    CHECK_THAT(refused("", "[\"30 Hz\"]"),
               Catch::Contains("needs at least two levels") && Catch::Contains("one, 30 Hz"));
}

TEST_CASE("levels to calibrate on are spread over those that there are, with one left at least") {
    const auto levels = [](const std::vector<double>& all) { return calibration_levels({}, all); };
    CHECK(levels({80, 4, 20, 40, 60}) == std::vector<double>{4, 40, 80});
    CHECK(levels({1, 2, 3, 4, 5, 6, 7, 8}) == std::vector<double>{1, 4, 8});
    CHECK(levels({4, 40, 80}) == std::vector<double>{4, 80});
    CHECK(levels({4, 40, 4}) == std::vector<double>{4}); // two sweeps with one level in common
    CHECK(calibration_levels({{60, 4}, 0.2, {}}, {4, 20, 60}) == std::vector<double>{4, 60});
}

TEST_CASE("what is wrong in the file is one sentence, before anything runs") {
    const auto sentence = [](const std::string& from, const std::string& to) {
        return Pipeline(with(two_populations, from, to)).error();
    };
    CHECK_THAT(sentence("weight = \"1.5 nS\"", "weigth = \"1.5 nS\""),
               Catch::Contains("weigth") && Catch::Contains("weight'") && Catch::Contains("circuit.toml:"));
    CHECK_THAT(sentence("weight = \"1.5 nS\"", "weight = \"1.5 mV\""),
               Catch::Contains("mV") && Catch::Contains("circuit.toml:"));
    CHECK_THAT(sentence("source = \"input\"", "source = \"inputs\""),
               Catch::Contains("inputs") && Catch::Contains("input'"));
    CHECK_THAT(sentence("[\"30 Hz\", \"45 Hz\"]", "[\"30 Hz\", \"-45 Hz\"]"), Catch::Contains("-45"));
    CHECK_THAT(sentence("optimizer = \"ceres\"", "optimizer = \"cerse\""),
               Catch::Contains("cerse") && Catch::Contains("ceres"));
    CHECK_THAT(sentence("count = 400", "count = 0"), Catch::Contains("count"));
    Pipeline wrong_stage;
    wrong_stage.options.only = "simulat";
    CHECK_THAT(wrong_stage.error(), Catch::Contains("simulat") && Catch::Contains("simulate"));
    Pipeline too_early;
    too_early.options.only = "fit";
    CHECK_THAT(too_early.error(), Catch::Contains("--only fit needs"));
    Pipeline no_path(with(two_populations,
                          "[stimulation.sweep]\nplugin = \"sweep\"\ntarget = \"input\"\nrate = [\"30 Hz\", \"45 Hz\"]",
                          ""));
    CHECK_THAT(no_path.error(), Catch::Contains("no stationary stimulation"));
}

TEST_CASE("a pipeline whose only input is a drive has one condition, and its mean field follows the network") {
    std::string text = two_populations;
    const auto cut = [&](const std::string& from, const std::string& to) {
        const auto first = text.find(from), last = text.find(to);
        REQUIRE((first != std::string::npos && last != std::string::npos));
        text.erase(first, last - first);
    };
    cut("[population.input]", "[population.excitatory]");
    cut("[projection.input_to_excitatory]", "[projection.excitatory_to_inhibitory]");
    cut("[stimulation.sweep]", "[transfer]");
    for (const char* target : {"excitatory", "inhibitory"})
        text += fmt::format("[drive.outside_to_{0}]\ntarget = \"{0}\"\nreceptor = 1\nrate = \"3000 Hz\"\n"
                            "weight = \"1.5 nS\"\n",
                            target);
    Pipeline p(text);
    p.options.set = {"transfer.transient=\"1500 ms\"", "simulation.duration=\"4000 ms\"",
                     "simulation.transient=\"1500 ms\"", "mean_field.finite_size_noise=true"};
    (void)run_pipeline(p.options);
    const auto summary = p.summary(); // outlives the loop over it
    for (const auto& [name, population] : summary["populations"].items()) {
        INFO(name);
        REQUIRE(population["stationary"].size() == 1);
        const auto& row = population["stationary"][0];
        CHECK(row["stimulus_hz"] == 3000.0);
        CHECK(row["network_rate_hz"].get<double>() > 5.0);
        CHECK(row["mean_field_rate_hz"].get<double>() == Approx(row["network_rate_hz"].get<double>()).epsilon(0.1));
    }
    CHECK_THAT(read_file(*p.options.out / "equations.txt"),
               Catch::Contains("nu[outside_to_excitatory](t), a Poisson train of its own for every cell"));
    CHECK(fs::exists(*p.options.out / "figures/rates_drive.gp"));
    const std::string first = p.results();
    (void)run_pipeline(p.options);
    CHECK(p.summary()["stages"]["solve"]["cached"] == true);
    CHECK(p.results() == first);

    SECTION("cell rates and the master equation know drives, too") {
        p.options.set.insert(p.options.set.end(), {"mean_field.cell_rates=true"});
        (void)run_pipeline(p.options);
        p.options.set = {"mean_field.dynamics=master_equation", "mean_field.T=\"5 ms\""};
        (void)run_pipeline(p.options);
        CHECK(p.summary()["populations"]["excitatory"]["stationary"][0]["mean_field_rate_hz"].is_number());
        CHECK_THAT(read_file(*p.options.out / "report.txt"), !Catch::Contains("F T"));
    }
}

TEST_CASE("a stimulus to a part of a population is the network's alone, and changes nothing of the comparison") {
    const std::string placed = with(two_populations, "kind = \"poisson\"\ncount = 400",
                                    "kind = \"poisson\"\nrate = \"30 Hz\"\nplacement = { count = 400 }") +
                               "[space]\nsize = [100, 100, 100]\n";
    Pipeline whole(placed);
    whole.options.set = {"transfer.seconds=10"};
    (void)run_pipeline(whole.options);
    Pipeline p(placed + R"(
[stimulation.part]
plugin = "constant"
target = "input"
rate = "60 Hz"
within = { center = [50, 50, 50], radius = 30 }
[stimulation.burst]
plugin = "step"
target = "input"
duration = "900 ms"
settings = { baseline = "30 Hz", rate = "90 Hz", onset = "500 ms", duration = "100 ms" }
within = { center = [50, 50, 50], radius = 30 }
)");
    p.options.set = whole.options.set;
    for (const bool cached : {false, true}) {
        (void)run_pipeline(p.options);
        const auto summary = p.summary();
        CHECK(summary["stages"]["simulate"]["cached"] == cached);
        CHECK(summary["populations"] == whole.summary()["populations"]);
        CHECK(summary["verdict"] == whole.summary()["verdict"]);
        CHECK(summary["reasons"] == whole.summary()["reasons"]);
        REQUIRE(summary["network_only"].size() == 2);
        for (const auto& condition : summary["network_only"]) {
            CHECK_THAT(condition["reason"].get<std::string>(),
                       Catch::Contains("of the 400 cells of 'input', and a mean field"));
            CHECK(condition["populations"]["excitatory"]["rate_hz"].get<double>() > 0.5);
        }
        const double input = summary["network_only"][0]["populations"]["input"]["rate_hz"];
        CHECK((input > 31.0 && input < 40.0)); // a ninth of the cells, or so, at twice the rate
    }
    const std::string report = read_file(*p.options.out / "report.txt");
    CHECK_THAT(report, Catch::Contains("Conditions of the network alone"));
    CHECK_THAT(read_file(*p.options.out / "courses" / "burst.csv"), Catch::Contains("excitatory network (Hz)"));
}

TEST_CASE("a run that is interrupted keeps its finished stages for the next") {
    Pipeline p(with(two_populations, "duration = \"1500 ms\"", "duration = \"60000 ms\""));
    std::thread user([] {
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        std::raise(SIGINT);
    });
    ExitCode code = ExitCode::Done;
    try {
        (void)run_pipeline(p.options);
    } catch (const Error& e) {
        code = e.code;
    }
    user.join();
    CHECK(code == ExitCode::Interrupted);
    CHECK(fs::exists(*p.options.out / "network.h5"));
    CHECK_FALSE(fs::exists(*p.options.out / "spikes.h5"));
}

TEST_CASE("a network with plastic synapses is simulated, and no mean field is derived that would not know of them") {
    Pipeline p(with(two_populations, "duration = \"1500 ms\"", "duration = \"400 ms\""));
    for (const char* stage : {"build", "simulate", "remap"}) { // what is kept of a network without plasticity
        p.options.only = stage;
        CHECK(run_pipeline(p.options) == ExitCode::Done);
    }
    p.options.only = "";
    fs::remove(*p.options.out / "spikes.h5");
    p.options.set = {"projection.inhibitory_to_excitatory.plasticity.model=tsodyks_markram",
                     "projection.inhibitory_to_excitatory.plasticity.U=0.5",
                     "projection.inhibitory_to_excitatory.plasticity.tau_rec=\"100 ms\""};
    ExitCode code = ExitCode::Done;
    std::string sentence;
    try {
        (void)run_pipeline(p.options);
    } catch (const Error& e) {
        code = e.code;
        sentence = e.what();
    }
    CHECK(code == ExitCode::BadInput);
    CHECK_THAT(sentence, Catch::Contains("'inhibitory_to_excitatory'") && Catch::Contains("short-term plasticity") &&
                             Catch::Contains("--only simulate"));
    CHECK(fs::exists(*p.options.out / "spikes.h5"));
    p.options.only = "simulate";
    CHECK(run_pipeline(p.options) == ExitCode::Done);
}

TEST_CASE("the small cerebellum goes through the whole derivation") {
    Pipeline p;
    p.options.file = fs::path(TEST_SOURCE_FOLDER) / "configs" / "cerebellum_small.toml";
    (void)run_pipeline(p.options);
    const auto summary = p.summary();
    CHECK(summary["populations"].size() == 5);
    for (const auto& [name, population] : summary["populations"].items()) {
        INFO(name);
        CHECK(population["stationary"].size() == 3);
        CHECK(population["stationary"][1]["network_rate_hz"].get<double>() > 5.0);
        CHECK(population["stationary"][1]["mean_field_rate_hz"].is_number());
        CHECK(population["dynamic"].size() == 2);
    }
}
