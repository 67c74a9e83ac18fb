// SPDX-License-Identifier: Apache-2.0
// The error budget on circuits in which the misfit of every step is known.
#include <catch2/catch.hpp>

#include <map>
#include <numeric>

#include "numerics/meanfield_fixture.hpp"
#include "validate/error_budget.hpp"

using namespace mfm;
using namespace meanfield_test;

namespace {

constexpr double input_hz = 10;
constexpr std::size_t n_cells = 40;

double in_degree(std::size_t i) {
    return 1.0 + 0.1 * static_cast<double>(i % 20);
}
double softplus(double x) {
    return 10 * std::log1p(std::exp(x / 10));
}
double mean(const std::vector<double>& x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}
std::vector<double> plus(std::vector<double> x, double shift) {
    for (double& v : x) v += shift;
    return x;
}

/// Cells with in-degrees of their own, driven by one external population: F = softplus(offset + 2 k nu), exactly what
/// cells, mean field and all between do until a test changes one of them.
struct Feedforward {
    Circuit circuit;
    std::vector<double> truth;
    PopulationActivity activity;
    TransferTable table;
    MeanFieldCondition solved;
    explicit Feedforward(double offset = 0) {
        const std::size_t in = circuit.external("input");
        const std::size_t out = circuit.internal("cells", std::make_shared<Softplus>(offset, std::vector<double>{2.0}));
        circuit.reduction.populations[out].n = n_cells;
        Pathway& w = circuit.pathway(in, out, receptor(MFM_RECEPTOR_ALPHA, 5));
        for (std::size_t i = 0; i < n_cells; ++i) {
            w.in_degree.push_back(static_cast<float>(in_degree(i)));
            truth.push_back(softplus(2 * static_cast<double>(w.in_degree.back()) * input_hz));
        }
        w.K = 1.95;
        w.K_sd = 0.58;
        network(truth);
        table.population = "cells";
        for (std::uint32_t i = 0; i < n_cells; ++i) table.cell.push_back(i);
        for (const char* swap : {"correlation", "source_rates", "regular_trains"})
            table.measured.push_back({swap, 0, truth});
        table.measured.push_back({"correlation", 1, plus(truth, 100)}); // another condition
        solve(circuit.model());
    }
    void network(const std::vector<double>& rates) {
        activity.cell_rate_hz = rates;
        activity.rate_hz = mean(rates);
    }
    void solve(const MeanFieldModel& model) {
        const std::vector<double> start = {input_hz, 0.0};
        solved.rate_hz = model.transfer(start);
    }
    [[nodiscard]] OperatingState state() const {
        return {{input_hz, activity.rate_hz}, {0, activity.rate_se_hz}, {input_hz, 0}, {0, 0}};
    }
    [[nodiscard]] std::vector<BudgetTerm> terms(const MeanFieldModel& model, const MeanFieldModel* calibrated = nullptr,
                                                const Reduction* network = nullptr) const {
        const OperatingState at = state();
        const auto loop = loop_gain(calibrated != nullptr ? *calibrated : model, at);
        const ChainInputs in{network != nullptr ? *network : circuit.reduction,
                             model,
                             calibrated,
                             table,
                             1,
                             0,
                             activity,
                             solved,
                             at,
                             loop};
        return budget_terms(activity.rate_hz, error_chain(in));
    }
    [[nodiscard]] std::vector<BudgetTerm> terms() const { return terms(circuit.model()); }
};

/// All terms but those named are 0, and all sum to the error of the mean field.
void check_only(const std::vector<BudgetTerm>& terms, const Feedforward& f,
                const std::map<std::string, double>& known) {
    double sum = 0;
    std::size_t found = 0;
    for (const BudgetTerm& term : terms) {
        INFO(term.name);
        const auto expected = known.find(term.name);
        found += expected != known.end();
        CHECK(term.hz == Approx(expected == known.end() ? 0.0 : expected->second).epsilon(1e-9).margin(1e-9));
        sum += term.hz;
    }
    CHECK(found == known.size());
    CHECK(sum == Approx(f.solved.rate_hz[1] - f.activity.rate_hz).margin(1e-12));
}

} // namespace

TEST_CASE("where nothing is wrong, every term of the budget is 0") {
    const Feedforward f;
    const auto terms = f.terms();
    std::vector<std::string> names;
    for (const auto& term : terms) names.push_back(term.name);
    CHECK(names ==
          std::vector<std::string>{"correlation", "source_rates", "regular_trains", "fit", "in_degree", "loops"});
    check_only(terms, f, {});
}

