// SPDX-License-Identifier: Apache-2.0
// What stands first: the verdict, the numbers at a glance, the circuit.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/circuit_graph.hpp"
#include "report/sections.hpp"

namespace mfm {
namespace {

std::string verdict_meaning(const RunView& run) {
    const std::string verdict = text_at(run.summary, "verdict");
    const auto limit = number_at(at(run.summary, "limits"), "limited");
    if (verdict == "valid")
        return "The mean field may stand for its network in the conditions that were compared" +
               (limit
                    ? fmt::format(": no stationary rate is more than {:g} % off, and no rule was broken.", 100 * *limit)
                    : std::string(": no error beyond the limits was found."));
    if (verdict == "limited") return "The mean field may be used, with the reservations below.";
    if (verdict == "not_valid")
        return "The mean field must not stand for its network in the conditions named below; the graver reasons come "
               "first.";
    return "The mean field was not compared with a network, so nothing is known of its errors.";
}

/// Absolute relative errors of a population's stationary rates, with the stimulus of the largest.
struct Errors {
    std::vector<double> sizes;
    std::optional<double> worst, worst_stimulus;
    [[nodiscard]] std::optional<double> median() const {
        if (sizes.empty()) return std::nullopt;
        std::vector<double> s = sizes;
        std::sort(s.begin(), s.end());
        return 0.5 * (s[s.size() / 2] + s[(s.size() - 1) / 2]);
    }
};

Errors errors_of(const Json& population) {
    Errors out;
    for (const Json& row : at(population, "stationary"))
        if (const auto error = number_at(row, "relative_error")) {
            out.sizes.push_back(std::abs(*error));
            if (!out.worst || std::abs(*error) > std::abs(*out.worst)) {
                out.worst = error;
                out.worst_stimulus = number_at(row, "stimulus_hz");
            }
        }
    return out;
}

std::string card(const std::string& value, const std::string& what) {
    return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped_markup(what), escaped_markup(value));
}

/// "12.5 s", "3 min", "2.4 h".
std::string duration_text(double seconds) {
    if (seconds < 100) return fmt::format("{:.1f} s", seconds);
    return seconds < 6000 ? fmt::format("{:.0f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

std::string duration_card(const RunView& run) {
    double sum = 0;
    std::size_t kept = 0;
    for (const Json& stage : at(run.summary, "stages")) {
        sum += number_at(stage, "wall_s").value_or(0);
        kept += at(stage, "cached") == true ? 1 : 0;
    }
    if (!(sum > 0)) return "";
    return card(duration_text(sum), kept == 0   ? "the run took"
                                    : kept == 1 ? "the run took, with a stage kept"
                                                : fmt::format("the run took, with {} stages kept", kept));
}

std::string cards(const RunView& run) {
    const Json& circuit = at(run.summary, "circuit");
    std::string out;
    double cells = 0;
    std::size_t neurons = 0, conditions = 0;
    for (const Json& p : at(circuit, "populations"))
        if (text_at(p, "kind") == "neuron") {
            ++neurons;
            cells += number_at(p, "cells").value_or(0);
        }
    if (neurons > 0) {
        out += card(shown_count(static_cast<double>(neurons)),
                    neurons == 1 ? "population of neurons" : "populations of neurons");
        out += card(shown_count(cells), "neurons");
        out += card(shown_count(static_cast<double>(at(circuit, "pathways").size())), "pathways");
    }
    std::optional<double> worst;
    double seconds = 0;
    for (const Json& p : at(run.summary, "populations")) {
        const Errors errors = errors_of(p);
        conditions = std::max(conditions, errors.sizes.size());
        if (errors.worst && (!worst || std::abs(*errors.worst) > std::abs(*worst))) worst = errors.worst;
        seconds += number_at(at(at(p, "transfer"), "sampling"), "neuron_seconds").value_or(0);
    }
    if (conditions > 0) out += card(shown_count(static_cast<double>(conditions)), "stationary stimuli compared");
    if (worst) out += card(shown_percent(worst), "largest error of a stationary rate");
    if (seconds > 0) out += card(shown_count(seconds) + " s", "of single neurons simulated for transfer functions");
    out += duration_card(run);
    return out.empty() ? "" : "<dl class=\"cards\">\n" + out + "</dl>\n";
}

bool is_excitatory(const Json& pathway) {
    return at(pathway, "excitatory").is_boolean() && at(pathway, "excitatory").get<bool>();
}

std::string pathway_text(const Json& w) {
    return fmt::format("K {} · Q {} {}", shown_number(number_at(w, "K")), shown_number(number_at(w, "Q")),
                       text_at(w, "Q_unit"));
}

/// On a curve, where there is little room: three digits.
std::string short_pathway_text(const Json& w) {
    const auto K = number_at(w, "K"), Q = number_at(w, "Q");
    const auto digits = [](double x) { return x < 1000 ? fmt::format("{:.3g}", x) : fmt::format("{:.0f}", x); };
    return K && Q ? fmt::format("K {} · {} {}", digits(*K), digits(*Q), text_at(w, "Q_unit")) : pathway_text(w);
}

CircuitGraph graph_of(const Json& circuit, bool numbered) {
    CircuitGraph graph;
    std::map<std::string, std::size_t> index;
    for (const Json& p : at(circuit, "populations")) {
        const std::string name = text_at(p, "name"), kind = text_at(p, "kind"), neuron = text_at(p, "neuron");
        if (kind == "relay") continue;
        const double cells = number_at(p, "cells").value_or(0);
        index[name] = graph.nodes.size();
        GraphNode node{name, {}, kind != "neuron"};
        if (kind == "drive")
            node.details.emplace_back("Poisson drive");
        else
            node.details.push_back(shown_count(cells) + (kind == "poisson" ? " sources" : " cells"));
        if (!neuron.empty()) node.details.push_back(neuron);
        if (kind == "poisson") node.details.emplace_back("Poisson");
        graph.nodes.push_back(std::move(node));
    }
    std::map<std::tuple<std::size_t, std::size_t, bool>, std::size_t> drawn;
    std::size_t number = 0;
    for (const Json& w : at(circuit, "pathways")) {
        ++number;
        const auto source = index.find(text_at(w, "source")), target = index.find(text_at(w, "target"));
        if (source == index.end() || target == index.end()) continue;
        const bool excitatory = is_excitatory(w);
        const auto [place, is_new] =
            drawn.try_emplace({source->second, target->second, excitatory}, graph.edges.size());
        if (is_new) graph.edges.push_back({source->second, target->second, excitatory, "", ""});
        GraphEdge& edge = graph.edges[place->second];
        const std::string label = numbered ? std::to_string(number) : short_pathway_text(w);
        edge.label += (edge.label.empty() ? "" : numbered ? ", " : "\n") + label;
        edge.description += fmt::format("{}{}, {}: {}", edge.description.empty() ? "" : "\n", text_at(w, "name"),
                                        excitatory ? "excitatory" : "inhibitory", pathway_text(w));
    }
    return graph;
}

std::string pathway_table(const Json& circuit) {
    HtmlTable table("Pathways of the mean field: inputs a cell K ± sd over cells, peak Q, time constant τ and delay",
                    {"no.", "pathway", "from", "to", "sign", "shape", "K", "Q", "τ ms", "E_rev mV", "delay ms"}, 6);
    std::size_t number = 0;
    for (const Json& w : at(circuit, "pathways")) {
        const bool excitatory = is_excitatory(w);
        const std::string rise = number_at(w, "tau_rise_ms") ? shown_number(number_at(w, "tau_rise_ms")) + ", " : "";
        table.add({std::to_string(++number), text_at(w, "name"), text_at(w, "source"), text_at(w, "target"),
                   Cell::markup(excitatory ? "▶&nbsp;excitatory" : "⊣&nbsp;inhibitory",
                                excitatory ? "excitatory" : "inhibitory"),
                   text_at(w, "shape"), shown_number(number_at(w, "K")) + " ± " + shown_number(number_at(w, "K_sd")),
                   shown_number(number_at(w, "Q")) + " " + text_at(w, "Q_unit"),
                   rise + shown_number(number_at(w, "tau_ms")), shown_number(number_at(w, "E_rev_mV")),
                   shown_number(number_at(w, "delay_ms"))});
    }
    return table.html();
}

std::string relays(const Json& circuit) {
    std::string names;
    for (const Json& p : at(circuit, "populations"))
        if (text_at(p, "kind") == "relay")
            names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", text_at(p, "name"),
                                 shown_count(number_at(p, "cells").value_or(0)));
    if (names.empty()) return "";
    return paragraph(
        "Relays are not drawn, as pathways through them are counted from the relays' own sources: " + names + ".");
}

} // namespace

std::string verdict_words(const Json& verdict) {
    if (!verdict.is_string()) return "no verdict";
    return verdict == "not_valid" ? "not valid" : verdict.get<std::string>();
}

Cell error_cell(const RunView& run, std::optional<double> error, bool noisy) {
    const Json& limits = at(run.summary, "limits");
    const auto limited = number_at(limits, "limited"), not_valid = number_at(limits, "not_valid");
    const std::string text = escaped_markup(fmt::format("{}{}", noisy ? "*" : "", shown_percent(error)));
    if (!error || !limited || !not_valid) return Cell::markup(text);
    const double size = std::abs(*error);
    if (size <= *limited)
        return Cell::markup("<span class=\"mark\" title=\"within the limit\">✓</span> " + text, "good");
    if (size <= *not_valid) return Cell::markup("<span class=\"mark\" title=\"limited\">△</span> " + text, "fair");
    return Cell::markup("<span class=\"mark\" title=\"not valid\">✕</span> " + text, "bad");
}

std::string error_legend(const RunView& run) {
    const Json& limits = at(run.summary, "limits");
    const auto limited = number_at(limits, "limited"), not_valid = number_at(limits, "not_valid");
    std::string text = "The error is (mean field − network) / network.";
    if (limited && not_valid)
        text += fmt::format(" ✓ at most {:g} %; △ more than that: limited; ✕ more than {:g} %: not valid.",
                            100 * *limited, 100 * *not_valid);
    return text;
}

std::optional<Section> verdict_section(const RunView& run) {
    const std::string verdict = text_at(run.summary, "verdict");
    const std::string style = verdict == "valid"     ? "good"
                              : verdict == "limited" ? "fair"
                              : verdict.empty()      ? "none"
                                                     : "bad";
    const std::string symbol = verdict == "valid" ? "✓" : verdict == "limited" ? "△" : verdict.empty() ? "–" : "✕";
    std::string out = fmt::format(
        "<div class=\"verdict {}\"><p class=\"word\"><span aria-hidden=\"true\">{}</span> {}</p>\n{}</div>\n", style,
        symbol, escaped_markup(verdict_words(at(run.summary, "verdict"))), paragraph(verdict_meaning(run)));
    const auto reasons = texts_at(run.summary, "reasons"), advice = texts_at(run.summary, "advice");
    if (!reasons.empty()) {
        constexpr std::size_t shown = 6; // what follows is folded
        std::string first, others;
        for (std::size_t i = 0; i < reasons.size(); ++i) {
            std::string item = "<li>" + escaped_markup(reasons[i]);
            if (i < advice.size() && !advice[i].empty()) {
                const auto same = std::find(advice.begin(), advice.end(), advice[i]) - advice.begin();
                item += fmt::format("<p class=\"advice\"><strong>What to do:</strong> {}</p>",
                                    same < static_cast<std::ptrdiff_t>(i) ? fmt::format("as for reason {}.", same + 1)
                                                                          : escaped_markup(advice[i]));
            }
            (i < shown ? first : others) += item + "</li>\n";
        }
        out += "<h3>Why, and what to do</h3>\n<ol class=\"reasons\">\n" + first + "</ol>\n";
        if (!others.empty())
            out +=
                folded(fmt::format("{} more reason{}", reasons.size() - shown, reasons.size() == shown + 1 ? "" : "s"),
                       fmt::format("<ol class=\"reasons\" start=\"{}\">\n{}</ol>\n", shown + 1, others));
    }
    const std::size_t warnings = texts_at(run.summary, "warnings").size();
    if (warnings > 0)
        out += fmt::format("<p><a href=\"#warnings\">{} warning{}</a> that do{} not change the verdict.</p>\n",
                           warnings, warnings == 1 ? "" : "s", warnings == 1 ? "es" : "");
    if (run.of_variant)
        out += "<p>This is a variant: see " + file_link("../../report.html", "the report of its base") + ".</p>\n";
    return Section{"verdict", "Verdict", out};
}

std::optional<Section> glance_section(const RunView& run) {
    HtmlTable table("Errors of each population", {"population", "stationary rate, worst", "at Hz", "median size",
                                                  "transfer function, held out: RMSE Hz", "median error"});
    for (const auto& [name, p] : at(run.summary, "populations").items()) {
        const Errors errors = errors_of(p);
        const Json& transfer = at(p, "transfer");
        const auto median = errors.median(), held_out = number_at(transfer, "heldout_median_relative_error");
        table.add({name, error_cell(run, errors.worst), shown_number(errors.worst_stimulus),
                   median ? fmt::format("{:.1f} %", 100 * *median) : "–",
                   shown_rate(number_at(transfer, "heldout_rmse_hz")),
                   held_out ? fmt::format("{:.2g} %", 100 * *held_out) : "–"});
    }
    const std::string out = cards(run) + (table.empty() ? "" : table.html() + paragraph(error_legend(run), "note"));
    if (out.empty()) return std::nullopt;
    return Section{"glance", "Key numbers", out};
}

std::optional<Section> circuit_section(const RunView& run) {
    const Json& circuit = at(run.summary, "circuit");
    if (at(circuit, "populations").empty())
        return Section{"circuit", "Circuit",
                       paragraph("This folder was written by a version of automfm that did not put the circuit into "
                                 "summary.json; run the pipeline again to see it.",
                                 "missing")};
    const bool numbered = at(circuit, "pathways").size() > 18;
    const CircuitGraph graph = graph_of(circuit, numbered);
    std::string title = "Graph of the circuit:";
    for (const GraphEdge& e : graph.edges)
        title += fmt::format(" {} {} {};", graph.nodes[e.source].name, e.excitatory ? "excites" : "inhibits",
                             graph.nodes[e.target].name);
    if (graph.edges.empty()) title += " no pathways";
    std::string out =
        "<figure>\n<div class=\"scroll drawing plain\" tabindex=\"0\" role=\"region\" aria-label=\"Circuit\">" +
        circuit_svg(graph, title) + "</div>\n<figcaption>";
    out += "<span class=\"key excitatory\">▶ excitatory</span> ends in an arrow, <span class=\"key inhibitory\">⊣ "
           "inhibitory</span> in a bar; rounded: populations whose rate is given. ";
    out += numbered ? "Numbers are those of the table's pathways."
                    : "K: inputs a cell; behind it Q, the peak of one input's conductance (nS) or current (pA).";
    out += "</figcaption>\n</figure>\n" + relays(circuit) + pathway_table(circuit);
    return Section{"circuit", "Circuit", out};
}

} // namespace mfm
