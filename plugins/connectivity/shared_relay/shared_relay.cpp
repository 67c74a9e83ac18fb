// SPDX-License-Identifier: Apache-2.0
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h"

namespace {

constexpr const char* contact_choices[] = {"per_relay", "one", nullptr};

struct SharedRelay {
    static constexpr auto
        id = "shared_relay",
        version = "1.0.0",
        summary = "the nearest relays of every source cell, and all target cells that these relays reach",
        citation =
            "De Schepper et al. 2022, doi:10.1038/s42003-022-04213-y (Golgi cells to granule cells through glomeruli)";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Settings {
        std::string through, contacts;
        std::int64_t count;
        double radius;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::through, "through", nullptr,
                           "an earlier projection from the relays onto the target population"}
                    .projection_name()
                    .required(),
                mfm::Field{&S::contacts, "contacts", contact_choices,
                           "per_relay: as many contacts as relays in common; one: one, however many"},
                mfm::Field{&S::count, "count", "1", 1, 0, 4e9, "number of relays of a source cell"}.required(),
                mfm::Field{&S::radius, "radius", "um", 0.0, 0.0, 1e6,
                           "largest distance from source to relay; 0: none"}};
        }
    };
    explicit SharedRelay(const Settings& s) : settings(s) {}
    Settings settings;

    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        const mfm::EdgesView through = view.earlier(&Settings::through);
        through.source().require_positions(id);
        if (!mfm::EdgesView::same(through.target(), view.target()))
            throw mfm::Infeasible("shared_relay: '" + std::string(through.name()) + "' must be a projection onto '" +
                                  std::string(view.target().name()) + "'");
        return mfm::SpatialGrid(through.source());
    }
    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& relays, std::uint64_t i, mfm::RandomSequence&,
             mfm::Row& row) const {
        if (settings.count == 0) return;
        const mfm::EdgesView through = view.earlier(&Settings::through);
        std::vector<std::uint32_t> reached;
        std::int64_t taken = 0;
        relays.by_distance(view.source().position(i), [&](std::uint32_t relay, double square) {
            if (settings.radius > 0.0 && square > settings.radius * settings.radius) return false;
            const auto targets = through.targets_of(relay);
            if (targets.empty()) return true;
            reached.insert(reached.end(), targets.begin(), targets.end());
            return ++taken < settings.count;
        });
        std::sort(reached.begin(), reached.end());
        for (std::size_t k = 0; k < reached.size();) {
            std::size_t end = k;
            while (end < reached.size() && reached[end] == reached[k]) ++end;
            row.add(reached[k], settings.contacts == "one" ? 1.0 : static_cast<double>(end - k));
            k = end;
        }
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<SharedRelay>);
