// SPDX-License-Identifier: Apache-2.0
#include <mfm/optimizer.hpp>

#include <nlopt.h>

#include <exception>
#include <memory>

#include "mfm_page.h"

namespace {

constexpr const char* algorithms[] = {"nelder_mead", "sbplx", "bobyqa",  "cobyla", "newuoa_bound", "praxis", "lbfgs",
                                      "slsqp",       "mma",   "tnewton", "direct", "direct_l",     nullptr};
constexpr nlopt_algorithm codes[] = {
    NLOPT_LN_NELDERMEAD, NLOPT_LN_SBPLX,   NLOPT_LN_BOBYQA, NLOPT_LN_COBYLA, NLOPT_LN_NEWUOA_BOUND,
    NLOPT_LN_PRAXIS,     NLOPT_LD_LBFGS,   NLOPT_LD_SLSQP,  NLOPT_LD_MMA,    NLOPT_LD_TNEWTON_PRECOND_RESTART,
    NLOPT_GN_DIRECT,     NLOPT_GN_DIRECT_L};

/// The cost as NLopt sees it, a function of y = x / scale.
struct Cost {
    mfm::Problem& problem;
    nlopt_opt optimizer;
    std::vector<double> x, residual, jacobian;
    double undefined; ///< what stands for the cost where the problem is not defined
    std::uint32_t calls = 0;
    double least = mfm::infinity; ///< of this run
    std::exception_ptr failure{}; // no exception passes through the C library

    double operator()(std::size_t n, const double* y, double* gradient) {
        const auto scale = problem.scale();
        for (std::size_t i = 0; i < n; ++i) x[i] = std::clamp(y[i] * scale[i], problem.lower()[i], problem.upper()[i]);
        if (gradient != nullptr) jacobian.resize(n * residual.size());
        const bool defined =
            problem.evaluate(x, residual, gradient != nullptr ? std::span(jacobian) : std::span<double>());
        if (gradient != nullptr) {
            std::fill(gradient, gradient + n, 0.0);
            for (std::size_t k = 0; defined && k < residual.size(); ++k)
                for (std::size_t i = 0; i < n; ++i) gradient[i] += residual[k] * jacobian[k * n + i] * scale[i];
        }
        const double cost = defined ? mfm::Problem::cost(residual) : undefined;
        least = std::min(least, cost);
        if (!problem.keep_going(++calls, problem.best_cost())) {
            nlopt_force_stop(optimizer);
        }
        return cost;
    }
    static double call(unsigned n, const double* y, double* gradient, void* self) {
        auto& cost = *static_cast<Cost*>(self);
        try {
            return cost(n, y, gradient);
        } catch (...) {
            cost.failure = std::current_exception();
            nlopt_force_stop(cost.optimizer);
            return cost.undefined;
        }
    }
};

struct Nlopt {
    static constexpr auto id = "nlopt", version = "1.0.0",
                          summary = "minimisation within bounds, without or with gradients, from one start or many",
                          citation =
                              "Johnson, The NLopt nonlinear-optimization package, https://github.com/stevengj/nlopt";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::string algorithm, loss;
        std::int64_t max_evaluations, starts;
        double function_tolerance, parameter_tolerance, initial_step, loss_scale;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::algorithm, "algorithm", algorithms, "which of NLopt's methods"},
                              mfm::Field{&S::max_evaluations, "max_evaluations", "1", 20000., 1., 1e9,
                                         "budget of cost evaluations, of all starts"},
                              mfm::Field{&S::starts, "starts", "1", 1., 1., 1e6,
                                         "local searches, from the start and from points spread over the bounds"},
                              mfm::Field{&S::function_tolerance, "function_tolerance", "1", 1e-12, 0., 1.,
                                         "relative change of the cost that counts as converged"},
                              mfm::Field{&S::parameter_tolerance, "parameter_tolerance", "1", 1e-8, 0., 1.,
                                         "relative change of the parameters that counts as converged"},
                              mfm::Field{&S::initial_step, "initial_step", "1", 0.1, 0., 1e6,
                                         "first step in units of each parameter's scale"}
                                  .open_lower(),
                              mfm::Field{&S::loss, "loss", mfm::Loss::choices, "how outliers count"},
                              mfm::Field{&S::loss_scale, "loss_scale", "1", 1., 0., 1e12,
                                         "residual beyond which the loss departs from the square"}
                                  .open_lower()};
        }
    };
    explicit Nlopt(const Settings& s) : s_(s) {
        for (std::size_t i = 0; algorithms[i] != nullptr; ++i)
            if (s.algorithm == algorithms[i]) code_ = codes[i];
        if (is_global() && s.starts > 1)
            throw mfm::Infeasible("algorithm '" + s.algorithm +
                                  "' searches everywhere and has no starts; leave starts out");
    }
    void prepare(mfm::Problem& problem) const { problem.use_loss(mfm::Loss::named(s_.loss, s_.loss_scale)); }

    /// The start first, then points of the Halton sequence within the bounds, each with an even share of what is left
    /// of the budget.
    [[nodiscard]] mfm::Outcome solve(mfm::Problem& problem) const {
        const std::size_t n = problem.parameters();
        if (is_global() || s_.starts > 1)
            for (std::size_t i = 0; i < n; ++i)
                if (!std::isfinite(problem.lower()[i]) || !std::isfinite(problem.upper()[i]))
                    throw mfm::Infeasible((is_global() ? "algorithm '" + s_.algorithm + "' needs" : "starts need") +
                                          std::string(" finite bounds, and parameter ") + std::to_string(i) +
                                          " has an infinite one");
        mfm::Outcome best;
        double least = mfm::infinity;
        std::uint32_t calls = 0;
        std::int64_t run_count = 0;
        for (; run_count < s_.starts; ++run_count) {
            const std::int64_t left = s_.max_evaluations - calls;
            if (left <= 0) break;
            const auto [outcome, cost] = run(problem, start(problem, run_count),
                                             std::max<std::int64_t>(1, left / (s_.starts - run_count)), calls);
            if (run_count == 0 || cost < least) {
                least = cost;
                best = outcome;
            }
            if (outcome.outcome == MFM_STOPPED) {
                best = outcome;
                break;
            }
        }
        best.iterations = calls;
        if (s_.starts > 1 && best.outcome != MFM_STOPPED)
            best.message = "best of " + std::to_string(run_count) + " starts: " + best.message;
        return best;
    }

