// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace host_test;

TEST_CASE("a pipeline is read in the framework's units and in the order of the file") {
    const mfm::PipelineConfig config = load(circuit);
    CHECK(config.name == "a circuit");
    CHECK(config.seed == 7);
    CHECK(config.space.size == std::array<double, 3>{300, 200, 295});
    REQUIRE(config.space.layers.size() == 1);
    CHECK(config.space.layers[0].z_max == 130.0);

    REQUIRE(config.populations.size() == 2);
    const mfm::PopulationConfig &fibres = config.populations[0], &cells = config.populations[1];
    CHECK(fibres.name == "fibres");
    CHECK(fibres.kind == mfm::PopulationConfig::Kind::Poisson);
    CHECK(fibres.count == 100u);
    CHECK_FALSE(fibres.neuron);
    CHECK(config.population_index("cells") == 1);
    CHECK_THROWS_WITH(config.population_index("cell"), "there is no population 'cell' (did you mean 'cells'?)");

    REQUIRE(cells.neuron);
    CHECK(cells.neuron->settings[0].real == 145.0);
    CHECK(cells.neuron->settings[1].real == -50.0);
    CHECK(cells.neuron->canonical == "test_cell 1.2.3; C_m = 145; V_th = -50; order = 2; noisy = 0; shape = 5:point");
    REQUIRE(cells.receptors.size() == 2);
    CHECK(cells.receptors[0].shape == MFM_RECEPTOR_ALPHA);
    CHECK(cells.receptors[0].tau == 0.23);
    CHECK(cells.receptors[1].flags == MFM_RECEPTOR_CURRENT);
    CHECK(cells.placement.kind == mfm::Placement::Kind::Random);
    CHECK(cells.placement.density == 9e-6);

    REQUIRE(config.projections.size() == 1);
    const mfm::ProjectionConfig& input = config.projections[0];
    CHECK(input.port == 0);
    CHECK(input.weight.mean == 0.05);
    CHECK(input.delay.mean == 1.0);
    CHECK(input.contacts.mean == 1.0);
    CHECK(input.keep == 1.0);
    REQUIRE(config.stimulations.size() == 1);
    CHECK(config.stimulations[0].protocol.settings[0].list == std::vector<double>{4, 8, 12});
    CHECK(config.transfer.optimizer.settings[0].real == 1e-6);
    CHECK(config.mean_field.T == 0.5);
    CHECK_FALSE(config.mean_field.finite_size_noise);
    CHECK_FALSE(config.mean_field.calibration);
    const auto calibrated = load(circuit + "[mean_field.calibration]\nlevels = [\"4 Hz\", 0.04e3]\n").mean_field;
    CHECK(calibrated.calibration->levels_hz == std::vector<double>{4, 40});
    CHECK(calibrated.calibration->lambda == 0.2);
}

TEST_CASE("the master equation has its T and order, and the second is the default") {
    const std::string master = circuit + "[mean_field]\ndynamics = \"master_equation\"\nT = \"3500 us\"\n";
    const auto second = load(master).mean_field, first = load(master + "order = 1\n").mean_field;
    CHECK(second.dynamics == mfm::MeanFieldConfig::Dynamics::MasterEquation);
    CHECK(second.T == 3.5);
    CHECK(second.order == 2);
    CHECK(first.order == 1);
}

TEST_CASE("the same quantity may be written in any unit of its dimension") {
    for (const char* text : {"\"145 pF\"", "145", "145.0", "\"0.145 nF\"", "\"145\""}) {
        INFO(text);
        const auto config = load(with("\"145 pF\"", text));
        CHECK(config.populations[1].neuron->settings[0].real == Approx(145.0).epsilon(1e-15));
    }
    CHECK(load(with("\"9e-6 /um^3\"", "\"9000 /mm^3\"")).populations[1].placement.density ==
          Approx(9e-6).epsilon(1e-15));
}

TEST_CASE("a setting that may differ from cell to cell takes a distribution") {
    const auto config = load(with("\"145 pF\"", "{ distribution = \"normal\", mean = \"145 pF\", sd = \"0.01 nF\" }"));
    const auto& cells = config.populations[1];
    REQUIRE(cells.distributed.size() == 1);
    CHECK(cells.distributed[0].first == 0);
    CHECK(cells.distributed[0].second.kind == mfm::Distribution::Kind::Normal);
    CHECK(cells.distributed[0].second.sd == 10.0);
    CHECK(cells.neuron->settings[0].real == 145.0);
    // Without spread it is a constant like any other.
    CHECK(load(with("\"145 pF\"", "{ distribution = \"gamma\", mean = 145, sd = 0 }"))
              .populations[1]
              .distributed.empty());
    CHECK(load(with("weight = \"0.05 nS\"", "weight = { distribution = \"uniform\", lower = 0, upper = \"0.1 nS\" }"))
              .projections[0]
              .weight.upper == 0.1);
}

