// SPDX-License-Identifier: Apache-2.0
// What the scripts of all figures share: one width, one type size, panels placed in pixels of the SVG, one key below.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mfm {

// Okabe & Ito (2008), "Color universal design": told apart with every kind of colour vision.
inline constexpr const char* network_colour = "#000000";
inline constexpr const char* mean_field_colour = "#D55E00";
inline constexpr const char* mean_k_colour = "#56B4E9";
inline constexpr std::array<const char*, 6> curve_colours{"#0072B2", "#E69F00", "#009E73",
                                                          "#CC79A7", "#56B4E9", "#D55E00"};
/// Filled marks that differ in grey, too: circle, square, triangle, diamond, triangle on its tip, pentagon.
inline constexpr std::array<int, 6> curve_marks{7, 5, 9, 13, 11, 15};

/// A text in gnuplot's single quotes, where nothing is substituted.  An apostrophe becomes a typographic one:
/// gnuplot 5.4 misreads a doubled one at the beginning.
[[nodiscard]] std::string literal(std::string_view text);
/// A number of a data file; what is missing or not finite is left out.
[[nodiscard]] std::string data_number(std::optional<double> x);
/// "1 trial", "2 trials".
[[nodiscard]] std::string counted(std::size_t n, std::string_view noun);
/// Adds ", text", or the text alone to an empty list.
void append_listed(std::string& list, std::string_view text);

inline constexpr double figure_width = 680; ///< px of the SVG; 17 cm of the PDF

/// Where the axes of a plot are: px from the figure's left and upper edge.
struct Axes {
    double left = 0, top = 0, width = 0, height = 0;
};
/// Panels of equal size, in one column or two, below the figure's title.
struct Sheet {
    std::size_t panels = 1;
    double panel_height = 180; ///< of the axes, or of all that share a panel
    std::size_t columns = 2;
    double right = 20; ///< px that are free at the right of a panel's axes
    [[nodiscard]] std::size_t in_a_row() const;
    [[nodiscard]] Axes axes(std::size_t panel) const;
    [[nodiscard]] double bottom() const; ///< of the last row, axis labels included
};
/// An entry of the key: how it is drawn ("with lines lw 2 ..."), and its name.
struct KeyEntry {
    std::string style, name;
};
[[nodiscard]] double key_height(std::span<const KeyEntry>);

/// A plot over time, among others of the same width and time axis below each other.
struct Strip {
    double gap = 0, height = 0; ///< px above its axes, and of them
    std::string commands;
};
[[nodiscard]] double stacked_height(std::span<const Strip>); ///< from the figure's upper edge, axis label included
/// What draws them; the time is below the last one.
[[nodiscard]] std::string stacked(std::span<const Strip>, double height);

/// What all scripts begin with: a figure of this height as SVG, then as PDF, no markup in names, missing values left
/// out.
[[nodiscard]] std::string preamble(const std::string& name, const std::string& title, double height);
/// Places the axes of the plots that follow.
[[nodiscard]] std::string placed(const Axes&, double height);
/// The command that draws all of these ("'x.dat' using 1:2 with lines ...") into one plot; "" for none.
[[nodiscard]] std::string plotted(std::span<const std::string> parts);
/// Tics of an axis ('x' or 'y') that shows these values on so many px: few enough to be read, at round numbers.
[[nodiscard]] std::string tics(char axis, double lowest, double highest, double pixels);
/// The key, at the figure's lower edge; no plot may follow.
[[nodiscard]] std::string key(std::span<const KeyEntry>, double height);
/// What all scripts end with.
[[nodiscard]] std::string closing();

} // namespace mfm
