// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config/pipeline.hpp"
#include "support/progress.hpp"
#include "transfer/measure.hpp"
#include "transfer/surrogate.hpp"
#include "transfer/table.hpp"
#include "transfer/working_range.hpp"

namespace mfm {

/// Rates in units of what is tolerated, sqrt(absolute^2 + (relative F)^2) (Hz), so that an error of 1 is as bad
/// everywhere.
class Tolerance {
public:
    explicit Tolerance(const TransferConfig& t) : absolute_(t.tolerance_absolute), relative_(t.tolerance_relative) {}
    [[nodiscard]] double at(double rate_hz) const; ///< Hz
    [[nodiscard]] double scaled(double rate_hz) const;

private:
    double absolute_, relative_;
};

/// Neuron-seconds of one measurement: half of transfer.seconds, which leaves more places to the same cost; up to all of
/// it for cells whose adaptation (adaptation_rate, 1/ms; 0: none) settles slowly, whose rate would else be that of its
/// beginning.
[[nodiscard]] double adaptive_seconds(const TransferConfig&, double adaptation_rate);
/// The measurements of so many seconds that transfer.points times transfer.seconds pay for.
[[nodiscard]] std::size_t adaptive_count(const TransferConfig&, double seconds);

/// Measures points of the working range in rounds and adds them to the table (Use::Working; Use::Wide for the corners):
/// first the network's path, the corners of the range and pairs of points of equal conductances; then whatever lowers
/// the error that is expected over the whole range most, a new point or an old one once more, `seconds` each.  Ends
/// when the expected error is within the tolerance in 95 % of the range, or when the next round would cost more than
/// transfer.points times transfer.seconds.  At least `fewest` points.  The same for any number of threads.  Reports
/// adaptive_count() units of progress.
void sample_adaptively(const TransferConfig&, double seconds, const WorkingRange&, const PointSampler&,
                       const Reduction&, std::size_t fewest, TransferTable&, Progress&);

/// What a fixed sample's working points leave open (SamplingSummary).
void summarise_fixed(const TransferConfig&, const WorkingRange&, const PointSampler&, TransferTable&);

} // namespace mfm
