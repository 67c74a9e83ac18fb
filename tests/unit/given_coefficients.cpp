// SPDX-License-Identifier: Apache-2.0
// Transfer functions whose coefficients the pipeline gives, with adaptation inside of them or explicit.
#include <catch2/catch.hpp>

#include "transfer/fitted_function.hpp"
#include "transfer/given.hpp"
#include "unit/network_fixture.hpp"
#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace network_test;
using Catch::Contains;

namespace {

const std::string circuit = R"(
[population.cells]
neuron = "adex"
count = 10
parameters = { a = "4 nS", b = "60 pA", tau_w = "500 ms" }
receptors = [
    { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" },
    { kind = "exponential", tau_syn = "5 ms", E_rev = "-80 mV" },
]
[transfer]
basis = { plugin = "zerlaut", moments = "shot_noise", gain = 1 }
)";
const std::string coefficients = R"(
[transfer.coefficients.cells]
P_0 = "-49.8 mV"
P_1 = "5.06 mV"
P_2 = "-23.5 mV"
P_3 = "2.3 mV"
P_4 = "-0.41 mV"
P_5 = "10.5 mV"
P_6 = "-36.6 mV"
P_7 = "7.44 mV"
P_8 = "1.27 mV"
P_9 = "-40.7 mV"
)";

std::string refusal(const std::string& toml) {
    try {
        static_cast<void>(pipeline(toml));
    } catch (const InputError& error) {
        return error.what();
    }
    return "";
}
std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

/// The published transfer function of such a cell, 800 excitatory and 100 inhibitory sources.
struct Cell {
    PipelineConfig config = pipeline(circuit + coefficients);
    const PopulationConfig& population = config.populations[0];
    std::shared_ptr<const Instance> basis = std::make_shared<const Instance>(
        *config.transfer.bases[0].component, config.transfer.bases[0].settings, SourcePosition{});
    std::vector<InputPathway> pathways = {{"excitation", 0, population.receptors[0], 1.5, 800, true},
                                          {"inhibition", 1, population.receptors[1], 5, 100, false}};
    TransferInputs inputs{make_cell(population), pathways, *basis};
    TransferFit fit;

    explicit Cell(bool adapting = true) {
        fit.population = "cells";
        fit.basis = "zerlaut";
        fit.value = config.transfer.given[0].value;
        fit.lower.assign(4, 0.0);
        fit.upper.assign(4, 0.0);
        if (adapting) fit.adaptation = settled_adaptation(population);
    }
    [[nodiscard]] std::shared_ptr<const TransferFunction> transfer() const { return make_transfer(fit, basis, inputs); }
    /// The basis alone at a current I.
    [[nodiscard]] double at(const std::vector<double>& r, double I) const {
        InputPoint point;
        inputs.evaluate(r, I, 0, point);
        return basis_rates(*basis, point.x, fit.value, fit.lower, fit.upper)[0];
    }
    [[nodiscard]] double mu_V(const std::vector<double>& r, double I) const {
        InputPoint point;
        inputs.evaluate(r, I, 0, point);
        return point.x[0];
    }
};
double value(const TransferFunction& f, std::vector<double> r) {
    double F = 0;
    f.evaluate(r, 1, {&F, 1}, {}, {});
    return F;
}

} // namespace

TEST_CASE("the settled adaptation of an AdEx cell is b tau_w F + a (mu_V - E_L)") {
    const SettledAdaptation w = settled_adaptation(pipeline(circuit + coefficients).populations[0]);
    CHECK(w.per_hz == Approx(1e-3 * 60 * 500));
    CHECK(w.per_mV == Approx(4));
    CHECK(w.offset == Approx(4 * 65));
}

TEST_CASE("a transfer function with explicit adaptation is the basis at the current that its own rate makes") {
    const Cell cell;
    const auto transfer = cell.transfer();
    for (const std::vector<double>& r :
         {std::vector<double>{3000, 800}, {4000, 1000}, {5000, 1200}, {1600, 0}, {8000, 1500}}) {
        const double F = value(*transfer, r);
        double I = 0; // by plain damped iteration
        for (int i = 0; i < 4000; ++i) I += 0.02 * (-(30 * cell.at(r, I) + 4 * (cell.mu_V(r, I) + 65)) - I);
        CHECK(F == Approx(cell.at(r, I)).epsilon(1e-7));
        CHECK(F < cell.at(r, 0));
    }
}

