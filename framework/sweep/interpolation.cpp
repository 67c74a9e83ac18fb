// SPDX-License-Identifier: Apache-2.0
#include "sweep/interpolation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mfm {
namespace {

constexpr std::size_t none = ~std::size_t{0};
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

} // namespace

std::string Interpolation::method(const LibraryConfig& config) {
    if (config.method == LibraryConfig::Method::Grid)
        return "multilinear on the grid; errors from leaving out one member at a time, predicted along the axes from "
               "the two "
               "beside it, over gaps twice as wide";
    return fmt::format(
        "inverse squared distance to the {} nearest members; errors from leaving out one member at a time",
        2 * (config.axes.size() + 1));
}

Interpolation::Interpolation(const ModelLibrary& library) : library_(library) {
    const std::vector<LibraryAxis>& axes = library.config.axes;
    if (library.config.method == LibraryConfig::Method::Grid) {
        at_index_.assign(library.config.size(), none);
        index_of_.assign(library.members.size(), none);
    }
    for (std::size_t m = 0; m < library.members.size(); ++m) {
        const std::vector<double>& values = library.members[m].values;
        if (axes.empty() || values.size() != axes.size()) continue;
        on_axes_.push_back(m);
        for (const double x : coordinates(values)) x_.push_back(x);
        if (at_index_.empty()) continue;
        std::size_t index = 0;
        bool found = true;
        for (std::size_t a = 0; a < axes.size(); ++a) {
            const auto i = std::find(axes[a].values.begin(), axes[a].values.end(), values[a]);
            found = found && i != axes[a].values.end();
            index = index * axes[a].values.size() + static_cast<std::size_t>(i - axes[a].values.begin());
        }
        if (found) at_index_[index_of_[m] = index] = m;
    }
}

std::vector<double> Interpolation::coordinates(const std::vector<double>& values) const {
    std::vector<double> x;
    for (std::size_t a = 0; a < values.size(); ++a) x.push_back(library_.config.axes[a].coordinate(values[a]));
    return x;
}

std::vector<Interpolation::Weight> Interpolation::grid_weights(const std::vector<double>& values) const {
    std::vector<std::pair<std::size_t, double>> corners{{0, 1.0}}; // combination so far, weight
    for (std::size_t a = 0; a < values.size(); ++a) {
        const LibraryAxis& axis = library_.config.axes[a];
        const std::size_t n = axis.values.size();
        const auto above = std::lower_bound(axis.values.begin(), axis.values.end(), values[a]);
        const auto upper = std::min(static_cast<std::size_t>(above - axis.values.begin()), n - 1);
        const bool exact = axis.values[upper] == values[a];
        const std::size_t lower = exact || upper == 0 ? upper : upper - 1;
        const double from = axis.coordinate(axis.values[lower]), to = axis.coordinate(axis.values[upper]);
        const double t = lower == upper ? 0.0 : (axis.coordinate(values[a]) - from) / (to - from);
        std::vector<std::pair<std::size_t, double>> next;
        for (const auto& [index, weight] : corners) {
            next.emplace_back(index * n + lower, weight * (1 - t));
            if (lower != upper) next.emplace_back(index * n + upper, weight * t);
        }
        corners = std::move(next);
    }
    std::vector<Weight> out;
    for (const auto& [index, weight] : corners) out.push_back({at_index_[index], weight});
    return out;
}

std::vector<Interpolation::Weight> Interpolation::scattered_weights(const std::vector<double>& x,
                                                                    std::size_t left_out) const {
    const std::size_t d = x.size(), k = std::min(2 * (d + 1), on_axes_.size());
    std::vector<std::pair<double, std::size_t>> near; // squared distance, member
    for (std::size_t i = 0; i < on_axes_.size(); ++i) {
        if (on_axes_[i] == left_out) continue;
        double square = 0;
        for (std::size_t a = 0; a < d; ++a) square += (x_[i * d + a] - x[a]) * (x_[i * d + a] - x[a]);
        near.emplace_back(square, on_axes_[i]);
    }
    std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(std::min(k, near.size())), near.end());
    near.resize(std::min(k, near.size()));
    std::vector<Weight> out;
    if (near.empty()) return out;
    if (near.front().first == 0) return {{near.front().second, 1.0}};
    double total = 0;
    for (const auto& [square, member] : near) total += 1 / square;
    for (const auto& [square, member] : near) out.push_back({member, 1 / square / total});
    return out;
}

