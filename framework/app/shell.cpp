// SPDX-License-Identifier: Apache-2.0
// Completion and the man page, both read off the command line's own description, so that they say what --help says.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "support/version.hpp"

namespace mfm {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
    return command.get_subcommands([](const CLI::App*) { return true; });
}

/// "automfm sweep run" without the tool's own name.
std::string words_of(const CLI::App& command) {
    std::string words;
    for (const CLI::App* at = &command; at->get_parent() != nullptr; at = at->get_parent())
        words = at->get_name() + (words.empty() ? "" : " " + words);
    return words;
}

/// Every command and command of a command, the tool first.
void collect(const CLI::App& command, std::vector<const CLI::App*>& all) {
    all.push_back(&command);
    for (const CLI::App* inner : commands_of(command)) collect(*inner, all);
}

/// What may follow a command: its commands and options.
std::string completions(const CLI::App& command) {
    std::string words;
    for (const CLI::App* inner : commands_of(command)) words += inner->get_name() + " ";
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    if (!words.empty()) words.pop_back();
    return words;
}

/// One function for both shells: the words so far choose the command; files where it offers nothing that fits.
std::string completion_script(const CLI::App& tool, const std::string& shell) {
    std::vector<const CLI::App*> all;
    collect(tool, all);
    std::string cases;
    for (const CLI::App* command : all)
        cases += fmt::format("        \"{}\") words=\"{}\" ;;\n", words_of(*command), completions(*command));
    const std::string start = shell == "zsh" ? "#compdef automfm\nautoload -Uz bashcompinit && bashcompinit\n" : "";
    return fmt::format(R"(# Completion of automfm for {}; made by `automfm completion {}`.
{}_automfm() {{
    local word command="" words=""
    local current="${{COMP_WORDS[COMP_CWORD]}}"
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$word" in -*) continue ;; esac
        case "$command $word" in
{}        esac
    done
    case "$command" in
{}    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ "$current" == -* ]] || COMPREPLY+=($(compgen -f -- "$current"))
}}
complete -o filenames -F _automfm automfm
)",
                       shell, shell, start,
                       [&] {
                           std::string known;
                           for (const CLI::App* command : all)
                               if (command->get_parent() != nullptr) {
                                   const std::string words = words_of(*command);
                                   known +=
                                       fmt::format("        \"{}\") command=\"{}\" ;;\n",
                                                   words.find(' ') == std::string::npos ? " " + words : words, words);
                               }
                           return known;
                       }(),
                       cases);
}

/// Text for troff: a backslash and a line's first dot or quote mean themselves, and a hyphen is one.
std::string roff(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '-') out += '\\';
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
        out += c;
    }
    return out;
}

std::string option_rows(const CLI::App& command) {
    std::string text;
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_lnames().empty() && option->get_snames().empty() && option->get_name().empty()) continue;
        const bool takes_value = option->get_items_expected_max() > 0;
        text += fmt::format(".TP\n.B {}{}\n{}\n", roff(option->get_name(false, true)),
                            takes_value && option->nonpositional() ? " \\fIVALUE\\fR" : "",
                            roff(option->get_description()));
    }
    return text;
}

std::string man_page(const CLI::App& tool) {
    std::string text =
        fmt::format(".TH AUTOMFM 1 \"\" \"automfm {}\" \"User Commands\"\n"
                    ".SH NAME\nautomfm \\- {}\n"
                    ".SH SYNOPSIS\n.B automfm\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
                    ".SH DESCRIPTION\n{}.\nA pipeline file, in TOML, describes the circuit and how "
                    "its model is derived.\n.SH OPTIONS\n{}.SH COMMANDS\n",
                    automfm_version(), roff(tool.get_description()), roff(tool.get_description()), option_rows(tool));
    std::vector<const CLI::App*> all;
    collect(tool, all);
    for (const CLI::App* command : all)
        if (command->get_parent() != nullptr)
            text += fmt::format(".SS automfm {}\n{}.\n{}", roff(words_of(*command)), roff(command->get_description()),
                                option_rows(*command));
    return text + R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
The mean\-field model was derived and is not valid; the report says why.
.TP
.B 2
The input is wrong; one sentence says where and what to do.
.TP
.B 3
A plugin failed.
.TP
.B 4
automfm itself is wrong: please report it.
.TP
.B 130
Stopped by Ctrl\-C; what was finished is kept.
.SH ENVIRONMENT
.TP
.B MFM_PLUGIN_PATH
Folders of plugins, separated by colons, searched after \-\-plugin\-path.
.TP
.B MFM_LANES
2, 8 or 16: how many numbers neuron models compute at once, at most. Results are the same.
.TP
.B MFM_VERBOSE
When set, plugins may say what they do.
)";
}

} // namespace

Command add_completion(CLI::App& tool) {
    const auto shell = std::make_shared<std::string>();
    CLI::App& completion =
        *tool.add_subcommand("completion", "Print the completion of a shell: eval \"$(automfm completion bash)\"");
    completion.add_option("SHELL", *shell, "bash or zsh")->required();
    return {&completion, [&tool, shell] {
                const std::vector<std::string> shells{"bash", "zsh"};
                if (std::find(shells.begin(), shells.end(), *shell) == shells.end())
                    throw InputError(fmt::format("there is completion for bash and zsh, not for '{}'{}", *shell,
                                                 did_you_mean(*shell, shells)));
                fmt::print("{}", completion_script(tool, *shell));
                return ExitCode::Done;
            }};
}

Command add_man(CLI::App& tool) {
    CLI::App& man = *tool.add_subcommand("man", "Print the manual page: automfm man | man -l -");
    return {&man, [&tool] {
                fmt::print("{}", man_page(tool));
                return ExitCode::Done;
            }};
}

} // namespace mfm
