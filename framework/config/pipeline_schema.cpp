// SPDX-License-Identifier: Apache-2.0
// The keys are those of the readers beside this file: tests/unit/host/schema.cpp holds both against each other, table
// by table.  Units, bounds and defaults come from the same descriptions that the readers use.
#include "config/pipeline_schema.hpp"

#include <fmt/format.h>

#include "config/reader.hpp"
#include "config/schema_pieces.hpp"
#include "config/tune.hpp"
#include "plugin/settings.hpp"

namespace mfm {
namespace {

using namespace schema;

/// A number with any unit, or none: which one is right depends on another key.
Json any_number() {
    return {{"type", {"number", "string"}}};
}
Json any_distribution() {
    Json out = schema::distribution(number_field("1"));
    out.erase("pattern");
    for (const char* key : {"mean", "sd", "lower", "upper"}) out["properties"][key] = any_number();
    return out;
}
Json integer_of(std::uint32_t value) {
    return value;
}

class Schema {
public:
    explicit Schema(const Registry& registry) {
        for (const auto& [id, component] : registry.components()) components_.push_back(&component);
    }

    std::string text() {
        Json root = table({
            {"name", schema::text(), "title of reports; default: the file's name"},
            {"seed", with_default(whole(0), 1), "of all random numbers"},
            {"include", {{"type", "array"}, {"items", schema::text()}}, "files to start from"},
            {"plugins", table({{"path", {{"type", "array"}, {"items", schema::text()}}, "folders of plugins"}}), ""},
            {"space", space(), "the volume; needed only when cells have a place"},
            {"simulation", simulation(), "of the spiking network"},
            {"population", named(population(), "a population of cells"), "", true},
            {"projection", named(projection(), "synapses from one population onto another"), ""},
            {"drive", named(drive(), "independent Poisson input of every cell, without source cells"), ""},
            {"stimulation", named(stimulation(), "sets the rate of a Poisson population"), ""},
            {"remap",
             table({{"merge_relays", with_default(boolean(), RemapConfig{}.merge_relays),
                     "spikes of relays count as those of the cells behind them"}}),
             "from the network to populations and pathways"},
            {"transfer", transfer(), "how transfer functions are sampled and fitted"},
            {"mean_field", mean_field(), "the equations"},
            {"validation", validation(), "limits of the verdict"},
            {"variant", named(variant(), "the same pipeline with differences"), ""},
            {"library", library(), "the members of a library, for `automfm sweep`"},
            {"tune", tune(), "which numbers are free and what they are fitted to, for `automfm tune`"},
        });
        const Json whole = take_whole(root);
        Json out{{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "automfm pipeline"},
                 {"description", "A pipeline file of automfm, as it is written, before its includes"}};
        out.update(root);
        out["if"] = {{"not", {{"required", {"include"}}}}};
        out["then"] = whole;
        out["definitions"] = definitions_;
        return out.dump(1) + "\n";
    }

private:
    static Json space() {
        const Json length = number(positive("um")), height = number(not_negative("um"));
        return table(
            {{"size",
              {{"type", "array"}, {"items", length}, {"minItems", 3}, {"maxItems", 3}},
              "lengths in x, y and z (um)",
              true},
             {"chunk", with_default(length, Space{}.chunk), "edge of the cubes in which random placement counts cells"},
             {"layers",
              {{"type", "object"},
               {"additionalProperties", {{"type", "array"}, {"items", height}, {"minItems", 2}, {"maxItems", 2}}}},
              "each a list of its lower and upper z (um)"}});
    }

    static Json simulation() {
        const SimulationConfig d;
        return table(
            {{"dt", with_default(number(positive("ms")), d.dt), "time step"},
             {"duration", with_default(number(positive("ms")), d.duration), "of each condition"},
             {"transient", with_default(number(not_negative("ms")), d.transient),
              "left out of the statistics at the start of each condition"},
             {"bin", with_default(number(positive("ms")), d.bin), "of spike counts"},
             {"block", with_default(number(positive("ms")), d.block),
              "length of the independent blocks that standard errors are taken over"},
             {"record_spikes", with_default(boolean(), d.record_spikes), "keep every spike of the first trial"},
             {"checkpoint", with_default(number(not_negative("s")), d.checkpoint),
              "how often, in real time, a simulation under way is put down"}});
    }

