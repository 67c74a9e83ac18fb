// SPDX-License-Identifier: Apache-2.0
#include "pipeline/conditions.hpp"

namespace mfm {

const ProtocolCondition& protocol_of(const std::vector<ProtocolCondition>& all, const PipelineConfig& config,
                                     const ConditionRecord& record) {
    for (const ProtocolCondition& c : all) {
        const bool same = c.stimulation == no_stimulation
                              ? record.stimulation == drive_condition
                              : config.stimulations[c.stimulation].name == record.stimulation;
        if (same && c.condition == record.condition) return c;
    }
    throw InputError("the recorded condition '" + record.label + "' is not in the pipeline any more");
}

double own_rate(const PipelineConfig& config, const std::string& source) {
    for (const DriveConfig& d : config.drives)
        if (d.name == source) return d.rate_hz;
    return config.populations[config.population_index(source)].rate_hz;
}

std::vector<double> external_rates(const PipelineConfig& config, const MeanFieldModel& model, std::size_t target,
                                   double level_hz) {
    std::vector<double> out;
    for (const std::size_t p : model.external()) {
        const std::string& name = model.populations()[p].name;
        const bool stimulated = target != no_stimulation && config.populations[target].name == name;
        out.push_back(stimulated ? level_hz : own_rate(config, name));
    }
    return out;
}

} // namespace mfm
