// SPDX-License-Identifier: Apache-2.0
#include "config/reader.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "plugin/settings.hpp"
#include "support/units.hpp"

namespace mfm {
namespace {

using Kind = DocumentNode::Kind;

InputError wrong_type(const DocumentNode& node, const std::string& path, std::string_view expected) {
    return {node.where, fmt::format("{} must be {}, but is {}", path, expected, node.kind_name())};
}

/// "a number in mV" or "a pure number".
std::string number_in(std::string_view unit) {
    return unit == "1" ? "a pure number" : fmt::format("a number in {}", unit);
}

double in_unit(const DocumentNode& node, const std::string& path, const Quantity& quantity, std::string_view unit) {
    if (quantity.unit.empty()) return quantity.value;
    const auto factor = conversion_factor(quantity.unit, unit);
    if (!factor && !is_known_unit(quantity.unit))
        throw InputError(node.where, fmt::format("{}: the unit '{}' is unknown; it must be {}", path, quantity.unit,
                                                 number_in(unit)));
    if (!factor)
        throw InputError(node.where,
                         fmt::format("{}: '{}' has the wrong unit; it must be {}", path, node.text, number_in(unit)));
    return quantity.value * *factor;
}

/// The number without a look at the bounds.
double unbounded_number(const DocumentNode& node, const std::string& path, std::string_view unit) {
    switch (node.kind) {
    case Kind::Integer:
        return static_cast<double>(node.integer);
    case Kind::Real:
        if (!std::isfinite(node.real))
            throw InputError(node.where, fmt::format("{} must be finite, but is {}", path, node.real));
        return node.real;
    case Kind::Text: {
        const auto quantity = parse_quantity(node.text);
        if (!quantity)
            throw InputError(node.where, fmt::format("{}: '{}' is not {}", path, node.text, number_in(unit)));
        return in_unit(node, path, *quantity, unit);
    }
    default:
        throw wrong_type(node, path, number_in(unit));
    }
}

void check_bounds(const DocumentNode& node, const std::string& path, const mfm_field& field, double value) {
    if (within_bounds(field, value)) return;
    throw InputError(node.where,
                     fmt::format("{} is {}, but must be {}", path, number_text(value, field.unit), bounds_text(field)));
}

/// Elements of { from, to, step }; the end belongs to it when a step lands on it.
std::vector<double> read_range(const DocumentNode& node, const std::string& path, const mfm_field& field) {
    const TableReader table(node, path, {"from", "to", "step"});
    const double from = table.number("from", field), to = table.number("to", field);
    const double step = table.number("step", number_field(field.unit));
    const double steps = (to - from) / step;
    if (step == 0.0 || steps < 0.0)
        throw InputError(node.where, fmt::format("{}: its step does not lead from {} to {}", path, from, to));
    if (steps > 1e6)
        throw InputError(node.where, fmt::format("{} has more than a million elements; take a larger step", path));
    const auto last = static_cast<std::size_t>(std::floor(steps * (1.0 + 1e-12) + 1e-9));
    std::vector<double> values;
    for (std::size_t i = 0; i <= last; ++i) values.push_back(from + static_cast<double>(i) * step);
    return values;
}

} // namespace

double read_number(const DocumentNode& node, const std::string& path, const mfm_field& field) {
    const double value = unbounded_number(node, path, field.unit);
    check_bounds(node, path, field, value);
    return value;
}

std::int64_t read_integer(const DocumentNode& node, const std::string& path, std::int64_t least, std::int64_t most) {
    std::int64_t value = node.integer;
    const bool whole = node.kind == Kind::Real && node.real == std::floor(node.real) && std::abs(node.real) < 9e15;
    if (whole)
        value = static_cast<std::int64_t>(node.real); // 1e6
    else if (node.kind == Kind::Real)
        throw InputError(node.where, fmt::format("{} must be a whole number, but is {}", path, node.real));
    else if (node.kind != Kind::Integer)
        throw wrong_type(node, path, "a whole number");
    if (value < least)
        throw InputError(node.where, fmt::format("{} is {}, but must be at least {}", path, value, least));
    if (value > most) throw InputError(node.where, fmt::format("{} is {}, but must be at most {}", path, value, most));
    return value;
}

bool read_boolean(const DocumentNode& node, const std::string& path) {
    if (node.kind != Kind::Boolean) throw wrong_type(node, path, "true or false");
    return node.boolean;
}

const std::string& read_text(const DocumentNode& node, const std::string& path) {
    if (node.kind != Kind::Text) throw wrong_type(node, path, "a text");
    return node.text;
}

std::size_t read_choice(const DocumentNode& node, const std::string& path, std::span<const std::string> choices) {
    const std::string& text = read_text(node, path);
    const auto found = std::find(choices.begin(), choices.end(), text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    std::string all;
    for (const std::string& choice : choices) all += (all.empty() ? "'" : ", '") + choice + "'";
    throw InputError(node.where, fmt::format("{}: '{}' is none of {}{}", path, text, all, did_you_mean(text, choices)));
}

Distribution read_distribution(const DocumentNode& node, const std::string& path, const mfm_field& field,
                               std::vector<std::string> also) {
    Distribution distribution;
    if (node.kind != Kind::Table) {
        distribution.mean = read_number(node, path, field);
        return distribution;
    }
    also.insert(also.end(), {"distribution", "mean", "sd", "lower", "upper"});
    const TableReader table(node, path, std::move(also));
    static const std::vector<std::string> names{"constant", "normal", "lognormal", "gamma", "uniform"};
    const auto which = read_choice(table.require("distribution"), table.path("distribution"), names);
    distribution.kind = static_cast<Distribution::Kind>(which);
    const std::string here = "a " + names[which] + " distribution";
    if (distribution.kind == Distribution::Kind::Uniform) {
        for (const char* key : {"mean", "sd"}) table.refuse(key, here + " is given by lower and upper");
        distribution.lower = table.number("lower", field);
        distribution.upper = table.number("upper", field);
        if (distribution.lower > distribution.upper)
            throw InputError(node.where, fmt::format("{}: lower is above upper", path));
        distribution.mean = 0.5 * (distribution.lower + distribution.upper);
        distribution.sd = (distribution.upper - distribution.lower) / std::sqrt(12.0);
        return distribution;
    }
    for (const char* key : {"lower", "upper"}) table.refuse(key, here + " has no such bound");
    distribution.mean = table.number("mean", field);
    if (distribution.kind == Distribution::Kind::Constant) {
        table.refuse("sd", "a constant has none");
        return distribution;
    }
    distribution.sd = table.number("sd", not_negative(field.unit));
    if (distribution.kind != Distribution::Kind::Normal && !(distribution.mean > 0.0))
        throw InputError(node.where, fmt::format("{}: the mean of {} must be above 0", path, here));
    if (distribution.sd == 0.0) distribution.kind = Distribution::Kind::Constant;
    return distribution;
}

std::vector<double> read_list(const DocumentNode& node, const std::string& path, const mfm_field& field) {
    if (node.kind == Kind::Table) return read_range(node, path, field);
    if (node.kind != Kind::Array) return {read_number(node, path, field)};
    std::vector<double> values;
    for (std::size_t i = 0; i < node.elements.size(); ++i)
        values.push_back(read_number(node.elements[i], fmt::format("{}[{}]", path, i), field));
    return values;
}

TableReader::TableReader(const DocumentNode& node, std::string path, std::vector<std::string> keys)
    : node_(&node), path_(std::move(path)) {
    if (node.kind != Kind::Table) throw wrong_type(node, path_, "a table");
    for (const DocumentEntry& entry : node.entries)
        if (std::find(keys.begin(), keys.end(), entry.key) == keys.end())
            throw InputError(entry.where,
                             fmt::format("unknown key '{}'{}{}", entry.key, path_.empty() ? "" : " in " + path_,
                                         did_you_mean(entry.key, keys)));
}

const DocumentNode& TableReader::require(std::string_view key) const {
    if (const DocumentNode* node = find(key)) return *node;
    throw InputError(node_->where, fmt::format("{} needs a value for '{}'", path_, key));
}

double TableReader::number(std::string_view key, const mfm_field& field, double fallback) const {
    const DocumentNode* node = find(key);
    return node == nullptr ? fallback : read_number(*node, path(key), field);
}

std::uint32_t TableReader::integer(std::string_view key, std::uint32_t least, std::uint32_t fallback) const {
    const DocumentNode* node = find(key);
    if (node == nullptr) return fallback;
    return static_cast<std::uint32_t>(read_integer(*node, path(key), least, std::numeric_limits<std::uint32_t>::max()));
}

bool TableReader::boolean(std::string_view key, bool fallback) const {
    const DocumentNode* node = find(key);
    return node == nullptr ? fallback : read_boolean(*node, path(key));
}

void TableReader::refuse(std::string_view key, const std::string& why) const {
    if (const DocumentNode* node = find(key))
        throw InputError(node->where, fmt::format("{} does not belong here: {}", path(key), why));
}

} // namespace mfm
