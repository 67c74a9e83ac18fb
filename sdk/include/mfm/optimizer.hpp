// SPDX-License-Identifier: Apache-2.0
// The authoring layer of optimizers: bounded least squares.  An author writes a struct O with
//   id, version, summary, citation                       static constexpr strings
//   Settings with fields(), and a constructor from it
//   void prepare(mfm::Problem& problem) const            optional: choose a loss, before the first evaluation
//   mfm::Outcome solve(mfm::Problem& problem) const      evaluates the problem wherever it wants
//   mfm::Outcome solve(mfm::Objectives& problem) const   instead or as well: several objectives, see <mfm/pareto.hpp>
// and exports it with MFM_PLUGIN("My Lab", mfm::Optimizer<O>).  The SDK keeps the best point that was evaluated (so the
// solution is never worse than the start), counts, makes numeric Jacobians where the host gives none, and reports
// progress.
#pragma once
#include <mfm/pareto.hpp>
#include <mfm/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <span>

namespace mfm {

/// A loss on each squared residual s = r^2, with scale a (Holland & Welsch 1977): cost = 1/2 sum rho(s).
///   None    rho = s
///   Huber   rho = s for s <= a^2, 2 a sqrt(s) - a^2 beyond
///   Cauchy  rho = a^2 ln(1 + s / a^2)
struct Loss {
    enum class Kind { None, Huber, Cauchy } kind = Kind::None;
    double scale = 1.0;
    /// The choices of a setting, in the order of Kind.
    static constexpr const char* choices[] = {"none", "huber", "cauchy", nullptr};
    [[nodiscard]] static Loss named(const std::string& name, double scale) {
        return {name == "huber" ? Kind::Huber : name == "cauchy" ? Kind::Cauchy : Kind::None, scale};
    }
    /// The residual q with q^2 = rho(r^2) and the sign of r, and dq/dr: least squares in q is the robust problem in r.
    [[nodiscard]] std::pair<double, double> apply(double r) const {
        const double size = std::fabs(r), a = scale;
        if (kind == Kind::Huber && size > a) {
            const double q = std::sqrt(2 * a * size - a * a);
            return {std::copysign(q, r), a / q};
        }
        if (kind == Kind::Cauchy && size > 0) {
            const double q = a * std::sqrt(std::log1p(size / a * (size / a)));
            return {std::copysign(q, r), size / (q * (1 + size / a * (size / a)))};
        }
        return {r, 1.0};
    }
};

/// The host's problem: minimise 1/2 sum residual^2 within bounds.
class Problem {
public:
    /// The start is moved into the bounds.
    explicit Problem(const mfm_problem& host) : host_(host) {
        initial_.assign(host.initial, host.initial + host.n_parameters);
        scale_.assign(host.n_parameters, 1.0);
        for (std::size_t i = 0; i < parameters(); ++i) {
            if (!(host.lower[i] <= host.upper[i]))
                throw std::runtime_error("parameter " + std::to_string(i) + " has a lower bound above its upper bound");
            initial_[i] = std::clamp(initial_[i], host.lower[i], host.upper[i]);
            if (host.scale != nullptr && host.scale[i] > 0 && std::isfinite(host.scale[i])) scale_[i] = host.scale[i];
        }
    }
    [[nodiscard]] std::size_t parameters() const { return host_.n_parameters; }
    [[nodiscard]] std::size_t residuals() const { return host_.n_residuals; }
    [[nodiscard]] std::span<const double> initial() const { return initial_; }
    [[nodiscard]] std::span<const double> lower() const { return {host_.lower, parameters()}; }
    [[nodiscard]] std::span<const double> upper() const { return {host_.upper, parameters()}; }
    /// Typical size of a change of each parameter, > 0.
    [[nodiscard]] std::span<const double> scale() const { return scale_; }
    /// Of the optimizer's random numbers.
    [[nodiscard]] std::uint64_t seed() const { return MFM_HAS(&host_, seed) ? host_.seed : 0; }
    /// The host gives an exact Jacobian; otherwise evaluate() makes one by central differences.
    [[nodiscard]] bool has_jacobian() const { return host_.has_jacobian != 0; }
    /// From now on residuals, Jacobians and costs are those of this loss; call it before the first evaluation.
    void use_loss(const Loss& loss) { loss_ = loss; }

