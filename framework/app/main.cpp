// SPDX-License-Identifier: Apache-2.0
// The command line tool: reads the options, calls the framework, turns failures into one sentence and an exit code.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command.hpp"
#include "app/features.hpp"
#include "support/diagnostics.hpp"
#include "support/version.hpp"

namespace {

/// Tells what is wrong with the command line, the way that it asks for.
int usage_failed(int argc, char** argv, const std::string& sentence) {
    const mfm::WorkFailure failure{static_cast<int>(mfm::ExitCode::BadInput), sentence, {}, ""};
    if (std::find(argv, argv + argc, std::string_view(mfm::json_progress_option)) == argv + argc)
        return mfm::print_failure(failure);
    fmt::print(stderr, "{}\n", mfm::failure_event(failure));
    return failure.code;
}

/// The command that was being parsed: the tool itself, a command, or a command of a command.
const CLI::App& innermost(const CLI::App& tool) {
    const CLI::App* command = &tool;
    while (true) {
        const auto inner = command->get_subcommands();
        if (inner.empty()) return *command;
        command = inner.front();
    }
}

std::vector<std::string> known_options(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::vector<std::string> known_commands(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* inner : command.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(inner->get_name());
    return names;
}

/// "automfm sweep run": the words that name a command.
std::string full_name(const CLI::App& command) {
    return command.get_parent() == nullptr ? command.get_name()
                                           : full_name(*command.get_parent()) + " " + command.get_name();
}

/// One sentence for whatever is wrong with the command line.
std::string usage_sentence(const CLI::App& tool, const CLI::ParseError& error) {
    const CLI::App& command = innermost(tool);
    const std::string help = fmt::format("; `{} --help` lists what there is", full_name(command));
    const std::vector<std::string> commands = known_commands(command), extras = tool.remaining(true);
    const bool is_no_command =
        !commands.empty() && (extras.empty() ? dynamic_cast<const CLI::RequiredError*>(&error) != nullptr : true);
    if (extras.empty())
        return is_no_command ? fmt::format("give a command: {}{}", fmt::join(commands, ", "), help)
                             : error.what() + help;
    const std::string word = extras.front().substr(0, extras.front().find('='));
    if (word.starts_with('-'))
        return fmt::format("unknown option '{}'{}{}", word, mfm::did_you_mean(word, known_options(command)), help);
    if (is_no_command) return fmt::format("unknown command '{}'{}{}", word, mfm::did_you_mean(word, commands), help);
    return dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr
               ? fmt::format("'{}' is one word too many{}", word, help)
               : error.what() + help;
}

/// Every command, in the order in which --help lists them.
constexpr std::array commands{
    mfm::add_init,  mfm::add_run,     mfm::add_validate, mfm::add_compare,    mfm::add_report,   mfm::add_equations,
    mfm::add_sweep, mfm::add_library, mfm::add_tune,     mfm::add_plugins,    mfm::add_describe, mfm::add_new,
    mfm::add_check, mfm::add_schema,  mfm::add_doctor,   mfm::add_completion, mfm::add_man};

} // namespace

int main(int argc, char** argv) {
    // A file that may not grow is a failed write with a sentence, as a full disk is, and no sudden end.
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        CLI::App tool{"Mean-field models of brain circuits, derived from their spiking networks", "automfm"};
        tool.set_version_flag("--version", fmt::format("automfm {}\n{}", mfm::automfm_version(), mfm::feature_text()));
        tool.require_subcommand(1);
        std::vector<mfm::Command> offered;
        for (const mfm::AddCommand add : commands) offered.push_back(add(tool));
        try {
            tool.parse(argc, argv);
        } catch (const CLI::Success& success) { // --help and --version
            return tool.exit(success);
        } catch (const CLI::ParseError& error) {
            return usage_failed(argc, argv, usage_sentence(tool, error));
        }
        const auto given = std::find_if(offered.begin(), offered.end(),
                                        [](const mfm::Command& command) { return command.parser->parsed(); });
        return static_cast<int>(given->execute());
    } catch (...) {
        return mfm::print_failure(mfm::failure_of(std::current_exception()));
    }
}
