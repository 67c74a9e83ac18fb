// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

/// In-degrees of cells as an anatomist finds them: correlated, skewed, some 0.
std::vector<std::vector<double>> cells(std::size_t n) {
    std::vector<std::vector<double>> columns(3, std::vector<double>(n));
    for (std::size_t i = 0; i < n; ++i) {
        const double u = std::fmod(0.6180339887498949 * static_cast<double>(i + 1), 1.0);
        const double v = std::fmod(0.7548776662466927 * static_cast<double>(i + 1), 1.0);
        const double w = std::fmod(0.5698402909980532 * static_cast<double>(i + 1), 1.0);
        columns[0][i] = 40 * std::pow(u, 1.5);
        columns[1][i] = 3 * -std::log(1 - v) + 0.05 * columns[0][i];
        columns[2][i] = w < 0.3 ? 0 : std::floor(6 * w * u);
    }
    return columns;
}

double column_mean(const std::vector<double>& x) {
    double sum = 0;
    for (const double value : x) sum += value;
    return sum / static_cast<double>(x.size());
}

double column_covariance(const std::vector<double>& x, const std::vector<double>& y) {
    const double mean_x = column_mean(x), mean_y = column_mean(y);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - mean_x) * (y[i] - mean_y);
    return sum / static_cast<double>(x.size());
}

/// One population driven through as many external pathways as there are columns.
Circuit driven(const std::vector<std::vector<double>>& columns, std::shared_ptr<const TransferFunction> transfer) {
    Circuit circuit;
    for (std::size_t s = 0; s < columns.size(); ++s) circuit.external("input" + std::to_string(s));
    const std::size_t p = circuit.internal("cells", std::move(transfer));
    for (std::size_t s = 0; s < columns.size(); ++s) {
        Pathway& pathway =
            circuit.pathway(s, p, receptor(MFM_RECEPTOR_EXPONENTIAL, 5, 0, s == 2 ? -80 : 0), column_mean(columns[s]));
        pathway.K_sd = std::sqrt(column_covariance(columns[s], columns[s]));
        pathway.in_degree.assign(columns[s].begin(), columns[s].end());
    }
    return circuit;
}

double brute_force(const std::vector<std::vector<double>>& columns, const TransferFunction& transfer,
                   const std::vector<double>& nu) {
    double sum = 0;
    for (std::size_t i = 0; i < columns.front().size(); ++i) {
        std::vector<double> r;
        for (std::size_t s = 0; s < columns.size(); ++s)
            r.push_back(static_cast<double>(static_cast<float>(columns[s][i])) * nu[s]);
        double rate = 0;
        transfer.evaluate(r, 1, {&rate, 1}, {}, {});
        sum += rate;
    }
    return sum / static_cast<double>(columns.front().size());
}

PopulationRate average(const MeanFieldModel& model, std::size_t p, const std::vector<double>& nu) {
    AverageWorkspace work;
    PopulationRate rate;
    model.average(p, nu, 1, true, work, rate);
    return rate;
}

} // namespace

TEST_CASE("the average over a short list of cells is the mean of the cells' rates") {
    const auto columns = cells(60);
    const auto transfer = std::make_shared<Softplus>(-20, std::vector<double>{0.1, 1.5, -2.0});
    const std::vector<double> nu{11, 7, 13};
    const MeanFieldModel model = driven(columns, transfer).model();
    CHECK(model.nodes(3).size() == 60);
    CHECK(average(model, 3, nu).F == Approx(brute_force(columns, *transfer, nu)).epsilon(1e-14));
}

TEST_CASE("equal rows of a list are one node with their weight") {
    std::vector<std::vector<double>> columns{{1, 2, 1, 1, 2, 3}, {0, 5, 0, 0, 5, 5}};
    const InDegreeNodes nodes = nodes_of_cells(columns, 64);
    REQUIRE(nodes.size() == 3);
    CHECK(nodes.weight == std::vector<double>{3.0 / 6, 2.0 / 6, 1.0 / 6});
    CHECK(nodes.k == std::vector<double>{1, 2, 3, 0, 5, 5});
}

