// SPDX-License-Identifier: Apache-2.0
// Golden texts: what is wrong, where, and what to do.
#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace host_test;

TEST_CASE("an unknown key is told with its place and the nearest name") {
    CHECK(refusal_with("seed = 7", "sead = 7") == "circuit.toml:2:1: unknown key 'sead' (did you mean 'seed'?)");
    CHECK(refusal_with("C_m =", "Cm =") ==
          "circuit.toml:14:16: unknown key 'Cm' in population.cells.parameters (did you mean 'C_m'?)");
    CHECK(refusal_with("source =", "sorce =") ==
          "circuit.toml:19:1: unknown key 'sorce' in projection.input (did you mean 'source'?)");
    CHECK(refusal_with("p = 0.1", "q = 0.1, p = 0.1") ==
          "circuit.toml:21:32: unknown key 'q' in projection.input.rule");
    CHECK(refusal_with("tau_syn = 2", "tau = 2") ==
          "circuit.toml:15:95: unknown key 'tau' in population.cells.receptors[2] (did you mean 'tau_syn'?)");
    CHECK(refusal_with("basis =", "base =") ==
          "circuit.toml:32:1: unknown key 'base' in transfer (did you mean 'basis'?)");
}

TEST_CASE("a value of the wrong type is told with what it must be") {
    CHECK(refusal_with("\"145 pF\"", "true") ==
          "circuit.toml:14:22: population.cells.parameters.C_m must be a number in pF, but is true or false");
    CHECK(refusal_with("seed = 7", "seed = \"7\"") == "circuit.toml:2:8: seed must be a whole number, but is a text");
    CHECK(refusal_with("seed = 7", "seed = 7.5") == "circuit.toml:2:8: seed must be a whole number, but is 7.5");
    CHECK(refusal_with("count = 100", "count = [100]") ==
          "circuit.toml:10:9: population.fibres.count must be a whole number, but is a list");
    CHECK(refusal_with("name = \"a circuit\"", "name = 3") == "circuit.toml:1:8: name must be a text, but is a number");
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", shape = 1 }") ==
          "circuit.toml:14:40: population.cells.parameters.shape must be a text, but is a number");
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", noisy = 1 }") ==
          "circuit.toml:14:40: population.cells.parameters.noisy must be true or false, but is a number");
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", order = 1.5 }") ==
          "circuit.toml:14:40: population.cells.parameters.order must be a whole number, but is 1.5");
    CHECK(refusal_with("parameters = { C_m = \"145 pF\" }", "parameters = 5") ==
          "circuit.toml:14:14: population.cells.parameters must be a table, but is a number");
    CHECK(refusal_with("\"145 pF\"", "2020-01-01") ==
          "circuit.toml:14:22: population.cells.parameters.C_m must be a number in pF, but is a date");
    CHECK(refusal_with("\"145 pF\"", "inf") ==
          "circuit.toml:14:22: population.cells.parameters.C_m must be finite, but is inf");
}

TEST_CASE("a wrong unit is told with the right one") {
    CHECK(
        refusal_with("145 pF", "145 mV") ==
        "circuit.toml:14:22: population.cells.parameters.C_m: '145 mV' has the wrong unit; it must be a number in pF");
    CHECK(refusal_with("145 pF", "145 pX") ==
          "circuit.toml:14:22: population.cells.parameters.C_m: the unit 'pX' is unknown; it must be a number in pF");
    CHECK(refusal_with("145 pF", "many") ==
          "circuit.toml:14:22: population.cells.parameters.C_m: 'many' is not a number in pF");
    CHECK(refusal_with("p = 0.1", "p = \"0.1 ms\"") ==
          "circuit.toml:21:36: projection.input.rule.p: '0.1 ms' has the wrong unit; it must be a pure number");
    CHECK(refusal_with("0.05 nS", "0.05 pA") ==
          "circuit.toml:23:10: projection.input.weight: '0.05 pA' has the wrong unit; it must be a number in nS");
    CHECK(
        refusal_with("{ kind = \"exponential\", tau_syn = 2, current = true }", "{ kind = \"delta\", tau_syn = 2 }") ==
        "circuit.toml:15:99: population.cells.receptors[2].tau_syn does not belong here: a delta pulse of current has "
        "none");
    CHECK(refusal_with("receptor = 1", "receptor = 2") == // a current
          "circuit.toml:23:10: projection.input.weight: '0.05 nS' has the wrong unit; it must be a number in pA");
    CHECK(refusal_with("9e-6 /um^3", "9e-6 /um^2") == "circuit.toml:16:45: population.cells.placement.density: '9e-6 "
                                                      "/um^2' has the wrong unit; it must be a number in /um^3");
}

