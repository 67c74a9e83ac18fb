// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>

namespace mfm {

/// A cell's transfer function: its stationary rate (Hz) for the event rates of its pathways.  What the mean field sees
/// of a fitted basis (or of a table, or of a published model). Arrays are pathway-major: r[s * n + i] is the rate of
/// all spikes reaching point i through pathway s (k_s nu_s, Hz), with s in the order of Reduction::pathways_into.
class TransferFunction {
public:
    virtual ~TransferFunction() = default;
    [[nodiscard]] virtual std::size_t pathways() const = 0;
    /// rate [n] Hz; d_r [pathways * n], pathway-major, dimensionless; d2_r [pathways * pathways * n] (s * S + t) * n +
    /// i, 1/Hz. d_r and d2_r may be empty: not wanted.  All exact.  Throws Error with the point when the function is
    /// not defined there.
    virtual void evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                          std::span<double> d2_r) const = 0;
    /// d ln F / d I (1/pA) for a small constant current, [n]; d_r as above.  0 where the population has no slow
    /// adaptation.
    virtual void current_gain(std::span<const double> r, std::size_t n, std::span<double> gain,
                              std::span<double> d_r) const = 0;
    /// True when the point r [pathways] lies in the domain that was sampled.
    [[nodiscard]] virtual bool inside(std::span<const double> r) const = 0;
};

} // namespace mfm
