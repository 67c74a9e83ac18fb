// SPDX-License-Identifier: Apache-2.0
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h"

namespace {

struct Radius {
    static constexpr auto id = "radius", version = "1.0.0",
                          summary = "sources within a distance of the target cell, all or a part of them",
                          citation = "Senk et al. 2022, doi:10.1371/journal.pcbi.1010086";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;
    struct Settings {
        double radius, probability;
        std::string axes;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::radius, "radius", "um", 100.0, 0.0, 1e6, "largest distance between the two cells"}
                    .required(),
                mfm::Field{&S::probability, "probability", "1", 1.0, 0.0, 1.0,
                           "chance that a pair within the distance is connected"},
                mfm::Field{&S::axes, "axes", mfm::Axes::choices, "axes along which the distance is measured"},
                mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own source"}};
        }
    };
    explicit Radius(const Settings& s) : settings(s) {}
    Settings settings;

    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        return mfm::SpatialGrid(view.source(), mfm::Axes(settings.axes));
    }
    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i,
             mfm::RandomSequence& random, mfm::Row& row) const {
        const bool skip_self = !settings.autapses && view.same_population();
        sources.within(view.target().position(i), settings.radius, [&](std::uint32_t source, double) {
            if (skip_self && source == i) return;
            if (settings.probability >= 1.0 || random.uniform() < settings.probability) row.add(source);
        });
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<Radius>);
