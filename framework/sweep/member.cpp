// SPDX-License-Identifier: Apache-2.0
#include "sweep/member.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "output/hdf5.hpp"
#include "output/stage_file.hpp"

namespace mfm {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

void add(Member& member, std::string column, const char* unit, std::optional<double> value) {
    member.entries.push_back({std::move(column), unit, value.value_or(nothing)});
}

/// Peak, trough and mean of the mean field's course behind the first value, which is its rest.
void add_course(Member& member, const std::string& at, const std::vector<double>& time_ms,
                const std::vector<double>& hz) {
    if (hz.empty()) return;
    const auto highest = std::max_element(hz.begin(), hz.end()), lowest = std::min_element(hz.begin(), hz.end());
    double mean = 0;
    for (const double x : hz) mean += x;
    const auto time = [&](std::vector<double>::const_iterator i) {
        return time_ms[static_cast<std::size_t>(i - hz.begin())];
    };
    add(member, at + ".mean_field_rest_hz", "Hz", hz.front());
    add(member, at + ".mean_field_mean_hz", "Hz", mean / static_cast<double>(hz.size()));
    add(member, at + ".mean_field_highest_hz", "Hz", *highest);
    add(member, at + ".mean_field_highest_at_ms", "ms", time(highest));
    add(member, at + ".mean_field_lowest_hz", "Hz", *lowest);
    add(member, at + ".mean_field_lowest_at_ms", "ms", time(lowest));
}

} // namespace

std::vector<ConditionName> condition_names(const MeanFieldResults& results) {
    std::vector<ConditionName> names;
    for (const MeanFieldCondition& c : results.conditions) {
        std::size_t conditions = 0;
        bool levels_differ = true;
        for (const MeanFieldCondition& other : results.conditions) {
            if (other.stimulation != c.stimulation) continue;
            ++conditions;
            levels_differ = levels_differ && (&other == &c || (other.level_hz != c.level_hz && other.stationary));
        }
        std::string name = c.stimulation;
        if (conditions > 1)
            name +=
                c.stationary && levels_differ ? fmt::format(".{}", c.level_hz) : fmt::format(".no{}", c.condition + 1);
        names.push_back({c.stimulation, c.condition, std::move(name)});
    }
    return names;
}

void add_mean_field(Member& member, const MeanFieldResults& results) {
    const std::vector<ConditionName> names = condition_names(results);
    const std::size_t P = results.populations.size();
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        const MeanFieldCondition& c = results.conditions[i];
        const std::string& condition = names[i].name;
        const auto at = [&](std::size_t p) { return results.populations[p] + "." + condition; };
        add(member, condition + ".failed", "1", c.failure.empty() ? 0.0 : 1.0);
        if (c.stationary) {
            const auto rightmost = std::find_if(c.points.begin(), c.points.end(),
                                                [&](const StationaryPoint& s) { return s.rate_hz == c.rate_hz; });
            const bool there = rightmost != c.points.end();
            add(member, condition + ".fixed_points", "1", static_cast<double>(c.points.size()));
            add(member, condition + ".stable", "1", c.fixed_point == FixedPointState::Stable ? 1.0 : 0.0);
            add(member, condition + ".growth_rate", "1/ms",
                there ? std::optional(rightmost->growth_rate) : std::nullopt);
            add(member, condition + ".oscillation_hz", "Hz",
                there ? std::optional(rightmost->oscillation_hz) : std::nullopt);
            for (std::size_t p = 0; p < P; ++p)
                add(member, at(p) + ".mean_field_rate_hz", "Hz",
                    c.rate_hz.empty() ? std::nullopt : std::optional(c.rate_hz[p]));
        } else {
            for (std::size_t p = 0; p < c.course_hz.size(); ++p) add_course(member, at(p), c.time_ms, c.course_hz[p]);
        }
        for (std::size_t p = 0; p < c.outside_domain.size(); ++p)
            add(member, at(p) + ".outside_domain", "1", c.outside_domain[p]);
    }
}

void add_network(Member& member, const ValidationReport& report, const MeanFieldResults& results) {
    const std::vector<ConditionName> names = condition_names(results);
    for (const PopulationReport& p : report.populations) {
        // Rows are in the order of the conditions, those that vary in time by themselves.
        std::size_t stationary = 0, dynamic = 0;
        for (std::size_t i = 0; i < results.conditions.size(); ++i) {
            const std::string at = p.name + "." + names[i].name;
            if (results.conditions[i].stationary) {
                const StationaryRow& row = p.stationary.at(stationary++);
                add(member, at + ".network_rate_hz", "Hz", row.network_rate_hz);
                add(member, at + ".network_rate_se_hz", "Hz", row.network_rate_se_hz);
                add(member, at + ".relative_error", "1", row.relative_error);
                continue;
            }
            const DynamicRow& row = p.dynamic.at(dynamic++);
            add(member, at + ".rmse_hz", "Hz", row.rmse_hz);
            add(member, at + ".network_peak_hz", "Hz", row.peak_network_hz);
            add(member, at + ".mean_field_peak_hz", "Hz", row.peak_mean_field_hz);
            add(member, at + ".amplitude_ratio", "1", row.amplitude_ratio);
            add(member, at + ".phase_difference_deg", "deg", row.phase_difference_deg);
        }
    }
}

void add_transfer(Member& member, const std::vector<TransferFit>& fits) {
    for (const TransferFit& fit : fits)
        for (std::size_t k = 0; k < fit.value.size(); ++k)
            add(member, fit.population + ".transfer." + fit.coefficients[k], fit.units[k].c_str(), fit.value[k]);
}

void save_member(const std::filesystem::path& file, const Member& member, const std::string& hash) {
    Hdf5Writer out(stamp_of("member", hash));
    out.attribute("/", "verdict", member.verdict);
    out.write("/reasons", member.reasons);
    out.write("/columns", column<std::string>(member.entries, [](const Entry& e) { return e.column; }));
    out.write("/units", column<std::string>(member.entries, [](const Entry& e) { return e.unit; }));
    out.write("/values", column<double>(member.entries, [](const Entry& e) { return e.value; }), "as in units");
    out.save(file);
}

Member load_member(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "member", hash);
    Member member;
    member.verdict = in.text("/", "verdict");
    member.reasons = in.texts("/reasons");
    const auto columns = in.texts("/columns"), units = in.texts("/units");
    const auto values = in.read<double>("/values");
    for (const std::size_t n : {units.size(), values.size()}) expect_length(file, "the table", n, columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) member.entries.push_back({columns[i], units[i], values[i]});
    return member;
}

} // namespace mfm
