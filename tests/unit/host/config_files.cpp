// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace host_test;

namespace {

mfm::PipelineConfig load_file(const std::string& name) {
    return mfm::load_pipeline(name, registry());
}
std::string refusal_of_file(const std::string& name) {
    try {
        static_cast<void>(load_file(name));
    } catch (const mfm::InputError& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST_CASE("an included file is the ground that the including file changes") {
    const Folder folder;
    folder.write("base/circuit.toml", circuit);
    folder.write("awake.toml",
                 "include = [\"base/circuit.toml\"]\nseed = 8\n[population.cells.parameters]\nV_th = \"-45 mV\"\n"
                 "[population.more]\nkind = \"poisson\"\ncount = 3\n[transfer]\npoints = 10\n");
    const auto config = load_file("awake.toml");
    CHECK(config.name == "a circuit");
    CHECK(config.seed == 8);
    CHECK(config.populations[1].neuron->settings[0].real == 145.0);
    CHECK(config.populations[1].neuron->settings[1].real == -45.0);
    REQUIRE(config.populations.size() == 3);
    CHECK(config.populations[2].name == "more"); // those of the included file stand first
    CHECK(config.transfer.points == 10);
    CHECK(config.resolved_toml.find("include") == std::string::npos);
}

TEST_CASE("of several included files the later wins") {
    const Folder folder;
    folder.write("circuit.toml", circuit);
    folder.write("one.toml", "seed = 1\nname = \"one\"\n");
    folder.write("two.toml", "seed = 2\n");
    folder.write("all.toml", "include = [\"circuit.toml\", \"one.toml\", \"two.toml\"]\n");
    CHECK(load_file("all.toml").seed == 2);
    CHECK(load_file("all.toml").name == "one");
}

TEST_CASE("another plugin replaces the settings of the one before, the same plugin keeps them") {
    const Folder folder;
    folder.write("circuit.toml", with("optimizer = \"test_optimizer\"",
                                      "optimizer = { plugin = \"test_optimizer\", tolerance = 0.5 }"));
    folder.write("same.toml",
                 "include = [\"circuit.toml\"]\n[transfer]\noptimizer = { plugin = \"test_optimizer\" }\n");
    CHECK(load_file("same.toml").transfer.optimizer.settings[0].real == 0.5);
    folder.write("other.toml",
                 "include = [\"circuit.toml\"]\n[transfer]\noptimizer = { plugin = \"test_optimiser\" }\n");
    CHECK(refusal_of_file("other.toml")
              .starts_with("other.toml:3:24: there is no optimizer 'test_optimiser' (did you mean 'test_optimizer'?); "
                           "looked in "));
}

TEST_CASE("of count, density and ratio in a placement the one that comes later stands") {
    const Folder folder;
    const std::string space = "[space]\nsize = [100, 100, 100]\n";
    const auto placed = [&](const std::string& below, const std::string& above) {
        folder.write("below.toml", space +
                                       "[population.a]\nkind = \"poisson\"\nplacement = { count = 5 }\n"
                                       "[population.b]\nkind = \"poisson\"\nplacement = { " +
                                       below + " }\n");
        folder.write("above.toml", "include = [\"below.toml\"]\n[population.b.placement]\n" + above + "\n");
        return load_file("above.toml").populations[1].placement;
    };
    const std::string count = "count = 7", density = "density = \"1e-4 /um^3\"", ratio = "ratio = 0.5";
    const auto has_density = placed(count, density);
    CHECK_FALSE(has_density.count);
    CHECK(*has_density.density == Approx(1e-4));
    CHECK(*placed(density, count).count == 7);
    CHECK(*placed(ratio + ", ratio_of = \"a\"", count).count == 7);
    CHECK(*placed(ratio + ", ratio_of = \"a\"", density).density == Approx(1e-4));
    CHECK(placed(count, ratio + "\nratio_of = \"a\"").density_of == "a");
    CHECK(placed("ratio = 0.1, ratio_of = \"a\"", ratio).ratio == 0.5); // of the same population as before
    CHECK_THROWS_AS(placed(count, count + "\n" + density), mfm::InputError);
}

TEST_CASE("a mistake in an included file has that file's place") {
    const Folder folder;
    folder.write("parts/circuit.toml", with("145 pF", "145 mV"));
    folder.write("all.toml", "include = [\"parts/circuit.toml\"]\n");
    CHECK(refusal_of_file("all.toml") ==
          "parts/circuit.toml:14:22: population.cells.parameters.C_m: '145 mV' has the wrong unit; it must "
          "be a number in pF");
}

TEST_CASE("files that cannot be read are named with the place that asks for them") {
    const Folder folder;
    folder.write("one.toml", "include = [\"sub/two.toml\"]\n");
    folder.write("sub/two.toml", "\ninclude = [\"../one.toml\"]\n");
    CHECK(refusal_of_file("one.toml") == "sub/two.toml:2:12: 'one.toml' includes itself by way of '" +
                                             (folder.path() / "sub/two.toml").string() + "'");
    folder.write("self.toml", "include = [\"self.toml\"]\n");
    CHECK(refusal_of_file("self.toml") == "self.toml:1:12: 'self.toml' includes itself");
    folder.write("missing.toml", "include = [\"nowhere.toml\"]\n");
    CHECK(refusal_of_file("missing.toml") ==
          "missing.toml:1:12: cannot read the file 'nowhere.toml': No such file or directory");
    folder.write("wrong.toml", "include = \"one.toml\"\n");
    CHECK(refusal_of_file("wrong.toml") == "wrong.toml:1:11: include must be a list of file names, but is a text");
    CHECK(refusal_of_file("absent.toml") == "cannot read the file 'absent.toml': No such file or directory");
    CHECK(refusal_of_file("sub") == "'sub' is a folder, not a pipeline file");
    folder.write("broken.toml", "seed = 1\nname = = 2\n");
    CHECK(refusal_of_file("broken.toml").starts_with("broken.toml:2:8: this is not TOML: "));
}

TEST_CASE("two files may include a third one") {
    const Folder folder;
    folder.write("circuit.toml", circuit);
    folder.write("one.toml", "include = [\"circuit.toml\"]\nseed = 1\n");
    folder.write("two.toml", "include = [\"circuit.toml\"]\n");
    folder.write("all.toml", "include = [\"two.toml\", \"one.toml\"]\n");
    CHECK(load_file("all.toml").seed == 1);
}

TEST_CASE("--set changes what it names and nothing else") {
    mfm::LoadOptions options;
    options.set = {"population.cells.parameters.C_m=0.2 nF",
                   "projection.input.rule.p=0.5",
                   "simulation.record_spikes=true",
                   "stimulation.background.rate=[1, 2]",
                   "name=plain words",
                   "seed=3"};
    const auto config = load(circuit, options);
    CHECK(config.populations[1].neuron->settings[0].real == 200.0);
    CHECK(config.projections[0].rule.settings[0].real == 0.5);
    CHECK(config.simulation.record_spikes);
    CHECK(config.stimulations[0].protocol.settings[0].list == std::vector<double>{1, 2});
    CHECK(config.name == "plain words");
    CHECK(config.seed == 3);
    options.seed = 4; // --seed is the last word
    CHECK(load(circuit, options).seed == 4);
}

TEST_CASE("a mistake in --set is told as such") {
    CHECK(refusal_set("population.cells.paramters.C_m=3") ==
          "--set population.cells.paramters.C_m=3: unknown key 'paramters' in population.cells (did you mean "
          "'parameters'?)");
    CHECK(refusal_set("transfer.points=many") ==
          "--set transfer.points=many: transfer.points must be a whole number, but is a text");
    CHECK(refusal_set("trasnfer.points=3") ==
          "--set trasnfer.points=3: unknown key 'trasnfer' (did you mean 'transfer'?)");
    CHECK(refusal_set("seed") == "--set seed: write it as key.path=value");
    CHECK(refusal_set("=3") == "--set =3: write it as key.path=value");
    CHECK(refusal_set("a b=3").starts_with("--set a b=3: write it as key.path=value: "));
}

TEST_CASE("folders of plugins are those of the command line, then the file's") {
    const Folder folder;
    folder.write("sub/circuit.toml", "[plugins]\npath = [\"mine\"]\n");
    folder.write("sub/mine/readme", "");
    mfm::LoadOptions options;
    options.plugin_folders = {"/given"};
    CHECK(mfm::plugin_folders_of("sub/circuit.toml", options) ==
          std::vector<std::filesystem::path>{"/given", folder.path() / "sub/mine"});
    folder.write("bad.toml", "[plugins]\npath = [\"nowhere\"]\n");
    CHECK_THROWS_WITH(mfm::plugin_folders_of("bad.toml", {}),
                      "bad.toml:2:9: plugins.path: there is no folder '" + (folder.path() / "nowhere").string() + "'");
}
