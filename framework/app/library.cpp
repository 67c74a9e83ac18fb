// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "app/command.hpp"
#include "output/csv.hpp"
#include "output/library_file.hpp"
#include "output/text_table.hpp"
#include "support/files.hpp"
#include "support/units.hpp"
#include "sweep/interpolation.hpp"
#include "sweep/plan.hpp"

namespace mfm {
namespace {

const std::vector<std::string> kinds{"pipeline", "numbers", "rates", "coefficients"};

std::string number_text(double x) {
    return std::isnan(x) ? "-" : fmt::format("{:.6g}", x);
}
std::string unit_text(const std::string& unit) {
    return unit == "1" ? "" : unit;
}

/// A member by what the pipeline calls it, or by the beginning of its name.
std::size_t find_member(const ModelLibrary& library, const std::string& name) {
    std::vector<std::size_t> found;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < library.members.size(); ++i) {
        const LibraryMember& m = library.members[i];
        if (m.variant == name || m.name == name) return i;
        if (m.name.starts_with(name)) found.push_back(i);
        if (!m.variant.empty()) names.push_back(m.variant);
    }
    if (found.size() == 1) return found.front();
    if (!found.empty())
        throw InputError(fmt::format("{} members begin with '{}'; give more of its name", found.size(), name));
    throw InputError(fmt::format("the library has no member '{}'{}; `automfm library list` names them", name,
                                 did_you_mean(name, names)));
}

std::string place_of(const ModelLibrary& library, const LibraryMember& m) {
    std::string text;
    for (std::size_t a = 0; a < m.values.size(); ++a)
        text += fmt::format("{}{} = {}", a == 0 ? "" : ", ", library.config.axes[a].name,
                            axis_text(library.config.axes[a], m.values[a]));
    return text;
}

void list_members(const ModelLibrary& library) {
    std::vector<std::string> header{"member"};
    for (const LibraryAxis& axis : library.config.axes)
        header.push_back(axis.unit.empty() ? axis.name : axis.name + " (" + axis.unit + ")");
    header.emplace_back("verdict");
    header.emplace_back("variant");
    TextTable table(header);
    for (const LibraryMember& m : library.members) {
        std::vector<std::string> row{m.name};
        for (std::size_t a = 0; a < library.config.axes.size(); ++a)
            row.push_back(m.values.empty() ? "-" : number_text(m.values[a]));
        row.push_back(m.verdict.empty() ? "-" : m.verdict);
        row.push_back(m.variant.empty() ? "-" : m.variant);
        table.add(row);
    }
    fmt::print("{}", table.text(""));
}

void show_library(const ModelLibrary& library) {
    fmt::print("{}\n{} members, {}, {}{}\n", library.name, library.members.size(), points_name(library.config.points),
               method_name(library.config.method),
               library.missing.empty() ? "" : fmt::format("; {} points are missing", library.missing.size()));
    std::map<std::string, std::size_t> verdicts;
    for (const LibraryMember& m : library.members) ++verdicts[m.verdict];
    for (const auto& [verdict, n] : verdicts)
        if (!verdict.empty()) fmt::print("  {}: {}\n", verdict, n);
    if (!library.base_verdict.empty()) fmt::print("base: {}\n", library.base_verdict);
    fmt::print("\naxes\n");
    for (const LibraryAxis& axis : library.config.axes) {
        std::string paths;
        for (const std::string& path : axis.paths) paths += (paths.empty() ? "" : ", ") + path;
        fmt::print("  {}: {} to {}{}{} ({})\n", axis.name, axis_text(axis, axis.lower), axis_text(axis, axis.upper),
                   axis.values.empty() ? "" : fmt::format(", {} values", axis.values.size()),
                   axis.log ? ", logarithmic" : "", paths);
    }
    fmt::print("\n{}", wrap("Between members: " + library.method + "."));
    fmt::print("\n");
    TextTable table({"column", "unit", "least", "most", "rms error", "largest", "left out"});
    for (std::size_t c = 0; c < library.columns.size(); ++c) {
        double least = INFINITY, most = -INFINITY;
        for (std::size_t m = 0; m < library.members.size(); ++m) {
            const double x = library.value(m, c);
            if (std::isnan(x)) continue;
            least = std::min(least, x);
            most = std::max(most, x);
        }
        const bool any = least <= most;
        const InterpolationError& e = library.error[c];
        table.add({library.columns[c], unit_text(library.units[c]), any ? number_text(least) : "-",
                   any ? number_text(most) : "-", number_text(e.rms), number_text(e.largest),
                   std::to_string(e.members)});
    }
    fmt::print("{}", table.text(""));
}

void show_member(const ModelLibrary& library, std::size_t i) {
    const LibraryMember& m = library.members[i];
    fmt::print("{}{}\n", m.name, m.variant.empty() ? "" : " (" + m.variant + ")");
    if (!m.values.empty()) fmt::print("{}\n", place_of(library, m));
    if (!m.verdict.empty()) fmt::print("verdict: {}\n", m.verdict);
    fmt::print("\n");
    TextTable table({"column", "value", "unit"});
    for (std::size_t c = 0; c < library.columns.size(); ++c)
        table.add({library.columns[c], number_text(library.value(i, c)), unit_text(library.units[c])});
    fmt::print("{}", table.text(""));
}

std::string pipeline_of(const ModelLibrary& library, const LibraryMember& m) {
    const Plan plan = plan_of(parse_document(library.pipeline_toml, "the library's pipeline"), {});
    PlanPoint point;
    point.variant = m.variant;
    point.values = m.values;
    return to_toml(point_document(plan, point));
}

std::string numbers_of(const ModelLibrary& library, std::size_t i, const std::string& what) {
    CsvTable table(std::vector<std::string>{"column", "value", "unit"});
    for (std::size_t c = 0; c < library.columns.size(); ++c) {
        const std::string& name = library.columns[c];
        if (what == "rates" && !name.ends_with("_rate_hz")) continue;
        if (what == "coefficients" && name.find(".transfer.") == std::string::npos) continue;
        const double x = library.value(i, c);
        table.field(std::string_view(name)).field(std::isnan(x) ? std::optional<double>{} : std::optional(x));
        table.field(std::string_view(library.units[c]));
        table.end_row();
    }
    return table.text();
}

/// "weight=0.3 nS" for every axis.
std::vector<double> place_given(const ModelLibrary& library, const std::vector<std::string>& at) {
    const std::vector<LibraryAxis>& axes = library.config.axes;
    std::vector<std::optional<double>> values(axes.size());
    std::vector<std::string> names;
    for (const LibraryAxis& axis : axes) names.push_back(axis.name);
    for (const std::string& text : at) {
        const auto equals = text.find('=');
        const std::string name = text.substr(0, equals);
        const auto found = std::find(names.begin(), names.end(), name);
        if (equals == std::string::npos || found == names.end())
            throw InputError(fmt::format("write a place as AXIS=VALUE; '{}' names no axis of this library{}", text,
                                         did_you_mean(name, names)));
        const auto a = static_cast<std::size_t>(found - names.begin());
        const auto q = parse_quantity(text.substr(equals + 1));
        const auto factor = !q                     ? std::nullopt
                            : q->unit.empty()      ? std::optional(1.0) // in the axis's unit
                            : axes[a].unit.empty() ? conversion_factor(q->unit, "1")
                                                   : conversion_factor(q->unit, axes[a].unit);
        if (!factor || !std::isfinite(q->value))
            throw InputError(fmt::format("{} must be a number{}, but is '{}'", name,
                                         axes[a].unit.empty() ? "" : " in " + axes[a].unit, text.substr(equals + 1)));
        if (values[a]) throw InputError(fmt::format("{} is given twice", name));
        values[a] = q->value * *factor;
    }
    std::vector<double> out;
    for (std::size_t a = 0; a < axes.size(); ++a) {
        if (!values[a]) throw InputError(fmt::format("give a value for {} as well", names[a]));
        out.push_back(*values[a]);
    }
    return out;
}

void show_nearest(const ModelLibrary& library, const std::vector<std::string>& at) {
    const std::vector<double> values = place_given(library, at);
    const Interpolation between(library);
    const std::size_t nearest = between.nearest(values);
    const LibraryMember& m = library.members[nearest];
    fmt::print("nearest: {}{} at {}\n", m.name, m.variant.empty() ? "" : " (" + m.variant + ")", place_of(library, m));
    const std::vector<double> interpolated = between.at(values);
    fmt::print("{}\n", wrap("Interpolated: " + library.method + "."));
    TextTable table({"column", "nearest", "interpolated", "rms error", "largest", "unit"});
    for (std::size_t c = 0; c < library.columns.size(); ++c)
        table.add({library.columns[c], number_text(library.value(nearest, c)), number_text(interpolated[c]),
                   number_text(library.error[c].rms), number_text(library.error[c].largest),
                   unit_text(library.units[c])});
    fmt::print("{}", table.text(""));
}

} // namespace

