// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <vector>

#include "meanfield/equation_terms.hpp"
#include "meanfield/equations.hpp"
#include "support/markup.hpp"

namespace mfm {
namespace {

std::string element(const char* tag, const std::string& content) {
    return fmt::format("<{0}>{1}</{0}>", tag, content);
}
std::string symbol(const char* text) {
    return element("mi", text);
}
std::string label(const std::string& name) {
    return element("mtext", escaped_markup(name));
}
std::string sub(const std::string& base, const std::string& below) {
    return element("msub", base + below);
}
std::string overline(const std::string& base) {
    return "<mover>" + base + "<mo>¯</mo></mover>";
}
std::string dot(const std::string& base) {
    return "<mover>" + base + "<mo>˙</mo></mover>";
}
std::string numeral(std::size_t n) {
    return element("mn", std::to_string(n));
}

std::string number(double x) {
    const std::string text = equation_number(x);
    const std::size_t e = text.find('e');
    const bool negative = text.starts_with('-');
    const std::string digits = element("mn", text.substr(negative ? 1 : 0, e == std::string::npos ? e : e - negative));
    std::string out = negative ? "<mo>−</mo>" + digits : digits;
    if (e != std::string::npos) {
        const int power = std::stoi(text.substr(e + 1));
        const std::string sign = power < 0 ? "<mo>−</mo>" : "";
        out += "<mo>·</mo><msup><mn>10</mn><mrow>" + sign + numeral(static_cast<std::size_t>(std::abs(power))) +
               "</mrow></msup>";
    }
    return element("mrow", out + "<mspace width=\"0.15em\"></mspace>");
}

/// An equation from elements with plain text between them: outside of elements, digits become numbers, spaces nothing,
/// and every other character an operator.
std::string equation(const std::string& text) {
    std::string out;
    int depth = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == '<') {
            const std::size_t end = text.find('>', i) + 1;
            depth += text[i + 1] == '/' ? -1 : text[end - 2] == '/' ? 0 : 1;
            out += text.substr(i, end - i);
            i = end;
        } else if (depth > 0) {
            out += text[i++];
        } else if (text[i] == ' ') {
            ++i;
        } else if (text[i] >= '0' && text[i] <= '9') {
            const std::size_t end = std::min(text.find_first_not_of("0123456789.", i), text.size());
            out += element("mn", text.substr(i, end - i));
            i = end;
        } else {
            std::size_t end = i + 1; // the whole of a UTF-8 character
            while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80) ++end;
            out += element("mo", text[i] == '-' ? "−" : text.substr(i, end - i));
            i = end;
        }
    }
    return "<div class=\"equation\"><math display=\"block\"><mrow>" + out + "</mrow></math></div>\n";
}

std::string nu(const MeanFieldModel& model, std::size_t p) {
    return sub(symbol("ν"), label(model.populations()[p].name));
}

Notation mathml_notation(const MeanFieldModel& model) {
    const auto name = [&model](std::size_t p) { return label(model.populations()[p].name); };
    Notation n{
        "<mfrac><mn>1</mn><mn>2</mn></mfrac>", "<msup><mrow></mrow><mn>2</mn></msup>", number, {}, {}, {}, {}, {}};
    n.nu = [&model](std::size_t a) { return nu(model, a); };
    n.F = [=](std::size_t a) { return sub(overline(symbol("F")), name(a)); };
    n.C = [=](std::size_t a, std::size_t b) {
        return sub(symbol("C"), element("mrow", name(a) + "<mo>,</mo>" + name(b)));
    };
    n.slope = [F = n.F, nu = n.nu](std::size_t a, std::size_t b) {
        return element("mfrac", element("mrow", "<mo>∂</mo>" + F(a)) + element("mrow", "<mo>∂</mo>" + nu(b)));
    };
    n.curvature = [F = n.F, nu = n.nu](std::size_t a, std::size_t b, std::size_t c) {
        return element("mfrac", element("mrow", "<msup><mo>∂</mo><mn>2</mn></msup>" + F(a)) +
                                    element("mrow", "<mo>∂</mo>" + nu(b) + "<mo>∂</mo>" + nu(c)));
    };
    return n;
}

std::string sum(const std::vector<std::string>& terms) {
    std::string out;
    for (const std::string& term : terms) out += (out.empty() ? "" : " + ") + term;
    return out;
}

