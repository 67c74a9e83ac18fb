// SPDX-License-Identifier: Apache-2.0
#include "tune/tuned_model.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "config/pipeline.hpp"
#include "meanfield/fixed_points.hpp"
#include "meanfield/fluctuations.hpp"
#include "meanfield/integrate.hpp"
#include "pipeline/changed_model.hpp"
#include "pipeline/conditions.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/hashes.hpp"
#include "validate/spectrum.hpp"

namespace mfm {
namespace {

using Kind = TuneTarget::Kind;

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

/// The conditions that a target is about, as indices into `protocols`.
std::vector<std::size_t> conditions_of(const TuneTarget& t, const std::vector<ProtocolCondition>& protocols,
                                       const PipelineConfig& config) {
    std::vector<std::size_t> stationary, varying;
    std::string levels;
    for (std::size_t i = 0; i < protocols.size(); ++i) {
        const ProtocolCondition& c = protocols[i];
        const bool mine = c.stimulation == no_stimulation ? t.stimulation.empty()
                                                          : config.stimulations[c.stimulation].name == t.stimulation;
        if (!mine) continue;
        (c.stationary ? stationary : varying).push_back(i);
        if (c.stationary) levels += fmt::format("{}{}", levels.empty() ? "" : ", ", c.level_hz);
    }
    const auto complain = [&](const std::string& what) {
        throw InputError(t.where, fmt::format("objective '{}': {}", t.label(), what));
    };
    if (t.kind == Kind::Peak) {
        if (varying.empty()) complain("its stimulation does not vary in time, so that there is no peak");
        if (t.condition > varying.size())
            complain(fmt::format("its stimulation has {} conditions that vary in time", varying.size()));
        return {varying[t.condition - 1]};
    }
    if (stationary.empty()) complain("its stimulation has no stationary level");
    std::vector<std::size_t> out;
    for (const double hz : t.at_hz) {
        const auto at = std::find_if(stationary.begin(), stationary.end(), [&](std::size_t i) {
            return std::abs(protocols[i].level_hz - hz) <= 1e-9 * (1 + std::abs(hz));
        });
        if (at == stationary.end())
            complain(fmt::format("its stimulation has no level of {} Hz; there are {} Hz", hz, levels));
        out.push_back(*at);
    }
    if (out.empty()) out = stationary;
    if (t.kind == Kind::Slope && out.size() < 2) complain("a slope needs at least two levels of the stimulus");
    if (t.kind != Kind::Slope && out.size() > 1)
        complain(fmt::format("its stimulation has several levels ({} Hz); say which with at", levels));
    return out;
}

/// Weights with which a least-squares line through (level, value) has its slope: sum_i w_i value_i.
std::vector<double> slope_weights(const std::vector<double>& level) {
    const double mean = std::accumulate(level.begin(), level.end(), 0.0) / static_cast<double>(level.size());
    double square = 0;
    for (const double x : level) square += (x - mean) * (x - mean);
    std::vector<double> out;
    for (const double x : level) out.push_back((x - mean) / square);
    return out;
}

/// Where the series has its largest value between two frequencies, with a parabola through its logarithm around it.
double peak_frequency(const std::vector<double>& frequency, const std::vector<double>& power, double from, double to) {
    std::size_t best = frequency.size();
    for (std::size_t k = 0; k < frequency.size(); ++k)
        if (frequency[k] >= from && frequency[k] <= to && (best == frequency.size() || power[k] > power[best]))
            best = k;
    if (best == frequency.size())
        throw Error(ExitCode::NotValid, fmt::format("the spectrum has no frequency from {} to {} Hz", from, to));
    if (best == 0 || best + 1 == frequency.size()) return frequency[best];
    const double a = std::log(power[best - 1]), b = std::log(power[best]), c = std::log(power[best + 1]);
    const double bend = a - 2 * b + c;
    const double shift = bend < 0 ? 0.5 * (a - c) / bend : 0.0;
    return frequency[best] + std::clamp(shift, -0.5, 0.5) * (frequency[best + 1] - frequency[best]);
}

/// The base's reduction with other weights, receptors and drives, where no more than these differ; nothing otherwise.
std::optional<Reduction> reweighted(const PipelineConfig& config, const Derived& base) {
    PipelineConfig like = config;
    const PipelineConfig& old = base.config;
    if (config.projections.size() != old.projections.size() || config.drives.size() != old.drives.size() ||
        config.remap.merge_relays != old.remap.merge_relays)
        return std::nullopt;
    for (std::size_t i = 0; i < config.projections.size(); ++i) {
        const Distribution &now = config.projections[i].weight, &before = old.projections[i].weight;
        if (now.is_constant() && before.is_constant() && before.mean != 0 && now.mean / before.mean > 0)
            like.projections[i].weight = before;
    }
    for (const DriveConfig& d : config.drives)
        if (d.weight == 0) return std::nullopt;
    if (stage_hashes(like).build != base.hashes.build) return std::nullopt;
    return changed_reduction(old, *base.reduction, config);
}

} // namespace

TunedModel::TunedModel(DocumentNode document, const PipelineConfig& config, const TuneConfig& tune,
                       const Registry& registry, const Derived* base)
    : document_(std::move(document)), tune_(&tune), registry_(&registry), base_(base), file_(config.file),
      seed_(config.seed), protocols_(protocol_conditions(config)) {
    std::erase_if(document_.entries,
                  [](const DocumentEntry& e) { return e.key == "tune" || e.key == "variant" || e.key == "library"; });
    frequencies_ = spectrum_frequencies(config.validation.bin);
    for (const PopulationConfig& p : config.populations) populations_.push_back(p.name);
    implicit_ =
        !tune.network && !tune.differences &&
        !(config.mean_field.dynamics == MeanFieldConfig::Dynamics::MasterEquation && config.mean_field.order > 1);
    for (const TuneTarget& t : tune.targets) {
        std::vector<std::size_t> uses;
        const bool fluctuations = t.kind == Kind::Power || t.kind == Kind::Frequency;
        implicit_ = implicit_ && (t.kind == Kind::Rate || t.kind == Kind::Slope);
        for (const std::size_t protocol : conditions_of(t, protocols_, config)) {
            const auto known =
                std::find_if(needed_.begin(), needed_.end(), [&](const Needed& n) { return n.protocol == protocol; });
            uses.push_back(static_cast<std::size_t>(known - needed_.begin()));
            if (known == needed_.end())
                needed_.push_back({protocol, fluctuations});
            else
                known->fluctuations = known->fluctuations || fluctuations;
        }
        uses_.push_back(std::move(uses));
    }
    // A number that changes more than weights is one of the wiring, which is made anew for every value.
    std::vector<double> x;
    for (const TuneParameter& p : tune.parameters) x.push_back(p.initial);
    const std::string wiring = stage_hashes(config_at(x)).build;
    for (std::size_t i = 0; i < parameters(); ++i) {
        const TuneParameter& p = tune.parameters[i];
        rough_.push_back(p.whole || tune.network);
        if (rough_.back()) continue;
        std::vector<double> moved = x;
        moved[i] += (p.upper - p.initial > p.initial - p.lower ? 1e-3 : -1e-3) * p.range();
        PipelineConfig there = config_at(moved);
        for (std::size_t k = 0; k < there.projections.size() && k < config.projections.size(); ++k)
            if (there.projections[k].weight.is_constant()) there.projections[k].weight = config.projections[k].weight;
        PipelineConfig here = config_at(x);
        for (std::size_t k = 0; k < here.projections.size() && k < config.projections.size(); ++k)
            if (here.projections[k].weight.is_constant()) here.projections[k].weight = config.projections[k].weight;
        rough_.back() = stage_hashes(there).build != stage_hashes(here).build;
    }
    start_hz_.resize(needed_.size());
    if (base == nullptr) return;
    const Model start = model_at(x);
    for (std::size_t c = 0; c < needed_.size(); ++c) {
        if (!protocols_[needed_[c].protocol].stationary) continue;
        try {
            start_hz_[c] = fixed_rates(start, c);
        } catch (const Error&) { // whoever asks for the values there is told
        }
    }
}

DocumentNode TunedModel::document_at(std::span<const double> x) const {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < parameters(); ++i) changes.push_back(tune_->parameters[i].change(x[i]));
    DocumentNode document = document_;
    apply_changes(document, changes);
    return document;
}

