// SPDX-License-Identifier: Apache-2.0
#include "plugin/registry.hpp"
#include "plugin/settings.hpp"
#include "python/bindings.hpp"

namespace mfm {
namespace {

namespace py = pybind11;
using namespace py::literals;

py::object default_of(const Component& component, const mfm_field& field) {
    if ((field.flags & MFM_REQUIRED) != 0 || is_of_the_cell(component, field)) return py::none();
    const SettingValue value = default_value(field);
    switch (field.kind) {
    case MFM_TEXT:
        return py::str(value.text);
    case MFM_BOOLEAN:
        return py::bool_(value.integer != 0);
    case MFM_INTEGER:
        return py::int_(value.integer);
    case MFM_REAL_LIST:
        return py::list();
    default:
        return py::float_(value.real);
    }
}

const char* kind_of(std::uint32_t kind) {
    switch (kind) {
    case MFM_TEXT:
        return "text";
    case MFM_BOOLEAN:
        return "boolean";
    case MFM_INTEGER:
        return "integer";
    case MFM_REAL_LIST:
        return "list of numbers";
    default:
        return "number";
    }
}

py::dict setting_of(const Component& component, const mfm_field& field) {
    const auto has = [&](std::uint32_t flag) { return (field.flags & flag) != 0; };
    py::list choices;
    for (const char* const* choice = field.choices; choice != nullptr && *choice != nullptr; ++choice)
        choices.append(*choice);
    const bool bounded = field.kind != MFM_TEXT && field.kind != MFM_BOOLEAN;
    const auto bound = [&](double value) { return bounded ? py::object(py::float_(value)) : py::none(); };
    return py::dict("name"_a = field.name, "kind"_a = kind_of(field.kind), "unit"_a = field.unit,
                    "default"_a = default_of(component, field), "lower"_a = bound(field.lower),
                    "upper"_a = bound(field.upper), "lower_is_open"_a = has(MFM_OPEN_LOWER),
                    "upper_is_open"_a = has(MFM_OPEN_UPPER), "choices"_a = choices, "required"_a = has(MFM_REQUIRED),
                    "of_the_cell"_a = is_of_the_cell(component, field), "per_cell"_a = has(MFM_PER_NEURON),
                    "file"_a = has(MFM_PATH), "projection"_a = has(MFM_PROJECTION_NAME), "doc"_a = field.doc);
}

std::string text_of(const char* text) {
    return text != nullptr ? text : "";
}

py::dict component_of(const Component& component) {
    const mfm_component& abi = *component.abi;
    py::list interfaces, settings;
    for (const mfm_interface* entry = abi.interfaces; entry->id != nullptr; ++entry) interfaces.append(entry->id);
    for (const mfm_field* field : setting_fields(component)) settings.append(setting_of(component, *field));
    const bool documented = MFM_HAS(component.abi, documentation);
    return py::dict("id"_a = abi.id, "version"_a = abi.version, "summary"_a = abi.summary,
                    "citation"_a = text_of(abi.citation), "interfaces"_a = interfaces, "file"_a = component.file,
                    "vendor"_a = text_of(component.plugin->vendor), "settings"_a = settings,
                    "page"_a = documented ? text_of(abi.documentation) : "");
}

} // namespace

void bind_plugins(py::module_& module) {
    module.def(
        "plugins",
        [](const std::vector<std::filesystem::path>& plugin_path) {
            const Registry registry(plugin_search_path(plugin_path));
            py::list out;
            for (const auto& [id, component] : registry.components()) out.append(component_of(component));
            return out;
        },
        "plugin_path"_a);
    module.def(
        "describe",
        [](const std::string& id, const std::vector<std::filesystem::path>& plugin_path) {
            const Registry registry(plugin_search_path(plugin_path));
            return component_of(registry.get(id));
        },
        "id"_a, "plugin_path"_a);
}

} // namespace mfm
