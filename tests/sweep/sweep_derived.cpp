// SPDX-License-Identifier: Apache-2.0
// Members with networks of their own, and what a mean field without one is worth beside them.
#include <catch2/catch.hpp>

#include "output/library_file.hpp"
#include "sweep_fixture.hpp"

using namespace sweep_test;

namespace {

double number(const mfm::ModelLibrary& library, std::size_t member, const std::string& column) {
    for (std::size_t c = 0; c < library.columns.size(); ++c)
        if (library.columns[c] == column) return library.value(member, c);
    FAIL("no column " << column);
    return 0;
}
std::size_t member_at(const mfm::ModelLibrary& library, const std::vector<double>& values) {
    for (std::size_t i = 0; i < library.members.size(); ++i)
        if (library.members[i].values == values) return i;
    FAIL("no such member");
    return 0;
}

} // namespace

TEST_CASE("a changed mean field is the one that is derived from the changed pipeline") {
    const Folder folder;
    const std::string changed = folder / "changed", derived = folder / "derived";
    const std::string corner =
        " --set 'library.axis.inhibition.from=1.1' --set 'library.axis.outside.from=\"21000 Hz\"'";
    succeeds("sweep plan " + small_sweep + corner + " --out " + changed);
    succeeds("sweep plan " + small_sweep + corner + " --set library.points=derive --out " + derived);
    succeeds("sweep run " + changed + " --quiet");
    {
        Worker worker({"sweep", "run", derived, "--quiet"}); // and one is killed while it derives
        wait_for_points(derived, 1, worker);
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
        worker.end(SIGKILL);
    }
    succeeds("sweep run " + derived + " --quiet");
    succeeds("sweep gather " + changed);
    succeeds("sweep gather " + derived);
    const auto a = mfm::load_model_library(changed + "/library.h5"),
               b = mfm::load_model_library(derived + "/library.h5");
    REQUIRE(a.members.size() == 4);
    REQUIRE(b.members.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
        for (const char* population : {"excitatory", "inhibitory"}) {
            const std::string column = std::string(population) + ".drive.mean_field_rate_hz";
            INFO(column << " of member " << i);
            CHECK(a.members[i].values == b.members[i].values);
            CHECK(number(a, i, column) == Approx(number(b, i, column)).epsilon(1e-5));
            // Cells of 40 and 10 sources: the network is not far from its mean field, and is another one at each point.
            CHECK(number(b, i, column) ==
                  Approx(number(b, i, std::string(population) + ".drive.network_rate_hz")).epsilon(0.3));
        }
    const std::string rate = "excitatory.drive.mean_field_rate_hz";
    CHECK(number(a, member_at(a, {1.1, 22000}), rate) > 1.01 * number(a, member_at(a, {1.1, 21000}), rate));
    CHECK(number(a, member_at(a, {1.2, 21000}), rate) < 0.99 * number(a, member_at(a, {1.1, 21000}), rate));

    // The member as a pipeline of its own is the one that it was made from.
    succeeds("library get " + derived + "/library.h5 " + b.members[3].name + " --out " + (folder / "member.toml"));
    const fs::path made_from =
        fs::path(derived) / "points" / b.members[3].name.substr(0, 2) / b.members[3].name / "pipeline.toml";
    CHECK(mfm::read_file(folder / "member.toml") == mfm::read_file(made_from));
    const Outcome near = automfm("library nearest " + changed + "/library.h5 inhibition=1.15 outside='21.4 kHz'");
    CHECK(near.code == 0);
    CHECK(near.text.find(" at inhibition = 1.1, outside = 21000 Hz\n") != std::string::npos);
    CHECK(automfm("library list " + derived + "/library.h5").text.find(b.members[0].name) != std::string::npos);
    CHECK(automfm("library show " + derived + "/library.h5").text.find("excitatory.drive.network_rate_hz") !=
          std::string::npos);
}
