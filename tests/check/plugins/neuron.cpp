// SPDX-License-Identifier: Apache-2.0
// A leaky integrate-and-fire cell against the bare ABI, which passes, and the same with one defect each (-DNAME).
#include <mfm/abi.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <unistd.h>

namespace {

enum { C_m, g_L, E_L, V_th, V_reset, n_settings };

struct Cell {
    double setting[n_settings] = {};
    const double* kept = nullptr; // a pointer of the host's
    std::vector<mfm_receptor> receptors;
    std::vector<mfm_field> rows;
    std::vector<const mfm_field*> states;
};

mfm_field setting(const char* name, const char* unit, double initial, double lower, double upper, const char* doc,
                  const char* role) {
    return {sizeof(mfm_field), MFM_REAL, MFM_PER_NEURON, 0, name, unit, doc, initial, lower, upper, nullptr, role};
}
const mfm_field rows[n_settings] = {setting("C_m", "pF", 200, 1, 1e4, "capacitance", MFM_ROLE_CAPACITANCE),
                                    setting("g_L", "nS", 10, 0, 1e3, "leak conductance", MFM_ROLE_LEAK),
                                    setting("E_L", "mV", -65, -200, 100, "resting potential", MFM_ROLE_REST),
                                    setting("V_th", "mV", -50, -200, 100, "threshold", MFM_ROLE_THRESHOLD),
                                    setting("V_reset", "mV", -65, -200, 100, "reset", MFM_ROLE_RESET)};
const mfm_field* const settings[] = {&rows[0], &rows[1], &rows[2], &rows[3], &rows[4], nullptr};
const mfm_field voltage{sizeof(mfm_field),    MFM_REAL, 0,         0,        "V_m",   "mV",
                        "membrane potential", -65,      -HUGE_VAL, HUGE_VAL, nullptr, MFM_ROLE_VOLTAGE};

void say(mfm_error* error, const char* text) {
    std::snprintf(error->message, sizeof error->message, "%s", text);
}
Cell& of(void* self) {
    return *static_cast<Cell*>(self);
}

mfm_status create(const mfm_value* const* values, void** self, mfm_error*) noexcept {
    auto* cell = new Cell;
    for (int i = 0; i < n_settings; ++i) cell->setting[i] = values[i]->real;
    cell->kept = &values[g_L]->real;
    *self = cell;
    return MFM_OK;
}
void destroy(void* self) noexcept {
    delete &of(self);
}

mfm_status set_receptors(void* self, uint32_t n, const mfm_receptor* const* receptors, mfm_error* error) noexcept {
    Cell& cell = of(self);
    static const char* const names[] = {"g_1", "g_2", "g_3", "g_4", "g_5", "g_6", "g_7", "g_8"};
    for (uint32_t i = 0; i < n; ++i) {
        if (receptors[i]->shape != MFM_RECEPTOR_EXPONENTIAL || (receptors[i]->flags & MFM_RECEPTOR_CURRENT) != 0) {
            say(error, "only exponential conductances");
            return MFM_INFEASIBLE;
        }
        cell.receptors.push_back(*receptors[i]);
        cell.rows.push_back({sizeof(mfm_field), MFM_REAL, 0, 0, names[i], "nS", "conductance", 0, -HUGE_VAL, HUGE_VAL,
                             nullptr, nullptr});
    }
    cell.states.push_back(&voltage);
    for (const mfm_field& row : cell.rows) cell.states.push_back(&row);
    cell.states.push_back(nullptr);
    return MFM_OK;
}
mfm_status states(void* self, const mfm_field* const** fields, uint32_t* n_dynamic, mfm_error*) noexcept {
    *fields = of(self).states.data();
    *n_dynamic = 1;
    return MFM_OK;
}
double setting_of(const mfm_neuron_batch& b, int s, uint32_t i) {
    return b.setting[s][b.setting_stride[s] != 0 ? i : 0];
}
mfm_status initialise(void* self, const mfm_neuron_batch* b, mfm_error*) noexcept {
    for (uint32_t i = 0; i < b->n; ++i) {
        b->state[0][i] = setting_of(*b, E_L, i);
        for (std::size_t p = 0; p < of(self).receptors.size(); ++p) b->state[1 + p][i] = 0;
    }
    return MFM_OK;
}

uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
/// A Poisson number that depends on seed, stream, drive, cell and step alone (Knuth's product).
unsigned poisson(const mfm_neuron_batch& b, uint64_t drive, uint64_t cell, uint64_t step, double mean) {
    uint64_t seed = b.seed;
#ifdef IGNORES_THE_SEED
    seed = 1;
#endif
    uint64_t key = mixed(mixed(mixed(seed + 0x9e3779b97f4a7c15ULL) ^ b.stream) + 64 * cell + drive) ^ step;
    unsigned n = 0;
    for (double product = 1;; ++n) {
        key = mixed(key + 0x9e3779b97f4a7c15ULL);
        product *= (static_cast<double>(key >> 12) + 0.5) * 0x1p-52;
        if (product <= std::exp(-mean)) return n;
    }
}

[[maybe_unused]] [[gnu::noinline]] void throw_inside() {
    throw std::runtime_error("thrown inside");
}

mfm_status advance(void* self, const mfm_neuron_batch* batch, mfm_error*)
#ifndef THROWS
    noexcept
#endif
{
    const mfm_neuron_batch& b = *batch;
    const Cell& cell = of(self);
    const std::size_t n_ports = cell.receptors.size();
#ifdef THROWS
    throw std::runtime_error("thrown inside");
#elif defined(THROWS_THROUGH_NOEXCEPT)
    throw_inside(); // out of the compiler's sight
#elif defined(ABORTS)
    std::abort();
#elif defined(CRASHES)
    *static_cast<volatile int*>(nullptr) = 1;
#elif defined(EXITS)
    _exit(0);
#elif defined(NEVER_RETURNS)
    for (volatile bool on = true; on;) {
    }
#elif defined(WRITES_BEYOND)
    b.state[0][b.n] = 0;
#elif defined(WRITES_BEFORE)
    b.state[0][-1] = 0;
#elif defined(READS_BEYOND)
    volatile double beyond = b.setting[C_m][b.setting_stride[C_m] != 0 ? b.n : 1];
    (void)beyond;
#elif defined(WRITES_AN_INPUT)
    *const_cast<volatile double*>(b.setting[C_m]) = b.setting[C_m][0];
#elif defined(LEAKS)
    volatile char* lost = static_cast<char*>(std::malloc(100));
    lost[0] = 1;
#elif defined(KEEPS_SETTINGS)
    volatile double kept = *cell.kept;
    (void)kept;
#endif
    static volatile double scratch[4096]; // of all threads
    (void)scratch;
    static double calls = 0;
    (void)calls;
#ifdef KEEPS_STATIC_STATE
    calls += 1e-9;
#endif
#ifdef SHARES_SCRATCH
    for (uint32_t i = 0; i < b.n; ++i) scratch[i] = setting_of(b, C_m, i);
#endif
    for (uint32_t t = 0; t < b.n_steps; ++t)
        for (uint32_t i = 0; i < b.n; ++i) {
            const uint64_t step = b.first_step + t, number = b.first_neuron + i;
            double V = b.state[0][i], g = setting_of(b, g_L, i), gE = g * setting_of(b, E_L, i);
            for (std::size_t p = 0; p < n_ports; ++p) {
                g += b.state[1 + p][i];
                gE += b.state[1 + p][i] * cell.receptors[p].E_rev;
            }
#ifdef MASKS_NAN
            if (std::isnan(V)) V = setting_of(b, E_L, i);
#endif
            double C = setting_of(b, C_m, i);
#ifdef KERNEL_OF_ITS_OWN
            C *= 1.1;
#elif defined(DEPENDS_ON_THE_BATCH)
            C += 1e-9 * b.n;
#elif defined(DEPENDS_ON_THE_WIDTH)
            if (const char* lanes = std::getenv("MFM_LANES")) C += 1e-9 * std::atof(lanes);
#elif defined(DEPENDS_ON_THE_PROCESS)
            C += 1e-9 * getpid();
#elif defined(KEEPS_STATIC_STATE)
            C += calls;
#elif defined(SPREADS_NAN)
            C += 0.0 * b.state[0][i ^ 1];
#endif
#ifdef SHARES_SCRATCH
            C = scratch[i];
#endif
            V += b.dt * (gE - g * V) / C;
            const bool spiked = V >= setting_of(b, V_th, i);
            if (spiked) V = setting_of(b, V_reset, i);
            b.state[0][i] = V;
            for (std::size_t p = 0; p < n_ports; ++p) {
                double& conductance = b.state[1 + p][i];
                conductance *= std::exp(-b.dt / cell.receptors[p].tau);
                const double* arriving = b.input != nullptr ? b.input[t * n_ports + p] : nullptr;
                if (arriving != nullptr) conductance += arriving[i];
            }
            for (uint32_t d = 0; b.drive != nullptr && b.drive[d] != nullptr; ++d) {
                const mfm_drive& drive = *b.drive[d];
                const double mean = drive.rate_hz[drive.rate_stride != 0 ? i : 0] * 1e-3 * b.dt;
                b.state[1 + drive.port][i] +=
                    drive.weight[drive.weight_stride != 0 ? i : 0] * poisson(b, d, number, step, mean);
            }
#ifdef PADDED_CELLS_FIRE
            if (!spiked) continue;
#else
            if (!spiked || i >= b.n_live) continue;
#endif
            if (b.spike_count != nullptr) ++b.spike_count[i];
#ifdef IGNORES_THE_CAPACITY
            if (b.spikes != nullptr) {
#else
            if (b.spikes != nullptr && b.spikes->count < b.spikes->capacity) {
#endif
                b.spikes->step[b.spikes->count] = t;
                b.spikes->neuron[b.spikes->count++] = i;
            }
        }
    return MFM_OK;
}

mfm_status subthreshold(void* self, const mfm_subthreshold* q, mfm_error*) noexcept {
    const Cell& cell = of(self);
    const double* s = q->setting != nullptr ? q->setting : cell.setting;
    const std::size_t n_ports = cell.receptors.size(), columns = 1 + n_ports;
    double g = s[g_L], gE = g * s[E_L];
    for (std::size_t p = 0; p < n_ports; ++p) {
        g += q->g[p];
        gE += q->g[p] * cell.receptors[p].E_rev;
    }
    q->dx[0] = (gE - g * q->x[0]) / s[C_m];
    if (q->jacobian != nullptr) {
        q->jacobian[0] = -g / s[C_m];
#ifdef WRONG_JACOBIAN
        q->jacobian[0] = g / s[C_m];
#endif
        for (std::size_t p = 0; p < n_ports; ++p) q->jacobian[1 + p] = (cell.receptors[p].E_rev - q->x[0]) / s[C_m];
    }
    if (q->hessian != nullptr) {
        for (std::size_t k = 0; k < columns * columns; ++k) q->hessian[k] = 0;
        for (std::size_t p = 0; p < n_ports; ++p) q->hessian[1 + p] = q->hessian[(1 + p) * columns] = -1 / s[C_m];
#ifdef WRONG_HESSIAN
        q->hessian[1] *= 2;
#endif
    }
    return MFM_OK;
}

[[maybe_unused]] constexpr auto own_advance = &advance;
const mfm_neuron_v1 table{
    sizeof(mfm_neuron_v1),
    0,
    &set_receptors,
    &states,
    &initialise,
#ifdef THROWS
    reinterpret_cast<mfm_status (*)(void*, const mfm_neuron_batch*, mfm_error*) noexcept>(own_advance),
#else
    &advance,
#endif
    &subthreshold};
const mfm_interface interfaces[] = {{MFM_NEURON_ID, &table}, {nullptr, nullptr}};
#ifdef PAGE_WITHOUT_A_SETTING
#define PAGE "C_m, g_L, E_L, V_th"
#else
#define PAGE "C_m, g_L, E_L, V_th, V_reset"
#endif
const mfm_component component{sizeof(mfm_component),
                              0,
                              "cell",
                              "1.0.0",
                              "leaky integrate-and-fire",
                              "Lapicque 1907",
                              settings,
                              &create,
                              &destroy,
                              interfaces,
                              PAGE};
const mfm_component* const components[] = {&component, nullptr};

} // namespace

#ifdef EXPORTS_MORE
extern "C" MFM_EXPORT int helper;
int helper = 1;
#endif
extern "C" MFM_EXPORT const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-",
                                                        components,         nullptr};
