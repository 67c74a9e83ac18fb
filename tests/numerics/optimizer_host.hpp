// SPDX-License-Identifier: Apache-2.0
// A host around plain functions, for tests of optimizers.
#pragma once
#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <limits>

#include "unit/plugin_instances.hpp"

namespace mfm::test {

/// A host's problem around a plain function, and its solution by an optimizer.
struct Host {
    std::function<void(const double* x, double* residual)> residuals;
    std::uint32_t n_residuals = 0, largest_batch = 0;
    std::uint64_t seed = 1;
    std::vector<double> initial, lower, upper;
    std::uint32_t stop_after = ~0u, calls = 0;
    double first_cost = 0, undefined_above = std::numeric_limits<double>::infinity();

    std::vector<double> x;
    mfm_solution solution{};

    static mfm_status call(void* self, std::uint32_t n, const double* x, double* residual, double* jacobian,
                           mfm_error*) noexcept {
        auto& it = *static_cast<Host*>(self);
        const std::size_t m = it.initial.size();
        if (jacobian != nullptr) return MFM_ERROR; // none was promised
        it.largest_batch = std::max(it.largest_batch, n);
        for (std::uint32_t i = 0; i < n; ++i) {
            if (x[i * m] > it.undefined_above) return MFM_INFEASIBLE;
            it.residuals(x + i * m, residual + i * it.n_residuals);
        }
        return MFM_OK;
    }
    static std::int32_t progress(void* self, std::uint32_t, double, double, double) noexcept {
        auto& it = *static_cast<Host*>(self);
        return ++it.calls >= it.stop_after ? 1 : 0;
    }
    mfm_status solve(const Instance& optimizer, mfm_error& error) {
        const std::size_t m = initial.size();
        if (lower.empty()) lower.assign(m, -std::numeric_limits<double>::infinity());
        if (upper.empty()) upper.assign(m, std::numeric_limits<double>::infinity());
        std::vector<double> scale(m);
        for (std::size_t i = 0; i < m; ++i) scale[i] = std::max(std::abs(initial[i]), 1e-12);
        mfm_problem p{};
        p.size = sizeof p;
        p.n_parameters = static_cast<std::uint32_t>(m);
        p.n_residuals = n_residuals;
        p.initial = initial.data();
        p.lower = lower.data();
        p.upper = upper.data();
        p.scale = scale.data();
        p.self = this;
        p.residuals = &call;
        p.progress = &progress;
        p.seed = seed;
        x.assign(m, 0.0);
        solution = {};
        solution.size = sizeof solution;
        solution.x = x.data();
        return optimizer.table<mfm_optimizer_v1>(MFM_OPTIMIZER_ID).solve(optimizer.self(), &p, &solution, &error);
    }
    void solve(const Instance& optimizer) {
        mfm_error error = empty_error();
        const mfm_status status = solve(optimizer, error);
        INFO(error.message);
        REQUIRE(status == MFM_OK);
    }
};
/// A curved valley with its floor at (1, 1).
inline Host rosenbrock() {
    Host h;
    h.residuals = [](const double* x, double* r) {
        r[0] = 10 * (x[1] - x[0] * x[0]);
        r[1] = 1 - x[0];
    };
    h.n_residuals = 2;
    h.initial = {-1.2, 1.0};
    return h;
}
/// Two valleys in x: cost 0 at (2, 1), and a cost of about 0.6 at (-1.9, 1), where a start at -2.5 leads.
inline Host two_valleys() {
    Host h;
    h.residuals = [](const double* x, double* r) {
        r[0] = x[0] * x[0] - 4;
        r[1] = 0.3 * (x[0] - 2);
        r[2] = x[1] - 1;
    };
    h.n_residuals = 3;
    h.initial = {-2.5, 0.0};
    h.lower = {-5, -5};
    h.upper = {5, 5};
    return h;
}
inline Instance optimizer(const std::string& id, const Values& values = {}) {
    return instance(id, MFM_OPTIMIZER_ID, values);
}

} // namespace mfm::test
