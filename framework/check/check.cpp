// SPDX-License-Identifier: Apache-2.0
#include "check/check.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "check/child.hpp"
#include "check/kind.hpp"
#include "check/made_up_settings.hpp"
#include "plugin/library.hpp"
#include "support/diagnostics.hpp"

namespace mfm::check {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// Inside of a child: the library, loaded for its first time in this process.
std::vector<Component> load(const std::filesystem::path& file) {
    set_call("");
    const LoadedLibrary library = load_library(file);
    if (library.plugin == nullptr) throw Failed("load", library.refusal);
    std::vector<Component> out;
    for (const mfm_component* const* entry = library.plugin->components; *entry != nullptr; ++entry)
        out.push_back({*entry, library.plugin, file.string()});
    return out;
}

std::string text_or(const char* text, const char* fallback) {
    return text != nullptr && *text != '\0' ? text : fallback;
}

/// The library as a whole: can be loaded, exports one symbol, has the settings that --set names.
void check_file(const CheckOptions& options, Reporter& report) {
    const std::vector<Component> components = load(options.file);
    const mfm_plugin& plugin = *components.front().plugin;
    check_set_names(components, options.set);
    report.pass("load", fmt::format("ABI {}.{}, size and functions of every table, {} component{}", plugin.abi_major,
                                    plugin.abi_minor, components.size(), components.size() == 1 ? "" : "s"));
    report.value("made by",
                 fmt::format("{}, with SDK {} and {}", text_or(plugin.vendor, "unknown"),
                             text_or(plugin.sdk, "unknown"), text_or(plugin.compiler, "an unknown compiler")));
    std::set<std::string> ids;
    for (const Component& component : components) {
        if (!ids.insert(component.id()).second)
            report.fail("load", fmt::format("two components have the id '{}'", component.id()));
        report.value("component", component.id());
        report.value("version", component.abi->version);
        for (const mfm_interface* entry = component.abi->interfaces; entry->id != nullptr; ++entry)
            report.value("interface", entry->id);
    }
    std::vector<std::string> extra = exported_symbols(options.file.string());
    std::erase(extra, "mfm_plugin_v1");
    if (extra.empty())
        report.pass("symbols", "exports mfm_plugin_v1 and nothing else");
    else
        report.fail("symbols", fmt::format("exports {} symbol{} beside mfm_plugin_v1 ({}{}), which may meet those of "
                                           "another library; link with the SDK's version script or "
                                           "-fvisibility=hidden",
                                           extra.size(), extra.size() == 1 ? "" : "s", extra.front(),
                                           extra.size() > 1 ? ", ..." : ""));
}

/// One component, and the children that check it.
class ComponentCheck {
public:
    ComponentCheck(const CheckOptions& options, ComponentReport& report) : options_(options), report_(report) {}

