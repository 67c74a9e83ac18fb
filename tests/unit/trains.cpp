// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cmath>

#include "support/diagnostics.hpp"
#include "transfer/trains.hpp"

using namespace mfm;

namespace {

constexpr double dt = 0.1; // ms
constexpr std::uint64_t padded = 16;

/// Sums over all steps of a call for one port: [steps][cell].
std::vector<std::vector<double>> counts(TrainInput& input, std::uint32_t ports, std::uint32_t port, std::uint64_t cells,
                                        std::uint64_t steps, std::uint32_t call) {
    std::vector<std::vector<double>> out;
    for (std::uint64_t first = 0; first < steps; first += call) {
        const double* const* rows = input.rows(first, call);
        for (std::uint32_t t = 0; t < call; ++t) {
            const double* row = rows[t * ports + port];
            out.emplace_back(row, row + cells);
        }
    }
    return out;
}

struct Moments {
    double mean_hz = 0, fano = 0; ///< of counts in windows of 500 ms, over cells and windows
};
Moments moments(const std::vector<std::vector<double>>& counts) {
    constexpr std::size_t window = 5000;
    double sum = 0, square = 0, n = 0;
    for (std::size_t first = window; first + window <= counts.size(); first += window) // the first window warms up
        for (std::size_t c = 0; c < counts[0].size(); ++c) {
            double events = 0;
            for (std::size_t t = first; t < first + window; ++t) events += counts[t][c];
            sum += events;
            square += events * events;
            ++n;
        }
    const double mean = sum / n;
    return {mean / 0.5, (square / n - mean * mean) / mean};
}

TrainDrive trains(std::uint64_t cells, double rate_hz, double shape) {
    TrainDrive d{0, shape, {0}, {}, {}, nullptr, 0};
    for (std::uint64_t c = 1; c <= cells; ++c) d.row.push_back(c);
    d.rate_hz.assign(cells, rate_hz);
    d.weight.assign(cells, 1.0);
    return d;
}

Moments moments_of(TrainDrive drive, std::uint64_t cells) {
    TrainInput input({std::move(drive)}, {}, cells, padded, 1, dt, 5, 6);
    return moments(counts(input, 1, 0, cells, 400000, 1000));
}

} // namespace

TEST_CASE("trains have their rate, and counts that vary as their intervals do: Fano factor CV^2") {
    const Moments poisson = moments_of(trains(16, 40, 1), 16), regular = moments_of(trains(16, 40, 4), 16);
    // 16 cells, 79 windows of 20 events: errors of 1 % in the mean and 4 % in the variance.
    CHECK(poisson.mean_hz == Approx(40).epsilon(0.03));
    CHECK(poisson.fano == Approx(1).epsilon(0.15));
    CHECK(regular.mean_hz == Approx(40).epsilon(0.02));
    CHECK(regular.fano == Approx(0.26).epsilon(0.15)); // CV^2 = 1/4, and a little for the windows' ends
}

TEST_CASE("trains of many events are drawn as counts, with the same mean and variance") {
    const Moments many = moments_of(trains(16, 6000, 1), 16); // 0.6 a step
    CHECK(many.mean_hz == Approx(6000).epsilon(0.002));
    CHECK(many.fano == Approx(1).epsilon(0.15));
}

TEST_CASE("a clock turns time into operational time and back, and is 1 on average") {
    const RateClock clock({1, 3, 0, 4}, 2.0);
    CHECK(clock.length() == 8);
    CHECK(clock.elapsed(8) == Approx(8));
    CHECK(clock.elapsed(2) == Approx(1)); // factor 1 / 2
    CHECK(clock.elapsed(12) == Approx(8 + 4));
    for (const double t : {0.3, 3.9, 6.5, 9.2, 23.1}) CHECK(clock.when(clock.elapsed(t)) == Approx(t));
    CHECK(clock.factor(10.5).first == Approx(1.5));
    CHECK(clock.factor(10.5).second == Approx(12));
    CHECK_THROWS_AS(RateClock({1, -1}, 1), InputError);
    CHECK_THROWS_AS(RateClock({0, 0}, 1), InputError);
}

TEST_CASE("trains follow a clock, events and counts alike, each cell at another place of it") {
    for (const double rate : {30.0, 8000.0}) {
        TrainDrive drive = trains(1, rate, 1);
        drive.clock = std::make_shared<const RateClock>(std::vector<double>{0.5, 1.5}, 10.0);
        TrainInput input({drive}, {}, 1, padded, 1, dt, 5, 6);
        const auto events = counts(input, 1, 0, 1, 2000000, 1000);
        double low = 0, high = 0; // cell 0 begins at the clock's beginning
        for (std::size_t t = 0; t < events.size(); ++t) (t % 200 < 100 ? low : high) += events[t][0];
        CHECK(high / low == Approx(3).epsilon(rate < 100 ? 0.12 : 0.02));
        CHECK((low + high) / 200.0 == Approx(rate).epsilon(rate < 100 ? 0.05 : 0.005));
    }
}

TEST_CASE("recorded trains are replayed to the step, faster or slower, with their delay, round and round") {
    const std::vector<float> times{1.0f, 4.0f};
    ReplayDrive drive{0, {0, 1}, {times}, {2.0}, 10.0, 2.0, 0.5};
    TrainInput input({}, {drive}, 1, padded, 1, dt, 1, 1);
    const auto sums = counts(input, 1, 0, 1, 200, 50); // 20 ms: four turns of 5 ms
    std::vector<std::size_t> steps;
    for (std::size_t t = 0; t < sums.size(); ++t)
        if (sums[t][0] > 0) {
            CHECK(sums[t][0] == 2.0);
            steps.push_back(t);
        }
    // (1 ms + 0.5 ms of delay x 2) / 2 = 1 ms, 2.5 ms, and again every 5 ms; a step's rounding is left open.
    REQUIRE(steps.size() == 8);
    for (std::size_t k = 0; k < steps.size(); ++k) {
        const double expected = 5.0 * static_cast<double>(k / 2) + (k % 2 == 0 ? 1.0 : 2.5);
        CHECK(std::abs(static_cast<double>(steps[k]) * dt - expected) < 0.11);
    }
}

TEST_CASE("trains are the same bits whatever the length of the calls") {
    for (const double rate : {30.0, 8000.0}) {
        TrainInput a({trains(3, rate, 1)}, {}, 3, padded, 1, dt, 5, 6),
            b({trains(3, rate, 1)}, {}, 3, padded, 1, dt, 5, 6);
        CHECK(counts(a, 1, 0, 3, 4000, 1000) == counts(b, 1, 0, 3, 4000, 50));
    }
}
