// SPDX-License-Identifier: Apache-2.0
// The authoring layer of optimizers of several objectives: a struct O as in <mfm/optimizer.hpp> with
//   mfm::Outcome solve(mfm::Objectives& problem) const   evaluates the problem wherever it wants
// The SDK keeps every point that no other one dominates, counts, and hands the host as many of them as it has room for.
#pragma once
#include <mfm/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

namespace mfm {

/// How a solve ended; what it found is what the problem remembers as its best points.
struct Outcome {
    std::uint32_t outcome = MFM_FAILED; ///< MFM_CONVERGED, MFM_BUDGET, MFM_STOPPED or MFM_FAILED
    std::uint32_t iterations = 0;
    std::string message;
};

/// True when a is at least as good as b in every objective, and better in one (Pareto dominance).
[[nodiscard]] inline bool dominates(std::span<const double> a, std::span<const double> b) {
    bool better = false;
    for (std::size_t k = 0; k < a.size(); ++k) {
        if (a[k] > b[k]) return false;
        better = better || a[k] < b[k];
    }
    return better;
}

/// Points none of which dominates another.
class Front {
public:
    struct Point {
        std::vector<double> x, objective;
    };
    /// Keeps the point unless another one dominates or equals it; those that it dominates go.
    void add(std::span<const double> x, std::span<const double> objective) {
        for (const Point& p : points_)
            if (dominates(p.objective, objective) ||
                std::equal(objective.begin(), objective.end(), p.objective.begin()))
                return;
        std::erase_if(points_, [&](const Point& p) { return dominates(objective, p.objective); });
        points_.push_back({{x.begin(), x.end()}, {objective.begin(), objective.end()}});
    }
    [[nodiscard]] const std::vector<Point>& points() const { return points_; }
    /// At most `most` of the points by increasing first objective: the most crowded one goes until they fit (Deb &
    /// others 2002, doi:10.1109/4235.996017); the least of every objective stay.
    [[nodiscard]] std::vector<Point> thinned(std::size_t most) const {
        std::vector<Point> kept = points_;
        while (kept.size() > most) {
            const std::vector<double> room = distances(kept);
            kept.erase(kept.begin() + (std::min_element(room.begin(), room.end()) - room.begin()));
        }
        std::sort(kept.begin(), kept.end(), [](const Point& a, const Point& b) {
            return std::tie(a.objective, a.x) < std::tie(b.objective, b.x);
        });
        return kept;
    }

private:
    /// Crowding distance: over the objectives, the summed gap between a point's neighbours.
    [[nodiscard]] static std::vector<double> distances(const std::vector<Point>& points) {
        std::vector<double> room(points.size(), 0.0);
        std::vector<std::size_t> order(points.size());
        for (std::size_t k = 0; !points.empty() && k < points.front().objective.size(); ++k) {
            for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
            const auto value = [&](std::size_t i) { return points[order[i]].objective[k]; };
            std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
                return std::tie(points[a].objective[k], a) < std::tie(points[b].objective[k], b);
            });
            const double range = value(order.size() - 1) - value(0);
            room[order.front()] = room[order.back()] = infinity;
            for (std::size_t i = 1; i + 1 < order.size() && range > 0; ++i)
                room[order[i]] += (value(i + 1) - value(i - 1)) / range;
        }
        return room;
    }

    std::vector<Point> points_;
};

/// The host's problem: minimise every objective within bounds.
class Objectives {
public:
    /// The start is moved into the bounds, which must be finite.
    explicit Objectives(const mfm_objectives& host) : host_(host) {
        initial_.assign(host.initial, host.initial + host.n_parameters);
        for (std::size_t i = 0; i < parameters(); ++i) {
            if (!(host.lower[i] <= host.upper[i]) || !std::isfinite(host.lower[i]) || !std::isfinite(host.upper[i]))
                throw std::runtime_error("parameter " + std::to_string(i) +
                                         " needs finite bounds, the lower one not above the upper one");
            initial_[i] = std::clamp(initial_[i], host.lower[i], host.upper[i]);
        }
        least_.assign(objectives(), infinity);
    }
    [[nodiscard]] std::size_t parameters() const { return host_.n_parameters; }
    [[nodiscard]] std::size_t objectives() const { return host_.n_objectives; }
    [[nodiscard]] std::span<const double> initial() const { return initial_; }
    [[nodiscard]] std::span<const double> lower() const { return {host_.lower, parameters()}; }
    [[nodiscard]] std::span<const double> upper() const { return {host_.upper, parameters()}; }
    /// Of the optimizer's random numbers.
    [[nodiscard]] std::uint64_t seed() const { return host_.seed; }

