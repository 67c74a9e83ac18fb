// SPDX-License-Identifier: Apache-2.0
#include "pipeline/conditions.hpp"

namespace mfm {

const ProtocolCondition& protocol_of(const std::vector<ProtocolCondition>& all, const PipelineConfig& config,
                                     const ConditionRecord& record) {
    for (const ProtocolCondition& c : all)
        if (config.stimulations[c.stimulation].name == record.stimulation && c.condition == record.condition) return c;
    throw InputError("the recorded condition '" + record.label + "' is not in the pipeline any more");
}

std::vector<double> external_rates(const PipelineConfig& config, const MeanFieldModel& model, std::size_t target,
                                   double level_hz) {
    std::vector<double> out;
    for (const std::size_t p : model.external()) {
        const std::size_t index = config.population_index(model.populations()[p].name);
        out.push_back(index == target ? level_hz : config.populations[index].rate_hz);
    }
    return out;
}

} // namespace mfm
