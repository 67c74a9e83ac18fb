// SPDX-License-Identifier: Apache-2.0
#include "output/figure_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfm {

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

std::string preamble(const std::string& name, std::size_t columns, std::size_t rows, const std::string& title,
                     const char* key) {
    const std::size_t width = std::max<std::size_t>(640, columns * 360), height = rows * 290 + 30;
    return fmt::format("# gnuplot {0}.gp draws {0}.svg and {0}.pdf from {0}.dat\n"
                       "if (!exists('kind')) kind = 'svg'\n"
                       "if (kind eq 'svg') set terminal svg size {1},{2} font 'sans-serif,11' noenhanced background "
                       "'#ffffff' name '{0}'\n"
                       "if (kind eq 'pdf') set terminal pdfcairo size {3:.2f},{4:.2f} font 'sans-serif,11' fontscale "
                       "0.75 noenhanced background '#ffffff'\n"
                       "set output '{0}.'.kind\n"
                       "set datafile missing 'NaN'\n"
                       "set border 3\n"
                       "set tics nomirror out\n"
                       "set key {8} samplen 2\n"
                       "set multiplot layout {6},{5} title {7}\n",
                       name, width, height, static_cast<double>(width) / 96.0, static_cast<double>(height) / 96.0,
                       columns, rows, literal(title), key);
}

std::string closing() {
    return "unset multiplot\nset output\n"
           "if (kind eq 'svg' && strstrt(GPVAL_TERMINALS, 'pdfcairo')) { kind = 'pdf'; reset; reread }\n";
}

std::pair<std::size_t, std::size_t> layout(std::size_t panels) {
    const std::size_t columns = panels <= 3 ? std::max<std::size_t>(1, panels) : panels == 4 ? 2 : 3;
    return {columns, (panels + columns - 1) / columns};
}

} // namespace mfm
