// SPDX-License-Identifier: Apache-2.0
// "mfm.neuron/1": what the kit expects of a neuron model.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "check/kind.hpp"
#include "check/neuron_cells.hpp"
#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

/// One model with one set of receptors, and the input that makes it fire.
struct Prepared {
    std::shared_ptr<Cells> cells;
    std::optional<double> strength;
};

/// All sets of receptors that the model takes; Failed when it takes none.
std::vector<Prepared> prepared(const Subject& subject, const SettingValues& settings, Place place) {
    std::vector<Prepared> out;
    std::string refusal;
    for (const PortSet& set : port_sets()) {
        auto cells = std::make_shared<Cells>(subject, settings, set, place);
        if (!cells->receptors.ok()) {
            refusal = cells->receptors.reason;
            continue;
        }
        if (place != Place::Heap) { // before anything else, so that what overruns is told by name
            BatchPlan plan;
            plan.strength = 1;
            CellState state = new_cells(*cells, plan, place);
            advance(*cells, plan, state, place);
        }
        const std::optional<double> strength = strength_that_fires(*cells);
        out.push_back({std::move(cells), strength});
    }
    if (out.empty()) throw Failed("receptors", "set_receptors takes no receptors: " + refusal);
    return out;
}

/// A few calls in a row from new cells: the first with little input, all of them with Poisson input.
CellState several_calls(const Prepared& p, BatchPlan plan, Place place, unsigned calls = 4) {
    plan.driven = true;
    CellState state = new_cells(*p.cells, plan, place);
    for (unsigned c = 0; c < calls; ++c) {
        plan.strength = p.strength.value_or(1.0) * (c == 0 ? 0.1 : 1.0);
        advance(*p.cells, plan, state, place);
        plan.first_step += plan.n_steps;
    }
    return state;
}

Rig neuron_rig(const Subject& subject, const SettingValues& settings, Place place) {
    const auto all = std::make_shared<std::vector<Prepared>>(prepared(subject, settings, place));
    return {[all](Place where, unsigned variant) {
        Outputs out;
        for (const Prepared& p : *all) {
            BatchPlan plan;
            plan.seed = 1 + variant;
            plan.variant = variant;
            plan.per_cell = variant % 2 == 0;
            CellState state = several_calls(p, plan, where);
            const Outputs outputs = state.outputs(*p.cells);
            for (const Outputs::Array& array : outputs.arrays()) out.add(array.name, array.values);
            plan.capacity = 3; // fewer than there are spikes
            plan.strength = p.strength.value_or(1.0);
            plan.n_steps = 100;
            CellState cut = new_cells(*p.cells, plan, where);
            advance(*p.cells, plan, cut, where);
            const std::vector<double> x = [&] {
                std::vector<double> point;
                for (std::uint32_t s = 0; s < p.cells->n_dynamic; ++s)
                    point.push_back(p.cells->states[s]->initial + 0.1 * spread(s, variant));
                return point;
            }();
            std::vector<double> g;
            for (std::size_t k = 0; k < p.cells->n_ports(); ++k) g.push_back(spread(k, 3 + variant));
            const Linearised at = check::subthreshold(*p.cells, x, g, 2, where, variant % 2 == 1);
            out.add("dx", at.dx);
            out.add("jacobian", at.jacobian);
            out.add("hessian", at.hessian);
            (void)check::subthreshold(*p.cells, x, g, 0, where);
        }
        return out;
    }};
}

// ---- groups