TEST_CASE("what the network's correlations do stands under correlation alone, with the noise of both sides") {
    Feedforward f;
    std::vector<double> network = f.truth;
    for (std::size_t i = 0; i < n_cells; ++i) network[i] -= i % 2 == 0 ? 1.5 : 2.5;
    f.network(network);
    f.activity.rate_se_hz = 0.3;
    const auto terms = f.terms();
    check_only(terms, f, {{"correlation", 2.0}});
    const double paired = 0.5 / std::sqrt(n_cells - 1.0); // sd of +-0.5 over cells that are otherwise all different
    CHECK(*terms[0].se_hz == Approx(std::hypot(paired, 0.3)));
    CHECK(*terms[1].se_hz == 0.0);
}

TEST_CASE("what the sources' own rates do stands under source rates alone, what regular trains do under theirs") {
    Feedforward f;
    f.network(plus(f.truth, -3));
    f.table.measured[0].rate_hz = plus(f.truth, -3);
    check_only(f.terms(), f, {{"source_rates", 3.0}});
    f.table.measured[1].rate_hz = plus(f.truth, -3);
    check_only(f.terms(), f, {{"regular_trains", 3.0}});
}

TEST_CASE("a transfer function that misses its cells stands under fit alone") {
    Feedforward f(4.0), right;
    for (const auto& rates : {&f.table.measured[0].rate_hz, &f.table.measured[1].rate_hz, &f.table.measured[2].rate_hz})
        *rates = right.truth;
    f.network(right.truth);
    check_only(f.terms(), f, {{"fit", f.solved.rate_hz[1] - mean(right.truth)}});
    CHECK(f.solved.rate_hz[1] > mean(right.truth) + 2);
}

TEST_CASE("a mean field at the mean in-degree errs under in-degree alone") {
    Feedforward f;
    f.circuit.config.in_degree = MeanFieldConfig::InDegree::Mean;
    f.solve(f.circuit.model());
    check_only(f.terms(), f, {{"in_degree", softplus(2 * 1.95 * input_hz) - mean(f.truth)}});
}

TEST_CASE("in-degrees that weigh sources by computed rates, and a calibration, have steps of their own") {
    Feedforward f;
    const Reduction network = f.circuit.reduction;
    Circuit weighed = f.circuit;
    for (float& k : weighed.reduction.pathways[0].in_degree) k *= 1.25f;
    f.solve(weighed.model());
    check_only(f.terms(weighed.model(), nullptr, &network), f,
               {{"computed_source_rates", f.solved.rate_hz[1] - mean(f.truth)}});

    const MeanFieldModel plain = f.circuit.model();
    const std::vector<double> scales = {0.5};
    const MeanFieldModel calibrated = plain.with_scales(scales);
    f.solve(calibrated);
    check_only(f.terms(plain, &calibrated), f, {{"calibration", f.solved.rate_hz[1] - mean(f.truth)}});
}

TEST_CASE("the master equation's second order stands beside its first") {
    Feedforward f;
    f.solved.first_order_hz = f.solved.rate_hz;
    f.solved.rate_hz[1] += 1.5;
    check_only(f.terms(), f, {{"second_order", 1.5}});
}

TEST_CASE("measuring some of the cells costs a term of its own, which is what they differ by from all") {
    Feedforward f;
    std::vector<double> network = f.truth;
    for (std::size_t i = 0; i < n_cells; ++i) network[i] -= i < 10 ? 4.0 : 0.0; // of which half are measured
    f.network(network);
    f.table.cell.clear();
    std::vector<double> measured;
    for (std::uint32_t i = 5; i < 25; ++i) {
        f.table.cell.push_back(i);
        measured.push_back(f.truth[i]);
    }
    f.table.measured = {{"correlation", 0, measured}, {"source_rates", 0, measured}};
    const auto terms = f.terms();
    // 5 of these 20 cells, as 10 of 40, are 4 Hz off: nothing is lost but certainty.
    check_only(terms, f, {{"correlation", 1.0}, {"cell_sample", 0.0}});
    f.table.cell[0] = 39; // 4 of 20
    f.table.measured[0].rate_hz[0] = f.table.measured[1].rate_hz[0] = f.truth[39];
    check_only(f.terms(), f, {{"correlation", 0.8}, {"cell_sample", 0.2}});
    CHECK(*f.terms()[2].se_hz > 0.1);
}

