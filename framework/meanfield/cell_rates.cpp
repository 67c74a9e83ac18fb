// SPDX-License-Identifier: Apache-2.0
#include "meanfield/cell_rates.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mfm {
namespace {

constexpr std::size_t chunk = 2048; // cells evaluated at once

/// F of every cell of population p at these rates.
std::vector<double> transfer_of(const Reduction& r, std::span<const PathwayEdges> edges,
                                const TransferFunction& transfer, std::size_t p,
                                const std::vector<std::vector<double>>& rates) {
    const std::vector<std::size_t> into = r.pathways_into(p);
    const std::size_t n = r.populations[p].n;
    std::vector<std::vector<double>> events;
    for (const std::size_t s : into) events.push_back(event_rates(edges[s], rates[r.pathways[s].source]));
    std::vector<double> out(n), input;
    for (std::size_t first = 0; first < n; first += chunk) {
        const std::size_t cells = std::min(chunk, n - first);
        input.resize(into.size() * cells);
        for (std::size_t s = 0; s < into.size(); ++s)
            std::copy_n(events[s].begin() + static_cast<std::ptrdiff_t>(first), cells,
                        input.begin() + static_cast<std::ptrdiff_t>(s * cells));
        transfer.evaluate(input, cells, {out.data() + first, cells}, {}, {});
    }
    return out;
}

double mean(const std::vector<double>& x) {
    return x.empty() ? 0.0 : std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

} // namespace

CellRates cell_rates(const Reduction& r, std::span<const PathwayEdges> edges,
                     std::span<const std::shared_ptr<const TransferFunction>> transfer,
                     std::span<const double> external_hz) {
    constexpr std::size_t most_iterations = 400;
    constexpr double tolerance = 1e-4;
    CellRates out;
    std::size_t next_external = 0;
    for (const MesoPopulation& p : r.populations)
        out.rate_hz.emplace_back(p.n, p.external ? external_hz[next_external++] : 1.0);
    double step = 0.5, last = 1e300;
    for (out.iterations = 1; out.iterations <= most_iterations; ++out.iterations) {
        out.residual = 0;
        std::vector<std::vector<double>> change(r.populations.size());
        for (std::size_t p = 0; p < r.populations.size(); ++p) {
            if (r.populations[p].external) continue;
            change[p] = transfer_of(r, edges, *transfer[p], p, out.rate_hz);
            double square = 0, norm = 0;
            for (std::size_t i = 0; i < change[p].size(); ++i) {
                change[p][i] -= out.rate_hz[p][i];
                square += change[p][i] * change[p][i];
                norm += out.rate_hz[p][i] * out.rate_hz[p][i];
            }
            out.residual = std::max(out.residual, std::sqrt(square / std::max(norm, 1e-12)));
        }
        out.converged = out.residual < tolerance;
        if (out.converged) break;
        // Recurrent inhibition overshoots: shorter steps when the residual grows.
        step = out.residual > last ? std::max(0.02, 0.6 * step) : std::min(0.5, 1.05 * step);
        last = out.residual;
        for (std::size_t p = 0; p < change.size(); ++p)
            for (std::size_t i = 0; i < change[p].size(); ++i) out.rate_hz[p][i] += step * change[p][i];
    }
    return out;
}

std::vector<std::vector<double>> relative_rates(const Reduction& r, std::span<const CellRates> rates) {
    std::vector<std::vector<double>> rho;
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        rho.emplace_back(r.populations[p].n, 0.0);
        double used = 0;
        for (const CellRates& c : rates) {
            const double m = mean(c.rate_hz[p]);
            if (!(m > 0.01)) continue;
            ++used;
            for (std::size_t j = 0; j < rho[p].size(); ++j) rho[p][j] += c.rate_hz[p][j] / m;
        }
        for (double& x : rho[p]) x = used > 0 ? x / used : 1.0;
    }
    return rho;
}

Reduction with_source_rates(const Reduction& r, std::span<const PathwayEdges> edges, std::span<const CellRates> rates) {
    const std::vector<std::vector<double>> rho = relative_rates(r, rates);
    Reduction out = r;
    for (std::size_t s = 0; s < out.pathways.size(); ++s) {
        Pathway& w = out.pathways[s];
        const std::vector<double> k = event_rates(edges[s], rho[w.source]);
        const double plain = w.K;
        w.K = mean(k);
        double square = 0;
        for (std::size_t i = 0; i < k.size(); ++i) {
            w.in_degree[i] = static_cast<float>(k[i]);
            square += (k[i] - w.K) * (k[i] - w.K);
        }
        w.K_sd = k.empty() ? 0.0 : std::sqrt(square / static_cast<double>(k.size()));
        for (DerivedNumber& d : w.derived)
            if (d.name == "K") {
                d.value = w.K;
                d.formula = "mean over all target cells of sum_j w_ij rho_j / Q, rho_j the source's rate over its "
                            "population's mean";
                d.alternatives.insert(d.alternatives.begin(), {"all sources at their population's mean rate", plain});
            }
    }
    return out;
}

} // namespace mfm