    Json population() {
        Json receptor =
            table({{"kind", choice({"exponential", "alpha", "biexponential", "delta"}), "shape of the response", true},
                   {"tau_syn", number(positive("ms")), "time constant, of the decay when there are two"},
                   {"tau_rise", number(positive("ms")), "of a biexponential receptor, below tau_syn"},
                   {"E_rev", number(number_field("mV")), "reversal potential"},
                   {"current", boolean(), "a current, with weights in pA and without a reversal potential"}});
        Json placement =
            table({{"kind", with_default(choice({"random", "parallel_array"}), "random"), "how cells are placed"},
                   {"layer", schema::text(), "one of [space.layers]; default: the whole volume"},
                   {"density", any_number(), "/um^3, or /um^2 for a parallel array"},
                   {"count", whole(1), "number of cells"},
                   {"ratio", number(positive("1")), "this many times the density of the population ratio_of"},
                   {"ratio_of", schema::text(), "a population"},
                   {"radius", number(positive("um")), "of a cell of a parallel array"},
                   {"spacing_x", number(positive("um")), "distance of the rows of a parallel array"},
                   {"angle", number(number_field("deg", 0.0, 90.0, MFM_OPEN_UPPER)), "slant of the rows"}});
        Json out = table({{"kind", choice({"neuron", "poisson", "relay"}), "what its cells are"},
                          {"neuron", id_of(MFM_NEURON_ID), "a neuron model"},
                          {"parameters", {{"type", "object"}}, "settings of the neuron model"},
                          {"receptors",
                           {{"type", "array"}, {"items", receptor}, {"maxItems", MFM_MAX_PORTS}},
                           "ports, which projections count from 1"},
                          {"initial",
                           {{"type", "object"}, {"additionalProperties", any_distribution()}},
                           "states of the neuron at the start"},
                          {"rate", with_default(number(not_negative("Hz")), 0),
                           "of Poisson sources, in the conditions of stimulations with another target"},
                          {"count", whole(1), "number of cells, when they have no place"},
                          {"placement", placement, "where its cells are"}});
        out[only_whole]["allOf"] = {{{"anyOf", {{{"required", {"neuron"}}}, {{"required", {"kind"}}}}}},
                                    {{"anyOf", {{{"required", {"count"}}}, {{"required", {"placement"}}}}}}};
        for (const Component* c : components_of(MFM_NEURON_ID)) {
            add_names(out["properties"]["parameters"], *c);
            out["allOf"].push_back(
                {{"if", {{"properties", {{"neuron", {{"const", c->id()}}}}}, {"required", {"neuron"}}}},
                 {"then", {{"properties", {{"parameters", reference("parameters_", *c, settings(*c))}}}}}});
        }
        return out;
    }

    Json projection() {
        Json contacts = schema::distribution(positive("1"));
        contacts["properties"]["floor"] = boolean();
        const PlasticityConfig d;
        Json plasticity =
            table({{"model", choice({"tsodyks_markram"}), "", true},
                   {"U", number(number_field("1", 0.0, 1.0, MFM_OPEN_LOWER)),
                    "share of its resources that a synapse at rest uses for a spike", true},
                   {"u_0", number(number_field("1", 0.0, 1.0)), "share that the first spike uses; default: U"},
                   {"tau_rec", number(positive("ms")), "in which resources recover", true},
                   {"tau_fac", with_default(number(not_negative("ms")), d.tau_fac), "of facilitation"}});
        return table(
            {{"source", schema::text(), "a population", true},
             {"target", schema::text(), "a population", true},
             {"rule", plugin("rule_", MFM_CONNECTIVITY_ID), "who is connected to whom: a connectivity plugin", true},
             {"receptor", whole(1), "of the target, counted from 1"},
             {"weight", any_distribution(), "of one contact: nS, pA for a current, fC for delta pulses"},
             {"delay", schema::distribution(positive("ms")), "not below the time step", true},
             {"contacts", with_default(contacts, 1), "synapses per connected pair"},
             {"keep", with_default(number(number_field("1", 0.0, 1.0)), 1), "the fraction of pairs kept"},
             {"plasticity", plasticity, "short-term plasticity"}});
    }

    static Json drive() {
        return table({{"target", schema::text(), "a population of neurons", true},
                      {"receptor", whole(1), "of the target, counted from 1", true},
                      {"rate", number(not_negative("Hz")), "of the summed train", true},
                      {"weight", any_number(), "nS, pA for a current, fC for delta pulses", true}});
    }