void check_states(const Subject& subject) {
    Reporter& report = subject.report;
    std::string taken, refused;
    for (const PortSet& set : port_sets()) {
        const Cells cells(subject, subject.settings, set, Place::End);
        if (!cells.receptors.ok()) {
            refused += fmt::format("; {} ({})", set.name,
                                   cells.receptors.reason.empty() ? "without a reason" : cells.receptors.reason);
            continue;
        }
        taken += (taken.empty() ? "" : ", ") + set.name;
        std::set<std::string> names;
        int voltages = 0;
        for (std::size_t s = 0; s < cells.states.size(); ++s) {
            const mfm_field& field = *cells.states[s];
            if (const auto fault = schema_fault(field)) throw Failed("states", "as a state, " + *fault);
            if (!names.insert(field.name).second)
                throw Failed("states", fmt::format("two states have the name '{}'", field.name));
            if (field.role != nullptr && std::string_view(field.role) == MFM_ROLE_VOLTAGE) {
                ++voltages;
                if (s >= cells.n_dynamic) throw Failed("states", "the voltage is not among the first n_dynamic states");
            }
        }
        if (voltages != 1)
            throw Failed("states", fmt::format("{} states have the role \"{}\"; the mean field needs one", voltages,
                                               MFM_ROLE_VOLTAGE));
    }
    if (taken.empty()) throw Failed("receptors", "set_receptors takes no receptors" + refused);
    report.pass("states", fmt::format("named, with unit and meaning, one of them the voltage; receptors: {}", taken));
    if (!refused.empty()) report.advice("receptors", "these sets of receptors are refused" + refused);
}

void check_batches(const Subject& subject) {
    Reporter& report = subject.report;
    bool silent = false;
    for (const Prepared& p : prepared(subject, subject.settings, Place::Heap)) {
        silent = silent || !p.strength;
        const Cells& cells = *p.cells;
        BatchPlan plan;
        plan.per_cell = true;
        plan.n_live = plan.n;
        const CellState whole = several_calls(p, plan, Place::Heap);
        const auto same = [&](const std::string& what, const CellState& other) {
            if (const auto difference = Outputs::difference(whole.outputs(cells), other.outputs(cells)))
                throw Failed("batch size", fmt::format("{}, {}", what, *difference));
        };
        const auto join = [](CellState& to, const CellState& part) {
            if (to.state.empty()) to.state.resize(part.state.size());
            for (std::size_t s = 0; s < part.state.size(); ++s)
                to.state[s].insert(to.state[s].end(), part.state[s].begin(), part.state[s].end());
            to.fired.insert(to.fired.end(), part.fired.begin(), part.fired.end());
            to.count.insert(to.count.end(), part.count.begin(), part.count.end());
            std::sort(to.fired.begin(), to.fired.end());
        };
        for (const std::uint32_t size : {MFM_BATCH_ALIGNMENT, 3 * MFM_BATCH_ALIGNMENT}) {
            CellState pieces;
            for (std::uint32_t first = 0; first < plan.n; first += size) {
                BatchPlan part = plan;
                part.n = part.n_live = std::min(size, plan.n - first);
                part.first_neuron = first;
                join(pieces, several_calls(p, part, Place::Heap));
            }
            same(fmt::format("in batches of {} cells instead of one of {}", size, plan.n), pieces);
        }
        {
            BatchPlan single = plan;
            single.driven = true;
            CellState state = new_cells(cells, plan, Place::Heap);
            for (std::uint32_t t = 0; t < 4 * plan.n_steps; ++t) {
                single.n_steps = 1;
                single.first_step = t;
                single.strength = p.strength.value_or(1.0) * (t < plan.n_steps ? 0.1 : 1.0);
                advance(cells, single, state, Place::Heap);
            }
            same(fmt::format("with {} calls of one step instead of 4 of {}", 4 * plan.n_steps, plan.n_steps), state);
        }
        BatchPlan padded = plan;
        padded.n_live = plan.n - 3;
        const CellState fewer = several_calls(p, padded, Place::Heap);
        for (std::size_t s = 0; s < fewer.state.size(); ++s)
            for (std::uint32_t i = 0; i < padded.n_live; ++i)
                if (!same_bits(fewer.state[s][i], whole.state[s][i]))
                    throw Failed("padded cells",
                                 fmt::format("state '{}' of cell {} depends on how many of the batch's cells live",
                                             cells.states[s]->name, i));
        BatchPlan alike = plan, filled = plan;
        alike.per_cell = filled.per_cell = false;
        filled.filled = true;
        if (const auto difference = Outputs::difference(several_calls(p, alike, Place::Heap).outputs(cells),
                                                        several_calls(p, filled, Place::Heap).outputs(cells)))
            throw Failed("settings of cells",
                         "with arrays of equal values instead of one value for all cells, " + *difference);
    }
    report.pass(
        "batch size",
        "64 cells and 64 steps: one batch or pieces of 16 and 48, calls of 16 steps or of one give the same bits");
    report.pass("settings of cells", "one value for all cells, or an array of equal values: the same bits");
    if (silent)
        report.advice(
            "padded cells",
            "no cell fired with any input, so spikes were not tested; --set may give settings with which cells fire");
    else
        report.pass("padded cells", "cells beyond n_live never fire, and change nothing for the others");
}

