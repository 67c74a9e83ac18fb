// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "transfer/fit.hpp"
#include "transfer/table.hpp"
#include "validate/circuit.hpp"

namespace mfm {

/// How far the mean field may be trusted in place of its network.
enum class Verdict { Valid, Limited, NotValid };
/// "valid", "limited", "not_valid": as in summary.json.
[[nodiscard]] const char* verdict_name(Verdict) noexcept;

/// What the search for the mean field's stationary rates found.
enum class FixedPointState { NotSought, Stable, Unstable, NotFound };

/// One of the states in which the mean field rests.
struct StationaryPoint {
    std::vector<double> rate_hz; ///< [populations]
    bool stable = false;
    double growth_rate = 0, oscillation_hz = 0; ///< of the rightmost eigenvalue: 1/ms, Hz
};

/// A stationary condition, one population: network against mean field.  What was not computed is empty.
struct StationaryRow {
    std::string stimulation;                      ///< the stimulation's name in the pipeline file
    double stimulus_hz = 0;                       ///< rate of the stimulated population
    std::optional<double> network_rate_hz;        ///< mean over all cells
    std::optional<double> network_rate_firing_hz; ///< mean over cells that fired at least once
    std::optional<double> network_rate_se_hz;     ///< of network_rate_hz, over independent time blocks
    std::optional<double> mean_field_rate_hz;
    std::optional<double> mean_field_mean_k_rate_hz; ///< the same with every cell at the mean in-degree
    std::optional<double> relative_error;            ///< (mean field - network) / max(network, floor_hz), signed
    double floor_hz = 0;                             ///< what a smaller network rate is replaced by in relative_error
    std::optional<double> uncalibrated_rate_hz;      ///< with a calibration: the mean field's without it
    std::optional<double> uncalibrated_error;        ///< likewise, as relative_error
    bool calibrated_on = false;                      ///< the calibration was fitted to the network's rate here
};

/// The same stimulus at three levels of the theory: what the transfer function alone is wrong by.
struct OperatingPointRow {
    double stimulus_hz = 0;
    std::optional<double> network_rate_hz;
    std::optional<double> poisson_rate_hz;  ///< cells driven by Poisson input at the network's own presynaptic rates
    std::optional<double> transfer_rate_hz; ///< the fitted transfer function at that input
    std::optional<double> relative_error;   ///< (transfer - network) / max(network, floor), signed
};

/// The range of one input of a transfer function that the samples cover.
struct DomainRow {
    std::string input, unit;
    double lower = 0, upper = 0;
};

/// Fields as in TransferFit.
struct TransferSummary {
    std::optional<std::string> basis;                         ///< plugin id
    std::vector<std::pair<std::string, double>> coefficients; ///< in the basis's order; empty when there is no fit
    std::vector<double> standard_errors;                      ///< of the coefficients; 0: the data do not determine it
    std::vector<DomainRow> domain;
    std::optional<double> cross_validated_error, cross_validated_rmse_hz;
    std::optional<double> heldout_rmse_hz;
    std::optional<double> heldout_median_relative_error;
    std::size_t relative_points = 0;  ///< what that is the median of
    std::vector<BasisScore> compared; ///< when there were several candidates
    std::size_t candidate = 0;        ///< the chosen one
    SamplingSummary sampling;
    std::optional<bool> converged; ///< of the optimizer; nothing where none was asked
    bool given = false;            ///< the pipeline gives the coefficients
    std::string optimizer_message; ///< why it stopped
    std::optional<std::vector<OperatingPointRow>> operating_point;
};

/// What one swap changes on the way from the network's rate to the mean field's.
struct BudgetTerm {
    std::string name; ///< of the swap; of several, joined by "+", where the rate between them is not known
    double hz = 0;
    std::optional<double> se_hz; ///< its sampling noise; empty: it has none, or it is not known
};

/// A stationary condition, one population: the error of the mean field's rate as a sum of controlled swaps
/// (docs/science.md), in order.
struct BudgetRow {
    std::string stimulation;
    double stimulus_hz = 0, network_rate_hz = 0, mean_field_rate_hz = 0;
    double floor_hz = 0;           ///< as in StationaryRow
    std::vector<BudgetTerm> terms; ///< sum to mean_field_rate_hz - network_rate_hz
    std::vector<BudgetTerm> loops; ///< the term "loops" by the population whose error comes round, and "curvature"
    [[nodiscard]] double total_hz() const { return mean_field_rate_hz - network_rate_hz; }
    [[nodiscard]] double relative(double hz) const { return hz / std::max(network_rate_hz, floor_hz); }
};

/// A stimulus that varies in time, one population; both courses smoothed by the same box.
struct DynamicRow {
    std::string stimulus; ///< the stimulation's name, and its label where there are several conditions
    std::optional<double> rmse_hz;
    std::optional<double> peak_network_hz, peak_mean_field_hz;
    std::optional<double> amplitude_ratio;      ///< mean field over network, at the stimulus's frequency
    std::optional<double> phase_difference_deg; ///< positive: the mean field is later; (-180, 180]
};

/// What a response to a stimulus is described by (validate/scores.hpp).  What is not defined is empty.
struct ResponseScores {
    std::optional<double> baseline_hz, peak_hz, pause_hz;
    std::optional<double> pause_depth, pause_ms;
    std::optional<double> area;
    std::optional<double> correlation, mutual_information_bits;
};
struct ScoreRow {
    std::string stimulus; ///< as in DynamicRow
    ResponseScores network, mean_field;
};

/// How a population's activity fluctuates in a stationary condition: standard deviations in Hz.  What was not computed
/// is empty.
struct FluctuationRow {
    std::string stimulation;
    double stimulus_hz = 0;
    std::optional<double> network_sd_hz;     ///< counted in ValidationReport::fluctuation_bin_ms
    std::optional<double> independent_sd_hz; ///< of as many independent Poisson cells of the network's rate, likewise
    std::optional<double> mean_field_sd_hz;  ///< linear theory of the mean field, likewise
    std::optional<double> noisy_sd_hz;       ///< the mean field integrated with finite-size noise, likewise
    std::optional<double> noisy_rate_hz;     ///< its mean
    std::optional<double> network_within_T_sd_hz, second_order_sd_hz; ///< of the activity within T: master equation
    std::optional<double> first_order_rate_hz;                        ///< of the master equation without fluctuations
};

/// Power of one population's activity in a stationary condition, two-sided, Hz^2/Hz, and its response to the stimulus,
/// at ValidationReport::frequency_hz.  What was not computed is empty.
struct SpectrumRow {
    std::string stimulation, label;
    std::uint32_t condition = 0;
    double stimulus_hz = 0;
    std::string population;
    std::vector<double> network, mean_field, noisy;
    std::vector<double> response_gain, response_phase_deg; ///< Hz per Hz; degrees, negative when it lags
};

struct PopulationReport {
    std::string name;
    std::uint64_t cells = 0;
    std::vector<StationaryRow> stationary;
    std::vector<FluctuationRow> fluctuations; ///< one a stationary condition, or none at all
    TransferSummary transfer;
    std::vector<DynamicRow> dynamic;
    std::vector<ScoreRow> scores;        ///< of the same conditions
    std::vector<BudgetRow> error_budget; ///< by increasing stimulus; empty where there is nothing to split
};

/// What one condition showed of one population besides its rate.
struct PopulationFinding {
    std::string name;
    std::optional<double> fano;        ///< population Fano factor over that of independent cells
    std::optional<double> correlation; ///< mean pairwise count correlation
    double outside_domain = 0;         ///< fraction of the condition (0..1) outside the transfer function's domain
    double largest_F_T = 0;            ///< largest F T, dimensionless
    std::string outside_inputs = {};   ///< the presynaptic rates with which it first was outside, in words; "" inside
};

/// What went right or wrong in one condition as a whole.
struct ConditionFinding {
    std::string stimulation, label;
    bool stationary = true;
    double stimulus_hz = 0;
    FixedPointState fixed_point = FixedPointState::NotSought;
    std::optional<double> growth_rate;    ///< 1/ms, largest real part of the eigenvalues
    std::optional<double> oscillation_hz; ///< frequency that belongs to it; empty when it grows without turning
    std::string rhythmic_population;      ///< where it is unstable: the network's population that swings as well, or ""
    double rhythm_hz = 0;                 ///< at this frequency
    std::string failure;                  ///< the sentence that stopped the mean field here (NaN, ...), or ""
    std::vector<StationaryPoint> points;  ///< every fixed point; rates of ValidationReport::populations
    /// Fraction of the condition in which the master equation's covariances have a negative eigenvalue, and the lowest.
    double covariance_loss = 0, lowest_eigenvalue = 0;
    std::vector<PopulationFinding> populations; ///< those the mean field models; external ones are left out
};

/// One population in a condition that only the network can show; rates over all cells and over those that fired.
struct NetworkRow {
    std::string name;
    std::uint64_t cells = 0;
    double rate_hz = 0, rate_sd_hz = 0; ///< sd: over cells
    std::optional<double> rate_se_hz;   ///< over time blocks and trials; empty when there is but one
    std::optional<double> rate_firing_hz, rate_sd_firing_hz;
};

/// The scales of a calibration; errors on what it did not see are in the rows of stationary conditions.
struct CalibrationReport {
    double lambda = 0;
    std::vector<double> levels_hz; ///< of the stationary stimuli that it was fitted to
    struct Scale {
        std::string pathway, source, target;
        double scale = 1; ///< of the in-degrees
    };
    std::vector<Scale> scales;
};

/// A condition that the mean field cannot represent.
struct NetworkCondition {
    std::string stimulation, label;
    std::string reason;            ///< the sentence that says why there is nothing to compare
    double from_ms = 0, to_ms = 0; ///< what the rates are means over
    std::uint32_t trials = 1;
    std::vector<NetworkRow> populations; ///< all of the network, external ones too
};

/// The comparison of a mean field with its network, and what follows from it.
struct ValidationReport {
    std::optional<Verdict> verdict;   ///< empty until judged
    std::vector<std::string> reasons; ///< sentences behind a verdict that is not "valid"
    std::vector<std::string>
        advice; ///< what to do about each of them; "" where the reason says it, or nothing is known
    std::vector<std::string> warnings; ///< sentences that do not change the verdict
    double limited = 0, not_valid = 0; ///< limits of relative errors that it was judged by; 0: not judged
    CircuitSummary circuit;
    std::vector<PopulationReport> populations;
    std::vector<ConditionFinding> conditions;
    std::vector<NetworkCondition> network_only;
    std::optional<CalibrationReport> calibration; ///< empty: no number was fitted to the network's rates
    double fluctuation_bin_ms = 0, T_ms = 0;      ///< of standard deviations; 0: there are none
    std::vector<double> frequency_hz;
    std::vector<SpectrumRow> spectra; ///< by condition, then population
};

/// The stimulations with stationary conditions, in order of appearance.
[[nodiscard]] std::vector<std::string> stationary_stimulations(const ValidationReport&);

/// A condition's label without the stimulation's name in front ("NAME: rate = 4 Hz" of 'NAME' is "rate = 4 Hz").
[[nodiscard]] std::string short_label(const std::string& stimulation, const std::string& label);

} // namespace mfm
