// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "config/pipeline.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"

namespace mfm {

/// Real cells of a population with their own sources and weights: what its transfer function is measured on with
/// transfer.cells = "sampled".  The mean of their rates is then the population's, without an average over in-degrees.
struct SampledCells {
    std::vector<std::uint32_t> cell; ///< of the population
    struct Input {                   ///< one pathway
        /// [cells] one Poisson train with the mean and the variance of all the cell's sources together: events per
        /// second for each Hz of the source population's rate, and their weight (nS or pA).
        std::vector<double> events, weight;
        std::vector<std::uint64_t> row;                 ///< [cells + 1]
        std::vector<std::uint32_t> source;              ///< [sources] cell of the source population
        std::vector<double> source_rate, source_weight; ///< [sources] rho_j; w_ij, nS or pA
        double sources = 0;                             ///< mean number of sources a cell
    };
    std::vector<Input> input; ///< in the order of Reduction::pathways_into
    [[nodiscard]] std::size_t size() const { return cell.size(); }
};

/// All spikes of the circuit's cells in one stationary condition of the network.
struct CircuitSpikes {
    double length = 0;           ///< ms
    std::vector<double> rate_hz; ///< [meso populations] in that time
    struct Population {
        std::vector<std::uint64_t> row; ///< [cells + 1]
        std::vector<float> time;        ///< ms, below length, ascending for each cell
        [[nodiscard]] std::span<const float> of(std::uint32_t cell) const {
            return std::span(time).subspan(row[cell], row[cell + 1] - row[cell]);
        }
    };
    std::vector<Population> population; ///< [meso populations]
};

/// What every cell fired in the first trial of a condition, after the transient; its spikes must have been recorded.
/// Drives have none.
[[nodiscard]] CircuitSpikes circuit_spikes(const Reduction&, const ConditionRecord&);

/// Up to `most` cells of the population that stand for all of it: the cells are split again and again, at the median of
/// the pathway whose summed weights vary most, into as many equal parts as cells are wanted, and one of each part is
/// drawn.  rho [meso populations][cells]: rate of each source over its population's mean, or empty: 1.
[[nodiscard]] SampledCells sample_cells(const PipelineConfig&, const Reduction&, std::span<const PathwayEdges>,
                                        const std::vector<std::vector<double>>& rho, std::size_t population,
                                        std::size_t most);

} // namespace mfm
