// SPDX-License-Identifier: Apache-2.0
// A neuron of SDK 1.0 that uses what its authoring layer has: receptors of every shape, vector kernels, its exp and log,
// random numbers, settings that differ from cell to cell, derivatives.
#include <mfm/neuron.hpp>

namespace {

struct Escape {
    static constexpr auto id = "frozen_neuron_" COMPILER, version = "1.0.0",
                          summary = "a leaky cell that fires at random, the more the higher its potential",
                          citation = "";
    template <class T> struct Parameters {
        T C_m, g_L, E_L, V_th, Delta, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 100., 0., 1e5, "membrane capacitance"}.open_lower().per_neuron().role(
                    MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::g_L, "g_L", "nS", 8., 0., 1e5, "leak conductance"}.per_neuron().role(MFM_ROLE_LEAK),
                mfm::Field{&P::E_L, "E_L", "mV", -65., -200., 100., "leak reversal potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::V_th, "V_th", "mV", -52., -200., 100., "potential of one spike a ms"}.per_neuron().role(
                    MFM_ROLE_THRESHOLD),
                mfm::Field{&P::Delta, "Delta", "mV", 1.5, 0., 100., "width of the threshold"}.open_lower().per_neuron(),
                mfm::Field{&P::I_e, "I_e", "pA", 60., -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT)};
        }
    };
    template <class T> struct State {
        T V, patience;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -65., -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::patience, "patience", "1", 1., -mfm::infinity, mfm::infinity,
                           "hazard left until the next spike"}};
        }
    };
    static constexpr int dynamic = 1;

    /// C_m V' = -g_L (V - E_L) + I_e + I_syn(V); a spike when the integral of exp((V - V_th) / Delta) reaches a variate.
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        return {(p.g_L * (p.E_L - s.V) + p.I_e + syn(s.V)) / p.C_m, T(0.0)};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>& random) {
        s.V = p.E_L;
        s.patience = -log(random.uniform());
    }
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const T h(dt), inverse_C = T(1.0) / p.C_m, inverse_Delta = T(1.0) / p.Delta;
        const T g_L = p.g_L, E_L = p.E_L, V_th = p.V_th, I_e = p.I_e;
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>& random) __attribute__((always_inline)) {
            s.V = fma(h * inverse_C, fma(g_L, E_L - s.V, I_e + in.end(s.V)), s.V);
            s.patience = s.patience - h * exp(min((s.V - V_th) * inverse_Delta, T(5.0)));
            const auto spiked = s.patience <= T(0.0);
            if (any(spiked)) {
                s.V = select(spiked, E_L, s.V);
                random.exponential(spiked, s.patience);
            }
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm's tests", mfm::NeuronModel<Escape>);
