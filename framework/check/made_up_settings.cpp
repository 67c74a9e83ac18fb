// SPDX-License-Identifier: Apache-2.0
#include "check/made_up_settings.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "config/document.hpp"
#include "config/plugin_choice.hpp"
#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

constexpr const char* made_up_projection = "earlier"; ///< of the made-up network

/// The --set texts as a document: an empty file, changed by them.
DocumentNode document_of(const std::vector<std::string>& set) {
    return read_document("/dev/null", set);
}

std::vector<std::string> setting_names(const Component& component) {
    std::vector<std::string> names;
    for (const mfm_field* field : setting_fields(component)) names.emplace_back(field->name);
    return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// A number within the bounds: what the schema begins with, or the bound that is nearest to it.
double number_within(const mfm_field& field) {
    if (within_bounds(field, field.initial)) return field.initial;
    const double inner = field.kind == MFM_INTEGER ? 1.0 : 1e-3;
    for (const double value : {field.lower, field.upper, field.lower + inner, field.upper - inner})
        if (std::isfinite(value) && within_bounds(field, value)) return value;
    return 0.5 * (field.lower + field.upper);
}

} // namespace

void check_set_names(const std::vector<Component>& components, const std::vector<std::string>& set) {
    std::vector<std::string> known;
    for (const Component& component : components) {
        const auto names = setting_names(component);
        known.insert(known.end(), names.begin(), names.end());
    }
    for (const DocumentEntry& entry : document_of(set).entries) {
        if (contains(known, entry.key)) continue;
        const auto of =
            std::find_if(components.begin(), components.end(), [&](const Component& c) { return c.id() == entry.key; });
        if (of == components.end())
            throw InputError(entry.where, fmt::format("no component of this library has a setting '{}'{}", entry.key,
                                                      did_you_mean(entry.key, known)));
        const auto own = setting_names(*of);
        for (const DocumentEntry& inner : entry.value.entries)
            if (!contains(own, inner.key))
                throw InputError(inner.where, fmt::format("'{}' has no setting '{}'{}", entry.key, inner.key,
                                                          did_you_mean(inner.key, own)));
    }
}

MadeUpSettings make_up_settings(const Component& component, const std::vector<std::string>& set) {
    const auto names = setting_names(component);
    DocumentNode document = document_of(set), node;
    if (const DocumentNode* own = document.find(component.id());
        own != nullptr && own->kind == DocumentNode::Kind::Table && !contains(names, component.id()))
        node.entries = own->entries;
    for (const DocumentEntry& entry : document.entries)
        if (contains(names, entry.key) && node.find(entry.key) == nullptr) node.entries.push_back(entry);

    MadeUpSettings out;
    for (const mfm_field* field : setting_fields(component)) {
        if ((field->flags & MFM_REQUIRED) == 0 || node.find(field->name) != nullptr) continue;
        DocumentNode value;
        const bool free_text =
            field->kind == MFM_TEXT && field->choices == nullptr && (field->flags & MFM_PROJECTION_NAME) == 0;
        if (free_text || field->kind == MFM_REAL_LIST) {
            out.missing.push_back(fmt::format("{} ({})", field->name, field->doc));
            continue;
        }
        switch (field->kind) {
        case MFM_REAL:
            value.kind = DocumentNode::Kind::Real;
            value.real = number_within(*field);
            break;
        case MFM_INTEGER:
            value.kind = DocumentNode::Kind::Integer;
            value.integer = static_cast<std::int64_t>(number_within(*field));
            break;
        case MFM_BOOLEAN:
            value.kind = DocumentNode::Kind::Boolean;
            value.boolean = field->initial != 0;
            break;
        default:
            value.kind = DocumentNode::Kind::Text;
            value.text = field->choices != nullptr ? field->choices[0] : made_up_projection;
        }
        out.made_up.push_back(fmt::format("{} = {}", field->name,
                                          field->kind == MFM_TEXT ? value.text
                                                                  : number_text(field->kind == MFM_REAL ? value.real
                                                                                : field->kind == MFM_INTEGER
                                                                                    ? static_cast<double>(value.integer)
                                                                                : value.boolean ? 1.0
                                                                                                : 0.0,
                                                                                field->unit)));
        node.entries.push_back({field->name, {}, std::move(value)});
    }
    if (!out.missing.empty()) return out;
    CheckedSettings checked = read_settings(node, component.id(), component, {}, {made_up_projection});
    out.values = std::move(checked.values);
    out.projections = std::move(checked.earlier);
    return out;
}

} // namespace mfm::check
