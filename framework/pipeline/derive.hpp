// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "output/variants.hpp"
#include "pipeline/derived.hpp"
#include "support/progress.hpp"

namespace mfm {

/// How stages are run (StageRunner).
struct DeriveOptions {
    std::filesystem::path folder;
    std::string only, from; ///< as on the command line
    std::string until;      ///< the last stage that is wanted; "": all of them
    unsigned threads = 1;   ///< for the manifest
    bool quiet = false;
    std::string variant; ///< whose derivation it is, for progress; "" for the pipeline itself
    std::size_t of = 0;  ///< how many stages there are to come, likewise; 0: as many as there are
};

/// All stages up to the verdict, or up to `only`, of a pipeline or, with `base`, of a variant of it: what the two have
/// in common is taken over.  Mode::MeanField needs a base that is complete; network: the variant's derivation with a
/// network, which the mean field is compared with, or NULL.
[[nodiscard]] Derived derive(const PipelineConfig&, const DeriveOptions&, Progress&, const Derived* base = nullptr,
                             Mode = Mode::Network, const Derived* network = nullptr);

/// The stages up to "fit", in `folder`; of: as above.
[[nodiscard]] Derived derive_fits(const PipelineConfig&, const std::filesystem::path& folder, Progress&,
                                  std::size_t of = 0);

/// What the stages "build" and "remap" print when nothing after them is wanted.
void print_stage(const Derived&, const std::string& only);
/// Writes everything that people and programs read into the derivation's folder.
void export_derived(const Derived&, const DeriveOptions&, Progress&);
/// Writes the report and the summary again, with what became of the variants.
void export_variants(const Derived&, const DeriveOptions&, const std::vector<VariantOutcome>&);

} // namespace mfm
