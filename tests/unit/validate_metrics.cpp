// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <mfm/random.hpp>
#include <numbers>

#include "validate/compare.hpp"
#include "validate/metrics.hpp"

namespace {

/// mean + amplitude cos(2 pi f t - phase) at the bins' centres.
std::vector<double> sinusoid(std::size_t n, double bin_ms, double f_hz, double mean, double amplitude,
                             double phase_deg) {
    std::vector<double> y;
    for (std::size_t i = 0; i < n; ++i) {
        const double t = (static_cast<double>(i) + 0.5) * bin_ms * 1e-3;
        y.push_back(mean + amplitude * std::cos(2 * std::numbers::pi * f_hz * t - phase_deg * std::numbers::pi / 180));
    }
    return y;
}

} // namespace

TEST_CASE("a box leaves a straight line where it is, whether its width is odd or even") {
    std::vector<double> line;
    for (int i = 0; i < 50; ++i) line.push_back(3.0 + 2.0 * i);
    for (double width : {1.0, 2.0, 9.0, 10.0}) {
        const auto smooth = mfm::smooth_box(line, width, 1.0);
        REQUIRE(smooth.size() == line.size());
        for (std::size_t i = 6; i < 44; ++i) CHECK(smooth[i] == Approx(line[i]));
    }
    CHECK(mfm::smooth_box(line, 0.4, 1.0) == line);
}

TEST_CASE("a box keeps the area of a pulse and is as wide as asked") {
    std::vector<double> pulse(41, 0.0);
    pulse[20] = 10.0;
    const auto odd = mfm::smooth_box(pulse, 5.0, 1.0), even = mfm::smooth_box(pulse, 2.0, 0.5);
    double area = 0.0, even_area = 0.0;
    for (double x : odd) area += x;
    for (double x : even) even_area += x;
    CHECK(area == Approx(10.0));
    CHECK(even_area == Approx(10.0));
    CHECK(odd[18] == Approx(2.0));
    CHECK(odd[17] == 0.0);
    CHECK(even[18] == Approx(1.25)); // the half-weighted end of a box of 4 samples
    CHECK(even[19] == Approx(2.5));
    CHECK(even[17] == 0.0);
}

TEST_CASE("the error of a course is its root mean square over the window only") {
    const std::vector<double> a{9, 1, 2, 3, 9}, b{0, 1, 5, 7, 0};
    CHECK(*mfm::rmse(a, b, {1, 4}) == Approx(5.0 / std::sqrt(3.0)));
    CHECK_FALSE(mfm::rmse(a, b, {3, 3}).has_value());
    CHECK(*mfm::peak(a, {1, 4}) == 3.0);
    CHECK_FALSE(mfm::peak(a, {4, 4}).has_value());
    const std::vector<double> broken{1, std::numeric_limits<double>::quiet_NaN(), 2};
    CHECK(std::isnan(*mfm::peak(broken, {0, 3})));
    CHECK(std::isnan(*mfm::rmse(broken, a, {0, 3})));
}

TEST_CASE("windows hold the bins that lie wholly inside") {
    const auto w = mfm::window_of(0.3, 1.0, 0.1, 100);
    CHECK((w.first == 3 && w.last == 10));
    CHECK(mfm::window_of(-50, 4, 1.0, 100).first == 0);
    CHECK(mfm::window_of(0, 1e9, 1.0, 100).last == 100);
    CHECK(mfm::window_of(5, 5.5, 1.0, 100).empty());
}

TEST_CASE("a fitted sinusoid has the amplitude, mean and phase of the one that made the course") {
    for (double phase : {-170.0, -20.0, 0.0, 35.0, 179.0}) {
        const auto y = sinusoid(1037, 1.0, 6.0, 40.0, 12.5, phase); // no whole number of periods
        const auto fit = mfm::fit_sinusoid(y, 6.0, 1.0, {0, y.size()});
        REQUIRE(fit);
        CHECK(fit->mean == Approx(40.0).epsilon(1e-10));
        CHECK(fit->amplitude == Approx(12.5).epsilon(1e-10));
        CHECK(fit->phase_deg == Approx(phase).margin(1e-8));
        CHECK(mfm::fit_sinusoid(y, 6.0, 1.0, {211, 1000})->phase_deg == Approx(phase).margin(1e-8));
    }
}

