// SPDX-License-Identifier: Apache-2.0
// "mfm.optimizer/1": what the kit expects of bounded least squares.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "check/kind.hpp"
#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

/// A problem whose answer is known.
struct Task {
    std::string name;
    std::vector<double> initial, lower, upper, scale;
    std::uint32_t n_residuals;
    /// Residuals, and the Jacobian [residual][parameter] unless it is NULL; false: not defined there.
    std::function<bool(const double* x, double* r, double* J)> residuals;
    double optimum;                        ///< least cost within the bounds
    bool has_jacobian = true, easy = true; ///< easy: whoever says that it converged must be there
};

/// r_k = sum_i a_ki x_i - b_k with the solution (1, -2, 0.5) + shift, and a remainder that no x takes away.
Task linear(double shift, bool has_jacobian, bool bounded) {
    Task t{has_jacobian ? "a linear problem" : "a linear problem without a Jacobian",
           {0.2, 0.1, -0.3},
           std::vector<double>(3, -10.0),
           std::vector<double>(3, 10.0),
           std::vector<double>(3, 1.0),
           6,
           [shift](const double* x, double* r, double* J) {
               constexpr double a[6][3] = {{2, 0, 0}, {0, 1, 0}, {0, 0, 3}, {1, 1, 0}, {0, 1, -1}, {1, 0, 1}};
               const double solution[3] = {1 + shift, -2, 0.5};
               for (int k = 0; k < 6; ++k) {
                   r[k] = 0;
                   for (int i = 0; i < 3; ++i) {
                       r[k] += a[k][i] * (x[i] - solution[i]);
                       if (J != nullptr) J[k * 3 + i] = a[k][i];
                   }
               }
               return true;
           },
           0.0,
           has_jacobian};
    if (bounded) {
        // With x_1 held at -1 the others leave their solution too; the cost there, from the normal equations.
        t.name = "a linear problem whose optimum lies on a bound";
        t.lower[1] = -1.0;
        // Minimum over d0, d2 with d1 = 1: 1/2 [4 d0^2 + 1 + 9 d2^2 + (d0+1)^2 + (1-d2)^2 + (d0+d2)^2].
        const double d0 = -(11.0 * 1.0 + 1.0) / (6.0 * 11.0 - 1.0), d2 = (6.0 + 1.0) / (6.0 * 11.0 - 1.0);
        t.optimum =
            0.5 * (4 * d0 * d0 + 1 + 9 * d2 * d2 + (d0 + 1) * (d0 + 1) + (1 - d2) * (1 - d2) + (d0 + d2) * (d0 + d2));
    }
    return t;
}

/// Rosenbrock 1960: r = (10 (x_1 - x_0^2), 1 - x_0).
Task valley(const std::string& name, std::function<bool(const double*)> defined = {}, double undefined = infinity) {
    return {name,
            {-1.2, 1.0},
            {-5.0, -5.0},
            {5.0, 5.0},
            {1.0, 1.0},
            2,
            [defined, undefined](const double* x, double* r, double* J) {
                if (defined && !defined(x)) {
                    if (!std::isnan(undefined)) return false;
                    r[0] = r[1] = nan;
                    if (J != nullptr) std::fill_n(J, 4, nan);
                    return true;
                }
                r[0] = 10 * (x[1] - x[0] * x[0]);
                r[1] = 1 - x[0];
                if (J != nullptr) {
                    J[0] = -20 * x[0];
                    J[1] = 10;
                    J[2] = -1;
                    J[3] = 0;
                }
                return true;
            },
            0.0,
            true,
            false};
}

