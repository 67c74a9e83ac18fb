// SPDX-License-Identifier: Apache-2.0
#include "remap/reduction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mfm {
namespace {

/// A synapse seen from its end: source cell of the base population, total weight and delay of the path.
struct Path {
    std::uint32_t target, source;
    double weight, delay;
};
/// All paths of one composite pathway.
struct PathSet {
    std::size_t source = 0;
    std::string through; ///< names of the relays passed, "" for none
    std::vector<Path> paths;
};

double delay_of(const Projection& p, std::uint64_t k) {
    return p.delays.empty() ? p.delay : p.delays[k];
}

/// Paths that reach each relay cell from non-relay populations; `weight` counts spikes passed on per spike of the
/// source.
std::vector<PathSet> into_relay(const PipelineConfig& config, const Network& network, std::size_t relay,
                                std::vector<std::size_t>& visiting) {
    if (std::find(visiting.begin(), visiting.end(), relay) != visiting.end())
        throw InputError(config.populations[relay].where, "relay '" + network.populations[relay].name +
                                                              "' feeds itself through relays; "
                                                              "a relay needs sources that are no relays");
    visiting.push_back(relay);
    std::map<std::size_t, PathSet> sets;
    const auto add = [&](std::size_t source, const std::string& through, Path path) {
        PathSet& set = sets[source];
        set.source = source;
        if (set.through.empty()) set.through = through;
        set.paths.push_back(path);
    };
    for (const Projection& p : network.projections) {
        if (p.target != relay) continue;
        const auto multiplicity = [&](std::uint64_t k) {
            return p.contacts.empty() ? 1.0 : std::round(static_cast<double>(p.contacts[k]));
        };
        if (config.populations[p.source].kind != PopulationConfig::Kind::Relay) {
            for (std::uint64_t j = 0; j + 1 < p.row.size(); ++j)
                for (std::uint64_t k = p.row[j]; k < p.row[j + 1]; ++k)
                    add(p.source, network.populations[relay].name,
                        {p.to[k], static_cast<std::uint32_t>(j), multiplicity(k), delay_of(p, k)});
            continue;
        }
        for (const PathSet& earlier : into_relay(config, network, p.source, visiting))
            for (const Path& path : earlier.paths)
                for (std::uint64_t k = p.row[path.target]; k < p.row[path.target + 1]; ++k)
                    add(earlier.source, earlier.through + ", " + network.populations[relay].name,
                        {p.to[k], path.source, path.weight * multiplicity(k), path.delay + delay_of(p, k)});
    }
    visiting.pop_back();
    std::vector<PathSet> out;
    for (auto& [source, set] : sets) out.push_back(std::move(set));
    return out;
}

/// Sums the weights of paths between the same two cells; the delay is their weighted mean.  Sorts by target, then
/// source.
void merge_pairs(std::vector<Path>& paths) {
    std::stable_sort(paths.begin(), paths.end(), [](const Path& a, const Path& b) {
        return a.target != b.target ? a.target < b.target : a.source < b.source;
    });
    std::size_t kept = 0;
    for (const Path& path : paths) {
        if (kept > 0 && paths[kept - 1].target == path.target && paths[kept - 1].source == path.source) {
            Path& last = paths[kept - 1];
            const double sum = last.weight + path.weight;
            last.delay = sum != 0 ? (last.delay * last.weight + path.delay * path.weight) / sum : last.delay;
            last.weight = sum;
        } else {
            paths[kept++] = path;
        }
    }
    paths.resize(kept);
}

/// Fills K, Q, delay of a pathway from its paths.
void summarise(Pathway& w, std::vector<Path>& paths, bool merge, std::uint64_t n_target, const std::string& through) {
    double unmerged_sum = 0, unmerged_square = 0;
    for (const Path& p : paths) {
        unmerged_sum += p.weight;
        unmerged_square += p.weight * p.weight;
    }
    if (merge) merge_pairs(paths);
    std::vector<double> total(n_target, 0.0);
    std::vector<std::uint32_t> pairs(n_target, 0);
    double sum = 0, square = 0, delay = 0;
    for (const Path& p : paths) {
        total[p.target] += p.weight;
        ++pairs[p.target];
        sum += p.weight;
        square += p.weight * p.weight;
        delay += p.weight * p.delay;
    }
    w.Q = sum != 0 ? square / sum : 0.0;
    w.delay = sum != 0 ? delay / sum : 0.0;
    w.in_degree.resize(n_target);
    double mean = 0, mean2 = 0, connected = 0, pair_mean = 0;
    for (std::uint64_t i = 0; i < n_target; ++i) {
        const double k = w.Q != 0 ? total[i] / w.Q : 0.0;
        w.in_degree[i] = static_cast<float>(k);
        mean += k;
        mean2 += k * k;
        connected += pairs[i] > 0 ? 1.0 : 0.0;
        pair_mean += pairs[i];
    }
    const auto n = static_cast<double>(n_target);
    mean /= n;
    w.K = mean;
    w.K_sd = std::sqrt(std::max(0.0, mean2 / n - mean * mean));
    DerivedNumber K{"K", "1", "mean over all target cells of sum_j w_ij / Q", w.K, {}};
    K.alternatives.emplace_back("connected pairs per target cell, all cells", pair_mean / n);
    K.alternatives.emplace_back("connected pairs per target cell, connected cells only",
                                connected > 0 ? pair_mean / connected : 0.0);
    if (!through.empty() && merge)
        K.alternatives.emplace_back("relays as sources of their own",
                                    unmerged_square > 0 ? unmerged_sum * unmerged_sum / unmerged_square / n : 0.0);
    DerivedNumber Q{"Q", "nS", "sum_ij w_ij^2 / sum_ij w_ij over connected pairs", w.Q, {}};
    Q.alternatives.emplace_back("plain mean over connected pairs",
                                paths.empty() ? 0.0 : sum / static_cast<double>(paths.size()));
    if (!through.empty() && merge)
        Q.alternatives.emplace_back("relays as sources of their own",
                                    unmerged_sum != 0 ? unmerged_square / unmerged_sum : 0.0);
    DerivedNumber d{"delay",
                    "ms",
                    "mean over paths, weighted by w_ij" + (through.empty() ? std::string{} : ", through " + through),
                    w.delay,
                    {}};
    w.derived = {std::move(K), std::move(Q), std::move(d)};
}

/// Calls f(last projection, name of the pathway, its paths from one population) for every pathway, in one order.
template <class F> void for_each_pathway(const PipelineConfig& config, const Network& network, const F& f) {
    for (const Projection& p : network.projections) {
        if (config.populations[p.target].kind != PopulationConfig::Kind::Neuron) continue;
        if (config.populations[p.source].kind != PopulationConfig::Kind::Relay) {
            PathSet set{p.source, "", {}};
            set.paths.reserve(p.synapses());
            for (std::uint64_t j = 0; j + 1 < p.row.size(); ++j)
                for (std::uint64_t k = p.row[j]; k < p.row[j + 1]; ++k)
                    set.paths.push_back({p.to[k], static_cast<std::uint32_t>(j), p.weight_of(k), delay_of(p, k)});
            f(p, p.name, set);
            continue;
        }
        std::vector<std::size_t> visiting;
        const std::vector<PathSet> sets = into_relay(config, network, p.source, visiting);
        for (const PathSet& relayed : sets) {
            PathSet set{relayed.source, relayed.through, {}};
            for (const Path& path : relayed.paths)
                for (std::uint64_t k = p.row[path.target]; k < p.row[path.target + 1]; ++k)
                    set.paths.push_back(
                        {p.to[k], path.source, path.weight * p.weight_of(k), path.delay + delay_of(p, k)});
            f(p, sets.size() == 1 ? p.name : p.name + " from " + network.populations[relayed.source].name, set);
        }
    }
}

} // namespace

