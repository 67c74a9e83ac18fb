// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "output/compare.hpp"
#include "output/text_table.hpp"

namespace mfm {
namespace {

constexpr std::size_t widest = 22; ///< a value in a table; what is longer has lines of its own

/// A, B, ... Z, AA, ...: names of runs in tables.
std::string letter(std::size_t run) {
    return (run < 26 ? "" : letter(run / 26 - 1)) + static_cast<char>('A' + run % 26);
}

std::string value_text(const ComparedValue& value, const std::string& unit) {
    if (const std::string* text = std::get_if<std::string>(&value)) return *text;
    const double* number = std::get_if<double>(&value);
    if (number == nullptr) return "-";
    if (unit == "Hz") return rate_text(*number);
    if (unit == "1") return percent_text(*number); // relative errors
    return short_text(*number);
}

/// "! +25 %", "~ +1 %"
std::string change_text(const Difference& d) {
    const char* mark = d.large ? "! " : d.within_noise ? "~ " : "";
    if (!d.change) return mark;
    if (std::isinf(*d.change)) return fmt::format("{}from 0", mark);
    return mark + percent_text(*d.change);
}

std::string what_text(const Difference& d) {
    return d.unit.empty() || d.unit == "1" ? d.what : fmt::format("{} ({})", d.what, d.unit);
}

std::string section_text(const ComparedSection& section, std::size_t runs, double tolerance) {
    const std::size_t total = section.equal + section.differences.size();
    if (total == 0) return "";
    std::string text = heading(section.title);
    std::vector<std::string> header{""};
    for (std::size_t i = 0; i < runs; ++i) header.push_back(letter(i));
    header.insert(header.begin() + 1, runs > 2 ? "change, most" : "change");
    TextTable table(header);
    std::string blocks;
    for (const Difference& d : section.differences) {
        std::vector<std::string> row{what_text(d), change_text(d)};
        for (const ComparedValue& value : d.values) row.push_back(value_text(value, d.unit));
        const bool fits = display_width(row[0]) <= 60 &&
                          std::all_of(row.begin() + 1, row.end(),
                                      [](const std::string& cell) { return display_width(cell) <= widest; });
        if (fits) {
            table.add(std::move(row));
            continue;
        }
        blocks += "  " + row[0] + (row[1].empty() ? "" : "  " + row[1]) + "\n";
        for (std::size_t i = 0; i < runs; ++i) blocks += wrap(row[i + 2], "    " + letter(i) + "  ", "       ");
    }
    if (!table.empty()) text += table.text();
    text += blocks;
    const std::string within = tolerance > 0 ? fmt::format("within {:g} %", 100 * tolerance) : std::string("the same");
    if (section.differences.empty())
        text += fmt::format("  nothing differs{}, of {} compared\n",
                            tolerance > 0 ? fmt::format(" by more than {:g} %", 100 * tolerance) : "", total);
    else if (section.equal == 1)
        text += fmt::format("  the other one is {}\n", within);
    else if (section.equal > 1)
        text += fmt::format("  the other {} are {}\n", section.equal, within);
    return text;
}

} // namespace

std::string comparison_text(const Comparison& c) {
    std::string text;
    for (std::size_t i = 0; i < c.labels.size(); ++i) text += fmt::format("{}  {}\n", letter(i), c.labels[i]);
    if (!c.same_stages.empty())
        text += wrap(fmt::format(
            "Stages with the same inputs: {}.",
            c.same_stages.size() == c.stages.size() ? "all" : fmt::format("{}", fmt::join(c.same_stages, ", "))));
    bool marked = false, noise = false;
    for (const ComparedSection& section : c.sections) {
        for (const Difference& d : section.differences) {
            marked = marked || d.large;
            noise = noise || d.within_noise;
        }
        const bool input = section.key == "pipeline" || section.key == "program" || section.key == "verdict";
        text += section_text(section, c.labels.size(), input ? 0 : c.tolerance);
    }
    if (marked || noise) text += "\n";
    if (marked)
        text += wrap(
            fmt::format("! a change beyond {:g} % from A, or another text, or one is missing", 100 * large_change));
    if (noise) text += wrap("~ within twice the standard errors: the runs do not tell these apart");
    return text;
}

std::string comparison_json(const Comparison& c) {
    using Json = nlohmann::ordered_json;
    const auto value_of = [](const ComparedValue& value) {
        if (const double* x = std::get_if<double>(&value)) return Json(*x);
        if (const std::string* text = std::get_if<std::string>(&value)) return Json(*text);
        return Json(nullptr);
    };
    Json sections = Json::object();
    for (const ComparedSection& section : c.sections) {
        Json differences = Json::array();
        for (const Difference& d : section.differences) {
            Json values = Json::array();
            for (const ComparedValue& value : d.values) values.push_back(value_of(value));
            differences.push_back({{"what", d.what},
                                   {"unit", d.unit.empty() ? Json(nullptr) : Json(d.unit)},
                                   {"values", values},
                                   {"change", d.change && std::isfinite(*d.change) ? Json(*d.change) : Json(nullptr)},
                                   {"large", d.large},
                                   {"within_noise", d.within_noise}});
        }
        sections[section.key] = {{"equal", section.equal}, {"differences", differences}};
    }
    const Json out{
        {"runs", c.labels}, {"tolerance", c.tolerance}, {"same_stages", c.same_stages}, {"sections", sections}};
    return out.dump(2) + "\n";
}

} // namespace mfm
