// SPDX-License-Identifier: Apache-2.0
// A command of the tool is a file of its own: a function that adds it to the command line with its options, and says
// what to do when it is the one that was given.  Every such function is named here and listed in main.cpp.
#pragma once
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "support/diagnostics.hpp"
#include "support/progress.hpp"

namespace mfm {

/// A command and what it does once the command line is read.
struct Command {
    CLI::App* parser = nullptr;
    std::function<ExitCode()> execute;
};
using AddCommand = Command (*)(CLI::App& tool);

[[nodiscard]] Command add_run(CLI::App& tool);
[[nodiscard]] Command add_tune(CLI::App& tool);
[[nodiscard]] Command add_compare(CLI::App& tool);
[[nodiscard]] Command add_equations(CLI::App& tool);
[[nodiscard]] Command add_report(CLI::App& tool);
[[nodiscard]] Command add_sweep(CLI::App& tool);
[[nodiscard]] Command add_library(CLI::App& tool);
[[nodiscard]] Command add_plugins(CLI::App& tool);
[[nodiscard]] Command add_describe(CLI::App& tool);
[[nodiscard]] Command add_check(CLI::App& tool);
[[nodiscard]] Command add_new(CLI::App& tool);
[[nodiscard]] Command add_init(CLI::App& tool);
[[nodiscard]] Command add_validate(CLI::App& tool);
[[nodiscard]] Command add_schema(CLI::App& tool);
[[nodiscard]] Command add_doctor(CLI::App& tool);
[[nodiscard]] Command add_completion(CLI::App& tool);
[[nodiscard]] Command add_man(CLI::App& tool);

/// A word as a shell reads it: in quotes where it needs them.
[[nodiscard]] std::string shell_quoted(const std::string& word);

/// `--plugin-path`, for every command that loads plugins; `folders` outlives the command line.
void add_plugin_path(CLI::App& command, std::vector<std::string>& folders);
[[nodiscard]] std::vector<std::filesystem::path> as_paths(const std::vector<std::string>& folders);
/// The number from 0 to `most` that `text`, the value of `option`, is; an InputError for anything else.
[[nodiscard]] std::uint64_t whole_number(const std::string& text, const std::string& option, std::uint64_t most);

/// How long work is told of.
struct ProgressArguments {
    bool quiet = false, json = false;
};
inline constexpr const char* json_progress_option = "--json-progress";
/// `--quiet` and `--json-progress`; `given` outlives the command line.
void add_progress(CLI::App& command, ProgressArguments& given);

/// What every command takes that works through a pipeline file.
struct PipelineArguments {
    std::string file, out, seed, threads;
    std::vector<std::string> set, folders;
    ProgressArguments progress;

    /// Into the RunOptions or TuneOptions.
    template <class Options> void fill(Options& options) const {
        options.file = file;
        options.set = set;
        options.plugin_path = as_paths(folders);
        options.quiet = progress.quiet;
        if (!out.empty()) options.out = out;
        // TOML's integers are signed, and the resolved pipeline carries the seed.
        if (!seed.empty()) options.seed = whole_number(seed, "--seed", std::numeric_limits<std::int64_t>::max());
        if (!threads.empty()) options.threads = static_cast<unsigned>(whole_number(threads, "--threads", 4096));
    }
};
/// Their options; out: what `--out` is said to be for.
void add_pipeline_options(CLI::App& command, PipelineArguments& given, const std::string& out);

/// What a command with these is about to do.
[[nodiscard]] WorkStart start_of(const std::string& command, const PipelineArguments&);

/// Does long work under a Progress; Ctrl-C, and every failure, ends it with one sentence (or event) and an exit code.
/// begins_anew: what an interrupt loses, or "".
[[nodiscard]] ExitCode with_progress(const ProgressArguments&, const WorkStart&, const std::string& begins_anew,
                                     const std::function<WorkResult(Progress&)>& work);
/// What an exception means to the user.
[[nodiscard]] WorkFailure failure_of(const std::exception_ptr&);
/// Prints a failure that nothing else tells; returns its exit code.
int print_failure(const WorkFailure&);

} // namespace mfm
