// SPDX-License-Identifier: Apache-2.0
#include "validate/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "validate/metrics.hpp"

namespace mfm {

const char* verdict_name(Verdict verdict) noexcept {
    switch (verdict) {
    case Verdict::Valid:
        return "valid";
    case Verdict::Limited:
        return "limited";
    case Verdict::NotValid:
        break;
    }
    return "not_valid";
}

std::vector<std::string> stationary_stimulations(const ValidationReport& report) {
    std::vector<std::string> names;
    for (const auto& p : report.populations)
        for (const auto& row : p.stationary)
            if (std::find(names.begin(), names.end(), row.stimulation) == names.end()) names.push_back(row.stimulation);
    return names;
}

std::string short_label(const std::string& stimulation, const std::string& label) {
    const std::string prefix = stimulation + ": ";
    return label.rfind(prefix, 0) == 0 ? label.substr(prefix.size()) : label;
}

namespace {

/// A sentence behind the verdict, and what to do about it ("": nothing that the sentence does not say).
struct Reason {
    std::string sentence, advice;
};

std::string number(double value) {
    return fmt::format("{:.4g}", value);
}
std::string percent(double fraction) {
    return fmt::format("{:+.0f} %", 100.0 * fraction);
}

/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& items) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i)
        text += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
    return text;
}

/// "4 and 8 Hz of 'background' and 20 Hz of 'other'", stimulations in order of appearance.
std::string at_levels(const std::vector<std::pair<std::string, double>>& levels) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < levels.size();) {
        std::vector<std::string> rates;
        const auto& name = levels[i].first;
        for (; i < levels.size() && levels[i].first == name; ++i) rates.push_back(number(levels[i].second));
        parts.push_back(listed(rates) + " Hz of '" + name + "'");
    }
    return "at " + listed(parts);
}

std::string describe(const ConditionFinding& c) {
    if (c.stationary) return "at " + number(c.stimulus_hz) + " Hz of '" + c.stimulation + "'";
    const std::string label = short_label(c.stimulation, c.label);
    return "in '" + c.stimulation + "'" + (label.empty() || label == c.stimulation ? "" : " (" + label + ")");
}

std::string describe(const std::vector<const ConditionFinding*>& conditions) {
    std::vector<std::pair<std::string, double>> levels;
    std::vector<std::string> others;
    for (const auto* c : conditions) {
        if (c->stationary)
            levels.emplace_back(c->stimulation, c->stimulus_hz);
        else
            others.push_back(describe(*c));
    }
    if (!levels.empty()) others.insert(others.begin(), at_levels(levels));
    return listed(others);
}

std::string describe(const StationaryRow& row) {
    const std::string se = row.network_rate_se_hz ? " ± " + number(*row.network_rate_se_hz) : "";
    return percent(*row.relative_error) + " (mean field " + number(*row.mean_field_rate_hz) + " Hz, network " +
           number(*row.network_rate_hz) + se + " Hz)";
}

const StationaryRow& largest_error(const std::vector<const StationaryRow*>& rows) {
    return **std::max_element(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
        return std::abs(*a->relative_error) < std::abs(*b->relative_error);
    });
}

std::string error_sentence(const PopulationReport& population, const std::vector<const StationaryRow*>& rows,
                           double limit) {
    const auto* worst = &largest_error(rows);
    std::vector<std::pair<std::string, double>> levels;
    for (const auto* row : rows) levels.emplace_back(row->stimulation, row->stimulus_hz);
    const std::string where =
        rows.size() == 1 ? ": "
                         : "; the worst is at " + number(worst->stimulus_hz) + " Hz of '" + worst->stimulation + "': ";
    return population.name + ": the mean field's rate is more than " + number(100.0 * limit) + " % off " +
           at_levels(levels) + where + describe(*worst) + ".";
}

/// Sentences by population about a property of conditions; `shows` picks, `say` makes the sentence from the worst one.
using Shows = std::function<double(const PopulationFinding&)>; ///< how much, 0 for not at all
std::vector<std::string>
by_population(const ValidationReport& report, const Shows& shows,
              const std::function<std::string(const PopulationFinding& worst, const std::string& where)>& say) {
    std::vector<std::string> sentences;
    for (const auto& population : report.populations) {
        std::vector<const ConditionFinding*> where;
        const PopulationFinding* worst = nullptr;
        for (const auto& condition : report.conditions)
            for (const auto& finding : condition.populations) {
                if (finding.name != population.name || shows(finding) == 0.0) continue;
                where.push_back(&condition);
                if (worst == nullptr || shows(finding) > shows(*worst)) worst = &finding;
            }
        if (worst != nullptr) sentences.push_back(population.name + " " + say(*worst, describe(where)));
    }
    return sentences;
}

