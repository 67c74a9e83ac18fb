// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "config/pipeline.hpp"
#include "remap/reduction.hpp"
#include "simulate/neuron_group.hpp"
#include "transfer/sampled_cells.hpp"
#include "transfer/table.hpp"
#include "transfer/trains.hpp"

namespace mfm {

/// Trains more regular than this are drawn as if they were not.
inline constexpr double least_cv = 0.1;

/// What cells gave under stationary input; statistics over cells.
struct Measured {
    double rate_hz = 0, se_hz = 0, cv_isi = 0, mean_adaptation = 0, seconds = 0;
    double spike_weighted_cv = 0;     ///< CV of the intervals of the cell that a spike comes from, on average
    std::vector<double> cell_rate_hz; ///< [cells]
};
/// Advances the group under its own drives and `trains`; counts for `duration` (ms) after `transient` (ms).  Throws
/// PluginError when a state is not finite any more.
[[nodiscard]] Measured measure(NeuronGroup& group, TrainInput& trains, double dt, double transient, double duration);

/// How the source populations fire along the network's path, beyond their rates.
struct SourceStatistics {
    std::vector<std::vector<double>> cv_isi; ///< [condition][meso population] of the cells' intervals
    /// [condition][meso population] common fluctuations of the cells' rates; NULL or empty: none
    std::vector<std::vector<std::shared_ptr<const RateClock>>> fluctuation;
    /// For sampled cells: what their sources fired in the network, in any order; empty: trains are drawn
    std::vector<std::shared_ptr<const CircuitSpikes>> spikes;
};

/// Whether trains of these sources are renewal trains: few of them a cell, and more regular than Poisson trains.
[[nodiscard]] bool is_regular(double sources, double cv, const TransferConfig&);

/// A row per condition, interpolated at position 0..1 along the path.
[[nodiscard]] std::vector<double> on_path(const std::vector<std::vector<double>>& rows, double position);

/// Index of the setting that is a constant current (MFM_ROLE_CURRENT), or -1.
[[nodiscard]] int current_setting(const PopulationConfig&);

/// Measures points of a population's transfer function: on copies of the mean cell, each pathway one Poisson stream of
/// rate K nu, or on real cells of the network, each with its own sources and weights (transfer.cells).  Pathways of few
/// sources (transfer.renewal_below) are gamma renewal trains as regular as their sources'.
class PointSampler {
public:
    /// `cells`: NULL for the mean cell.  Keeps references to all of its arguments.
    PointSampler(const PipelineConfig&, const Reduction&, std::size_t population, const SourceStatistics&,
                 const SampledCells* cells);

    /// Index of Reduction::pathways, of every pathway into the population.
    [[nodiscard]] const std::vector<std::size_t>& pathways() const { return pathway_; }
    [[nodiscard]] bool excitatory(std::size_t s) const { return excitatory_[s]; }
    /// nS (or pA) of mean conductance per Hz of the presynaptic rate, kernel area |Q| K 1e-3.
    [[nodiscard]] double unit(std::size_t s) const { return unit_[s]; }
    /// A point at these presynaptic rates [pathways] and current, not measured yet.
    [[nodiscard]] TransferPoint point(const std::vector<double>& nu, double I, TransferPoint::Use use) const;

    /// Fills in what cells give at p.nu and p.I.  `position`: the place on the path whose regularity and fluctuations
    /// the sources have; `key`: a number of this measurement alone, below 2^18, of which its random numbers depend;
    /// `seconds`: neuron-seconds to count.  Free for several threads.
    void measure_point(TransferPoint& p, double position, std::uint64_t key, double seconds) const;
    /// Everything of the measurement at a point.
    [[nodiscard]] Measured measured(const TransferPoint& p, double position, std::uint64_t key, double seconds) const;

private:
    [[nodiscard]] std::uint64_t cells() const;
    struct Drives {
        std::vector<PoissonDrive> poisson;
        std::vector<TrainDrive> trains;
        std::vector<ReplayDrive> replays;
    };
    void add_mean_drive(std::size_t s, double nu, double cv, const std::shared_ptr<const RateClock>& clock,
                        Drives&) const;
    void add_sampled_drive(std::size_t s, double nu, double cv, const std::shared_ptr<const RateClock>& clock,
                           Drives&) const;
    /// The sources' spikes, run so fast that their population's rate is nu.
    void add_replay(std::size_t s, double nu, const CircuitSpikes&, Drives&) const;

    [[nodiscard]] const CircuitSpikes* nearest_record(const std::vector<double>& nu) const;

    const PipelineConfig& config_;
    const Reduction& reduction_;
    std::size_t population_;
    const PopulationConfig& cell_;
    const SourceStatistics& statistics_;
    const SampledCells* sampled_;
    std::vector<std::size_t> pathway_;
    std::vector<bool> excitatory_;
    std::vector<double> unit_;
};

} // namespace mfm
