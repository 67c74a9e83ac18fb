// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/model.hpp"
#include "simulate/spike_record.hpp"
#include "validate/report.hpp"

namespace mfm {

/// The levels (Hz) that a calibration is fitted to, out of those of the stationary stimuli (in any order, repeated or
/// not): the ones that it names, or up to three spread from the lowest to the highest.  Throws InputError for a level
/// that there is not, and when none would be left to test on.
[[nodiscard]] std::vector<double> calibration_levels(const CalibrationConfig&, std::vector<double> levels_hz);
/// The same from the file alone, before anything is run.  Does nothing without a calibration.
void check_calibration(const PipelineConfig&);

/// A mean field whose in-degrees are scaled, and the scales.
struct Calibrated {
    MeanFieldModel model;
    CalibrationReport report;
};
[[nodiscard]] Calibrated calibrate(const PipelineConfig&, const MeanFieldModel&, const SpikeRecord&);

/// Marks the rows that the calibration has seen.
void mark_calibrated(ValidationReport&, const CalibrationReport&);

} // namespace mfm
