// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "config/axes.hpp"
#include "config/pipeline.hpp"
#include "config/variants.hpp"

namespace mfm {

/// A member of a library before it is made.
struct PlanPoint {
    std::uint64_t index = 0;    ///< line of the plan, from 0
    std::string name;           ///< hash of the point's resolved pipeline, of what kind of point it is, and of its base
    std::string variant;        ///< what it is called in the file, or ""
    std::vector<double> values; ///< on the axes; empty for a variant that lies on no point of theirs
};

/// A sweep's folder: `pipeline.toml`, the resolved pipeline with its [library]; `plan.csv`, one line a point; `base/`,
/// the run of the pipeline itself, where members are mean fields of it; `points/`, a folder for every point that was
/// made, named by the point.
struct Plan {
    std::filesystem::path folder;
    DocumentNode document; ///< as in pipeline.toml
    LibraryConfig library;
    std::vector<VariantConfig> variants;
    std::uint64_t seed = 1;
    std::string name; ///< of the pipeline

    [[nodiscard]] std::filesystem::path base_folder() const { return folder / "base"; }
    [[nodiscard]] std::filesystem::path point_folder(const PlanPoint&) const;
    /// Where a point is made, before it gets its name.
    [[nodiscard]] std::filesystem::path working_folder(const PlanPoint&) const;
    [[nodiscard]] std::filesystem::path lock(const PlanPoint&) const;
};

/// The pipeline without [library] and [variant.NAME]: what the mean fields are changed from.
[[nodiscard]] DocumentNode base_document(const Plan&);
/// The pipeline of a point, likewise.
[[nodiscard]] DocumentNode point_document(const Plan&, const PlanPoint&);
/// What a point's results depend on, 32 digits: of these, the first 16 are its name.
[[nodiscard]] std::string point_hash(const Plan&, const DocumentNode& document);
[[nodiscard]] std::string point_name(const std::string& hash);
/// Likewise of the base.
[[nodiscard]] std::string base_hash(const Plan&);
/// "weight = 0.23 nS, rate = 4 Hz (autism_like)": for people.
[[nodiscard]] std::string describe(const Plan&, const PlanPoint&);

struct PlanOptions {
    std::filesystem::path file;
    std::vector<std::string> set; ///< "key.path=value"
    std::filesystem::path out;    ///< the plan's folder; empty: runs/NAME of the file
    std::vector<std::filesystem::path> plugin_path;
};
struct PlanSummary {
    std::filesystem::path folder;
    std::uint64_t points = 0;
    std::string kind, way; ///< "mean_field", "grid"
};
/// Checks the pipeline, its base and the ends of every axis, and writes the plan.  A folder that holds an earlier plan
/// gets the new one; points that are in both stay made.  Throws InputError.
PlanSummary write_plan(const PlanOptions&);

/// Throws InputError where the folder holds no plan.
[[nodiscard]] Plan open_plan(const std::filesystem::path& folder);
/// The plan read back from a pipeline.toml's text, without a folder.
[[nodiscard]] Plan plan_of(DocumentNode document, std::filesystem::path folder);

/// The points of a plan, one after the other; memory is that of one point.
class PlanReader {
public:
    explicit PlanReader(const Plan&);
    [[nodiscard]] std::optional<PlanPoint> next();

private:
    const Plan& plan_;
    std::filesystem::path path_;
    std::ifstream in_;
    std::uint64_t line_ = 0;
};

} // namespace mfm