PipelineConfig TunedModel::config_at(std::span<const double> x) const {
    LoadOptions options;
    options.seed = seed_;
    return read_pipeline(document_at(x), file_, *registry_, options);
}

TunedModel::Model TunedModel::model_at(std::span<const double> x) const {
    throw_if_interrupted();
    SilentProgress silent;
    Model out{config_at(x), nullptr};
    const StageHashes hashes = stage_hashes(out.config);
    std::shared_ptr<const Network> network = base_->network;
    std::shared_ptr<const Reduction> reduction = base_->reduction;
    if (hashes.remap != base_->hashes.remap) {
        if (auto quick = reweighted(out.config, *base_)) {
            reduction = std::make_shared<const Reduction>(std::move(*quick));
            if (hashes.build != base_->hashes.build && (tune_->measured || out.config.mean_field.cell_rates))
                network = std::make_shared<const Network>(build_network(out.config, silent));
        } else {
            if (hashes.build != base_->hashes.build)
                network = std::make_shared<const Network>(build_network(out.config, silent));
            reduction = std::make_shared<const Reduction>(reduce(out.config, *network));
        }
    }
    std::shared_ptr<const std::vector<TransferFit>> fits = base_->fits;
    if (tune_->measured && hashes.fit != base_->hashes.fit)
        fits = std::make_shared<const std::vector<TransferFit>>(fit_all(
            out.config, *reduction, sample_all(out.config, *network, *reduction, *base_->record, silent), silent));
    out.mean_field = std::make_shared<const MeanFieldModel>(
        derive_model(out.config, *network, *reduction, *fits, *base_->record, silent));
    return out;
}

