// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/component.hpp"
#include "remap/moments.hpp"

namespace mfm {

/// The inputs of a basis at one point, with derivatives by the event rates of S pathways.
struct InputPoint {
    bool defined = false;
    std::string_view reason; ///< why not
    std::vector<double> x;   ///< [inputs]
    std::vector<double> d;   ///< [inputs * S]
    std::vector<double> d2;  ///< [inputs * S * S]
    MembraneMoments moments; ///< scratch, kept so that many points in turn allocate once
    std::vector<double> raised;
};

/// From the event rates of a population's pathways to the inputs that a transfer basis names: "G_e", "G_i" (nS),
/// "mu_V", "sigma_V" (mV), "tau_V" (ms), "tau_N" (tau_V g_L / C_m), "mu_G_N" (mu_G / g_L).
class TransferInputs {
public:
    /// Throws InputError when the basis names an unknown input or the pathways have no such input; the kind of moments
    /// is the basis's setting with MFM_ROLE_MOMENTS, linearised where it has none.
    TransferInputs(std::shared_ptr<const MembraneCell> cell, std::vector<InputPathway> pathways, const Instance& basis);

    [[nodiscard]] std::size_t size() const { return inputs_.size(); }
    [[nodiscard]] std::size_t pathways() const { return pathways_.size(); }
    [[nodiscard]] const std::vector<InputPathway>& pathway_list() const { return pathways_; }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    /// True when the basis needs membrane moments, which may be undefined at a point.
    [[nodiscard]] bool needs_moments() const { return membrane_.has_value(); }
    /// Inputs at event rates r [S] (Hz) and an extra constant current I (pA); order as in MembraneModel::evaluate.
    /// Moments see each rate as 1e-6 Hz at least, so that they exist without input.
    /// by_current: derivatives have I as a last variable behind the rates.
    void evaluate(std::span<const double> r, double I, int order, InputPoint& out, bool by_current = false) const;
    /// Without moments, inputs are sums over pathways: input axis_of(s) grows by unit_of(s) with the event rate of s.
    static constexpr std::size_t no_axis = ~std::size_t{0}; ///< a pathway whose conductance the basis does not ask for
    [[nodiscard]] std::size_t axis_of(std::size_t s) const { return axis_[s]; }
    [[nodiscard]] double unit_of(std::size_t s) const { return unit_[s]; }
    /// Summed mean conductances (nS) at event rates r.
    [[nodiscard]] std::pair<double, double> conductances(std::span<const double> r) const;

private:
    enum class Input { G_e, G_i, MuV, SigmaV, TauV, TauN, MuGN };
    std::vector<InputPathway> pathways_;
    std::vector<double> unit_;      ///< [S] nS per Hz of events
    std::vector<std::size_t> axis_; ///< [S] the input that a pathway's conductance is part of
    std::vector<Input> inputs_;
    std::vector<std::string> names_;
    std::optional<MembraneModel> membrane_;
};

} // namespace mfm
