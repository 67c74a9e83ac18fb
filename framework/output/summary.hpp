// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>

#include "output/stage_time.hpp"
#include "output/variants.hpp"
#include "validate/report.hpp"

namespace mfm {

/// summary.json: verdict, errors per population and condition, times.  The layout is a promise (docs/output.md): the
/// same keys in the same order whatever was computed; what was not, or is no finite number, is null.
[[nodiscard]] std::string summary_json(const ValidationReport&, std::span<const StageTime>,
                                       std::span<const StageReuse> = {}, std::span<const VariantOutcome> = {});

} // namespace mfm