double kernel_area(const mfm_receptor& r) {
    switch (r.shape) {
    case MFM_RECEPTOR_ALPHA:
        return std::exp(1.0) * r.tau;
    case MFM_RECEPTOR_BIEXPONENTIAL: {
        const double peak = r.tau * r.tau_rise / (r.tau - r.tau_rise) * std::log(r.tau / r.tau_rise);
        return (r.tau - r.tau_rise) / (std::exp(-peak / r.tau) - std::exp(-peak / r.tau_rise));
    }
    case MFM_RECEPTOR_DELTA:
        return 1.0;
    default:
        return r.tau;
    }
}

bool is_excitatory(const mfm_receptor& r, double Q, const PopulationConfig& population) {
    if ((r.flags & MFM_RECEPTOR_CURRENT) != 0) return Q >= 0.0;
    double threshold = -40.0;
    if (population.neuron)
        for (std::size_t i = 0; population.neuron->component->abi->settings[i] != nullptr; ++i) {
            const mfm_field* f = population.neuron->component->abi->settings[i];
            if (f->role != nullptr && std::string_view(f->role) == MFM_ROLE_THRESHOLD)
                threshold = population.neuron->settings[i].real;
        }
    return r.E_rev > threshold;
}

std::vector<std::size_t> Reduction::pathways_into(std::size_t population) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < pathways.size(); ++i)
        if (pathways[i].target == population) out.push_back(i);
    return out;
}

