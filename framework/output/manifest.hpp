// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/pipeline.hpp"
#include "output/stage_time.hpp"

namespace mfm {

struct ManifestPlugin {
    std::string id, version, file; ///< file: its name without folders
    bool operator==(const ManifestPlugin&) const = default;
};

/// What made a run: enough to make it again.
struct Manifest {
    std::string automfm_version, compiler;
    std::string pipeline_name, pipeline_file; ///< file: its name without folders
    std::string pipeline_hash;                ///< of the resolved pipeline
    std::vector<std::pair<std::string, std::string>>
        inputs; ///< other files that were read: name without folders, content hash
    std::uint64_t seed = 0;
    std::uint32_t threads = 0;           ///< does not change the results
    std::vector<std::string> start;      ///< the words of the command line, after the program's name
    std::vector<ManifestPlugin> plugins; ///< by id
    std::vector<std::pair<std::string, std::string>>
        stage_hashes;                             ///< stage, content hash; in the order of the pipeline
    std::optional<std::string> started, finished; ///< wall clock, ISO 8601; kept apart from what runs are compared by
};

/// "gcc 12.2.0", as compiled.
[[nodiscard]] std::string compiler_name();
/// The plugins a pipeline uses, by id.
[[nodiscard]] std::vector<ManifestPlugin> plugins_of(const PipelineConfig&);
/// Content hash of a file's bytes.
[[nodiscard]] std::string file_hash(const std::filesystem::path&);
/// A manifest with everything that follows from the configuration: versions, seed, plugins, hash of the resolved
/// pipeline.
[[nodiscard]] Manifest manifest_of(const PipelineConfig&, std::uint32_t threads, std::vector<std::string> start);

/// manifest.json.  What does not follow from the pipeline is set apart: "run" (threads, command line) and "times" (wall
/// clock).
[[nodiscard]] std::string manifest_json(const Manifest&, std::span<const StageTime>);

} // namespace mfm
