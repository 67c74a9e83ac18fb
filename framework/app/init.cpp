// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/templates.hpp"
#include "config/pipeline_schema.hpp"
#include "support/files.hpp"

namespace mfm {

namespace {

void require_new(const std::filesystem::path& file) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
        throw InputError(
            fmt::format("'{}' is there already, and nothing is overwritten; name another file", file.string()));
}

} // namespace

Command add_init(CLI::App& tool) {
    struct Arguments {
        std::string file = "circuit.toml";
        bool schema = false;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& init = *tool.add_subcommand("init", "Write a commented pipeline file to start from");
    init.add_option("FILE", given->file, "The file; circuit.toml by default");
    init.add_flag("--schema", given->schema,
                  "Write pipeline.schema.json beside it, by which editors complete and check the file");
    return {&init, [given] {
                const std::filesystem::path file = given->file, schema = file.parent_path() / "pipeline.schema.json";
                require_new(file);
                std::string text = starting_pipeline();
                if (given->schema) {
                    require_new(schema);
                    write_file(schema, pipeline_schema(Registry(plugin_search_path({}))));
                    text = "#:schema ./pipeline.schema.json\n" + text;
                }
                write_file(file, text);
                fmt::print("{0}: a circuit to start from\n  automfm run {0}\n", given->file);
                if (given->schema) fmt::print("{}: what editors check it by\n", schema.string());
                return ExitCode::Done;
            }};
}

} // namespace mfm
