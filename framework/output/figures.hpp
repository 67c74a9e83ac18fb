// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <vector>

#include "output/figure.hpp"
#include "simulate/spike_record.hpp"
#include "transfer/function.hpp"
#include "transfer/table.hpp"
#include "validate/compare.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// A cut through a fitted transfer function and the sampled points near it.
struct TransferCurve {
    double G_i = 0;                   ///< nS, summed inhibitory conductance, the same along the curve
    std::vector<double> G_e, rate_hz; ///< nS; the fit
    std::vector<double> sampled_G_e, sampled_hz, sampled_se_hz; ///< points within 15 % of this curve's G_i
};
struct TransferSlices {
    std::string population;
    double seconds = 0; ///< neuron-seconds behind each sampled point, the fewest
    std::vector<TransferCurve> curves;
};
/// How a pathway enters the slices.
struct SlicePathway {
    double K = 0; ///< in-degree: r = K nu
    bool excitatory = true;
};
/// Cuts of rate over excitatory conductance at up to `count` levels of inhibition, each through a sampled point of the
/// working range (quantiles of G_i); along a cut all excitatory pathways scale together.  Points with extra current are
/// left out; so are stretches where the function is not defined.
[[nodiscard]] TransferSlices transfer_slices(const TransferFunction&, std::span<const SlicePathway>,
                                             const TransferTable&, std::size_t count = 4);

/// Network against mean field over a stationary stimulus, one panel a population, error bars of one standard error.
[[nodiscard]] std::vector<Figure> rate_figures(const ValidationReport&);
/// The network's course with its band, the mean field's and the stimulus; one panel a population.
[[nodiscard]] Figure course_figure(const SpikeRecord&, std::size_t condition, std::span<const RecordedPopulation>,
                                   const MeanFieldResults&, double smoothing_ms);
[[nodiscard]] Figure transfer_figure(const TransferSlices&);

} // namespace mfm
