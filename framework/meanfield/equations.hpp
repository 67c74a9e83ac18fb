// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "meanfield/model.hpp"

namespace mfm {

/// The model's equations with its numbers, made from the graph: every population, pathway, filter, delay and adaptation
/// state once, in the symbols of docs/science.md.  As plain text,
[[nodiscard]] std::string equations_text(const MeanFieldModel& model);
/// and as a LaTeX fragment (amsmath): align* for the equations, a tabular for the pathways.
[[nodiscard]] std::string equations_latex(const MeanFieldModel& model);
/// and as an HTML fragment with MathML, headings from <h3> on; names are escaped.
[[nodiscard]] std::string equations_mathml(const MeanFieldModel& model);

} // namespace mfm