TEST_CASE("an error that feeds back to its own population stands under loops, by where it comes from") {
    Circuit circuit;
    const std::size_t in = circuit.external("input");
    const std::size_t out = circuit.internal("cells", std::make_shared<Linear>(0, std::vector<double>{2.0, -3.0}));
    circuit.reduction.populations[out].n = 2;
    circuit.pathway(in, out, receptor(MFM_RECEPTOR_ALPHA, 5)).in_degree = {1, 1};
    circuit.pathway(out, out, receptor(MFM_RECEPTOR_ALPHA, 5)).in_degree = {1, 1};
    const MeanFieldModel model = circuit.model();
    const double fixed = 2 * 20.0 / 4, network = 14; // nu = 40 - 3 nu, but the network fires more
    PopulationActivity activity;
    activity.rate_hz = network;
    activity.cell_rate_hz = {network, network};
    const double cells = 2 * 19.5 - 3 * network; // what cells do at the network's recorded rates: -3 Hz in this world
    TransferTable table{"cells", {}, {0, 1}, {{"correlation", 0, {cells, cells}}}};
    MeanFieldCondition solved;
    solved.rate_hz = {20, fixed};
    const OperatingState state{{19.5, network}, {0.2, 0.1}, {20, 0}, {0, 0.4}};
    const auto loop = loop_gain(model, state);
    REQUIRE(loop);
    const ChainInputs inputs{circuit.reduction, model, nullptr, table, out, 0, activity, solved, state, loop};
    const auto terms = budget_terms(network, error_chain(inputs));
    REQUIRE(terms.size() == 4);
    CHECK(terms[0].hz == Approx(cells - network));
    CHECK(terms[1].hz == Approx(0).margin(1e-12));
    CHECK(terms[3].name == "loops");
    CHECK(terms[3].hz == Approx(fixed - cells));
    // (I - J)^-1 - I: -3/4 of the population's own error, 2/4 of the input's.
    const auto by = loop_terms(inputs, terms);
    REQUIRE(by.size() == 3);
    CHECK((by[0].name == "input" && by[1].name == "cells" && by[2].name == "curvature"));
    CHECK(by[0].hz == Approx(0.5 * 0.5));
    CHECK(by[1].hz == Approx(-0.75 * (cells - network)));
    CHECK(by[2].hz == Approx(0).margin(1e-9));
    // The slopes carry the noise of recorded rates, the loops that of the fit.
    CHECK(*terms[3].se_hz == Approx(std::sqrt(0.4 * 0.4 + 0.3 * 0.3 + 0.75 * 0.75 * 0.4 * 0.4)));
}

TEST_CASE("swaps with an unknown rate between them are one term, and a chain may have any swaps") {
    const ErrorChain chain = {{"correlation", std::nullopt, 0.3},
                              {"a caller's own", 12.0, 0.4},
                              {"fit", std::nullopt, {}},
                              {"loops", 11.0, {}}};
    const auto terms = budget_terms(10, chain);
    REQUIRE(terms.size() == 2);
    CHECK(terms[0].name == "correlation+a caller's own");
    CHECK(terms[0].hz == Approx(2.0));
    CHECK(*terms[0].se_hz == Approx(0.5));
    CHECK(terms[1].name == "fit+loops");
    CHECK(terms[1].hz == Approx(-1.0));
    CHECK_FALSE(terms[1].se_hz);
    CHECK(budget_terms(10, {{"loops", std::nullopt, {}}}).empty());
}

TEST_CASE("a transfer function that is not defined for some cell joins the steps that need it") {
    Feedforward f;
    f.circuit.populations[1].transfer = std::make_shared<Breaking>(std::vector<double>{2.0}, 30.0);
    f.solved.rate_hz[1] = 25;
    const auto terms = f.terms();
    CHECK(terms.back().name == "fit+in_degree+loops");
    CHECK(terms.back().hz == Approx(25 - mean(f.truth)));
    f.table.measured.clear(); // nothing was measured, either
    CHECK(f.terms().front().name == "correlation+fit+in_degree+loops");
}

TEST_CASE("a transfer function of the whole population is one step from the measured cells") {
    Feedforward f;
    const MeanFieldModel model = f.circuit.model();
    const OperatingState at = f.state();
    const auto loop = loop_gain(model, at);
    const ChainInputs in{f.circuit.reduction, model, nullptr, f.table, 1, 0, f.activity, f.solved, at, loop, true};
    f.solved.rate_hz[1] += 1;
    const auto terms = budget_terms(f.activity.rate_hz, error_chain(in));
    std::vector<std::string> names;
    for (const auto& term : terms) names.push_back(term.name);
    CHECK(names ==
          std::vector<std::string>{"correlation", "source_rates", "regular_trains", "population_function", "loops"});
    check_only(terms, f, {{"loops", 1.0}});
}
