// SPDX-License-Identifier: Apache-2.0
// A small circuit with a [tune], in a folder of its own, whose base is derived once for all tests of a program.
#pragma once
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "config/tune.hpp"
#include "pipeline/derive.hpp"
#include "support/files.hpp"
#include "support/progress.hpp"
#include "tune/tuned_model.hpp"
#include "unit/plugin_instances.hpp"

namespace mfm::test {

namespace fs = std::filesystem;

/// A folder that is gone at the end.
struct ScratchFolder {
    fs::path path = fs::temp_directory_path() / ("mfm_tune_" + std::to_string(std::random_device{}()));
    ScratchFolder() { fs::create_directories(path); }
    ~ScratchFolder() { fs::remove_all(path); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
};

/// A small circuit whose transfer functions are known (Siegert): any weight is exact without a new measurement.
inline const std::string circuit = R"(
name = "two populations"
seed = 3
[simulation]
duration = "300 ms"
transient = "100 ms"
[population.input]
kind = "poisson"
count = 100
[population.excitatory]
neuron = "lif"
count = 80
parameters = { C_m = "200 pF", g_L = "10 nS", E_L = "0 mV", V_th = "20 mV", V_reset = "10 mV", t_ref = "2 ms" }
receptors = [{ kind = "delta" }]
[population.inhibitory]
neuron = "lif"
count = 20
parameters = { C_m = "200 pF", g_L = "10 nS", E_L = "0 mV", V_th = "20 mV", V_reset = "10 mV", t_ref = "2 ms" }
receptors = [{ kind = "delta" }]
[projection.input_to_excitatory]
source = "input"
target = "excitatory"
rule = { plugin = "fixed_in_degree", in_degree = 40 }
receptor = 1
weight = "160 fC"
delay = "1 ms"
[projection.input_to_inhibitory]
source = "input"
target = "inhibitory"
rule = { plugin = "fixed_in_degree", in_degree = 40 }
receptor = 1
weight = "140 fC"
delay = "1 ms"
[projection.excitatory_to_inhibitory]
source = "excitatory"
target = "inhibitory"
rule = { plugin = "fixed_in_degree", in_degree = 20 }
receptor = 1
weight = "60 fC"
delay = "1 ms"
[projection.inhibitory_to_excitatory]
source = "inhibitory"
target = "excitatory"
rule = { plugin = "fixed_in_degree", in_degree = 5 }
receptor = 1
weight = "-200 fC"
delay = "1 ms"
[stimulation.level]
plugin = "sweep"
target = "input"
rate = ["20 Hz", "30 Hz", "40 Hz"]
[transfer]
basis = "siegert"
optimizer = "ceres"
sampling = "fixed"
points = 4
wide_points = 0
heldout_points = 2
seconds = 1
copies = 8
transient = "50 ms"
renewal_below = 0
)";
inline const std::string two_weights = R"(
[tune]
optimizer = "ceres"
[tune.parameter.input]
path = "projection.input_to_*.weight"
how = "scale"
lower = 0.7
upper = 1.6
[tune.parameter.inhibition]
path = "projection.inhibitory_to_excitatory.weight"
lower = "-500 fC"
upper = "-50 fC"
[tune.objective.excitatory]
kind = "rate"
population = "excitatory"
stimulation = "level"
at = ["20 Hz", "40 Hz"]
target = "1 Hz"
sd = "0.5 Hz"
[tune.objective.gain]
kind = "slope"
population = "inhibitory"
stimulation = "level"
target = 1
sd = 0.05
)";

/// A pipeline in a folder of its own, with its base derived.
struct Set {
    ScratchFolder scratch;
    fs::path folder = scratch.path;
    DocumentNode document;
    PipelineConfig config;
    TuneConfig tune;
    std::optional<Derived> base;
    SilentProgress silent;

    explicit Set(const std::string& text, bool derive = true) {
        const fs::path file = folder / "circuit.toml";
        write_file(file, circuit + text);
        document = read_document(file, {});
        config = load_pipeline(file, plugins());
        tune = read_tune(document, plugins(), config).value();
        static const ScratchFolder derived; // [tune] is no part of the base
        if (derive) base = derive_fits(config, derived.path, silent);
    }
    [[nodiscard]] TunedModel model() const { return {document, config, tune, plugins(), base ? &*base : nullptr}; }
    [[nodiscard]] std::vector<double> start() const {
        std::vector<double> x;
        for (const TuneParameter& p : tune.parameters) x.push_back(p.initial);
        return x;
    }
    [[nodiscard]] std::vector<double> target() const {
        std::vector<double> t;
        for (const TuneTarget& target : tune.targets) t.push_back(target.target);
        return t;
    }
    /// The data are what the model shows at x.
    void make_data(const std::vector<double>& x) {
        const std::vector<double> value = model().values(x);
        for (std::size_t t = 0; t < value.size(); ++t) tune.targets[t].target = value[t];
    }
};

} // namespace mfm::test
