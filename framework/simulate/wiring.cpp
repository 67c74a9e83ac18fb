// SPDX-License-Identifier: Apache-2.0
#include "simulate/wiring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "support/parallel.hpp"

namespace mfm {
namespace {

constexpr std::uint32_t longest_block = 64;          // steps
constexpr std::uint64_t least_cells = 1024;          // of a piece: its state and input fit into the second-level cache
constexpr std::uint64_t least_cell_steps = 16384;    // of a piece in a block: short blocks take larger pieces,
constexpr std::uint64_t most_cells_for_steps = 4096; // as far as the cache allows
constexpr std::uint64_t most_pieces = 64;            // of a population
constexpr std::uint64_t most_synapses = std::uint64_t{1} << 31; // of a table on average: its rows have 32-bit indices

std::uint32_t delay_steps(double delay, double dt) {
    return static_cast<std::uint32_t>(std::max(1.0, std::round(delay / dt)));
}

/// How many synapses stand for entry k: a relay passes on every contact as a spike of its own.
std::uint32_t copies(const Projection& p, bool relay, std::uint64_t k) {
    return relay && !p.contacts.empty() ? static_cast<std::uint32_t>(std::lround(p.contacts[k])) : 1u;
}

std::uint64_t cells_of_piece(std::uint64_t n, std::uint64_t synapses, std::uint32_t block) {
    const auto round_up = [](std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b * b; };
    std::uint64_t cells = std::clamp(least_cell_steps / block, least_cells, most_cells_for_steps);
    cells = std::max(cells, (n + most_pieces - 1) / most_pieces);
    if (synapses > most_synapses) cells = std::min(cells, n / (synapses / most_synapses + 1) + 1);
    return round_up(cells, MFM_BATCH_ALIGNMENT);
}

/// The entries of source row s that end in the piece.
std::pair<std::uint64_t, std::uint64_t> entries(const Projection& p, const Piece& piece, std::uint64_t s) {
    const auto at = [&](std::uint64_t k) { return p.to.begin() + static_cast<std::ptrdiff_t>(k); };
    const auto low = std::lower_bound(at(p.row[s]), at(p.row[s + 1]), piece.first);
    const auto high = std::lower_bound(low, at(p.row[s + 1]), piece.first + piece.n);
    return {static_cast<std::uint64_t>(low - p.to.begin()), static_cast<std::uint64_t>(high - p.to.begin())};
}

SynapseTable make_table(const Projection& p, const Piece& piece, double dt, bool relay) {
    SynapseTable out;
    out.source = p.source;
    out.port = p.port;
    out.weight = p.weight;
    out.shortest_delay = out.longest_delay = delay_steps(p.delay, dt);
    const std::uint64_t n_source = p.row.empty() ? 0 : p.row.size() - 1;
    out.row.assign(n_source + 1, 0);
    std::uint64_t total = 0;
    for (std::uint64_t s = 0; s < n_source; ++s) {
        const auto [low, high] = entries(p, piece, s);
        for (std::uint64_t k = low; k < high; ++k) total += copies(p, relay, k);
        if (total > std::numeric_limits<std::uint32_t>::max())
            throw InputError(fmt::format("projection '{}' has more than {} synapses onto {} neighbouring cells, more "
                                         "than the simulation can index",
                                         p.name, std::numeric_limits<std::uint32_t>::max(), piece.n));
        out.row[s + 1] = static_cast<std::uint32_t>(total);
    }
    const bool varied_weights = !relay && (!p.weights.empty() || !p.contacts.empty());
    const bool narrow = piece.n <= std::numeric_limits<std::uint16_t>::max() + 1u;
    (narrow ? out.narrow.reserve(total) : out.wide.reserve(total));
    if (varied_weights) out.weights.reserve(total);
    if (!p.delays.empty()) out.delays.reserve(total);
    std::vector<std::uint64_t> order;
    std::vector<std::uint32_t> steps;
    for (std::uint64_t s = 0; s < n_source; ++s) {
        const auto [low, high] = entries(p, piece, s);
        order.resize(high - low);
        std::iota(order.begin(), order.end(), low);
        if (!p.delays.empty()) {
            steps.resize(high - low);
            for (std::uint64_t k = low; k < high; ++k) steps[k - low] = delay_steps(p.delays[k], dt);
            std::stable_sort(order.begin(), order.end(), [&, low = low](std::uint64_t a, std::uint64_t b) {
                return steps[a - low] < steps[b - low];
            });
        }
        for (const std::uint64_t k : order)
            for (std::uint32_t copy = copies(p, relay, k); copy > 0; --copy) {
                const std::uint64_t to = p.to[k] - piece.first;
                if (narrow)
                    out.narrow.push_back(static_cast<std::uint16_t>(to));
                else
                    out.wide.push_back(static_cast<std::uint32_t>(to));
                if (varied_weights) out.weights.push_back(p.weight_of(k));
                if (!p.delays.empty()) out.delays.push_back(static_cast<std::uint16_t>(steps[k - low]));
            }
    }
    if (!out.delays.empty()) {
        const auto [least, most] = std::minmax_element(out.delays.begin(), out.delays.end());
        out.shortest_delay = *least;
        out.longest_delay = *most;
    }
    return out;
}

} // namespace

Wiring::Wiring(const PipelineConfig& config, const Network& network, std::uint64_t cells_asked)
    : longest_(network.populations.size(), 1) {
    const double dt = config.simulation.dt;
    block_ = longest_block;
    std::vector<std::uint64_t> synapses(network.populations.size(), 0);
    for (const Projection& p : network.projections) {
        double low = p.delay, high = p.delay;
        if (!p.delays.empty()) {
            const auto [least, most] = std::minmax_element(p.delays.begin(), p.delays.end());
            low = *least;
            high = *most;
            if (delay_steps(high, dt) > std::numeric_limits<std::uint16_t>::max())
                throw InputError(fmt::format("projection '{}' has a delay of {} ms; delays that vary from synapse to "
                                             "synapse may have at most {} steps, {} ms",
                                             p.name, high, std::numeric_limits<std::uint16_t>::max(),
                                             std::numeric_limits<std::uint16_t>::max() * dt));
        }
        block_ = std::min(block_, delay_steps(low, dt));
        longest_[p.source] = std::max(longest_[p.source], delay_steps(high, dt));
        synapses[p.target] = std::max(synapses[p.target], p.synapses());
    }
    struct Table {
        std::size_t piece, slot, projection;
    };
    std::vector<Table> tables;
    for (std::size_t i = 0; i < network.populations.size(); ++i) {
        const std::uint64_t n = network.populations[i].n;
        const auto kind = config.populations[i].kind;
        // The spikes of a relay are put in order, for which one task must see them all.
        const std::uint64_t cells = kind == PopulationConfig::Kind::Relay ? n
                                    : cells_asked > 0                     ? cells_asked
                                                                          : cells_of_piece(n, synapses[i], block_);
        for (std::uint64_t first = 0; first < n; first += cells) {
            Piece piece{i, first, std::min(cells, n - first), {}};
            for (std::size_t k = 0; k < network.projections.size(); ++k)
                if (network.projections[k].target == i && network.projections[k].synapses() > 0)
                    tables.push_back({pieces_.size(), piece.synapses.size(), k}), piece.synapses.emplace_back();
            pieces_.push_back(std::move(piece));
        }
    }
    parallel_for(tables.size(), [&](std::uint64_t i) {
        const Table& t = tables[i];
        Piece& piece = pieces_[t.piece];
        piece.synapses[t.slot] = make_table(network.projections[t.projection], piece, dt,
                                            config.populations[piece.population].kind == PopulationConfig::Kind::Relay);
        piece.synapses[t.slot].projection = t.projection;
    });
    // A table without synapses has no delays to say which spikes count.
    for (Piece& piece : pieces_) std::erase_if(piece.synapses, [](const SynapseTable& t) { return t.row.back() == 0; });
}

std::uint64_t Wiring::bytes() const {
    std::uint64_t sum = 0;
    for (const Piece& piece : pieces_)
        for (const SynapseTable& t : piece.synapses)
            sum += t.row.capacity() * sizeof(std::uint32_t) + t.narrow.capacity() * sizeof(std::uint16_t) +
                   t.wide.capacity() * sizeof(std::uint32_t) + t.weights.capacity() * sizeof(double) +
                   t.delays.capacity() * sizeof(std::uint16_t);
    return sum;
}

} // namespace mfm
