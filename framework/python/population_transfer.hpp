// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "python/opened_run.hpp"
#include "remap/moments.hpp"
#include "transfer/function.hpp"
#include "transfer/inputs.hpp"

namespace mfm {

/// A transfer function at n points; NaN where a value is not defined.
struct TransferValues {
    std::vector<double> rate_hz, mu_V, sigma_V, tau_V, G_e, G_i; ///< [n] Hz, mV, mV, ms, nS, nS
    std::vector<char> inside;                                    ///< [n] of the domain that was sampled
};

/// The fitted transfer function of one population of a run.
class PopulationTransfer {
public:
    /// Throws InputError for a name that is no population with equations.
    PopulationTransfer(const OpenedRun&, const std::string& population);

    [[nodiscard]] const TransferFit& fit() const { return fit_; }
    [[nodiscard]] const std::vector<std::string>& pathways() const { return pathways_; } ///< in the order of rates
    [[nodiscard]] const std::vector<std::string>& sources() const { return sources_; }   ///< [pathways]
    [[nodiscard]] const std::vector<double>& in_degrees() const { return K_; }           ///< [pathways]
    /// At presynaptic rates nu [n * pathways] (Hz, >= 0), point by point.  averaged: over the in-degrees of the
    /// population's cells, as the mean field has it; else of a cell with every pathway's mean in-degree, as fitted.
    [[nodiscard]] TransferValues at(std::span<const double> nu, bool averaged) const;
    /// The basis itself at its own inputs x [n * inputs], point by point; only rates and whether x is in the domain.
    [[nodiscard]] TransferValues at_inputs(std::span<const double> x) const;

private:
    [[nodiscard]] double rate(std::span<const double> nu, std::span<const double> r, bool averaged) const;

    std::size_t population_ = 0;
    MeanFieldModel model_;
    TransferFit fit_;
    std::shared_ptr<const Instance> basis_;
    std::shared_ptr<const TransferFunction> function_;
    std::optional<TransferInputs> inputs_;
    std::optional<MembraneModel> membrane_; ///< none where the neuron lacks what moments need
    std::vector<std::string> pathways_, sources_;
    std::vector<double> K_;
};

} // namespace mfm
