// SPDX-License-Identifier: Apache-2.0
#include "check/report.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "check/kind.hpp"

namespace mfm::check {
namespace {

template <class F> void for_each_finding(const LibraryReport& report, const F& f) {
    for (const Finding& finding : report.findings) f(std::string(), finding);
    for (const ComponentReport& component : report.components)
        for (const Finding& finding : component.findings) f(component.id, finding);
}

std::string lines_of(const std::vector<Finding>& findings) {
    std::size_t width = 0;
    for (const Finding& f : findings) width = std::max(width, f.check.size());
    std::string text;
    for (const Finding& f : findings)
        text += fmt::format("  {:<7}  {:<{}}  {}\n", outcome_text(f.outcome), f.check, width, f.text);
    return text;
}

std::string time_text(double ns) {
    if (ns < 1e3) return fmt::format("{:.3g} ns", ns);
    if (ns < 1e6) return fmt::format("{:.3g} us", ns * 1e-3);
    if (ns < 1e9) return fmt::format("{:.3g} ms", ns * 1e-6);
    return fmt::format("{:.3g} s", ns * 1e-9);
}
std::string bytes_text(double bytes) {
    if (bytes < 0) return "not known";
    if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
    if (bytes < 1024 * 1024) return fmt::format("{:.0f} KiB", bytes / 1024);
    return fmt::format("{:.1f} MiB", bytes / 1024 / 1024);
}

std::string table_of(const std::vector<Cost>& costs) {
    std::vector<std::vector<std::string>> rows{{"function", "calls", "a call", "in it", "kept a call", "peak"}};
    for (const Cost& c : costs)
        rows.push_back(
            {c.function, fmt::format("{}", c.calls), time_text(c.ns_per_call),
             c.unit.empty() ? "" : fmt::format("{} a {}", time_text(c.ns_per_call / c.units_per_call), c.unit),
             bytes_text(c.bytes_per_call), bytes_text(c.peak_bytes)});
    std::vector<std::size_t> width(rows[0].size(), 0);
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        text += "  ";
        for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], width[i]);
        text += row.back() + "\n";
    }
    return text;
}

std::string kinds_text(const ComponentReport& component) {
    std::string text;
    for (const std::string& id : component.interfaces) {
        const Kind* kind = kind_of(id);
        text += (text.empty() ? "" : ", ") + (kind != nullptr ? std::string(kind->name) : id);
    }
    return text;
}

nlohmann::json json_of(const std::vector<Finding>& findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& f : findings)
        list.push_back({{"check", f.check}, {"outcome", outcome_text(f.outcome)}, {"text", f.text}});
    return list;
}

} // namespace

std::string_view outcome_text(Outcome outcome) {
    switch (outcome) {
    case Outcome::Pass:
        return "ok";
    case Outcome::Fail:
        return "FAILED";
    case Outcome::Advice:
        return "advice";
    case Outcome::Note:
        return "note";
    case Outcome::NotRun:
        break;
    }
    return "not run";
}

std::size_t LibraryReport::count(Outcome outcome) const {
    std::size_t n = 0;
    for_each_finding(*this, [&](const std::string&, const Finding& f) { n += f.outcome == outcome ? 1 : 0; });
    return n;
}

std::string LibraryReport::reason() const {
    for (const Outcome outcome : {Outcome::Fail, Outcome::NotRun}) {
        std::string first;
        for_each_finding(*this, [&](const std::string& id, const Finding& f) {
            if (f.outcome == outcome && first.empty())
                first = fmt::format("{}{}: {}", id.empty() ? "" : id + ", ", f.check, f.text);
        });
        if (!first.empty()) return first;
    }
    return "";
}

std::string report_text(const LibraryReport& report) {
    std::string text = report.file + "\n";
    if (!report.made_by.empty()) text += fmt::format("  made by {}\n", report.made_by);
    text += lines_of(report.findings);
    for (const ComponentReport& component : report.components) {
        text += fmt::format("\n{} {} ({})\n{}", component.id, component.version, kinds_text(component),
                            lines_of(component.findings));
        if (!component.costs.empty()) text += fmt::format("\n{}", table_of(component.costs));
    }
    return text;
}

std::string report_json(const LibraryReport& report) {
    nlohmann::ordered_json out{{"file", report.file},
                               {"made_by", report.made_by},
                               {"passed", report.count(Outcome::Fail) + report.count(Outcome::NotRun) == 0},
                               {"checks", json_of(report.findings)},
                               {"components", nlohmann::json::array()}};
    for (const ComponentReport& component : report.components) {
        nlohmann::json costs = nlohmann::json::array();
        for (const Cost& c : component.costs) {
            nlohmann::json row{{"function", c.function},
                               {"calls", c.calls},
                               {"ns_per_call", c.ns_per_call},
                               {"bytes_kept_per_call", c.bytes_per_call}};
            if (!c.unit.empty()) row.update({{"unit", c.unit}, {"units_per_call", c.units_per_call}});
            row["peak_bytes"] = c.peak_bytes >= 0 ? nlohmann::json(c.peak_bytes) : nlohmann::json();
            costs.push_back(row);
        }
        out["components"].push_back({{"id", component.id},
                                     {"version", component.version},
                                     {"interfaces", component.interfaces},
                                     {"checks", json_of(component.findings)},
                                     {"costs", costs}});
    }
    return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace mfm::check
