// SPDX-License-Identifier: Apache-2.0
#include "transfer/sampled_cells.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "simulate/streams.hpp"

namespace mfm {
namespace {

double rho_of(const std::vector<std::vector<double>>& rho, std::size_t population, std::uint32_t cell) {
    return rho.empty() || rho[population].empty() ? 1.0 : rho[population][cell];
}

/// Mean conductance of every cell per unit of the mean one, a row a pathway: what cells are told apart by.
std::vector<std::vector<double>> drive_of_cells(const Reduction& r, std::span<const PathwayEdges> edges,
                                                const std::vector<std::vector<double>>& rho,
                                                const std::vector<std::size_t>& into) {
    std::vector<std::vector<double>> out;
    for (const std::size_t s : into) {
        const PathwayEdges& e = edges[s];
        std::vector<double> drive(e.row.size() - 1, 0.0);
        for (std::size_t i = 0; i < drive.size(); ++i)
            for (std::uint64_t k = e.row[i]; k < e.row[i + 1]; ++k)
                drive[i] += static_cast<double>(e.weight[k]) * rho_of(rho, r.pathways[s].source, e.source[k]);
        const double mean = std::accumulate(drive.begin(), drive.end(), 0.0) / static_cast<double>(drive.size());
        for (double& d : drive) d = mean > 0 ? d / mean : 0.0;
        out.push_back(std::move(drive));
    }
    return out;
}

double spread(const std::vector<double>& x, std::span<const std::uint32_t> cells) {
    double sum = 0, square = 0;
    for (const std::uint32_t c : cells) {
        sum += x[c];
        square += x[c] * x[c];
    }
    const auto n = static_cast<double>(cells.size());
    return square / n - sum * sum / (n * n);
}

/// One cell of each of `wanted` parts of equal size.
void choose(std::span<std::uint32_t> cells, std::size_t wanted, const std::vector<std::vector<double>>& drive,
            RandomSequence& random, std::vector<std::uint32_t>& out) {
    if (wanted >= cells.size()) {
        out.insert(out.end(), cells.begin(), cells.end());
        return;
    }
    if (wanted == 1) {
        out.push_back(cells[random.below(cells.size())]);
        return;
    }
    std::size_t widest = 0;
    double largest = -1;
    for (std::size_t s = 0; s < drive.size(); ++s) {
        const double here = spread(drive[s], cells);
        if (here > largest) {
            largest = here;
            widest = s;
        }
    }
    const std::size_t left = wanted / 2, cut = cells.size() * left / wanted;
    if (!drive.empty())
        std::nth_element(
            cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(cut), cells.end(),
            [&x = drive[widest]](std::uint32_t a, std::uint32_t b) { return x[a] != x[b] ? x[a] < x[b] : a < b; });
    choose(cells.first(cut), left, drive, random, out);
    choose(cells.subspan(cut), wanted - left, drive, random, out);
}

SampledCells::Input input_of(const Pathway& w, const PathwayEdges& edges, const std::vector<std::vector<double>>& rho,
                             const std::vector<std::uint32_t>& cells) {
    SampledCells::Input in;
    in.row.push_back(0);
    for (const std::uint32_t i : cells) {
        double sum = 0, square = 0;
        for (std::uint64_t k = edges.row[i]; k < edges.row[i + 1]; ++k) {
            const double weight = static_cast<double>(edges.weight[k]) * w.Q,
                         rate = rho_of(rho, w.source, edges.source[k]);
            in.source.push_back(edges.source[k]);
            in.source_rate.push_back(rate);
            in.source_weight.push_back(weight);
            sum += weight * rate;
            square += weight * weight * rate;
        }
        in.row.push_back(in.source_rate.size());
        const double weight = sum != 0 ? square / sum : w.Q;
        in.weight.push_back(weight);
        in.events.push_back(weight != 0 ? sum / weight : 0.0);
    }
    in.sources = static_cast<double>(in.source_rate.size()) / static_cast<double>(cells.size());
    return in;
}

} // namespace

SampledCells sample_cells(const PipelineConfig& config, const Reduction& r, std::span<const PathwayEdges> edges,
                          const std::vector<std::vector<double>>& rho, std::size_t population, std::size_t most) {
    const std::vector<std::size_t> into = r.pathways_into(population);
    std::vector<std::uint32_t> all(r.populations[population].n);
    std::iota(all.begin(), all.end(), 0u);
    RandomSequence random(config.seed, stream_number(StreamPurpose::Pairs, r.populations[population].network_index), 2);
    SampledCells out;
    choose(all, std::max<std::size_t>(most, 1), drive_of_cells(r, edges, rho, into), random, out.cell);
    std::sort(out.cell.begin(), out.cell.end());
    for (const std::size_t s : into) out.input.push_back(input_of(r.pathways[s], edges[s], rho, out.cell));
    return out;
}

CircuitSpikes circuit_spikes(const Reduction& r, const ConditionRecord& c) {
    CircuitSpikes out;
    out.length = c.duration - c.transient;
    for (const MesoPopulation& p : r.populations) {
        CircuitSpikes::Population& spikes = out.population.emplace_back();
        if (p.drive) { // its trains are drawn
            out.rate_hz.push_back(0.0);
            continue;
        }
        const PopulationActivity& activity = c.population[p.network_index];
        const auto counted = [&](std::size_t k) {
            return activity.spike_time[k] >= c.transient && activity.spike_time[k] < c.duration;
        };
        spikes.row.assign(p.n + 1, 0);
        for (std::size_t k = 0; k < activity.spike_cell.size(); ++k)
            if (counted(k)) ++spikes.row[activity.spike_cell[k] + 1];
        for (std::size_t i = 1; i <= p.n; ++i) spikes.row[i] += spikes.row[i - 1];
        spikes.time.resize(spikes.row.back());
        std::vector<std::uint64_t> at(spikes.row.begin(), spikes.row.end() - 1);
        for (std::size_t k = 0; k < activity.spike_cell.size(); ++k)
            if (counted(k))
                spikes.time[at[activity.spike_cell[k]]++] = static_cast<float>(activity.spike_time[k] - c.transient);
        for (std::size_t i = 0; i < p.n; ++i)
            std::sort(spikes.time.begin() + static_cast<std::ptrdiff_t>(spikes.row[i]),
                      spikes.time.begin() + static_cast<std::ptrdiff_t>(spikes.row[i + 1]));
        out.rate_hz.push_back(static_cast<double>(spikes.time.size()) / static_cast<double>(p.n) / (out.length * 1e-3));
    }
    return out;
}

} // namespace mfm
