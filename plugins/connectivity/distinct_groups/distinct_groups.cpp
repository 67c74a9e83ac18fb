// SPDX-License-Identifier: Apache-2.0
#include <mfm/sampling.hpp>
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h"

namespace {

struct DistinctGroups {
    static constexpr auto
        id = "distinct_groups",
        version = "1.0.0",
        summary =
            "sources of distinct groups near the target cell: random groups in reach first, then the nearest others",
        citation = "De Schepper et al. 2022, doi:10.1038/s42003-022-04213-y (glomeruli to granule cells)";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;
    struct Settings {
        std::int64_t count;
        double radius;
        std::string group;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::count, "count", "1", 1, 0, 4e9,
                                         "number of sources of a target cell, each of another group"}
                                  .required(),
                              mfm::Field{&S::radius, "radius", "um", 1.0, 0.0, 1e6,
                                         "distance within which groups are drawn at random"}
                                  .required(),
                              mfm::Field{&S::group, "group", nullptr,
                                         "an earlier projection onto the source population: its source is the group"}
                                  .projection_name()
                                  .required()};
        }
    };
    explicit DistinctGroups(const Settings& s) : settings(s) {}
    Settings settings;

    static constexpr std::uint32_t none = ~std::uint32_t{0};
    struct Plan {
        mfm::SpatialGrid sources;
        std::vector<std::uint32_t> group_of; // of every source cell; `none` is never taken
    };
    [[nodiscard]] Plan prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        const mfm::EdgesView groups = view.earlier(&Settings::group);
        if (!mfm::EdgesView::same(groups.target(), view.source()))
            throw mfm::Infeasible("distinct_groups: '" + std::string(groups.name()) + "' must be a projection onto '" +
                                  std::string(view.source().name()) + "'");
        Plan plan{mfm::SpatialGrid(view.source()), std::vector<std::uint32_t>(view.source().size(), none)};
        std::vector<bool> present(groups.source().size(), false);
        for (std::uint64_t j = 0; j < plan.group_of.size(); ++j) {
            const auto of = groups.sources_of(j);
            if (of.size() > 1)
                throw mfm::Infeasible("distinct_groups: a cell of '" + std::string(view.source().name()) +
                                      "' has more than one source in '" + std::string(groups.name()) +
                                      "'; groups must be disjoint");
            if (of.empty()) continue;
            plan.group_of[j] = of[0];
            present[of[0]] = true;
        }
        const auto n = std::count(present.begin(), present.end(), true);
        if (n < settings.count)
            throw mfm::Infeasible("distinct_groups: count is " + std::to_string(settings.count) + " and '" +
                                  std::string(groups.name()) + "' makes only " + std::to_string(n) + " groups");
        return plan;
    }
    std::uint64_t degree(const mfm::ProjectionView&, const Plan&, std::uint64_t, mfm::RandomSequence&) const {
        return static_cast<std::uint64_t>(settings.count);
    }
    void row(const mfm::ProjectionView& view, const Plan& plan, std::uint64_t i, mfm::RandomSequence& random,
             mfm::Row& row) const {
        const auto count = static_cast<std::uint64_t>(settings.count);
        const auto home = view.target().position(i);
        std::vector<std::pair<std::uint32_t, std::uint32_t>> near; // group, source
        plan.sources.within(home, settings.radius, [&](std::uint32_t source, double) {
            if (plan.group_of[source] != none) near.emplace_back(plan.group_of[source], source);
        });
        std::sort(near.begin(), near.end());
        std::vector<std::size_t> begin; // where every group in reach begins
        for (std::size_t k = 0; k < near.size(); ++k)
            if (k == 0 || near[k].first != near[k - 1].first) begin.push_back(k);
        const std::vector<std::size_t> sorted = begin;
        const std::uint64_t drawn = std::min<std::uint64_t>(count, begin.size());
        mfm::shuffle_front(random, begin, drawn);
        std::vector<std::uint32_t> used;
        for (std::uint64_t k = 0; k < drawn; ++k) {
            const auto next = std::upper_bound(sorted.begin(), sorted.end(), begin[k]);
            const std::size_t members = (next == sorted.end() ? near.size() : *next) - begin[k];
            row.add(near[begin[k] + random.below(members)].second);
            used.push_back(near[begin[k]].first);
        }
        if (drawn == count) return;
        plan.sources.by_distance(home, [&](std::uint32_t source, double) {
            const std::uint32_t group = plan.group_of[source];
            if (group == none || std::find(used.begin(), used.end(), group) != used.end()) return true;
            row.add(source);
            used.push_back(group);
            return used.size() < count;
        });
    }
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView&) const {
        return {static_cast<double>(settings.count), 0.0};
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<DistinctGroups>);
