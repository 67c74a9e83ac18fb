// SPDX-License-Identifier: Apache-2.0
#include "transfer/fit.hpp"

#include <mfm/random.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>

#include "transfer/fitted_function.hpp"
#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

namespace {

class Recorded : public Progress {
public:
    void begin(const Task&) override {}
    void advance(std::uint64_t n) override { units += n; }
    void end(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string& line) override { warnings += line + "\n"; }
    std::atomic<std::uint64_t> units = 0;
    std::string warnings;
};

mfm_receptor alpha(double tau, double E) {
    return {sizeof(mfm_receptor), MFM_RECEPTOR_ALPHA, 0, 0, tau, 0.0, E};
}

/// A leaky cell with two excitatory pathways on one port and an inhibitory one.
std::shared_ptr<const MembraneCell> lif() {
    return std::make_shared<const MembraneCell>(instance("lif", MFM_NEURON_ID),
                                                std::vector<mfm_receptor>{alpha(2, 0), alpha(5, -80)});
}
std::vector<InputPathway> inputs() {
    return {{"parallel fibres", 0, alpha(2, 0), 0.4, 200, true},
            {"ascending axons", 0, alpha(2, 0), 0.9, 50, true},
            {"inhibition", 1, alpha(5, -80), 1.5, 20, false}};
}
Instance basis(const std::string& id, const Values& values = {}) {
    return instance(id, MFM_TRANSFER_ID, values);
}
Instance ceres(const Values& values = {}) {
    return instance("ceres", MFM_OPTIMIZER_ID, values);
}

/// A rate that has nothing to do with any basis: saturating, softly rectified.
double truth(double G_e, double G_i, double I) {
    const double drive = 3 * G_e - 2 * G_i - 8 + 0.1 * I;
    return 150 * std::tanh(6 * std::log1p(std::exp(drive / 6)) / 150);
}
TransferTable table(const TransferInputs& map, double noise = 0.0, double dI = 0.0, std::uint64_t draw = 0) {
    TransferTable out;
    out.population = "stellate_cell";
    for (std::uint32_t i = 0; i < 200; ++i) {
        RandomSequence random(5, 1, i);
        TransferPoint p;
        p.nu = {4 + 30 * random.uniform(), 4 + 30 * random.uniform(), 40 * random.uniform()};
        p.use = i < 100   ? TransferPoint::Use::Working
                : i < 120 ? TransferPoint::Use::Wide
                : i < 160 ? TransferPoint::Use::HeldOut
                          : TransferPoint::Use::Current;
        if (i == 115) p.nu[2] = 0;
        if (p.use == TransferPoint::Use::Current) {
            if (dI == 0) continue;
            p.I = i % 2 == 0 ? dI : -dI;
        }
        std::vector<double> r;
        for (std::size_t s = 0; s < 3; ++s) r.push_back(map.pathway_list()[s].K * p.nu[s]);
        std::tie(p.G_e, p.G_i) = map.conductances(r);
        RandomSequence error(6 + draw, 1, i);
        p.rate_hz = std::max(0.0, truth(p.G_e, p.G_i, p.I) + noise * error.normal());
        p.se_hz = std::max(noise, 0.01);
        out.points.push_back(p);
    }
    return out;
}

void check_derivatives(const TransferFunction& f, std::vector<double> r, double tolerance) {
    const std::size_t S = r.size();
    std::vector<double> F(1), d(S), d2(S * S), g(1), dg(S);
    f.evaluate(r, 1, F, d, d2);
    f.current_gain(r, 1, g, dg);
    for (std::size_t s = 0; s < S; ++s) {
        const double x = r[s], h = 1e-4 * x;
        double rates[4], gains[4];
        std::vector<double> gradients[4];
        const double steps[4] = {1, -1, 2, -2};
        for (int k = 0; k < 4; ++k) {
            r[s] = x + steps[k] * h;
            std::vector<double> at(1), slope(S);
            f.evaluate(r, 1, at, slope, {});
            rates[k] = at[0];
            gradients[k] = slope;
            f.current_gain(r, 1, at, {});
            gains[k] = at[0];
        }
        r[s] = x;
        const auto slope = [&](auto value) { return (8 * (value(0) - value(1)) - (value(2) - value(3))) / (12 * h); };
        CHECK(d[s] == Approx(slope([&](int k) { return rates[k]; })).epsilon(tolerance).margin(1e-9));
        CHECK(dg[s] == Approx(slope([&](int k) { return gains[k]; })).epsilon(tolerance).margin(1e-10));
        for (std::size_t t = 0; t < S; ++t)
            CHECK(d2[s * S + t] ==
                  Approx(slope([&](int k) { return gradients[k][t]; })).epsilon(tolerance).margin(1e-12));
    }
}

} // namespace

