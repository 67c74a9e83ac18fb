// SPDX-License-Identifier: Apache-2.0
// What the boundary costs: advance() of a loaded plugin against the same source compiled into this program and called
// directly, in turns on the same cells.  Names are CELL/CELLSxSTEPS; cells fire from a constant current and have no
// other input, which is the cheapest step there is.
//   ratio, ratio_low, ratio_high   time of a loaded call / time of a direct one: median and quartiles over turns
//   call_share                     time of a call for no cell at all / time of a call: constants, checks, the choice of
//   a kernel
// Before anything is timed, both must make the same bits.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>

#include "mfm_page.h"
#include "plugin/registry.hpp"
#include "support/aligned.hpp"

// The plugins' sources, each of which exports its model instead of a symbol.
#include <mfm/neuron.hpp>
#undef MFM_PLUGIN
#define MFM_PLUGIN(vendor, ...)                                                                                        \
    using Model = __VA_ARGS__;                                                                                         \
    static_assert(true)
namespace host_adex {
#include "neurons/adex/adex.cpp"
}
namespace host_eglif {
#include "neurons/eglif/eglif.cpp"
}
namespace host_lif {
#include "neurons/lif/lif.cpp"
}

using namespace mfm;

namespace {

double cpu_now() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// A model made from its defaults, with a constant current, and cells for it.
struct Cells {
    const mfm_component& component;
    const mfm_neuron_v1& table;
    void* self = nullptr;
    std::uint32_t n;
    std::vector<AlignedVector<double>> state;
    std::vector<double> setting;
    std::vector<std::uint32_t> stride, spike_step, spike_cell, counts;
    std::vector<double*> states;
    std::vector<const double*> settings;
    mfm_spikes spikes{};
    mfm_neuron_batch batch{};

