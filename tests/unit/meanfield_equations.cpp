// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "meanfield/equations.hpp"
#include "numerics/meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

Circuit feedback_loop() {
    Circuit circuit;
    const std::size_t e = circuit.external("mossy_fibers");
    const std::size_t a = circuit.internal("granule_cell", std::make_shared<Linear>(0, std::vector<double>{1.0, -1.0}));
    const std::size_t b =
        circuit.internal("golgi_cell", std::make_shared<Linear>(0, std::vector<double>{1.0}), 0.02, 178);
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 5.8), 4, 1).source_fraction = 0.9;
    circuit.pathway(b, a, receptor(MFM_RECEPTOR_BIEXPONENTIAL, 13.6, 0.5, -80), 2.5, 2);
    Pathway& pathway = circuit.pathway(a, b, receptor(MFM_RECEPTOR_EXPONENTIAL, 0.875), 590, 0);
    pathway.in_degree = {500, 680};
    pathway.K_sd = 90;
    return circuit;
}

/// The element that is open where another is closed, or that is never closed; "" in balanced markup.
std::string unbalanced(const std::string& markup) {
    std::vector<std::string> open;
    for (std::size_t i = markup.find('<'); i != std::string::npos; i = markup.find('<', i + 1)) {
        const std::string tag = markup.substr(i + 1, markup.find_first_of(" >", i) - i - 1);
        if (tag[0] != '/')
            open.push_back(tag);
        else if (open.empty() || "/" + open.back() != tag)
            return tag;
        else
            open.pop_back();
    }
    return open.empty() ? "" : open.back();
}

/// Markup without its tags and the invisible.
std::string text_of(const std::string& markup) {
    std::string text;
    bool inside = false;
    for (const char c : markup) {
        if (c == '<') inside = true;
        if (!inside) text += c;
        if (c == '>') inside = false;
    }
    return text;
}

} // namespace

TEST_CASE("the equations are printed with every number, once") {
    const std::string expected = R"(Mean field of 3 populations and 3 pathways, synaptic dynamics; 8 state variables.
t in ms, nu, a, b and F in Hz, W in pA, k without unit; ' is d/dt.

Given rates:
  nu[mossy_fibers](t), 100 cells

Synaptic filters (b = nu when settled):
  5.8 a1' = nu[mossy_fibers](t - 1) - a1,  5.8 b1' = a1 - b1
  0.5 a2' = nu[golgi_cell](t - 2) - a2,  13.6 b2' = a2 - b2
  0.875 b3' = nu[granule_cell](t) - b3

Rates:
  granule_cell, 100 cells
    0.5 nu' = Fbar - nu,  Fbar = E_k[F(r1, r2)]
    r1 = k1 0.9 b1: mossy_fibers_to_granule_cell, K 4 +- 0, alpha tau 5.8 ms, Q 1 nS, E_rev 0 mV
    r2 = k2 b2: golgi_cell_to_granule_cell, K 2.5 +- 0, biexponential tau_rise 0.5 ms, tau 13.6 ms, Q 1 nS, E_rev -80 mV
    E_k over mean in-degrees: 1 nodes
  golgi_cell, 100 cells
    0.5 nu' = Fbar exp(-g (W - W_ss)) - nu,  Fbar = E_k[F(r1)]
    W' = -0.02 W + 178 nu / 1000,  W_ss = 8900 Fbar / 1000,  g = d ln Fbar / dI
    r1 = k1 b3: granule_cell_to_golgi_cell, K 590 +- 90, exponential tau 0.875 ms, Q 1 nS, E_rev 0 mV
    E_k over the list of 2 cells (2 distinct): 2 nodes
)";
    CHECK(equations_text(feedback_loop().model()) == expected);
}

TEST_CASE("rate dynamics print neither filters nor delays") {
    Circuit circuit = feedback_loop();
    circuit.config.dynamics = MeanFieldConfig::Dynamics::Rate;
    circuit.config.T = 3.5;
    const std::string text = equations_text(circuit.model());
    CHECK_THAT(text, Catch::Contains("3.5 nu' = Fbar - nu") && Catch::Contains("r2 = k2 nu[golgi_cell]: "));
    CHECK_THAT(text, !Catch::Contains("filters") && !Catch::Contains("(t - ") && !Catch::Contains("W'"));
}