    void run() {
        const ChildResult first = child("schema", {}, [&](const Component& component, Reporter& report) {
            check_schema(component, report);
            const MadeUpSettings settings = make_up_settings(component, options_.set);
            if (!settings.missing.empty())
                report.not_run("settings",
                               fmt::format("needs {}: give {} with --set NAME=VALUE", fmt::join(settings.missing, ", "),
                                           settings.missing.size() == 1 ? "it" : "them"));
            if (!settings.made_up.empty())
                report.note("settings",
                            fmt::format("made up, because they are required and were not given with --set: {}",
                                        fmt::join(settings.made_up, ", ")));
        });
        if (!first.death.empty() || std::any_of(first.findings.begin(), first.findings.end(),
                                                [](const Finding& f) { return f.outcome == Outcome::NotRun; }))
            return;
        bool any = false;
        for (const std::string& id : report_.interfaces) {
            if (const Kind* kind = kind_of(id)) {
                run_kind(*kind);
                any = true;
            } else {
                report_.findings.push_back(
                    {Outcome::Note, "interface", fmt::format("{} is not known to this automfm and not checked", id)});
            }
        }
        if (!any) group(nullptr, common_groups().front());
    }

private:
    void run_kind(const Kind& kind) {
        const auto outputs_with = [&](const Environment& environment, const std::string& name) {
            return child(name, environment, [&](const Component& component, Reporter& report) {
                const Subject subject = subject_of(component, &kind, report);
                report.outputs(kind.rig(subject, subject.settings, Place::Heap).run(Place::Heap, 0));
            });
        };
        const ChildResult first = outputs_with({}, "use");
        if (first.outputs.empty()) {
            // What overran an array on the heap has its name in guarded memory.
            if (!first.death.empty() && !first.out_of_time)
                for (const Group& each : common_groups())
                    if (each.name == "guard pages") group(&kind, each);
            report_.findings.push_back(
                {Outcome::Note, "use", "the other checks were not run, because this one must work first"});
            return;
        }
        const auto compare = [&](const std::string& check, const std::string& what, const ChildResult& other) {
            if (other.outputs.empty()) return false;
            const auto difference = Outputs::difference(first.outputs[0], other.outputs[0]);
            if (difference) report_.findings.push_back({Outcome::Fail, check, what + ": " + *difference});
            return !difference;
        };
        if (wanted("reproducible") && compare("reproducible", "in another process", outputs_with({}, "reproducible")))
            report_.findings.push_back(
                {Outcome::Pass, "reproducible", "the same calls with the same seed in two processes: the same bits"});
        if (kind.has_vector_width && wanted("vector width")) {
            bool same = true;
            for (const char* lanes : {"2", "4", "8", "16"})
                same = compare("vector width", fmt::format("with MFM_LANES={}", lanes),
                               outputs_with({{"MFM_LANES", lanes}}, "vector width")) &&
                       same;
            if (same)
                report_.findings.push_back({Outcome::Pass, "vector width", "MFM_LANES = 2, 4, 8, 16: the same bits"});
        }
        for (const Group& each : common_groups()) group(&kind, each);
        for (const Group& each : kind.groups) group(&kind, each);
        if (!wanted("memory")) return;
        child("memory", {}, [&](const Component& component, Reporter& report) {
            const Subject subject = subject_of(component, &kind, report);
            CostMeter meter(report);
            kind.costs(subject, meter);
            meter.conclude();
        });
    }
    [[nodiscard]] bool wanted(std::string_view check) const {
        return options_.only.empty() ||
               std::find(options_.only.begin(), options_.only.end(), check) != options_.only.end();
    }
    void group(const Kind* kind, const Group& each) {
        if (!wanted(each.name)) return;
        child(std::string(each.name), {},
              [&](const Component& component, Reporter& report) { each.run(subject_of(component, kind, report)); });
    }
    [[nodiscard]] Subject subject_of(const Component& component, const Kind* kind, Reporter& report) const {
        MadeUpSettings settings = make_up_settings(component, options_.set);
        return {component, kind, std::move(settings.values), std::move(settings.projections), report};
    }
    /// A child with the component loaded; what it found is added to the report.
    ChildResult child(const std::string& name, const Environment& environment,
                      const std::function<void(const Component&, Reporter&)>& f) {
        ChildResult result = run_in_child(environment, options_.seconds, [&](Reporter& report) {
            const std::vector<Component> components = load(options_.file);
            const auto found = std::find_if(components.begin(), components.end(),
                                            [&](const Component& c) { return c.id() == report_.id; });
            if (found == components.end())
                throw Failed("load", "the component is not there every time that the library is loaded");
            f(*found, report);
        });
        if (!result.input_error.empty()) throw InputError(result.input_error);
        if (!result.death.empty()) result.findings.push_back({Outcome::Fail, name, result.death});
        for (const Finding& finding : result.findings) {
            const bool known = std::any_of(report_.findings.begin(), report_.findings.end(), [&](const Finding& f) {
                return f.outcome == finding.outcome && f.text == finding.text;
            });
            if (!known) report_.findings.push_back(finding);
        }
        report_.costs.insert(report_.costs.end(), result.costs.begin(), result.costs.end());
        return result;
    }
    const CheckOptions& options_;
    ComponentReport& report_;
};

void check_names(const std::vector<std::string>& only) {
    std::vector<std::string> names{"reproducible", "vector width", "memory"};
    for (const Group& group : common_groups()) names.emplace_back(group.name);
    for (const Kind* kind : kinds())
        for (const Group& group : kind->groups) names.emplace_back(group.name);
    for (const std::string& name : only)
        if (std::find(names.begin(), names.end(), name) == names.end())
            throw InputError(fmt::format("there is no check '{}'{}", name, did_you_mean(name, names)));
}

} // namespace

LibraryReport check_library(const CheckOptions& options) {
    check_names(options.only);
    std::error_code failure;
    if (!std::filesystem::is_regular_file(options.file, failure))
        throw InputError(fmt::format("there is no file '{}'; name a plugin library (NAME.so)", options.file.string()));
    LibraryReport out;
    out.file = options.file.string();
    const ChildResult loaded =
        run_in_child({}, options.seconds, [&](Reporter& report) { check_file(options, report); });
    if (!loaded.input_error.empty()) throw InputError(loaded.input_error);
    out.findings = loaded.findings;
    if (!loaded.death.empty()) out.findings.push_back({Outcome::Fail, "load", loaded.death});
    for (const auto& [name, text] : loaded.values) {
        if (name == "made by") out.made_by = text;
        if (name == "component") out.components.push_back({text, "", {}, {}, {}});
        if (name == "version") out.components.back().version = text;
        if (name == "interface") out.components.back().interfaces.push_back(text);
    }
    if (!options.id.empty()) {
        std::vector<std::string> ids;
        for (const ComponentReport& component : out.components) ids.push_back(component.id);
        if (!ids.empty() && std::find(ids.begin(), ids.end(), options.id) == ids.end())
            throw InputError(fmt::format("'{}' has no component '{}'{}; it has {}", out.file, options.id,
                                         did_you_mean(options.id, ids), fmt::join(ids, ", ")));
        std::erase_if(out.components, [&](const ComponentReport& component) { return component.id != options.id; });
    }
    for (ComponentReport& component : out.components) ComponentCheck(options, component).run();
    return out;
}

} // namespace mfm::check
