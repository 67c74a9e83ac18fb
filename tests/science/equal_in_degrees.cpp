// SPDX-License-Identifier: Apache-2.0
// A network whose cells all have the same in-degree synchronises, and the verdict refuses a mean field of it.
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "pipeline/run.hpp"
#include "support/files.hpp"

using namespace mfm;
namespace fs = std::filesystem;

namespace {

struct Outcome {
    ExitCode code;
    nlohmann::json summary;
    /// Populations that the verdict calls synchronous.
    [[nodiscard]] std::vector<std::string> synchronous() const {
        std::vector<std::string> out;
        for (const std::string reason : summary["reasons"])
            if (const auto at = reason.find(" is synchronous at 4 Hz of 'sweep': pairwise count correlation");
                at != std::string::npos)
                out.push_back(reason.substr(0, at));
        return out;
    }
};

/// The shipped pipeline at its lowest level, with few samples: the network is whole.
Outcome run(std::vector<std::string> set) {
    const fs::path folder = fs::temp_directory_path() / ("automfm-equal-" + std::to_string(getpid()));
    RunOptions options;
    options.file = fs::path(TEST_SOURCE_FOLDER) / "configs" / "cerebellum_equal_in_degrees.toml";
    options.out = folder;
    options.plugin_path = {TEST_PLUGIN_FOLDER};
    options.quiet = true;
    options.set = {"stimulation.sweep.rate=[4]", "simulation.duration=1700",  "transfer.points=24",
                   "transfer.wide_points=6",     "transfer.heldout_points=8", "transfer.seconds=10"};
    options.set.insert(options.set.end(), set.begin(), set.end());
    Outcome out{run_pipeline(options), nlohmann::json::parse(read_file(folder / "summary.json"))};
    fs::remove_all(folder);
    return out;
}

} // namespace

TEST_CASE("the cerebellum with equal in-degrees is not valid, because its Golgi cells are synchronous") {
    const Outcome out = run({});
    CHECK(out.code == ExitCode::NotValid);
    CHECK(out.summary["verdict"] == "not_valid");
    CHECK(out.synchronous() == std::vector<std::string>{"golgi_cell"});
    // Whatever the limits of the rates' errors.
    const Outcome lenient = run({"validation.limited=1e6", "validation.not_valid=1e6"});
    CHECK(lenient.summary["verdict"] == "not_valid");
    CHECK(lenient.synchronous() == out.synchronous());
}

TEST_CASE("the same with in-degrees that vary by 0.4 is not synchronous") {
    std::vector<std::string> set;
    for (const auto& [projection, in_degree] : std::vector<std::pair<std::string, double>>{{"glomerulus_to_granule", 2},
                                                                                           {"golgi_to_granule", 2},
                                                                                           {"glomerulus_to_golgi", 38},
                                                                                           {"granule_to_golgi", 590},
                                                                                           {"golgi_to_golgi", 28}}) {
        set.push_back("projection." + projection + ".rule.distribution=gamma");
        set.push_back("projection." + projection + ".rule.sd=" + std::to_string(0.4 * in_degree));
    }
    CHECK(run(set).synchronous().empty());
}