std::vector<double> TunedModel::fixed_rates(const Model& model, std::size_t condition) const {
    const ProtocolCondition protocol = protocol_conditions(model.config)[needed_[condition].protocol];
    const std::vector<double> external =
        external_rates(model.config, *model.mean_field, protocol.target, protocol.level_hz);
    return resting_rates(*model.mean_field, external, start_hz_[condition]);
}

TunedModel::Shown TunedModel::shown(const Model& model, std::size_t condition) const {
    const Needed& needed = needed_[condition];
    const ProtocolCondition protocol = protocol_conditions(model.config)[needed.protocol];
    const MeanFieldModel& m = *model.mean_field;
    const PipelineConfig& config = model.config;
    Shown out;
    out.rate_hz.assign(config.populations.size(), 0.0);
    std::vector<std::size_t> of(m.populations().size(), config.populations.size());
    for (std::size_t p = 0; p < of.size(); ++p)
        for (std::size_t i = 0; i < config.populations.size(); ++i)
            if (config.populations[i].name == m.populations()[p].name) of[p] = i;
    const auto spread = [&](const auto& of_model, auto& of_config) {
        of_config.resize(config.populations.size());
        for (std::size_t p = 0; p < of.size(); ++p)
            if (of[p] < config.populations.size()) of_config[of[p]] = of_model[p];
    };
    if (protocol.stationary) {
        const std::vector<double> rates = fixed_rates(model, condition);
        spread(rates, out.rate_hz);
        if (!needed.fluctuations) return out;
        const Dynamics dynamics(m);
        const LinearFluctuations theory(dynamics, rates);
        std::vector<std::vector<double>> power(of.size());
        for (const double f : frequencies_) {
            const std::vector<double> at = theory.binned_power(f, config.validation.bin);
            for (std::size_t p = 0; p < at.size(); ++p) power[p].push_back(at[p]);
        }
        spread(power, out.power);
        return out;
    }
    ExternalCourse course = constant_course(external_rates(config, m, protocol.target, protocol.level_hz));
    const double dt = config.simulation.dt;
    for (std::size_t k = 0; k < m.external().size(); ++k)
        if (protocol.target != no_stimulation &&
            m.populations()[m.external()[k]].name == config.populations[protocol.target].name)
            course[k] = RateCourse::samples(
                0.0, dt,
                protocol_course(config, protocol, 0.0, dt,
                                static_cast<std::size_t>(std::llround(protocol.duration / dt)) + 1));
    SilentProgress silent;
    out.bin = 0.5;
    const Trajectory t = integrate(m, course, protocol.duration, out.bin, silent);
    std::vector<std::vector<double>> smooth;
    for (const auto& rate : t.rate_hz) smooth.push_back(smooth_box(rate, config.validation.smoothing, out.bin));
    spread(smooth, out.course_hz);
    out.from = std::max(protocol.transient, protocol.onset);
    out.to = protocol.duration;
    return out;
}

