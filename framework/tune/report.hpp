// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "output/figure.hpp"
#include "tune/identify.hpp"
#include "tune/search.hpp"
#include "tune/tuned_model.hpp"

namespace mfm {

/// What a tuning found, and what the data say of it.
struct TuneOutcome {
    std::optional<TuneSolution> solution; ///< this, or
    std::optional<TuneFront> front;       ///< this
    std::optional<Identifiability> identifiability;
    std::vector<BootstrapInterval> bootstrap; ///< [parameters], or empty
    std::vector<std::string> remarks;         ///< what is to be known of the solution's fixed points (TunedModel)
    std::vector<std::string> approximate;     ///< parameters whose transfer functions would have to be measured again
};

[[nodiscard]] std::string tune_text(const std::string& name, const TunedModel&, const TuneOutcome&);
[[nodiscard]] std::string tune_json(const std::string& name, const TunedModel&, const TuneOutcome&);
/// One point of the front a row: objectives, parameters, values of the targets.
[[nodiscard]] std::string front_csv(const TuneConfig&, const TuneFront&);
/// One target a row: the data, the start and the solution.
[[nodiscard]] std::string targets_csv(const TuneConfig&, const TuneSolution&);
/// A pipeline file that includes `base` (relative to the folder it will be in) and has the numbers x: the changes of
/// the tuning as values, so that it runs, and serves as an include after the base.
[[nodiscard]] std::string tuned_toml(const TunedModel&, const DocumentNode& base_document, std::span<const double> x,
                                     const std::string& base, const std::string& what);
/// The front's figure: every pair of objectives against each other.
[[nodiscard]] Figure front_figure(const std::string& name, const TuneConfig&, const TuneFront&);
/// Writes everything into `folder`; lines for the user about figures that could not be drawn.
[[nodiscard]] std::vector<std::string> write_tune(const std::filesystem::path& folder, const std::string& name,
                                                  const std::filesystem::path& pipeline_file, const TunedModel&,
                                                  const DocumentNode& base_document, const TuneOutcome&);

} // namespace mfm