    Cells(const mfm_component& c, const std::map<std::string, double>& values, std::uint32_t cells, std::uint32_t steps)
        : component(c), table(*static_cast<const mfm_neuron_v1*>(c.interfaces[0].table)), n(cells) {
        std::vector<mfm_value> given;
        std::vector<const mfm_value*> list;
        for (const mfm_field* const* f = c.settings; *f != nullptr; ++f) {
            const auto found = values.find((*f)->name);
            setting.push_back(found != values.end() ? found->second : (*f)->initial);
            given.push_back({sizeof(mfm_value), MFM_REAL, setting.back(), 0, "", nullptr, 0});
        }
        for (const mfm_value& v : given) list.push_back(&v);
        list.push_back(nullptr);
        const mfm_receptor port[] = {{sizeof(mfm_receptor), MFM_RECEPTOR_ALPHA, 0, 0, 1.1, 0, 0},
                                     {sizeof(mfm_receptor), MFM_RECEPTOR_ALPHA, 0, 0, 2.8, 0, -80}};
        const mfm_receptor* const ports[] = {&port[0], &port[1]};
        mfm_error error{sizeof(mfm_error), ""};
        const mfm_field* const* fields = nullptr;
        std::uint32_t dynamic = 0;
        if (c.create(list.data(), &self, &error) != MFM_OK || table.set_receptors(self, 2, ports, &error) != MFM_OK ||
            table.states(self, &fields, &dynamic, &error) != MFM_OK)
            throw std::runtime_error(error.message);
        for (; *fields != nullptr; ++fields) state.emplace_back(n, 0.0);
        for (auto& s : state) states.push_back(s.data());
        for (const double& s : setting) settings.push_back(&s);
        stride.assign(setting.size(), 0);
        spike_step.resize(n * steps);
        spike_cell.resize(n * steps);
        counts.resize(n);
        spikes = {sizeof(mfm_spikes), n * steps, 0, 0, spike_step.data(), spike_cell.data()};
        batch.size = sizeof batch;
        batch.n = batch.n_live = n;
        batch.seed = 7;
        batch.dt = 0.1;
        batch.state = states.data();
        batch.setting = settings.data();
        batch.setting_stride = stride.data();
        if (table.initialise(self, &batch, &error) != MFM_OK) throw std::runtime_error(error.message);
        batch.n_steps = steps;
        batch.spikes = &spikes;
    }
    ~Cells() { component.destroy(self); }
    Cells(const Cells&) = delete;
    Cells& operator=(const Cells&) = delete;
    /// Goes on by a block; `advance` is a pointer into a library or a function of this program.
    template <class Advance> void block(const Advance& advance, void* with) {
        mfm_error error{sizeof(mfm_error), ""};
        spikes.count = 0;
        if (advance(with, &batch, &error) != MFM_OK) throw std::runtime_error(error.message);
        batch.first_step += batch.n_steps;
    }
};

double quantile(std::vector<double>& sorted, double q) {
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}

template <class Model>
void boundary(benchmark::State& timer, const Registry& registry, const char* id,
              const std::map<std::string, double>& values, std::uint32_t n, std::uint32_t steps) {
    Cells loaded(*registry.get(id).abi, values, n, steps), direct(Model::component, values, n, steps);
    const auto by_pointer = loaded.table.advance;
    constexpr auto by_name = [](void* self, const mfm_neuron_batch* batch, mfm_error* error) {
        return static_cast<const mfm_neuron_v1*>(Model::component.interfaces[0].table)->advance(self, batch, error);
    };
    for (std::uint32_t t = 0; t < 2000; t += steps) {
        loaded.block(by_pointer, loaded.self);
        direct.block(by_name, direct.self);
        if (loaded.state != direct.state || loaded.spikes.count != direct.spikes.count)
            throw std::runtime_error("the loaded plugin and the one in this program make different bits");
    }
    // Turns of some tenths of a millisecond on one set of cells, first one and then the other first.
    const auto calls = static_cast<std::uint32_t>(std::max(2.0, 1.5e5 / (static_cast<double>(n) * steps)));
    const auto turn = [&](const auto& advance, void* self) {
        const double start = cpu_now();
        for (std::uint32_t c = 0; c < calls; ++c) loaded.block(advance, self);
        return cpu_now() - start;
    };
    std::vector<double> ratio, time, empty;
    for (auto _ : timer) {
        const bool first = ratio.size() % 2 == 0;
        const double a = first ? turn(by_pointer, loaded.self) : turn(by_name, direct.self),
                     b = first ? turn(by_name, direct.self) : turn(by_pointer, loaded.self);
        ratio.push_back(first ? a / b : b / a);
        time.push_back(first ? a : b);
        loaded.batch.n = loaded.batch.n_live = 0;
        empty.push_back(turn(by_pointer, loaded.self));
        loaded.batch.n = loaded.batch.n_live = n;
    }
    timer.counters["ratio"] = quantile(ratio, 0.5);
    timer.counters["ratio_low"] = quantile(ratio, 0.25);
    timer.counters["ratio_high"] = quantile(ratio, 0.75);
    timer.counters["call_ns"] = 1e9 * quantile(time, 0.5) / calls;
    timer.counters["call_share"] = quantile(empty, 0.5) / quantile(time, 0.5);
}

} // namespace

int main(int argc, char** argv) {
    const Registry registry({TEST_PLUGIN_FOLDER});
    const auto add = [&]<class Model>(const char* id, std::map<std::string, double> values) {
        for (const std::uint32_t n : {64u, 256u, 1024u, 4096u})
            for (const std::uint32_t steps : {1u, 4u, 16u, 64u})
                benchmark::RegisterBenchmark(
                    (std::string(id) + "/" + std::to_string(n) + "x" + std::to_string(steps)).c_str(),
                    [&registry, id, values, n, steps](benchmark::State& timer) {
                        boundary<Model>(timer, registry, id, values, n, steps);
                    })
                    ->Iterations(201);
    };
    add.operator()<host_adex::Model>("adex", {{"V_peak", -40}, {"t_ref", 5}, {"b", 60}, {"I_e", 500}});
    add.operator()<host_lif::Model>("lif", {{"t_ref", 5}, {"I_e", 200}});
    add.operator()<host_eglif::Model>("eglif", {{"C_m", 14.6},
                                                {"tau_m", 9.125},
                                                {"E_L", -68},
                                                {"t_ref", 1.59},
                                                {"V_reset", -78},
                                                {"V_th", -53},
                                                {"I_e", 3.711},
                                                {"lambda_0", 1.8},
                                                {"tau_V", 1},
                                                {"k_adap", 2.025},
                                                {"k_1", 1.887},
                                                {"k_2", 1.096},
                                                {"A1", 5.953},
                                                {"A2", 5.863}});
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
