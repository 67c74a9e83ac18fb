// SPDX-License-Identifier: Apache-2.0
#include "config/schema_pieces.hpp"

#include <cmath>

#include <fmt/format.h>

#include "config/reader.hpp"
#include "plugin/settings.hpp"

namespace mfm::schema {
namespace {

/// What a text with a number in this unit looks like: any spelling of the unit's kind that is a prefix and a symbol, or
/// anything put together of symbols.
std::string pattern_of(std::string_view unit) {
    static const std::string number = R"([-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)",
                             compound = R"([^\s]*[/*^][^\s]*)";
    std::string symbol;
    for (const char* base : {"V", "A", "s", "m", "S", "F", "C", "Hz", "Ohm"})
        if (unit.ends_with(base) && unit.size() <= std::string_view(base).size() + 1)
            symbol = std::string("[fpnuµμmkM]?") + base;
    if (unit == "deg") symbol = "deg|rad";
    if (unit == "1") symbol = "%|1";
    return fmt::format("^\\s*{}\\s*({}{})?\\s*$", number, symbol.empty() ? "" : symbol + "|", compound);
}

void add_bounds(Json& out, const mfm_field& field) {
    if (std::isfinite(field.lower))
        out[(field.flags & MFM_OPEN_LOWER) != 0 ? "exclusiveMinimum" : "minimum"] = field.lower;
    if (std::isfinite(field.upper))
        out[(field.flags & MFM_OPEN_UPPER) != 0 ? "exclusiveMaximum" : "maximum"] = field.upper;
}
std::string unit_text(const mfm_field& field) {
    return std::string_view(field.unit) == "1" || std::string_view(field.unit).empty() ? "" : field.unit;
}

/// Adds "object" with these keys to what a value may be.
void or_table(Json& out, const std::vector<Key>& keys, const std::vector<std::string>& required) {
    out["type"].push_back("object");
    const Json inner = table(keys);
    out["properties"] = inner["properties"];
    out["additionalProperties"] = false;
    out["required"] = required;
}

} // namespace

Json number(const mfm_field& field) {
    Json out{{"type", {"number", "string"}}, {"pattern", pattern_of(field.unit)}};
    add_bounds(out, field);
    if (const std::string unit = unit_text(field); !unit.empty()) out["description"] = unit;
    return out;
}

Json distribution(const mfm_field& field) {
    Json out = number(field);
    or_table(out,
             {{"distribution", choice({"constant", "normal", "lognormal", "gamma", "uniform"}), "each draws its own"},
              {"mean", number(field), ""},
              {"sd", number(not_negative(field.unit)), "standard deviation"},
              {"lower", number(field), "of a uniform distribution"},
              {"upper", number(field), "of a uniform distribution"}},
             {"distribution"});
    return out;
}

Json list(const mfm_field& field) {
    Json out = number(field);
    or_table(out,
             {{"from", number(field), ""}, {"to", number(field), ""}, {"step", number(number_field(field.unit)), ""}},
             {"from", "to", "step"});
    out["type"].push_back("array");
    out["items"] = number(field);
    return out;
}

Json whole(std::int64_t least) {
    return {{"type", "integer"}, {"minimum", least}};
}
Json boolean() {
    return {{"type", "boolean"}};
}
Json text() {
    return {{"type", "string"}};
}
Json choice(const std::vector<std::string>& choices) {
    return {{"type", "string"}, {"enum", choices}};
}

Json setting(const Component& component, const mfm_field& field) {
    const SettingValue initial = default_value(field);
    const bool has_default = (field.flags & MFM_REQUIRED) == 0 && !is_of_the_cell(component, field);
    Json out, fallback;
    switch (field.kind) {
    case MFM_REAL:
        out = (field.flags & MFM_PER_NEURON) != 0 ? distribution(field) : number(field);
        if (std::isfinite(initial.real)) fallback = initial.real;
        break;
    case MFM_INTEGER:
        out = {{"type", "integer"}};
        add_bounds(out, field);
        fallback = initial.integer;
        break;
    case MFM_BOOLEAN:
        out = boolean();
        fallback = initial.integer != 0;
        break;
    case MFM_TEXT: {
        std::vector<std::string> choices;
        for (const char* const* c = field.choices; c != nullptr && *c != nullptr; ++c) choices.emplace_back(*c);
        out = choices.empty() ? text() : choice(choices);
        if (!initial.text.empty()) fallback = initial.text;
        break;
    }
    default:
        out = list(field);
        break;
    }
    const std::string unit = unit_text(field);
    out["description"] = unit.empty() ? field.doc : fmt::format("{} ({})", field.doc, unit);
    return has_default && !fallback.is_null() ? with_default(out, fallback) : out;
}

Json with_default(Json value, Json fallback) {
    value["default"] = std::move(fallback);
    return value;
}

Json table(const std::vector<Key>& keys) {
    Json properties = Json::object(), required = Json::array();
    for (const Key& key : keys) {
        Json value = key.value;
        if (!key.doc.empty()) {
            const std::string unit = value.is_object() ? value.value("description", "") : "";
            value["description"] = unit.empty() ? key.doc : fmt::format("{} ({})", key.doc, unit);
        }
        properties[key.name] = std::move(value);
        if (key.required) required.push_back(key.name);
    }
    Json out{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
    if (!required.empty()) out[only_whole] = {{"required", required}};
    return out;
}

Json named(Json value, const std::string& doc) {
    value["description"] = doc;
    return {{"type", "object"},
            {"description", doc},
            {"propertyNames", {{"pattern", "^[A-Za-z0-9_-]+$"}}},
            {"additionalProperties", std::move(value)}};
}

Json take_whole(Json& schema) {
    Json out = Json::object();
    if (!schema.is_object()) return out;
    if (const auto found = schema.find(only_whole); found != schema.end()) {
        out = *found;
        schema.erase(only_whole);
    }
    if (schema.contains("properties"))
        for (auto& [key, value] : schema["properties"].items())
            if (Json inner = take_whole(value); !inner.empty()) out["properties"][key] = std::move(inner);
    for (const char* key : {"additionalProperties", "items"})
        if (schema.contains(key))
            if (Json inner = take_whole(schema[key]); !inner.empty()) out[key] = std::move(inner);
    return out;
}

} // namespace mfm::schema
