// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
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

/// The fit over both summed conductances, every pathway with its mean share of its axis; empty without inhibition.
struct TransferMap {
    std::vector<double> G_e, G_i;               ///< nS, centres of the columns and rows
    std::vector<std::optional<double>> rate_hz; ///< [rows x columns], nothing where the function is not defined
};
[[nodiscard]] TransferMap transfer_map(const TransferFunction&, std::span<const SlicePathway>, const TransferTable&);

/// Network against mean field over a stationary stimulus with relative errors, one panel a population, one figure a
/// stimulation; error bars of one standard error.
[[nodiscard]] std::vector<Figure> rate_figures(const ValidationReport&);
/// Standard deviations of the populations' activity, where the report has them; likewise.
[[nodiscard]] std::vector<Figure> fluctuation_figures(const ValidationReport&);
/// The network's course with its band, the mean field's and the stimulus; one panel a population.
[[nodiscard]] Figure course_figure(const SpikeRecord&, std::size_t condition, std::span<const RecordedPopulation>,
                                   const MeanFieldResults&, double smoothing_ms);
/// Spikes of some cells and the rates of all populations in the condition whose raster the record has; nothing when it
/// has none.
[[nodiscard]] std::optional<Figure> raster_figure(const SpikeRecord&, std::span<const RecordedPopulation>,
                                                  double smoothing_ms);
/// Histograms of the rates of single cells, at up to three levels of a stationary stimulus; one figure a stimulation.
[[nodiscard]] std::vector<Figure> cell_rate_figures(const SpikeRecord&, std::span<const RecordedPopulation>);
[[nodiscard]] Figure transfer_figure(const TransferSlices&);
/// The map with the sampled points, and residuals; nothing when no point has a fitted rate.
[[nodiscard]] std::optional<Figure> fit_figure(const TransferTable&, std::span<const std::optional<double>> fitted_hz,
                                               const TransferMap&);

} // namespace mfm