Command add_library(CLI::App& tool) {
    struct Arguments {
        std::string file, member, out, what = "pipeline";
        std::vector<std::string> at;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("library", "Look into a library of models");
    command.require_subcommand(1);
    CLI::App& list = *command.add_subcommand("list", "The members: names, places on the axes, verdicts");
    CLI::App& show = *command.add_subcommand("show", "The library as a whole, or one member's numbers");
    CLI::App& get = *command.add_subcommand("get", "A member by itself: its pipeline file, or its numbers as CSV");
    CLI::App& nearest =
        *command.add_subcommand("nearest", "The member nearest to a place on the axes, and what lies between");
    for (CLI::App* inner : {&list, &show, &get, &nearest})
        inner->add_option("FILE", given->file, "The library file")->required();
    show.add_option("MEMBER", given->member, "A member's name, its beginning, or its variant");
    get.add_option("MEMBER", given->member, "A member's name, its beginning, or its variant")->required();
    get.add_option("--what", given->what, "pipeline (the default), numbers, rates or coefficients");
    get.add_option("--out", given->out, "Write it to this file");
    nearest.add_option("AXIS=VALUE", given->at, "Where: a value on every axis")->required();

    const auto execute = [given, list = &list, show = &show, get = &get] {
        const ModelLibrary library = load_model_library(given->file);
        if (list->parsed()) {
            list_members(library);
        } else if (show->parsed()) {
            if (given->member.empty())
                show_library(library);
            else
                show_member(library, find_member(library, given->member));
        } else if (get->parsed()) {
            if (std::find(kinds.begin(), kinds.end(), given->what) == kinds.end())
                throw InputError(fmt::format("--what must be pipeline, numbers, rates or coefficients, but is '{}'{}",
                                             given->what, did_you_mean(given->what, kinds)));
            const std::size_t i = find_member(library, given->member);
            const std::string text = given->what == "pipeline" ? pipeline_of(library, library.members[i])
                                                               : numbers_of(library, i, given->what);
            if (given->out.empty())
                fmt::print("{}", text);
            else
                write_file(given->out, text);
        } else {
            show_nearest(library, given->at);
        }
        return ExitCode::Done;
    };
    return {&command, execute};
}

} // namespace mfm
