// SPDX-License-Identifier: Apache-2.0
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h"

namespace {

struct DistanceRank {
    static constexpr auto id = "distance_rank", version = "1.0.0",
                          summary = "one source for every target cell, drawn by rank of distance among those in reach",
                          citation =
                              "De Schepper et al. 2022, doi:10.1038/s42003-022-04213-y (mossy fibres to glomeruli)";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;
    struct Settings {
        double x_reach, y_reach, z_reach, x_tile, y_tile, z_tile, decay;
        std::string axes;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::x_reach, "x_reach", "um", 0.0, 0.0, 1e6, "largest distance along x; 0: no limit"},
                mfm::Field{&S::y_reach, "y_reach", "um", 0.0, 0.0, 1e6, "largest distance along y; 0: no limit"},
                mfm::Field{&S::z_reach, "z_reach", "um", 0.0, 0.0, 1e6, "largest distance along z; 0: no limit"},
                mfm::Field{&S::x_tile, "x_tile", "um", 0.0, 0.0, 1e6,
                           "source and target lie in the same tile of this width along x; 0: no tiles"},
                mfm::Field{&S::y_tile, "y_tile", "um", 0.0, 0.0, 1e6, "the same along y"},
                mfm::Field{&S::z_tile, "z_tile", "um", 0.0, 0.0, 1e6, "the same along z"},
                mfm::Field{&S::decay, "decay", "1", 0.0, 0.0, 100.0,
                           "how much nearer sources are preferred; 0: all in reach alike"},
                mfm::Field{&S::axes, "axes", mfm::Axes::choices,
                           "axes along which the distance is measured for the rank"}};
        }
    };
    explicit DistanceRank(const Settings& s) : settings(s) {}
    Settings settings;

    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        return mfm::SpatialGrid(view.source());
    }
    std::uint64_t degree(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i,
                         mfm::RandomSequence&) const {
        bool any = false;
        in_reach(view, sources, i, [&](std::uint32_t, const auto&) { any = true; });
        return any ? 1 : 0;
    }
    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i,
             mfm::RandomSequence& random, mfm::Row& row) const {
        const mfm::Axes axes(settings.axes);
        const auto home = view.target().position(i);
        std::vector<std::pair<double, std::uint32_t>> candidates;
        in_reach(view, sources, i, [&](std::uint32_t source, const std::array<double, 3>& place) {
            candidates.emplace_back(mfm::distance_squared(home, place, axes), source);
        });
        if (candidates.empty()) return;
        std::sort(candidates.begin(), candidates.end());
        // v = (exp(-d u) - exp(-d)) / (1 - exp(-d)), u uniform: near 0 more often than near 1; uniform for d = 0.
        const double u = random.uniform(), d = settings.decay;
        const double v = d > 0.0 ? (std::exp(-d * u) - std::exp(-d)) / (1.0 - std::exp(-d)) : u;
        const auto rank = static_cast<std::size_t>(v * static_cast<double>(candidates.size()));
        row.add(candidates[std::min(rank, candidates.size() - 1)].second);
    }

private:
    template <class F>
    void in_reach(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i, F&& f) const {
        const auto home = view.target().position(i);
        const std::array<double, 3> reach{settings.x_reach, settings.y_reach, settings.z_reach},
            tile{settings.x_tile, settings.y_tile, settings.z_tile};
        std::array<double, 3> lower{}, upper{}, tile_begin{}, tile_end{};
        for (unsigned k = 0; k < 3; ++k) {
            lower[k] = reach[k] > 0.0 ? home[k] - reach[k] : -mfm::infinity;
            upper[k] = reach[k] > 0.0 ? home[k] + reach[k] : mfm::infinity;
            tile_begin[k] = -mfm::infinity;
            tile_end[k] = mfm::infinity;
            if (tile[k] > 0.0) {
                const double which = std::floor((home[k] - view.lower()[k]) / tile[k]);
                tile_begin[k] = view.lower()[k] + which * tile[k];
                tile_end[k] = tile_begin[k] + tile[k];
            }
            lower[k] = std::max(lower[k], tile_begin[k]);
            upper[k] = std::min(upper[k], tile_end[k]);
        }
        sources.in_box(lower, upper, [&](std::uint32_t source) {
            const auto place = sources.at(source);
            for (unsigned k = 0; k < 3; ++k)
                if (place[k] >= tile_end[k]) return; // tiles are half open
            f(source, place);
        });
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<DistanceRank>);
