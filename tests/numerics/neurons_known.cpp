// SPDX-License-Identifier: Apache-2.0
// What is known of the neuron models without this code: NEST's own test values, closed forms, equivalent models.
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstdio>

#include "numerics/single_cells.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

using Settings = std::map<std::string, double>;

/// One cell, step by step.
class Cell {
public:
    Cell(const std::string& plugin, const Settings& settings, std::vector<mfm_receptor> receptors = {}, double dt = 0.1)
        : config_(cell(plugin, settings, std::move(receptors))), group_(config_, 1, dt, 1, 1), dt_(dt),
          weight_(group_.padded(), 0.0) {}
    double& state(const char* name) { return group_.state(static_cast<std::size_t>(group_.state_index(name)))[0]; }
    void set(const char* setting, double value) {
        group_.set_setting(static_cast<std::size_t>(group_.instance().setting_index(setting)), value);
    }
    /// One step; a spike of this weight into the first receptor takes effect at its end.
    void step(double arriving = 0.0) {
        std::vector<const double*> rows(group_.ports(), nullptr);
        weight_[0] = arriving;
        if (arriving != 0.0) rows[0] = weight_.data();
        std::uint32_t when = 0, which = 0;
        mfm_spikes out{sizeof(mfm_spikes), 1, 0, 0, &when, &which};
        group_.advance({0, group_.padded(), now_++, 1}, rows.data(), &out, nullptr);
        if (out.count > 0) spikes.push_back(static_cast<double>(now_) * dt_);
    }
    void run(double ms) {
        for (const std::uint64_t end = now_ + static_cast<std::uint64_t>(std::llround(ms / dt_)); now_ < end;) step();
    }
    std::vector<double> spikes; ///< ms

private:
    PopulationConfig config_;
    NeuronGroup group_;
    double dt_;
    AlignedVector<double> weight_;
    std::uint64_t now_ = 0;
};

std::size_t spikes_under(const std::string& plugin, Settings settings, double I_e, double ms) {
    settings["I_e"] = I_e;
    Cell cell(plugin, settings);
    cell.run(ms);
    return cell.spikes.size();
}
double rate_under(const std::string& plugin, Settings settings, double I_e, double dt = 0.1) {
    settings["I_e"] = I_e;
    Cell cell(plugin, settings, {}, dt);
    cell.run(1000);
    REQUIRE(cell.spikes.size() > 2);
    return 1e3 * static_cast<double>(cell.spikes.size() - 1) / (cell.spikes.back() - cell.spikes.front());
}

} // namespace

TEST_CASE("the Hodgkin-Huxley cell takes the course that NEST's own test of hh_cond_exp_traub demands") {
    // testsuite/unittests/test_hh_cond_exp_traub.sli: V_m (mV) every 0.1 ms, under 1 pA, 100 pA more from 1.1 ms on,
    // and spikes of 1 nS at 1.1 and 2.2 ms.
    constexpr std::array<double, 40> nest{
        39.1934,  38.5037,  33.1563,  22.1761,  7.13172,  -8.72846, -23.1221, -35.9526, -51.8259, -66.9940,
        -73.9833, -76.4715, -77.4865, -77.9377, -78.1358, -78.2039, -78.1978, -78.1458, -78.0638, -77.9615,
        -77.8452, -77.7191, -77.5260, -77.3464, -77.1764, -77.0134, -76.8556, -76.7019, -76.5514, -76.4035,
        -76.2577, -76.1137, -75.9714, -75.8306, -75.6911, -75.5530, -75.4160, -75.2803, -75.1457, -75.0123};
    const Settings settings = {{"g_Na", 19000}, {"g_K", 5000}, {"g_L", 9},     {"C_m", 110}, {"E_Na", 40},
                               {"E_K", -80},    {"E_L", -70},  {"t_ref", 3.5}, {"I_e", 1}};
    double error[2] = {};
    for (const int fine : {1, 8}) {
        Cell cell("hodgkin_huxley", settings, {exponential(0.3, 1)}, 0.1 / fine);
        // NEST begins with the gates at rest at v = E_L, not E_L - V_T, with its default E_L.
        const double v = -60;
        const auto settled = [](double opens, double closes) { return opens / (opens + closes); };
        cell.state("V_m") = 10;
        cell.state("Act_m") =
            settled(.32 * (13 - v) / (std::exp((13 - v) / 4) - 1), .28 * (v - 40) / (std::exp((v - 40) / 5) - 1));
        cell.state("Inact_h") = settled(.128 * std::exp((17 - v) / 18), 4 / (1 + std::exp((40 - v) / 5)));
        cell.state("Act_n") = settled(.032 * (15 - v) / (std::exp((15 - v) / 5) - 1), .5 * std::exp((10 - v) / 40));
        for (std::size_t k = 0; k < nest.size(); ++k) {
            if (k == 11) cell.set("I_e", 101);
            for (int i = 0; i < fine; ++i) cell.step(i + 1 == fine && (k == 10 || k == 21) ? 1.0 : 0.0);
            double& worst = error[fine == 1 ? 0 : 1];
            worst = std::max(worst, std::abs(cell.state("V_m") - nest[k]));
        }
    }
    std::printf("Hodgkin-Huxley cell: %.3f mV off NEST's course at dt 0.1 ms, %.4f at 0.0125\n", error[0], error[1]);
    CHECK(error[0] < 2.0); // on the falling flank, 15 mV a step
    CHECK(error[1] < 0.05);
}

