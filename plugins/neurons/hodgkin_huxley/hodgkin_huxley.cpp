// SPDX-License-Identifier: Apache-2.0
#include <mfm/neuron.hpp>

#include "mfm_page.h"

namespace {

struct HodgkinHuxley {
    static constexpr auto id = "hodgkin_huxley", version = "1.0.0",
                          summary = "Hodgkin-Huxley cell with the sodium and potassium currents of Traub and Miles",
                          citation = "Traub & Miles 1991, Neuronal Networks of the Hippocampus; Brette et al. 2007, "
                                     "doi:10.1007/s10827-007-0038-6; Carlu et al. 2020, doi:10.1152/jn.00399.2019";
    static constexpr auto documentation = mfm_page;

    template <class T> struct Parameters {
        T C_m, g_L, E_L, g_Na, E_Na, g_K, E_K, V_T, V_peak, t_ref, I_e;
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
                mfm::Field{&P::g_Na, "g_Na", "nS", 20000.0, 0.0, 1e7, "peak sodium conductance"}.per_neuron(),
                mfm::Field{&P::E_Na, "E_Na", "mV", 50.0, -200.0, 200.0, "sodium reversal potential"}.per_neuron(),
                mfm::Field{&P::g_K, "g_K", "nS", 6000.0, 0.0, 1e7, "peak potassium conductance"}.per_neuron(),
                mfm::Field{&P::E_K, "E_K", "mV", -90.0, -200.0, 100.0, "potassium reversal potential"}.per_neuron(),
                mfm::Field{&P::V_T, "V_T", "mV", -63.0, -200.0, 100.0,
                           "shifts the gates' voltages; a spike sets in some 13 mV above"}
                    .per_neuron(),
                mfm::Field{&P::V_peak, "V_peak", "mV", -20.0, -200.0, 200.0,
                           "potential whose upward crossing is a spike"}
                    .per_neuron(),
                mfm::Field{&P::t_ref, "t_ref", "ms", 2.0, 0.0, 1e3,
                           "after a spike no other is counted for so long; the membrane goes on"}
                    .per_neuron()
                    .role(MFM_ROLE_REFRACTORY),
                mfm::Field{&P::I_e, "I_e", "pA", 0.0, -1e6, 1e6, "constant current"}.per_neuron().role(
                    MFM_ROLE_CURRENT),
            };
        }
    };
    template <class T> struct State {
        T V, m, h, n, refractory;
        static constexpr auto fields() {
            using S = State;
            return std::tuple{
                mfm::Field{&S::V, "V_m", "mV", -60.0, -mfm::infinity, mfm::infinity, "membrane potential"}.role(
                    MFM_ROLE_VOLTAGE),
                mfm::Field{&S::m, "Act_m", "1", 0.027, 0.0, 1.0, "activation of sodium"},
                mfm::Field{&S::h, "Inact_h", "1", 0.991, 0.0, 1.0, "inactivation of sodium"},
                mfm::Field{&S::n, "Act_n", "1", 0.060, 0.0, 1.0, "activation of potassium"},
                mfm::Field{&S::refractory, "refractory", "1", 0.0, -mfm::infinity, mfm::infinity,
                           "steps left in which no spike is counted, 0 and below outside of them"},
            };
        }
    };
    static constexpr int dynamic = 4;

    /// Opening and closing rates of a gate, 1/ms: x' = opens (1 - x) - closes x.
    template <class T> struct Gate { T opens, closes; };
    template <class T> struct Gates { Gate<T> m, h, n; };
    /// The rates of Traub and Miles at v = V - V_T.  With L(x) = x/(e^x - 1), which is x + L(x) at -x:
    ///   opens:  m 1.28 L((13 - v)/4)    h 0.128 e^((17 - v)/18)       n 0.16 L((15 - v)/5)
    ///   closes: m 1.40 L((v - 40)/5)    h 4/(1 + e^((40 - v)/5))      n 0.5 e^((10 - v)/40)
    /// All but one exponential are powers of e^(-v/40), and the quotients share one division, which costs as much as
    /// two exponentials.
    template <class T> MFM_INLINE static Gates<T> gates(const T& v_any) {
        const T v = min(max(v_any, T(-200.0)), T(300.0)); // no rate is of use beyond
        const T z = exp(v * T(-1.0 / 40.0)), z2 = z * z, z4 = z2 * z2, z8 = z4 * z4;
        const T x1 = fma(v, T(-0.25), T(3.25)), x2 = fma(v, T(-0.2), T(8.0)), x3 = fma(v, T(-0.2), T(3.0));
        constexpr double e_8 = 2980.9579870417283;
        const T E = z8 * T(e_8);
        const T D1 = fma(z8 * z2, T(25.790339917193062), T(-1.0)), D2 = E - T(1.0),
                D3 = fma(z8, T(20.085536923187668), T(-1.0)), D4 = E + T(1.0);
        // Where e^x - 1 loses digits there is L's series; the quotient is not used there.
        const auto near = [](const T& x) { return x * x < T(0.0025); };
        const T one(1.0), d1 = select(near(x1), one, D1), d2 = select(near(x2), one, D2),
                          d3 = select(near(x3), one, D3);
        const T d12 = d1 * d2, d34 = d3 * D4, all = one / (d12 * d34), of12 = all * d34, of34 = all * d12;
        const auto L = [&](const T& x, const T& inverse) {
            const T x2 = x * x;
            return select(near(x), fma(x2, fma(x2, T(-1.0 / 720.0), T(1.0 / 12.0)), fma(x, T(-0.5), one)), x * inverse);
        };
        const T m_opens = T(1.28) * L(x1, of12 * d2), m_closes = T(1.4) * (x2 + L(x2, of12 * d1)),
                n_opens = T(0.16) * L(x3, of34 * D4);
        const T h_opens = T(0.128) * exp(fma(v, T(-1.0 / 18.0), T(17.0 / 18.0)));
        return {{m_opens, m_closes}, {h_opens, T(4.0) * of34 * d3}, {n_opens, T(0.5 * 1.2840254166877414) * z}};
    }

    /// C_m V' = -g_L (V - E_L) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) + I_e + I_syn(V)
    template <class T> struct Membrane {
        T conductance, current; // nS, pA: -conductance V + current flows
        MFM_INLINE Membrane(const Parameters<T>& p, const T& m, const T& h, const T& n) {
            const T n2 = n * n, Na = p.g_Na * (m * m) * (m * h), K = p.g_K * (n2 * n2);
            conductance = p.g_L + Na + K;
            current = fma(p.g_L, p.E_L, fma(Na, p.E_Na, fma(K, p.E_K, p.I_e)));
        }
    };
    template <class T>
    static State<T> derivative(const Parameters<T>& p, const State<T>& s, const mfm::Synapses<T>& syn) {
        const Gates<T> g = gates<T>(s.V - p.V_T);
        const Membrane<T> membrane(p, s.m, s.h, s.n);
        const auto rate = [](const Gate<T>& gate, const T& x) { return gate.opens - (gate.opens + gate.closes) * x; };
        return {(syn(s.V) + membrane.current - membrane.conductance * s.V) / p.C_m, rate(g.m, s.m), rate(g.h, s.h),
                rate(g.n, s.n), T(0.0)};
    }
    template <class T> static void initialise(const Parameters<T>& p, double, State<T>& s, mfm::Random<T>&) {
        const Gates<T> g = gates<T>(p.E_L - p.V_T);
        const auto settled = [](const Gate<T>& gate) { return gate.opens / (gate.opens + gate.closes); };
        s = {p.E_L, settled(g.m), settled(g.h), settled(g.n), T(0.0)};
    }

    /// Substeps of a step.
    static constexpr int substeps = 2;
    /// Strang splitting: V is linear while the gates stand, the gates are linear while V stands, and each moves by its
    /// exact propagator (Rush & Larsen 1978): V for half a substep, the gates for a whole one, V for the other half.
    /// Second order, and stable at any step.
    template <class T> MFM_INLINE static auto prepare(const Parameters<T>& p, double dt) {
        constexpr int N = substeps;
        const T minus_h(-dt / N), inverse_C = T(1.0) / p.C_m, refractory_steps = ceil(p.t_ref / T(dt) - T(1e-9));
        const T minus_h_C = minus_h * inverse_C, minus_half_C = T(0.5) * minus_h_C;
        return [=](State<T> & s, const mfm::Input<T>& in, mfm::Random<T>&) __attribute__((always_inline)) {
            const T one(1.0), before = s.V;
            T V = s.V, m = s.m, h = s.h, n = s.n;
            const T dg = in.end.g - in.start.g, dgE = in.end.gE - in.start.gE;
            // The membrane over a span whose middle is at this part of the step.
            const auto move = [&](double middle, const T& minus_span_C) __attribute__((always_inline)) {
                const Membrane<T> membrane(p, m, h, n);
                const T G = membrane.conductance + fma(dg, T(middle), in.start.g),
                        V_end = (membrane.current + fma(dgE, T(middle), in.start.gE)) / G;
                V = fma(V - V_end, quick_exp(G * minus_span_C), V_end);
            };
            move(0.25 / N, minus_half_C);
            mfm::detail::unrolled<N>([&](int k) __attribute__((always_inline)) {
                const Gates<T> g = gates<T>(V - p.V_T);
                const T sm = g.m.opens + g.m.closes, sh = g.h.opens + g.h.closes, sn = g.n.opens + g.n.closes;
                const T smh = sm * sh, all = one / (smh * sn), of_mh = all * sn;
                const auto gate = [&](T & x, const Gate<T>& of, const T& sum, const T& inverse)
                    __attribute__((always_inline)) {
                    const T settled = of.opens * inverse;
                    x = fma(x - settled, quick_exp(sum * minus_h), settled);
                };
                gate(m, g.m, sm, of_mh * sh);
                gate(h, g.h, sh, of_mh * sm);
                gate(n, g.n, sn, all * smh);
                if (k + 1 < N)
                    move((k + 1.0) / N, minus_h_C);
                else
                    move(1.0 - 0.25 / N, minus_half_C);
            });
            s.m = m, s.h = h, s.n = n, s.V = V;
            const auto spiked = (before < p.V_peak) & (V >= p.V_peak) & !(s.refractory > T(0.0));
            s.refractory = select(spiked, refractory_steps, s.refractory - T(1.0));
            return spiked;
        };
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::NeuronModel<HodgkinHuxley>);
