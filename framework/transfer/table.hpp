// SPDX-License-Identifier: Apache-2.0
#pragma once
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

struct TransferTable {
    std::string population;
    std::vector<TransferPoint> points;
};

} // namespace mfm