TEST_CASE("the LaTeX equations have as many lines as states and definitions, and escape names") {
    const std::string expected = R"(% t in ms, rates in Hz, W in pA
\begin{align*}
5.8\,\dot a_{1} &= \nu_{\mathrm{mossy\_fibers}}(t - 1) - a_{1} \\
5.8\,\dot b_{1} &= a_{1} - b_{1} \\
0.5\,\dot a_{2} &= \nu_{\mathrm{golgi\_cell}}(t - 2) - a_{2} \\
13.6\,\dot b_{2} &= a_{2} - b_{2} \\
0.875\,\dot b_{3} &= \nu_{\mathrm{granule\_cell}}(t) - b_{3} \\
0.5\,\dot\nu_{\mathrm{granule\_cell}} &= \bar F_{\mathrm{granule\_cell}} - \nu_{\mathrm{granule\_cell}} \\
\bar F_{\mathrm{granule\_cell}} &= \mathrm{E}_k\!\left[F_{\mathrm{granule\_cell}}(0.9\,k_{1}b_{1},\, k_{2}b_{2})\right] \\
0.5\,\dot\nu_{\mathrm{golgi\_cell}} &= \bar F_{\mathrm{golgi\_cell}}\,e^{-g_{\mathrm{golgi\_cell}} (W_{\mathrm{golgi\_cell}} - W^{ss}_{\mathrm{golgi\_cell}})} - \nu_{\mathrm{golgi\_cell}} \\
\bar F_{\mathrm{golgi\_cell}} &= \mathrm{E}_k\!\left[F_{\mathrm{golgi\_cell}}(k_{1}b_{3})\right] \\
\dot W_{\mathrm{golgi\_cell}} &= -0.02\,W_{\mathrm{golgi\_cell}} + 178\cdot 10^{-3}\,\nu_{\mathrm{golgi\_cell}} \\
W^{ss}_{\mathrm{golgi\_cell}} &= 8900\cdot 10^{-3}\,\bar F_{\mathrm{golgi\_cell}}, \qquad g_{\mathrm{golgi\_cell}} = \partial \ln \bar F_{\mathrm{golgi\_cell}} / \partial I
\end{align*}
\begin{tabular}{llrrrrr}
pathway & receptor & $K$ & sd & $Q$ & $\tau$ (ms) & delay (ms) \\
\hline
$\mathrm{mossy\_fibers\_to\_granule\_cell}$ & $0$ mV & $4$ & $0$ & $1$ nS & $5.8$ & $1$ \\
$\mathrm{golgi\_cell\_to\_granule\_cell}$ & $-80$ mV & $2.5$ & $0$ & $1$ nS & $0.5,\ 13.6$ & $2$ \\
$\mathrm{granule\_cell\_to\_golgi\_cell}$ & $0$ mV & $590$ & $90$ & $1$ nS & $0.875$ & $0$ \\
\end{tabular}
)";
    CHECK(equations_latex(feedback_loop().model()) == expected);
}

