// SPDX-License-Identifier: Apache-2.0
#include "transfer/sample.hpp"

#include <mfm/random.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "simulate/neuron_group.hpp"
#include "simulate/streams.hpp"
#include "transfer/adaptive.hpp"
#include "transfer/basis.hpp"
#include "transfer/working_range.hpp"

namespace mfm {
namespace {

constexpr double slow_adaptation = 5.0; // ms: what is faster follows the rate at once
bool has_current_axis(const PipelineConfig& config, const PopulationConfig& population) {
    const Adaptation a = adaptation_of(population);
    return config.mean_field.adaptation && config.mean_field.dynamics == MeanFieldConfig::Dynamics::Synaptic &&
           a.rate > 0 && 1.0 / a.rate > slow_adaptation && a.increment != 0 && current_setting(population) >= 0;
}
/// Points of the working range that are there for a fit only: without coefficients, none.
std::uint32_t working_points(const TransferConfig& t) {
    return is_analytic(t) ? 0 : t.points;
}
bool is_adaptive(const TransferConfig& t) {
    return t.sampling == TransferConfig::Sampling::Adaptive && !is_analytic(t);
}
std::uint32_t current_pairs(const TransferConfig& t) {
    return std::max(8u, t.points / 3);
}

} // namespace

Adaptation adaptation_of(const PopulationConfig& config) {
    const NeuronGroup group(config, 1, 0.1, 1, 0);
    const int state = group.state_with_role(MFM_ROLE_ADAPTATION);
    if (state < 0) return {};
    const auto& table = group.instance().table<mfm_neuron_v1>(MFM_NEURON_ID);
    const mfm_field* const* fields = nullptr;
    std::uint32_t n_dynamic = 0;
    mfm_error error = empty_error();
    check_status(table.states(group.instance().self(), &fields, &n_dynamic, &error), error,
                 group.instance().component(), "states", config.where);
    if (static_cast<std::uint32_t>(state) >= n_dynamic) return {};
    const std::size_t columns = n_dynamic + group.ports();
    std::vector<double> x(n_dynamic), g(group.ports() + 1, 0.0), dx(n_dynamic), jacobian(n_dynamic * columns);
    for (std::uint32_t i = 0; i < n_dynamic; ++i) x[i] = group.state(i)[0];
    const mfm_subthreshold q{sizeof(mfm_subthreshold), 0,      x.data(), g.data(), nullptr, dx.data(),
                             jacobian.data(),          nullptr};
    check_status(table.subthreshold(group.instance().self(), &q, &error), error, group.instance().component(),
                 "subthreshold", config.where);
    const auto s = static_cast<std::size_t>(state);
    Adaptation a;
    a.rate = -jacobian[s * columns + s];
    const int increment = group.instance().setting_with_role(MFM_ROLE_INCREMENT);
    a.increment = increment >= 0 ? group.instance().settings()[static_cast<std::size_t>(increment)].real : 0.0;
    return a;
}

std::vector<const ConditionRecord*> stationary_conditions(const SpikeRecord& record) {
    std::vector<const ConditionRecord*> conditions;
    for (const ConditionRecord& c : record.conditions)
        if (c.stationary && !c.partial() && !c.off_path) conditions.push_back(&c);
    if (conditions.empty())
        throw InputError("no stationary stimulation of a whole population: transfer functions are sampled around the "
                         "network's stationary rates; add a [stimulation.*] that holds them constant, or leave all "
                         "stimulations out");
    std::stable_sort(conditions.begin(), conditions.end(),
                     [](const auto* a, const auto* b) { return a->level_hz < b->level_hz; });
    return conditions;
}

RatePath rate_path(const Reduction& r, const SpikeRecord& record) {
    RatePath path;
    for (const ConditionRecord* c : stationary_conditions(record)) {
        path.level_hz.push_back(c->level_hz);
        std::vector<double> rates, regularity;
        for (const MesoPopulation& p : r.populations) {
            if (p.drive) {
                rates.push_back(p.rate_hz);
                regularity.push_back(1.0);
                continue;
            }
            const PopulationActivity& activity = c->population[p.network_index];
            rates.push_back(activity.rate_hz);
            // External sources are Poisson by definition; cells that hardly fire have no intervals to speak of.
            regularity.push_back(p.external || activity.cv_isi <= 0 ? 1.0 : activity.cv_isi);
        }
        path.rate_hz.push_back(std::move(rates));
        path.cv_isi.push_back(std::move(regularity));
    }
    return path;
}

std::size_t fewest_working_points(const TransferConfig& t) {
    std::size_t most = 0;
    for (const PluginChoice& choice : t.bases)
        most =
            std::max(most, basis_shape(Instance(*choice.component, choice.settings, choice.where)).coefficients.size());
    const std::size_t needed = most + t.folds;
    return needed > t.wide_points ? needed - t.wide_points : 0;
}

std::size_t sample_count(const PipelineConfig& config, const Reduction& r, std::size_t population) {
    const TransferConfig& t = config.transfer;
    const PopulationConfig& cell = config.populations[r.populations[population].network_index];
    const std::size_t working =
        is_adaptive(t) ? adaptive_count(t, adaptive_seconds(t, adaptation_of(cell).rate)) : working_points(t);
    return working + t.wide_points + t.heldout_points + (has_current_axis(config, cell) ? 2 * current_pairs(t) : 0);
}

TransferTable sample_transfer(const PipelineConfig& config, const Reduction& r, const RatePath& path,
                              const SourceStatistics& statistics, const SampledCells* cells, std::size_t population,
                              Progress& progress) {
    const PopulationConfig& cell = config.populations[r.populations[population].network_index];
    const TransferConfig& t = config.transfer;
    const PointSampler sampler(config, r, population, statistics, cells);
    TransferTable table;
    table.population = cell.name;

    const WorkingRange range(config, r, path, sampler);
    const bool adaptive = is_adaptive(t);
    const double seconds = adaptive ? adaptive_seconds(t, adaptation_of(cell).rate) : t.seconds;
    if (adaptive) sample_adaptively(t, seconds, range, sampler, r, fewest_working_points(t), table, progress);
    const std::size_t measured = table.points.size();

    std::vector<double> position; // along the path, of every point that is still to be measured
    const auto add = [&](const std::vector<double>& nu, double t_path, double I, TransferPoint::Use use) {
        position.push_back(t_path);
        table.points.push_back(sampler.point(nu, I, use));
    };
    const auto add_place = [&](std::uint64_t i, double I, TransferPoint::Use use) {
        const WorkingRange::Place place = range.place(i);
        add(range.rates(place), place.position, I, use);
    };
    if (!adaptive)
        for (std::uint64_t i = 1; i <= working_points(t); ++i) add_place(i, 0.0, TransferPoint::Use::Working);
    for (std::uint64_t i = 1; i <= t.heldout_points; ++i) add_place(t.points + i, 0.0, TransferPoint::Use::HeldOut);
    // The wide range: from nothing to twice the working range's end on both axes, square-root spaced; the first
    // quarter has no inhibition.
    double G_e = 0, G_i = 0;
    for (const TransferPoint& p : table.points) {
        G_e = std::max(G_e, p.G_e);
        G_i = std::max(G_i, p.G_i);
    }
    const std::vector<double> middle = on_path(path.rate_hz, 0.5);
    double e_middle = 0, i_middle = 0;
    for (std::size_t s = 0; s < sampler.pathways().size(); ++s)
        (sampler.excitatory(s) ? e_middle : i_middle) +=
            sampler.unit(s) * middle[r.pathways[sampler.pathways()[s]].source];
    for (std::uint64_t i = 1; i <= t.wide_points; ++i) {
        const double a = radical_inverse(i, 2), b = i % 4 == 0 ? 0.0 : radical_inverse(i, 3);
        const double e = e_middle > 0 ? 2.0 * G_e * a * a / e_middle : 0.0,
                     h = i_middle > 0 ? 2.0 * G_i * b * b / i_middle : 0.0;
        std::vector<double> nu;
        for (std::size_t s = 0; s < sampler.pathways().size(); ++s)
            nu.push_back(middle[r.pathways[sampler.pathways()[s]].source] * (sampler.excitatory(s) ? e : h));
        add(nu, 0.5, 0.0, TransferPoint::Use::Wide);
    }
    if (has_current_axis(config, cell)) {
        // A current about as large as the adaptation moves when the rate changes by a quarter.
        const Adaptation a = adaptation_of(cell);
        double rate = 1.0;
        for (const auto& rates : path.rate_hz) rate = std::max(rate, rates[population]);
        const double dI = 0.25 * std::abs(a.increment) / a.rate * rate * 1e-3;
        const std::uint64_t first = t.points + t.heldout_points;
        for (std::uint64_t i = 1; i <= current_pairs(t); ++i) {
            add_place(first + i, dI, TransferPoint::Use::Current);
            add_place(first + i, -dI, TransferPoint::Use::Current);
        }
    }

    const std::uint64_t first_key = adaptive ? 1u << 17 : 0; // beyond those of the adaptive rounds
    tbb::parallel_for(std::size_t{0}, position.size(), [&](std::size_t i) {
        throw_if_interrupted();
        TransferPoint& p = table.points[measured + i];
        // Points that only test count four times as long, so that they test the fit and not their own noise.  The wide
        // range hardly counts in the fit: what adaptive sampling gives a point is enough there.
        const double length = p.use == TransferPoint::Use::HeldOut ? 4 * t.seconds
                              : p.use == TransferPoint::Use::Wide  ? seconds
                                                                   : t.seconds;
        sampler.measure_point(p, position[i], first_key + i, length);
        progress.advance();
    });
    if (!adaptive) summarise_fixed(t, range, sampler, table);
    return table;
}

} // namespace mfm
