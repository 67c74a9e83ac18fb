// SPDX-License-Identifier: Apache-2.0
#include "pipeline/budget.hpp"

#include <algorithm>

#include "transfer/fitted_function.hpp"
#include "transfer/sample.hpp"
#include "validate/error_budget.hpp"
#include "validate/metrics.hpp"

namespace mfm {
namespace {

const MeanFieldCondition* solved_condition(const MeanFieldResults& results, const ConditionRecord& record) {
    for (const MeanFieldCondition& c : results.conditions)
        if (c.stimulation == record.stimulation && c.condition == record.condition)
            return c.rate_hz.empty() ? nullptr : &c;
    return nullptr;
}

double fit_se(const MeanFieldModel& model, std::size_t p, const std::vector<double>& rate_hz) {
    const auto* fitted = dynamic_cast<const FittedTransfer*>(model.populations()[p].transfer.get());
    if (fitted == nullptr) return 0.0;
    std::vector<double> nu;
    for (const std::size_t s : model.pathways_into(p)) nu.push_back(rate_hz[model.pathways()[s].source]);
    try {
        return fitted->average_se(model.event_rates(p, nu), model.nodes(p).weight).value_or(0.0);
    } catch (const Error&) { // not defined there: the chain shows the gap
        return 0.0;
    }
}

/// The mean field at the network's rates in one condition; its populations in the order of the reduction.
OperatingState operating_state(const Reduction& r, const ConditionRecord& record, const MeanFieldModel& model,
                               const MeanFieldCondition& solved) {
    OperatingState state;
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        const MesoPopulation& meso = r.populations[p];
        state.rate_hz.push_back(meso.drive ? meso.rate_hz : record.population[meso.network_index].rate_hz);
        state.se_hz.push_back(meso.drive ? 0.0 : record.population[meso.network_index].rate_se_hz);
        state.given_hz.push_back(r.populations[p].external ? solved.rate_hz.at(p) : 0.0);
    }
    for (std::size_t p = 0; p < r.populations.size(); ++p)
        state.fit_se_hz.push_back(r.populations[p].external ? 0.0 : fit_se(model, p, state.rate_hz));
    return state;
}

} // namespace

void add_error_budgets(const PipelineConfig& config, const Reduction& r, const SpikeRecord& record,
                       const std::vector<TransferTable>& tables, const MeanFieldModel& model,
                       const MeanFieldModel* calibrated, const MeanFieldResults& results, ValidationReport& report) {
    const std::vector<const ConditionRecord*> conditions = stationary_conditions(record);
    for (std::size_t c = 0; c < conditions.size(); ++c) {
        const ConditionRecord& condition = *conditions[c];
        const MeanFieldCondition* solved = solved_condition(results, condition);
        if (solved == nullptr) continue;
        const MeanFieldModel& last = calibrated != nullptr ? *calibrated : model;
        const OperatingState state = operating_state(r, condition, last, *solved);
        const std::optional<LoopGain> loop = loop_gain(last, state);
        std::size_t next = 0;
        for (const std::size_t p : model.internal()) {
            const TransferTable& table = tables.at(next++);
            const MesoPopulation& meso = r.populations[p];
            const auto found = std::find_if(report.populations.begin(), report.populations.end(),
                                            [&](const PopulationReport& x) { return x.name == meso.name; });
            if (found == report.populations.end()) continue;
            const PopulationActivity& activity = condition.population[meso.network_index];
            const ChainInputs inputs{r,
                                     model,
                                     calibrated,
                                     table,
                                     p,
                                     c,
                                     activity,
                                     *solved,
                                     state,
                                     loop,
                                     config.transfer.cells == TransferConfig::Cells::Sampled,
                                     config.transfer.fluctuations == TransferConfig::Fluctuations::Recorded};
            BudgetRow row;
            row.stimulation = condition.stimulation;
            row.stimulus_hz = condition.level_hz;
            row.network_rate_hz = activity.rate_hz;
            row.mean_field_rate_hz = solved->rate_hz.at(p);
            row.floor_hz = rate_floor_hz(meso.n, (condition.duration - condition.transient) * 1e-3 * condition.trials);
            row.terms = budget_terms(activity.rate_hz, error_chain(inputs));
            row.loops = loop_terms(inputs, row.terms);
            found->error_budget.push_back(std::move(row));
        }
    }
}

} // namespace mfm
