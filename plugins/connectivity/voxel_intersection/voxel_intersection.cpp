// SPDX-License-Identifier: Apache-2.0
#include <mfm/sampling.hpp>
#include <mfm/spatial_grid.hpp>
#include <mfm/swc.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <unordered_map>

#include "mfm_page.h"

namespace {

constexpr const char* swaps[] = {"none", "xy", "xz", "yz", nullptr};
constexpr double flat = 1e-8; ///< um: a cell that reaches no farther along an axis has no extent there

using Point = std::array<double, 3>;

/// A closed box, um.
struct Box {
    Point lower, upper;
};

/// A cell relative to its body, um.
struct Morphology {
    std::vector<Point> points; ///< those that take part, a branch point once for every branch
    Box bounds;                ///< of all points
    Point voxel;               ///< edges of a voxel; 0 along an axis without extent

    /// The voxel that holds a point; the grid starts at the origin, and the cell stands at `place`.
    [[nodiscard]] Box voxel_of(const Point& point, const Point& place) const {
        Box out{};
        for (std::size_t d = 0; d < 3; ++d) {
            if (voxel[d] > 0.0) {
                const double k = std::floor((point[d] + place[d]) / voxel[d]);
                out.lower[d] = k * voxel[d];
                out.upper[d] = (k + 1.0) * voxel[d];
            } else {
                out.lower[d] = out.upper[d] = bounds.lower[d] + place[d];
            }
        }
        return out;
    }
};

/// Edges of about n voxels in a box, near cubes (the BSB's division): the shortest side is cut into what a cube would
/// want, rounded down, the next one into what that leaves, and the longest into the nearest whole number of the rest.
Point voxel_edges(const Box& bounds, double n) {
    std::vector<std::pair<double, std::size_t>> sides; // lengths and axes
    double volume = 1.0;
    for (std::size_t d = 0; d < 3; ++d) {
        const double length = bounds.upper[d] - bounds.lower[d];
        if (length <= flat) continue;
        sides.emplace_back(length, d);
        volume *= length;
    }
    std::sort(sides.begin(), sides.end());
    Point edges{0.0, 0.0, 0.0};
    for (std::size_t i = 0; i < sides.size(); ++i) {
        const auto [length, d] = sides[i];
        const auto left = static_cast<double>(sides.size() - i);
        const double parts =
            left > 1.0 ? std::max(1.0, std::floor(length * std::pow(n / volume, 1.0 / left))) : std::nearbyint(n);
        edges[d] = length / parts;
        n /= parts;
        volume /= length;
    }
    return edges;
}

std::vector<mfm::SwcPoint> read_file(const std::string& file, const std::string& swap) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw mfm::Infeasible("cannot read '" + file + "': " + std::strerror(errno));
    std::vector<mfm::SwcPoint> points;
    try {
        points = mfm::read_swc(in, file);
    } catch (const std::runtime_error& error) {
        throw mfm::Infeasible(error.what());
    }
    for (mfm::SwcPoint& p : points) {
        if (swap == "xy") std::swap(p.x, p.y);
        if (swap == "xz") std::swap(p.x, p.z);
        if (swap == "yz") std::swap(p.y, p.z);
    }
    return points;
}

/// The types that take part, of those in the file; all when none is named.
std::set<int> chosen_types(const std::vector<mfm::SwcPoint>& all, const std::vector<double>& labels,
                           const std::string& file, const char* setting) {
    std::set<int> there, chosen;
    for (const mfm::SwcPoint& p : all) there.insert(p.type);
    if (labels.empty()) return there;
    for (const double label : labels) {
        const int type = static_cast<int>(label);
        if (label != type || there.count(type) == 0) {
            std::string known;
            for (const int t : there) known += (known.empty() ? "" : ", ") + std::to_string(t);
            std::ostringstream text;
            text << label;
            throw mfm::Infeasible(std::string("voxel_intersection: ") + setting + " names the SWC type " + text.str() +
                                  ", but '" + file + "' has the types " + known);
        }
        chosen.insert(type);
    }
    return chosen;
}

