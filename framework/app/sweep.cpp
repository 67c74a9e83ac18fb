// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "sweep/gather.hpp"
#include "sweep/plan.hpp"
#include "sweep/run.hpp"

namespace mfm {

Command add_sweep(CLI::App& tool) {
    struct Arguments {
        std::string file, out, shard, threads, shards;
        std::vector<std::string> set, folders;
        bool json = false, partial = false, base = false;
        ProgressArguments progress;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& sweep =
        *tool.add_subcommand("sweep", "Make a library of models: plan its points, make them anywhere, gather them");
    sweep.require_subcommand(1);
    CLI::App& plan = *sweep.add_subcommand("plan", "List the points of a pipeline's [library]");
    plan.add_option("FILE", given->file, "The pipeline file")->required();
    plan.add_option("--out", given->out, "The plan's folder; default: runs/NAME");
    plan.add_option("--set", given->set, "Change a value of the file: KEY.PATH=VALUE")->allow_extra_args(false);
    CLI::App& run = *sweep.add_subcommand("run", "Make the points that are not there yet");
    run.add_option("--shard", given->shard,
                   "Which part of the points: i/n, i from 1; default: that of SLURM's array task, else all");
    run.add_option("--threads", given->threads, "Number of threads; 0, the default, is one a core");
    run.add_flag("--base", given->base, "Only what all points share");
    add_progress(run, given->progress);
    CLI::App& status = *sweep.add_subcommand("status", "How many points are made");
    status.add_flag("--json", given->json, "For programs");
    CLI::App& gather =
        *sweep.add_subcommand("gather", "Put the points into one library file, with a table and figures");
    gather.add_option("--out", given->out, "The library file; default: library.h5 in the plan's folder");
    gather.add_flag("--partial", given->partial, "Take the points that are there");
    CLI::App& snakefile = *sweep.add_subcommand("snakefile", "Write a workflow for Snakemake");
    snakefile.add_option("--shards", given->shards, "Number of jobs that the points are divided among; default: 8");
    snakefile.add_option("--threads", given->threads, "Threads of each; default: 2");
    for (CLI::App* command : {&run, &status, &gather, &snakefile})
        command->add_option("PLAN", given->file, "The plan's folder")->required();
    for (CLI::App* command : {&plan, &run}) add_plugin_path(*command, given->folders);

    const auto threads = [given] {
        return static_cast<unsigned>(given->threads.empty() ? 0 : whole_number(given->threads, "--threads", 4096));
    };
    const auto execute = [given, threads, plan = &plan, run = &run, status = &status, gather = &gather] {
        if (plan->parsed()) {
            const PlanSummary s = write_plan({given->file, given->set, given->out, as_paths(given->folders)});
            fmt::print("{} points ({}, {}) are planned in {}\n", s.points, s.kind, s.way, s.folder.string());
        } else if (run->parsed()) {
            return with_progress(given->progress, {"sweep run", given->file, given->file}, "", [&](Progress& progress) {
                const Shard shard = given->shard.empty() ? shard_of_environment() : parse_shard(given->shard);
                const ExitCode code =
                    run_sweep({given->file, shard, threads(), as_paths(given->folders), given->base}, progress);
                return WorkResult{code, given->file, "", {}};
            });
        } else if (status->parsed()) {
            const SweepStatus s = sweep_status(given->file);
            fmt::print("{}", given->json ? status_json(s) : status_text(s));
        } else if (gather->parsed()) {
            const GatherSummary s = gather_sweep({given->file, given->out, given->partial});
            for (const std::string& note : s.notes) fmt::print("{}\n", note);
            fmt::print("{} members{} are in {}\n", s.members,
                       s.missing > 0 ? fmt::format(" ({} points are missing)", s.missing) : "", s.file.string());
        } else {
            const std::uint64_t shards = given->shards.empty() ? 8 : whole_number(given->shards, "--shards", 100000);
            if (shards == 0) throw InputError("--shards must be 1 at least");
            fmt::print("the workflow is {}\n",
                       write_snakefile(given->file, shards, threads() == 0 ? 2 : threads()).string());
        }
        return ExitCode::Done;
    };
    return {&sweep, execute};
}

} // namespace mfm