TEST_CASE("a reduced list keeps mean and covariance of the cells, and no node is negative") {
    const auto columns = cells(5000);
    for (const std::size_t most : {16u, 64u}) {
        const InDegreeNodes nodes = nodes_of_cells(columns, most);
        REQUIRE(nodes.size() == most);
        CHECK(nodes.covariance_error < 1e-9);
        for (std::size_t s = 0; s < 3; ++s) {
            CHECK(nodes.mean(s) == Approx(column_mean(columns[s])).epsilon(1e-12));
            for (std::size_t t = 0; t < 3; ++t)
                CHECK(nodes.covariance(s, t) ==
                      Approx(column_covariance(columns[s], columns[t])).epsilon(1e-8).margin(1e-10));
        }
        for (const double k : nodes.k) CHECK(k >= 0);
    }
}

TEST_CASE("a convex rate averaged over a reduced list of 5000 cells is within 0.5 % of the cells' own mean") {
    const auto columns = cells(5000);
    const auto transfer = std::make_shared<Softplus>(-20, std::vector<double>{0.1, 1.5, -2.0});
    const MeanFieldModel model = driven(columns, transfer).model();
    const MeanFieldModel mean = model.with_in_degree(MeanFieldConfig::InDegree::Mean);
    for (const double scale : {0.5, 1.0, 2.0}) {
        const std::vector<double> nu{11 * scale, 7 * scale, 13 * scale};
        const double exact = brute_force(columns, *transfer, nu);
        CHECK(average(model, 3, nu).F == Approx(exact).epsilon(0.005));
        CHECK(std::abs(average(mean, 3, nu).F / exact - 1) > 0.05); // what averaging is for
    }
}

TEST_CASE("the reduction depends on the cells and not on their order") {
    auto columns = cells(1000);
    const InDegreeNodes nodes = nodes_of_cells(columns, 32);
    for (auto& column : columns) std::reverse(column.begin(), column.end());
    const InDegreeNodes reversed = nodes_of_cells(columns, 32);
    CHECK(nodes.k == reversed.k);
    CHECK(nodes.weight == reversed.weight);
}

TEST_CASE("a Gamma distribution's five-point rule has its first nine moments") {
    for (const double sd : {0.5, 3.0, 12.0}) {
        const double mean = 6, shape = mean * mean / (sd * sd), scale = sd * sd / mean;
        const Quadrature rule = gamma_quadrature(mean, sd);
        REQUIRE(rule.node.size() == 5);
        double moment = 1;
        for (int order = 0; order <= 9; ++order) {
            double sum = 0;
            for (std::size_t i = 0; i < 5; ++i) sum += rule.weight[i] * std::pow(rule.node[i], order);
            CHECK(sum == Approx(moment).epsilon(1e-10));
            moment *= scale * (shape + order);
        }
        for (const double node : rule.node) CHECK(node > 0);
    }
}

TEST_CASE("Gamma nodes have each pathway's mean and sd while their product is small, and are pooled by sign beyond") {
    const std::vector<GammaMarginal> two{{10, 4, 1, false}, {3, 2, 5, true}};
    const InDegreeNodes product = nodes_of_gamma(two, 64);
    REQUIRE(product.size() == 25);
    CHECK(product.mean(0) == Approx(10));
    CHECK(product.covariance(1, 1) == Approx(4));
    CHECK(product.covariance(0, 1) == Approx(0).margin(1e-12));

    const std::vector<GammaMarginal> four{{10, 4, 1, false}, {3, 2, 5, true}, {200, 30, 0.1, false}, {7, 0, 2, true}};
    const InDegreeNodes pooled = nodes_of_gamma(four, 64);
    REQUIRE(pooled.size() == 25);
    CHECK(pooled.mean(2) == Approx(200));
    // The excitatory conductance at equal rates: 1 * k_0 + 0.1 * k_2, of independent in-degrees.
    const double variance =
        pooled.covariance(0, 0) + 2 * 0.1 * pooled.covariance(0, 2) + 0.01 * pooled.covariance(2, 2);
    CHECK(variance == Approx(4 * 4 + 0.01 * 30 * 30));
    CHECK(pooled.covariance(0, 1) == Approx(0).margin(1e-12));
    for (const double k : pooled.k) CHECK(k >= 0);
}

