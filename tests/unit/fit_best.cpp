// SPDX-License-Identifier: Apache-2.0
// Choosing among bases, and bases whose settings are the cell's.
#include <mfm/random.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "transfer/basis.hpp"
#include "transfer/fit.hpp"
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
    void warn(const std::string& line) override { warnings.push_back(line); }
    std::atomic<std::uint64_t> units = 0;
    std::vector<std::string> warnings;
};

mfm_receptor exponential(double tau, double E) {
    return {sizeof(mfm_receptor), MFM_RECEPTOR_EXPONENTIAL, 0, 0, tau, 0.0, E};
}
std::shared_ptr<const MembraneCell> lif() {
    return std::make_shared<const MembraneCell>(instance("lif", MFM_NEURON_ID),
                                                std::vector<mfm_receptor>{exponential(2, 0), exponential(5, -80)});
}
std::vector<InputPathway> inputs() {
    return {{"excitation", 0, exponential(2, 0), 0.8, 200, true},
            {"inhibition", 1, exponential(5, -80), 1.5, 20, false}};
}
BasisCandidate candidate(const std::string& name, const std::string& id, const Values& values = {}) {
    auto basis = std::make_shared<const Instance>(instance(id, MFM_TRANSFER_ID, values));
    return {name, basis, TransferInputs(lif(), inputs(), *basis), ""};
}
/// Rates of `truth` (with these coefficients over its domain) at 150 points, 30 of them held out, with noise (Hz).
TransferTable table(const TransferInputs& map, const std::function<double(double, double)>& truth, double noise) {
    TransferTable out;
    out.population = "cells";
    for (std::uint32_t i = 0; i < 150; ++i) {
        RandomSequence random(5, 1, i);
        TransferPoint p;
        p.nu = {2 + 30 * random.uniform(), 2 + 40 * random.uniform()};
        p.use = i < 100   ? TransferPoint::Use::Working
                : i < 120 ? TransferPoint::Use::Wide
                          : TransferPoint::Use::HeldOut;
        std::vector<double> r;
        for (std::size_t s = 0; s < 2; ++s) r.push_back(map.pathway_list()[s].K * p.nu[s]);
        std::tie(p.G_e, p.G_i) = map.conductances(r);
        p.rate_hz = std::max(0.0, truth(p.G_e, p.G_i) + noise * random.normal());
        p.se_hz = std::max(noise, 0.01);
        out.points.push_back(p);
    }
    return out;
}
/// Softly rectified and capped by a dead time of 5 ms, which a cubic cannot follow.
double capped(double G_e, double G_i) {
    const double S = 25 * std::log1p(std::exp((45 * G_e - 15 * G_i - 60) / 25));
    return S / (1 + 5e-3 * S);
}
PluginChoice choice(const std::string& id, const std::map<std::string, double>& given = {}) {
    const Component& component = plugins().find(id, MFM_TRANSFER_ID);
    PluginChoice out;
    out.component = &component;
    for (const mfm_field* field : setting_fields(component)) {
        out.settings.push_back(default_value(*field));
        const auto found = given.find(field->name);
        out.given.push_back(found != given.end());
        if (found == given.end()) continue;
        out.settings.back().real = found->second;
        out.settings.back().integer = static_cast<std::int64_t>(found->second);
    }
    return out;
}
PopulationConfig cells(const std::string& id, const std::map<std::string, double>& values) {
    PopulationConfig out;
    out.name = "cells";
    const Component& component = plugins().find(id, MFM_NEURON_ID);
    out.neuron.emplace();
    out.neuron->component = &component;
    for (const mfm_field* field : setting_fields(component)) {
        out.neuron->settings.push_back(default_value(*field));
        const auto found = values.find(field->name);
        if (found != values.end()) out.neuron->settings.back().real = found->second;
    }
    return out;
}
double setting(const Instance& basis, const std::string& name) {
    return basis.settings()[static_cast<std::size_t>(basis.setting_index(name))].real;
}

} // namespace