/// Puts a value where it does not belong, in one cell, and says what became of it.
void check_odd_values(const Subject& subject) {
    Reporter& report = subject.report;
    constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    constexpr std::uint32_t odd = 21;
    const auto fields = setting_fields(subject.component);
    for (const Prepared& p : prepared(subject, subject.settings, Place::Heap)) {
        const Cells& cells = *p.cells;
        const auto run = [&](BatchPlan plan, CellState state) {
            plan.strength = plan.odd_input ? 0.0 : p.strength.value_or(1.0);
            plan.driven = true;
            plan.n_steps = 32;
            advance(cells, plan, state, Place::Heap);
            return state;
        };
        const auto others_as = [&](const CellState& expected, const CellState& found, const std::string& what) {
            for (std::size_t s = 0; s < expected.state.size(); ++s)
                for (std::uint32_t i = 0; i < expected.count.size(); ++i)
                    if (i != odd && !same_bits(expected.state[s][i], found.state[s][i]))
                        throw Failed("NaN", fmt::format("{} in cell {} changes state '{}' of cell {}", what, odd,
                                                        cells.states[s]->name, i));
        };
        const auto visible = [&](const CellState& found, const std::string& what) {
            const bool seen = std::any_of(found.state.begin(), found.state.end(),
                                          [&](const auto& values) { return std::isnan(values[odd]); });
            if (!seen)
                throw Failed("NaN", fmt::format("{} is masked: 32 steps later no state of the cell is NaN", what));
        };
        BatchPlan plan;
        plan.n_live = plan.n;
        const CellState fresh = new_cells(cells, plan, Place::Heap), usual = run(plan, fresh);
        for (std::size_t s = 0; s < cells.states.size(); ++s)
            for (const double value : {nan, infinity, -infinity, 1e300, -1e300, 1e-310}) {
                CellState state = fresh;
                state.state[s][odd] = value;
                const std::string what = fmt::format("{} in state '{}'", value, cells.states[s]->name);
                const CellState after = run(plan, state);
                others_as(usual, after, what);
                // What no equation keeps may be written anew in every step.
                if (std::isnan(value) && s < cells.n_dynamic) visible(after, what);
            }
        BatchPlan quiet = plan;
        quiet.odd_input = true;
        quiet.odd_cell = odd;
        const CellState without = run(quiet, fresh);
        for (const double value : {nan, infinity, -infinity, 1e300}) {
            quiet.odd_value = value;
            const CellState after = run(quiet, fresh);
            const std::string what = fmt::format("{} as the weight of an input", value);
            others_as(without, after, what);
            if (std::isnan(value)) visible(after, what);
        }
        for (std::size_t s = 0; s < fields.size(); ++s) {
            if ((fields[s]->flags & MFM_PER_NEURON) == 0) continue;
            for (const double value : {nan, infinity, -infinity, 0.0, 1e300}) {
                BatchPlan strange = plan;
                strange.odd_setting = s;
                strange.odd_cell = odd;
                strange.odd_value = value;
                others_as(usual, run(strange, fresh), fmt::format("{} in setting '{}'", value, fields[s]->name));
            }
        }
    }
    report.pass("NaN", "NaN, infinite and huge states, inputs and settings of one cell: no crash, NaN stays visible in "
                       "that cell, the others keep their bits");
}

