// SPDX-License-Identifier: Apache-2.0
#include "validate/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "validate/metrics.hpp"
#include "validate/rhythm.hpp"
#include "validate/spectrum.hpp"

namespace mfm {
namespace {

const MeanFieldCondition* find_condition(const MeanFieldResults& results, const ConditionRecord& record) {
    for (const auto& c : results.conditions)
        if (c.stimulation == record.stimulation && c.condition == record.condition) return &c;
    return nullptr;
}

std::optional<double> at(const std::vector<double>& values, std::optional<std::size_t> i) {
    if (!i || *i >= values.size()) return std::nullopt;
    return values[*i];
}

std::optional<std::size_t> index_of(const std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
}

double counted_seconds(const ConditionRecord& c) {
    return (c.duration - c.transient) * 1e-3 * c.trials;
}

StationaryRow stationary_row(const ConditionRecord& record, const PopulationActivity& activity, std::uint64_t cells,
                             const MeanFieldCondition* model, std::optional<std::size_t> in_model) {
    StationaryRow row;
    row.stimulation = record.stimulation;
    row.stimulus_hz = record.level_hz;
    row.network_rate_hz = activity.rate_hz;
    if (activity.firing_fraction > 0.0) row.network_rate_firing_hz = activity.rate_firing_hz;
    row.network_rate_se_hz = activity.rate_se_hz;
    row.floor_hz = rate_floor_hz(cells, counted_seconds(record));
    if (model != nullptr) {
        row.mean_field_rate_hz = at(model->rate_hz, in_model);
        row.mean_field_mean_k_rate_hz = at(model->mean_k_rate_hz, in_model);
        row.uncalibrated_rate_hz = at(model->uncalibrated_rate_hz, in_model);
    }
    if (row.uncalibrated_rate_hz)
        row.uncalibrated_error = relative_error(*row.uncalibrated_rate_hz, activity.rate_hz, row.floor_hz);
    if (row.mean_field_rate_hz)
        row.relative_error = relative_error(*row.mean_field_rate_hz, activity.rate_hz, row.floor_hz);
    return row;
}

std::optional<double> root(std::optional<double> variance) {
    return variance && *variance >= 0 ? std::optional(std::sqrt(*variance)) : std::nullopt;
}

/// Of population `p` of the record, which is `in_model` of the mean field.
FluctuationRow fluctuation_row(const ConditionRecord& record, std::size_t p, std::uint64_t cells,
                               const MeanFieldResults& results, const MeanFieldCondition* model,
                               std::optional<std::size_t> in_model) {
    const PopulationActivity& activity = record.population.at(p);
    const SampleWindow window =
        window_of(record.transient, record.duration, record.course_bin, activity.course_hz.size());
    FluctuationRow row;
    row.stimulation = record.stimulation;
    row.stimulus_hz = record.level_hz;
    const std::size_t n = record.population.size(), P = results.populations.size();
    if (const double bin_s = 1e-3 * results.bin_ms; bin_s > 0) {
        if (const auto sd = root(at(record.count_covariance, p * n + p))) row.network_sd_hz = *sd / bin_s;
        if (cells > 0) row.independent_sd_hz = std::sqrt(activity.rate_hz / (static_cast<double>(cells) * bin_s));
    }
    // The course is a mean over trials, whose fluctuations are independent.
    if (const auto sd = filtered_standard_deviation(activity.course_hz, record.course_bin, results.T_ms, window))
        row.network_within_T_sd_hz = *sd * std::sqrt(static_cast<double>(record.trials));
    if (model == nullptr || !in_model) return row;
    const std::size_t diagonal = *in_model * P + *in_model;
    row.mean_field_sd_hz = root(at(model->linear.covariance, diagonal));
    row.noisy_sd_hz = root(at(model->noisy.covariance, diagonal));
    row.noisy_rate_hz = at(model->noisy.mean_hz, in_model);
    row.second_order_sd_hz = root(at(model->covariance, diagonal));
    row.first_order_rate_hz = at(model->first_order_hz, in_model);
    return row;
}

SpectrumRow spectrum_row(const ConditionRecord& record, const PopulationActivity& activity,
                         const std::string& population, const MeanFieldResults& results,
                         const MeanFieldCondition* model, std::optional<std::size_t> in_model) {
    SpectrumRow row;
    row.stimulation = record.stimulation;
    row.label = record.label;
    row.condition = record.condition;
    row.stimulus_hz = record.level_hz;
    row.population = population;
    const auto window = window_of(record.transient, record.duration, record.course_bin, activity.course_hz.size());
    if (const auto periodogram = Periodogram::of(activity.course_hz, record.course_bin, window))
        for (const double f : results.frequency_hz) row.network.push_back(periodogram->power(f) * record.trials);
    if (model == nullptr || !in_model) return row;
    const auto series = [&](const std::vector<std::vector<double>>& all) {
        return *in_model < all.size() ? all[*in_model] : std::vector<double>{};
    };
    row.mean_field = series(model->linear.power);
    row.noisy = series(model->noisy.power);
    row.response_gain = series(model->response_gain);
    row.response_phase_deg = series(model->response_phase_deg);
    return row;
}

/// The mean field's fixed points with the rates of the report's populations alone.
std::vector<StationaryPoint> reported_points(const MeanFieldCondition& model, const MeanFieldResults& results,
                                             const std::vector<PopulationReport>& populations) {
    std::vector<StationaryPoint> points = model.points;
    for (StationaryPoint& point : points) {
        std::vector<double> rates;
        for (const PopulationReport& p : populations)
            rates.push_back(at(point.rate_hz, index_of(results.populations, p.name))
                                .value_or(std::numeric_limits<double>::quiet_NaN()));
        point.rate_hz = rates;
    }
    return points;
}

DynamicRow dynamic_row(const ConditionRecord& record, const PopulationActivity& activity, const std::string& stimulus,
                       const MeanFieldCondition* model, std::optional<std::size_t> in_model,
                       const ValidationConfig& config) {
    DynamicRow row;
    row.stimulus = stimulus;
    const double bin = record.course_bin;
    const auto& course = activity.course_hz;
    const std::size_t n = course.size();
    if (n == 0) return row;
    const auto part = comparison_window(record);
    SampleWindow window = window_of(part.from_ms, part.to_ms, bin, n);
    const auto network = smooth_box(course, config.smoothing, bin);
    row.peak_network_hz = peak(network, window);

    if (model == nullptr || !in_model || *in_model >= model->course_hz.size() || !model->failure.empty()) return row;
    const auto resampled = resample(model->time_ms, model->course_hz[*in_model], bin, n);
    const auto mean_field = smooth_box(resampled.hz, config.smoothing, bin);
    window.first = std::max(window.first, resampled.first);
    window.last = std::min(window.last, resampled.last);
    row.rmse_hz = rmse(network, mean_field, window);
    row.peak_mean_field_hz = peak(mean_field, window);

    if (!(record.frequency_hz > 0.0)) return row;
    // A sinusoid that starts in the middle of a run has a transient of its own: its first period is left out.
    const double end = record.offset > record.onset ? record.offset : record.duration;
    const double period = 1e3 / record.frequency_hz;
    const double start =
        std::max(record.transient, record.onset > record.transient ? record.onset + period : record.onset);
    SampleWindow fitted = window_of(start, end, bin, n);
    fitted.first = std::max(fitted.first, resampled.first);
    fitted.last = std::min(fitted.last, resampled.last);
    // Both sides pass through the same box, so ratio and phase difference are free of its effect.
    const auto a = fit_sinusoid(network, record.frequency_hz, bin, fitted);
    const auto b = fit_sinusoid(mean_field, record.frequency_hz, bin, fitted);
    if (!a || !b) return row;
    if (a->amplitude > 0.0) row.amplitude_ratio = b->amplitude / a->amplitude;
    if (a->amplitude > 0.0 && b->amplitude > 0.0)
        row.phase_difference_deg = phase_difference(b->phase_deg, a->phase_deg);
    return row;
}

/// The modelled population whose rate swings most beyond its slower fluctuations near this frequency, if any does.
void find_rhythm(const ConditionRecord& c, std::span<const RecordedPopulation> populations, double frequency_hz,
                 ConditionFinding& finding) {
    double best = 0.0;
    for (std::size_t p = 0; p < populations.size(); ++p) {
        if (!populations[p].modelled) continue;
        const auto& course = c.population.at(p).course_hz;
        const auto window = window_of(c.transient, c.duration, c.course_bin, course.size());
        const auto power = rhythm_power(course, c.course_bin, window, frequency_hz, populations[p].cells, c.trials);
        if (!power || !is_rhythmic(*power) || power->power / power->slow_power <= best) continue;
        best = power->power / power->slow_power;
        finding.rhythmic_population = populations[p].name;
        finding.rhythm_hz = power->frequency_hz;
    }
}

NetworkCondition network_condition(const ConditionRecord& c, std::span<const RecordedPopulation> populations) {
    NetworkCondition out{c.stimulation, c.label, "", c.transient, c.duration, c.trials, {}};
    out.reason = fmt::format("'{}' drives {} of the {} cells of '{}', and a mean field, which knows one rate a "
                             "population, cannot represent a part of it.",
                             c.stimulation, c.stimulated_cells, c.target_cells, c.target);
    for (std::size_t p = 0; p < populations.size(); ++p) {
        const PopulationActivity& a = c.population.at(p);
        NetworkRow row{populations[p].name, populations[p].cells, a.rate_hz, a.rate_sd_hz, {}, {}, {}};
        if (a.rate_se_hz > 0.0) row.rate_se_hz = a.rate_se_hz;
        if (a.firing_fraction > 0.0) {
            row.rate_firing_hz = a.rate_firing_hz;
            row.rate_sd_firing_hz = a.rate_sd_firing_hz;
        }
        out.populations.push_back(std::move(row));
    }
    return out;
}

} // namespace

ComparisonWindow comparison_window(const ConditionRecord& c) {
    if (c.offset > c.onset) return {std::max(c.transient, c.onset - 50.0), std::min(c.duration, c.offset + 150.0)};
    return {c.transient, c.duration};
}

ResampledCourse resample(std::span<const double> time_ms, std::span<const double> hz, double bin_ms, std::size_t bins) {
    ResampledCourse out;
    out.hz.assign(bins, 0.0);
    out.first = out.last = bins;
    const std::size_t n = std::min(time_ms.size(), hz.size());
    if (n == 0) return out;
    const double slack = 1e-9 * bin_ms;
    std::size_t k = 0;
    bool any = false;
    for (std::size_t i = 0; i < bins; ++i) {
        const double t = (static_cast<double>(i) + 0.5) * bin_ms;
        if (t < time_ms[0] - slack) {
            out.hz[i] = hz[0];
            continue;
        }
        if (t > time_ms[n - 1] + slack) {
            out.hz[i] = hz[n - 1];
            continue;
        }
        while (k + 1 < n && time_ms[k + 1] <= t + slack) ++k;
        if (k + 1 == n || std::abs(time_ms[k] - t) <= slack)
            out.hz[i] = hz[k];
        else
            out.hz[i] = hz[k] + (hz[k + 1] - hz[k]) * (t - time_ms[k]) / (time_ms[k + 1] - time_ms[k]);
        if (!any) out.first = i;
        any = true;
        out.last = i + 1;
    }
    if (!any) out.first = out.last = 0;
    return out;
}

ValidationReport compare(const SpikeRecord& record, std::span<const RecordedPopulation> populations,
                         const MeanFieldResults& results, const ValidationConfig& config) {
    ValidationReport report;
    report.fluctuation_bin_ms = results.bin_ms;
    report.T_ms = results.T_ms;
    report.frequency_hz = results.frequency_hz;
    std::vector<std::size_t> modelled; // indices into the record
    for (std::size_t p = 0; p < populations.size(); ++p) {
        if (!populations[p].modelled) continue;
        modelled.push_back(p);
        PopulationReport row;
        row.name = populations[p].name;
        row.cells = populations[p].cells;
        report.populations.push_back(std::move(row));
    }
    for (const auto& condition : record.conditions) {
        if (condition.partial()) {
            report.network_only.push_back(network_condition(condition, populations));
            continue;
        }
        const auto* model = find_condition(results, condition);
        const auto same_stimulation =
            std::count_if(record.conditions.begin(), record.conditions.end(), [&](const auto& other) {
                return other.stimulation == condition.stimulation && !other.stationary;
            });
        const std::string label = short_label(condition.stimulation, condition.label);
        const std::string stimulus =
            same_stimulation > 1 && !label.empty() ? condition.stimulation + " " + label : condition.stimulation;
        ConditionFinding finding;
        finding.stimulation = condition.stimulation;
        finding.label = condition.label;
        finding.stationary = condition.stationary;
        finding.stimulus_hz = condition.level_hz;
        if (model != nullptr) {
            finding.fixed_point = model->fixed_point;
            finding.failure = model->failure;
            finding.covariance_loss = model->covariance_loss;
            finding.lowest_eigenvalue = model->lowest_eigenvalue;
            finding.points = reported_points(*model, results, report.populations);
            const auto& real = model->eigenvalue_real;
            if (const auto fastest = std::max_element(real.begin(), real.end()); fastest != real.end()) {
                finding.growth_rate = *fastest;
                const auto imag =
                    at(model->eigenvalue_imag, static_cast<std::size_t>(fastest - real.begin())).value_or(0.0);
                if (imag != 0.0) finding.oscillation_hz = std::abs(imag) * 1e3 / (2.0 * std::numbers::pi);
            }
            if (condition.stationary && finding.fixed_point == FixedPointState::Unstable && finding.oscillation_hz)
                find_rhythm(condition, populations, *finding.oscillation_hz, finding);
        }
        for (std::size_t m = 0; m < modelled.size(); ++m) {
            const auto& population = populations[modelled[m]];
            const auto& activity = condition.population.at(modelled[m]);
            const auto in_model = index_of(results.populations, population.name);
            if (condition.stationary) {
                report.populations[m].stationary.push_back(
                    stationary_row(condition, activity, population.cells, model, in_model));
                if (results.bin_ms > 0 || results.T_ms > 0)
                    report.populations[m].fluctuations.push_back(
                        fluctuation_row(condition, modelled[m], population.cells, results, model, in_model));
                const SpectrumRow row = spectrum_row(condition, activity, population.name, results, model, in_model);
                if (!row.network.empty() || !row.mean_field.empty() || !row.noisy.empty())
                    report.spectra.push_back(row);
            } else
                report.populations[m].dynamic.push_back(
                    dynamic_row(condition, activity, stimulus, model, in_model, config));
            PopulationFinding seen;
            seen.name = population.name;
            // A stimulus that varies in time correlates all cells by itself: only stationary conditions tell of
            // synchrony.
            if (condition.stationary) {
                seen.fano = activity.fano;
                seen.correlation = activity.correlation;
            }
            if (model != nullptr) {
                seen.outside_domain = at(model->outside_domain, in_model).value_or(0.0);
                seen.largest_F_T = at(model->largest_F_T, in_model).value_or(0.0);
                if (in_model && *in_model < model->outside_inputs.size())
                    seen.outside_inputs = model->outside_inputs[*in_model];
            }
            finding.populations.push_back(std::move(seen));
        }
        report.conditions.push_back(std::move(finding));
    }
    return report;
}

OperatingPointRow operating_point_row(double stimulus_hz, std::optional<double> network_hz,
                                      std::optional<double> poisson_hz, std::optional<double> transfer_hz,
                                      double floor_hz) {
    OperatingPointRow row{stimulus_hz, network_hz, poisson_hz, transfer_hz, std::nullopt};
    if (network_hz && transfer_hz) row.relative_error = relative_error(*transfer_hz, *network_hz, floor_hz);
    return row;
}

std::string share_warning(const std::string& population, const SamplingSummary& s) {
    const SharePair* worst = nullptr;
    const auto difference = [](const SharePair& p) { return std::abs(p.rate_hz - p.other_hz); };
    for (const SharePair& p : s.shares)
        if (difference(p) > p.tolerance_hz && difference(p) > 3 * p.se_hz &&
            (worst == nullptr || difference(p) / p.tolerance_hz > difference(*worst) / worst->tolerance_hz))
            worst = &p;
    if (worst == nullptr) return "";
    return fmt::format(
        "{}: at summed conductances of {:.4g} nS (excitation) and {:.4g} nS (inhibition) the cells fire "
        "{:.4g} or {:.4g} Hz, depending on which pathways make these up ('{}' makes {:.0f} % more of its "
        "sum in one than in the other); a basis on summed conductances alone misses that, one on membrane "
        "moments may not.",
        population, worst->G_e, worst->G_i, worst->rate_hz, worst->other_hz, worst->pathway, 100 * worst->share);
}

} // namespace mfm