Reduction reduce(const PipelineConfig& config, const Network& network) {
    for (const ProjectionConfig& p : config.projections)
        if (p.plasticity)
            throw InputError(p.where,
                             fmt::format("projection '{}' has short-term plasticity, which the mean field does "
                                         "not know yet; the network's results are kept, and --only simulate "
                                         "gives them alone; for a mean field, remove 'plasticity'",
                                         p.name));
    Reduction out;
    std::vector<std::size_t> meso(network.populations.size(), ~std::size_t{0});
    for (std::size_t i = 0; i < network.populations.size(); ++i) {
        const auto kind = config.populations[i].kind;
        if (kind == PopulationConfig::Kind::Relay) continue;
        meso[i] = out.populations.size();
        out.populations.push_back(
            {network.populations[i].name, i, network.populations[i].n, kind == PopulationConfig::Kind::Poisson});
    }
    for_each_pathway(config, network, [&](const Projection& p, const std::string& name, PathSet& set) {
        Pathway w;
        w.name = name;
        w.source = meso[set.source];
        w.target = meso[p.target];
        w.port = p.port;
        w.receptor = config.populations[p.target].receptors.at(p.port);
        summarise(w, set.paths, !set.through.empty() && config.remap.merge_relays, network.populations[p.target].n,
                  set.through);
        if (w.Q != 0) out.pathways.push_back(std::move(w));
    });
    return out;
}

std::vector<PathwayEdges> pathway_edges(const PipelineConfig& config, const Network& network,
                                        const Reduction& reduction) {
    std::vector<PathwayEdges> out;
    for_each_pathway(config, network, [&](const Projection& p, const std::string& name, PathSet& set) {
        if (out.size() == reduction.pathways.size() || reduction.pathways[out.size()].name != name)
            return; // a pathway without weight
        if (!set.through.empty() && config.remap.merge_relays) merge_pairs(set.paths);
        const double Q = reduction.pathways[out.size()].Q;
        PathwayEdges edges;
        edges.row.assign(network.populations[p.target].n + 1, 0);
        for (const Path& path : set.paths) ++edges.row[path.target + 1];
        for (std::size_t i = 1; i < edges.row.size(); ++i) edges.row[i] += edges.row[i - 1];
        edges.source.resize(set.paths.size());
        edges.weight.resize(set.paths.size());
        std::vector<std::uint64_t> at(edges.row.begin(), edges.row.end() - 1);
        for (const Path& path : set.paths) {
            edges.source[at[path.target]] = path.source;
            edges.weight[at[path.target]++] = static_cast<float>(path.weight / Q);
        }
        out.push_back(std::move(edges));
    });
    return out;
}

std::vector<double> event_rates(const PathwayEdges& edges, const std::vector<double>& source_rate_hz) {
    std::vector<double> out(edges.row.size() - 1, 0.0);
    for (std::size_t i = 0; i < out.size(); ++i)
        for (std::uint64_t k = edges.row[i]; k < edges.row[i + 1]; ++k)
            out[i] += static_cast<double>(edges.weight[k]) * source_rate_hz[edges.source[k]];
    return out;
}

std::string reduction_table(const Reduction& r) {
    std::string out = fmt::format("{:<34} {:<30} {:>9} {:>8} {:>9} {:>9}\n", "pathway", "from -> to", "K", "sd K",
                                  "Q nS", "delay ms");
    for (const Pathway& w : r.pathways) {
        out += fmt::format("{:<34} {:<30} {:>9.3f} {:>8.3f} {:>9.4f} {:>9.3f}\n", w.name,
                           r.populations[w.source].name + " -> " + r.populations[w.target].name, w.K, w.K_sd, w.Q,
                           w.delay);
        for (const DerivedNumber& d : w.derived)
            for (const auto& [convention, value] : d.alternatives)
                out += fmt::format("    {} by {}: {:.4g} {}\n", d.name, convention, value, d.unit == "1" ? "" : d.unit);
    }
    return out;
}

} // namespace mfm
