// SPDX-License-Identifier: Apache-2.0
#include "pipeline/variants.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/calibration.hpp"
#include "support/diagnostics.hpp"

namespace mfm {
namespace {

VariantOutcome outcome_of(const std::string& name, Derived&& d) {
    return {name, d.mode == Mode::Network, std::move(*d.report), std::move(d.times), std::move(d.reuse), {}};
}

} // namespace

std::vector<LoadedVariant> load_variants(const PipelineConfig& base, const std::vector<std::string>& chosen,
                                         const Registry& registry, const LoadOptions& options) {
    std::vector<std::string> names;
    for (const VariantConfig& v : base.variants) names.push_back(v.name);
    for (const std::string& name : chosen)
        if (std::find(names.begin(), names.end(), name) == names.end())
            throw InputError(
                fmt::format("--variant: the pipeline has no variant '{}'{}", name, did_you_mean(name, names)));
    std::vector<LoadedVariant> out;
    for (const VariantConfig& v : base.variants) {
        if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), v.name) == chosen.end()) continue;
        LoadOptions mine = options;
        mine.variant = &v;
        LoadedVariant loaded{v, load_pipeline(base.file, registry, mine)};
        if (loaded.config.name == base.name) loaded.config.name += ", " + v.name;
        if (v.network) check_calibration(loaded.config);
        out.push_back(std::move(loaded));
    }
    return out;
}

std::vector<VariantOutcome> run_variants(const Derived& base, const std::vector<LoadedVariant>& variants,
                                         const DeriveOptions& options, Progress& progress) {
    std::vector<VariantOutcome> out;
    for (const LoadedVariant& v : variants) {
        DeriveOptions mine = options;
        mine.folder = options.folder / "variants" / v.variant.name;
        mine.variant = v.variant.name;
        std::optional<Derived> network;
        if (v.variant.network) {
            network = derive(v.config, mine, progress, &base);
            if (network->report && mine.only != "validate") export_derived(*network, mine, progress);
            print_stage(*network, mine.only);
        }
        std::optional<Derived> mean_field;
        if (v.variant.mean_field && base.report) {
            DeriveOptions inner = mine;
            inner.variant += ", mean field";
            if (network) inner.folder /= "variants/mean_field";
            mean_field = derive(v.config, inner, progress, &base, Mode::MeanField, network ? &*network : nullptr);
            if (mean_field->report) export_derived(*mean_field, inner, progress);
        }
        if (network && network->report) {
            VariantOutcome outcome;
            const bool both = mean_field && mean_field->report;
            std::vector<VariantOutcome> of_it;
            if (both) of_it.push_back(outcome_of("mean_field", std::move(*mean_field)));
            if (both) export_variants(*network, mine, of_it);
            outcome = outcome_of(v.variant.name, std::move(*network));
            outcome.variants = std::move(of_it);
            out.push_back(std::move(outcome));
        } else if (mean_field && mean_field->report) {
            out.push_back(outcome_of(v.variant.name, std::move(*mean_field)));
        }
    }
    return out;
}

} // namespace mfm
