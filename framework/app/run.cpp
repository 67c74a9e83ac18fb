// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <memory>

#include "app/command.hpp"

namespace mfm {

Command add_run(CLI::App& tool) {
    struct Arguments {
        PipelineArguments pipeline;
        RunOptions options;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& run =
        *tool.add_subcommand("run", "Run a pipeline file: from the spiking network to the validated mean-field model");
    add_pipeline_options(run, given->pipeline, "The run's folder");
    run.add_option("--only", given->options.only, "Run this stage alone");
    run.add_option("--from", given->options.from, "Run this stage and those after it again");
    run.add_option("--variant", given->options.variants,
                   "Run this variant beside the file itself (repeatable); all without it")
        ->allow_extra_args(false);
    run.add_flag("--no-variants", given->options.no_variants, "Run the file itself, without its variants");
    return {&run, [given] {
                const PipelineArguments& pipeline = given->pipeline;
                return with_progress(pipeline.progress, start_of("run", pipeline), "", [&](Progress& progress) {
                    pipeline.fill(given->options);
                    return run_pipeline(given->options, progress);
                });
            }};
}

} // namespace mfm
