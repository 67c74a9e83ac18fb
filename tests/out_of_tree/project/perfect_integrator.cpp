// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

struct PerfectIntegrator {
    static constexpr auto id = "perfect_integrator", version = "0.1.0", summary = "integrate-and-fire without a leak",
                          citation = "";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, V_th, V_reset, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 200., 0., 1e5, "membrane capacitance"}.open_lower().per_neuron().role(
                    MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::V_th, "V_th", "mV", -50., -200., 100., "threshold"}.per_neuron().role(
                    MFM_ROLE_THRESHOLD),
                mfm::Field{&P::V_reset, "V_reset", "mV", -65., -200., 100., "potential after a spike"}.per_neuron(),
                mfm::Field{&P::I_e, "I_e", "pA", 0., -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT)};
        }
    };
    template <class T> struct State {
        T V;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -65., -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE)};
        }
    };
    static constexpr int dynamic = 1;

    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        return {(p.I_e + syn(s.V)) / p.C_m};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        s = {p.V_reset};
    }
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            s.V = s.V + T(dt) * (p.I_e + in.end(s.V)) / p.C_m;
            const auto spiked = s.V >= p.V_th;
            s.V = select(spiked, p.V_reset, s.V);
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("a third party", mfm::NeuronModel<PerfectIntegrator>);
