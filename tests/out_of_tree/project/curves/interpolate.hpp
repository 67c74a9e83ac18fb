// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

namespace curves {
/// The straight lines through (x[i], y[i]), x increasing; constant beyond both ends.
double interpolate(const std::vector<double>& x, const std::vector<double>& y, double at);
} // namespace curves
