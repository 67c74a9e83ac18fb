// SPDX-License-Identifier: Apache-2.0
#include "meanfield/fixed_points.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <array>
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
                model_.average(p, nu_, J != nullptr ? 1 : 0, false, work_, rate_);
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

/// From x to a root of G, by Newton's method where that gets there.
bool settle(Problem& problem, Vector& x, Vector& G) {
    const Vector start = x;
    if (newton(problem, x, G)) return true;
    x = start;
    return pseudo_transient(problem, x, G);
}

bool is_same(const Vector& a, const Vector& b) {
    return ((a - b).array().abs() <= 1e-6 * (1.0 + b.array().abs())).all();
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

/// Equal rates of all populations to start from, Hz.
constexpr std::array<double, 10> ladder{0, 0.5, 2, 5, 10, 20, 40, 80, 160, 320};

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
    for (const double rate : ladder) starts.push_back(Vector::Constant(n, rate));
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
    const MasterEquation* master = dynamics.master_equation();
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
    point.FT.assign(model.populations().size(), 0.0);
    const std::vector<double> F = master != nullptr ? model.transfer(point.rate_hz) : point.rate_hz;
    for (std::size_t p = 0; p < F.size(); ++p)
        if (!model.populations()[p].external || (master != nullptr && master->index(p, p)))
            point.FT[p] = F[p] * 1e-3 * model.config().T;
    point.largest_FT = *std::max_element(point.FT.begin(), point.FT.end());
    for (const std::size_t p : model.internal()) {
        std::vector<double> nu;
        for (const std::size_t s : model.pathways_into(p)) nu.push_back(point.rate_hz[model.pathways()[s].source]);
        if (!model.inside(p, nu)) point.outside.push_back(p);
        point.cells_outside[p] = model.cells_outside(p, nu);
    }
    if (master != nullptr) {
        const Vector y = dynamics.settled(point.rate_hz);
        const Matrix C = master->covariance(y.data());
        point.covariance.assign(C.data(), C.data() + C.size());
        point.lowest_eigenvalue = master->relative_lowest_eigenvalue(y.data());
    }
    return point;
}

/// The whole state of the master equation's second order, from `y` to where f(y) = 0, by implicit Euler with growing
/// steps as above.
bool settle_second_order(const Dynamics& dynamics, const std::vector<double>& u, Vector& y) {
    const MeanFieldModel& model = dynamics.model();
    const MasterEquation& master = *dynamics.master_equation();
    const Eigen::Index n = y.size();
    Vector unit = Vector::Ones(n); // Hz, and Hz^2 as independent cells at 1 Hz have it
    for (const auto& [a, b] : master.pairs())
        unit(index(*master.index(a, b))) = std::sqrt(master.unit(a) * master.unit(b));
    Dynamics::Workspace work;
    Vector f(n), trial_f(n);
    Matrix J(n, n);
    const auto evaluate = [&](const Vector& at, Vector& out) {
        try {
            dynamics.derivative(at.data(), u.data(), out.data(), work);
            dynamics.jacobian(at.data(), u.data(), J.data(), nullptr, work);
        } catch (const Error&) {
            return false;
        }
        return out.allFinite() && J.allFinite();
    };
    const auto settled = [&] {
        return ((f * model.config().T).array().abs() <= 1e-9 * (unit.array() + y.array().abs())).all();
    };
    if (!evaluate(y, f)) return false;
    double step = 0.5 * model.config().T, norm = f.cwiseQuotient(unit).norm();
    for (int iteration = 0; iteration < 500 && !settled(); ++iteration) {
        const Matrix kept = J;
        Matrix system = -J;
        system.diagonal().array() += 1 / step;
        const Vector trial = y + system.partialPivLu().solve(f);
        if (!trial.allFinite() || !evaluate(trial, trial_f)) {
            J = kept;
            step *= 0.25;
            if (step < 1e-6 * model.config().T) return false;
            continue;
        }
        y = trial;
        f = trial_f;
        const double trial_norm = f.cwiseQuotient(unit).norm();
        step = std::min(step * std::clamp(trial_norm > 0 ? norm / trial_norm : 2.0, 0.5, 2.0), 1e9);
        norm = trial_norm;
    }
    return settled();
}

