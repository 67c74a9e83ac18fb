// SPDX-License-Identifier: Apache-2.0
#include "meanfield/fixed_points.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>
#include <optional>

#include "meanfield/dynamics.hpp"
#include "meanfield/stability.hpp"

namespace mfm {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

/// G(x) = Fbar(x) - x over the internal populations.
class Problem {
public:
    Problem(const MeanFieldModel& model, std::span<const double> external) : model_(model) {
        rate_hz_.assign(model.populations().size(), 0.0);
        for (std::size_t e = 0; e < external.size(); ++e) rate_hz_[model.external()[e]] = external[e];
        position_.assign(model.populations().size(), -1);
        for (std::size_t i = 0; i < model.internal().size(); ++i) position_[model.internal()[i]] = index(i);
    }
    [[nodiscard]] Eigen::Index size() const { return index(model_.internal().size()); }

    /// False where a transfer function is not defined; `reason` says why.
    bool evaluate(const Vector& x, Vector& G, Matrix* J) {
        G.resize(size());
        if (J != nullptr) *J = -Matrix::Identity(size(), size());
        for (const std::size_t p : model_.internal()) {
            nu_.clear();
            for (const std::size_t s : model_.pathways_into(p)) {
                const std::size_t source = model_.pathways()[s].source;
                nu_.push_back(position_[source] < 0 ? rate_hz_[source] : x(position_[source]));
            }
            try {
                model_.average(p, nu_, J != nullptr, false, work_, rate_);
            } catch (const Error& error) {
                reason = error.what();
                return false;
            }
            if (!std::isfinite(rate_.F)) {
                reason = fmt::format("the transfer function of {} is {}", model_.describe_inputs(p, nu_), rate_.F);
                return false;
            }
            const Eigen::Index row = position_[p];
            G(row) = rate_.F - x(row);
            if (J == nullptr) continue;
            for (std::size_t i = 0; i < nu_.size(); ++i) {
                const std::size_t source = model_.pathways()[model_.pathways_into(p)[i]].source;
                if (position_[source] >= 0) (*J)(row, position_[source]) += rate_.dF[i];
            }
        }
        return G.allFinite() && (J == nullptr || J->allFinite());
    }
    [[nodiscard]] std::vector<double> rates(const Vector& x) const {
        std::vector<double> rate_hz = rate_hz_;
        for (std::size_t i = 0; i < model_.internal().size(); ++i) rate_hz[model_.internal()[i]] = x(index(i));
        return rate_hz;
    }

    std::string reason;

private:
    const MeanFieldModel& model_;
    std::vector<double> rate_hz_, nu_;
    std::vector<Eigen::Index> position_;
    AverageWorkspace work_;
    PopulationRate rate_;
};

bool converged(const Vector& G, const Vector& x) {
    constexpr double tolerance = 1e-9;
    return (G.array().abs() <= tolerance * (1.0 + x.array().abs())).all();
}

/// Newton's method; each step is halved until the residual falls, and rates stay >= 0.
bool newton(Problem& problem, Vector& x, Vector& G) {
    Matrix J;
    Vector trial_G;
    if (!problem.evaluate(x, G, &J)) return false;
    for (int iteration = 0; iteration < 60; ++iteration) {
        if (converged(G, x)) return true;
        const Vector step = J.fullPivLu().solve(-G);
        if (!step.allFinite()) return false;
        double length = 1;
        bool improved = false;
        for (int halving = 0; halving < 12 && !improved; ++halving, length *= 0.5) {
            const Vector trial = (x + length * step).cwiseMax(0.0);
            if (!problem.evaluate(trial, trial_G, nullptr)) continue;
            if (trial_G.norm() < (1 - 1e-4 * length) * G.norm() || converged(trial_G, trial)) {
                x = trial;
                improved = true;
            }
        }
        if (!improved || !problem.evaluate(x, G, &J)) return false;
    }
    return converged(G, x);
}

/// Implicit Euler on x' = G(x) with growing steps (switched evolution relaxation, Kelley & Keyes 1998): follows the
/// flow to an attractor, then becomes Newton's method.
bool pseudo_transient(Problem& problem, Vector& x, Vector& G) {
    Matrix J;
    if (!problem.evaluate(x, G, &J)) return false;
    double step = 0.5, norm = G.norm();
    for (int iteration = 0; iteration < 500; ++iteration) {
        if (converged(G, x)) return true;
        Matrix system = -J;
        system.diagonal().array() += 1 / step;
        const Vector trial = (x + system.partialPivLu().solve(G)).cwiseMax(0.0);
        Vector trial_G;
        Matrix trial_J;
        if (!trial.allFinite() || !problem.evaluate(trial, trial_G, &trial_J)) {
            step *= 0.25;
            if (step < 1e-6) return false;
            continue;
        }
        x = trial;
        G = trial_G;
        J = trial_J;
        const double trial_norm = G.norm();
        step = std::clamp(step * (trial_norm > 0 ? norm / trial_norm : 2.0), 0.5 * step, 2 * step);
        step = std::clamp(step, 1e-3, 1e9);
        norm = trial_norm;
    }
    return converged(G, x);
}

/// The radical inverse of i: the Halton sequence's coordinate for a prime base.
double halton(std::size_t i, std::size_t base) {
    double result = 0, digit = 1;
    for (; i > 0; i /= base) {
        digit /= static_cast<double>(base);
        result += digit * static_cast<double>(i % base);
    }
    return result;
}

std::vector<Vector> all_starts(const MeanFieldModel& model, std::span<const std::vector<double>> given) {
    const Eigen::Index n = index(model.internal().size());
    std::vector<Vector> starts;
    for (const auto& rate_hz : given) {
        if (rate_hz.size() != model.populations().size())
            throw InputError(fmt::format("a start for the fixed points has {} rates for {} populations", rate_hz.size(),
                                         model.populations().size()));
        Vector x(n);
        for (std::size_t i = 0; i < model.internal().size(); ++i)
            x(index(i)) = std::max(rate_hz[model.internal()[i]], 0.0);
        starts.push_back(x);
    }
    for (const double rate : {0.0, 0.5, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0})
        starts.push_back(Vector::Constant(n, rate));
    // Rates between 0.1 and 400 Hz, evenly spread in their logarithm; a new prime for each population.
    std::vector<std::size_t> primes;
    for (std::size_t candidate = 2; primes.size() < static_cast<std::size_t>(n); ++candidate)
        if (std::none_of(primes.begin(), primes.end(), [&](std::size_t prime) { return candidate % prime == 0; }))
            primes.push_back(candidate);
    for (std::size_t i = 1; i <= 24; ++i) {
        Vector x(n);
        for (Eigen::Index p = 0; p < n; ++p)
            x(p) = 0.1 * std::pow(4000.0, halton(i, primes[static_cast<std::size_t>(p)]));
        starts.push_back(x);
    }
    return starts;
}

FixedPoint describe(const Dynamics& dynamics, std::vector<double> rate_hz, double residual) {
    const MeanFieldModel& model = dynamics.model();
    FixedPoint point;
    point.rate_hz = std::move(rate_hz);
    point.residual_hz = residual;
    const Linearisation linear = linearise(dynamics, point.rate_hz);
    point.eigenvalues = eigenvalues_without_delays(dynamics, linear);
    point.stable = point.eigenvalues.front().real() < 0;
    point.eigenvalues_with_delays = eigenvalues_with_delays(dynamics, linear);
    point.stable_with_delays =
        !point.eigenvalues_with_delays.empty() && point.eigenvalues_with_delays.front().real() < 0;
    point.cells_outside.assign(model.populations().size(), 0.0);
    for (const std::size_t p : model.internal()) {
        point.largest_FT = std::max(point.largest_FT, point.rate_hz[p] * 1e-3 * model.config().T);
        std::vector<double> nu;
        for (const std::size_t s : model.pathways_into(p)) nu.push_back(point.rate_hz[model.pathways()[s].source]);
        if (!model.inside(p, nu)) point.outside.push_back(p);
        point.cells_outside[p] = model.cells_outside(p, nu);
    }
    return point;
}

} // namespace

