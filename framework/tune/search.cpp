// SPDX-License-Identifier: Apache-2.0
#include "tune/search.hpp"

#include <fmt/format.h>
#include <mfm/pareto.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <limits>
#include <optional>

namespace mfm {
namespace {

constexpr double infinity_of = std::numeric_limits<double>::infinity();

/// The points that an optimizer has asked for, and the budget.
class Asked {
public:
    Asked(const TunedModel& model, std::uint32_t budget, Progress& progress)
        : model_(model), budget_(budget), progress_(progress) {}

    /// Values [targets] at n points, nothing where the model shows none.  False when the budget does not allow it.
    bool values(std::size_t n, const double* x, std::vector<std::optional<std::vector<double>>>& out) {
        if (evaluations + n > budget_) return !(exhausted = true);
        evaluations += static_cast<std::uint32_t>(n);
        out.assign(n, std::nullopt);
        std::vector<std::string> reason(n);
        tbb::parallel_for(std::size_t{0}, n, [&](std::size_t i) {
            try {
                out[i] = model_.values({x + i * model_.parameters(), model_.parameters()});
            } catch (const Error& error) {
                if (error.code != ExitCode::NotValid) throw; // not this point is wrong, but the file or a plugin
                reason[i] = error.what();
            }
        });
        for (const std::string& r : reason)
            if (!r.empty()) note_undefined(r);
        progress_.advance(n);
        return true;
    }
    /// Values and slopes at one point.
    bool slopes(const double* x, std::optional<std::vector<double>>& value, std::vector<double>& slope) {
        if (evaluations + model_.models_of_slopes() > budget_) return !(exhausted = true);
        std::uint32_t models = 0;
        try {
            value = model_.slopes({x, model_.parameters()}, slope, models);
        } catch (const Error& error) {
            if (error.code != ExitCode::NotValid) throw;
            note_undefined(error.what());
            value.reset();
            models = model_.models_of_slopes();
        }
        evaluations += models;
        progress_.advance(models);
        return true;
    }
    /// Says how far it is, once more when a tenth of the budget is gone.
    void tell(const std::string& how) {
        progress_.at(how);
        if (evaluations < next_) return;
        next_ = evaluations + std::max(1u, budget_ / 10);
        progress_.note(fmt::format("{} after {} of {} evaluations", how, evaluations, budget_));
    }

    std::uint32_t evaluations = 0, undefined = 0;
    std::string undefined_reason;
    bool exhausted = false;
    std::exception_ptr failure; ///< no exception passes through a plugin

private:
    void note_undefined(const std::string& reason) {
        if (undefined++ == 0) undefined_reason = reason;
    }
    const TunedModel& model_;
    std::uint32_t budget_, next_ = 0;
    Progress& progress_;
};

void write(mfm_error* error, const char* text) {
    if (error != nullptr) std::snprintf(error->message, sizeof error->message, "%s", text);
}

struct Bounds {
    std::vector<double> lower, upper, scale;
    explicit Bounds(const TuneConfig& tune) {
        for (const TuneParameter& p : tune.parameters) {
            lower.push_back(p.lower);
            upper.push_back(p.upper);
            scale.push_back(p.range());
        }
    }
};

/// The least-squares problem as the optimizer sees it.
struct Together {
    const TunedModel& model;
    std::span<const double> target;
    Asked asked;
    std::vector<double> best, best_value;
    double best_cost = infinity_of;

    Together(const TunedModel& m, std::span<const double> t, std::uint32_t budget, Progress& progress)
        : model(m), target(t), asked(m, budget, progress) {}

