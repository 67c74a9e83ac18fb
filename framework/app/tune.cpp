// SPDX-License-Identifier: Apache-2.0
#include "tune/tune.hpp"

#include <limits>
#include <memory>

#include "app/command.hpp"
#include "support/progress.hpp"

namespace mfm {

Command add_tune(CLI::App& tool) {
    struct Arguments {
        TuneOptions options;
        std::string file, out, seed, threads;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& tune = *tool.add_subcommand("tune", "Fit the free numbers of a pipeline file's [tune] to data");
    tune.add_option("FILE", given->file, "The pipeline file")->required();
    tune.add_option("--set", given->options.set, "Change a value of the file: KEY.PATH=VALUE")->allow_extra_args(false);
    tune.add_option("--out", given->out, "The run's folder; what is found goes into its folder tune");
    tune.add_option("--seed", given->seed, "Seed of all random numbers, instead of the file's");
    tune.add_option("--threads", given->threads, "Number of threads; 0, the default, is one a core");
    tune.add_flag("--quiet", given->options.quiet, "Say nothing but warnings and errors");
    add_plugin_path(tune, given->folders);
    return {&tune, [given] {
                TuneOptions& options = given->options;
                options.file = given->file;
                options.plugin_path = as_paths(given->folders);
                if (!given->out.empty()) options.out = given->out;
                // TOML's integers are signed, and the resolved pipeline carries the seed.
                if (!given->seed.empty())
                    options.seed = whole_number(given->seed, "--seed", std::numeric_limits<std::int64_t>::max());
                if (!given->threads.empty())
                    options.threads = static_cast<unsigned>(whole_number(given->threads, "--threads", 4096));
                install_interrupt_handler();
                return tune_pipeline(options);
            }};
}

} // namespace mfm