TEST_CASE("inputs of a basis: summed conductances and moments of the pathways' event rates") {
    const TransferInputs G(nullptr, inputs(), basis("softplus_conductance"));
    const std::vector<double> r = {2000, 700, 300};
    InputPoint at;
    G.evaluate(r, 0, 2, at);
    const double e = std::exp(1.0);
    CHECK(at.x[0] == Approx(e * 2 * (0.4 * 2000 + 0.9 * 700) * 1e-3));
    CHECK(at.x[1] == Approx(e * 5 * 1.5 * 300 * 1e-3));
    const double expected[] = {e * 2 * 0.4e-3, e * 2 * 0.9e-3, 0, 0, 0, e * 5 * 1.5e-3};
    for (std::size_t k = 0; k < 6; ++k) CHECK(at.d[k] == Approx(expected[k]));
    const TransferInputs V(lif(), inputs(), basis("zerlaut"));
    V.evaluate(r, 0, 0, at);
    REQUIRE(at.defined);
    CHECK(at.x[3] == Approx(at.x[2] * 10 / 200)); // tau_N = tau_V g_L / C_m
    CHECK_THROWS_WITH(TransferInputs(nullptr, inputs(), basis("zerlaut")), Contains("needs membrane moments"));
    auto mixed = inputs();
    mixed[1].receptor.flags = MFM_RECEPTOR_CURRENT;
    CHECK_THROWS_WITH(TransferInputs(nullptr, mixed, basis("softplus_conductance")),
                      Contains("some are conductances and some are currents"));
}

TEST_CASE("a softplus basis fitted to a smooth rectifier is within 1 Hz on points it has not seen") {
    const Instance soft = basis("softplus_conductance");
    const TransferInputs map(nullptr, inputs(), soft);
    Recorded progress;
    const FitOptions options;
    const TransferFit fit = fit_transfer(table(map), map, soft, ceres(), options, progress);
    CHECK(fit.outcome == MFM_CONVERGED);
    CHECK(fit.points == 120);
    CHECK(fit.heldout_points == 40);
    CHECK(fit.undefined_points == 0);
    CHECK(fit.rmse_hz < 0.5);
    CHECK(*fit.heldout_rmse_hz < 1.0);
    CHECK(*fit.heldout_median_relative_error < 0.02);
    CHECK(*fit.cross_validated_rmse_hz < 1.0);
    CHECK(*fit.cross_validated_rmse_hz > fit.rmse_hz);
    CHECK(fit.agreeing_starts >= fit.starts / 2);
    CHECK(fit.covariance.size() == 121);
    CHECK(progress.units == fit_count(options));
    CHECK(progress.warnings.empty());
    CHECK(fit.current.dI == 0);
    CHECK(fit.fitted_hz[0].has_value());
    CHECK(fit.upper == std::vector<double>{fit.G_e_upper, fit.G_i_upper});
}

TEST_CASE("the same table gives the same fit, bit for bit") {
    const Instance soft = basis("softplus_conductance");
    const TransferInputs map(nullptr, inputs(), soft);
    Recorded progress;
    const TransferTable t = table(map, 0.3, 20.0);
    const TransferFit a = fit_transfer(t, map, soft, ceres(), {}, progress),
                      b = fit_transfer(t, map, soft, ceres(), {}, progress);
    CHECK(a.value == b.value);
    CHECK(a.current.plus == b.current.plus);
    CHECK(a.cross_validated_rmse_hz == b.cross_validated_rmse_hz);
    CHECK(a.covariance == b.covariance);
}

TEST_CASE("noise in the samples shows in the coefficients' covariance") {
    const Instance soft = basis("softplus_conductance");
    const TransferInputs map(nullptr, inputs(), soft);
    Recorded progress;
    const TransferFit quiet = fit_transfer(table(map, 0.1), map, soft, ceres(), {}, progress),
                      noisy = fit_transfer(table(map, 2.0), map, soft, ceres(), {}, progress);
    for (std::size_t k = 0; k < 10; ++k) {
        CHECK(quiet.covariance[k * 12] > 0);
        CHECK(noisy.covariance[k * 12] > 4 * quiet.covariance[k * 12]);
        // The noise moves a coefficient by no more than a few of its standard errors.
        CHECK(std::abs(noisy.value[k] - quiet.value[k]) < 6 * std::sqrt(noisy.covariance[k * 12]));
    }
}