std::vector<TunedModel::Shown> TunedModel::simulated(std::span<const double> x) const {
    SilentProgress silent;
    const PipelineConfig config = config_at(x);
    const SpikeRecord record = simulate_network(config, build_network(config, silent), silent);
    std::vector<Shown> out;
    for (const Needed& needed : needed_) {
        const ProtocolCondition& protocol = protocols_[needed.protocol];
        const ConditionRecord* found = nullptr;
        for (const ConditionRecord& c : record.conditions)
            if (c.condition == protocol.condition && (protocol.stimulation == no_stimulation ||
                                                      c.stimulation == config.stimulations[protocol.stimulation].name))
                found = &c;
        if (found == nullptr)
            throw Error(ExitCode::NotValid, "the network was not simulated at '" + protocol.name + "'");
        Shown s;
        s.bin = found->course_bin;
        s.from = std::max(found->transient, found->onset);
        s.to = found->duration;
        for (const PopulationActivity& activity : found->population) {
            s.rate_hz.push_back(activity.rate_hz);
            s.course_hz.push_back(smooth_box(activity.course_hz, config.validation.smoothing, s.bin));
            s.power.emplace_back();
            if (!needed.fluctuations) continue;
            const auto periodogram =
                Periodogram::of(activity.course_hz, s.bin,
                                window_of(found->transient, found->duration, s.bin, activity.course_hz.size()));
            if (!periodogram)
                throw InputError("the spectrum of '" + protocol.name +
                                 "' needs a longer duration: at least 1024 ms after the transient");
            for (const double f : frequencies_) s.power.back().push_back(periodogram->power(f) * found->trials);
        }
        out.push_back(std::move(s));
    }
    return out;
}

double TunedModel::value(const TuneTarget& t, std::size_t target, const std::vector<Shown>& conditions) const {
    const auto p = static_cast<std::size_t>(std::find(populations_.begin(), populations_.end(), t.population) -
                                            populations_.begin());
    const Shown& first = conditions[uses_[target].front()];
    switch (t.kind) {
    case Kind::Rate:
        return first.rate_hz[p];
    case Kind::Slope: {
        std::vector<double> level;
        for (const std::size_t u : uses_[target]) level.push_back(protocols_[needed_[u].protocol].level_hz);
        const std::vector<double> weight = slope_weights(level);
        double sum = 0;
        for (std::size_t i = 0; i < weight.size(); ++i) sum += weight[i] * conditions[uses_[target][i]].rate_hz[p];
        return sum;
    }
    case Kind::Peak: {
        const auto& course = first.course_hz[p];
        const auto largest = peak(course, window_of(first.from, first.to, first.bin, course.size()));
        if (!largest) throw Error(ExitCode::NotValid, "there is no course between onset and end to take a peak of");
        return *largest;
    }
    case Kind::Power: {
        const std::vector<double>& power = first.power[p];
        // Linear between the frequencies of the grid.
        const auto above = std::lower_bound(frequencies_.begin(), frequencies_.end(), t.frequency_hz);
        if (above == frequencies_.end())
            throw Error(ExitCode::NotValid, fmt::format("spectra end at {} Hz", frequencies_.back()));
        const auto k = static_cast<std::size_t>(above - frequencies_.begin());
        if (k == 0) return power[0];
        const double share = (t.frequency_hz - frequencies_[k - 1]) / (frequencies_[k] - frequencies_[k - 1]);
        return (1 - share) * power[k - 1] + share * power[k];
    }
    case Kind::Frequency:
        return peak_frequency(frequencies_, first.power[p], t.from_hz, t.to_hz);
    }
    return 0;
}

