// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "plugin/registry.hpp"
#include "plugin/settings.hpp"

namespace mfm {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kinds{{
    {MFM_NEURON_ID, "neuron models"},
    {MFM_CONNECTIVITY_ID, "connectivity rules"},
    {MFM_STIMULATION_ID, "stimulation protocols"},
    {MFM_TRANSFER_ID, "transfer bases"},
    {MFM_OPTIMIZER_ID, "optimizers"},
    {MFM_PARETO_ID, "optimizers of several objectives"},
}};

/// Rows with their columns under each other; the last column is not padded.
std::string table_text(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
    std::vector<std::size_t> width;
    for (const auto& row : rows) {
        width.resize(std::max(width.size(), row.size()), 0);
        for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        text += indent;
        for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], width[i]);
        text += row.back() + "\n";
    }
    return text;
}

std::string default_text(const Component& component, const mfm_field& field) {
    if (is_of_the_cell(component, field)) return "the cell's";
    if ((field.flags & MFM_REQUIRED) != 0) return "required";
    switch (field.kind) {
    case MFM_TEXT: {
        const std::string value = default_value(field).text;
        return value.empty() ? "-" : value;
    }
    case MFM_BOOLEAN:
        return field.initial != 0.0 ? "true" : "false";
    case MFM_REAL_LIST:
        return "[]";
    default:
        return number_text(field.initial);
    }
}

/// The bounds as an interval, in the field's unit: "(0, 10000]".
std::string interval_text(const mfm_field& field) {
    return fmt::format("{}{}, {}{}", (field.flags & MFM_OPEN_LOWER) != 0 ? '(' : '[', field.lower, field.upper,
                       (field.flags & MFM_OPEN_UPPER) != 0 ? ')' : ']');
}

std::string allowed_text(const mfm_field& field) {
    switch (field.kind) {
    case MFM_REAL:
        return interval_text(field);
    case MFM_INTEGER:
        return "whole, " + interval_text(field);
    case MFM_BOOLEAN:
        return "true | false";
    case MFM_REAL_LIST:
        return "list, each " + interval_text(field);
    default:
        break;
    }
    if ((field.flags & MFM_PATH) != 0) return "a file";
    if ((field.flags & MFM_PROJECTION_NAME) != 0) return "an earlier projection";
    if (field.choices == nullptr) return "any text";
    std::string text;
    for (const char* const* choice = field.choices; *choice != nullptr; ++choice)
        text += (text.empty() ? "" : " | ") + std::string(*choice);
    return text;
}

const char* page_of(const Component& component) {
    return MFM_HAS(component.abi, documentation) && component.abi->documentation != nullptr
               ? component.abi->documentation
               : "";
}

/// What `describe` prints, for programs; texts as they are printed there.
nlohmann::ordered_json as_json(const Component& component) {
    const mfm_component& abi = *component.abi;
    nlohmann::ordered_json interfaces = nlohmann::ordered_json::array();
    for (const mfm_interface* entry = abi.interfaces; entry->id != nullptr; ++entry) interfaces.push_back(entry->id);
    nlohmann::ordered_json settings = nlohmann::ordered_json::array();
    for (const mfm_field* field : setting_fields(component))
        settings.push_back({{"name", field->name},
                            {"unit", field->unit},
                            {"default", default_text(component, *field)},
                            {"allowed", allowed_text(*field)},
                            {"per_cell", (field->flags & MFM_PER_NEURON) != 0},
                            {"meaning", field->doc}});
    return {{"id", abi.id},
            {"version", abi.version},
            {"summary", abi.summary},
            {"citation", abi.citation},
            {"file", component.file},
            {"interfaces", std::move(interfaces)},
            {"settings", std::move(settings)},
            {"page", page_of(component)}};
}

std::string text_or(const char* text, std::string_view fallback) {
    return text != nullptr && *text != '\0' ? text : std::string(fallback);
}

