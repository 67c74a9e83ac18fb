// SPDX-License-Identifier: Apache-2.0
#include "python/opened_run.hpp"

namespace mfm {
namespace {

std::filesystem::path resolved_pipeline(const std::filesystem::path& folder) {
    std::filesystem::path file = folder / "pipeline.resolved.toml";
    if (!std::filesystem::exists(file))
        throw InputError("'" + folder.string() +
                         "' is no run's folder, or its run has not been finished: it has no pipeline.resolved.toml");
    return file;
}

Registry registry_for(const std::filesystem::path& pipeline, const std::vector<std::filesystem::path>& plugin_path) {
    LoadOptions load;
    load.plugin_folders = plugin_path;
    return Registry(plugin_search_path(plugin_folders_of(pipeline, load)));
}

} // namespace

OpenedRun::OpenedRun(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& plugin_path)
    : pipeline_(resolved_pipeline(folder)), registry_(registry_for(pipeline_, plugin_path)),
      base_(load_fitted_base(load_pipeline(pipeline_, registry_), folder, warnings_)) {}

PipelineConfig OpenedRun::changed(const std::vector<std::string>& set) const {
    if (set.empty()) return base_.config;
    LoadOptions load;
    load.set = set;
    PipelineConfig config = load_pipeline(pipeline_, registry_, load);
    require_followable(base_, config);
    return config;
}

MeanFieldModel OpenedRun::model(const PipelineConfig& changed, Progress& progress) const {
    return changed_model(base_, changed, progress);
}

} // namespace mfm
