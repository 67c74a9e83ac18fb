// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "pipeline/model_equations.hpp"

namespace mfm {

Command add_equations(CLI::App& tool) {
    struct Arguments {
        std::string file;
        bool latex = false;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& equations =
        *tool.add_subcommand("equations", "Print the equations of a run's mean-field model with its numbers");
    equations.add_option("RUN_OR_FILE", given->file, "A run's folder, or a pipeline file that was run")->required();
    equations.add_flag("--latex", given->latex, "As LaTeX, for \\input");
    add_plugin_path(equations, given->folders);
    return {&equations, [given] {
                fmt::print("{}", equations_of_run({given->file, given->latex, as_paths(given->folders)}));
                return ExitCode::Done;
            }};
}

} // namespace mfm
