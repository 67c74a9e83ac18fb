// SPDX-License-Identifier: Apache-2.0
// The cortical network of AdEx cells, as NEST 3.6.0 was given it.
#pragma once
#include <array>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "network/network.hpp"
#include "plugin/registry.hpp"
#include "simulate/simulate.hpp"

namespace mfm::test {

/// RS and FS over 0-1 s, RS and FS over 0.5-1 s, Hz; mean over the trials.
using Rates = std::array<double, 4>;

/// Builds the network with this seed and simulates it; set: changes of the pipeline, "key.path=value".
inline Rates cortical_rates(std::uint64_t seed, const std::vector<std::string>& set = {}) {
    static const Registry registry({TEST_PLUGIN_FOLDER});
    const std::unique_ptr<Progress> progress = make_progress(true);
    LoadOptions options;
    options.seed = seed;
    options.set = set;
    const PipelineConfig config =
        load_pipeline(std::string(TEST_SOURCE_FOLDER) + "/tests/science/cortex_adex.toml", registry, options);
    const Network network = build_network(config, *progress);
    const SpikeRecord record = simulate_network(config, network, *progress);
    const auto rate = [&](const char* population, std::size_t from) {
        const std::vector<double>& course = // one value a millisecond
            record.conditions.at(0).population.at(config.population_index(population)).course_hz;
        if (course.size() != 1000) throw std::logic_error("the cortical network runs for a second");
        return std::accumulate(course.begin() + static_cast<std::ptrdiff_t>(from), course.end(), 0.0) /
               static_cast<double>(course.size() - from);
    };
    return {rate("rs", 0), rate("fs", 0), rate("rs", 500), rate("fs", 500)};
}

} // namespace mfm::test