TEST_CASE("noise moves a fitted sinusoid by no more than its standard error allows") {
    auto y = sinusoid(4000, 1.0, 6.0, 40.0, 5.0, 30.0);
    mfm::RandomSequence random(7, 0, 0);
    const double sd = 10.0;
    for (auto& x : y) x += sd * random.normal();
    const auto fit = mfm::fit_sinusoid(y, 6.0, 1.0, {0, y.size()});
    const double se = sd * std::sqrt(2.0 / 4000.0); // of the amplitude (least squares, orthogonal regressors)
    CHECK(std::abs(fit->amplitude - 5.0) < 4.0 * se);
    CHECK(std::abs(fit->phase_deg - 30.0) < 4.0 * se / 5.0 * 180.0 / std::numbers::pi);
}

TEST_CASE("a sinusoid is not fitted where the course cannot tell") {
    const auto y = sinusoid(1000, 1.0, 6.0, 40.0, 5.0, 0.0);
    CHECK_FALSE(mfm::fit_sinusoid(y, 0.0, 1.0, {0, 1000}));
    CHECK_FALSE(mfm::fit_sinusoid(y, 500.0, 1.0, {0, 1000})); // not below the sampling limit
    CHECK_FALSE(mfm::fit_sinusoid(y, 6.0, 1.0, {0, 50}));     // less than half a period
    CHECK_FALSE(mfm::fit_sinusoid(y, 6.0, 1.0, {10, 10}));
}

TEST_CASE("phase differences lie in (-180, 180]") {
    CHECK(mfm::phase_difference(170, -170) == Approx(-20));
    CHECK(mfm::phase_difference(-170, 170) == Approx(20));
    CHECK(mfm::phase_difference(180, 0) == 180);
    CHECK(mfm::phase_difference(0, 180) == 180);
}

TEST_CASE("a relative error is signed, and below the noise of the measurement relative to that noise") {
    CHECK(mfm::relative_error(12, 10, 0.1) == Approx(0.2));
    CHECK(mfm::relative_error(8, 10, 0.1) == Approx(-0.2));
    CHECK(mfm::rate_floor_hz(71, 4.8) == 0.1); // 20 spikes of 71 cells in 4.8 s are 0.06 Hz
    CHECK(mfm::rate_floor_hz(1, 5.0) == Approx(4.0));
    CHECK(mfm::relative_error(0.05, 0.0, 0.1) == Approx(0.5)); // a silent population has an error all the same
    CHECK(mfm::relative_error(0.0, 0.0, 0.1) == 0.0);
    CHECK(std::isnan(mfm::relative_error(1.0, std::numeric_limits<double>::quiet_NaN(), 0.1)));
}

TEST_CASE("a cerebellum with heterogeneous in-degrees is asynchronous and one with equal in-degrees is not") {
    // Fano factor over independent cells and pairwise correlation, measured on networks of the cerebellar cortex with
    // in-degrees of coefficient of variation 0.2 to 0.4 (as published) and of 0; see docs/output.md.
    const mfm::SynchronyLimits limits;
    const auto synchronous = [&](double fano, double correlation) {
        return mfm::is_synchronous(fano, correlation, limits);
    };
    CHECK_FALSE(synchronous(121.7, 0.0073)); // 30 420 granule cells that share 117 mossy fibres
    CHECK_FALSE(synchronous(17.1, 0.244));   // 71 Golgi cells, in-degree variation 0.2
    CHECK_FALSE(synchronous(7.9, 0.131));    // the same, 0.4
    CHECK_FALSE(synchronous(14.9, 0.0375));  // molecular layer interneurons
    CHECK(synchronous(46.7, 0.651));         // Golgi cells with equal in-degrees, 4 Hz
    CHECK(synchronous(60.6, 0.849));         // 80 Hz
    CHECK_FALSE(synchronous(1.5, 0.5));      // three cells: too few to call it global
    CHECK(mfm::is_correlated(17.1, 0.244, limits));
    CHECK_FALSE(mfm::is_correlated(7.9, 0.131, limits));
    CHECK(mfm::SynchronyLimits::from(0, 0).correlation == limits.correlation);
    CHECK(mfm::SynchronyLimits::from(3, 0.1).fano == 3);
}

