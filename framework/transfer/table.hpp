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

struct TransferTable {
    std::string population;
    std::vector<TransferPoint> points;
    std::vector<std::uint32_t> cell;       ///< the cells that were measured
    std::vector<CellMeasurement> measured; ///< by condition, then in the order of the swaps
};

} // namespace mfm
