// SPDX-License-Identifier: Apache-2.0
#include "transfer/basis.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugin/settings.hpp"

namespace mfm {

BasisShape basis_shape(const Instance& basis) {
    const mfm_field *const *inputs = nullptr, *const *coefficients = nullptr;
    mfm_error error = empty_error();
    check_status(basis.table<mfm_transfer_v1>(MFM_TRANSFER_ID).shape(basis.self(), &inputs, &coefficients, &error),
                 error, basis.component(), "shape");
    if (inputs == nullptr || coefficients == nullptr)
        throw PluginError("plugin '" + basis.component().id() + "' names no inputs or no coefficients in shape");
    return {fields_of_list(inputs), fields_of_list(coefficients)};
}

std::shared_ptr<const Instance> make_basis(const PluginChoice& choice, const PopulationConfig& population) {
    SettingValues settings = choice.settings;
    const auto fields = setting_fields(*choice.component);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (choice.given[i] || !is_of_the_cell(*choice.component, *fields[i])) continue;
        const auto cell = setting_fields(*population.neuron->component);
        const auto found = std::find_if(cell.begin(), cell.end(), [&](const mfm_field* f) {
            return f->role != nullptr && std::string_view(f->role) == fields[i]->role;
        });
        if (found == cell.end())
            throw InputError(choice.where,
                             fmt::format("transfer basis '{0}' needs the {1} of '{2}', but its neuron '{3}' names no "
                                         "setting with the role '{4}'; write {5} = ... beside plugin = \"{0}\"",
                                         choice.component->id(), fields[i]->doc, population.name,
                                         population.neuron->component->id(), fields[i]->role, fields[i]->name));
        settings[i] = population.neuron->settings[static_cast<std::size_t>(found - cell.begin())];
    }
    return std::make_shared<const Instance>(*choice.component, settings, choice.where);
}

std::string basis_label(const PluginChoice& choice) {
    std::string given;
    const auto fields = setting_fields(*choice.component);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!choice.given[i]) continue;
        const SettingValue& v = choice.settings[i];
        const std::string value = v.kind == MFM_REAL   ? number_text(v.real, fields[i]->unit)
                                  : v.kind == MFM_TEXT ? v.text
                                                       : canonical_text(v);
        given += fmt::format("{}{} {}", given.empty() ? "" : ", ", fields[i]->name, value);
    }
    return choice.component->id() + (given.empty() ? "" : " (" + given + ")");
}

bool is_analytic(const TransferConfig& transfer) {
    return !transfer.bases.empty() &&
           std::all_of(transfer.bases.begin(), transfer.bases.end(), [](const PluginChoice& choice) {
               return basis_shape(Instance(*choice.component, choice.settings, choice.where)).coefficients.empty();
           });
}

} // namespace mfm