namespace {

mfm::ConditionRecord sine_condition(double network_phase) {
    mfm::ConditionRecord c;
    c.stimulation = "sine";
    c.stationary = false;
    c.duration = 2200;
    c.transient = 200;
    c.frequency_hz = 6;
    c.population.resize(2);
    c.population[1].course_hz = sinusoid(2200, 1.0, 6.0, 40.0, 10.0, network_phase);
    return c;
}

} // namespace

TEST_CASE("the mean field's phase is positive when it is later, and its amplitude is over the network's") {
    mfm::SpikeRecord record;
    record.conditions = {sine_condition(-20.0)};
    mfm::MeanFieldResults results;
    results.populations = {"golgi_cell"};
    results.conditions.resize(1);
    auto& m = results.conditions[0];
    m.stimulation = "sine";
    m.stationary = false;
    const double dt = 0.5; // another grid than the network's bins: times 0, 0.5, 1 ...
    m.course_hz.resize(1);
    for (int i = 0; i <= 4400; ++i) {
        m.time_ms.push_back(i * dt);
        m.course_hz[0].push_back(40.0 +
                                 12.0 * std::cos(2 * std::numbers::pi * 6e-3 * i * dt + 12.0 * std::numbers::pi / 180));
    }
    const std::vector<mfm::RecordedPopulation> populations{{"mossy_fibers", 117, false}, {"golgi_cell", 71, true}};
    const auto report = mfm::compare(record, populations, results, {});
    REQUIRE(report.populations.size() == 1);
    REQUIRE(report.populations[0].dynamic.size() == 1);
    const auto& row = report.populations[0].dynamic[0];
    CHECK(row.stimulus == "sine");
    CHECK(*row.amplitude_ratio == Approx(1.2).epsilon(1e-4));
    CHECK(*row.phase_difference_deg == Approx(8.0).margin(0.01));
    CHECK(*row.peak_mean_field_hz > *row.peak_network_hz);
    CHECK(*row.rmse_hz ==
          Approx(std::sqrt((100 + 144 - 2 * 120 * std::cos(8 * std::numbers::pi / 180)) / 2)).epsilon(0.02));
}

TEST_CASE("a step is compared from 50 ms before it to 150 ms after it") {
    mfm::ConditionRecord c;
    c.transient = 200;
    c.duration = 2000;
    c.onset = 1000;
    c.offset = 1250;
    CHECK(mfm::comparison_window(c).from_ms == 950);
    CHECK(mfm::comparison_window(c).to_ms == 1400);
    c.onset = 220;
    CHECK(mfm::comparison_window(c).from_ms == 200);
    c.onset = c.offset = 0;
    CHECK(mfm::comparison_window(c).to_ms == 2000);
}

TEST_CASE("a mean field that ends early is compared as far as it goes") {
    const std::vector<double> t{0, 1, 2, 3}, hz{0, 2, 4, 6};
    const auto r = mfm::resample(t, hz, 1.0, 5);
    CHECK((r.first == 0 && r.last == 3));
    CHECK(r.hz[0] == Approx(1.0));
    CHECK(r.hz[2] == Approx(5.0));
    const auto none = mfm::resample({}, {}, 1.0, 5);
    CHECK(none.first == none.last);
}