    Json stimulation() {
        const std::vector<Key> own{
            {"plugin", id_of(MFM_STIMULATION_ID), "a stimulation protocol; its settings stand beside this key", true},
            {"target", schema::text(), "a Poisson population", true},
            {"duration", number(positive("ms")), "of each condition; default: that of [simulation]"},
            {"transient", number(not_negative("ms")), "left out of the statistics; default: that of [simulation]"},
            {"trials", with_default(whole(1), 1), "repetitions with other random numbers, averaged"},
            {"within",
             table({{"center",
                     {{"type", "array"}, {"items", number(number_field("um"))}, {"minItems", 3}, {"maxItems", 3}},
                     "x, y and z (um)",
                     true},
                    {"radius", number(positive("um")), "", true}}),
             "only the target's cells in this ball"},
            {"settings", {{"type", "object"}}, "settings of the plugin that have the name of a key beside"}};
        Json out = table(own);
        const Json own_properties = out["properties"];
        out.erase("additionalProperties"); // the plugin's own table closes it
        for (const Component* c : components_of(MFM_STIMULATION_ID)) {
            add_names(out, *c);
            Json all = settings(*c);
            all["properties"].update(own_properties);
            all["properties"]["settings"] = settings(*c);
            all.erase("required"); // a setting may stand in either place
            out["allOf"].push_back(
                {{"if", {{"properties", {{"plugin", {{"const", c->id()}}}}}, {"required", {"plugin"}}}},
                 {"then", reference("stimulation_", *c, all)}});
        }
        return out;
    }

    Json transfer() {
        const TransferConfig d;
        const mfm_field factor = not_negative("1"), above = positive("1");
        Json one = plugin("basis_", MFM_TRANSFER_ID);
        Json basis{{only_whole, one[only_whole]}};
        one.erase(only_whole);
        basis["anyOf"] = {{{"const", "auto"}}, one, {{"type", "array"}, {"items", one}, {"minItems", 1}}};
        Json given{{"type", "object"},
                   {"additionalProperties", {{"type", "object"}, {"additionalProperties", any_number()}}}};
        return table(
            {{"basis", basis, "a transfer plugin, a list of candidates, or \"auto\"", true},
             {"optimizer", plugin("optimizer_", MFM_OPTIMIZER_ID), "what fits the coefficients"},
             {"coefficients", given, "coefficients that are given and not fitted, by population"},
             {"adaptation", with_default(choice({"included", "explicit"}), "included"),
              "what given coefficients mean: the rate with adaptation settled, or at a given adaptation current"},
             {"cells", with_default(choice({"mean", "sampled"}), "mean"), "what points are measured on"},
             {"sampled_cells", with_default(whole(2), integer_of(d.sampled_cells)),
              "real cells of a population, at most"},
             {"fluctuations", with_default(choice({"none", "populations", "recorded"}), "none"),
              "what the sources of a measured cell do together"},
             {"stimulations",
              {{"type", "array"}, {"items", schema::text()}, {"minItems", 1}},
              "whose stationary conditions points are chosen around; default: all"},
             {"sampling", with_default(choice({"fixed", "adaptive"}), "adaptive"),
              "how points of the working range are chosen"},
             {"tolerance_relative", with_default(number(factor), d.tolerance_relative), "of the sampled rates"},
             {"tolerance_absolute", with_default(number(positive("Hz")), d.tolerance_absolute), "of the sampled rates"},
             {"points", with_default(whole(1), integer_of(d.points)), "per population, in the working range"},
             {"wide_points", with_default(whole(0), integer_of(d.wide_points)), "per population, in a wider range"},
             {"heldout_points", with_default(whole(0), integer_of(d.heldout_points)),
              "per population, which the fit does not see"},
             {"seconds", with_default(number(positive("s")), d.seconds), "time simulated per point, over all copies"},
             {"copies", with_default(whole(1), integer_of(d.copies)), "independent cells per point"},
             {"transient", with_default(number(not_negative("ms")), d.transient),
              "left out at the start of each point"},
             {"working_low", with_default(number(factor), d.working_low),
              "lower end of the working range: a factor on the network's own presynaptic rates"},
             {"working_high", with_default(number(above), d.working_high), "its upper end"},
             {"starts", with_default(whole(1), integer_of(d.starts)), "of the fit"},
             {"folds", with_default(whole(2), integer_of(d.folds)), "of the cross-validation"},
             {"path_weight", with_default(number(above), d.path_weight),
              "points at the network's own stationary rates count so many times in the fit"},
             {"renewal_below", with_default(whole(0), integer_of(d.renewal_below)),
              "pathways with at most this many sources a cell are sampled with trains as regular as the sources'"}});
    }

