// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <mfm/random.hpp>
#include <numbers>

#include "validate/compare.hpp"
#include "validate/spectrum.hpp"

namespace {

/// Activity (Hz, in bins) of `cells` independent Poisson cells, mean of `trials`.
std::vector<double> poisson_course(double rate, double cells, std::size_t bins, double bin_ms,
                                   std::uint32_t trials = 1) {
    mfm::RandomSequence random(3, 1, 4);
    std::vector<double> course(bins);
    const double n = cells * trials;
    for (double& x : course) x = static_cast<double>(random.poisson(n * rate * bin_ms * 1e-3)) * 1e3 / (n * bin_ms);
    return course;
}

} // namespace

TEST_CASE("the periodogram of independent cells is rate over cells at every frequency, whatever the bin") {
    for (const double bin : {0.5, 2.0}) {
        const auto bins = static_cast<std::size_t>(100000 / bin);
        const auto course = poisson_course(20, 50, bins, bin);
        const auto periodogram = mfm::Periodogram::of(course, bin, {0, bins});
        REQUIRE(periodogram);
        double mean = 0, n = 0;
        for (double f = 5; f < 200; f += 5, ++n) {
            mean += periodogram->power(f);
            CHECK(periodogram->power(f) == Approx(0.4).epsilon(0.35)); // 388 windows, half overlapping: 7 % each
        }
        CHECK(mean / n == Approx(0.4).epsilon(0.05));
    }
}

TEST_CASE("an oscillation's power lies at its frequency, and the density's integral is its variance") {
    std::vector<double> course;
    for (int i = 0; i < 8192; ++i) course.push_back(30 + 4 * std::cos(2 * std::numbers::pi * 25 * 1e-3 * i));
    const auto periodogram = mfm::Periodogram::of(course, 1.0, {0, course.size()});
    REQUIRE(periodogram);
    CHECK(periodogram->mean_hz() == Approx(30).epsilon(1e-3));
    double variance = 0;
    for (double f = 0; f < 500; f += 0.25) variance += 2 * 0.25 * periodogram->power(f);
    CHECK(variance == Approx(8).epsilon(1e-3));
    CHECK(periodogram->power(25) > 100 * periodogram->power(35));
}

TEST_CASE(
    "a course of less than two windows has no periodogram, and frequencies stay below a quarter of the sampling rate") {
    CHECK_FALSE(mfm::Periodogram::of(std::vector<double>(2000, 1.0), 1.0, {1000, 2000}));
    CHECK(mfm::Periodogram::of(std::vector<double>(2024, 1.0), 1.0, {1000, 2024}));
    CHECK_FALSE(mfm::Periodogram::of(std::vector<double>(2000, 1.0), 50.0, {0, 2000})); // 10 bins a window
    CHECK(mfm::spectrum_frequencies(1.0).size() == 128);
    CHECK(mfm::spectrum_frequencies(1.0).front() == Approx(1.953125));
    CHECK(mfm::spectrum_frequencies(0.1).back() == 250);
    CHECK(mfm::spectrum_frequencies(5.0).back() <= 50);
}

TEST_CASE(
    "behind a low-pass filter of T independent cells keep the standard deviation that a filter leaves of white noise") {
    const double rate = 20, cells = 50, bin = 1, T = 3.5;
    const auto course = poisson_course(rate, cells, 200000, bin);
    const double white = rate / (cells * bin * 1e-3); // variance of a bin
    const auto sd = mfm::filtered_standard_deviation(course, bin, T, {0, course.size()});
    REQUIRE(sd);
    // 200000 bins with a memory of 2 T: an error of the variance of sqrt(2 / 28000) = 0.8 %.
    CHECK(*sd == Approx(std::sqrt(white * std::tanh(bin / (2 * T)))).epsilon(0.016));
    CHECK(*mfm::standard_deviation(course, {0, course.size()}) == Approx(std::sqrt(white)).epsilon(0.01));
    CHECK_FALSE(mfm::filtered_standard_deviation(course, 5.0, T, {0, course.size()}));
    CHECK_FALSE(mfm::filtered_standard_deviation(course, 1.0, 0.0, {0, course.size()}));
}

TEST_CASE("fluctuations of network and mean field stand side by side, whatever the number of trials") {
    for (const std::uint32_t trials : {1u, 9u}) {
        mfm::SpikeRecord record;
        record.conditions.resize(1);
        auto& c = record.conditions[0];
        c.stimulation = "background";
        c.duration = 20000;
        c.transient = 200;
        c.level_hz = 4;
        c.trials = trials;
        c.population.resize(2);
        c.population[1].rate_hz = 20;
        c.population[1].course_hz = poisson_course(20, 50, 20000, 1, trials);
        c.count_covariance = {1, 0.1, 0.1, 0.01}; // of counts per cell in 5 ms
        mfm::MeanFieldResults results;
        results.populations = {"golgi_cell", "mossy_fibers"};
        results.bin_ms = 5;
        results.T_ms = 3.5;
        results.frequency_hz = {10, 50};
        results.conditions.resize(1);
        auto& m = results.conditions[0];
        m.stimulation = "background";
        m.linear = {{20, 4}, {361, 2, 2, 3}, {{0.5, 0.4}, {1, 1}}};
        m.noisy = {{21, 4}, {484, 2, 2, 3}, {{0.6, 0.7}, {1, 1}}};
        m.covariance = {9, 0, 0, 1};
        m.first_order_hz = {19, 4};
        m.response_gain = {{2, 1}, {1, 1}};
        m.response_phase_deg = {{-10, -90}, {0, 0}};
        m.points = {{{20, 4}, true, -0.1, 0}};
        const std::vector<mfm::RecordedPopulation> populations{{"mossy_fibers", 117, false}, {"golgi_cell", 50, true}};
        const auto report = mfm::compare(record, populations, results, {});
        REQUIRE(report.populations.at(0).fluctuations.size() == 1);
        const auto& row = report.populations[0].fluctuations[0];
        CHECK(*row.network_sd_hz == Approx(0.1 / 5e-3));
        CHECK(*row.independent_sd_hz == Approx(std::sqrt(20 / (50 * 5e-3))));
        CHECK(*row.mean_field_sd_hz == 19);
        CHECK(*row.noisy_sd_hz == 22);
        CHECK(*row.noisy_rate_hz == 21);
        CHECK(*row.second_order_sd_hz == 3);
        CHECK(*row.first_order_rate_hz == 19);
        CHECK(*row.network_within_T_sd_hz == Approx(std::sqrt(400 * std::tanh(1 / 7.0))).epsilon(0.06));
        REQUIRE(report.spectra.size() == 1);
        const auto& spectrum = report.spectra[0];
        CHECK(spectrum.population == "golgi_cell");
        REQUIRE(spectrum.network.size() == 2);
        for (const double power : spectrum.network) CHECK(power == Approx(0.4).epsilon(0.5)); // 77 windows: 16 % each
        CHECK(spectrum.mean_field == std::vector<double>{0.5, 0.4});
        CHECK(spectrum.noisy == std::vector<double>{0.6, 0.7});
        CHECK(spectrum.response_phase_deg == std::vector<double>{-10, -90});
        REQUIRE(report.conditions[0].points.size() == 1);
        CHECK(report.conditions[0].points[0].rate_hz == std::vector<double>{20});
    }
}