std::vector<FixedPoint> fixed_points(const MeanFieldModel& model, std::span<const double> external_rates_hz,
                                     std::span<const std::vector<double>> given) {
    if (external_rates_hz.size() != model.external().size())
        throw InputError(fmt::format("the mean field has {} external populations and was given {} rates",
                                     model.external().size(), external_rates_hz.size()));
    for (const double rate : external_rates_hz)
        if (!(rate >= 0) || !std::isfinite(rate))
            throw InputError(fmt::format("an external rate of {} Hz: rates must be finite and not negative", rate));
    if (model.internal().empty()) throw InputError("the mean field has no population with equations");

    Problem problem(model, external_rates_hz);
    std::vector<std::pair<Vector, double>> found;
    Vector best;
    double best_residual = std::numeric_limits<double>::infinity();
    const std::vector<Vector> starts = all_starts(model, given);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        Vector x = starts[i], G;
        bool done = newton(problem, x, G);
        if (!done) {
            x = starts[i];
            done = pseudo_transient(problem, x, G);
        }
        if (G.size() == 0 || !G.allFinite()) continue;
        const double residual = G.cwiseAbs().maxCoeff();
        if (residual < best_residual) {
            best_residual = residual;
            best = x;
        }
        if (!done) continue;
        const auto same = std::find_if(found.begin(), found.end(), [&](const auto& other) {
            return ((other.first - x).array().abs() <= 1e-6 * (1.0 + x.array().abs())).all();
        });
        if (same == found.end())
            found.emplace_back(x, residual);
        else if (residual < same->second)
            *same = {x, residual};
    }
    if (found.empty()) {
        std::string sentence = "no fixed point of the mean field was found at external rates of";
        for (std::size_t e = 0; e < external_rates_hz.size(); ++e)
            sentence +=
                fmt::format(" {} {:.6g} Hz", model.populations()[model.external()[e]].name, external_rates_hz[e]);
        if (external_rates_hz.empty()) sentence += " none";
        sentence += fmt::format(" from {} starts", starts.size());
        if (std::isfinite(best_residual)) {
            sentence += fmt::format("; the best misses by {:.3g} Hz at", best_residual);
            for (std::size_t i = 0; i < model.internal().size(); ++i)
                sentence += fmt::format(" {} {:.6g} Hz", model.populations()[model.internal()[i]].name, best(index(i)));
        }
        if (!problem.reason.empty()) sentence += "; " + problem.reason;
        throw Error(ExitCode::NotValid, sentence + "; check the transfer functions there");
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first.sum() < b.first.sum(); });
    const Dynamics dynamics(model);
    std::vector<FixedPoint> points;
    for (const auto& [x, residual] : found) points.push_back(describe(dynamics, problem.rates(x), residual));
    return points;
}

const FixedPoint& resting_point(const std::vector<FixedPoint>& points) {
    for (const FixedPoint& point : points)
        if (point.stable) return point;
    return points.front();
}

} // namespace mfm
