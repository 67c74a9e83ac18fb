// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "plugin/component.hpp"
#include "transfer/fit.hpp"
#include "transfer/function.hpp"
#include "transfer/inputs.hpp"

namespace mfm {

/// A fitted basis as a transfer function of the event rates of a population's pathways.  Free for several threads.
class FittedTransfer : public TransferFunction {
public:
    /// Throws InputError when the fit is of another basis or has another number of coefficients.
    FittedTransfer(TransferFit fit, std::shared_ptr<const Instance> basis, TransferInputs inputs);

    [[nodiscard]] std::size_t pathways() const override { return inputs_.pathways(); }
    void evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                  std::span<double> d2_r) const override;
    /// (ln(F_+ + 1e-3 Hz) - ln(F_- + 1e-3 Hz)) / (2 dI) of the fits with +dI and -dI, and 0 where that is negative:
    /// safe where nothing fires.  0 everywhere when the table had no points with a current.
    void current_gain(std::span<const double> r, std::size_t n, std::span<double> gain,
                      std::span<double> d_r) const override;
    /// Standard error (Hz) of sum_i weight_i F(r_i) that the covariance of the coefficients gives, to first order; r as
    /// in evaluate.  Nothing where there is no covariance, or where coefficients are so badly determined that rounding
    /// decides.
    [[nodiscard]] std::optional<double> average_se(std::span<const double> r, std::span<const double> weight) const;
    /// The summed conductances lie in the range that was sampled.
    [[nodiscard]] bool inside(std::span<const double> r) const override;
    [[nodiscard]] const TransferFit& fit() const { return fit_; }

private:
    void rates(std::span<const double> coefficients, double I, std::span<const double> r, std::size_t n,
               std::span<double> rate, std::span<double> d_r, std::span<double> d2_r,
               std::span<double> d_coefficient = {}) const;

    TransferFit fit_;
    std::shared_ptr<const Instance> basis_;
    const mfm_transfer_v1* table_;
    TransferInputs inputs_;
};

} // namespace mfm
