// SPDX-License-Identifier: Apache-2.0
#include "meanfield/integrate.hpp"

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <numbers>
#include <type_traits>

#include "meanfield/dynamics.hpp"
#include "meanfield/fixed_points.hpp"
#include "meanfield/history.hpp"

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

[[noreturn]] void failed(const std::string& sentence) {
    throw Error(ExitCode::NotValid, sentence);
}

template <class T> T* made(T* object, const char* what) {
    if (object == nullptr) throw Error(ExitCode::NotValid, fmt::format("SUNDIALS could not make {}", what));
    return object;
}

/// A time at which a step ends because an external course has a corner there, seen through a delay.
struct Stop {
    double t;
    bool restart; ///< the right hand side jumps
};

class Integrator {
public:
    Integrator(const MeanFieldModel& model, const ExternalCourse& course, double t_end, double dt_out,
               const std::vector<double>& start_hz)
        : dynamics_(model), course_(course), t_end_(t_end), dt_out_(dt_out), start_hz_(start_hz),
          history_(internal_rates(start_hz), 0.0, longest_delay()), cursor_(dynamics_.taps().size(), 0),
          leg_(dynamics_.taps().size()), u_(dynamics_.taps().size(), 0.0) {
        SUNContext context = nullptr;
        if (SUNContext_Create(nullptr, &context) != 0) failed("SUNDIALS could not make its context");
        context_.reset(context);
        const auto n = static_cast<sunindextype>(dynamics_.size());
        y_.reset(made(N_VNew_Serial(n, context), "a vector"));
        scratch_.reset(made(N_VNew_Serial(n, context), "a vector"));
        matrix_.reset(made(SUNDenseMatrix(n, n, context), "a matrix"));
        solver_.reset(made(SUNLinSol_Dense(y_.get(), matrix_.get(), context), "a linear solver"));
        cvode_.reset(made(CVodeCreate(CV_BDF, context), "an integrator"));
        const Eigen::VectorXd start = dynamics_.settled(start_hz_);
        std::copy(start.data(), start.data() + start.size(), N_VGetArrayPointer(y_.get()));
        const MeanFieldConfig& config = model.config();
        void* memory = cvode_.get();
        N_VConst(config.absolute_tolerance, scratch_.get());
        if (const MasterEquation* master = dynamics_.master_equation()) // in units that grow with 1 / N
            for (const auto& [a, b] : master->pairs())
                N_VGetArrayPointer(scratch_.get())[*master->index(a, b)] *=
                    std::sqrt(master->unit(a) * master->unit(b));
        const int status =
            CVodeSetErrHandlerFn(memory, keep_message, this) | CVodeInit(memory, derivative, 0.0, y_.get()) |
            CVodeSVtolerances(memory, config.relative_tolerance, scratch_.get()) | CVodeSetUserData(memory, this) |
            CVodeSetLinearSolver(memory, solver_.get(), matrix_.get()) | CVodeSetJacFn(memory, jacobian);
        if (status != CV_SUCCESS) failed("CVODE could not be set up: " + message_);
        longest_step_ = dynamics_.least_delay().value_or(std::numeric_limits<double>::infinity());
        if (std::isfinite(longest_step_)) CVodeSetMaxStep(memory, longest_step_);
        make_stops();
    }