TEST_CASE("a value out of bounds is told with the bounds") {
    CHECK(refusal_with("145 pF", "0 pF") ==
          "circuit.toml:14:22: population.cells.parameters.C_m is 0 pF, but must be above 0 pF and at most 10000 pF");
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", order = 6 }") ==
          "circuit.toml:14:40: population.cells.parameters.order is 6, but must be at least 1 and at most 5");
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", shape = \"bal\" }") ==
          "circuit.toml:14:40: population.cells.parameters.shape: 'bal' is none of 'point', 'ball' (did you mean "
          "'ball'?)");
    CHECK(refusal_with("9e-6 /um^3", "0 /um^3") ==
          "circuit.toml:16:45: population.cells.placement.density is 0 /um^3, but must be above 0 /um^3");
    CHECK(refusal_with("count = 100", "count = 0") ==
          "circuit.toml:10:9: population.fibres.count is 0, but must be at least 1");
    CHECK(refusal_with("0.05 nS", "-0.05 nS") ==
          "circuit.toml:23:10: projection.input.weight is -0.05 nS, but must be at least 0 nS");
    CHECK(refusal_with("\"1 ms\"", "\"0 ms\"") ==
          "circuit.toml:24:9: projection.input.delay is 0 ms, but must be above 0 ms");
    CHECK(refusal_with("\"1 ms\"", "\"50 us\"") ==
          "circuit.toml:24:9: projection.input.delay is 0.05 ms, shorter than a time step (0.1 ms)");
    CHECK(
        refusal_with("from = \"4 Hz\"", "from = \"-4 Hz\"") ==
        "circuit.toml:29:17: stimulation.background.rate.from is -4 Hz, but must be at least 0 Hz and at most 1000 Hz");
    CHECK(refusal_with("step = \"4 Hz\"", "step = \"-4 Hz\"") ==
          "circuit.toml:29:8: stimulation.background.rate: its step does not lead from 4 to 12");
    CHECK(refusal(circuit + "[drive.noise]\ntarget = \"cells\"\nreceptor = 1\nrate = \"-5 Hz\"\nweight = 1\n") ==
          "circuit.toml:37:8: drive.noise.rate is -5 Hz, but must be at least 0 Hz");
    CHECK(refusal(circuit + "[drive.cells]\ntarget = \"cells\"\nreceptor = 1\nrate = \"5 Hz\"\nweight = 1\n") ==
          "circuit.toml:34:8: drive.cells: a population has this name already; give the drive another");
    CHECK(refusal(circuit + "[simulation]\nduration = \"-1 s\"\n") ==
          "circuit.toml:35:12: simulation.duration is -1000 ms, but must be above 0 ms");
    CHECK(refusal(circuit + "[simulation]\nduration = \"0.1 s\"\n") ==
          "circuit.toml:34:1: simulation: the transient (200 ms) must be shorter than the duration (100 ms)");
    CHECK(refusal_with("delay = \"1 ms\"", "delay = \"1 ms\"\nkeep = 1.5") ==
          "circuit.toml:25:8: projection.input.keep is 1.5, but must be at least 0 and at most 1");
}

TEST_CASE("what a plugin's create refuses has the place of the choice") {
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", V_th = -99 }") ==
          "circuit.toml:13:10: plugin 'test_cell' failed in create: a threshold of -99 mV makes no cell");
}

