// SPDX-License-Identifier: Apache-2.0
#include "config/pipeline.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "config/axes.hpp"
#include "config/document.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "config/tune.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> sections{"name",       "seed",    "plugins", "space",       "simulation", "population",
                                        "projection", "drive",   "remap",   "stimulation", "transfer",   "mean_field",
                                        "validation", "variant", "library", "tune"};

/// [plugins] path, absolute in the document as well.
std::vector<fs::path> read_plugin_folders(DocumentNode& document) {
    std::vector<fs::path> folders;
    DocumentNode* plugins = document.find("plugins");
    if (plugins == nullptr) return folders;
    const TableReader table(*plugins, "plugins", {"path"});
    DocumentNode* paths = plugins->find("path");
    if (paths == nullptr) return folders;
    if (paths->kind != DocumentNode::Kind::Array)
        throw InputError(paths->where,
                         fmt::format("plugins.path must be a list of folders, but is {}", paths->kind_name()));
    for (DocumentNode& path : paths->elements) {
        const fs::path folder = absolute_path(path, read_text(path, "plugins.path"));
        std::error_code failure;
        if (!fs::is_directory(folder, failure))
            throw InputError(path.where, fmt::format("plugins.path: there is no folder '{}'", folder.string()));
        path.text = folder.string();
        folders.push_back(folder);
    }
    return folders;
}

std::uint64_t read_seed(DocumentNode& document, const LoadOptions& options) {
    if (options.seed) {
        DocumentNode seed;
        seed.kind = DocumentNode::Kind::Integer;
        seed.integer = static_cast<std::int64_t>(*options.seed);
        if (DocumentNode* given = document.find("seed"))
            *given = seed;
        else
            document.entries.push_back(DocumentEntry{"seed", SourcePosition{}, seed});
        return *options.seed;
    }
    const DocumentNode* given = document.find("seed");
    return given == nullptr ? 1 : static_cast<std::uint64_t>(read_integer(*given, "seed", 0));
}

} // namespace

void check_name(const DocumentEntry& entry, const std::string& what) {
    const bool plain = !entry.key.empty() && std::all_of(entry.key.begin(), entry.key.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    });
    if (!plain)
        throw InputError(entry.where,
                         fmt::format("the {} name '{}' may have letters, digits, '_' and '-' only", what, entry.key));
}

void read_simulation(DocumentNode& document, PipelineConfig& config) {
    const DocumentNode* node = document.find("simulation");
    if (node == nullptr) return;
    const TableReader table(*node, "simulation",
                            {"dt", "duration", "transient", "bin", "block", "record_spikes", "checkpoint"});
    SimulationConfig& simulation = config.simulation;
    simulation.dt = table.number("dt", positive("ms"), simulation.dt);
    simulation.duration = table.number("duration", positive("ms"), simulation.duration);
    simulation.transient = table.number("transient", not_negative("ms"), simulation.transient);
    simulation.bin = table.number("bin", positive("ms"), simulation.bin);
    simulation.block = table.number("block", positive("ms"), simulation.block);
    simulation.checkpoint = table.number("checkpoint", not_negative("s"), simulation.checkpoint);
    simulation.record_spikes = table.boolean("record_spikes", simulation.record_spikes);
    if (simulation.transient >= simulation.duration)
        throw InputError(node->where,
                         fmt::format("simulation: the transient ({} ms) must be shorter than the duration ({} ms)",
                                     simulation.transient, simulation.duration));
    if (simulation.bin < simulation.dt)
        throw InputError(node->where, fmt::format("simulation: bin ({} ms) must be at least dt ({} ms)", simulation.bin,
                                                  simulation.dt));
}

std::size_t PipelineConfig::population_index(std::string_view population) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < populations.size(); ++i) {
        if (populations[i].name == population) return i;
        names.push_back(populations[i].name);
    }
    throw InputError(fmt::format("there is no population '{}'{}", population, did_you_mean(population, names)));
}

std::vector<fs::path> plugin_folders_of(const fs::path& file, const LoadOptions& options) {
    DocumentNode document = read_document(file, options.set);
    std::vector<fs::path> folders = options.plugin_folders;
    const auto own = read_plugin_folders(document);
    folders.insert(folders.end(), own.begin(), own.end());
    return folders;
}

PipelineConfig load_pipeline(const fs::path& file, const Registry& registry, const LoadOptions& options) {
    DocumentNode document = read_document(file, options.set);
    if (options.variant != nullptr) document = document_of(*options.variant, std::move(document));
    return read_pipeline(std::move(document), file, registry, options);
}

PipelineConfig read_pipeline(DocumentNode document, const fs::path& file, const Registry& registry,
                             const LoadOptions& options) {
    const TableReader table(document, "", sections);
    PipelineConfig config;
    config.file = file;
    config.name = file.stem().string();
    if (const DocumentNode* name = document.find("name")) config.name = read_text(*name, "name");
    config.seed = read_seed(document, options);
    static_cast<void>(read_plugin_folders(document)); // checks it, and makes the paths absolute
    read_space(document, config);
    read_simulation(document, config);
    read_populations(document, registry, config);
    read_projections(document, registry, config);
    read_drives(document, config);
    read_stimulations(document, registry, config);
    read_derivation(document, registry, config);
    config.variants = read_variants(document);
    if (document.find("library") != nullptr) static_cast<void>(read_library(document));
    static_cast<void>(read_tune(document, registry, config)); // checks it; `automfm tune` reads it again
    config.resolved_toml = to_toml(document);
    return config;
}

} // namespace mfm
