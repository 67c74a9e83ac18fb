// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plugin/component.hpp"
#include "support/progress.hpp"
#include "tune/tuned_model.hpp"

namespace mfm {

/// What an optimizer found.
struct TuneSolution {
    std::vector<double> start, x;                 ///< [parameters]
    std::vector<double> start_value, value;       ///< [targets], of the model
    double start_cost = 0, cost = 0;              ///< 1/2 sum of ((value - target) / sd)^2
    std::uint32_t outcome = 0;                    ///< MFM_CONVERGED, MFM_BUDGET, MFM_STOPPED or MFM_FAILED
    std::uint32_t evaluations = 0, undefined = 0; ///< models built; points at which the model shows nothing
    std::string message, undefined_reason;
};
/// Minimises 1/2 sum over the targets of ((value - target) / sd)^2 from `start`; with a loss, the optimizer minimises
/// that, and the costs here are still the sum of squares.  The solution is the best point that was evaluated, so that
/// it is never worse than the start.  At most `budget` models are built.  Throws Error where the model shows nothing at
/// the start, InputError and PluginError as they come.
[[nodiscard]] TuneSolution solve_together(const TunedModel&, std::span<const double> target, std::vector<double> start,
                                          std::uint32_t budget, const Instance& optimizer, Progress&);

/// One of the points that none other is at least as good as in every objective.
struct FrontPoint {
    std::vector<double> x, value, objective; ///< [parameters], [targets], [objectives]
    double distance = 0; ///< from the ideal point; objectives are errors over sd, so that they compare
    double bulge = 0; ///< how far below the plane through the ends of the front, scaled to 0 .. 1: largest at the knee
};
struct TuneFront {
    std::vector<double> start, start_value, start_objective;
    std::vector<FrontPoint> points; ///< by increasing first objective
    std::size_t nearest = 0, knee = 0;
    std::uint32_t outcome = 0, evaluations = 0, undefined = 0;
    std::string message, undefined_reason;
};
/// The front of the objectives, each the root of the mean of its targets' ((value - target) / sd)^2.
[[nodiscard]] TuneFront solve_front(const TunedModel&, std::uint32_t budget, const Instance& optimizer, Progress&);
/// Fills distance, bulge, nearest and knee.  A front of which every objective has one value has its first point for
/// both.
void mark_front(TuneFront&);

/// The objectives at values [targets] of the model.
[[nodiscard]] std::vector<double> objectives_of(const TuneConfig&, std::span<const double> value);

} // namespace mfm