TEST_CASE("a name that leads nowhere is told with the nearest one") {
    CHECK(refusal_with("source = \"fibres\"", "source = \"fibers\"") ==
          "circuit.toml:19:10: projection.input.source: there is no population 'fibers' (did you mean 'fibres'?)");
    CHECK(refusal_with("layer = \"granular\"", "layer = \"granule\"") ==
          "circuit.toml:16:23: population.cells.placement.layer: [space.layers] has no layer 'granule' (did you mean "
          "'granular'?)");
    CHECK(refusal_with("p = 0.1", "p = 0.1, after = \"inptu\"") ==
          "circuit.toml:21:49: projection.input.rule.after: there is no projection 'inptu' above this one");
    CHECK(refusal_with("p = 0.1", "p = 0.1, after = \"input\"") == // itself is not above itself
          "circuit.toml:21:49: projection.input.rule.after: there is no projection 'input' above this one");
    CHECK(refusal_with("neuron = \"test_cell\"", "neuron = \"test_cel\"")
              .starts_with(
                  "circuit.toml:13:10: there is no neuron model 'test_cel' (did you mean 'test_cell'?); looked in "));
    CHECK(refusal_with("neuron = \"test_cell\"", "neuron = \"test_rule\"") ==
          "circuit.toml:13:10: plugin 'test_rule' is no neuron model (it has no interface mfm.neuron/1) (did you mean "
          "'test_cell'?)");
    CHECK(refusal_with("receptor = 1", "receptor = 3") ==
          "circuit.toml:22:12: projection.input.receptor is 3, but population 'cells' has 2 receptors");
    CHECK(refusal_with("receptor = 1", "receptor = 0") ==
          "circuit.toml:22:12: projection.input.receptor is 0, but must be at least 1");
    CHECK(refusal_with("density = \"9e-6 /um^3\"", "ratio = 2, ratio_of = \"fibre\"") ==
          "circuit.toml:16:13: population.cells.placement.ratio_of: there is no population 'fibre' (did you mean "
          "'fibres'?)");
    CHECK(refusal_with("density = \"9e-6 /um^3\"", "ratio = 2, ratio_of = \"cells\"") ==
          "circuit.toml:16:13: population.cells.placement.ratio_of: the ratios lead back to 'cells' itself");
    CHECK(refusal_with("p = 0.1", "p = 0.1, table = \"nowhere.csv\"")
              .starts_with("circuit.toml:21:49: projection.input.rule.table: there is no file '/"));
    CHECK(refusal_with("count = 100\n", "count = 100\n[population.\"a b\"]\n") ==
          "circuit.toml:11:13: the population name 'a b' may have letters, digits, '_' and '-' only");
}

TEST_CASE("what is missing is named") {
    CHECK(refusal("seed = 1\n") ==
          "circuit.toml:1:1: the pipeline has no population; add a section like [population.my_cells]");
    CHECK(refusal_with(", p = 0.1", "") ==
          "circuit.toml:21:8: projection.input.rule needs a value for 'p': probability of a pair (a number)");
    CHECK(refusal_with("weight = \"0.05 nS\"\n", "") ==
          "circuit.toml:18:1: projection.input needs a value for 'weight'");
    CHECK(refusal_with("rule = { plugin = \"test_rule\", p = 0.1 }", "rule = { p = 0.1 }") ==
          "circuit.toml:21:8: projection.input.rule needs a value for 'plugin'");
    CHECK(refusal_with("neuron = \"test_cell\"\nparameters = { C_m = \"145 pF\" }\n", "") ==
          "circuit.toml:12:1: population.cells needs a 'neuron' (the id of a neuron model), or kind = \"poisson\" or "
          "\"relay\"");
    CHECK(refusal_with("count = 100", "") == "circuit.toml:8:1: population.fibres needs a 'count' or a 'placement'");
    CHECK(refusal_with(", density = \"9e-6 /um^3\"", "") ==
          "circuit.toml:16:13: population.cells.placement needs exactly one of 'density', 'count' and 'ratio'");
    CHECK(refusal_with("E_rev = \"0 mV\"", "current = false") ==
          "circuit.toml:15:14: population.cells.receptors[1] needs a value for 'E_rev'");
    CHECK(refusal_with("optimizer = \"test_optimizer\"\n", "") ==
          "circuit.toml:31:1: transfer needs a value for 'optimizer'");
}

