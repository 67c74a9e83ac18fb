// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace mfm {

/// The framework's one coherent unit system: ms, mV, nS, pA, pF, um; rates in Hz.  Pure numbers have the unit "1".
struct Quantity {
    double value = 0.0;
    std::string unit; ///< as written; "" when the text carried none
};

/// Parses "200 pF", "9e-6 /um^3", "0.08".  Returns nothing when the text is no number with an optional unit.
[[nodiscard]] std::optional<Quantity> parse_quantity(std::string_view text);

/// The factor that turns a value in `from` into one in `to` ("nS/ms", "/um^3" and "um^-3", "1/ms", "1", "%" ...);
/// nothing when the dimensions differ or a unit is unknown.
[[nodiscard]] std::optional<double> conversion_factor(std::string_view from, std::string_view to);

/// True when the unit is known at all.
[[nodiscard]] bool is_known_unit(std::string_view unit);

} // namespace mfm
