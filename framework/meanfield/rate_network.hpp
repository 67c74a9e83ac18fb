// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "meanfield/model.hpp"
#include "remap/reduction.hpp"

namespace mfm {

/// A network of transfer functions: every cell i of the circuit is a rate
///     lambda_i(t) = F_p(r_i1, r_i2, ...) exp(-g (W_i - W_ss_i)),   r_is = filter of sum_j w_ij / Q A_j(t - d_s),
/// with the circuit's own wiring, synapses, delays and adaptation, and A the spikes that the sources' rates give:
/// gamma renewal trains in populations of at most `small` cells, Poisson trains in external ones.  Larger populations
/// send their rates themselves, and follow their inputs linearly about `rest` (never below 0), without adaptation.
/// What fluctuates together here, fluctuates together in the network that the circuit describes.
struct RateNetworkOptions {
    double step = 1;         ///< ms; delays are rounded to whole steps
    double transient = 1000; ///< ms
    double duration = 4000;  ///< ms, recorded
    std::uint64_t small = 2000;
    std::uint64_t seed = 1, stream = 0;
    std::vector<double> cv;                       ///< [meso populations] of the cells' intervals
    std::vector<bool> record;                     ///< [pathways] keep its event rates
    std::vector<std::vector<std::uint32_t>> cell; ///< [meso populations] target cells whose event rates are kept
};

struct CellCourses {
    double step = 0;                                       ///< ms
    std::vector<std::vector<double>> mean_hz;              ///< [meso populations][cells] of lambda
    std::vector<std::vector<std::vector<double>>> rate_hz; ///< [meso populations][cells][steps]; empty: large, external
    std::vector<std::vector<std::vector<double>>> spikes;  ///< [meso populations][cells] times, ms; external ones only
    std::vector<std::vector<std::vector<double>>> events;  ///< [pathways][RateNetworkOptions::cell][steps] Hz, or empty
};

/// From `rest` [meso populations][cells] (Hz), the cells' stationary rates.  Throws Error where a transfer function
/// gives no rate.
[[nodiscard]] CellCourses simulate_rates(const MeanFieldModel&, const Reduction&, std::span<const PathwayEdges>,
                                         const std::vector<std::vector<double>>& rest, const RateNetworkOptions&);

} // namespace mfm