void check_noise(const Subject& subject) {
    Reporter& report = subject.report;
    bool noisy = false, driven = true;
    for (const Prepared& p : prepared(subject, subject.settings, Place::Heap)) {
        const Cells& cells = *p.cells;
        const auto run = [&](const BatchPlan& changed, bool with_drive) {
            BatchPlan plan = changed;
            plan.n_live = plan.n;
            plan.driven = with_drive;
            plan.strength = with_drive ? 0.0 : p.strength.value_or(1.0);
            plan.variant = 0;
            CellState state = new_cells(cells, plan, Place::Heap);
            for (int c = 0; c < 4; ++c) {
                advance(cells, plan, state, Place::Heap);
                plan.first_step += plan.n_steps;
            }
            state.fired.clear();
            return state;
        };
        const BatchPlan plan;
        for (const bool with_drive : {false, true}) {
            const Outputs usual = run(plan, with_drive).outputs(cells);
            if (const auto difference = Outputs::difference(usual, run(plan, with_drive).outputs(cells)))
                throw Failed("noise", "two runs with the same seed differ: " + *difference);
            BatchPlan seed = plan, stream = plan;
            seed.seed = 12345;
            stream.stream = 12345;
            const bool by_seed = run(seed, with_drive).outputs(cells) != usual,
                       by_stream = run(stream, with_drive).outputs(cells) != usual;
            if (by_seed != by_stream)
                throw Failed("noise", fmt::format("{} depends on the {} and not on the {}; noise is keyed by both",
                                                  with_drive ? "the Poisson input" : "the noise of the cells",
                                                  by_seed ? "seed" : "stream", by_seed ? "stream" : "seed"));
            if (!with_drive) {
                noisy = noisy || by_seed;
                continue;
            }
            driven = driven && by_seed;
            if (!by_seed) continue;
            const std::vector<double> v = run(plan, true).state[0];
            if (std::all_of(v.begin(), v.end(), [&](double x) { return same_bits(x, v[0]); }))
                throw Failed("noise",
                             fmt::format("all cells get the same Poisson input: state '{}' is alike in all of them",
                                         cells.states[0]->name));
            BatchPlan later = plan;
            later.first_step = 1000;
            if (run(later, true).outputs(cells) == usual)
                throw Failed(
                    "noise",
                    "the Poisson input of steps 1000 to 1063 is that of steps 0 to 63; it is keyed by the step");
        }
    }
    if (!driven) throw Failed("noise", "the Poisson input (batch->drive) does not depend on the seed, or is left out");
    report.pass("noise",
                fmt::format("same seed, same bits; Poisson input follows seed, stream, cell and step; the cells {}",
                            noisy ? "have noise of their own, keyed likewise" : "have no noise of their own"));
}

/// Central differences of fourth order.
template <class F> std::vector<double> slope(const F& f, double x) {
    const double h = 1e-3 * std::max(std::abs(x), 1.0);
    const std::vector<double> a = f(x - 2 * h), b = f(x - h), c = f(x + h), d = f(x + 2 * h);
    std::vector<double> out;
    for (std::size_t i = 0; i < a.size(); ++i) out.push_back((a[i] - 8 * b[i] + 8 * c[i] - d[i]) / (12 * h));
    return out;
}

