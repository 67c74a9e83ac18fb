// SPDX-License-Identifier: Apache-2.0
#include "meanfield/rate_network.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <cmath>

#include "meanfield/spiking_cells.hpp"
#include "support/progress.hpp"

namespace mfm {
namespace {

/// Both stages of a synapse for every target cell, exact for input that is constant within a step.
struct SynapseStage {
    SynapseFilter step;
    std::vector<double> a, b; ///< Hz
};

class RateNetwork {
public:
    RateNetwork(const MeanFieldModel& model, const Reduction& r, std::span<const PathwayEdges> edges,
                const std::vector<std::vector<double>>& rest, const RateNetworkOptions& options)
        : model_(model), r_(r), edges_(edges), options_(options), rate_(rest), rest_(rest.size()), W_(rest.size()),
          at_rest_(rest.size()), slope_(rest.size()), events_(r.pathways.size()), cells_(rest.size()) {
        const double h = options.step;
        std::size_t longest = 1;
        for (const Pathway& w : r.pathways) {
            late_.push_back(static_cast<std::size_t>(std::llround(w.delay / h)));
            longest = std::max(longest, late_.back() + 1);
        }
        for (std::size_t p = 0; p < r.populations.size(); ++p) {
            past_.emplace_back(longest, rest[p]);
            spiking_.push_back(r.populations[p].external || r.populations[p].n <= options.small);
            if (spiking_.back())
                for (std::size_t i = 0; i < r.populations[p].n; ++i)
                    cells_[p].emplace_back(
                        RandomSequence(options.seed, options.stream, i, static_cast<std::uint32_t>(p)),
                        NoiseSource{1.0, r.populations[p].external ? 1.0 : options.cv[p]});
        }
        for (std::size_t s = 0; s < r.pathways.size(); ++s) {
            const std::vector<double> settled = event_rates(edges[s], rest[r.pathways[s].source]);
            synapse_.push_back({SynapseFilter(r.pathways[s].receptor, h), settled, settled});
        }
        for (const std::size_t p : model.internal()) settle(p);
    }

    void step(std::size_t now) {
        const double h = options_.step;
        const std::size_t ring = past_.front().size(), slot = now % ring;
        for (std::size_t p = 0; p < rate_.size(); ++p) {
            std::vector<double>& activity = past_[p][slot];
            for (std::size_t i = 0; i < activity.size(); ++i)
                activity[i] = spiking_[p] ? cells_[p][i].advance(rate_[p][i] * h * 1e-3) * 1e3 / h : rate_[p][i];
        }
        for (std::size_t s = 0; s < synapse_.size(); ++s) {
            const std::vector<double>& source = past_[r_.pathways[s].source][(now + ring - late_[s]) % ring];
            events_[s] = event_rates(edges_[s], source);
            SynapseStage& synapse = synapse_[s];
            for (std::size_t i = 0; i < events_[s].size(); ++i)
                synapse.step.advance(events_[s][i], synapse.a[i], synapse.b[i]);
        }
        for (const std::size_t p : model_.internal()) spiking_[p] ? follow(p, past_[p][slot]) : follow_linearly(p);
    }
    [[nodiscard]] const std::vector<double>& rate(std::size_t p) const { return rate_[p]; }
    [[nodiscard]] const std::vector<double>& activity(std::size_t p, std::size_t now) const {
        return past_[p][now % past_[p].size()];
    }
    [[nodiscard]] const std::vector<double>& events(std::size_t s) const { return events_[s]; }

private:
    /// Event rates that p's cells see now, pathway-major.
    [[nodiscard]] std::vector<double> seen(std::size_t p) const {
        std::vector<double> out;
        for (const std::size_t s : model_.pathways_into(p))
            for (const double b : synapse_[s].b) out.push_back(std::max(0.0, b));
        return out;
    }
    void settle(std::size_t p) {
        const std::size_t n = rate_[p].size(), S = model_.pathways_into(p).size();
        const TransferFunction& transfer = *model_.populations()[p].transfer;
        at_rest_[p] = seen(p);
        slope_[p].resize(S * n);
        std::vector<double> F(n);
        transfer.evaluate(at_rest_[p], n, F, slope_[p], {});
        if (model_.adapts(p)) W_[p].resize(n);
        for (std::size_t i = 0; i < W_[p].size(); ++i) W_[p][i] = settled_adaptation(p, F[i]);
        rest_[p] = std::move(F);
    }
    [[nodiscard]] double settled_adaptation(std::size_t p, double F) const {
        const PopulationModel& population = model_.populations()[p];
        return 1e-3 * population.adaptation_increment / population.adaptation_rate * F;
    }
    void follow(std::size_t p, const std::vector<double>& activity) {
        const std::size_t n = rate_[p].size();
        const TransferFunction& transfer = *model_.populations()[p].transfer;
        const std::vector<double> r = seen(p);
        transfer.evaluate(r, n, rate_[p], {}, {});
        if (!W_[p].empty()) {
            gain_.resize(n);
            transfer.current_gain(r, n, gain_, {});
            const double k_2 = model_.populations()[p].adaptation_rate, keep = std::exp(-k_2 * options_.step);
            for (std::size_t i = 0; i < n; ++i) {
                const double target = settled_adaptation(p, activity[i]), F = rate_[p][i];
                rate_[p][i] = F * std::exp(-gain_[i] * (W_[p][i] - settled_adaptation(p, F)));
                W_[p][i] = target + keep * (W_[p][i] - target);
            }
        }
        for (const double rate : rate_[p])
            if (!(rate >= 0) || !std::isfinite(rate))
                throw Error(ExitCode::NotValid, "the transfer function of '" + r_.populations[p].name +
                                                    "' gives no rate for one of its cells");
    }
    void follow_linearly(std::size_t p) {
        const std::size_t n = rate_[p].size();
        rate_[p] = rest_[p];
        std::size_t k = 0;
        for (const std::size_t s : model_.pathways_into(p))
            for (std::size_t i = 0; i < n; ++i, ++k) rate_[p][i] += slope_[p][k] * (synapse_[s].b[i] - at_rest_[p][k]);
        for (double& rate : rate_[p]) rate = std::max(0.0, rate);
    }