/// Every plugin by kind: id, version and file; with `why` those refused and the reason.
std::string list_plugins(const Registry& registry, bool why) {
    std::string text;
    const auto add = [&](std::string_view title, const auto& belongs) {
        std::vector<std::vector<std::string>> rows;
        for (const auto& [id, component] : registry.components())
            if (belongs(component)) rows.push_back({id, component.abi->version, component.file});
        if (!rows.empty()) text += fmt::format("{}\n{}", title, table_text(rows, "  "));
    };
    for (const auto& kind : kinds)
        add(kind.second, [&](const Component& component) { return component.interface(kind.first) != nullptr; });
    add("other interfaces", [](const Component& component) {
        return std::none_of(kinds.begin(), kinds.end(),
                            [&](const auto& kind) { return component.interface(kind.first) != nullptr; });
    });
    if (registry.components().empty()) text += "no plugins\n";
    text += "looked in\n";
    for (const auto& folder : registry.folders()) text += fmt::format("  {}\n", folder.string());
    if (why) {
        text += registry.refused().empty() ? "refused: none\n" : "refused\n";
        for (const RefusedPlugin& refused : registry.refused())
            text += fmt::format("  {}: {}\n", refused.file, refused.reason);
    } else if (!registry.refused().empty()) {
        text += fmt::format("{} refused; `automfm plugins --why` gives the reasons\n", registry.refused().size());
    }
    return text;
}

/// Settings, citation and page of one plugin; an InputError with the nearest id when there is none.
std::string describe_plugin(const Registry& registry, const std::string& id) {
    const Component& component = registry.get(id);
    const mfm_component& abi = *component.abi;
    std::string text = fmt::format("{} {}: {}\n", abi.id, abi.version, abi.summary);
    for (const mfm_interface* entry = abi.interfaces; entry->id != nullptr; ++entry)
        text += fmt::format("interface  {}\n", entry->id);
    text += fmt::format("file       {}\n", component.file);
    text += fmt::format("made by    {}, with SDK {} and {}\n", text_or(component.plugin->vendor, "unknown"),
                        text_or(component.plugin->sdk, "unknown"),
                        text_or(component.plugin->compiler, "an unknown compiler"));
    if (*abi.citation != '\0') text += fmt::format("citation   {}\n", abi.citation);

    std::vector<std::vector<std::string>> rows{{"setting", "unit", "default", "allowed", "meaning"}};
    bool any_per_cell = false;
    for (const mfm_field* field : setting_fields(component)) {
        const bool per_cell = (field->flags & MFM_PER_NEURON) != 0;
        any_per_cell = any_per_cell || per_cell;
        rows.push_back({field->name + std::string(per_cell ? " *" : ""), field->unit, default_text(component, *field),
                        allowed_text(*field), field->doc});
    }
    text += rows.size() > 1 ? fmt::format("\n{}", table_text(rows, "")) : "\nno settings\n";
    if (any_per_cell) text += "* may differ from cell to cell: takes a distribution\n";
    if (*page_of(component) != '\0') text += fmt::format("\n{}", page_of(component));
    if (!text.ends_with('\n')) text += '\n';
    return text;
}

} // namespace

Command add_plugins(CLI::App& tool) {
    struct Arguments {
        bool why = false, json = false;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& plugins = *tool.add_subcommand("plugins", "List the plugins: id, version, file");
    CLI::Option* why = plugins.add_flag("--why", given->why, "List those refused too, and the reason");
    plugins.add_flag("--json", given->json, "All that `describe` prints, of every plugin, for programs")->excludes(why);
    add_plugin_path(plugins, given->folders);
    return {&plugins, [given] {
                const Registry registry(plugin_search_path(as_paths(given->folders)));
                if (given->json) {
                    nlohmann::ordered_json all = nlohmann::ordered_json::array();
                    for (const auto& [id, component] : registry.components()) all.push_back(as_json(component));
                    fmt::print("{}\n", all.dump(2));
                } else {
                    fmt::print("{}", list_plugins(registry, given->why));
                }
                return ExitCode::Done;
            }};
}

Command add_describe(CLI::App& tool) {
    struct Arguments {
        std::string id;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& describe = *tool.add_subcommand("describe", "Settings, citation and page of a plugin");
    describe.add_option("ID", given->id, "The plugin's id")->required();
    add_plugin_path(describe, given->folders);
    return {&describe, [given] {
                fmt::print("{}", describe_plugin(Registry(plugin_search_path(as_paths(given->folders))), given->id));
                return ExitCode::Done;
            }};
}

} // namespace mfm