void check_derivatives(const Subject& subject) {
    Reporter& report = subject.report;
    const auto sets = prepared(subject, subject.settings, Place::Heap);
    for (const Prepared& p : sets) {
        const Cells& cells = *p.cells;
        const std::size_t n = cells.n_dynamic, n_ports = cells.n_ports(), columns = n + n_ports;
        if (n == 0) throw Failed("derivatives", "no state obeys a differential equation (n_dynamic is 0)");
        const CellState rest = new_cells(cells, BatchPlan{}, Place::Heap);
        for (unsigned point = 0; point < 4; ++point) {
            std::vector<double> x, g;
            for (std::size_t s = 0; s < n; ++s) {
                const double at = rest.state[s][0],
                             away = at + 0.03 * std::max(std::abs(at), 1.0) * (spread(s, point) - 0.5);
                x.push_back(std::clamp(away, cells.states[s]->lower, cells.states[s]->upper));
            }
            for (std::size_t k = 0; k < n_ports; ++k) g.push_back(5.0 * spread(k, 10 + point));
            const Linearised exact = subthreshold(cells, x, g, 2, Place::Heap);
            const auto near = [&](double a, double b, double size) {
                return std::abs(a - b) <= 1e-6 * (std::abs(a) + std::abs(b) + size) + 1e-12;
            };
            for (const int order : {0, 1}) {
                const Linearised less = subthreshold(cells, x, g, order, Place::Heap);
                for (std::size_t r = 0; r < n; ++r)
                    if (!near(less.dx[r], exact.dx[r], 0))
                        throw Failed("derivatives",
                                     fmt::format("dx of '{}' depends on which derivatives are asked for: {} and {}",
                                                 cells.states[r]->name, less.dx[r], exact.dx[r]));
            }
            const Linearised given = subthreshold(cells, x, g, 2, Place::Heap, true);
            for (std::size_t r = 0; r < n; ++r)
                if (!near(given.dx[r], exact.dx[r], 0))
                    throw Failed(
                        "derivatives",
                        fmt::format("dx of '{}' is {} with the instance's settings given as `setting`, and {} without",
                                    cells.states[r]->name, given.dx[r], exact.dx[r]));
            const auto name = [&](std::size_t c) {
                return c < n ? fmt::format("'{}'", cells.states[c]->name) : fmt::format("g of port {}", c - n);
            };
            const auto moved = [&](std::size_t c, double to, int order) {
                std::vector<double> x2 = x, g2 = g;
                (c < n ? x2[c] : g2[c - n]) = to;
                return subthreshold(cells, x2, g2, order, Place::Heap);
            };
            for (std::size_t c = 0; c < columns; ++c) {
                const double at = c < n ? x[c] : g[c - n];
                const auto first = slope([&](double y) { return moved(c, y, 0).dx; }, at);
                for (std::size_t r = 0; r < n; ++r) {
                    const double said = exact.jacobian[r * columns + c];
                    if (!near(first[r], said, 1e-2 * std::abs(exact.dx[r])))
                        throw Failed("derivatives",
                                     fmt::format("the jacobian says {} for d(d'{}'/dt)/d({}), differences of dx say {}",
                                                 said, cells.states[r]->name, name(c), first[r]));
                }
                const auto second = slope([&](double y) { return moved(c, y, 1).jacobian; }, at);
                for (std::size_t r = 0; r < n; ++r)
                    for (std::size_t d = 0; d < columns; ++d) {
                        const double said = exact.hessian[(r * columns + c) * columns + d],
                                     mirrored = exact.hessian[(r * columns + d) * columns + c];
                        if (!near(second[r * columns + d], said, 1e-2 * std::abs(exact.jacobian[r * columns + d])) ||
                            !near(said, mirrored, 1e-6))
                            throw Failed("derivatives", fmt::format("the hessian says {} for d2(d'{}'/dt)/d({})d({}), "
                                                                    "differences of the jacobian say {}",
                                                                    said, cells.states[r]->name, name(c), name(d),
                                                                    second[r * columns + d]));
                    }
            }
        }
    }
    report.pass("derivatives",
                "subthreshold: jacobian and hessian are those of dx at 4 points for each set of receptors");
}