    /// Residuals [residuals()] at x [parameters()], and the Jacobian [residuals()][parameters()] unless it is empty.
    /// False where the problem is not defined: outside the bounds, or where the host says so.  Throws when the host
    /// gives up.
    bool evaluate(std::span<const double> x, std::span<double> residual, std::span<double> jacobian = {}) {
        for (std::size_t i = 0; i < parameters(); ++i)
            if (!(x[i] >= host_.lower[i] && x[i] <= host_.upper[i])) return false;
        const bool exact = !jacobian.empty() && has_jacobian();
        if (!ask(1, x.data(), residual.data(), exact ? jacobian.data() : nullptr)) return false;
        double cost = 0;
        for (std::size_t k = 0; k < residuals(); ++k) {
            const auto [q, slope] = loss_.apply(residual[k]);
            if (exact)
                for (std::size_t i = 0; i < parameters(); ++i) jacobian[k * parameters() + i] *= slope;
            residual[k] = q;
            cost += 0.5 * q * q;
        }
        if (!std::isfinite(cost)) return false;
        keep(x, cost);
        return jacobian.empty() || exact || differences(x, jacobian);
    }
    /// Costs of n points x [n][parameters()] at once, which the host may spread over its threads; infinity where the
    /// problem is not defined.
    [[nodiscard]] std::vector<double> costs(std::size_t n, std::span<const double> x) {
        const std::size_t d = parameters(), m = residuals();
        std::vector<double> out(n, infinity), at, r;
        std::vector<std::size_t> inside;
        for (std::size_t i = 0; i < n; ++i) {
            bool within = true;
            for (std::size_t k = 0; k < d; ++k)
                within = within && x[i * d + k] >= host_.lower[k] && x[i * d + k] <= host_.upper[k];
            if (!within) continue;
            inside.push_back(i);
            at.insert(at.end(), &x[i * d], &x[i * d] + d);
        }
        r.resize(inside.size() * m);
        std::vector<bool> good(inside.size(), true);
        if (!inside.empty() && !ask(static_cast<std::uint32_t>(inside.size()), at.data(), r.data(), nullptr)) {
            if (inside.size() == 1) return out;
            for (std::size_t j = 0; j < inside.size(); ++j) // at least one of them is not defined
                good[j] = ask(1, &at[j * d], &r[j * m], nullptr);
        }
        for (std::size_t j = 0; j < inside.size(); ++j) {
            if (!good[j]) continue;
            double sum = 0;
            for (std::size_t k = 0; k < m; ++k) {
                const double q = loss_.apply(r[j * m + k]).first;
                sum += 0.5 * q * q;
            }
            if (!std::isfinite(sum)) continue;
            out[inside[j]] = sum;
            keep({&at[j * d], d}, sum);
        }
        return out;
    }
    [[nodiscard]] static double cost(std::span<const double> residual) {
        double sum = 0;
        for (const double r : residual) sum += 0.5 * r * r;
        return sum;
    }
    /// Tells the host how far it is; false: stop.  gradient and step are norms, 0 when not known.
    [[nodiscard]] bool keep_going(std::uint32_t iteration, double cost, double gradient = 0, double step = 0) {
        return host_.progress == nullptr || host_.progress(host_.self, iteration, cost, gradient, step) == 0;
    }
    [[nodiscard]] std::uint32_t evaluations() const { return evaluations_; }
    [[nodiscard]] const std::vector<double>& best() const { return best_; }
    [[nodiscard]] double best_cost() const { return best_cost_; }

private:
    void keep(std::span<const double> x, double cost) {
        if (!best_.empty() && !(cost < best_cost_)) return;
        best_.assign(x.begin(), x.end());
        best_cost_ = cost;
    }
    bool ask(std::uint32_t n, const double* x, double* residual, double* jacobian) {
        mfm_error error;
        error.size = sizeof error;
        error.message[0] = '\0';
        evaluations_ += n;
        const mfm_status status = host_.residuals(host_.self, n, x, residual, jacobian, &error);
        if (status < 0) throw std::runtime_error(std::string("the residuals could not be computed: ") + error.message);
        return status == MFM_OK;
    }
    /// Central differences, all points in one call; one-sided at a bound and where only one
    /// side is defined.
    bool differences(std::span<const double> x, std::span<double> jacobian) {
        const std::size_t n = parameters(), m = residuals();
        std::vector<double> at(2 * n * n), up(n), down(n), r(2 * n * m);
        for (std::size_t i = 0; i < n; ++i) {
            const double h = 6e-6 * std::max(std::fabs(x[i]), scale_[i]);
            up[i] = std::min(x[i] + h, host_.upper[i]);
            down[i] = std::max(x[i] - h, host_.lower[i]);
            for (std::size_t side = 0; side < 2; ++side) {
                const auto row = at.begin() + static_cast<std::ptrdiff_t>((2 * i + side) * n);
                std::copy(x.begin(), x.end(), row);
                row[static_cast<std::ptrdiff_t>(i)] = side == 0 ? down[i] : up[i];
            }
        }
        if (!ask(static_cast<std::uint32_t>(2 * n), at.data(), r.data(), nullptr)) {
            // Somewhere beside x the problem is not defined: x itself stands for that side.
            for (std::size_t k = 0; k < 2 * n; ++k) {
                if (ask(1, &at[k * n], &r[k * m], nullptr)) continue;
                if (!ask(1, x.data(), &r[k * m], nullptr)) return false;
                (k % 2 == 0 ? down : up)[k / 2] = x[k / 2];
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            const double width = up[i] - down[i];
            for (std::size_t k = 0; k < m; ++k) {
                const double rise = loss_.apply(r[(2 * i + 1) * m + k]).first - loss_.apply(r[2 * i * m + k]).first;
                jacobian[k * n + i] = width > 0 ? rise / width : 0.0;
            }
        }
        return true;
    }

    const mfm_problem& host_;
    Loss loss_;
    std::vector<double> initial_, scale_, best_;
    double best_cost_ = infinity;
    std::uint32_t evaluations_ = 0;
};

template <class O> class Optimizer {
    static mfm_status solve(void* self, const mfm_problem* host, mfm_solution* solution, mfm_error* error) noexcept {
        return guarded(error, [&] {
            Problem problem(*host);
            if constexpr (requires(const O& o, Problem& p) { o.prepare(p); })
                static_cast<const O*>(self)->prepare(problem);
            std::vector<double> residual(problem.residuals());
            if (!problem.evaluate(problem.initial(), residual))
                throw Infeasible("the problem is not defined at its start; give another start");
            solution->initial_cost = problem.best_cost();
            const Outcome outcome = static_cast<const O*>(self)->solve(problem);
            std::copy(problem.best().begin(), problem.best().end(), solution->x);
            solution->cost = problem.best_cost();
            solution->outcome = outcome.outcome;
            solution->iterations = outcome.iterations;
            solution->evaluations = problem.evaluations();
            std::snprintf(solution->message, sizeof solution->message, "%s", outcome.message.c_str());
        });
    }
    static constexpr mfm_optimizer_v1 table{sizeof(mfm_optimizer_v1), 0, &solve};
    static constexpr bool one = requires(const O& o, Problem& p) { o.solve(p); };
    static constexpr bool several = requires(const O& o, Objectives& p) { o.solve(p); };
    static_assert(one || several, "an optimizer needs solve(mfm::Problem&) const or solve(mfm::Objectives&) const");
    struct Interfaces {
        static constexpr auto list = [] {
            std::array<mfm_interface, (one ? 1 : 0) + (several ? 1 : 0)> out{};
            std::size_t n = 0;
            if constexpr (one) out[n++] = {MFM_OPTIMIZER_ID, &table};
            if constexpr (several) out[n++] = {MFM_PARETO_ID, &ParetoTable<O>::table};
            return out;
        }();
    };

public:
    /// The author's object behind the `self` that functions of interfaces get.
    static const O& author(const void* self) { return ComponentOf<O, Interfaces>::author(self); }
    static constexpr mfm_component component = ComponentOf<O, Interfaces>::component;
};

} // namespace mfm
