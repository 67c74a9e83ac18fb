// SPDX-License-Identifier: Apache-2.0
#include "check/neuron_cells.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

mfm_receptor receptor(std::uint32_t shape, double tau, double E_rev, bool current = false) {
    return {sizeof(mfm_receptor),
            shape,
            current ? MFM_RECEPTOR_CURRENT : 0u,
            0,
            tau,
            shape == MFM_RECEPTOR_BIEXPONENTIAL ? 0.3 * tau : 0.0,
            E_rev};
}

/// What arrives at a port of a cell in a step: nothing for most cells.
double weight_of(const PortSet& ports, std::size_t port, std::uint64_t cell, std::uint64_t step,
                 const BatchPlan& plan) {
    if (plan.odd_input && cell == plan.odd_cell && port == 0) return plan.odd_value;
    const mfm_receptor& r = ports.receptors[port];
    // A current of 40 pA is about what 1 nS lets through.
    const double unit = (r.flags & MFM_RECEPTOR_CURRENT) != 0 ? 40.0 : r.E_rev < -60.0 ? 0.2 : 1.0;
    const double u = spread(cell, 1000 * step + 10 * port + 7777 * plan.variant);
    return u < 0.6 ? 0.0 : plan.strength * unit * u;
}
bool has_input(std::size_t port, std::uint64_t step, const BatchPlan& plan) {
    return plan.odd_input || (plan.strength > 0 && (step + port) % 3 != 0);
}

/// A setting of one cell, near the instance's.
double setting_of(const Cells& cells, std::size_t s, std::uint64_t cell, const BatchPlan& plan) {
    if (plan.odd_setting == s && cell == plan.odd_cell) return plan.odd_value;
    const double value = cells.settings[s].real;
    if (!plan.per_cell) return value;
    const double near = value * (1.0 + 0.01 * (spread(cell, 50 + s + 100 * plan.variant) - 0.5));
    return within_bounds(*setting_fields(cells.subject.component)[s], near) ? near : value;
}

/// The arrays of one call that are the same for initialise and advance.
struct Common {
    mfm_neuron_batch batch{};
    std::vector<double*> state;
};
Common common_of(const Cells& cells, const BatchPlan& plan, Arrays& arrays, const CellState* from) {
    Common out;
    mfm_neuron_batch& b = out.batch;
    b.size = sizeof b;
    b.n = plan.n;
    b.n_live = plan.n_live;
    b.seed = plan.seed;
    b.stream = plan.stream;
    b.first_neuron = plan.first_neuron;
    b.first_step = plan.first_step;
    b.dt = plan.dt;
    for (std::size_t s = 0; s < cells.states.size(); ++s) {
        const std::string name = fmt::format("state '{}'", cells.states[s]->name);
        out.state.push_back(from != nullptr ? arrays.shared(name, from->state[s]) : arrays.wanted(name, plan.n));
    }
    b.state = arrays.given("the list of states", out.state);
    const auto fields = setting_fields(cells.subject.component);
    std::vector<const double*> setting;
    std::vector<std::uint32_t> stride;
    for (std::size_t s = 0; s < fields.size(); ++s) {
        const bool spread_out =
            (fields[s]->flags & MFM_PER_NEURON) != 0 && (plan.per_cell || plan.filled || plan.odd_setting == s);
        stride.push_back(spread_out ? 1 : 0);
        if (fields[s]->kind != MFM_REAL) {
            setting.push_back(nullptr);
            continue;
        }
        std::vector<double> values;
        for (std::uint32_t i = 0; i < (spread_out ? plan.n : 1); ++i)
            values.push_back(setting_of(cells, s, plan.first_neuron + i, plan));
        if (!spread_out) values[0] = cells.settings[s].real;
        setting.push_back(arrays.given(fmt::format("setting '{}'", fields[s]->name), values));
    }
    b.setting = arrays.given("the list of settings", setting);
    b.setting_stride = arrays.given("setting_stride", stride);
    return out;
}