    static Json mean_field() {
        const MeanFieldConfig d;
        const mfm_field tolerance = number_field("1", 0.0, 1.0, MFM_OPEN_LOWER);
        Json calibration =
            table({{"levels", schema::list(not_negative("Hz")), "levels of the stationary stimuli that it may see"},
                   {"lambda", with_default(number(positive("1")), CalibrationConfig{}.lambda), "what a scale costs"}});
        return table(
            {{"in_degree", with_default(choice({"list", "gamma", "mean"}), "list"),
              "average of the transfer function over in-degrees"},
             {"dynamics", with_default(choice({"synaptic", "rate", "master_equation"}), "synaptic"), "the equations"},
             {"order", with_default({{"type", "integer"}, {"minimum", 1}, {"maximum", 2}}, integer_of(d.order)),
              "of the master equation: 1, mean rates alone; 2, with their covariances"},
             {"T", number(positive("ms")), "time constant of the rate equations; the master equation has no default"},
             {"adaptation", with_default(boolean(), d.adaptation), "with states for slow adaptation"},
             {"finite_size_noise", with_default(boolean(), d.finite_size_noise),
              "populations of n cells fire Poisson numbers of spikes"},
             {"noise_step", with_default(number(positive("ms")), d.noise_step), "the bin in which they are drawn"},
             {"cell_rates", with_default(boolean(), d.cell_rates), "each source of a cell counts with its own rate"},
             {"in_degree_nodes", with_default(whole(1), integer_of(d.in_degree_nodes)),
              "of the average over in-degrees"},
             {"relative_tolerance", with_default(number(tolerance), d.relative_tolerance), "of the integrator"},
             {"absolute_tolerance", with_default(number(positive("1")), d.absolute_tolerance), "of the integrator"},
             {"calibration", calibration, "scales in-degrees such that the network's rates are met"}});
    }

    static Json validation() {
        const ValidationConfig d;
        return table(
            {{"limited", with_default(number(positive("1")), d.limited),
              "a relative error of a stationary rate beyond this makes the model \"limited\""},
             {"not_valid", with_default(number(positive("1")), d.not_valid), "and beyond this \"not valid\""},
             {"smoothing", with_default(number(not_negative("ms")), d.smoothing), "of time courses"},
             {"bin", with_default(number(positive("ms")), d.bin), "of time courses"},
             {"synchrony_fano", with_default(number(not_negative("1")), d.synchrony_fano),
              "beyond this the network is synchronous; 0: the built-in limit"},
             {"synchrony_correlation", with_default(number(number_field("1", 0.0, 1.0)), d.synchrony_correlation),
              "beyond this the network is synchronous; 0: the built-in limit"}});
    }

    static Json variant() {
        const Json mode = choice({"network", "mean_field"});
        Json out = table({{"base", schema::text(), "another variant, whose changes come first"},
                          {"mode",
                           {{"anyOf", {mode, {{"type", "array"}, {"items", mode}, {"minItems", 1}}}}},
                           "derived from a network again, or the mean field with changed parameters"}});
        out["additionalProperties"] = true; // changes by path
        return out;
    }

    static Json library() {
        const Json texts{{"type", "array"}, {"items", schema::text()}};
        Json axis =
            table({{"path", {{"anyOf", {schema::text(), texts}}}, "what changes; * stands for any letters", true},
                   {"change", with_default(choice({"set", "scale", "add"}), "set"), "what is done to it"},
                   {"from", any_number(), "the lower end"},
                   {"to", any_number(), "the upper end"},
                   {"step", any_number(), "distance of a grid's numbers"},
                   {"n", whole(2), "how many numbers a grid has, both ends included"},
                   {"values", {{"type", "array"}, {"items", any_number()}}, "a grid's numbers"},
                   {"spacing", with_default(choice({"linear", "log"}), "linear"), ""},
                   {"whole", with_default(boolean(), false), "whole numbers only"}});
        return table(
            {{"points", with_default(choice({"derive", "mean_field"}), "derive"), "what a member is"},
             {"method", with_default(choice({"grid", "latin_hypercube", "sobol"}), "grid"), "how points are chosen"},
             {"samples", whole(1), "number of points, but for a grid"},
             {"axis", named(axis, "a number that changes"), ""},
             {"variants", texts, "names of [variant.NAME], as further members"},
             {"keep_stages", with_default(boolean(), false), "networks, spikes and samples of members stay"}});
    }