TEST_CASE("what means nothing in its place is refused with the reason") {
    CHECK(
        refusal_with("kind = \"poisson\"", "kind = \"poisson\"\nneuron = \"test_cell\"") ==
        "circuit.toml:10:10: population.fibres.neuron does not belong here: a poisson population has no neuron model");
    CHECK(refusal_with("target = \"cells\"", "target = \"fibres\"") ==
          "circuit.toml:20:10: projection.input.target: 'fibres' is a poisson population, which has no input");
    CHECK(refusal_with("target = \"fibres\"", "target = \"cells\"") ==
          "circuit.toml:28:10: stimulation.background.target: 'cells' is no poisson population, so it has no rate to "
          "set");
    CHECK(refusal_with("E_rev = \"0 mV\"", "E_rev = \"0 mV\", current = true") ==
          "circuit.toml:15:61: population.cells.receptors[1].E_rev does not belong here: a current has no reversal "
          "potential");
    CHECK(
        refusal_with("density = \"9e-6 /um^3\"", "count = 3, radius = \"5 um\"") ==
        "circuit.toml:16:55: population.cells.placement.radius does not belong here: cells placed at random have none");
    CHECK(refusal_with("\"145 pF\" }", "\"145 pF\", V_th = { distribution = \"normal\", mean = -50, sd = 1 } }") ==
          "circuit.toml:14:39: population.cells.parameters.V_th is the same for all cells, so it must be a number, but "
          "is a table");
    CHECK(refusal_with("\"145 pF\"", "{ distribution = \"normal\", mean = 145, sd = 1, lower = 0 }") ==
          "circuit.toml:14:77: population.cells.parameters.C_m.lower does not belong here: a normal distribution has "
          "no such bound");
    CHECK(refusal_with("\"145 pF\"", "{ distribution = \"norml\", mean = 145, sd = 1 }") ==
          "circuit.toml:14:39: population.cells.parameters.C_m.distribution: 'norml' is none of 'constant', 'normal', "
          "'lognormal', "
          "'gamma', 'uniform' (did you mean 'normal'?)");
    CHECK(refusal_with("\"0.05 nS\"", "{ distribution = \"gamma\", mean = 0, sd = 1 }") ==
          "circuit.toml:23:10: projection.input.weight: the mean of a gamma distribution must be above 0");
    CHECK(refusal_with("rate = {", "duration = \"50 ms\"\nrate = {") ==
          "circuit.toml:29:12: stimulation.background: 'duration' is a key of the pipeline as well as a setting of "
          "plugin "
          "'test_protocol'; write the plugin's as settings = { duration = ... }");
    CHECK(refusal_with("parameters =", "initial = { V = 3 }\nparameters =") ==
          "circuit.toml:14:13: unknown key 'V' in population.cells.initial (did you mean 'V_m'?)");
    CHECK(refusal_with("parameters =", "initial = { V_m = \"3 nS\" }\nparameters =") ==
          "circuit.toml:14:19: population.cells.initial.V_m: '3 nS' has the wrong unit; it must be a number in mV");
    CHECK(refusal_with("[space]\nsize = [\"300 um\", \"200 um\", 295]\nlayers = { granular = [\"0 um\", \"130 um\"] }",
                       "\n\n") ==
          "circuit.toml:16:13: population.cells.placement: cells can be placed only when there is a [space]");
    CHECK(refusal_with("\"130 um\"] }", "\"330 um\"] }") ==
          "circuit.toml:6:32: space.layers.granular[2] is 330 um, but must be at least 0 um and at most 295 um");
}

TEST_CASE("the derivation's numbers are checked against each other") {
    CHECK(refusal(circuit + "working_low = 3\n") ==
          "circuit.toml:31:1: transfer: working_low (3) must be below working_high (2)");
    CHECK(refusal(circuit + "folds = 1\n") == "circuit.toml:34:9: transfer.folds is 1, but must be at least 2");
    CHECK(
        refusal(circuit + "[mean_field]\nin_degree = \"means\"\n") ==
        "circuit.toml:35:13: mean_field.in_degree: 'means' is none of 'list', 'gamma', 'mean' (did you mean 'mean'?)");
    CHECK(refusal(circuit + "[validation]\nlimited = 0.5\n") ==
          "circuit.toml:34:1: validation: limited (0.5) must not be above not_valid (0.35)");
    CHECK(refusal(circuit + "[remap]\nmerge_relays = \"yes\"\n") ==
          "circuit.toml:35:16: remap.merge_relays must be true or false, but is a text");
}

