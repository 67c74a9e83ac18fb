// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <filesystem>

#include <cmath>
#include <cstdio>
#include <fstream>

#include <unistd.h>

#include "unit/plugin_instances.hpp"

using namespace mfm;
using namespace mfm::test;
using Catch::Matchers::Contains;

namespace {

/// A protocol, and what the framework asks it.
struct Protocol {
    Instance it;
    const mfm_stimulation_v1& table;
    Protocol(const std::string& id, const Values& values)
        : it(instance(id, MFM_STIMULATION_ID, values)), table(it.table<mfm_stimulation_v1>(MFM_STIMULATION_ID)) {}
    [[nodiscard]] std::uint32_t count() const {
        std::uint32_t n = 0;
        mfm_error error = empty_error();
        REQUIRE(table.count(it.self(), &n, &error) == MFM_OK);
        return n;
    }
    [[nodiscard]] mfm_condition condition(std::uint32_t c = 0) const {
        mfm_condition out{};
        out.size = sizeof out;
        mfm_error error = empty_error();
        REQUIRE(table.describe(it.self(), c, &out, &error) == MFM_OK);
        return out;
    }
    [[nodiscard]] double level(std::uint32_t c = 0) const {
        double rate = -1;
        mfm_error error = empty_error();
        REQUIRE(table.level(it.self(), c, &rate, &error) == MFM_OK);
        return rate;
    }
    [[nodiscard]] double at(double t, std::uint32_t c = 0) const {
        double rate[2] = {-1, -1};
        mfm_error error = empty_error();
        REQUIRE(table.course(it.self(), c, t - 1.0, 1.0, 2, rate, &error) == MFM_OK);
        return rate[1];
    }
};

struct Table {
    std::string path =
        (std::filesystem::temp_directory_path() / ("mfm_stimulation_" + std::to_string(getpid()) + ".csv")).string();
    explicit Table(const std::string& text) { std::ofstream(path) << text; }
    ~Table() { std::remove(path.c_str()); }
};

} // namespace

TEST_CASE("a constant rate is one stationary condition, labelled by its rate") {
    const Protocol p("constant", {{"rate", 40.0}});
    CHECK(p.count() == 1);
    CHECK(std::string(p.condition().label) == "rate = 40 Hz");
    CHECK((p.condition().flags & MFM_STATIONARY) != 0);
    CHECK(p.level() == 40);
    CHECK(p.at(1e5) == 40);
}

TEST_CASE("a sweep is one stationary condition per rate") {
    const Protocol p("sweep", {{"rate", std::vector<double>{4, 20.5, 80}}});
    REQUIRE(p.count() == 3);
    CHECK(std::string(p.condition(1).label) == "rate = 20.5 Hz");
    CHECK(p.level(2) == 80);
    CHECK(p.at(10, 1) == 20.5);
    CHECK_THROWS_WITH(Protocol("sweep", {}), Contains("empty list"));
    mfm_condition out{};
    mfm_error error = empty_error();
    CHECK(p.table.describe(p.it.self(), 3, &out, &error) == MFM_ERROR);
}

TEST_CASE("a step holds its rate from onset to offset and only there") {
    const Protocol p("step", {{"baseline", 40.0}, {"rate", 100.0}, {"onset", 125.0}, {"duration", 250.0}});
    const mfm_condition c = p.condition();
    CHECK((c.flags & MFM_STATIONARY) == 0);
    CHECK(c.onset == 125);
    CHECK(c.offset == 375);
    CHECK(c.duration >= 375);
    CHECK(p.level() == 40);
    CHECK(p.at(124.9) == 40);
    CHECK(p.at(125) == 100);
    CHECK(p.at(374.9) == 100);
    CHECK(p.at(375) == 40);
}

TEST_CASE("a sine has its mean, amplitude, period and phase") {
    const Protocol p("sine", {{"mean", 40.0}, {"amplitude", 20.0}, {"frequency", 6.0}, {"phase", 90.0}});
    CHECK(p.condition().frequency_hz == 6);
    CHECK(p.condition().onset == p.condition().offset);
    CHECK(p.level() == 40);
    CHECK(p.at(0) == Approx(60));
    CHECK(p.at(1000.0 / 12) == Approx(20));
    CHECK(p.at(1000.0 / 6) == Approx(60));
}

TEST_CASE("a gaussian bump is highest at its centre and falls to exp(-1/2) at one sigma") {
    const Protocol p("gaussian", {{"baseline", 4.0}, {"amplitude", 100.0}, {"sigma", 30.0}, {"centre", 500.0}});
    CHECK(p.at(500) == 104);
    CHECK(p.at(530) == Approx(4 + 100 * std::exp(-0.5)));
    CHECK(p.at(470) == Approx(p.at(530)));
    CHECK(p.condition().onset == 410);
    CHECK(p.condition().offset == 590);
}