TEST_CASE("of several bases a population takes the one with the least left-out error, and tells of all") {
    const std::vector<BasisCandidate> all = {candidate("softplus_conductance", "softplus_conductance"),
                                             candidate("refractory_softplus", "refractory_softplus", {{"t_ref", 5.0}}),
                                             candidate("siegert", "siegert"),
                                             {"nothing", nullptr, {}, "the cell has no such setting"}};
    Recorded progress;
    const FitOptions options;
    const Instance ceres = instance("ceres", MFM_OPTIMIZER_ID);
    const TransferTable points = table(*all[0].inputs, capped, 0.3);
    const TransferFit fit = fit_best(points, all, ceres, options, progress);
    CHECK(fit.basis == "refractory_softplus");
    CHECK(fit.candidate == 1);
    REQUIRE(fit.compared.size() == 4);
    CHECK(progress.units == 4 * fit_count(options));
    CHECK(*fit.compared[1].cross_validated_error < *fit.compared[0].cross_validated_error);
    CHECK(*fit.compared[0].cross_validated_error < *fit.compared[2].cross_validated_error);
    CHECK(fit.compared[1].cross_validated_rmse_hz == fit.cross_validated_rmse_hz);
    CHECK(fit.compared[1].heldout_rmse_hz == fit.heldout_rmse_hz);
    CHECK(fit.compared[1].coefficients == 11);
    CHECK(fit.compared[2].coefficients == 0);
    CHECK(fit.compared[3].reason == "the cell has no such setting");
    CHECK(!fit.compared[3].cross_validated_error);
    // The same as it is alone, but for what it was compared with.
    Recorded alone;
    const TransferFit same = fit_transfer(points, *all[1].inputs, *all[1].basis, ceres, options, alone);
    CHECK(same.value == fit.value);
    CHECK(same.covariance == fit.covariance);
    CHECK(same.compared.empty());
}

TEST_CASE("a single candidate is fitted, or its reason is the error") {
    Recorded progress;
    const Instance ceres = instance("ceres", MFM_OPTIMIZER_ID);
    const std::vector<BasisCandidate> one = {candidate("softplus_conductance", "softplus_conductance")};
    const TransferFit fit = fit_best(table(*one[0].inputs, capped, 0.3), one, ceres, {}, progress);
    CHECK(fit.compared.empty());
    CHECK(fit.candidate == 0);
    const std::vector<BasisCandidate> none = {{"siegert", nullptr, {}, "there is no threshold"}};
    CHECK_THROWS_WITH(fit_best({}, none, ceres, {}, progress), "there is no threshold");
    const std::vector<BasisCandidate> neither = {{"siegert", nullptr, {}, "there is no threshold"},
                                                 {"other", nullptr, {}, "it is too early"}};
    CHECK_THROWS_WITH(fit_best(table(*one[0].inputs, capped, 0.3), neither, ceres, {}, progress),
                      "no basis can be chosen for the transfer function of 'cells'; siegert: there is no threshold; "
                      "other: it is too early");
}

TEST_CASE("a basis with more coefficients than there are points is passed over, with the reason") {
    Recorded progress;
    const Instance ceres = instance("ceres", MFM_OPTIMIZER_ID);
    const std::vector<BasisCandidate> all = {
        candidate("spline", "spline", {{"intervals_e", 12.0}, {"intervals_i", 12.0}}),
        candidate("softplus_conductance", "softplus_conductance")};
    const TransferFit fit = fit_best(table(*all[0].inputs, capped, 0.3), all, ceres, {}, progress);
    CHECK(fit.candidate == 1);
    CHECK_THAT(fit.compared[0].reason, Contains("has 120 points to fit 226 coefficients"));
    for (const std::string& line : progress.warnings) CHECK_THAT(line, !Contains("spline"));
}

TEST_CASE("the spline follows a shoulder that the others cannot") {
    Recorded progress;
    const Instance ceres = instance("ceres", MFM_OPTIMIZER_ID);
    const std::vector<BasisCandidate> all = {candidate("softplus_conductance", "softplus_conductance"),
                                             candidate("spline", "spline", {{"t_ref", 0.0}})};
    // Two thresholds: a shoulder that no cubic under one softplus has.
    const auto shoulder = [](double G_e, double G_i) {
        const double x = G_e - 0.3 * G_i;
        return 40 / (1 + std::exp(-(x - 1.5) / 0.4)) + 60 / (1 + std::exp(-(x - 8.0) / 0.8));
    };
    const TransferFit fit = fit_best(table(*all[0].inputs, shoulder, 0.3), all, ceres, {}, progress);
    CHECK(fit.basis == "spline");
    CHECK(*fit.compared[1].heldout_rmse_hz < 0.85 * *fit.compared[0].heldout_rmse_hz);
}

TEST_CASE("a basis without coefficients is only tested, and its domain is where it was") {
    Recorded progress;
    const Instance ceres = instance("ceres", MFM_OPTIMIZER_ID);
    const BasisCandidate siegert = candidate("siegert", "siegert");
    TransferTable points = table(*siegert.inputs, capped, 0);
    std::erase_if(points.points, [](const TransferPoint& p) { return p.use != TransferPoint::Use::HeldOut; });
    // Its own rates, so that nothing is left to miss.
    for (TransferPoint& p : points.points) {
        InputPoint at;
        siegert.inputs->evaluate(std::vector<double>{200 * p.nu[0], 20 * p.nu[1]}, 0, 0, at);
        p.rate_hz = basis_rates(*siegert.basis, at.x, {}, {}, {})[0];
    }
    const TransferFit fit = fit_transfer(points, *siegert.inputs, *siegert.basis, ceres, {}, progress);
    CHECK(fit.value.empty());
    CHECK(fit.covariance.empty());
    CHECK(fit.outcome == MFM_CONVERGED);
    CHECK(fit.message == "there is nothing to fit");
    CHECK(fit.heldout_points == 30);
    CHECK(*fit.heldout_rmse_hz < 1e-9);
    CHECK(!fit.cross_validated_error);
    REQUIRE(fit.lower.size() == 5);
    CHECK(fit.lower[0] < fit.upper[0]);
    double most = 0;
    for (const TransferPoint& p : points.points) most = std::max(most, p.G_e);
    CHECK(fit.G_e_upper == most);
    const FittedTransfer F(fit, siegert.basis, *siegert.inputs);
    CHECK(F.inside(std::vector<double>{200 * points.points[0].nu[0], 20 * points.points[0].nu[1]}));
    CHECK(!F.inside(std::vector<double>{20000, 20}));
}

