// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/abi.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/pipeline.hpp"
#include "plugin/component.hpp"
#include "remap/reduction.hpp"

namespace mfm {

/// A pathway as the membrane of one cell sees it.
struct InputPathway {
    std::string name;
    std::uint32_t port = 0;
    mfm_receptor receptor{};
    double Q = 0; ///< peak conductance of one event, nS (pA for a current port)
    double K = 1; ///< in-degree of the mean cell: events per presynaptic rate
    bool excitatory = true;
};
/// The pathways into a population, in the order of Reduction::pathways_into.
[[nodiscard]] std::vector<InputPathway> input_pathways(const Reduction&, std::size_t population,
                                                       const PopulationConfig&);

/// A neuron with its receptors set, for its subthreshold equations.
struct MembraneCell {
    Instance neuron;
    std::vector<mfm_receptor> receptors;
    /// Sets the receptors.  Throws PluginError or InputError.
    MembraneCell(Instance neuron, std::vector<mfm_receptor> receptors, const SourcePosition& where = {});
};
/// The cell of a population with its mean settings.
[[nodiscard]] std::shared_ptr<const MembraneCell> make_cell(const PopulationConfig&);

/// How the moments are computed.
enum class MomentKind {
    Linearised, ///< the neuron's own equations, linearised at their stationary point
    ShotNoise,  ///< shot noise on a leaky membrane (Zerlaut et al. 2018 for exponential, Lorenzi et al. 2023 for alpha
                ///< synapses)
    AutoMfm     ///< as the published tool does (Lorenzi et al. 2026): e multiplies the leak and is missing in mu_G
};
/// "linearised", "shot_noise" or "auto_mfm"; throws InputError for another name.
[[nodiscard]] MomentKind moment_kind(std::string_view name);

/// Mean, standard deviation and autocorrelation time of the membrane potential under stationary Poisson input, without
/// spiking, and the mean total conductance with the leak; S pathways.
struct MembraneMoments {
    enum Name { MuV, SigmaV, TauV, MuG }; ///< mV, mV, ms, nS
    bool defined = false;
    std::string_view reason; ///< why not
    double value[4] = {0, 0, 0, 0};
    std::vector<double> d[4];  ///< [S] by the event rate of each pathway, 1/Hz
    std::vector<double> d2[4]; ///< [S * S]
};

/// Membrane moments of one cell as functions of the event rates of its pathways.  Values are shared between threads
/// freely.
class MembraneModel {
public:
    /// Throws InputError when the neuron lacks what the kind of moments needs.
    MembraneModel(std::shared_ptr<const MembraneCell> cell, std::vector<InputPathway> pathways, MomentKind kind);

    /// Moments at event rates r [S] (Hz, all spikes that arrive through the pathway) and an extra constant current I
    /// (pA). order 0: values; 1: exact gradients too; 2: exact Hessians too (with MomentKind::Linearised third
    /// derivatives of the neuron's equations enter, which are differences of its exact second ones; they vanish for
    /// models like E-GLIF). Where the stationary point does not exist or is not stable, or nothing fluctuates,
    /// `defined` is false.  by_current: derivatives have I as a last variable behind the rates, S + 1 in all (not with
    /// MomentKind::Linearised).
    void evaluate(std::span<const double> r, double I, int order, MembraneMoments& out, bool by_current = false) const;

    [[nodiscard]] const std::vector<InputPathway>& pathways() const { return pathways_; }
    [[nodiscard]] MomentKind kind() const { return kind_; }
    [[nodiscard]] double C_m() const { return C_m_; } ///< pF
    [[nodiscard]] double g_L() const { return g_L_; } ///< nS

private:
    struct Linear;
    void linearised(std::span<const double> r, double I, int order, MembraneMoments& out) const;
    template <class T> void leaky(std::span<const T> r, const T& I, T (&moment)[4]) const;
    void differentiate_leaky(std::span<const double> r, double I, int order, bool by_current,
                             MembraneMoments& out) const;
    [[nodiscard]] bool stationary(Linear&, const double* g, double I) const;
    void equations(const double* x, const double* g, double I, double* dx, double* jacobian, double* hessian) const;

    std::shared_ptr<const MembraneCell> cell_;
    const mfm_neuron_v1* table_ = nullptr;
    std::vector<InputPathway> pathways_;
    MomentKind kind_;
    double C_m_ = 0, g_L_ = 0, E_L_ = 0, I_e_ = 0, V_low_ = 0, V_high_ = 0;
    int current_ = -1;                            ///< index of the constant current setting
    std::size_t ports_ = 0, n_ = 0, voltage_ = 0; ///< dynamic states, receptors, which state is the voltage
    std::vector<double> constant_hessian_;        ///< when the second derivatives are the same everywhere (E-GLIF, LIF)
    std::vector<double> settings_, rest_;         ///< all real settings; dynamic states at rest
};

} // namespace mfm