    Trajectory run(Progress& progress) {
        prepare_output();
        double t = 0;
        std::size_t stop = 0;
        begin_leg(t, stop_time(stop));
        emit(t);
        std::uint64_t reported = 0;
        while (t < t_end_) {
            throw_if_interrupted();
            const double target = stop_time(stop);
            t = step(t, target);
            emit(t);
            if (t >= target - time_resolution(target)) {
                const bool restart = stop < stops_.size() && stops_[stop].restart;
                ++stop;
                if (t >= t_end_ - time_resolution(t_end_)) break;
                begin_leg(t, stop_time(stop));
                if (restart) this->restart(t);
            }
            const auto done = static_cast<std::uint64_t>(t);
            if (done > reported) progress.advance(done - reported);
            reported = done;
        }
        finish();
        return std::move(out_);
    }

private:
    // ---- the right hand side, as CVODE calls it
    // -----------------------------------------------------------------------
    static int derivative(realtype t, N_Vector y, N_Vector dy, void* self) {
        auto& me = *static_cast<Integrator*>(self);
        return me.guarded(t, [&] {
            me.read_taps(t);
            me.dynamics_.derivative(N_VGetArrayPointer(y), me.u_.data(), N_VGetArrayPointer(dy), me.work_);
        });
    }
    static int jacobian(realtype t, N_Vector y, N_Vector, SUNMatrix J, void* self, N_Vector, N_Vector, N_Vector) {
        auto& me = *static_cast<Integrator*>(self);
        return me.guarded(t, [&] {
            me.read_taps(t);
            me.dynamics_.jacobian(N_VGetArrayPointer(y), me.u_.data(), SUNDenseMatrix_Data(J), nullptr, me.work_);
        });
    }
    static void keep_message(int, const char*, const char*, char* message, void* self) {
        static_cast<Integrator*>(self)->message_ = message;
    }
    /// A trial state where the equations are not defined asks CVODE for a smaller step (> 0); other failures end the
    /// run.
    template <class Work> int guarded(double t, Work&& work) {
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

    void read_taps(double t) {
        for (std::size_t i = 0; i < u_.size(); ++i) {
            const Dynamics::Tap& tap = dynamics_.taps()[i];
            const double at = t - tap.delay;
            if (tap.external)
                u_[i] = external(i, at);
            else if (!tap.immediate())
                u_[i] = history_.value(dynamics_.rate_index(tap.source), at, cursor_[i]);
        }
    }

    // ---- external courses
    // ---------------------------------------------------------------------------------------------
    /// The segments of its course that a tap can see within the leg: at a jump, the side that belongs to the leg.
    struct Leg {
        std::ptrdiff_t first = 0, last = 0, cursor = 0;
    };
    const RateCourse& course_of(std::size_t population) const {
        const auto& external = dynamics_.model().external();
        return course_[static_cast<std::size_t>(std::find(external.begin(), external.end(), population) -
                                                external.begin())];
    }
    double external(std::size_t i, double at) {
        if (at <= 0) return start_hz_[dynamics_.taps()[i].source]; // settled for all times before 0
        const RateCourse& course = *courses_[i];
        Leg& leg = leg_[i];
        const auto& knots = course.knots();
        std::ptrdiff_t& at_segment = leg.cursor;
        while (at_segment < leg.last && knots[static_cast<std::size_t>(at_segment + 1)].t <= at) ++at_segment;
        while (at_segment > leg.first && knots[static_cast<std::size_t>(at_segment)].t > at) --at_segment;
        return std::max(course.line(at_segment, at), 0.0);
    }
    static double time_resolution(double t) { return 1e-9 * std::max(1.0, std::abs(t)); }

    void make_stops() {
        courses_.resize(dynamics_.taps().size(), nullptr);
        std::vector<Stop> all;
        for (std::size_t i = 0; i < dynamics_.taps().size(); ++i) {
            const Dynamics::Tap& tap = dynamics_.taps()[i];
            if (!tap.external) continue;
            courses_[i] = &course_of(tap.source);
            for (const RateCourse::Corner& corner : courses_[i]->corners()) {
                if (corner.t < 0 || (corner.jump && corner.t <= 0)) continue;
                const double t = corner.t + tap.delay;
                if (t > time_resolution(0) && t < t_end_ - time_resolution(t_end_)) all.push_back({t, corner.jump});
            }
        }
        std::sort(all.begin(), all.end(), [](const Stop& a, const Stop& b) { return a.t < b.t; });
        for (const Stop& stop : all) {
            if (!stops_.empty() && stop.t - stops_.back().t <= time_resolution(stop.t))
                stops_.back().restart = stops_.back().restart || stop.restart;
            else
                stops_.push_back(stop);
        }
    }
    double stop_time(std::size_t stop) const { return stop < stops_.size() ? stops_[stop].t : t_end_; }

    void begin_leg(double t, double until) {
        const double inside = std::min(2 * time_resolution(until), 0.5 * (until - t));
        for (std::size_t i = 0; i < leg_.size(); ++i)
            if (courses_[i] != nullptr) {
                const double delay = dynamics_.taps()[i].delay;
                leg_[i].first = leg_[i].cursor = courses_[i]->segment(t + inside - delay);
                leg_[i].last = courses_[i]->segment(until - inside - delay);
            }
        if (CVodeSetStopTime(cvode_.get(), until) != CV_SUCCESS) failed("CVODE refused a stop time: " + message_);
    }

    // ---- steps
    // --------------------------------------------------------------------------------------------------------
    double step(double t, double target) {
        double reached = t;
        const double ask = std::min(target, t + longest_step_);
        const int status = CVode(cvode_.get(), ask, y_.get(), &reached, CV_ONE_STEP);
        if (failure_) std::rethrow_exception(failure_);
        if (status < 0) stopped(status, t);
        const double* y = N_VGetArrayPointer(y_.get());
        for (std::size_t i = 0; i < dynamics_.size(); ++i)
            if (!std::isfinite(y[i]))
                failed(fmt::format("the mean field became {} at {:.6g} ms: {}; {}", y[i], reached,
                                   dynamics_.state_name(i), state_text()));
        diagnosis_.clear(); // of trial states that a smaller step avoided
        check_covariances(t, reached);
        remember(reached);
        return reached;
    }

    /// The master equation's second order: F T and the sign of the covariances' eigenvalues at the end of a step.
    void check_covariances(double before, double t) {
        const MasterEquation* master = dynamics_.master_equation();
        if (master == nullptr) return;
        const MeanFieldModel& model = dynamics_.model();
        const double* y = N_VGetArrayPointer(y_.get());
        read_taps(t);
        dynamics_.all_rates(y, u_.data(), all_rates_);
        for (double& rate : all_rates_) rate = std::max(rate, 0.0);
        const std::vector<double> F = model.transfer(all_rates_);
        for (std::size_t p = 0; p < F.size(); ++p)
            if (master->index(p, p)) out_.FT[p] = std::max(out_.FT[p], F[p] * 1e-3 * model.config().T);
        const double lowest = master->relative_lowest_eigenvalue(y);
        CovarianceLoss& loss = out_.covariance_loss;
        if (lowest >= -1000 * model.config().relative_tolerance) return;
        if (loss.fraction == 0) loss.first_time = t;
        loss.fraction += (t - before) / t_end_;
        loss.lowest_eigenvalue = std::min(loss.lowest_eigenvalue, lowest);
    }

    [[noreturn]] void stopped(int status, double t) {
        std::string sentence = fmt::format("the mean field cannot be integrated beyond {:.6g} ms: ", t);
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
    std::string state_text() const {
        std::string text = "the rates are";
        const double* y = N_VGetArrayPointer(y_.get());
        for (const std::size_t p : dynamics_.model().internal())
            text += fmt::format(" {} {:.6g} Hz", dynamics_.model().populations()[p].name, y[dynamics_.rate_index(p)]);
        return text;
    }

    /// Keeps the step's polynomials for those who look back.
    void remember(double t) {
        double h = 0;
        int order = 0;
        CVodeGetLastStep(cvode_.get(), &h);
        CVodeGetLastOrder(cvode_.get(), &order);
        step_begin_ = t - h;
        if (!std::isfinite(longest_step_)) return;
        const std::size_t rates = dynamics_.model().internal().size();
        derivatives_.resize(static_cast<std::size_t>(order + 1) * rates);
        for (int k = 0; k <= order; ++k) {
            if (CVodeGetDky(cvode_.get(), t, k, scratch_.get()) != CV_SUCCESS)
                failed("CVODE's dense output failed: " + message_);
            const double* value = N_VGetArrayPointer(scratch_.get());
            std::copy(value, value + rates, derivatives_.begin() + k * static_cast<std::ptrdiff_t>(rates));
        }
        history_.add(t, h, static_cast<std::size_t>(order), derivatives_);
    }

    void restart(double t) {
        add_statistics();
        ++out_.statistics.restarts;
        if (CVodeReInit(cvode_.get(), t, y_.get()) != CV_SUCCESS) failed("CVODE could not restart: " + message_);
    }

    void add_statistics() {
        long steps = 0, derivatives = 0, jacobians = 0, errors = 0, newton = 0;
        void* memory = cvode_.get();
        CVodeGetNumSteps(memory, &steps);
        CVodeGetNumRhsEvals(memory, &derivatives);
        CVodeGetNumJacEvals(memory, &jacobians);
        CVodeGetNumErrTestFails(memory, &errors);
        CVodeGetNumNonlinSolvConvFails(memory, &newton);
        IntegrationStatistics& s = out_.statistics;
        s.steps += static_cast<std::uint64_t>(steps);
        s.derivatives += static_cast<std::uint64_t>(derivatives);
        s.jacobians += static_cast<std::uint64_t>(jacobians);
        s.error_test_failures += static_cast<std::uint64_t>(errors);
        s.newton_failures += static_cast<std::uint64_t>(newton);
    }

    // ---- output
    // -------------------------------------------------------------------------------------------------------
    void prepare_output() {
        const MeanFieldModel& model = dynamics_.model();
        const std::size_t P = model.populations().size();
        n_out_ = static_cast<std::size_t>(std::floor(t_end_ / dt_out_ * (1 + 1e-12))) + 1;
        out_.dt = dt_out_;
        out_.rate_hz.assign(P, {});
        out_.adaptation.assign(P, {});
        out_.FT.assign(P, 0.0);
        out_.sd_hz.assign(dynamics_.master_equation() != nullptr ? P : 0, {});
        for (auto& rate : out_.rate_hz) rate.reserve(n_out_);
        excursion_.assign(P, {});
        for (std::size_t p = 0; p < P; ++p) excursion_[p].population = p;
        out_.lowest_rate_hz = std::numeric_limits<double>::infinity();
    }

    /// Output times within the step that ended at t.
    void emit(double t) {
        while (emitted_ < n_out_) {
            const double at = static_cast<double>(emitted_) * dt_out_;
            if (at > t + time_resolution(t)) return;
            N_Vector y = y_.get();
            if (at < t && emitted_ > 0) {
                if (CVodeGetDky(cvode_.get(), std::max(at, step_begin_), 0, scratch_.get()) != CV_SUCCESS)
                    failed("CVODE's dense output failed: " + message_);
                y = scratch_.get();
            }
            write(std::min(at, t_end_), N_VGetArrayPointer(y));
            ++emitted_;
        }
    }

    void write(double t, const double* y) {
        const MeanFieldModel& model = dynamics_.model();
        for (std::size_t e = 0; e < model.external().size(); ++e)
            out_.rate_hz[model.external()[e]].push_back(course_[e].value(t));
        const MeanFieldConfig& config = model.config();
        if (config.dynamics != MeanFieldConfig::Dynamics::Synaptic) read_taps(t);
        if (const MasterEquation* master = dynamics_.master_equation())
            for (std::size_t p = 0; p < model.populations().size(); ++p) {
                const auto variance = master->index(p, p);
                out_.sd_hz[p].push_back(variance ? std::sqrt(std::max(y[*variance], 0.0)) : 0.0);
            }
        for (const std::size_t p : model.internal()) {
            const double rate = y[dynamics_.rate_index(p)];
            out_.lowest_rate_hz = std::min(out_.lowest_rate_hz, rate);
            largest_rate_ = std::max(largest_rate_, rate);
            const double allowed = 1000 * (config.absolute_tolerance + config.relative_tolerance * largest_rate_);
            if (rate < -allowed)
                failed(fmt::format("the rate of {} fell to {} Hz at {:.6g} ms, which is beyond the tolerances; {}",
                                   model.populations()[p].name, rate, t,
                                   dynamics_.master_equation() != nullptr
                                       ? "the master equation's second order does not hold there: use mean_field.order "
                                         "= 1, or dynamics = \"synaptic\""
                                       : "lower mean_field.relative_tolerance and absolute_tolerance"));
            out_.rate_hz[p].push_back(std::max(rate, 0.0));
            if (const auto w = dynamics_.adaptation_index(p)) out_.adaptation[p].push_back(y[*w]);
            if (dynamics_.master_equation() == nullptr) out_.FT[p] = std::max(out_.FT[p], rate * 1e-3 * config.T);
            dynamics_.presynaptic(p, y, u_.data(), presynaptic_);
            if (!model.inside(p, presynaptic_)) {
                DomainExcursion& excursion = excursion_[p];
                if (excursion.fraction == 0) {
                    excursion.first_time = t;
                    excursion.presynaptic_hz = presynaptic_;
                }
                excursion.fraction += 1;
            }
        }
    }

    void finish() {
        add_statistics();
        const MeanFieldModel& model = dynamics_.model();
        for (DomainExcursion& excursion : excursion_) {
            if (excursion.fraction == 0) continue;
            excursion.fraction /= static_cast<double>(n_out_);
            out_.warnings.push_back(
                fmt::format("{} left the domain of the transfer function for {:.3g} % of the time, first at {:.6g} ms",
                            model.describe_inputs(excursion.population, excursion.presynaptic_hz),
                            100 * excursion.fraction, excursion.first_time));
            out_.outside.push_back(excursion);
        }
        const auto largest = std::max_element(out_.FT.begin(), out_.FT.end());
        out_.largest_FT = *largest;
        if (out_.largest_FT >= 1)
            out_.warnings.push_back(
                fmt::format("F T of {} reaches {:.3g}: the mean field is valid below 1 only",
                            model.populations()[static_cast<std::size_t>(largest - out_.FT.begin())].name, *largest));
        if (const CovarianceLoss& loss = out_.covariance_loss; loss.fraction > 0)
            out_.warnings.push_back(fmt::format(
                "the covariance matrix of the master equation has negative eigenvalues for {:.3g} % of the time, first "
                "at {:.6g} ms, down to {:.3g} of the largest: its second order does not hold there",
                100 * loss.fraction, loss.first_time, loss.lowest_eigenvalue));
    }

    std::vector<double> internal_rates(const std::vector<double>& rate_hz) const {
        std::vector<double> rates;
        for (const std::size_t p : dynamics_.model().internal()) rates.push_back(rate_hz[p]);
        return rates;
    }
    double longest_delay() const {
        double longest = 0;
        for (const Dynamics::Tap& tap : dynamics_.taps())
            if (!tap.external) longest = std::max(longest, tap.delay);
        return longest;
    }

    Dynamics dynamics_;
    const ExternalCourse& course_;
    double t_end_, dt_out_;
    std::vector<double> start_hz_;
    RateHistory history_;
    std::vector<std::size_t> cursor_;
    std::vector<const RateCourse*> courses_; ///< [taps]; null for internal ones
    std::vector<Leg> leg_;
    std::vector<double> u_, derivatives_, presynaptic_, all_rates_;
    Dynamics::Workspace work_;
    std::vector<Stop> stops_;
    double longest_step_ = 0, step_begin_ = 0, largest_rate_ = 0;
    std::string message_, diagnosis_;
    std::exception_ptr failure_;
    Trajectory out_;
    std::vector<DomainExcursion> excursion_;
    std::size_t n_out_ = 0, emitted_ = 0;
    Context context_; ///< declared before what lives in it, so that it goes last
    Vector y_, scratch_;
    DenseMatrix matrix_;
    LinearSolver solver_;
    Cvode cvode_;
};

std::vector<double> start_rates(const MeanFieldModel& model, const ExternalCourse& course,
                                std::vector<std::string>& warnings) {
    std::vector<double> external;
    for (const RateCourse& rate : course) external.push_back(rate.value(0.0));
    const std::vector<FixedPoint> points = fixed_points(model, external);
    const FixedPoint& rest = resting_point(points);
    if (!rest.stable)
        warnings.push_back(
            "the mean field has no stable fixed point at the first external rates; it starts at an unstable one");
    else if (!rest.stable_with_delays && !rest.eigenvalues_with_delays.empty())
        warnings.push_back(
            fmt::format("the mean field's delays make its fixed point at the first external rates unstable: it "
                        "oscillates at about {:.3g} Hz when disturbed",
                        std::abs(rest.eigenvalues_with_delays.front().imag()) * 1e3 / (2 * std::numbers::pi)));
    return rest.rate_hz;
}

} // namespace

Trajectory integrate(const MeanFieldModel& model, const ExternalCourse& course, double t_end, double dt_out,
                     Progress& progress, const std::optional<std::vector<double>>& start_hz) {
    if (!(t_end > 0) || !(dt_out > 0) || !std::isfinite(t_end) || !std::isfinite(dt_out))
        throw InputError(
            fmt::format("the mean field was asked for {} ms every {} ms: both must be positive", t_end, dt_out));
    if (course.size() != model.external().size())
        throw InputError(fmt::format("the mean field has {} external populations and was given {} time courses",
                                     model.external().size(), course.size()));
    for (const RateCourse& rate : course)
        if (rate.knots().empty()) throw InputError("an external time course of the mean field is empty");
    if (model.internal().empty()) throw InputError("the mean field has no population with equations");
    std::vector<std::string> warnings;
    std::vector<double> start = start_hz ? *start_hz : start_rates(model, course, warnings);
    if (start.size() != model.populations().size())
        throw InputError(fmt::format("the mean field's start has {} rates for {} populations", start.size(),
                                     model.populations().size()));
    for (std::size_t p = 0; p < start.size(); ++p)
        if (!(start[p] >= 0) || !std::isfinite(start[p]))
            throw InputError(fmt::format("the mean field's start has a rate of {} Hz for {}", start[p],
                                         model.populations()[p].name));
    for (std::size_t e = 0; e < course.size(); ++e) start[model.external()[e]] = course[e].value(0.0);
    progress.begin(biology_task("integrating the mean field", static_cast<std::uint64_t>(t_end)));
    Integrator integrator(model, course, t_end, dt_out, start);
    Trajectory trajectory = integrator.run(progress);
    trajectory.warnings.insert(trajectory.warnings.begin(), warnings.begin(), warnings.end());
    for (const std::string& warning : trajectory.warnings) progress.warn(warning);
    progress.end();
    return trajectory;
}

} // namespace mfm
