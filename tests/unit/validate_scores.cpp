// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <mfm/random.hpp>

#include "validate/scores.hpp"

namespace {

constexpr mfm::ResponseTimes times{100, 500, 900, 1000};

/// 20 Hz; 50 Hz from 500 to 700 ms; 5 Hz from 700 to 750 ms.
std::vector<double> burst_and_pause() {
    std::vector<double> r(1000, 20.0);
    for (std::size_t i = 500; i < 700; ++i) r[i] = 50.0;
    for (std::size_t i = 700; i < 750; ++i) r[i] = 5.0;
    return r;
}
std::vector<double> normal(std::size_t n, std::uint64_t key) {
    mfm::RandomSequence random(key, 1, 0);
    std::vector<double> x;
    for (std::size_t i = 0; i < n; ++i) x.push_back(random.normal());
    return x;
}

} // namespace

TEST_CASE("a burst and the pause behind it have the scores that they were made with") {
    const auto s = mfm::response_scores(burst_and_pause(), {}, 1.0, times, 0.0);
    CHECK(*s.baseline_hz == 20.0);
    CHECK(*s.peak_hz == 50.0);
    CHECK(*s.pause_hz == 5.0);
    CHECK(*s.pause_depth == 0.75);
    CHECK(*s.pause_ms == 50.0);
    CHECK(*s.area == Approx(30 * 0.2 - 15 * 0.05)); // spikes a cell
    CHECK_FALSE(s.correlation);
}

TEST_CASE("a dip before the burst is no pause, and what comes after the end of the response is not scored") {
    std::vector<double> r = burst_and_pause();
    for (std::size_t i = 500; i < 520; ++i) r[i] = 0.0;
    for (std::size_t i = 950; i < 980; ++i) r[i] = 90.0;
    const auto s = mfm::response_scores(r, {}, 1.0, times, 0.0);
    CHECK(*s.peak_hz == 50.0);
    CHECK(*s.pause_hz == 5.0);
}

TEST_CASE("a rate that never falls below its baseline has no pause") {
    std::vector<double> r(1000, 20.0);
    for (std::size_t i = 500; i < 1000; ++i) r[i] = 50.0;
    const auto s = mfm::response_scores(r, {}, 1.0, times, 0.0);
    CHECK(*s.pause_depth == -1.5);
    CHECK_FALSE(s.pause_ms);
    mfm::ResponseTimes from_the_start{500, 500, 900, 1000}; // no time before it
    CHECK_FALSE(mfm::response_scores(r, {}, 1.0, from_the_start, 0.0).baseline_hz);
    CHECK(mfm::response_scores(r, {}, 1.0, from_the_start, 0.0).peak_hz);
}

TEST_CASE("a response that follows its stimulus is correlated with it, and one that does not is not") {
    std::vector<double> stimulus(20000), follows, opposes;
    for (std::size_t i = 0; i < stimulus.size(); ++i)
        stimulus[i] = 40 + 20 * std::sin(2e-3 * 3.14159265 * 7 * double(i));
    for (const double x : stimulus) {
        follows.push_back(2 * x + 5);
        opposes.push_back(100 - x);
    }
    const mfm::ResponseTimes all{0, 0, 20000, 20000};
    CHECK(*mfm::response_scores(follows, stimulus, 1.0, all, 0).correlation == Approx(1.0));
    CHECK(*mfm::response_scores(opposes, stimulus, 1.0, all, 0).correlation == Approx(-1.0));
    // One determines the other: the information is the entropy of k = sqrt(1000 / 5) = 14 classes of equal counts.
    CHECK(*mfm::response_scores(opposes, stimulus, 1.0, all, 0).mutual_information_bits ==
          Approx(std::log2(14.0)).margin(0.2));
    const std::vector<double> flat(stimulus.size(), 3.0);
    CHECK_FALSE(mfm::response_scores(flat, stimulus, 1.0, all, 0).correlation);
    CHECK_FALSE(mfm::response_scores(flat, stimulus, 1.0, all, 0).mutual_information_bits);
}

TEST_CASE("mutual information is that of two normal variables, and nothing for independent ones") {
    const auto x = normal(20000, 1), noise = normal(20000, 2);
    for (const double r : {0.0, 0.5, 0.9}) {
        std::vector<double> y;
        for (std::size_t i = 0; i < x.size(); ++i) y.push_back(r * x[i] + std::sqrt(1 - r * r) * noise[i]);
        INFO(r);
        CHECK(*mfm::correlation(x, y) == Approx(r).margin(0.02));
        // -1/2 log2(1 - r^2) bits, of which 16 classes cannot keep all.
        const double exact = -0.5 * std::log2(1 - r * r), found = *mfm::mutual_information(x, y, 20000);
        CHECK(found < exact + 0.02);
        CHECK(found > 0.92 * exact - 0.02);
    }
    CHECK_FALSE(mfm::mutual_information(std::vector<double>(7, 1.0), std::vector<double>(7, 1.0), 7));
}
