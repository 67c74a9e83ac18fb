// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "support/diagnostics.hpp"
#include "support/files.hpp"
#include "sweep/gather.hpp"
#include "sweep/plan.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

// {0}: threads; {1}: shards; {2}: what every shard needs first.
constexpr const char* workflow =
    R"(# A workflow of Snakemake for this sweep, made by `automfm sweep snakefile`.  Run it from anywhere:
#     snakemake --snakefile THIS --directory FOLDER_OF_THIS --jobs 4
# over SLURM:
#     snakemake --snakefile THIS --directory FOLDER_OF_THIS --jobs 4 --retries 3 \
#         --cluster 'sbatch --parsable --cpus-per-task={{threads}} --output=logs/%j.txt' --cluster-status ./slurm_status
# Points that were made stay made: a shard that runs again does what is left of it.
configfile_defaults = {{"automfm": "automfm", "threads": {0}, "options": ""}}
for key, value in configfile_defaults.items():
    config.setdefault(key, value)

SHARDS = {1}
localrules: library

rule library:
    input:
        expand("shards/{{number}}_of_" + str(SHARDS), number=range(1, SHARDS + 1))
    output:
        "library.h5"
    shell:
        "{{config[automfm]}} sweep gather . --out {{output}}"
{2}
rule shard:
    input:
        {3}
    output:
        touch("shards/{{number}}_of_" + str(SHARDS))
    threads: int(config["threads"])
    shell:
        "{{config[automfm]}} sweep run . --shard {{wildcards.number}}/" + str(SHARDS) +
        " --threads {{threads}} --quiet {{config[options]}}"
)";

constexpr const char* base_rule = R"(
rule base:
    input:
        "plan.csv"
    output:
        touch("shards/base")
    threads: int(config["threads"])
    shell:
        "{config[automfm]} sweep run . --base --threads {threads} --quiet {config[options]}"
)";

constexpr const char* status_script = R"(#!/bin/sh
# Says how a job of SLURM is doing, in the words of Snakemake.  It asks the controller; an accounting database is not needed.
state=$(scontrol -o show job "$1" 2>/dev/null | tr ' ' '\n' | sed -n 's/^JobState=//p' | head -n 1)
[ -n "$state" ] || state=$(sacct -X -n -o State -j "$1" 2>/dev/null | head -n 1 | tr -d ' ')
case "$state" in
    COMPLETED) echo success ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED | RESIZING | "") echo running ;;
    *) echo failed ;;
esac
)";

} // namespace

fs::path write_snakefile(const fs::path& folder, std::uint64_t shards, unsigned threads) {
    const Plan plan = open_plan(folder);
    const bool has_base = plan.library.points == LibraryConfig::Points::MeanField;
    const fs::path file = folder / "Snakefile";
    write_file(file, fmt::format(fmt::runtime(workflow), threads, shards, has_base ? base_rule : "",
                                 has_base ? "\"shards/base\"" : "\"plan.csv\""));
    const fs::path status = folder / "slurm_status";
    write_file(status, status_script);
    fs::permissions(status, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                    fs::perm_options::add);
    fs::create_directories(folder / "logs"); // SLURM makes none
    return file;
}

} // namespace mfm
