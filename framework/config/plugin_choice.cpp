// SPDX-License-Identifier: Apache-2.0
#include "config/plugin_choice.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/format.h>

#include "plugin/settings.hpp"
#include "support/hash.hpp"

namespace mfm {
namespace {

using Kind = DocumentNode::Kind;

/// A path becomes absolute; the file must be there.
std::string read_path(DocumentNode& node, const std::string& path) {
    if (read_text(node, path).empty()) return "";
    const std::filesystem::path file = absolute_path(node, node.text);
    std::error_code failure;
    if (!std::filesystem::exists(file, failure))
        throw InputError(node.where, fmt::format("{}: there is no file '{}'", path, file.string()));
    node.text = file.string();
    return node.text;
}

std::string read_projection_name(const DocumentNode& node, const std::string& path,
                                 const std::vector<std::string>& projections) {
    const std::string& name = read_text(node, path);
    if (name.empty() || std::find(projections.begin(), projections.end(), name) != projections.end()) return name;
    throw InputError(node.where, fmt::format("{}: there is no projection '{}' above this one{}", path, name,
                                             did_you_mean(name, projections)));
}

std::vector<std::string> names_of(const Component& component) {
    std::vector<std::string> names;
    for (const mfm_field* field : setting_fields(component)) names.emplace_back(field->name);
    return names;
}

SettingValue read_value(DocumentNode& node, const std::string& path, const mfm_field& field,
                        const std::vector<std::string>& projections) {
    SettingValue value = default_value(field);
    switch (field.kind) {
    case MFM_REAL:
        value.real = read_number(node, path, field);
        break;
    case MFM_INTEGER: {
        value.integer = read_integer(node, path, std::numeric_limits<std::int64_t>::min());
        if (!within_bounds(field, static_cast<double>(value.integer)))
            throw InputError(node.where,
                             fmt::format("{} is {}, but must be {}", path, value.integer, bounds_text(field)));
        break;
    }
    case MFM_BOOLEAN:
        value.integer = read_boolean(node, path) ? 1 : 0;
        break;
    case MFM_TEXT:
        if ((field.flags & MFM_PATH) != 0)
            value.text = read_path(node, path);
        else if ((field.flags & MFM_PROJECTION_NAME) != 0)
            value.text = read_projection_name(node, path, projections);
        else if (field.choices != nullptr) {
            std::vector<std::string> choices;
            for (const char* const* choice = field.choices; *choice != nullptr; ++choice) choices.emplace_back(*choice);
            value.text = choices[read_choice(node, path, choices)];
        } else
            value.text = read_text(node, path);
        break;
    default:
        value.list = read_list(node, path, field);
        break;
    }
    return value;
}

[[noreturn]] void missing(const SourcePosition& where, const std::string& path, const mfm_field& field) {
    const std::string unit = std::string_view(field.unit) == "1" ? "" : fmt::format(" in {}", field.unit);
    throw InputError(where, fmt::format("{} needs a value for '{}': {} ({}{})", path, field.name, field.doc,
                                        kind_text(field.kind), unit));
}

/// Contents of a file instead of its name: the name says nothing of what a run depends on.
std::string file_hash(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return "path:" + file;
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    ContentHash hash;
    hash.add(std::string_view(bytes));
    return "file:" + hash.hex();
}

} // namespace

CheckedSettings read_settings(DocumentNode& node, const std::string& path, const Component& component,
                              const std::vector<std::string>& reserved, const std::vector<std::string>& projections) {
    std::vector<std::string> keys = names_of(component);
    keys.insert(keys.end(), reserved.begin(), reserved.end());
    const TableReader table(node, path, std::move(keys));

    const bool has_inner = std::find(reserved.begin(), reserved.end(), "settings") != reserved.end();
    DocumentNode* const inner = has_inner ? node.find("settings") : nullptr;
    if (inner != nullptr) static_cast<void>(TableReader(*inner, path + ".settings", names_of(component)));

    CheckedSettings checked;
    const auto fields = setting_fields(component);
    checked.earlier.resize(fields.size());
    checked.given.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const mfm_field& field = *fields[i];
        const bool is_reserved = std::find(reserved.begin(), reserved.end(), field.name) != reserved.end();
        DocumentNode* given = inner != nullptr ? inner->find(field.name) : nullptr;
        if (given == nullptr && is_reserved && node.find(field.name) != nullptr)
            throw InputError(
                node.find(field.name)->where,
                fmt::format("{0}: '{1}' is a key of the pipeline as well as a setting of plugin '{2}'; write the "
                            "plugin's as settings = {{ {1} = ... }}",
                            path, field.name, component.id()));
        if (given == nullptr && !is_reserved) given = node.find(field.name);
        if (given == nullptr) {
            if ((field.flags & MFM_REQUIRED) != 0) missing(node.where, is_reserved ? path + ".settings" : path, field);
            checked.values.push_back(default_value(field));
            continue;
        }
        checked.given[i] = true;
        const std::string name = is_reserved ? path + ".settings." + field.name : table.path(field.name);
        if (field.kind == MFM_REAL && given->kind == Kind::Table) {
            if ((field.flags & MFM_PER_NEURON) == 0)
                throw InputError(
                    given->where,
                    fmt::format("{} is the same for all cells, so it must be a number, but is a table", name));
            const Distribution distribution = read_distribution(*given, name, field);
            SettingValue value = default_value(field);
            value.real = distribution.mean;
            checked.values.push_back(value);
            if (!distribution.is_constant()) checked.distributed.emplace_back(i, distribution);
            continue;
        }
        checked.values.push_back(read_value(*given, name, field, projections));
        if ((field.flags & MFM_PROJECTION_NAME) != 0) checked.earlier[i] = checked.values.back().text;
    }
    return checked;
}

