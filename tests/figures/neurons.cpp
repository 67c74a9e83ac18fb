// SPDX-License-Identifier: Apache-2.0
// Draws the figures of the neuron plugins' pages: the potential under two current steps, and the rate over the current.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "numerics/single_cells.hpp"
#include "output/figure_script.hpp"
#include "output/figures.hpp"
#include "support/files.hpp"

using namespace mfm;
using namespace mfm::test;
namespace fs = std::filesystem;

namespace {

constexpr double dt = 0.1, start = 50, stop = 350, end = 400; // ms

struct Drawn {
    const char *id, *folder, *cell; ///< cell: which one, in the title
    std::map<std::string, double> settings;
    double step[2];         ///< pA
    double lowest, highest; ///< pA, of the rate's curve
    double spike_to;        ///< mV: where a spike that is reset is drawn to; a cell without reset has its own
};
const std::vector<Drawn> models = {
    {"lif", "lif", "defaults", {}, {140, 180}, 100, 500, -30},
    {"adex", "adex", "V_peak = -40 mV, the rest defaults", {{"V_peak", -40}}, {200, 400}, 100, 1000, -20},
    {"eglif", "eglif", "Golgi cell (Geminiani et al. 2019)", golgi(), {0, 200}, 0, 600, -30},
    {"eglif_leaky", "eglif", "settings of the Golgi cell, minus leak", golgi(), {100, 300}, 0, 600, -30},
    {"izhikevich", "izhikevich", "defaults: regular spiking", {}, {70, 150}, 0, 500, 35},
    {"cadex", "cadex", "defaults", {}, {150, 300}, 0, 800, -20},
    {"hodgkin_huxley", "hodgkin_huxley", "E_L = -65 mV, the rest defaults", {{"E_L", -65}}, {100, 300}, 0, 1500, NAN},
};

/// The current of all cells, beside the setting's own value.
void inject(NeuronGroup& group, double own, double I) {
    group.set_setting(static_cast<std::size_t>(group.instance().setting_with_role(MFM_ROLE_CURRENT)), own + I);
}
double own_current(const NeuronGroup& group) {
    return group.instance()
        .settings()[static_cast<std::size_t>(group.instance().setting_with_role(MFM_ROLE_CURRENT))]
        .real;
}

/// Rows "ms mV" of a cell under a step of I: every 1.5 ms, and more where the potential moves fast.
std::string trace(const Drawn& m, double I) {
    const PopulationConfig config = cell(m.id, m.settings, {});
    NeuronGroup group(config, 1, dt, 1, 1);
    const double own = own_current(group);
    const auto V = static_cast<std::size_t>(group.state_with_role(MFM_ROLE_VOLTAGE));
    std::string rows;
    double last = group.state(V)[0];
    for (std::uint64_t k = 0; static_cast<double>(k) * dt < end; ++k) {
        const double t = static_cast<double>(k) * dt;
        inject(group, own, t >= start && t < stop ? I : 0.0);
        std::uint32_t when = 0, which = 0;
        mfm_spikes out{sizeof(mfm_spikes), 1, 0, 0, &when, &which};
        group.advance({0, group.padded(), k, 1}, nullptr, &out, nullptr);
        const double now = group.state(V)[0];
        if (out.count > 0 && std::isfinite(m.spike_to)) rows += fmt::format("{:.1f} {}\n", t + dt, m.spike_to);
        if (out.count > 0 || k % 15 == 14 || std::abs(now - last) > 1.5)
            rows += fmt::format("{:.1f} {:.2f}\n", t + dt, now);
        last = now;
    }
    return rows;
}
/// Hz of 16 cells over 2 s, after 1 s.
double rate(const Drawn& m, double I) {
    constexpr std::uint64_t cells = 16;
    const PopulationConfig config = cell(m.id, m.settings, {});
    NeuronGroup group(config, cells, dt, 1, 1);
    inject(group, own_current(group), I);
    std::vector<std::uint32_t> count(group.padded(), 0);
    group.advance({0, group.padded(), 0, 10000}, nullptr, nullptr, nullptr);
    group.advance({0, group.padded(), 10000, 20000}, nullptr, nullptr, count.data());
    double sum = 0;
    for (std::uint64_t c = 0; c < cells; ++c) sum += count[c];
    return sum / cells / 2;
}

Figure draw(const Drawn& m) {
    Figure figure;
    figure.name = m.id;
    for (const double I : m.step) figure.data += trace(m, I) + "\n\n";
    constexpr int points = 40;
    for (int k = 0; k <= points; ++k) {
        const double I = m.lowest + (m.highest - m.lowest) * k / points;
        figure.data += fmt::format("{:g} {:g}\n", I, rate(m, I));
    }
    figure.title = fmt::format("{}: {}", m.id, m.cell);
    std::vector<KeyEntry> entries;
    std::vector<std::string> traces;
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string style = fmt::format("with lines lc rgb '{}'", curve_colours[i]);
        entries.push_back({style, fmt::format("{:g} pA", m.step[i])});
        traces.push_back(fmt::format("'{}.dat' index {} using 1:2 {}", m.id, i, style));
    }
    const Sheet sheet{2};
    const double height = sheet.bottom() + key_height(entries);
    figure.script = preamble(m.id, figure.title, height) + placed(sheet.axes(0), height) +
                    "set xlabel 'time (ms)'\nset ylabel 'potential (mV)'\n" + plotted(traces) +
                    placed(sheet.axes(1), height) +
                    fmt::format("set xlabel 'current (pA)'\nset ylabel 'rate (Hz)'\nset yrange [0:*]\n"
                                "plot '{}.dat' index 2 using 1:2 with lines lw 2 lc rgb '{}'\n",
                                m.id, network_colour) +
                    key(entries, height) + closing();
    return figure;
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fprintf(stderr, "draw_neurons PLUGINS/NEURONS SCRATCH: draws NEURONS/*/ID.svg\n");
        return 2;
    }
    const fs::path scratch = argv[2];
    fs::create_directories(scratch);
    std::vector<Figure> figures;
    for (const Drawn& m : models) figures.push_back(draw(m));
    if (const std::string problem = write_figures(scratch, figures); !problem.empty()) {
        std::fprintf(stderr, "%s\n", problem.c_str());
        return 1;
    }
    for (const Drawn& m : models) {
        const fs::path to = fs::path(argv[1]) / m.folder / (std::string(m.id) + ".svg");
        fs::copy_file(scratch / (std::string(m.id) + ".svg"), to, fs::copy_options::overwrite_existing);
        std::printf("%s: %ju bytes\n", to.c_str(), static_cast<std::uintmax_t>(fs::file_size(to)));
    }
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