std::vector<double> TunedModel::values(std::span<const double> x) const {
    std::vector<Shown> conditions;
    if (tune_->network) {
        conditions = simulated(x);
    } else {
        const Model model = model_at(x);
        conditions.resize(needed_.size());
        tbb::parallel_for(std::size_t{0}, needed_.size(), [&](std::size_t i) { conditions[i] = shown(model, i); });
    }
    std::vector<double> out;
    for (std::size_t t = 0; t < targets(); ++t) {
        out.push_back(value(tune_->targets[t], t, conditions));
        if (!std::isfinite(out.back()))
            throw Error(ExitCode::NotValid, fmt::format("the {} is {}", tune_->targets[t].label(), out.back()));
    }
    return out;
}

std::vector<std::string> TunedModel::remarks(std::span<const double> x) const {
    std::vector<std::string> out;
    if (tune_->network) return out;
    const Model model = model_at(x);
    const MeanFieldModel& m = *model.mean_field;
    const std::vector<ProtocolCondition> protocols = protocol_conditions(model.config);
    for (std::size_t c = 0; c < needed_.size(); ++c) {
        const ProtocolCondition& protocol = protocols[needed_[c].protocol];
        if (!protocol.stationary) continue;
        const std::vector<FixedPoint> points =
            fixed_points(m, external_rates(model.config, m, protocol.target, protocol.level_hz));
        const FixedPoint& rest = resting_point(points);
        const auto say = [&](const std::string& what) { out.push_back(fmt::format("at {}, {}", protocol.name, what)); };
        for (const std::size_t p : rest.outside)
            say(fmt::format("{} is outside of the domain of its transfer function", m.populations()[p].name));
        if (!rest.stable)
            say("the fixed point is not stable");
        else if (!rest.stable_with_delays)
            say("the fixed point is not stable with the delays");
        const auto stable = std::count_if(points.begin(), points.end(), [](const FixedPoint& p) { return p.stable; });
        if (stable > 1) say(fmt::format("there are {} stable fixed points; the rates are those of the lowest", stable));
    }
    return out;
}

double TunedModel::step(std::size_t parameter, bool for_values) const {
    const TuneParameter& p = tune_->parameters[parameter];
    if (p.whole) return std::max(1.0, std::round(0.05 * p.range()));
    return (rough_[parameter] ? 0.05 : for_values ? 1e-4 : 1e-6) * p.range();
}

std::uint32_t TunedModel::models_of_slopes() const {
    return static_cast<std::uint32_t>(implicit_ ? 1 + parameters() : 1 + 2 * parameters());
}