CheckedSettings default_settings(const Component& component, const SourcePosition& where, const std::string& path) {
    DocumentNode nothing;
    nothing.where = where;
    return read_settings(nothing, path, component, {}, {});
}

PluginChoice make_choice(const Component& component, const CheckedSettings& checked, const SourcePosition& where) {
    const SettingValues& settings = checked.values;
    PluginChoice choice{&component, settings, checked.given, where,
                        fmt::format("{} {}", component.abi->id, component.abi->version)};
    const auto fields = setting_fields(component);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool is_file = (fields[i]->flags & MFM_PATH) != 0 && !settings[i].text.empty(),
                   is_open = is_of_the_cell(component, *fields[i]) && !checked.given[i];
        choice.canonical += fmt::format("; {} = {}", fields[i]->name,
                                        is_open   ? "the cell's"
                                        : is_file ? file_hash(settings[i].text)
                                                  : canonical_text(settings[i]));
    }
    const Instance trial(component, settings, where);
    return choice;
}

std::pair<PluginChoice, CheckedSettings> read_plugin(DocumentNode& node, const std::string& path,
                                                     const Registry& registry, std::string_view interface_id,
                                                     const std::vector<std::string>& projections) {
    CheckedSettings checked;
    if (node.kind == Kind::Text) {
        const Component& component = registry.find(node.text, interface_id, node.where);
        checked = default_settings(component, node.where, path);
        return {make_choice(component, checked, node.where), checked};
    }
    if (node.kind != Kind::Table)
        throw InputError(node.where,
                         fmt::format("{} must be the id of a plugin or a table with a key 'plugin', but is {}", path,
                                     node.kind_name()));
    const DocumentNode* id = node.find("plugin");
    if (id == nullptr) throw InputError(node.where, fmt::format("{} needs a value for 'plugin'", path));
    const Component& component = registry.find(read_text(*id, path + ".plugin"), interface_id, id->where);
    checked = read_settings(node, path, component, {"plugin"}, projections);
    return {make_choice(component, checked, node.where), checked};
}

} // namespace mfm