void add(std::vector<Reason>& reasons, const std::vector<std::string>& sentences, const std::string& advice = "") {
    for (const std::string& sentence : sentences) reasons.push_back({sentence, advice});
}

/// The condition whose deviations grow fastest.
const ConditionFinding& fastest(const std::vector<const ConditionFinding*>& conditions) {
    return **std::max_element(conditions.begin(), conditions.end(), [](const auto* a, const auto* b) {
        return a->growth_rate.value_or(0.0) < b->growth_rate.value_or(0.0);
    });
}

void judge_conditions(const ValidationReport& report, const SynchronyLimits& synchrony, std::vector<Reason>& grave,
                      std::vector<Reason>& mild) {
    std::vector<const ConditionFinding*> missing, unstable, rhythmic;
    for (const auto& c : report.conditions) {
        if (!c.failure.empty()) grave.push_back({"The mean field stopped " + describe(c) + ": " + c.failure, ""});
        if (c.stationary && c.fixed_point == FixedPointState::NotFound) missing.push_back(&c);
        if (c.stationary && c.fixed_point == FixedPointState::Unstable)
            (c.rhythmic_population.empty() ? unstable : rhythmic).push_back(&c);
    }
    if (!missing.empty())
        grave.push_back(
            {"The mean field has no fixed point " + describe(missing) + ", though the stimulus is stationary.",
             "Look whether the network itself comes to rest there; if it does, sample the transfer functions over a "
             "wider range (transfer.working_low, transfer.working_high)."});
    // Recurrent inhibition with delays is often near an oscillation: the rates about it may still be right.
    if (!unstable.empty()) {
        const auto& worst = fastest(unstable);
        std::string how;
        if (worst.oscillation_hz) how += "; it oscillates at about " + number(*worst.oscillation_hz) + " Hz";
        if (worst.growth_rate) how += "; deviations grow by up to " + number(*worst.growth_rate) + " /ms";
        mild.push_back(
            {"The mean field's fixed point is unstable " + describe(unstable) +
                 ", and the network shows no such rhythm" + how + ".",
             "Use the stationary rates; the model's time courses and spectra do not hold near such a state."});
    }
    if (!rhythmic.empty()) {
        const auto& worst = fastest(rhythmic);
        mild.push_back({"The mean field oscillates by itself " + describe(rhythmic) + " (at about " +
                            number(worst.oscillation_hz.value_or(0.0)) + " Hz), and so does the network (" +
                            worst.rhythmic_population + " at about " + number(worst.rhythm_hz) +
                            " Hz); its rates are those of the unstable fixed point.",
                        "Where rates matter, integrate the model and take means over whole periods."});
    }
    const auto saturation = [](const auto& f) {
        return f.largest_F_T >= 1.0 || std::isnan(f.largest_F_T) ? f.largest_F_T : 0.0;
    };
    add(grave,
        by_population(report, saturation,
                      [](const auto& worst, const auto& where) {
                          return "reaches F T = " + number(worst.largest_F_T) + " " + where +
                                 "; the mean field's equations hold below 1 only.";
                      }),
        "Take a shorter mean_field.T.");
    std::vector<const ConditionFinding*> lost;
    for (const auto& c : report.conditions)
        if (c.covariance_loss > 0.0) lost.push_back(&c);
    if (!lost.empty()) {
        const auto& worst = **std::min_element(lost.begin(), lost.end(), [](const auto* a, const auto* b) {
            return a->lowest_eigenvalue < b->lowest_eigenvalue;
        });
        grave.push_back({"The master equation's covariance matrix has negative eigenvalues " + describe(lost) +
                             ", down to " + number(worst.lowest_eigenvalue) + " of the largest, for " +
                             number(100.0 * worst.covariance_loss) +
                             " % of the time; its second order does not hold there (use mean_field.order = 1, or "
                             "dynamics = \"synaptic\").",
                         ""});
    }
    add(grave, by_population(
                   report, [](const auto& f) { return f.outside_domain; },
                   [](const auto& worst, const auto& where) {
                       return "leaves the domain of its transfer function " + where + ", for up to " +
                              number(100.0 * worst.outside_domain) + " % of the time" +
                              (worst.outside_inputs.empty() ? "" : ", as " + worst.outside_inputs) +
                              "; sample a wider range (transfer.working_low, transfer.working_high).";
                   }));
    const auto synchronous = [&](const auto& f) {
        return f.fano && f.correlation && is_synchronous(*f.fano, *f.correlation, synchrony) ? *f.correlation : 0.0;
    };
    add(grave,
        by_population(report, synchronous,
                      [&](const auto& worst, const auto& where) {
                          return "is synchronous " + where + ": pairwise count correlation " +
                                 number(*worst.correlation) + " (limit " + number(synchrony.correlation) +
                                 ") and Fano factor " + number(*worst.fano) + " (limit " + number(synchrony.fano) +
                                 ") of the network; no rate model holds there.";
                      }),
        "Use the network itself there. Cells synchronise less where there are more of them, where their in-degrees "
        "vary and where they share fewer inputs; check that these are the real circuit's.");
}

