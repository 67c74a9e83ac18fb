// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "output/figures.hpp"
#include "output/library_file.hpp"

namespace mfm {

/// Rates of the members over each axis, one panel a population, one colour a stationary condition: lines for the mean
/// fields, points for their networks where they have one.  With several axes, points alone.
[[nodiscard]] std::vector<Figure> library_figures(const ModelLibrary&);

} // namespace mfm