/// The kernel's own movement in a short step is what subthreshold says.
void check_kernel(const Subject& subject) {
    Reporter& report = subject.report;
    std::size_t compared = 0;
    for (const Prepared& p : prepared(subject, subject.settings, Place::Heap)) {
        const Cells& cells = *p.cells;
        const bool plain = std::all_of(cells.ports.receptors.begin(), cells.ports.receptors.end(),
                                       [](const mfm_receptor& r) { return r.shape == MFM_RECEPTOR_EXPONENTIAL; });
        if (!plain) continue; // there the conductance after a spike of weight w is w, whatever the states are called
        const std::size_t n = cells.n_dynamic;
        BatchPlan plan;
        plan.n = plan.n_live = MFM_BATCH_ALIGNMENT;
        plan.n_steps = 1;
        plan.first_step = 1; // a step in which every port has its input: see has_input
        const auto moved = [&](double dt, std::vector<std::vector<double>>& x, std::vector<std::vector<double>>& g) {
            plan.dt = dt;
            CellState state = new_cells(cells, plan, Place::Heap);
            for (std::size_t s = 0; s < n; ++s)
                for (std::uint32_t i = 0; i < plan.n; ++i) {
                    const double at = state.state[s][i];
                    state.state[s][i] = std::clamp(at + 0.01 * std::max(std::abs(at), 1.0) * (spread(i, s) - 0.5),
                                                   cells.states[s]->lower, cells.states[s]->upper);
                }
            BatchPlan arriving = plan;
            arriving.strength = 5.0;
            advance(cells, arriving, state, Place::Heap);
            x.assign(plan.n, std::vector<double>(n));
            g.assign(plan.n, std::vector<double>(cells.n_ports()));
            for (std::uint32_t i = 0; i < plan.n; ++i) {
                for (std::size_t s = 0; s < n; ++s) x[i][s] = state.state[s][i];
                for (std::size_t k = 0; k < cells.n_ports(); ++k) g[i][k] = arrived(cells, k, i, arriving);
            }
            BatchPlan next = plan;
            next.first_step = 2;
            advance(cells, next, state, Place::Heap);
            std::vector<std::vector<double>> rate(plan.n, std::vector<double>(n));
            for (std::uint32_t i = 0; i < plan.n; ++i)
                for (std::size_t s = 0; s < n; ++s)
                    rate[i][s] = state.count[i] > 0 ? unwritten() : (state.state[s][i] - x[i][s]) / dt;
            return rate;
        };
        // Two steps, extrapolated to none: what is left is of second order.
        constexpr double h = 2e-4;
        std::vector<std::vector<double>> x, g, x_half, g_half;
        const auto whole = moved(h, x, g), half = moved(0.5 * h, x_half, g_half);
        std::vector<double> largest(n, 0.0);
        std::vector<std::vector<double>> said(plan.n), said_half(plan.n);
        for (std::uint32_t i = 0; i < plan.n; ++i) {
            said[i] = subthreshold(cells, x[i], g[i], 0, Place::Heap).dx;
            said_half[i] = subthreshold(cells, x_half[i], g_half[i], 0, Place::Heap).dx;
            for (std::size_t s = 0; s < n; ++s) largest[s] = std::max(largest[s], std::abs(said[i][s]));
        }
        for (std::uint32_t i = 0; i < plan.n; ++i)
            for (std::size_t s = 0; s < n; ++s) {
                if (is_unwritten(whole[i][s]) || is_unwritten(half[i][s])) continue;
                const double miss = 2 * (half[i][s] - said_half[i][s]) - (whole[i][s] - said[i][s]);
                if (std::abs(miss) > 1e-3 * largest[s] + 1e-9 * (1.0 + std::abs(x[i][s])))
                    throw Failed(
                        "kernel",
                        fmt::format(
                            "in a step of {} ms state '{}' of cell {} moves by {} per ms, and subthreshold says {}", h,
                            cells.states[s]->name, i, whole[i][s], said[i][s]));
                ++compared;
            }
    }
    if (compared > 0)
        report.pass("kernel", "in a short step, with conductances, the states move as subthreshold says");
    else
        report.advice(
            "kernel",
            "advance and subthreshold were not compared: the model takes no exponential receptors, or fires at once");
}

constexpr std::array groups{Group{"states", &check_states},           Group{"batch size", &check_batches},
                            Group{"NaN", &check_odd_values},          Group{"noise", &check_noise},
                            Group{"derivatives", &check_derivatives}, Group{"kernel", &check_kernel}};

void neuron_costs(const Subject& subject, CostMeter& meter) {
    const PortSet* set = nullptr;
    for (const PortSet& candidate : port_sets())
        if (set == nullptr && Cells(subject, subject.settings, candidate, Place::Heap).receptors.ok()) set = &candidate;
    meter.measure("create, set_receptors, destroy", "", 1,
                  [&] { const Cells cells(subject, subject.settings, *set, Place::Heap); });
    const Cells cells(subject, subject.settings, *set, Place::Heap);
    measure_batches(cells, meter);
}

} // namespace

const Kind neuron_kind{MFM_NEURON_ID, "neuron model", &neuron_rig, groups, &neuron_costs, true};

} // namespace mfm::check