std::vector<std::vector<double>> taken(const Cells& cells, const Common& common, std::uint32_t n,
                                       const char* function) {
    std::vector<std::vector<double>> out;
    for (std::size_t s = 0; s < common.state.size(); ++s) {
        out.emplace_back(common.state[s], common.state[s] + n);
        for (std::uint32_t i = 0; i < n; ++i)
            if (is_unwritten(out.back()[i]))
                throw Failed("states",
                             fmt::format("{} did not write state '{}' of cell {}", function, cells.states[s]->name, i));
    }
    return out;
}

} // namespace

const std::vector<PortSet>& port_sets() {
    static const std::vector<PortSet> sets{
        {"alpha", {receptor(MFM_RECEPTOR_ALPHA, 1.0, 0.0), receptor(MFM_RECEPTOR_ALPHA, 5.0, -80.0)}},
        {"exponential", {receptor(MFM_RECEPTOR_EXPONENTIAL, 2.0, 0.0), receptor(MFM_RECEPTOR_EXPONENTIAL, 5.0, -80.0)}},
        {"every shape",
         {receptor(MFM_RECEPTOR_EXPONENTIAL, 2.0, 0.0), receptor(MFM_RECEPTOR_ALPHA, 4.0, -80.0),
          receptor(MFM_RECEPTOR_BIEXPONENTIAL, 5.0, 0.0), receptor(MFM_RECEPTOR_EXPONENTIAL, 3.0, 0.0, true),
          receptor(MFM_RECEPTOR_DELTA, 0.0, 0.0, true)}}};
    return sets;
}

Cells::Cells(const Subject& of, const SettingValues& values, const PortSet& set, Place place)
    : live(of, values, place), ports(set), settings(values), subject(of) {
    Arrays arrays(place);
    std::vector<const mfm_receptor*> list;
    for (const mfm_receptor& r : ports.receptors) list.push_back(arrays.given_one("a receptor", r));
    receptors = call("set_receptors", table().set_receptors, live.self(), static_cast<std::uint32_t>(list.size()),
                     arrays.given("the list of receptors", list));
    if (!receptors.ok()) return;
    const mfm_field* const* fields = nullptr;
    must("states", "states", table().states, live.self(), &fields, &n_dynamic);
    if (fields == nullptr) throw Failed("states", "states gave no list");
    for (; *fields != nullptr; ++fields) states.push_back(*fields);
    if (n_dynamic > states.size())
        throw Failed("states", fmt::format("states says that {} states obey differential equations, and has {}",
                                           n_dynamic, states.size()));
}

Outputs CellState::outputs(const Cells& cells) const {
    Outputs out;
    for (std::size_t s = 0; s < state.size(); ++s)
        out.add(fmt::format("{} receptors, state '{}'", cells.ports.name, cells.states[s]->name), state[s]);
    std::vector<double> step, cell;
    for (const std::uint64_t spike : fired) {
        step.push_back(static_cast<double>(spike >> 32));
        cell.push_back(static_cast<double>(spike & 0xffffffffu));
    }
    out.add(cells.ports.name + " receptors, the spikes' steps", step);
    out.add(cells.ports.name + " receptors, the spikes' cells", cell);
    out.add_whole<std::uint32_t>(cells.ports.name + " receptors, spike_count", count);
    return out;
}

CellState new_cells(const Cells& cells, const BatchPlan& plan, Place place) {
    Arrays arrays(place);
    const Common common = common_of(cells, plan, arrays, nullptr);
    must("states", "initialise", cells.table().initialise, cells.live.self(),
         arrays.given_one("the batch", common.batch));
    return {taken(cells, common, plan.n, "initialise"), {}, std::vector<std::uint32_t>(plan.n, 0)};
}

