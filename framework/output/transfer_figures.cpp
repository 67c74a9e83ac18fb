// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "output/figure_script.hpp"
#include "output/figures.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

/// The fitted rate, or nothing where the function is not defined.
std::optional<double> rate_at(const TransferFunction& function, const std::vector<double>& r) {
    double rate = 0.0;
    try {
        function.evaluate(r, 1, std::span(&rate, 1), {}, {});
    } catch (const Error&) {
        return std::nullopt;
    }
    return rate;
}

} // namespace

TransferSlices transfer_slices(const TransferFunction& function, std::span<const SlicePathway> pathways,
                               const TransferTable& table, std::size_t count) {
    TransferSlices slices;
    slices.population = table.population;
    std::vector<const TransferPoint*> working, shown;
    for (const auto& p : table.points) {
        if (p.I != 0.0 || p.use == TransferPoint::Use::OperatingPoint) continue;
        shown.push_back(&p);
        slices.seconds = shown.size() == 1 ? p.seconds : std::min(slices.seconds, p.seconds);
        if (p.use == TransferPoint::Use::Working && p.G_e > 0.0) working.push_back(&p);
    }
    if (working.empty() || count == 0) return slices;
    std::stable_sort(working.begin(), working.end(), [](const auto* a, const auto* b) { return a->G_i < b->G_i; });
    std::vector<const TransferPoint*> through;
    for (std::size_t k = 0; k < count; ++k) {
        const auto* p = working[(2 * k + 1) * working.size() / (2 * count)];
        if (through.empty() || p->G_i > through.back()->G_i) through.push_back(p);
    }
    double largest = 0.0;
    for (const auto* p : working) largest = std::max(largest, p->G_e);
    constexpr std::size_t steps = 100;
    for (const auto* p : through) {
        TransferCurve curve;
        curve.G_i = p->G_i;
        for (std::size_t i = 0; i <= steps; ++i) {
            const double G_e = largest * static_cast<double>(i) / steps;
            std::vector<double> r;
            for (std::size_t s = 0; s < pathways.size(); ++s)
                r.push_back(pathways[s].K * p->nu[s] * (pathways[s].excitatory ? G_e / p->G_e : 1.0));
            const std::optional<double> rate = rate_at(function, r);
            if (!rate) continue; // a gap in the curve
            curve.G_e.push_back(G_e);
            curve.rate_hz.push_back(*rate);
        }
        slices.curves.push_back(std::move(curve));
    }
    constexpr double near = 0.15; // a curve's own points: within 15 % of its inhibition
    for (const auto* p : shown) {
        if (p->G_e > 1.05 * largest) continue;
        auto& nearest =
            *std::min_element(slices.curves.begin(), slices.curves.end(), [&](const auto& a, const auto& b) {
                return std::abs(a.G_i - p->G_i) < std::abs(b.G_i - p->G_i);
            });
        if (std::abs(nearest.G_i - p->G_i) > near * nearest.G_i) continue;
        nearest.sampled_G_e.push_back(p->G_e);
        nearest.sampled_hz.push_back(p->rate_hz);
        nearest.sampled_se_hz.push_back(p->se_hz);
    }
    return slices;
}

