// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "meanfield/in_degree.hpp"
#include "remap/reduction.hpp"
#include "transfer/function.hpp"

namespace mfm {

/// What the mean field knows of one population.
struct PopulationModel {
    std::string name;
    bool external = false; ///< its rate is given; the rest is unused
    std::uint64_t n = 0;   ///< cells
    std::shared_ptr<const TransferFunction> transfer;
    double adaptation_rate = 0;      ///< k_2, 1/ms; 0: the neuron does not adapt
    double adaptation_increment = 0; ///< A_2, pA per spike
};

/// The rate of a population at given presynaptic rates, averaged over the in-degrees of its cells.
struct PopulationRate {
    double F = 0;            ///< Hz
    double g = 0;            ///< 1/pA: rate-weighted mean of d ln F / dI
    std::vector<double> dF;  ///< [pathways into it] by the presynaptic rate, dimensionless
    std::vector<double> dg;  ///< [pathways into it] 1/(pA Hz)
    std::vector<double> d2F; ///< [pathways into it x pathways into it] 1/Hz
};

/// Scratch memory of one caller: a model may be shared between threads, a workspace may not.
struct AverageWorkspace {
    std::vector<double> r, rate, d_r, d2_r, gain, d_gain;
};

/// A mean field of any number of populations and pathways: the circuit's Reduction with a transfer function for each
/// population, its in-degree nodes and the settings of the dynamics.  A value; copies share the large parts.
class MeanFieldModel {
public:
    /// `populations` in the order of Reduction::populations.  Throws InputError when the parts do not fit each other.
    MeanFieldModel(Reduction reduction, std::vector<PopulationModel> populations, const MeanFieldConfig& config);

    [[nodiscard]] const std::vector<PopulationModel>& populations() const { return populations_; }
    [[nodiscard]] const std::vector<Pathway>& pathways() const { return reduction_->pathways; }
    [[nodiscard]] const MeanFieldConfig& config() const { return config_; }
    /// Indices into pathways(), in the order of the transfer function's arguments.
    [[nodiscard]] const std::vector<std::size_t>& pathways_into(std::size_t p) const { return into_[p]; }
    /// Populations that have equations, and those whose rate is given; ascending.
    [[nodiscard]] const std::vector<std::size_t>& internal() const { return internal_; }
    [[nodiscard]] const std::vector<std::size_t>& external() const { return external_; }
    [[nodiscard]] const InDegreeNodes& nodes(std::size_t p) const { return *nodes_[p]; }
    /// True when p has an adaptation state: synaptic dynamics, config.adaptation, and adaptation slower than 5 ms.
    [[nodiscard]] bool adapts(std::size_t p) const;
    /// The same model with other in-degree nodes, e.g. Mean for comparison.
    [[nodiscard]] MeanFieldModel with_in_degree(MeanFieldConfig::InDegree in_degree) const;
    /// The same circuit with every in-degree of pathway s times scale[s] [pathways].
    [[nodiscard]] MeanFieldModel with_scales(std::span<const double> scale) const;
    /// The same model with another order of the master equation.
    [[nodiscard]] MeanFieldModel with_order(std::uint32_t order) const;

    /// Fbar_p = E_k[F_p(k nu)] for presynaptic rates nu [pathways_into(p)], Hz, >= 0; order 1: exact gradients too,
    /// 2: exact Hessians too.  `gain`: g too (0 where it is not wanted).  What is not finite is passed on; see check().
    void average(std::size_t p, std::span<const double> nu, int order, bool gain, AverageWorkspace&,
                 PopulationRate& out) const;
    /// Event rates (Hz) of all nodes at presynaptic rates nu, [pathways_into(p) * nodes], pathway-major.
    [[nodiscard]] std::vector<double> event_rates(std::size_t p, std::span<const double> nu) const;
    /// Throws Error when the average is no rate (NaN, infinite or negative), naming population and inputs.
    void check(std::size_t p, std::span<const double> nu, const PopulationRate&) const;
    /// Fbar of every population at given rates of every population, Hz; external populations keep theirs.
    [[nodiscard]] std::vector<double> transfer(std::span<const double> rate_hz) const;
    /// True when the mean cell's event rates lie in the domain of p's transfer function.
    [[nodiscard]] bool inside(std::size_t p, std::span<const double> nu) const;
    /// Fraction of p's cells (weight of the in-degree nodes) whose own event rates lie outside of that domain.
    [[nodiscard]] double cells_outside(std::size_t p, std::span<const double> nu) const;
    /// "granule_cell with inputs mossy_fibers 40 Hz (pathway 'mossy_to_granule', K 4.1), ...".
    [[nodiscard]] std::string describe_inputs(std::size_t p, std::span<const double> nu) const;

private:
    void make_nodes();
    [[nodiscard]] InDegreeNodes nodes_into(std::size_t p) const;

    std::shared_ptr<const Reduction> reduction_;
    std::vector<PopulationModel> populations_;
    MeanFieldConfig config_;
    std::vector<std::vector<std::size_t>> into_;
    std::vector<std::size_t> internal_, external_;
    std::vector<std::shared_ptr<const InDegreeNodes>> nodes_; ///< in-degrees, as the cells have them
    std::vector<std::vector<double>> factor_;                 ///< [p][pathways * nodes] k times source_fraction
    std::vector<std::vector<double>> mean_factor_;            ///< [p][pathways]
};

} // namespace mfm
