// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "plugin/component.hpp"
#include "plugin/registry.hpp"
#include "support/diagnostics.hpp"

namespace mfm {

/// A plugin chosen by the pipeline file, with its checked settings.
struct PluginChoice {
    const Component* component = nullptr;
    SettingValues settings;
    std::vector<bool> given; ///< [settings] by the pipeline, rather than by default
    SourcePosition where;
    std::string canonical; ///< id, version and settings as text: what the content hash is made of
};

/// How a number is spread over cells or synapses.
struct Distribution {
    enum class Kind { Constant, Normal, Lognormal, Gamma, Uniform } kind = Kind::Constant;
    double mean = 0.0,
           sd = 0.0; ///< Constant uses mean only; Gamma and Lognormal are given by mean and sd of the value itself
    double lower = 0.0, upper = 0.0; ///< Uniform
    [[nodiscard]] bool is_constant() const { return kind == Kind::Constant; }
};

struct Layer {
    std::string name;
    double z_min = 0, z_max = 0; ///< um
};
struct Space {
    std::array<double, 3> size{0, 0, 0}; ///< um; all 0 when the pipeline has no space
    double chunk = 100.0;                ///< um; random placement draws its count per chunk
    std::vector<Layer> layers;
};

struct Placement {
    enum class Kind { None, Random, ParallelArray } kind = Kind::None;
    std::string layer;
    std::optional<std::uint64_t> count;
    std::optional<double> density; ///< per um^3 (Random) or per um^2 (ParallelArray)
    std::string density_of;        ///< with `ratio`: density is ratio x that population's
    double ratio = 0.0;
    double radius = 0.0, spacing_x = 0.0, angle_deg = 0.0; ///< ParallelArray; radius in um
    SourcePosition where;
};

struct PopulationConfig {
    enum class Kind { Neuron, Poisson, Relay } kind = Kind::Neuron;
    std::string name;
    std::optional<PluginChoice> neuron;
    std::vector<std::pair<std::size_t, Distribution>>
        distributed; ///< setting index and spread, for MFM_PER_NEURON settings
    std::vector<mfm_receptor> receptors;
    std::vector<std::pair<std::string, Distribution>> initial; ///< state name and its spread at t = 0
    std::optional<std::uint64_t> count;                        ///< when there is no placement
    double rate_hz = 0.0;                                      ///< Poisson: its rate where no stimulation targets it
    Placement placement;
    SourcePosition where;
};

/// Short-term plasticity of a projection's synapses: depression and facilitation (Tsodyks & Markram 1997).
struct PlasticityConfig {
    double U = 0.5;       ///< share of the resources that a spike uses at rest, in (0, 1]
    double u_0 = 0.5;     ///< share that the first spike uses
    double tau_rec = 0.0; ///< ms, recovery of resources, positive
    double tau_fac = 0.0; ///< ms, of facilitation; 0: depression alone
};

struct ProjectionConfig {
    std::string name, source, target;
    PluginChoice rule;
    std::vector<std::string>
        earlier;                ///< [settings of the rule]: projection named by an MFM_PROJECTION_NAME setting, or ""
    std::uint32_t port = 0;     ///< 0-based (the file counts receptors from 1)
    Distribution weight, delay; ///< nS or pA; ms
    Distribution contacts;      ///< synapses per pair, multiplies the weight; Constant 1 by default
    bool floor_contacts = true; ///< contacts are cut to whole numbers
    double keep = 1.0;          ///< fraction of pairs kept, thinned at random
    std::optional<PlasticityConfig> plasticity;
    SourcePosition where;
};

/// Independent Poisson input of every cell, without explicit source cells.
struct DriveConfig {
    std::string name, target;
    std::uint32_t port = 0;
    double rate_hz = 0.0, weight = 0.0; ///< of the summed train
    SourcePosition where;
};

/// A ball of space, its surface included; um.
struct Ball {
    std::array<double, 3> center{0, 0, 0};
    double radius = 0;
    SourcePosition where;
};

struct StimulationConfig {
    std::string name, target; ///< target: a Poisson population
    PluginChoice protocol;
    std::optional<Ball> within; ///< only the target's cells in here are stimulated; the others keep their own rate
    double duration = 0, transient = 0; ///< ms; 0: the default of [simulation]
    std::uint32_t trials = 1;
    SourcePosition where;
};

struct SimulationConfig {
    double dt = 0.1, duration = 5000.0, transient = 200.0, bin = 5.0,
           block = 200.0; ///< ms; block: of the standard errors
    bool record_spikes = false;
    double checkpoint = 60.0; ///< s of wall time between two checkpoints of a trial; 0: only when interrupted
};

struct RemapConfig {
    bool merge_relays = true;
};

/// Coefficients of one population's basis that the pipeline gives, in the basis's order and units: nothing is fitted.
struct GivenCoefficients {
    std::string population;
    std::vector<double> value;
    SourcePosition where;
};

struct TransferConfig {
    std::vector<PluginChoice> bases; ///< where there are several, each population takes the one with the least
                                     ///< cross-validated error
    PluginChoice optimizer;          ///< none where every population has given coefficients
    std::vector<GivenCoefficients> given;
    bool explicit_adaptation = false; ///< given coefficients are those of the rate at a given adaptation current
    enum class Cells { Mean, Sampled } cells = Cells::Mean; ///< what points are measured on
    std::uint32_t sampled_cells = 1024;                     ///< real cells of a population, at most
    enum class Fluctuations {
        None,
        Populations,
        Recorded
    } fluctuations = Fluctuations::None; ///< points are measured while their sources fluctuate together
    std::uint32_t points = 96, wide_points = 24, heldout_points = 32; ///< per population
    double seconds = 200.0;                                           ///< neuron-seconds per point
    std::uint32_t copies = 64;                                        ///< cells per point
    double transient = 400.0;                                         ///< ms
    enum class Sampling {
        Fixed,
        Adaptive
    } sampling = Sampling::Adaptive;                            ///< how points of the working range are chosen
    double tolerance_relative = 0.02, tolerance_absolute = 0.5; ///< of adaptive sampling; 1, Hz
    double working_low = 0.4, working_high = 2.0; ///< the working range: factors on the network's own presynaptic rates
    std::vector<std::string> stimulations;        ///< whose stationary conditions points are chosen around; empty: all
    double path_weight = 1.0; ///< points at the network's operating points count so many times in the fit
    std::uint32_t starts = 8, folds = 5;
    std::uint32_t renewal_below =
        60; ///< pathways with no more sources a cell are sampled with trains as regular as the sources'; 0: Poisson
};

/// One scale a pathway, fitted to the network's rates at some levels of its stationary stimuli.
struct CalibrationConfig {
    std::vector<double> levels_hz; ///< empty: up to three, spread over those that there are
    double lambda = 0.2;           ///< how much a scale that is e times too large costs, in units of ln rate
    SourcePosition where;
};

struct MeanFieldConfig {
    enum class InDegree { List, Gamma, Mean } in_degree = InDegree::List;
    enum class Dynamics { Synaptic, Rate, MasterEquation } dynamics = Dynamics::Synaptic;
    std::uint32_t order = 2; ///< of the master equation: 1, means alone; 2, means and covariances
    double T = 0.5;          ///< ms
    bool adaptation = true;
    bool finite_size_noise = false; ///< synaptic dynamics: populations of n cells fire Poisson numbers of spikes
    double noise_step = 0.2;        ///< ms, the bin in which these numbers are drawn
    bool cell_rates = false;        ///< in-degrees weigh every source by its own rate, computed from the wiring
    std::uint32_t in_degree_nodes = 64;
    double relative_tolerance = 1e-6, absolute_tolerance = 1e-6;
    std::optional<CalibrationConfig> calibration; ///< none unless the file has its table
};

struct ValidationConfig {
    double limited = 0.10, not_valid = 0.35;                  ///< relative error of a stationary rate
    double smoothing = 10.0, bin = 1.0;                       ///< ms
    double synchrony_fano = 0.0, synchrony_correlation = 0.0; ///< 0: the built-in limits
};

/// One pipeline file, read, checked and resolved; everything in the framework's units.
struct PipelineConfig {
    std::string name;
    std::uint64_t seed = 1;
    std::filesystem::path file;
    Space space;
    std::vector<PopulationConfig> populations; ///< in the order of the file
    std::vector<ProjectionConfig> projections; ///< in the order of the file
    std::vector<DriveConfig> drives;
    std::vector<StimulationConfig> stimulations; ///< in the order of the file
    SimulationConfig simulation;
    RemapConfig remap;
    TransferConfig transfer;
    MeanFieldConfig mean_field;
    ValidationConfig validation;
    std::string resolved_toml; ///< the whole pipeline after includes and --set, as TOML
    [[nodiscard]] std::size_t population_index(std::string_view population) const; ///< throws when there is none
};

struct LoadOptions {
    std::vector<std::string> set;                      ///< "key.path=value"
    std::vector<std::filesystem::path> plugin_folders; ///< --plugin-path
    std::optional<std::uint64_t> seed;
};
/// Folders named by the file's [plugins] path, read before a Registry exists.
[[nodiscard]] std::vector<std::filesystem::path> plugin_folders_of(const std::filesystem::path& file,
                                                                   const LoadOptions&);
/// Reads, merges, checks.  Throws InputError with file:line:column.
[[nodiscard]] PipelineConfig load_pipeline(const std::filesystem::path& file, const Registry&, const LoadOptions& = {});
/// The same from a merged document (of `file`); of the options only the seed counts.
[[nodiscard]] PipelineConfig read_pipeline(DocumentNode document, const std::filesystem::path& file, const Registry&,
                                           const LoadOptions& = {});

} // namespace mfm
