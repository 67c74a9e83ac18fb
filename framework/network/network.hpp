// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "support/progress.hpp"

namespace mfm {

/// Cells of one kind.  What they are is in PipelineConfig::populations at the same index.
struct Population {
    std::string name;
    std::uint64_t n = 0;
    std::array<std::vector<double>, 3> position; ///< um, [3][n]; empty when unplaced
};

/// The synapses of one projection as compressed rows by source; one entry a connected pair (contacts folded into the
/// weight).
struct Projection {
    std::string name;
    std::size_t source = 0, target = 0; ///< population indices
    std::uint32_t port = 0;
    std::vector<std::uint64_t> row; ///< [n_source + 1]
    std::vector<std::uint32_t> to;  ///< [synapses], sorted within a row
    std::vector<float> contacts;    ///< [synapses], or empty: 1 everywhere
    double weight = 0.0;            ///< per contact, nS or pA: the mean when weights vary
    std::vector<double> weights;    ///< [synapses] total weight, or empty: weight * contacts
    double delay = 0.0;             ///< ms: the mean when delays vary
    std::vector<double> delays;     ///< [synapses], or empty
    [[nodiscard]] std::uint64_t synapses() const { return to.size(); }
    /// Total weight of entry k.
    [[nodiscard]] double weight_of(std::uint64_t k) const {
        if (!weights.empty()) return weights[k];
        return contacts.empty() ? weight : weight * static_cast<double>(contacts[k]);
    }
};

/// In-degree statistics of one projection over all target cells, unconnected ones counted.
struct DegreeStatistics {
    double in_mean = 0, in_sd = 0;                     ///< pairs per target cell
    double in_mean_connected = 0, in_sd_connected = 0; ///< over target cells with at least one
    double out_mean_connected = 0, out_sd_connected = 0;
    double contacts_mean = 1, contacts_sd = 0, contacts_square_mean = 1; ///< per connected pair; E[m], sd, E[m^2]
    std::uint64_t connected_targets = 0;
};

struct Network {
    std::vector<Population> populations;
    std::vector<Projection> projections;
    std::array<double, 3> lower{0, 0, 0}, upper{0, 0, 0};
    std::string hash;
};

/// Pairs per target cell, [n_target].
[[nodiscard]] std::vector<std::uint32_t> in_degrees(const Network&, const Projection&);
[[nodiscard]] DegreeStatistics degree_statistics(const Network&, const Projection&);

/// Positions and numbers of all populations, in the pipeline's order; what build_network starts with.
[[nodiscard]] std::vector<Population> place_populations(const PipelineConfig&);

/// Degrees and contacts of every projection as a table to print, one line each.
[[nodiscard]] std::string degree_table(const Network&, const PipelineConfig&);

/// Places the cells and makes the synapses, in parallel; the same bits for any number of threads.
/// Throws InputError (zero cells, no such layer, ...) or PluginError.
[[nodiscard]] Network build_network(const PipelineConfig&, Progress&);

} // namespace mfm