std::vector<Interpolation::Weight> Interpolation::neighbours(std::size_t member) const {
    const std::vector<LibraryAxis>& axes = library_.config.axes;
    std::vector<Weight> out;
    std::size_t stride = 1, directions = 0;
    for (std::size_t a = axes.size(); a-- > 0;) {
        const std::size_t n = axes[a].values.size(), i = index_of_[member] / stride % n;
        if (i > 0 && i + 1 < n) {
            const std::size_t below = at_index_[index_of_[member] - stride],
                              above = at_index_[index_of_[member] + stride];
            if (below != none && above != none) {
                const double from = axes[a].coordinate(axes[a].values[i - 1]),
                             to = axes[a].coordinate(axes[a].values[i + 1]);
                const double t = (axes[a].coordinate(axes[a].values[i]) - from) / (to - from);
                out.push_back({below, 1 - t});
                out.push_back({above, t});
                ++directions;
            }
        }
        stride *= n;
    }
    for (Weight& w : out) w.weight /= static_cast<double>(directions);
    return out;
}

double Interpolation::sum(const std::vector<Weight>& weights, std::size_t column) const {
    double value = 0;
    for (const Weight& w : weights) {
        if (w.weight == 0) continue;
        if (w.member == none) return nothing;
        value += w.weight * library_.value(w.member, column);
    }
    return weights.empty() ? nothing : value;
}

std::vector<double> Interpolation::at(const std::vector<double>& values) const {
    for (std::size_t a = 0; a < values.size(); ++a) {
        const LibraryAxis& axis = library_.config.axes[a];
        if (!(values[a] >= axis.lower && values[a] <= axis.upper))
            throw InputError(fmt::format("{} = {} lies outside of the library ({} to {}), and nothing is extrapolated",
                                         axis.name, axis_text(axis, values[a]), axis_text(axis, axis.lower),
                                         axis_text(axis, axis.upper)));
    }
    const std::vector<Weight> weights =
        at_index_.empty() ? scattered_weights(coordinates(values), none) : grid_weights(values);
    std::vector<double> out(library_.columns.size());
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = sum(weights, c);
    return out;
}

std::size_t Interpolation::nearest(const std::vector<double>& values) const {
    const std::vector<double> x = coordinates(values);
    std::size_t best = none;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < on_axes_.size(); ++i) {
        double square = 0;
        for (std::size_t a = 0; a < x.size(); ++a)
            square += (x_[i * x.size() + a] - x[a]) * (x_[i * x.size() + a] - x[a]);
        if (square < least) {
            least = square;
            best = on_axes_[i];
        }
    }
    if (best == none)
        throw InputError("no member of this library lies on axes; `automfm library list` shows what there is");
    return best;
}

std::vector<InterpolationError> Interpolation::leave_one_out() const {
    const std::size_t columns = library_.columns.size(), d = library_.config.axes.size();
    std::vector<InterpolationError> error(columns);
    std::vector<double> x(d);
    for (std::size_t i = 0; i < on_axes_.size(); ++i) {
        const std::size_t m = on_axes_[i];
        std::copy_n(x_.begin() + static_cast<std::ptrdiff_t>(i * d), d, x.begin());
        const std::vector<Weight> weights = at_index_.empty() ? scattered_weights(x, m) : neighbours(m);
        for (std::size_t c = 0; c < columns; ++c) {
            const double off = sum(weights, c) - library_.value(m, c);
            if (!std::isfinite(off)) continue;
            error[c].rms += off * off;
            error[c].largest = std::max(error[c].largest, std::abs(off));
            ++error[c].members;
        }
    }
    for (InterpolationError& e : error)
        e = e.members > 0 ? InterpolationError{std::sqrt(e.rms / static_cast<double>(e.members)), e.largest, e.members}
                          : InterpolationError{nothing, nothing, 0};
    return error;
}

} // namespace mfm
