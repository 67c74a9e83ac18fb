// SPDX-License-Identifier: Apache-2.0
// The mean field of a base with changed parameters is that of the changed pipeline, derived from its own network.
#include <catch2/catch.hpp>

#include "meanfield/fixed_points.hpp"
#include "pipeline/changed_model.hpp"
#include "pipeline/derivation.hpp"
#include "unit/tune_fixture.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

namespace {

/// As the other, with conductances, spread weights, and a drive.
const std::string conductances = R"(
name = "conductances"
seed = 5
[population.input]
kind = "poisson"
count = 200
rate = "10 Hz"
[population.excitatory]
neuron = "lif"
count = 400
receptors = [{ kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "alpha", tau_syn = "3 ms", E_rev = "-80 mV" }]
[population.inhibitory]
neuron = "lif"
count = 100
receptors = [{ kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "alpha", tau_syn = "3 ms", E_rev = "-80 mV" }]
[drive.outside]
target = "excitatory"
receptor = 1
rate = "500 Hz"
weight = "0.5 nS"
[projection.input_to_excitatory]
source = "input"
target = "excitatory"
rule = { plugin = "fixed_in_degree", in_degree = 60 }
receptor = 1
weight = { distribution = "normal", mean = "0.3 nS", sd = "0.05 nS" }
delay = "1 ms"
[projection.excitatory_to_inhibitory]
source = "excitatory"
target = "inhibitory"
rule = { plugin = "fixed_in_degree", in_degree = 80 }
receptor = 1
weight = "0.4 nS"
delay = "1.5 ms"
[projection.inhibitory_to_excitatory]
source = "inhibitory"
target = "excitatory"
rule = { plugin = "fixed_in_degree", in_degree = 20 }
receptor = 2
weight = "3 nS"
delay = "2 ms"
[stimulation.level]
plugin = "sweep"
target = "input"
rate = ["10 Hz", "20 Hz"]
[transfer]
basis = "softplus_conductance"
optimizer = "ceres"
)";

struct Changed {
    ScratchFolder scratch;
    fs::path file = scratch.path / "circuit.toml";
    explicit Changed(const std::string& text) { write_file(file, text); }
    [[nodiscard]] PipelineConfig with(const std::vector<std::string>& set) const {
        LoadOptions options;
        options.set = set;
        return load_pipeline(file, plugins(), options);
    }
};

FittedBase reduced(const PipelineConfig& config) {
    SilentProgress silent;
    FittedBase base;
    base.config = config;
    base.reduction = reduce(config, build_network(config, silent));
    return base;
}

} // namespace