    const MeanFieldModel& model_;
    const Reduction& r_;
    std::span<const PathwayEdges> edges_;
    const RateNetworkOptions& options_;
    std::vector<std::vector<double>> rate_, rest_, W_, at_rest_, slope_, events_;
    std::vector<std::vector<std::vector<double>>> past_; ///< [population][slot][cell] activity, Hz
    std::vector<std::vector<SpikingCells>> cells_;
    std::vector<bool> spiking_;
    std::vector<std::size_t> late_; ///< steps
    std::vector<SynapseStage> synapse_;
    std::vector<double> gain_;
};

} // namespace

CellCourses simulate_rates(const MeanFieldModel& model, const Reduction& r, std::span<const PathwayEdges> edges,
                           const std::vector<std::vector<double>>& rest, const RateNetworkOptions& options) {
    RateNetwork network(model, r, edges, rest, options);
    const std::size_t P = r.populations.size();
    const auto warm = static_cast<std::size_t>(std::llround(options.transient / options.step)),
               steps = static_cast<std::size_t>(std::llround(options.duration / options.step));
    CellCourses out;
    out.step = options.step;
    for (std::size_t p = 0; p < P; ++p) {
        const std::uint64_t n = r.populations[p].n;
        const bool external = r.populations[p].external, small = !external && n <= options.small;
        out.mean_hz.emplace_back(n, 0.0);
        out.rate_hz.emplace_back(small ? n : 0, std::vector<double>(steps));
        out.spikes.emplace_back(external ? n : 0);
    }
    for (std::size_t s = 0; s < r.pathways.size(); ++s)
        out.events.emplace_back(options.record[s] ? options.cell[r.pathways[s].target].size() : 0,
                                std::vector<double>(steps));
    for (std::size_t now = 0; now < warm + steps; ++now) {
        if (now % 64 == 0) throw_if_interrupted();
        network.step(now);
        if (now < warm) continue;
        const std::size_t t = now - warm;
        for (std::size_t p = 0; p < P; ++p) {
            for (std::size_t i = 0; i < out.mean_hz[p].size(); ++i)
                out.mean_hz[p][i] += network.rate(p)[i] / static_cast<double>(steps);
            for (std::size_t i = 0; i < out.rate_hz[p].size(); ++i) out.rate_hz[p][i][t] = network.rate(p)[i];
            for (std::size_t i = 0; i < out.spikes[p].size(); ++i) {
                const auto count = std::llround(network.activity(p, now)[i] * options.step * 1e-3);
                for (std::int64_t k = 0; k < count; ++k) // evenly within the step
                    out.spikes[p][i].push_back(
                        (static_cast<double>(t) + (static_cast<double>(k) + 0.5) / static_cast<double>(count)) *
                        options.step);
            }
        }
        for (std::size_t s = 0; s < out.events.size(); ++s)
            for (std::size_t i = 0; i < out.events[s].size(); ++i)
                out.events[s][i][t] = network.events(s)[options.cell[r.pathways[s].target][i]];
    }
    return out;
}

} // namespace mfm