TEST_CASE("Izhikevich's cell fires under any current above (b + k (v_t - v_r))^2 / (4 k), and under none below") {
    // Izhikevich 2007, section 8.1.4: the saddle-node of k x (x - D) - b x + I, D = v_t - v_r.
    const double rheobase = std::pow(-2 + 0.7 * 20, 2) / (4 * 0.7);
    CHECK(rheobase == Approx(51.43).epsilon(1e-4));
    CHECK(spikes_under("izhikevich", {}, rheobase - 0.05, 5000) == 0);
    CHECK(spikes_under("izhikevich", {}, rheobase + 0.5, 5000) > 2);
}

TEST_CASE("Izhikevich's form of 2003 is the same cell with C_m = 1 pF and k = 0.04 nS/mV") {
    // V' = 0.04 V^2 + 5 V + 140 - u + I, u' = a (b V - u), integrated here as it stands; regular spiking, I = 10.
    const double a = .02, b = .2, c = -65, d = 8, I = 10, h = 1e-4;
    const double v_r = (-5 - std::sqrt(25 - 4 * .04 * 140)) / .08, v_t = (-5 + std::sqrt(25 - 4 * .04 * 140)) / .08;
    std::vector<double> exact;
    double V = v_r, u = b * v_r;
    for (double t = 0; t < 200; t += h) {
        const auto dV = [&](double x, double y) { return .04 * x * x + 5 * x + 140 - y + I; };
        const auto du = [&](double x, double y) { return a * (b * x - y); };
        const double V_mid = V + .5 * h * dV(V, u), u_mid = u + .5 * h * du(V, u);
        V += h * dV(V_mid, u_mid), u += h * du(V_mid, u_mid);
        if (V >= 30) V = c, u += d, exact.push_back(t + h);
    }
    Cell cell("izhikevich",
              {{"C_m", 1},
               {"k", .04},
               {"v_r", v_r},
               {"v_t", v_t},
               {"V_peak", 30},
               {"a", a},
               {"b", b},
               {"c", c},
               {"d", d},
               {"I_e", I - b * v_r}},
              {}, 0.001);
    cell.run(200);
    REQUIRE(exact.size() > 4);
    REQUIRE(cell.spikes.size() == exact.size());
    for (std::size_t k = 0; k < exact.size(); ++k)
        CHECK(cell.spikes[k] == Approx(exact[k]).margin(0.005 * static_cast<double>(k + 1)));
}

TEST_CASE("without adaptation cadex fires under any current above g_L (V_th - E_L - Delta_T), and under none below") {
    const Settings plain = {{"gbar_A", 0}, {"dg_A", 0}};
    CHECK(spikes_under("cadex", plain, 79.9, 5000) == 0);
    CHECK(spikes_under("cadex", plain, 80.5, 5000) > 2);
}

TEST_CASE(
    "however strong, the adaptation of cadex holds the potential at its reversal potential, where a current drives it "
    "away") {
    Cell conductance("cadex", {{"tau_A", 1e5}}), current("adex", {{"E_L", -60}, {"V_peak", -40}, {"tau_w", 1e5}});
    conductance.state("g_A") = 190;
    current.state("w") = 1900;
    conductance.run(100);
    current.run(100);
    CHECK(conductance.state("V_m") == Approx((10 * -60 + 190 * -70) / 200.0).margin(0.05));
    CHECK(current.state("V_m") < -150);
}

