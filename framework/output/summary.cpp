// SPDX-License-Identifier: Apache-2.0
#include "output/summary.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace mfm {
namespace {

using Json = nlohmann::ordered_json;

Json value(std::optional<double> x) {
    if (!x || !std::isfinite(*x)) return nullptr;
    return *x;
}

Json stationary(const StationaryRow& row) {
    return {{"stimulation", row.stimulation},
            {"stimulus_hz", value(row.stimulus_hz)},
            {"network_rate_hz", value(row.network_rate_hz)},
            {"network_rate_firing_hz", value(row.network_rate_firing_hz)},
            {"network_rate_se_hz", value(row.network_rate_se_hz)},
            {"mean_field_rate_hz", value(row.mean_field_rate_hz)},
            {"mean_field_mean_k_rate_hz", value(row.mean_field_mean_k_rate_hz)},
            {"relative_error", value(row.relative_error)},
            {"floor_hz", value(row.floor_hz)}};
}

Json fluctuations(const FluctuationRow& row) {
    return {{"stimulus_hz", value(row.stimulus_hz)},
            {"network_sd_hz", value(row.network_sd_hz)},
            {"independent_sd_hz", value(row.independent_sd_hz)},
            {"mean_field_sd_hz", value(row.mean_field_sd_hz)},
            {"noisy_sd_hz", value(row.noisy_sd_hz)},
            {"noisy_rate_hz", value(row.noisy_rate_hz)},
            {"network_within_T_sd_hz", value(row.network_within_T_sd_hz)},
            {"second_order_sd_hz", value(row.second_order_sd_hz)},
            {"first_order_rate_hz", value(row.first_order_rate_hz)}};
}

Json sampling(const SamplingSummary& s) {
    if (s.end == SamplingSummary::End::None) return nullptr;
    static const char* const ends[] = {"none", "fixed", "tolerance", "budget"};
    Json shares = Json::array();
    for (const SharePair& pair : s.shares)
        shares.push_back(Json{{"G_e", value(pair.G_e)},
                              {"G_i", value(pair.G_i)},
                              {"pathway", pair.pathway},
                              {"share_difference", value(pair.share)},
                              {"rates_hz", {value(pair.rate_hz), value(pair.other_hz)}},
                              {"difference_se_hz", value(pair.se_hz)},
                              {"tolerance_hz", value(pair.tolerance_hz)}});
    return {{"ended_by", ends[static_cast<std::size_t>(s.end)]},
            {"points", s.points},
            {"measurements", s.measurements},
            {"neuron_seconds", value(s.seconds)},
            {"expected_error", value(s.expected_error)},
            {"left_out_error", value(s.left_out_error)},
            {"left_out_hz", value(s.left_out_hz)},
            {"left_out_at",
             {{"rate_hz", value(s.left_out_rate_hz)}, {"G_e", value(s.left_out_G_e)}, {"G_i", value(s.left_out_G_i)}}},
            {"shares", shares}};
}

Json transfer(const TransferSummary& t) {
    Json coefficients = nullptr, errors = nullptr, domain = nullptr, compared = nullptr, operating_point = nullptr;
    if (t.basis) {
        coefficients = errors = domain = Json::object();
        for (std::size_t k = 0; k < t.coefficients.size(); ++k) {
            const auto& [name, x] = t.coefficients[k];
            coefficients[name] = value(x);
            errors[name] = value(k < t.standard_errors.size() ? std::optional(t.standard_errors[k]) : std::nullopt);
        }
        for (const auto& row : t.domain) domain[row.input] = {value(row.lower), value(row.upper)};
    }
    if (!t.compared.empty()) {
        compared = Json::array();
        for (std::size_t i = 0; i < t.compared.size(); ++i) {
            const BasisScore& s = t.compared[i];
            compared.push_back(Json{{"basis", s.basis},
                                    {"chosen", i == t.candidate},
                                    {"reason", s.reason.empty() ? Json(nullptr) : Json(s.reason)},
                                    {"coefficients", s.coefficients},
                                    {"undefined_points", s.undefined_points},
                                    {"cross_validated_error", value(s.cross_validated_error)},
                                    {"cross_validated_rmse_hz", value(s.cross_validated_rmse_hz)},
                                    {"heldout_rmse_hz", value(s.heldout_rmse_hz)},
                                    {"heldout_median_relative_error", value(s.heldout_median_relative_error)}});
        }
    }
    if (t.operating_point) {
        operating_point = Json::array();
        for (const auto& row : *t.operating_point)
            operating_point.push_back(Json{{"stimulus_hz", value(row.stimulus_hz)},
                                           {"network_rate_hz", value(row.network_rate_hz)},
                                           {"poisson_rate_hz", value(row.poisson_rate_hz)},
                                           {"transfer_rate_hz", value(row.transfer_rate_hz)},
                                           {"relative_error", value(row.relative_error)}});
    }
    return {{"basis", t.basis ? Json(*t.basis) : Json(nullptr)},
            {"coefficients", coefficients},
            {"standard_errors", errors},
            {"domain", domain},
            {"cross_validated_error", value(t.cross_validated_error)},
            {"cross_validated_rmse_hz", value(t.cross_validated_rmse_hz)},
            {"heldout_rmse_hz", value(t.heldout_rmse_hz)},
            {"heldout_median_relative_error", value(t.heldout_median_relative_error)},
            {"compared", compared},
            {"operating_point", operating_point},
            {"given", t.basis ? Json(t.given) : Json(nullptr)},
            {"sampling", sampling(t.sampling)}};
}

Json budget(const BudgetRow& row) {
    Json terms = Json::array(), loops = Json::array();
    for (const BudgetTerm& term : row.terms)
        terms.push_back(Json{{"name", term.name},
                             {"hz", value(term.hz)},
                             {"se_hz", value(term.se_hz)},
                             {"relative", value(row.relative(term.hz))}});
    for (const BudgetTerm& term : row.loops)
        loops.push_back(Json{{"name", term.name}, {"hz", value(term.hz)}, {"relative", value(row.relative(term.hz))}});
    return {{"stimulation", row.stimulation},
            {"stimulus_hz", value(row.stimulus_hz)},
            {"network_rate_hz", value(row.network_rate_hz)},
            {"mean_field_rate_hz", value(row.mean_field_rate_hz)},
            {"total_hz", value(row.total_hz())},
            {"total_relative", value(row.relative(row.total_hz()))},
            {"terms", terms},
            {"loops", loops}};
}

/// The scales, and errors of every level with and without them; "seen" marks what they were fitted to.
Json calibration(const ValidationReport& report) {
    if (!report.calibration) return nullptr;
    Json scales = Json::array(), populations = Json::object();
    for (const auto& s : report.calibration->scales)
        scales.push_back(
            Json{{"pathway", s.pathway}, {"source", s.source}, {"target", s.target}, {"scale", value(s.scale)}});
    for (const auto& p : report.populations) {
        Json rows = Json::array();
        for (const auto& row : p.stationary)
            rows.push_back(Json{{"stimulus_hz", value(row.stimulus_hz)},
                                {"seen", row.calibrated_on},
                                {"relative_error", value(row.relative_error)},
                                {"uncalibrated_rate_hz", value(row.uncalibrated_rate_hz)},
                                {"uncalibrated_relative_error", value(row.uncalibrated_error)}});
        populations[p.name] = rows;
    }
    Json levels = Json::array();
    for (const double level : report.calibration->levels_hz) levels.push_back(value(level));
    return {{"lambda", value(report.calibration->lambda)},
            {"levels_hz", levels},
            {"scales", scales},
            {"populations", populations}};
}

Json dynamic(const DynamicRow& row) {
    return {{"stimulus", row.stimulus},
            {"rmse_hz", value(row.rmse_hz)},
            {"peak_network_hz", value(row.peak_network_hz)},
            {"peak_mean_field_hz", value(row.peak_mean_field_hz)},
            {"amplitude_ratio", value(row.amplitude_ratio)},
            {"phase_difference_deg", value(row.phase_difference_deg)}};
}

Json network_only(const NetworkCondition& c) {
    Json populations = Json::object();
    for (const auto& row : c.populations)
        populations[row.name] = {{"rate_hz", value(row.rate_hz)},
                                 {"rate_se_hz", value(row.rate_se_hz)},
                                 {"rate_sd_hz", value(row.rate_sd_hz)},
                                 {"rate_firing_hz", value(row.rate_firing_hz)},
                                 {"rate_sd_firing_hz", value(row.rate_sd_firing_hz)}};
    return {{"stimulation", c.stimulation}, {"label", c.label},        {"reason", c.reason},
            {"from_ms", value(c.from_ms)},  {"to_ms", value(c.to_ms)}, {"populations", populations}};
}

Json response(const ResponseScores& s) {
    return {{"baseline_hz", value(s.baseline_hz)}, {"peak_hz", value(s.peak_hz)},
            {"pause_hz", value(s.pause_hz)},       {"pause_depth", value(s.pause_depth)},
            {"pause_ms", value(s.pause_ms)},       {"area", value(s.area)},
            {"correlation", value(s.correlation)}, {"mutual_information_bits", value(s.mutual_information_bits)}};
}

Json reused(std::span<const StageReuse> rows) {
    if (rows.empty()) return nullptr;
    Json out = Json::array();
    for (const StageReuse& row : rows)
        out.push_back(Json{{"stage", row.stage},
                           {"population", row.population.empty() ? Json(nullptr) : Json(row.population)},
                           {"reused", row.reused},
                           {"why", row.why}});
    return out;
}

Json circuit(const CircuitSummary& c) {
    Json populations = Json::array(), pathways = Json::array();
    const auto name_or_null = [](const std::string& name) { return name.empty() ? Json(nullptr) : Json(name); };
    for (const auto& p : c.populations)
        populations.push_back(
            Json{{"name", p.name}, {"kind", p.kind}, {"neuron", name_or_null(p.neuron)}, {"cells", p.cells}});
    for (const auto& w : c.pathways)
        pathways.push_back(Json{{"name", w.name},
                                {"source", w.source},
                                {"target", w.target},
                                {"excitatory", w.excitatory},
                                {"K", value(w.K)},
                                {"K_sd", value(w.K_sd)},
                                {"Q", value(w.Q)},
                                {"Q_unit", w.unit},
                                {"shape", w.shape},
                                {"tau_ms", value(w.tau)},
                                {"tau_rise_ms", w.shape == "biexponential" ? value(w.tau_rise) : Json(nullptr)},
                                {"E_rev_mV", w.unit == "nS" ? value(w.E_rev) : Json(nullptr)},
                                {"delay_ms", value(w.delay)}});
    return {{"populations", populations}, {"pathways", pathways}};
}

Json summary_of(const ValidationReport& report, std::span<const StageTime> stages, std::span<const StageReuse> reuse,
                std::span<const VariantOutcome> variants) {
    Json populations = Json::object();
    for (const auto& p : report.populations) {
        Json rates = Json::array(), swings = Json::array(), courses = Json::array(), budgets = Json::array(),
             scores = Json::array();
        for (const auto& row : p.stationary) rates.push_back(stationary(row));
        for (const auto& row : p.dynamic) courses.push_back(dynamic(row));
        for (const auto& row : p.fluctuations) swings.push_back(fluctuations(row));
        for (const auto& row : p.error_budget) budgets.push_back(budget(row));
        for (const auto& row : p.scores)
            scores.push_back(Json{{"stimulus", row.stimulus},
                                  {"network", response(row.network)},
                                  {"mean_field", response(row.mean_field)}});
        populations[p.name] = {{"stationary", rates}, {"fluctuations", swings}, {"transfer", transfer(p.transfer)},
                               {"dynamic", courses},  {"scores", scores},       {"error_budget", budgets}};
    }
    Json advice = Json::array();
    for (const std::string& text : report.advice) advice.push_back(text.empty() ? Json(nullptr) : Json(text));
    const auto positive = [](double x) { return x > 0.0 ? value(x) : Json(nullptr); };
    Json alone = Json::array();
    for (const auto& c : report.network_only) alone.push_back(network_only(c));
    Json times = Json::object();
    for (const auto& s : stages)
        times[s.name] = {{"wall_s", value(s.wall_s)}, {"cpu_s", value(s.cpu_s)}, {"cached", s.cached}};
    Json of_variants = Json::object();
    for (const VariantOutcome& v : variants) of_variants[v.name] = summary_of(v.report, v.stages, v.reuse, v.variants);
    return {{"verdict", report.verdict ? Json(verdict_name(*report.verdict)) : Json(nullptr)},
            {"reasons", report.reasons},
            {"advice", advice},
            {"warnings", report.warnings},
            {"limits", {{"limited", positive(report.limited)}, {"not_valid", positive(report.not_valid)}}},
            {"circuit", circuit(report.circuit)},
            {"populations", populations},
            {"fluctuation_bin_ms", positive(report.fluctuation_bin_ms)},
            {"network_only", alone},
            {"calibration", calibration(report)},
            {"stages", times},
            {"reuse", reused(reuse)},
            {"variants", of_variants}};
}

} // namespace

std::string summary_json(const ValidationReport& report, std::span<const StageTime> stages,
                         std::span<const StageReuse> reuse, std::span<const VariantOutcome> variants) {
    return summary_of(report, stages, reuse, variants).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace mfm
