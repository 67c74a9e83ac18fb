// SPDX-License-Identifier: Apache-2.0
#include "config/difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "config/reader.hpp"
#include "support/units.hpp"

namespace mfm {
namespace {

using Kind = DocumentNode::Kind;

const std::array<std::string, 3> ways{"set", "scale", "add"}; // in the order of Change::How

// ---- paths

/// Whether a part of a path ("parallel_*") means this key.
bool means(std::string_view part, std::string_view key) {
    const auto star = part.find('*');
    if (star == std::string_view::npos) return part == key;
    if (key.substr(0, star) != part.substr(0, star)) return false;
    const std::string_view rest = part.substr(star + 1);
    for (std::size_t skipped = star; skipped <= key.size(); ++skipped)
        if (means(rest, key.substr(skipped))) return true;
    return false;
}

std::vector<std::string> parts_of(const std::string& path, const SourcePosition& where) {
    std::vector<std::string> parts(1);
    for (const char c : path) {
        if (c == '.')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    for (const std::string& part : parts)
        if (part.empty() || part.find_first_of(" \t\"'") != std::string::npos)
            throw InputError(where, fmt::format("'{}' is no path of a value; write it as 'section.name.key'", path));
    return parts;
}

/// A value of the document that a path means so far.
struct Place {
    DocumentNode* node;
    std::string path;
};

std::vector<Place> below(const std::vector<Place>& tables, std::string_view part) {
    std::vector<Place> found;
    for (const Place& table : tables)
        for (DocumentEntry& entry : table.node->entries) // none but a table has any
            if (means(part, entry.key))
                found.push_back({&entry.value, table.path.empty() ? entry.key : table.path + "." + entry.key});
    return found;
}

// Sections whose keys all have defaults: a file may leave them out, and a change may still mean one of their keys.
const std::vector<std::string> optional_sections{"simulation", "remap", "transfer", "mean_field", "validation"};

/// " (did you mean 'mean_field.T'?)" where part `at` of a path means none of the keys that there are.
std::string nearest_path(const std::vector<Place>& tables, const std::vector<std::string>& parts, std::size_t at) {
    std::vector<std::string> keys;
    for (const Place& table : tables)
        for (const DocumentEntry& entry : table.node->entries) keys.push_back(entry.key);
    if (at == 0) keys.insert(keys.end(), optional_sections.begin(), optional_sections.end());
    const std::string nearest = nearest_name(parts[at], keys);
    if (nearest.empty() || nearest == parts[at]) return "";
    std::string path;
    for (std::size_t i = 0; i < parts.size(); ++i) path += (i > 0 ? "." : "") + (i == at ? nearest : parts[i]);
    return " (did you mean '" + path + "'?)";
}

// ---- numbers

/// The shortest number that is this one but for rounding: 0.2 x 1.5 is 0.3, not 0.30000000000000004.
double tidy(double x) {
    const double rounded = std::stod(fmt::format("{:.15g}", x));
    return std::abs(rounded - x) <= 2.0 * std::numeric_limits<double>::epsilon() * std::abs(x) ? rounded : x;
}

std::optional<Quantity> quantity_of(const DocumentNode& node) {
    if (node.kind == Kind::Integer) return Quantity{static_cast<double>(node.integer), ""};
    if (node.kind == Kind::Real) return Quantity{node.real, ""};
    return node.kind == Kind::Text ? parse_quantity(node.text) : std::nullopt;
}

std::string as_written(const DocumentNode& node) {
    if (node.kind == Kind::Text) return "'" + node.text + "'";
    if (const auto quantity = quantity_of(node)) return fmt::format("{}", quantity->value);
    return std::string(node.kind_name());
}

/// Puts a number in the place of one, a whole one where a whole one was and the result is one.
void write_number(DocumentNode& node, double value, const std::string& unit, const SourcePosition& where) {
    value = tidy(value);
    node.where = where;
    if (!unit.empty()) {
        node.text = fmt::format("{} {}", value, unit);
        return;
    }
    const bool whole = node.kind == Kind::Integer && value == std::floor(value) && std::abs(value) < 9e15;
    node.kind = whole ? Kind::Integer : Kind::Real;
    node.integer = whole ? static_cast<std::int64_t>(value) : 0;
    node.real = value;
}

void change_number(DocumentNode& node, const std::string& path, const Change& change) {
    const auto old = quantity_of(node);
    const std::string_view verb = change.how == Change::How::Scale ? "scaled" : "added to";
    if (!old)
        throw InputError(change.where,
                         fmt::format("{} is {}, which is no number that could be {}", path,
                                     node.kind == Kind::Text ? "'" + node.text + "'" : node.kind_name(), verb));
    if (change.how == Change::How::Scale) {
        const double factor = read_number(change.value, change.path + ".scale", number_field("1"));
        if (factor != 1.0) write_number(node, old->value * factor, old->unit, change.where);
        return;
    }
    const auto more = quantity_of(change.value);
    if (!more || !std::isfinite(more->value))
        throw InputError(change.value.where,
                         fmt::format("{}.add must be a number, but is {}", change.path, as_written(change.value)));
    // Without a unit a number is in the framework's, which only the key's reader knows.
    if (old->unit.empty() != more->unit.empty())
        throw InputError(change.value.where,
                         fmt::format("{}: {} cannot be added to {}; write both with a unit or both without", path,
                                     as_written(change.value), as_written(node)));
    const auto factor = more->unit == old->unit ? std::optional(1.0) : conversion_factor(more->unit, old->unit);
    if (!factor)
        throw InputError(change.value.where,
                         fmt::format("{}: {} cannot be added to {}; the unit must be one of the same kind", path,
                                     as_written(change.value), as_written(node)));
    if (more->value != 0.0) write_number(node, old->value + more->value * *factor, old->unit, change.where);
}

/// A number, the numbers of a list, or what of a distribution or { from, to, step } moves with them.
void change_numbers(DocumentNode& node, const std::string& path, const Change& change) {
    if (node.kind == Kind::Array && !node.elements.empty()) {
        for (std::size_t i = 0; i < node.elements.size(); ++i)
            change_number(node.elements[i], fmt::format("{}[{}]", path, i), change);
        return;
    }
    if (node.find("distribution") == nullptr && node.find("from") == nullptr) {
        change_number(node, path, change);
        return;
    }
    const bool scale = change.how == Change::How::Scale;
    for (DocumentEntry& entry : node.entries) {
        const bool location = entry.key == "mean" || entry.key == "lower" || entry.key == "upper" ||
                              entry.key == "from" || entry.key == "to";
        const bool width = entry.key == "sd" || entry.key == "step";
        if (location || (scale && width)) change_number(entry.value, path + "." + entry.key, change);
    }
}

// ---- changes

void set_value(DocumentNode& table, const std::string& key, const Change& change) {
    DocumentNode only;
    only.where = change.where;
    only.entries.push_back({key, change.where, change.value});
    DocumentNode* old = table.find(key);
    if (old != nullptr && old->kind == Kind::Table && change.value.kind == Kind::Table) {
        lay_over(*old, change.value);
        return;
    }
    drop_other_ways_of_counting(table, only);
    if (old = table.find(key); old != nullptr)
        *old = change.value;
    else
        table.entries.push_back(std::move(only.entries.front()));
}

void apply(DocumentNode& document, const Change& change) {
    const std::vector<std::string> parts = parts_of(change.path, change.where);
    const bool open_end = parts.back().find('*') != std::string::npos;
    const auto nothing = [&](const std::vector<Place>& tables, std::size_t at) {
        return InputError(change.where, fmt::format("'{}' is nothing that the pipeline has{}", change.path,
                                                    nearest_path(tables, parts, at)));
    };
    const auto no_number = [&](const std::vector<Place>& tables) {
        const std::string nearest = nearest_path(tables, parts, parts.size() - 1);
        return InputError(change.where,
                          fmt::format("'{}' is not in the pipeline{}; a default cannot be scaled or added to, "
                                      "only set",
                                      change.path, nearest));
    };
    std::vector<Place> tables{{&document, ""}};
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        std::vector<Place> next = below(tables, parts[i]);
        std::erase_if(next, [](const Place& p) { return p.node->kind != Kind::Table; });
        if (next.empty() && i == 0 && parts.size() == 2 && !open_end &&
            std::find(optional_sections.begin(), optional_sections.end(), parts[0]) != optional_sections.end()) {
            if (change.how != Change::How::Set) throw no_number({});
            DocumentNode section;
            section.where = change.where;
            document.entries.push_back({parts[0], change.where, section});
            next.push_back({&document.entries.back().value, parts[0]});
        }
        if (next.empty()) throw nothing(tables, i);
        tables = std::move(next);
    }
    const std::vector<Place> found = below(tables, parts.back());
    if (found.empty() && open_end) throw nothing(tables, parts.size() - 1);
    if (change.how != Change::How::Set) {
        if (found.empty()) throw no_number(tables);
        for (const Place& place : found) change_numbers(*place.node, place.path, change);
        return;
    }
    if (!open_end) {
        for (const Place& table : tables) set_value(*table.node, parts.back(), change);
        return;
    }
    for (const Place& table : tables) {
        std::vector<std::string> keys;
        for (const DocumentEntry& entry : table.node->entries)
            if (means(parts.back(), entry.key)) keys.push_back(entry.key);
        for (const std::string& key : keys) set_value(*table.node, key, change);
    }
}

void read_into(std::vector<Change>& changes, const DocumentEntry& entry, const std::string& path) {
    const DocumentNode& node = entry.value;
    Change change{path, Change::How::Set, node, entry.where};
    if (node.kind == Kind::Table) {
        const auto way =
            std::find_if(ways.begin(), ways.end(), [&](const std::string& key) { return node.find(key) != nullptr; });
        if (way != ways.end()) {
            if (node.entries.size() > 1)
                throw InputError(entry.where,
                                 fmt::format("'{}' can be one of {{ set = ... }}, {{ scale = ... }} and {{ add = "
                                             "... }}; for two changes of one value, nest variants",
                                             path));
            change.how = static_cast<Change::How>(way - ways.begin());
            change.value = *node.find(*way);
            if (change.how == Change::How::Scale)
                static_cast<void>(read_number(change.value, path + ".scale", number_field("1")));
        } else if (node.find("plugin") == nullptr && node.find("distribution") == nullptr &&
                   node.find("from") == nullptr) {
            if (node.entries.empty()) throw InputError(entry.where, fmt::format("'{}' changes nothing", path));
            for (const DocumentEntry& inner : node.entries) read_into(changes, inner, path + "." + inner.key);
            return;
        }
    }
    static_cast<void>(parts_of(path, entry.where));
    changes.push_back(std::move(change));
}

} // namespace

std::vector<Change> read_changes(const DocumentNode& table, std::span<const std::string> also) {
    if (table.kind != Kind::Table)
        throw InputError(table.where, fmt::format("changes must be a table, but this is {}", table.kind_name()));
    std::vector<Change> changes;
    for (const DocumentEntry& entry : table.entries)
        if (std::find(also.begin(), also.end(), entry.key) == also.end()) read_into(changes, entry, entry.key);
    return changes;
}

std::vector<std::string> matching_paths(const DocumentNode& document, std::string_view path) {
    DocumentNode copy = document; // places can be changed; nothing is
    std::vector<Place> places{{&copy, ""}};
    for (const std::string& part : parts_of(std::string(path), {})) places = below(places, part);
    std::vector<std::string> out;
    for (const Place& place : places) out.push_back(place.path);
    return out;
}

void apply_changes(DocumentNode& document, std::span<const Change> changes) {
    for (const Change& change : changes) apply(document, change);
}

} // namespace mfm