/// Where most of a stationary error comes from, by the error budget, and what lessens it; "" without a budget.
std::string advice_of(const PopulationReport& population, const StationaryRow& at) {
    const auto row =
        std::find_if(population.error_budget.begin(), population.error_budget.end(), [&](const BudgetRow& r) {
            return r.stimulation == at.stimulation && r.stimulus_hz == at.stimulus_hz && !r.terms.empty();
        });
    if (row == population.error_budget.end()) return "";
    const BudgetTerm& largest =
        *std::max_element(row->terms.begin(), row->terms.end(),
                          [](const auto& a, const auto& b) { return std::abs(a.hz) < std::abs(b.hz); });
    std::string name = largest.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    const std::string text =
        "The largest part of this error is '" + name + "' (" + percent(row->relative(largest.hz)) + ")";
    if (largest.name == "fit" || largest.name == "population_function")
        return text + ": sample more densely (transfer.points, transfer.seconds) or try transfer.basis = \"auto\".";
    if (largest.name == "in_degree")
        return text + ": take more nodes (mean_field.in_degree_nodes), or mean_field.in_degree = \"list\".";
    if (largest.name == "loops")
        return text + ": it comes from the errors of other populations; mend the largest of those first.";
    if (largest.name == "correlation" || largest.name == "common_fluctuations")
        return text + ": the network's spikes are correlated, which a mean field of rates does not know.";
    return text + "; the error budget says what that is.";
}

/// One sentence a population for the rates of stationary conditions; returns how many conditions were compared.
std::size_t judge_rates(const ValidationReport& report, const ValidationConfig& limits, std::vector<Reason>& grave,
                        std::vector<Reason>& mild, std::vector<std::string>& warnings) {
    std::size_t compared = 0;
    for (const auto& population : report.populations) {
        std::vector<const StationaryRow*> beyond_use, beyond_limited;
        std::vector<std::pair<std::string, double>> not_finite, not_computed, below_floor;
        for (const auto& row : population.stationary) {
            const std::pair<std::string, double> level{row.stimulation, row.stimulus_hz};
            if (!row.network_rate_hz) continue;
            if (!row.mean_field_rate_hz || !row.relative_error) {
                not_computed.push_back(level);
                continue;
            }
            ++compared;
            if (*row.network_rate_hz < row.floor_hz) below_floor.push_back(level);
            const double error = std::abs(*row.relative_error);
            if (!std::isfinite(*row.mean_field_rate_hz) || !std::isfinite(error))
                not_finite.push_back(level);
            else if (error > limits.not_valid)
                beyond_use.push_back(&row);
            else if (error > limits.limited)
                beyond_limited.push_back(&row);
        }
        if (!not_finite.empty())
            grave.push_back({population.name + ": a rate is no finite number " + at_levels(not_finite) + ".", ""});
        if (!beyond_use.empty())
            grave.push_back({error_sentence(population, beyond_use, limits.not_valid),
                             advice_of(population, largest_error(beyond_use))});
        if (!beyond_limited.empty())
            mild.push_back({error_sentence(population, beyond_limited, limits.limited),
                            advice_of(population, largest_error(beyond_limited))});
        if (!not_computed.empty())
            warnings.push_back(population.name + ": there is no mean-field rate to compare " + at_levels(not_computed) +
                               ".");
        if (!below_floor.empty())
            warnings.push_back(population.name + ": the network's rate is below the noise of its measurement " +
                               at_levels(below_floor) + "; its errors are taken relative to that noise (" +
                               number(population.stationary.front().floor_hz) + " Hz) there.");
    }
    return compared;
}

void judge_transfer(const ValidationReport& report, const ValidationConfig& limits, std::vector<Reason>& mild,
                    std::vector<std::string>& warnings) {
    for (const auto& population : report.populations) {
        const auto& transfer = population.transfer;
        if (transfer.converged == false)
            mild.push_back({population.name + ": the fit of the transfer function did not converge" +
                                (transfer.optimizer_message.empty() ? "." : " (" + transfer.optimizer_message + ")."),
                            "Try another basis (transfer.basis = \"auto\") or optimizer (transfer.optimizer)."});
        if (!transfer.operating_point) continue;
        const OperatingPointRow* worst = nullptr;
        for (const auto& row : *transfer.operating_point)
            if (row.relative_error &&
                (worst == nullptr || std::abs(*row.relative_error) > std::abs(*worst->relative_error)))
                worst = &row;
        if (worst != nullptr && std::abs(*worst->relative_error) > limits.limited)
            warnings.push_back(population.name +
                               ": at the network's own input rates the transfer function is off by up to " +
                               percent(*worst->relative_error) + ", at a stimulus of " + number(worst->stimulus_hz) +
                               " Hz; no mean field made from it can be nearer, but by chance.");
    }
}

