// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>

#include "plugin/component.hpp"

namespace mfm {

/// How far a basis's derivatives are from differences of its values, relative to the largest of each kind at the point.
struct GradientCheck {
    double coefficient = 0, input = 0, second = 0; ///< largest relative differences
    std::size_t points = 0;
    std::string worst; ///< where the largest of all was found, in words
    [[nodiscard]] double largest() const;
};

/// Compares the analytic derivatives of a transfer basis with extrapolated central differences (Ridders 1982) at points
/// [n * inputs], point-major: by coefficient and by input of the value, and by input of the gradient.  Throws
/// PluginError when the plugin fails or gives a number that is not finite.
[[nodiscard]] GradientCheck check_gradients(const Instance& basis, std::span<const double> points,
                                            std::span<const double> coefficients, std::span<const double> lower,
                                            std::span<const double> upper);

} // namespace mfm