TEST_CASE("a fitted function has exact derivatives by every event rate, in conductance and in moment space") {
    Recorded progress;
    const std::vector<double> r = {3200, 900, 380};
    {
        auto soft = std::make_shared<const Instance>(basis("softplus_conductance"));
        const TransferInputs map(nullptr, inputs(), *soft);
        const FittedTransfer f(fit_transfer(table(map, 0, 20.0), map, *soft, ceres(), {}, progress), soft, map);
        check_derivatives(f, r, 1e-6);
    }
    for (const std::string moments : {"linearised", "shot_noise", "auto_mfm"}) {
        INFO(moments);
        auto zerlaut = std::make_shared<const Instance>(basis("zerlaut", {{"moments", moments}}));
        const TransferInputs map(lif(), inputs(), *zerlaut);
        const FittedTransfer f(fit_transfer(table(map, 0, 20.0), map, *zerlaut, ceres(), {.starts = 2}, progress),
                               zerlaut, map);
        check_derivatives(f, r, 1e-5);
    }
}

TEST_CASE("many points in one call are the points one by one") {
    Recorded progress;
    auto zerlaut = std::make_shared<const Instance>(basis("zerlaut"));
    const TransferInputs map(lif(), inputs(), *zerlaut);
    const FittedTransfer f(fit_transfer(table(map, 0, 20.0), map, *zerlaut, ceres(), {.starts = 1}, progress), zerlaut,
                           map);
    const std::size_t n = 7;
    std::vector<double> r(3 * n), F(n), d(3 * n), d2(9 * n), g(n), dg(3 * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t s = 0; s < 3; ++s)
            r[s * n + i] = (s == 0 ? 2500.0 : 500.0) + 60.0 * static_cast<double>(i * (s + 1));
    f.evaluate(r, n, F, d, d2);
    f.current_gain(r, n, g, dg);
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<double> F1(1), d1(3), d21(9), g1(1), dg1(3);
        const std::vector<double> r1 = {r[i], r[n + i], r[2 * n + i]};
        f.evaluate(r1, 1, F1, d1, d21);
        f.current_gain(r1, 1, g1, dg1);
        CHECK(F[i] == F1[0]);
        CHECK(g[i] == g1[0]);
        for (std::size_t s = 0; s < 3; ++s) CHECK((d[s * n + i] == d1[s] && dg[s * n + i] == dg1[s]));
        for (std::size_t s = 0; s < 9; ++s) CHECK(d2[s * n + i] == d21[s]);
    }
}

TEST_CASE("the gain of a current is the logarithmic slope of the rate, and harmless where nothing fires") {
    Recorded progress;
    auto soft = std::make_shared<const Instance>(basis("softplus_conductance"));
    const TransferInputs map(nullptr, inputs(), *soft);
    const FittedTransfer f(fit_transfer(table(map, 0, 10.0), map, *soft, ceres(), {}, progress), soft, map);
    CHECK(f.fit().current.points == 40);
    for (const std::vector<double>& r : {std::vector<double>{3000, 800, 300}, {5000, 1200, 400}}) {
        const auto [G_e, G_i] = map.conductances(r);
        const double slope = (std::log(truth(G_e, G_i, 1)) - std::log(truth(G_e, G_i, -1))) / 2;
        std::vector<double> g(1);
        f.current_gain(r, 1, g, {});
        CHECK(g[0] == Approx(slope).epsilon(0.1));
    }
    std::vector<double> g(1), dg(3), F(1);
    f.current_gain(std::vector<double>{0, 0, 800}, 1, g, dg);
    CHECK((std::isfinite(g[0]) && g[0] >= 0 && g[0] < 1));
    for (const double d : dg) CHECK(std::isfinite(d));

    const FittedTransfer none(fit_transfer(table(map), map, *soft, ceres(), {}, progress), soft, map);
    none.current_gain(std::vector<double>{3000, 800, 300}, 1, g, dg);
    CHECK(g[0] == 0);
}

TEST_CASE("the domain of a fit is the range that was sampled") {
    Recorded progress;
    auto soft = std::make_shared<const Instance>(basis("softplus_conductance"));
    const TransferInputs map(nullptr, inputs(), *soft);
    const FittedTransfer f(fit_transfer(table(map), map, *soft, ceres(), {}, progress), soft, map);
    CHECK(f.inside(std::vector<double>{3000, 800, 300}));
    CHECK(f.inside(std::vector<double>{3000, 800, 0})); // inhibition was silent in one of the wide points
    CHECK_FALSE(f.inside(std::vector<double>{30000, 800, 300}));
    CHECK_FALSE(f.inside(std::vector<double>{3000, 800, 3000}));
}