TEST_CASE("rows carry what each side has, and nothing where it has nothing") {
    mfm::SpikeRecord record;
    mfm::ConditionRecord c;
    c.stimulation = "background";
    c.level_hz = 4;
    c.duration = 5000;
    c.transient = 200;
    c.population.resize(2);
    c.population[1].rate_hz = 12;
    c.population[1].rate_se_hz = 0.2;
    c.population[1].rate_firing_hz = 12.5;
    c.population[1].firing_fraction = 0.96;
    record.conditions = {c, c};
    record.conditions[1].condition = 1;
    record.conditions[1].level_hz = 8;
    record.conditions[1].population[1].firing_fraction = 0;
    mfm::MeanFieldResults results;
    results.populations = {"golgi_cell"};
    results.conditions.resize(1);
    results.conditions[0].stimulation = "background";
    results.conditions[0].rate_hz = {15};
    const std::vector<mfm::RecordedPopulation> populations{{"mossy_fibers", 117, false}, {"golgi_cell", 71, true}};
    const auto report = mfm::compare(record, populations, results, {});
    const auto& rows = report.populations.at(0).stationary;
    REQUIRE(rows.size() == 2);
    CHECK(*rows[0].relative_error == Approx(0.25));
    CHECK(*rows[0].network_rate_firing_hz == 12.5);
    CHECK_FALSE(rows[0].mean_field_mean_k_rate_hz);
    CHECK_FALSE(rows[1].mean_field_rate_hz);
    CHECK_FALSE(rows[1].relative_error);
    CHECK_FALSE(rows[1].network_rate_firing_hz); // no cell fired: there is no mean over firing cells
    CHECK(report.conditions.size() == 2);
    CHECK(report.conditions[0].populations.size() == 1); // external populations are synchronous by their own will
    CHECK(report.populations[0].cells == 71);
}

TEST_CASE("a condition that stimulates a part of a population is the network's alone, with the reason") {
    mfm::SpikeRecord record;
    mfm::ConditionRecord c;
    c.stimulation = "burst";
    c.label = "burst: step";
    c.target = "mossy_fibers";
    c.stimulated_cells = 32;
    c.target_cells = 117;
    c.transient = 1200;
    c.duration = 1250;
    c.population.resize(2);
    c.population[0].rate_hz = 45;
    c.population[0].firing_fraction = 0.4;
    c.population[0].rate_firing_hz = 119;
    c.population[1].rate_hz = 0;
    const std::vector<mfm::RecordedPopulation> populations{{"mossy_fibers", 117, false}, {"golgi_cell", 71, true}};
    for (const bool stationary : {true, false}) {
        c.stationary = stationary;
        record.conditions = {c};
        const auto report = mfm::compare(record, populations, {}, {});
        CHECK(report.conditions.empty());
        CHECK(report.populations.at(0).stationary.empty());
        CHECK(report.populations.at(0).dynamic.empty());
        REQUIRE(report.network_only.size() == 1);
        const mfm::NetworkCondition& alone = report.network_only[0];
        CHECK(alone.reason == "'burst' drives 32 of the 117 cells of 'mossy_fibers', and a mean field, which knows one "
                              "rate a population, cannot represent a part of it.");
        CHECK(alone.from_ms == 1200);
        CHECK(alone.to_ms == 1250);
        REQUIRE(alone.populations.size() == 2); // external ones, too
        CHECK(alone.populations[0].name == "mossy_fibers");
        CHECK(alone.populations[0].rate_hz == 45);
        CHECK(*alone.populations[0].rate_firing_hz == 119);
        CHECK_FALSE(alone.populations[1].rate_firing_hz);
    }
    record.conditions[0].stimulated_cells = 117; // the ball holds them all: a stimulus like any other
    CHECK(mfm::compare(record, populations, {}, {}).network_only.empty());
}

TEST_CASE("rates that depend on which pathways make up a conductance are a warning, where that is sure and matters") {
    mfm::SamplingSummary sampling;
    sampling.shares = {{1, 2, 0.1, "mossy", 20, 20.9, 0.1, 0.8},        // a little more than tolerated
                       {2.5, 5.25, 0.125, "axon", 31.5, 36, 0.25, 0.8}, // the worst
                       {3, 6, 0.3, "fibre", 40, 60, 10, 1}};            // not sure
    CHECK(mfm::share_warning("golgi", sampling) ==
          "golgi: at summed conductances of 2.5 nS (excitation) and 5.25 nS (inhibition) the cells fire 31.5 or 36 Hz, "
          "depending on which pathways make these up ('axon' makes 12 % more of its sum in one than in the other); a "
          "basis "
          "on summed conductances alone misses that, one on membrane moments may not.");
    sampling.shares[0].other_hz = 20.7;
    sampling.shares.erase(sampling.shares.begin() + 1);
    CHECK(mfm::share_warning("golgi", sampling).empty());
    CHECK(mfm::share_warning("golgi", {}).empty());
}
