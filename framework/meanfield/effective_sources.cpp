// SPDX-License-Identifier: Apache-2.0
#include "meanfield/effective_sources.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace mfm {
namespace {

/// How far the rate of one cell of pathway s's target follows that of one of its sources of relative weight 1.
std::vector<double> slopes(const MeanFieldModel& model, const Reduction& r, std::span<const double> rate_hz) {
    std::vector<double> out(r.pathways.size(), 0.0);
    AverageWorkspace work;
    PopulationRate average;
    for (const std::size_t p : model.internal()) {
        std::vector<double> nu;
        for (const std::size_t s : model.pathways_into(p)) nu.push_back(rate_hz[r.pathways[s].source]);
        model.average(p, nu, 1, false, work, average);
        for (std::size_t i = 0; i < nu.size(); ++i) {
            const Pathway& w = r.pathways[model.pathways_into(p)[i]];
            out[model.pathways_into(p)[i]] = w.K > 0 ? std::abs(average.dF[i]) / w.K : 0.0;
        }
    }
    return out;
}

/// reach[a][b]: activity of a reaches b, in one step or more.
std::vector<std::vector<bool>> reachable(const Reduction& r) {
    const std::size_t P = r.populations.size();
    std::vector<std::vector<bool>> reach(P, std::vector<bool>(P, false));
    for (const Pathway& w : r.pathways) reach[w.source][w.target] = true;
    for (std::size_t m = 0; m < P; ++m)
        for (std::size_t a = 0; a < P; ++a)
            for (std::size_t b = 0; b < P; ++b)
                if (reach[a][m] && reach[m][b]) reach[a][b] = true;
    return reach;
}

struct Follows {
    const Reduction& r;
    std::span<const PathwayEdges> edges;
    const std::vector<double>& slope;

    /// Adds to B [cells of q] how far cell i of p follows them through pathways q -> p, times `factor`.
    void add(std::size_t q, std::size_t p, std::size_t i, double factor, std::vector<double>& B) const {
        for (std::size_t s = 0; s < r.pathways.size(); ++s) {
            if (r.pathways[s].source != q || r.pathways[s].target != p) continue;
            for (std::uint64_t k = edges[s].row[i]; k < edges[s].row[i + 1]; ++k)
                B[edges[s].source[k]] += factor * slope[s] * static_cast<double>(edges[s].weight[k]);
        }
    }
    [[nodiscard]] double cells(std::size_t q, std::size_t p, std::size_t i, std::vector<double>& B) const {
        std::fill(B.begin(), B.end(), 0.0);
        add(q, p, i, 1.0, B);
        for (std::size_t s = 0; s < r.pathways.size(); ++s) {
            const std::size_t m = r.pathways[s].source;
            if (r.pathways[s].target != p || m == p || m == q || r.populations[m].external) continue;
            for (std::uint64_t k = edges[s].row[i]; k < edges[s].row[i + 1]; ++k)
                add(q, m, edges[s].source[k], slope[s] * static_cast<double>(edges[s].weight[k]), B);
        }
        double sum = 0, square = 0;
        for (const double b : B) {
            sum += b;
            square += b * b;
        }
        return square > 0 ? sum * sum / square : 0.0;
    }
};

/// The smallest population that q reaches directly or through one other, and that feeds back on itself.
std::optional<std::size_t> smallest_loop(const Reduction& r, const std::vector<std::vector<bool>>& reach,
                                         std::size_t q) {
    const auto joined = [&](std::size_t a, std::size_t b) {
        return std::any_of(r.pathways.begin(), r.pathways.end(),
                           [&](const Pathway& w) { return w.source == a && w.target == b; });
    };
    std::optional<std::size_t> out;
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        if (r.populations[p].external || !reach[p][p]) continue;
        bool near = joined(q, p);
        for (std::size_t m = 0; m < r.populations.size() && !near; ++m)
            near = m != p && m != q && joined(q, m) && joined(m, p);
        if (near && (!out || r.populations[p].n < r.populations[*out].n)) out = p;
    }
    return out;
}

} // namespace

std::vector<double> effective_sources(const MeanFieldModel& model, const Reduction& r,
                                      std::span<const PathwayEdges> edges, std::span<const double> rate_hz) {
    constexpr std::uint64_t most_cells = 500; // of a population, evenly taken
    const std::vector<double> slope = slopes(model, r, rate_hz);
    const std::vector<std::vector<bool>> reach = reachable(r);
    const Follows follows{r, edges, slope};
    std::vector<double> out;
    for (std::size_t q = 0; q < r.populations.size(); ++q) {
        const auto n = static_cast<double>(r.populations[q].n);
        out.push_back(n);
        const std::optional<std::size_t> p = smallest_loop(r, reach, q);
        if (!p) continue;
        std::vector<double> B(r.populations[q].n);
        const std::uint64_t cells = r.populations[*p].n, step = std::max<std::uint64_t>(1, cells / most_cells);
        double sum = 0, counted = 0;
        for (std::uint64_t i = 0; i < cells; i += step) {
            const double of_cell = follows.cells(q, *p, i, B);
            if (!(of_cell > 0)) continue;
            sum += of_cell;
            ++counted;
        }
        if (counted > 0) out.back() = std::clamp(sum / counted, 1.0, n);
    }
    return out;
}

} // namespace mfm