std::vector<Task> tasks() {
    std::vector<Task> out{linear(0, true, false), linear(0, false, false), linear(0, true, true),
                          valley("Rosenbrock's valley")};
    Task fixed = linear(0, true, false);
    fixed.name = "a linear problem with a parameter that its bounds fix";
    fixed.initial[1] = fixed.lower[1] = fixed.upper[1] = -2.0;
    out.push_back(fixed);
    Task few{"fewer residuals than parameters",
             {0.5, 0.3},
             {-2, -2},
             {2, 2},
             {1, 1},
             1,
             [](const double* x, double* r, double* J) {
                 r[0] = x[0] + x[1] - 1;
                 if (J != nullptr) J[0] = J[1] = 1;
                 return true;
             },
             0.0,
             true,
             false};
    out.push_back(few);
    Task endless = linear(0, true, false);
    endless.name = "a linear problem without bounds";
    endless.lower.assign(3, -infinity);
    endless.upper.assign(3, infinity);
    out.push_back(endless);
    Task there = linear(0, true, false);
    there.name = "a start that is the optimum";
    there.initial = {1, -2, 0.5};
    out.push_back(there);
    out.push_back(valley("Rosenbrock's valley, not defined in a part",
                         [](const double* x) { return x[0] + x[1] < 2.5 && x[1] > -0.5; }));
    out.push_back(valley(
        "Rosenbrock's valley, NaN in a part", [](const double* x) { return x[1] > -0.5; }, nan));
    return out;
}

double cost_of(const std::vector<double>& r) {
    double sum = 0;
    for (const double x : r) sum += 0.5 * x * x;
    return sum;
}

/// The host's side of a problem: counts, and remembers what must not be.
struct Host {
    explicit Host(const Task& of) : task(of) {}
    const Task& task;
    std::uint32_t stop_at = 0;    ///< progress call that says stop; 0: never
    std::uint32_t fail_after = 0; ///< evaluations after which the residuals fail; 0: never
    std::uint32_t evaluations = 0, progress_calls = 0, after_stop = 0, last_iteration = 0;
    bool stopped = false, went_back = false;
    double least_progress = infinity;
    std::string outside;

    static mfm_status residuals(void* self, std::uint32_t n, const double* x, double* r, double* J,
                                mfm_error* error) noexcept {
        Host& it = *static_cast<Host*>(self);
        set_call("solve");
        const std::size_t p = it.task.initial.size(), m = it.task.n_residuals;
        mfm_status status = MFM_OK;
        for (std::uint32_t k = 0; k < n; ++k) {
            ++it.evaluations;
            if (it.stopped) ++it.after_stop;
            const double* const at = x + k * p;
            for (std::size_t i = 0; i < p; ++i)
                if (!(at[i] >= it.task.lower[i] && at[i] <= it.task.upper[i]) && it.outside.empty())
                    it.outside = fmt::format("parameter {} at {}, outside of [{}, {}]", i, at[i], it.task.lower[i],
                                             it.task.upper[i]);
            if (it.fail_after > 0 && it.evaluations > it.fail_after) {
                if (error != nullptr) std::snprintf(error->message, sizeof error->message, "%s", "the host gives up");
                return MFM_ERROR;
            }
            if (!it.task.residuals(at, r + k * m, J != nullptr ? J + k * m * p : nullptr)) status = MFM_INFEASIBLE;
        }
        return status;
    }
    static std::int32_t progress(void* self, std::uint32_t iteration, double cost, double, double) noexcept {
        Host& it = *static_cast<Host*>(self);
        ++it.progress_calls;
        it.went_back = it.went_back || iteration < it.last_iteration;
        it.last_iteration = iteration;
        if (!(cost >= it.least_progress)) it.least_progress = cost;
        it.stopped = it.stopped || (it.stop_at > 0 && it.progress_calls >= it.stop_at);
        return it.stopped ? 1 : 0;
    }
};

struct Solved {
    Returned returned;
    mfm_solution solution{};
    std::vector<double> x;
};

