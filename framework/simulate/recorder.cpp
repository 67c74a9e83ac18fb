// SPDX-License-Identifier: Apache-2.0
#include "simulate/recorder.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "simulate/streams.hpp"

namespace mfm {
namespace {

constexpr std::uint64_t sampled_cells = 200; // all of their pairs enter the mean correlation
constexpr std::uint32_t raster_cells = 40;   // the first of them

struct MeanVariance {
    double mean = 0, variance = 0;
};
MeanVariance mean_variance(const std::vector<double>& x) {
    if (x.empty()) return {};
    MeanVariance r;
    for (const double v : x) r.mean += v;
    r.mean /= static_cast<double>(x.size());
    for (const double v : x) r.variance += (v - r.mean) * (v - r.mean);
    r.variance = x.size() > 1 ? r.variance / static_cast<double>(x.size() - 1) : 0.0;
    return r;
}
std::size_t bins(double span, double bin) {
    return static_cast<std::size_t>(std::floor(span / bin + 1e-9));
}

} // namespace

Recorder::Recorder(const Network& network, const Options& options)
    : options_(options), cells_(network.populations.size()) {
    for (std::size_t p = 0; p < cells_.size(); ++p) {
        Cells& c = cells_[p];
        const std::uint64_t n = network.populations[p].n;
        c.cell.resize(n);
        c.course.assign(bins(options.duration, options.course_bin), 0.0);
        c.binned.assign(bins(options.duration - options.transient, options.bin), 0.0);
        // The first of a random order, so that the sample does not follow the cells' places.
        std::vector<std::uint32_t> order(n);
        std::iota(order.begin(), order.end(), 0u);
        RandomSequence random(options.seed, stream_number(StreamPurpose::Pairs, p), 0);
        const std::uint64_t wanted = std::min(n, sampled_cells);
        for (std::uint64_t i = 0; i < wanted; ++i) {
            std::swap(order[i], order[i + random.below(n - i)]);
            c.cell[order[i]].sample_slot = static_cast<std::uint32_t>(i) + 1;
        }
        c.sampled.assign(wanted, std::vector<std::uint16_t>(c.binned.size(), 0));
    }
}

void Recorder::observe(std::uint64_t first_step, std::uint32_t, const std::vector<BlockSpikes>& spikes) {
    for (std::size_t p = 0; p < cells_.size(); ++p) {
        Cells& c = cells_[p];
        const std::size_t n = spikes[p].cell.size();
        for (std::size_t k = 0; k < n; ++k) {
            __builtin_prefetch(&c.cell[spikes[p].cell[std::min(k + 16, n - 1)]], 1);
            const double t = static_cast<double>(first_step + spikes[p].step[k]) * options_.dt;
            const std::uint32_t cell = spikes[p].cell[k];
            const auto course_at = static_cast<std::size_t>(t / options_.course_bin + 1e-9);
            if (course_at < c.course.size()) c.course[course_at] += 1.0;
            if (options_.keep_spikes) {
                c.spike_cell.push_back(cell);
                c.spike_time.push_back(t);
            }
            if (t < options_.transient - 1e-9 || t >= options_.duration) continue;
            Cell& it = c.cell[cell];
            if (it.spikes > 0) {
                const double interval = t - it.last;
                it.interval += interval;
                it.interval2 += interval * interval;
            }
            ++it.spikes;
            it.last = t;
            const auto at = static_cast<std::size_t>((t - options_.transient) / options_.bin + 1e-9);
            if (at >= c.binned.size()) continue;
            c.binned[at] += 1.0;
            if (it.sample_slot == 0) continue;
            ++c.sampled[it.sample_slot - 1][at];
            if (options_.keep_raster && it.sample_slot <= raster_cells) {
                c.raster_cell.push_back(it.sample_slot - 1);
                c.raster_time.push_back(t);
            }
        }
    }
}

void Recorder::save(StateWriter& out) const {
    for (const Cells& c : cells_) {
        out.put("recorder/cells", c.cell);
        out.put("recorder/course", c.course);
        out.put("recorder/binned", c.binned);
        for (const auto& counts : c.sampled) out.put("recorder/sampled", counts);
        out.put("recorder/spike_cell", c.spike_cell);
        out.put("recorder/spike_time", c.spike_time);
        out.put("recorder/raster_cell", c.raster_cell);
        out.put("recorder/raster_time", c.raster_time);
    }
}
void Recorder::restore(StateReader& in) {
    for (Cells& c : cells_) {
        in.get("recorder/cells", std::span<Cell>(c.cell));
        in.get("recorder/course", std::span<double>(c.course));
        in.get("recorder/binned", std::span<double>(c.binned));
        for (auto& counts : c.sampled) in.get("recorder/sampled", std::span<std::uint16_t>(counts));
        in.get("recorder/spike_cell", c.spike_cell);
        in.get("recorder/spike_time", c.spike_time);
        in.expect("recorder/spike_time", c.spike_time.size(), c.spike_cell.size());
        in.get("recorder/raster_cell", c.raster_cell);
        in.get("recorder/raster_time", c.raster_time);
        in.expect("recorder/raster_time", c.raster_time.size(), c.raster_cell.size());
    }
}

std::vector<PopulationActivity> Recorder::finish() const {
    std::vector<PopulationActivity> out;
    const double seconds = (options_.duration - options_.transient) * 1e-3;
    for (const Cells& c : cells_) {
        PopulationActivity a;
        const std::size_t n = c.cell.size();
        a.cell_rate_hz.resize(n);
        std::vector<double> firing;
        double cv = 0.0;
        std::uint64_t with_cv = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const Cell& it = c.cell[i];
            a.cell_rate_hz[i] = it.spikes / seconds;
            if (it.spikes > 0) firing.push_back(a.cell_rate_hz[i]);
            if (it.spikes >= 3) {
                const double intervals = it.spikes - 1.0, m = it.interval / intervals;
                cv += std::sqrt(std::max(0.0, it.interval2 / intervals - m * m)) / m;
                ++with_cv;
            }
        }
        a.cv_isi = with_cv > 0 ? cv / static_cast<double>(with_cv) : 0.0;
        // Spread over cells as the field reports it: population standard deviation (divided by n).
        const auto spread = [](const MeanVariance& m, std::size_t n) {
            return n > 1 ? std::sqrt(m.variance * static_cast<double>(n - 1) / static_cast<double>(n)) : 0.0;
        };
        const MeanVariance all = mean_variance(a.cell_rate_hz), fired = mean_variance(firing);
        a.rate_hz = all.mean;
        a.rate_sd_hz = spread(all, a.cell_rate_hz.size());
        a.rate_firing_hz = fired.mean;
        a.rate_sd_firing_hz = spread(fired, firing.size());
        a.firing_fraction = n > 0 ? static_cast<double>(firing.size()) / static_cast<double>(n) : 0.0;

        a.course_hz = c.course;
        for (double& x : a.course_hz) x /= static_cast<double>(n) * options_.course_bin * 1e-3;
        // Standard error of the rate from independent blocks of time.
        const auto per_block = std::max<std::size_t>(1, bins(options_.block, options_.bin));
        std::vector<double> block_rate;
        for (std::size_t b = 0; b + per_block <= c.binned.size(); b += per_block)
            block_rate.push_back(std::accumulate(c.binned.begin() + static_cast<std::ptrdiff_t>(b),
                                                 c.binned.begin() + static_cast<std::ptrdiff_t>(b + per_block), 0.0) /
                                 (static_cast<double>(n) * static_cast<double>(per_block) * options_.bin * 1e-3));
        if (block_rate.size() > 1)
            a.rate_se_hz = std::sqrt(mean_variance(block_rate).variance / static_cast<double>(block_rate.size()));

        const MeanVariance counts = mean_variance(c.binned);
        a.fano = counts.mean > 0.0 ? counts.variance / counts.mean : 0.0;
        // Mean pairwise correlation of m standardised counts z: (Var(sum z) - m) / (m (m - 1)).
        std::vector<double> sum(c.binned.size(), 0.0);
        double active = 0.0;
        for (const auto& counts_of : c.sampled) {
            const MeanVariance m = mean_variance(std::vector<double>(counts_of.begin(), counts_of.end()));
            if (m.variance <= 0.0) continue;
            active += 1.0;
            for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += (counts_of[i] - m.mean) / std::sqrt(m.variance);
        }
        a.correlation = active > 1.0 ? (mean_variance(sum).variance - active) / (active * (active - 1.0)) : 0.0;
        a.spike_cell = c.spike_cell;
        a.spike_time = c.spike_time;
        if (options_.keep_raster) a.raster_cells = std::min(raster_cells, static_cast<std::uint32_t>(c.sampled.size()));
        a.raster_cell = c.raster_cell;
        a.raster_time = c.raster_time;
        out.push_back(std::move(a));
    }
    return out;
}

std::vector<double> Recorder::count_covariance() const {
    const std::size_t n = cells_.size();
    std::vector<double> out(n * n, 0.0);
    std::vector<double> mean(n);
    for (std::size_t p = 0; p < n; ++p) mean[p] = mean_variance(cells_[p].binned).mean;
    for (std::size_t p = 0; p < n; ++p)
        for (std::size_t q = 0; q < n; ++q) {
            const auto& a = cells_[p].binned;
            const auto& b = cells_[q].binned;
            if (a.size() < 2) continue;
            double sum = 0.0;
            for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean[p]) * (b[i] - mean[q]);
            out[p * n + q] = sum / (static_cast<double>(a.size() - 1) * static_cast<double>(cells_[p].cell.size()) *
                                    static_cast<double>(cells_[q].cell.size()));
        }
    return out;
}

} // namespace mfm
