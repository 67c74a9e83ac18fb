// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "meanfield/course.hpp"
#include "meanfield/dynamics.hpp"
#include "meanfield/history.hpp"

namespace mfm {

/// What the integrator did.
struct IntegrationStatistics {
    std::uint64_t steps = 0, derivatives = 0, jacobians = 0, error_test_failures = 0, newton_failures = 0, restarts = 0;
};

/// Throws InputError unless there is one course for each external population of a model that has equations.
void require_courses(const MeanFieldModel& model, const ExternalCourse& course);

/// A mean field on its way through time, from 0 (ms) on.  CVODE (BDF, Newton, the exact Jacobian in a dense matrix);
/// delays by the method of steps, with the history of the rates from CVODE's own polynomials and steps no longer than
/// the least delay.  Steps end at the corners of the external courses.  Throws Error: NaN or infinity (population,
/// time, inputs), tolerances that cannot be met, a rate that becomes negative beyond the tolerances.
class Evolution {
public:
    /// Everything settled at start_hz (rates of all populations, Hz; external ones are the course's at 0), at 0 and at
    /// all times before.  Throws InputError when these do not fit the model.
    Evolution(const MeanFieldModel& model, ExternalCourse course, std::vector<double> start_hz);
    /// The same state and past, from which both go on by themselves.  The copy's integrator starts anew, so that the
    /// two agree within the tolerances, and copies of one state agree in every bit.
    Evolution(const Evolution&);
    Evolution& operator=(const Evolution&) = delete;
    ~Evolution();

    [[nodiscard]] const Dynamics& dynamics() const { return dynamics_; }
    [[nodiscard]] const ExternalCourse& course() const { return course_; }
    [[nodiscard]] double time() const { return t_; } ///< ms, the end of the last step
    [[nodiscard]] const double* state() const;       ///< y [Dynamics::size()] there
    [[nodiscard]] IntegrationStatistics statistics() const;

    /// The external rates from time() on: knots at time() or later, which follow those that the course has; until a
    /// population's first new knot, its course is the straight line to there.  The course's past is forgotten as far as
    /// no delay reaches back.
    void extend(const ExternalCourse& further);
    /// The external rates [external] from time() on, where they jump if they were others.
    void hold(std::span<const double> external_hz);

    /// One step of the integrator, not beyond `until` (> time()); returns time().
    double step(double until);
    /// Steps to `until`.
    void advance(double until);

    /// y at t, within the last step.  Valid until the next call of any function that is not const.
    [[nodiscard]] const double* state_at(double t);
    /// Delayed rates [taps] that the right hand side reads at t, within the last step; valid likewise.
    [[nodiscard]] const double* taps_at(double t);
    /// The rate of an internal population in y, Hz; throws where it is negative beyond the tolerances.
    double rate(std::size_t p, const double* y, double t);
    /// How near two times (ms) must be to be one.
    [[nodiscard]] static double time_resolution(double t);

private:
    struct Solver; ///< CVODE's objects
    /// A time at which a step ends because an external course has a corner there, seen through a delay.
    struct Stop {
        double t;
        bool restart; ///< the right hand side jumps
    };
    /// The segments of its course that a tap can see until the next stop: at a jump, the side that belongs to it.
    struct Leg {
        std::ptrdiff_t first = 0, last = 0, cursor = 0;
    };
    template <class Work> int guarded(double t, Work&& work);
    void make_solver(const double* y);
    void read_taps(double t);
    [[nodiscard]] double external(std::size_t tap, double at);
    void make_stops();
    void begin_leg(double until);
    void restart();
    void remember();
    [[noreturn]] void stopped(int status) const;
    [[nodiscard]] std::string state_text() const;

    Dynamics dynamics_;
    ExternalCourse course_;
    std::vector<double> start_hz_;
    std::vector<std::size_t> course_of_; ///< [taps] index into course_; of internal ones none
    double t_ = 0, longest_step_ = 0, longest_external_delay_ = 0, step_begin_ = 0, largest_rate_ = 0;
    RateHistory history_;
    std::vector<std::size_t> cursor_; ///< [taps] in history_
    std::vector<Leg> leg_;            ///< [taps]
    double leg_end_;                  ///< NaN: none has begun
    std::vector<Stop> stops_;         ///< by time, all at or after t_ when they were made
    std::size_t next_stop_ = 0;
    bool restart_due_ = false;
    std::vector<double> u_, derivatives_;
    Dynamics::Workspace work_;
    std::string message_, diagnosis_;
    std::exception_ptr failure_;
    IntegrationStatistics before_; ///< what CVODE did before its last restart
    std::unique_ptr<Solver> solver_;
};

} // namespace mfm
