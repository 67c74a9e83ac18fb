// SPDX-License-Identifier: Apache-2.0
#include "meanfield/evolution.hpp"

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <type_traits>

namespace mfm {
namespace {

/// SUNDIALS objects, each freed by its own function.
template <class Handle, auto free> struct Freed {
    void operator()(std::remove_pointer_t<Handle>* object) const { free(object); }
};
template <class Handle, auto free> using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Freed<Handle, free>>;
void free_context(SUNContext context) {
    SUNContext_Free(&context);
}
void free_cvode(void* memory) {
    CVodeFree(&memory);
}
using Context = Owned<SUNContext, free_context>;
using Vector = Owned<N_Vector, N_VDestroy>;
using DenseMatrix = Owned<SUNMatrix, SUNMatDestroy>;
using LinearSolver = Owned<SUNLinearSolver, SUNLinSolFree>;
using Cvode = Owned<void*, free_cvode>;

constexpr double nowhere = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void failed(const std::string& sentence) {
    throw Error(ExitCode::NotValid, sentence);
}

template <class T> T* made(T* object, const char* what) {
    if (object == nullptr) failed(fmt::format("SUNDIALS could not make {}", what));
    return object;
}

std::vector<double> checked_start(const MeanFieldModel& model, const ExternalCourse& course,
                                  std::vector<double> start_hz) {
    require_courses(model, course);
    if (start_hz.size() != model.populations().size())
        throw InputError(fmt::format("the mean field's start has {} rates for {} populations", start_hz.size(),
                                     model.populations().size()));
    for (std::size_t p = 0; p < start_hz.size(); ++p)
        if (!(start_hz[p] >= 0) || !std::isfinite(start_hz[p]))
            throw InputError(fmt::format("the mean field's start has a rate of {} Hz for {}", start_hz[p],
                                         model.populations()[p].name));
    for (std::size_t e = 0; e < course.size(); ++e) start_hz[model.external()[e]] = course[e].value(0.0);
    return start_hz;
}

RateHistory empty_history(const Dynamics& dynamics, const std::vector<double>& start_hz) {
    std::vector<double> rates;
    for (const std::size_t p : dynamics.model().internal()) rates.push_back(start_hz[p]);
    double longest = 0;
    for (const Dynamics::Tap& tap : dynamics.taps())
        if (!tap.external) longest = std::max(longest, tap.delay);
    return {std::move(rates), 0.0, longest};
}

} // namespace

void require_courses(const MeanFieldModel& model, const ExternalCourse& course) {
    if (course.size() != model.external().size())
        throw InputError(fmt::format("the mean field has {} external populations and was given {} time courses",
                                     model.external().size(), course.size()));
    for (const RateCourse& rate : course)
        if (rate.knots().empty()) throw InputError("an external time course of the mean field is empty");
    if (model.internal().empty()) throw InputError("the mean field has no population with equations");
}

struct Evolution::Solver {
    // ---- the right hand side, as CVODE calls it
    static int derivative(realtype t, N_Vector y, N_Vector dy, void* self) {
        auto& me = *static_cast<Evolution*>(self);
        return me.guarded(t, [&] {
            me.read_taps(t);
            me.dynamics_.derivative(N_VGetArrayPointer(y), me.u_.data(), N_VGetArrayPointer(dy), me.work_);
        });
    }
    static int jacobian(realtype t, N_Vector y, N_Vector, SUNMatrix J, void* self, N_Vector, N_Vector, N_Vector) {
        auto& me = *static_cast<Evolution*>(self);
        return me.guarded(t, [&] {
            me.read_taps(t);
            me.dynamics_.jacobian(N_VGetArrayPointer(y), me.u_.data(), SUNDenseMatrix_Data(J), nullptr, me.work_);
        });
    }
    static void keep_message(int, const char*, const char*, char* message, void* self) {
        static_cast<Evolution*>(self)->message_ = message;
    }
    [[nodiscard]] IntegrationStatistics statistics() const {
        long steps = 0, derivatives = 0, jacobians = 0, errors = 0, newton = 0;
        void* memory = cvode.get();
        CVodeGetNumSteps(memory, &steps);
        CVodeGetNumRhsEvals(memory, &derivatives);
        CVodeGetNumJacEvals(memory, &jacobians);
        CVodeGetNumErrTestFails(memory, &errors);
        CVodeGetNumNonlinSolvConvFails(memory, &newton);
        const auto count = [](long n) { return static_cast<std::uint64_t>(n); };
        return {count(steps), count(derivatives), count(jacobians), count(errors), count(newton), 0};
    }

