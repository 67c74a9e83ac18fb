// SPDX-License-Identifier: Apache-2.0
// A leaky integrate-and-fire cell whose spikes leave an adaptation current behind.  Edit it into your model.
#include <mfm/neuron.hpp>

#include "mfm_page.h" // README.md as the text mfm_page, which `automfm describe my_plugin` prints

namespace {

struct Model {
    static constexpr auto id = "my_plugin", version = "0.1.0",
                          summary = "leaky integrate-and-fire with spike-triggered adaptation",
                          citation = "Treves 1993, doi:10.1088/0954-898X_4_3_002";
    static constexpr auto documentation = mfm_page;

    // A row: member, name in the pipeline file, unit, default, lower and upper bound, meaning.  Numbers arrive in these
    // units, within these bounds.  per_neuron(): each cell may have its own.  role(): what it is to the mean field.
    template <class T> struct Parameters {
        T C_m, g_L, E_L, V_th, V_reset, t_ref, b, tau_w, I_e;
        static constexpr auto fields() {
            using P = Parameters;
            return std::tuple{
                mfm::Field{&P::C_m, "C_m", "pF", 200., 0., 1e5, "membrane capacitance"}.open_lower().per_neuron().role(
                    MFM_ROLE_CAPACITANCE),
                mfm::Field{&P::g_L, "g_L", "nS", 10., 0., 1e5, "leak conductance"}.open_lower().per_neuron().role(
                    MFM_ROLE_LEAK),
                mfm::Field{&P::E_L, "E_L", "mV", -65., -200., 100., "leak reversal potential"}.per_neuron().role(
                    MFM_ROLE_REST),
                mfm::Field{&P::V_th, "V_th", "mV", -50., -200., 100., "spike threshold"}.per_neuron().role(
                    MFM_ROLE_THRESHOLD),
                mfm::Field{&P::V_reset, "V_reset", "mV", -65., -500., 100., "potential after a spike"}
                    .per_neuron()
                    .role(MFM_ROLE_RESET),
                mfm::Field{&P::t_ref, "t_ref", "ms", 2., 0., 1e3, "refractory period"}.per_neuron().role(
                    MFM_ROLE_REFRACTORY),
                mfm::Field{&P::b, "b", "pA", 40., 0., 1e6, "adaptation current added by a spike"}.per_neuron().role(
                    MFM_ROLE_INCREMENT),
                mfm::Field{&P::tau_w, "tau_w", "ms", 100., 0., 1e6, "time constant of the adaptation"}
                    .open_lower()
                    .per_neuron(),
                mfm::Field{&P::I_e, "I_e", "pA", 0., -1e6, 1e6, "constant current"}.per_neuron().role(MFM_ROLE_CURRENT),
            };
        }
    };

    // The state of a cell.  The first `dynamic` members obey differential equations; receptors' states are the SDK's.
    template <class T> struct State {
        T V, w, refractory;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -65., -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::w, "w", "pA", 0., -mfm::infinity, mfm::infinity, "adaptation current"}.role(
                    MFM_ROLE_ADAPTATION),
                mfm::Field{&S::refractory, "refractory", "1", 0., -mfm::infinity, mfm::infinity,
                           "steps left of the refractory period; 0 and below: none"},
            };
        }
    };
    static constexpr int dynamic = 2;

    // What no bound can say; the sentence is shown with the place in the pipeline file.
    static void check(const Parameters<double>& p) {
        if (p.V_reset >= p.V_th) throw mfm::Infeasible("V_reset must lie below V_th");
    }

    // The equations below threshold, per ms; syn(V) is the current of all receptors at potential V, in pA:
    //     C_m V' = -g_L (V - E_L) - w + I_e + syn(V)        tau_w w' = -w
    // The mean field differentiates this function, so branches go through select().
    template <class T>
    MFM_INLINE static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        return {(p.g_L * (p.E_L - s.V) - s.w + p.I_e + syn(s.V)) / p.C_m, -s.w / p.tau_w, T(0.0)};
    }

    // A new cell.
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        s = {p.E_L, T(0.0), T(0.0)};
    }

    // One step of dt for several cells at once: T is a few numbers wide, comparisons give masks, select(mask, a, b)
    // takes the place of if.  What depends on parameters alone is made here, once a call; the lambda runs once a step.
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        const T h(dt), half(0.5 * dt), refractory_steps = ceil(p.t_ref / h - T(1e-9));
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            // Heun's method, of second order; in.start and in.end are the synapses at both ends of the step.
            const State<T> k = derivative(p, s, in.start);
            const State<T> ahead{s.V + h * k.V, s.w + h * k.w, s.refractory};
            const State<T> l = derivative(p, ahead, in.end);
            const auto refractory = s.refractory > T(0.0);
            s.V = select(refractory, p.V_reset, s.V + half * (k.V + l.V));
            s.w = s.w + half * (k.w + l.w);
            const auto spiked = (s.V >= p.V_th) & !refractory;
            s.V = select(spiked, p.V_reset, s.V);
            s.w = select(spiked, s.w + p.b, s.w);
            s.refractory = select(spiked, refractory_steps, s.refractory - T(1.0));
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("my lab", mfm::NeuronModel<Model>);