void advance(const Cells& cells, const BatchPlan& plan, CellState& cell_state, Place place) {
    Arrays arrays(place);
    Common common = common_of(cells, plan, arrays, &cell_state);
    mfm_neuron_batch& b = common.batch;
    b.n_steps = plan.n_steps;
    const std::size_t n_ports = cells.n_ports();
    if (plan.strength > 0 || plan.odd_input) {
        std::vector<const double*> input;
        std::vector<double> weights(plan.n);
        for (std::uint32_t t = 0; t < plan.n_steps; ++t)
            for (std::size_t p = 0; p < n_ports; ++p) {
                const std::uint64_t step = plan.first_step + t;
                if (!has_input(p, step, plan)) {
                    input.push_back(nullptr);
                    continue;
                }
                for (std::uint32_t i = 0; i < plan.n; ++i)
                    weights[i] = weight_of(cells.ports, p, plan.first_neuron + i, step, plan);
                input.push_back(arrays.given(fmt::format("the input of port {} in step {}", p, t), weights));
            }
        b.input = arrays.given("the list of inputs", input);
    }
    if (plan.driven) {
        std::vector<const mfm_drive*> drives;
        for (std::uint32_t p = 0; p < n_ports; ++p) {
            mfm_drive drive{};
            drive.size = sizeof drive;
            drive.port = p;
            drive.rate_stride = p % 2;
            drive.weight_stride = p == 0 ? 1 : 0;
            std::vector<double> rate, weight;
            for (std::uint32_t i = 0; i < plan.n; ++i) {
                const std::uint64_t cell = plan.first_neuron + i;
                rate.push_back(200.0 + 100.0 * spread(cell / 8, 90 + p));
                weight.push_back(0.1 + 0.1 * spread(cell, 91 + p));
            }
            rate.resize(drive.rate_stride != 0 ? plan.n : 1);
            weight.resize(drive.weight_stride != 0 ? plan.n : 1);
            if (drive.rate_stride == 0) rate[0] = 250.0;
            if (drive.weight_stride == 0) weight[0] = 0.15;
            drive.rate_hz = arrays.given(fmt::format("rate_hz of the drive of port {}", p), rate);
            drive.weight = arrays.given(fmt::format("weight of the drive of port {}", p), weight);
            drives.push_back(arrays.given_one("a drive", drive));
        }
        drives.push_back(nullptr);
        b.drive = arrays.given("the list of drives", drives);
    }
    std::uint32_t* const step = arrays.shared("the spikes' steps", std::vector<std::uint32_t>(plan.capacity, ~0u));
    std::uint32_t* const neuron = arrays.shared("the spikes' cells", std::vector<std::uint32_t>(plan.capacity, ~0u));
    const mfm_spikes empty{sizeof(mfm_spikes), plan.capacity, 0, 0, step, neuron};
    b.spikes = arrays.shared("the record of spikes", std::span(&empty, 1));
    b.spike_count = arrays.shared("spike_count", cell_state.count);
    must("advance", "advance", cells.table().advance, cells.live.self(), arrays.given_one("the batch", b));

    const mfm_spikes& spikes = *b.spikes;
    if (spikes.count > plan.capacity)
        throw Failed("spikes", fmt::format("advance says that it recorded {} spikes where {} have room", spikes.count,
                                           plan.capacity));
    std::uint64_t counted = 0;
    for (std::uint32_t i = 0; i < plan.n; ++i) {
        const std::uint32_t more = b.spike_count[i] - cell_state.count[i];
        if (more > 0 && i >= plan.n_live)
            throw Failed("padded cells",
                         fmt::format("advance counted a spike of cell {}, and only the first {} live", i, plan.n_live));
        counted += more;
    }
    for (std::uint32_t k = 0; k < spikes.count; ++k) {
        if (neuron[k] >= plan.n_live)
            throw Failed("padded cells", fmt::format("advance recorded a spike of cell {}, and only the first {} live",
                                                     neuron[k], plan.n_live));
        if (step[k] >= plan.n_steps)
            throw Failed("spikes", fmt::format("advance recorded a spike in step {} of {}", step[k], plan.n_steps));
        cell_state.fired.push_back((plan.first_step + step[k]) << 32 | (plan.first_neuron + neuron[k]));
    }
    if (counted != spikes.count && spikes.count < plan.capacity)
        throw Failed("spikes",
                     fmt::format("advance recorded {} spikes, and counted {} in spike_count", spikes.count, counted));
    std::sort(cell_state.fired.begin(), cell_state.fired.end());
    cell_state.count.assign(b.spike_count, b.spike_count + plan.n);
    cell_state.state = taken(cells, common, plan.n, "advance");
}

