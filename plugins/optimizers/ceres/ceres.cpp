// SPDX-License-Identifier: Apache-2.0
#include <mfm/optimizer.hpp>

#include <ceres/ceres.h>
#include <glog/logging.h>

#include <exception>

#include "mfm_page.h"

namespace {

/// The whole residual vector as one Ceres block of y = x / scale.
class Block : public ceres::CostFunction {
public:
    explicit Block(mfm::Problem& problem) : problem_(problem), x_(problem.parameters()) {
        set_num_residuals(static_cast<int>(problem.residuals()));
        mutable_parameter_block_sizes()->push_back(static_cast<int>(problem.parameters()));
    }
    bool Evaluate(double const* const* blocks, double* residuals, double** jacobians) const override {
        const std::size_t n = problem_.parameters(), m = problem_.residuals();
        const auto scale = problem_.scale();
        // Division and multiplication by the scale may step over a bound by one rounding.
        for (std::size_t i = 0; i < n; ++i)
            x_[i] = std::clamp(blocks[0][i] * scale[i], problem_.lower()[i], problem_.upper()[i]);
        double* const jacobian = jacobians != nullptr ? jacobians[0] : nullptr;
        try {
            if (!problem_.evaluate(x_, {residuals, m},
                                   jacobian != nullptr ? std::span(jacobian, n * m) : std::span<double>()))
                return false;
        } catch (...) {
            failure_ = std::current_exception();
            return false;
        }
        if (jacobian != nullptr)
            for (std::size_t k = 0; k < n * m; ++k) jacobian[k] *= scale[k % n];
        return true;
    }
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }
    [[nodiscard]] bool failed() const { return static_cast<bool>(failure_); }

private:
    mfm::Problem& problem_;
    mutable std::vector<double> x_;
    mutable std::exception_ptr failure_; // no exception passes through the solver
};

class Watch : public ceres::IterationCallback {
public:
    Watch(mfm::Problem& problem, const Block& block, std::uint32_t done)
        : problem_(problem), block_(block), done_(done) {}
    ceres::CallbackReturnType operator()(const ceres::IterationSummary& s) override {
        if (block_.failed()) return ceres::SOLVER_ABORT;
        const bool go = problem_.keep_going(done_ + static_cast<std::uint32_t>(s.iteration), s.cost,
                                            s.gradient_max_norm, s.step_norm);
        return go ? ceres::SOLVER_CONTINUE : ceres::SOLVER_TERMINATE_SUCCESSFULLY;
    }

private:
    mfm::Problem& problem_;
    const Block& block_;
    std::uint32_t done_;
};

constexpr const char* methods[] = {"levenberg_marquardt", "dogleg", nullptr};

struct Ceres {
    static constexpr auto id = "ceres", version = "1.0.0",
                          summary = "Levenberg-Marquardt and dogleg least squares within bounds",
                          citation = "Agarwal, Mierle & others, Ceres Solver, http://ceres-solver.org";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::string method, loss;
        std::int64_t max_iterations;
        double function_tolerance, gradient_tolerance, parameter_tolerance, loss_scale;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::method, "method", methods, "trust-region method"},
                              mfm::Field{&S::max_iterations, "max_iterations", "1", 200., 1., 1e6, "budget of steps"},
                              mfm::Field{&S::function_tolerance, "function_tolerance", "1", 1e-12, 0., 1.,
                                         "relative change of the cost that counts as converged"},
                              mfm::Field{&S::gradient_tolerance, "gradient_tolerance", "1", 1e-12, 0., 1.,
                                         "largest gradient that counts as converged"},
                              mfm::Field{&S::parameter_tolerance, "parameter_tolerance", "1", 1e-12, 0., 1.,
                                         "relative change of the parameters that counts as converged"},
                              mfm::Field{&S::loss, "loss", mfm::Loss::choices, "how outliers count"},
                              mfm::Field{&S::loss_scale, "loss_scale", "1", 1., 0., 1e12,
                                         "residual beyond which the loss departs from the square"}
                                  .open_lower()};
        }
    };
    explicit Ceres(const Settings& s) : s_(s) {
        FLAGS_minloglevel = google::GLOG_FATAL; // what went wrong is in the outcome, not on standard error
    }
    void prepare(mfm::Problem& problem) const { problem.use_loss(mfm::Loss::named(s_.loss, s_.loss_scale)); }

    /// Ceres may stop early where a bound is active (it projects its steps).  So the parameters on a bound are held,
    /// the others solved for, and all let go again, until that no longer changes the cost.
    [[nodiscard]] mfm::Outcome solve(mfm::Problem& problem) const {
        const std::size_t n = problem.parameters();
        std::vector<bool> held(n);
        for (std::size_t i = 0; i < n; ++i) held[i] = problem.lower()[i] == problem.upper()[i];
        const std::vector<bool> fixed = held;
        mfm::Outcome outcome = pass(problem, fixed, 0);
        for (int round = 0; round < 5 && outcome.outcome == MFM_CONVERGED; ++round) {
            const double before = problem.best_cost();
            held = fixed;
            bool active = false;
            for (std::size_t i = 0; i < n; ++i) {
                const double x = problem.best()[i], near = 1e-9 * problem.scale()[i];
                const bool at_bound = x - problem.lower()[i] < near || problem.upper()[i] - x < near;
                active = active || (at_bound && !fixed[i]);
                held[i] = held[i] || at_bound;
            }
            if (!active) break;
            outcome = pass(problem, held, outcome.iterations);
            if (outcome.outcome != MFM_CONVERGED) break;
            outcome = pass(problem, fixed, outcome.iterations);
            if (before - problem.best_cost() <= 1e-10 * before) break;
        }
        return outcome;
    }