private:
    [[nodiscard]] bool is_global() const { return code_ == NLOPT_GN_DIRECT || code_ == NLOPT_GN_DIRECT_L; }

    /// Point number `index` of the Halton sequence (radical inverses to prime bases) within the bounds; 0 is the start.
    [[nodiscard]] static std::vector<double> start(const mfm::Problem& problem, std::int64_t index) {
        std::vector<double> x(problem.initial().begin(), problem.initial().end());
        std::vector<std::int64_t> primes;
        for (std::int64_t c = 2; primes.size() < x.size(); ++c)
            if (std::none_of(primes.begin(), primes.end(), [&](std::int64_t p) { return c % p == 0; }))
                primes.push_back(c);
        for (std::size_t i = 0; i < x.size() && index > 0; ++i) {
            double share = 0, digit = 1;
            for (std::int64_t k = index; k > 0; k /= primes[i]) {
                digit /= static_cast<double>(primes[i]);
                share += digit * static_cast<double>(k % primes[i]);
            }
            x[i] = problem.lower()[i] + share * (problem.upper()[i] - problem.lower()[i]);
        }
        return x;
    }

    /// One run of the algorithm; adds to `calls`.  The outcome, and the least cost of this run.
    [[nodiscard]] std::pair<mfm::Outcome, double> run(mfm::Problem& problem, const std::vector<double>& from,
                                                      std::int64_t budget, std::uint32_t& calls) const {
        const std::size_t n = problem.parameters();
        const auto scale = problem.scale();
        const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimizer(nlopt_create(code_, static_cast<unsigned>(n)),
                                                                          &nlopt_destroy);
        if (!optimizer) throw std::bad_alloc();
        std::vector<double> y(n), lower(n), upper(n), step(n);
        bool all_fixed = true;
        for (std::size_t i = 0; i < n; ++i) {
            y[i] = from[i] / scale[i];
            lower[i] = std::min(problem.lower()[i] / scale[i], y[i]);
            upper[i] = std::max(problem.upper()[i] / scale[i], y[i]);
            const double width = upper[i] - lower[i];
            all_fixed = all_fixed && width == 0;
            step[i] = width > 0 ? std::min(s_.initial_step, 0.25 * width) : 1.0;
        }
        if (all_fixed) return {{MFM_CONVERGED, 0, "every parameter is fixed by its bounds"}, problem.best_cost()};

        nlopt_srand(1 + problem.seed()); // this thread's generator; praxis draws from it
        Cost cost{problem,
                  optimizer.get(),
                  std::vector<double>(n),
                  std::vector<double>(problem.residuals()),
                  {},
                  1e6 * (1 + problem.best_cost()),
                  calls};
        nlopt_set_min_objective(optimizer.get(), &Cost::call, &cost);
        nlopt_set_lower_bounds(optimizer.get(), lower.data());
        nlopt_set_upper_bounds(optimizer.get(), upper.data());
        nlopt_set_initial_step(optimizer.get(), step.data());
        nlopt_set_ftol_rel(optimizer.get(), s_.function_tolerance);
        nlopt_set_xtol_rel(optimizer.get(), s_.parameter_tolerance);
        nlopt_set_maxeval(optimizer.get(), static_cast<int>(std::min<std::int64_t>(budget, 2000000000)));
        double reached = 0;
        const nlopt_result result = nlopt_optimize(optimizer.get(), y.data(), &reached);
        if (cost.failure) std::rethrow_exception(cost.failure);

        calls = cost.calls;
        return {outcome_of(result, calls, nlopt_get_errmsg(optimizer.get())), cost.least};
    }

    [[nodiscard]] static mfm::Outcome outcome_of(nlopt_result result, std::uint32_t calls, const char* reason) {
        switch (result) {
        case NLOPT_SUCCESS:
        case NLOPT_STOPVAL_REACHED:
            return {MFM_CONVERGED, calls, "converged"};
        case NLOPT_FTOL_REACHED:
            return {MFM_CONVERGED, calls, "converged: the cost no longer changes"};
        case NLOPT_XTOL_REACHED:
            return {MFM_CONVERGED, calls, "converged: the parameters no longer change"};
        case NLOPT_ROUNDOFF_LIMITED:
            return {MFM_CONVERGED, calls, "converged as far as rounding allows"};
        case NLOPT_MAXEVAL_REACHED:
        case NLOPT_MAXTIME_REACHED:
            return {MFM_BUDGET, calls,
                    "not converged after " + std::to_string(calls) + " evaluations; raise max_evaluations"};
        case NLOPT_FORCED_STOP:
            return {MFM_STOPPED, calls, "stopped on request"};
        default:
            return {MFM_FAILED, calls,
                    std::string(nlopt_result_to_string(result)) +
                        (reason != nullptr ? std::string(": ") + reason : "")};
        }
    }

    Settings s_;
    nlopt_algorithm code_ = NLOPT_LN_NELDERMEAD;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Optimizer<Nlopt>);