TEST_CASE(
    "the dynamics' own keys are refused where they would mean nothing, and T is asked for where nobody can guess it") {
    CHECK(refusal(circuit + "[mean_field]\norder = 2\n") ==
          "circuit.toml:35:9: mean_field.order does not belong here: only dynamics = \"master_equation\" has an order");
    CHECK(
        refusal(circuit + "[mean_field]\ndynamics = \"master_equation\"\n") ==
        "circuit.toml:34:1: mean_field: dynamics = \"master_equation\" needs T, the time within which a cell fires at "
        "most once (the literature's is 3.5 ms for the cerebellum, 5 to 20 ms for the cortex)");
    CHECK(refusal(circuit + "[mean_field]\ndynamics = \"master_equation\"\nT = 5\norder = 3\n") ==
          "circuit.toml:37:9: mean_field.order is 3, but must be at most 2");
    CHECK(refusal(circuit + "[mean_field]\ndynamics = \"rate\"\nfinite_size_noise = true\n") ==
          "circuit.toml:36:21: mean_field.finite_size_noise does not belong here: only dynamics = \"synaptic\" has "
          "synapses and adaptation of its own");
    CHECK(refusal(circuit + "[mean_field]\nnoise_step = 0.1\n") ==
          "circuit.toml:35:14: mean_field.noise_step does not belong here: it needs finite_size_noise = true");
    CHECK(refusal(circuit + "[mean_field]\ndynamics = \"master\"\n") ==
          "circuit.toml:35:12: mean_field.dynamics: 'master' is none of 'synaptic', 'rate', 'master_equation' (did you "
          "mean 'rate'?)");
}

TEST_CASE("what would take more stack or memory than there is, is refused before") {
    const auto repeated = [](const std::string& text, int times) {
        std::string all;
        for (int i = 0; i < times; ++i) all += text;
        return all;
    };
    const std::string parts = repeated("a.", 200000) + "a";
    CHECK(refusal("seed = 1\n" + parts + " = 1\n") == "circuit.toml:2:64: a key has more than 32 parts");
    CHECK(refusal("[" + parts + "]\n") == "circuit.toml:1:65: a key has more than 32 parts");
    CHECK(refusal("\"#\" . " + repeated("'\".' .", 200000) + "a = 1\n") ==
          "circuit.toml:1:192: a key has more than 32 parts");
    CHECK(refusal("a = { b = \"\"\"text\"\"\"\", " + parts + " = 1 }\n") ==
          "circuit.toml:1:87: a key has more than 32 parts");
    CHECK(refusal_set(parts + "=1").ends_with(": a key has more than 32 parts"));
    CHECK(refusal("seed = " + repeated("[", 70) + repeated("]", 70) + "\n") ==
          "circuit.toml:1:72: tables and lists are nested more than 64 deep");
    const std::string table = std::string("{").append(repeated("a.", 31)).append("a = ");
    CHECK(refusal("a = " + repeated(table, 250) + "1" + repeated("}", 250) + "\n")
              .ends_with(": tables and lists are nested more than 64 deep"));
    CHECK(refusal(repeated("# nothing\n", 1700000)) ==
          "'circuit.toml' has more than 16 MB; a pipeline file is text that somebody wrote");
    // Dots elsewhere are no keys.
    CHECK(refusal("# " + parts + "\n" + with("a circuit", parts)) == "");
    CHECK(refusal("name = '''" + parts + "''' # " + parts + "\n" + with("name = \"a circuit\"", "")) == "");
}

