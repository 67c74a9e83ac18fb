// SPDX-License-Identifier: Apache-2.0
#include "tune/tune.hpp"

#include <memory>

#include "app/command.hpp"

namespace mfm {

Command add_tune(CLI::App& tool) {
    const auto given = std::make_shared<PipelineArguments>();
    CLI::App& tune = *tool.add_subcommand("tune", "Fit the free numbers of a pipeline file's [tune] to data");
    add_pipeline_options(tune, *given, "The run's folder; what is found goes into its folder tune");
    return {&tune, [given] {
                return with_progress(given->progress, start_of("tune", *given), "the search begins anew",
                                     [&](Progress& progress) {
                                         TuneOptions options;
                                         given->fill(options);
                                         return tune_pipeline(options, progress);
                                     });
            }};
}

} // namespace mfm