std::vector<double> TunedModel::slopes(std::span<const double> x, std::vector<double>& slope,
                                       std::uint32_t& models) const {
    const std::size_t n = parameters(), m = targets();
    slope.assign(m * n, 0.0);
    models = models_of_slopes();
    if (!implicit_) {
        std::vector<double> here;
        std::vector<std::vector<double>> side(2 * n);
        std::vector<double> at(2 * n);
        tbb::parallel_for(std::size_t{0}, 2 * n + 1, [&](std::size_t k) {
            if (k == 2 * n) {
                here = values(x);
                return;
            }
            const std::size_t i = k / 2;
            const TuneParameter& p = tune_->parameters[i];
            std::vector<double> moved(x.begin(), x.end());
            moved[i] = std::clamp(x[i] + (k % 2 == 0 ? -1 : 1) * step(i, true), p.lower, p.upper);
            at[k] = moved[i];
            side[k] = values(moved);
        });
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t t = 0; t < m; ++t)
                slope[t * n + i] = (side[2 * i + 1][t] - side[2 * i][t]) / (at[2 * i + 1] - at[2 * i]);
        return here;
    }
    std::vector<Model> model;
    std::vector<double> width(n);
    model.resize(n + 1);
    tbb::parallel_for(std::size_t{0}, n + 1, [&](std::size_t i) {
        std::vector<double> moved(x.begin(), x.end());
        if (i < n) {
            const TuneParameter& p = tune_->parameters[i];
            const double h = step(i, false);
            moved[i] += moved[i] + h <= p.upper ? h : -h;
            width[i] = moved[i] - x[i];
        }
        model[i] = model_at(moved);
    });
    const Model& here = model[n];
    const std::size_t P = here.mean_field->populations().size();
    const std::vector<std::size_t>& internal = here.mean_field->internal();
    std::vector<std::vector<double>> rate(needed_.size()); // [condition][population of the mean field]
    std::vector<Eigen::MatrixXd> change(needed_.size());   // [condition] [internal][parameter]
    tbb::parallel_for(std::size_t{0}, needed_.size(), [&](std::size_t c) {
        rate[c] = fixed_rates(here, c);
        std::vector<Eigen::Index> position(P, -1);
        for (std::size_t k = 0; k < internal.size(); ++k) position[internal[k]] = index(k);
        Eigen::MatrixXd system = Eigen::MatrixXd::Identity(index(internal.size()), index(internal.size()));
        AverageWorkspace work;
        PopulationRate average;
        std::vector<double> nu;
        for (const std::size_t p : internal) {
            const std::vector<std::size_t>& into = here.mean_field->pathways_into(p);
            nu.clear();
            for (const std::size_t s : into) nu.push_back(rate[c][here.mean_field->pathways()[s].source]);
            here.mean_field->average(p, nu, 1, false, work, average);
            for (std::size_t k = 0; k < into.size(); ++k) {
                const Eigen::Index source = position[here.mean_field->pathways()[into[k]].source];
                if (source >= 0) system(position[p], source) -= average.dF[k];
            }
        }
        const std::vector<double> F = here.mean_field->transfer(rate[c]);
        Eigen::MatrixXd forcing(index(internal.size()), index(n));
        for (std::size_t i = 0; i < n; ++i) {
            const ProtocolCondition protocol = protocol_conditions(model[i].config)[needed_[c].protocol];
            std::vector<double> held = rate[c];
            const std::vector<double> external =
                external_rates(model[i].config, *model[i].mean_field, protocol.target, protocol.level_hz);
            for (std::size_t e = 0; e < external.size(); ++e) held[model[i].mean_field->external()[e]] = external[e];
            const std::vector<double> moved = model[i].mean_field->transfer(held);
            for (std::size_t k = 0; k < internal.size(); ++k)
                forcing(index(k), index(i)) = (moved[internal[k]] - F[internal[k]]) / width[i];
        }
        change[c] = system.partialPivLu().solve(forcing);
    });
    std::vector<double> out(m);
    for (std::size_t t = 0; t < m; ++t) {
        const TuneTarget& target = tune_->targets[t];
        std::vector<double> weight{1.0};
        if (target.kind == Kind::Slope) {
            std::vector<double> level;
            for (const std::size_t u : uses_[t]) level.push_back(protocols_[needed_[u].protocol].level_hz);
            weight = slope_weights(level);
        }
        std::size_t k = 0;
        while (k < internal.size() && here.mean_field->populations()[internal[k]].name != target.population) ++k;
        for (std::size_t u = 0; u < uses_[t].size(); ++u) {
            const std::size_t c = uses_[t][u];
            out[t] += weight[u] * rate[c][internal[k]];
            for (std::size_t i = 0; i < n; ++i) slope[t * n + i] += weight[u] * change[c](index(k), index(i));
        }
    }
    for (const double v : slope)
        if (!std::isfinite(v))
            throw Error(ExitCode::NotValid, "a fixed point at the edge of its existence has no slope");
    return out;
}

} // namespace mfm
