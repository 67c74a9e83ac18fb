// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "simulate/spike_record.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// A population of the spike record.
struct RecordedPopulation {
    std::string name;
    std::uint64_t cells = 0;
    bool modelled = true; ///< false: its rate is given (Poisson) or relayed, there is nothing to validate
};

/// Part of a time-varying condition that is compared, in ms: from 50 ms before the stimulus to 150 ms after it where it
/// has an end, else all of it; never before the transient.
struct ComparisonWindow {
    double from_ms = 0, to_ms = 0;
};
[[nodiscard]] ComparisonWindow comparison_window(const ConditionRecord&);

/// The mean field's course on the network's course bins (linear between its times), and the bins its times cover.
struct ResampledCourse {
    std::vector<double> hz; ///< [bins]
    std::size_t first = 0, last = 0;
};
[[nodiscard]] ResampledCourse resample(std::span<const double> time_ms, std::span<const double> hz, double bin_ms,
                                       std::size_t bins);

/// Rows of every modelled population and what each condition showed.  Conditions are matched by stimulation and number;
/// populations by name.  Those that stimulate a part of a population are set apart: the mean field has no part in them.
/// Transfer functions and the verdict are left for the caller.
[[nodiscard]] ValidationReport compare(const SpikeRecord&, std::span<const RecordedPopulation>, const MeanFieldResults&,
                                       const ValidationConfig&);

/// One row of the operating-point test with its relative error, from rates that may be missing.
[[nodiscard]] OperatingPointRow operating_point_row(double stimulus_hz, std::optional<double> network_hz,
                                                    std::optional<double> poisson_hz, std::optional<double> transfer_hz,
                                                    double floor_hz);

/// A sentence about the pair of points of equal summed conductances whose rates differ most, where they differ by more
/// than the tolerance and three standard errors; else "".
[[nodiscard]] std::string share_warning(const std::string& population, const SamplingSummary&);

} // namespace mfm
