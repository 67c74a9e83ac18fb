// SPDX-License-Identifier: Apache-2.0
#include <mfm/transfer.hpp>

#include <boost/math/special_functions/erf.hpp>

#include "mfm_page.h"

namespace {

constexpr const char* moment_choices[] = {"linearised", "shot_noise", "auto_mfm", nullptr};

struct Zerlaut {
    static constexpr auto id = "zerlaut", version = "1.0.0",
                          summary = "erfc of an effective threshold, polynomial in the membrane moments",
                          citation = "Zerlaut et al. 2018, doi:10.1007/s10827-017-0668-2; di Volo et al. 2019, "
                                     "doi:10.1162/neco_a_01173";
    static constexpr auto documentation = mfm_page;
    static constexpr double sqrt2 = 1.4142135623730951;

    struct Settings {
        std::int64_t terms;
        std::string moments;
        double gain;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::terms, "terms", "1", 10., 5., 10., "terms of the effective threshold: 5 or 10"},
                mfm::Field{&S::moments, "moments", moment_choices, "how the membrane moments are computed"}.role(
                    MFM_ROLE_MOMENTS),
                mfm::Field{&S::gain, "gain", "1", 0., 0., 1e3, "factor on the rate; 0: fitted between 1 and 6"}};
        }
    };
    explicit Zerlaut(const Settings& s) : terms_(static_cast<std::size_t>(s.terms)), gain_(s.gain) {
        if (terms_ != 5 && terms_ != 10)
            throw mfm::Infeasible("terms is " + std::to_string(terms_) + "; it must be 5 or 10");
    }

    [[nodiscard]] std::vector<mfm::Axis> inputs() const {
        std::vector<mfm::Axis> out{{"mu_V", "mV", "mean membrane potential"},
                                   {"sigma_V", "mV", "standard deviation of the membrane potential"},
                                   {"tau_V", "ms", "autocorrelation time of the membrane potential"},
                                   {"tau_N", "1", "tau_V g_L / C_m"}};
        if (terms_ == 5) out.push_back({"mu_G_N", "1", "mean total conductance over the leak"});
        return out;
    }
    [[nodiscard]] std::vector<mfm::Coefficient> coefficients() const {
        std::vector<mfm::Coefficient> out;
        for (std::size_t k = 0; k < terms_; ++k)
            out.push_back(
                {"P_" + std::to_string(k), "mV", "coefficient of the effective threshold", k == 0 ? -50.0 : 0.0});
        if (gain_ == 0) out.push_back({"gain", "1", "factor on the rate", 1.5, 1.0, 6.0});
        return out;
    }

    template <class X> [[nodiscard]] std::array<X, 10> monomials(const X* x) const {
        using std::log;
        const X m = (x[0] + 60.0) * 0.1, s = (x[1] - 4.0) * (1.0 / 6.0), t = x[3] - 0.5;
        if (terms_ == 5) return {X(1.0), m, s, t, log(x[4])};
        return {X(1.0), m, s, t, m * m, s * s, t * t, m * s, m * t, s * t};
    }
    template <class X, class C> [[nodiscard]] auto rate(const X* x, const C* c, const mfm::Domain&) const {
        using std::erfc, std::max, std::min;
        const std::array<X, 10> b = monomials(x);
        auto V_eff = b[0] * c[0];
        for (std::size_t k = 1; k < terms_; ++k) V_eff = V_eff + b[k] * c[k];
        using Z = decltype(V_eff);
        const Z z = (V_eff - x[0]) / (sqrt2 * x[1]);
        // Beyond +-30 erfc is 0 or 2 to the last bit, and so are its derivatives; z itself may overflow.
        const Z factor = gain_ == 0 ? Z(c[terms_]) : Z(gain_);
        return factor * (500.0 / x[2]) * erfc(max(min(z, Z(30.0)), Z(-30.0)));
    }

    [[nodiscard]] std::vector<double> guess(const mfm::TransferData& data) const {
        if (gain_ != 0) return threshold_fit(data, gain_).first;
        std::pair<std::vector<double>, double> best{{}, mfm::infinity};
        for (const double gain : {1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0}) {
            auto found = threshold_fit(data, gain);
            found.first.push_back(gain);
            if (found.second < best.second || best.first.empty()) best = found;
        }
        return best.first;
    }

private:
    /// Coefficients by linear least squares in threshold space at this gain, and their weighted error in rate space.
    [[nodiscard]] std::pair<std::vector<double>, double> threshold_fit(const mfm::TransferData& data,
                                                                       double gain) const {
        std::vector<double> design, target, weight, point(data.input.size());
        for (std::size_t i = 0; i < data.size(); ++i) {
            for (std::size_t k = 0; k < point.size(); ++k) point[k] = data.input[k][i];
            const double sigma = point[1], tau = point[2], argument = 2e-3 * tau * data.rate[i] / gain;
            if (!(argument > 0.0 && argument < 2.0)) continue;
            const double z = boost::math::erfc_inv(argument);
            const double slope =
                gain * 500.0 / tau * 1.1283791670955126 * std::exp(-z * z) / (sqrt2 * sigma); // -dF/dV_eff
            const auto b = monomials(point.data());
            design.insert(design.end(), b.begin(), b.begin() + static_cast<std::ptrdiff_t>(terms_));
            target.push_back(point[0] + sqrt2 * sigma * z);
            weight.push_back(data.weight[i] * slope * slope);
        }
        std::vector<double> c(terms_, 0.0);
        c[0] = -50.0;
        if (!target.empty()) c = mfm::linear_fit(design, target, weight, terms_);
        std::vector<double> with_gain = c;
        with_gain.push_back(gain);
        double error = 0;
        for (std::size_t i = 0; i < data.size(); ++i) {
            for (std::size_t k = 0; k < point.size(); ++k) point[k] = data.input[k][i];
            const double miss = rate(point.data(), with_gain.data(), data.domain) - data.rate[i];
            error += data.weight[i] * miss * miss;
        }
        return {c, error};
    }

    std::size_t terms_;
    double gain_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Transfer<Zerlaut>);
