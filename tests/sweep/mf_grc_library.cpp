// SPDX-License-Identifier: Apache-2.0
// configs/cerebellum_mf_grc_library.toml in a corner of the tissue, every fourth member.
#include <catch2/catch.hpp>

#include <algorithm>

#include "output/library_file.hpp"
#include "sweep_fixture.hpp"

using namespace sweep_test;

namespace {

const std::string corner =
    " --set library.axis.mossy_granule.step='\"0.092 nS\"' --set space.size='[\"100 um\", \"80 um\", \"295 um\"]'"
    " --set population.golgi_cell.placement.count=10 --set transfer.points=24 --set transfer.wide_points=6"
    " --set transfer.heldout_points=4 --set transfer.seconds=20 --set transfer.starts=2"
    " --set stimulation.sweep.rate='[\"4 Hz\", \"80 Hz\"]' --set stimulation.sweep.duration='\"700 ms\"'"
    " --set stimulation.step.trials=1 --set stimulation.sine.trials=1 --set stimulation.burst_10_ms.trials=1"
    " --set stimulation.burst_30_ms.trials=1 --set stimulation.burst_100_ms.trials=1";

std::vector<double> of_column(const mfm::ModelLibrary& library, const std::string& name) {
    const auto c = std::find(library.columns.begin(), library.columns.end(), name);
    REQUIRE(c != library.columns.end());
    std::vector<double> out;
    for (std::size_t m = 0; m < library.members.size(); ++m)
        out.push_back(library.value(m, static_cast<std::size_t>(c - library.columns.begin())));
    return out;
}

} // namespace

TEST_CASE("granule cells fire more with every step of their mossy fibres' conductance, in the network and in the mean "
          "field") {
    const Folder folder;
    const std::string plan = folder / "plan";
    const std::string plugins = std::string(" --plugin-path ") + TEST_PLUGIN_FOLDER;
    succeeds("sweep plan " + std::string(TEST_SOURCE_FOLDER) + "/configs/cerebellum_mf_grc_library.toml" + corner +
             " --out " + plan + plugins);
    succeeds("sweep run --quiet " + plan + plugins);
    succeeds("sweep gather " + plan);
    const mfm::ModelLibrary library = mfm::load_model_library(plan + "/library.h5");
    REQUIRE(library.members.size() == 6);
    CHECK(library.members[1].variant == "schizophrenia_like"); // 0.4 and 1.6 times 0.23 nS
    CHECK(library.members[1].values == std::vector<double>{0.092});
    CHECK(library.members[4].variant == "autism_like");
    CHECK(library.members[4].values == std::vector<double>{0.368});
    for (const char* column : {"granule_cell.sweep.80.network_rate_hz", "granule_cell.sweep.80.mean_field_rate_hz",
                               "granule_cell.step.network_peak_hz", "granule_cell.step.mean_field_peak_hz"}) {
        INFO(column);
        const std::vector<double> rate = of_column(library, column);
        CHECK(std::is_sorted(rate.begin(), rate.end()));
        CHECK(rate.front() < 0.5); // nothing drives them
        CHECK(rate.back() > 10.0);
    }
    for (const char* column : {"purkinje_cell.sweep.80.network_rate_hz", "purkinje_cell.burst_30_ms.network_peak_hz"})
        CHECK(of_column(library, column).back() > of_column(library, column).front());
    for (const mfm::LibraryMember& m : library.members)
        CHECK((m.verdict == "valid" || m.verdict == "limited" || m.verdict == "not_valid"));
    CHECK(library.members.front().verdict == "not_valid"); // nothing to sample a transfer function around
}