TEST_CASE("coefficients on a bound or that nothing determines have no standard error, the others do") {
    Recorded progress;
    const Instance ceres = instance("ceres", MFM_OPTIMIZER_ID);
    const BasisCandidate spline = candidate("spline", "spline", {{"t_ref", 5.0}});
    const TransferFit fit =
        fit_transfer(table(*spline.inputs, capped, 0.3), *spline.inputs, *spline.basis, ceres, {}, progress);
    const std::size_t m = fit.value.size();
    std::size_t known = 0, unknown = 0;
    for (std::size_t k = 0; k < m; ++k) {
        REQUIRE(fit.covariance[k * (m + 1)] >= 0);
        ++(fit.covariance[k * (m + 1)] > 0 ? known : unknown);
    }
    CHECK(known > 20);
    CHECK(unknown > 0); // no inhibition below the least that was sampled
    // The scatter of fits to other noise is what the covariance says.
    const BasisCandidate line = candidate("line", "refractory_softplus", {{"degree", 1.0}, {"t_ref", 5.0}});
    const auto truth = [](double G_e, double G_i) {
        const double S = 25 * std::log1p(std::exp((40 + 30 * std::sqrt(G_e) - 20 * std::sqrt(G_i)) / 25));
        return S / (1 + 5e-3 * S);
    };
    TransferTable points = table(*line.inputs, truth, 0);
    std::vector<double> sum(4, 0), square(4, 0), predicted(4, 0);
    constexpr int fits = 60;
    FitOptions quick;
    quick.starts = 1;
    quick.folds = 0;
    const std::vector<TransferPoint> clean = points.points;
    for (int i = 0; i < fits; ++i) {
        RandomSequence random(8, 3, static_cast<std::uint64_t>(i));
        for (std::size_t k = 0; k < clean.size(); ++k) {
            points.points[k].rate_hz = clean[k].rate_hz + 1.0 * random.normal();
            points.points[k].se_hz = 1.0;
        }
        const TransferFit one = fit_transfer(points, *line.inputs, *line.basis, ceres, quick, progress);
        for (std::size_t k = 0; k < 4; ++k) {
            sum[k] += one.value[k];
            square[k] += one.value[k] * one.value[k];
            predicted[k] += one.covariance[k * 5] / fits;
        }
    }
    for (std::size_t k = 0; k < 3; ++k) { // s, far from the foot, is hardly determined
        INFO(k);
        const double variance = (square[k] - sum[k] * sum[k] / fits) / (fits - 1);
        CHECK(variance / predicted[k] == Approx(1.0).margin(0.6)); // three standard deviations of such a variance
    }
}

TEST_CASE("settings of a basis that have a role of the neuron's are the cell's, unless the pipeline gives them") {
    const PopulationConfig lif_cells = cells("lif", {{"V_th", -47.5}, {"V_reset", -61.0}, {"t_ref", 3.25}});
    const auto own = make_basis(choice("siegert"), lif_cells);
    CHECK(setting(*own, "V_th") == -47.5);
    CHECK(setting(*own, "V_reset") == -61.0);
    CHECK(setting(*own, "t_ref") == 3.25);
    const auto given = make_basis(choice("siegert", {{"t_ref", 1.5}}), lif_cells);
    CHECK(setting(*given, "t_ref") == 1.5);
    CHECK(setting(*given, "V_th") == -47.5);
    CHECK(setting(*make_basis(choice("spline"), cells("eglif", {{"t_ref", 0.5}})), "t_ref") == 0.5);
    CHECK(basis_label(choice("siegert")) == "siegert");
    CHECK(basis_label(choice("spline", {{"intervals_e", 4.0}, {"t_ref", 1.5}})) ==
          "spline (intervals_e 4, t_ref 1.5 ms)");
}

TEST_CASE("samples of the working range are there for a fit: analytic bases need none") {
    TransferConfig transfer;
    CHECK(!is_analytic(transfer));
    transfer.bases = {choice("siegert")};
    CHECK(is_analytic(transfer));
    transfer.bases.push_back(choice("softplus_conductance"));
    CHECK(!is_analytic(transfer));
}
