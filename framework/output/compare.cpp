// SPDX-License-Identifier: Apache-2.0
#include "output/compare.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "support/units.hpp"

namespace mfm {
namespace {

using nlohmann::json;

/// How much two numbers differ.
enum class Scale {
    Relative, ///< to the first
    Points,   ///< of a relative error or correlation: as they are
    None      ///< a name, even where it looks like a number
};

/// A thing that runs have, gathered run by run.
struct Thing {
    std::string what, unit;
    Scale scale = Scale::Relative;
    std::vector<ComparedValue> values;
    std::vector<double> se; ///< standard errors, 0: none
};

/// Things in the order in which they first appear.
class Things {
public:
    explicit Things(std::size_t runs) : runs_(runs) {}
    Thing& at(const std::string& what, const std::string& unit = "", Scale scale = Scale::Relative) {
        const auto [found, is_new] = index_.try_emplace(what, things_.size());
        if (is_new)
            things_.push_back({what, unit, scale, std::vector<ComparedValue>(runs_), std::vector<double>(runs_)});
        return things_[found->second];
    }
    /// A number or text of summary.json; null stays nothing.
    void put(std::size_t run, const json& value, const std::string& what, const std::string& unit = "",
             Scale scale = Scale::Relative) {
        ComparedValue& to = at(what, unit, scale).values[run];
        if (value.is_number()) to = value.get<double>();
        if (value.is_string()) to = value.get<std::string>();
    }
    [[nodiscard]] const std::vector<Thing>& all() const { return things_; }

private:
    std::size_t runs_;
    std::vector<Thing> things_;
    std::map<std::string, std::size_t> index_;
};

/// The number that a text of a pipeline file is, in the unit of another; nothing where they have no common unit.
std::optional<double> in_unit_of(const ComparedValue& value, const ComparedValue& other) {
    const auto quantity = [](const ComparedValue& v) -> std::optional<Quantity> {
        if (const double* x = std::get_if<double>(&v)) return Quantity{*x, ""};
        if (const std::string* text = std::get_if<std::string>(&v)) return parse_quantity(*text);
        return std::nullopt;
    };
    const auto a = quantity(value), b = quantity(other);
    if (!a || !b) return std::nullopt;
    if (a->unit == b->unit) return a->value;
    const auto factor = conversion_factor(a->unit.empty() ? "1" : a->unit, b->unit.empty() ? "1" : b->unit);
    return factor ? std::optional(a->value * *factor) : std::nullopt;
}

double change_of(double from, double to, Scale scale) {
    if (from == to) return 0;
    return scale == Scale::Points ? to - from : from == 0 ? std::copysign(HUGE_VAL, to) : (to - from) / std::abs(from);
}

/// The thing as a difference, or nothing where it is the same in all runs.
std::optional<Difference> difference_of(const Thing& thing, double tolerance) {
    Difference d{thing.what, thing.unit, thing.values, std::nullopt, false, false};
    bool same = true, numbers = true, noise = true;
    double largest = 0;
    for (std::size_t i = 1; i < thing.values.size(); ++i) {
        const ComparedValue &first = thing.values[0], &value = thing.values[i];
        const auto a = in_unit_of(first, first), b = in_unit_of(value, first);
        if (!a || !b || thing.scale == Scale::None) {
            same = same && first == value;
            numbers = numbers && first == value;
            continue;
        }
        const double change = change_of(*a, *b, thing.scale);
        same = same && std::abs(change) <= tolerance;
        noise = noise && std::abs(*b - *a) <= 2 * std::hypot(thing.se[0], thing.se[i]);
        if (std::abs(change) > std::abs(largest)) largest = change;
    }
    if (same) return std::nullopt;
    if (numbers) {
        d.change = largest;
        d.within_noise = noise;
    }
    d.large = !d.within_noise && (!d.change || std::abs(*d.change) > large_change);
    return d;
}

ComparedSection section_of(const std::string& key, const std::string& title, const Things& things, double tolerance) {
    ComparedSection out{key, title, {}, 0};
    for (const Thing& thing : things.all()) {
        if (auto d = difference_of(thing, tolerance))
            out.differences.push_back(std::move(*d));
        else
            ++out.equal;
    }
    const auto weight = [](const Difference& d) {
        return d.within_noise ? -1.0 : d.change ? std::abs(*d.change) : HUGE_VAL;
    };
    std::stable_sort(out.differences.begin(), out.differences.end(),
                     [&](const Difference& a, const Difference& b) { return weight(a) > weight(b); });
    return out;
}

std::string text_of(const DocumentNode& node) {
    using Kind = DocumentNode::Kind;
    switch (node.kind) {
    case Kind::Text:
        return node.text;
    case Kind::Integer:
        return std::to_string(node.integer);
    case Kind::Real:
        return fmt::format("{}", node.real);
    case Kind::Boolean:
        return node.boolean ? "true" : "false";
    case Kind::Table: {
        std::vector<std::string> parts;
        for (const DocumentEntry& entry : node.entries) parts.push_back(entry.key + " = " + text_of(entry.value));
        return fmt::format("{{ {} }}", fmt::join(parts, ", "));
    }
    case Kind::Array: {
        std::vector<std::string> parts;
        for (const DocumentNode& element : node.elements) parts.push_back(text_of(element));
        return fmt::format("[{}]", fmt::join(parts, ", "));
    }
    default:
        return node.text;
    }
}

/// Every value of the document by its dotted path; lists are one value, but for lists of tables.
void add_values(Things& things, std::size_t run, const DocumentNode& node, const std::string& path) {
    using Kind = DocumentNode::Kind;
    if (node.kind == Kind::Table) {
        for (const DocumentEntry& entry : node.entries)
            add_values(things, run, entry.value, path.empty() ? entry.key : path + "." + entry.key);
        return;
    }
    if (node.kind == Kind::Array && !node.elements.empty() && node.elements.front().kind == Kind::Table) {
        for (std::size_t i = 0; i < node.elements.size(); ++i)
            add_values(things, run, node.elements[i], fmt::format("{}[{}]", path, i + 1));
        return;
    }
    ComparedValue& to = things.at(path).values[run];
    if (node.kind == Kind::Integer)
        to = static_cast<double>(node.integer);
    else if (node.kind == Kind::Real)
        to = node.real;
    else
        to = text_of(node);
}

void add_program(Things& things, std::size_t run, const json& manifest) {
    const auto put = [&](const json& value, const std::string& what) {
        things.at(what, "", Scale::None).values[run] = value.is_string() ? value.get<std::string>() : value.dump();
    };
    put(manifest.at("automfm").at("version"), "automfm");
    put(manifest.at("automfm").at("compiler"), "compiler");
    put(manifest.at("seed"), "seed");
    for (const json& plugin : manifest.at("plugins"))
        put(plugin.at("version"), "plugin " + plugin.at("id").get<std::string>());
    for (const auto& [file, hash] : manifest.at("inputs").items()) put(hash, "contents of " + file);
}

/// " at 4 Hz", with a number behind it where the same stimulus comes again.
std::string at_stimulus(const json& row, std::map<std::string, int>& seen) {
    std::string text =
        row.at("stimulus_hz").is_number() ? fmt::format(" at {:g} Hz", row.at("stimulus_hz").get<double>()) : "";
    if (const int n = ++seen[text]; n > 1) text += fmt::format(" ({})", n);
    return text;
}

struct Results {
    Things verdict, rates, errors, transfer, dynamics, scores, times;
    explicit Results(std::size_t n) : verdict(n), rates(n), errors(n), transfer(n), dynamics(n), scores(n), times(n) {}
};

void add_population(Results& to, std::size_t run, const std::string& name, const json& p) {
    std::map<std::string, int> seen, operating;
    for (const json& row : p.at("stationary")) {
        const std::string at = name + at_stimulus(row, seen);
        to.rates.put(run, row.at("network_rate_hz"), at + ", network", "Hz");
        if (row.at("network_rate_se_hz").is_number())
            to.rates.at(at + ", network").se[run] = row.at("network_rate_se_hz").get<double>();
        to.rates.put(run, row.at("mean_field_rate_hz"), at + ", mean field", "Hz");
        to.errors.put(run, row.at("relative_error"), at, "1", Scale::Points);
    }
    const json& t = p.at("transfer");
    to.transfer.put(run, t.at("basis"), name + ", basis");
    to.transfer.put(run, t.at("cross_validated_rmse_hz"), name + ", cross-validated error", "Hz");
    to.transfer.put(run, t.at("heldout_rmse_hz"), name + ", error of points held out", "Hz");
    to.transfer.put(run, t.at("heldout_median_relative_error"), name + ", median relative error of points held out",
                    "1", Scale::Points);
    for (const auto& [coefficient, value] : t.at("coefficients").items()) {
        to.transfer.put(run, value, name + ", " + coefficient);
        const json& errors = t.at("standard_errors");
        if (errors.contains(coefficient) && errors.at(coefficient).is_number())
            to.transfer.at(name + ", " + coefficient).se[run] = errors.at(coefficient).get<double>();
    }
    for (const json& row : t.at("operating_point"))
        to.transfer.put(run, row.at("relative_error"), name + at_stimulus(row, operating) + ", relative error", "1",
                        Scale::Points);
    for (const json& row : p.at("dynamic")) {
        const std::string at = name + ", " + row.at("stimulus").get<std::string>() + ": ";
        to.dynamics.put(run, row.at("rmse_hz"), at + "rms error", "Hz");
        to.dynamics.put(run, row.at("peak_network_hz"), at + "peak, network", "Hz");
        to.dynamics.put(run, row.at("peak_mean_field_hz"), at + "peak, mean field", "Hz");
        to.dynamics.put(run, row.at("amplitude_ratio"), at + "amplitude ratio", "", Scale::Points);
        to.dynamics.put(run, row.at("phase_difference_deg"), at + "phase difference", "deg");
    }
    for (const json& row : p.at("scores"))
        for (const char* side : {"network", "mean_field"}) {
            if (!row.at(side).is_object()) continue;
            for (const auto& [score, value] : row.at(side).items())
                to.scores.put(run, value,
                              fmt::format("{}, {}: {}, {}", name, row.at("stimulus").get<std::string>(), score,
                                          std::string_view(side) == "network" ? "network" : "mean field"));
        }
}

void add_summary(Results& to, std::size_t run, const json& summary) {
    to.verdict.at("verdict").values[run] =
        summary.at("verdict").is_string() ? summary.at("verdict").get<std::string>() : "none";
    to.verdict.put(run, summary.at("reasons").size(), "number of reasons");
    for (const auto& [name, p] : summary.at("populations").items()) add_population(to, run, name, p);
    for (const auto& [stage, t] : summary.at("stages").items())
        if (!t.at("cached").get<bool>()) to.times.put(run, t.at("wall_s"), stage, "s");
}

} // namespace

Comparison compare_runs(const std::vector<FinishedRun>& runs, double tolerance) {
    const std::size_t n = runs.size();
    Comparison out;
    out.tolerance = tolerance;
    Things pipeline(n), program(n);
    Results results(n);
    for (std::size_t i = 0; i < n; ++i) {
        out.labels.push_back(runs[i].label);
        try {
            add_values(pipeline, i, runs[i].pipeline, "");
            add_program(program, i, runs[i].manifest);
            add_summary(results, i, runs[i].summary);
            static_cast<void>(runs[i].manifest.at("stage_hashes"));
        } catch (const json::exception&) {
            throw InputError(fmt::format("the files in '{}' are of another version of automfm; run the pipeline again",
                                         runs[i].folder.string()));
        }
    }
    for (const auto& [stage, hash] : runs[0].manifest.at("stage_hashes").items()) {
        out.stages.push_back(stage);
        if (std::all_of(runs.begin(), runs.end(), [&, &name = stage, &value = hash](const FinishedRun& r) {
                const json& hashes = r.manifest.at("stage_hashes");
                return hashes.contains(name) && hashes.at(name) == value;
            }))
            out.same_stages.push_back(stage);
    }
    // What went in is the same or not; a tolerance is for what came out.
    out.sections = {
        section_of("pipeline", "Pipeline", pipeline, 0),
        section_of("program", "Program and inputs", program, 0),
        section_of("verdict", "Verdict", results.verdict, 0),
        section_of("rates", "Stationary rates", results.rates, tolerance),
        section_of("errors", "Relative errors of the mean field's rates", results.errors, tolerance),
        section_of("transfer", "Transfer functions", results.transfer, tolerance),
        section_of("dynamics", "Time courses", results.dynamics, tolerance),
        section_of("scores", "Scores of responses", results.scores, tolerance),
        section_of("times", "Times of stages (computed, not taken from an earlier run)", results.times, tolerance)};
    for (ComparedSection& section : out.sections)
        for (Difference& d : section.differences) {
            if (section.key == "times") d.large = false; // they are no result
            // Another text among what went in is what the user wanted.
            if (section.key == "pipeline" || section.key == "program") d.large = d.large && d.change.has_value();
        }
    return out;
}

} // namespace mfm