Linearised subthreshold(const Cells& cells, const std::vector<double>& x, const std::vector<double>& g, int order,
                        Place place, bool with_settings) {
    Arrays arrays(place);
    const std::size_t n = x.size(), columns = n + g.size();
    mfm_subthreshold q{};
    q.size = sizeof q;
    q.x = arrays.given("x", x);
    q.g = arrays.given("g", g);
    if (with_settings) {
        std::vector<double> settings;
        for (const SettingValue& value : cells.settings) settings.push_back(value.real);
        q.setting = arrays.given("setting", settings);
    }
    q.dx = arrays.wanted("dx", n);
    q.jacobian = order >= 1 ? arrays.wanted("jacobian", n * columns) : nullptr;
    q.hessian = order >= 2 ? arrays.wanted("hessian", n * columns * columns) : nullptr;
    must("derivatives", "subthreshold", cells.table().subthreshold, cells.live.self(),
         arrays.given_one("the point", q));
    Linearised out;
    const auto take = [](const double* from, std::size_t size, const char* name) {
        std::vector<double> values;
        if (from != nullptr) values.assign(from, from + size);
        for (std::size_t i = 0; i < values.size(); ++i)
            if (is_unwritten(values[i]))
                throw Failed("derivatives", fmt::format("subthreshold did not write {} [{}]", name, i));
        return values;
    };
    out.dx = take(q.dx, n, "dx");
    out.jacobian = take(q.jacobian, n * columns, "jacobian");
    out.hessian = take(q.hessian, n * columns * columns, "hessian");
    return out;
}

double arrived(const Cells& cells, std::size_t port, std::uint64_t cell, const BatchPlan& plan) {
    return has_input(port, plan.first_step, plan) ? weight_of(cells.ports, port, cell, plan.first_step, plan) : 0.0;
}

void measure_batches(const Cells& cells, CostMeter& meter) {
    const mfm_neuron_v1& table = cells.table();
    void* const self = cells.live.self();
    BatchPlan plan;
    plan.n = plan.n_live = 1024;
    CellState rest = new_cells(cells, plan, Place::Heap);
    Arrays arrays(Place::Heap);
    const Common common = common_of(cells, plan, arrays, &rest);
    mfm_neuron_batch first = common.batch, next = common.batch;
    meter.measure("initialise", "neuron", plan.n,
                  [&] { must("memory", "initialise", table.initialise, self, &std::as_const(first)); });
    next.n_steps = plan.n_steps;
    meter.measure("advance", "neuron step", plan.n * plan.n_steps,
                  [&] { must("memory", "advance", table.advance, self, &std::as_const(next)); });
    const std::size_t n = cells.n_dynamic, columns = n + cells.n_ports();
    std::vector<double> x, g(cells.n_ports(), 1.0), dx(n), jacobian(n * columns), hessian(n * columns * columns);
    for (std::size_t s = 0; s < n; ++s) x.push_back(rest.state[s][0]);
    const mfm_subthreshold point{
        sizeof(mfm_subthreshold), 0, x.data(), g.data(), nullptr, dx.data(), jacobian.data(), hessian.data()};
    meter.measure("subthreshold", "", 1, [&] { must("memory", "subthreshold", table.subthreshold, self, &point); });
}

std::optional<double> strength_that_fires(const Cells& cells) {
    BatchPlan plan;
    plan.n = 32;
    plan.n_live = 32;
    plan.n_steps = 100;
    for (plan.strength = 0.1; plan.strength < 2000; plan.strength *= 2) {
        CellState state = new_cells(cells, plan, Place::Heap);
        advance(cells, plan, state, Place::Heap);
        if (state.fired.size() >= 4) return plan.strength;
    }
    return std::nullopt;
}

} // namespace mfm::check
