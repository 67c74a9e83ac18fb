// SPDX-License-Identifier: Apache-2.0
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h"

namespace {

struct Nearest {
    static constexpr auto id = "nearest", version = "1.0.0",
                          summary = "the nearest sources of every target cell, at most one of a group if asked",
                          citation = "Senk et al. 2022, doi:10.1371/journal.pcbi.1010086";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;
    struct Settings {
        std::int64_t count;
        double radius;
        std::string axes, distinct_by;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::count, "count", "1", 1, 0, 4e9, "number of sources of a target cell"}.required(),
                mfm::Field{&S::radius, "radius", "um", 0.0, 0.0, 1e6, "largest distance; 0: none"},
                mfm::Field{&S::axes, "axes", mfm::Axes::choices, "axes along which the distance is measured"},
                mfm::Field{&S::distinct_by, "distinct_by", nullptr,
                           "an earlier projection onto the source population: no two sources with a source in common "
                           "are taken"}
                    .projection_name(),
                mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own source"}};
        }
    };
    explicit Nearest(const Settings& s) : settings(s) {}
    Settings settings;

    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        if (view.has_earlier(&Settings::distinct_by) &&
            !mfm::EdgesView::same(view.earlier(&Settings::distinct_by).target(), view.source()))
            throw mfm::Infeasible("nearest: distinct_by must name a projection onto '" +
                                  std::string(view.source().name()) + "'");
        return mfm::SpatialGrid(view.source(), mfm::Axes(settings.axes));
    }
    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i, mfm::RandomSequence&,
             mfm::Row& row) const {
        const auto count = static_cast<std::uint64_t>(settings.count);
        if (count == 0) return;
        const bool skip_self = !settings.autapses && view.same_population();
        const bool grouped = view.has_earlier(&Settings::distinct_by);
        std::vector<std::uint32_t> used;
        sources.by_distance(view.target().position(i), [&](std::uint32_t source, double square) {
            if (settings.radius > 0.0 && square > settings.radius * settings.radius) return false;
            if (skip_self && source == i) return true;
            if (grouped) {
                const auto groups = view.earlier(&Settings::distinct_by).sources_of(source);
                for (const std::uint32_t g : groups)
                    if (std::find(used.begin(), used.end(), g) != used.end()) return true;
                used.insert(used.end(), groups.begin(), groups.end());
            }
            row.add(source);
            return row.size() < count;
        });
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<Nearest>);
