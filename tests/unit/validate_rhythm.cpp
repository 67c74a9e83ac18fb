// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <mfm/random.hpp>
#include <numbers>

#include "validate/compare.hpp"
#include "validate/rhythm.hpp"

namespace {

constexpr std::size_t bins = 5000;
constexpr std::uint64_t cells = 71;

/// The rate course (Hz, 1 ms bins) of independent Poisson cells at `mean` Hz, all modulated by depth cos(2 pi f t),
/// mean of `trials`.
std::vector<double> poisson_course(double mean, double depth, double f, std::uint32_t trials = 1) {
    mfm::RandomSequence random(11, 2, 3);
    std::vector<double> course(bins);
    for (std::size_t i = 0; i < bins; ++i) {
        const double rate = mean * (1.0 + depth * std::cos(2 * std::numbers::pi * f * 1e-3 * static_cast<double>(i)));
        const auto count = random.poisson(rate * 1e-3 * static_cast<double>(cells * trials));
        course[i] = static_cast<double>(count) * 1e3 / static_cast<double>(cells * trials);
    }
    return course;
}

mfm::RhythmPower power(const std::vector<double>& course, double f, std::uint32_t trials = 1) {
    return *mfm::rhythm_power(course, 1.0, {200, bins}, f, cells, trials);
}

} // namespace

TEST_CASE("independent Poisson cells have power 1 at every frequency, and no rhythm") {
    const auto course = poisson_course(30, 0, 0);
    for (double f : {12.0, 29.0, 60.0}) {
        const auto p = power(course, f);
        CHECK(p.power > 0.7); // the largest of some twenty estimates of 1, each known to 25 %
        CHECK(p.power < 2.0);
        CHECK(p.slow_power == Approx(1.0).margin(0.35));
        CHECK_FALSE(mfm::is_rhythmic(p));
    }
    CHECK(power(poisson_course(30, 0, 0, 14), 29, 14).slow_power == Approx(1.0).margin(0.35));
}

TEST_CASE("a population that swings together has a rhythm at its frequency, and none elsewhere") {
    const auto course = poisson_course(30, 0.4, 27.0);
    const auto near = power(course, 30);
    CHECK(mfm::is_rhythmic(near));
    CHECK(near.frequency_hz == Approx(27.0).margin(1.0));
    CHECK_FALSE(mfm::is_rhythmic(power(course, 60)));
}

TEST_CASE("slow common fluctuations are no rhythm") {
    const auto course = poisson_course(30, 0.6, 5.0);
    CHECK_FALSE(mfm::is_rhythmic(power(course, 29)));
}

TEST_CASE("a rhythm is not looked for where the course cannot show it") {
    const auto course = poisson_course(30, 0, 0);
    CHECK_FALSE(mfm::rhythm_power(course, 1.0, {0, 900}, 29, cells, 1));
    CHECK_FALSE(mfm::rhythm_power(course, 1.0, {0, bins}, 5, cells, 1));
    CHECK_FALSE(mfm::rhythm_power(course, 1.0, {0, bins}, 200, cells, 1));
    CHECK_FALSE(mfm::rhythm_power(std::vector<double>(bins, 0.0), 1.0, {0, bins}, 29, cells, 1));
}

TEST_CASE("an unstable mean field is told whether the network has its rhythm") {
    mfm::SpikeRecord record;
    record.conditions.resize(1);
    auto& c = record.conditions[0];
    c.stimulation = "background";
    c.duration = bins;
    c.transient = 200;
    c.population.resize(2);
    c.population[0].course_hz = poisson_course(30, 0.4, 27.0); // an external population does not count
    c.population[1].course_hz = poisson_course(30, 0.0, 27.0);
    mfm::MeanFieldResults results;
    results.populations = {"golgi_cell"};
    results.conditions.resize(1);
    auto& m = results.conditions[0];
    m.stimulation = "background";
    m.fixed_point = mfm::FixedPointState::Unstable;
    m.eigenvalue_real = {-0.02, 0.002, 0.002};
    m.eigenvalue_imag = {0.4, 2 * std::numbers::pi * 0.029, -2 * std::numbers::pi * 0.029};
    const std::vector<mfm::RecordedPopulation> populations{{"mossy_fibers", cells, false}, {"golgi_cell", cells, true}};
    auto finding = mfm::compare(record, populations, results, {}).conditions.at(0);
    CHECK(*finding.growth_rate == 0.002);
    CHECK(*finding.oscillation_hz == Approx(29.0));
    CHECK(finding.rhythmic_population.empty());
    std::swap(c.population[0], c.population[1]);
    finding = mfm::compare(record, populations, results, {}).conditions.at(0);
    CHECK(finding.rhythmic_population == "golgi_cell");
    CHECK(finding.rhythm_hz == Approx(27.0).margin(1.0));
    m.eigenvalue_imag = {0.4, 0.0, 0.0}; // it grows without turning: no rhythm explains that
    finding = mfm::compare(record, populations, results, {}).conditions.at(0);
    CHECK_FALSE(finding.oscillation_hz);
    CHECK(finding.rhythmic_population.empty());
}
