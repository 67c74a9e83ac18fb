// SPDX-License-Identifier: Apache-2.0
// Cells sorted into bins of space, for rules that look for neighbours: cost follows what is near, not what there is.
#pragma once
#include <mfm/connectivity.hpp>

#include <queue>
#include <string>

namespace mfm {

/// A subset of the axes, as rules take it in a setting.
struct Axes {
    std::array<bool, 3> used{true, true, true};
    static constexpr const char* choices[] = {"xyz", "xy", "xz", "yz", "x", "y", "z", nullptr};
    Axes() = default;
    explicit Axes(std::string_view text) {
        for (unsigned d = 0; d < 3; ++d) used[d] = text.find("xyz"[d]) != std::string_view::npos;
    }
};

/// Squared distance along the axes that count, um^2.
inline double distance_squared(const std::array<double, 3>& a, const std::array<double, 3>& b, const Axes& axes = {}) {
    double sum = 0.0;
    for (unsigned d = 0; d < 3; ++d)
        if (axes.used[d]) sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sum;
}

/// The cells of one population in a grid of about four cells a bin.  Queries may run in any thread.
class SpatialGrid {
public:
    explicit SpatialGrid(const PopulationView& population, const Axes& axes = {}) : axes_(axes) {
        const std::uint64_t n = population.size();
        for (unsigned d = 0; d < 3; ++d) {
            const auto x = population.coordinate(d);
            position_[d].assign(x.begin(), x.end());
        }
        double volume = 1.0;
        unsigned extended = 0;
        for (unsigned d = 0; d < 3; ++d) {
            if (n == 0 || !axes.used[d]) continue;
            const auto [low, high] = std::minmax_element(position_[d].begin(), position_[d].end());
            origin_[d] = *low;
            extent_[d] = *high - *low;
            if (extent_[d] > 0.0) {
                volume *= extent_[d];
                ++extended;
            }
        }
        const double edge = extended == 0 ? 1.0 : std::pow(volume * 4.0 / static_cast<double>(n), 1.0 / extended);
        for (unsigned d = 0; d < 3; ++d) {
            bins_[d] =
                extent_[d] > 0.0 ? std::clamp<std::int64_t>(static_cast<std::int64_t>(extent_[d] / edge), 1, 4096) : 1;
            width_[d] = extent_[d] > 0.0 ? extent_[d] / static_cast<double>(bins_[d]) : 1.0;
        }
        start_.assign(static_cast<std::size_t>(bins_[0] * bins_[1] * bins_[2]) + 1, 0);
        std::vector<std::size_t> bin(n);
        for (std::uint64_t i = 0; i < n; ++i) {
            bin[i] = index({of(0, position_[0][i]), of(1, position_[1][i]), of(2, position_[2][i])});
            ++start_[bin[i] + 1];
        }
        for (std::size_t b = 1; b < start_.size(); ++b) start_[b] += start_[b - 1];
        cell_.resize(n);
        std::vector<std::uint64_t> next(start_.begin(), start_.end() - 1);
        for (std::uint64_t i = 0; i < n; ++i) cell_[next[bin[i]]++] = static_cast<std::uint32_t>(i);
    }

    /// f(cell) for every cell inside the closed box; axes that do not count are not looked at.
    template <class F>
    void in_box(const std::array<double, 3>& lower, const std::array<double, 3>& upper, F&& f) const {
        std::array<std::int64_t, 3> a{}, b{};
        for (unsigned d = 0; d < 3; ++d) {
            if (!axes_.used[d]) continue;
            if (upper[d] < origin_[d] || lower[d] > origin_[d] + extent_[d]) return;
            a[d] = of(d, lower[d]);
            b[d] = of(d, upper[d]);
        }
        for_bins(a, b, [&](std::uint32_t cell) {
            for (unsigned d = 0; d < 3; ++d)
                if (axes_.used[d] && (position_[d][cell] < lower[d] || position_[d][cell] > upper[d])) return;
            f(cell);
        });
    }

    /// f(cell, squared distance) for cells nearer than `radius` (closed), in bin order.
    template <class F> void within(const std::array<double, 3>& centre, double radius, F&& f) const {
        std::array<double, 3> lower{}, upper{};
        for (unsigned d = 0; d < 3; ++d) {
            lower[d] = centre[d] - radius;
            upper[d] = centre[d] + radius;
        }
        in_box(lower, upper, [&](std::uint32_t cell) {
            const double square = distance_squared(centre, at(cell), axes_);
            if (square <= radius * radius) f(cell, square);
        });
    }