TEST_CASE("initial values have the units of the neuron's states") {
    const auto config = load(with("count = 100\n\n[population.cells]",
                                  "count = 100\n\n[population.cells]\ninitial = { V_m = \"-0.06 V\", "
                                  "rate = { distribution = \"uniform\", lower = \"10 Hz\", upper = \"20 Hz\" } }"));
    const auto& initial = config.populations[1].initial;
    REQUIRE(initial.size() == 2);
    CHECK(initial[0].first == "V_m");
    CHECK(initial[0].second.mean == -60.0);
    CHECK(initial[1].second.upper == Approx(0.02)); // 1/ms
}

TEST_CASE("lists are arrays, single numbers, or from, to and step") {
    const auto rates = [](const std::string& text) {
        return load(with("{ from = \"4 Hz\", to = \"12 Hz\", step = \"4 Hz\" }", text))
            .stimulations[0]
            .protocol.settings[0]
            .list;
    };
    CHECK(rates("[1, \"2 Hz\", \"0.003 kHz\"]") == std::vector<double>{1, 2, 3});
    CHECK(rates("\"5 Hz\"") == std::vector<double>{5});
    CHECK(rates("{ from = 0, to = 10, step = 4 }") == std::vector<double>{0, 4, 8});
    CHECK(rates("{ from = 10, to = 0, step = -5 }") == std::vector<double>{10, 5, 0});
    CHECK(rates("{ from = 0, to = 0.3, step = 0.1 }").size() == 4); // 0.3 / 0.1 is a little below 3
}

TEST_CASE("a protocol's setting that has the name of a pipeline key stands in settings") {
    const auto config =
        load(circuit + "[stimulation.long]\nplugin = \"test_protocol\"\ntarget = \"fibres\"\nduration = \"2 s\"\n"
                       "settings = { duration = \"50 ms\" }\n");
    CHECK(config.stimulations[1].duration == 2000.0);
    CHECK(config.stimulations[1].protocol.settings[1].real == 50.0);
}

TEST_CASE("a relay passes spikes on, so a projection onto one needs a delay only") {
    const auto config =
        load(circuit +
             "[population.relay]\nkind = \"relay\"\ncount = 5\n[projection.to_relay]\nsource = \"fibres\"\n"
             "target = \"relay\"\nrule = { plugin = \"test_rule\", p = 1, after = \"input\" }\ndelay = \"1 ms\"\n");
    REQUIRE(config.projections.size() == 2);
    CHECK(config.projections[1].earlier == std::vector<std::string>{"", "input", ""});
}

TEST_CASE("a file is found from where the pipeline file is, and its contents are what counts") {
    const Folder folder;
    folder.write("sub/circuit.toml", with("p = 0.1", "p = 0.1, table = \"pairs.csv\""));
    folder.write("sub/pairs.csv", "1,2\n");
    const auto first = mfm::load_pipeline("sub/circuit.toml", registry());
    CHECK(first.projections[0].rule.settings[2].text == (folder.path() / "sub/pairs.csv").string());
    CHECK(first.resolved_toml.find((folder.path() / "sub/pairs.csv").string()) != std::string::npos);
    folder.write("sub/pairs.csv", "1,3\n");
    const auto second = mfm::load_pipeline("sub/circuit.toml", registry());
    CHECK(first.projections[0].rule.canonical != second.projections[0].rule.canonical);
}

TEST_CASE("the resolved pipeline is a pipeline that says the same") {
    mfm::LoadOptions options;
    options.set = {"population.cells.parameters.V_th=-45.5", "transfer.points=12", "name=a \"quoted\" name"};
    options.seed = 99;
    const auto config = load(circuit, options);
    const auto again = load(config.resolved_toml);
    CHECK(again.resolved_toml == config.resolved_toml);
    CHECK(again.seed == 99);
    CHECK(again.name == "a \"quoted\" name");
    CHECK(again.transfer.points == 12);
    CHECK(again.populations[1].neuron->canonical == config.populations[1].neuron->canonical);
    CHECK(again.stimulations[0].protocol.canonical == config.stimulations[0].protocol.canonical);
}

TEST_CASE("a basis is one, a list of candidates, or every one there is") {
    CHECK(load(circuit).transfer.bases.size() == 1);
    const auto two = load(with("basis = \"test_basis\"", "basis = [\"test_basis\", { plugin = \"test_basis\" }]"));
    REQUIRE(two.transfer.bases.size() == 2);
    CHECK(two.transfer.bases[1].component->id() == "test_basis");
    const auto all = load(with("basis = \"test_basis\"", "basis = \"auto\""));
    REQUIRE(all.transfer.bases.size() == 1);
    CHECK(all.transfer.bases[0].canonical == load(circuit).transfer.bases[0].canonical);
}

TEST_CASE("sampling is adaptive within half a hertz and two per cent, unless told otherwise") {
    const auto transfer = load(circuit).transfer;
    CHECK(transfer.sampling == mfm::TransferConfig::Sampling::Adaptive);
    CHECK(transfer.tolerance_absolute == 0.5);
    CHECK(transfer.tolerance_relative == 0.02);
    const auto changed = load(circuit + "tolerance_absolute = \"0.002 kHz\"\ntolerance_relative = \"5 %\"\n").transfer;
    CHECK(changed.tolerance_absolute == 2);
    CHECK(changed.tolerance_relative == 0.05);
    CHECK(load(circuit + "sampling = \"fixed\"\n").transfer.sampling == mfm::TransferConfig::Sampling::Fixed);
}
