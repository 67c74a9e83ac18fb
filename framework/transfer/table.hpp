// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mfm {

/// One sampled point of a numerical transfer function.
struct TransferPoint {
    std::vector<double> nu;  ///< Hz, presynaptic rate per pathway into the population
    double G_e = 0, G_i = 0; ///< nS, summed mean conductances
    double I = 0;            ///< pA, extra constant current
    double rate_hz = 0, se_hz = 0, cv_isi = 0;
    double mean_adaptation = 0; ///< pA
    double seconds = 0;         ///< neuron-seconds counted
    enum class Use { Working, Wide, HeldOut, Current, OperatingPoint } use = Use::Working;
};

/// Real cells of the network at one of its stationary conditions, after one more swap of what drives them.
struct CellMeasurement {
    std::string swap;            ///< what differs from the measurement before; of the first, from the network
    std::size_t condition = 0;   ///< by increasing stimulus (RatePath)
    std::vector<double> rate_hz; ///< [TransferTable::cell]
};

/// Two points of equal summed conductances that different pathways make up.
struct SharePair {
    double G_e = 0, G_i = 0;          ///< nS
    double share = 0;                 ///< largest difference of a pathway's share of its axis
    std::string pathway;              ///< that pathway
    double rate_hz = 0, other_hz = 0; ///< of both
    double se_hz = 0;                 ///< of their difference
    double tolerance_hz = 0;          ///< at these rates
};

/// How the working range was sampled.
struct SamplingSummary {
    /// None: there were no points to choose, as nothing is fitted.
    enum class End { None, Fixed, Tolerance, Budget } end = End::None;
    std::size_t points = 0, measurements = 0; ///< of the working range; a point may be measured again
    double seconds = 0;                       ///< neuron-seconds counted there
    /// Error that is expected of the function that the points determine in all but 5 % of the working range, and
    /// largest difference between a point and what all others make of it (where they determine that within a
    /// tolerance), both in tolerances.
    double expected_error = 0, left_out_error = 0;
    double left_out_hz = 0;                                          ///< the latter in Hz, signed,
    double left_out_rate_hz = 0, left_out_G_e = 0, left_out_G_i = 0; ///< of this point
    std::vector<SharePair> shares;
};

struct TransferTable {
    std::string population;
    std::vector<TransferPoint> points;
    std::vector<std::uint32_t> cell;       ///< the cells that were measured
    std::vector<CellMeasurement> measured; ///< by condition, then in the order of the swaps
    SamplingSummary sampling = {};
};

} // namespace mfm
