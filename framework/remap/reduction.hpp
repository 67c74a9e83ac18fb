// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/abi.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "network/network.hpp"

namespace mfm {

/// A derived number with the formula that gave it and what other conventions would give.
struct DerivedNumber {
    std::string name, unit, formula;
    double value = 0;
    std::vector<std::pair<std::string, double>> alternatives;
};

/// A meso-scale pathway: one presynaptic population (relays merged into it) onto one receptor port of another.
struct Pathway {
    std::string name;
    std::size_t source = 0, target = 0; ///< indices into Reduction::populations
    std::uint32_t port = 0;             ///< 0-based
    mfm_receptor receptor{};
    double K = 0, K_sd = 0;       ///< effective in-degree over all target cells
    double Q = 0;                 ///< effective peak conductance, nS (or pA)
    double delay = 0;             ///< ms, mean over paths
    double source_fraction = 1;   ///< rate of a mean source over the population rate of `source` (unconnected relays)
    std::vector<float> in_degree; ///< [cells of target], effective, mean K
    std::vector<DerivedNumber> derived;
};

struct MesoPopulation {
    std::string name;
    std::size_t network_index = 0;
    std::uint64_t n = 0;
    bool external = false; ///< a Poisson population or a drive: its rate is given
    bool drive = false;    ///< a [drive]: one Poisson train for every cell of its target, all independent
    double rate_hz = 0;    ///< of each of a drive's trains
};
/// MesoPopulation::network_index of a drive, which has no cells in the network.
inline constexpr std::size_t no_cells = ~std::size_t{0};

/// The circuit at the meso scale.  Relay populations are gone when merged; every [drive] of the pipeline is an external
/// population of as many sources as its target has cells, after those of the network.
struct Reduction {
    std::vector<MesoPopulation> populations;
    std::vector<Pathway> pathways;
    [[nodiscard]] std::vector<std::size_t> pathways_into(std::size_t population) const;
};

/// From the built network to pathways, nothing by hand.  Paths through relays end in pathways from the relays' sources:
/// with merge_relays the weights of all paths from one source cell to one target cell are summed (spikes of one source
/// arrive together), without it every relay cell counts as a source of its own.
///   Q = sum w^2 / sum w over all connected pairs,   K_i = sum_j w_ij / Q:
/// the mean of the summed conductance is exact for every cell, its variance on average (method: mean and variance of
/// shot noise).  A drive has K = 1 and its own weight, exactly.
[[nodiscard]] Reduction reduce(const PipelineConfig&, const Network&);
/// The connected pairs of one pathway, by target cell: event rate of target i = sum over its entries of weight * rate
/// of source.
struct PathwayEdges {
    std::vector<std::uint64_t> row;    ///< [n_target + 1]
    std::vector<std::uint32_t> source; ///< [pairs]
    std::vector<float> weight;         ///< [pairs] w_ij / Q
};
/// One for each of Reduction::pathways, merged as there.
[[nodiscard]] std::vector<PathwayEdges> pathway_edges(const PipelineConfig&, const Network&, const Reduction&);
/// Event rates (Hz) of the target cells for rates of the source cells.
[[nodiscard]] std::vector<double> event_rates(const PathwayEdges&, const std::vector<double>& source_rate_hz);

/// The reduction as a table for people: K, Q, delay of every pathway with what other conventions would give.
[[nodiscard]] std::string reduction_table(const Reduction&);

/// Whether a receptor depolarises the cell towards threshold: E_rev above the neuron's threshold (or above -40 mV where
/// the model names none); a current of positive weight Q does.
[[nodiscard]] bool is_excitatory(const mfm_receptor&, double Q, const PopulationConfig&);

/// Time integral of a unit-peak conductance or current, ms (e tau for alpha, tau for exponential); 1 for a delta pulse,
/// whose weight is the integral.
[[nodiscard]] double kernel_area(const mfm_receptor&);

} // namespace mfm
