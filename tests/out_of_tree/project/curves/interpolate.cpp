// SPDX-License-Identifier: Apache-2.0
#include "interpolate.hpp"

#include <algorithm>

namespace curves {
double interpolate(const std::vector<double>& x, const std::vector<double>& y, double at) {
    const auto next = std::upper_bound(x.begin(), x.end(), at);
    if (next == x.begin()) return y.front();
    if (next == x.end()) return y.back();
    const auto i = static_cast<std::size_t>(next - x.begin());
    return y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1]);
}
} // namespace curves
