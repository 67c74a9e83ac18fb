// SPDX-License-Identifier: Apache-2.0
#include "transfer/measure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "simulate/streams.hpp"

namespace mfm {
namespace {

constexpr double irregular = 0.95; // trains more irregular than this are taken as Poisson

/// Two values at least, so that an array counts as one value per cell.
AlignedVector<double> per_cell(const std::vector<double>& x, double factor) {
    AlignedVector<double> out;
    for (std::size_t i = 0; i < std::max<std::size_t>(x.size(), 2); ++i)
        out.push_back(factor * x[std::min(i, x.size() - 1)]);
    return out;
}

} // namespace

bool is_regular(double sources, double cv, const TransferConfig& config) {
    return sources <= config.renewal_below && cv < irregular;
}

std::vector<double> on_path(const std::vector<std::vector<double>>& rows, double position) {
    const std::size_t n = rows.size();
    const double x = position * static_cast<double>(n - 1);
    const auto i = std::min(n > 1 ? n - 2 : 0, static_cast<std::size_t>(x));
    const double f = n > 1 ? x - static_cast<double>(i) : 0.0;
    std::vector<double> out(rows[i].size());
    for (std::size_t p = 0; p < out.size(); ++p) out[p] = rows[i][p] * (1 - f) + (n > 1 ? rows[i + 1][p] : 0.0) * f;
    return out;
}

int current_setting(const PopulationConfig& config) {
    const mfm_field* const* fields = config.neuron->component->abi->settings;
    for (int i = 0; fields[i] != nullptr; ++i)
        if (fields[i]->role != nullptr && std::string_view(fields[i]->role) == MFM_ROLE_CURRENT) return i;
    return -1;
}

Measured measure(NeuronGroup& group, TrainInput& trains, double dt, double transient, double duration) {
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
        group.advance({0, group.padded(), now, n_steps}, trains.empty() ? nullptr : trains.rows(now, n_steps), &spikes,
                      nullptr);
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
    double cv = 0, with_cv = 0, spikes = 0;
    for (std::uint64_t c = 0; c < n; ++c) {
        count[c] /= duration * 1e-3;
        m.rate_hz += count[c] / static_cast<double>(n);
        if (intervals[c] >= 2) {
            const double mean = sum[c] / intervals[c];
            const double of_cell = std::sqrt(std::max(0.0, square[c] / intervals[c] - mean * mean)) / mean;
            cv += of_cell;
            ++with_cv;
            m.spike_weighted_cv += of_cell * count[c];
            spikes += count[c];
        }
    }
    for (std::uint64_t c = 0; c < n; ++c) m.se_hz += (count[c] - m.rate_hz) * (count[c] - m.rate_hz);
    m.se_hz = n > 1 ? std::sqrt(m.se_hz / static_cast<double>(n - 1) / static_cast<double>(n)) : 0.0;
    // No spike at all: the error of a Poisson count of one.
    if (m.rate_hz == 0.0) m.se_hz = 1.0 / m.seconds;
    m.cv_isi = with_cv > 0 ? cv / with_cv : 0.0;
    m.spike_weighted_cv = spikes > 0 ? m.spike_weighted_cv / spikes : 0.0;
    m.mean_adaptation = adaptation_calls > 0 ? adaptation_sum / adaptation_calls : 0.0;
    m.cell_rate_hz = std::move(count);
    return m;
}

PointSampler::PointSampler(const PipelineConfig& config, const Reduction& r, std::size_t population,
                           const SourceStatistics& statistics, const SampledCells* cells)
    : config_(config), reduction_(r), population_(population),
      cell_(config.populations[r.populations[population].network_index]), statistics_(statistics), sampled_(cells),
      pathway_(r.pathways_into(population)) {
    for (const std::size_t s : pathway_) {
        const Pathway& w = r.pathways[s];
        excitatory_.push_back(is_excitatory(w.receptor, w.Q, cell_));
        unit_.push_back(std::abs(kernel_area(w.receptor) * w.Q) * w.K * 1e-3);
    }
}

TransferPoint PointSampler::point(const std::vector<double>& nu, double I, TransferPoint::Use use) const {
    TransferPoint p;
    p.nu = nu;
    for (std::size_t s = 0; s < nu.size(); ++s) (excitatory_[s] ? p.G_e : p.G_i) += unit_[s] * nu[s];
    p.I = I;
    p.use = use;
    return p;
}

std::uint64_t PointSampler::cells() const {
    return sampled_ != nullptr ? sampled_->size() : config_.transfer.copies;
}

void PointSampler::add_mean_drive(std::size_t s, double nu, double cv, const std::shared_ptr<const RateClock>& clock,
                                  Drives& drives) const {
    const Pathway& w = reduction_.pathways[pathway_[s]];
    const bool regular = is_regular(w.K, cv, config_.transfer);
    if (!regular && !clock) {
        drives.poisson.push_back({w.port, {w.K * nu}, {w.Q}});
        return;
    }
    // A whole number of trains with the mean cell's total rate.
    const double sources = regular ? std::max(1.0, std::round(w.K)) : 1.0;
    TrainDrive drive{w.port, regular ? 1.0 / (cv * cv) : 1.0, {0}, {}, {}, clock, w.delay};
    for (std::uint64_t c = 1; c <= cells(); ++c) drive.row.push_back(c * static_cast<std::uint64_t>(sources));
    drive.rate_hz.assign(drive.row.back(), w.K * nu / sources);
    drive.weight.assign(drive.row.back(), w.Q);
    drives.trains.push_back(std::move(drive));
}

void PointSampler::add_sampled_drive(std::size_t s, double nu, double cv, const std::shared_ptr<const RateClock>& clock,
                                     Drives& drives) const {
    const Pathway& w = reduction_.pathways[pathway_[s]];
    const SampledCells::Input& in = sampled_->input[s];
    if (is_regular(in.sources, cv, config_.transfer)) {
        TrainDrive drive{w.port, 1.0 / (cv * cv), in.row, in.source_rate, in.source_weight, clock, w.delay};
        for (double& rate : drive.rate_hz) rate *= nu;
        drives.trains.push_back(std::move(drive));
    } else if (clock) {
        TrainDrive drive{w.port, 1.0, {}, in.events, in.weight, clock, w.delay};
        for (std::uint64_t c = 0; c <= cells(); ++c) drive.row.push_back(c);
        for (double& rate : drive.rate_hz) rate *= nu;
        drives.trains.push_back(std::move(drive));
    } else {
        drives.poisson.push_back({w.port, per_cell(in.events, nu), per_cell(in.weight, 1.0)});
    }
}

void PointSampler::add_replay(std::size_t s, double nu, const CircuitSpikes& spikes, Drives& drives) const {
    const Pathway& w = reduction_.pathways[pathway_[s]];
    const SampledCells::Input& in = sampled_->input[s];
    ReplayDrive drive{w.port, in.row, {}, in.source_weight, spikes.length, nu / spikes.rate_hz[w.source], w.delay};
    for (const std::uint32_t j : in.source) drive.times.push_back(spikes.population[w.source].of(j));
    drives.replays.push_back(std::move(drive));
}

/// The record that has to be sped up or slowed down least: F is then a function of the rates alone.
const CircuitSpikes* PointSampler::nearest_record(const std::vector<double>& nu) const {
    const CircuitSpikes* nearest = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& record : statistics_.spikes) {
        double change = 0;
        for (std::size_t s = 0; s < nu.size(); ++s) {
            const double recorded = record->rate_hz[reduction_.pathways[pathway_[s]].source];
            if (nu[s] > 0 && recorded > 0) change += std::pow(std::log(nu[s] / recorded), 2);
        }
        if (change < least) {
            least = change;
            nearest = record.get();
        }
    }
    return nearest;
}

