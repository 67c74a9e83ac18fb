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
    std::vector<double> rate_hz;  // of one source: one value, or one per cell
    double shape = 1, weight = 0; // of one source
    [[nodiscard]] double rate_of(std::uint64_t cell) const { return rate_hz[rate_hz.size() == 1 ? 0 : cell]; }
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
                const double rate = drives_[d].rate_of(k / drives_[d].sources);
                t.next = rate > 0 ? t.random.uniform() * interval(drives_[d].shape, rate, t)
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
            for (std::uint64_t c = 0; c < cells_; ++c) {
                const double rate = d.rate_of(c);
                for (std::uint32_t s = 0; s < d.sources; ++s) {
                    Train& train = trains_[k++];
                    for (; train.next < end; train.next += interval(d.shape, rate, train)) {
                        const auto step =
                            std::min<std::uint64_t>(n - 1, static_cast<std::uint64_t>((train.next - begin) / dt_));
                        sum_[d.port][step * padded_ + c] += d.weight;
                    }
                }
            }
        return rows_.data();
    }

private:
    struct Train {
        double next; // ms
        RandomSequence random;
    };
    static double interval(double shape, double rate_hz, Train& t) {
        return t.random.gamma(shape) / shape * 1e3 / rate_hz;
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

/// Poisson drives whose rates follow the recorded activity of their sources, bin by bin, again and again.
class RecordedDrives {
public:
    explicit RecordedDrives(std::uint64_t steps_per_bin) : steps_(steps_per_bin) {}
    /// factor: activity over its mean, [bins].
    void add(PoissonDrive mean, std::vector<double> factor) {
        mean_.push_back(std::move(mean));
        factor_.push_back(std::move(factor));
    }
    [[nodiscard]] bool empty() const { return mean_.empty(); }
    /// Steps until the rates change next.
    [[nodiscard]] std::uint64_t left(std::uint64_t step) const { return steps_ - step % steps_; }
    void set(NeuronGroup& group, std::uint64_t step) const {
        std::vector<PoissonDrive> drives = mean_;
        for (std::size_t d = 0; d < drives.size(); ++d) {
            const double factor = factor_[d][step / steps_ % factor_[d].size()];
            for (double& rate : drives[d].rate_hz) rate *= factor;
        }
        group.set_drives(std::move(drives));
    }

private:
    std::uint64_t steps_;
    std::vector<PoissonDrive> mean_;
    std::vector<std::vector<double>> factor_;
};

/// Copies of a cell under stationary input; statistics over cells.
struct Measured {
    double rate_hz = 0, se_hz = 0, cv_isi = 0, mean_adaptation = 0, seconds = 0;
    std::vector<double> cell_rate_hz;
};
Measured measure(NeuronGroup& group, RenewalInput& renewal, double dt, double transient, double duration,
                 const RecordedDrives* recorded = nullptr) {
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
        std::uint64_t left = std::min<std::uint64_t>(call_steps, stop - now);
        if (recorded != nullptr) {
            recorded->set(group, now);
            left = std::min(left, recorded->left(now));
        }
        const auto n_steps = static_cast<std::uint32_t>(left);
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
    m.cell_rate_hz = std::move(count);
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

/// Whether a pathway of few and regular sources is driven by renewal trains; cv: of the sources' intervals.
bool is_renewal(const Pathway& w, double cv, const TransferConfig& t) {
    return w.K <= t.renewal_below && cv < 0.95;
}
/// The mean cell's whole number of trains, with these total rates: one value, or one per cell.
RenewalDrive renewal_drive(const Pathway& w, double cv, std::vector<double> total_hz) {
    const double sources = std::max(1.0, std::round(w.K)), regularity = std::max(cv, 0.1);
    for (double& rate : total_hz) rate /= sources;
    return {w.port, static_cast<std::uint32_t>(sources), std::move(total_hz), 1.0 / (regularity * regularity), w.Q};
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
                         "network's stationary rates; add a [stimulation.*] that holds them constant");
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
        if (p.I != 0.0)
            group.set_setting(static_cast<std::size_t>(current),
                              cell.neuron->settings[static_cast<std::size_t>(current)].real + p.I);
        const std::vector<double> cv = on_path(path.cv_isi, position[i]);
        std::vector<PoissonDrive> drives;
        std::vector<RenewalDrive> renewals;
        for (std::size_t s = 0; s < axes.pathway.size(); ++s) {
            const Pathway& w = r.pathways[axes.pathway[s]];
            if (is_renewal(w, cv[w.source], t))
                renewals.push_back(renewal_drive(w, cv[w.source], {w.K * p.nu[s]}));
            else
                drives.push_back({w.port, {w.K * p.nu[s]}, {w.Q}});
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

namespace {

constexpr std::uint64_t most_measured = 1024;
constexpr double longest_record = 5000.0; // ms

/// Up to most_measured cells of a population, at random.
std::vector<std::uint32_t> measured_cells(const PipelineConfig& config, const MesoPopulation& meso) {
    std::vector<std::uint32_t> cell(meso.n);
    std::iota(cell.begin(), cell.end(), 0u);
    const std::uint64_t n = std::min(meso.n, most_measured);
    RandomSequence random(config.seed, stream_number(StreamPurpose::Pairs, meso.network_index), 1);
    for (std::uint64_t i = 0; i < n && meso.n > n; ++i) std::swap(cell[i], cell[i + random.below(meso.n - i)]);
    cell.resize(n);
    return cell;
}

/// Whether sampling drives any of the population's pathways by renewal trains.
bool has_renewal(const PipelineConfig& config, const Reduction& r, const RatePath& path, std::size_t population) {
    for (const std::size_t s : r.pathways_into(population))
        for (const std::vector<double>& cv : path.cv_isi)
            if (is_renewal(r.pathways[s], cv[r.pathways[s].source], config.transfer)) return true;
    return false;
}

/// Event rates of some of a pathway's target cells.
enum class SourceRates { Own, PopulationMean };
std::vector<double> events_of(const Pathway& w, const PathwayEdges& edges, const PopulationActivity& source,
                              SourceRates rates, const std::vector<std::uint32_t>& cells) {
    std::vector<double> all, out;
    if (rates == SourceRates::Own) all = event_rates(edges, source.cell_rate_hz);
    for (const std::uint32_t i : cells)
        out.push_back(rates == SourceRates::Own ? all[i] : w.in_degree[i] * w.source_fraction * source.rate_hz);
    return out;
}

/// The recorded activity of a pathway's source over its mean, when it arrives; 1 for a source that is silent.
std::vector<double> recorded_factor(const Pathway& w, const ConditionRecord& c, const PopulationActivity& source) {
    const auto first = static_cast<std::size_t>(std::ceil(c.transient / c.course_bin));
    const auto delay = static_cast<std::size_t>(std::llround(w.delay / c.course_bin));
    const std::size_t bins = source.course_hz.size() - first;
    std::vector<double> factor(bins, 1.0);
    const auto begin = source.course_hz.begin() + static_cast<std::ptrdiff_t>(first);
    const double mean = std::accumulate(begin, source.course_hz.end(), 0.0) / static_cast<double>(bins);
    for (std::size_t i = 0; i < bins && mean > 0; ++i)
        factor[(i + delay) % bins] = source.course_hz[first + i] / mean; // the record is repeated
    return factor;
}

/// Whether the record has the activity of single trials: a mean over trials has lost its fluctuations.
bool has_courses(const std::vector<const ConditionRecord*>& conditions) {
    return std::all_of(conditions.begin(), conditions.end(), [](const ConditionRecord* c) {
        return c->trials == 1 && std::all_of(c->population.begin(), c->population.end(), [&](const auto& p) {
                   return static_cast<double>(p.course_hz.size()) * c->course_bin >= c->transient + c->course_bin;
               });
    });
}

/// What differs in the input of measured cells from that of the measurement before.
struct Swap {
    const char* name;
    SourceRates rates;
    bool recorded, renewal; ///< rates follow recorded courses; few regular sources are renewal trains
    double neuron_seconds;
};
std::vector<Swap> swaps_of(const PipelineConfig& config, const Reduction& r, const RatePath& path,
                           const SpikeRecord& record, std::size_t population) {
    // All but the operating-point test itself are differences of the same cells with the same random numbers, and need
    // less time.
    std::vector<Swap> swaps;
    const bool courses = has_courses(stationary_conditions(record));
    if (courses) swaps.push_back({"correlation", SourceRates::Own, true, false, 1000.0});
    swaps.push_back({courses ? "common_fluctuations" : "correlation", SourceRates::Own, false, false, 2000.0});
    swaps.push_back({"source_rates", SourceRates::PopulationMean, false, false, 1000.0});
    if (has_renewal(config, r, path, population))
        swaps.push_back({"regular_trains", SourceRates::PopulationMean, false, true, 1000.0});
    return swaps;
}
bool is_operating_point(const Swap& s) {
    return s.rates == SourceRates::Own && !s.recorded;
}

} // namespace

std::size_t operating_count(const PipelineConfig& config, const Reduction& r, const RatePath& path,
                            const SpikeRecord& record, std::size_t population) {
    return path.level_hz.size() * swaps_of(config, r, path, record, population).size();
}

OperatingPoints operating_points(const PipelineConfig& config, const Reduction& r, const RatePath& path,
                                 std::span<const PathwayEdges> edges, const SpikeRecord& record, std::size_t population,
                                 Progress& progress) {
    const std::vector<Swap> swaps = swaps_of(config, r, path, record, population);
    const MesoPopulation& meso = r.populations[population];
    const PopulationConfig& cell = config.populations[meso.network_index];
    const std::vector<const ConditionRecord*> conditions = stationary_conditions(record);
    OperatingPoints out;
    out.cell = measured_cells(config, meso);
    out.point.resize(conditions.size());
    out.measured.resize(conditions.size() * swaps.size());
    const std::uint64_t n = out.cell.size();
    // Two values at least, so that the array counts as one per cell.
    std::vector<std::uint32_t> driven = out.cell;
    if (n == 1) driven.push_back(driven.front());
    tbb::parallel_for(std::size_t{0}, out.measured.size(), [&](std::size_t k) {
        throw_if_interrupted();
        const std::size_t c = k / swaps.size();
        const Swap& swap = swaps[k % swaps.size()];
        const std::uint64_t stream = population << 20 | 1u << 19 | c;
        NeuronGroup group(cell, n, config.simulation.dt, config.seed, stream_number(StreamPurpose::Sample, stream));
        std::vector<PoissonDrive> drives;
        std::vector<RenewalDrive> renewals;
        RecordedDrives recorded(
            static_cast<std::uint64_t>(std::llround(conditions[c]->course_bin / config.simulation.dt)));
        for (const std::size_t s : r.pathways_into(population)) {
            const Pathway& w = r.pathways[s];
            const PopulationActivity& source = conditions[c]->population[r.populations[w.source].network_index];
            std::vector<double> events = events_of(w, edges[s], source, swap.rates, driven);
            const double cv = path.cv_isi[c][w.source];
            if (swap.renewal && is_renewal(w, cv, config.transfer))
                renewals.push_back(renewal_drive(w, cv, std::move(events)));
            else if (swap.recorded)
                recorded.add({w.port, {events.begin(), events.end()}, {w.Q}},
                             recorded_factor(w, *conditions[c], source));
            else
                drives.push_back({w.port, {events.begin(), events.end()}, {w.Q}});
        }
        group.set_drives(std::move(drives));
        RenewalInput renewal(std::move(renewals), group.cells(), group.padded(), group.ports(), config.simulation.dt,
                             config.seed, stream_number(StreamPurpose::Renewal, stream));
        double duration = swap.neuron_seconds / static_cast<double>(n) * 1e3;
        // Many cells for a short time would see a part of the record alone.
        if (swap.recorded)
            duration = std::max(duration, std::min(conditions[c]->duration - conditions[c]->transient, longest_record));
        Measured m = measure(group, renewal, config.simulation.dt, config.transfer.transient, duration,
                             recorded.empty() ? nullptr : &recorded);
        if (is_operating_point(swap)) out.point[c] = {conditions[c]->level_hz, m.rate_hz, m.se_hz, m.cv_isi};
        out.measured[k] = {swap.name, c, std::move(m.cell_rate_hz)};
        progress.advance();
    });
    return out;
}

} // namespace mfm