Solved solve(const Live& live, const Task& task, Host& host, Place place) {
    Arrays arrays(place);
    mfm_problem problem{};
    problem.size = sizeof problem;
    problem.n_parameters = static_cast<std::uint32_t>(task.initial.size());
    problem.n_residuals = task.n_residuals;
    problem.has_jacobian = task.has_jacobian ? 1 : 0;
    problem.initial = arrays.given("initial", task.initial);
    problem.lower = arrays.given("lower", task.lower);
    problem.upper = arrays.given("upper", task.upper);
    problem.scale = arrays.given("scale", task.scale);
    problem.self = &host;
    problem.residuals = &Host::residuals;
    problem.progress = &Host::progress;
    Solved out;
    out.solution.size = sizeof out.solution;
    out.solution.outcome = 77;
    out.solution.cost = out.solution.initial_cost = unwritten();
    out.solution.x = arrays.wanted("x of the solution", task.initial.size());
    mfm_solution* const solution = arrays.shared("the solution", std::span<const mfm_solution>(&out.solution, 1));
    out.returned = call("solve", live.table<mfm_optimizer_v1>(MFM_OPTIMIZER_ID).solve, live.self(),
                        arrays.given_one("the problem", problem), solution);
    double* const x = out.solution.x;
    out.solution = *solution;
    out.x.assign(x, x + task.initial.size());
    return out;
}

/// What is wrong with an answer, or "".
std::string fault_of(const Task& task, const Host& host, const Solved& solved) {
    const mfm_solution& s = solved.solution;
    if (!host.outside.empty()) return "it asked for residuals with " + host.outside;
    for (std::size_t i = 0; i < solved.x.size(); ++i) {
        if (is_unwritten(solved.x[i])) return fmt::format("x [{}] of the solution was not written", i);
        if (!(solved.x[i] >= task.lower[i] && solved.x[i] <= task.upper[i]))
            return fmt::format("x [{}] of the solution is {}, outside of [{}, {}]", i, solved.x[i], task.lower[i],
                               task.upper[i]);
    }
    if (s.outcome > MFM_FAILED) return fmt::format("the outcome is {}, which is none of the four", s.outcome);
    if (is_unwritten(s.cost) || is_unwritten(s.initial_cost)) return "cost or initial_cost was not written";
    if (strnlen(s.message, sizeof s.message) == sizeof s.message) return "the message has no ending zero";
    if (s.outcome != MFM_CONVERGED && s.message[0] == '\0')
        return "it did not converge, and its message does not say why";
    std::vector<double> r(task.n_residuals);
    if (!task.residuals(solved.x.data(), r.data(), nullptr))
        return "the solution lies where the problem is not defined";
    const double cost = cost_of(r);
    std::vector<double> first(task.n_residuals);
    (void)task.residuals(task.initial.data(), first.data(), nullptr);
    const double initial = cost_of(first);
    if (!(cost <= initial)) return fmt::format("the solution's cost is {}, more than {} at the start", cost, initial);
    if (!(s.cost <= s.initial_cost))
        return fmt::format("it says that it came from a cost of {} to {}", s.initial_cost, s.cost);
    const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-8 * (std::abs(a) + std::abs(b)) + 1e-14; };
    const bool plain = close(s.initial_cost, initial); // and not those of a loss
    if (plain && !close(s.cost, cost))
        return fmt::format("it says that the cost is {}, and at its x it is {}", s.cost, cost);
    if (s.evaluations != host.evaluations)
        return fmt::format("it says {} evaluations, and the host counted {}", s.evaluations, host.evaluations);
    if (host.went_back) return "the iterations that progress reports go back";
    if (host.least_progress < s.cost && !close(host.least_progress, s.cost))
        return fmt::format("progress reported a cost of {}, and the solution's is {}", host.least_progress, s.cost);
    if (plain && task.easy && s.outcome == MFM_CONVERGED &&
        cost > task.optimum + 1e-3 * (initial - task.optimum) + 1e-9)
        return fmt::format("it says that it converged, at a cost of {}; the least is {}", cost, task.optimum);
    return "";
}

