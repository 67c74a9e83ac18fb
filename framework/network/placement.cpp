// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include <fmt/format.h>
#include <mfm/random.hpp>
#include <tbb/parallel_for.h>

#include "network/network.hpp"
#include "network/streams.hpp"

namespace mfm {
namespace {

constexpr double max_cells = std::numeric_limits<std::uint32_t>::max();

/// Where a population is placed: its layer, or all of the volume.
Layer layer_of(const PipelineConfig& config, const PopulationConfig& population) {
    if (population.placement.layer.empty()) return {"", 0.0, config.space.size[2]};
    std::vector<std::string> names;
    for (const Layer& layer : config.space.layers) {
        if (layer.name == population.placement.layer) return layer;
        names.push_back(layer.name);
    }
    throw InputError(population.placement.where,
                     fmt::format("population '{}' is placed in layer '{}', which [space] does not have{}",
                                 population.name, population.placement.layer,
                                 did_you_mean(population.placement.layer, names)));
}

/// The box that a population's layer fills; checked to be one.
struct Volume {
    double x = 0, y = 0, z_min = 0, z_max = 0;
    [[nodiscard]] double cubic() const { return x * y * (z_max - z_min); }
};
Volume volume_of(const PipelineConfig& config, const PopulationConfig& population) {
    const Layer layer = layer_of(config, population);
    const Volume v{config.space.size[0], config.space.size[1], layer.z_min, layer.z_max};
    if (!(v.x > 0.0) || !(v.y > 0.0) || !(v.z_max > v.z_min))
        throw InputError(population.placement.where,
                         fmt::format("population '{}' cannot be placed: layer '{}' of [space] has no volume "
                                     "({} x {} x {} um); give the space a size and the layer a thickness",
                                     population.name, layer.name, v.x, v.y, v.z_max - v.z_min));
    return v;
}

/// Cells per um^3 of a randomly placed population, through `ratio` of others.
double density_of(const PipelineConfig& config, const PopulationConfig& population, std::set<std::string>& seen) {
    const Placement& placement = population.placement;
    if (!seen.insert(population.name).second)
        throw InputError(placement.where,
                         fmt::format("the density of population '{}' is given as a ratio of itself, by way "
                                     "of others; give one of them a density",
                                     population.name));
    if (placement.density) {
        if (placement.kind == Placement::Kind::Random) return *placement.density;
        const Volume v = volume_of(config, population);
        return *placement.density / (v.z_max - v.z_min);
    }
    if (placement.count) return static_cast<double>(*placement.count) / volume_of(config, population).cubic();
    if (placement.density_of.empty())
        throw InputError(
            placement.where,
            fmt::format("population '{}' has neither density, count nor ratio in its placement", population.name));
    const PopulationConfig& other = config.populations[config.population_index(placement.density_of)];
    if (other.placement.kind == Placement::Kind::None)
        throw InputError(placement.where,
                         fmt::format("population '{}' takes its density from '{}', which is not placed",
                                     population.name, other.name));
    return placement.ratio * density_of(config, other, seen);
}

void check_number(const PopulationConfig& population, double n) {
    if (n <= max_cells) return;
    throw InputError(population.where, fmt::format("population '{}' would have {:.3g} cells; the most is {:.0f}",
                                                   population.name, n, max_cells));
}

/// Where to draw cells from: so many in this box, counted from cell `first`.
struct Patch {
    std::array<double, 3> lower{}, size{};
    std::uint64_t first = 0, n = 0;
};

/// Every chunk of the layer holds floor(density x volume) cells, and one more with the chance of the fraction;
/// positions are uniform and may overlap.
std::vector<Patch> chunks(const PipelineConfig& config, const PopulationConfig& population) {
    const Volume v = volume_of(config, population);
    const std::uint64_t stream = stream_of("placement/count", population.name);
    if (population.placement.count)
        return {{{0, 0, v.z_min}, {v.x, v.y, v.z_max - v.z_min}, 0, *population.placement.count}};
    std::set<std::string> seen;
    const double density = density_of(config, population, seen), edge = config.space.chunk;
    check_number(population, density * v.cubic());
    const auto first_index = [&](double x) { return static_cast<std::int64_t>(std::floor(x / edge)); };
    const auto end_index = [&](double x) { return static_cast<std::int64_t>(std::ceil(x / edge)); };
    std::vector<Patch> patches;
    std::uint64_t total = 0;
    for (std::int64_t i = 0; i < end_index(v.x); ++i)
        for (std::int64_t j = 0; j < end_index(v.y); ++j)
            for (std::int64_t k = first_index(v.z_min); k < end_index(v.z_max); ++k) {
                Patch patch;
                const std::array<double, 3> from{static_cast<double>(i) * edge, static_cast<double>(j) * edge,
                                                 std::max(v.z_min, static_cast<double>(k) * edge)};
                const std::array<double, 3> to{std::min(v.x, static_cast<double>(i + 1) * edge),
                                               std::min(v.y, static_cast<double>(j + 1) * edge),
                                               std::min(v.z_max, static_cast<double>(k + 1) * edge)};
                double cubic = 1.0;
                for (std::size_t d = 0; d < 3; ++d) {
                    patch.lower[d] = from[d];
                    patch.size[d] = to[d] - from[d];
                    cubic *= patch.size[d];
                }
                if (!(cubic > 0.0)) continue;
                RandomSequence random(config.seed, stream, patches.size());
                // Products such as 9e-6 x 1e6 miss whole numbers by rounding, which must not cost a cell.
                const double expected = density * cubic, nearest = std::round(expected);
                const double exact = std::abs(expected - nearest) < 1e-9 * std::max(1.0, nearest) ? nearest : expected;
                const double whole = std::floor(exact);
                patch.first = total;
                patch.n = static_cast<std::uint64_t>(whole) + (random.uniform() < exact - whole ? 1u : 0u);
                total += patch.n;
                patches.push_back(patch);
            }
    return patches;
}

void place_random(const PipelineConfig& config, const PopulationConfig& population, Population& out) {
    const std::vector<Patch> patches = chunks(config, population);
    for (const Patch& patch : patches) out.n += patch.n;
    check_number(population, static_cast<double>(out.n));
    for (auto& axis : out.position) axis.resize(out.n);
    const std::uint64_t stream = stream_of("placement/position", population.name);
    for (const Patch& patch : patches)
        tbb::parallel_for(std::uint64_t{0}, patch.n, [&](std::uint64_t i) {
            RandomSequence random(config.seed, stream, patch.first + i);
            for (std::size_t d = 0; d < 3; ++d)
                out.position[d][patch.first + i] = patch.lower[d] + patch.size[d] * random.uniform();
        });
}

/// Cells in slanted rows, as Purkinje cells stand: rows every spacing_x along x, each leaning by `angle` over the
/// volume's depth in y, cells evenly along it with a jitter that keeps neighbours apart (the parallel array placement
/// of the BSB).
void place_parallel_array(const PipelineConfig& config, const PopulationConfig& population, Population& out) {
    const Volume v = volume_of(config, population);
    const Placement& placement = population.placement;
    const double radius = placement.radius, spacing = placement.spacing_x;
    const double angle = placement.angle_deg * std::numbers::pi / 180.0;
    if (!(spacing > 2.0 * radius))
        throw InputError(placement.where,
                         fmt::format("population '{}': spacing_x ({} um) must be larger than a cell's diameter "
                                     "({} um)",
                                     population.name, spacing, 2.0 * radius));
    if (!(std::cos(angle) > 1e-6) || !(angle >= 0.0))
        throw InputError(
            placement.where,
            fmt::format("population '{}': the angle of a parallel array must be at least 0 and below 90 degrees, "
                        "not {}",
                        population.name, placement.angle_deg));
    double planar = 0.0;
    if (placement.count)
        planar = static_cast<double>(*placement.count);
    else if (placement.density)
        planar = *placement.density * v.x * v.y;
    else {
        std::set<std::string> seen;
        planar = density_of(config, population, seen) * v.cubic();
    }
    check_number(population, planar);
    const double rows = std::ceil(v.x / spacing), span = rows * spacing;
    // Rows reach beyond the volume by span - x; the cells out there are dropped below, so as many more are laid out.
    const double laid_out = std::round(planar) + std::floor((span - v.x) / v.x * std::round(planar));
    const auto per_row = static_cast<std::uint64_t>(std::round(laid_out / rows));
    if (per_row == 0 || !(v.y > radius)) return;
    const double step = (v.y - radius) / static_cast<double>(per_row);
    const double jitter = std::max(0.0, step / std::cos(angle) - 2.0 * radius) * std::cos(angle);
    const std::uint64_t stream = stream_of("placement/position", population.name);
    const double shift = RandomSequence(config.seed, stream, 0, 1).uniform() * spacing;
    for (std::uint64_t r = 0; r < static_cast<std::uint64_t>(rows); ++r)
        for (std::uint64_t i = 0; i < per_row; ++i) {
            RandomSequence random(config.seed, stream, r * per_row + i);
            const double y = static_cast<double>(i) * step + radius + 0.5 * step;
            const double along = static_cast<double>(r) * spacing + shift + y * std::tan(angle);
            const double x = std::fmod(along, span - 2.0 * radius) + radius;
            const double jittered = y + jitter * (random.uniform() - 0.5);
            if (x >= v.x - radius) continue;
            out.position[0].push_back(x);
            out.position[1].push_back(jittered);
            out.position[2].push_back(std::min(v.z_min + radius, v.z_max));
        }
    out.n = out.position[0].size();
}

} // namespace

std::vector<Population> place_populations(const PipelineConfig& config) {
    std::vector<Population> populations;
    for (const PopulationConfig& population : config.populations) {
        Population out;
        out.name = population.name;
        switch (population.placement.kind) {
        case Placement::Kind::None:
            if (!population.count)
                throw InputError(
                    population.where,
                    fmt::format("population '{}' has neither a count nor a placement; give it one", population.name));
            out.n = *population.count;
            check_number(population, static_cast<double>(out.n));
            break;
        case Placement::Kind::Random:
            place_random(config, population, out);
            break;
        case Placement::Kind::ParallelArray:
            place_parallel_array(config, population, out);
            break;
        }
        if (out.n == 0)
            throw InputError(
                population.where,
                fmt::format("population '{}' has zero cells; raise its count or density, or the volume of its layer",
                            population.name));
        populations.push_back(std::move(out));
    }
    return populations;
}

} // namespace mfm
