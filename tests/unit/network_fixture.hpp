// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

#include "config/pipeline.hpp"
#include "network/network.hpp"

namespace network_test {

using namespace mfm;

inline const Registry& registry() {
    static const Registry plugins({TEST_PLUGIN_FOLDER});
    return plugins;
}

/// A pipeline from its text.
inline PipelineConfig pipeline(const std::string& toml, std::uint64_t seed = 1) {
    const auto file =
        std::filesystem::temp_directory_path() / ("automfm_network_" + std::to_string(getpid()) + ".toml");
    std::ofstream(file) << toml;
    LoadOptions options;
    options.seed = seed;
    try {
        PipelineConfig config = load_pipeline(file, registry(), options);
        std::filesystem::remove(file);
        return config;
    } catch (...) {
        std::filesystem::remove(file);
        throw;
    }
}

/// Keeps warnings, forgets the rest.
class Quiet : public SilentProgress {
public:
    void warn(const std::string& line) override { warnings.push_back(line); }
    std::vector<std::string> warnings;
};

inline Network build(const PipelineConfig& config) {
    Quiet progress;
    return build_network(config, progress);
}
inline Network build(const std::string& toml, std::uint64_t seed = 1) {
    return build(pipeline(toml, seed));
}

/// Sources "a" and targets "b" without a place, joined by one rule.
inline std::string pair_of(std::uint64_t sources, std::uint64_t targets, const std::string& rule) {
    return "[population.a]\nkind = \"poisson\"\ncount = " + std::to_string(sources) +
           "\n[population.b]\nkind = \"relay\"\ncount = " + std::to_string(targets) +
           "\n[projection.ab]\nsource = \"a\"\ntarget = \"b\"\ndelay = \"1 ms\"\nrule = " + rule + "\n";
}
/// One relay population onto itself.
inline std::string onto_itself(std::uint64_t cells, const std::string& rule) {
    return "[population.a]\nkind = \"relay\"\ncount = " + std::to_string(cells) +
           "\n[projection.aa]\nsource = \"a\"\ntarget = \"a\"\ndelay = \"1 ms\"\nrule = " + rule + "\n";
}

/// Sources of every target cell, ascending.
inline std::vector<std::vector<std::uint32_t>> sources_of(const Network& network, const Projection& p) {
    std::vector<std::vector<std::uint32_t>> sources(network.populations[p.target].n);
    for (std::uint32_t s = 0; s + 1 < p.row.size(); ++s)
        for (std::uint64_t k = p.row[s]; k < p.row[s + 1]; ++k) sources[p.to[k]].push_back(s);
    return sources;
}
inline std::vector<std::uint64_t> out_degrees(const Projection& p) {
    std::vector<std::uint64_t> degree(p.row.size() - 1);
    for (std::size_t s = 0; s < degree.size(); ++s) degree[s] = p.row[s + 1] - p.row[s];
    return degree;
}

struct Moments {
    double mean = 0, sd = 0;
};
template <class List> Moments moments(const List& values) {
    double sum = 0, square = 0;
    const double n = static_cast<double>(values.size());
    for (const auto v : values) sum += static_cast<double>(v);
    for (const auto v : values) square += (static_cast<double>(v) - sum / n) * (static_cast<double>(v) - sum / n);
    return {sum / n, std::sqrt(square / n)};
}

inline double distance(const Population& a, std::size_t i, const Population& b, std::size_t j,
                       const std::string& axes = "xyz") {
    double sum = 0;
    for (std::size_t d = 0; d < 3; ++d)
        if (axes.find("xyz"[d]) != std::string::npos) sum += std::pow(a.position[d][i] - b.position[d][j], 2);
    return std::sqrt(sum);
}

/// What the rule of the first projection says of its own in-degree.
inline Moments law(const PipelineConfig& config) {
    const ProjectionConfig& p = config.projections.at(0);
    const Instance rule(*p.rule.component, p.rule.settings);
    const auto& table = rule.table<mfm_connectivity_v1>(MFM_CONNECTIVITY_ID);
    const auto view_of = [&](const std::string& name) {
        const PopulationConfig& c = config.populations[config.population_index(name)];
        return mfm_population{sizeof(mfm_population), 0, c.name.c_str(), c.count.value_or(0), nullptr};
    };
    const mfm_population source = view_of(p.source), target = view_of(p.target);
    const double zero[3] = {0, 0, 0};
    const mfm_projection projection{
        sizeof(mfm_projection), p.source == p.target ? 1u : 0u, 1, 1, &source, &target, nullptr, zero, zero};
    Moments out;
    mfm_error error = empty_error();
    check_status(table.in_degree(rule.self(), &projection, &out.mean, &out.sd, &error), error, *p.rule.component,
                 "in_degree");
    return out;
}

} // namespace network_test