Measured PointSampler::measured(const TransferPoint& p, double position, std::uint64_t key, double seconds) const {
    constexpr double shortest = 500.0; // ms, counted of every cell: intervals must fit in
    const double dt = config_.simulation.dt;
    NeuronGroup group(cell_, cells(), dt, config_.seed, stream_number(StreamPurpose::Sample, population_ << 20 | key));
    if (p.I != 0.0) group.shift_setting(static_cast<std::size_t>(current_setting(cell_)), p.I);
    const std::vector<double> cv = on_path(statistics_.cv_isi, position);
    const auto conditions = static_cast<double>(statistics_.cv_isi.size() - 1);
    const auto nearest = static_cast<std::size_t>(std::lround(position * conditions));
    Drives drives;
    const CircuitSpikes* const spikes = nearest_record(p.nu);
    for (std::size_t s = 0; s < pathway_.size(); ++s) {
        const std::size_t source = reduction_.pathways[pathway_[s]].source;
        const std::shared_ptr<const RateClock> clock =
            statistics_.fluctuation.empty() ? nullptr : statistics_.fluctuation[nearest][source];
        const double regularity = std::max(cv[source], least_cv);
        if (sampled_ == nullptr)
            add_mean_drive(s, p.nu[s], regularity, clock, drives);
        else if (spikes != nullptr && spikes->rate_hz[source] > 0 && p.nu[s] > 0)
            add_replay(s, p.nu[s], *spikes, drives);
        else
            add_sampled_drive(s, p.nu[s], regularity, clock, drives);
    }
    group.set_drives(std::move(drives.poisson));
    TrainInput input(std::move(drives.trains), std::move(drives.replays), group.cells(), group.padded(), group.ports(),
                     dt, config_.seed, stream_number(StreamPurpose::Renewal, population_ << 20 | key));
    return measure(group, input, dt, config_.transfer.transient,
                   std::max(seconds / static_cast<double>(cells()) * 1e3, sampled_ != nullptr ? shortest : dt));
}

void PointSampler::measure_point(TransferPoint& p, double position, std::uint64_t key, double seconds) const {
    const Measured m = measured(p, position, key, seconds);
    p.rate_hz = m.rate_hz;
    // Real cells differ, and are the same at every point: what is uncertain is how often each of them fires.
    p.se_hz = sampled_ != nullptr ? std::sqrt(std::max(m.rate_hz, 1.0 / m.seconds) / m.seconds) : m.se_hz;
    p.cv_isi = m.cv_isi;
    p.mean_adaptation = m.mean_adaptation;
    p.seconds = m.seconds;
}

} // namespace mfm