/// Where the second order leads from the stable first-order fixed points (about others, fluctuations have no
/// covariance).  Empty, and why, when it leads nowhere.
std::vector<FixedPoint> second_order_points(const Dynamics& dynamics, const std::vector<FixedPoint>& first_order,
                                            std::string& reason) {
    const MeanFieldModel& model = dynamics.model();
    std::vector<FixedPoint> points;
    for (const FixedPoint& first : first_order) {
        std::vector<double> u;
        for (const Dynamics::Tap& tap : dynamics.taps()) u.push_back(first.rate_hz[tap.source]);
        Vector y = dynamics.settled(first.rate_hz);
        if (!first.stable || !settle_second_order(dynamics, u, y)) {
            if (reason.empty()) reason = "its fluctuations grow without end";
            continue;
        }
        std::vector<double> rate_hz = first.rate_hz;
        for (const std::size_t p : model.internal()) rate_hz[p] = y(index(dynamics.rate_index(p)));
        const auto lowest = std::min_element(rate_hz.begin(), rate_hz.end());
        if (*lowest < 0) {
            reason = fmt::format("the rate of {} becomes {:.4g} Hz",
                                 model.populations()[static_cast<std::size_t>(lowest - rate_hz.begin())].name, *lowest);
            continue;
        }
        const bool known = std::any_of(points.begin(), points.end(), [&](const FixedPoint& other) {
            for (std::size_t p = 0; p < rate_hz.size(); ++p)
                if (std::abs(other.rate_hz[p] - rate_hz[p]) > 1e-6 * (1.0 + rate_hz[p])) return false;
            return true;
        });
        if (known) continue;
        Vector f(y.size());
        Dynamics::Workspace work;
        dynamics.derivative(y.data(), u.data(), f.data(), work);
        const auto rates = index(model.internal().size());
        points.push_back(describe(dynamics, rate_hz, f.head(rates).cwiseAbs().maxCoeff() * model.config().T));
        points.back().first_order_hz = first.rate_hz;
    }
    return points;
}

bool is_second_order(const MeanFieldModel& model) {
    return model.config().dynamics == MeanFieldConfig::Dynamics::MasterEquation && model.config().order > 1;
}

void check_external(const MeanFieldModel& model, std::span<const double> external_rates_hz) {
    if (external_rates_hz.size() != model.external().size())
        throw InputError(fmt::format("the mean field has {} external populations and was given {} rates",
                                     model.external().size(), external_rates_hz.size()));
    for (const double rate : external_rates_hz)
        if (!(rate >= 0) || !std::isfinite(rate))
            throw InputError(fmt::format("an external rate of {} Hz: rates must be finite and not negative", rate));
    if (model.internal().empty()) throw InputError("the mean field has no population with equations");
}

} // namespace

std::vector<FixedPoint> fixed_points(const MeanFieldModel& model, std::span<const double> external_rates_hz,
                                     std::span<const std::vector<double>> given) {
    check_external(model, external_rates_hz);
    Problem problem(model, external_rates_hz);
    std::vector<std::pair<Vector, double>> found;
    Vector best;
    double best_residual = std::numeric_limits<double>::infinity();
    const std::vector<Vector> starts = all_starts(model, given);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        Vector x = starts[i], G;
        const bool done = settle(problem, x, G);
        if (G.size() == 0 || !G.allFinite()) continue;
        const double residual = G.cwiseAbs().maxCoeff();
        if (residual < best_residual) {
            best_residual = residual;
            best = x;
        }
        if (!done) continue;
        const auto same =
            std::find_if(found.begin(), found.end(), [&](const auto& other) { return is_same(other.first, x); });
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
    const bool second = is_second_order(model);
    const Dynamics dynamics(second ? model.with_order(1) : model);
    std::vector<FixedPoint> points;
    for (const auto& [x, residual] : found) points.push_back(describe(dynamics, problem.rates(x), residual));
    if (!second) return points;
    std::string reason;
    std::vector<FixedPoint> second_order = second_order_points(Dynamics(model), points, reason);
    if (!second_order.empty()) return second_order;
    std::string sentence = "the master equation's second order has no fixed point near that of its first order,";
    for (const std::size_t p : model.internal())
        sentence += fmt::format(" {} {:.6g} Hz", model.populations()[p].name, resting_point(points).rate_hz[p]);
    throw Error(ExitCode::NotValid,
                fmt::format("{}: {}; use mean_field.order = 1, or dynamics = \"synaptic\"", sentence, reason));
}

std::vector<double> resting_rates(const MeanFieldModel& model, std::span<const double> external_rates_hz,
                                  std::span<const double> near) {
    check_external(model, external_rates_hz);
    if (!is_second_order(model) && near.size() == model.populations().size()) {
        Problem problem(model, external_rates_hz);
        Vector low, x(problem.size()), G;
        // Where a rate of 0 has no slope, the lowest from which the flow can be followed.
        const auto from_below = [&] {
            return std::any_of(ladder.begin(), ladder.begin() + 4, [&](double rate) {
                low = Vector::Constant(problem.size(), rate);
                return pseudo_transient(problem, low, G);
            });
        };
        for (std::size_t i = 0; i < model.internal().size(); ++i) x(index(i)) = near[model.internal()[i]];
        if (settle(problem, x, G) && from_below() && is_same(low, x)) {
            std::vector<double> rate_hz = problem.rates(x);
            const Dynamics dynamics(model);
            if (eigenvalues_without_delays(dynamics, linearise(dynamics, rate_hz)).front().real() < 0) return rate_hz;
        }
    }
    return resting_point(fixed_points(model, external_rates_hz)).rate_hz;
}

const FixedPoint& resting_point(const std::vector<FixedPoint>& points) {
    for (const FixedPoint& point : points)
        if (point.stable) return point;
    return points.front();
}

} // namespace mfm
