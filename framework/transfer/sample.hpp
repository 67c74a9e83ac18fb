// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "config/pipeline.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "support/progress.hpp"
#include "transfer/measure.hpp"
#include "transfer/table.hpp"

namespace mfm {

/// What the mean field needs to know of a neuron's slow adaptation.
struct Adaptation {
    double rate = 0;      ///< k_2, 1/ms; 0: the model has no adaptation state
    double increment = 0; ///< A_2, pA per spike
};
/// From the plugin's roles and its linearised equations.
[[nodiscard]] Adaptation adaptation_of(const PopulationConfig&);

/// Rates of the meso populations on the network's path: one row a stationary condition, in order of the stimulus.
struct RatePath {
    std::vector<double> level_hz;
    std::vector<std::vector<double>> rate_hz; ///< [condition][meso population]
    std::vector<std::vector<double>> cv_isi;  ///< likewise: CV of the cells' intervals, 1 for external ones
};
/// The stationary conditions of a record in which whole populations are stimulated, but for those off the path, by
/// increasing stimulus; throws
/// InputError when there is none.
[[nodiscard]] std::vector<const ConditionRecord*> stationary_conditions(const SpikeRecord&);
[[nodiscard]] RatePath rate_path(const Reduction&, const SpikeRecord&);

/// The numerical transfer function of one population, sampled with its own neuron plugin on the mean cell or on `cells`
/// (PointSampler).  Points cover the working range around the network's path (Use::Working; none when no basis has
/// coefficients to fit), a wide range with silent inhibition included (Use::Wide), further points of the working range
/// for testing only (Use::HeldOut), and, where adaptation is slow, points with a constant current (Use::Current).
[[nodiscard]] TransferTable sample_transfer(const PipelineConfig&, const Reduction&, const RatePath&,
                                            const SourceStatistics&, const SampledCells* cells, std::size_t population,
                                            Progress&);
/// Working points that the most demanding basis needs to be fitted and cross-validated, less the wide ones.
[[nodiscard]] std::size_t fewest_working_points(const TransferConfig&);
/// Points that sample_transfer will compute, for progress.
[[nodiscard]] std::size_t sample_count(const PipelineConfig&, const Reduction&, std::size_t population);

} // namespace mfm
