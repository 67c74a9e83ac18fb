// SPDX-License-Identifier: Apache-2.0
// The tool as a user meets it: what it prints and how it ends.
#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

#include <mfm/plugin.hpp>

#include "fixture.hpp"

namespace {

struct Outcome {
    int code = -1;
    std::string text; ///< both streams
};

Outcome automfm(const std::string& arguments) {
    const std::string command = std::string("env -u MFM_PLUGIN_PATH XDG_DATA_HOME=/nowhere '") + AUTOMFM_EXECUTABLE +
                                "' " + arguments + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Outcome outcome;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        outcome.text.append(buffer.data(), n);
    const int status = pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

const std::string with_test_plugins = std::string(" --plugin-path '") + HOST_TEST_PLUGINS + "'";

} // namespace

TEST_CASE("a mistake on the command line is one sentence with the nearest name, and exit code 2") {
    const auto [arguments, sentence] = GENERATE(table<std::string, std::string>({
        {"plugin",
         "automfm: unknown command 'plugin' (did you mean 'plugins'?); `automfm --help` lists what there is\n"},
        {"--verson",
         "automfm: unknown option '--verson' (did you mean '--version'?); `automfm --help` lists what there is\n"},
        {"plugins --wy",
         "automfm: unknown option '--wy' (did you mean '--why'?); `automfm plugins --help` lists what there is\n"},
        {"run a.toml --thread=2",
         "automfm: unknown option '--thread' (did you mean '--threads'?); `automfm run --help` lists what there is\n"},
        {"run a.toml b.toml", "automfm: 'b.toml' is one word too many; `automfm run --help` lists what there is\n"},
        {"run", "automfm: FILE is required; `automfm run --help` lists what there is\n"},
        {"run a.toml --seed -1", "automfm: --seed must be a whole number from 0 to 9223372036854775807, but is '-1'\n"},
        {"run a.toml --threads few", "automfm: --threads must be a whole number from 0 to 4096, but is 'few'\n"},
        {"run /nowhere/a.toml", "automfm: cannot read the file '/nowhere/a.toml': No such file or directory\n"},
        {"plugins --plugin-path /nowhere",
         "automfm: the plugin folder '/nowhere' does not exist; name one that does\n"},
    }));
    INFO(arguments);
    const Outcome outcome = automfm(arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.text == sentence);
}

TEST_CASE("no command at all is answered with those that there are") {
    const Outcome outcome = automfm("");
    CHECK(outcome.code == 2);
    CHECK(outcome.text.starts_with("automfm: give a command: run, "));
    CHECK(outcome.text.ends_with("; `automfm --help` lists what there is\n"));
}

TEST_CASE("a mistake in the pipeline file is one sentence with its place, and exit code 2") {
    const host_test::Folder folder;
    folder.write("circuit.toml", host_test::with("145 pF", "145 mV"));
    const Outcome outcome = automfm("run circuit.toml --out out" + with_test_plugins);
    CHECK(outcome.code == 2);
    CHECK(outcome.text ==
          "automfm: circuit.toml:14:22: population.cells.parameters.C_m: '145 mV' has the wrong unit; it must be a "
          "number in pF\n");
}

TEST_CASE(
    "equations prints what a run left in its folder, as text or LaTeX, and says where there is nothing to print") {
    const host_test::Folder folder;
    folder.write("run/equations.txt", "nu' = F - nu\n");
    folder.write("run/equations.tex", "\\dot\\nu &= F - \\nu\n");
    CHECK(automfm("equations run").text == "nu' = F - nu\n");
    CHECK(automfm("equations run --latex").text == "\\dot\\nu &= F - \\nu\n");
    folder.write("empty/summary.json", "{}");
    const auto refusal = [](const std::string& arguments) {
        const Outcome outcome = automfm("equations " + arguments + with_test_plugins);
        CHECK(outcome.code == 2);
        return outcome.text;
    };
    CHECK(refusal("empty") ==
          "automfm: 'empty' holds no equations: it is no run's folder, or its run has not derived a "
          "mean field yet\n");
    CHECK(refusal("nowhere") == "automfm: there is no file or folder 'nowhere'\n");
    folder.write("circuit.toml", host_test::circuit);
    CHECK(refusal("circuit.toml") ==
          "automfm: 'circuit.toml' has not been run into 'runs/circuit' yet: run `automfm run circuit.toml` first, or "
          "give the folder of its run\n");
    folder.write("runs/circuit/equations.txt", "nu' = F - nu\n");
    folder.write("runs/circuit/pipeline.resolved.toml", "name = 'another'\n");
    CHECK(
        refusal("circuit.toml") ==
        "automfm: 'runs/circuit' was made from another state of 'circuit.toml', or with --set or --seed: run it again, "
        "or give the folder to see what is in it\n");
}

TEST_CASE("the version and the help are asked for, not mistakes") {
    CHECK(automfm("--version").code == 0);
    CHECK(automfm("--version").text.starts_with("automfm "));
    CHECK(automfm("run --help").code == 0);
    CHECK(automfm("run --help").text.find("--plugin-path") != std::string::npos);
}

TEST_CASE("plugins lists every plugin with version and file, by kind") {
    const Outcome outcome = automfm("plugins" + with_test_plugins);
    CHECK(outcome.code == 0);
    const std::string file = std::string(HOST_TEST_PLUGINS) + "/host_test_plugins.so\n";
    for (const char* row : {"  test_cell  1.2.3  ", "  test_rule  1.0.0  ", "  test_optimizer  1.0.0  "}) {
        INFO(row);
        const std::string id = std::string(row).substr(0, std::string(row).find("  ", 2));
        const auto at = outcome.text.find(id + " ");
        REQUIRE(at != std::string::npos);
        CHECK(outcome.text.substr(at, outcome.text.find('\n', at) - at + 1).ends_with(file));
    }
    CHECK(outcome.text.find("neuron models\n") != std::string::npos);
    CHECK(outcome.text.find("looked in\n  " + std::string(HOST_TEST_PLUGINS) + "\n") != std::string::npos);
}

TEST_CASE("plugins --why tells which files were refused and the reason") {
    const host_test::Folder folder;
    folder.write("plugins/notes.so", "not a library\n");
    CHECK(automfm("plugins --plugin-path plugins")
              .text.ends_with("1 refused; `automfm plugins --why` gives the reasons\n"));
    CHECK(automfm("plugins --why --plugin-path plugins").text.find("/plugins/notes.so: it is not a shared library\n") !=
          std::string::npos);
}

TEST_CASE("describe prints settings with unit, default, bounds and meaning") {
    const Outcome outcome = automfm("describe test_cell" + with_test_plugins);
    CHECK(outcome.code == 0);
    CHECK(outcome.text == "test_cell 1.2.3: a cell\n"
                          "interface  mfm.neuron/1\n"
                          "file       " +
                              std::string(HOST_TEST_PLUGINS) +
                              "/host_test_plugins.so\n"
                              "made by    tests, with SDK " MFM_SDK_VERSION " and " MFM_COMPILER "\n"
                              "\n"
                              "setting  unit  default  allowed        meaning\n"
                              "C_m *    pF    200      (0, 10000]     membrane capacitance\n"
                              "V_th     mV    -50      [-100, 0]      threshold\n"
                              "order    1     2        whole, [1, 5]  order of something\n"
                              "noisy    1     false    true | false   whether there is noise\n"
                              "shape    1     point    point | ball   shape of the cell\n"
                              "* may differ from cell to cell: takes a distribution\n");
    const Outcome unknown = automfm("describe test_cel" + with_test_plugins);
    CHECK(unknown.code == 2);
    CHECK(unknown.text.starts_with("automfm: there is no plugin 'test_cel' (did you mean 'test_cell'?); looked in "));
}
