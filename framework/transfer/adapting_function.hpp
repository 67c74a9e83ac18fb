// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "config/pipeline.hpp"
#include "transfer/fit.hpp"
#include "transfer/function.hpp"
#include "transfer/inputs.hpp"

namespace mfm {

/// From the neuron's roles and its own equations; all 0 where it does not adapt.  Throws InputError where the
/// subthreshold part is no straight line in the potential.
[[nodiscard]] SettledAdaptation settled_adaptation(const PopulationConfig&);

/// A transfer function whose basis gives the rate F_0 at a given adaptation current, which lowers the mean potential
/// (Zerlaut et al. 2018, di Volo et al. 2019): F solves
///     F = F_0(r, I),   I = -w(F, mu_V(r, I)).
/// Needs membrane moments that know nothing of adaptation: those of a leaky membrane.  Derivatives are exact, by
/// implicit differentiation.  Free for several threads.
class AdaptingTransfer : public TransferFunction {
public:
    /// fit: coefficients, domain and adaptation.  Throws InputError when the basis has no such moments.
    AdaptingTransfer(TransferFit fit, std::shared_ptr<const Instance> basis, TransferInputs inputs);

    [[nodiscard]] std::size_t pathways() const override { return inputs_.pathways(); }
    void evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                  std::span<double> d2_r) const override;
    /// By a current on top of w, whose part that follows the potential settles with it: (dF_0/dI / F) / (1 + per_mV
    /// dmu_V/dI), and 0 where that is negative or nothing fires.
    void current_gain(std::span<const double> r, std::size_t n, std::span<double> gain,
                      std::span<double> d_r) const override;
    [[nodiscard]] bool inside(std::span<const double> r) const override;

private:
    /// F_0 and mu_V with derivatives by the S rates and the current, V = S + 1 variables.
    struct Expansion {
        double F = 0, mu = 0;
        std::vector<double> dF, dmu;   ///< [V]
        std::vector<double> d2F, d2mu; ///< [V * V]
        InputPoint point;
    };
    void expand(std::span<const double> r, double I, int order, Expansion&) const;
    /// The current that belongs to the rates, with the expansion there.
    void settle(std::span<const double> r, int order, Expansion&) const;
    /// How it moves with the rates, [S]; pA/Hz.
    [[nodiscard]] std::vector<double> current_slope(const Expansion&) const;

    TransferFit fit_;
    std::shared_ptr<const Instance> basis_;
    TransferInputs inputs_;
    SettledAdaptation adaptation_;
};

} // namespace mfm
