// SPDX-License-Identifier: Apache-2.0
// Brunel's network in two of its states and the cortical AdEx network with four sets of parameters, at full size.
#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "pipeline/run.hpp"
#include "support/files.hpp"

using namespace mfm;
namespace fs = std::filesystem;

namespace {

struct Outcome {
    ExitCode code = ExitCode::Done;
    nlohmann::json summary;
    [[nodiscard]] double of(const std::string& population, const char* key) const {
        return summary["populations"][population]["stationary"][0][key].get<double>();
    }
    [[nodiscard]] std::string reasons() const { return summary["reasons"].dump(); }
};
Outcome run(const std::string& name, const std::vector<std::string>& set = {}) {
    RunOptions options;
    options.file = fs::path(TEST_SOURCE_FOLDER) / "configs" / (name + ".toml");
    options.out = fs::temp_directory_path() / ("automfm-networks-" + std::to_string(getpid()));
    options.plugin_path = {TEST_PLUGIN_FOLDER};
    options.quiet = true;
    options.set = set;
    Outcome out;
    out.code = run_pipeline(options);
    out.summary = nlohmann::json::parse(read_file(*options.out / "summary.json"));
    fs::remove_all(*options.out);
    return out;
}

} // namespace

TEST_CASE("Brunel's asynchronous network has the rates of its mean field, from the cell's theory alone") {
    const Outcome r = run("brunel_lif");
    CHECK(r.summary["verdict"] != "not_valid");
    for (const char* population : {"excitatory", "inhibitory"}) {
        const double network = r.of(population, "network_rate_hz"), model = r.of(population, "mean_field_rate_hz");
        fmt::print("{}: network {:.2f} Hz, mean field {:.2f} Hz\n", population, network, model);
        CHECK(model == Approx(network).epsilon(0.05));
    }
}

TEST_CASE("Brunel's synchronous network is refused for its synchrony") {
    const Outcome r = run("brunel_lif_synchronous");
    CHECK(r.code == ExitCode::NotValid);
    CHECK(r.summary["verdict"] == "not_valid");
    CHECK_THAT(r.reasons(),
               Catch::Contains("excitatory is synchronous") && Catch::Contains("no rate model holds there"));
}

TEST_CASE("the cortical network's mean field is within 20 % for excitatory and 10 % for inhibitory cells") {
    for (const char* name :
         {"cortex_adex", "cortex_adex_no_increment", "cortex_adex_weak_adaptation", "cortex_adex_weak_synapses"}) {
        INFO(name);
        const Outcome r = run(name);
        const double E = r.of("regular_spiking", "relative_error"), I = r.of("fast_spiking", "relative_error");
        fmt::print("{}: {:.2f} / {:.2f} Hz, {:+.1f} / {:+.1f} %\n", name, r.of("regular_spiking", "network_rate_hz"),
                   r.of("fast_spiking", "network_rate_hz"), 100 * E, 100 * I);
        CHECK(std::abs(E) < 0.20);
        CHECK(std::abs(I) < 0.10);
    }
}
