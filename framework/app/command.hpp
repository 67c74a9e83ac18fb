// SPDX-License-Identifier: Apache-2.0
// A command of the tool is a file of its own: a function that adds it to the command line with its options, and says
// what to do when it is the one that was given.  Every such function is named here and listed in main.cpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "support/diagnostics.hpp"

namespace mfm {

/// A command and what it does once the command line is read.
struct Command {
    CLI::App* parser = nullptr;
    std::function<ExitCode()> execute;
};
using AddCommand = Command (*)(CLI::App& tool);

[[nodiscard]] Command add_run(CLI::App& tool);
[[nodiscard]] Command add_tune(CLI::App& tool);
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
[[nodiscard]] Command add_doctor(CLI::App& tool);
[[nodiscard]] Command add_completion(CLI::App& tool);
[[nodiscard]] Command add_man(CLI::App& tool);

/// `--plugin-path`, for every command that loads plugins; `folders` outlives the command line.
void add_plugin_path(CLI::App& command, std::vector<std::string>& folders);
[[nodiscard]] std::vector<std::filesystem::path> as_paths(const std::vector<std::string>& folders);
/// The number from 0 to `most` that `text`, the value of `option`, is; an InputError for anything else.
[[nodiscard]] std::uint64_t whole_number(const std::string& text, const std::string& option, std::uint64_t most);

} // namespace mfm
