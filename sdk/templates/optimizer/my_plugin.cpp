// SPDX-License-Identifier: Apache-2.0
// Bounded least squares by the method of Levenberg and Marquardt.  Edit it into your optimizer.
#include <mfm/optimizer.hpp>

#include "mfm_page.h" // README.md as the text mfm_page, which `automfm describe my_plugin` prints

namespace {

/// Solves A x = b for a symmetric, positive definite A [n][n] by Cholesky's method; false when A is neither.
bool solve_symmetric(std::vector<double> A, std::vector<double>& b) {
    const std::size_t n = b.size();
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = j; i < n; ++i) {
            double sum = A[i * n + j];
            for (std::size_t k = 0; k < j; ++k) sum -= A[i * n + k] * A[j * n + k];
            if (i == j && !(sum > 0.0)) return false;
            A[i * n + j] = i == j ? std::sqrt(sum) : sum / A[j * n + j];
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k) b[i] -= A[i * n + k] * b[k];
        b[i] /= A[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) b[i] -= A[k * n + i] * b[k];
        b[i] /= A[i * n + i];
    }
    return true;
}

struct Method {
    static constexpr auto id = "my_plugin", version = "0.1.0", summary = "Levenberg-Marquardt within bounds",
                          citation = "Marquardt 1963, doi:10.1137/0111030";
    static constexpr auto documentation = mfm_page;

    // A row: member, name in the pipeline file, unit, default, lower and upper bound, meaning.
    struct Settings {
        std::int64_t max_iterations;
        double tolerance;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::max_iterations, "max_iterations", "1", 200., 1., 1e9, "budget of iterations"},
                mfm::Field{&S::tolerance, "tolerance", "1", 1e-8, 0., 1.,
                           "relative change of the cost that counts as converged"}};
        }
    };
    explicit Method(const Settings& s) : s_(s) {}

    // Minimises 1/2 sum residual^2 from problem.initial() within problem.lower() and upper(), which may be infinite.
    // The SDK remembers the best point evaluated, and that is the solution: there is nothing to return but how it
    // ended.
    [[nodiscard]] mfm::Outcome solve(mfm::Problem& problem) const {
        const std::size_t n = problem.parameters(), m = problem.residuals();
        std::vector<double> x(problem.initial().begin(), problem.initial().end()), ahead(n), r(m), r_ahead(m), J(m * n);
        double damping = 1e-3;
        if (!problem.evaluate(x, r, J)) return {MFM_FAILED, 0, "there are no derivatives at the start"};
        double cost = mfm::Problem::cost(r);
        for (std::uint32_t iteration = 1; iteration <= s_.max_iterations; ++iteration) {
            // A parameter on a bound that the cost falls towards is left there.
            std::vector<double> gradient(n, 0.0);
            for (std::size_t k = 0; k < m; ++k)
                for (std::size_t i = 0; i < n; ++i) gradient[i] += r[k] * J[k * n + i];
            std::vector<std::size_t> open;
            double steepest = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const bool held = (x[i] <= problem.lower()[i] && gradient[i] > 0.0) ||
                                  (x[i] >= problem.upper()[i] && gradient[i] < 0.0);
                if (held || gradient[i] == 0.0) continue;
                open.push_back(i);
                steepest = std::max(steepest, std::fabs(gradient[i]) * problem.scale()[i]);
            }
            if (open.empty()) return {MFM_CONVERGED, iteration, "converged: the gradient is zero"};
            if (!problem.keep_going(iteration, cost, steepest)) return {MFM_STOPPED, iteration, "stopped on request"};

            // (J'J + damping diag(J'J)) step = -J'r, with more damping until the cost falls.
            const std::size_t f = open.size();
            std::vector<double> A(f * f, 0.0);
            for (std::size_t k = 0; k < m; ++k)
                for (std::size_t a = 0; a < f; ++a)
                    for (std::size_t b = 0; b < f; ++b) A[a * f + b] += J[k * n + open[a]] * J[k * n + open[b]];
            for (;; damping *= 4.0) {
                if (damping > 1e12) return {MFM_CONVERGED, iteration, "converged: no step lowers the cost"};
                std::vector<double> damped = A, step(f);
                for (std::size_t a = 0; a < f; ++a) {
                    damped[a * f + a] += damping * A[a * f + a];
                    step[a] = -gradient[open[a]];
                }
                if (!solve_symmetric(damped, step)) continue;
                ahead = x;
                for (std::size_t a = 0; a < f; ++a) {
                    const std::size_t i = open[a];
                    ahead[i] = std::clamp(x[i] + step[a], problem.lower()[i], problem.upper()[i]);
                }
                // False where the problem is not defined: a shorter step may be.
                if (problem.evaluate(ahead, r_ahead) && mfm::Problem::cost(r_ahead) < cost) break;
            }
            const double fall = cost - mfm::Problem::cost(r_ahead);
            x = ahead;
            damping = std::max(damping / 10.0, 1e-12);
            if (!problem.evaluate(x, r, J)) return {MFM_CONVERGED, iteration, "converged: no derivatives further on"};
            if (fall <= s_.tolerance * cost) return {MFM_CONVERGED, iteration, "converged: the cost no longer changes"};
            cost -= fall;
        }
        return {MFM_BUDGET, static_cast<std::uint32_t>(s_.max_iterations),
                "not converged after " + std::to_string(s_.max_iterations) + " iterations; raise max_iterations"};
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("my lab", mfm::Optimizer<Method>);
