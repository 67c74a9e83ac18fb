// SPDX-License-Identifier: Apache-2.0
#include <mfm/sampling.hpp>
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h"

namespace {

constexpr const char* selections[] = {"each", "share", nullptr};

/// A closed box relative to its cell body, um.
struct Box {
    std::array<double, 3> lower, upper;
};
/// A dendritic or axonal field: boxes, and the one that holds them all.
struct CellField {
    std::vector<Box> boxes;
    Box bounds;
};

CellField read_field(const std::vector<double>& numbers, const char* setting) {
    if (numbers.size() % 6 != 0)
        throw mfm::Infeasible(std::string("field_overlap: ") + setting +
                              " takes six numbers a box: x_min, x_max, y_min, y_max, z_min, z_max");
    CellField field{{},
                    {{mfm::infinity, mfm::infinity, mfm::infinity}, {-mfm::infinity, -mfm::infinity, -mfm::infinity}}};
    for (std::size_t k = 0; k < numbers.size(); k += 6) {
        Box box{};
        for (std::size_t d = 0; d < 3; ++d) {
            box.lower[d] = numbers[k + 2 * d];
            box.upper[d] = numbers[k + 2 * d + 1];
            if (box.lower[d] > box.upper[d])
                throw mfm::Infeasible(std::string("field_overlap: a box of ") + setting + " has its lower end along " +
                                      "xyz"[d] + " above the upper one");
            field.bounds.lower[d] = std::min(field.bounds.lower[d], box.lower[d]);
            field.bounds.upper[d] = std::max(field.bounds.upper[d], box.upper[d]);
        }
        field.boxes.push_back(box);
    }
    if (field.boxes.empty()) { // the cell body: a point
        field.bounds = {};
        field.boxes.push_back(field.bounds);
    }
    return field;
}

/// Whether box a of one cell and box b of another touch; offset = position of b's cell minus that of a's.
bool touch(const Box& a, const Box& b, const std::array<double, 3>& offset) {
    for (unsigned d = 0; d < 3; ++d)
        if (offset[d] + b.lower[d] > a.upper[d] || offset[d] + b.upper[d] < a.lower[d]) return false;
    return true;
}

struct FieldOverlap {
    static constexpr auto
        id = "field_overlap",
        version = "1.0.0", summary = "pairs whose axonal and dendritic fields overlap, kept with an affinity",
        citation =
            "Peters & Feldman 1976, J. Neurocytol. 5:63-84; De Schepper et al. 2022, doi:10.1038/s42003-022-04213-y";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Settings {
        std::vector<double> source_field, target_field;
        double affinity;
        std::string selection;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::source_field, "source_field", "um", 0.0, -1e6, 1e6,
                                         "boxes of the source's axon relative to its body, six numbers each: x_min, "
                                         "x_max, y_min, y_max, z_min, z_max"},
                              mfm::Field{&S::target_field, "target_field", "um", 0.0, -1e6, 1e6,
                                         "boxes of the target's dendrites, likewise"},
                              mfm::Field{&S::affinity, "affinity", "1", 1.0, 0.0, 1.0,
                                         "fraction of the overlapping pairs that are connected"},
                              mfm::Field{&S::selection, "selection", selections,
                                         "each: every overlapping pair by a draw of its own; share: every source tries "
                                         "a fixed share of its candidates"},
                              mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own target"}};
        }
    };
    explicit FieldOverlap(const Settings& s)
        : settings(s), source_field(read_field(s.source_field, "source_field")),
          target_field(read_field(s.target_field, "target_field")) {}
    Settings settings;
    CellField source_field, target_field;

    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        return mfm::SpatialGrid(view.target());
    }
    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& targets, std::uint64_t i,
             mfm::RandomSequence& random, mfm::Row& row) const {
        const bool skip_self = !settings.autapses && view.same_population();
        const auto home = view.source().position(i);
        std::array<double, 3> lower{}, upper{};
        for (unsigned d = 0; d < 3; ++d) {
            lower[d] = home[d] + source_field.bounds.lower[d] - target_field.bounds.upper[d];
            upper[d] = home[d] + source_field.bounds.upper[d] - target_field.bounds.lower[d];
        }
        const auto overlap = [&](std::uint32_t target) {
            const auto place = targets.at(target);
            const std::array<double, 3> offset{place[0] - home[0], place[1] - home[1], place[2] - home[2]};
            for (const Box& a : source_field.boxes)
                for (const Box& b : target_field.boxes)
                    if (touch(a, b, offset)) return true;
            return false;
        };
        if (settings.selection == "each") {
            targets.in_box(lower, upper, [&](std::uint32_t target) {
                if (skip_self && target == i) return;
                if (overlap(target) && random.uniform() < settings.affinity) row.add(target);
            });
            return;
        }
        std::vector<std::uint32_t> candidates; // by bounding boxes
        targets.in_box(lower, upper, [&](std::uint32_t target) {
            if (!(skip_self && target == i)) candidates.push_back(target);
        });
        const std::uint64_t tried =
            mfm::round_at_random(random, settings.affinity * static_cast<double>(candidates.size()));
        mfm::shuffle_front(random, candidates, tried);
        for (std::uint64_t k = 0; k < tried; ++k)
            if (overlap(candidates[k])) row.add(candidates[k]);
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<FieldOverlap>);
