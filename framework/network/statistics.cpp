// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "network/network.hpp"

namespace mfm {
namespace {

/// Mean and sd (divided by n) of a list, and the same over its positive members.
struct Spread {
    double mean = 0, sd = 0, mean_positive = 0, sd_positive = 0;
    std::uint64_t positive = 0;
};
template <class List> Spread spread_of(const List& values) {
    double n = 0, sum = 0, positive = 0;
    for (const auto v : values) {
        n += 1.0;
        sum += static_cast<double>(v);
        if (v > 0) positive += 1.0;
    }
    Spread out;
    out.positive = static_cast<std::uint64_t>(positive);
    if (n == 0) return out;
    out.mean = sum / n;
    out.mean_positive = positive > 0 ? sum / positive : 0.0;
    double square = 0, square_positive = 0;
    for (const auto v : values) {
        const double x = static_cast<double>(v);
        square += (x - out.mean) * (x - out.mean);
        if (v > 0) square_positive += (x - out.mean_positive) * (x - out.mean_positive);
    }
    out.sd = std::sqrt(square / n);
    out.sd_positive = positive > 0 ? std::sqrt(square_positive / positive) : 0.0;
    return out;
}

} // namespace

std::vector<std::uint32_t> in_degrees(const Network& network, const Projection& projection) {
    std::vector<std::uint32_t> degree(network.populations[projection.target].n, 0);
    for (const std::uint32_t target : projection.to) ++degree[target];
    return degree;
}

DegreeStatistics degree_statistics(const Network& network, const Projection& projection) {
    const Spread in = spread_of(in_degrees(network, projection));
    std::vector<std::uint64_t> out_degree(projection.row.empty() ? 0 : projection.row.size() - 1);
    for (std::size_t s = 0; s < out_degree.size(); ++s) out_degree[s] = projection.row[s + 1] - projection.row[s];
    const Spread out = spread_of(out_degree);
    DegreeStatistics result;
    result.in_mean = in.mean;
    result.in_sd = in.sd;
    result.in_mean_connected = in.mean_positive;
    result.in_sd_connected = in.sd_positive;
    result.out_mean_connected = out.mean_positive;
    result.out_sd_connected = out.sd_positive;
    result.connected_targets = in.positive;
    if (!projection.contacts.empty()) {
        const Spread contacts = spread_of(projection.contacts);
        result.contacts_mean = contacts.mean;
        result.contacts_sd = contacts.sd;
        result.contacts_square_mean = contacts.mean * contacts.mean + contacts.sd * contacts.sd;
    }
    return result;
}

std::string degree_table(const Network& network, const PipelineConfig& config) {
    std::size_t widest = 10;
    for (const Projection& projection : network.projections) widest = std::max(widest, projection.name.size());
    std::string table;
    for (const Population& population : network.populations)
        table += fmt::format("{:<{}}  {:>9} cells\n", population.name, widest, population.n);
    table += fmt::format("\n{:<{}}  {:<16}  {:>10}  {:>18}  {:>18}  {:>18}  {:>16}\n", "projection", widest, "rule",
                         "pairs", "in-degree, all", "connected", "out-degree, conn.", "contacts a pair");
    const auto pair = [](double mean, double sd) { return fmt::format("{:.4g} ± {:.3g}", mean, sd); };
    for (std::size_t p = 0; p < network.projections.size(); ++p) {
        const Projection& projection = network.projections[p];
        const DegreeStatistics s = degree_statistics(network, projection);
        const std::string rule = p < config.projections.size() && config.projections[p].rule.component != nullptr
                                     ? config.projections[p].rule.component->id()
                                     : "";
        table +=
            fmt::format("{:<{}}  {:<16}  {:>10}  {:>18}  {:>18}  {:>18}  {:>16}\n", projection.name, widest, rule,
                        projection.synapses(), pair(s.in_mean, s.in_sd), pair(s.in_mean_connected, s.in_sd_connected),
                        pair(s.out_mean_connected, s.out_sd_connected), pair(s.contacts_mean, s.contacts_sd));
    }
    return table;
}

} // namespace mfm
