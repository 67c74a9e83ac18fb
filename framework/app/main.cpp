// SPDX-License-Identifier: Apache-2.0
// The command line tool: reads the options, calls the framework, turns failures into one sentence and an exit code.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/list.hpp"
#include "app/new_project.hpp"
#include "pipeline/model_equations.hpp"
#include "pipeline/run.hpp"
#include "plugin/registry.hpp"
#include "support/diagnostics.hpp"
#include "support/progress.hpp"
#include "support/version.hpp"

namespace {

// An exit code beyond those of mfm::ExitCode: neither the input nor a plugin, but automfm itself is wrong.
constexpr int own_fault = 4;

int fail(int code, const std::string& sentence) {
    fmt::print(stderr, "automfm: {}\n", sentence);
    return code;
}

std::uint64_t whole_number(const std::string& text, const std::string& option, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value > most)
        throw mfm::InputError(fmt::format("{} must be a whole number from 0 to {}, but is '{}'", option, most, text));
    return value;
}

/// The options of the command that was being parsed, for "did you mean".
std::vector<std::string> known_options(const CLI::App& app) {
    std::vector<std::string> names;
    const CLI::App* command = &app;
    if (const auto commands = app.get_subcommands(); !commands.empty()) command = commands.front();
    for (const CLI::Option* option : command->get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::vector<std::string> known_commands(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

/// One sentence for whatever is wrong with the command line.
std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error) {
    const std::vector<CLI::App*> commands = app.get_subcommands();
    const std::string help = fmt::format("; `automfm {}--help` lists what there is",
                                         commands.empty() ? "" : commands.front()->get_name() + " ");
    std::vector<std::string> extras = app.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
        const std::string word = extras.front().substr(0, extras.front().find('='));
        if (word.starts_with('-'))
            return fmt::format("unknown option '{}'{}{}", word, mfm::did_you_mean(word, known_options(app)), help);
        if (commands.empty())
            return fmt::format("unknown command '{}'{}{}", word, mfm::did_you_mean(word, known_commands(app)), help);
        return fmt::format("'{}' is one word too many{}", word, help);
    }
    if (commands.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        if (extras.empty()) return "give a command: run, equations, plugins, describe or new" + help;
        if (extras.front().starts_with('-'))
            return fmt::format("unknown option '{}'{}{}", extras.front(),
                               mfm::did_you_mean(extras.front(), known_options(app)), help);
        return fmt::format("unknown command '{}'{}{}", extras.front(),
                           mfm::did_you_mean(extras.front(), known_commands(app)), help);
    }
    return error.what() + help;
}

struct CommandLine {
    CLI::App app{"Mean-field models of brain circuits, derived from their spiking networks", "automfm"};
    CLI::App *run = nullptr, *equations = nullptr, *plugins = nullptr, *describe = nullptr, *create = nullptr;
    mfm::RunOptions options;
    std::string file, out, seed, threads, id, kind, folder;
    std::vector<std::string> folders;
    bool why = false, latex = false;

    CommandLine() {
        app.set_version_flag("--version", std::string("automfm ") + mfm::automfm_version());
        app.require_subcommand(1);
        run = app.add_subcommand("run",
                                 "Run a pipeline file: from the spiking network to the validated mean-field model");
        run->add_option("FILE", file, "The pipeline file")->required();
        run->add_option("--only", options.only, "Run this stage alone");
        run->add_option("--from", options.from, "Run this stage and those after it again");
        run->add_option("--set", options.set, "Change a value of the file: KEY.PATH=VALUE")->allow_extra_args(false);
        run->add_option("--out", out, "The run's folder");
        run->add_option("--seed", seed, "Seed of all random numbers, instead of the file's");
        run->add_option("--threads", threads, "Number of threads; 0, the default, is one a core");
        run->add_flag("--quiet", options.quiet, "Say nothing but warnings and errors");
        equations = app.add_subcommand("equations", "Print the equations of a run's mean-field model with its numbers");
        equations->add_option("RUN_OR_FILE", file, "A run's folder, or a pipeline file that was run")->required();
        equations->add_flag("--latex", latex, "As LaTeX, for \\input");
        plugins = app.add_subcommand("plugins", "List the plugins: id, version, file");
        plugins->add_flag("--why", why, "List those refused too, and the reason");
        describe = app.add_subcommand("describe", "Settings, citation and page of a plugin");
        describe->add_option("ID", id, "The plugin's id")->required();
        create = app.add_subcommand("new", "Write the project of a plugin of your own: source, test, page, pipeline");
        create->add_option("KIND", kind, "neuron, connectivity, stimulation, transfer or optimizer")->required();
        create->add_option("NAME", id, "The plugin's id")->required();
        create->add_option("--dir", folder, "The project's folder; the plugin's name by default");
        for (CLI::App* command : {run, equations, plugins, describe, create})
            command->add_option("--plugin-path", folders, "A folder of plugins, searched before all others")
                ->allow_extra_args(false);
    }
};

mfm::ExitCode execute(CommandLine& line) {
    const std::vector<std::filesystem::path> folders(line.folders.begin(), line.folders.end());
    if (line.run->parsed()) {
        line.options.file = line.file;
        line.options.plugin_path = folders;
        if (!line.out.empty()) line.options.out = line.out;
        // TOML's integers are signed, and the resolved pipeline carries the seed.
        if (!line.seed.empty())
            line.options.seed = whole_number(line.seed, "--seed", std::numeric_limits<std::int64_t>::max());
        if (!line.threads.empty())
            line.options.threads = static_cast<unsigned>(whole_number(line.threads, "--threads", 4096));
        mfm::install_interrupt_handler();
        return mfm::run_pipeline(line.options);
    }
    if (line.equations->parsed()) {
        fmt::print("{}", mfm::equations_of_run({line.file, line.latex, folders}));
        return mfm::ExitCode::Done;
    }
    const mfm::Registry registry(mfm::plugin_search_path(folders));
    if (line.create->parsed()) {
        fmt::print("{}", mfm::new_project(line.kind, line.id, line.folder.empty() ? line.id : line.folder, registry));
        return mfm::ExitCode::Done;
    }
    fmt::print("{}", line.plugins->parsed() ? mfm::list_plugins(registry, line.why)
                                            : mfm::describe_plugin(registry, line.id));
    return mfm::ExitCode::Done;
}

} // namespace

int main(int argc, char** argv) {
    constexpr int bad_input = static_cast<int>(mfm::ExitCode::BadInput);
    // A file that may not grow is a failed write with a sentence, as a full disk is, and no sudden end.
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        CommandLine line;
        try {
            line.app.parse(argc, argv);
        } catch (const CLI::Success& success) { // --help and --version
            return line.app.exit(success);
        } catch (const CLI::ParseError& error) {
            return fail(bad_input, usage_sentence(line.app, error));
        }
        return static_cast<int>(execute(line));
    } catch (const mfm::Error& error) {
        return fail(static_cast<int>(error.code), error.what());
    } catch (const std::bad_alloc&) {
        return fail(bad_input, "not enough memory for this pipeline; make the circuit or the number of copies smaller");
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(bad_input, error.what());
    } catch (const std::exception& error) {
        return fail(own_fault,
                    fmt::format("internal error: {}; please report it with the pipeline file", error.what()));
    }
}