    [[nodiscard]] double sd(std::size_t k) const { return model.tune().targets[k].sd; }
    void keep(const double* x, const std::vector<double>& value, double* residual) {
        double cost = 0;
        for (std::size_t k = 0; k < value.size(); ++k) {
            residual[k] = (value[k] - target[k]) / sd(k);
            cost += 0.5 * residual[k] * residual[k];
        }
        if (!(cost < best_cost)) return;
        best.assign(x, x + model.parameters());
        best_value = value;
        best_cost = cost;
    }
    mfm_status at(std::uint32_t n, const double* x, double* residual, double* jacobian) {
        const std::size_t d = model.parameters(), m = model.targets();
        if (jacobian != nullptr) {
            for (std::uint32_t i = 0; i < n; ++i) {
                std::optional<std::vector<double>> value;
                std::vector<double> slope;
                if (!asked.slopes(x + i * d, value, slope)) return MFM_ERROR;
                if (!value) return MFM_INFEASIBLE;
                keep(x + i * d, *value, residual + i * m);
                for (std::size_t k = 0; k < m; ++k)
                    for (std::size_t j = 0; j < d; ++j) jacobian[(i * m + k) * d + j] = slope[k * d + j] / sd(k);
            }
            return MFM_OK;
        }
        std::vector<std::optional<std::vector<double>>> value;
        if (!asked.values(n, x, value)) return MFM_ERROR;
        bool defined = true;
        for (std::uint32_t i = 0; i < n; ++i) {
            if (value[i])
                keep(x + i * d, *value[i], residual + i * m);
            else
                defined = false;
        }
        return defined ? MFM_OK : MFM_INFEASIBLE;
    }
    static mfm_status call(void* self, std::uint32_t n, const double* x, double* residual, double* jacobian,
                           mfm_error* error) noexcept {
        auto& it = *static_cast<Together*>(self);
        try {
            const mfm_status status = it.at(n, x, residual, jacobian);
            if (status == MFM_INFEASIBLE) write(error, it.asked.undefined_reason.c_str());
            if (it.asked.exhausted) write(error, "the budget of evaluations is used up");
            return status;
        } catch (const std::exception& e) {
            it.asked.failure = std::current_exception();
            write(error, e.what());
            return MFM_ERROR;
        }
    }
    static std::int32_t progress(void* self, std::uint32_t, double, double, double) noexcept {
        auto& it = *static_cast<Together*>(self);
        it.asked.tell(fmt::format("a cost of {:.6g}", it.best_cost));
        return it.asked.failure || it.asked.exhausted || interrupted() ? 1 : 0;
    }
};

/// Several objectives as the optimizer sees them.
struct Separate {
    const TunedModel& model;
    Asked asked;
    Front front; ///< of all that was evaluated

