// SPDX-License-Identifier: Apache-2.0
#include "simulate/engine.hpp"

#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <numeric>

#include "simulate/delivery.hpp"
#include "simulate/plasticity.hpp"
#include "simulate/streams.hpp"
#include "support/parallel.hpp"

namespace mfm {
namespace {

constexpr std::uint64_t input_bytes = 384 * 1024; // of the rows that a piece fills before it advances: a part of the
                                                  // second-level cache, as long as that gives
constexpr std::uint64_t least_steps = 8;          // so many steps
constexpr std::uint64_t most_cells = 4096;        // of a call to the neuron plugin
constexpr std::uint64_t check_every = 1000;       // steps between looks for a state that is not finite

constexpr std::uint64_t padded(std::uint64_t n) {
    return (n + MFM_BATCH_ALIGNMENT - 1) / MFM_BATCH_ALIGNMENT * MFM_BATCH_ALIGNMENT;
}

/// What a thread needs while it advances a piece.
struct Workspace {
    InputRows rows;
    std::vector<std::uint32_t> step, cell;
};

/// Spikes of a piece in the block.
struct PieceSpikes {
    std::vector<std::uint32_t> step, cell;
    std::uint64_t delivered = 0; // so far
};

} // namespace

struct Engine::Impl {
    const PipelineConfig& config;
    const Network& network;
    std::shared_ptr<const Wiring> wiring;
    double dt;
    std::vector<std::unique_ptr<NeuronGroup>> groups;             // [populations]
    std::vector<std::unique_ptr<PoissonSources>> sources;         // [populations]
    std::vector<SpikeHistory> history;                            // [populations]
    std::vector<std::unique_ptr<ShortTermPlasticity>> plasticity; // [projections], NULL where there is none
    std::vector<std::size_t> plastic;                             // projections that have it
    std::vector<PieceSpikes> fired;                               // [pieces]
    std::vector<BlockSpikes> spikes;                              // [populations] of the block
    std::vector<std::vector<std::uint32_t>> step_of;              // [populations] their steps
    std::vector<std::uint32_t> count;
    std::uint64_t delivered_before = 0; // before the state was restored
    tbb::enumerable_thread_specific<Workspace> workspaces;

