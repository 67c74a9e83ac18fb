// SPDX-License-Identifier: Apache-2.0
#include "transfer/trains.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "support/diagnostics.hpp"

namespace mfm {
namespace {

double interval(double shape, double rate_hz, RandomSequence& random) {
    const double unit = shape == 1.0 ? random.exponential() : random.gamma(shape) / shape;
    return unit * 1e3 / rate_hz;
}

/// The place (ms) in a course of this length at which a cell starts, the same for all of the cell's inputs but for
/// their delays.
double offset(double length, double delay, std::uint64_t cell) {
    constexpr double golden = 0.6180339887498949; // quasi-random places
    const double place = golden * static_cast<double>(cell) - delay / length;
    return (place - std::floor(place)) * length;
}
double offset(const TrainDrive& drive, std::uint64_t cell) {
    return drive.clock ? offset(drive.clock->length(), drive.delay, cell) : 0.0;
}
/// Likewise, in a record.
double offset(const ReplayDrive& drive, std::uint64_t cell) {
    return offset(drive.length, drive.speed * drive.delay, cell);
}

/// Poisson counts of one mean by inversion: one number of 32 bits each, so that counts of less than 1e-9 probability do
/// not occur.
class PoissonCounts {
public:
    explicit PoissonCounts(double mean = 0) : mean_(mean), none_(std::exp(-mean)) {}
    [[nodiscard]] double draw(RandomSequence& random) const {
        if (none_ < least) return static_cast<double>(random.poisson(mean_));
        const double u = (static_cast<double>(random.bits32()) + 0.5) * 0x1p-32;
        double k = 0, probability = none_;
        for (double sum = none_; sum < u && probability > 0x1p-60;) {
            ++k;
            probability *= mean_ / k;
            sum += probability;
        }
        return k;
    }

private:
    static constexpr double least = 1e-6; // below, 32 bits do not resolve the distribution
    double mean_, none_;
};

} // namespace

RateClock::RateClock(const std::vector<double>& factor, double bin) : bin_(bin), sum_(factor.size() + 1, 0.0) {
    for (std::size_t i = 0; i < factor.size(); ++i) {
        if (!(factor[i] >= 0) || !std::isfinite(factor[i]))
            throw InputError("a common fluctuation has a factor of " + std::to_string(factor[i]) +
                             "; it must be finite and not negative");
        sum_[i + 1] = sum_[i] + factor[i];
    }
    if (!(sum_.back() > 0)) throw InputError("a common fluctuation is 0 throughout");
    const double scale = length() / sum_.back();
    for (double& s : sum_) s *= scale;
}

double RateClock::elapsed(double t) const {
    const double turns = std::floor(t / length()), x = (t - turns * length()) / bin_;
    const auto i = std::min(sum_.size() - 2, static_cast<std::size_t>(x));
    return turns * length() + sum_[i] + (x - static_cast<double>(i)) * (sum_[i + 1] - sum_[i]);
}

std::pair<double, double> RateClock::factor(double t) const {
    const double bins = std::floor(t / bin_);
    const std::size_t i = static_cast<std::size_t>(bins) % (sum_.size() - 1);
    return {(sum_[i + 1] - sum_[i]) / bin_, (bins + 1) * bin_};
}

double RateClock::when(double operational) const {
    const double turns = std::floor(operational / length()), rest = operational - turns * length();
    const auto above = std::upper_bound(sum_.begin() + 1, sum_.end() - 1, rest);
    const auto i = static_cast<std::size_t>(above - sum_.begin()) - 1;
    const double rise = sum_[i + 1] - sum_[i], part = rise > 0 ? std::min(1.0, (rest - sum_[i]) / rise) : 0.0;
    return turns * length() + (static_cast<double>(i) + part) * bin_;
}

TrainInput::TrainInput(std::vector<TrainDrive> drives, std::vector<ReplayDrive> replays, std::uint64_t cells,
                       std::uint64_t padded, std::uint32_t ports, double dt, std::uint64_t seed, std::uint64_t stream)
    : drives_(std::move(drives)), replays_(std::move(replays)), cells_(cells), padded_(padded), ports_(ports), dt_(dt) {
    constexpr double many = 0.3; // events a step of an average cell, from where counts are quicker than events
    for (std::size_t d = 0; d < drives_.size(); ++d) {
        const TrainDrive& drive = drives_[d];
        double events = 0;
        for (const double rate : drive.rate_hz) events += rate * dt_ * 1e-3;
        counted_.push_back(drive.shape == 1.0 && drive.rate_hz.size() == cells_ &&
                           events > many * static_cast<double>(cells_));
        for (std::uint64_t c = 0; c < cells_; ++c) {
            for (std::uint64_t k = drive.row[c]; k < drive.row[c + 1]; ++k) {
                const double begin = drive.clock ? drive.clock->elapsed(offset(drive, c)) : 0.0;
                Train train{std::numeric_limits<double>::infinity(),
                            RandomSequence(seed, stream, k, static_cast<std::uint32_t>(d + 1))};
                // Somewhere within a first interval; the transient forgets where.
                if (!counted_[d] && drive.rate_hz[k] > 0) {
                    const double part = train.random.uniform();
                    train.next = begin + part * interval(drive.shape, drive.rate_hz[k], train.random);
                }
                trains_.push_back(train);
            }
        }
    }
    std::size_t recorded = 0;
    for (const ReplayDrive& drive : replays_) recorded += drive.times.size();
    places_.resize(recorded);
}

void TrainInput::add_events(const TrainDrive& drive, std::size_t first_train, std::uint64_t first, std::uint32_t n) {
    const double begin = static_cast<double>(first) * dt_, end = static_cast<double>(first + n) * dt_;
    double* const sum = sum_[drive.port].data();
    for (std::uint64_t c = 0; c < cells_; ++c) {
        const double shift = offset(drive, c), stop = drive.clock ? drive.clock->elapsed(shift + end) : end;
        for (std::uint64_t k = drive.row[c]; k < drive.row[c + 1]; ++k) {
            Train& train = trains_[first_train + k];
            for (; train.next < stop; train.next += interval(drive.shape, drive.rate_hz[k], train.random)) {
                const double at = drive.clock ? drive.clock->when(train.next) - shift : train.next;
                const auto step =
                    std::min<std::uint64_t>(n - 1, static_cast<std::uint64_t>(std::max(0.0, (at - begin) / dt_)));
                sum[step * padded_ + c] += drive.weight[k];
            }
        }
    }
}

void TrainInput::replay(const ReplayDrive& drive, std::size_t first_train, std::uint64_t first, std::uint32_t n) {
    double* const sum = sum_[drive.port].data();
    const double end = static_cast<double>(first + n) * dt_;
    for (std::uint64_t c = 0; c < cells_; ++c) {
        // Times of the record: it has run from `shift` to `stop` when the call ends.
        const double shift = offset(drive, c), stop = shift + drive.speed * end;
        for (std::uint64_t k = drive.row[c]; k < drive.row[c + 1]; ++k) {
            const std::span<const float> times = drive.times[k];
            if (times.empty()) continue;
            Place& place = places_[first_train + k];
            for (;; ++place.next) {
                if (place.next == times.size()) {
                    place.next = 0;
                    place.turn += drive.length;
                }
                const double at = place.turn + static_cast<double>(times[place.next]);
                if (at >= stop) break;
                if (at < shift) continue; // before the cell began
                const double step = (at - shift) / (drive.speed * dt_) - static_cast<double>(first);
                sum[std::min<std::uint64_t>(n - 1, static_cast<std::uint64_t>(std::max(0.0, step))) * padded_ + c] +=
                    drive.weight[k];
            }
        }
    }
}

void TrainInput::add_counts(const TrainDrive& drive, std::size_t first_train, std::uint64_t first, std::uint32_t n) {
    double* const sum = sum_[drive.port].data();
    for (std::uint64_t c = 0; c < cells_; ++c) {
        Train& train = trains_[first_train + c];
        const double shift = offset(drive, c), weight = drive.weight[c];
        PoissonCounts counts;
        double until = -1;
        for (std::uint32_t t = 0; t < n; ++t) {
            const double at = shift + (static_cast<double>(first + t) + 0.5) * dt_;
            if (at > until) {
                double factor = 1;
                until = std::numeric_limits<double>::infinity();
                if (drive.clock) std::tie(factor, until) = drive.clock->factor(at);
                counts = PoissonCounts(drive.rate_hz[c] * factor * dt_ * 1e-3);
            }
            sum[t * padded_ + c] += weight * counts.draw(train.random);
        }
    }
}

const double* const* TrainInput::rows(std::uint64_t first, std::uint32_t n) {
    rows_.assign(static_cast<std::size_t>(n) * ports_, nullptr);
    sum_.resize(ports_);
    const auto clear = [&](std::uint32_t port) {
        sum_[port].assign(static_cast<std::size_t>(n) * padded_, 0.0);
        for (std::uint32_t t = 0; t < n; ++t) rows_[t * ports_ + port] = sum_[port].data() + t * padded_;
    };
    for (const TrainDrive& d : drives_) clear(d.port);
    for (const ReplayDrive& d : replays_) clear(d.port);
    std::size_t train = 0;
    for (std::size_t d = 0; d < drives_.size(); ++d) {
        counted_[d] ? add_counts(drives_[d], train, first, n) : add_events(drives_[d], train, first, n);
        train += drives_[d].rate_hz.size();
    }
    train = 0;
    for (const ReplayDrive& d : replays_) {
        replay(d, train, first, n);
        train += d.times.size();
    }
    return rows_.data();
}

} // namespace mfm
