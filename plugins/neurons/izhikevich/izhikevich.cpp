// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

struct Izhikevich {
    static constexpr auto id = "izhikevich", version = "1.0.0",
                          summary = "quadratic integrate-and-fire with recovery (Izhikevich), in pF, nS and pA",
                          citation = "Izhikevich 2007, Dynamical Systems in Neuroscience, MIT Press, chapter 8; "
                                     "Izhikevich 2003, doi:10.1109/TNN.2003.820440";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, k, v_r, v_t, V_peak, c, t_ref, a, b, d, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 100.0, 0.0, 1e5, "membrane capacitance"}
                    .open_lower()
                    .per_neuron()
                    .role(MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::k, "k", "nS/mV", 0.7, 0.0, 1e3, "curvature of the membrane's current"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::v_r, "v_r", "mV", -60.0, -200.0, 100.0, "resting potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::v_t, "v_t", "mV", -40.0, -200.0, 100.0,
                           "potential beyond which a resting cell fires by itself"}
                    .per_neuron()
                    .role(MFM_ROLE_THRESHOLD),
                mfm::Field{&P::V_peak, "V_peak", "mV", 35.0, -200.0, 200.0,
                           "potential at which a spike is counted and reset"}
                    .per_neuron(),
                mfm::Field{&P::c, "c", "mV", -50.0, -500.0, 100.0, "potential after a spike and while refractory"}
                    .per_neuron()
                    .role(MFM_ROLE_RESET),
                mfm::Field{&P::t_ref, "t_ref", "ms", 0.0, 0.0, 1e3, "absolute refractory period"}.per_neuron().role(
                    MFM_ROLE_REFRACTORY),
                mfm::Field{&P::a, "a", "1/ms", 0.03, 0.0, 1e3, "rate of the recovery"}.open_lower().per_neuron(),
                mfm::Field{&P::b, "b", "nS", -2.0, -1e4, 1e4, "recovery that the potential causes"}.per_neuron(),
                mfm::Field{&P::d, "d", "pA", 100.0, -1e6, 1e6, "recovery added by a spike"}.per_neuron().role(
                    MFM_ROLE_INCREMENT),
                mfm::Field{&P::I_e, "I_e", "pA", 0.0, -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT),
            };
        }
    };
    template <class T> struct State {
        T V, u, refractory;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -60.0, -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::u, "U_m", "pA", 0.0, -mfm::infinity, mfm::infinity, "recovery current"}.role(
                    MFM_ROLE_ADAPTATION),
                mfm::Field{&S::refractory, "refractory", "1", 0.0, -mfm::infinity, mfm::infinity,
                           "steps left of the refractory period, 0 and below outside of it"},
            };
        }
    };
    static constexpr int dynamic = 2;
    static void check(const Parameters<double>& p) {
        if (p.v_r >= p.v_t) throw mfm::Infeasible("v_r must lie below v_t");
        if (p.v_t >= p.V_peak) throw mfm::Infeasible("v_t must lie below V_peak");
        if (p.c >= p.V_peak) throw mfm::Infeasible("c must lie below V_peak");
    }

    /// C_m V' = k (V - v_r)(V - v_t) - u + I_e + I_syn(V)
    /// u'     = a (b (V - v_r) - u)
    template <class T> struct Equations {
        T inverse_C, curve, v_r, v_t, current, a, coupling, u_drift;
        MFM_INLINE explicit Equations(const Parameters<T>& p)
            : inverse_C(T(1.0) / p.C_m), curve(p.k * inverse_C), v_r(p.v_r), v_t(p.v_t), current(p.I_e * inverse_C),
              a(p.a), coupling(p.a * p.b), u_drift(-coupling * p.v_r) {}
        MFM_INLINE T V(const T& V, const T& u, const mfm::Synapses<T>& syn) const {
            return fma(curve * (V - v_r), V - v_t, fma(syn(V) - u, inverse_C, current));
        }
        MFM_INLINE T u(const T& V, const T& u) const { return fnma(a, u, fma(coupling, V, u_drift)); }
    };
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        const Equations<T> f(p);
        return {f.V(s.V, s.u, syn), f.u(s.V, s.u), T(0.0)};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        s = {p.v_r, T(0.0), T(0.0)};
    }
    /// Heun's method.  Ahead of a step's end the potential is held at V_peak, which only a step that ends in a spike
    /// reaches: the parabola would run away from there.
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const Equations<T> f(p);
        const T h(dt), half(0.5 * dt), V_peak = p.V_peak, c = p.c, d = p.d;
        const T refractory_steps = ceil(p.t_ref / h - T(1e-9));
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            const T kV = f.V(s.V, s.u, in.start), ku = f.u(s.V, s.u);
            const T V_ahead = min(fma(h, kV, s.V), V_peak), u_ahead = fma(h, ku, s.u);
            T V = fma(half, kV + f.V(V_ahead, u_ahead, in.end), s.V);
            s.u = fma(half, ku + f.u(V_ahead, u_ahead), s.u);
            const auto refractory = s.refractory > T(0.0);
            V = select(refractory, c, V);
            s.refractory = s.refractory - T(1.0);
            const auto spiked = (V >= V_peak) & !refractory;
            if (any(spiked)) {
                V = select(spiked, c, V);
                s.u = select(spiked, s.u + d, s.u);
                s.refractory = select(spiked, refractory_steps, s.refractory);
            }
            s.V = V;
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::NeuronModel<Izhikevich>);
