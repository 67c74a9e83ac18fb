// SPDX-License-Identifier: Apache-2.0
// One cell of a neuron plugin twice: as the plugin advances it on its grid, and as SUNDIALS CVODE integrates the same
// equations.  The right hand side is the plugin's own `subthreshold`; synapses, thresholds and resets are written here.
#pragma once
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <mfm/random.hpp>
#include <stdexcept>
#include <type_traits>

#include "numerics/single_cells.hpp"

namespace mfm::test {

using Settings = std::map<std::string, double>;

/// The settings of a cell by name, defaults included.
inline Settings settings_of(const PopulationConfig& c) {
    Settings out;
    for (std::size_t i = 0; c.neuron->component->abi->settings[i] != nullptr; ++i)
        out[c.neuron->component->abi->settings[i]->name] = c.neuron->settings[i].real;
    return out;
}

/// What a model does beyond its subthreshold equations.  At a spike V is set to a setting of the model and held there
/// for t_ref, while everything else goes on; or nothing is reset, and no other spike is counted for t_ref.
struct SpikeRule {
    /// mV: a spike when this rises through 0; or empty, and then
    std::function<double(const Settings&, double V)> above_threshold;
    /// 1/ms: a spike when its integral over the time since the last one, refractoriness excepted, reaches a threshold.
    std::function<double(const Settings&, double V)> escape_rate;
    /// What else a spike does to the dynamic states.
    std::function<void(const Settings&, double* x)> reset;
    const char* reset_to = "V_reset"; ///< or nullptr: nothing is reset
};

/// A spike that takes effect in a cell at this time, ms > 0.
struct Arrival {
    double t;
    std::uint32_t port;
    double weight;
};

/// What a cell gets: spikes in the order of time, and the escape thresholds that it uses one after the other; without
/// any left, it does not spike any more.
struct Course {
    std::vector<Arrival> arrivals;
    std::vector<double> thresholds;
};

/// The cell as the plugin advances it, in calls of one step.
class PluginCell {
public:
    PluginCell(const PopulationConfig& c, double dt, Course course)
        : dt_(dt), group_(c, 1, dt, 1, 1), course_(std::move(course)), hazard_(group_.state_index("hazard")),
          weights_(group_.ports(), AlignedVector<double>(group_.padded(), 0.0)) {
        next_threshold();
    }
    [[nodiscard]] double state(std::size_t i) const { return group_.state(i)[0]; }
    void set_state(std::size_t i, double value) { group_.state(i)[0] = value; }
    void advance_to(double t) {
        const auto last = static_cast<std::uint64_t>(std::llround(t / dt_));
        for (; step_ < last; ++step_) {
            // What arrives in a step acts from its end on.
            std::vector<const double*> rows(group_.ports(), nullptr);
            for (auto& weights : weights_) weights[0] = 0.0;
            for (; arrived_ < course_.arrivals.size(); ++arrived_) {
                const Arrival& a = course_.arrivals[arrived_];
                if (static_cast<std::uint64_t>(std::llround(a.t / dt_)) > step_ + 1) break;
                weights_[a.port][0] += a.weight;
                rows[a.port] = weights_[a.port].data();
            }
            std::uint32_t when = 0, which = 0;
            mfm_spikes out{sizeof(mfm_spikes), 1, 0, 0, &when, &which};
            group_.advance({0, group_.padded(), step_, 1}, rows.data(), &out, nullptr);
            if (out.count == 0) continue;
            spikes_.push_back(static_cast<double>(step_ + 1) * dt_);
            next_threshold();
        }
    }
    [[nodiscard]] const std::vector<double>& spikes() const { return spikes_; }

private:
    void next_threshold() {
        if (hazard_ < 0) return;
        group_.state(static_cast<std::size_t>(hazard_))[0] =
            threshold_ < course_.thresholds.size() ? course_.thresholds[threshold_++] : 1e300;
    }
    double dt_;
    NeuronGroup group_;
    Course course_;
    int hazard_;
    std::size_t threshold_ = 0, arrived_ = 0;
    std::uint64_t step_ = 0;
    std::vector<AlignedVector<double>> weights_;
    std::vector<double> spikes_;
};

/// The cell as CVODE (Adams) integrates it at tolerances of 1e-10, with spikes where CVODE finds the root.
class ReferenceCell {
public:
    ReferenceCell(const PopulationConfig& c, SpikeRule rule, Course course)
        : group_(c, 1, 0.1, 1, 1), settings_(settings_of(c)), receptors_(c.receptors), rule_(std::move(rule)),
          course_(std::move(course)) {
        const auto& table = group_.instance().table<mfm_neuron_v1>(MFM_NEURON_ID);
        subthreshold_ = table.subthreshold;
        const mfm_field* const* fields = nullptr;
        mfm_error error = empty_error();
        std::uint32_t n = 0;
        require(table.states(group_.instance().self(), &fields, &n, &error) == MFM_OK, "states");
        dynamic_ = n;
        V_ = static_cast<std::size_t>(group_.state_with_role(MFM_ROLE_VOLTAGE));
        // Two states a receptor, and the integrated escape rate.
        size_ = dynamic_ + 2 * receptors_.size() + 1;

        SUNContext context = nullptr;
        require(SUNContext_Create(nullptr, &context) == 0, "SUNContext_Create");
        context_.reset(context);
        const auto length = static_cast<sunindextype>(size_);
        y_.reset(N_VNew_Serial(length, context));
        N_VConst(0.0, y_.get());
        for (std::size_t i = 0; i < dynamic_; ++i) y()[i] = group_.state(i)[0];
        matrix_.reset(SUNDenseMatrix(length, length, context));
        solver_.reset(SUNLinSol_Dense(y_.get(), matrix_.get(), context));
        cvode_.reset(CVodeCreate(CV_ADAMS, context));
        int rising = 1;
        require((CVodeInit(cvode_.get(), derivative, 0.0, y_.get()) | CVodeSStolerances(cvode_.get(), 1e-10, 1e-10) |
                 CVodeSetUserData(cvode_.get(), this) |
                 CVodeSetLinearSolver(cvode_.get(), solver_.get(), matrix_.get()) |
                 CVodeSetMaxNumSteps(cvode_.get(), 1000000) | CVodeRootInit(cvode_.get(), 1, root) |
                 CVodeSetRootDirection(cvode_.get(), &rising)) == CV_SUCCESS,
                "CVODE's settings");
        next_threshold();
    }
    [[nodiscard]] double state(std::size_t i) const { return N_VGetArrayPointer(y_.get())[i]; }
    void set_state(std::size_t i, double value) {
        y()[i] = value;
        broken_ = true;
    }
    [[nodiscard]] std::size_t dynamic() const { return dynamic_; }
    void advance_to(double end) {
        while (t_ < end) {
            const double arrival = arrived_ < course_.arrivals.size() ? course_.arrivals[arrived_].t : infinity;
            const double stop = std::min({end, arrival, t_ < active_from_ ? active_from_ : infinity});
            if (broken_) require(CVodeReInit(cvode_.get(), t_, y_.get()) == CV_SUCCESS, "CVodeReInit");
            broken_ = false;
            active_ = t_ >= active_from_;
            require(CVodeSetStopTime(cvode_.get(), stop) == CV_SUCCESS, "CVodeSetStopTime");
            double reached = t_;
            const int status = CVode(cvode_.get(), stop, y_.get(), &reached, CV_NORMAL);
            require(status >= 0, "CVode");
            t_ = status == CV_ROOT_RETURN ? reached : stop;
            if (status == CV_ROOT_RETURN) {
                spike();
                continue;
            }
            if (stop == active_from_) broken_ = true;
            for (; arrived_ < course_.arrivals.size() && course_.arrivals[arrived_].t <= t_; ++arrived_)
                receive(course_.arrivals[arrived_]);
        }
    }
    [[nodiscard]] const std::vector<double>& spikes() const { return spikes_; }

private:
    template <class Handle, auto free> struct Freed {
        void operator()(std::remove_pointer_t<Handle>* object) const { free(object); }
    };
    template <class Handle, auto free>
    using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Freed<Handle, free>>;
    static void free_context(SUNContext context) { SUNContext_Free(&context); }
    static void free_cvode(void* memory) { CVodeFree(&memory); }
    static constexpr double infinity = std::numeric_limits<double>::infinity();

