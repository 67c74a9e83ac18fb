// SPDX-License-Identifier: Apache-2.0
// A sweep loses nothing and makes nothing twice, whoever does it and however they end.
#include <catch2/catch.hpp>

#include <fstream>

#include <nlohmann/json.hpp>

#include "sweep/claim.hpp"
#include "sweep/run.hpp"
#include "sweep_fixture.hpp"

using namespace sweep_test;

namespace {

const std::string more_points = " --set 'library.axis.outside.step=\"200 Hz\"'"; // 105 points

/// A plan whose base is there already.
void plan_with_base(const std::string& base, const std::string& plan, const std::string& set = "") {
    succeeds("sweep plan " + small_sweep + set + " --out " + plan);
    fs::copy(base + "/base", plan + "/base", fs::copy_options::recursive);
}

} // namespace

TEST_CASE("a library is the same bytes made serially, in shards by two at once, and after workers were killed") {
    const Folder folder;
    const std::string serial = folder / "serial", sharded = folder / "sharded", killed = folder / "killed";
    succeeds("sweep plan " + small_sweep + more_points + " --out " + serial);
    CHECK(automfm("sweep gather " + serial).code == 2);
    succeeds("sweep run " + serial + " --threads 1 --quiet");
    const std::string library = library_of(serial);
    CHECK(points_made(serial) == 105);

    plan_with_base(serial, sharded, more_points);
    {
        Worker first({"sweep", "run", sharded, "--shard", "2/2", "--threads", "1", "--quiet"}),
            second({"sweep", "run", sharded, "--threads", "2", "--quiet"}), // the whole of it: half is in two hands
            third({"sweep", "run", sharded, "--shard", "2/2", "--threads", "1", "--quiet"});
        CHECK(first.wait() == 0);
        CHECK(second.wait() == 0);
        CHECK(third.wait() == 0);
    }
    CHECK(library_of(sharded) == library);

    plan_with_base(serial, killed, more_points);
    std::size_t killed_in_the_middle = 0;
    for (std::size_t n = 10; n <= 50; n += 20) {
        Worker worker({"sweep", "run", killed, "--threads", "2", "--quiet"});
        Worker other({"sweep", "run", killed, "--threads", "1", "--quiet"});
        wait_for_points(killed, n, worker);
        if (worker.running()) ++killed_in_the_middle;
        worker.end(SIGKILL);
        other.end(SIGKILL);
    }
    CHECK(killed_in_the_middle > 0);
    const auto before = nlohmann::json::parse(automfm("sweep status --json " + killed).text);
    CHECK(before["under_way"] == 0);
    CHECK(before["made"] == points_made(killed));
    CHECK(before["made"] < 105);
    succeeds("sweep run " + killed + " --quiet");
    CHECK(library_of(killed) == library);
    const auto after = nlohmann::json::parse(automfm("sweep status --json " + killed).text);
    CHECK(after["complete"] == true);
    CHECK(after["begun"] == 0);
}

TEST_CASE("a worker that is interrupted ends cleanly, and one on a full disk says so and keeps what there is") {
    const Folder folder;
    const std::string whole = folder / "whole", plan = folder / "plan";
    succeeds("sweep plan " + small_sweep + " --out " + whole);
    succeeds("sweep run " + whole + " --quiet");

    plan_with_base(whole, plan);
    const Outcome full = automfm("sweep run --quiet " + plan, "ulimit -f 2;");
    CHECK(full.code == 2);
    CHECK(full.text.find("File too large") != std::string::npos);
    CHECK(points_made(plan) == 0);

    Worker worker({"sweep", "run", plan, "--threads", "1", "--quiet"});
    wait_for_points(plan, 2, worker);
    const int code = worker.end(SIGINT);
    CHECK((code == 130 || points_made(plan) == 25));
    for (const auto& entry : fs::recursive_directory_iterator(plan)) CHECK(entry.path().extension() != ".lock");
    succeeds("sweep run " + plan + " --quiet");
    CHECK(library_of(plan) == library_of(whole));

    SECTION("and a point that was damaged is made again") {
        const auto first = fs::recursive_directory_iterator(fs::path(plan) / "points");
        for (const auto& entry : first)
            if (entry.path().filename() == "member.h5") {
                std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << "nothing";
                break;
            }
        CHECK(automfm("sweep gather " + plan).text.find("1 points are not made yet") != std::string::npos);
        succeeds("sweep run " + plan + " --quiet");
        CHECK(library_of(plan) == library_of(whole));
    }
}

TEST_CASE("what a mean field cannot follow is refused when the sweep is planned") {
    const Folder folder;
    const Outcome outcome =
        automfm("sweep plan " + small_sweep + " --set library.axis.outside.path=population.excitatory.count" +
                " --set library.axis.outside.from=400 --set library.axis.outside.to=500" +
                " --set library.axis.outside.step=100 --out " + (folder / "plan"));
    CHECK(outcome.code == 2);
    CHECK(outcome.text.find(
              "axis 'outside' at 500: cells or connections differ: the mean field of the base cannot follow "
              "that without a network of its own; derive the model anew (points = \"derive\")") != std::string::npos);
    CHECK(automfm("sweep run " + (folder / "nothing")).code == 2);
}

TEST_CASE("a claim is held by one at a time and leaves nothing behind") {
    const Folder folder;
    const std::string lock = folder / "a.lock";
    {
        const auto mine = mfm::Claim::take(lock);
        REQUIRE(mine);
        CHECK_FALSE(mfm::Claim::take(lock));
    }
    CHECK_FALSE(fs::exists(lock));
    CHECK(mfm::Claim::take(lock));
}

TEST_CASE("a task of SLURM's array knows its shard") {
    const auto shard = [](const char* id, const char* count, const char* least, const char* step) {
        const auto set = [](const char* name, const char* value) {
            value != nullptr ? setenv(name, value, 1) : unsetenv(name);
        };
        set("SLURM_ARRAY_TASK_ID", id);
        set("SLURM_ARRAY_TASK_COUNT", count);
        set("SLURM_ARRAY_TASK_MIN", least);
        set("SLURM_ARRAY_TASK_STEP", step);
        try {
            const mfm::Shard s = mfm::shard_of_environment();
            return std::to_string(s.number) + "/" + std::to_string(s.of);
        } catch (const mfm::InputError& error) {
            return std::string("refused");
        }
    };
    CHECK(shard("3", "4", "1", "1") == "3/4");
    CHECK(shard("0", "4", "0", "1") == "1/4");
    CHECK(shard("7", "4", "1", "2") == "4/4");
    CHECK(shard("9", "2", "1", "1") == "refused"); // --array=1,9
    CHECK(shard("3", nullptr, nullptr, nullptr) == "refused");
    CHECK(shard(nullptr, nullptr, nullptr, nullptr) == "1/1");
    CHECK(mfm::parse_shard("2/3").number == 2);
    for (const char* text : {"0/3", "4/3", "1", "a/b", "1/", "1/3/4"})
        CHECK_THROWS_AS(mfm::parse_shard(text), mfm::InputError);
}