Morphology read_morphology(const std::string& file, const std::vector<double>& labels, const char* setting,
                           const std::string& swap, std::int64_t voxels) {
    const std::vector<mfm::SwcPoint> all = read_file(file, swap);
    const std::set<int> types = chosen_types(all, labels, file, setting);
    std::unordered_map<int, std::size_t> index;
    std::vector<int> children(all.size(), 0);
    for (std::size_t i = 0; i < all.size(); ++i) {
        index.emplace(all[i].id, i);
        if (all[i].parent != -1) ++children[index.at(all[i].parent)];
    }
    const auto place = [](const mfm::SwcPoint& p) { return Point{p.x, p.y, p.z}; };
    Morphology out{{}, {place(all[0]), place(all[0])}, {}};
    for (const mfm::SwcPoint& p : all) {
        for (std::size_t d = 0; d < 3; ++d) {
            out.bounds.lower[d] = std::min(out.bounds.lower[d], place(p)[d]);
            out.bounds.upper[d] = std::max(out.bounds.upper[d], place(p)[d]);
        }
        if (types.count(p.type) == 0) continue;
        out.points.push_back(place(p));
        // A branch begins at the point that it leaves from, which so belongs to every branch there.
        if (p.parent == -1) continue;
        const std::size_t parent = index.at(p.parent);
        if (children[parent] > 1) out.points.push_back(place(all[parent]));
    }
    out.voxel = voxel_edges(out.bounds, static_cast<double>(voxels));
    return out;
}

/// The voxels of a cell at the origin, each once, as boxes that hold whole runs of them: the same space in fewer boxes.
std::vector<Box> occupied(const Morphology& cell) {
    std::vector<Box> boxes;
    for (const Point& p : cell.points) boxes.push_back(cell.voxel_of(p, {0.0, 0.0, 0.0}));
    for (const std::size_t d : {0u, 1u, 2u}) {
        const std::size_t e = (d + 1) % 3, f = (d + 2) % 3;
        const auto across = [e, f](const Box& b) { return std::array{b.lower[e], b.upper[e], b.lower[f], b.upper[f]}; };
        std::sort(boxes.begin(), boxes.end(), [&](const Box& a, const Box& b) {
            return std::pair(across(a), a.lower[d]) < std::pair(across(b), b.lower[d]);
        });
        std::vector<Box> merged;
        for (const Box& b : boxes) {
            // Faces of neighbours are the same number: k + 1 edges of the one, k' = k + 1 of the other.
            if (!merged.empty() && across(merged.back()) == across(b) && b.lower[d] <= merged.back().upper[d])
                merged.back().upper[d] = std::max(merged.back().upper[d], b.upper[d]);
            else
                merged.push_back(b);
        }
        boxes = std::move(merged);
    }
    return boxes;
}

/// The cell's points in bins of space.
mfm::SpatialGrid binned(const Morphology& cell) {
    std::array<std::vector<double>, 3> axis;
    for (const Point& p : cell.points)
        for (std::size_t d = 0; d < 3; ++d) axis[d].push_back(p[d]);
    const double* const position[3] = {axis[0].data(), axis[1].data(), axis[2].data()};
    const mfm_population points{sizeof(mfm_population), 0, "points", cell.points.size(), position};
    return mfm::SpatialGrid(mfm::PopulationView(&points));
}

bool touch(const Box& a, const Box& b) {
    for (std::size_t d = 0; d < 3; ++d)
        if (a.lower[d] > b.upper[d] || b.lower[d] > a.upper[d]) return false;
    return true;
}

