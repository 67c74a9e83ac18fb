// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "meanfield/model.hpp"
#include "remap/reduction.hpp"
#include "simulate/spike_record.hpp"
#include "transfer/table.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// A population's rate after one more swap, on the way from the network to the mean field.
struct ChainStep {
    std::string swap;
    std::optional<double> rate_hz; ///< empty: not known there; the swap is joined with the next one
    std::optional<double> se_hz;   ///< sampling noise of the change
};
/// Any number of swaps in order; the last one gives the mean field's rate.
using ErrorChain = std::vector<ChainStep>;

/// The changes along a chain from the network's rate: they sum to last rate - network_hz.  Empty where the last rate is
/// not known.
[[nodiscard]] std::vector<BudgetTerm> budget_terms(double network_hz, const ErrorChain&);

/// A mean field at the network's own rates, in one stationary condition.
struct OperatingState {
    std::vector<double> rate_hz, se_hz; ///< [populations of the mean field] recorded
    std::vector<double> given_hz;       ///< likewise: what the mean field is given for external ones, else 0
    std::vector<double> fit_se_hz;      ///< likewise: noise of the average over in-degrees, from the fit's covariance
};

/// How errors go round the loops: to first order, the fixed point is off by sum_q ((I - J)^-1)_pq e_q, where
/// e_q = Fbar_q(network's rates) - the network's rate, and J_pq = dFbar_p / dnu_q there.
struct LoopGain {
    Eigen::MatrixXd slope; ///< J [populations x populations]
    Eigen::MatrixXd gain;  ///< (I - J)^-1 - I
    Eigen::VectorXd error; ///< e, Hz; of external populations given - recorded
};
/// Nothing where a transfer function is not defined or I - J has no inverse.
[[nodiscard]] std::optional<LoopGain> loop_gain(const MeanFieldModel&, const OperatingState&);

/// One population at one stationary condition.
struct ChainInputs {
    const Reduction& network; ///< in-degrees as the network has them
    const MeanFieldModel& model;
    const MeanFieldModel* calibrated = nullptr; ///< the model that was solved, where that is another one
    const TransferTable& table;
    std::size_t population = 0; ///< of network and model
    std::size_t condition = 0;  ///< as in CellMeasurement
    const PopulationActivity& activity;
    const MeanFieldCondition& solved;
    const OperatingState& state;
    const std::optional<LoopGain>& loop; ///< of the model that was solved
    /// The transfer function is one of the population (transfer.cells = "sampled"), not of a cell with given
    /// in-degrees.
    bool of_population = false;
    /// Its cells' sources fired as in the network (transfer.fluctuations = "recorded"): no swap leads there.
    bool in_place = false;
};
/// The swaps of docs/science.md: measured cells ("correlation", "source_rates", ...), "cell_sample", "fit",
/// "computed_source_rates", "in_degree" (or "population_function" in place of these four), "calibration", "loops",
/// "second_order"; those that do not apply are left out.
[[nodiscard]] ErrorChain error_chain(const ChainInputs&);
/// The step "loops" by population, and what is left of it; empty without a gain.
[[nodiscard]] std::vector<BudgetTerm> loop_terms(const ChainInputs&, const std::vector<BudgetTerm>& terms);

} // namespace mfm
