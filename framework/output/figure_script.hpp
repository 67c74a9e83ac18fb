// SPDX-License-Identifier: Apache-2.0
// What the scripts of all figures share.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mfm {

// Okabe & Ito (2008), "Color universal design": told apart with every kind of colour vision.
inline constexpr const char* network_colour = "#000000";
inline constexpr const char* mean_field_colour = "#D55E00";
inline constexpr const char* mean_k_colour = "#56B4E9";
inline constexpr std::array<const char*, 6> curve_colours{"#0072B2", "#E69F00", "#009E73",
                                                          "#CC79A7", "#56B4E9", "#D55E00"};

/// A text in gnuplot's single quotes, where nothing is substituted.  An apostrophe becomes a typographic one:
/// gnuplot 5.4 misreads a doubled one at the beginning.
[[nodiscard]] std::string literal(std::string_view text);
/// A number of a data file; what is missing or not finite is left out.
[[nodiscard]] std::string data_number(std::optional<double> x);
/// What all scripts begin with: size in panels, no markup in names, missing values left out; `key` places the legend.
[[nodiscard]] std::string preamble(const std::string& name, std::size_t columns, std::size_t rows,
                                   const std::string& title, const char* key);
/// What they end with: the same again as PDF, where gnuplot has it.
[[nodiscard]] std::string closing();
/// Columns and rows of so many panels.
[[nodiscard]] std::pair<std::size_t, std::size_t> layout(std::size_t panels);

} // namespace mfm
