// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "network/network.hpp"
#include "simulate/neuron_group.hpp"
#include "simulate/sources.hpp"
#include "simulate/wiring.hpp"

namespace mfm {

/// Spikes of one population in one block of steps, ordered by step and then by cell.  A relay or a Poisson source may
/// appear several times in a step.  Valid until the next block.
struct BlockSpikes {
    std::span<const std::uint32_t> step; ///< from the block's first
    std::span<const std::uint32_t> cell;
};

/// A state that is no finite number any more; the sentence names population, cell, step, variable and the cell's state.
class NotFinite : public PluginError {
    using PluginError::PluginError;
};

/// The spiking network in motion.  Blocks of steps no longer than the least delay are simulated piece by piece, side by
/// side: a piece of a population adds up what the spikes of earlier blocks bring it, and advances; then the spikes of
/// all pieces are put in order.  The same bits for any number of threads, any length of blocks and any vector width.
class Engine {
public:
    /// seed keys all noise of this run; courses [populations], empty where a population is not Poisson or silent.
    /// strict: blocks of one step, each looked at, to find the step in which a state stops being finite (same bits,
    /// slower).
    /// wiring: of this network, for several runs to share; made here when NULL.
    Engine(const PipelineConfig&, const Network&, std::uint64_t seed, std::vector<SourceCourses> courses,
           bool strict = false, std::shared_ptr<const Wiring> wiring = nullptr);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Steps of the block that comes next.
    [[nodiscard]] std::uint32_t block_steps() const { return block_; }
    [[nodiscard]] std::uint64_t now() const { return step_; }
    /// Advances `steps` steps; after each block calls observe(first step of the block, spikes by population).
    /// Throws NotFinite.
    using Observer =
        std::function<void(std::uint64_t first_step, std::uint32_t n_steps, const std::vector<BlockSpikes>&)>;
    /// Stops early, after a block, when `pause` says so.
    void run(std::uint64_t steps, const Observer& observe, const std::function<bool()>& pause = {});
    /// Everything that changes: an engine of the same network, seed and courses that restores it goes on with the same
    /// bits.
    void save(StateWriter&) const;
    void restore(StateReader&);
    /// Spikes delivered to synapses so far (a spike reaching k synapses counts k).
    [[nodiscard]] std::uint64_t deliveries() const;
    /// The neurons of a population, or NULL when it is no neuron population.
    [[nodiscard]] const NeuronGroup* group(std::size_t population) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    std::uint32_t block_ = 1;
    bool strict_ = false;
    std::uint64_t step_ = 0;
};

} // namespace mfm
