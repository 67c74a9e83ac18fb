// SPDX-License-Identifier: Apache-2.0
#include "output/figure_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "output/text_table.hpp"

namespace mfm {
namespace {

constexpr double title_height = 34;          // of the figure
constexpr double above = 30, below = 58;     // of a panel: its title, its axis labels
constexpr double left = 74;                  // of a panel: its axis labels
constexpr double key_row = 21, letter = 9.5; // px, as wide as gnuplot takes a letter
constexpr double pixels_per_cm = 40;

std::size_t key_columns(std::span<const KeyEntry> entries) {
    std::size_t longest = 1;
    for (const KeyEntry& e : entries) longest = std::max(longest, display_width(e.name));
    const double width = 50 + letter * static_cast<double>(longest);
    return std::clamp<std::size_t>(static_cast<std::size_t>((figure_width - 20) / width), 1,
                                   std::max<std::size_t>(1, entries.size()));
}

} // namespace

std::string literal(std::string_view text) {
    std::string out = "'";
    for (char c : text) {
        if (c == '\'')
            out += "’";
        else
            out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "'";
}

std::string data_number(std::optional<double> x) {
    return x && std::isfinite(*x) ? fmt::format("{}", *x) : "NaN";
}

std::string counted(std::size_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

void append_listed(std::string& list, std::string_view text) {
    if (!list.empty()) list += ", ";
    list += text;
}

std::size_t Sheet::in_a_row() const {
    return std::max<std::size_t>(1, std::min(columns, panels));
}

Axes Sheet::axes(std::size_t panel) const {
    const double cell = figure_width / static_cast<double>(in_a_row());
    return {static_cast<double>(panel % in_a_row()) * cell + left,
            title_height + static_cast<double>(panel / in_a_row()) * (above + panel_height + below) + above,
            cell - left - right, panel_height};
}

double Sheet::bottom() const {
    const auto rows = static_cast<double>((panels + in_a_row() - 1) / in_a_row());
    return title_height + rows * (above + panel_height + below);
}

double key_height(std::span<const KeyEntry> entries) {
    const std::size_t columns = key_columns(entries);
    return 10 + key_row * static_cast<double>((entries.size() + columns - 1) / columns);
}

std::string preamble(const std::string& name, const std::string& title, double height) {
    return fmt::format("# gnuplot {0}.gp draws {0}.svg and, where gnuplot can, {0}.pdf from {0}.dat\n"
                       "do for [kind in strstrt(GPVAL_TERMINALS, 'pdfcairo') ? 'svg pdf' : 'svg'] {{\n"
                       "reset\n"
                       "if (kind eq 'svg') {{\n"
                       "    set terminal svg size {1:.0f},{2:.0f} font 'sans-serif,13' noenhanced background "
                       "'#ffffff' name '{0}'\n"
                       "}} else {{\n"
                       "    set terminal pdfcairo size {3:.2f}cm,{4:.2f}cm font 'sans-serif,13' fontscale 0.52 "
                       "linewidth 1.4 noenhanced background '#ffffff'\n"
                       "}}\n"
                       "set output '{0}.'.kind\n"
                       "set datafile missing 'NaN'\n"
                       "set border 3 lw 1\n"
                       "set tics nomirror out scale 0.6\n"
                       "set grid ytics lt 1 lw 0.5 lc rgb '#dddddd'\n"
                       "set title offset 0,-0.6\n"
                       "set xtics offset 0,0.3\n"
                       "set xlabel offset 0,0.6\n"
                       "set ylabel offset 1.2,0\n"
                       "set key off\nset pointintervalbox 0\n"
                       "set multiplot title {5}\n",
                       name, figure_width, height, figure_width / pixels_per_cm, height / pixels_per_cm,
                       literal(title));
}

std::string placed(const Axes& a, double height) {
    return fmt::format("set lmargin at screen {:.4f}; set rmargin at screen {:.4f}; set tmargin at screen {:.4f}; set "
                       "bmargin at screen {:.4f}\n",
                       a.left / figure_width, (a.left + a.width) / figure_width, 1 - a.top / height,
                       1 - (a.top + a.height) / height);
}

double stacked_height(std::span<const Strip> strips) {
    double height = title_height + below;
    for (const Strip& strip : strips) height += strip.gap + strip.height;
    return height;
}

std::string stacked(std::span<const Strip> strips, double height) {
    std::string out = "set xlabel ''\nset format x ''\n";
    double top = title_height;
    for (std::size_t i = 0; i < strips.size(); ++i) {
        if (i + 1 == strips.size()) out += "set xlabel 'time (ms)'\nset format x\n";
        top += strips[i].gap;
        out += placed({left, top, figure_width - left - 20, strips[i].height}, height) + strips[i].commands;
        top += strips[i].height;
    }
    return out;
}

std::string plotted(std::span<const std::string> parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "plot " : ", \\\n     ") + part;
    return out.empty() ? out : out + "\n";
}

std::string tics(char axis, double lowest, double highest, double pixels) {
    const double most = std::max(1.0, pixels / (axis == 'x' ? 50.0 : 28.0)), least_step = (highest - lowest) / most;
    if (!(least_step > 0.0) || !std::isfinite(least_step)) return fmt::format("set {}tics autofreq\n", axis);
    const double power = std::pow(10.0, std::floor(std::log10(least_step)));
    double step = 10.0 * power;
    for (const double round : {5.0, 2.0, 1.0})
        if (round * power >= least_step) step = round * power;
    return fmt::format("set {}tics {:g}\n", axis, step);
}

std::string key(std::span<const KeyEntry> entries, double height) {
    const double rows = key_height(entries);
    std::string out = "reset\n" + placed({10, height - rows, figure_width - 20, rows - 6}, height);
    out += fmt::format("unset border\nunset tics\nset key inside center center horizontal Left reverse samplen 2.5 "
                       "maxcols {}\nset xrange [0:1]\nset yrange [0:1]\n",
                       key_columns(entries));
    std::vector<std::string> parts;
    for (const KeyEntry& e : entries) parts.push_back(fmt::format("NaN {} title {}", e.style, literal(e.name)));
    return out + plotted(parts);
}

std::string closing() {
    return "unset multiplot\nset output\n}\n";
}

} // namespace mfm
