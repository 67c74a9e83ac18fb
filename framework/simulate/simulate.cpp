// SPDX-License-Identifier: Apache-2.0
#include "simulate/simulate.hpp"

#include <fmt/format.h>
#include <mfm/random.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <optional>

#include "simulate/streams.hpp"
#include "simulate/trial.hpp"
#include "support/held.hpp"

namespace mfm {
namespace {

/// The protocol's instance, whose [batch] functions may be called from any thread.
class Protocol {
public:
    Protocol(const PipelineConfig& config, std::size_t stimulation)
        : where_(&config.stimulations[stimulation].where),
          instance_(*config.stimulations[stimulation].protocol.component,
                    config.stimulations[stimulation].protocol.settings,
                    config.stimulations[stimulation].protocol.where),
          table_(&instance_.table<mfm_stimulation_v1>(MFM_STIMULATION_ID)) {}
    [[nodiscard]] std::uint32_t count() const {
        std::uint32_t n = 0;
        mfm_error error = empty_error();
        const HeldBy call(instance_.component().abi->id, "count");
        check_status(table_->count(instance_.self(), &n, &error), error, instance_.component(), "count", *where_);
        return n;
    }
    [[nodiscard]] mfm_condition describe(std::uint32_t condition) const {
        mfm_condition c{};
        c.size = sizeof c;
        mfm_error error = empty_error();
        const HeldBy call(instance_.component().abi->id, "describe");
        check_status(table_->describe(instance_.self(), condition, &c, &error), error, instance_.component(),
                     "describe", *where_);
        c.label[sizeof c.label - 1] = '\0';
        return c;
    }
    [[nodiscard]] double level(std::uint32_t condition) const {
        double rate = 0;
        mfm_error error = empty_error();
        const HeldBy call(instance_.component().abi->id, "level");
        check_status(table_->level(instance_.self(), condition, &rate, &error), error, instance_.component(), "level",
                     *where_);
        return rate;
    }
    void course(std::uint32_t condition, double t0, double dt, std::span<double> rate) const {
        mfm_error error = empty_error();
        const HeldBy call(instance_.component().abi->id, "course");
        check_status(table_->course(instance_.self(), condition, t0, dt, rate.size(), rate.data(), &error), error,
                     instance_.component(), "course", *where_);
        for (std::size_t i = 0; i < rate.size(); ++i)
            if (!(rate[i] >= 0.0) || !std::isfinite(rate[i]))
                throw PluginError("stimulation '" + instance_.component().id() + "' gives a rate of " +
                                  std::to_string(rate[i]) +
                                  " Hz at t = " + std::to_string(t0 + static_cast<double>(i) * dt) +
                                  " ms; rates must be finite and not negative");
    }

private:
    const SourcePosition* where_;
    Instance instance_;
    const mfm_stimulation_v1* table_;
};

/// What all trials of a simulation share.
struct Simulation {
    const PipelineConfig& config;
    const Network& network;
    std::shared_ptr<const Wiring> wiring;
    const TrialCache* cache; // or NULL
    Progress& progress;
    std::size_t raster = 0; // the condition whose raster is kept
    std::size_t conditions = 0;
    std::atomic<std::uint32_t> finished_before{0}, taken_up{0}; // trials found in the cache
};

/// The rates of all sources in a condition.
std::vector<SourceCourses> source_courses(const Simulation& simulation, const ProtocolCondition& c,
                                          const Protocol* protocol, const std::vector<std::uint32_t>& stimulated) {
    const std::vector<PopulationConfig>& populations = simulation.config.populations;
    std::vector<SourceCourses> out(populations.size());
    for (std::size_t p = 0; p < out.size(); ++p)
        if (populations[p].kind == PopulationConfig::Kind::Poisson && populations[p].rate_hz > 0.0)
            out[p].base = [rate = populations[p].rate_hz](std::uint64_t, std::span<double> rates) {
                std::fill(rates.begin(), rates.end(), rate);
            };
    if (protocol == nullptr) return out;
    const Course course = [protocol, condition = c.condition,
                           dt = simulation.config.simulation.dt](std::uint64_t first_step, std::span<double> rates) {
        protocol->course(condition, static_cast<double>(first_step) * dt, dt, rates);
    };
    if (stimulated.size() == simulation.network.populations[c.target].n)
        out[c.target].base = course;
    else
        out[c.target].parts.push_back({course, stimulated});
    return out;
}

/// The condition whose raster is kept: the first that varies in time, else the one in the middle.
std::size_t raster_condition(const std::vector<ProtocolCondition>& conditions) {
    const auto varies = std::find_if(conditions.begin(), conditions.end(), [](const auto& c) { return !c.stationary; });
    return varies != conditions.end() ? static_cast<std::size_t>(varies - conditions.begin()) : conditions.size() / 2;
}

TrialResult run_trial(Simulation& simulation, const ProtocolCondition& c, std::vector<SourceCourses> courses,
                      std::size_t condition, std::uint32_t trial) {
    const PipelineConfig& config = simulation.config;
    const double dt = config.simulation.dt;
    const auto steps = static_cast<std::uint64_t>(std::llround(c.duration / dt));
    double reported = 0.0; // ms
    const auto report = [&](std::uint64_t step, bool before = false) {
        const double now = std::floor(static_cast<double>(step) * dt);
        if (now < reported + 10.0 && step < steps) return;
        const auto more = static_cast<std::uint64_t>(now - reported);
        before ? simulation.progress.skip(more) : simulation.progress.advance(more);
        reported = now;
    };
    const auto refused = [&](const InputError& error) {
        simulation.progress.warn(fmt::format("{}; trial {} of '{}' starts anew", error.what(), trial + 1, c.name));
    };

    std::optional<TrialFiles> files;
    if (simulation.cache != nullptr) files.emplace(*simulation.cache, simulation.network, condition, trial);
    try {
        if (std::optional<TrialResult> before = files ? files->result() : std::nullopt) {
            report(steps, true);
            ++simulation.finished_before;
            return std::move(*before);
        }
    } catch (const InputError& error) {
        refused(error);
    }

    // Every run has noise of its own, keyed by protocol, condition and trial.
    const std::uint64_t of_protocol = c.stimulation == no_stimulation ? 0 : c.stimulation;
    const std::uint64_t seed = stream_key(stream_key(config.seed, stream_number(StreamPurpose::Run, of_protocol)),
                                          static_cast<std::uint64_t>(c.condition) << 32 | trial);
    std::optional<Engine> engine;
    std::optional<Recorder> recorder;
    const auto start = [&] {
        engine.emplace(config, simulation.network, seed, courses, false, simulation.wiring);
        recorder.emplace(simulation.network,
                         Recorder::Options{dt, c.transient, c.duration, config.simulation.bin, config.validation.bin,
                                           config.simulation.block, config.simulation.record_spikes && trial == 0,
                                           config.seed, condition == simulation.raster && trial == 0});
    };
    start();
    try {
        if (files && files->restore(*engine, *recorder)) ++simulation.taken_up;
    } catch (const InputError& error) {
        refused(error);
        start();
    }
    report(engine->now(), true);
    simulation.progress.at(fmt::format("condition {} of {} ({}){}", condition + 1, simulation.conditions, c.name,
                                       c.trials > 1 ? fmt::format(", trial {} of {}", trial + 1, c.trials) : ""));

    using Clock = std::chrono::steady_clock;
    Clock::time_point kept = Clock::now();
    const auto due = [&] {
        const double interval = files ? simulation.cache->interval : 0.0;
        return interval > 0.0 && std::chrono::duration<double>(Clock::now() - kept).count() >= interval;
    };
    const auto observe = [&](std::uint64_t first, std::uint32_t n, const std::vector<BlockSpikes>& spikes) {
        recorder->observe(first, n, spikes);
        report(first + n);
    };
    try {
        while (engine->now() < steps) {
            engine->run(steps - engine->now(), observe, due);
            if (engine->now() == steps) break;
            files->keep(*engine, *recorder);
            kept = Clock::now();
        }
    } catch (const Interrupted&) {
        if (files) files->keep(*engine, *recorder);
        throw;
    } catch (const NotFinite&) {
        Engine replay(config, simulation.network, seed, courses, true, simulation.wiring);
        replay.run(engine->now(), {});
        throw;
    }
    TrialResult result{recorder->finish(), recorder->count_covariance()};
    if (files) files->keep(result);
    return result;
}

/// Means over trials; the course's standard error over trials, the rate's over blocks of time in all trials, or over
/// trials where they have less than two blocks.
ConditionRecord combine(const ProtocolCondition& c, double course_bin, std::vector<TrialResult>&& trials) {
    ConditionRecord out;
    const auto n = static_cast<double>(trials.size());
    out.population = std::move(trials[0].activity);
    out.count_covariance = std::move(trials[0].covariance);
    for (std::size_t k = 0; k < out.count_covariance.size(); ++k) {
        for (std::size_t t = 1; t < trials.size(); ++t) out.count_covariance[k] += trials[t].covariance[k];
        out.count_covariance[k] /= n;
    }
    for (std::size_t p = 0; p < out.population.size(); ++p) {
        PopulationActivity& a = out.population[p];
        if (trials.size() == 1) continue;
        double se2 = a.rate_se_hz * a.rate_se_hz, rate2 = a.rate_hz * a.rate_hz;
        std::vector<double> square(a.course_hz.size());
        for (std::size_t i = 0; i < square.size(); ++i) square[i] = a.course_hz[i] * a.course_hz[i];
        for (std::size_t t = 1; t < trials.size(); ++t) {
            const PopulationActivity& b = trials[t].activity[p];
            a.rate_hz += b.rate_hz;
            rate2 += b.rate_hz * b.rate_hz;
            a.rate_firing_hz += b.rate_firing_hz;
            a.rate_sd_hz += b.rate_sd_hz;
            a.rate_sd_firing_hz += b.rate_sd_firing_hz;
            a.firing_fraction += b.firing_fraction;
            a.fano += b.fano;
            a.correlation += b.correlation;
            a.cv_isi += b.cv_isi;
            se2 += b.rate_se_hz * b.rate_se_hz;
            for (std::size_t i = 0; i < a.cell_rate_hz.size(); ++i) a.cell_rate_hz[i] += b.cell_rate_hz[i];
            for (std::size_t i = 0; i < square.size(); ++i) {
                a.course_hz[i] += b.course_hz[i];
                square[i] += b.course_hz[i] * b.course_hz[i];
            }
        }
        for (double* x : {&a.rate_hz, &a.rate_firing_hz, &a.rate_sd_hz, &a.rate_sd_firing_hz, &a.firing_fraction,
                          &a.fano, &a.correlation, &a.cv_isi})
            *x /= n;
        // What is too short for two blocks of time has its error over trials.
        a.rate_se_hz =
            se2 > 0.0 ? std::sqrt(se2) / n : std::sqrt(std::max(0.0, rate2 / n - a.rate_hz * a.rate_hz) / (n - 1.0));
        for (double& x : a.cell_rate_hz) x /= n;
        a.course_se_hz.resize(square.size());
        for (std::size_t i = 0; i < square.size(); ++i) {
            a.course_hz[i] /= n;
            a.course_se_hz[i] = std::sqrt(std::max(0.0, square[i] / n - a.course_hz[i] * a.course_hz[i]) / (n - 1.0));
        }
    }
    out.label = c.name;
    out.condition = c.condition;
    out.stationary = c.stationary;
    out.level_hz = c.level_hz;
    out.duration = c.duration;
    out.transient = c.transient;
    out.course_bin = course_bin;
    out.onset = c.onset;
    out.offset = c.offset;
    out.frequency_hz = c.frequency_hz;
    out.trials = c.trials;
    return out;
}

/// What a pipeline without stimulations does.
ProtocolCondition own_condition(const PipelineConfig& config) {
    ProtocolCondition c;
    c.stimulation = c.target = no_stimulation;
    c.name = drive_condition;
    c.duration = config.simulation.duration;
    c.transient = config.simulation.transient;
    for (const DriveConfig& d : config.drives) c.level_hz = std::max(c.level_hz, d.rate_hz);
    for (const PopulationConfig& p : config.populations) c.level_hz = std::max(c.level_hz, p.rate_hz);
    return c;
}

} // namespace

std::vector<ProtocolCondition> protocol_conditions(const PipelineConfig& config) {
    if (config.stimulations.empty()) return {own_condition(config)};
    std::vector<ProtocolCondition> out;
    for (std::size_t s = 0; s < config.stimulations.size(); ++s) {
        const StimulationConfig& stimulation = config.stimulations[s];
        const Protocol protocol(config, s);
        const std::uint32_t n = protocol.count();
        for (std::uint32_t k = 0; k < n; ++k) {
            const mfm_condition d = protocol.describe(k);
            ProtocolCondition c;
            c.stimulation = s;
            c.condition = k;
            c.target = config.population_index(stimulation.target);
            c.name = stimulation.name + ": " + d.label;
            c.stationary = (d.flags & MFM_STATIONARY) != 0;
            c.duration = stimulation.duration > 0
                             ? stimulation.duration
                             : std::max(d.duration, c.stationary || d.duration <= 0 ? config.simulation.duration : 0.0);
            c.transient = stimulation.transient > 0 ? stimulation.transient : config.simulation.transient;
            if (c.transient >= c.duration)
                throw InputError(stimulation.where, "stimulation '" + stimulation.name + "': the transient (" +
                                                        std::to_string(c.transient) +
                                                        " ms) must be shorter than the duration (" +
                                                        std::to_string(c.duration) + " ms)");
            c.onset = d.onset;
            c.offset = d.offset;
            c.frequency_hz = d.frequency_hz;
            c.level_hz = protocol.level(k);
            c.trials = std::max(1u, stimulation.trials);
            out.push_back(c);
        }
    }
    return out;
}

std::vector<double> protocol_course(const PipelineConfig& config, const ProtocolCondition& c, double t0, double dt,
                                    std::size_t n) {
    std::vector<double> rate(n, c.level_hz);
    if (c.stimulation == no_stimulation) return rate;
    Protocol(config, c.stimulation).course(c.condition, t0, dt, rate);
    return rate;
}

std::vector<std::uint32_t> stimulated_cells(const PipelineConfig& config, const Network& network,
                                            const StimulationConfig& stimulation) {
    const Population& target = network.populations[config.population_index(stimulation.target)];
    std::vector<std::uint32_t> cells;
    for (std::uint32_t i = 0; i < target.n; ++i) {
        double square = 0.0;
        for (std::size_t d = 0; d < 3 && stimulation.within; ++d)
            square += std::pow(target.position[d][i] - stimulation.within->center[d], 2);
        if (!stimulation.within || square <= std::pow(stimulation.within->radius, 2)) cells.push_back(i);
    }
    if (cells.empty()) {
        const Ball& ball = *stimulation.within;
        throw InputError(
            ball.where, fmt::format("stimulation.{}.within: none of the {} cells of '{}' lies within {} um of ({}, {}, "
                                    "{}) um; take a larger radius, or a center among them",
                                    stimulation.name, target.n, target.name, ball.radius, ball.center[0],
                                    ball.center[1], ball.center[2]));
    }
    return cells;
}

SpikeRecord simulate_network(const PipelineConfig& config, const Network& network, Progress& progress,
                             const TrialCache* cache) {
    const std::vector<ProtocolCondition> conditions = protocol_conditions(config);
    std::vector<std::unique_ptr<Protocol>> protocols;
    std::vector<std::vector<std::uint32_t>> stimulated;
    for (std::size_t s = 0; s < config.stimulations.size(); ++s) {
        protocols.push_back(std::make_unique<Protocol>(config, s));
        stimulated.push_back(stimulated_cells(config, network, config.stimulations[s]));
    }
    struct Run {
        std::size_t condition;
        std::uint32_t trial;
    };
    std::vector<Run> runs;
    std::uint64_t total = 0;
    for (std::size_t c = 0; c < conditions.size(); ++c)
        for (std::uint32_t t = 0; t < conditions[c].trials; ++t) {
            runs.push_back({c, t});
            total += static_cast<std::uint64_t>(conditions[c].duration);
        }
    std::vector<std::vector<TrialResult>> results(conditions.size());
    for (std::size_t c = 0; c < conditions.size(); ++c) results[c].resize(conditions[c].trials);
    Simulation simulation{config,
                          network,
                          std::make_shared<const Wiring>(config, network),
                          cache,
                          progress,
                          raster_condition(conditions),
                          conditions.size()};
    progress.begin(biology_task("simulating the network", total));
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, runs.size(), 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
            for (std::size_t r = range.begin(); r < range.end(); ++r) {
                const auto [c, trial] = runs[r];
                const std::size_t s = conditions[c].stimulation;
                const bool alone = s == no_stimulation;
                results[c][trial] =
                    run_trial(simulation, conditions[c],
                              source_courses(simulation, conditions[c], alone ? nullptr : protocols[s].get(),
                                             alone ? std::vector<std::uint32_t>{} : stimulated[s]),
                              c, trial);
            }
        },
        tbb::simple_partitioner{});
    progress.end();
    if (simulation.finished_before + simulation.taken_up > 0)
        progress.note(
            fmt::format("the simulation went on from a run that was stopped, of {} trials {} finished and {} in their "
                        "middle",
                        runs.size(), simulation.finished_before, simulation.taken_up));

    SpikeRecord record;
    const double course_bin = config.validation.bin;
    for (std::size_t c = 0; c < conditions.size(); ++c) {
        ConditionRecord r = combine(conditions[c], course_bin, std::move(results[c]));
        r.stimulation = drive_condition;
        if (const std::size_t s = conditions[c].stimulation; s != no_stimulation) {
            r.stimulation = config.stimulations[s].name;
            r.target = config.stimulations[s].target;
            r.stimulated_cells = stimulated[s].size();
            r.target_cells = network.populations[conditions[c].target].n;
        }
        if (r.partial())
            r.label += fmt::format(", in {} of the {} cells of '{}'", r.stimulated_cells, r.target_cells, r.target);
        r.stimulus_hz = protocol_course(config, conditions[c], 0.5 * course_bin, course_bin,
                                        r.population.empty() ? 0 : r.population[0].course_hz.size());
        record.conditions.push_back(std::move(r));
    }
    return record;
}

} // namespace mfm
