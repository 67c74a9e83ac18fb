// SPDX-License-Identifier: Apache-2.0
#include "output/report_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "output/budget.hpp"
#include "output/scores.hpp"
#include "output/text_table.hpp"

namespace mfm {
namespace {

std::string verdict_line(const ValidationReport& report) {
    if (!report.verdict) return "Verdict: none; the mean field was not compared with its network.\n";
    switch (*report.verdict) {
    case Verdict::Valid:
        return "Verdict: VALID\n";
    case Verdict::Limited:
        return "Verdict: LIMITED\n";
    case Verdict::NotValid:
        break;
    }
    return "Verdict: NOT VALID\n";
}

std::string bullets(const std::vector<std::string>& sentences) {
    std::string out;
    for (const auto& s : sentences) out += wrap(s, "  - ", "    ");
    return out;
}

std::string verdict_part(const ValidationReport& report) {
    if (report.verdict == Verdict::Valid)
        return verdict_line(report) + "  No error beyond the limits was found in any condition.\n";
    return verdict_line(report) + bullets(report.reasons);
}

/// One row a population, one column a level of the stimulus.
std::string error_table(const ValidationReport& report, const std::string& stimulation) {
    std::vector<double> levels;
    for (const auto& p : report.populations)
        for (const auto& row : p.stationary)
            if (row.stimulation == stimulation &&
                std::find(levels.begin(), levels.end(), row.stimulus_hz) == levels.end())
                levels.push_back(row.stimulus_hz);
    std::vector<std::string> header{"population"};
    for (double level : levels) header.push_back(short_text(level) + " Hz");
    TextTable table(header);
    for (const auto& p : report.populations) {
        std::vector<std::string> cells{p.name};
        for (double level : levels) {
            const auto row = std::find_if(p.stationary.begin(), p.stationary.end(), [&](const auto& r) {
                return r.stimulation == stimulation && r.stimulus_hz == level;
            });
            cells.push_back(row == p.stationary.end() ? "-" : percent_text(row->relative_error));
        }
        table.add(cells);
    }
    return table.text();
}

std::string finite_text(fmt::format_string<double> format, std::optional<double> value) {
    if (!value) return "-";
    return std::isfinite(*value) ? fmt::format(format, double{*value}) : fmt::format("{}", *value);
}

std::string dynamic_table(const ValidationReport& report) {
    TextTable table(
        {"stimulus", "population", "RMSE Hz", "peak network Hz", "peak mean field Hz", "amplitude ratio", "phase deg"},
        2);
    if (report.populations.empty()) return "";
    for (std::size_t i = 0; i < report.populations.front().dynamic.size(); ++i)
        for (const auto& p : report.populations) {
            if (i >= p.dynamic.size()) continue;
            const auto& row = p.dynamic[i];
            table.add({row.stimulus, p.name, rate_text(row.rmse_hz), rate_text(row.peak_network_hz),
                       rate_text(row.peak_mean_field_hz), finite_text("{:.3f}", row.amplitude_ratio),
                       finite_text("{:+.1f}", row.phase_difference_deg)});
        }
    return table.empty() ? "" : table.text();
}

std::string circuit_part(const ReportInputs& in) {
    if (in.circuit.empty()) return "";
    std::string out = heading("Circuit");
    TextTable populations({"population", "kind", "cells"}, 2);
    for (const auto& row : in.circuit) populations.add({row.name, row.kind, std::to_string(row.cells)});
    out += populations.text();
    if (in.connections.empty()) return out;
    TextTable connections({"projection", "source", "target", "rule", "pairs"}, 4);
    for (const auto& row : in.connections)
        connections.add({row.name, row.source, row.target, row.rule, std::to_string(row.pairs)});
    return out + "\n" + connections.text();
}

std::string rates_part(const ValidationReport& report, const ValidationConfig& limits) {
    const auto names = stationary_stimulations(report);
    if (names.empty()) return "";
    std::string out = heading("Stationary rates: network against mean field");
    out += wrap(fmt::format("Rates in Hz; ± is the standard error over time blocks; the error is (mean field - "
                            "network) / network, and a star marks those "
                            "taken relative to the noise of a rate that is too low to measure. Beyond {:g} % the "
                            "verdict is limited, beyond {:g} % not valid.",
                            100.0 * limits.limited, 100.0 * limits.not_valid));
    for (const auto& name : names)
        for (const auto& p : report.populations) {
            TextTable table({"stimulus Hz", "network", "±", "firing cells", "mean field", "at mean in-degree", "error"},
                            0);
            for (const auto& row : p.stationary) {
                if (row.stimulation != name) continue;
                const bool noisy = row.relative_error && row.network_rate_hz && *row.network_rate_hz < row.floor_hz;
                table.add({short_text(row.stimulus_hz), rate_text(row.network_rate_hz),
                           rate_text(row.network_rate_se_hz), rate_text(row.network_rate_firing_hz),
                           rate_text(row.mean_field_rate_hz), rate_text(row.mean_field_mean_k_rate_hz),
                           fmt::format("{}{}", noisy ? "*" : "", percent_text(row.relative_error))});
            }
            if (!table.empty()) out += fmt::format("\n{} ({} cells), '{}'\n", p.name, p.cells, name) + table.text();
        }
    return out;
}

std::string ratio_text(std::optional<double> a, std::optional<double> b) {
    if (!a || !b || !(*b > 0.0)) return "-";
    return finite_text("{:.2f}", *a / *b);
}

std::string fluctuations_part(const ValidationReport& report) {
    if (!(report.fluctuation_bin_ms > 0.0)) return "";
    std::string tables;
    for (const auto& name : stationary_stimulations(report))
        for (const auto& p : report.populations) {
            TextTable table(
                {"stimulus Hz", "network", "independent", "linear", "ratio", "with noise", "ratio", "its rate"}, 0);
            for (const auto& row : p.fluctuations)
                if (row.stimulation == name)
                    table.add({short_text(row.stimulus_hz), rate_text(row.network_sd_hz),
                               rate_text(row.independent_sd_hz), rate_text(row.mean_field_sd_hz),
                               ratio_text(row.mean_field_sd_hz, row.network_sd_hz), rate_text(row.noisy_sd_hz),
                               ratio_text(row.noisy_sd_hz, row.network_sd_hz), rate_text(row.noisy_rate_hz)});
            if (!table.empty()) tables += fmt::format("\n{} ({} cells), '{}'\n", p.name, p.cells, name) + table.text();
        }
    if (tables.empty()) return "";
    return heading("Fluctuations of the populations' activity") +
           wrap(fmt::format(
               "Standard deviations in Hz of a population's activity, counted in {:g} ms: of the network, of "
               "as many independent cells of the same rate, of the mean field's linear theory (none where "
               "its fixed point is unstable), and of the mean field integrated with finite-size noise "
               "(mean_field.finite_size_noise) with its mean rate. Ratios are mean field over network; "
               "spectra are in spectra.csv.",
               report.fluctuation_bin_ms)) +
           tables;
}

std::string second_order_part(const ValidationReport& report) {
    if (!(report.T_ms > 0.0)) return "";
    TextTable table(
        {"population", "stimulus Hz", "first order", "second order", "shift", "sd network", "sd mean field", "ratio"});
    for (const auto& p : report.populations)
        for (std::size_t i = 0; i < std::min(p.fluctuations.size(), p.stationary.size()); ++i) {
            const FluctuationRow& row = p.fluctuations[i];
            const std::optional<double> second = p.stationary[i].mean_field_rate_hz, first = row.first_order_rate_hz;
            table.add(
                {p.name, short_text(row.stimulus_hz), rate_text(first), rate_text(second),
                 percent_text(first && second && *first > 0.0 ? std::optional(*second / *first - 1.0) : std::nullopt),
                 rate_text(row.network_within_T_sd_hz), rate_text(row.second_order_sd_hz),
                 ratio_text(row.second_order_sd_hz, row.network_within_T_sd_hz)});
        }
    if (table.empty()) return "";
    return heading("The master equation: first and second order") +
           wrap(fmt::format(
               "Rates in Hz, and standard deviations of the activity within T = {:g} ms: of the network behind "
               "a low-pass filter of that time constant, and of the second order's covariances.",
               report.T_ms)) +
           table.text();
}

/// Conditions in which the mean field can rest in more than one state.
std::string points_part(const ValidationReport& report) {
    std::string out;
    for (const auto& c : report.conditions) {
        if (c.points.size() < 2) continue;
        out += fmt::format("\n{} Hz of '{}'\n", short_text(c.stimulus_hz), c.stimulation);
        for (const StationaryPoint& point : c.points) {
            std::string text;
            for (std::size_t p = 0; p < std::min(point.rate_hz.size(), report.populations.size()); ++p)
                text +=
                    fmt::format("{}{} {}", p == 0 ? "" : ", ", report.populations[p].name, rate_text(point.rate_hz[p]));
            text += fmt::format(" Hz: {}; rightmost eigenvalue {:.3g} /ms", point.stable ? "stable" : "unstable",
                                point.growth_rate);
            if (point.oscillation_hz > 0.0) text += fmt::format(" at {:.3g} Hz", point.oscillation_hz);
            out += wrap(text, "  - ", "    ");
        }
    }
    if (out.empty()) return "";
    return heading("Several fixed points") +
           wrap("The mean field can rest in each of these states. The one that is compared with the network is the "
                "stable "
                "one of lowest summed rate.") +
           out;
}

std::string share_text(std::optional<double> fraction) {
    return fraction ? fmt::format("{:.2f} %", 100.0 * *fraction) : "-";
}

/// Every candidate of every population, where there were several.
std::string bases_part(const ValidationReport& report) {
    TextTable table({"population", "basis", "coefficients", "error", "left-out RMSE", "held-out RMSE"}, 2);
    std::vector<std::string> reasons;
    for (const auto& p : report.populations)
        for (std::size_t i = 0; i < p.transfer.compared.size(); ++i) {
            const BasisScore& s = p.transfer.compared[i];
            table.add({p.name, s.basis + (i == p.transfer.candidate ? " *" : ""), std::to_string(s.coefficients),
                       finite_text("{:.3f}", s.cross_validated_error), rate_text(s.cross_validated_rmse_hz),
                       rate_text(s.heldout_rmse_hz)});
            if (!s.reason.empty())
                reasons.push_back(fmt::format("{}, {}: {}", p.name, s.basis, s.reason));
            else if (s.undefined_points > 0)
                reasons.push_back(fmt::format("{}, {}: its inputs are not defined at {} of the sampled points.", p.name,
                                              s.basis, s.undefined_points));
        }
    if (table.empty()) return "";
    return heading("Bases compared") +
           wrap("The error is that of the points left out, in units of what the weights tolerate: the "
                "tolerances of [transfer] and the standard error together. Each population takes the basis with the "
                "least error (the star) "
                "among those that are defined at most points.") +
           table.text() + bullets(reasons);
}

/// How the working range was sampled, and what that leaves open.
std::string sampling_part(const ValidationReport& report) {
    using End = SamplingSummary::End;
    TextTable table({"population", "points", "measured", "neuron-s", "ended by", "expected", "left out"}, 1);
    std::vector<std::string> worst;
    for (const auto& p : report.populations) {
        const SamplingSummary& s = p.transfer.sampling;
        if (s.end == End::None) continue;
        table.add({p.name, std::to_string(s.points), std::to_string(s.measurements), fmt::format("{:.0f}", s.seconds),
                   s.end == End::Fixed       ? "fixed"
                   : s.end == End::Tolerance ? "tolerance"
                                             : "budget",
                   finite_text("{:.2f}", s.expected_error), finite_text("{:.2f}", s.left_out_error)});
        worst.push_back(
            fmt::format("{}: the point that differs most from what the others make of it has {} Hz, {:+.3g} "
                        "Hz off, at G_e {:.4g} and G_i {:.4g}",
                        p.name, rate_text(s.left_out_rate_hz), s.left_out_hz, s.left_out_G_e, s.left_out_G_i));
    }
    if (table.empty()) return "";
    return heading("Sampling of the working range") +
           wrap("Errors in units of the tolerance (0.5 Hz and 2 % of the rate together, if not set otherwise): what is "
                "expected of a smooth function through the points in all but 5 % of the range, and the largest "
                "difference "
                "of a point from what all others make of it.") +
           table.text() + bullets(worst);
}

std::string transfer_part(const ValidationReport& report) {
    TextTable table({"population", "basis", "fit", "left-out RMSE", "held-out RMSE", "median error"}, 3);
    std::string domains, coefficients;
    for (const auto& p : report.populations) {
        const auto& t = p.transfer;
        if (!t.basis) continue;
        table.add({p.name, *t.basis,
                   t.given        ? "given, not fitted"
                   : !t.converged ? "-"
                   : *t.converged ? "converged"
                                  : "did not converge",
                   rate_text(t.cross_validated_rmse_hz), rate_text(t.heldout_rmse_hz),
                   share_text(t.heldout_median_relative_error) +
                       (t.heldout_median_relative_error ? fmt::format(" ({})", t.relative_points) : "")});
        if (!t.domain.empty()) {
            std::string text = p.name + ":";
            for (std::size_t k = 0; k < t.domain.size(); ++k)
                text += fmt::format("{} {} {:.4g} to {:.4g}{}", k > 0 ? "," : "", t.domain[k].input, t.domain[k].lower,
                                    t.domain[k].upper, t.domain[k].unit == "1" ? "" : " " + t.domain[k].unit);
            domains += wrap(text, "  ", "    ");
        }
        if (t.coefficients.empty()) continue;
        constexpr std::size_t most_shown = 24;
        if (t.coefficients.size() > most_shown) {
            coefficients += wrap(fmt::format("{}: {}, in summary.json", p.name, t.coefficients.size()), "  ", "    ");
            continue;
        }
        std::string text = p.name + ":";
        for (std::size_t k = 0; k < t.coefficients.size(); ++k) {
            const auto& [name, value] = t.coefficients[k];
            const double error = k < t.standard_errors.size() ? t.standard_errors[k] : 0.0;
            text += fmt::format(" {}={:.6g}", name, value) + (error > 0 ? fmt::format("±{:.2g}", error) : "");
        }
        coefficients += wrap(text, "  ", "    ");
    }
    if (table.empty()) return "";
    return heading("Transfer functions") +
           wrap("RMSE in Hz over points of the working range: each left out of the fit once, and held out of it for "
                "good. The median relative error is over those held out that are precise enough (their number in "
                "brackets).") +
           table.text() + (domains.empty() ? "" : "\n  Sampled domain\n" + domains) +
           (coefficients.empty()
                ? ""
                : "\n  Coefficients, with their standard errors where the samples determine them\n" + coefficients) +
           bases_part(report);
}

std::string operating_part(const ValidationReport& report) {
    TextTable table({"population", "stimulus Hz", "network", "Poisson-driven cells", "transfer function", "error"});
    for (const auto& p : report.populations)
        if (p.transfer.operating_point)
            for (const auto& row : *p.transfer.operating_point)
                table.add({p.name, short_text(row.stimulus_hz), rate_text(row.network_rate_hz),
                           rate_text(row.poisson_rate_hz), rate_text(row.transfer_rate_hz),
                           percent_text(row.relative_error)});
    if (table.empty()) return "";
    return heading("Transfer functions at the network's operating point") +
           wrap("Rates in Hz. Cells of the network's own model, driven by Poisson input at the network's own "
                "presynaptic rates: where they differ from the "
                "network, its correlations and regularity matter; where the transfer function differs from them, the "
                "fit does.") +
           table.text();
}

/// The scales, and the error on levels that the calibration did not see beside the error without it.
std::string calibration_part(const ValidationReport& report) {
    if (!report.calibration) return "";
    const CalibrationReport& c = *report.calibration;
    std::string levels;
    for (std::size_t i = 0; i < c.levels_hz.size(); ++i)
        levels += (i == 0 ? "" : i + 1 == c.levels_hz.size() ? " and " : ", ") + short_text(c.levels_hz[i]);
    TextTable scales({"pathway", "source", "target", "scale"}, 3);
    for (const auto& s : c.scales) scales.add({s.pathway, s.source, s.target, fmt::format("{:.3f}", s.scale)});
    TextTable errors({"population", "stimulus Hz", "network", "mean field", "error", "uncalibrated", "error"});
    for (const auto& p : report.populations)
        for (const auto& row : p.stationary)
            if (!row.calibrated_on)
                errors.add({p.name, short_text(row.stimulus_hz), rate_text(row.network_rate_hz),
                            rate_text(row.mean_field_rate_hz), percent_text(row.relative_error),
                            rate_text(row.uncalibrated_rate_hz), percent_text(row.uncalibrated_error)});
    return heading("Calibration") +
           wrap(fmt::format("The mean field was calibrated: the in-degrees of each pathway are scaled such that the "
                            "transfer functions give the network's own rates at {} Hz as nearly as lambda = {:g} "
                            "allows. A scale that is not 1 is no anatomy: it stands for what the mean field does not "
                            "know.",
                            levels, c.lambda)) +
           scales.text() + "\n" + wrap("Errors at levels that it has not seen, with and without the calibration:") +
           errors.text();
}

std::string network_only_part(const ValidationReport& report) {
    if (report.network_only.empty()) return "";
    std::string out = heading("Conditions of the network alone");
    for (const auto& c : report.network_only) {
        out += wrap(
            c.reason +
            fmt::format(" These are the network's rates: means from {:g} to {:g} ms{}, in Hz; ± is the standard error.",
                        c.from_ms, c.to_ms, c.trials > 1 ? fmt::format(" of {} trials", c.trials) : ""));
        out += "\n" + c.label + "\n";
        TextTable table({"population", "cells", "rate", "±", "sd over cells", "firing cells", "their sd"});
        for (const auto& row : c.populations)
            table.add({row.name, std::to_string(row.cells), rate_text(row.rate_hz), rate_text(row.rate_se_hz),
                       rate_text(row.rate_sd_hz), rate_text(row.rate_firing_hz), rate_text(row.rate_sd_firing_hz)});
        out += table.text();
    }
    return out;
}

std::string stages_part(const ReportInputs& in) {
    if (in.stages.empty()) return "";
    TextTable table({"stage", "wall s", "CPU s", ""});
    for (const auto& s : in.stages)
        table.add({s.name, s.wall_s ? fmt::format("{:.2f}", *s.wall_s) : "-",
                   s.cpu_s ? fmt::format("{:.2f}", *s.cpu_s) : "-",
                   s.of_base  ? "the base's"
                   : s.cached ? "kept from an earlier run"
                              : ""});
    return heading("Times") + table.text();
}

std::string manifest_part(const Manifest& m) {
    if (m.automfm_version.empty()) return "";
    std::string out = heading("What made this");
    out += wrap(fmt::format("automfm {}, compiled by {}; seed {}; {} thread{}", m.automfm_version, m.compiler, m.seed,
                            m.threads, m.threads == 1 ? "" : "s"),
                "  ", "  ");
    out += wrap(fmt::format("pipeline {} ({})", m.pipeline_file, m.pipeline_hash), "  ", "  ");
    for (const auto& [file, hash] : m.inputs) out += wrap(fmt::format("input {} ({})", file, hash), "  ", "  ");
    std::string plugins;
    for (const auto& p : m.plugins) plugins += (plugins.empty() ? "plugins " : ", ") + p.id + " " + p.version;
    if (!plugins.empty()) out += wrap(plugins, "  ", "    ");
    for (const auto& [stage, hash] : m.stage_hashes) out += fmt::format("  stage {} {}\n", stage, hash);
    return out;
}

/// Text that others have laid out; only lines that are too wide are broken.
std::string ready_text(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = std::string_view(text).substr(at, end - at);
        if (display_width(line) <= page_width) {
            out.append(line).push_back('\n');
        } else {
            const auto indent = std::min(line.find_first_not_of(' '), line.size());
            const std::string spaces(indent, ' ');
            out += wrap(line.substr(indent), spaces, spaces + "    ");
        }
        at = end + 1;
    }
    return out;
}

} // namespace

