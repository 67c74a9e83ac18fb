// SPDX-License-Identifier: Apache-2.0
#include "simulate/engine.hpp"

#include <mfm/random.hpp>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "simulate/streams.hpp"

namespace mfm {
namespace {

constexpr std::uint64_t chunk_cells = 1024; // cells one task advances: their state stays in the second-level cache
constexpr std::uint64_t shard_cells = 8192; // target cells one delivery task owns
constexpr std::uint32_t longest_block = 64; // steps

std::uint32_t delay_steps(double delay, double dt) {
    return static_cast<std::uint32_t>(std::max(1.0, std::round(delay / dt)));
}

/// Input rows of one population in a ring of steps: sums of weights for neurons.
struct InputRing {
    std::uint32_t length = 0, ports = 0;
    std::uint64_t padded = 0;
    AlignedVector<double> sum;         // [step][port][padded]
    std::vector<unsigned char> in_use; // [step * ports + port]: some weight arrived
    double* row(std::uint64_t step, std::uint32_t port) {
        return sum.data() + ((step % length) * ports + port) * padded;
    }
    unsigned char& used(std::uint64_t step, std::uint32_t port) { return in_use[(step % length) * ports + port]; }
};

/// What reaches a relay: cells that pass a spike on in each step of the ring.
struct RelayRing {
    std::uint32_t length = 0;
    std::vector<std::vector<std::uint32_t>> cells;
};

} // namespace

struct Engine::Impl {
    const PipelineConfig& config;
    const Network& network;
    std::uint64_t seed;
    double dt;
    std::vector<std::unique_ptr<NeuronGroup>> groups;
    std::vector<InputRing> inputs;
    std::vector<RelayRing> relays;
    std::vector<std::unique_ptr<PoissonSources>> sources;
    std::vector<BlockSpikes> spikes;
    struct Incoming {
        std::size_t population;
        std::uint64_t first, last; // target cells
        std::vector<std::size_t> projections;
    };
    std::vector<Incoming> shards;
    std::vector<std::uint32_t> constant_delay; // [projections] steps; 0: per synapse
    std::atomic<std::uint64_t> delivered{0};

    Impl(const PipelineConfig& c, const Network& n, std::uint64_t s)
        : config(c), network(n), seed(s), dt(c.simulation.dt) {}

