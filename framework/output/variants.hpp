// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <vector>

#include "output/stage_time.hpp"
#include "validate/report.hpp"

namespace mfm {

/// What became of a variant.
struct VariantOutcome {
    std::string name;
    bool network = true; ///< false: the base's mean field with changed parameters
    ValidationReport report;
    std::vector<StageTime> stages;
    std::vector<StageReuse> reuse;
    std::vector<VariantOutcome> variants; ///< of a variant that was made both ways: its mean field
};

/// The report's part on variants against their base: verdicts, rates, scores, what was reused.  "" without any.
[[nodiscard]] std::string variants_part(const ValidationReport& base, std::span<const VariantOutcome>);
/// The report's part on what a variant took from its base.
[[nodiscard]] std::string reuse_part(std::span<const StageReuse>);

} // namespace mfm
