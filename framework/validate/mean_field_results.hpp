// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "validate/report.hpp"

namespace mfm {

/// Fluctuations of the populations' activity about a stationary state.  Empty where they were not computed.
struct Fluctuations {
    std::vector<double> mean_hz;            ///< [populations]
    std::vector<double> covariance;         ///< [populations x populations] Hz^2
    std::vector<std::vector<double>> power; ///< [populations][MeanFieldResults::frequency_hz] two-sided, Hz^2/Hz
};

/// What the mean field did in one condition, as plain arrays.  Populations are those of MeanFieldResults, in its order.
struct MeanFieldCondition {
    std::string stimulation, label;
    std::uint32_t condition = 0;
    bool stationary = true;
    double level_hz = 0; ///< stationary rate or baseline of the stimulated population
    FixedPointState fixed_point = FixedPointState::NotSought;
    std::vector<double> rate_hz;        ///< [populations] at the fixed point; empty when there is none
    std::vector<double> mean_k_rate_hz; ///< the same with every cell at the mean in-degree; empty when not computed
    std::vector<double> uncalibrated_rate_hz;             ///< with a calibration: those without it; empty otherwise
    std::vector<double> eigenvalue_real, eigenvalue_imag; ///< 1/ms, of the exact Jacobian at the fixed point
    std::vector<double> time_ms; ///< centres of the network's course bins (bin 0 starts at 0), or any increasing grid
    std::vector<std::vector<double>> course_hz; ///< [populations][time]; empty when there is no trajectory
    std::string failure;                        ///< the sentence that stopped it, or ""
    std::vector<double>
        outside_domain; ///< [populations] fraction of the condition outside the TF's domain; empty: none
    std::vector<std::string> outside_inputs; ///< [populations] the inputs with which it first was outside, in words; ""
    std::vector<double> largest_F_T;         ///< [populations]; empty: not computed
    std::vector<StationaryPoint> points;     ///< every fixed point that was found, that of rate_hz among them
    Fluctuations linear; ///< about a stable fixed point, of activity counted in MeanFieldResults::bin_ms
    Fluctuations noisy;  ///< of the mean field with finite-size noise, likewise
    /// Response of the populations to a small oscillation of the stimulated one: Hz per Hz, and degrees (negative: it
    /// lags); [populations][frequency_hz].
    std::vector<std::vector<double>> response_gain, response_phase_deg;
    /// The master equation's second order: rates of its first, covariances of activity within T at the fixed point.
    std::vector<double> first_order_hz, covariance;
    std::vector<std::vector<double>> course_sd_hz; ///< [populations][time] of the activity within T
    /// Fraction of the condition in which these covariances had a negative eigenvalue, and the lowest over the largest.
    double covariance_loss = 0, lowest_eigenvalue = 0;
};

struct MeanFieldResults {
    std::vector<std::string> populations; ///< names, as in the pipeline file
    double bin_ms = 0;                    ///< in which activity is counted for `linear` and `noisy`; 0: there are none
    double T_ms = 0;                      ///< of the second order's covariances; 0: there are none
    std::vector<double> frequency_hz;     ///< of spectra and responses
    std::vector<MeanFieldCondition> conditions;
};

} // namespace mfm
