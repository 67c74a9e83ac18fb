// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "meanfield/fixed_points.hpp"
#include "meanfield/fluctuations.hpp"
#include "meanfield/integrate.hpp"
#include "meanfield/noise.hpp"
#include "pipeline/conditions.hpp"
#include "pipeline/derivation.hpp"
#include "simulate/streams.hpp"
#include "validate/spectrum.hpp"

namespace mfm {
namespace {

bool has_covariances(const MeanFieldConfig& config) {
    return config.dynamics == MeanFieldConfig::Dynamics::MasterEquation && config.order > 1;
}

/// One condition to solve, and where what is found goes.
struct Task {
    const PipelineConfig& config;
    const MeanFieldModel& model;
    const MeanFieldModel* uncalibrated; ///< NULL: the model has no calibration
    const ProtocolCondition& protocol;
    const std::vector<double>& frequency_hz;
    std::size_t number; ///< of the condition in the record
    MeanFieldCondition& out;
    std::vector<std::string>& warnings;

    [[nodiscard]] NoiseOptions noise(std::uint64_t trial) const {
        NoiseOptions options;
        options.step = config.mean_field.noise_step;
        options.bin = config.simulation.bin;
        options.transient = protocol.transient;
        options.seed = config.seed;
        options.stream = stream_number(StreamPurpose::MeanField, number);
        options.trial = trial;
        return options;
    }
    /// Index of the stimulated population in the model, where it is one of its external ones.
    [[nodiscard]] std::optional<std::size_t> stimulated() const {
        if (protocol.target == no_stimulation) return std::nullopt;
        for (const std::size_t p : model.external())
            if (model.populations()[p].name == config.populations[protocol.target].name) return p;
        return std::nullopt;
    }
};

StationaryPoint stationary_point(const FixedPoint& point) {
    StationaryPoint out;
    out.rate_hz = point.rate_hz;
    out.stable = point.stable_with_delays;
    if (point.eigenvalues_with_delays.empty()) return out;
    out.growth_rate = point.eigenvalues_with_delays.front().real();
    out.oscillation_hz = std::abs(point.eigenvalues_with_delays.front().imag()) * 1e3 / (2 * std::numbers::pi);
    return out;
}

std::vector<double> entries(const Eigen::MatrixXd& symmetric) {
    return {symmetric.data(), symmetric.data() + symmetric.size()};
}

/// Covariances and spectra of linear theory, and the response to the stimulated population.
void linear_fluctuations(const Task& task, const FixedPoint& point) {
    const Dynamics dynamics(task.model);
    const LinearFluctuations theory(dynamics, point.rate_hz);
    const std::size_t P = point.rate_hz.size(), n = task.frequency_hz.size();
    Fluctuations& out = task.out.linear;
    out.mean_hz = point.rate_hz;
    out.covariance = entries(theory.binned_covariance(task.config.simulation.bin));
    out.power.assign(P, std::vector<double>(n));
    const Linearisation linear = linearise(dynamics, point.rate_hz);
    const std::optional<std::size_t> stimulated = task.stimulated();
    if (stimulated) task.out.response_gain = task.out.response_phase_deg = out.power;
    for (std::size_t k = 0; k < n; ++k) {
        const double f = task.frequency_hz[k];
        const std::vector<double> power = theory.binned_power(f, task.config.validation.bin);
        for (std::size_t p = 0; p < P; ++p) out.power[p][k] = power[p];
        if (!stimulated) continue;
        const auto response = linear_response(dynamics, linear, *stimulated, f);
        for (std::size_t p = 0; p < P; ++p) {
            task.out.response_gain[p][k] = std::abs(response[p]);
            task.out.response_phase_deg[p][k] = std::arg(response[p]) * 180 / std::numbers::pi;
        }
    }
}

void noisy_fluctuations(const Task& task, const std::vector<double>& external, const std::vector<double>& start_hz) {
    const double bin = task.config.validation.bin;
    const NoisyTrajectory run = integrate_with_noise(task.model, constant_course(external), task.protocol.duration, bin,
                                                     start_hz, task.noise(0));
    Fluctuations& out = task.out.noisy;
    out.mean_hz = run.mean_hz;
    out.covariance = entries(run.covariance);
    for (const std::vector<double>& activity : run.activity_hz) {
        const auto window = window_of(task.protocol.transient, task.protocol.duration, bin, activity.size());
        const auto periodogram = Periodogram::of(activity, bin, window);
        if (!periodogram) return; // too short a run for any population
        out.power.emplace_back();
        for (const double f : task.frequency_hz) out.power.back().push_back(periodogram->power(f));
    }
}

void solve_stationary(const Task& task, const std::vector<double>& network_rates) {
    const MeanFieldModel& model = task.model;
    MeanFieldCondition& out = task.out;
    const std::vector<double> external =
        external_rates(task.config, model, task.protocol.target, task.protocol.level_hz);
    const std::vector<std::vector<double>> starts = {network_rates};
    const std::vector<FixedPoint> points = fixed_points(model, external, starts);
    for (const FixedPoint& point : points) out.points.push_back(stationary_point(point));
    const FixedPoint& point = resting_point(points);
    out.fixed_point = point.stable_with_delays ? FixedPointState::Stable : FixedPointState::Unstable;
    out.rate_hz = point.rate_hz;
    for (const std::complex<double>& e : point.eigenvalues_with_delays) {
        out.eigenvalue_real.push_back(e.real());
        out.eigenvalue_imag.push_back(e.imag());
    }
    out.outside_domain.assign(point.rate_hz.size(), 0.0);
    out.outside_inputs.assign(point.rate_hz.size(), "");
    for (const std::size_t p : point.outside) {
        std::vector<double> nu;
        for (const std::size_t s : model.pathways_into(p)) nu.push_back(point.rate_hz[model.pathways()[s].source]);
        out.outside_domain[p] = 1.0;
        out.outside_inputs[p] = model.describe_inputs(p, nu);
        task.warnings.push_back(
            fmt::format("{}: at the fixed point {} is outside of the domain of its transfer function, where it fires "
                        "{:.4g} Hz",
                        out.label, out.outside_inputs[p], point.rate_hz[p]));
    }
    out.largest_F_T = point.FT;
    if (has_covariances(model.config())) {
        out.first_order_hz = point.first_order_hz;
        out.covariance = point.covariance;
        out.lowest_eigenvalue = point.lowest_eigenvalue;
        out.covariance_loss = point.covariance_is_one() ? 0.0 : 1.0;
    } else if (point.stable_with_delays) {
        linear_fluctuations(task, point);
    }
    const auto compared = [&](const MeanFieldModel& other, const char* what) -> std::vector<double> {
        try {
            const std::vector<std::vector<double>> other_starts = {point.rate_hz};
            return resting_point(fixed_points(other, external, other_starts)).rate_hz;
        } catch (const Error& error) {
            task.warnings.push_back(out.label + ", " + what + ": " + error.what());
            return {};
        }
    };
    out.mean_k_rate_hz =
        compared(model.with_in_degree(MeanFieldConfig::InDegree::Mean), "with every cell at the mean in-degree");
    if (task.uncalibrated != nullptr)
        out.uncalibrated_rate_hz = compared(*task.uncalibrated, "without its calibration");
    if (model.config().finite_size_noise) noisy_fluctuations(task, external, point.rate_hz);
}

/// Means over as many noisy runs as the network has trials, in the network's bins.
void noisy_course(const Task& task, const ExternalCourse& course, const std::vector<double>& start_hz) {
    const double bin = task.config.validation.bin;
    std::vector<std::vector<double>> sum;
    for (std::uint32_t trial = 0; trial < task.protocol.trials; ++trial) {
        const NoisyTrajectory run =
            integrate_with_noise(task.model, course, task.protocol.duration, bin, start_hz, task.noise(trial));
        sum.resize(run.activity_hz.size(), std::vector<double>(run.activity_hz.front().size(), 0.0));
        for (std::size_t p = 0; p < sum.size(); ++p)
            for (std::size_t i = 0; i < sum[p].size(); ++i) sum[p][i] += run.activity_hz[p][i] / task.protocol.trials;
    }
    task.out.time_ms.clear();
    for (std::size_t i = 0; i < sum.front().size(); ++i)
        task.out.time_ms.push_back((static_cast<double>(i) + 0.5) * bin);
    task.out.course_hz = std::move(sum);
}

void solve_dynamic(const Task& task) {
    constexpr double dt_out = 0.5; // ms
    const PipelineConfig& config = task.config;
    const MeanFieldModel& model = task.model;
    const ProtocolCondition& c = task.protocol;
    MeanFieldCondition& out = task.out;
    const double dt = config.simulation.dt;
    ExternalCourse course = constant_course(external_rates(config, model, c.target, c.level_hz));
    for (std::size_t k = 0; k < model.external().size(); ++k)
        if (model.external()[k] == task.stimulated())
            course[k] = RateCourse::samples(
                0.0, dt,
                protocol_course(config, c, 0.0, dt, static_cast<std::size_t>(std::llround(c.duration / dt)) + 1));
    SilentProgress silent; // its warnings come back in the trajectory, and are told with the condition's name
    const Trajectory t = integrate(model, course, c.duration, dt_out, silent);
    for (std::size_t i = 0; i < t.size(); ++i) out.time_ms.push_back(static_cast<double>(i) * t.dt);
    out.course_hz = t.rate_hz;
    out.course_sd_hz = t.sd_hz;
    out.outside_domain.assign(t.rate_hz.size(), 0.0);
    out.outside_inputs.assign(t.rate_hz.size(), "");
    for (const DomainExcursion& e : t.outside) {
        out.outside_domain[e.population] = e.fraction;
        out.outside_inputs[e.population] = model.describe_inputs(e.population, e.presynaptic_hz);
    }
    out.largest_F_T = t.FT;
    out.covariance_loss = t.covariance_loss.fraction;
    out.lowest_eigenvalue = t.covariance_loss.lowest_eigenvalue;
    for (const std::string& warning : t.warnings) task.warnings.push_back(c.name + ": " + warning);
    if (!model.config().finite_size_noise) return;
    std::vector<double> start_hz;
    for (const std::vector<double>& rate : t.rate_hz) start_hz.push_back(rate.front());
    noisy_course(task, course, start_hz);
}

void solve(const Task& task, const ConditionRecord& recorded) {
    try {
        if (!task.out.stationary) {
            solve_dynamic(task);
            return;
        }
        std::vector<double> rates;
        for (const PopulationModel& p : task.model.populations())
            rates.push_back(p.external ? own_rate(task.config, p.name)
                                       : recorded.population[task.config.population_index(p.name)].rate_hz);
        solve_stationary(task, rates);
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& error) {
        // One condition that cannot be solved must not lose the others; the verdict names it.
        task.out.failure = error.what();
        if (task.out.stationary && task.out.rate_hz.empty()) task.out.fixed_point = FixedPointState::NotFound;
    }
}

} // namespace

MeanFieldResults solve_model(const PipelineConfig& config, const MeanFieldModel& model,
                             const MeanFieldModel* uncalibrated, const SpikeRecord& record, Progress& progress) {
    const std::vector<ProtocolCondition> protocols = protocol_conditions(config);
    MeanFieldResults out;
    for (const PopulationModel& p : model.populations()) out.populations.push_back(p.name);
    if (has_covariances(model.config())) {
        out.T_ms = model.config().T;
    } else {
        out.bin_ms = config.simulation.bin;
        out.frequency_hz = spectrum_frequencies(config.validation.bin);
    }
    std::vector<const ConditionRecord*>
        wanted; // one rate a population cannot represent a part of it; the report says so
    for (const ConditionRecord& recorded : record.conditions)
        if (!recorded.partial()) wanted.push_back(&recorded);
    out.conditions.resize(wanted.size());
    std::vector<std::vector<std::string>> warnings(wanted.size());
    progress.begin({"solving the mean field", wanted.size(), "conditions"});
    tbb::parallel_for(std::size_t{0}, wanted.size(), [&](std::size_t i) {
        throw_if_interrupted();
        const ConditionRecord& recorded = *wanted[i];
        MeanFieldCondition& c = out.conditions[i];
        c.stimulation = recorded.stimulation;
        c.label = recorded.label;
        c.condition = recorded.condition;
        c.stationary = recorded.stationary;
        c.level_hz = recorded.level_hz;
        solve({config, model, uncalibrated, protocol_of(protocols, config, recorded), out.frequency_hz, i, c,
               warnings[i]},
              recorded);
        progress.advance();
    });
    for (const std::vector<std::string>& of_condition : warnings)
        for (const std::string& warning : of_condition) progress.warn(warning);
    progress.end();
    return out;
}

} // namespace mfm
