// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/plugin_choice.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "plugin/settings.hpp"

namespace mfm {
namespace {

using Kind = DocumentNode::Kind;

const std::vector<std::string> population_kinds{"neuron", "poisson", "relay"};
const std::vector<std::string> receptor_kinds{"exponential", "alpha", "biexponential",
                                              "delta"}; // in the order of MFM_RECEPTOR_
const std::vector<std::string> placement_kinds{"random", "parallel_array"};

mfm_receptor read_receptor(const DocumentNode& node, const std::string& path, double dt) {
    const TableReader table(node, path, {"kind", "tau_syn", "tau_rise", "E_rev", "current"});
    mfm_receptor receptor{};
    receptor.size = sizeof receptor;
    receptor.shape = static_cast<std::uint32_t>(read_choice(table.require("kind"), table.path("kind"), receptor_kinds));
    if (receptor.shape == MFM_RECEPTOR_DELTA) {
        for (const char* key : {"tau_syn", "tau_rise", "E_rev"}) table.refuse(key, "a delta pulse of current has none");
        if (!table.boolean("current", true))
            throw InputError(node.where, fmt::format("{}: a delta receptor is a current; leave `current` out", path));
        receptor.flags |= MFM_RECEPTOR_CURRENT;
        receptor.tau = 0.5 * dt; // the pulse is spread over a step, so it comes half a step late
        return receptor;
    }
    receptor.tau = table.number("tau_syn", positive("ms"));
    if (receptor.shape == MFM_RECEPTOR_BIEXPONENTIAL) {
        receptor.tau_rise = table.number("tau_rise", positive("ms"));
        if (receptor.tau_rise >= receptor.tau)
            throw InputError(
                node.where,
                fmt::format("{}: tau_rise ({} ms) must be below tau_syn ({} ms), the time constant of the decay", path,
                            receptor.tau_rise, receptor.tau));
    } else {
        table.refuse("tau_rise", "only a biexponential receptor has one");
    }
    if (table.boolean("current", false)) {
        receptor.flags |= MFM_RECEPTOR_CURRENT;
        table.refuse("E_rev", "a current has no reversal potential");
    } else {
        receptor.E_rev = table.number("E_rev", number_field("mV"));
    }
    return receptor;
}

void read_receptors(const TableReader& table, PopulationConfig& population, double dt) {
    const DocumentNode* list = table.find("receptors");
    if (list == nullptr) return;
    if (list->kind != Kind::Array)
        throw InputError(list->where, fmt::format("{} must be a list of receptors, but is {}", table.path("receptors"),
                                                  list->kind_name()));
    if (list->elements.size() > MFM_MAX_PORTS)
        throw InputError(list->where,
                         fmt::format("{}: a neuron has at most {} receptors", table.path("receptors"), MFM_MAX_PORTS));
    for (std::size_t i = 0; i < list->elements.size(); ++i)
        population.receptors.push_back(
            read_receptor(list->elements[i], fmt::format("{}[{}]", table.path("receptors"), i + 1), dt));
}

/// States are known only to an instance with its receptors, so one is made here to check names, units and bounds.
void read_initial(const TableReader& table, PopulationConfig& population) {
    const Instance instance(*population.neuron->component, population.neuron->settings, population.where);
    const auto& neuron = instance.table<mfm_neuron_v1>(MFM_NEURON_ID);
    std::vector<const mfm_receptor*> receptors;
    for (const mfm_receptor& receptor : population.receptors) receptors.push_back(&receptor);
    mfm_error error = empty_error();
    check_status(
        neuron.set_receptors(instance.self(), static_cast<std::uint32_t>(receptors.size()), receptors.data(), &error),
        error, instance.component(), "set_receptors", population.where);
    const DocumentNode* initial = table.find("initial");
    if (initial == nullptr) return;
    const mfm_field* const* list = nullptr;
    std::uint32_t n_dynamic = 0;
    check_status(neuron.states(instance.self(), &list, &n_dynamic, &error), error, instance.component(), "states",
                 population.where);
    const auto states = fields_of_list(list);
    std::vector<std::string> names;
    for (const mfm_field* state : states) names.emplace_back(state->name);
    const TableReader values(*initial, table.path("initial"), names);
    for (const mfm_field* state : states)
        if (const DocumentNode* value = values.find(state->name))
            population.initial.emplace_back(state->name, read_distribution(*value, values.path(state->name), *state));
}

std::uint64_t read_count(const TableReader& table) {
    return static_cast<std::uint64_t>(
        read_integer(table.require("count"), table.path("count"), 1, 4294967294)); // cells are counted in 32 bits
}

void read_placement(const DocumentNode& node, const std::string& path, const PipelineConfig& config,
                    PopulationConfig& population) {
    const TableReader table(node, path,
                            {"kind", "layer", "density", "count", "ratio", "ratio_of", "radius", "spacing_x", "angle"});
    Placement& placement = population.placement;
    placement.where = node.where;
    if (config.space.size[0] == 0.0)
        throw InputError(node.where, fmt::format("{}: cells can be placed only when there is a [space]", path));
    placement.kind = Placement::Kind::Random;
    if (const DocumentNode* kind = table.find("kind"))
        placement.kind = read_choice(*kind, table.path("kind"), placement_kinds) == 0 ? Placement::Kind::Random
                                                                                      : Placement::Kind::ParallelArray;
    const bool is_array = placement.kind == Placement::Kind::ParallelArray;

    if (const DocumentNode* layer = table.find("layer")) {
        std::vector<std::string> layers;
        for (const Layer& known : config.space.layers) layers.push_back(known.name);
        placement.layer = read_text(*layer, table.path("layer"));
        if (std::find(layers.begin(), layers.end(), placement.layer) == layers.end())
            throw InputError(layer->where, fmt::format("{}: [space.layers] has no layer '{}'{}", table.path("layer"),
                                                       placement.layer, did_you_mean(placement.layer, layers)));
    }

    const bool has_density = table.find("density") != nullptr, has_count = table.find("count") != nullptr,
               has_ratio = table.find("ratio") != nullptr;
    if (has_density + has_count + has_ratio != 1)
        throw InputError(node.where, fmt::format("{} needs exactly one of 'density', 'count' and 'ratio'", path));
    if (has_density) placement.density = table.number("density", positive(is_array ? "/um^2" : "/um^3"));
    if (has_count) placement.count = read_count(table);
    if (has_ratio) {
        placement.ratio = table.number("ratio", positive("1"));
        placement.density_of = table.text("ratio_of");
    } else {
        table.refuse("ratio_of", "it needs a 'ratio'");
    }

    if (is_array) {
        placement.radius = table.number("radius", positive("um"));
        placement.spacing_x = table.number("spacing_x", positive("um"));
        placement.angle_deg = table.number("angle", number_field("deg", 0.0, 90.0, MFM_OPEN_UPPER));
    } else {
        for (const char* key : {"radius", "spacing_x", "angle"}) table.refuse(key, "cells placed at random have none");
    }
}

PopulationConfig read_population(DocumentEntry& entry, const Registry& registry, const PipelineConfig& config) {
    check_name(entry, "population");
    const std::string path = "population." + entry.key;
    const TableReader table(entry.value, path,
                            {"kind", "neuron", "parameters", "receptors", "initial", "rate", "count", "placement"});
    PopulationConfig population;
    population.name = entry.key;
    population.where = entry.value.where;

    if (const DocumentNode* kind = table.find("kind"))
        population.kind = static_cast<PopulationConfig::Kind>(read_choice(*kind, table.path("kind"), population_kinds));
    else if (table.find("neuron") == nullptr)
        throw InputError(
            entry.value.where,
            fmt::format("{} needs a 'neuron' (the id of a neuron model), or kind = \"poisson\" or \"relay\"", path));

    if (population.kind == PopulationConfig::Kind::Neuron) {
        const DocumentNode& id = table.require("neuron");
        const Component& component = registry.find(read_text(id, table.path("neuron")), MFM_NEURON_ID, id.where);
        CheckedSettings checked;
        if (DocumentNode* parameters = entry.value.find("parameters"))
            checked = read_settings(*parameters, table.path("parameters"), component, {}, {});
        else
            checked = default_settings(component, entry.value.where, table.path("parameters"));
        population.neuron = make_choice(component, checked, id.where);
        population.distributed = std::move(checked.distributed);
        read_receptors(table, population, config.simulation.dt);
        read_initial(table, population);
    } else {
        const std::string why =
            "a " + population_kinds[static_cast<std::size_t>(population.kind)] + " population has no neuron model";
        for (const char* key : {"neuron", "parameters", "receptors", "initial"}) table.refuse(key, why);
    }
    if (population.kind == PopulationConfig::Kind::Poisson)
        population.rate_hz = table.number("rate", not_negative("Hz"), population.rate_hz);
    else
        table.refuse("rate", "only a Poisson population has one");

    if (const DocumentNode* placement = table.find("placement")) {
        table.refuse("count", "with a placement, give the count there");
        read_placement(*placement, table.path("placement"), config, population);
    } else if (table.find("count") != nullptr) {
        population.count = read_count(table);
    } else {
        throw InputError(entry.value.where, fmt::format("{} needs a 'count' or a 'placement'", path));
    }
    return population;
}

/// ratio_of must name another population, and following it must come to an end.
void check_ratios(const PipelineConfig& config) {
    for (const PopulationConfig& start : config.populations) {
        if (start.placement.density_of.empty()) continue;
        std::string name = start.placement.density_of;
        for (std::size_t steps = 0; !name.empty(); ++steps) {
            const auto next = std::find_if(config.populations.begin(), config.populations.end(),
                                           [&](const PopulationConfig& population) { return population.name == name; });
            const std::string path = "population." + start.name + ".placement.ratio_of";
            if (next == config.populations.end()) {
                std::vector<std::string> names;
                for (const PopulationConfig& population : config.populations) names.push_back(population.name);
                throw InputError(start.placement.where, fmt::format("{}: there is no population '{}'{}", path, name,
                                                                    did_you_mean(name, names)));
            }
            if (next->name == start.name || steps > config.populations.size())
                throw InputError(start.placement.where,
                                 fmt::format("{}: the ratios lead back to '{}' itself", path, start.name));
            name = next->placement.density_of;
        }
    }
}

} // namespace

void read_space(DocumentNode& document, PipelineConfig& config) {
    const DocumentNode* node = document.find("space");
    if (node == nullptr) return;
    const TableReader table(*node, "space", {"size", "chunk", "layers"});
    const DocumentNode& size = table.require("size");
    if (size.kind != Kind::Array || size.elements.size() != 3)
        throw InputError(size.where, "space.size must be a list of three lengths: x, y and z");
    for (std::size_t i = 0; i < 3; ++i)
        config.space.size[i] = read_number(size.elements[i], fmt::format("space.size[{}]", i + 1), positive("um"));
    config.space.chunk = table.number("chunk", positive("um"), config.space.chunk);
    const DocumentNode* layers = table.find("layers");
    if (layers == nullptr) return;
    if (layers->kind != Kind::Table)
        throw InputError(layers->where, "space.layers must be a table of layers, each a list of its lower and upper z");
    for (const DocumentEntry& entry : layers->entries) {
        check_name(entry, "layer");
        const std::string path = "space.layers." + entry.key;
        if (entry.value.kind != Kind::Array || entry.value.elements.size() != 2)
            throw InputError(entry.value.where,
                             fmt::format("{} must be a list of two lengths: its lower and upper z", path));
        const mfm_field height = number_field("um", 0.0, config.space.size[2]);
        const Layer layer{entry.key, read_number(entry.value.elements[0], path + "[1]", height),
                          read_number(entry.value.elements[1], path + "[2]", height)};
        if (layer.z_min >= layer.z_max)
            throw InputError(entry.value.where, fmt::format("{}: the lower z ({} um) must be below the upper ({} um)",
                                                            path, layer.z_min, layer.z_max));
        config.space.layers.push_back(layer);
    }
}

void read_populations(DocumentNode& document, const Registry& registry, PipelineConfig& config) {
    DocumentNode* node = document.find("population");
    if (node == nullptr || node->entries.empty())
        throw InputError(document.where, "the pipeline has no population; add a section like [population.my_cells]");
    for (DocumentEntry& entry : node->entries) config.populations.push_back(read_population(entry, registry, config));
    check_ratios(config);
}

const PopulationConfig& named_population(const DocumentNode& name, const std::string& path,
                                         const PipelineConfig& config) {
    const std::string& wanted = read_text(name, path);
    std::vector<std::string> names;
    for (const PopulationConfig& population : config.populations) {
        if (population.name == wanted) return population;
        names.push_back(population.name);
    }
    throw InputError(name.where,
                     fmt::format("{}: there is no population '{}'{}", path, wanted, did_you_mean(wanted, names)));
}

std::uint32_t read_port(const DocumentNode& receptor, const std::string& path, const PopulationConfig& target) {
    const auto n = static_cast<std::int64_t>(target.receptors.size());
    if (n == 0)
        throw InputError(receptor.where, fmt::format("{}: population '{}' has no receptors", path, target.name));
    const std::int64_t number = read_integer(receptor, path, 1);
    if (number > n)
        throw InputError(receptor.where, fmt::format("{} is {}, but population '{}' has {} receptor{}", path, number,
                                                     target.name, n, n == 1 ? "" : "s"));
    return static_cast<std::uint32_t>(number - 1);
}

mfm_field weight_field(const mfm_receptor& receptor) {
    if (receptor.shape == MFM_RECEPTOR_DELTA) return number_field("fC");
    return (receptor.flags & MFM_RECEPTOR_CURRENT) != 0 ? number_field("pA") : not_negative("nS");
}

} // namespace mfm