    Context context; ///< declared before what lives in it, so that it goes last
    Vector y, scratch;
    DenseMatrix matrix;
    LinearSolver linear;
    Cvode cvode;
};

Evolution::Evolution(const MeanFieldModel& model, ExternalCourse course, std::vector<double> start_hz)
    : dynamics_(model), course_(std::move(course)), start_hz_(checked_start(model, course_, std::move(start_hz))),
      history_(empty_history(dynamics_, start_hz_)), cursor_(dynamics_.taps().size(), 0), leg_(dynamics_.taps().size()),
      leg_end_(nowhere), u_(dynamics_.taps().size(), 0.0) {
    const auto& external = dynamics_.model().external();
    for (const Dynamics::Tap& tap : dynamics_.taps()) {
        const auto found = std::find(external.begin(), external.end(), tap.source);
        course_of_.push_back(static_cast<std::size_t>(found - external.begin()));
        if (tap.external) longest_external_delay_ = std::max(longest_external_delay_, tap.delay);
    }
    for (RateCourse& rate : course_) rate.forget_before(0);
    longest_step_ = dynamics_.least_delay().value_or(std::numeric_limits<double>::infinity());
    make_solver(dynamics_.settled(start_hz_).data());
    make_stops();
}

Evolution::Evolution(const Evolution& other)
    : dynamics_(other.dynamics_), course_(other.course_), start_hz_(other.start_hz_), course_of_(other.course_of_),
      t_(other.t_), longest_step_(other.longest_step_), longest_external_delay_(other.longest_external_delay_),
      step_begin_(other.t_), largest_rate_(other.largest_rate_), history_(other.history_), cursor_(other.cursor_),
      leg_(other.leg_), leg_end_(nowhere), stops_(other.stops_), next_stop_(other.next_stop_), u_(other.u_) {
    make_solver(other.state());
}

Evolution::~Evolution() = default;

void Evolution::make_solver(const double* start) {
    solver_ = std::make_unique<Solver>();
    SUNContext context = nullptr;
    if (SUNContext_Create(nullptr, &context) != 0) failed("SUNDIALS could not make its context");
    solver_->context.reset(context);
    const auto n = static_cast<sunindextype>(dynamics_.size());
    N_Vector y = made(N_VNew_Serial(n, context), "a vector");
    solver_->y.reset(y);
    N_Vector tolerance = made(N_VNew_Serial(n, context), "a vector");
    solver_->scratch.reset(tolerance);
    solver_->matrix.reset(made(SUNDenseMatrix(n, n, context), "a matrix"));
    solver_->linear.reset(made(SUNLinSol_Dense(y, solver_->matrix.get(), context), "a linear solver"));
    solver_->cvode.reset(made(CVodeCreate(CV_BDF, context), "an integrator"));
    std::copy(start, start + dynamics_.size(), N_VGetArrayPointer(y));
    const MeanFieldConfig& config = dynamics_.model().config();
    void* memory = solver_->cvode.get();
    N_VConst(config.absolute_tolerance, tolerance);
    if (const MasterEquation* master = dynamics_.master_equation()) // in units that grow with 1 / N
        for (const auto& [a, b] : master->pairs())
            N_VGetArrayPointer(tolerance)[*master->index(a, b)] *= std::sqrt(master->unit(a) * master->unit(b));
    const int status =
        CVodeSetErrHandlerFn(memory, Solver::keep_message, this) | CVodeInit(memory, Solver::derivative, t_, y) |
        CVodeSVtolerances(memory, config.relative_tolerance, tolerance) | CVodeSetUserData(memory, this) |
        CVodeSetLinearSolver(memory, solver_->linear.get(), solver_->matrix.get()) |
        CVodeSetJacFn(memory, Solver::jacobian);
    if (status != CV_SUCCESS) failed("CVODE could not be set up: " + message_);
    if (std::isfinite(longest_step_)) CVodeSetMaxStep(memory, longest_step_);
}

/// A trial state where the equations are not defined asks CVODE for a smaller step (> 0); other failures end the run.
template <class Work> int Evolution::guarded(double t, Work&& work) {
    try {
        work();
        return 0;
    } catch (const Error& error) {
        diagnosis_ = fmt::format("at {:.6g} ms {}", t, error.what());
        return 1;
    } catch (...) {
        failure_ = std::current_exception();
        return -1;
    }
}

const double* Evolution::state() const {
    return N_VGetArrayPointer(solver_->y.get());
}

IntegrationStatistics Evolution::statistics() const {
    IntegrationStatistics sum = solver_->statistics();
    sum.steps += before_.steps;
    sum.derivatives += before_.derivatives;
    sum.jacobians += before_.jacobians;
    sum.error_test_failures += before_.error_test_failures;
    sum.newton_failures += before_.newton_failures;
    sum.restarts = before_.restarts;
    return sum;
}

double Evolution::time_resolution(double t) {
    return 1e-9 * std::max(1.0, std::abs(t));
}

// ---- external courses

void Evolution::read_taps(double t) {
    for (std::size_t i = 0; i < u_.size(); ++i) {
        const Dynamics::Tap& tap = dynamics_.taps()[i];
        const double at = t - tap.delay;
        if (tap.external)
            u_[i] = external(i, at);
        else if (!tap.immediate())
            u_[i] = history_.value(dynamics_.rate_index(tap.source), at, cursor_[i]);
    }
}

double Evolution::external(std::size_t tap, double at) {
    if (at <= 0) return start_hz_[dynamics_.taps()[tap].source]; // settled for all times before 0
    const RateCourse& course = course_[course_of_[tap]];
    Leg& leg = leg_[tap];
    const auto& knots = course.knots();
    std::ptrdiff_t& at_segment = leg.cursor;
    while (at_segment < leg.last && knots[static_cast<std::size_t>(at_segment + 1)].t <= at) ++at_segment;
    while (at_segment > leg.first && knots[static_cast<std::size_t>(at_segment)].t > at) --at_segment;
    return std::max(course.line(at_segment, at), 0.0);
}

void Evolution::make_stops() {
    std::vector<Stop> all;
    for (std::size_t i = 0; i < dynamics_.taps().size(); ++i) {
        const Dynamics::Tap& tap = dynamics_.taps()[i];
        if (!tap.external) continue;
        for (const RateCourse::Corner& corner : course_[course_of_[i]].corners()) {
            if (corner.t < 0) continue;
            const double t = corner.t + tap.delay;
            if (t > t_ + time_resolution(t_))
                all.push_back({t, corner.jump});
            else if (t >= t_ - time_resolution(t_))
                restart_due_ = restart_due_ || corner.jump;
        }
    }
    std::sort(all.begin(), all.end(), [](const Stop& a, const Stop& b) { return a.t < b.t; });
    stops_.clear();
    next_stop_ = 0;
    for (const Stop& stop : all) {
        if (!stops_.empty() && stop.t - stops_.back().t <= time_resolution(stop.t))
            stops_.back().restart = stops_.back().restart || stop.restart;
        else
            stops_.push_back(stop);
    }
}

void Evolution::begin_leg(double until) {
    const double inside = std::min(2 * time_resolution(until), 0.5 * (until - t_));
    for (std::size_t i = 0; i < leg_.size(); ++i) {
        const Dynamics::Tap& tap = dynamics_.taps()[i];
        if (!tap.external) continue;
        const RateCourse& course = course_[course_of_[i]];
        leg_[i].first = leg_[i].cursor = course.segment(t_ + inside - tap.delay);
        leg_[i].last = course.segment(until - inside - tap.delay);
    }
    if (CVodeSetStopTime(solver_->cvode.get(), until) != CV_SUCCESS) failed("CVODE refused a stop time: " + message_);
    leg_end_ = until;
}

void Evolution::extend(const ExternalCourse& further) {
    if (further.size() != course_.size())
        throw InputError(fmt::format("the mean field has {} external populations and was given {} time courses",
                                     course_.size(), further.size()));
    for (std::size_t e = 0; e < further.size(); ++e) {
        const auto& knots = further[e].knots();
        if (!knots.empty() && knots.front().t < t_ - time_resolution(t_))
            throw InputError(fmt::format("an external rate at {} ms, and the mean field is at {} ms: it cannot go back",
                                         knots.front().t, t_));
        course_[e].forget_before(t_ - longest_external_delay_ - 2 * time_resolution(t_));
        for (const RateCourse::Knot& knot : knots) course_[e].knot(std::max(knot.t, t_), knot.rate_hz);
    }
    make_stops();
    leg_end_ = nowhere; // legs count segments
}

void Evolution::hold(std::span<const double> external_hz) {
    ExternalCourse further(external_hz.size());
    for (std::size_t e = 0; e < std::min(further.size(), course_.size()); ++e) {
        const double now = course_[e].value(t_);
        if (now != external_hz[e]) further[e].knot(t_, now).knot(t_, external_hz[e]);
    }
    extend(further);
}

// ---- steps

double Evolution::step(double until) {
    const bool stops = next_stop_ < stops_.size() && stops_[next_stop_].t < until - time_resolution(until);
    const double target = stops ? stops_[next_stop_].t : until;
    if (target != leg_end_) begin_leg(target);
    if (restart_due_) restart();
    double reached = t_;
    const double ask = std::min(target, t_ + longest_step_);
    const int status = CVode(solver_->cvode.get(), ask, solver_->y.get(), &reached, CV_ONE_STEP);
    if (failure_) std::rethrow_exception(failure_);
    if (status < 0) stopped(status);
    const double* y = state();
    for (std::size_t i = 0; i < dynamics_.size(); ++i)
        if (!std::isfinite(y[i]))
            failed(fmt::format("the mean field became {} at {:.6g} ms: {}; {}", y[i], reached, dynamics_.state_name(i),
                               state_text()));
    diagnosis_.clear(); // of trial states that a smaller step avoided
    t_ = reached;
    remember();
    while (next_stop_ < stops_.size() && t_ >= stops_[next_stop_].t - time_resolution(stops_[next_stop_].t)) {
        restart_due_ = restart_due_ || stops_[next_stop_].restart;
        ++next_stop_;
        leg_end_ = nowhere;
    }
    return t_;
}

void Evolution::advance(double until) {
    while (t_ < until - time_resolution(until)) step(until);
}

void Evolution::restart() {
    before_ = statistics();
    ++before_.restarts;
    restart_due_ = false;
    if (CVodeReInit(solver_->cvode.get(), t_, solver_->y.get()) != CV_SUCCESS)
        failed("CVODE could not restart: " + message_);
}

/// Keeps the step's polynomials for those who look back.
void Evolution::remember() {
    double h = 0;
    int order = 0;
    CVodeGetLastStep(solver_->cvode.get(), &h);
    CVodeGetLastOrder(solver_->cvode.get(), &order);
    step_begin_ = t_ - h;
    if (!std::isfinite(longest_step_)) return;
    const std::size_t rates = dynamics_.model().internal().size();
    derivatives_.resize(static_cast<std::size_t>(order + 1) * rates);
    for (int k = 0; k <= order; ++k) {
        if (CVodeGetDky(solver_->cvode.get(), t_, k, solver_->scratch.get()) != CV_SUCCESS)
            failed("CVODE's dense output failed: " + message_);
        const double* value = N_VGetArrayPointer(solver_->scratch.get());
        std::copy(value, value + rates, derivatives_.begin() + k * static_cast<std::ptrdiff_t>(rates));
    }
    history_.add(t_, h, static_cast<std::size_t>(order), derivatives_);
}

void Evolution::stopped(int status) const {
    std::string sentence = fmt::format("the mean field cannot be integrated beyond {:.6g} ms: ", t_);
    if (!diagnosis_.empty())
        sentence += diagnosis_;
    else if (status == CV_TOO_MUCH_ACC)
        sentence += "the tolerances are too tight; raise mean_field.relative_tolerance or absolute_tolerance";
    else
        sentence += fmt::format("CVODE says '{}'; {}", message_, state_text());
    if (dynamics_.master_equation() != nullptr)
        sentence += "; if the master equation's second order does not hold there, use mean_field.order = 1, or "
                    "dynamics = \"synaptic\"";
    failed(sentence);
}

/// Rates of all internal populations, for messages.
std::string Evolution::state_text() const {
    std::string text = "the rates are";
    for (const std::size_t p : dynamics_.model().internal())
        text += fmt::format(" {} {:.6g} Hz", dynamics_.model().populations()[p].name, state()[dynamics_.rate_index(p)]);
    return text;
}

// ---- what it is like

const double* Evolution::state_at(double t) {
    if (!(t < t_)) return state();
    if (CVodeGetDky(solver_->cvode.get(), std::max(t, step_begin_), 0, solver_->scratch.get()) != CV_SUCCESS)
        failed("CVODE's dense output failed: " + message_);
    return N_VGetArrayPointer(solver_->scratch.get());
}

const double* Evolution::taps_at(double t) {
    read_taps(t);
    return u_.data();
}

double Evolution::rate(std::size_t p, const double* y, double t) {
    const double rate = y[dynamics_.rate_index(p)];
    const MeanFieldConfig& config = dynamics_.model().config();
    largest_rate_ = std::max(largest_rate_, rate);
    const double allowed = 1000 * (config.absolute_tolerance + config.relative_tolerance * largest_rate_);
    if (rate < -allowed)
        failed(fmt::format("the rate of {} fell to {} Hz at {:.6g} ms, which is beyond the tolerances; {}",
                           dynamics_.model().populations()[p].name, rate, t,
                           dynamics_.master_equation() != nullptr
                               ? "the master equation's second order does not hold there: use mean_field.order "
                                 "= 1, or dynamics = \"synaptic\""
                               : "lower mean_field.relative_tolerance and absolute_tolerance"));
    return rate;
}

} // namespace mfm
