// SPDX-License-Identifier: Apache-2.0
// The tool as a user meets it: what it prints and how it ends.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <string>

#include <sys/wait.h>

#include <mfm/plugin.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"

namespace {

struct Outcome {
    int code = -1;
    std::string text; ///< both streams
};

Outcome shell(const std::string& command) {
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    Outcome outcome;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        outcome.text.append(buffer.data(), n);
    const int status = pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

std::string text_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

Outcome automfm(const std::string& arguments) {
    return shell(std::string("env -u MFM_PLUGIN_PATH XDG_DATA_HOME=/nowhere '") + AUTOMFM_EXECUTABLE + "' " +
                 arguments);
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
        {"report", "automfm: DIR is required; `automfm report --help` lists what there is\n"},
        {"report /nowhere/run", "automfm: there is no folder '/nowhere/run'\n"},
        {"new neuron", "automfm: NAME is required; `automfm new --help` lists what there is\n"},
        {"new neurons mine",
         "automfm: there is no kind of plugin 'neurons' (did you mean 'neuron'?); there are connectivity, neuron, "
         "optimizer, stimulation, transfer\n"},
        {"new neuron 2nd",
         "automfm: '2nd' cannot be the name of a plugin: it must be a letter, then letters, digits and underscores, 64 "
         "at most in all\n"},
        {"new neuron my-model",
         "automfm: 'my-model' cannot be the name of a plugin: it must be a letter, then letters, digits and "
         "underscores, 64 at most in all\n"},
        {"new neuron test", "automfm: 'test' cannot be the name of a plugin: CMake keeps it for itself\n"},
        {"new neuron mine --dir /proc/mine",
         "automfm: cannot write into the folder '/proc/mine': No such file or directory; name another with --dir\n"},
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
    CHECK(outcome.text.starts_with("automfm: give a command: init, run, "));
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

TEST_CASE("plugins --json has all that describe prints") {
    const Outcome outcome = automfm("plugins --json" + with_test_plugins);
    REQUIRE(outcome.code == 0);
    const auto all = nlohmann::json::parse(outcome.text);
    const auto cell =
        std::find_if(all.begin(), all.end(), [](const auto& plugin) { return plugin["id"] == "test_cell"; });
    REQUIRE(cell != all.end());
    CHECK((*cell)["interfaces"] == nlohmann::json{"mfm.neuron/1"});
    const std::string described = automfm("describe test_cell" + with_test_plugins).text;
    for (const auto& setting : (*cell)["settings"])
        for (const char* key : {"name", "unit", "default", "allowed", "meaning"}) {
            INFO(key);
            CHECK(described.find(setting[key].get<std::string>()) != std::string::npos);
        }
    CHECK((*cell)["settings"].size() > 1);
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

TEST_CASE("new writes a project of one source, five lines of CMake, a test, a page and a pipeline") {
    const host_test::Folder folder;
    for (const char* kind : {"neuron", "connectivity", "stimulation", "transfer", "optimizer"}) {
        INFO(kind);
        const Outcome outcome = automfm(std::string("new ") + kind + " mine --dir 'of " + kind + "'");
        CHECK(outcome.code == 0);
        CHECK(outcome.text == std::string("of ") + kind +
                                  "/\n"
                                  "  CMakeLists.txt  how it is built\n"
                                  "  README.md       its page, which `automfm describe` prints\n"
                                  "  mine.cpp        the plugin: edit this\n"
                                  "  mine.toml       a pipeline that uses it\n"
                                  "  test.cmake      what must be true of it; ctest runs this\n"
                                  "\nBuild it against the SDK, test it, run its pipeline:\n"
                                  "  cd 'of " +
                                  kind +
                                  "'\n"
                                  "  cmake -B build && cmake --build build\n"
                                  "  ctest --test-dir build --output-on-failure\n"
                                  "  automfm run mine.toml --plugin-path build\n");
        std::size_t files = 0;
        for (const auto& entry : std::filesystem::directory_iterator(std::string("of ") + kind)) {
            INFO(entry.path());
            ++files;
            const std::string text = text_of(entry.path());
            CHECK(text.find("my_plugin") == std::string::npos);
            if (entry.path().extension() == ".cpp") CHECK(text.find("id = \"mine\"") != std::string::npos);
            if (entry.path().extension() == ".txt") CHECK(std::count(text.begin(), text.end(), '\n') == 5);
            if (entry.path().extension() == ".md") CHECK(text.starts_with("# mine: "));
        }
        CHECK(files == 5);
    }
}

TEST_CASE("new overwrites nothing, and writes nothing when a file is in its way") {
    const host_test::Folder folder;
    folder.write("mine/README.md", "mine\n");
    const Outcome outcome = automfm("new transfer mine");
    CHECK(outcome.code == 2);
    CHECK(outcome.text == "automfm: 'mine/README.md' is there already, and nothing is overwritten; name another folder "
                          "with --dir, or remove it\n");
    CHECK(text_of("mine/README.md") == "mine\n");
    CHECK_FALSE(std::filesystem::exists("mine/mine.cpp"));
    folder.write("other/notes.txt", "what else is in the folder is no matter");
    CHECK(automfm("new transfer mine --dir other").code == 0);
}

TEST_CASE("new refuses the id of a plugin that is found, since one of the two would never load") {
    const host_test::Folder folder;
    const Outcome outcome = automfm("new neuron test_cell" + with_test_plugins);
    CHECK(outcome.code == 2);
    CHECK(outcome.text == "automfm: there is a plugin 'test_cell' already, " + std::string(HOST_TEST_PLUGINS) +
                              "/host_test_plugins.so; choose another name\n");
    CHECK_FALSE(std::filesystem::exists("test_cell"));
}

TEST_CASE("validate says what a pipeline has, or what is wrong with it, and runs nothing") {
    const host_test::Folder folder;
    folder.write("circuit.toml", host_test::circuit);
    const Outcome fine = automfm("validate circuit.toml" + with_test_plugins);
    CHECK(fine.code == 0);
    CHECK(fine.text.starts_with("circuit.toml is a valid pipeline: '"));
    CHECK(fine.text.find(" populations, ") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists("runs"));
    folder.write("circuit.toml", host_test::with("145 pF", "145 mV"));
    const Outcome wrong = automfm("validate circuit.toml" + with_test_plugins);
    CHECK(wrong.code == 2);
    CHECK(wrong.text.starts_with("automfm: circuit.toml:14:22: "));
}

TEST_CASE("init writes a pipeline to start from, and overwrites nothing") {
    const host_test::Folder folder;
    CHECK(automfm("init").text == "circuit.toml: a circuit to start from\n  automfm run circuit.toml\n");
    const Outcome read = automfm(std::string("validate circuit.toml --plugin-path '") + TEST_PLUGIN_FOLDER + "'");
    INFO(read.text);
    CHECK(read.code == 0);
    const Outcome again = automfm("init");
    CHECK(again.code == 2);
    CHECK(again.text == "automfm: 'circuit.toml' is there already, and nothing is overwritten; name another file\n");
}

TEST_CASE("doctor tells what is here, and fails where there is no plugin") {
    const Outcome outcome = automfm("doctor" + with_test_plugins);
    CHECK(outcome.code == 0);
    for (const char* line : {"automfm     ", "plugin ABI  1.", "vectors     ", "libraries   ", "plugins     "}) {
        INFO(line);
        CHECK(outcome.text.find(line) != std::string::npos);
    }
}

TEST_CASE("completion offers commands and options, in bash and in zsh's way of reading bash's") {
    const auto complete = [](const std::string& words, int at) {
        const Outcome outcome =
            shell("bash -c 'source <(\"" AUTOMFM_EXECUTABLE "\" completion bash); COMP_WORDS=(" + words +
                  "); COMP_CWORD=" + std::to_string(at) + "; _automfm; echo ${COMPREPLY[@]}'");
        CHECK(outcome.code == 0);
        return outcome.text;
    };
    CHECK(complete("automfm descr", 1) == "describe\n");
    CHECK(complete("automfm run --thr", 2) == "--threads\n");
    CHECK(complete("automfm --quiet run --th", 3) == "--threads\n");
    CHECK(complete("automfm describe --th", 2) == "\n");
    CHECK(automfm("completion zsh").text.starts_with("# Completion of automfm for zsh"));
    const Outcome fish = automfm("completion zhs");
    CHECK(fish.code == 2);
    CHECK(fish.text == "automfm: there is completion for bash and zsh, not for 'zhs' (did you mean 'zsh'?)\n");
}

TEST_CASE("the manual page has every command with its options") {
    const std::string page = automfm("man").text;
    CHECK(page.starts_with(".TH AUTOMFM 1"));
    for (const char* piece :
         {".SS automfm run\n", ".SS automfm describe\n", ".B \\-\\-plugin\\-path", ".SH EXIT STATUS"}) {
        INFO(piece);
        CHECK(page.find(piece) != std::string::npos);
    }
}
