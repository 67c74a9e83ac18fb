// SPDX-License-Identifier: Apache-2.0
// A pattern search (Hooke & Jeeves 1961) against the bare ABI, which passes, and the same with one defect each
// (-DNAME).
#include <mfm/abi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

const mfm_field max_iterations{
    sizeof(mfm_field), MFM_INTEGER, 0, 0, "max_iterations", "1", "rounds over all parameters", 4000, 1, 1e6,
    nullptr,           nullptr};
const mfm_field* const settings[] = {&max_iterations, nullptr};

mfm_status create(const mfm_value* const* values, void** self, mfm_error*) noexcept {
    *self = new std::int64_t(values[0]->integer);
    return MFM_OK;
}
void destroy(void* self) noexcept {
    delete static_cast<std::int64_t*>(self);
}

struct Search {
    const mfm_problem& problem;
    std::vector<double> residual;
    std::uint32_t evaluations = 0;
    bool failed = false;
    double cost(const std::vector<double>& x) {
        mfm_error error{sizeof(mfm_error), {}};
        ++evaluations;
        const mfm_status status = problem.residuals(problem.self, 1, x.data(), residual.data(), nullptr, &error);
        failed = failed || status < 0;
        double sum = 0;
        for (const double r : residual) sum += 0.5 * r * r;
        return status == MFM_OK && std::isfinite(sum) ? sum : HUGE_VAL;
    }
};

mfm_status solve(void* self, const mfm_problem* problem, mfm_solution* solution, mfm_error* error) noexcept {
    const std::size_t n = problem->n_parameters;
    Search search{*problem, std::vector<double>(problem->n_residuals)};
    std::vector<double> x(problem->initial, problem->initial + n), step(problem->scale, problem->scale + n);
    double best = search.cost(x);
    solution->initial_cost = best;
    solution->outcome = MFM_BUDGET;
    std::snprintf(solution->message, sizeof solution->message, "out of rounds");
    [[maybe_unused]] std::int64_t rounds = *static_cast<const std::int64_t*>(self);
#ifdef CONVERGES_AT_ONCE
    rounds = 0;
#endif
    std::int64_t round = 0;
    for (; round < rounds && !search.failed; ++round) {
#ifndef NEVER_REPORTS
        const bool stop = problem->progress(problem->self, static_cast<std::uint32_t>(round), best, 0, step[0]) != 0;
#ifndef IGNORES_STOP
        if (stop) {
            solution->outcome = MFM_STOPPED;
            std::snprintf(solution->message, sizeof solution->message, "stopped");
            break;
        }
#else
        (void)stop;
#endif
#endif
        double largest = 0;
        for (std::size_t i = 0; i < n; ++i) {
            bool better = false;
            for (const double sign : {1.0, -1.0}) {
                std::vector<double> y = x;
                y[i] += sign * step[i];
#ifndef LEAVES_THE_BOUNDS
                y[i] = std::clamp(y[i], problem->lower[i], problem->upper[i]);
#endif
                if (y[i] == x[i]) continue;
                const double cost = search.cost(y);
                if (!(cost < best)) continue;
                best = cost;
                x = y;
                better = true;
                break;
            }
            step[i] *= better ? 1.5 : 0.5;
            largest = std::max(largest, step[i] / problem->scale[i]);
        }
        if (largest < 1e-9) {
            solution->outcome = MFM_CONVERGED;
            solution->message[0] = '\0';
            break;
        }
    }
#ifndef HIDES_FAILURE
    if (search.failed) {
        std::snprintf(error->message, sizeof error->message, "the residuals failed");
        return MFM_ERROR;
    }
#endif
    (void)error;
#ifdef HIDES_THE_BUDGET
    solution->outcome = MFM_CONVERGED;
#elif defined(RETURNS_WORSE)
    for (std::size_t i = 0; i < n; ++i) x[i] = problem->upper[i];
#elif defined(CONVERGES_AT_ONCE)
    solution->outcome = MFM_CONVERGED;
#elif defined(LIES_ABOUT_COST)
    best *= 0.5;
#elif defined(MISCOUNTS)
    --search.evaluations;
#endif
    solution->cost = best;
    solution->iterations = static_cast<std::uint32_t>(round);
    solution->evaluations = search.evaluations;
    std::copy(x.begin(), x.end(), solution->x);
    return MFM_OK;
}

const mfm_optimizer_v1 table{sizeof(mfm_optimizer_v1), 0, &solve};
const mfm_interface interfaces[] = {{MFM_OPTIMIZER_ID, &table}, {nullptr, nullptr}};
const mfm_component component{sizeof(mfm_component), 0,        "search", "1.0.0",  "pattern search",
                              "Hooke & Jeeves 1961", settings, &create,  &destroy, interfaces,
                              "max_iterations"};
const mfm_component* const components[] = {&component, nullptr};

} // namespace

extern "C" MFM_EXPORT const mfm_plugin mfm_plugin_v1 = {sizeof(mfm_plugin), MFM_ABI_MAJOR, 0, 0, "tests", "-", "-",
                                                        components,         nullptr};
