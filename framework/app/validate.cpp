// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "config/pipeline.hpp"

namespace mfm {
namespace {

/// Has every plugin take its settings, so that what only the plugin can refuse is told with its place.
void create_all(const PipelineConfig& config) {
    const auto create = [](const PluginChoice& choice) {
        if (choice.component != nullptr) static_cast<void>(Instance(*choice.component, choice.settings, choice.where));
    };
    for (const PopulationConfig& p : config.populations)
        if (p.neuron) create(*p.neuron);
    for (const ProjectionConfig& p : config.projections) create(p.rule);
    for (const StimulationConfig& s : config.stimulations) create(s.protocol);
    for (const PluginChoice& basis : config.transfer.bases) create(basis);
    create(config.transfer.optimizer);
}

std::string counted(std::size_t n, const std::string& one, const std::string& many) {
    return fmt::format("{} {}", n, n == 1 ? one : many);
}

} // namespace

Command add_validate(CLI::App& tool) {
    struct Arguments {
        std::string file;
        LoadOptions load;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& validate = *tool.add_subcommand("validate", "Check a pipeline file without running it");
    validate.add_option("FILE", given->file, "The pipeline file")->required();
    validate.add_option("--set", given->load.set, "Change a value of the file: KEY.PATH=VALUE")
        ->allow_extra_args(false);
    add_plugin_path(validate, given->folders);
    return {&validate, [given] {
                LoadOptions& load = given->load;
                load.plugin_folders = as_paths(given->folders);
                const Registry registry(plugin_search_path(plugin_folders_of(given->file, load)));
                const PipelineConfig config = load_pipeline(given->file, registry, load);
                create_all(config);
                fmt::print("{} is a valid pipeline: '{}', {}, {}, {}, {}\n", given->file, config.name,
                           counted(config.populations.size(), "population", "populations"),
                           counted(config.projections.size(), "projection", "projections"),
                           counted(config.stimulations.size(), "stimulation", "stimulations"),
                           counted(config.drives.size(), "drive", "drives"));
                return ExitCode::Done;
            }};
}

} // namespace mfm
