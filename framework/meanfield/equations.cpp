// SPDX-License-Identifier: Apache-2.0
#include "meanfield/equations.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <vector>

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

/// The populations that reach p, ascending, each once; in the order of their indices.
std::vector<std::size_t> sources_of(const MeanFieldModel& model, std::size_t p) {
    std::vector<std::size_t> sources;
    for (const std::size_t s : model.pathways_into(p)) sources.push_back(model.pathways()[s].source);
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    return sources;
}

/// How the second order's parts are written.
struct Notation {
    std::string half, square;
    std::function<std::string(double)> number;
    std::function<std::string(std::size_t)> nu, F;
    std::function<std::string(std::size_t, std::size_t)> C, slope;               ///< C_ab, dF_a / dnu_b
    std::function<std::string(std::size_t, std::size_t, std::size_t)> curvature; ///< d2F_a / dnu_b dnu_c
};

Notation plain_notation(const MeanFieldModel& model) {
    const auto name = [&model](std::size_t p) { return model.populations()[p].name; };
    Notation n{"1/2 ", "^2", number, {}, {}, {}, {}, {}};
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

/// What the covariances add to a rate: terms of 1/2 sum C_bc d2F_a / dnu_b dnu_c.
std::vector<std::string> correction_terms(const MeanFieldModel& model, const MasterEquation& master, const Notation& n,
                                          std::size_t a) {
    std::vector<std::string> terms;
    const auto sources = sources_of(model, a);
    for (const std::size_t b : sources)
        for (const std::size_t c : sources)
            if (b <= c && master.index(b, c))
                terms.push_back(fmt::format("{}{} {}", b == c ? n.half : "", n.C(b, c), n.curvature(a, b, c)));
    return terms;
}

/// The right hand side of T C_ab' but for -2 C_ab.
std::vector<std::string> covariance_terms(const MeanFieldModel& model, const MasterEquation& master, const Notation& n,
                                          std::size_t a, std::size_t b) {
    std::vector<std::string> terms;
    const auto& populations = model.populations();
    const auto rate = [&](std::size_t p) { return populations[p].external ? n.nu(p) : n.F(p); };
    if (a == b)
        terms.push_back(
            fmt::format("{} ({} - {}) / {}", rate(a), n.number(1e3 / model.config().T), rate(a), populations[a].n));
    if (!populations[a].external && !populations[b].external)
        terms.push_back(a == b ? fmt::format("({} - {}){}", n.F(a), n.nu(a), n.square)
                               : fmt::format("({} - {}) ({} - {})", n.F(a), n.nu(a), n.F(b), n.nu(b)));
    const auto fed = [&](std::size_t of, std::size_t other, const char* factor) {
        for (const std::size_t c : sources_of(model, of))
            if (master.index(other, c))
                terms.push_back(
                    fmt::format("{}{} {}", factor, n.C(std::min(other, c), std::max(other, c)), n.slope(of, c)));
    };
    fed(b, a, a == b ? "2 " : "");
    if (a != b) fed(a, b, "");
    return terms;
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
        std::string rate =
            fmt::format("    {} nu' = Fbar{} - nu", number(model.config().T), adapts ? " exp(-g (W - W_ss))" : "");
        if (const MasterEquation* master = dynamics.master_equation())
            rate = broken(rate, correction_terms(model, *master, plain_notation(model), p), "", "\n       ", page);
        text += fmt::format("  {}, {} cells\n{},  Fbar = E_k[F({})]\n", population.name, population.n, rate, arguments);
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
    if (const MasterEquation* master = dynamics.master_equation()) {
        text += "\nCovariances of the activity within T (given rates are those of independent cells):\n";
        const Notation n = plain_notation(model);
        for (const auto& [a, b] : master->pairs())
            text +=
                broken(fmt::format("  {} {}' =", number(model.config().T), n.C(a, b)),
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