private:
    /// One solve from the best point so far, with some parameters held where they are.
    [[nodiscard]] mfm::Outcome pass(mfm::Problem& problem, const std::vector<bool>& held, std::uint32_t done) const {
        const std::size_t n = problem.parameters();
        const auto scale = problem.scale();
        std::vector<double> y(n);
        for (std::size_t i = 0; i < n; ++i) y[i] = problem.best()[i] / scale[i];

        ceres::Problem::Options ownership;
        ownership.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
        ceres::Problem solver(ownership);
        Block block(problem);
        solver.AddResidualBlock(&block, nullptr, y.data());
        std::vector<int> constant;
        for (std::size_t i = 0; i < n; ++i) {
            const int k = static_cast<int>(i);
            if (held[i]) {
                constant.push_back(k);
                continue;
            }
            if (std::isfinite(problem.lower()[i]))
                solver.SetParameterLowerBound(y.data(), k, problem.lower()[i] / scale[i]);
            if (std::isfinite(problem.upper()[i]))
                solver.SetParameterUpperBound(y.data(), k, problem.upper()[i] / scale[i]);
            // Dividing by the scale may step over a bound by one rounding.
            y[i] = std::clamp(y[i], solver.GetParameterLowerBound(y.data(), k),
                              solver.GetParameterUpperBound(y.data(), k));
        }
        if (constant.size() == n) return {MFM_CONVERGED, done, "every parameter is held by its bounds"};
        if (!constant.empty()) solver.SetManifold(y.data(), new ceres::SubsetManifold(static_cast<int>(n), constant));

        ceres::Solver::Options options;
        options.trust_region_strategy_type = s_.method == "dogleg" ? ceres::DOGLEG : ceres::LEVENBERG_MARQUARDT;
        options.linear_solver_type = ceres::DENSE_QR;
        options.max_num_iterations = static_cast<int>(s_.max_iterations);
        options.function_tolerance = s_.function_tolerance;
        options.gradient_tolerance = s_.gradient_tolerance;
        options.parameter_tolerance = s_.parameter_tolerance;
        options.num_threads = 1;
        options.logging_type = ceres::SILENT;
        Watch watch(problem, block, done);
        options.callbacks.push_back(&watch);
        ceres::Solver::Summary summary;
        ceres::Solve(options, &solver, &summary);
        block.rethrow();

        const auto iterations = done + static_cast<std::uint32_t>(std::max(0, summary.num_successful_steps +
                                                                                  summary.num_unsuccessful_steps -
                                                                                  1)); // the start counts as a step
        switch (summary.termination_type) {
        case ceres::CONVERGENCE:
            return {MFM_CONVERGED, iterations, summary.message};
        case ceres::NO_CONVERGENCE:
            return {MFM_BUDGET, iterations, "not converged: " + summary.message};
        case ceres::USER_SUCCESS:
        case ceres::USER_FAILURE:
            return {MFM_STOPPED, iterations, "stopped on request"};
        default:
            return {MFM_FAILED, iterations, summary.message};
        }
    }

    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Optimizer<Ceres>);
