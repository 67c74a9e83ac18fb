// SPDX-License-Identifier: Apache-2.0
#include "output/variants.hpp"

#include <fmt/format.h>

#include "output/text_table.hpp"
#include "validate/verdict.hpp"

namespace mfm {
namespace {

std::string change(std::optional<double> base, std::optional<double> now) {
    if (!base || !now || !(*base > 0)) return "-";
    return percent_text(*now / *base - 1.0);
}

const PopulationReport* find(const ValidationReport& report, const std::string& population) {
    for (const PopulationReport& p : report.populations)
        if (p.name == population) return &p;
    return nullptr;
}

const StationaryRow* find(const PopulationReport* p, const StationaryRow& like) {
    if (p == nullptr) return nullptr;
    for (const StationaryRow& row : p->stationary)
        if (row.stimulation == like.stimulation && row.stimulus_hz == like.stimulus_hz) return &row;
    return nullptr;
}

std::string verdict_text(const ValidationReport& report) {
    if (!report.verdict) return "nothing to compare with";
    const std::string name(verdict_name(*report.verdict));
    return name == "not_valid" ? "not valid" : name;
}

/// "stages build, remap; samples of golgi_cell", or "nothing".
std::string reused_text(std::span<const StageReuse> reuse) {
    std::string stages, samples;
    for (const StageReuse& row : reuse) {
        if (!row.reused) continue;
        if (row.population.empty())
            stages += (stages.empty() ? "" : ", ") + row.stage;
        else if (row.stage == "sample")
            samples += (samples.empty() ? "samples of " : ", ") + row.population;
    }
    if (stages.empty() && samples.empty()) return "nothing";
    return stages + (stages.empty() || samples.empty() ? "" : "; ") + samples;
}

/// Rates of a variant beside its base's.
std::string rates_of(const ValidationReport& base, const VariantOutcome& v) {
    const VariantOutcome* same_field = !v.variants.empty() ? &v.variants.front() : v.network ? nullptr : &v;
    std::vector<std::string> header{"population", "Hz"};
    if (v.network) header.insert(header.end(), {"network", "variant", "change"});
    header.insert(header.end(), {"mean field"});
    if (v.network) header.insert(header.end(), {"anew", "change"});
    if (same_field != nullptr) header.insert(header.end(), {"changed", "change"});
    TextTable table(header);
    for (const PopulationReport& p : base.populations)
        for (const StationaryRow& row : p.stationary) {
            const StationaryRow* now = find(find(v.report, p.name), row);
            const StationaryRow* changed =
                same_field == nullptr ? nullptr : find(find(same_field->report, p.name), row);
            if (now == nullptr && changed == nullptr) continue;
            const auto network = [](const StationaryRow* r) {
                return r == nullptr ? std::nullopt : r->network_rate_hz;
            };
            const auto field = [](const StationaryRow* r) {
                return r == nullptr ? std::nullopt : r->mean_field_rate_hz;
            };
            std::vector<std::string> cells{p.name, short_text(row.stimulus_hz)};
            if (v.network)
                cells.insert(cells.end(), {rate_text(row.network_rate_hz), rate_text(network(now)),
                                           change(row.network_rate_hz, network(now))});
            cells.push_back(rate_text(row.mean_field_rate_hz));
            if (v.network)
                cells.insert(cells.end(), {rate_text(field(now)), change(row.mean_field_rate_hz, field(now))});
            if (same_field != nullptr)
                cells.insert(cells.end(), {rate_text(field(changed)), change(row.mean_field_rate_hz, field(changed))});
            table.add(cells);
        }
    return table.empty() ? "" : table.text();
}

} // namespace

std::string variants_part(const ValidationReport& base, std::span<const VariantOutcome> variants) {
    if (variants.empty()) return "";
    std::string out = heading("Variants");
    out += wrap("Differences on this pipeline, in variants/NAME/. Network and mean field are this pipeline's; 'anew' "
                "is the mean field derived from a network that was "
                "simulated again, 'changed' this pipeline's mean field with the variant's parameters. Rates in Hz.");
    TextTable table({"variant", "made from", "verdict", "reused"}, 4);
    for (const VariantOutcome& v : variants) {
        table.add({v.name, v.network ? "network" : "mean field", verdict_text(v.report), reused_text(v.reuse)});
        for (const VariantOutcome& inner : v.variants)
            table.add({v.name, "mean field", verdict_text(inner.report), reused_text(inner.reuse)});
    }
    out += table.text();
    for (const VariantOutcome& v : variants)
        if (const std::string rates = rates_of(base, v); !rates.empty()) out += "\n" + v.name + "\n" + rates;
    return out;
}

std::string reuse_part(std::span<const StageReuse> reuse) {
    if (reuse.empty()) return "";
    std::string out = heading("Taken from the base");
    for (const StageReuse& row : reuse)
        out += wrap(fmt::format("{}{}: {}; {}.", row.stage, row.population.empty() ? "" : " of " + row.population,
                                row.reused ? "taken over" : "made anew", row.why),
                    "  - ", "    ");
    return out;
}

} // namespace mfm