Rig optimizer_rig(const Subject& subject, const SettingValues& settings, Place place) {
    const auto live = std::make_shared<const Live>(subject, settings, place);
    return {[live](Place where, unsigned variant) {
        Outputs out;
        for (const bool exact : {true, false}) {
            const Task task = linear(0.1 * variant, exact, variant % 2 == 1);
            Host host(task);
            const Solved solved = solve(*live, task, host, where);
            if (!solved.returned.ok())
                throw Failed("solve", "solve failed on " + task.name + ": " + solved.returned.reason);
            if (const std::string fault = fault_of(task, host, solved); !fault.empty())
                throw Failed("solve", fmt::format("on {}, {}", task.name, fault));
            out.add("x of the solution", solved.x);
            out.add("cost", std::array{solved.solution.cost, static_cast<double>(solved.solution.evaluations),
                                       static_cast<double>(solved.solution.outcome)});
        }
        return out;
    }};
}

/// The settings, and those with another choice of one text.
std::vector<std::pair<std::string, SettingValues>> choices_of(const Subject& subject) {
    std::vector<std::pair<std::string, SettingValues>> out{{"", subject.settings}};
    const auto fields = setting_fields(subject.component);
    for (std::size_t i = 0; i < fields.size(); ++i)
        for (const char* const* choice = fields[i]->choices;
             fields[i]->kind == MFM_TEXT && choice != nullptr && *choice != nullptr; ++choice) {
            if (subject.settings[i].text == *choice) continue;
            out.emplace_back(fmt::format("with {} = {}, ", fields[i]->name, *choice), subject.settings).second[i].text =
                *choice;
        }
    return out;
}

void check_solutions(const Subject& subject) {
    std::size_t solved_tasks = 0;
    bool wrong = false;
    std::string refused;
    for (const auto& [with, settings] : choices_of(subject)) {
        if (!Live::try_create(subject, settings).ok()) continue; // a choice may need other settings
        const Live live(subject, settings);
        for (const Task& task : tasks()) {
            Host host(task);
            const Solved solved = solve(live, task, host, Place::Heap);
            if (solved.returned.status > 0) {
                refused +=
                    fmt::format("{}{}{}: {}", refused.empty() ? "" : "; ", with, task.name, solved.returned.reason);
                continue;
            }
            const std::string fault =
                solved.returned.ok() ? fault_of(task, host, solved) : "solve failed: " + solved.returned.reason;
            if (!fault.empty()) {
                subject.report.fail("solutions", fmt::format("{}on {}, {}", with, task.name, fault));
                wrong = true;
                break; // one sentence for each choice
            }
            ++solved_tasks;
        }
    }
    if (!wrong && solved_tasks > 0)
        subject.report.pass("solutions", fmt::format("{} problems (linear, Rosenbrock's, optimum on a bound, undefined "
                                                     "parts, ...): within bounds, never worse than the start, "
                                                     "costs, evaluations and outcome as the host sees them",
                                                     solved_tasks));
    if (solved_tasks == 0 && !wrong) throw Failed("solutions", "every problem is refused: " + refused);
    if (!refused.empty()) subject.report.note("solutions", "refused, with a reason: " + refused);
}

/// A choice may be for another interface, and say so: that has been noted, and there is nothing to stop.
bool refuses(const Live& live) {
    const Task task = valley("Rosenbrock's valley");
    Host host(task);
    return solve(live, task, host, Place::Heap).returned.status > 0;
}