TEST_CASE("a mistake in a calibration is told with its place") {
    const auto refusal_of = [](const std::string& keys) {
        return refusal_with("seed = 7", "seed = 7\nmean_field.calibration = { " + keys + " }");
    };
    CHECK(refusal_of("level = [4]") ==
          "circuit.toml:3:28: unknown key 'level' in mean_field.calibration (did you mean 'levels'?)");
    CHECK(refusal_of("levels = [\"4 mV\"]") ==
          "circuit.toml:3:38: mean_field.calibration.levels[0]: '4 mV' has the wrong unit; it must be a number in Hz");
    CHECK(refusal_of("levels = []") ==
          "circuit.toml:3:37: mean_field.calibration.levels is empty: name levels of the stationary stimulus to "
          "calibrate on, or leave the key out");
    CHECK(refusal_of("lambda = 0") == "circuit.toml:3:37: mean_field.calibration.lambda is 0, but must be above 0");
    CHECK(refusal_with("seed = 7", "seed = 7\nmean_field.calibration = true") ==
          "circuit.toml:3:26: mean_field.calibration must be a table, but is true or false");
}

TEST_CASE("a basis of a list that is none is told with its place, and so is an empty list") {
    CHECK(refusal_with("basis = \"test_basis\"", "basis = []") ==
          "circuit.toml:32:9: transfer.basis is a list without a basis; name at least one");
    CHECK(
        refusal_with("basis = \"test_basis\"", "basis = [\"test_basis\", \"auto\"]").rfind("circuit.toml:32:24: ", 0) ==
        0);
    CHECK(refusal_with("basis = \"test_basis\"", "basis = [3]").rfind("circuit.toml:32:10: transfer.basis[1]", 0) == 0);
}

TEST_CASE("what sampled cells have no use for is refused with the reason") {
    const auto refusal_of = [](const std::string& keys) {
        return refusal_with("optimizer = \"test_optimizer\"\n", "optimizer = \"test_optimizer\"\n" + keys);
    };
    CHECK(refusal_of("cells = \"sampled\"\n").empty());
    CHECK(refusal_of("cells = \"sample\"\n").rfind("circuit.toml:34:9: transfer.cells: 'sample' is none of ", 0) == 0);
    CHECK(refusal_of("sampled_cells = 10\n") ==
          "circuit.toml:34:17: transfer.sampled_cells does not belong here: it needs cells = \"sampled\"");
    CHECK(refusal_of("cells = \"sampled\"\ncopies = 10\n") ==
          "circuit.toml:35:10: transfer.copies does not belong here: with cells = \"sampled\" give sampled_cells");
    CHECK(refusal_of("fluctuations = \"recorded\"\n") == "circuit.toml:34:16: transfer.fluctuations = \"recorded\" "
                                                         "needs transfer.cells = \"sampled\": the mean cell has "
                                                         "no sources of its own");
}

TEST_CASE("a transfer function sampled around a stimulation that does not exist is refused with the nearest name") {
    const auto refusal_of = [](const std::string& keys) {
        return refusal_with("optimizer = \"test_optimizer\"\n", "optimizer = \"test_optimizer\"\n" + keys);
    };
    CHECK(refusal_of("stimulations = []\n") ==
          "circuit.toml:34:16: transfer.stimulations must be a list of names of [stimulation.*] sections");
    CHECK(refusal_of("stimulations = [\"background\", \"bakground\"]\n")
              .find("transfer.stimulations: there is no stimulation 'ba") != std::string::npos);
}

TEST_CASE("a sampling that is none and a tolerance of nothing are told with their places") {
    const std::string fixed = "optimizer = \"test_optimizer\"\nsampling = \"fixed\"\n";
    CHECK(refusal_with("optimizer = \"test_optimizer\"\n", fixed + "tolerance_relative = 0.01\n").empty());
    CHECK(refusal_with("optimizer = \"test_optimizer\"\n", fixed).empty());
    CHECK(refusal_with("optimizer = \"test_optimizer\"", "optimizer = \"test_optimizer\"\nsampling = \"adaptiv\"")
              .rfind("circuit.toml:34:12: transfer.sampling", 0) == 0);
    CHECK(
        refusal_with("optimizer = \"test_optimizer\"", "optimizer = \"test_optimizer\"\ntolerance_absolute = \"0 Hz\"")
            .rfind("circuit.toml:34:22: transfer.tolerance_absolute is 0 Hz, but must be above 0 Hz", 0) == 0);
}