TransferMap transfer_map(const TransferFunction& function, std::span<const SlicePathway> pathways,
                         const TransferTable& table) {
    TransferMap map;
    std::vector<double> mean_r(pathways.size(), 0.0);
    double mean_G_e = 0, mean_G_i = 0, highest_G_e = 0, lowest_G_i = 0, highest_G_i = 0;
    std::size_t n = 0;
    for (const TransferPoint& p : table.points) {
        if (p.I != 0.0 || p.use != TransferPoint::Use::Working) continue;
        ++n;
        for (std::size_t s = 0; s < pathways.size(); ++s) mean_r[s] += pathways[s].K * p.nu[s];
        mean_G_e += p.G_e;
        mean_G_i += p.G_i;
        highest_G_e = std::max(highest_G_e, p.G_e);
        lowest_G_i = n == 1 ? p.G_i : std::min(lowest_G_i, p.G_i);
        highest_G_i = std::max(highest_G_i, p.G_i);
    }
    if (mean_G_e <= 0.0 || highest_G_i <= lowest_G_i) return map;
    constexpr std::size_t columns = 60, rows = 48;
    for (std::size_t i = 0; i < columns; ++i) map.G_e.push_back(highest_G_e * (static_cast<double>(i) + 0.5) / columns);
    for (std::size_t i = 0; i < rows; ++i) map.G_i.push_back(highest_G_i * (static_cast<double>(i) + 0.5) / rows);
    std::vector<double> r(pathways.size());
    for (const double G_i : map.G_i)
        for (const double G_e : map.G_e) {
            // A conductance is linear in the rates, so that means of both belong together.
            for (std::size_t s = 0; s < r.size(); ++s)
                r[s] = mean_r[s] * (pathways[s].excitatory ? G_e / mean_G_e : G_i / mean_G_i);
            map.rate_hz.push_back(rate_at(function, r));
        }
    return map;
}

Figure transfer_figure(const TransferSlices& slices) {
    Figure figure;
    figure.name = "transfer_" + file_name_of(slices.population);
    figure.section = "transfer";
    figure.title = fmt::format("{}: cuts through the transfer function", slices.population);
    figure.population = slices.population;
    double highest = 0;
    std::size_t samples = 0, index = 0;
    std::vector<std::string> lines, points;
    std::vector<KeyEntry> entries;
    for (const auto& curve : slices.curves) {
        for (const double rate : curve.rate_hz) highest = std::max(highest, rate);
        samples += curve.sampled_G_e.size();
        const std::size_t k = index / 2;
        const std::string mark = fmt::format("pt {} ps 0.6 lw 1.5 lc rgb '{}'", curve_marks[k % curve_marks.size()],
                                             curve_colours[k % curve_colours.size()]);
        figure.data +=
            fmt::format("{}# G_i = {} nS: G_e (nS), fitted rate (Hz)\n", index == 0 ? "" : "\n\n", curve.G_i);
        for (std::size_t i = 0; i < curve.G_e.size(); ++i)
            figure.data += fmt::format("{} {}\n", curve.G_e[i], data_number(curve.rate_hz[i]));
        if (curve.G_e.empty()) figure.data += "NaN NaN\n";
        figure.data +=
            fmt::format("\n\n# near G_i = {} nS: G_e (nS), sampled rate (Hz), standard error (Hz)\n", curve.G_i);
        for (std::size_t i = 0; i < curve.sampled_G_e.size(); ++i)
            figure.data += fmt::format("{} {} {}\n", curve.sampled_G_e[i], data_number(curve.sampled_hz[i]),
                                       data_number(curve.sampled_se_hz[i]));
        if (curve.sampled_G_e.empty()) figure.data += "NaN NaN NaN\n";
        lines.push_back(fmt::format("'{}.dat' index {} using 1:2 with lines lw 2 lc rgb '{}'", figure.name, index,
                                    curve_colours[k % curve_colours.size()]));
        points.push_back(fmt::format("'{}.dat' index {} using 1:2:3 with yerrorbars {}", figure.name, index + 1, mark));
        entries.push_back({"with linespoints " + mark, fmt::format("inhibition {:.3g} nS", curve.G_i)});
        index += 2;
    }
    lines.insert(lines.end(), points.begin(), points.end());
    const Sheet sheet{1, 300};
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height) + placed(sheet.axes(0), height);
    figure.script +=
        fmt::format("set title {}\n", literal(fmt::format("fit (lines) and samples (± standard error, n >= "
                                                          "{:g} neuron-seconds each)",
                                                          slices.seconds)));
    figure.script += "set xlabel 'summed excitatory conductance (nS)'\nset ylabel 'rate (Hz)'\nset yrange [0:*]\n";
    figure.script += plotted(lines) + key(entries, height) + closing();
    figure.caption = fmt::format("Fitted rate (lines), in Hz, over the summed excitatory conductance, in nS, at {} of "
                                 "the summed inhibitory conductance, and the sampled rates within 15 % of each level "
                                 "(points; bars: ± one standard error, at least {:g} neuron-seconds each).",
                                 counted(slices.curves.size(), "level"), slices.seconds);
    figure.alt = fmt::format("{} through the transfer function of {} with {}; fitted rates up to {:.3g} Hz.",
                             counted(slices.curves.size(), "cut"), slices.population, counted(samples, "sampled point"),
                             highest);
    return figure;
}

