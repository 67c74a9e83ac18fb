// SPDX-License-Identifier: Apache-2.0
// The calibration on a circuit whose scales are known.
#include <catch2/catch.hpp>

#include "meanfield/calibration.hpp"
#include "numerics/meanfield_fixture.hpp"

using namespace mfm;
using namespace meanfield_test;

namespace {

/// Two populations with three pathways; the "network" has other in-degrees than the model.
Circuit circuit(const std::vector<double>& scale) {
    Circuit c;
    const std::size_t in = c.external("input");
    const std::size_t e = c.internal("excitatory", std::make_shared<Softplus>(-5, std::vector<double>{1.0, -2.0}));
    const std::size_t i = c.internal("inhibitory", std::make_shared<Softplus>(-2, std::vector<double>{0.5}));
    const mfm_receptor r = receptor(MFM_RECEPTOR_ALPHA, 5), inhibitory = receptor(MFM_RECEPTOR_ALPHA, 5, 0, -80);
    c.pathway(in, e, r, 2 * scale[0]);
    c.pathway(i, e, inhibitory, 1.5 * scale[1]);
    c.pathway(e, i, r, 3 * scale[2]);
    return c;
}

/// Rates of a feed-forward and back circuit at some input: by iteration.
std::vector<double> rates(const MeanFieldModel& model, double input_hz) {
    std::vector<double> nu = {input_hz, 10, 10};
    for (int i = 0; i < 2000; ++i) {
        const std::vector<double> F = model.transfer(nu);
        for (std::size_t p = 1; p < 3; ++p) nu[p] += 0.1 * (F[p] - nu[p]);
    }
    return nu;
}

const std::vector<double> known = {0.8, 1.5, 0.6};

std::vector<std::vector<double>> network(const std::vector<double>& levels) {
    const MeanFieldModel truth = circuit(known).model();
    std::vector<std::vector<double>> out;
    for (const double level : levels) out.push_back(rates(truth, level));
    return out;
}

} // namespace

TEST_CASE("a calibration finds the scales that the network's in-degrees have") {
    const auto scales = calibration_scales(circuit({1, 1, 1}).model(), network({5, 20, 60}), 1e-5);
    REQUIRE(scales.size() == 3);
    for (std::size_t s = 0; s < 3; ++s) CHECK(scales[s] == Approx(known[s]).epsilon(1e-4));
}

TEST_CASE("its cost draws scales to 1, the more the larger lambda is") {
    const MeanFieldModel model = circuit({1, 1, 1}).model();
    double last = 0;
    for (const double lambda : {0.05, 0.2, 1.0, 100.0}) {
        const auto scales = calibration_scales(model, network({5, 20, 60}), lambda);
        double distance = 0;
        for (const double scale : scales) distance += std::log(scale) * std::log(scale);
        if (last > 0) CHECK(distance < last);
        last = distance;
    }
    CHECK(last < 1e-6);
    for (const double scale : calibration_scales(model, {}, 0.2)) CHECK(scale == 1.0);
}

TEST_CASE("a calibrated model's rates are the network's on levels that it has not seen") {
    const MeanFieldModel plain = circuit({1, 1, 1}).model();
    const MeanFieldModel calibrated = plain.with_scales(calibration_scales(plain, network({5, 60}), 0.01));
    const std::vector<double> truth = network({30})[0], with = rates(calibrated, 30), without = rates(plain, 30);
    for (std::size_t p = 1; p < 3; ++p) {
        CHECK(with[p] == Approx(truth[p]).epsilon(0.02));
        CHECK(std::abs(without[p] / truth[p] - 1) > 0.1);
    }
    CHECK(calibrated.pathways()[0].K == Approx(2 * known[0]).epsilon(0.1)); // what the equations show
}

TEST_CASE("a silent network is no reason to stop, a transfer function without a rate there is") {
    const MeanFieldModel model = circuit({1, 1, 1}).model();
    const std::vector<std::vector<double>> silent = {{0, 0, 0}, {20, 0, 0}};
    for (const double scale : calibration_scales(model, silent, 0.2)) CHECK(std::isfinite(scale));
    Circuit broken = circuit({1, 1, 1});
    broken.populations[2].transfer = std::make_shared<Breaking>(std::vector<double>{1.0}, 30.0);
    const std::vector<std::vector<double>> busy = {{20, 50, 10}};
    CHECK_THROWS_WITH(calibration_scales(broken.model(), busy, 0.2), Catch::Contains("inhibitory"));
}
