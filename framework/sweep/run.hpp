// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/progress.hpp"

namespace mfm {

/// Part `number` of `of` of a sweep, from 1: the points whose line in the plan is number - 1 modulo `of`.
struct Shard {
    std::uint64_t number = 1, of = 1;
};
/// "3/8"; throws InputError.
[[nodiscard]] Shard parse_shard(const std::string& text);
/// What SLURM says that this task of an array is (SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT), else all of the sweep.
/// Throws InputError when the variables do not fit each other.
[[nodiscard]] Shard shard_of_environment();

struct SweepRunOptions {
    std::filesystem::path plan;
    Shard shard;
    unsigned threads = 0; ///< 0: all cores
    std::vector<std::filesystem::path> plugin_path;
    bool base_only = false; ///< only what all points share
};
/// Makes the points of a shard that are not there yet.  A point is made in a folder beside its own, under a claim that
/// ends with its holder; what a dead worker left is taken over.  Points that another worker holds are waited for.  A
/// point that fails does not keep the others from being made.  Memory does not depend on the number of points.
/// Done when all of them are there; throws InputError with the first failure's sentence when some failed, DiskError at
/// once when nothing can be written, Interrupted after Ctrl-C.
ExitCode run_sweep(const SweepRunOptions&, Progress&);

} // namespace mfm
