// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <limits>
#include <memory>

#include "app/command.hpp"
#include "support/progress.hpp"

namespace mfm {

Command add_run(CLI::App& tool) {
    struct Arguments {
        RunOptions options;
        std::string file, out, seed, threads;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& run =
        *tool.add_subcommand("run", "Run a pipeline file: from the spiking network to the validated mean-field model");
    run.add_option("FILE", given->file, "The pipeline file")->required();
    run.add_option("--only", given->options.only, "Run this stage alone");
    run.add_option("--from", given->options.from, "Run this stage and those after it again");
    run.add_option("--set", given->options.set, "Change a value of the file: KEY.PATH=VALUE")->allow_extra_args(false);
    run.add_option("--out", given->out, "The run's folder");
    run.add_option("--seed", given->seed, "Seed of all random numbers, instead of the file's");
    run.add_option("--threads", given->threads, "Number of threads; 0, the default, is one a core");
    run.add_flag("--quiet", given->options.quiet, "Say nothing but warnings and errors");
    add_plugin_path(run, given->folders);
    return {&run, [given] {
                RunOptions& options = given->options;
                options.file = given->file;
                options.plugin_path = as_paths(given->folders);
                if (!given->out.empty()) options.out = given->out;
                // TOML's integers are signed, and the resolved pipeline carries the seed.
                if (!given->seed.empty())
                    options.seed = whole_number(given->seed, "--seed", std::numeric_limits<std::int64_t>::max());
                if (!given->threads.empty())
                    options.threads = static_cast<unsigned>(whole_number(given->threads, "--threads", 4096));
                install_interrupt_handler();
                return run_pipeline(options);
            }};
}

} // namespace mfm
