// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plugin/component.hpp"
#include "support/progress.hpp"
#include "transfer/inputs.hpp"
#include "transfer/table.hpp"

namespace mfm {

struct FitOptions {
    /// Accuracy: 1/(absolute^2 + se^2 + (relative F)^2), in Hz, so that relative and absolute errors both count.
    /// Uniform: 1, plain least squares, for comparison with fits that were made so.
    enum class Weights { Accuracy, Uniform } weights = Weights::Accuracy;
    /// Points of the wide range count this much less (Accuracy only): they keep the fit sane where the network does not
    /// go, and must not cost accuracy where it does.
    double wide_weight = 0.15;
    double path_weight = 1; ///< points at the network's operating points count so many times (Accuracy only)
    double tolerance_absolute = 0.5, tolerance_relative = 0.02; ///< Hz, 1
    std::uint32_t starts = 8;                                   ///< the basis's own guess, and perturbations of it
    std::uint32_t folds = 5;                                    ///< of the cross-validation; below 2: none
    std::uint64_t seed = 1;                                     ///< of the perturbations and the folds
    std::uint64_t stream = 0;                                   ///< one per population
};

/// The same basis fitted to the points with a constant current of +dI and of -dI.
struct CurrentFit {
    double dI = 0;                   ///< pA; 0: there were no such points
    std::vector<double> plus, minus; ///< coefficients
    std::size_t points = 0;          ///< both signs together
    double rmse_hz = 0;
};

/// What one candidate among several bases achieved on a population.
struct BasisScore {
    std::string basis;  ///< the candidate's name
    std::string reason; ///< why it cannot be used here, or ""
    std::size_t coefficients = 0, undefined_points = 0;
    std::optional<double> cross_validated_error, cross_validated_rmse_hz, heldout_rmse_hz,
        heldout_median_relative_error; ///< as in TransferFit
};

/// The adaptation current of a cell that fires at F Hz around a mean potential mu_V, settled:
///     w = per_hz F + per_mV mu_V + offset        (pA)
struct SettledAdaptation {
    double per_hz = 0; ///< 1e-3 A_2 / k_2
    double per_mV = 0, offset = 0;
};
/// A basis fitted to the sampled transfer function of one population, and how well.  A plain value.
struct TransferFit {
    std::string population, basis;                 ///< basis: the plugin's id
    std::size_t candidate = 0;                     ///< which of the pipeline's bases it is
    bool given = false;                            ///< the pipeline gives the coefficients: nothing was fitted
    std::vector<BasisScore> compared;              ///< all of these, when there were several
    std::optional<SettledAdaptation> adaptation;   ///< the basis gives the rate at a given current -w of this size
    std::vector<std::string> inputs, coefficients; ///< names, in the basis's order
    std::vector<std::string> input_units, units;   ///< of both
    std::vector<double> value;                     ///< [coefficients]
    std::vector<double> covariance;                ///< [coefficients * coefficients], scaled by the reduced chi-square
    std::vector<double> lower, upper; ///< [inputs] the domain: the range of the points fitted, or of those held out
                                      ///< when there is nothing to fit
    double G_e_lower = 0, G_e_upper = 0, G_i_lower = 0, G_i_upper = 0; ///< nS, likewise
    double cost = 0;                                                   ///< 1/2 sum of weight times squared error
    double rmse_hz = 0;                                                ///< over the points fitted
    double largest_rate_hz = 0;                                        ///< of the working range
    /// Root mean of weight times squared error over the points of the working range, each left out of its fold: 1 when
    /// they are missed by as much as the weights tolerate.
    std::optional<double> cross_validated_error;
    std::optional<double> cross_validated_rmse_hz; ///< of the same points
    std::optional<double> heldout_rmse_hz;
    std::optional<double>
        heldout_median_relative_error; ///< over held-out points with F >= 1 Hz and se below 0.5 % or 0.05 Hz
    std::size_t points = 0, heldout_points = 0,
                relative_points = 0;  ///< used in the fit, in rmse, in the relative error
    std::size_t undefined_points = 0; ///< left out, because the basis's inputs are not defined there
    std::size_t heldout_undefined = 0;
    std::vector<std::optional<double>>
        fitted_hz;             ///< [points of the table]; nothing where the inputs are not defined or I is not 0
    std::uint32_t outcome = 0; ///< MFM_CONVERGED, MFM_BUDGET, MFM_STOPPED, MFM_FAILED: of the best start
    std::string message;       ///< what the optimizer said
    std::uint32_t iterations = 0, evaluations = 0; ///< of the best start; of all
    std::uint32_t starts = 0, agreeing_starts = 0; ///< agreeing: cost within 0.1 % of the best
    CurrentFit current;
};

/// Fits `basis` to the points of the table by bounded weighted least squares in rate space, from several starts.  The
/// points' event rates are K nu.  Points of use Working and Wide are fitted, HeldOut ones only tested, Current ones
/// give `current`.  Of a basis without coefficients only the errors are computed.  Reports fit_count() units of
/// progress.  Throws InputError when there are too few points, PluginError when a plugin fails.
[[nodiscard]] TransferFit fit_transfer(const TransferTable& table, const TransferInputs& inputs, const Instance& basis,
                                       const Instance& optimizer, const FitOptions& options, Progress& progress);
[[nodiscard]] std::size_t fit_count(const FitOptions& options);

/// A basis that may be chosen for a population.
struct BasisCandidate {
    std::string name;
    std::shared_ptr<const Instance> basis;
    std::optional<TransferInputs> inputs; ///< nothing: the population cannot have this basis, and
    std::string reason;                   ///< this is why
};
/// The fit of the candidate whose inputs are defined at most points and, among these, with the least cross-validated
/// error; the first of equals.  `compared` has them all.  Reports fit_count() units of progress a candidate.  A single
/// candidate is fitted as by fit_transfer.  Throws InputError when none can be used.
[[nodiscard]] TransferFit fit_best(const TransferTable& table, std::span<const BasisCandidate> candidates,
                                   const Instance& optimizer, const FitOptions& options, Progress& progress);

/// Widens a fit's domain to a point: its inputs x and summed conductances {G_e, G_i}.
void widen_domain(TransferFit& fit, const std::vector<double>& x, std::pair<double, double> G);

/// The rate (Hz) of a basis at inputs [n * inputs], point-major, for given coefficients and domain.
[[nodiscard]] std::vector<double> basis_rates(const Instance& basis, std::span<const double> inputs,
                                              std::span<const double> coefficients, std::span<const double> lower,
                                              std::span<const double> upper);

} // namespace mfm
