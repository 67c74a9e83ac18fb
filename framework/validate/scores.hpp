// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "config/pipeline.hpp"
#include "simulate/spike_record.hpp"
#include "validate/compare.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// When a stimulus acts; all in ms.  end: of the response, 150 ms after the stimulus or at the end of the course.
struct ResponseTimes {
    double transient = 0, onset = 0, end = 0, duration = 0;
};
[[nodiscard]] ResponseTimes response_times(const ConditionRecord&);

/// Scores of the response r(t) of a population (Hz, bins of bin_ms) to a stimulus s(t) (Hz, likewise; may be empty).
/// r~ is r smoothed by a box of smoothing_ms.
///   baseline    mean of r from the transient's end to the onset
///   peak        largest r~ from the onset to the end of the response, at t_p
///   pause       least r~ from t_p to the end of the response
///   pause depth (baseline - pause) / baseline; negative: the rate never fell below its baseline
///   pause_ms    time from t_p on with r~ below baseline - half of the fall; nothing without a fall
///   area        integral of r - baseline from the onset to the end of the response: spikes a cell
///   correlation Pearson's, of s and r averaged in windows of 20 ms every 5 ms, from the transient's end on
///   mutual information (bits) of the same pairs: entropies of k x k classes of equal counts (equal values stay in one
///     class), k = sqrt(n / 5) between 2 and 16 for n windows without overlap, less the bias of Miller (1955) for n
/// Scores that need a baseline are empty where the stimulus has no time before or after it.
[[nodiscard]] ResponseScores response_scores(std::span<const double> response_hz, std::span<const double> stimulus_hz,
                                             double bin_ms, const ResponseTimes&, double smoothing_ms);

/// The pairs' mutual information in bits, `independent` of them being independent; nothing for fewer than 8.
[[nodiscard]] std::optional<double> mutual_information(std::span<const double> x, std::span<const double> y,
                                                       double independent);
/// Pearson's correlation; nothing where one does not vary.
[[nodiscard]] std::optional<double> correlation(std::span<const double> x, std::span<const double> y);

/// Scores of every condition that varies in time, network and mean field, into the report's populations.
void add_scores(const SpikeRecord&, std::span<const RecordedPopulation>, const MeanFieldResults&,
                const ValidationConfig&, ValidationReport&);

} // namespace mfm
