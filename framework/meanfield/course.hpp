// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace mfm {

/// The time course of one external rate: straight lines between knots, constant before the first and after the last.
/// Two knots at one time are a jump.
class RateCourse {
public:
    struct Knot {
        double t, rate_hz; ///< ms, Hz
    };
    [[nodiscard]] static RateCourse constant(double rate_hz);
    /// Samples at t0 + i dt; knots that lie on the line through their neighbours are left out.
    [[nodiscard]] static RateCourse samples(double t0, double dt, std::span<const double> rate_hz);
    /// Appends a knot; t may not decrease.  Throws InputError for that, and for a rate that is negative or not finite.
    RateCourse& knot(double t, double rate_hz);
    /// Drops the knots that no time from t on depends on.
    void forget_before(double t);

    /// The rate at t; at a jump, the value after it.
    [[nodiscard]] double value(double t) const;
    [[nodiscard]] const std::vector<Knot>& knots() const { return knots_; }
    /// Index of the last knot at or before t, -1 before the first.
    [[nodiscard]] std::ptrdiff_t segment(double t) const;
    /// The line of a segment (as segment() counts them), continued to t.
    [[nodiscard]] double line(std::ptrdiff_t segment, double t) const;

    /// A knot that an integrator must not step across.
    struct Corner {
        double t;
        bool jump; ///< the value itself jumps
    };
    /// Jumps, and changes of slope that move the rate by more than a thousandth (of itself or 1 Hz, whichever is more)
    /// within the shorter of the segments they join (at most 1 ms of it): what error control alone could step over or
    /// stumble on.
    [[nodiscard]] std::vector<Corner> corners() const;

private:
    std::vector<Knot> knots_;
};

/// The rates of all external populations, in the order of MeanFieldModel::external().
using ExternalCourse = std::vector<RateCourse>;

/// The same constant rates for ever.
[[nodiscard]] ExternalCourse constant_course(std::span<const double> external_rates_hz);

} // namespace mfm
