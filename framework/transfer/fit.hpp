// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plugin/component.hpp"
#include "support/progress.hpp"
#include "transfer/inputs.hpp"
#include "transfer/table.hpp"

namespace mfm {

struct FitOptions {
    /// Accuracy: 1/(0.5^2 + se^2 + (0.02 F)^2), in Hz, so that relative and absolute errors both count.  Uniform: 1,
    /// plain least squares, for comparison with fits that were made so.
    enum class Weights { Accuracy, Uniform } weights = Weights::Accuracy;
    /// Points of the wide range count this much less (Accuracy only): they keep the fit sane where the network does not
    /// go, and must not cost accuracy where it does.
    double wide_weight = 0.15;
    std::uint32_t starts = 8; ///< the basis's own guess, and perturbations of it
    std::uint32_t folds = 5;  ///< of the cross-validation; below 2: none
    std::uint64_t seed = 1;   ///< of the perturbations and the folds
    std::uint64_t stream = 0; ///< one per population
};

/// The same basis fitted to the points with a constant current of +dI and of -dI.
struct CurrentFit {
    double dI = 0;                   ///< pA; 0: there were no such points
    std::vector<double> plus, minus; ///< coefficients
    std::size_t points = 0;          ///< both signs together
    double rmse_hz = 0;
};

/// A basis fitted to the sampled transfer function of one population, and how well.  A plain value.
struct TransferFit {
    std::string population, basis;                 ///< basis: the plugin's id
    std::vector<std::string> inputs, coefficients; ///< names, in the basis's order
    std::vector<std::string> units;                ///< of the coefficients
    std::vector<double> value;                     ///< [coefficients]
    std::vector<double> covariance;                ///< [coefficients * coefficients], scaled by the reduced chi-square
    std::vector<double> lower, upper;              ///< [inputs] the domain: the range of the points fitted
    double G_e_lower = 0, G_e_upper = 0, G_i_lower = 0, G_i_upper = 0; ///< nS, likewise
    double cost = 0;                                                   ///< 1/2 sum of weight times squared error
    double rmse_hz = 0;                                                ///< over the points fitted
    double largest_rate_hz = 0;                                        ///< of the working range
    std::optional<double> cross_validated_rmse_hz;
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
/// give `current`. Reports fit_count() units of progress.  Throws InputError when there are too few points, PluginError
/// when a plugin fails.
[[nodiscard]] TransferFit fit_transfer(const TransferTable& table, const TransferInputs& inputs, const Instance& basis,
                                       const Instance& optimizer, const FitOptions& options, Progress& progress);
[[nodiscard]] std::size_t fit_count(const FitOptions& options);

/// The rate (Hz) of a basis at inputs [n * inputs], point-major, for given coefficients and domain.
[[nodiscard]] std::vector<double> basis_rates(const Instance& basis, std::span<const double> inputs,
                                              std::span<const double> coefficients, std::span<const double> lower,
                                              std::span<const double> upper);

} // namespace mfm
