// SPDX-License-Identifier: Apache-2.0
#include "output/library_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "output/figure_script.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

constexpr std::size_t most_curves = curve_colours.size(); ///< of a panel

struct Curve {
    std::string condition;
    std::size_t mean_field = 0;
    std::optional<std::size_t> network;
};
struct Panel {
    std::string population;
    std::vector<Curve> curves;
};

std::optional<std::size_t> column_named(const ModelLibrary& library, const std::string& name) {
    const auto found = std::find(library.columns.begin(), library.columns.end(), name);
    if (found == library.columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - library.columns.begin());
}

/// Populations with their conditions, from the columns' names.
std::vector<Panel> panels_of(const ModelLibrary& library) {
    constexpr std::string_view rate = ".mean_field_rate_hz";
    std::vector<Panel> panels;
    for (std::size_t c = 0; c < library.columns.size(); ++c) {
        const std::string& column = library.columns[c];
        if (!column.ends_with(rate)) continue;
        const std::string at = column.substr(0, column.size() - rate.size());
        const auto dot = at.find('.');
        if (dot == std::string::npos) continue;
        const std::string population = at.substr(0, dot);
        auto panel =
            std::find_if(panels.begin(), panels.end(), [&](const Panel& p) { return p.population == population; });
        if (panel == panels.end()) panel = panels.insert(panels.end(), Panel{population, {}});
        panel->curves.push_back({at.substr(dot + 1), c, column_named(library, at + ".network_rate_hz")});
    }
    for (Panel& panel : panels) { // of many conditions, some spread over all of them
        const std::size_t n = panel.curves.size();
        if (n <= most_curves) continue;
        std::vector<Curve> some;
        for (std::size_t i = 0; i < most_curves; ++i) some.push_back(panel.curves[i * (n - 1) / (most_curves - 1)]);
        panel.curves = std::move(some);
    }
    return panels;
}

} // namespace

std::vector<Figure> library_figures(const ModelLibrary& library) {
    const std::vector<Panel> panels = panels_of(library);
    std::vector<Figure> figures;
    if (panels.empty()) return figures;
    for (std::size_t a = 0; a < library.config.axes.size(); ++a) {
        const LibraryAxis& axis = library.config.axes[a];
        std::vector<std::size_t> order;
        for (std::size_t m = 0; m < library.members.size(); ++m)
            if (!library.members[m].values.empty()) order.push_back(m);
        std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
            return library.members[i].values[a] < library.members[j].values[a];
        });
        Figure figure;
        figure.name = "rates_over_" + file_name_of(axis.name);
        figure.section = "library";
        figure.title = fmt::format("{}: rates over {}", library.name, axis.name);
        const bool lines = library.config.axes.size() == 1;
        const auto style = [&](std::size_t k) {
            const char* colour = curve_colours[k % curve_colours.size()];
            return lines ? fmt::format("linespoints pt 6 ps 0.3 lw 1.5 lc rgb '{}'", colour)
                         : fmt::format("points pt 2 ps 0.4 lc rgb '{}'", colour);
        };
        std::vector<KeyEntry> entries; // populations may have conditions of different names
        for (const Panel& panel : panels)
            for (std::size_t k = 0; k < panel.curves.size(); ++k)
                if (KeyEntry e{"with " + style(k), panel.curves[k].condition};
                    std::none_of(entries.begin(), entries.end(),
                                 [&](const KeyEntry& o) { return o.name == e.name && o.style == e.style; }))
                    entries.push_back(std::move(e));
        const Sheet sheet{panels.size()};
        const double height = sheet.bottom() + key_height(entries);
        figure.script = preamble(figure.name,
                                 library.name + (lines ? ": mean field (lines), network (points)"
                                                       : ": mean field (crosses), network (points)"),
                                 height);
        figure.script += fmt::format("set xlabel {}\nset ylabel 'rate (Hz)'\nset yrange [0:*]\n{}",
                                     literal(axis.unit.empty() ? axis.name : axis.name + " (" + axis.unit + ")"),
                                     axis.log ? "set logscale x\n" : "");
        figure.data =
            "# value on the axis, mean-field rate (Hz), network rate (Hz); one block a population and condition\n";
        std::size_t index = 0;
        for (std::size_t p = 0; p < panels.size(); ++p) {
            std::vector<std::string> parts;
            for (std::size_t k = 0; k < panels[p].curves.size(); ++k, ++index) {
                const Curve& curve = panels[p].curves[k];
                figure.data +=
                    fmt::format("{}# {}, {}\n", index == 0 ? "" : "\n\n", panels[p].population, curve.condition);
                for (const std::size_t m : order)
                    figure.data += fmt::format("{} {} {}\n", library.members[m].values[a],
                                               data_number(library.value(m, curve.mean_field)),
                                               curve.network ? data_number(library.value(m, *curve.network)) : "NaN");
                parts.push_back(fmt::format("'{}.dat' index {} using 1:2 with {}", figure.name, index, style(k)));
                if (curve.network)
                    parts.push_back(fmt::format("'{}.dat' index {} using 1:3 with points pt 7 ps 0.5 lc rgb '{}'",
                                                figure.name, index, curve_colours[k % curve_colours.size()]));
            }
            figure.script += placed(sheet.axes(p), height) +
                             fmt::format("set title {}\n", literal(panels[p].population)) + plotted(parts);
        }
        figure.script += key(entries, height) + closing();
        figure.caption = fmt::format(
            "Rates, in Hz, of the library's {} members over {}{}, one panel a population, one colour a stationary "
            "condition (at most {} of them): mean fields ({}) and their networks (points), where there are any.",
            order.size(), axis.name, axis.unit.empty() ? "" : ", in " + axis.unit, most_curves,
            lines ? "lines" : "crosses");
        figure.alt =
            fmt::format("Rates of {} in {}", counted(panels.size(), "population"), counted(order.size(), "member"));
        if (!order.empty())
            figure.alt +=
                fmt::format("; {} goes from {:g} to {:g}{}{}", axis.name, library.members[order.front()].values[a],
                            library.members[order.back()].values[a], axis.unit.empty() ? "" : " ", axis.unit);
        figure.alt += ".";
        figures.push_back(std::move(figure));
    }
    return figures;
}

} // namespace mfm
