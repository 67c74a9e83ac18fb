// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "meanfield/model.hpp"
#include "pipeline/changed_model.hpp"
#include "plugin/registry.hpp"
#include "support/progress.hpp"

namespace mfm {

/// Keeps what is worth a warning, and says nothing.
class Warnings final : public SilentProgress {
public:
    void warn(const std::string& line) override { lines.push_back(line); }
    std::vector<std::string> lines;
};

/// What a run's folder holds, as far as its mean field is made of it.
class OpenedRun {
public:
    /// Throws InputError where the folder lacks a stage up to the fits, or has one of other inputs.
    OpenedRun(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& plugin_path);

    [[nodiscard]] const FittedBase& base() const { return base_; }
    /// The run's pipeline with the changes "key.path=value".  Throws InputError where the mean field cannot follow them
    /// without another network.
    [[nodiscard]] PipelineConfig changed(const std::vector<std::string>& set) const;
    [[nodiscard]] MeanFieldModel model(const PipelineConfig& changed, Progress&) const;
    /// What was worth a warning while it was opened.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_.lines; }

private:
    std::filesystem::path pipeline_; ///< resolved, of the folder
    Registry registry_;              ///< the pipeline refers to its components
    Warnings warnings_;
    FittedBase base_;
};

} // namespace mfm
