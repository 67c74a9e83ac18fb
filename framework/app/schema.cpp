// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "config/pipeline.hpp"
#include "config/pipeline_schema.hpp"

namespace mfm {

Command add_schema(CLI::App& tool) {
    struct Arguments {
        std::string file;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& schema = *tool.add_subcommand("schema", "Print a JSON schema of the pipeline file, for editors");
    schema.add_option("FILE", given->file, "A pipeline file whose [plugins] are in it as well");
    add_plugin_path(schema, given->folders);
    return {&schema, [given] {
                LoadOptions load;
                load.plugin_folders = as_paths(given->folders);
                const auto folders = given->file.empty() ? load.plugin_folders : plugin_folders_of(given->file, load);
                fmt::print("{}", pipeline_schema(Registry(plugin_search_path(folders))));
                return ExitCode::Done;
            }};
}

} // namespace mfm
