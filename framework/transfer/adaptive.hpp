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

/// Measures points of the working range in rounds and adds them to the table (Use::Working): first the network's path,
/// the corners of the range and pairs of points of equal conductances; then whatever lowers the error that is expected
/// over the whole range most, a new point or an old one once more.  Ends when the expected error is within the
/// tolerance in 95 % of the range, or when transfer.points times transfer.seconds are spent.  At least `fewest` points.
/// The same for any number of threads.  Reports adaptive_count() units of progress.
void sample_adaptively(const TransferConfig&, const WorkingRange&, const PointSampler&, const Reduction&,
                       std::size_t fewest, TransferTable&, Progress&);
[[nodiscard]] std::size_t adaptive_count(const TransferConfig&);

/// What the working points of a table leave open (SamplingSummary), however they were chosen.
void summarise_sampling(const TransferConfig&, const WorkingRange&, const PointSampler&, TransferTable&);

} // namespace mfm