TEST_CASE("derivatives and gain of a transfer function with explicit adaptation are exact") {
    const Cell cell;
    const auto transfer = cell.transfer();
    const std::vector<double> r = {4000, 900};
    std::vector<double> rate(1), d(2), d2(4), gain(1), d_gain(2);
    transfer->evaluate(r, 1, rate, d, d2);
    transfer->current_gain(r, 1, gain, d_gain);
    const auto shifted = [&](std::size_t s, double h) {
        std::vector<double> x = r;
        x[s] += h;
        return x;
    };
    for (std::size_t s = 0; s < 2; ++s) {
        const double h = 0.5;
        CHECK(d[s] ==
              Approx((value(*transfer, shifted(s, h)) - value(*transfer, shifted(s, -h))) / (2 * h)).epsilon(1e-5));
        std::vector<double> F(1), up(2), down(2), g_up(1), g_down(1);
        transfer->evaluate(shifted(s, h), 1, F, up, {});
        transfer->evaluate(shifted(s, -h), 1, F, down, {});
        for (std::size_t t = 0; t < 2; ++t) CHECK(d2[s * 2 + t] == Approx((up[t] - down[t]) / (2 * h)).epsilon(1e-5));
        transfer->current_gain(shifted(s, h), 1, g_up, {});
        transfer->current_gain(shifted(s, -h), 1, g_down, {});
        CHECK(d_gain[s] == Approx((g_up[0] - g_down[0]) / (2 * h)).epsilon(1e-5));
    }
    CHECK(d2[1] == Approx(d2[2]));

    // A current while the part of w that spikes made stays as it is, and the other follows the potential.
    const double made_by_spikes = 30 * rate[0];
    const auto with_current = [&](double dI) {
        double I = 0;
        for (int i = 0; i < 4000; ++i) I += 0.02 * (dI - made_by_spikes - 4 * (cell.mu_V(r, I) + 65) - I);
        return cell.at(r, I);
    };
    CHECK(gain[0] == Approx((std::log(with_current(0.1)) - std::log(with_current(-0.1))) / 0.2).epsilon(1e-3));
}

TEST_CASE("given coefficients are used as they are, and tested on the samples") {
    const Cell cell(false);
    TransferTable table;
    table.population = "cells";
    for (int i = 0; i < 12; ++i) {
        TransferPoint p;
        p.nu = {3.0 + 0.3 * i, 8.0 + 0.1 * i};
        p.use = i < 8 ? TransferPoint::Use::Working : TransferPoint::Use::HeldOut;
        p.rate_hz = cell.at({800 * p.nu[0], 100 * p.nu[1]}, 0) + 1.0;
        table.points.push_back(p);
    }
    const TransferFit fit = given_fit(table, cell.inputs, cell.basis, cell.fit.value, std::nullopt);
    CHECK(fit.given);
    CHECK(fit.value == cell.fit.value);
    CHECK(fit.message == "given, not fitted");
    CHECK(fit.coefficients.front() == "P_0");
    CHECK(fit.heldout_rmse_hz.value() == Approx(1.0));
    CHECK(fit.rmse_hz == Approx(1.0));
    CHECK((fit.points == 8 && fit.heldout_points == 4));
    CHECK((fit.G_i_lower > 0 && fit.G_i_lower < fit.G_i_upper));
    CHECK(fit.fitted_hz[3].value() == Approx(table.points[3].rate_hz - 1.0));
}

TEST_CASE("coefficients of a basis that is scaled to its samples mean nothing elsewhere, and are refused") {
    const Cell cell(false);
    const auto basis = std::make_shared<const Instance>(test::instance("softplus_conductance", MFM_TRANSFER_ID));
    const TransferInputs inputs(nullptr, cell.pathways, *basis);
    TransferTable table;
    table.population = "cells";
    for (int i = 0; i < 5; ++i) {
        TransferPoint p;
        p.nu = {3.0 + i, 5.0 + 0.2 * i};
        table.points.push_back(p);
    }
    CHECK_THROWS_WITH(given_fit(table, inputs, basis, {5, 20, -10, 0, 0, 0, 0, 0, 0, 0, 2}, std::nullopt),
                      Contains("transfer.coefficients.cells") && Contains("measures its inputs against the domain"));
}

TEST_CASE("explicit adaptation needs moments that know nothing of adaptation") {
    const Cell cell;
    const auto linearised =
        std::make_shared<const Instance>(test::instance("zerlaut", MFM_TRANSFER_ID, {{"gain", 1.0}}));
    const TransferInputs inputs(make_cell(cell.population), cell.pathways, *linearised);
    CHECK_THROWS_WITH(make_transfer(cell.fit, linearised, inputs), Contains("moments = \"shot_noise\""));
}

TEST_CASE("mistakes in given coefficients are told with what would be right") {
    CHECK(refusal(circuit + coefficients).empty()); // no optimizer: there is nothing to fit
    CHECK_THAT(refusal(circuit), Contains("transfer") && Contains("'optimizer'"));
    CHECK_THAT(refusal(circuit + with(coefficients, "P_9", "P_10")),
               Contains("unknown key 'P_10' in transfer.coefficients.cells"));
    CHECK_THAT(refusal(circuit + with(coefficients, "P_9 = \"-40.7 mV\"\n", "")),
               Contains("transfer.coefficients.cells needs a value for 'P_9'"));
    CHECK_THAT(refusal(circuit + with(coefficients, "-40.7 mV", "-40.7 nS")), Contains("must be a number in mV"));
    CHECK_THAT(refusal(circuit + with(coefficients, "s.cells", "s.cell")),
               Contains("there is no population of neurons 'cell' (did you mean 'cells'?)"));
    CHECK_THAT(refusal(with(circuit, "basis = { plugin = \"zerlaut\", moments = \"shot_noise\", gain = 1 }",
                            "basis = [\"zerlaut\", \"softplus_conductance\"]") +
                       coefficients),
               Contains("they are of one basis, and transfer.basis leaves 2 to choose from"));
    CHECK_THAT(refusal(circuit + "optimizer = \"ceres\"\nadaptation = \"explicit\"\n"),
               Contains("it says what given coefficients mean"));
    CHECK_THAT(refusal(circuit + "adaptation = \"explict\"\n" + coefficients), Contains("did you mean 'explicit'"));
}
