// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/random.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "support/aligned.hpp"

namespace mfm {

/// A common fluctuation of the rates of a population's cells: a factor on all of them that varies in time.  Its mean
/// is made 1; it goes round and round.
class RateClock {
public:
    /// factor [bins], each of `bin` ms.  Throws InputError where a factor is negative or not finite, or all are 0.
    RateClock(const std::vector<double>& factor, double bin);
    [[nodiscard]] double length() const { return bin_ * static_cast<double>(sum_.size() - 1); } ///< ms
    /// Operational time (ms) at time t >= 0 (ms): the integral of the factor.
    [[nodiscard]] double elapsed(double t) const;
    /// The factor at time t >= 0 (ms), and the time at which it changes.
    [[nodiscard]] std::pair<double, double> factor(double t) const;
    /// The time at which this operational time has elapsed.
    [[nodiscard]] double when(double operational) const;

private:
    double bin_;
    std::vector<double> sum_; ///< [bins + 1] operational time at the edges
};

/// Independent gamma renewal trains into a port of every cell, each cell with trains of its own.
struct TrainDrive {
    std::uint32_t port = 0;
    double shape = 1;                       ///< 1: Poisson; 1/CV^2
    std::vector<std::uint64_t> row;         ///< [cells + 1] trains of a cell
    std::vector<double> rate_hz, weight;    ///< [trains]
    std::shared_ptr<const RateClock> clock; ///< of their common fluctuation, or NULL
    double delay = 0;                       ///< ms, by which this fluctuation comes late
};

/// Recorded trains into a port of every cell, which go round and round; the same train may reach several cells.
struct ReplayDrive {
    std::uint32_t port = 0;
    std::vector<std::uint64_t> row;            ///< [cells + 1] trains of a cell
    std::vector<std::span<const float>> times; ///< [trains] ascending, ms, below `length`
    std::vector<double> weight;                ///< [trains]
    double length = 0;                         ///< ms of the record
    double speed = 1;                          ///< at which the record runs
    double delay = 0;                          ///< ms
};

/// The trains of all cells of a group as input rows, made a call at a time.  Each cell is at another place of what its
/// sources' rates follow and of recorded trains, the same for all of its inputs, so that a measurement over cells is
/// one over time, too.
class TrainInput {
public:
    /// Numbers are keyed by (seed, stream, train).
    TrainInput(std::vector<TrainDrive> drives, std::vector<ReplayDrive> replays, std::uint64_t cells,
               std::uint64_t padded, std::uint32_t ports, double dt, std::uint64_t seed, std::uint64_t stream);
    [[nodiscard]] bool empty() const { return drives_.empty() && replays_.empty(); }
    /// Rows of steps [first, first + n); valid until the next call.  Calls follow each other.
    const double* const* rows(std::uint64_t first, std::uint32_t n);

private:
    struct Train {
        double next; ///< ms, operational
        RandomSequence random;
    };
    void add_events(const TrainDrive&, std::size_t first_train, std::uint64_t first, std::uint32_t n);
    void add_counts(const TrainDrive&, std::size_t first_train, std::uint64_t first, std::uint32_t n);
    void replay(const ReplayDrive&, std::size_t first_train, std::uint64_t first, std::uint32_t n);

    std::vector<TrainDrive> drives_;
    std::vector<ReplayDrive> replays_;
    std::vector<bool> counted_; ///< [drives] drawn as counts a step instead of event by event
    std::uint64_t cells_, padded_;
    std::uint32_t ports_;
    double dt_;
    std::vector<Train> trains_;
    struct Place {
        std::size_t next = 0; ///< in the train's times
        double turn = 0;      ///< ms of the record gone by when its times began
    };
    std::vector<Place> places_; ///< [trains of replays_]
    std::vector<AlignedVector<double>> sum_;
    std::vector<const double*> rows_;
};

} // namespace mfm
