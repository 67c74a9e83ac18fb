// SPDX-License-Identifier: Apache-2.0
#include <mfm/transfer.hpp>

#include "mfm_page.h"

namespace {

constexpr double root_pi = 1.7724538509055159;

/// exp(x^2) erfc(x) for x >= 0: as it is written, and beyond 7 its asymptotic series (Abramowitz & Stegun 7.1.23).
double erfcx(double x) {
    if (x < 7.0) return std::exp(x * x) * std::erfc(x);
    double term = 1.0, sum = 1.0;
    for (int k = 1; k <= 20; ++k) sum += term *= -(k - 0.5) / (x * x);
    return sum / (x * root_pi);
}
/// exp(u^2) (1 + erf(u)), what Siegert's integral is over, for u <= 20.
double integrand(double u) {
    return u > 0.0 ? 2.0 * std::exp(u * u) - erfcx(u) : erfcx(-u);
}
template <class T, std::size_t N> mfm::Dual<T, N> integrand(const mfm::Dual<T, N>& u) {
    const T f = integrand(u.value);
    return mfm::chain(u, f, T(2.0 * u.value * f + 2.0 / root_pi));
}

/// Integral of erfcx from x to y, 0 <= x, y.  With v = sinh(t) the integrand is smooth everywhere and flat in its tail;
/// Gauss-Legendre with eight nodes on pieces no longer than 0.5 in t.
double integral_of_erfcx(double x, double y) {
    constexpr double node[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363},
                     weight[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
    const double from = std::asinh(x), to = std::asinh(y);
    const int pieces = std::max(1, static_cast<int>(std::ceil(std::fabs(to - from) / 0.5)));
    const double half = 0.5 * (to - from) / pieces;
    double sum = 0;
    for (int p = 0; p < pieces; ++p) {
        const double middle = from + (2 * p + 1) * half;
        for (int k = 0; k < 4; ++k)
            for (const double t : {middle - node[k] * half, middle + node[k] * half})
                sum += weight[k] * erfcx(std::sinh(t)) * std::cosh(t);
    }
    return sum * half;
}
/// Integral of exp(v^2) from 0 to u >= 0: exp(u^2) times Dawson's function, by Rybicki's sum (1989), whose error is
/// exp(-(pi/2h)^2).
double integral_of_exp_square(double u) {
    constexpr double h = 0.2;
    double sum = 0;
    for (int n = 1; n * h < u + 7.0; n += 2) { // exp(-(n h)^2) sinh(2 u n h) / n
        const double x = n * h;
        sum -= std::exp((2.0 * u - x) * x) * std::expm1(-4.0 * u * x) / n;
    }
    return sum / root_pi;
}
/// Integral of exp(u^2) (1 + erf(u)) from a to b.
double siegert_integral(double a, double b) {
    double sum = integral_of_erfcx(std::max(-b, 0.0), std::max(-a, 0.0));
    if (b > 0.0) {
        const double low = std::max(a, 0.0);
        sum += 2.0 * (integral_of_exp_square(b) - integral_of_exp_square(low)) - integral_of_erfcx(low, b);
    }
    return sum;
}
template <class T, std::size_t N> mfm::Dual<T, N> siegert_integral(const mfm::Dual<T, N>& a, const mfm::Dual<T, N>& b) {
    const T at_a = integrand(a.value), at_b = integrand(b.value);
    mfm::Dual<T, N> out;
    out.value = siegert_integral(a.value, b.value);
    for (std::size_t i = 0; i < N; ++i) out.d[i] = at_b * b.d[i] - at_a * a.d[i];
    return out;
}

struct Siegert {
    static constexpr auto id = "siegert", version = "1.0.0",
                          summary = "first-passage rate of a leaky integrate-and-fire cell; nothing to fit",
                          citation = "Fourcaud & Brunel 2002, doi:10.1162/089976602320264015";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double V_th, V_reset, t_ref;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::V_th, "V_th", "mV", -50., -200., 100., "spike threshold"}.role(MFM_ROLE_THRESHOLD),
                mfm::Field{&S::V_reset, "V_reset", "mV", -65., -500., 100., "potential after a spike"}.role(
                    MFM_ROLE_RESET),
                mfm::Field{&S::t_ref, "t_ref", "ms", 2., 0., 1e3, "refractory period"}.role(MFM_ROLE_REFRACTORY)};
        }
    };
    explicit Siegert(const Settings& s) : s_(s) {
        if (s.V_reset >= s.V_th) throw mfm::Infeasible("V_reset must lie below V_th");
    }

    [[nodiscard]] std::vector<mfm::Axis> inputs() const {
        return {{"mu_V", "mV", "mean membrane potential"},
                {"sigma_V", "mV", "standard deviation of the membrane potential"},
                {"tau_V", "ms", "autocorrelation time of the membrane potential"},
                {"tau_N", "1", "tau_V g_L / C_m"},
                {"mu_G_N", "1", "mean total conductance over the leak"}};
    }
    [[nodiscard]] std::vector<mfm::Coefficient> coefficients() const { return {}; }

    template <class X, class C> [[nodiscard]] X rate(const X* x, const C*, const mfm::Domain&) const {
        using std::sqrt;
        // tau_V / T_m with T_m = C_m / mu_G, and that is 1 + tau_s / T_m: the moments carry the synapses' time
        // constant.
        const X ratio = x[3] * x[4], T_m = x[2] / ratio, sigma = x[1] * sqrt(2.0 * ratio);
        const X k = mfm::plain(ratio) > 1.0 + 1e-12 ? sqrt(ratio - 1.0) : X(0.0);
        constexpr double shift = 1.0326265761156091; // |zeta(1/2)| / sqrt(2)
        X reset = (s_.V_reset - x[0]) / sigma + shift * k, threshold = (s_.V_th - x[0]) / sigma + shift * k;
        // So far below threshold (less than 1e-150 Hz) only the distance to the reset counts on.
        if (mfm::plain(threshold) > 20.0) {
            reset = reset - (threshold - 20.0);
            threshold = X(20.0);
        }
        return 1e3 / (s_.t_ref + root_pi * T_m * siegert_integral(reset, threshold));
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Transfer<Siegert>);