TEST_CASE("points without membrane moments are left out of the fit and counted") {
    // A leak that is marginally unstable at low conductance, as in the granule cell.
    Instance eglif =
        instance("eglif", MFM_NEURON_ID,
                 {{"C_m", 7.0}, {"tau_m", 24.15}, {"k_adap", 0.022}, {"k_2", 0.041}, {"k_1", 0.311}, {"V_th", -41.0}});
    const auto cell =
        std::make_shared<const MembraneCell>(std::move(eglif), std::vector<mfm_receptor>{alpha(2, 0), alpha(5, -80)});
    auto weak = inputs();
    for (InputPathway& p : weak) p.K = 0.1;
    const Instance zerlaut = basis("zerlaut");
    const TransferInputs map(cell, weak, zerlaut);
    TransferTable t = table(map);
    std::size_t cut = 0;
    for (std::size_t i = 0; i < 100; i += 10, ++cut) t.points[i].nu = {0.001, 0.001, 0.001};
    for (TransferPoint& p : t.points) p.rate_hz = 5 + p.nu[0];
    Recorded progress;
    const TransferFit fit = fit_transfer(t, map, zerlaut, ceres(), {.starts = 1, .folds = 0}, progress);
    CHECK(fit.undefined_points >= cut);
    CHECK(fit.undefined_points + fit.points == 120);
    CHECK_FALSE(fit.fitted_hz[0].has_value());
}

TEST_CASE("what keeps a fit from being made is said in a sentence") {
    Recorded progress;
    const Instance soft = basis("softplus_conductance");
    const TransferInputs map(nullptr, inputs(), soft);
    TransferTable few = table(map);
    few.points.resize(8);
    CHECK_THROWS_WITH(fit_transfer(few, map, soft, ceres(), {}, progress),
                      Contains("has 8 points to fit 11 coefficients of 'softplus_conductance'"));
    TransferTable wrong = table(map);
    wrong.points[0].nu.pop_back();
    CHECK_THROWS_WITH(fit_transfer(wrong, map, soft, ceres(), {}, progress),
                      Contains("2 presynaptic rates at a point, but the population has 3 pathways"));
    TransferTable sizes = table(map, 0, 10.0);
    sizes.points.back().I *= 2;
    CHECK_THROWS_WITH(fit_transfer(sizes, map, soft, ceres(), {}, progress), Contains("one size, with both signs"));
    const TransferFit fit = fit_transfer(table(map), map, soft, ceres({{"max_iterations", 1.0}}), {}, progress);
    CHECK(fit.outcome == MFM_BUDGET);
    CHECK_THAT(progress.warnings, Contains("the fit of 'stellate_cell' by 'ceres' did not converge"));
    CHECK_THROWS_WITH(FittedTransfer(fit, std::make_shared<const Instance>(basis("zerlaut")),
                                     TransferInputs(lif(), inputs(), basis("zerlaut"))),
                      Contains("fit it again"));
}

TEST_CASE("the standard error of a fitted average is the spread of fits to other samples") {
    const Instance soft = basis("softplus_conductance");
    const TransferInputs map(nullptr, inputs(), soft);
    const auto basis_of_fits = std::make_shared<const Instance>(basis("softplus_conductance"));
    FitOptions options;
    options.starts = 1;
    options.folds = 0;
    // Two points of the working range, one weighing twice the other.
    const std::vector<double> r = {3000, 4500, 900, 800, 300, 500}, weight = {1.0 / 3, 2.0 / 3};
    constexpr int draws = 40;
    double sum = 0, square = 0, told = 0, known = 0;
    for (std::uint64_t draw = 0; draw < draws; ++draw) {
        Recorded progress;
        const FittedTransfer f(fit_transfer(table(map, 3.0, 0.0, draw), map, soft, ceres(), options, progress),
                               basis_of_fits, map);
        std::vector<double> F(2);
        f.evaluate(r, 2, F, {}, {});
        const double average = weight[0] * F[0] + weight[1] * F[1];
        sum += average;
        square += average * average;
        if (const auto se = f.average_se(r, weight)) { // coefficients may be anything where the data do not tell
            told += *se;
            ++known;
        }
    }
    const double spread = std::sqrt((square - sum * sum / draws) / (draws - 1));
    CHECK(known > draws / 2);
    CHECK(told / known == Approx(spread).epsilon(0.35));
}