    /// Objectives [n][objectives()] at n points x [n][parameters()] at once; defined [n] is 0 where there are none:
    /// outside the bounds, or where the host says so.  Throws when the host gives up.
    void evaluate(std::size_t n, std::span<const double> x, std::span<double> objective,
                  std::span<std::uint8_t> defined) {
        const std::size_t d = parameters(), m = objectives();
        std::vector<std::size_t> inside;
        std::vector<double> at;
        for (std::size_t i = 0; i < n; ++i) {
            bool within = true;
            for (std::size_t k = 0; k < d; ++k)
                within = within && x[i * d + k] >= host_.lower[k] && x[i * d + k] <= host_.upper[k];
            defined[i] = 0;
            if (!within) continue;
            inside.push_back(i);
            at.insert(at.end(), x.begin() + static_cast<std::ptrdiff_t>(i * d),
                      x.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
        }
        if (inside.empty()) return;
        std::vector<double> value(inside.size() * m, infinity);
        std::vector<std::uint8_t> good(inside.size(), 0);
        mfm_error error;
        error.size = sizeof error;
        error.message[0] = '\0';
        evaluations_ += static_cast<std::uint32_t>(inside.size());
        if (host_.evaluate(host_.self, static_cast<std::uint32_t>(inside.size()), at.data(), value.data(), good.data(),
                           &error) < 0)
            throw std::runtime_error(std::string("the objectives could not be computed: ") + error.message);
        for (std::size_t j = 0; j < inside.size(); ++j) {
            const std::span<const double> row(value.data() + j * m, m);
            if (good[j] == 0 || !std::all_of(row.begin(), row.end(), [](double v) { return std::isfinite(v); }))
                continue;
            defined[inside[j]] = 1;
            std::copy(row.begin(), row.end(), objective.begin() + static_cast<std::ptrdiff_t>(inside[j] * m));
            for (std::size_t k = 0; k < m; ++k) least_[k] = std::min(least_[k], row[k]);
            front_.add({at.data() + j * d, d}, row);
        }
    }
    /// Tells the host how far it is; false: stop.
    [[nodiscard]] bool keep_going(std::uint32_t iteration) {
        return host_.progress == nullptr || host_.progress(host_.self, iteration, evaluations_, least_.data()) == 0;
    }
    [[nodiscard]] std::uint32_t evaluations() const { return evaluations_; }
    [[nodiscard]] const Front& front() const { return front_; }

private:
    const mfm_objectives& host_;
    std::vector<double> initial_, least_;
    Front front_;
    std::uint32_t evaluations_ = 0;
};

/// The table of an author's struct O; part of mfm::Optimizer<O>.
template <class O> struct ParetoTable {
    static mfm_status solve(void* self, const mfm_objectives* host, mfm_front* out, mfm_error* error) noexcept {
        return guarded(error, [&] {
            Objectives problem(*host);
            std::vector<double> value(problem.objectives());
            std::uint8_t defined = 0;
            problem.evaluate(1, problem.initial(), value, {&defined, 1});
            if (defined == 0) throw Infeasible("the problem is not defined at its start; give another start");
            const Outcome outcome = static_cast<const O*>(self)->solve(problem);
            const std::vector<Front::Point> points = problem.front().thinned(out->capacity);
            out->count = static_cast<std::uint32_t>(points.size());
            for (std::size_t i = 0; i < points.size(); ++i) {
                std::copy(points[i].x.begin(), points[i].x.end(), out->x + i * problem.parameters());
                std::copy(points[i].objective.begin(), points[i].objective.end(),
                          out->objective + i * problem.objectives());
            }
            out->outcome = outcome.outcome;
            out->iterations = outcome.iterations;
            out->evaluations = problem.evaluations();
            std::snprintf(out->message, sizeof out->message, "%s", outcome.message.c_str());
        });
    }
    static constexpr mfm_pareto_v1 table{sizeof(mfm_pareto_v1), 0, &solve};
};

} // namespace mfm
