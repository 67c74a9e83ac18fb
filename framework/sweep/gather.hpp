// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mfm {

/// How far a sweep is.
struct SweepStatus {
    std::uint64_t points = 0, made = 0;
    std::uint64_t under_way = 0; ///< a worker holds their claim
    std::uint64_t begun = 0;     ///< left in their middle; the next worker takes them up
    bool has_base = false, base_made = false;
    std::vector<std::string> verdicts; ///< names, in the order of their counts
    std::vector<std::uint64_t> counts; ///< of the points made
    [[nodiscard]] bool complete() const { return made == points; }
};
[[nodiscard]] SweepStatus sweep_status(const std::filesystem::path& plan);
[[nodiscard]] std::string status_text(const SweepStatus&);
[[nodiscard]] std::string status_json(const SweepStatus&);

struct GatherOptions {
    std::filesystem::path plan;
    std::filesystem::path out; ///< the library file; empty: library.h5 in the plan's folder
    bool partial = false;      ///< take what there is
};
struct GatherSummary {
    std::filesystem::path file;
    std::uint64_t members = 0, missing = 0;
    std::vector<std::string> notes; ///< for the user
};
/// One library of all points, a table (NAME.csv) and figures (NAME_figures/) beside it.  The result depends on the plan
/// and its points alone, not on who made them or when.  Throws InputError where points are missing, unless partial.
GatherSummary gather_sweep(const GatherOptions&);

/// Writes a Snakemake workflow into the plan's folder: the base, `shards` jobs, the library.  With it, `slurm_status`,
/// which tells Snakemake how a job of SLURM is doing.  Returns the workflow's path.
std::filesystem::path write_snakefile(const std::filesystem::path& plan, std::uint64_t shards, unsigned threads);

} // namespace mfm
