// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "network/connect.hpp"
#include "network/network.hpp"
#include "support/hash.hpp"

namespace mfm {
namespace {

std::string content_hash(const Network& network) {
    ContentHash hash;
    for (const Population& population : network.populations) {
        hash.add(population.name);
        hash.add(population.n);
        for (const auto& axis : population.position) hash.add(axis);
    }
    std::vector<std::uint32_t> degree;
    for (const Projection& projection : network.projections) {
        hash.add(projection.name);
        for (const std::uint64_t number :
             {std::uint64_t{projection.source}, std::uint64_t{projection.target}, std::uint64_t{projection.port}})
            hash.add(number);
        degree.clear();
        for (std::size_t r = 0; r + 1 < projection.row.size(); ++r)
            degree.push_back(static_cast<std::uint32_t>(projection.row[r + 1] - projection.row[r]));
        hash.add(degree);
        hash.add(projection.to);
        hash.add(std::vector<double>(projection.contacts.begin(), projection.contacts.end()));
        hash.add(projection.weight);
        hash.add(projection.weights);
        hash.add(projection.delay);
        hash.add(projection.delays);
    }
    for (const double x : network.upper) hash.add(x);
    return hash.hex();
}

} // namespace

Network build_network(const PipelineConfig& config, Progress& progress) {
    Network network;
    network.upper = config.space.size;
    network.populations = place_populations(config);
    const AbiPopulations populations(network.populations);
    std::set<std::string> needed;
    for (const ProjectionConfig& projection : config.projections)
        needed.insert(projection.earlier.begin(), projection.earlier.end());

    network.projections.reserve(config.projections.size()); // AbiEdges point into them
    EarlierEdges earlier;
    progress.begin({"building the network", config.projections.size(), "projections"});
    std::uint64_t cells = 0, pairs = 0;
    for (const Population& population : network.populations) cells += population.n;
    for (const ProjectionConfig& projection : config.projections) {
        const std::uint64_t n_target = network.populations[config.population_index(projection.target)].n;
        progress.at("'" + projection.name + "'");
        Rows rows = apply_rule(config, projection, network, populations, earlier);
        network.projections.push_back(finish_projection(config, projection, network, std::move(rows)));
        progress.advance();
        const Projection& made = network.projections.back();
        if (made.to.empty())
            progress.warn(
                fmt::format("{}projection '{}' has no synapse: its rule '{}' connected no pair of '{}' and '{}'",
                            projection.where.prefix(), projection.name, projection.rule.component->id(),
                            projection.source, projection.target));
        pairs += made.to.size();
        if (needed.count(projection.name) != 0)
            earlier.emplace(projection.name, std::make_unique<AbiEdges>(made, populations, n_target));
    }
    network.hash = content_hash(network);
    progress.end(fmt::format("{} cells in {} populations, {} connected pairs in {} projections", cells,
                             network.populations.size(), pairs, network.projections.size()));
    return network;
}

} // namespace mfm
