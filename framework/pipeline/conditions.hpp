// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "meanfield/model.hpp"
#include "simulate/simulate.hpp"
#include "simulate/spike_record.hpp"

namespace mfm {

/// The protocol's own numbers of a recorded condition, among all of the pipeline's.
[[nodiscard]] const ProtocolCondition& protocol_of(const std::vector<ProtocolCondition>& all, const PipelineConfig&,
                                                   const ConditionRecord&);

/// Rate of a Poisson population or of each train of a drive where nothing stimulates it, Hz.
[[nodiscard]] double own_rate(const PipelineConfig&, const std::string& source);

/// Rates of the external populations, in the order of MeanFieldModel::external(), when `target` is held at level_hz.
[[nodiscard]] std::vector<double> external_rates(const PipelineConfig&, const MeanFieldModel&, std::size_t target,
                                                 double level_hz);

} // namespace mfm