TEST_CASE("the master equation's second order prints every covariance with the populations it is made from") {
    Circuit circuit = feedback_loop();
    circuit.config.dynamics = MeanFieldConfig::Dynamics::MasterEquation;
    circuit.config.T = 4;
    const std::string expected =
        R"(Mean field of 3 populations and 3 pathways, the master equation to order 2; 8 state variables.
t in ms, nu, a, b and F in Hz, W in pA, C in Hz^2, k without unit; ' is d/dt.

Given rates:
  nu[mossy_fibers](t), 100 cells

Rates:
  granule_cell, 100 cells
    4 nu' = Fbar - nu
        + 1/2 C[mossy_fibers,mossy_fibers] d2Fbar[granule_cell]/dnu[mossy_fibers]^2
        + C[mossy_fibers,golgi_cell] d2Fbar[granule_cell]/dnu[mossy_fibers]dnu[golgi_cell]
        + 1/2 C[golgi_cell,golgi_cell] d2Fbar[granule_cell]/dnu[golgi_cell]^2,  Fbar = E_k[F(r1, r2)]
    r1 = k1 0.9 nu[mossy_fibers]: mossy_fibers_to_granule_cell, K 4 +- 0, alpha tau 5.8 ms, Q 1 nS, E_rev 0 mV
    r2 = k2 nu[golgi_cell]: golgi_cell_to_granule_cell, K 2.5 +- 0, biexponential tau_rise 0.5 ms, tau 13.6 ms, Q 1 nS, E_rev -80 mV
    E_k over mean in-degrees: 1 nodes
  golgi_cell, 100 cells
    4 nu' = Fbar - nu
        + 1/2 C[granule_cell,granule_cell] d2Fbar[golgi_cell]/dnu[granule_cell]^2,  Fbar = E_k[F(r1)]
    r1 = k1 nu[granule_cell]: granule_cell_to_golgi_cell, K 590 +- 90, exponential tau 0.875 ms, Q 1 nS, E_rev 0 mV
    E_k over the list of 2 cells (2 distinct): 2 nodes

Covariances of the activity within T (given rates are those of independent cells):
  4 C[mossy_fibers,mossy_fibers]' = nu[mossy_fibers] (250 - nu[mossy_fibers]) / 100
       - 2 C[mossy_fibers,mossy_fibers]
  4 C[mossy_fibers,granule_cell]' =
       C[mossy_fibers,mossy_fibers] dFbar[granule_cell]/dnu[mossy_fibers]
       + C[mossy_fibers,golgi_cell] dFbar[granule_cell]/dnu[golgi_cell]
       - 2 C[mossy_fibers,granule_cell]
  4 C[mossy_fibers,golgi_cell]' =
       C[mossy_fibers,granule_cell] dFbar[golgi_cell]/dnu[granule_cell]
       - 2 C[mossy_fibers,golgi_cell]
  4 C[granule_cell,granule_cell]' = Fbar[granule_cell] (250 - Fbar[granule_cell]) / 100
       + (Fbar[granule_cell] - nu[granule_cell])^2
       + 2 C[mossy_fibers,granule_cell] dFbar[granule_cell]/dnu[mossy_fibers]
       + 2 C[granule_cell,golgi_cell] dFbar[granule_cell]/dnu[golgi_cell]
       - 2 C[granule_cell,granule_cell]
  4 C[granule_cell,golgi_cell]' =
       (Fbar[granule_cell] - nu[granule_cell]) (Fbar[golgi_cell] - nu[golgi_cell])
       + C[granule_cell,granule_cell] dFbar[golgi_cell]/dnu[granule_cell]
       + C[mossy_fibers,golgi_cell] dFbar[granule_cell]/dnu[mossy_fibers]
       + C[golgi_cell,golgi_cell] dFbar[granule_cell]/dnu[golgi_cell]
       - 2 C[granule_cell,golgi_cell]
  4 C[golgi_cell,golgi_cell]' = Fbar[golgi_cell] (250 - Fbar[golgi_cell]) / 100
       + (Fbar[golgi_cell] - nu[golgi_cell])^2
       + 2 C[granule_cell,golgi_cell] dFbar[golgi_cell]/dnu[granule_cell]
       - 2 C[golgi_cell,golgi_cell]
)";
    CHECK(equations_text(circuit.model()) == expected);
    const std::string expected_latex = R"(% t in ms, rates in Hz, W in pA