TEST_CASE("the gradients of the average rate and of its current gain are exact") {
    Circuit circuit = driven(cells(200), std::make_shared<Softplus>(-20, std::vector<double>{0.1, 1.5, -2.0}, 0.3));
    circuit.reduction.pathways[1].source_fraction = 0.8;
    for (const auto rule :
         {MeanFieldConfig::InDegree::List, MeanFieldConfig::InDegree::Gamma, MeanFieldConfig::InDegree::Mean}) {
        circuit.config.in_degree = rule;
        const MeanFieldModel model = circuit.model();
        const std::vector<double> nu{11, 7, 13};
        const PopulationRate rate = average(model, 3, nu);
        for (std::size_t s = 0; s < 3; ++s) {
            const double h = 1e-4;
            std::vector<double> up = nu, down = nu;
            up[s] += h;
            down[s] -= h;
            const PopulationRate a = average(model, 3, up), b = average(model, 3, down);
            CHECK(rate.dF[s] == Approx((a.F - b.F) / (2 * h)).epsilon(1e-6));
            CHECK(rate.dg[s] == Approx((a.g - b.g) / (2 * h)).epsilon(1e-5));
        }
    }
}

TEST_CASE("the current gain is the logarithmic slope of the averaged rate by current") {
    const auto columns = cells(50);
    const std::vector<double> nu{11, 7, 13};
    const auto rate_at = [&](double I) {
        return average(
            driven(columns, std::make_shared<Softplus>(-20 + 0.3 * I, std::vector<double>{0.1, 1.5, -2.0}, 0.3))
                .model(),
            3, nu);
    };
    const double h = 1e-4;
    CHECK(rate_at(0).g == Approx((std::log(rate_at(h).F) - std::log(rate_at(-h).F)) / (2 * h)).epsilon(1e-6));
}

TEST_CASE("cells beyond the transfer function's domain are counted, though the mean cell is inside") {
    auto transfer = std::make_shared<Softplus>(-20, std::vector<double>{0.1, 1.5, -2.0});
    transfer->domain_end = 200;
    const auto columns = cells(60);
    const MeanFieldModel model = driven(columns, transfer).model();
    const std::vector<double> nu{10, 1, 1};
    double beyond = 0;
    for (const double k : columns[0]) beyond += 10 * k > 200 ? 1.0 / 60 : 0;
    CHECK(beyond > 0.2);
    CHECK(model.inside(3, nu));
    CHECK(model.cells_outside(3, nu) == Approx(beyond));
}

TEST_CASE("a list that is not there is an error that names the pathway") {
    Circuit circuit = driven(cells(20), std::make_shared<Softplus>(-20, std::vector<double>{0.1, 1.5, -2.0}));
    circuit.reduction.pathways[1].in_degree.clear();
    CHECK_THROWS_WITH(circuit.model(),
                      Catch::Contains("input1_to_cells") && Catch::Contains("20") && Catch::Contains("gamma"));
    circuit.config.in_degree = MeanFieldConfig::InDegree::Gamma;
    CHECK_NOTHROW(circuit.model());
}

TEST_CASE("gradient and Hessian of the average equal finite differences") {
    const MeanFieldModel model =
        driven(cells(60), std::make_shared<Softplus>(-20, std::vector<double>{0.1, 1.5, -2.0})).model();
    AverageWorkspace work;
    PopulationRate at, up, down;
    std::vector<double> nu{11, 7, 13};
    model.average(3, nu, 2, false, work, at);
    for (std::size_t s = 0; s < 3; ++s) {
        const double h = 1e-4;
        nu[s] += h;
        model.average(3, nu, 1, false, work, up);
        nu[s] -= 2 * h;
        model.average(3, nu, 1, false, work, down);
        nu[s] += h;
        CHECK(at.dF[s] == Approx((up.F - down.F) / (2 * h)).epsilon(1e-7));
        for (std::size_t t = 0; t < 3; ++t)
            CHECK(at.d2F[s * 3 + t] == Approx((up.dF[t] - down.dF[t]) / (2 * h)).epsilon(1e-7));
    }
}