    mfm_status at(std::uint32_t n, const double* x, double* objective, std::uint8_t* defined) {
        const std::size_t k = model.tune().objectives.size();
        std::vector<std::optional<std::vector<double>>> value;
        if (!asked.values(n, x, value)) return MFM_ERROR;
        for (std::uint32_t i = 0; i < n; ++i) {
            defined[i] = value[i] ? 1 : 0;
            if (!value[i]) continue;
            const std::vector<double> of = objectives_of(model.tune(), *value[i]);
            std::copy(of.begin(), of.end(), objective + i * k);
            front.add({x + i * model.parameters(), model.parameters()}, of);
        }
        return MFM_OK;
    }
    static mfm_status call(void* self, std::uint32_t n, const double* x, double* objective, std::uint8_t* defined,
                           mfm_error* error) noexcept {
        auto& it = *static_cast<Separate*>(self);
        try {
            const mfm_status status = it.at(n, x, objective, defined);
            if (it.asked.exhausted) write(error, "the budget of evaluations is used up");
            return status;
        } catch (const std::exception& e) {
            it.asked.failure = std::current_exception();
            write(error, e.what());
            return MFM_ERROR;
        }
    }
    static std::int32_t progress(void* self, std::uint32_t, std::uint32_t, const double* least) noexcept {
        auto& it = *static_cast<Separate*>(self);
        std::string text = "least of each objective:";
        for (std::size_t k = 0; k < it.model.tune().objectives.size(); ++k) text += fmt::format(" {:.4g}", least[k]);
        it.asked.tell(text);
        return it.asked.failure || it.asked.exhausted || interrupted() ? 1 : 0;
    }
};

} // namespace

std::vector<double> objectives_of(const TuneConfig& tune, std::span<const double> value) {
    std::vector<double> sum(tune.objectives.size(), 0.0), n(sum.size(), 0.0);
    for (std::size_t t = 0; t < value.size(); ++t) {
        const TuneTarget& target = tune.targets[t];
        const double r = (value[t] - target.target) / target.sd;
        sum[target.objective] += r * r;
        n[target.objective] += 1;
    }
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = std::sqrt(sum[k] / n[k]);
    return sum;
}

TuneSolution solve_together(const TunedModel& model, std::span<const double> target, std::vector<double> start,
                            std::uint32_t budget, const Instance& optimizer, Progress& progress) {
    Together host(model, target, budget, progress);
    const Bounds bounds(model.tune());
    TuneSolution out;
    out.start = start;
    out.start_value = model.values(start);
    std::vector<double> residual(model.targets());
    host.keep(start.data(), out.start_value, residual.data());
    out.start_cost = host.best_cost;
    host.asked.evaluations = 1;

    mfm_problem problem{};
    problem.size = sizeof problem;
    problem.n_parameters = static_cast<std::uint32_t>(model.parameters());
    problem.n_residuals = static_cast<std::uint32_t>(model.targets());
    problem.has_jacobian = 1;
    problem.initial = start.data();
    problem.lower = bounds.lower.data();
    problem.upper = bounds.upper.data();
    problem.scale = bounds.scale.data();
    problem.self = &host;
    problem.residuals = &Together::call;
    problem.progress = &Together::progress;
    problem.seed = model.seed();
    mfm_solution solution{};
    solution.size = sizeof solution;
    std::vector<double> x(model.parameters());
    solution.x = x.data();
    mfm_error error = empty_error();
    const mfm_status status =
        optimizer.table<mfm_optimizer_v1>(MFM_OPTIMIZER_ID).solve(optimizer.self(), &problem, &solution, &error);
    throw_if_interrupted();
    if (host.asked.failure) std::rethrow_exception(host.asked.failure);
    if (!host.asked.exhausted) check_status(status, error, optimizer.component(), "solve");
    out.x = host.best;
    out.value = host.best_value;
    out.cost = host.best_cost;
    out.outcome = host.asked.exhausted ? MFM_BUDGET : solution.outcome;
    out.message = host.asked.exhausted
                      ? fmt::format("the budget of {} evaluations is used up; raise tune.evaluations", budget)
                      : std::string(solution.message);
    out.evaluations = host.asked.evaluations;
    out.undefined = host.asked.undefined;
    out.undefined_reason = host.asked.undefined_reason;
    return out;
}

TuneFront solve_front(const TunedModel& model, std::uint32_t budget, const Instance& optimizer, Progress& progress) {
    constexpr std::uint32_t most_points = 200;
    Separate host{model, Asked(model, budget, progress), {}};
    host.asked.evaluations = 1; // the start
    const Bounds bounds(model.tune());
    const std::size_t n = model.parameters(), k = model.tune().objectives.size();
    TuneFront out;
    for (const TuneParameter& p : model.tune().parameters) out.start.push_back(p.initial);
    out.start_value = model.values(out.start);
    out.start_objective = objectives_of(model.tune(), out.start_value);
    mfm_objectives problem{};
    problem.size = sizeof problem;
    problem.n_parameters = static_cast<std::uint32_t>(n);
    problem.n_objectives = static_cast<std::uint32_t>(k);
    problem.seed = model.seed();
    problem.initial = out.start.data();
    problem.lower = bounds.lower.data();
    problem.upper = bounds.upper.data();
    problem.scale = bounds.scale.data();
    problem.self = &host;
    problem.evaluate = &Separate::call;
    problem.progress = &Separate::progress;
    std::vector<double> x(most_points * n), objective(most_points * k);
    mfm_front front{};
    front.size = sizeof front;
    front.capacity = most_points;
    front.x = x.data();
    front.objective = objective.data();
    mfm_error error = empty_error();
    const mfm_status status =
        optimizer.table<mfm_pareto_v1>(MFM_PARETO_ID).solve(optimizer.self(), &problem, &front, &error);
    throw_if_interrupted();
    if (host.asked.failure) std::rethrow_exception(host.asked.failure);
    if (!host.asked.exhausted) check_status(status, error, optimizer.component(), "solve");
    const std::vector<Front::Point> found = host.front.thinned(most_points);
    out.points.resize(found.size());
    tbb::parallel_for(std::size_t{0}, found.size(), [&](std::size_t i) {
        out.points[i].x = found[i].x;
        out.points[i].objective = found[i].objective;
        out.points[i].value = model.values(found[i].x);
    });
    out.outcome = host.asked.exhausted ? MFM_BUDGET : front.outcome;
    out.message = host.asked.exhausted ? fmt::format("the front after the {} evaluations of tune.evaluations", budget)
                                       : std::string(front.message);
    out.evaluations = host.asked.evaluations;
    out.undefined = host.asked.undefined;
    out.undefined_reason = host.asked.undefined_reason;
    mark_front(out);
    return out;
}

void mark_front(TuneFront& front) {
    if (front.points.empty()) return;
    const std::size_t k = front.points.front().objective.size();
    std::vector<double> low(k, infinity_of), high(k, -infinity_of);
    for (const FrontPoint& p : front.points)
        for (std::size_t i = 0; i < k; ++i) {
            low[i] = std::min(low[i], p.objective[i]);
            high[i] = std::max(high[i], p.objective[i]);
        }
    for (FrontPoint& p : front.points) {
        double square = 0, sum = 0, moving = 0;
        for (std::size_t i = 0; i < k; ++i) {
            if (!(high[i] > low[i])) continue;
            const double f = (p.objective[i] - low[i]) / (high[i] - low[i]);
            square += (p.objective[i] - low[i]) * (p.objective[i] - low[i]);
            sum += f;
            moving += 1;
        }
        p.distance = std::sqrt(square);
        // The plane sum f = 1 goes through the ends of a front of two objectives.
        p.bulge = moving > 0 ? (1 - sum) / std::sqrt(moving) : 0.0;
    }
    front.nearest = front.knee = 0;
    for (std::size_t i = 1; i < front.points.size(); ++i) {
        if (front.points[i].distance < front.points[front.nearest].distance) front.nearest = i;
        if (front.points[i].bulge > front.points[front.knee].bulge) front.knee = i;
    }
}

} // namespace mfm
