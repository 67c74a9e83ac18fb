// SPDX-License-Identifier: Apache-2.0
#include <mfm/transfer.hpp>

#include "mfm_page.h"

namespace {

struct SoftplusConductance {
    static constexpr auto id = "softplus_conductance", version = "1.0.0",
                          summary = "softplus of a full cubic in the roots of the summed conductances", citation = "";
    static constexpr auto documentation = mfm_page;
    static constexpr std::size_t n_terms = 10;

    [[nodiscard]] std::vector<mfm::Axis> inputs() const {
        return {{"G_e", "nS", "summed mean excitatory conductance"},
                {"G_i", "nS", "summed mean inhibitory conductance"}};
    }
    [[nodiscard]] std::vector<mfm::Coefficient> coefficients() const {
        std::vector<mfm::Coefficient> out;
        for (int degree = 0; degree <= 3; ++degree)
            for (int j = 0; j <= degree; ++j)
                out.push_back({"c_" + std::to_string(degree - j) + std::to_string(j), "Hz",
                               "coefficient of x_e^i x_i^j in the cubic", degree == 0 ? 1.0 : 0.0});
        out.push_back({"s", "Hz", "softness of the foot", 5.0, 1e-3, 1e3});
        return out;
    }

    template <class X> static X scaled(const X& G, double low, double high) {
        using std::max, std::sqrt;
        if (!(high > low)) return X(0.0);
        const double shift = 1e-4 * high, u_low = std::sqrt(low + shift), u_high = std::sqrt(high + shift);
        const X positive = max(G, X(0.0));
        return (sqrt(positive + shift) - u_low) * (2.0 / (u_high - u_low)) - 1.0;
    }
    /// The ten monomials in the order of the coefficients; outside the domain, where a cubic may turn anywhere, their
    /// first-order continuation from its edge.
    template <class X> static std::array<X, n_terms> terms(const X* G, const mfm::Domain& domain) {
        using std::max, std::min;
        if (domain.lower.empty()) throw std::runtime_error("softplus_conductance needs the domain of its inputs");
        const X at_x = scaled(G[0], domain.lower[0], domain.upper[0]),
                at_y = scaled(G[1], domain.lower[1], domain.upper[1]);
        const X x = max(min(at_x, X(1.0)), X(-1.0)), y = max(min(at_y, X(1.0)), X(-1.0)), dx = at_x - x, dy = at_y - y;
        const X xx = x * x, xy = x * y, yy = y * y;
        return {X(1.0),
                at_x,
                at_y,
                xx + 2.0 * x * dx,
                xy + y * dx + x * dy,
                yy + 2.0 * y * dy,
                xx * x + 3.0 * xx * dx,
                xx * y + 2.0 * xy * dx + xx * dy,
                x * yy + yy * dx + 2.0 * xy * dy,
                yy * y + 3.0 * yy * dy};
    }
    template <class X, class C> [[nodiscard]] auto rate(const X* G, const C* c, const mfm::Domain& domain) const {
        const std::array<X, n_terms> t = terms(G, domain);
        auto p = t[0] * c[0];
        for (std::size_t k = 1; k < n_terms; ++k) p = p + t[k] * c[k];
        const auto& s = c[n_terms];
        return s * mfm::softplus(p / s);
    }

    [[nodiscard]] std::vector<double> guess(const mfm::TransferData& data) const {
        const std::size_t n = data.size();
        std::vector<double> design;
        double largest = 1.0;
        for (std::size_t i = 0; i < n; ++i) {
            const double G[2] = {data.input[0][i], data.input[1][i]};
            const auto t = terms(G, data.domain);
            design.insert(design.end(), t.begin(), t.end());
            largest = std::max(largest, data.rate[i]);
        }
        std::vector<double> best;
        double best_error = mfm::infinity;
        for (const double fraction : {0.01, 0.02, 0.04, 0.08, 0.15, 0.3}) {
            const double s = std::clamp(fraction * largest, 1e-3, 1e3);
            std::vector<double> target(n), weight(n);
            for (std::size_t i = 0; i < n; ++i) {
                const double F = std::max(data.rate[i], 0.25), slope = -std::expm1(-F / s);
                target[i] = F + s * std::log(slope); // s ln(exp(F/s) - 1)
                weight[i] = data.weight[i] * slope * slope;
            }
            std::vector<double> c = mfm::linear_fit(design, target, weight, n_terms);
            c.push_back(s);
            double error = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const double G[2] = {data.input[0][i], data.input[1][i]};
                const double miss = rate(G, c.data(), data.domain) - data.rate[i];
                error += data.weight[i] * miss * miss;
            }
            if (error < best_error) {
                best_error = error;
                best = c;
            }
        }
        return best;
    }
};

} // namespace

MFM_PLUGIN("automfm", mfm::Transfer<SoftplusConductance>);