void check_stop(const Subject& subject) {
    bool wrong = false;
    const auto fail = [&](const std::string& text) {
        subject.report.fail("stop", text);
        wrong = true;
    };
    for (const auto& [with, settings] : choices_of(subject)) {
        if (!Live::try_create(subject, settings).ok()) continue;
        const Live live(subject, settings);
        if (refuses(live)) continue;
        const Task task = valley("Rosenbrock's valley");
        Host stopping(task);
        stopping.stop_at = 1;
        const Solved stopped = solve(live, task, stopping, Place::Heap);
        if (!stopped.returned.ok())
            fail(fmt::format("{}solve fails when progress says stop, instead of giving its best point: {}", with,
                             stopped.returned.reason));
        else if (stopping.progress_calls == 0)
            fail(with + "progress is never called, so that nobody can stop it");
        else if (stopped.solution.outcome != MFM_STOPPED)
            fail(fmt::format("{}progress said stop, and the outcome is {} instead of MFM_STOPPED", with,
                             stopped.solution.outcome));
        else if (stopping.after_stop > 64)
            fail(
                fmt::format("{}it went on for {} evaluations after progress had said stop", with, stopping.after_stop));
        else if (const std::string fault = fault_of(task, stopping, stopped); !fault.empty())
            fail(fmt::format("{}stopped early, {}", with, fault));
        Host failing(task);
        failing.fail_after = 4;
        const Solved failed = solve(live, task, failing, Place::Heap);
        if (failed.returned.ok() && failed.solution.outcome != MFM_FAILED)
            fail(fmt::format("{}the residuals fail, and the outcome is {} instead of an error", with,
                             failed.solution.outcome));
    }
    if (!wrong) subject.report.pass("stop", "progress is reported and can stop it; residuals that fail are an error");
}

void check_budget(const Subject& subject) {
    const auto fields = setting_fields(subject.component);
    std::string tried;
    for (const auto& [with, settings] : choices_of(subject))
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (fields[i]->kind != MFM_INTEGER || !std::string_view(fields[i]->name).starts_with("max_")) continue;
            SettingValues few = settings;
            few[i].integer = static_cast<std::int64_t>(std::max(fields[i]->lower, 2.0));
            if (!Live::try_create(subject, few).ok()) continue;
            const Live live(subject, few);
            if (refuses(live)) continue;
            const Task task = valley("Rosenbrock's valley");
            Host host(task);
            const Solved solved = solve(live, task, host, Place::Heap);
            const std::string what = fmt::format("{}with {} = {}", with, fields[i]->name, few[i].integer);
            if (!solved.returned.ok())
                throw Failed("budget", fmt::format("{}, solve failed: {}", what, solved.returned.reason));
            if (const std::string fault = fault_of(task, host, solved); !fault.empty())
                throw Failed("budget", fmt::format("{}, {}", what, fault));
            if (solved.solution.outcome == MFM_CONVERGED && solved.solution.cost > 1e-6 * solved.solution.initial_cost)
                throw Failed(
                    "budget",
                    fmt::format("{}, it says that it converged, at a cost of {}; an exhausted budget must be said",
                                what, solved.solution.cost));
            if (with.empty()) tried += (tried.empty() ? "" : ", ") + std::string(fields[i]->name);
        }
    if (tried.empty())
        subject.report.advice("budget",
                              "no whole number among the settings begins with max_: users cannot limit what it costs");
    else
        subject.report.pass("budget", fmt::format("a small {} is never called convergence", tried));
}

constexpr std::array groups{Group{"solutions", &check_solutions}, Group{"stop", &check_stop},
                            Group{"budget", &check_budget}};

void optimizer_costs(const Subject& subject, CostMeter& meter) {
    meter.measure("create, destroy", "", 1, [&] { const Live live(subject, subject.settings, Place::Heap); });
    const Live live(subject, subject.settings);
    for (const Task& task : {linear(0, true, false), valley("Rosenbrock's valley")}) {
        Host host(task);
        (void)solve(live, task, host, Place::Heap);
        meter.measure("solve " + task.name, "evaluation", std::max(host.evaluations, 1u), [&] {
            Host again(task);
            (void)solve(live, task, again, Place::Heap);
        });
    }
}

} // namespace

const Kind optimizer_kind{MFM_OPTIMIZER_ID, "optimizer", &optimizer_rig, groups, &optimizer_costs, false};

} // namespace mfm::check