std::string filters(const MeanFieldModel& model, const Dynamics& dynamics) {
    std::string out = "<h3>Synaptic filters</h3>\n<p>When settled, b is the rate that it filters.</p>\n";
    for (std::size_t f = 0; f < dynamics.filters().size(); ++f) {
        const Dynamics::Filter& filter = dynamics.filters()[f];
        const Dynamics::Tap& tap = dynamics.taps()[filter.tap];
        const std::string delay = tap.delay > 0 ? " - " + number(tap.delay) : "";
        const std::string input = nu(model, tap.source) + "(" + symbol("t") + delay + ")";
        const std::string a = sub(symbol("a"), numeral(f + 1)), b = sub(symbol("b"), numeral(f + 1));
        const std::string a_dot = sub(dot(symbol("a")), numeral(f + 1)), b_dot = sub(dot(symbol("b")), numeral(f + 1));
        if (filter.tau_first > 0)
            out += equation(number(filter.tau_first) + a_dot + " = " + input + " - " + a +
                            ",<mspace width=\"2em\"></mspace>" + number(filter.tau) + b_dot + " = " + a + " - " + b);
        else
            out += equation(number(filter.tau) + b_dot + " = " + input + " - " + b);
    }
    return out;
}

std::string rates_of(const MeanFieldModel& model, const Dynamics& dynamics, std::size_t p) {
    const PopulationModel& population = model.populations()[p];
    const Notation n = mathml_notation(model);
    const std::string name = label(population.name);
    std::string arguments, pathways;
    for (std::size_t i = 0; i < model.pathways_into(p).size(); ++i) {
        const Pathway& pathway = model.pathways()[model.pathways_into(p)[i]];
        const std::string rate =
            is_synaptic(model) ? sub(symbol("b"), numeral(filter_number(dynamics, p, i))) : nu(model, pathway.source);
        arguments += (i == 0 ? "" : ", ") + (pathway.source_fraction == 1 ? "" : number(pathway.source_fraction)) +
                     sub(symbol("k"), numeral(i + 1)) + rate;
        pathways +=
            fmt::format("{}<i>k</i><sub>{}</sub>: {}, {} ± {}", i == 0 ? "" : "; ", i + 1, escaped_markup(pathway.name),
                        equation_number(pathway.K), equation_number(pathway.K_sd));
    }
    const std::string W = sub(symbol("W"), name), W_dot = sub(dot(symbol("W")), name), g = sub(symbol("g"), name);
    const std::string W_ss = "<msubsup>" + symbol("W") + name + "<mtext>ss</mtext></msubsup>";
    std::string rate = number(model.config().T) + sub(dot(symbol("ν")), name) + " = " + n.F(p);
    if (model.adapts(p))
        rate += "<msup>" + symbol("e") + "<mrow><mo>−</mo>" + g + "<mo>(</mo>" + W + "<mo>−</mo>" + W_ss +
                "<mo>)</mo></mrow></msup>";
    rate += " - " + n.nu(p);
    if (const MasterEquation* master = dynamics.master_equation())
        if (const std::string terms = sum(correction_terms(model, *master, n, p)); !terms.empty())
            rate += " + " + terms;
    std::string out = fmt::format("<h3>{}</h3>\n", escaped_markup(population.name)) + equation(rate) +
                      equation(n.F(p) + " = " + sub("<mi mathvariant=\"normal\">E</mi>", symbol("k")) + "[" +
                               sub(symbol("F"), name) + "(" + arguments + ")]");
    if (model.adapts(p)) {
        const std::string thousandth = " · <msup><mn>10</mn><mrow><mo>−</mo><mn>3</mn></mrow></msup>";
        out += equation(W_dot + " = - " + number(population.adaptation_rate) + W + " + " +
                        number(population.adaptation_increment) + thousandth + n.nu(p));
        out += equation(W_ss + " = " + number(population.adaptation_increment / population.adaptation_rate) +
                        thousandth + n.F(p) + ",<mspace width=\"2em\"></mspace>" + g + " = ∂ <mi>ln</mi> " + n.F(p) +
                        " / ∂ " + symbol("I"));
    }
    return out + "<p>" + pathways + ".</p>\n";
}

} // namespace

std::string equations_mathml(const MeanFieldModel& model) {
    const Dynamics dynamics(model);
    std::string out = fmt::format("<p>{} state variables; <i>t</i> in ms, rates in Hz, <i>W</i> in pA. "
                                  "<i>k<sub>i</sub></i> is a cell's number of inputs of its <i>i</i>-th pathway, and "
                                  "E<sub><i>k</i></sub> the mean over the population's cells.</p>\n",
                                  dynamics.size());
    for (const std::size_t p : model.internal()) out += rates_of(model, dynamics, p);
    if (is_synaptic(model)) out += filters(model, dynamics);
    if (const MasterEquation* master = dynamics.master_equation()) {
        out += "<h3>Covariances of the activity within T</h3>\n";
        const Notation n = mathml_notation(model);
        for (const auto& [a, b] : master->pairs()) {
            const std::string C_dot =
                sub(dot(symbol("C")), element("mrow", label(model.populations()[a].name) + "<mo>,</mo>" +
                                                          label(model.populations()[b].name)));
            out += equation(number(model.config().T) + C_dot + " = " + sum(covariance_terms(model, *master, n, a, b)) +
                            " - 2 " + n.C(a, b));
        }
    }
    return out;
}

} // namespace mfm