TEST_CASE("a pulse train has its number of pulses and regains its baseline between them") {
    const Protocol p(
        "pulse_train",
        {{"baseline", 4.0}, {"rate", 80.0}, {"onset", 100.0}, {"width", 20.0}, {"period", 50.0}, {"count", 3.0}});
    int inside = 0;
    for (int t = 0; t < 600; ++t) inside += p.at(t) == 80 ? 1 : 0;
    CHECK(inside == 60);
    CHECK(p.at(150) == 80);
    CHECK(p.at(170) == 4);
    CHECK(p.at(250) == 4);
    CHECK(p.condition().frequency_hz == 20);
    CHECK(p.condition().offset == 220);
}

TEST_CASE("a sum of sines adds its waves to the mean") {
    const std::vector<double> amplitudes{20, 5, -3}, frequencies{1, 15, 30}, phases{0, 30, 0};
    const Protocol p("sum_of_sines",
                     {{"mean", 40.0}, {"amplitudes", amplitudes}, {"frequencies", frequencies}, {"phases", phases}});
    const double pi = std::acos(-1.0);
    for (const double t : {0.0, 7.0, 333.0})
        CHECK(p.at(t) == Approx(40 + 20 * std::sin(2 * pi * t * 1e-3) + 5 * std::sin(2 * pi * 15e-3 * t + pi / 6) -
                                3 * std::sin(2 * pi * 30e-3 * t)));
    CHECK(p.condition().frequency_hz == 1);
}

TEST_CASE("settings that would make a rate negative are refused with a sentence") {
    CHECK_THROWS_WITH(Protocol("sine", {{"mean", 10.0}, {"amplitude", 20.0}, {"frequency", 6.0}}),
                      Contains("become negative") && Contains("20 Hz exceeds mean 10 Hz"));
    CHECK_THROWS_WITH(Protocol("gaussian", {{"baseline", 4.0}, {"amplitude", -5.0}}), Contains("become negative"));
    CHECK_THROWS_WITH(Protocol("sum_of_sines", {{"mean", 10.0},
                                                {"amplitudes", std::vector<double>{6, 6}},
                                                {"frequencies", std::vector<double>{1, 2}}}),
                      Contains("could become negative"));
    CHECK_THROWS_WITH(
        Protocol("sum_of_sines",
                 {{"mean", 10.0}, {"amplitudes", std::vector<double>{6}}, {"frequencies", std::vector<double>{1, 2}}}),
        Contains("1 amplitudes and 2 frequencies"));
    CHECK_THROWS_WITH(Protocol("pulse_train", {{"rate", 10.0}, {"width", 60.0}, {"period", 50.0}}),
                      Contains("overlap"));
}

TEST_CASE("a rate read from a file is interpolated between its lines") {
    const Table file("time_ms,rate_hz\n# a comment\n0,10\n100, 30\r\n\n200;30\n 300\t10\n");
    const Protocol p("from_file", {{"file", file.path}});
    CHECK(p.at(-5) == 10);
    CHECK(p.at(50) == 20);
    CHECK(p.at(150) == 30);
    CHECK(p.at(275) == 15);
    CHECK(p.at(1e4) == 10);
    CHECK(p.condition().onset == 0);
    CHECK(p.condition().offset == 300);
    CHECK(p.condition().duration == 300);
    CHECK((p.condition().flags & MFM_STATIONARY) == 0);
}

TEST_CASE("what is wrong with a rate file is said with file and line") {
    const auto message = [](const std::string& text) {
        const Table file(text);
        try {
            const Protocol p("from_file", {{"file", file.path}});
        } catch (const InputError& error) {
            const std::string what = error.what();
            const auto at = what.find(file.path);
            return at == std::string::npos ? what : what.substr(at + file.path.size());
        }
        return std::string("accepted");
    };
    CHECK_THAT(message("0 10\n10 -1\n"), Contains(":2: the rate is negative"));
    CHECK_THAT(message("t r\n0 10\n0 20\n"), Contains(":3: times must increase"));
    CHECK_THAT(message("0 10\n\nfive 10\n"), Contains(":3: expected a time"));
    CHECK_THAT(message("0 10\n5\n"), Contains(":2: expected a time"));
    CHECK_THAT(message("0 10 3\n"), Contains(":1: expected two numbers"));
    CHECK_THAT(message("0 nan\n"), Contains(":1: a time or rate is not a finite number"));
    CHECK_THAT(message("# nothing\n"), Contains("has no line"));
    CHECK_THROWS_WITH(Protocol("from_file", {{"file", std::string("/nowhere/at/all.csv")}}),
                      Contains("cannot read '/nowhere/at/all.csv': No such file"));
}
