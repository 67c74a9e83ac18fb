// SPDX-License-Identifier: Apache-2.0
#include "plugin/settings.hpp"

#include <cmath>
#include <cstddef>

#include <fmt/format.h>

#include "support/units.hpp"

namespace mfm {

std::span<const mfm_field* const> fields_of_list(const mfm_field* const* list) {
    std::size_t n = 0;
    while (list[n] != nullptr) ++n;
    return {list, n};
}

std::span<const mfm_field* const> setting_fields(const Component& component) {
    return fields_of_list(component.abi->settings);
}

bool is_of_the_cell(const Component& component, const mfm_field& setting) {
    return setting.role != nullptr && std::string_view(setting.role) != MFM_ROLE_MOMENTS &&
           component.interface(MFM_TRANSFER_ID) != nullptr;
}

int field_index(const Component& component, std::string_view name) {
    const auto fields = setting_fields(component);
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (name == fields[i]->name) return static_cast<int>(i);
    return -1;
}

SettingValue default_value(const mfm_field& field) {
    SettingValue value;
    value.kind = field.kind;
    switch (field.kind) {
    case MFM_REAL:
        value.real = field.initial;
        break;
    case MFM_INTEGER:
    case MFM_BOOLEAN:
        value.integer = static_cast<std::int64_t>(field.initial);
        break;
    case MFM_TEXT:
        value.text = field.choices != nullptr ? field.choices[0] : "";
        break;
    default:
        break;
    }
    return value;
}

bool within_bounds(const mfm_field& field, double value) {
    const bool above = (field.flags & MFM_OPEN_LOWER) != 0 ? value > field.lower : value >= field.lower;
    const bool below = (field.flags & MFM_OPEN_UPPER) != 0 ? value < field.upper : value <= field.upper;
    return above && below; // NaN is neither
}

std::string bounds_text(const mfm_field& field) {
    std::string text;
    if (field.lower > -HUGE_VAL)
        text = ((field.flags & MFM_OPEN_LOWER) != 0 ? "above " : "at least ") + number_text(field.lower, field.unit);
    if (field.upper < HUGE_VAL) {
        if (!text.empty()) text += " and ";
        text += ((field.flags & MFM_OPEN_UPPER) != 0 ? "below " : "at most ") + number_text(field.upper, field.unit);
    }
    return text.empty() ? "any number" : text;
}

std::string canonical_text(const SettingValue& value) {
    switch (value.kind) {
    case MFM_REAL:
        return fmt::format("{:.17g}", value.real);
    case MFM_INTEGER:
    case MFM_BOOLEAN:
        return fmt::format("{}", value.integer);
    case MFM_TEXT:
        return fmt::format("{}:{}", value.text.size(), value.text);
    default:
        break;
    }
    std::string text = "[";
    for (const double element : value.list) text += fmt::format("{:.17g},", element);
    return text + "]";
}

std::string number_text(double value, std::string_view unit) {
    return unit == "1" || unit.empty() ? fmt::format("{}", value) : fmt::format("{} {}", value, unit);
}

std::string_view kind_text(std::uint32_t kind) {
    switch (kind) {
    case MFM_REAL:
        return "a number";
    case MFM_INTEGER:
        return "a whole number";
    case MFM_BOOLEAN:
        return "true or false";
    case MFM_TEXT:
        return "a text";
    default:
        return "a list of numbers";
    }
}

std::optional<std::string> schema_fault(const mfm_field& field, bool later) {
    constexpr std::uint32_t flags =
        MFM_PER_NEURON | MFM_OPEN_LOWER | MFM_OPEN_UPPER | MFM_REQUIRED | MFM_PATH | MFM_PROJECTION_NAME;
    // The size of version 1.0's row, which stays the least whatever is appended later.
    constexpr std::size_t least = offsetof(mfm_field, role) + sizeof(const char*);
    if (field.size < least)
        return fmt::format("one of its settings is {} bytes long instead of at least {}", field.size, least);
    if (field.name == nullptr || *field.name == '\0') return "one of its settings has no name";
    const std::string name = fmt::format("its setting '{}'", field.name);
    if (field.kind > MFM_REAL_LIST)
        return fmt::format("{} is of kind {}, which this automfm does not know", name, field.kind);
    if (!later && field.reserved != 0) return name + " has a reserved word that is not 0";
    if (!later && (field.flags & ~flags) != 0)
        return fmt::format("{} has flags ({:#x}) that its version of the ABI does not have", name,
                           field.flags & ~flags);
    if (field.unit == nullptr || *field.unit == '\0')
        return name + " has no unit (that of a pure number or a text is \"1\")";
    if (!is_known_unit(field.unit)) return fmt::format("{} has the unit '{}', which is unknown", name, field.unit);
    if (field.doc == nullptr || *field.doc == '\0') return name + " has no sentence that says what it means";
    if (field.kind == MFM_TEXT) {
        if (field.choices != nullptr && field.choices[0] == nullptr) return name + " has an empty list of choices";
        return std::nullopt;
    }
    if ((field.flags & (MFM_PATH | MFM_PROJECTION_NAME)) != 0) return name + " is a path or a projection, but no text";
    if (std::isnan(field.lower) || std::isnan(field.upper) || field.lower > field.upper)
        return fmt::format("{} has bounds that no number meets ({} to {})", name, field.lower, field.upper);
    if (field.kind == MFM_REAL_LIST || (field.flags & MFM_REQUIRED) != 0) return std::nullopt;
    if (!within_bounds(field, field.initial))
        return fmt::format("{} has the default {}, which is out of its bounds ({})", name,
                           number_text(field.initial, field.unit), bounds_text(field));
    if (field.kind != MFM_REAL && field.initial != std::floor(field.initial))
        return fmt::format("{} is {}, but its default is {}", name, kind_text(field.kind), field.initial);
    return std::nullopt;
}

} // namespace mfm
