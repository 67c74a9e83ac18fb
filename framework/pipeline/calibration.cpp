// SPDX-License-Identifier: Apache-2.0
#include "pipeline/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "meanfield/calibration.hpp"
#include "simulate/simulate.hpp"
#include "transfer/sample.hpp"

namespace mfm {
namespace {

/// Levels are what the protocol's plugin says, which may have rounded.
bool same_level(double a, double b) {
    return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}
bool contains(const std::vector<double>& levels, double level) {
    return std::any_of(levels.begin(), levels.end(), [&](double x) { return same_level(x, level); });
}

std::string listed(const std::vector<double>& levels) {
    std::string text;
    for (std::size_t i = 0; i < levels.size(); ++i)
        text += fmt::format("{}{:g}", i == 0 ? "" : i + 1 == levels.size() ? " and " : ", ", levels[i]);
    return text + " Hz";
}

} // namespace

std::vector<double> calibration_levels(const CalibrationConfig& config, std::vector<double> levels_hz) {
    std::sort(levels_hz.begin(), levels_hz.end());
    levels_hz.erase(std::unique(levels_hz.begin(), levels_hz.end(), same_level), levels_hz.end());
    const std::size_t n = levels_hz.size();
    if (n < 2)
        throw InputError(config.where,
                         fmt::format("mean_field.calibration needs at least two levels of stationary stimuli, one to "
                                     "calibrate on and one to test on, and there {}; add levels to the sweep",
                                     n == 0 ? "is none" : "is one, " + listed(levels_hz)));
    std::vector<double> chosen;
    if (config.levels_hz.empty()) {
        const std::size_t wanted = std::min<std::size_t>(3, n - 1);
        for (std::size_t i = 0; i < wanted; ++i)
            chosen.push_back(levels_hz[wanted == 1 ? 0 : i * (n - 1) / (wanted - 1)]);
        return chosen;
    }
    for (const double level : config.levels_hz) {
        if (!contains(levels_hz, level))
            throw InputError(config.where, fmt::format("mean_field.calibration.levels has {:g} Hz, but the network is "
                                                       "stimulated at {}",
                                                       level, listed(levels_hz)));
        if (!contains(chosen, level)) chosen.push_back(level);
    }
    if (chosen.size() == n)
        throw InputError(config.where, fmt::format("mean_field.calibration.levels has every level of the stationary "
                                                   "stimuli ({}): leave one out, so that the calibrated model can be "
                                                   "tested on a rate that it has not seen",
                                                   listed(levels_hz)));
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

void check_calibration(const PipelineConfig& config) {
    if (!config.mean_field.calibration) return;
    std::vector<double> levels;
    for (const ProtocolCondition& c : protocol_conditions(config))
        // Whether a ball holds every cell is known once there are cells.
        if (c.stationary && !config.stimulations[c.stimulation].within) levels.push_back(c.level_hz);
    static_cast<void>(calibration_levels(*config.mean_field.calibration, levels));
}

Calibrated calibrate(const PipelineConfig& config, const MeanFieldModel& model, const SpikeRecord& record) {
    const CalibrationConfig& calibration = *config.mean_field.calibration;
    const std::vector<const ConditionRecord*> conditions = stationary_conditions(record);
    std::vector<double> levels;
    for (const ConditionRecord* c : conditions) levels.push_back(c->level_hz);
    CalibrationReport report;
    report.lambda = calibration.lambda;
    report.levels_hz = calibration_levels(calibration, levels);
    std::vector<std::vector<double>> rates;
    for (const ConditionRecord* c : conditions) {
        if (!contains(report.levels_hz, c->level_hz)) continue;
        rates.emplace_back();
        for (const PopulationModel& p : model.populations())
            rates.back().push_back(c->population[config.population_index(p.name)].rate_hz);
    }
    const std::vector<double> scales = calibration_scales(model, rates, calibration.lambda);
    for (std::size_t s = 0; s < scales.size(); ++s) {
        const Pathway& w = model.pathways()[s];
        report.scales.push_back(
            {w.name, model.populations()[w.source].name, model.populations()[w.target].name, scales[s]});
    }
    return {model.with_scales(scales), std::move(report)};
}

void mark_calibrated(ValidationReport& report, const CalibrationReport& calibration) {
    for (PopulationReport& p : report.populations)
        for (StationaryRow& row : p.stationary) row.calibrated_on = contains(calibration.levels_hz, row.stimulus_hz);
    report.calibration = calibration;
}

} // namespace mfm
