// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "network/network.hpp"

namespace mfm {

/// The synapses of one projection onto one piece of its target population, by source cell.  Two bytes a synapse, and
/// what varies from synapse to synapse on top.
struct SynapseTable {
    std::size_t projection = 0, source = 0; ///< indices into the network's projections and populations
    std::uint32_t port = 0;
    double weight = 0.0;                                 ///< of every synapse, when `weights` is empty
    std::uint32_t shortest_delay = 1, longest_delay = 1; ///< steps; of every synapse, when `delays` is empty
    std::vector<std::uint32_t> row;                      ///< [n_source + 1]
    std::vector<std::uint16_t> narrow; ///< [synapses] target cells, counted from the piece's first ...
    std::vector<std::uint32_t> wide;   ///< ... in one of these two, by the size of the piece
    std::vector<double> weights;       ///< [synapses], or empty
    std::vector<std::uint16_t> delays; ///< [synapses] steps, ascending within a row, or empty
    [[nodiscard]] std::uint64_t synapses() const { return narrow.size() + wide.size(); }
};

/// Cells [first, first + n) of a population, with the synapses that they receive: what one task advances.
struct Piece {
    std::size_t population = 0;
    std::uint64_t first = 0, n = 0;
    std::vector<SynapseTable> synapses; ///< in the order of the projections
};

/// A network's synapses as its simulation needs them; made once for all runs.
/// A spike costs one look into each table of its population's projections, so a population is cut into so many pieces
/// at most; the tables are then linear in cells and synapses.
class Wiring {
public:
    /// cells: of a piece (a multiple of 16), or 0 for what suits the caches.
    Wiring(const PipelineConfig&, const Network&, std::uint64_t cells = 0);

    [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
    /// The least delay, but no more steps than are useful: what is simulated between two exchanges of spikes.
    [[nodiscard]] std::uint32_t block_steps() const { return block_; }
    /// Steps for which spikes of a population are needed after they were fired.
    [[nodiscard]] std::uint32_t longest_delay(std::size_t population) const { return longest_[population]; }
    /// Bytes of all tables.
    [[nodiscard]] std::uint64_t bytes() const;

private:
    std::uint32_t block_ = 1;
    std::vector<std::uint32_t> longest_; // [populations]
    std::vector<Piece> pieces_;
};

} // namespace mfm
