// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/abi.h>
#include <mfm/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <queue>
#include <vector>

namespace mfm {

/// Cells whose spikes make up the activity of a population, or of a part of it.
struct NoiseSource {
    double cells = 0; ///< independent cells
    double cv = 1;    ///< of their intervals; 1: Poisson
};

/// The spikes of independent cells with one rate.  Cells that fire regularly are gamma renewal processes in the time
/// that their rate makes.
class SpikingCells {
public:
    SpikingCells(RandomSequence random, const NoiseSource& source) : random_(random), cells_(source.cells) {
        constexpr double irregular = 0.95, least_cv = 0.1, most_clocks = 2000;
        if (source.cv >= irregular || cells_ > most_clocks) return;
        shape_ = 1.0 / std::pow(std::max(source.cv, least_cv), 2);
        cells_ = std::max(1.0, std::round(cells_));
        for (std::size_t k = 0; k < static_cast<std::size_t>(cells_); ++k) {
            const double part = random_.uniform(); // somewhere within a first interval
            next_.push(part * interval());
        }
    }
    /// Spikes of a cell in a step in which it is expected to fire this often, as it happens.
    double advance(double expected) {
        if (next_.empty()) return static_cast<double>(random_.poisson(cells_ * expected)) / cells_;
        now_ += expected;
        double spikes = 0;
        for (; next_.top() < now_; ++spikes) {
            const double at = next_.top();
            next_.pop();
            next_.push(at + interval());
        }
        return spikes / cells_;
    }

private:
    /// Of mean 1: the clocks count expected spikes.
    double interval() { return random_.gamma(shape_) / shape_; }
    RandomSequence random_;
    double cells_, shape_ = 1, now_ = 0;
    std::priority_queue<double, std::vector<double>, std::greater<>> next_; ///< empty: Poisson
};

/// What one step does to a synapse's two stages a and b, or to b alone: they approach the input u, exactly while u is
/// constant.
struct SynapseFilter {
    double keep_a = 0, keep_b = 0, a_to_b = 0;
    /// Time constants (ms) of the stages, the first 0 where there is one only.
    SynapseFilter(double tau_first, double tau, double h)
        : keep_a(tau_first > 0 ? std::exp(-h / tau_first) : 0.0), keep_b(tau > 0 ? std::exp(-h / tau) : 0.0) {
        const double q = tau_first - tau;
        if (tau_first > 0) a_to_b = std::abs(q) < 1e-9 * tau ? h / tau * keep_b : tau_first / q * (keep_a - keep_b);
    }
    SynapseFilter(const mfm_receptor& r, double h)
        : SynapseFilter(r.shape == MFM_RECEPTOR_ALPHA           ? r.tau
                        : r.shape == MFM_RECEPTOR_BIEXPONENTIAL ? r.tau_rise
                                                                : 0.0,
                        r.shape == MFM_RECEPTOR_DELTA ? 0.0 : r.tau, h) {}
    void advance(double u, double& a, double& b) const {
        b = u + keep_b * (b - u) + a_to_b * (a - u);
        a = u + keep_a * (a - u);
    }
};

} // namespace mfm