    Impl(const PipelineConfig& c, const Network& n, std::shared_ptr<const Wiring> w)
        : config(c), network(n), wiring(std::move(w)), dt(c.simulation.dt) {}
    void advance(std::size_t piece, std::uint64_t first_step, std::uint32_t n_steps);
    void advance_neurons(const Piece&, PieceSpikes&, std::uint64_t first_step, std::uint32_t n_steps);
    void advance_relay(const Piece&, PieceSpikes&, std::uint64_t first_step, std::uint32_t n_steps);
    void record(std::uint32_t n_steps);
    void look_for_not_finite(std::uint64_t step) const;
};

Engine::Engine(const PipelineConfig& config, const Network& network, std::uint64_t seed,
               std::vector<SourceCourses> courses, bool strict, std::shared_ptr<const Wiring> wiring)
    : impl_(std::make_unique<Impl>(config, network, std::move(wiring))), strict_(strict) {
    Impl& m = *impl_;
    if (!m.wiring) m.wiring = std::make_shared<const Wiring>(config, network);
    block_ = strict ? 1 : m.wiring->block_steps();
    const std::size_t n = network.populations.size();
    courses.resize(n);
    m.groups.resize(n);
    m.sources.resize(n);
    m.spikes.resize(n);
    m.step_of.resize(n);
    m.fired.resize(m.wiring->pieces().size());
    m.plasticity.resize(network.projections.size());
    for (std::size_t k = 0; k < network.projections.size(); ++k)
        for (const ProjectionConfig& p : config.projections) {
            if (p.name != network.projections[k].name || !p.plasticity) continue;
            m.plasticity[k] = std::make_unique<ShortTermPlasticity>(
                *p.plasticity, network.populations[network.projections[k].source].n, m.dt);
            m.plastic.push_back(k);
        }
    for (std::size_t i = 0; i < n; ++i) {
        const PopulationConfig& population = config.populations[i];
        const std::uint64_t cells = network.populations[i].n;
        m.history.emplace_back(std::max(m.wiring->longest_delay(i), block_));
        if (population.kind == PopulationConfig::Kind::Neuron) {
            const std::uint64_t stream = stream_number(StreamPurpose::Neuron, i);
            m.groups[i] = std::make_unique<NeuronGroup>(population, cells, m.dt, seed, stream);
            std::vector<PoissonDrive> drives;
            for (const DriveConfig& d : config.drives)
                if (d.target == population.name) drives.push_back({d.port, {d.rate_hz}, {d.weight}});
            m.groups[i]->set_drives(std::move(drives));
        } else if (population.kind == PopulationConfig::Kind::Poisson) {
            m.sources[i] = std::make_unique<PoissonSources>(cells, m.dt, seed, stream_number(StreamPurpose::Poisson, i),
                                                            std::move(courses[i]));
        }
    }
}
Engine::~Engine() = default;

std::uint64_t Engine::deliveries() const {
    std::uint64_t sum = impl_->delivered_before;
    for (const PieceSpikes& piece : impl_->fired) sum += piece.delivered;
    return sum;
}
const NeuronGroup* Engine::group(std::size_t population) const {
    return impl_->groups[population].get();
}

void Engine::Impl::advance(std::size_t i, std::uint64_t first_step, std::uint32_t n_steps) {
    const Piece& piece = wiring->pieces()[i];
    PieceSpikes& out = fired[i];
    out.step.clear();
    out.cell.clear();
    if (groups[piece.population])
        advance_neurons(piece, out, first_step, n_steps);
    else if (sources[piece.population])
        sources[piece.population]->advance(piece.first, piece.n, out.step, out.cell);
    else
        advance_relay(piece, out, first_step, n_steps);
}

void Engine::Impl::advance_neurons(const Piece& piece, PieceSpikes& out, std::uint64_t first_step,
                                   std::uint32_t n_steps) {
    NeuronGroup& group = *groups[piece.population];
    Workspace& work = workspaces.local();
    const std::uint64_t cells = std::min(group.padded() - piece.first, padded(piece.n));
    const std::uint64_t row_bytes = std::max<std::uint64_t>(1, cells * group.ports() * sizeof(double));
    const auto steps = static_cast<std::uint32_t>(std::max(input_bytes / row_bytes, least_steps));
    for (std::uint32_t t = 0; t < n_steps; t += steps) {
        const std::uint32_t n = std::min(steps, n_steps - t);
        work.rows.resize(cells, group.ports(), n);
        for (const SynapseTable& table : piece.synapses)
            out.delivered +=
                deliver(table, history[table.source], plasticity[table.projection].get(), first_step + t, n, work.rows);
        for (std::uint64_t at = 0; at < cells; at += most_cells) {
            const std::uint64_t some = std::min(most_cells, cells - at);
            // A cell cannot fire twice within a step.
            work.step.resize(std::max<std::size_t>(work.step.size(), some * n));
            work.cell.resize(work.step.size());
            mfm_spikes spikes{sizeof(mfm_spikes), static_cast<std::uint32_t>(some * n), 0, 0, work.step.data(),
                              work.cell.data()};
            group.advance({piece.first + at, some, first_step + t, n}, work.rows.pointers(at), &spikes, nullptr);
            for (std::uint32_t k = 0; k < spikes.count; ++k) {
                out.step.push_back(t + work.step[k]);
                out.cell.push_back(static_cast<std::uint32_t>(piece.first + at) + work.cell[k]);
            }
        }
    }
}

void Engine::Impl::advance_relay(const Piece& piece, PieceSpikes& out, std::uint64_t first_step,
                                 std::uint32_t n_steps) {
    for (std::uint32_t t = 0; t < n_steps; ++t) {
        const std::size_t before = out.cell.size();
        for (const SynapseTable& table : piece.synapses)
            out.delivered += collect(table, history[table.source], first_step + t, out.cell);
        std::sort(out.cell.begin() + static_cast<std::ptrdiff_t>(before), out.cell.end());
        out.step.resize(out.cell.size(), t);
    }
}

void Engine::Impl::record(std::uint32_t n_steps) {
    const std::vector<Piece>& pieces = wiring->pieces();
    for (std::size_t first = 0, last = 0; first < pieces.size(); first = last) {
        const std::size_t p = pieces[first].population;
        for (last = first; last < pieces.size() && pieces[last].population == p;) ++last;
        // Counting sort by step: pieces come in the order of their cells, and so does what one piece fired in a step.
        count.assign(n_steps, 0);
        for (std::size_t i = first; i < last; ++i)
            for (const std::uint32_t t : fired[i].step) ++count[t];
        const std::span<std::uint32_t> cell = history[p].append(count);
        std::vector<std::uint32_t>& step = step_of[p];
        step.resize(cell.size());
        std::exclusive_scan(count.begin(), count.end(), count.begin(), 0u);
        for (std::size_t i = first; i < last; ++i)
            for (std::size_t k = 0; k < fired[i].step.size(); ++k) {
                const std::uint32_t at = count[fired[i].step[k]]++;
                step[at] = fired[i].step[k];
                cell[at] = fired[i].cell[k];
            }
        spikes[p] = {step, cell};
    }
}

void Engine::Impl::look_for_not_finite(std::uint64_t step) const {
    for (std::size_t p = 0; p < groups.size(); ++p) {
        std::size_t state = 0;
        std::uint64_t cell = 0;
        if (!groups[p] || !groups[p]->find_not_finite(state, cell)) continue;
        const NeuronGroup& group = *groups[p];
        std::string states;
        for (std::size_t s = 0; s < group.state_names().size(); ++s)
            states +=
                std::string(s == 0 ? "" : ", ") + group.state_names()[s] + " = " + std::to_string(group.state(s)[cell]);
        throw NotFinite(
            "population '" + config.populations[p].name + "', cell " + std::to_string(cell) + ": the state '" +
            group.state_names()[state] + "' of neuron '" + group.instance().component().id() +
            "' is not a finite number any more at t = " + std::to_string(static_cast<double>(step) * dt) +
            " ms (step " + std::to_string(step) + "; " + states +
            "); check the cell's parameters, its input weights, and whether dt is short enough for its time constants");
    }
}

void Engine::save(StateWriter& out) const {
    const Impl& m = *impl_;
    out.put("step", step_);
    out.put("deliveries", deliveries());
    for (std::size_t p = 0; p < m.history.size(); ++p) {
        if (m.groups[p]) m.groups[p]->save(out);
        if (m.sources[p]) m.sources[p]->save(out);
        m.history[p].save(out);
    }
    for (const std::size_t k : m.plastic) m.plasticity[k]->save(out);
}

void Engine::restore(StateReader& in) {
    Impl& m = *impl_;
    in.get("step", step_);
    in.get("deliveries", m.delivered_before);
    for (PieceSpikes& piece : m.fired) piece.delivered = 0;
    for (std::size_t p = 0; p < m.history.size(); ++p) {
        if (m.groups[p]) m.groups[p]->restore(in);
        if (m.sources[p]) m.sources[p]->restore(in);
        m.history[p].restore(in);
    }
    for (const std::size_t k : m.plastic) m.plasticity[k]->restore(in);
}

void Engine::run(std::uint64_t steps, const Observer& observe, const std::function<bool()>& pause) {
    Impl& m = *impl_;
    const std::uint64_t end = step_ + steps;
    while (step_ < end) {
        throw_if_interrupted();
        const std::uint64_t first_step = step_;
        const auto n_steps = static_cast<std::uint32_t>(std::min<std::uint64_t>(block_, end - step_));
        for (const auto& source : m.sources)
            if (source) source->begin_block(first_step, n_steps);
        parallel_for(m.fired.size(), [&](std::uint64_t i) { m.advance(i, first_step, n_steps); });
        m.record(n_steps);
        if (!m.plastic.empty())
            parallel_for(m.plastic.size(), [&](std::uint64_t i) {
                const std::size_t k = m.plastic[i];
                m.plasticity[k]->record(m.history[m.network.projections[k].source], n_steps);
            });
        if (observe) observe(first_step, n_steps, m.spikes);
        step_ += n_steps;
        if (strict_ || step_ == end || step_ / check_every != first_step / check_every) m.look_for_not_finite(step_);
        if (pause && pause()) return;
    }
}

} // namespace mfm