TEST_CASE("pathways with changed weights, delays, receptors and drives are those of the changed network") {
    const Changed circuit(conductances);
    const FittedBase base = reduced(circuit.with({}));
    const std::vector<std::pair<std::vector<std::string>, double>> changes{
        {{}, 0},
        {{"projection.excitatory_to_inhibitory.weight=\"0.7 nS\""}, 0},
        {{"projection.input_to_excitatory.weight.mean=\"0.6 nS\"",
          "projection.input_to_excitatory.weight.sd=\"0.1 nS\""},
         0},
        {{"projection.excitatory_to_inhibitory.delay=\"4 ms\""}, 0},
        {{"population.excitatory.receptors=[{ kind = \"exponential\", tau_syn = \"8 ms\", E_rev = \"5 mV\" }, "
          "{ kind = \"alpha\", tau_syn = \"4 ms\", E_rev = \"-75 mV\" }]"},
         0},
        {{"drive.outside.rate=\"900 Hz\"", "drive.outside.weight=\"0.2 nS\""}, 0},
        {{"projection.excitatory_to_inhibitory.keep=0.6"}, 0.02}, // of K: pairs are drawn, and their mean is taken
    };
    for (const auto& [set, of_K] : changes) {
        INFO((set.empty() ? "nothing changed" : set.front()));
        const PipelineConfig changed = circuit.with(set);
        REQUIRE_NOTHROW(require_followable(base, changed));
        const Reduction now = changed_reduction(base.config, base.reduction, changed), own = reduced(changed).reduction;
        REQUIRE(now.pathways.size() == own.pathways.size());
        for (std::size_t w = 0; w < own.pathways.size(); ++w) {
            const Pathway &a = now.pathways[w], &b = own.pathways[w];
            INFO(b.name);
            CHECK(a.name == b.name);
            CHECK(a.Q == Approx(b.Q).epsilon(1e-6));
            CHECK(a.K == Approx(b.K).epsilon(1e-6 + of_K));
            CHECK(a.delay == Approx(b.delay).epsilon(1e-9));
            CHECK(a.receptor.tau == b.receptor.tau);
            CHECK(a.receptor.E_rev == b.receptor.E_rev);
        }
        for (std::size_t p = 0; p < own.populations.size(); ++p)
            CHECK(now.populations[p].rate_hz == own.populations[p].rate_hz);
    }
    // A weight of 0 leaves a pathway that nothing comes through.
    const Reduction silent = changed_reduction(base.config, base.reduction,
                                               circuit.with({"projection.excitatory_to_inhibitory.weight=\"0 nS\""}));
    for (const Pathway& w : silent.pathways)
        if (w.name == "excitatory_to_inhibitory") {
            CHECK(w.K == 0);
            CHECK(w.Q > 0);
        }
}

TEST_CASE("what a mean field cannot follow without a network is refused") {
    const Changed circuit(conductances);
    const FittedBase base = reduced(circuit.with({}));
    const auto refusal = [&](const std::string& set) -> std::string {
        try {
            require_followable(base, circuit.with({set}));
        } catch (const InputError& error) {
            return error.what();
        }
        return "none";
    };
    CHECK_THAT(refusal("projection.excitatory_to_inhibitory.rule.in_degree=50"),
               Contains("cells or connections differ"));
    CHECK_THAT(refusal("population.inhibitory.count=50"), Contains("cells or connections differ"));
    CHECK_THAT(refusal("population.inhibitory.parameters.V_th=\"-52 mV\""), Contains("the cells' parameters differ"));
    CHECK_THAT(refusal("transfer.seconds=30"), Contains("[transfer] differs"));
    CHECK_THAT(refusal("projection.input_to_excitatory.weight.sd=\"0.1 nS\""), Contains("spread in another way"));
    CHECK(refusal("mean_field.T=\"2 ms\"") == "none");
}

TEST_CASE("the rates of a base's mean field with other numbers are those of the pipeline that has them") {
    Set set(two_weights);
    const fs::path folder = set.folder / "base";
    static_cast<void>(derive_fits(set.config, folder, set.silent));
    const FittedBase base = load_fitted_base(set.config, folder, set.silent);
    LoadOptions options;
    options.set = {"projection.input_to_excitatory.weight=\"190 fC\"",
                   "projection.inhibitory_to_excitatory.weight=\"-350 fC\"",
                   "population.inhibitory.parameters.V_th=\"18 mV\""};
    const PipelineConfig changed = load_pipeline(set.folder / "circuit.toml", plugins(), options);
    require_followable(base, changed);
    const Derived own = derive_fits(changed, set.folder / "own", set.silent);
    const std::vector<double> input{30};
    const std::vector<double> now = resting_rates(changed_model(base, changed, set.silent), input, {});
    const std::vector<double> anew = resting_rates(
        derive_model(changed, *own.network, *own.reduction, *own.fits, *own.record, set.silent), input, {});
    const std::vector<double> before = resting_rates(changed_model(base, set.config, set.silent), input, {});
    for (std::size_t p = 0; p < anew.size(); ++p) CHECK(now[p] == Approx(anew[p]).epsilon(1e-6));
    CHECK(std::abs(now[1] - before[1]) > 2);
    CHECK(std::abs(now[2] - before[2]) > 2);
}
