// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace mfm {

/// The past of a few rates, as the integrator's own polynomials: one piece an accepted step.
class RateHistory {
public:
    /// `constant`: the rates for all times before t0; `longest`: how far back anyone looks, ms.
    RateHistory(std::vector<double> constant, double t0, double longest);
    /// A step that ended at t with size h: derivative[k * rates + i] is the k-th derivative of rate i at t.
    void add(double t, double h, std::size_t order, std::span<const double> derivative);
    /// Rate i at t.  `cursor` is the caller's own, one for each use; it starts at 0.  Beyond the last step by rounding
    /// only.
    [[nodiscard]] double value(std::size_t i, double t, std::size_t& cursor) const;

private:
    static constexpr std::size_t most_orders = 6; ///< BDF's order 5, and the value
    struct Piece {
        double begin, end, inverse_h;
        std::size_t order;
        std::vector<double> coefficient; ///< [k * rates + i] of ((t - end) / h)^k
    };
    std::vector<double> constant_;
    double t0_, longest_;
    std::deque<Piece> pieces_;
    std::size_t dropped_ = 0; ///< pieces that nobody can ask for any more
};

} // namespace mfm