std::optional<Figure> fit_figure(const TransferTable& table, std::span<const std::optional<double>> fitted_hz,
                                 const TransferMap& map) {
    Figure figure;
    figure.name = "fit_" + file_name_of(table.population);
    figure.section = "transfer";
    figure.title = fmt::format("{}: fitted transfer function and its residuals", table.population);
    figure.population = table.population;

    struct Group {
        const char* name;
        std::string style, rows = {};
        std::size_t n = 0;
        double square = 0;
        [[nodiscard]] double rms() const { return std::sqrt(square / static_cast<double>(n)); }
    };
    std::array<Group, 2> groups{{{"fitted points", fmt::format("pt 7 ps 0.5 lw 1 lc rgb '{}'", curve_colours[0])},
                                 {"held out", fmt::format("pt 4 ps 0.7 lw 1.5 lc rgb '{}'", mean_field_colour)}}};
    std::string sampled;
    double worst = 0, worst_at = 0, seconds = 0;
    for (std::size_t i = 0; i < std::min(fitted_hz.size(), table.points.size()); ++i) {
        const TransferPoint& p = table.points[i];
        if (p.use == TransferPoint::Use::OperatingPoint || p.I != 0.0 || !fitted_hz[i]) continue;
        Group& group = groups[p.use == TransferPoint::Use::HeldOut ? 1 : 0];
        const double residual = *fitted_hz[i] - p.rate_hz;
        group.rows += fmt::format("{} {} {}\n", *fitted_hz[i], data_number(residual), data_number(p.se_hz));
        group.square += residual * residual;
        ++group.n;
        seconds = seconds == 0 ? p.seconds : std::min(seconds, p.seconds);
        if (std::abs(residual) > std::abs(worst)) {
            worst = residual;
            worst_at = p.rate_hz;
        }
        if (!map.G_e.empty() && p.G_e <= map.G_e.back() * 1.01 && p.G_i <= map.G_i.back() * 1.01)
            sampled += fmt::format("{} {} {}\n", p.G_e, p.G_i, data_number(p.rate_hz));
    }
    if (groups[0].n + groups[1].n == 0) return std::nullopt;
    figure.data = "# fitted points: fitted rate (Hz), fitted - sampled (Hz), standard error (Hz)\n" +
                  (groups[0].n > 0 ? groups[0].rows : "NaN NaN NaN\n") + "\n\n# held out, likewise\n" +
                  (groups[1].n > 0 ? groups[1].rows : "NaN NaN NaN\n");

    std::vector<KeyEntry> entries;
    std::vector<std::string> parts;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        if (groups[g].n == 0) continue;
        entries.push_back({"with points " + groups[g].style,
                           fmt::format("{} (n = {}, rms {:.3g} Hz)", groups[g].name, groups[g].n, groups[g].rms())});
        parts.push_back(
            fmt::format("'{}.dat' index {} using 1:2:3 with yerrorbars {}", figure.name, g, groups[g].style));
    }
    const bool with_map = !map.G_e.empty() && !sampled.empty();
    const Sheet sheet{with_map ? 2u : 1u, 240};
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(figure.name, figure.title, height);
    if (with_map) {
        figure.data += "\n\n# the fit: G_e (nS), G_i (nS), rate (Hz)\n";
        for (std::size_t i = 0; i < map.rate_hz.size(); ++i)
            figure.data += fmt::format("{:.5g} {:.5g} {}\n", map.G_e[i % map.G_e.size()], map.G_i[i / map.G_e.size()],
                                       map.rate_hz[i] ? fmt::format("{:.5g}", *map.rate_hz[i]) : "NaN");
        figure.data += "\n\n# sampled points: G_e (nS), G_i (nS), rate (Hz)\n" + sampled;
        Axes axes = sheet.axes(0);
        axes.width -= 46; // of the colours' scale
        const Axes scale{axes.left + axes.width + 10, axes.top, 12, axes.height};
        // cividis (Nunez et al. 2018), perceived alike with every kind of colour vision and in grey
        figure.script += "set palette defined (0 '#00224e', 1 '#123570', 2 '#3b496c', 3 '#575d6d', 4 '#707173', 5 "
                         "'#8a8678', 6 '#a59c74', 7 '#c3b369', 8 '#e1cc55', 9 '#fee838')\n";
        figure.script += placed(axes, height) +
                         fmt::format("set colorbox user origin screen {:.4f},{:.4f} size screen {:.4f},{:.4f} "
                                     "noborder\nset cbtics scale 0 offset -0.6,0\n",
                                     scale.left / figure_width, 1 - (scale.top + scale.height) / height,
                                     scale.width / figure_width, scale.height / height);
        figure.script += fmt::format(
            "set title 'rate (Hz): fit, and samples (circles)'\nunset grid\nset xlabel 'excitatory conductance "
            "(nS)'\nset ylabel 'inhibitory conductance (nS)'\nset xrange [0:{0}]\nset yrange [0:{1}]\nset cbrange "
            "[0:*]\n"
            "plot '{2}.dat' index 2 using 1:2:($3) with image, \\\n"
            "     '{2}.dat' index 3 using 1:2 with points pt 7 ps 0.75 lc rgb '#ffffff', \\\n"
            "     '{2}.dat' index 3 using 1:2:3 with points pt 7 ps 0.5 lc palette\n"
            "unset colorbox\nset grid ytics lt 1 lw 0.5 lc rgb '#dddddd'\n",
            map.G_e.back() * 1.02, map.G_i.back() * 1.02, figure.name);
    }
    figure.script += placed(sheet.axes(with_map ? 1 : 0), height) +
                     "set title 'residuals (± standard error)'\nset xlabel 'fitted rate (Hz)'\nset ylabel 'fitted - "
                     "sampled (Hz)'\nset xrange [*:*]\nset yrange [*:*]\nset xzeroaxis lt 1 lc rgb '#000000'\n" +
                     plotted(parts) + key(entries, height) + closing();
    figure.caption = fmt::format(
        "{}fitted less sampled rate, in Hz, over the fitted rate, in Hz, of the points that were fitted (circles) and "
        "of those that were held out (squares); bars: ± one standard error of the sampled rate, at least {:g} "
        "neuron-seconds each.",
        with_map ? "Left: the fitted rate, in Hz, over the summed excitatory and inhibitory conductance, in nS, each "
                   "made up by its pathways as on average over the samples, and the sampled points in the colours of "
                   "the same scale. Right: "
                 : "Residuals: ",
        seconds);
    figure.alt = fmt::format("Residuals of the transfer function of {}", table.population);
    for (const Group& group : groups)
        if (group.n > 0)
            figure.alt += fmt::format(", {:.3g} Hz rms over {} {}", group.rms(), group.n,
                                      group.name == groups[0].name ? "fitted points" : "points held out");
    figure.alt += fmt::format("; the largest is {:+.3g} Hz at a sampled rate of {:.3g} Hz.", worst, worst_at);
    return figure;
}

} // namespace mfm
