// SPDX-License-Identifier: Apache-2.0
// The rate of a cell as a logistic function of its mean conductances.  Edit it into your transfer function.
#include <mfm/root_conductance.hpp>

#include "mfm_page.h" // README.md as the text mfm_page, which `automfm describe my_plugin` prints

namespace {

struct Basis {
    static constexpr auto id = "my_plugin", version = "0.1.0", summary = "logistic function of root conductances",
                          citation = "Wilson & Cowan 1972, doi:10.1016/S0006-3495(72)86068-5";
    static constexpr auto documentation = mfm_page;

    // A row: member, name in the pipeline file, unit, default, lower and upper bound, meaning.  With the role, the
    // default is the refractory period of the population's own neuron.
    struct Settings {
        double t_ref;
        static constexpr auto fields() {
            return std::tuple{mfm::Field{&Settings::t_ref, "t_ref", "ms", 2., 0., 1e3, "refractory period"}.role(
                MFM_ROLE_REFRACTORY)};
        }
    };
    explicit Basis(const Settings& s) : dead_(1e-3 * s.t_ref) {}

    // Inputs: any of G_e, G_i, mu_V, sigma_V, tau_V, tau_N, mu_G_N (docs/plugins/transfer.md), at most 6.
    [[nodiscard]] std::vector<mfm::Axis> inputs() const { return mfm::conductance_axes(); }
    // Name, unit, meaning, value to start from without data, bounds of the fit.
    [[nodiscard]] std::vector<mfm::Coefficient> coefficients() const {
        return {{"r_max", "Hz", "rate of the strongest drive", 50., 1e-3, 1e4},
                {"c_0", "1", "drive in the middle of the domain", 0., -100., 100.},
                {"c_e", "1", "excitation", 1., -100., 100.},
                {"c_ee", "1", "its curvature", 0., -100., 100.},
                {"c_i", "1", "inhibition", -1., -100., 100.}};
    }
    // The function, Hz: one expression in inputs x and coefficients c.  X and C are numbers, or numbers that carry
    // their derivatives; elementary functions are called without std:: after a using.  Not negative, finite everywhere.
    template <class X, class C> [[nodiscard]] auto rate(const X* G, const C* c, const mfm::Domain& domain) const {
        using std::exp;
        const auto [x_e, x_i] = mfm::root_conductances(G, domain); // -1 .. 1 over the domain
        const auto drive = c[1] + c[2] * x_e + c[3] * x_e * x_e + c[4] * x_i;
        const auto S = c[0] / (1.0 + exp(-drive));
        return S / (1.0 + dead_ * S);
    }
    // A start near the data (optional): with r_max given, ln(S / (r_max - S)) is linear in the other coefficients.
    [[nodiscard]] std::vector<double> guess(const mfm::TransferData& data) const {
        double largest = 1.0;
        for (const double F : data.rate) largest = std::max(largest, F);
        const double r_max = 1.5 * largest;
        std::vector<double> design, target, weight;
        for (std::size_t i = 0; i < data.size(); ++i) {
            const std::array G{data.input[0][i], data.input[1][i]};
            const auto [x_e, x_i] = mfm::root_conductances(G.data(), data.domain);
            const double S = std::max(data.rate[i], 1e-2 * largest); // no logarithm of nothing
            const double slope = S * (1.0 - S / r_max);              // dS / d drive
            design.insert(design.end(), {1.0, x_e, x_e * x_e, x_i});
            target.push_back(std::log(S / (r_max - S)));
            weight.push_back(data.weight[i] * slope * slope);
        }
        std::vector<double> c = mfm::linear_fit(design, target, weight, 4);
        c.insert(c.begin(), r_max);
        return c;
    }

private:
    double dead_; // s
};

} // namespace

MFM_PLUGIN("my lab", mfm::Transfer<Basis>);
