// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>

#include "config/pipeline.hpp"
#include "plugin/component.hpp"

namespace mfm {

/// Inputs and coefficients of a transfer basis; they live as long as the instance.
struct BasisShape {
    std::span<const mfm_field*const> inputs, coefficients;
};
[[nodiscard]] BasisShape basis_shape(const Instance& basis);

/// The basis of a population.  Settings that have the role of a neuron's setting (its threshold, its refractory period)
/// and no value in the pipeline are those of the population's cell; throws InputError where the neuron has none.
[[nodiscard]] std::shared_ptr<const Instance> make_basis(const PluginChoice&, const PopulationConfig&);

/// The id, with the settings that the pipeline gives: "basis (terms 5)".
[[nodiscard]] std::string basis_label(const PluginChoice&);

/// True when there are bases and none has coefficients to fit: samples only test them.
[[nodiscard]] bool is_analytic(const TransferConfig&);

} // namespace mfm