\begin{align*}
4\,\dot\nu_{\mathrm{granule\_cell}} &= \bar F_{\mathrm{granule\_cell}} - \nu_{\mathrm{granule\_cell}} + \tfrac12\,C_{\mathrm{mossy\_fibers},\mathrm{mossy\_fibers}} \,\frac{\partial^2 \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{mossy\_fibers}} \partial \nu_{\mathrm{mossy\_fibers}}} \\
&\quad + C_{\mathrm{mossy\_fibers},\mathrm{golgi\_cell}} \,\frac{\partial^2 \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{mossy\_fibers}} \partial \nu_{\mathrm{golgi\_cell}}} \\
&\quad + \tfrac12\,C_{\mathrm{golgi\_cell},\mathrm{golgi\_cell}} \,\frac{\partial^2 \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{golgi\_cell}} \partial \nu_{\mathrm{golgi\_cell}}} \\
\bar F_{\mathrm{granule\_cell}} &= \mathrm{E}_k\!\left[F_{\mathrm{granule\_cell}}(0.9\,k_{1}\nu_{\mathrm{mossy\_fibers}},\, k_{2}\nu_{\mathrm{golgi\_cell}})\right] \\
4\,\dot\nu_{\mathrm{golgi\_cell}} &= \bar F_{\mathrm{golgi\_cell}} - \nu_{\mathrm{golgi\_cell}} + \tfrac12\,C_{\mathrm{granule\_cell},\mathrm{granule\_cell}} \,\frac{\partial^2 \bar F_{\mathrm{golgi\_cell}}}{\partial \nu_{\mathrm{granule\_cell}} \partial \nu_{\mathrm{granule\_cell}}} \\
\bar F_{\mathrm{golgi\_cell}} &= \mathrm{E}_k\!\left[F_{\mathrm{golgi\_cell}}(k_{1}\nu_{\mathrm{granule\_cell}})\right] \\
4\,\dot C_{\mathrm{mossy\_fibers},\mathrm{mossy\_fibers}} &= \nu_{\mathrm{mossy\_fibers}} (250 - \nu_{\mathrm{mossy\_fibers}}) / 100 - 2\,C_{\mathrm{mossy\_fibers},\mathrm{mossy\_fibers}} \\
4\,\dot C_{\mathrm{mossy\_fibers},\mathrm{granule\_cell}} &= C_{\mathrm{mossy\_fibers},\mathrm{mossy\_fibers}} \,\frac{\partial \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{mossy\_fibers}}} \\
&\quad + C_{\mathrm{mossy\_fibers},\mathrm{golgi\_cell}} \,\frac{\partial \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{golgi\_cell}}} - 2\,C_{\mathrm{mossy\_fibers},\mathrm{granule\_cell}} \\
4\,\dot C_{\mathrm{mossy\_fibers},\mathrm{golgi\_cell}} &= C_{\mathrm{mossy\_fibers},\mathrm{granule\_cell}} \,\frac{\partial \bar F_{\mathrm{golgi\_cell}}}{\partial \nu_{\mathrm{granule\_cell}}} - 2\,C_{\mathrm{mossy\_fibers},\mathrm{golgi\_cell}} \\
4\,\dot C_{\mathrm{granule\_cell},\mathrm{granule\_cell}} &= \bar F_{\mathrm{granule\_cell}} (250 - \bar F_{\mathrm{granule\_cell}}) / 100 + (\bar F_{\mathrm{granule\_cell}} - \nu_{\mathrm{granule\_cell}})^2 \\
&\quad + 2 C_{\mathrm{mossy\_fibers},\mathrm{granule\_cell}} \,\frac{\partial \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{mossy\_fibers}}} + 2 C_{\mathrm{granule\_cell},\mathrm{golgi\_cell}} \,\frac{\partial \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{golgi\_cell}}} \\
&\quad - 2\,C_{\mathrm{granule\_cell},\mathrm{granule\_cell}} \\
4\,\dot C_{\mathrm{granule\_cell},\mathrm{golgi\_cell}} &= (\bar F_{\mathrm{granule\_cell}} - \nu_{\mathrm{granule\_cell}}) (\bar F_{\mathrm{golgi\_cell}} - \nu_{\mathrm{golgi\_cell}}) \\
&\quad + C_{\mathrm{granule\_cell},\mathrm{granule\_cell}} \,\frac{\partial \bar F_{\mathrm{golgi\_cell}}}{\partial \nu_{\mathrm{granule\_cell}}} + C_{\mathrm{mossy\_fibers},\mathrm{golgi\_cell}} \,\frac{\partial \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{mossy\_fibers}}} \\
&\quad + C_{\mathrm{golgi\_cell},\mathrm{golgi\_cell}} \,\frac{\partial \bar F_{\mathrm{granule\_cell}}}{\partial \nu_{\mathrm{golgi\_cell}}} - 2\,C_{\mathrm{granule\_cell},\mathrm{golgi\_cell}} \\
4\,\dot C_{\mathrm{golgi\_cell},\mathrm{golgi\_cell}} &= \bar F_{\mathrm{golgi\_cell}} (250 - \bar F_{\mathrm{golgi\_cell}}) / 100 + (\bar F_{\mathrm{golgi\_cell}} - \nu_{\mathrm{golgi\_cell}})^2 \\
&\quad + 2 C_{\mathrm{granule\_cell},\mathrm{golgi\_cell}} \,\frac{\partial \bar F_{\mathrm{golgi\_cell}}}{\partial \nu_{\mathrm{granule\_cell}}} - 2\,C_{\mathrm{golgi\_cell},\mathrm{golgi\_cell}}
\end{align*}
\begin{tabular}{llrrrrr}
pathway & receptor & $K$ & sd & $Q$ & $\tau$ (ms) & delay (ms) \\
\hline
$\mathrm{mossy\_fibers\_to\_granule\_cell}$ & $0$ mV & $4$ & $0$ & $1$ nS & $5.8$ & $1$ \\
$\mathrm{golgi\_cell\_to\_granule\_cell}$ & $-80$ mV & $2.5$ & $0$ & $1$ nS & $0.5,\ 13.6$ & $2$ \\
$\mathrm{granule\_cell\_to\_golgi\_cell}$ & $0$ mV & $590$ & $90$ & $1$ nS & $0.875$ & $0$ \\
\end{tabular}
)";
    CHECK(equations_latex(circuit.model()) == expected_latex);
    const std::string mathml = equations_mathml(circuit.model());
    CHECK(unbalanced(mathml) == "");
    CHECK_THAT(text_of(mathml),
               Catch::Contains(
                   "4C˙mossy_fibers,mossy_fibers=νmossy_fibers(250−νmossy_fibers)/100−2Cmossy_fibers,mossy_fibers"));
    circuit.config.order = 1;
    CHECK_THAT(equations_text(circuit.model()),
               Catch::Contains("the master equation to order 1; 2 state variables") && !Catch::Contains("C["));
}