    /// f(cell, squared distance) by increasing distance (ties: lower index first) until f returns false or cells end.
    template <class F> void by_distance(const std::array<double, 3>& point, F&& f) const {
        using Entry = std::pair<double, std::uint32_t>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> waiting;
        std::array<std::int64_t, 3> home{};
        std::int64_t last_ring = 0;
        for (unsigned d = 0; d < 3; ++d) {
            home[d] = axes_.used[d] ? of(d, point[d]) : 0;
            last_ring = std::max({last_ring, home[d], bins_[d] - 1 - home[d]});
        }
        for (std::int64_t ring = 0; ring <= last_ring; ++ring) {
            std::array<std::int64_t, 3> a{}, b{};
            double safe = infinity; // every cell outside the bins seen so far is farther than this
            for (unsigned d = 0; d < 3; ++d) {
                a[d] = std::max<std::int64_t>(0, home[d] - ring);
                b[d] = std::min(bins_[d] - 1, home[d] + ring);
                if (!axes_.used[d]) continue;
                if (a[d] > 0) safe = std::min(safe, point[d] - (origin_[d] + static_cast<double>(a[d]) * width_[d]));
                if (b[d] < bins_[d] - 1)
                    safe = std::min(safe, origin_[d] + static_cast<double>(b[d] + 1) * width_[d] - point[d]);
            }
            for_shell(a, b, home, ring,
                      [&](std::uint32_t cell) { waiting.emplace(distance_squared(point, at(cell), axes_), cell); });
            // Rounding may put a cell that lies on the edge of a bin into either: keep a hair of margin.
            const double hair = 1e-9 * std::max({width_[0], width_[1], width_[2]});
            const double reach = ring == last_ring ? infinity : std::max(0.0, safe - hair);
            while (!waiting.empty() && waiting.top().first < reach * reach) {
                const auto [square, cell] = waiting.top();
                waiting.pop();
                if (!f(cell, square)) return;
            }
        }
    }

    [[nodiscard]] std::array<double, 3> at(std::uint32_t cell) const {
        return {position_[0][cell], position_[1][cell], position_[2][cell]};
    }

private:
    [[nodiscard]] std::int64_t of(unsigned d, double x) const {
        const double b = std::floor((x - origin_[d]) / width_[d]);
        if (!(b > 0.0)) return 0;
        return b >= static_cast<double>(bins_[d]) ? bins_[d] - 1 : static_cast<std::int64_t>(b);
    }
    [[nodiscard]] std::size_t index(const std::array<std::int64_t, 3>& b) const {
        return static_cast<std::size_t>((b[2] * bins_[1] + b[1]) * bins_[0] + b[0]);
    }
    template <class F> void for_bin(const std::array<std::int64_t, 3>& b, F&& f) const {
        const std::size_t k = index(b);
        for (std::uint64_t e = start_[k]; e < start_[k + 1]; ++e) f(cell_[e]);
    }
    template <class F>
    void for_bins(const std::array<std::int64_t, 3>& a, const std::array<std::int64_t, 3>& b, F&& f) const {
        for (std::int64_t z = a[2]; z <= b[2]; ++z)
            for (std::int64_t y = a[1]; y <= b[1]; ++y)
                for (std::int64_t x = a[0]; x <= b[0]; ++x) for_bin({x, y, z}, f);
    }
    template <class F>
    void for_shell(const std::array<std::int64_t, 3>& a, const std::array<std::int64_t, 3>& b,
                   const std::array<std::int64_t, 3>& home, std::int64_t ring, F&& f) const {
        for (std::int64_t z = a[2]; z <= b[2]; ++z)
            for (std::int64_t y = a[1]; y <= b[1]; ++y) {
                const bool outer = std::abs(z - home[2]) == ring || std::abs(y - home[1]) == ring;
                if (outer) {
                    for (std::int64_t x = a[0]; x <= b[0]; ++x) for_bin({x, y, z}, f);
                    continue;
                }
                if (home[0] - ring >= 0) for_bin({home[0] - ring, y, z}, f);
                if (ring > 0 && home[0] + ring < bins_[0]) for_bin({home[0] + ring, y, z}, f);
            }
    }

    Axes axes_;
    std::array<std::vector<double>, 3> position_;
    std::array<double, 3> origin_{0, 0, 0}, extent_{0, 0, 0}, width_{1, 1, 1};
    std::array<std::int64_t, 3> bins_{1, 1, 1};
    std::vector<std::uint64_t> start_;
    std::vector<std::uint32_t> cell_;
};

} // namespace mfm
