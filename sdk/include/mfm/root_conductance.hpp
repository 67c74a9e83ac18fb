// SPDX-License-Identifier: Apache-2.0
// What bases on summed conductances share: coordinates in which transfer functions are nearly straight, a polynomial
// that goes on linearly beyond the domain, a softplus that a refractory period may cap, and its start.
#pragma once
#include <mfm/transfer.hpp>

#include <array>

namespace mfm {

/// The two inputs of a basis on summed conductances.
[[nodiscard]] inline std::vector<Axis> conductance_axes() {
    return {{"G_e", "nS", "summed mean excitatory conductance"}, {"G_i", "nS", "summed mean inhibitory conductance"}};
}

/// 2 (u(G) - u(low)) / (u(high) - u(low)) - 1 with u(G) = sqrt(G + 1e-4 high): -1 .. 1 over the domain, and 0 where
/// that has no width.  The shift keeps the derivatives finite without input.
template <class X> [[nodiscard]] X root_conductance(const X& G, double low, double high) {
    using std::max, std::sqrt;
    if (!(high > low)) return X(0.0);
    const double shift = 1e-4 * high, u_low = std::sqrt(low + shift), u_high = std::sqrt(high + shift);
    const X positive = max(G, X(0.0));
    return (sqrt(positive + shift) - u_low) * (2.0 / (u_high - u_low)) - 1.0;
}
/// Both root conductances of a point.
template <class X> [[nodiscard]] std::array<X, 2> root_conductances(const X* G, const Domain& domain) {
    if (domain.lower.empty()) throw std::runtime_error("root conductances need the domain of the inputs");
    return {root_conductance(G[0], domain.lower[0], domain.upper[0]),
            root_conductance(G[1], domain.lower[1], domain.upper[1])};
}

/// The coefficient s of a softplus s ln(1 + exp(p / s)).
[[nodiscard]] inline Coefficient softness() {
    return {"s", "Hz", "softness of the foot", 5.0, 1e-3, 1e3};
}
/// S / (1 + dead S) with S = s ln(1 + exp(p / s)): the rate of a cell that fires with S outside of a dead time (s).
template <class P, class C> [[nodiscard]] auto softplus_rate(const P& p, const C& s, double dead) {
    const auto S = s * softplus(p / s);
    return S / (1.0 + dead * S);
}

/// Coefficients (c..., s) of softplus_rate near the data, p being linear in c.  For several s the rate is inverted, F =
/// 0 counting as 0.25 Hz, and solve(target, weight) finds the c whose p [n] is near the targets, with weights (weight
/// of the point) times (dF/dp)^2.  The s whose F = rate(i, coefficients) is nearest to the data wins.
template <class Solve, class Rate>
[[nodiscard]] std::vector<double> softplus_start(const TransferData& data, double dead, Solve&& solve, Rate&& rate) {
    const std::size_t n = data.size();
    std::vector<double> S(n), open(n), target(n), weight(n), best;
    double largest = 1.0, best_error = infinity;
    for (std::size_t i = 0; i < n; ++i) {
        const double F = std::max(data.rate[i], 0.25);
        open[i] = std::max(1.0 - dead * F, 0.05); // no more than noise carries a rate to the cap of 1 / dead
        S[i] = F / open[i];
        largest = std::max(largest, S[i]);
    }
    for (const double fraction : {0.01, 0.02, 0.04, 0.08, 0.15, 0.3}) {
        const double s = std::clamp(fraction * largest, softness().lower, softness().upper);
        for (std::size_t i = 0; i < n; ++i) {
            const double slope = -std::expm1(-S[i] / s), gain = slope * open[i] * open[i]; // dS/dp, dF/dp
            target[i] = S[i] + s * std::log(slope);                                        // s ln(exp(S/s) - 1)
            weight[i] = data.weight[i] * gain * gain;
        }
        std::vector<double> c = solve(target, weight);
        c.push_back(s);
        double error = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const double miss = rate(i, c) - data.rate[i];
            error += data.weight[i] * miss * miss;
        }
        if (error < best_error) {
            best_error = error;
            best = c;
        }
    }
    return best;
}

/// softplus_rate of a full polynomial of this degree (1 to 3) in the root conductances x_e and x_i,
///     p = sum over i + j <= degree of c_ij x_e^i x_i^j.
class RootSoftplus {
public:
    RootSoftplus(std::int64_t degree, double dead)
        : terms_(static_cast<std::size_t>((degree + 1) * (degree + 2) / 2)), degree_(degree), dead_(dead) {}

    [[nodiscard]] std::vector<Axis> inputs() const { return conductance_axes(); }
    [[nodiscard]] std::vector<Coefficient> coefficients() const {
        std::vector<Coefficient> out;
        for (std::int64_t n = 0; n <= degree_; ++n)
            for (std::int64_t j = 0; j <= n; ++j)
                out.push_back({"c_" + std::to_string(n - j) + std::to_string(j), "Hz",
                               "coefficient of x_e^i x_i^j in the polynomial", n == 0 ? 1.0 : 0.0});
        out.push_back(softness());
        return out;
    }
    template <class X, class C> [[nodiscard]] auto rate(const X* G, const C* c, const Domain& domain) const {
        const std::array<X, most_terms> t = monomials(root_conductances(G, domain));
        auto p = t[0] * c[0];
        for (std::size_t k = 1; k < terms_; ++k) p = p + t[k] * c[k];
        return softplus_rate(p, c[terms_], dead_);
    }
    [[nodiscard]] std::vector<double> guess(const TransferData& data) const {
        std::vector<double> design;
        const auto point = [&](std::size_t i) { return std::array{data.input[0][i], data.input[1][i]}; };
        for (std::size_t i = 0; i < data.size(); ++i) {
            const auto t = monomials(root_conductances(point(i).data(), data.domain));
            design.insert(design.end(), t.begin(), t.begin() + static_cast<std::ptrdiff_t>(terms_));
        }
        return softplus_start(
            data, dead_,
            [&](const std::vector<double>& target, const std::vector<double>& weight) {
                return linear_fit(design, target, weight, terms_);
            },
            [&](std::size_t i, const std::vector<double>& c) { return rate(point(i).data(), c.data(), data.domain); });
    }

private:
    static constexpr std::size_t most_terms = 10;
    /// The monomials of a cubic in the order of the coefficients; outside the domain, where a polynomial may turn
    /// anywhere, their first-order continuation from its edge.
    template <class X> static std::array<X, most_terms> monomials(const std::array<X, 2>& at) {
        using std::max, std::min;
        const X x = max(min(at[0], X(1.0)), X(-1.0)), y = max(min(at[1], X(1.0)), X(-1.0)), dx = at[0] - x,
                dy = at[1] - y;
        const X xx = x * x, xy = x * y, yy = y * y;
        return {X(1.0),
                at[0],
                at[1],
                xx + 2.0 * x * dx,
                xy + y * dx + x * dy,
                yy + 2.0 * y * dy,
                xx * x + 3.0 * xx * dx,
                xx * y + 2.0 * xy * dx + xx * dy,
                x * yy + yy * dx + 2.0 * xy * dy,
                yy * y + 3.0 * yy * dy};
    }
    std::size_t terms_;
    std::int64_t degree_;
    double dead_; // s
};

} // namespace mfm