TEST_CASE(
    "eglif_leaky without currents of its own and with a sharp threshold fires at the rate of lif, and eglif does not") {
    const Settings sharp = {{"C_m", 200},     {"tau_m", 20}, {"E_L", -65},      {"V_th", -50},
                            {"V_reset", -65}, {"t_ref", 2},  {"lambda_0", 1e3}, {"tau_V", .001}};
    for (const double I : {160.0, 200.0, 400.0}) {
        // t_ref + tau_m ln(R I/(R I - 15 mV)), R I = 0.1 mV/pA I
        const double exact = 1e3 / (2 + 20 * std::log(0.1 * I / (0.1 * I - 15)));
        CHECK(rate_under("eglif_leaky", sharp, I, 0.01) == Approx(exact).epsilon(0.005));
        CHECK(rate_under("lif", {{"t_ref", 2}}, I, 0.01) == Approx(exact).epsilon(0.003));
        CHECK(rate_under("eglif", sharp, I, 0.01) > 1.05 * exact);
    }
}

TEST_CASE("adex with Delta_T = 0 and no adaptation is lif: the same course, the same spikes") {
    Cell adex("adex", {{"Delta_T", 0}, {"a", 0}, {"b", 0}, {"t_ref", 2}, {"I_e", 170}}, {exponential(5, 0)}),
        lif("lif", {{"t_ref", 2}, {"I_e", 170}}, {exponential(5, 0)});
    double error = 0;
    for (int k = 0; k < 10000; ++k) {
        const double weight = k % 37 == 0 ? 2.0 : 0.0;
        adex.step(weight);
        lif.step(weight);
        error = std::max(error, std::abs(adex.state("V_m") - lif.state("V_m")));
    }
    CHECK(lif.spikes.size() > 20);
    CHECK(adex.spikes == lif.spikes);
    CHECK(error < 1e-9);
}

TEST_CASE("adex with Delta_T = 0 does not look at V_peak, and V_reset must lie below V_th") {
    const auto spikes = [](double V_peak) {
        return spikes_under("adex", {{"Delta_T", 0}, {"V_peak", V_peak}}, 300, 1000);
    };
    CHECK(spikes(0) > 5);
    CHECK(spikes(0) == spikes(-70));
    CHECK_THROWS_WITH(spikes_under("adex", {{"Delta_T", 0}, {"V_reset", -45}}, 0, 1),
                      Catch::Contains("V_reset must lie below V_th, where a spike is counted when Delta_T is 0"));
}

TEST_CASE("at dt 0.1 ms the Hodgkin-Huxley cell's first spike is within 0.02 ms and its rate within 0.5 % of the exact "
          "ones") {
    for (const double I : {100.0, 200.0, 500.0, 1500.0}) {
        const auto course = [&](double dt) {
            // Crossings of -20 mV between steps, by a straight line.
            Cell cell("hodgkin_huxley", {{"I_e", I}}, {}, dt);
            std::vector<double> at;
            double before = cell.state("V_m");
            for (int k = 0; k * dt < 300; ++k) {
                cell.step();
                const double now = cell.state("V_m");
                if (before < -20 && now >= -20) at.push_back(dt * (k + (-20 - before) / (now - before)));
                before = now;
            }
            CHECK(at.size() == cell.spikes.size());
            return at;
        };
        const auto exact = course(0.001), coarse = course(0.1);
        REQUIRE(exact.size() > 5);
        REQUIRE(coarse.size() == exact.size());
        const double rate = (exact.back() - exact.front()) / (coarse.back() - coarse.front()) - 1;
        std::printf("Hodgkin-Huxley cell under %4.0f pA: first spike %+.4f ms, rate %+.2f %%\n", I,
                    coarse[0] - exact[0], 100 * rate);
        CHECK(std::abs(coarse[0] - exact[0]) < 0.02);
        CHECK(std::abs(rate) < 0.005);
    }
}

TEST_CASE(
    "a Hodgkin-Huxley cell's spike is not counted within t_ref of the last one that was, and the course is the same") {
    Cell all("hodgkin_huxley", {{"I_e", 500}}), some("hodgkin_huxley", {{"I_e", 500}, {"t_ref", 30}});
    all.run(300);
    some.run(300);
    REQUIRE(some.spikes.size() > 4);
    CHECK(some.spikes.size() < all.spikes.size() / 2);
    for (std::size_t k = 1; k < some.spikes.size(); ++k) CHECK(some.spikes[k] - some.spikes[k - 1] > 30);
    CHECK(all.state("V_m") == some.state("V_m"));
}
