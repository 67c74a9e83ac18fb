// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "config/plugin_choice.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "plugin/settings.hpp"

namespace mfm {
namespace {

/// One basis, a list of candidates, or "auto": every basis there is, but for those with settings that must be given.
std::vector<PluginChoice> read_bases(DocumentNode& node, const Registry& registry) {
    const std::string path = "transfer.basis";
    std::vector<PluginChoice> bases;
    if (node.kind == DocumentNode::Kind::Text && node.text == "auto") {
        for (const auto& [id, component] : registry.components()) {
            const auto fields = setting_fields(component);
            if (component.interface(MFM_TRANSFER_ID) != nullptr &&
                std::none_of(fields.begin(), fields.end(),
                             [](const auto* f) { return (f->flags & MFM_REQUIRED) != 0; }))
                bases.push_back(make_choice(component, default_settings(component, node.where, path), node.where));
        }
        if (bases.empty()) throw InputError(node.where, path + " is \"auto\", but no transfer basis was found");
    } else if (node.kind == DocumentNode::Kind::Array) {
        if (node.elements.empty()) throw InputError(node.where, path + " is a list without a basis; name at least one");
        for (std::size_t i = 0; i < node.elements.size(); ++i)
            bases.push_back(
                read_plugin(node.elements[i], fmt::format("{}[{}]", path, i + 1), registry, MFM_TRANSFER_ID).first);
    } else {
        bases.push_back(read_plugin(node, path, registry, MFM_TRANSFER_ID).first);
    }
    return bases;
}

/// [transfer.coefficients.POPULATION]: every coefficient of the basis by its name.
void read_coefficients(const DocumentNode& node, PipelineConfig& config) {
    const std::string path = "transfer.coefficients";
    if (node.kind != DocumentNode::Kind::Table)
        throw InputError(node.where,
                         fmt::format("{} must be a table of populations, but is {}", path, node.kind_name()));
    TransferConfig& transfer = config.transfer;
    if (transfer.bases.size() != 1)
        throw InputError(node.where,
                         fmt::format("{}: they are of one basis, and transfer.basis leaves {} to choose from", path,
                                     transfer.bases.size()));
    const PluginChoice& choice = transfer.bases[0];
    const Instance basis(*choice.component, choice.settings, choice.where);
    const mfm_field *const *inputs = nullptr, *const *list = nullptr;
    mfm_error error = empty_error();
    check_status(basis.table<mfm_transfer_v1>(MFM_TRANSFER_ID).shape(basis.self(), &inputs, &list, &error), error,
                 basis.component(), "shape", choice.where);
    const auto fields = fields_of_list(list);
    if (fields.empty())
        throw InputError(node.where, fmt::format("{}: basis '{}' has no coefficients", path, basis.component().id()));
    std::vector<std::string> names, populations;
    for (const mfm_field* field : fields) names.emplace_back(field->name);
    for (const PopulationConfig& p : config.populations)
        if (p.kind == PopulationConfig::Kind::Neuron) populations.push_back(p.name);
    for (const DocumentEntry& entry : node.entries) {
        if (std::find(populations.begin(), populations.end(), entry.key) == populations.end())
            throw InputError(entry.where, fmt::format("{}: there is no population of neurons '{}'{}", path, entry.key,
                                                      did_you_mean(entry.key, populations)));
        const TableReader table(entry.value, path + "." + entry.key, names);
        GivenCoefficients given{entry.key, {}, entry.value.where};
        for (const mfm_field* field : fields) given.value.push_back(table.number(field->name, *field));
        transfer.given.push_back(std::move(given));
    }
}

bool all_are_given(const PipelineConfig& config) {
    const auto neurons = std::count_if(config.populations.begin(), config.populations.end(),
                                       [](const auto& p) { return p.kind == PopulationConfig::Kind::Neuron; });
    return static_cast<std::ptrdiff_t>(config.transfer.given.size()) == neurons;
}

/// Names of the pipeline's own stimulations.
std::vector<std::string> read_stimulations_of(const DocumentNode& node, const PipelineConfig& config) {
    const std::string path = "transfer.stimulations";
    if (node.kind != DocumentNode::Kind::Array || node.elements.empty())
        throw InputError(node.where, path + " must be a list of names of [stimulation.*] sections");
    std::vector<std::string> known, out;
    for (const StimulationConfig& s : config.stimulations) known.push_back(s.name);
    for (const DocumentNode& element : node.elements) {
        out.push_back(read_text(element, path));
        if (std::find(known.begin(), known.end(), out.back()) == known.end())
            throw InputError(element.where, fmt::format("{}: there is no stimulation '{}'{}", path, out.back(),
                                                        did_you_mean(out.back(), known)));
    }
    return out;
}

void read_transfer(DocumentNode& node, const Registry& registry, PipelineConfig& config) {
    TransferConfig& transfer = config.transfer;
    const TableReader table(node, "transfer",
                            {"basis",
                             "optimizer",
                             "coefficients",
                             "adaptation",
                             "cells",
                             "sampled_cells",
                             "fluctuations",
                             "stimulations",
                             "sampling",
                             "tolerance_relative",
                             "tolerance_absolute",
                             "points",
                             "wide_points",
                             "heldout_points",
                             "seconds",
                             "copies",
                             "transient",
                             "working_low",
                             "working_high",
                             "starts",
                             "folds",
                             "path_weight",
                             "renewal_below"});
    static_cast<void>(table.require("basis"));
    transfer.bases = read_bases(*node.find("basis"), registry);
    if (const DocumentNode* coefficients = table.find("coefficients")) read_coefficients(*coefficients, config);
    if (const DocumentNode* value = table.find("adaptation")) {
        static const std::vector<std::string> kinds{"included", "explicit"};
        transfer.explicit_adaptation = read_choice(*value, table.path("adaptation"), kinds) == 1;
        if (transfer.given.empty())
            table.refuse("adaptation",
                         "it says what given coefficients mean (transfer.coefficients), and a fit includes "
                         "adaptation");
    }
    if (DocumentNode* optimizer = node.find("optimizer"))
        transfer.optimizer = read_plugin(*optimizer, "transfer.optimizer", registry, MFM_OPTIMIZER_ID).first;
    else if (!all_are_given(config))
        static_cast<void>(table.require("optimizer"));
    static const std::vector<std::string> cells{"mean", "sampled"};
    if (const DocumentNode* value = table.find("cells"))
        transfer.cells = static_cast<TransferConfig::Cells>(read_choice(*value, table.path("cells"), cells));
    if (transfer.cells == TransferConfig::Cells::Mean)
        table.refuse("sampled_cells", "it needs cells = \"sampled\"");
    else
        table.refuse("copies", "with cells = \"sampled\" give sampled_cells");
    transfer.sampled_cells = table.integer("sampled_cells", 2, transfer.sampled_cells);
    static const std::vector<std::string> fluctuations{"none", "populations", "recorded"};
    if (const DocumentNode* value = table.find("fluctuations"))
        transfer.fluctuations =
            static_cast<TransferConfig::Fluctuations>(read_choice(*value, table.path("fluctuations"), fluctuations));
    if (transfer.fluctuations == TransferConfig::Fluctuations::Recorded &&
        transfer.cells == TransferConfig::Cells::Mean)
        throw InputError(
            table.find("fluctuations")->where,
            "transfer.fluctuations = \"recorded\" needs transfer.cells = \"sampled\": the mean cell has no "
            "sources of its own");
    if (const DocumentNode* value = table.find("stimulations"))
        transfer.stimulations = read_stimulations_of(*value, config);
    transfer.points = table.integer("points", 1, transfer.points);
    transfer.wide_points = table.integer("wide_points", 0, transfer.wide_points);
    transfer.heldout_points = table.integer("heldout_points", 0, transfer.heldout_points);
    transfer.seconds = table.number("seconds", positive("s"), transfer.seconds);
    transfer.copies = table.integer("copies", 1, transfer.copies);
    transfer.transient = table.number("transient", not_negative("ms"), transfer.transient);
    transfer.working_low = table.number("working_low", not_negative("1"), transfer.working_low);
    transfer.working_high = table.number("working_high", positive("1"), transfer.working_high);
    transfer.path_weight = table.number("path_weight", positive("1"), transfer.path_weight);
    transfer.starts = table.integer("starts", 1, transfer.starts);
    transfer.renewal_below = table.integer("renewal_below", 0, transfer.renewal_below);
    transfer.folds = table.integer("folds", 2, transfer.folds);
    static const std::vector<std::string> samplings{"fixed", "adaptive"};
    if (const DocumentNode* value = table.find("sampling"))
        transfer.sampling =
            static_cast<TransferConfig::Sampling>(read_choice(*value, table.path("sampling"), samplings));
    transfer.tolerance_relative = table.number("tolerance_relative", not_negative("1"), transfer.tolerance_relative);
    transfer.tolerance_absolute = table.number("tolerance_absolute", positive("Hz"), transfer.tolerance_absolute);
    if (transfer.working_low >= transfer.working_high)
        throw InputError(node.where, fmt::format("transfer: working_low ({}) must be below working_high ({})",
                                                 transfer.working_low, transfer.working_high));
}

CalibrationConfig read_calibration(const DocumentNode& node, const std::string& path) {
    const TableReader table(node, path, {"levels", "lambda"});
    CalibrationConfig calibration;
    calibration.where = node.where;
    if (const DocumentNode* levels = table.find("levels")) {
        calibration.levels_hz = read_list(*levels, table.path("levels"), not_negative("Hz"));
        if (calibration.levels_hz.empty())
            throw InputError(levels->where, table.path("levels") +
                                                " is empty: name levels of the stationary stimulus to calibrate on, or "
                                                "leave the key out");
    }
    calibration.lambda = table.number("lambda", positive("1"), calibration.lambda);
    return calibration;
}

void read_mean_field(const DocumentNode& node, const TransferConfig& transfer, MeanFieldConfig& mean_field) {
    const TableReader table(node, "mean_field",
                            {"in_degree", "dynamics", "order", "T", "adaptation", "finite_size_noise", "noise_step",
                             "cell_rates", "in_degree_nodes", "relative_tolerance", "absolute_tolerance",
                             "calibration"});
    if (transfer.cells == TransferConfig::Cells::Sampled)
        for (const char* key : {"in_degree", "in_degree_nodes"})
            table.refuse(key,
                         "with transfer.cells = \"sampled\" the cells that are measured have their own in-degrees");
    if (transfer.fluctuations == TransferConfig::Fluctuations::Recorded)
        table.refuse("cell_rates", "with transfer.fluctuations = \"recorded\" every source fires at its own rate");
    static const std::vector<std::string> in_degrees{"list", "gamma", "mean"},
        dynamics{"synaptic", "rate", "master_equation"};
    if (const DocumentNode* value = table.find("in_degree"))
        mean_field.in_degree =
            static_cast<MeanFieldConfig::InDegree>(read_choice(*value, table.path("in_degree"), in_degrees));
    if (const DocumentNode* value = table.find("dynamics"))
        mean_field.dynamics =
            static_cast<MeanFieldConfig::Dynamics>(read_choice(*value, table.path("dynamics"), dynamics));
    const bool master = mean_field.dynamics == MeanFieldConfig::Dynamics::MasterEquation;
    if (mean_field.dynamics != MeanFieldConfig::Dynamics::Synaptic)
        for (const char* key : {"adaptation", "finite_size_noise", "noise_step"})
            table.refuse(key, "only dynamics = \"synaptic\" has synapses and adaptation of its own");
    if (!master) table.refuse("order", "only dynamics = \"master_equation\" has an order");
    // Its fluctuations are those of activity within T: no default would be right for every circuit.
    if (master && table.find("T") == nullptr)
        throw InputError(node.where,
                         "mean_field: dynamics = \"master_equation\" needs T, the time within which a cell "
                         "fires at most once (the literature's is 3.5 ms for the cerebellum, 5 to 20 ms for "
                         "the cortex)");
    if (const DocumentNode* value = table.find("order"))
        mean_field.order = static_cast<std::uint32_t>(read_integer(*value, table.path("order"), 1, 2));
    mean_field.T = table.number("T", positive("ms"), mean_field.T);
    mean_field.adaptation = table.boolean("adaptation", mean_field.adaptation);
    mean_field.finite_size_noise = table.boolean("finite_size_noise", mean_field.finite_size_noise);
    if (!mean_field.finite_size_noise) table.refuse("noise_step", "it needs finite_size_noise = true");
    mean_field.noise_step = table.number("noise_step", positive("ms"), mean_field.noise_step);
    mean_field.cell_rates = table.boolean("cell_rates", mean_field.cell_rates);
    mean_field.in_degree_nodes = table.integer("in_degree_nodes", 1, mean_field.in_degree_nodes);
    const mfm_field tolerance = number_field("1", 0.0, 1.0, MFM_OPEN_LOWER);
    mean_field.relative_tolerance = table.number("relative_tolerance", tolerance, mean_field.relative_tolerance);
    mean_field.absolute_tolerance = table.number("absolute_tolerance", positive("1"), mean_field.absolute_tolerance);
    if (const DocumentNode* value = table.find("calibration"))
        mean_field.calibration = read_calibration(*value, table.path("calibration"));
}

void read_validation(const DocumentNode& node, ValidationConfig& validation) {
    const TableReader table(node, "validation",
                            {"limited", "not_valid", "smoothing", "bin", "synchrony_fano", "synchrony_correlation"});
    validation.limited = table.number("limited", positive("1"), validation.limited);
    validation.not_valid = table.number("not_valid", positive("1"), validation.not_valid);
    validation.smoothing = table.number("smoothing", not_negative("ms"), validation.smoothing);
    validation.bin = table.number("bin", positive("ms"), validation.bin);
    validation.synchrony_fano = table.number("synchrony_fano", not_negative("1"), validation.synchrony_fano);
    validation.synchrony_correlation =
        table.number("synchrony_correlation", number_field("1", 0.0, 1.0), validation.synchrony_correlation);
    if (validation.limited > validation.not_valid)
        throw InputError(node.where, fmt::format("validation: limited ({}) must not be above not_valid ({})",
                                                 validation.limited, validation.not_valid));
}

} // namespace

void read_derivation(DocumentNode& document, const Registry& registry, PipelineConfig& config) {
    if (const DocumentNode* node = document.find("remap"))
        config.remap.merge_relays =
            TableReader(*node, "remap", {"merge_relays"}).boolean("merge_relays", config.remap.merge_relays);
    if (DocumentNode* node = document.find("transfer")) read_transfer(*node, registry, config);
    if (const DocumentNode* node = document.find("mean_field"))
        read_mean_field(*node, config.transfer, config.mean_field);
    if (config.transfer.cells == TransferConfig::Cells::Sampled)
        config.mean_field.in_degree = MeanFieldConfig::InDegree::Mean;
    if (config.transfer.fluctuations == TransferConfig::Fluctuations::Recorded) config.simulation.record_spikes = true;
    if (config.transfer.fluctuations != TransferConfig::Fluctuations::None &&
        config.mean_field.dynamics != MeanFieldConfig::Dynamics::Synaptic)
        throw InputError(document.find("transfer")->where,
                         "transfer.fluctuations needs mean_field.dynamics = \"synaptic\", which they are computed "
                         "with");
    if (const DocumentNode* node = document.find("validation")) read_validation(*node, config.validation);
}

} // namespace mfm
