// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "config/plugin_choice.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"

namespace mfm {
namespace {

using Kind = DocumentNode::Kind;

/// The entries of [SECTION.NAME], or nothing.
std::vector<DocumentEntry>* entries_of(DocumentNode& document, const std::string& section) {
    DocumentNode* node = document.find(section);
    if (node == nullptr) return nullptr;
    if (node->kind != Kind::Table)
        throw InputError(node->where, fmt::format("{} must be a table of sections like [{}.my_name], but is {}",
                                                  section, section, node->kind_name()));
    return &node->entries;
}

PlasticityConfig read_plasticity(const DocumentNode& node, const std::string& path) {
    const TableReader table(node, path, {"model", "U", "u_0", "tau_rec", "tau_fac"});
    const std::vector<std::string> models{"tsodyks_markram"};
    (void)read_choice(table.require("model"), table.path("model"), models);
    PlasticityConfig plasticity;
    plasticity.U = table.number("U", number_field("1", 0.0, 1.0, MFM_OPEN_LOWER));
    plasticity.u_0 = table.number("u_0", number_field("1", 0.0, 1.0), plasticity.U);
    plasticity.tau_rec = table.number("tau_rec", positive("ms"));
    plasticity.tau_fac = table.number("tau_fac", not_negative("ms"), 0.0);
    return plasticity;
}

ProjectionConfig read_projection(DocumentEntry& entry, const Registry& registry, const PipelineConfig& config,
                                 const std::vector<std::string>& above) {
    check_name(entry, "projection");
    const std::string path = "projection." + entry.key;
    const TableReader table(
        entry.value, path,
        {"source", "target", "rule", "receptor", "weight", "delay", "contacts", "keep", "plasticity"});
    ProjectionConfig projection;
    projection.name = entry.key;
    projection.where = entry.value.where;
    projection.source = named_population(table.require("source"), table.path("source"), config).name;
    const PopulationConfig& target = named_population(table.require("target"), table.path("target"), config);
    projection.target = target.name;
    if (target.kind == PopulationConfig::Kind::Poisson)
        throw InputError(
            table.require("target").where,
            fmt::format("{}: '{}' is a poisson population, which has no input", table.path("target"), target.name));

    static_cast<void>(table.require("rule"));
    auto [rule, checked] =
        read_plugin(*entry.value.find("rule"), table.path("rule"), registry, MFM_CONNECTIVITY_ID, above);
    projection.rule = std::move(rule);
    projection.earlier = std::move(checked.earlier);

    projection.contacts.mean = 1.0;
    if (target.kind == PopulationConfig::Kind::Relay) {
        for (const char* key : {"receptor", "weight", "contacts", "plasticity"})
            table.refuse(key, "a relay passes spikes on as they are");
        projection.weight.mean = 1.0;
    } else {
        projection.port = read_port(table.require("receptor"), table.path("receptor"), target);
        const mfm_field weight = weight_field(target.receptors[projection.port]);
        projection.weight = read_distribution(table.require("weight"), table.path("weight"), weight);
        if (const DocumentNode* contacts = table.find("contacts")) {
            projection.contacts = read_distribution(*contacts, table.path("contacts"), positive("1"), {"floor"});
            if (const DocumentNode* floor = contacts->find("floor"))
                projection.floor_contacts = read_boolean(*floor, table.path("contacts.floor"));
        }
    }
    const DocumentNode& delay = table.require("delay");
    projection.delay = read_distribution(delay, table.path("delay"), positive("ms"));
    if (projection.delay.mean < config.simulation.dt)
        throw InputError(delay.where, fmt::format("{} is {} ms, shorter than a time step ({} ms)", table.path("delay"),
                                                  projection.delay.mean, config.simulation.dt));
    projection.keep = table.number("keep", number_field("1", 0.0, 1.0), 1.0);
    if (const DocumentNode* plasticity = table.find("plasticity"))
        projection.plasticity = read_plasticity(*plasticity, table.path("plasticity"));
    return projection;
}

/// { center = ["150 um", "65 um", "100 um"], radius = "90 um" }
Ball read_ball(const DocumentNode& node, const std::string& path, const PopulationConfig& target) {
    const TableReader table(node, path, {"center", "radius"});
    const std::vector<double> center = read_list(table.require("center"), table.path("center"), number_field("um"));
    if (center.size() != 3)
        throw InputError(table.require("center").where,
                         fmt::format("{} must be three lengths, x, y and z, but there {} {}", table.path("center"),
                                     center.size() == 1 ? "is" : "are", center.size()));
    Ball ball{{center[0], center[1], center[2]}, table.number("radius", positive("um")), node.where};
    if (target.placement.kind == Placement::Kind::None)
        throw InputError(node.where, fmt::format("{}: the cells of '{}' have no place, so none is within anything; "
                                                 "give the population a placement, or leave this out",
                                                 path, target.name));
    return ball;
}

/// A drive is a source of its own in the mean field, beside populations and pathways.
void check_name_is_free(const DocumentEntry& entry, const PipelineConfig& config) {
    const auto has_name = [&](const auto& other) { return other.name == entry.key; };
    const bool population = std::any_of(config.populations.begin(), config.populations.end(), has_name);
    if (population || std::any_of(config.projections.begin(), config.projections.end(), has_name))
        throw InputError(entry.where, fmt::format("drive.{}: a {} has this name already; give the drive another",
                                                  entry.key, population ? "population" : "projection"));
}

} // namespace

void read_projections(DocumentNode& document, const Registry& registry, PipelineConfig& config) {
    std::vector<DocumentEntry>* entries = entries_of(document, "projection");
    if (entries == nullptr) return;
    std::vector<std::string> above;
    for (DocumentEntry& entry : *entries) {
        config.projections.push_back(read_projection(entry, registry, config, above));
        above.push_back(entry.key);
    }
}

void read_drives(DocumentNode& document, PipelineConfig& config) {
    std::vector<DocumentEntry>* entries = entries_of(document, "drive");
    if (entries == nullptr) return;
    for (const DocumentEntry& entry : *entries) {
        check_name(entry, "drive");
        check_name_is_free(entry, config);
        const TableReader table(entry.value, "drive." + entry.key, {"target", "receptor", "rate", "weight"});
        const PopulationConfig& target = named_population(table.require("target"), table.path("target"), config);
        if (target.kind != PopulationConfig::Kind::Neuron)
            throw InputError(table.require("target").where,
                             fmt::format("{}: '{}' has no neurons to drive", table.path("target"), target.name));
        DriveConfig drive;
        drive.name = entry.key;
        drive.target = target.name;
        drive.port = read_port(table.require("receptor"), table.path("receptor"), target);
        drive.rate_hz = table.number("rate", not_negative("Hz"));
        drive.weight = table.number("weight", weight_field(target.receptors[drive.port]));
        drive.where = entry.value.where;
        config.drives.push_back(drive);
    }
}

void read_stimulations(DocumentNode& document, const Registry& registry, PipelineConfig& config) {
    std::vector<DocumentEntry>* entries = entries_of(document, "stimulation");
    if (entries == nullptr) return;
    const std::vector<std::string> own{"plugin", "target", "duration", "transient", "trials", "within", "settings"};
    for (DocumentEntry& entry : *entries) {
        check_name(entry, "stimulation");
        const std::string path = "stimulation." + entry.key;
        DocumentNode& node = entry.value;
        if (node.kind != Kind::Table)
            throw InputError(node.where, fmt::format("{} must be a table, but is {}", path, node.kind_name()));
        const DocumentNode* id = node.find("plugin");
        if (id == nullptr) throw InputError(node.where, fmt::format("{} needs a value for 'plugin'", path));
        const Component& component = registry.find(read_text(*id, path + ".plugin"), MFM_STIMULATION_ID, id->where);
        const CheckedSettings checked = read_settings(node, path, component, own, {});

        StimulationConfig stimulation;
        stimulation.name = entry.key;
        stimulation.where = node.where;
        stimulation.protocol = make_choice(component, checked, id->where);
        const DocumentNode* target = node.find("target");
        if (target == nullptr) throw InputError(node.where, fmt::format("{} needs a value for 'target'", path));
        const PopulationConfig& population = named_population(*target, path + ".target", config);
        if (population.kind != PopulationConfig::Kind::Poisson)
            throw InputError(target->where,
                             fmt::format("{}.target: '{}' is no poisson population, so it has no rate to set", path,
                                         population.name));
        stimulation.target = population.name;
        if (const DocumentNode* value = node.find("within"))
            stimulation.within = read_ball(*value, path + ".within", population);
        if (const DocumentNode* value = node.find("duration"))
            stimulation.duration = read_number(*value, path + ".duration", positive("ms"));
        if (const DocumentNode* value = node.find("transient"))
            stimulation.transient = read_number(*value, path + ".transient", not_negative("ms"));
        if (const DocumentNode* value = node.find("trials"))
            stimulation.trials = static_cast<std::uint32_t>(read_integer(*value, path + ".trials", 1, 1000000));
        const double duration = stimulation.duration > 0.0 ? stimulation.duration : config.simulation.duration;
        if (stimulation.transient >= duration)
            throw InputError(node.where,
                             fmt::format("{}: the transient ({} ms) must be shorter than the duration ({} ms)", path,
                                         stimulation.transient, duration));
        config.stimulations.push_back(std::move(stimulation));
    }
}

} // namespace mfm
