// SPDX-License-Identifier: Apache-2.0
// A sparse network of leaky cells with delta pulses of both signs, as in Brunel (2000), through the whole derivation.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "pipeline/run.hpp"
#include "support/files.hpp"

using namespace mfm;
namespace fs = std::filesystem;

namespace {

constexpr const char* circuit = R"(name = "a sparse network of leaky cells"
seed = 3
[simulation]
duration = "1500 ms"
transient = "300 ms"
[population.outside]
kind = "poisson"
count = 1000
[population.excitatory]
neuron = "lif"
parameters = { C_m = "250 pF", g_L = "12.5 nS", E_L = "-70 mV", V_th = "-50 mV", V_reset = "-60 mV", t_ref = "2 ms" }
initial = { V_m = { distribution = "uniform", lower = "-70 mV", upper = "-50 mV" } }
receptors = [ { kind = "delta" } ]
count = 2000
[population.inhibitory]
neuron = "lif"
parameters = { C_m = "250 pF", g_L = "12.5 nS", E_L = "-70 mV", V_th = "-50 mV", V_reset = "-60 mV", t_ref = "2 ms" }
initial = { V_m = { distribution = "uniform", lower = "-70 mV", upper = "-50 mV" } }
receptors = [ { kind = "delta" } ]
count = 500
[projection.oe]
source = "outside"
target = "excitatory"
receptor = 1
weight = 25
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.2 }
[projection.oi]
source = "outside"
target = "inhibitory"
receptor = 1
weight = 25
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.2 }
[projection.ee]
source = "excitatory"
target = "excitatory"
receptor = 1
weight = 25
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.1 }
[projection.ei]
source = "excitatory"
target = "inhibitory"
receptor = 1
weight = 25
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.1 }
[projection.ie]
source = "inhibitory"
target = "excitatory"
receptor = 1
weight = -125
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.1 }
[projection.ii]
source = "inhibitory"
target = "inhibitory"
receptor = 1
weight = -125
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.1 }
[stimulation.sweep]
plugin = "sweep"
target = "outside"
rate = ["60 Hz", "80 Hz", "100 Hz"]
[transfer]
basis = "siegert"
optimizer = "ceres"
seconds = 40
heldout_points = 8
wide_points = 8
renewal_below = 0
)";

} // namespace

TEST_CASE("with siegert's transfer function nothing is fitted, and the mean field of Brunel's network is valid") {
    const fs::path folder = fs::temp_directory_path() / ("automfm-siegert-" + std::to_string(getpid()));
    fs::create_directories(folder);
    RunOptions options;
    options.file = folder / "circuit.toml";
    std::ofstream(options.file) << circuit;
    options.out = folder / "run";
    options.plugin_path = {TEST_PLUGIN_FOLDER};
    options.quiet = true;
    (void)run_pipeline(options);
    const auto summary = nlohmann::json::parse(read_file(*options.out / "summary.json"));
    const std::string equations = read_file(*options.out / "equations.txt");
    fs::remove_all(folder);
    CHECK(summary["verdict"] == "valid");
    for (const char* population : {"excitatory", "inhibitory"}) {
        const auto& of = summary["populations"][population];
        CHECK(of["transfer"]["coefficients"].empty());
        REQUIRE(of["stationary"].size() == 3);
        for (const auto& row : of["stationary"]) {
            INFO(population << " at " << row["stimulus_hz"] << " Hz");
            CHECK(std::abs(row["relative_error"].get<double>()) < 0.05);
        }
        // Real cells, Poisson input at the network's rates: the theory of single cells on its own.
        for (const auto& row : of["transfer"]["operating_point"])
            CHECK(row["transfer_rate_hz"].get<double>() == Approx(row["poisson_rate_hz"].get<double>()).epsilon(0.02));
    }
    // Inhibition is there: weights of current pulses may be negative.
    CHECK(equations.find("6 pathways") != std::string::npos);
    CHECK(equations.find("Q -125 fC") != std::string::npos);
}
