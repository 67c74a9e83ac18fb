// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/model.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "transfer/table.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// What the error of each stationary rate is made of (docs/science.md), into the report's populations.  calibrated: the
/// model that was solved, where that is not `model` itself; NULL otherwise.
void add_error_budgets(const PipelineConfig&, const Reduction&, const SpikeRecord&, const std::vector<TransferTable>&,
                       const MeanFieldModel& model, const MeanFieldModel* calibrated, const MeanFieldResults&,
                       ValidationReport&);

} // namespace mfm
