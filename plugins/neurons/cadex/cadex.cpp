// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

struct Cadex {
    static constexpr auto id = "cadex", version = "1.0.0",
                          summary = "exponential integrate-and-fire, its adaptation a conductance",
                          citation = "Gorski, Depannemaecker & Destexhe 2021, doi:10.1162/neco_a_01342";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, g_L, E_L, V_th, Delta_T, V_peak, V_reset, t_ref, gbar_A, E_A, V_A, Delta_A, tau_A, dg_A, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 200.0, 0.0, 1e5, "membrane capacitance"}
                    .open_lower()
                    .per_neuron()
                    .role(MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::g_L, "g_L", "nS", 10.0, 0.0, 1e5, "leak conductance"}.open_lower().per_neuron().role(
                    MFM_ROLE_LEAK),
                mfm::Field{&P::E_L, "E_L", "mV", -60.0, -200.0, 100.0, "leak reversal potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::V_th, "V_th", "mV", -50.0, -200.0, 100.0, "potential at which the spike sets in"}
                    .per_neuron()
                    .role(MFM_ROLE_THRESHOLD),
                mfm::Field{&P::Delta_T, "Delta_T", "mV", 2.0, 0.0, 100.0, "slope of the spike's onset"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::V_peak, "V_peak", "mV", -40.0, -200.0, 200.0,
                           "potential at which a spike is counted and reset"}
                    .per_neuron(),
                mfm::Field{&P::V_reset, "V_reset", "mV", -58.0, -500.0, 100.0,
                           "potential after a spike and while refractory"}
                    .per_neuron()
                    .role(MFM_ROLE_RESET),
                mfm::Field{&P::t_ref, "t_ref", "ms", 5.0, 0.0, 1e3, "absolute refractory period"}.per_neuron().role(
                    MFM_ROLE_REFRACTORY),
                mfm::Field{&P::gbar_A, "gbar_A", "nS", 2.0, 0.0, 1e5,
                           "adaptation conductance that a high potential opens"}
                    .per_neuron(),
                mfm::Field{&P::E_A, "E_A", "mV", -70.0, -200.0, 100.0, "reversal potential of the adaptation"}
                    .per_neuron(),
                mfm::Field{&P::V_A, "V_A", "mV", -50.0, -200.0, 100.0, "potential that opens half of gbar_A"}
                    .per_neuron(),
                mfm::Field{&P::Delta_A, "Delta_A", "mV", 5.0, 0.0, 100.0, "width of the opening in voltage"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::tau_A, "tau_A", "ms", 200.0, 0.0, 1e6, "time constant of the adaptation"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::dg_A, "dg_A", "nS", 1.0, 0.0, 1e5, "adaptation conductance added by a spike"}
                    .per_neuron(),
                mfm::Field{&P::I_e, "I_e", "pA", 0.0, -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT),
            };
        }
    };
    /// g_A has no role: MFM_ROLE_ADAPTATION is a current in pA, and this is a conductance.
    template <class T> struct State {
        T V, g_A, refractory;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -60.0, -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::g_A, "g_A", "nS", 0.0, 0.0, mfm::infinity, "adaptation conductance"},
                mfm::Field{&S::refractory, "refractory", "1", 0.0, -mfm::infinity, mfm::infinity,
                           "steps left of the refractory period, 0 and below outside of it"},
            };
        }
    };
    static constexpr int dynamic = 2;
    static void check(const Parameters<double>& p) {
        if (p.V_reset >= p.V_peak) throw mfm::Infeasible("V_reset must lie below V_peak");
    }

    /// C_m V'    = -g_L (V - E_L) + g_L Delta_T exp((V - V_th)/Delta_T) + g_A (E_A - V) + I_e + I_syn(V)
    /// tau_A g_A' = gbar_A / (1 + exp((V_A - V)/Delta_A)) - g_A
    template <class T> struct Equations {
        T inverse_C, leak, onset, inverse_Delta_T, V_th_in_Delta_T, E_A, inverse_Delta_A, V_A_in_Delta_A, opening,
            inverse_tau_A, V_drift; // what is left at V = 0 and without conductances
        MFM_INLINE explicit Equations(const Parameters<T>& p)
            : inverse_C(T(1.0) / p.C_m), leak(p.g_L * inverse_C), onset(leak * p.Delta_T),
              inverse_Delta_T(T(1.0) / p.Delta_T), V_th_in_Delta_T(p.V_th * inverse_Delta_T), E_A(p.E_A),
              inverse_Delta_A(T(1.0) / p.Delta_A), V_A_in_Delta_A(p.V_A * inverse_Delta_A), opening(p.gbar_A / p.tau_A),
              inverse_tau_A(T(1.0) / p.tau_A), V_drift(fma(leak, p.E_L, p.I_e * inverse_C)) {}
        MFM_INLINE T V(const T& V, const T& V_in_exponent, const T& g_A, const mfm::Synapses<T>& syn) const {
            const T growth = quick_exp(fma(V_in_exponent, inverse_Delta_T, -V_th_in_Delta_T));
            return fma(onset, growth, fma(fma(g_A, E_A - V, syn(V)), inverse_C, fnma(leak, V, V_drift)));
        }
        MFM_INLINE T g_A(const T& V, const T& g_A) const {
            const T closed = quick_exp(fnma(V, inverse_Delta_A, V_A_in_Delta_A));
            return fnma(inverse_tau_A, g_A, opening / (T(1.0) + closed));
        }
    };
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        const Equations<T> f(p);
        return {f.V(s.V, s.V, s.g_A, syn), f.g_A(s.V, s.g_A), T(0.0)};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        s = {p.E_L, T(0.0), T(0.0)};
    }
    /// Heun's method; in the exponent the potential is held at V_peak, which only a step that ends in a spike reaches.
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const Equations<T> f(p);
        const T h(dt), half(0.5 * dt), V_peak = p.V_peak, V_reset = p.V_reset, dg_A = p.dg_A;
        const T refractory_steps = ceil(p.t_ref / h - T(1e-9));
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            const T kV = f.V(s.V, s.V, s.g_A, in.start), kg = f.g_A(s.V, s.g_A);
            const T V_ahead = fma(h, kV, s.V), g_ahead = fma(h, kg, s.g_A), V_low = min(V_ahead, V_peak);
            T V = fma(half, kV + f.V(V_ahead, V_low, g_ahead, in.end), s.V);
            s.g_A = fma(half, kg + f.g_A(V_low, g_ahead), s.g_A);
            const auto refractory = s.refractory > T(0.0);
            V = select(refractory, V_reset, V);
            s.refractory = s.refractory - T(1.0);
            const auto spiked = (V >= V_peak) & !refractory;
            if (any(spiked)) {
                V = select(spiked, V_reset, V);
                s.g_A = select(spiked, s.g_A + dg_A, s.g_A);
                s.refractory = select(spiked, refractory_steps, s.refractory);
            }
            s.V = V;
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::NeuronModel<Cadex>);
