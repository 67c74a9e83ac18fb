// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

struct Adex {
    static constexpr auto id = "adex", version = "1.0.0", summary = "adaptive exponential integrate-and-fire",
                          citation = "Brette & Gerstner 2005, doi:10.1152/jn.00686.2005";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, g_L, E_L, V_th, Delta_T, V_peak, V_reset, t_ref, a, b, tau_w, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 200.0, 0.0, 1e5, "membrane capacitance"}
                    .open_lower()
                    .per_neuron()
                    .role(MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::g_L, "g_L", "nS", 10.0, 0.0, 1e5, "leak conductance"}.open_lower().per_neuron().role(
                    MFM_ROLE_LEAK),
                mfm::Field{&P::E_L, "E_L", "mV", -65.0, -200.0, 100.0, "leak reversal potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::V_th, "V_th", "mV", -50.0, -200.0, 100.0, "potential at which the spike sets in"}
                    .per_neuron()
                    .role(MFM_ROLE_THRESHOLD),
                mfm::Field{&P::Delta_T, "Delta_T", "mV", 2.0, 0.0, 100.0,
                           "slope of the spike's onset; 0: none, and a spike is counted at V_th"}
                    .per_neuron(),
                mfm::Field{&P::V_peak, "V_peak", "mV", 0.0, -200.0, 200.0,
                           "potential at which a spike is counted and reset"}
                    .per_neuron(),
                mfm::Field{&P::V_reset, "V_reset", "mV", -65.0, -500.0, 100.0,
                           "potential after a spike and while refractory"}
                    .per_neuron()
                    .role(MFM_ROLE_RESET),
                mfm::Field{&P::t_ref, "t_ref", "ms", 0.0, 0.0, 1e3, "absolute refractory period"}.per_neuron().role(
                    MFM_ROLE_REFRACTORY),
                mfm::Field{&P::a, "a", "nS", 4.0, -1e4, 1e4, "subthreshold adaptation"}.per_neuron(),
                mfm::Field{&P::b, "b", "pA", 80.0, -1e6, 1e6, "adaptation added by a spike"}.per_neuron().role(
                    MFM_ROLE_INCREMENT),
                mfm::Field{&P::tau_w, "tau_w", "ms", 500.0, 0.0, 1e6, "time constant of the adaptation"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::I_e, "I_e", "pA", 0.0, -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT),
            };
        }
    };
    template <class T> struct State {
        T V, w, refractory;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -65.0, -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::w, "w", "pA", 0.0, -mfm::infinity, mfm::infinity, "adaptation current"}.role(
                    MFM_ROLE_ADAPTATION),
                mfm::Field{&S::refractory, "refractory", "1", 0.0, -mfm::infinity, mfm::infinity,
                           "steps left of the refractory period, 0 and below outside of it"},
            };
        }
    };
    static constexpr int dynamic = 2;
    static void check(const Parameters<double>& p) {
        if (p.Delta_T > 0.0 && p.V_reset >= p.V_peak) throw mfm::Infeasible("V_reset must lie below V_peak");
        if (p.Delta_T == 0.0 && p.V_reset >= p.V_th)
            throw mfm::Infeasible("V_reset must lie below V_th, where a spike is counted when Delta_T is 0");
    }

    /// C_m V' = -g_L (V - E_L) + g_L Delta_T exp((V - V_th)/Delta_T) - w + I_e + I_syn(V)
    /// tau_w w' = a (V - E_L) - w
    template <class T> struct Equations {
        T inverse_C, leak, onset, inverse_Delta_T, V_th_in_Delta_T, coupling, inverse_tau_w;
        T V_drift, w_drift; // what is left at V = 0 and without currents
        MFM_INLINE explicit Equations(const Parameters<T>& p)
            : inverse_C(T(1.0) / p.C_m), leak(p.g_L * inverse_C), onset(leak * p.Delta_T), // Delta_T = 0: onset is 0
              inverse_Delta_T(select(p.Delta_T > T(0.0), T(1.0) / p.Delta_T, T(0.0))),
              V_th_in_Delta_T(p.V_th * inverse_Delta_T), coupling(p.a / p.tau_w), inverse_tau_w(T(1.0) / p.tau_w),
              V_drift(fma(leak, p.E_L, p.I_e * inverse_C)), w_drift(-coupling * p.E_L) {}
        MFM_INLINE T V(const T& V, const T& V_in_exponent, const T& w, const mfm::Synapses<T>& syn) const {
            const T growth = quick_exp(fma(V_in_exponent, inverse_Delta_T, -V_th_in_Delta_T));
            return fma(onset, growth, fma(syn(V) - w, inverse_C, fnma(leak, V, V_drift)));
        }
        MFM_INLINE T w(const T& V, const T& w) const { return fnma(inverse_tau_w, w, fma(coupling, V, w_drift)); }
    };
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        const Equations<T> f(p);
        return {f.V(s.V, s.V, s.w, syn), f.w(s.V, s.w), T(0.0)};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        s = {p.E_L, T(0.0), T(0.0)};
    }
    /// Heun's method; in the exponent the potential is held at V_peak, which only a step that ends in a spike reaches.
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const Equations<T> f(p);
        const T V_peak = select(p.Delta_T > T(0.0), p.V_peak, p.V_th);
        const T h(dt), half(0.5 * dt), V_reset = p.V_reset, b = p.b;
        const T refractory_steps = ceil(p.t_ref / h - T(1e-9));
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            const T kV = f.V(s.V, s.V, s.w, in.start), kw = f.w(s.V, s.w);
            const T V_ahead = fma(h, kV, s.V), w_ahead = fma(h, kw, s.w), V_low = min(V_ahead, V_peak);
            T V = fma(half, kV + f.V(V_ahead, V_low, w_ahead, in.end), s.V);
            s.w = fma(half, kw + f.w(V_low, w_ahead), s.w);
            const auto refractory = s.refractory > T(0.0);
            V = select(refractory, V_reset, V);
            s.refractory = s.refractory - T(1.0);
            const auto spiked = (V >= V_peak) & !refractory;
            if (any(spiked)) {
                V = select(spiked, V_reset, V);
                s.w = select(spiked, s.w + b, s.w);
                s.refractory = select(spiked, refractory_steps, s.refractory);
            }
            s.V = V;
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::NeuronModel<Adex>);
