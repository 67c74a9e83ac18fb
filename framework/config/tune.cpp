// SPDX-License-Identifier: Apache-2.0
#include "config/tune.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "config/plugin_choice.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "plugin/settings.hpp"
#include "support/units.hpp"

namespace mfm {
namespace {

using Kind = TuneTarget::Kind;
using NodeKind = DocumentNode::Kind;

/// A number in the file's own unit.
Quantity read_quantity(const DocumentNode& node, const std::string& path) {
    if (node.kind == NodeKind::Integer) return {static_cast<double>(node.integer), ""};
    if (node.kind == NodeKind::Real && std::isfinite(node.real)) return {node.real, ""};
    if (node.kind == NodeKind::Text) {
        const auto quantity = parse_quantity(node.text);
        if (quantity && (quantity->unit.empty() || is_known_unit(quantity->unit))) return *quantity;
        throw InputError(node.where, fmt::format("{}: '{}' is not a number with a unit", path, node.text));
    }
    throw InputError(node.where, fmt::format("{} must be a number, but is {}", path, node.kind_name()));
}

double in_unit_of(const Quantity& q, const std::string& unit, const DocumentNode& node, const std::string& path) {
    if (q.unit == unit) return q.value;
    const auto factor = conversion_factor(q.unit.empty() ? "1" : q.unit, unit.empty() ? "1" : unit);
    if (!factor)
        throw InputError(node.where, fmt::format("{} has the unit '{}', and lower has '{}'; give both in units of one "
                                                 "kind",
                                                 path, q.unit, unit));
    return q.value * *factor;
}

/// The value that a dotted path without wildcards has.
const DocumentNode* value_at(const DocumentNode& document, std::string_view path) {
    const DocumentNode* node = &document;
    while (node != nullptr && !path.empty()) {
        const auto dot = path.find('.');
        node = node->find(path.substr(0, dot));
        path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return node;
}

TuneParameter read_parameter(const DocumentEntry& entry, const DocumentNode& document) {
    const std::string path = "tune.parameter." + entry.key;
    const TableReader table(entry.value, path, {"path", "how", "lower", "upper", "initial", "whole"});
    TuneParameter p;
    p.name = entry.key;
    p.where = entry.value.where;
    p.path = table.text("path");
    static const std::vector<std::string> ways{"set", "scale", "add"};
    if (const DocumentNode* how = table.find("how"))
        p.how = std::array{Change::How::Set, Change::How::Scale,
                           Change::How::Add}[read_choice(*how, table.path("how"), ways)];
    const DocumentNode& lower = table.require("lower");
    const DocumentNode& upper = table.require("upper");
    const Quantity low = read_quantity(lower, table.path("lower"));
    p.unit = low.unit;
    p.lower = low.value;
    p.upper = in_unit_of(read_quantity(upper, table.path("upper")), p.unit, upper, table.path("upper"));
    if (p.how == Change::How::Scale && !p.unit.empty() && p.unit != "1")
        throw InputError(lower.where, table.path("lower") + " is a factor and has no unit");
    if (!(p.lower < p.upper))
        throw InputError(upper.where, fmt::format("{}: upper ({}) must be above lower ({})", path, p.upper, p.lower));
    p.whole = table.boolean("whole", false);
    const std::vector<std::string> matches = matching_paths(document, p.path);
    DocumentNode tried = document;
    apply_changes(tried, std::array{p.change(p.lower)}); // refuses what means nothing, with the nearest path
    for (const char* section : {"tune", "variant", "plugins", "seed", "include"})
        for (const std::string& match : matches)
            if (match == section || match.starts_with(section + std::string(".")))
                throw InputError(p.where, fmt::format("{}.path: '{}' is no parameter of a model", path, match));
    if (const DocumentNode* initial = table.find("initial")) {
        p.initial = in_unit_of(read_quantity(*initial, table.path("initial")), p.unit, *initial, table.path("initial"));
        if (p.initial < p.lower || p.initial > p.upper)
            throw InputError(initial->where, fmt::format("{} is {}, but must be from {} to {}", table.path("initial"),
                                                         p.initial, p.lower, p.upper));
        return p;
    }
    p.initial = p.how == Change::How::Scale ? 1.0 : 0.0;
    if (p.how == Change::How::Set) {
        const DocumentNode* now = matches.empty() ? nullptr : value_at(document, matches.front());
        const bool number = now != nullptr && (now->kind == NodeKind::Integer || now->kind == NodeKind::Real ||
                                               now->kind == NodeKind::Text);
        if (!number)
            throw InputError(
                p.where, fmt::format("{}: the file has no number at '{}' to start from; give initial", path, p.path));
        const Quantity q = read_quantity(*now, matches.front());
        // A bare number is in the key's own unit, which only its section knows.
        if (q.unit.empty() != p.unit.empty())
            throw InputError(p.where, fmt::format("{}: '{}' and lower must both have a unit or both have none, so that "
                                                  "the search can start from the file's own number; or give initial",
                                                  path, matches.front()));
        p.initial = in_unit_of(q, p.unit, *now, matches.front());
    }
    if (p.initial < p.lower || p.initial > p.upper)
        throw InputError(p.where, fmt::format("{} starts from {}, which is not within its bounds, {} to {}; move them, "
                                              "or give initial",
                                              path, p.initial, p.lower, p.upper));
    return p;
}

/// One number for all, or one each.
std::vector<double> read_spread(const TableReader& table, const std::string& key, const mfm_field& field,
                                std::size_t n) {
    std::vector<double> out = read_list(table.require(key), table.path(key), field);
    if (out.size() == 1) out.resize(n, out.front());
    if (out.size() != n)
        throw InputError(table.require(key).where, fmt::format("{} has {} numbers for {} levels; give one each, or one",
                                                               table.path(key), out.size(), n));
    return out;
}

const StimulationConfig* stimulation_of(const TableReader& table, const PipelineConfig& config) {
    std::vector<std::string> names;
    for (const StimulationConfig& s : config.stimulations) names.push_back(s.name);
    if (names.empty()) {
        table.refuse("stimulation", "the pipeline has no stimulation");
        return nullptr;
    }
    const DocumentNode& node = table.require("stimulation");
    const std::string& name = read_text(node, table.path("stimulation"));
    for (const StimulationConfig& s : config.stimulations)
        if (s.name == name) return &s;
    throw InputError(node.where, fmt::format("{}: there is no stimulation '{}'{}", table.path("stimulation"), name,
                                             did_you_mean(name, names)));
}

/// Rows of a CSV file with the columns population, stimulus_hz, rate_hz and sd_hz, in any order; others are skipped.
std::vector<TuneTarget> read_data(const TableReader& table, const TuneTarget& like, const PipelineConfig& config) {
    const DocumentNode& node = table.require("file");
    const auto file = absolute_path(node, read_text(node, table.path("file")));
    std::ifstream in(file);
    if (!in) throw InputError(node.where, fmt::format("{}: '{}' cannot be read", table.path("file"), file.string()));
    const auto fields_of = [](std::string line) {
        while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
        std::vector<std::string> out{""};
        for (const char c : line)
            if (c == ',')
                out.emplace_back();
            else if (c != '"')
                out.back() += c;
        for (std::string& f : out) {
            while (!f.empty() && f.front() == ' ') f.erase(0, 1);
            while (!f.empty() && f.back() == ' ') f.pop_back();
        }
        return out;
    };
    std::string line;
    std::getline(in, line);
    const std::vector<std::string> header = fields_of(line);
    const auto column = [&](const std::string& name) {
        const auto at = std::find(header.begin(), header.end(), name);
        if (at == header.end())
            throw InputError(SourcePosition{file.string(), 1, 1},
                             fmt::format("the first line must name the columns population, stimulus_hz, rate_hz and "
                                         "sd_hz; '{}' is missing",
                                         name));
        return static_cast<std::size_t>(at - header.begin());
    };
    const std::size_t population = column("population"), stimulus = column("stimulus_hz"), rate = column("rate_hz"),
                      sd = column("sd_hz");
    std::vector<std::string> known;
    for (const PopulationConfig& p : config.populations) known.push_back(p.name);
    std::vector<TuneTarget> out;
    for (std::uint32_t number = 2; std::getline(in, line); ++number) {
        const std::vector<std::string> f = fields_of(line);
        if (f.size() == 1 && f[0].empty()) continue;
        const SourcePosition here{file.string(), number, 1};
        if (f.size() != header.size())
            throw InputError(here, fmt::format("{} fields instead of {}", f.size(), header.size()));
        const auto value = [&](std::size_t i) {
            const auto q = parse_quantity(f[i]);
            if (!q || !q->unit.empty() || !std::isfinite(q->value))
                throw InputError(here, fmt::format("'{}' is no number (column {})", f[i], header[i]));
            return q->value;
        };
        TuneTarget t = like;
        t.population = f[population];
        if (std::find(known.begin(), known.end(), t.population) == known.end())
            throw InputError(
                here, fmt::format("there is no population '{}'{}", t.population, did_you_mean(t.population, known)));
        t.at_hz = {value(stimulus)};
        t.target = value(rate);
        t.sd = value(sd);
        t.where = here;
        if (!(t.sd > 0)) throw InputError(here, fmt::format("sd_hz is {}, but must be above 0", t.sd));
        out.push_back(std::move(t));
    }
    if (out.empty()) throw InputError(node.where, fmt::format("'{}' has no row of data", file.string()));
    return out;
}

void read_objective(DocumentEntry& entry, const PipelineConfig& config, TuneConfig& tune) {
    const std::string path = "tune.objective." + entry.key;
    const TableReader table(
        entry.value, path,
        {"kind", "population", "stimulation", "at", "condition", "frequency", "from", "to", "target", "sd", "file"});
    static const std::vector<std::string> kinds{"rate", "slope", "peak", "power", "frequency", "data"};
    const std::size_t kind = read_choice(table.require("kind"), table.path("kind"), kinds);
    const auto refuse = [&](std::initializer_list<const char*> keys) {
        for (const char* key : keys) table.refuse(key, "an objective of kind \"" + kinds[kind] + "\" has no such key");
    };
    TuneTarget t;
    t.objective = tune.objectives.size();
    t.where = entry.value.where;
    tune.objectives.push_back(entry.key);
    if (const StimulationConfig* s = stimulation_of(table, config)) t.stimulation = s->name;
    if (kind == 5) {
        refuse({"population", "at", "condition", "frequency", "from", "to", "target", "sd"});
        for (TuneTarget& row : read_data(table, t, config)) tune.targets.push_back(std::move(row));
        // The resolved file can be read from anywhere.
        DocumentNode* file = entry.value.find("file");
        file->text = absolute_path(*file, file->text).string();
        return;
    }
    t.kind = std::array{Kind::Rate, Kind::Slope, Kind::Peak, Kind::Power, Kind::Frequency}[kind];
    refuse({"file"});
    const PopulationConfig& p = named_population(table.require("population"), table.path("population"), config);
    if (p.kind != PopulationConfig::Kind::Neuron)
        throw InputError(table.require("population").where,
                         fmt::format("{}: '{}' is no population of neurons", table.path("population"), p.name));
    t.population = p.name;
    if (t.kind != Kind::Power) refuse({"frequency"});
    if (t.kind != Kind::Frequency) refuse({"from", "to"});
    if (t.kind != Kind::Peak) refuse({"condition"});
    if (t.kind == Kind::Peak) {
        refuse({"at"});
        t.condition = table.integer("condition", 1, 1);
    } else if (const DocumentNode* at = table.find("at")) {
        t.at_hz = read_list(*at, table.path("at"), not_negative("Hz"));
        if (t.at_hz.empty() || (t.kind == Kind::Slope && t.at_hz.size() < 2))
            throw InputError(at->where, fmt::format("{} needs at least {} of the stimulus", table.path("at"),
                                                    t.kind == Kind::Slope ? "two levels" : "one level"));
    }
    if (t.kind == Kind::Power) t.frequency_hz = table.number("frequency", positive("Hz"));
    if (t.kind == Kind::Frequency) {
        t.from_hz = table.number("from", positive("Hz"), 2.0);
        t.to_hz = table.number("to", positive("Hz"), 200.0);
        if (t.from_hz >= t.to_hz)
            throw InputError(t.where,
                             fmt::format("{}: from ({} Hz) must be below to ({} Hz)", path, t.from_hz, t.to_hz));
    }
    const bool per_level = t.kind != Kind::Slope && t.kind != Kind::Peak && !t.at_hz.empty();
    const std::size_t n = per_level ? t.at_hz.size() : 1;
    const std::vector<double> levels = t.at_hz, target = read_spread(table, "target", number_field(t.unit()), n),
                              sd = read_spread(table, "sd", positive(t.unit()), n);
    for (std::size_t i = 0; i < n; ++i) {
        if (per_level) t.at_hz = {levels[i]};
        t.target = target[i];
        t.sd = sd[i];
        tune.targets.push_back(t);
    }
}

std::vector<DocumentEntry>& tables_of(DocumentNode& node, const std::string& key, const SourcePosition& where) {
    DocumentNode* table = node.find(key);
    if (table == nullptr || table->kind != NodeKind::Table || table->entries.empty())
        throw InputError(table == nullptr ? where : table->where,
                         fmt::format("[tune] needs at least one table [tune.{}.NAME]", key));
    return table->entries;
}

} // namespace

Change TuneParameter::change(double value) const {
    Change change;
    change.path = path;
    change.how = how;
    change.where = where;
    change.value.where = where;
    const double v = whole ? std::round(value) : value;
    if (unit.empty() && whole) {
        change.value.kind = NodeKind::Integer;
        change.value.integer = static_cast<std::int64_t>(v);
    } else if (unit.empty()) {
        change.value.kind = NodeKind::Real;
        change.value.real = v;
    } else {
        change.value.kind = NodeKind::Text;
        change.value.text = fmt::format("{} {}", v, unit);
    }
    return change;
}

std::string TuneTarget::label() const {
    static constexpr std::array names{"rate", "slope", "peak", "power", "frequency"};
    std::string out = fmt::format("{} of {}", names[static_cast<std::size_t>(kind)], population);
    if (!stimulation.empty()) out += " at " + stimulation;
    if (kind == Kind::Peak) return condition == 1 ? out : fmt::format("{} {}", out, condition);
    if (kind == Kind::Slope) return out;
    for (const double hz : at_hz) out += fmt::format(" {} Hz", hz);
    if (kind == Kind::Power) out += fmt::format(", {} Hz", frequency_hz);
    return out;
}

std::optional<TuneConfig> read_tune(DocumentNode& document, const Registry& registry, const PipelineConfig& config) {
    DocumentNode* node = document.find("tune");
    if (node == nullptr) return std::nullopt;
    const TableReader table(*node, "tune",
                            {"optimizer", "on", "objectives", "transfer", "gradient", "evaluations", "bootstrap",
                             "bootstrap_on", "parameter", "objective"});
    TuneConfig tune;
    tune.where = node->where;
    const auto second = [&](const char* key, std::vector<std::string> choices) {
        const DocumentNode* value = table.find(key);
        return value != nullptr && read_choice(*value, table.path(key), choices) == 1;
    };
    tune.network = second("on", {"mean_field", "network"});
    tune.separate = second("objectives", {"together", "separate"});
    tune.measured = second("transfer", {"kept", "measured"});
    tune.differences = second("gradient", {"implicit", "differences"});
    tune.refit = second("bootstrap_on", {"linear", "model"});
    static_cast<void>(table.require("optimizer"));
    tune.optimizer = read_plugin(*node->find("optimizer"), "tune.optimizer", registry,
                                 tune.separate ? MFM_PARETO_ID : MFM_OPTIMIZER_ID)
                         .first;
    tune.evaluations = table.integer("evaluations", 1, tune.evaluations);
    tune.bootstrap = table.integer("bootstrap", 0, tune.bootstrap);
    if (tune.network)
        for (const char* key : {"transfer", "gradient"})
            table.refuse(key, "on = \"network\" has no transfer functions: every point is simulated");
    if (tune.separate)
        for (const char* key : {"gradient", "bootstrap", "bootstrap_on"})
            table.refuse(key, "with objectives = \"separate\" there is a front, and no single solution to ask about");
    for (const DocumentEntry& entry : tables_of(*node, "parameter", node->where)) {
        check_name(entry, "parameter");
        tune.parameters.push_back(read_parameter(entry, document));
    }
    for (DocumentEntry& entry : tables_of(*node, "objective", node->where)) {
        check_name(entry, "objective");
        read_objective(entry, config, tune);
    }
    if (tune.separate && tune.objectives.size() < 2)
        throw InputError(node->where, "objectives = \"separate\" needs at least two tables [tune.objective.NAME]");
    if (config.mean_field.calibration && !tune.network)
        throw InputError(node->where, "[tune] and mean_field.calibration would both fit the mean field; leave one out");
    return tune;
}

} // namespace mfm