struct VoxelIntersection {
    static constexpr auto id = "voxel_intersection", version = "1.0.0",
                          summary =
                              "pairs whose reconstructed axons and dendrites share a voxel, tried with an affinity",
                          citation = "De Schepper et al. 2022, Commun. Biol. 5:1240, doi:10.1038/s42003-022-04213-y";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Settings {
        std::string source_morphology, target_morphology;
        std::vector<double> source_labels, target_labels;
        std::string swap;
        std::int64_t voxels;
        double affinity;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::source_morphology, "source_morphology", nullptr,
                           "reconstructed source cell, an SWC file"}
                    .path()
                    .required(),
                mfm::Field{&S::target_morphology, "target_morphology", nullptr,
                           "reconstructed target cell, an SWC file"}
                    .path()
                    .required(),
                mfm::Field{&S::source_labels, "source_labels", "1", 0.0, 0.0, 1e6,
                           "SWC types of the source's points that take part; none: all"},
                mfm::Field{&S::target_labels, "target_labels", "1", 0.0, 0.0, 1e6,
                           "SWC types of the target's points that take part; none: all"},
                mfm::Field{&S::swap, "swap", swaps, "two axes of both files to exchange: none, xy, xz or yz"},
                mfm::Field{&S::voxels, "voxels", "1", 500, 1, 1e6, "about how many voxels a cell is cut into"},
                mfm::Field{&S::affinity, "affinity", "1", 1.0, 0.0, 1.0,
                           "fraction of a source's candidates that are tried"},
                mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own target"}};
        }
    };
    explicit VoxelIntersection(const Settings& s)
        : settings(s), source(read_morphology(s.source_morphology, s.source_labels, "source_labels", s.swap, s.voxels)),
          target(read_morphology(s.target_morphology, s.target_labels, "target_labels", s.swap, s.voxels)),
          source_boxes(occupied(source)), target_points(binned(target)) {}
    Settings settings;
    Morphology source, target;
    std::vector<Box> source_boxes;
    mfm::SpatialGrid target_points;

    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        return mfm::SpatialGrid(view.target());
    }

    /// Whether a voxel of the target, which stands at `place` from the source, touches one of the source's.
    [[nodiscard]] bool meet(const Point& place) const {
        for (const Box& box : source_boxes) {
            // A point lies within its voxel: farther away than an edge it cannot touch.  The hair is for rounding.
            Point lower{}, upper{};
            for (std::size_t d = 0; d < 3; ++d) {
                const double hair = 1e-9 * (1.0 + std::abs(box.lower[d]) + std::abs(box.upper[d]) + std::abs(place[d]));
                lower[d] = box.lower[d] - place[d] - target.voxel[d] - flat - hair;
                upper[d] = box.upper[d] - place[d] + target.voxel[d] + flat + hair;
            }
            bool found = false;
            target_points.in_box(lower, upper, [&](std::uint32_t p) {
                found = found || touch(box, target.voxel_of(target_points.at(p), place));
            });
            if (found) return true;
        }
        return false;
    }

    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& cells, std::uint64_t i,
             mfm::RandomSequence& random, mfm::Row& row) const {
        const bool skip_self = !settings.autapses && view.same_population();
        const Point home = view.source().position(i);
        Point lower{}, upper{};
        for (std::size_t d = 0; d < 3; ++d) {
            lower[d] = home[d] + source.bounds.lower[d] - target.bounds.upper[d];
            upper[d] = home[d] + source.bounds.upper[d] - target.bounds.lower[d];
        }
        std::vector<std::uint32_t> candidates; // by the boxes that hold the whole cells
        cells.in_box(lower, upper, [&](std::uint32_t cell) {
            if (!(skip_self && cell == i)) candidates.push_back(cell);
        });
        const std::uint64_t tried =
            mfm::round_at_random(random, settings.affinity * static_cast<double>(candidates.size()));
        mfm::shuffle_front(random, candidates, tried);
        for (std::uint64_t k = 0; k < tried; ++k) {
            const Point there = cells.at(candidates[k]);
            if (meet({there[0] - home[0], there[1] - home[1], there[2] - home[2]})) row.add(candidates[k]);
        }
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<VoxelIntersection>);