    static void require(bool holds, const char* what) {
        if (!holds) throw std::runtime_error(std::string("the reference integration failed in ") + what);
    }
    double* y() { return N_VGetArrayPointer(y_.get()); }

    /// exponential:   g' = -g/tau                                 g += w
    /// alpha:         g' = h - g/tau,    h' = -h/tau              h += w e/tau
    /// biexponential: g = a - b, a' = -a/tau, b' = -b/tau_rise    a, b += w / (peak of the difference for w = 1)
    static double conductance(const mfm_receptor& r, const double* s) {
        return r.shape == MFM_RECEPTOR_BIEXPONENTIAL ? s[0] - s[1] : s[0];
    }
    static void synapse(const mfm_receptor& r, const double* s, double* ds) {
        ds[0] = -s[0] / r.tau + (r.shape == MFM_RECEPTOR_ALPHA ? s[1] : 0.0);
        ds[1] =
            r.shape == MFM_RECEPTOR_EXPONENTIAL ? 0.0 : -s[1] / (r.shape == MFM_RECEPTOR_ALPHA ? r.tau : r.tau_rise);
    }
    void receive(const Arrival& a) {
        const mfm_receptor& r = receptors_[a.port];
        double* s = y() + dynamic_ + 2 * a.port;
        if (r.shape == MFM_RECEPTOR_EXPONENTIAL) {
            s[0] += a.weight;
        } else if (r.shape == MFM_RECEPTOR_ALPHA) {
            s[1] += a.weight * std::exp(1.0) / r.tau;
        } else {
            const double at = std::log(r.tau / r.tau_rise) / (1.0 / r.tau_rise - 1.0 / r.tau);
            const double jump = a.weight / (std::exp(-at / r.tau) - std::exp(-at / r.tau_rise));
            s[0] += jump;
            s[1] += jump;
        }
        broken_ = true;
    }
    void spike() {
        if (rule_.reset_to == nullptr) {
            if (spikes_.empty() || t_ >= spikes_.back() + settings_.at("t_ref")) spikes_.push_back(t_);
            return;
        }
        spikes_.push_back(t_);
        y()[V_] = settings_.at(rule_.reset_to);
        if (rule_.reset) rule_.reset(settings_, y());
        y()[size_ - 1] = 0.0;
        active_from_ = t_ + settings_.at("t_ref");
        next_threshold();
        broken_ = true;
    }
    void next_threshold() { threshold_ = used_ < course_.thresholds.size() ? course_.thresholds[used_++] : infinity; }
    static int derivative(realtype, N_Vector y, N_Vector dy, void* self) {
        auto& me = *static_cast<ReferenceCell*>(self);
        const double* now = N_VGetArrayPointer(y);
        double* rate = N_VGetArrayPointer(dy);
        std::vector<double> g(me.receptors_.size());
        for (std::size_t p = 0; p < g.size(); ++p) {
            const double* s = now + me.dynamic_ + 2 * p;
            g[p] = conductance(me.receptors_[p], s);
            synapse(me.receptors_[p], s, rate + me.dynamic_ + 2 * p);
        }
        mfm_error error = empty_error();
        const mfm_subthreshold q{sizeof(mfm_subthreshold), 0, now, g.data(), nullptr, rate, nullptr, nullptr};
        if (me.subthreshold_(me.group_.instance().self(), &q, &error) != MFM_OK) return -1;
        if (!me.active_) rate[me.V_] = 0.0;
        rate[me.size_ - 1] = me.active_ && me.rule_.escape_rate ? me.rule_.escape_rate(me.settings_, now[me.V_]) : 0.0;
        // A trial step far beyond a threshold asks for a shorter one.
        return std::all_of(rate, rate + me.size_, [](double x) { return std::isfinite(x); }) ? 0 : 1;
    }
    static int root(realtype, N_Vector y, realtype* value, void* self) {
        auto& me = *static_cast<ReferenceCell*>(self);
        const double* now = N_VGetArrayPointer(y);
        *value = !me.active_                ? -1.0
                 : me.rule_.above_threshold ? me.rule_.above_threshold(me.settings_, now[me.V_])
                 : me.threshold_ < infinity ? now[me.size_ - 1] - me.threshold_
                                            : -1.0;
        return 0;
    }

    NeuronGroup group_;
    Settings settings_;
    std::vector<mfm_receptor> receptors_;
    SpikeRule rule_;
    Course course_;
    decltype(mfm_neuron_v1::subthreshold) subthreshold_;
    std::size_t dynamic_ = 0, V_ = 0, size_ = 0, used_ = 0, arrived_ = 0;
    double t_ = 0.0, active_from_ = 0.0, threshold_ = infinity;
    bool active_ = true;  ///< V moves; CVODE's stops include the ends of refractory periods
    bool broken_ = false; ///< the state or its right hand side has jumped
    std::vector<double> spikes_;
    Owned<SUNContext, free_context> context_;
    Owned<N_Vector, N_VDestroy> y_;
    Owned<SUNMatrix, SUNMatDestroy> matrix_;
    Owned<SUNLinearSolver, SUNLinSolFree> solver_;
    Owned<void*, free_cvode> cvode_;
};

} // namespace mfm::test
