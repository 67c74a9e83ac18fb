// SPDX-License-Identifier: Apache-2.0
#include "meanfield/equations.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "meanfield/equation_terms.hpp"

namespace mfm {
namespace {

std::string latex_number(double x) {
    std::string text = equation_number(x);
    const std::size_t e = text.find('e');
    if (e == std::string::npos) return text;
    return fmt::format("{} \\cdot 10^{{{}}}", text.substr(0, e), std::stoi(text.substr(e + 1)));
}

std::string latex_name(const std::string& name) {
    std::string text;
    for (const char c : name) {
        if (std::string_view("_&%#${}").find(c) != std::string_view::npos) text += '\\';
        text += c;
    }
    return fmt::format("\\mathrm{{{}}}", text);
}

std::string receptor_text(const Pathway& pathway) {
    const mfm_receptor& receptor = pathway.receptor;
    std::string text = receptor.shape == MFM_RECEPTOR_ALPHA         ? "alpha"
                       : receptor.shape == MFM_RECEPTOR_EXPONENTIAL ? "exponential"
                       : receptor.shape == MFM_RECEPTOR_DELTA       ? "delta"
                                                                    : "biexponential";
    if (receptor.shape == MFM_RECEPTOR_BIEXPONENTIAL)
        text += fmt::format(" tau_rise {} ms,", equation_number(receptor.tau_rise));
    text += fmt::format(" tau {} ms, ", equation_number(receptor.tau));
    text +=
        ((receptor.flags & MFM_RECEPTOR_CURRENT) != 0
             ? fmt::format("Q {} {}", equation_number(pathway.Q), receptor.shape == MFM_RECEPTOR_DELTA ? "fC" : "pA")
             : fmt::format("Q {} nS, E_rev {} mV", equation_number(pathway.Q), equation_number(receptor.E_rev)));
    return text;
}

std::string tap_text(const Dynamics& dynamics, const Dynamics::Tap& tap) {
    const std::string& source = dynamics.model().populations()[tap.source].name;
    return tap.delay > 0 ? fmt::format("nu[{}](t - {})", source, equation_number(tap.delay))
                         : fmt::format("nu[{}](t)", source);
}

std::string tap_latex(const Dynamics& dynamics, const Dynamics::Tap& tap) {
    const std::string source = latex_name(dynamics.model().populations()[tap.source].name);
    return tap.delay > 0 ? fmt::format("\\nu_{{{}}}(t - {})", source, latex_number(tap.delay))
                         : fmt::format("\\nu_{{{}}}(t)", source);
}

std::string dynamics_text(const MeanFieldModel& model) {
    switch (model.config().dynamics) {
    case MeanFieldConfig::Dynamics::Synaptic:
        return "synaptic dynamics";
    case MeanFieldConfig::Dynamics::Rate:
        return "rate dynamics";
    case MeanFieldConfig::Dynamics::MasterEquation:
        break;
    }
    return fmt::format("the master equation to order {}", model.config().order);
}

Notation plain_notation(const MeanFieldModel& model) {
    const auto name = [&model](std::size_t p) { return model.populations()[p].name; };
    Notation n{"1/2 ", "^2", equation_number, {}, {}, {}, {}, {}};
    n.nu = [=](std::size_t a) { return fmt::format("nu[{}]", name(a)); };
    n.F = [=](std::size_t a) { return fmt::format("Fbar[{}]", name(a)); };
    n.C = [=](std::size_t a, std::size_t b) { return fmt::format("C[{},{}]", name(a), name(b)); };
    n.slope = [=](std::size_t a, std::size_t b) { return fmt::format("dFbar[{}]/dnu[{}]", name(a), name(b)); };
    n.curvature = [=](std::size_t a, std::size_t b, std::size_t c) {
        return b == c ? fmt::format("d2Fbar[{}]/dnu[{}]^2", name(a), name(b))
                      : fmt::format("d2Fbar[{}]/dnu[{}]dnu[{}]", name(a), name(b), name(c));
    };
    return n;
}

Notation latex_notation(const MeanFieldModel& model) {
    const auto name = [&model](std::size_t p) { return latex_name(model.populations()[p].name); };
    Notation n{"\\tfrac12\\,", "^2", latex_number, {}, {}, {}, {}, {}};
    n.nu = [=](std::size_t a) { return fmt::format("\\nu_{{{}}}", name(a)); };
    n.F = [=](std::size_t a) { return fmt::format("\\bar F_{{{}}}", name(a)); };
    n.C = [=](std::size_t a, std::size_t b) { return fmt::format("C_{{{},{}}}", name(a), name(b)); };
    n.slope = [=](std::size_t a, std::size_t b) {
        return fmt::format("\\,\\frac{{\\partial \\bar F_{{{}}}}}{{\\partial \\nu_{{{}}}}}", name(a), name(b));
    };
    n.curvature = [=](std::size_t a, std::size_t b, std::size_t c) {
        return fmt::format("\\,\\frac{{\\partial^2 \\bar F_{{{}}}}}{{\\partial \\nu_{{{}}} \\partial \\nu_{{{}}}}}",
                           name(a), name(b), name(c));
    };
    return n;
}

constexpr std::size_t page = 92, latex_line = 320; // characters that terms are broken at

/// Terms behind `first`, with a new line wherever one would become wider than a page.
std::string broken(std::string first, const std::vector<std::string>& terms, const std::string& last,
                   const std::string& new_line, std::size_t width) {
    std::size_t used = first.size();
    bool nothing = first.ends_with('='); // a sum begins here
    const auto add = [&](const std::string& term) {
        if (used + term.size() > width) {
            first += new_line;
            used = 0;
        }
        first += term;
        used += term.size();
        nothing = false;
    };
    for (const std::string& term : terms) add((nothing ? " " : " + ") + term);
    if (!last.empty()) add(" - " + last);
    return first;
}

} // namespace

std::string equations_text(const MeanFieldModel& model) {
    const Dynamics dynamics(model);
    const bool synaptic = is_synaptic(model);
    std::string text = fmt::format("Mean field of {} populations and {} pathways, {}; {} state variables.\n"
                                   "t in ms, nu, a, b and F in Hz, W in pA, {}k without unit; ' is d/dt.\n",
                                   model.populations().size(), model.pathways().size(), dynamics_text(model),
                                   dynamics.size(), dynamics.master_equation() != nullptr ? "C in Hz^2, " : "");
    if (!model.external().empty()) {
        text += "\nGiven rates:\n";
        for (const std::size_t p : model.external())
            text += fmt::format("  nu[{}](t), {}\n", model.populations()[p].name,
                                model.populations()[p].drive ? "a Poisson train of its own for every cell"
                                                             : fmt::format("{} cells", model.populations()[p].n));
    }
    if (synaptic) {
        text += "\nSynaptic filters (b = nu when settled):\n";
        for (std::size_t f = 0; f < dynamics.filters().size(); ++f) {
            const Dynamics::Filter& filter = dynamics.filters()[f];
            const std::string tap = tap_text(dynamics, dynamics.taps()[filter.tap]);
            if (filter.tau_first > 0)
                text += fmt::format("  {} a{}' = {} - a{},  {} b{}' = a{} - b{}\n", equation_number(filter.tau_first),
                                    f + 1, tap, f + 1, equation_number(filter.tau), f + 1, f + 1, f + 1);
            else
                text += fmt::format("  {} b{}' = {} - b{}\n", equation_number(filter.tau), f + 1, tap, f + 1);
        }
    }
    text += "\nRates:\n";
    for (const std::size_t p : model.internal()) {
        const PopulationModel& population = model.populations()[p];
        const auto& into = model.pathways_into(p);
        std::string arguments;
        for (std::size_t i = 0; i < into.size(); ++i) arguments += fmt::format("{}r{}", i == 0 ? "" : ", ", i + 1);
        const bool adapts = model.adapts(p);
        std::string rate = fmt::format("    {} nu' = Fbar{} - nu", equation_number(model.config().T),
                                       adapts ? " exp(-g (W - W_ss))" : "");
        if (const MasterEquation* master = dynamics.master_equation())
            rate = broken(rate, correction_terms(model, *master, plain_notation(model), p), "", "\n       ", page);
        text += fmt::format("  {}, {} cells\n{},  Fbar = E_k[F({})]\n", population.name, population.n, rate, arguments);
        if (adapts)
            text += fmt::format("    W' = -{} W + {} nu / 1000,  W_ss = {} Fbar / 1000,  g = d ln Fbar / dI\n",
                                equation_number(population.adaptation_rate),
                                equation_number(population.adaptation_increment),
                                equation_number(population.adaptation_increment / population.adaptation_rate));
        for (std::size_t i = 0; i < into.size(); ++i) {
            const Pathway& pathway = model.pathways()[into[i]];
            const std::string fraction =
                pathway.source_fraction == 1 ? "" : fmt::format(" {}", equation_number(pathway.source_fraction));
            const std::string rate = synaptic ? fmt::format("b{}", filter_number(dynamics, p, i))
                                              : fmt::format("nu[{}]", model.populations()[pathway.source].name);
            text += fmt::format("    r{} = k{}{} {}: {}, K {} +- {}, {}\n", i + 1, i + 1, fraction, rate, pathway.name,
                                equation_number(pathway.K), equation_number(pathway.K_sd), receptor_text(pathway));
        }
        const InDegreeNodes& nodes = model.nodes(p);
        text += fmt::format("    E_k over {}: {} nodes", nodes.rule, nodes.size());
        text += nodes.covariance_error > 1e-9
                    ? fmt::format(", covariance within {}\n", equation_number(nodes.covariance_error))
                    : "\n";
    }
    if (const MasterEquation* master = dynamics.master_equation()) {
        text += "\nCovariances of the activity within T (given rates are those of independent cells):\n";
        const Notation n = plain_notation(model);
        for (const auto& [a, b] : master->pairs())
            text +=
                broken(fmt::format("  {} {}' =", equation_number(model.config().T), n.C(a, b)),
                       covariance_terms(model, *master, n, a, b), fmt::format("2 {}", n.C(a, b)), "\n      ", page) +
                "\n";
    }
    return text;
}

std::string equations_latex(const MeanFieldModel& model) {
    const Dynamics dynamics(model);
    const bool synaptic = is_synaptic(model);
    std::string text = "% t in ms, rates in Hz, W in pA\n\\begin{align*}\n";
    const auto line = [&](const std::string& equation) { text += equation + " \\\\\n"; };
    for (std::size_t f = 0; synaptic && f < dynamics.filters().size(); ++f) {
        const Dynamics::Filter& filter = dynamics.filters()[f];
        const std::string tap = tap_latex(dynamics, dynamics.taps()[filter.tap]);
        if (filter.tau_first > 0) {
            line(
                fmt::format("{}\\,\\dot a_{{{}}} &= {} - a_{{{}}}", latex_number(filter.tau_first), f + 1, tap, f + 1));
            line(fmt::format("{}\\,\\dot b_{{{}}} &= a_{{{}}} - b_{{{}}}", latex_number(filter.tau), f + 1, f + 1,
                             f + 1));
        } else {
            line(fmt::format("{}\\,\\dot b_{{{}}} &= {} - b_{{{}}}", latex_number(filter.tau), f + 1, tap, f + 1));
        }
    }
    for (const std::size_t p : model.internal()) {
        const PopulationModel& population = model.populations()[p];
        const std::string name = latex_name(population.name);
        const auto& into = model.pathways_into(p);
        std::string arguments;
        for (std::size_t i = 0; i < into.size(); ++i) {
            const Pathway& pathway = model.pathways()[into[i]];
            const std::string fraction =
                pathway.source_fraction == 1 ? "" : fmt::format("{}\\,", latex_number(pathway.source_fraction));
            const std::string rate =
                synaptic ? fmt::format("b_{{{}}}", filter_number(dynamics, p, i))
                         : fmt::format("\\nu_{{{}}}", latex_name(model.populations()[pathway.source].name));
            arguments += fmt::format("{}{}k_{{{}}}{}", i == 0 ? "" : ",\\, ", fraction, i + 1, rate);
        }
        const std::string F = fmt::format("\\bar F_{{{}}}", name);
        const std::string adaptation =
            model.adapts(p) ? fmt::format("\\,e^{{-g_{{{}}} (W_{{{}}} - W^{{ss}}_{{{}}})}}", name, name, name) : "";
        std::string rate = fmt::format("{}\\,\\dot\\nu_{{{}}} &= {}{} - \\nu_{{{}}}", latex_number(model.config().T),
                                       name, F, adaptation, name);
        if (const MasterEquation* master = dynamics.master_equation())
            rate = broken(rate, correction_terms(model, *master, latex_notation(model), p), "", " \\\\\n&\\quad",
                          latex_line);
        line(rate);
        line(fmt::format("{} &= \\mathrm{{E}}_k\\!\\left[F_{{{}}}({})\\right]", F, name, arguments));
        if (!model.adapts(p)) continue;
        line(fmt::format("\\dot W_{{{}}} &= -{}\\,W_{{{}}} + {}\\cdot 10^{{-3}}\\,\\nu_{{{}}}", name,
                         latex_number(population.adaptation_rate), name, latex_number(population.adaptation_increment),
                         name));
        line(fmt::format(
            "W^{{ss}}_{{{}}} &= {}\\cdot 10^{{-3}}\\,{}, \\qquad g_{{{}}} = \\partial \\ln {} / \\partial I", name,
            latex_number(population.adaptation_increment / population.adaptation_rate), F, name, F));
    }
    if (const MasterEquation* master = dynamics.master_equation()) {
        const Notation n = latex_notation(model);
        for (const auto& [a, b] : master->pairs())
            line(broken(fmt::format("{}\\,\\dot {} &=", latex_number(model.config().T), n.C(a, b)),
                        covariance_terms(model, *master, n, a, b), fmt::format("2\\,{}", n.C(a, b)), " \\\\\n&\\quad",
                        latex_line));
    }
    text.erase(text.size() - 4, 3); // no line break after the last line
    text += "\\end{align*}\n\\begin{tabular}{llrrrrr}\npathway & receptor & $K$ & sd & $Q$ & $\\tau$ (ms) & delay (ms) "
            "\\\\\n\\hline\n";
    for (const Pathway& pathway : model.pathways()) {
        const mfm_receptor& receptor = pathway.receptor;
        const bool current = (receptor.flags & MFM_RECEPTOR_CURRENT) != 0;
        text += fmt::format("${}$ & {} & ${}$ & ${}$ & ${}$ {} & ${}$ & ${}$ \\\\\n", latex_name(pathway.name),
                            current ? "current" : fmt::format("${}$ mV", latex_number(receptor.E_rev)),
                            latex_number(pathway.K), latex_number(pathway.K_sd), latex_number(pathway.Q),
                            receptor.shape == MFM_RECEPTOR_DELTA ? "fC"
                            : current                            ? "pA"
                                                                 : "nS",
                            receptor.shape == MFM_RECEPTOR_BIEXPONENTIAL
                                ? latex_number(receptor.tau_rise) + ",\\ " + latex_number(receptor.tau)
                                : latex_number(receptor.tau),
                            latex_number(pathway.delay));
    }
    return text + "\\end{tabular}\n";
}

} // namespace mfm
