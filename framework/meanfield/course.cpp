// SPDX-License-Identifier: Apache-2.0
#include "meanfield/course.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "support/diagnostics.hpp"

namespace mfm {

RateCourse RateCourse::constant(double rate_hz) {
    RateCourse course;
    course.knot(0.0, rate_hz);
    return course;
}

RateCourse RateCourse::samples(double t0, double dt, std::span<const double> rate_hz) {
    if (!(dt > 0) || rate_hz.empty())
        throw InputError(
            fmt::format("a sampled time course needs samples and a positive interval, and has {} samples every {} ms",
                        rate_hz.size(), dt));
    RateCourse course;
    for (std::size_t i = 0; i < rate_hz.size(); ++i) {
        // Equal steps on both sides, to rounding: the sample adds nothing.
        const bool inner = i > 0 && i + 1 < rate_hz.size();
        if (inner && std::abs(rate_hz[i + 1] - 2 * rate_hz[i] + rate_hz[i - 1]) <= 1e-13 * std::abs(rate_hz[i]))
            continue;
        course.knot(t0 + static_cast<double>(i) * dt, rate_hz[i]);
    }
    return course;
}

RateCourse& RateCourse::knot(double t, double rate_hz) {
    if (!(rate_hz >= 0) || !std::isfinite(rate_hz) || !std::isfinite(t))
        throw InputError(
            fmt::format("an external rate of {} Hz at {} ms: rates must be finite and not negative", rate_hz, t));
    if (!knots_.empty() && t < knots_.back().t)
        throw InputError(
            fmt::format("the knots of a time course must not go back in time, from {} to {} ms", knots_.back().t, t));
    knots_.push_back({t, rate_hz});
    return *this;
}

void RateCourse::forget_before(double t) {
    if (const std::ptrdiff_t at = segment(t); at > 0) knots_.erase(knots_.begin(), knots_.begin() + at);
}

std::ptrdiff_t RateCourse::segment(double t) const {
    const auto after =
        std::upper_bound(knots_.begin(), knots_.end(), t, [](double x, const Knot& knot) { return x < knot.t; });
    return (after - knots_.begin()) - 1;
}

double RateCourse::line(std::ptrdiff_t segment, double t) const {
    if (segment < 0) return knots_.front().rate_hz;
    const auto i = static_cast<std::size_t>(segment);
    if (i + 1 >= knots_.size()) return knots_.back().rate_hz;
    const Knot &a = knots_[i], &b = knots_[i + 1];
    if (b.t <= a.t) return b.rate_hz;
    const double s = (t - a.t) / (b.t - a.t);
    return a.rate_hz + s * (b.rate_hz - a.rate_hz);
}

double RateCourse::value(double t) const {
    return line(segment(t), t);
}

std::vector<RateCourse::Corner> RateCourse::corners() const {
    std::vector<Corner> result;
    const std::size_t n = knots_.size();
    constexpr double longest_ms = 1.0, relative = 1e-3;
    for (std::size_t i = 0; i < n; ++i) {
        if (i + 1 < n && knots_[i + 1].t <= knots_[i].t) {
            result.push_back({knots_[i].t, true});
            while (i + 1 < n && knots_[i + 1].t <= knots_[i].t) ++i;
            continue;
        }
        const double left = i > 0 ? knots_[i].t - knots_[i - 1].t : longest_ms;
        const double right = i + 1 < n ? knots_[i + 1].t - knots_[i].t : longest_ms;
        const double slope_left = i > 0 ? (knots_[i].rate_hz - knots_[i - 1].rate_hz) / left : 0.0;
        const double slope_right = i + 1 < n ? (knots_[i + 1].rate_hz - knots_[i].rate_hz) / right : 0.0;
        const double moved = std::abs(slope_right - slope_left) * std::min({left, right, longest_ms});
        if (moved > relative * std::max(1.0, knots_[i].rate_hz)) result.push_back({knots_[i].t, false});
    }
    return result;
}

ExternalCourse constant_course(std::span<const double> external_rates_hz) {
    ExternalCourse course;
    for (const double rate : external_rates_hz) course.push_back(RateCourse::constant(rate));
    return course;
}

} // namespace mfm