    void advance_neurons(std::size_t p, std::uint64_t first_step, std::uint32_t n_steps);
    void advance_sources(std::size_t p, std::uint64_t first_step, std::uint32_t n_steps);
    void advance_relay(std::size_t p, std::uint64_t first_step, std::uint32_t n_steps);
    void deliver(const Incoming&, std::uint64_t first_step, std::uint32_t n_steps);
    [[noreturn]] void report_not_finite(std::size_t p, std::size_t state, std::uint64_t cell, std::uint64_t step) const;
};

Engine::Engine(const PipelineConfig& config, const Network& network, std::uint64_t seed,
               std::vector<SourceCourses> courses, bool strict)
    : impl_(std::make_unique<Impl>(config, network, seed)), strict_(strict) {
    Impl& m = *impl_;
    const std::size_t n = network.populations.size();
    std::uint32_t least = longest_block;
    std::vector<std::uint32_t> longest(n, 1);
    for (const Projection& p : network.projections) {
        std::uint32_t low = delay_steps(p.delay, m.dt), high = low;
        for (const double d : p.delays) {
            low = std::min(low, delay_steps(d, m.dt));
            high = std::max(high, delay_steps(d, m.dt));
        }
        m.constant_delay.push_back(p.delays.empty() ? low : 0);
        least = std::min(least, low);
        longest[p.target] = std::max(longest[p.target], high);
    }
    block_ = strict ? 1 : least;
    m.groups.resize(n);
    m.inputs.resize(n);
    m.relays.resize(n);
    m.sources.resize(n);
    m.spikes.resize(n);
    courses.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        const PopulationConfig& population = config.populations[i];
        const std::uint64_t cells = network.populations[i].n;
        switch (population.kind) {
        case PopulationConfig::Kind::Neuron: {
            const std::uint64_t stream = stream_number(StreamPurpose::Neuron, i);
            m.groups[i] = std::make_unique<NeuronGroup>(population, cells, m.dt, seed, stream);
            std::vector<PoissonDrive> drives;
            for (const DriveConfig& d : config.drives)
                if (d.target == population.name) drives.push_back({d.port, {d.rate_hz}, {d.weight}});
            m.groups[i]->set_drives(std::move(drives));
            InputRing& ring = m.inputs[i];
            ring.length = longest[i] + block_;
            ring.ports = m.groups[i]->ports();
            ring.padded = m.groups[i]->padded();
            ring.sum.assign(static_cast<std::size_t>(ring.length) * ring.ports * ring.padded, 0.0);
            ring.in_use.assign(static_cast<std::size_t>(ring.length) * ring.ports, 0);
            break;
        }
        case PopulationConfig::Kind::Poisson:
            m.sources[i] = std::make_unique<PoissonSources>(cells, m.dt, seed, stream_number(StreamPurpose::Poisson, i),
                                                            std::move(courses[i]));
            break;
        case PopulationConfig::Kind::Relay:
            m.relays[i].length = longest[i] + block_;
            m.relays[i].cells.resize(m.relays[i].length);
            break;
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t cells = network.populations[i].n;
        const bool relay = config.populations[i].kind == PopulationConfig::Kind::Relay;
        std::vector<std::size_t> incoming;
        for (std::size_t k = 0; k < network.projections.size(); ++k)
            if (network.projections[k].target == i) incoming.push_back(k);
        if (incoming.empty()) continue;
        const std::uint64_t step = relay ? cells : shard_cells; // a relay keeps lists, which one task writes
        for (std::uint64_t first = 0; first < cells; first += step)
            m.shards.push_back({i, first, std::min(cells, first + step), incoming});
    }
}
Engine::~Engine() = default;

std::uint64_t Engine::deliveries() const {
    return impl_->delivered;
}
const NeuronGroup* Engine::group(std::size_t population) const {
    return impl_->groups[population].get();
}

void Engine::Impl::advance_neurons(std::size_t p, std::uint64_t first_step, std::uint32_t n_steps) {
    NeuronGroup& group = *groups[p];
    InputRing& ring = inputs[p];
    std::vector<const double*> rows(static_cast<std::size_t>(n_steps) * ring.ports, nullptr);
    for (std::uint32_t t = 0; t < n_steps; ++t)
        for (std::uint32_t port = 0; port < ring.ports; ++port)
            if (ring.used(first_step + t, port) != 0) rows[t * ring.ports + port] = ring.row(first_step + t, port);

    struct ChunkSpikes {
        std::vector<std::uint32_t> step, neuron;
    };
    const std::uint64_t n_chunks = (group.padded() + chunk_cells - 1) / chunk_cells;
    std::vector<ChunkSpikes> chunks(n_chunks);
    tbb::parallel_for(std::uint64_t{0}, n_chunks, [&](std::uint64_t c) {
        const std::uint64_t first = c * chunk_cells, cells = std::min(chunk_cells, group.padded() - first);
        // A cell cannot fire twice within a step; most blocks need far less than this.
        thread_local std::vector<std::uint32_t> step, neuron;
        const std::size_t capacity = static_cast<std::size_t>(cells) * n_steps;
        if (step.size() < capacity) {
            step.resize(capacity);
            neuron.resize(capacity);
        }
        mfm_spikes out{sizeof(mfm_spikes), static_cast<std::uint32_t>(capacity), 0, 0, step.data(), neuron.data()};
        group.advance({first, cells, first_step, n_steps}, rows.data(), &out, nullptr);
        chunks[c].step.assign(step.data(), step.data() + out.count);
        chunks[c].neuron.resize(out.count);
        for (std::uint32_t i = 0; i < out.count; ++i)
            chunks[c].neuron[i] = neuron[i] + static_cast<std::uint32_t>(first);
        for (const double* row : rows)
            if (row != nullptr) std::fill_n(const_cast<double*>(row) + first, cells, 0.0);
    });
    for (std::uint32_t t = 0; t < n_steps; ++t)
        for (std::uint32_t port = 0; port < ring.ports; ++port) ring.used(first_step + t, port) = 0;

    // Counting sort by step; chunks come in order of cells, so that cells ascend within a step.
    std::vector<std::uint32_t> at(n_steps + 1, 0);
    for (const ChunkSpikes& c : chunks)
        for (const std::uint32_t t : c.step) ++at[t + 1];
    for (std::uint32_t t = 0; t < n_steps; ++t) at[t + 1] += at[t];
    BlockSpikes& out = spikes[p];
    out.step.resize(at[n_steps]);
    out.cell.resize(at[n_steps]);
    for (const ChunkSpikes& c : chunks)
        for (std::size_t i = 0; i < c.step.size(); ++i) {
            const std::uint32_t k = at[c.step[i]]++;
            out.step[k] = c.step[i];
            out.cell[k] = c.neuron[i];
        }
}

void Engine::Impl::advance_sources(std::size_t p, std::uint64_t first_step, std::uint32_t n_steps) {
    std::vector<std::uint32_t> step, cell;
    sources[p]->begin_block(first_step, n_steps);
    sources[p]->advance(0, sources[p]->cells(), step, cell);
    std::vector<std::uint32_t> at(n_steps + 1, 0);
    for (const std::uint32_t t : step) ++at[t + 1];
    for (std::uint32_t t = 0; t < n_steps; ++t) at[t + 1] += at[t];
    BlockSpikes& out = spikes[p];
    out.step.resize(step.size());
    out.cell.resize(step.size());
    for (std::size_t i = 0; i < step.size(); ++i) {
        const std::uint32_t k = at[step[i]]++;
        out.step[k] = step[i];
        out.cell[k] = cell[i];
    }
}

void Engine::Impl::advance_relay(std::size_t p, std::uint64_t first_step, std::uint32_t n_steps) {
    BlockSpikes& out = spikes[p];
    out.step.clear();
    out.cell.clear();
    for (std::uint32_t t = 0; t < n_steps; ++t) {
        auto& arrived = relays[p].cells[(first_step + t) % relays[p].length];
        std::sort(arrived.begin(), arrived.end());
        out.cell.insert(out.cell.end(), arrived.begin(), arrived.end());
        out.step.insert(out.step.end(), arrived.size(), t);
        arrived.clear();
    }
}

void Engine::Impl::deliver(const Incoming& shard, std::uint64_t first_step, std::uint32_t n_steps) {
    const bool relay = config.populations[shard.population].kind == PopulationConfig::Kind::Relay;
    const bool whole = shard.first == 0 && shard.last == network.populations[shard.population].n;
    std::uint64_t events = 0;
    // By step first and projection second: sums are then rounded in the same order whatever the length of a block.
    std::vector<std::size_t> cursor(shard.projections.size(), 0);
    for (std::uint32_t step = 0; step < n_steps; ++step)
        for (std::size_t i = 0; i < shard.projections.size(); ++i) {
            const std::size_t index = shard.projections[i];
            const Projection& p = network.projections[index];
            const BlockSpikes& from = spikes[p.source];
            for (std::size_t& k = cursor[i]; k < from.cell.size() && from.step[k] == step; ++k) {
                const std::uint64_t begin = p.row[from.cell[k]], end = p.row[from.cell[k] + 1];
                if (k + 1 < from.cell.size()) __builtin_prefetch(p.to.data() + p.row[from.cell[k + 1]]);
                const auto to = p.to.begin();
                const std::uint64_t low =
                    whole ? begin
                          : static_cast<std::uint64_t>(std::lower_bound(to + static_cast<std::ptrdiff_t>(begin),
                                                                        to + static_cast<std::ptrdiff_t>(end),
                                                                        shard.first) -
                                                       to);
                const std::uint64_t high =
                    whole ? end
                          : static_cast<std::uint64_t>(std::lower_bound(to + static_cast<std::ptrdiff_t>(low),
                                                                        to + static_cast<std::ptrdiff_t>(end),
                                                                        shard.last) -
                                                       to);
                if (low == high) continue;
                events += high - low;
                const std::uint64_t emitted = first_step + step;
                if (relay) {
                    for (std::uint64_t e = low; e < high; ++e) {
                        const std::uint64_t arrival =
                            emitted +
                            (constant_delay[index] != 0 ? constant_delay[index] : delay_steps(p.delays[e], dt));
                        // A relay passes on every contact as a spike of its own.
                        const auto times =
                            p.contacts.empty() ? 1u : static_cast<std::uint32_t>(std::lround(p.contacts[e]));
                        for (std::uint32_t n = 0; n < times; ++n)
                            relays[shard.population].cells[arrival % relays[shard.population].length].push_back(
                                p.to[e]);
                    }
                    continue;
                }
                InputRing& ring = inputs[shard.population];
                if (constant_delay[index] != 0) {
                    const std::uint64_t arrival = emitted + constant_delay[index];
                    double* const row = ring.row(arrival, p.port);
                    __atomic_store_n(&ring.used(arrival, p.port), static_cast<unsigned char>(1), __ATOMIC_RELAXED);
                    if (!p.weights.empty())
                        for (std::uint64_t e = low; e < high; ++e) row[p.to[e]] += p.weights[e];
                    else if (!p.contacts.empty())
                        for (std::uint64_t e = low; e < high; ++e)
                            row[p.to[e]] += p.weight * static_cast<double>(p.contacts[e]);
                    else
                        for (std::uint64_t e = low; e < high; ++e) row[p.to[e]] += p.weight;
                } else {
                    for (std::uint64_t e = low; e < high; ++e) {
                        const std::uint64_t arrival = emitted + delay_steps(p.delays[e], dt);
                        __atomic_store_n(&ring.used(arrival, p.port), static_cast<unsigned char>(1), __ATOMIC_RELAXED);
                        ring.row(arrival, p.port)[p.to[e]] += p.weight_of(e);
                    }
                }
            }
        }
    delivered += events;
}

void Engine::Impl::report_not_finite(std::size_t p, std::size_t state, std::uint64_t cell, std::uint64_t step) const {
    const NeuronGroup& group = *groups[p];
    std::string states;
    for (std::size_t s = 0; s < group.state_names().size(); ++s)
        states +=
            std::string(s == 0 ? "" : ", ") + group.state_names()[s] + " = " + std::to_string(group.state(s)[cell]);
    throw NotFinite(
        "population '" + config.populations[p].name + "', cell " + std::to_string(cell) + ": the state '" +
        group.state_names()[state] + "' of neuron '" + group.instance().component().id() +
        "' is not a finite number any more at t = " + std::to_string(static_cast<double>(step) * dt) + " ms (step " +
        std::to_string(step) + "; " + states +
        "); check the cell's parameters, its input weights, and whether dt is short enough for its time constants");
}

void Engine::run(std::uint64_t steps, const Observer& observe) {
    Impl& m = *impl_;
    const std::uint64_t end = step_ + steps;
    const std::uint64_t check_every = strict_ ? 1 : 100; // blocks between looks for a state that is not finite
    for (std::uint64_t block = 0; step_ < end; ++block) {
        throw_if_interrupted();
        const auto n_steps = static_cast<std::uint32_t>(std::min<std::uint64_t>(block_, end - step_));
        for (std::size_t p = 0; p < m.groups.size(); ++p) {
            switch (m.config.populations[p].kind) {
            case PopulationConfig::Kind::Neuron:
                m.advance_neurons(p, step_, n_steps);
                break;
            case PopulationConfig::Kind::Poisson:
                m.advance_sources(p, step_, n_steps);
                break;
            case PopulationConfig::Kind::Relay:
                m.advance_relay(p, step_, n_steps);
                break;
            }
        }
        tbb::parallel_for(std::size_t{0}, m.shards.size(),
                          [&](std::size_t s) { m.deliver(m.shards[s], step_, n_steps); });
        if (observe) observe(step_, n_steps, m.spikes);
        step_ += n_steps;
        if (block % check_every == check_every - 1 || step_ >= end)
            for (std::size_t p = 0; p < m.groups.size(); ++p) {
                std::size_t state = 0;
                std::uint64_t cell = 0;
                if (m.groups[p] && m.groups[p]->find_not_finite(state, cell))
                    m.report_not_finite(p, state, cell, step_);
            }
    }
}

} // namespace mfm
