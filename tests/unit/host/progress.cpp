// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "support/progress_events.hpp"
#include "support/progress_state.hpp"

using namespace mfm;

namespace {

ProgressState sampling() {
    ProgressState s;
    s.stage = StagePlace{"sample", "sampling the transfer functions", 4, 8, ""};
    s.task = Task{"sampling the transfer function of golgi_cell", 96, "points"};
    s.done = 41;
    s.elapsed_s = 9;
    return s;
}
ProgressState simulating() {
    ProgressState s;
    s.stage = StagePlace{"simulate", "simulating the network", 2, 8, "slow"};
    s.task = biology_task("simulating the network", 35000);
    s.at = "condition 3 of 7 (sweep: rate = 40 Hz)";
    s.done = 14000;
    s.skipped = 7000;
    s.elapsed_s = 10;
    return s;
}

} // namespace

TEST_CASE("a line for a log says what is done, how far, how fast and how long still") {
    CHECK(plain_line(sampling()) ==
          "stage 4 of 8: sampling the transfer function of golgi_cell: 41 of 96 points, 12 s left");
    CHECK(plain_line(simulating()) ==
          "variant 'slow', stage 2 of 8: simulating the network: condition 3 of 7 (sweep: rate = 40 Hz), "
          "14.0 of 35.0 s of biology, 0.7 times real time, 30 s left");
    ProgressState alone;
    alone.stage = sampling().stage;
    alone.elapsed_s = 3;
    CHECK(plain_line(alone) == "stage 4 of 8: sampling the transfer functions: 3.0 s");
}

TEST_CASE("what was there before tells nothing about how long the rest takes") {
    ProgressState s = simulating();
    CHECK(*s.rate() == Approx(0.7));
    CHECK(*s.left_s() == Approx(30));
    s.skipped = s.done;
    CHECK_FALSE(s.left_s());
    s.elapsed_s = 0.1;
    s.skipped = 0;
    CHECK_FALSE(s.left_s()); // too early to tell
}

TEST_CASE("a terminal's line leaves out what is needed least until it fits") {
    const ProgressState s = simulating();
    CHECK(
        terminal_line(s, 200) ==
        "variant 'slow', stage 2 of 8: simulating the network [=========               ] condition 3 of 7 (sweep: rate "
        "= 40 Hz), 14.0 of 35.0 s of biology, 0.7 times real time, 30 s left");
    CHECK(terminal_line(s, 120) ==
          "slow 2/8 simulating the network [====      ] 14.0 of 35.0 s of biology, 0.7 times real time, 30 s left");
    CHECK(terminal_line(s, 81) == "slow 2/8 simulating the network [====      ] 14.0 of 35.0 s of biology, 30 s left");
    CHECK(terminal_line(s, 70) == "slow 2/8 simulating the network: 14.0 of 35.0 s of biology, 30 s left");
    CHECK(terminal_line(s, 60) == "slow 2/8 simulating t…: 14.0 of 35.0 s of biology, 30 s left");
    for (std::size_t columns = 0; columns < 200; ++columns) CHECK(terminal_width(terminal_line(s, columns)) <= columns);
}

TEST_CASE("letters take the columns that a terminal gives them") {
    CHECK(terminal_width("golgi") == 5);
    CHECK(terminal_width("µ°é") == 3);
    CHECK(terminal_width("e\xCC\x81") == 1); // a letter and its accent
    CHECK(terminal_width("細胞") == 4);
    CHECK(fitted_text("細胞", 3) == "細…");
    CHECK(fitted_text("µm", 2) == "µm");
    CHECK(fitted_text("µms", 2) == "µ…");
    CHECK(fitted_text("abc", 0).empty());
    CHECK(terminal_width("\xC3") == 1); // cut in the middle
}

TEST_CASE("what is over is one line, with a summary or with how much was done") {
    CHECK(ended_line(sampling(), "") ==
          "stage 4 of 8: sampling the transfer function of golgi_cell: 41 points in 9.0 s");
    CHECK(ended_line(sampling(), "3 cells") ==
          "stage 4 of 8: sampling the transfer function of golgi_cell: 3 cells (9.0 s)");
    CHECK(ended_line(simulating(), "") ==
          "variant 'slow', stage 2 of 8: simulating the network: 14.0 s of biology in 10 s, 0.7 times real time");
}

TEST_CASE("an event has all that a line has, as numbers") {
    const auto event = nlohmann::json::parse(task_event("progress", simulating()));
    CHECK(event["event"] == "progress");
    CHECK(event["stage"] == "simulate");
    CHECK(event["stage_number"] == 2);
    CHECK(event["stages"] == 8);
    CHECK(event["variant"] == "slow");
    CHECK(event["what"] == "simulating the network");
    CHECK(event["at"] == "condition 3 of 7 (sweep: rate = 40 Hz)");
    CHECK(event["done"] == 14);
    CHECK(event["total"] == 35);
    CHECK(event["unit"] == "s of biology");
    CHECK(event["rate"] == 0.7);
    CHECK(event["left_s"] == 30);
    CHECK(event["summary"].is_null());
    WorkFailure wrong;
    wrong.sentence = "a.toml:3:7: wrong \xFF"; // a file's name may be no UTF-8
    wrong.where = {"a.toml", 3, 7};
    const auto error = nlohmann::json::parse(failure_event(wrong));
    CHECK(error["line"] == 3);
    CHECK(error["stage"].is_null());
}
