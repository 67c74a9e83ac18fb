// SPDX-License-Identifier: Apache-2.0
#include "transfer/sample.hpp"

#include <mfm/random.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "simulate/neuron_group.hpp"
#include "simulate/streams.hpp"

namespace mfm {
namespace {

/// van der Corput's radical inverse: a Halton sequence takes one base a dimension (Halton 1960).
double radical_inverse(std::uint64_t i, std::uint64_t base) {
    double value = 0, digit = 1.0 / static_cast<double>(base);
    for (; i > 0; i /= base, digit /= static_cast<double>(base)) value += digit * static_cast<double>(i % base);
    return value;
}

/// A row per condition, interpolated at position t in 0..1 along the path.
std::vector<double> on_path(const std::vector<std::vector<double>>& rows, double t) {
    const std::size_t n = rows.size();
    const double x = t * static_cast<double>(n - 1);
    const auto i = std::min(n > 1 ? n - 2 : 0, static_cast<std::size_t>(x));
    const double f = n > 1 ? x - static_cast<double>(i) : 0.0;
    std::vector<double> out(rows[i].size());
    for (std::size_t p = 0; p < out.size(); ++p) out[p] = rows[i][p] * (1 - f) + (n > 1 ? rows[i + 1][p] : 0.0) * f;
    return out;
}

/// Independent gamma renewal trains into a port of every cell.
struct RenewalDrive {
    std::uint32_t port = 0, sources = 0;
    double rate_hz = 0, shape = 1, weight = 0; // of one source
};

/// The trains of all cells of a group as input rows, made a call at a time.
class RenewalInput {
public:
    RenewalInput(std::vector<RenewalDrive> drives, std::uint64_t cells, std::uint64_t padded, std::uint32_t ports,
                 double dt, std::uint64_t seed, std::uint64_t stream)
        : drives_(std::move(drives)), cells_(cells), padded_(padded), ports_(ports), dt_(dt) {
        for (std::size_t d = 0; d < drives_.size(); ++d)
            for (std::uint64_t k = 0; k < cells * drives_[d].sources; ++k) {
                trains_.push_back({0.0, RandomSequence(seed, stream, k, static_cast<std::uint32_t>(d + 1))});
                // Somewhere within a first interval; the transient forgets where.
                Train& t = trains_.back();
                t.next = drives_[d].rate_hz > 0 ? t.random.uniform() * interval(drives_[d], t)
                                                : std::numeric_limits<double>::infinity();
            }
    }
    [[nodiscard]] bool empty() const { return drives_.empty(); }
    /// Rows of steps [first, first + n); valid until the next call.
    const double* const* rows(std::uint64_t first, std::uint32_t n) {
        rows_.assign(static_cast<std::size_t>(n) * ports_, nullptr);
        sum_.resize(ports_);
        for (const RenewalDrive& d : drives_) sum_[d.port].assign(static_cast<std::size_t>(n) * padded_, 0.0);
        for (const RenewalDrive& d : drives_)
            for (std::uint32_t t = 0; t < n; ++t) rows_[t * ports_ + d.port] = sum_[d.port].data() + t * padded_;
        const double begin = static_cast<double>(first) * dt_, end = static_cast<double>(first + n) * dt_;
        std::size_t k = 0;
        for (const RenewalDrive& d : drives_)
            for (std::uint64_t c = 0; c < cells_; ++c)
                for (std::uint32_t s = 0; s < d.sources; ++s) {
                    Train& train = trains_[k++];
                    for (; train.next < end; train.next += interval(d, train)) {
                        const auto step =
                            std::min<std::uint64_t>(n - 1, static_cast<std::uint64_t>((train.next - begin) / dt_));
                        sum_[d.port][step * padded_ + c] += d.weight;
                    }
                }
        return rows_.data();
    }

private:
    struct Train {
        double next; // ms
        RandomSequence random;
    };
    static double interval(const RenewalDrive& d, Train& t) {
        return t.random.gamma(d.shape) / d.shape * 1e3 / d.rate_hz;
    }
    std::vector<RenewalDrive> drives_;
    std::uint64_t cells_, padded_;
    std::uint32_t ports_;
    double dt_;
    std::vector<Train> trains_;
    std::vector<AlignedVector<double>> sum_;
    std::vector<const double*> rows_;
};

struct Axes {
    std::vector<std::size_t> pathway; ///< indices into Reduction::pathways
    std::vector<bool> excitatory;
    std::vector<double> unit; ///< nS (or pA) per Hz of the presynaptic rate: kernel area |Q| K 1e-3
};
Axes axes_of(const PipelineConfig& config, const Reduction& r, std::size_t population) {
    Axes a;
    a.pathway = r.pathways_into(population);
    for (const std::size_t s : a.pathway) {
        const Pathway& w = r.pathways[s];
        a.excitatory.push_back(
            is_excitatory(w.receptor, w.Q, config.populations[r.populations[population].network_index]));
        a.unit.push_back(std::abs(kernel_area(w.receptor) * w.Q) * w.K * 1e-3);
    }
    return a;
}

/// Copies of a cell under stationary input; statistics over cells.
struct Measured {
    double rate_hz = 0, se_hz = 0, cv_isi = 0, mean_adaptation = 0, seconds = 0;
};
Measured measure(NeuronGroup& group, RenewalInput& renewal, double dt, double transient, double duration) {
    constexpr std::uint32_t call_steps = 1000;
    const auto warm = static_cast<std::uint64_t>(std::llround(transient / dt)),
               total = warm + static_cast<std::uint64_t>(std::llround(duration / dt));
    const std::uint64_t n = group.cells();
    std::vector<std::uint32_t> step(group.padded() * call_steps), neuron(step.size());
    std::vector<double> last(n, -1), sum(n, 0), square(n, 0), count(n, 0), intervals(n, 0);
    const int adaptation = group.state_with_role(MFM_ROLE_ADAPTATION);
    double adaptation_sum = 0, adaptation_calls = 0;
    for (std::uint64_t now = 0; now < total;) {
        const std::uint64_t stop = now < warm ? warm : total;
        const auto n_steps = static_cast<std::uint32_t>(std::min<std::uint64_t>(call_steps, stop - now));
        mfm_spikes spikes{sizeof(mfm_spikes), static_cast<std::uint32_t>(step.size()), 0, 0, step.data(),
                          neuron.data()};
        group.advance({0, group.padded(), now, n_steps}, renewal.empty() ? nullptr : renewal.rows(now, n_steps),
                      &spikes, nullptr);
        if (now >= warm) {
            for (std::uint32_t k = 0; k < spikes.count; ++k) {
                const std::uint32_t c = neuron[k];
                const double t = static_cast<double>(now + step[k]) * dt;
                ++count[c];
                if (last[c] >= 0) {
                    sum[c] += t - last[c];
                    square[c] += (t - last[c]) * (t - last[c]);
                    ++intervals[c];
                }
                last[c] = t;
            }
            if (adaptation >= 0) {
                const auto w = group.state(static_cast<std::size_t>(adaptation));
                adaptation_sum += std::accumulate(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(n), 0.0) /
                                  static_cast<double>(n);
                ++adaptation_calls;
            }
        }
        now += n_steps;
    }
    std::size_t state = 0;
    std::uint64_t cell = 0;
    if (group.find_not_finite(state, cell))
        throw PluginError("neuron '" + group.instance().component().id() + "': the state '" +
                          group.state_names()[state] +
                          "' is not a finite number any more while its transfer function is sampled; check the cell's "
                          "parameters and dt");
    Measured m;
    m.seconds = static_cast<double>(n) * duration * 1e-3;
    double cv = 0, with_cv = 0;
    for (std::uint64_t c = 0; c < n; ++c) {
        count[c] /= duration * 1e-3;
        m.rate_hz += count[c] / static_cast<double>(n);
        if (intervals[c] >= 2) {
            const double mean = sum[c] / intervals[c];
            cv += std::sqrt(std::max(0.0, square[c] / intervals[c] - mean * mean)) / mean;
            ++with_cv;
        }
    }
    for (std::uint64_t c = 0; c < n; ++c) m.se_hz += (count[c] - m.rate_hz) * (count[c] - m.rate_hz);
    m.se_hz = n > 1 ? std::sqrt(m.se_hz / static_cast<double>(n - 1) / static_cast<double>(n)) : 0.0;
    // No spike at all: the error of a Poisson count of one.
    if (m.rate_hz == 0.0) m.se_hz = 1.0 / m.seconds;
    m.cv_isi = with_cv > 0 ? cv / with_cv : 0.0;
    m.mean_adaptation = adaptation_calls > 0 ? adaptation_sum / adaptation_calls : 0.0;
    return m;
}

int current_setting(const PopulationConfig& config) {
    const mfm_field* const* fields = config.neuron->component->abi->settings;
    for (int i = 0; fields[i] != nullptr; ++i)
        if (fields[i]->role != nullptr && std::string_view(fields[i]->role) == MFM_ROLE_CURRENT) return i;
    return -1;
}

constexpr double slow_adaptation = 5.0; // ms: what is faster follows the rate at once
bool has_current_axis(const PipelineConfig& config, const PopulationConfig& population) {
    const Adaptation a = adaptation_of(population);
    return config.mean_field.adaptation && config.mean_field.dynamics == MeanFieldConfig::Dynamics::Synaptic &&
           a.rate > 0 && 1.0 / a.rate > slow_adaptation && a.increment != 0 && current_setting(population) >= 0;
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
        if (c.stationary && !c.partial()) conditions.push_back(&c);
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

std::size_t sample_count(const PipelineConfig& config, const Reduction& r, std::size_t population) {
    const TransferConfig& t = config.transfer;
    const PopulationConfig& cell = config.populations[r.populations[population].network_index];
    return t.points + t.wide_points + t.heldout_points + (has_current_axis(config, cell) ? 2 * current_pairs(t) : 0);
}

TransferTable sample_transfer(const PipelineConfig& config, const Reduction& r, const RatePath& path,
                              std::size_t population, Progress& progress) {
    const PopulationConfig& cell = config.populations[r.populations[population].network_index];
    const TransferConfig& t = config.transfer;
    const Axes axes = axes_of(config, r, population);
    TransferTable table;
    table.population = cell.name;

    std::vector<double> position; // of every point along the path
    const auto add = [&](const std::vector<double>& nu, double t_path, double I, TransferPoint::Use use) {
        position.push_back(t_path);
        TransferPoint p;
        p.nu = nu;
        for (std::size_t s = 0; s < nu.size(); ++s) (axes.excitatory[s] ? p.G_e : p.G_i) += axes.unit[s] * nu[s];
        p.I = I;
        p.use = use;
        table.points.push_back(std::move(p));
    };
    // The working range: a point of the path, excitation and inhibition scaled apart by factors low .. high.
    const double low = std::log(t.working_low), span = std::log(t.working_high) - low;
    const auto working = [&](std::uint64_t i) {
        const std::vector<double> rates = on_path(path.rate_hz, radical_inverse(i, 2));
        const double e = std::exp(low + span * radical_inverse(i, 3)), h = std::exp(low + span * radical_inverse(i, 5));
        std::vector<double> nu;
        for (std::size_t s = 0; s < axes.pathway.size(); ++s)
            nu.push_back(rates[r.pathways[axes.pathway[s]].source] * (axes.excitatory[s] ? e : h));
        return nu;
    };
    for (std::uint64_t i = 1; i <= t.points; ++i)
        add(working(i), radical_inverse(i, 2), 0.0, TransferPoint::Use::Working);
    for (std::uint64_t i = 1; i <= t.heldout_points; ++i)
        add(working(t.points + i), radical_inverse(t.points + i, 2), 0.0, TransferPoint::Use::HeldOut);
    // The wide range: from nothing to twice the working range's end on both axes, square-root spaced; the first
    // quarter has no inhibition.
    double G_e = 0, G_i = 0;
    for (const TransferPoint& p : table.points) {
        G_e = std::max(G_e, p.G_e);
        G_i = std::max(G_i, p.G_i);
    }
    const std::vector<double> middle = on_path(path.rate_hz, 0.5);
    double e_middle = 0, i_middle = 0;
    for (std::size_t s = 0; s < axes.pathway.size(); ++s)
        (axes.excitatory[s] ? e_middle : i_middle) += axes.unit[s] * middle[r.pathways[axes.pathway[s]].source];
    for (std::uint64_t i = 1; i <= t.wide_points; ++i) {
        const double a = radical_inverse(i, 2), b = i % 4 == 0 ? 0.0 : radical_inverse(i, 3);
        const double e = e_middle > 0 ? 2.0 * G_e * a * a / e_middle : 0.0,
                     h = i_middle > 0 ? 2.0 * G_i * b * b / i_middle : 0.0;
        std::vector<double> nu;
        for (std::size_t s = 0; s < axes.pathway.size(); ++s)
            nu.push_back(middle[r.pathways[axes.pathway[s]].source] * (axes.excitatory[s] ? e : h));
        add(nu, 0.5, 0.0, TransferPoint::Use::Wide);
    }
    const int current = current_setting(cell);
    if (has_current_axis(config, cell)) {
        // A current about as large as the adaptation moves when the rate changes by a quarter.
        const Adaptation a = adaptation_of(cell);
        double rate = 1.0;
        for (const auto& rates : path.rate_hz) rate = std::max(rate, rates[population]);
        const double dI = 0.25 * std::abs(a.increment) / a.rate * rate * 1e-3;
        const std::uint64_t first = t.points + t.heldout_points;
        for (std::uint64_t i = 1; i <= current_pairs(t); ++i) {
            add(working(first + i), radical_inverse(first + i, 2), dI, TransferPoint::Use::Current);
            add(working(first + i), radical_inverse(first + i, 2), -dI, TransferPoint::Use::Current);
        }
    }

    const double duration = t.seconds / t.copies * 1e3;
    tbb::parallel_for(std::size_t{0}, table.points.size(), [&](std::size_t i) {
        throw_if_interrupted();
        TransferPoint& p = table.points[i];
        NeuronGroup group(cell, t.copies, config.simulation.dt, config.seed,
                          stream_number(StreamPurpose::Sample, population << 20 | i));
        if (p.I != 0.0) group.shift_setting(static_cast<std::size_t>(current), p.I);
        const std::vector<double> cv = on_path(path.cv_isi, position[i]);
        std::vector<PoissonDrive> drives;
        std::vector<RenewalDrive> renewals;
        for (std::size_t s = 0; s < axes.pathway.size(); ++s) {
            const Pathway& w = r.pathways[axes.pathway[s]];
            const double regularity = std::max(cv[w.source], 0.1);
            if (w.K <= t.renewal_below && regularity < 0.95) {
                // A whole number of trains with the mean cell's total rate.
                const double sources = std::max(1.0, std::round(w.K));
                renewals.push_back({w.port, static_cast<std::uint32_t>(sources), w.K * p.nu[s] / sources,
                                    1.0 / (regularity * regularity), w.Q});
            } else {
                drives.push_back({w.port, {w.K * p.nu[s]}, {w.Q}});
            }
        }
        group.set_drives(std::move(drives));
        RenewalInput renewal(std::move(renewals), group.cells(), group.padded(), group.ports(), config.simulation.dt,
                             config.seed, stream_number(StreamPurpose::Renewal, population << 20 | i));
        // Points that only test count four times as long, so that they test the fit and not their own noise.
        const Measured m = measure(group, renewal, config.simulation.dt, t.transient,
                                   p.use == TransferPoint::Use::HeldOut ? 4 * duration : duration);
        p.rate_hz = m.rate_hz;
        p.se_hz = m.se_hz;
        p.cv_isi = m.cv_isi;
        p.mean_adaptation = m.mean_adaptation;
        p.seconds = m.seconds;
        progress.advance();
    });
    return table;
}

std::vector<OperatingPoint> operating_points(const PipelineConfig& config, const Reduction& r,
                                             std::span<const PathwayEdges> edges, const SpikeRecord& record,
                                             std::size_t population, Progress& progress) {
    constexpr std::uint64_t most_cells = 1024;
    constexpr double neuron_seconds = 2000.0;
    const MesoPopulation& meso = r.populations[population];
    const PopulationConfig& cell = config.populations[meso.network_index];
    std::vector<std::uint32_t> order(meso.n);
    std::iota(order.begin(), order.end(), 0u);
    const std::uint64_t n = std::min(meso.n, most_cells);
    RandomSequence random(config.seed, stream_number(StreamPurpose::Pairs, meso.network_index), 1);
    for (std::uint64_t i = 0; i < n && meso.n > n; ++i) std::swap(order[i], order[i + random.below(meso.n - i)]);

    const std::vector<const ConditionRecord*> conditions = stationary_conditions(record);
    std::vector<OperatingPoint> out(conditions.size());
    tbb::parallel_for(std::size_t{0}, out.size(), [&](std::size_t c) {
        throw_if_interrupted();
        NeuronGroup group(cell, n, config.simulation.dt, config.seed,
                          stream_number(StreamPurpose::Sample, population << 20 | 1u << 19 | c));
        std::vector<PoissonDrive> drives;
        for (const std::size_t s : r.pathways_into(population)) {
            const Pathway& w = r.pathways[s];
            const MesoPopulation& source = r.populations[w.source];
            const std::vector<double> events =
                event_rates(edges[s], source.drive ? std::vector<double>(source.n, source.rate_hz)
                                                   : conditions[c]->population[source.network_index].cell_rate_hz);
            PoissonDrive d{w.port, {}, {w.Q}};
            // Two values at least, so that the array counts as one per cell.
            for (std::uint64_t i = 0; i < std::max<std::uint64_t>(n, 2); ++i)
                d.rate_hz.push_back(events[order[std::min(i, n - 1)]]);
            drives.push_back(std::move(d));
        }
        group.set_drives(std::move(drives));
        RenewalInput none({}, group.cells(), group.padded(), group.ports(), config.simulation.dt, config.seed, 0);
        const Measured m = measure(group, none, config.simulation.dt, config.transfer.transient,
                                   neuron_seconds / static_cast<double>(n) * 1e3);
        out[c] = {conditions[c]->level_hz, m.rate_hz, m.se_hz, m.cv_isi};
        progress.advance();
    });
    return out;
}

} // namespace mfm
