// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <thread>

#include "config/pipeline.hpp"
#include "output/report_text.hpp"
#include "pipeline/calibration.hpp"
#include "pipeline/derive.hpp"
#include "pipeline/model_equations.hpp"
#include "pipeline/variants.hpp"
#include "validate/verdict.hpp"

namespace mfm {

WorkResult run_pipeline(const RunOptions& options, Progress& progress) {
    DeriveOptions derivation;
    derivation.only = options.only;
    derivation.from = options.from;
    derivation.quiet = options.quiet;
    derivation.threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, derivation.threads);

    LoadOptions load;
    load.set = options.set;
    load.plugin_folders = options.plugin_path;
    load.seed = options.seed;
    const Registry registry(plugin_search_path(plugin_folders_of(options.file, load)));
    const PipelineConfig config = load_pipeline(options.file, registry, load);
    check_calibration(config);
    if (options.no_variants && !options.variants.empty())
        throw InputError("--variant and --no-variants contradict each other; give one of them");
    std::vector<LoadedVariant> variants;
    // With --only, variants are run that were asked for by name.
    if (!options.no_variants) variants = load_variants(config, options.variants, registry, load);
    if (!options.only.empty() && options.variants.empty()) variants.clear();
    derivation.folder = options.out.value_or(default_run_folder(options.file));

    const Derived base = derive(config, derivation, progress);
    const bool complete = base.report.has_value() && options.only != "validate";
    print_stage(base, options.only);
    if (complete) export_derived(base, derivation, progress);
    ExitCode code = base.report ? exit_code(*base.report) : ExitCode::Done;
    if (!variants.empty()) {
        const std::vector<VariantOutcome> outcomes = run_variants(base, variants, derivation, progress);
        if (complete) export_variants(base, derivation, outcomes);
        if (complete && !options.quiet) fmt::print("{}", variants_part(*base.report, outcomes));
        for (const VariantOutcome& v : outcomes)
            if (v.network && exit_code(v.report) != ExitCode::Done) code = exit_code(v.report);
    }
    if (base.report && !options.quiet)
        fmt::print("{}", console_summary(*base.report, config.name, derivation.folder.string()));
    WorkResult result{code, derivation.folder.string(), "", {}};
    if (base.report && base.report->verdict) result.verdict = verdict_name(*base.report->verdict);
    if (base.report) result.reasons = base.report->reasons;
    return result;
}

ExitCode run_pipeline(const RunOptions& options) {
    install_interrupt_handler();
    return run_pipeline(options, *make_progress(options.quiet)).code;
}

} // namespace mfm
