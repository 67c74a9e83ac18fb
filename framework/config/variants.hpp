// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "config/difference.hpp"
#include "config/document.hpp"

namespace mfm {

/// A [variant.NAME] of a pipeline file: differences on the file, or on another variant of it, never a copy.
///
///     [variant.atrophy]
///     mode = ["network", "mean_field"]
///     "projection.*_to_purkinje.keep" = 0.8
///
///     [variant.atrophy_strong]
///     base = "atrophy"
///     "projection.*_to_purkinje.weight" = { scale = 1.2 }
struct VariantConfig {
    std::string name, base;      ///< base: the variant that it starts from, or ""
    std::vector<Change> changes; ///< from the file on: those of its base come first
    bool network = true;         ///< derived again, from a network that is simulated again
    bool mean_field = false;     ///< the file's own mean field with changed parameters
    SourcePosition where;
};

/// The variants of a document, in the order of the file; throws InputError.  What they change is not looked up yet.
[[nodiscard]] std::vector<VariantConfig> read_variants(const DocumentNode& document);

/// The document that a variant is: without variants of its own.
[[nodiscard]] DocumentNode document_of(const VariantConfig&, DocumentNode document);

} // namespace mfm
