// SPDX-License-Identifier: Apache-2.0
#include "meanfield/equations.hpp"

#include <fmt/format.h>

#include "meanfield/dynamics.hpp"

namespace mfm {
namespace {

/// A number as people write it: six digits at most, no trailing zeros.
std::string number(double x) {
    return fmt::format("{:.6g}", x);
}

std::string latex_number(double x) {
    std::string text = number(x);
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

bool is_synaptic(const MeanFieldModel& model) {
    return model.config().dynamics == MeanFieldConfig::Dynamics::Synaptic;
}

/// The filter that pathway i into p reads, counted from 1.
std::size_t filter_number(const Dynamics& dynamics, std::size_t p, std::size_t i) {
    return *dynamics.filter_of_input(p, i) + 1;
}

std::string receptor_text(const Pathway& pathway) {
    const mfm_receptor& receptor = pathway.receptor;
    std::string text = receptor.shape == MFM_RECEPTOR_ALPHA         ? "alpha"
                       : receptor.shape == MFM_RECEPTOR_EXPONENTIAL ? "exponential"
                       : receptor.shape == MFM_RECEPTOR_DELTA       ? "delta"
                                                                    : "biexponential";
    if (receptor.shape == MFM_RECEPTOR_BIEXPONENTIAL)
        text += fmt::format(" tau_rise {} ms,", number(receptor.tau_rise));
    text += fmt::format(" tau {} ms, ", number(receptor.tau));
    text += ((receptor.flags & MFM_RECEPTOR_CURRENT) != 0
                 ? fmt::format("Q {} {}", number(pathway.Q), receptor.shape == MFM_RECEPTOR_DELTA ? "fC" : "pA")
                 : fmt::format("Q {} nS, E_rev {} mV", number(pathway.Q), number(receptor.E_rev)));
    return text;
}

std::string tap_text(const Dynamics& dynamics, const Dynamics::Tap& tap) {
    const std::string& source = dynamics.model().populations()[tap.source].name;
    return tap.delay > 0 ? fmt::format("nu[{}](t - {})", source, number(tap.delay)) : fmt::format("nu[{}](t)", source);
}

std::string tap_latex(const Dynamics& dynamics, const Dynamics::Tap& tap) {
    const std::string source = latex_name(dynamics.model().populations()[tap.source].name);
    return tap.delay > 0 ? fmt::format("\\nu_{{{}}}(t - {})", source, latex_number(tap.delay))
                         : fmt::format("\\nu_{{{}}}(t)", source);
}

} // namespace

std::string equations_text(const MeanFieldModel& model) {
    const Dynamics dynamics(model);
    const bool synaptic = is_synaptic(model);
    std::string text = fmt::format("Mean field of {} populations and {} pathways, {} dynamics; {} state variables.\n"
                                   "t in ms, nu, a, b and F in Hz, W in pA, k without unit; ' is d/dt.\n",
                                   model.populations().size(), model.pathways().size(), synaptic ? "synaptic" : "rate",
                                   dynamics.size());
    if (!model.external().empty()) {
        text += "\nGiven rates:\n";
        for (const std::size_t p : model.external())
            text += fmt::format("  nu[{}](t), {} cells\n", model.populations()[p].name, model.populations()[p].n);
    }
    if (synaptic) {
        text += "\nSynaptic filters (b = nu when settled):\n";
        for (std::size_t f = 0; f < dynamics.filters().size(); ++f) {
            const Dynamics::Filter& filter = dynamics.filters()[f];
            const std::string tap = tap_text(dynamics, dynamics.taps()[filter.tap]);
            if (filter.tau_first > 0)
                text += fmt::format("  {} a{}' = {} - a{},  {} b{}' = a{} - b{}\n", number(filter.tau_first), f + 1,
                                    tap, f + 1, number(filter.tau), f + 1, f + 1, f + 1);
            else
                text += fmt::format("  {} b{}' = {} - b{}\n", number(filter.tau), f + 1, tap, f + 1);
        }
    }
    text += "\nRates:\n";
    for (const std::size_t p : model.internal()) {
        const PopulationModel& population = model.populations()[p];
        const auto& into = model.pathways_into(p);
        std::string arguments;
        for (std::size_t i = 0; i < into.size(); ++i) arguments += fmt::format("{}r{}", i == 0 ? "" : ", ", i + 1);
        const bool adapts = model.adapts(p);
        text += fmt::format("  {}, {} cells\n    {} nu' = Fbar{} - nu,  Fbar = E_k[F({})]\n", population.name,
                            population.n, number(model.config().T), adapts ? " exp(-g (W - W_ss))" : "", arguments);
        if (adapts)
            text += fmt::format("    W' = -{} W + {} nu / 1000,  W_ss = {} Fbar / 1000,  g = d ln Fbar / dI\n",
                                number(population.adaptation_rate), number(population.adaptation_increment),
                                number(population.adaptation_increment / population.adaptation_rate));
        for (std::size_t i = 0; i < into.size(); ++i) {
            const Pathway& pathway = model.pathways()[into[i]];
            const std::string fraction =
                pathway.source_fraction == 1 ? "" : fmt::format(" {}", number(pathway.source_fraction));
            const std::string rate = synaptic ? fmt::format("b{}", filter_number(dynamics, p, i))
                                              : fmt::format("nu[{}]", model.populations()[pathway.source].name);
            text += fmt::format("    r{} = k{}{} {}: {}, K {} +- {}, {}\n", i + 1, i + 1, fraction, rate, pathway.name,
                                number(pathway.K), number(pathway.K_sd), receptor_text(pathway));
        }
        const InDegreeNodes& nodes = model.nodes(p);
        text += fmt::format("    E_k over {}: {} nodes", nodes.rule, nodes.size());
        text += nodes.covariance_error > 1e-9 ? fmt::format(", covariance within {}\n", number(nodes.covariance_error))
                                              : "\n";
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
        line(fmt::format("{}\\,\\dot\\nu_{{{}}} &= {}{} - \\nu_{{{}}}", latex_number(model.config().T), name, F,
                         adaptation, name));
        line(fmt::format("{} &= \\mathrm{{E}}_k\\!\\left[F_{{{}}}({})\\right]", F, name, arguments));
        if (!model.adapts(p)) continue;
        line(fmt::format("\\dot W_{{{}}} &= -{}\\,W_{{{}}} + {}\\cdot 10^{{-3}}\\,\\nu_{{{}}}", name,
                         latex_number(population.adaptation_rate), name, latex_number(population.adaptation_increment),
                         name));
        line(fmt::format(
            "W^{{ss}}_{{{}}} &= {}\\cdot 10^{{-3}}\\,{}, \\qquad g_{{{}}} = \\partial \\ln {} / \\partial I", name,
            latex_number(population.adaptation_increment / population.adaptation_rate), F, name, F));
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
