// SPDX-License-Identifier: Apache-2.0
// The error budget in every form: text, CSV and figures.
#pragma once
#include <string>
#include <vector>

#include "output/figures.hpp"
#include "validate/report.hpp"

namespace mfm {

/// What a swap of the budget replaces by what, as a sentence; "" for a name that is not known here.
[[nodiscard]] std::string swap_sentence(const std::string& name);
/// The part of report.txt, or "" when no population has a budget.
[[nodiscard]] std::string budget_part(const ValidationReport&);
/// error_budget.csv: one row a population, stationary condition and swap.
[[nodiscard]] std::string budget_csv(const ValidationReport&);
/// Stacked bars of the swaps over the stimulus, one panel a population, one figure a stimulation.
[[nodiscard]] std::vector<Figure> budget_figures(const ValidationReport&);

} // namespace mfm