TEST_CASE("the equations as MathML are balanced, have every number, and names stay text") {
    Circuit circuit = feedback_loop();
    const std::string mathml = equations_mathml(circuit.model()), text = text_of(mathml);
    CHECK(unbalanced(mathml) == "");
    CHECK_THAT(text, Catch::Contains("5.8a˙1=νmossy_fibers(t−1)−a1,5.8b˙1=a1−b1"));
    CHECK_THAT(text, Catch::Contains("0.875b˙3=νgranule_cell(t)−b3"));
    CHECK_THAT(text, Catch::Contains("0.5ν˙granule_cell=F¯granule_cell−νgranule_cell"));
    CHECK_THAT(text, Catch::Contains("F¯granule_cell=Ek[Fgranule_cell(0.9k1b1,k2b2)]"));
    CHECK_THAT(text,
               Catch::Contains("0.5ν˙golgi_cell=F¯golgi_celle−ggolgi_cell(Wgolgi_cell−Wgolgi_cellss)−νgolgi_cell"));
    CHECK_THAT(text, Catch::Contains("W˙golgi_cell=−0.02Wgolgi_cell+178·10−3νgolgi_cell"));
    CHECK_THAT(text, Catch::Contains("k1: granule_cell_to_golgi_cell, 590 ± 90"));
    circuit.config.T = 1e-5;
    CHECK_THAT(text_of(equations_mathml(circuit.model())), Catch::Contains("1·10−5ν˙"));
    Circuit odd;
    odd.internal("<b>&", std::make_shared<Linear>(0, std::vector<double>{}));
    CHECK_THAT(equations_mathml(odd.model()), Catch::Contains("&lt;b&gt;&amp;") && !Catch::Contains("<b>"));
}
