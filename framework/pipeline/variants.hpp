// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "output/variants.hpp"
#include "pipeline/derive.hpp"
#include "plugin/registry.hpp"

namespace mfm {

/// A variant that is to be run: the pipeline that it is.
struct LoadedVariant {
    VariantConfig variant;
    PipelineConfig config;
};
/// The chosen variants of a pipeline (all for none), read and checked before anything is run.  Throws InputError.
[[nodiscard]] std::vector<LoadedVariant>
load_variants(const PipelineConfig& base, const std::vector<std::string>& chosen, const Registry&, const LoadOptions&);

/// Runs variants of a derivation that is complete (or was stopped by --only), each into FOLDER/variants/NAME.  Each
/// depends on the base alone, so that their order does not matter.
[[nodiscard]] std::vector<VariantOutcome> run_variants(const Derived& base, const std::vector<LoadedVariant>&,
                                                       const DeriveOptions&, Progress&);

} // namespace mfm