/// What of a term is beyond its own noise.
double beyond_noise(const BudgetTerm& term) {
    return std::max(0.0, std::abs(term.hz) - 2.0 * term.se_hz.value_or(0.0));
}

/// Rates that are right because large errors cancel: nothing says that they do so elsewhere.
void judge_budget(const ValidationReport& report, const ValidationConfig& limits, std::vector<Reason>& mild) {
    for (const auto& population : report.populations) {
        std::vector<std::pair<std::string, double>> levels;
        const BudgetRow* worst = nullptr;
        double worst_sum = 0;
        for (const auto& row : population.error_budget) {
            double sum = 0;
            for (const auto& term : row.terms) sum += row.relative(beyond_noise(term));
            const bool small = std::abs(row.relative(row.total_hz())) <= limits.limited;
            if (!small || row.network_rate_hz < row.floor_hz || !(sum > limits.not_valid)) continue;
            levels.emplace_back(row.stimulation, row.stimulus_hz);
            if (sum > worst_sum) {
                worst = &row;
                worst_sum = sum;
            }
        }
        if (worst == nullptr) continue;
        std::vector<BudgetTerm> terms = worst->terms;
        std::stable_sort(terms.begin(), terms.end(),
                         [](const auto& a, const auto& b) { return std::abs(a.hz) > std::abs(b.hz); });
        std::vector<std::string> largest;
        for (std::size_t i = 0; i < std::min<std::size_t>(3, terms.size()); ++i) {
            std::string name = terms[i].name;
            std::replace(name.begin(), name.end(), '_', ' ');
            largest.push_back(name + " " + percent(worst->relative(terms[i].hz)));
        }
        const std::string where =
            levels.size() == 1 ? ": " : "; at " + number(worst->stimulus_hz) + " Hz of '" + worst->stimulation + "' ";
        mild.push_back({population.name + ": errors cancel " + at_levels(levels) + where + "they sum to " +
                            number(std::round(100.0 * worst_sum)) + " % of the rate and leave " +
                            percent(worst->relative(worst->total_hz())) + " (" + listed(largest) + ").",
                        "Do not rely on this rate in states that were not compared with the network."});
    }
}

} // namespace

void judge(ValidationReport& report, const ValidationConfig& limits) {
    const auto synchrony = SynchronyLimits::from(limits.synchrony_fano, limits.synchrony_correlation);
    std::vector<Reason> grave, mild;
    judge_conditions(report, synchrony, grave, mild);
    const std::size_t compared = judge_rates(report, limits, grave, mild, report.warnings);
    judge_budget(report, limits, mild);
    judge_transfer(report, limits, mild, report.warnings);
    if (compared == 0)
        mild.push_back(
            {"No stationary condition was compared with the network, so nothing is known of the rates' errors.",
             "Add a stimulation at constant rates (plugin = \"sweep\")."});
    const auto correlated = [&](const auto& f) {
        if (!f.fano || !f.correlation || is_synchronous(*f.fano, *f.correlation, synchrony)) return 0.0;
        return is_correlated(*f.fano, *f.correlation, synchrony) ? *f.correlation : 0.0;
    };
    for (std::string& warning : by_population(report, correlated, [](const auto&worst, const auto&where) {
             return "is correlated in the network " + where + " (pairwise count correlation up to " +
                    number(*worst.correlation) + "): expect a bias of the mean field's rates.";
         }))
        report.warnings.push_back(std::move(warning));
    // A report that is judged again (other limits, say) has its warnings already.
    std::vector<std::string> once;
    for (auto& warning : report.warnings)
        if (std::find(once.begin(), once.end(), warning) == once.end()) once.push_back(std::move(warning));
    report.warnings = std::move(once);
    report.verdict = !grave.empty() ? Verdict::NotValid : !mild.empty() ? Verdict::Limited : Verdict::Valid;
    report.limited = limits.limited;
    report.not_valid = limits.not_valid;
    report.reasons.clear();
    report.advice.clear();
    grave.insert(grave.end(), mild.begin(), mild.end());
    for (Reason& reason : grave) {
        report.reasons.push_back(std::move(reason.sentence));
        report.advice.push_back(std::move(reason.advice));
    }
}

ExitCode exit_code(const ValidationReport& report) noexcept {
    return report.verdict == Verdict::NotValid ? ExitCode::NotValid : ExitCode::Done;
}

} // namespace mfm
