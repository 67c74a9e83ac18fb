// SPDX-License-Identifier: Apache-2.0
#include "transfer/trains.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/diagnostics.hpp"

namespace mfm {
namespace {

double interval(double shape, double rate_hz, RandomSequence& random) {
    const double unit = shape == 1.0 ? random.exponential() : random.gamma(shape) / shape;
    return unit * 1e3 / rate_hz;
}

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

double RateClock::when(double operational) const {
    const double turns = std::floor(operational / length()), rest = operational - turns * length();
    const auto above = std::upper_bound(sum_.begin() + 1, sum_.end() - 1, rest);
    const auto i = static_cast<std::size_t>(above - sum_.begin()) - 1;
    const double rise = sum_[i + 1] - sum_[i], part = rise > 0 ? std::min(1.0, (rest - sum_[i]) / rise) : 0.0;
    return turns * length() + (static_cast<double>(i) + part) * bin_;
}

TrainInput::TrainInput(std::vector<TrainDrive> drives, std::uint64_t cells, std::uint64_t padded, std::uint32_t ports,
                       double dt, std::uint64_t seed, std::uint64_t stream)
    : drives_(std::move(drives)), cells_(cells), padded_(padded), ports_(ports), dt_(dt) {
    constexpr double many = 0.3; // events a step of an average cell, from where counts are quicker than events
    for (std::size_t d = 0; d < drives_.size(); ++d) {
        const TrainDrive& drive = drives_[d];
        double events = 0;
        for (const double rate : drive.rate_hz) events += rate * dt_ * 1e-3;
        counted_.push_back(drive.shape == 1.0 && drive.rate_hz.size() == cells_ &&
                           events > many * static_cast<double>(cells_));
        for (std::uint64_t c = 0; c < cells_; ++c) {
            const double begin = drive.clock ? drive.clock->elapsed(offset(drive, c)) : 0.0;
            for (std::uint64_t k = drive.row[c]; k < drive.row[c + 1]; ++k) {
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
}

double TrainInput::offset(const TrainDrive& drive, std::uint64_t cell) const {
    constexpr double golden = 0.6180339887498949; // quasi-random places
    const double place = golden * static_cast<double>(cell);
    return (place - std::floor(place)) * drive.clock->length();
}

void TrainInput::add_events(const TrainDrive& drive, std::size_t first_train, std::uint64_t first, std::uint32_t n) {
    const double begin = static_cast<double>(first) * dt_, end = static_cast<double>(first + n) * dt_;
    double* const sum = sum_[drive.port].data();
    for (std::uint64_t c = 0; c < cells_; ++c) {
        const double shift = drive.clock ? offset(drive, c) : 0.0,
                     stop = drive.clock ? drive.clock->elapsed(shift + end) : end;
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

void TrainInput::add_counts(const TrainDrive& drive, std::size_t first_train, std::uint64_t first, std::uint32_t n) {
    double* const sum = sum_[drive.port].data();
    for (std::uint64_t c = 0; c < cells_; ++c) {
        Train& train = trains_[first_train + c];
        const double shift = drive.clock ? offset(drive, c) : 0.0, rate = drive.rate_hz[c] * 1e-3;
        double from = drive.clock ? drive.clock->elapsed(shift + static_cast<double>(first) * dt_) : 0.0;
        for (std::uint32_t t = 0; t < n; ++t) {
            double events = rate * dt_;
            if (drive.clock) {
                const double to = drive.clock->elapsed(shift + static_cast<double>(first + t + 1) * dt_);
                events = rate * (to - from);
                from = to;
            }
            sum[t * padded_ + c] += drive.weight[c] * static_cast<double>(train.random.poisson(events));
        }
    }
}

const double* const* TrainInput::rows(std::uint64_t first, std::uint32_t n) {
    rows_.assign(static_cast<std::size_t>(n) * ports_, nullptr);
    sum_.resize(ports_);
    for (const TrainDrive& d : drives_) sum_[d.port].assign(static_cast<std::size_t>(n) * padded_, 0.0);
    for (const TrainDrive& d : drives_)
        for (std::uint32_t t = 0; t < n; ++t) rows_[t * ports_ + d.port] = sum_[d.port].data() + t * padded_;
    std::size_t train = 0;
    for (std::size_t d = 0; d < drives_.size(); ++d) {
        counted_[d] ? add_counts(drives_[d], train, first, n) : add_events(drives_[d], train, first, n);
        train += drives_[d].rate_hz.size();
    }
    return rows_.data();
}

} // namespace mfm
