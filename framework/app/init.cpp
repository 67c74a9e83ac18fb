// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/templates.hpp"
#include "support/files.hpp"

namespace mfm {

Command add_init(CLI::App& tool) {
    const auto file = std::make_shared<std::string>("circuit.toml");
    CLI::App& init = *tool.add_subcommand("init", "Write a commented pipeline file to start from");
    init.add_option("FILE", *file, "The file; circuit.toml by default");
    return {&init, [file] {
                std::error_code ignored;
                if (std::filesystem::exists(std::filesystem::symlink_status(*file, ignored)))
                    throw InputError(
                        fmt::format("'{}' is there already, and nothing is overwritten; name another file", *file));
                write_file(*file, starting_pipeline());
                fmt::print("{0}: a circuit to start from\n  automfm run {0}\n", *file);
                return ExitCode::Done;
            }};
}

} // namespace mfm
