// SPDX-License-Identifier: Apache-2.0
// Neuron kernels as the engine calls them, through the plugin interface: neuron-steps per second of CPU.
// Names are CELL/INPUT/CELLSxSTEPS.  INPUT is what a cell gets beside its constant current:
//   poisson  independent Poisson trains drawn by the kernel, as in the sampling of transfer functions
//   silent   input rows of a network block in which no spike arrives
//   rows     an input row for every step and port, which hold the mean of those trains
// CELL/call is a call for no cell at all: the cost of the interface.
// MFM_LANES chooses the vector width, once a process.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "numerics/single_cells.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

constexpr double dt = 0.1; // ms
constexpr std::uint64_t seed = 7;
constexpr std::uint32_t settling = 2000; // steps before the measurement

struct Train {
    double rate_hz, weight; ///< of the port's summed Poisson train
};
struct Cell {
    const char* name;
    PopulationConfig population;
    std::vector<Train> trains; ///< [ports]
};
enum class InputKind { Poisson, Silent, Rows };

std::map<std::string, double> but(std::map<std::string, double> values, const std::map<std::string, double>& others) {
    for (const auto& [name, value] : others) values[name] = value;
    return values;
}

/// Cells of the cerebellar cortex with the parameters and at the working point of the statistical circuit of
/// cerebellum_statistical.toml (4 Hz mossy input), and a regular-spiking cortical cell.
std::vector<Cell> cells() {
    const auto golgi_cell = but(golgi(), {{"lambda_0", 1}, {"tau_V", .4}});
    const auto mli = but(interneuron(), {{"tau_V", 1.1}});
    const auto purkinje_cell = but(purkinje(), {{"I_e", 780}});
    const std::vector<mfm_receptor> two = {exponential(5, 0), exponential(5, -80)};
    const double mossy = 4, granules = 3.76, golgis = 11.98, mlis = 20.84; // Hz
    return {
        {"purkinje",
         cell("eglif", purkinje_cell, {alpha(1.1, 0), alpha(2.8, -80)}),
         {{579.32 * granules, .275}, {4.07 * mlis, 1.22}}},
        {"granule",
         cell("eglif", granule(), {alpha(5.8, 0), alpha(13.61, -80)}),
         {{2.024 * mossy, .23}, {1.77 * golgis, .36}}},
        {"golgi",
         cell("eglif", golgi_cell, {alpha(.23, 0), alpha(10, -80), alpha(.875, 0)}),
         {{38.5 * mossy, .24}, {28 * golgis, 1.12}, {590.03 * granules, .44}}},
        {"mli", cell("eglif", mli, {alpha(.64, 0), alpha(2, -80)}), {{260.24 * granules, .07}, {6.71 * mlis, .547}}},
        {"adex", cell("adex", {{"V_peak", -40}, {"t_ref", 5}, {"b", 60}}, two), {{3200, 1.5}, {800, 5}}},
        {"lif", cell("lif", {{"t_ref", 5}}, two), {{3200, 1.5}, {800, 5}}},
        {"izhikevich", cell("izhikevich", {}, two), {{3200, 1.5}, {800, 5}}},
        {"cadex", cell("cadex", {}, two), {{3200, 1.5}, {800, 5}}},
        {"hodgkin_huxley", cell("hodgkin_huxley", {{"E_L", -65}}, two), {{3200, 1.5}, {800, 5}}},
    };
}

void advance(benchmark::State& state, const Cell& cell, InputKind kind, std::uint64_t n, std::uint32_t steps) {
    NeuronGroup group(cell.population, n, dt, seed, 1);
    const std::size_t ports = cell.trains.size();
    if (kind == InputKind::Poisson) {
        std::vector<PoissonDrive> drives;
        for (std::size_t p = 0; p < ports; ++p)
            drives.push_back({static_cast<std::uint32_t>(p), {cell.trains[p].rate_hz}, {cell.trains[p].weight}});
        group.set_drives(drives);
    }
    const std::size_t row_count = steps * ports;
    AlignedVector<double> arriving(kind == InputKind::Rows ? row_count * group.padded() : 0);
    std::vector<const double*> rows(row_count, nullptr);
    for (std::size_t r = 0; r < row_count && kind == InputKind::Rows; ++r) {
        const Train& train = cell.trains[r % ports];
        rows[r] = arriving.data() + r * group.padded();
        std::fill_n(arriving.data() + r * group.padded(), group.padded(), train.rate_hz * 1e-3 * dt * train.weight);
    }
    std::vector<std::uint32_t> spike_step(n * steps), spike_cell(n * steps);
    std::uint64_t now = 0, spikes = 0;
    const auto block = [&] {
        mfm_spikes out{sizeof(mfm_spikes), static_cast<std::uint32_t>(n * steps), 0, 0, spike_step.data(),
                       spike_cell.data()};
        group.advance({0, group.padded(), now, steps}, kind == InputKind::Poisson ? nullptr : rows.data(), &out,
                      nullptr);
        now += steps;
        return out.count;
    };
    while (now < settling) block();
    const std::uint64_t start = now;
    for (auto _ : state) spikes += block();
    const std::uint64_t measured = (now - start) * n; // neuron-steps
    state.SetItemsProcessed(static_cast<std::int64_t>(measured));
    state.counters["Hz"] = static_cast<double>(spikes) / (static_cast<double>(measured) * dt * 1e-3);
}

/// What a call costs before it has advanced a single cell.
void call(benchmark::State& state, const Cell& cell) {
    NeuronGroup group(cell.population, 16, dt, seed, 1);
    const std::vector<const double*> rows(10 * cell.trains.size(), nullptr);
    mfm_spikes out{sizeof(mfm_spikes), 0, 0, 0, nullptr, nullptr};
    for (auto _ : state) group.advance({0, 0, 0, 10}, rows.data(), &out, nullptr);
}

} // namespace

int main(int argc, char** argv) {
    const char* lanes = std::getenv("MFM_LANES");
    benchmark::AddCustomContext("MFM_LANES", lanes != nullptr ? lanes : "the processor's best");
    const std::pair<const char*, InputKind> inputs[] = {
        {"poisson", InputKind::Poisson}, {"silent", InputKind::Silent}, {"rows", InputKind::Rows}};
    for (const Cell& cell : cells()) {
        benchmark::RegisterBenchmark((std::string(cell.name) + "/call").c_str(),
                                     [cell](benchmark::State& state) { call(state, cell); });
        for (const auto& [input, kind] : inputs)
            for (const std::uint64_t n : {64u, 1024u})
                for (const std::uint32_t steps : {1u, 10u, 16u, 100u})
                    benchmark::RegisterBenchmark(
                        (std::string(cell.name) + "/" + input + "/" + std::to_string(n) + "x" + std::to_string(steps))
                            .c_str(),
                        [cell, kind = kind, n, steps](benchmark::State& state) {
                            advance(state, cell, kind, n, steps);
                        });
    }
    // Short runs unless the command line says otherwise.
    std::vector<char*> arguments(argv, argv + argc);
    std::string quick = "--benchmark_min_time=0.05";
    arguments.insert(arguments.begin() + 1, quick.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
