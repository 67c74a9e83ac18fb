// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

enum class Leak { Plus, Minus };

/// One model with either sign of the leak; two components of this library.
template <Leak sign> struct Eglif {
    static constexpr auto
        id = sign == Leak::Plus ? "eglif" : "eglif_leaky",
        version = "1.0.0",
        summary = sign == Leak::Plus
                      ? "extended generalised leaky integrate-and-fire with escape noise (published form, plus leak)"
                      : "extended generalised leaky integrate-and-fire with escape noise, the leak's sign minus",
        citation =
            "Geminiani et al. 2018, doi:10.3389/fninf.2018.00088; Geminiani et al. 2019, doi:10.3389/fncom.2019.00035";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, tau_m, E_L, t_ref, V_reset, V_th, V_min, I_e, lambda_0, tau_V, k_adap, k_1, k_2, A1, A2;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 145.0, 0.0, 1e5, "membrane capacitance"}
                    .open_lower()
                    .per_neuron()
                    .role(MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::tau_m, "tau_m", "ms", 44.0, 0.0, 1e5, "membrane time constant"}
                    .open_lower()
                    .per_neuron()
                    .role(MFM_ROLE_TAU_M),
                mfm::Field{&P::E_L, "E_L", "mV", -62.0, -200.0, 100.0, "resting potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::t_ref, "t_ref", "ms", 2.0, 0.0, 1e3, "absolute refractory period"}.per_neuron().role(
                    MFM_ROLE_REFRACTORY),
                mfm::Field{&P::V_reset, "V_reset", "mV", -75.0, -500.0, 100.0,
                           "potential after a spike and while refractory"}
                    .per_neuron()
                    .role(MFM_ROLE_RESET),
                mfm::Field{&P::V_th, "V_th", "mV", -55.0, -200.0, 100.0,
                           "potential at which the escape rate is lambda_0"}
                    .per_neuron()
                    .role(MFM_ROLE_THRESHOLD),
                mfm::Field{&P::V_min, "V_min", "mV", -150.0, -1e4, 0.0, "floor of the membrane potential"}.per_neuron(),
                mfm::Field{&P::I_e, "I_e", "pA", 0.0, -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT),
                mfm::Field{&P::lambda_0, "lambda_0", "1/ms", 1.0, 0.0, 1e6, "escape rate at threshold"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::tau_V, "tau_V", "mV", 1.0, 0.0, 1e3, "width of the escape rate in voltage"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::k_adap, "k_adap", "nS/ms", 0.0, -1e3, 1e3,
                           "coupling of the adaptation current to the potential"}
                    .per_neuron(),
                mfm::Field{&P::k_1, "k_1", "1/ms", 0.1, 0.0, 1e3, "decay rate of the depolarising current"}
                    .per_neuron(),
                mfm::Field{&P::k_2, "k_2", "1/ms", 0.1, 0.0, 1e3, "decay rate of the adaptation current"}.per_neuron(),
                mfm::Field{&P::A1, "A1", "pA", 0.0, -1e6, 1e6, "depolarising current set by a spike"}.per_neuron(),
                mfm::Field{&P::A2, "A2", "pA", 0.0, -1e6, 1e6, "adaptation current added by a spike"}.per_neuron().role(
                    MFM_ROLE_INCREMENT),
            };
        }
    };
    template <class T> struct State {
        T V, I_adap, I_dep, refractory, hazard;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -65.0, -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::I_adap, "I_adap", "pA", 0.0, -mfm::infinity, mfm::infinity, "adaptation current"}.role(
                    MFM_ROLE_ADAPTATION),
                mfm::Field{&S::I_dep, "I_dep", "pA", 0.0, -mfm::infinity, mfm::infinity, "depolarising current"},
                mfm::Field{&S::refractory, "refractory", "1", 0.0, -mfm::infinity, mfm::infinity,
                           "steps left of the refractory period, 0 and below outside of it"},
                mfm::Field{&S::hazard, "hazard", "1", 1.0, -mfm::infinity, mfm::infinity,
                           "escape rate still to be integrated before the next spike"},
            };
        }
    };
    static constexpr int dynamic = 3;

    /// V'      = +-(V - E_L)/tau_m + (I_e - I_adap + I_dep + I_syn(V))/C_m
    ///           the published leak: plus, held by the adaptation
    /// I_adap' = k_adap (V - E_L) - k_2 I_adap
    /// I_dep'  = -k_1 I_dep
    template <class T> struct Equations {
        T leak, inverse_C, k_adap, k_1, k_2, V_drift, I_drift; // drift: what is left at V = 0 and without currents
        MFM_INLINE explicit Equations(const Parameters<T>& p)
            : leak(T(sign == Leak::Plus ? 1.0 : -1.0) / p.tau_m), inverse_C(T(1.0) / p.C_m), k_adap(p.k_adap),
              k_1(p.k_1), k_2(p.k_2), V_drift(p.I_e * inverse_C - p.E_L * leak), I_drift(-p.k_adap * p.E_L) {}
        MFM_INLINE T V(const T& V, const T& I_adap, const T& I_dep, const mfm::Synapses<T>& syn) const {
            return fma(syn(V) + (I_dep - I_adap), inverse_C, fma(leak, V, V_drift));
        }
        MFM_INLINE T I_adap(const T& V, const T& I_adap) const { return fnma(k_2, I_adap, fma(k_adap, V, I_drift)); }
        MFM_INLINE T I_dep(const T& I_dep) const { return T(0.0) - k_1 * I_dep; }
    };
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        const Equations<T> f(p);
        return {f.V(s.V, s.I_adap, s.I_dep, syn), f.I_adap(s.V, s.I_adap), f.I_dep(s.I_dep), T(0.0), T(0.0)};
    }

    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>& random) {
        s = {p.E_L, T(0.0), T(0.0), T(0.0), T(0.0)};
        random.exponential(!T::MaskType::none(), s.hazard);
    }

    /// Heun for V and I_adap, the exact propagator for I_dep.  Escape noise by time rescaling: the integral of the rate
    /// lambda_0 exp((V - V_th)/tau_V) from spike to spike is a standard exponential variate.
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const Equations<T> f(p);
        const T h(dt), half(0.5 * dt), decay_dep = exp(T(-dt) * p.k_1), inverse_tau_V = T(1.0) / p.tau_V;
        // Below this potential a step's escape probability is under 1e-10 and is left out.
        const T log_rate = log(p.lambda_0 * h), refractory_steps = ceil(p.t_ref / h - T(1e-9));
        const T V_cut = p.V_th + p.tau_V * (T(-23.025850929940457) - log_rate);
        const T log_rate_at_0 = log_rate - p.V_th * inverse_tau_V;
        const T V_reset = p.V_reset, V_min = p.V_min, A1 = p.A1, A2 = p.A2;
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>& random) __attribute__((always_inline)) {
            // max gives its second argument where one is NaN, which must stay visible.
            const T V = max(V_min, s.V), I_dep_end = s.I_dep * decay_dep;
            const T kV = f.V(V, s.I_adap, s.I_dep, in.start), kI = f.I_adap(V, s.I_adap);
            const T V_ahead = fma(h, kV, V), I_ahead = fma(h, kI, s.I_adap);
            T V_next = fma(half, kV + f.V(V_ahead, I_ahead, I_dep_end, in.end), V);
            s.I_adap = fma(half, kI + f.I_adap(V_ahead, I_ahead), s.I_adap);
            s.I_dep = I_dep_end;

            const auto refractory = s.refractory > T(0.0);
            V_next = select(refractory, V_reset, V_next);
            s.refractory = s.refractory - T(1.0);
            const auto near = (V_next > V_cut) & !refractory;
            auto spiked = T::MaskType::none();
            if (any(near)) {
                const T rate = quick_exp(fma(V_next, inverse_tau_V, log_rate_at_0));
                s.hazard = select(near, s.hazard - rate, s.hazard);
                spiked = near & (s.hazard < T(0.0));
                if (any(spiked)) {
                    V_next = select(spiked, V_reset, V_next);
                    s.I_adap = select(spiked, s.I_adap + A2, s.I_adap);
                    s.I_dep = select(spiked, A1, s.I_dep);
                    s.refractory = select(spiked, refractory_steps, s.refractory);
                    random.exponential(spiked, s.hazard);
                }
            }
            s.V = V_next;
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::NeuronModel<Eglif<Leak::Plus>>, mfm::NeuronModel<Eglif<Leak::Minus>>);