    Json tune() {
        const TuneConfig d;
        Json parameter = table({{"path", schema::text(), "what is free; * stands for any letters", true},
                                {"how", with_default(choice({"set", "scale", "add"}), "set"), "what is done to it"},
                                {"lower", any_number(), "", true},
                                {"upper", any_number(), "", true},
                                {"initial", any_number(), "where the search starts"},
                                {"whole", with_default(boolean(), false), "whole numbers only"}});
        const Json values{{"type", {"number", "string", "array", "object"}}};
        Json objective = table(
            {{"kind", choice({"rate", "slope", "peak", "power", "frequency", "data"}), "what the model shows", true},
             {"population", schema::text(), "of neurons"},
             {"stimulation", schema::text(), "whose conditions are meant"},
             {"at", schema::list(not_negative("Hz")), "levels of the stimulus"},
             {"condition", with_default(whole(1), 1), "of a stimulus that varies in time, counted from 1"},
             {"frequency", number(positive("Hz")), "at which power is taken"},
             {"from", with_default(number(positive("Hz")), 2), "lower end of the band in which a peak is sought"},
             {"to", with_default(number(positive("Hz")), 200), "its upper end"},
             {"target", values, "what the data say: one number, or one a level"},
             {"sd", values, "their standard errors"},
             {"file", schema::text(), "a CSV file of data"}});
        Json optimizer = plugin("optimizer_", MFM_OPTIMIZER_ID);
        const Json pareto = plugin("pareto_", MFM_PARETO_ID);
        for (const Json& one : pareto["anyOf"]) optimizer["anyOf"].push_back(one);
        return table(
            {{"optimizer", optimizer, "what searches", true},
             {"on", with_default(choice({"mean_field", "network"}), "mean_field"), "what is evaluated"},
             {"objectives", with_default(choice({"together", "separate"}), "together"), "one cost, or a front"},
             {"transfer", with_default(choice({"kept", "measured"}), "kept"), "of changed cells"},
             {"gradient", with_default(choice({"implicit", "differences"}), "implicit"), "how slopes are computed"},
             {"evaluations", with_default(whole(1), integer_of(d.evaluations)), "at most"},
             {"bootstrap", with_default(whole(0), integer_of(d.bootstrap)), "draws of the data; 0: none"},
             {"bootstrap_on", with_default(choice({"linear", "model"}), "linear"), "what is solved for every draw"},
             {"parameter", named(parameter, "a number that is free"), "", true},
             {"objective", named(objective, "what the model should show"), "", true}});
    }

    [[nodiscard]] std::vector<const Component*> components_of(const char* interface) const {
        std::vector<const Component*> out;
        for (const Component* c : components_)
            if (c->interface(interface) != nullptr) out.push_back(c);
        return out;
    }
    /// The ids of the plugins that have this interface.
    [[nodiscard]] Json id_of(const char* interface) const {
        std::vector<std::string> ids;
        for (const Component* c : components_of(interface)) ids.push_back(c->id());
        return choice(ids);
    }
    /// Every setting of a plugin, and no others.
    static Json settings(const Component& component) {
        Json properties = Json::object(), required = Json::array();
        for (const mfm_field* field : setting_fields(component)) {
            properties[field->name] = setting(component, *field);
            if ((field->flags & MFM_REQUIRED) != 0) required.push_back(field->name);
        }
        Json out{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
        if (!required.empty()) out["required"] = required;
        if (component.abi->summary != nullptr) out["description"] = component.abi->summary;
        return out;
    }
    /// Names of a plugin's settings, for editors that complete what stands in a table itself.
    static void add_names(Json& table, const Component& component) {
        for (const mfm_field* field : setting_fields(component))
            if (Json& known = table["properties"][field->name]; known.is_null())
                known = {{"description", fmt::format("of {}: {}", component.id(), field->doc)}};
    }
    Json reference(const std::string& kind, const Component& component, const Json& definition) {
        const std::string name = kind + component.id();
        definitions_[name] = definition;
        return {{"$ref", "#/definitions/" + name}};
    }
    /// A plugin's id, or a table of its id and settings.
    Json plugin(const std::string& kind, const char* interface) {
        Json inner{{"type", "object"}, {"properties", {{"plugin", id_of(interface)}}}};
        for (const Component* c : components_of(interface)) {
            add_names(inner, *c);
            Json all = settings(*c);
            all["properties"]["plugin"] = {{"const", c->id()}};
            inner["allOf"].push_back(
                {{"if", {{"properties", {{"plugin", {{"const", c->id()}}}}}, {"required", {"plugin"}}}},
                 {"then", reference(kind, *c, all)}});
        }
        return {{"anyOf", {id_of(interface), inner}}, {only_whole, {{"required", {"plugin"}}}}};
    }

    std::vector<const Component*> components_;
    Json definitions_ = Json::object();
};

} // namespace

std::string pipeline_schema(const Registry& registry) {
    return Schema(registry).text();
}

} // namespace mfm