std::vector<CircuitRow> circuit_rows(const PipelineConfig& config, const Network& network) {
    std::vector<CircuitRow> rows;
    for (std::size_t i = 0; i < network.populations.size(); ++i) {
        const auto& p = config.populations.at(i);
        std::string kind = p.kind == PopulationConfig::Kind::Poisson ? "Poisson"
                           : p.kind == PopulationConfig::Kind::Relay ? "relay"
                                                                     : "neuron";
        if (p.neuron && p.neuron->component != nullptr) kind = fmt::format("{} {}", kind, p.neuron->component->id());
        rows.push_back({p.name, kind, network.populations[i].n});
    }
    return rows;
}

std::vector<ConnectionRow> connection_rows(const PipelineConfig& config, const Network& network) {
    std::vector<ConnectionRow> rows;
    for (std::size_t i = 0; i < network.projections.size(); ++i) {
        const auto& p = network.projections[i];
        const auto* component = i < config.projections.size() ? config.projections[i].rule.component : nullptr;
        rows.push_back({p.name, network.populations.at(p.source).name, network.populations.at(p.target).name,
                        component != nullptr ? component->id() : "", p.synapses()});
    }
    return rows;
}

std::string report_text(const ValidationReport& report, const ReportInputs& in) {
    std::string out = in.name + "\n" + std::string(display_width(in.name), '=') + "\n\n" + verdict_part(report);
    out += variants_part(report, in.variants);
    out += circuit_part(in);
    if (!in.in_degrees.empty()) out += heading("In-degrees") + ready_text(in.in_degrees);
    out += rates_part(report, in.limits);
    out += points_part(report);
    out += fluctuations_part(report);
    out += second_order_part(report);
    out += sampling_part(report);
    out += transfer_part(report);
    out += operating_part(report);
    out += budget_part(report);
    out += calibration_part(report);
    if (const auto table = dynamic_table(report); !table.empty())
        out += heading("Time courses: network against mean field") +
               wrap("Both smoothed by the same box; the amplitude ratio is mean field over network at the stimulus's "
                    "frequency, a positive phase means that "
                    "the mean field is later.") +
               table;
    out += scores_part(report);
    out += network_only_part(report);
    if (!report.warnings.empty()) out += heading("Warnings") + bullets(report.warnings);
    if (!in.equations.empty()) out += heading("Equations") + ready_text(in.equations);
    return out + stages_part(in) + reuse_part(in.reuse) + manifest_part(in.manifest);
}

std::string console_summary(const ValidationReport& report, const std::string& name, const std::string& run_folder) {
    std::string out = name + "\n\n" + verdict_part(report);
    for (const auto& stimulation : stationary_stimulations(report))
        out += fmt::format("\nError of the mean field's stationary rates against the network's, by the rate of '{}'\n",
                           stimulation) +
               error_table(report, stimulation);
    if (const auto table = dynamic_table(report); !table.empty())
        out += "\nTime courses, mean field against network\n" + table;
    if (!report.network_only.empty()) out += "\nNot compared (the network's rates are in report.txt)\n";
    for (const auto& c : report.network_only) out += wrap(c.reason, "  - ", "    ");
    if (!report.warnings.empty())
        out += fmt::format("\n{} warning{} in report.txt.\n", report.warnings.size(),
                           report.warnings.size() == 1 ? "" : "s");
    return out + "\nEverything is in " + run_folder + " (start with report.html).\n";
}

} // namespace mfm
