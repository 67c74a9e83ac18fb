// SPDX-License-Identifier: Apache-2.0
#include "simulate/plasticity.hpp"

#include <cmath>

namespace mfm {

ShortTermPlasticity::ShortTermPlasticity(const PlasticityConfig& config, std::uint64_t n_source, double dt)
    : config_(config), dt_(dt), cells_(n_source) {
    for (Cell& cell : cells_) cell.u = config.u_0;
}

void ShortTermPlasticity::record(const SpikeHistory& spikes, std::uint32_t n_steps) {
    const std::uint64_t forgotten = spikes.first_kept() - dropped_;
    efficacy_.erase(efficacy_.begin(), efficacy_.begin() + static_cast<std::ptrdiff_t>(forgotten));
    dropped_ += forgotten;
    for (std::uint64_t step = spikes.now() - n_steps; step < spikes.now(); ++step)
        for (const std::uint32_t c : spikes.cells(spikes.begin(step), spikes.begin(step + 1))) {
            Cell& cell = cells_[c];
            if (cell.last != never) {
                const double h = static_cast<double>(step - cell.last) * dt_;
                const double recovery = std::exp(-h / config_.tau_rec),
                             facilitation = config_.tau_fac > 0.0 ? std::exp(-h / config_.tau_fac) : 0.0;
                cell.x = 1.0 + (cell.x - cell.x * cell.u - 1.0) * recovery;
                cell.u = config_.U + cell.u * (1.0 - config_.U) * facilitation;
            }
            cell.last = step;
            efficacy_.push_back(cell.x * cell.u);
        }
}

void ShortTermPlasticity::save(StateWriter& out) const {
    out.put("plasticity/cells", cells_);
    out.put("plasticity/efficacy", efficacy_);
    out.put("plasticity/dropped", dropped_);
}
void ShortTermPlasticity::restore(StateReader& in) {
    in.get("plasticity/cells", std::span<Cell>(cells_));
    in.get("plasticity/efficacy", efficacy_);
    in.get("plasticity/dropped", dropped_);
}

} // namespace mfm
