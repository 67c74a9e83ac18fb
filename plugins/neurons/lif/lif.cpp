// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

struct Lif {
    static constexpr auto id = "lif", version = "1.0.0", summary = "leaky integrate-and-fire with a hard threshold",
                          citation = "Lapicque 1907; Brunel & van Rossum 2007, doi:10.1007/s00422-007-0190-0";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, g_L, E_L, V_th, V_reset, t_ref, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 200.0, 0.0, 1e5, "membrane capacitance"}
                    .open_lower()
                    .per_neuron()
                    .role(MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::g_L, "g_L", "nS", 10.0, 0.0, 1e5, "leak conductance"}.per_neuron().role(MFM_ROLE_LEAK),
                mfm::Field{&P::E_L, "E_L", "mV", -65.0, -200.0, 100.0, "leak reversal potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::V_th, "V_th", "mV", -50.0, -200.0, 100.0, "spike threshold"}.per_neuron().role(
                    MFM_ROLE_THRESHOLD),
                mfm::Field{&P::V_reset, "V_reset", "mV", -65.0, -500.0, 100.0,
                           "potential after a spike and while refractory"}
                    .per_neuron()
                    .role(MFM_ROLE_RESET),
                mfm::Field{&P::t_ref, "t_ref", "ms", 2.0, 0.0, 1e3, "absolute refractory period"}.per_neuron().role(
                    MFM_ROLE_REFRACTORY),
                mfm::Field{&P::I_e, "I_e", "pA", 0.0, -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT),
            };
        }
    };
    template <class T> struct State {
        T V, refractory;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -65.0, -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::refractory, "refractory", "1", 0.0, -mfm::infinity, mfm::infinity,
                           "steps left of the refractory period, 0 and below outside of it"},
            };
        }
    };
    static constexpr int dynamic = 1;
    static void check(const Parameters<double>& p) {
        if (p.V_reset >= p.V_th) throw mfm::Infeasible("V_reset must lie below V_th");
    }

    /// C_m V' = -g_L (V - E_L) + I_e + I_syn(V)
    template <class T>
    MFM_INLINE static T membrane(const T& inverse_C, const T& g_L, const T& E_L, const T& I_e, const T& V,
                                 const mfm::Synapses<T>& syn) {
        return fma(g_L, E_L - V, I_e + syn(V)) * inverse_C;
    }
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        return {membrane(T(1.0) / p.C_m, p.g_L, p.E_L, p.I_e, s.V, syn), T(0.0)};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        s = {p.E_L, T(0.0)};
    }
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const T h(dt), half(0.5 * dt), inverse_C = T(1.0) / p.C_m;
        const T g_L = p.g_L, E_L = p.E_L, I_e = p.I_e, V_th = p.V_th, V_reset = p.V_reset;
        const T refractory_steps = ceil(p.t_ref / h - T(1e-9));
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            const T k = membrane(inverse_C, g_L, E_L, I_e, s.V, in.start), ahead = fma(h, k, s.V);
            T V = fma(half, k + membrane(inverse_C, g_L, E_L, I_e, ahead, in.end), s.V);
            const auto refractory = s.refractory > T(0.0);
            V = select(refractory, V_reset, V);
            s.refractory = s.refractory - T(1.0);
            const auto spiked = (V >= V_th) & !refractory;
            if (any(spiked)) {
                V = select(spiked, V_reset, V);
                s.refractory = select(spiked, refractory_steps, s.refractory);
            }
            s.V = V;
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::NeuronModel<Lif>);
