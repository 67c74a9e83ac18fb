// SPDX-License-Identifier: Apache-2.0
#include "config/axes.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include <boost/random/sobol.hpp>
#include <fmt/format.h>

#include "config/reader.hpp"
#include "config/sections.hpp"
#include "support/units.hpp"

namespace mfm {
namespace {

using Kind = DocumentNode::Kind;

const std::vector<std::string> points_names{"derive", "mean_field"};
const std::vector<std::string> method_names{"grid", "latin_hypercube", "sobol"};
const std::vector<std::string> change_names{"set", "scale", "add"}; // in the order of Change::How
const std::vector<std::string> spacing_names{"linear", "log"};
constexpr double most_points = 1e9;

/// Without the rounding errors of steps: 16 steps of 0.023 are 0.368.
double tidy(double x) {
    return std::stod(fmt::format("{:.12g}", x));
}

/// A finite number in the axis's unit, which the first number that has one sets.
double axis_number(const DocumentNode& node, const std::string& path, std::optional<std::string>& unit) {
    std::optional<Quantity> q;
    if (node.kind == Kind::Integer) q = Quantity{static_cast<double>(node.integer), ""};
    if (node.kind == Kind::Real) q = Quantity{node.real, ""};
    if (node.kind == Kind::Text) q = parse_quantity(node.text);
    if (!q || !std::isfinite(q->value))
        throw InputError(node.where,
                         fmt::format("{} must be a number, with its unit where it has one; for members that "
                                     "differ by something else, name variants",
                                     path));
    if (!unit) unit = q->unit;
    if (*unit == q->unit) return q->value;
    const auto factor = unit->empty() || q->unit.empty() ? std::nullopt : conversion_factor(q->unit, *unit);
    if (!factor)
        throw InputError(node.where,
                         fmt::format("{}: all numbers of an axis need units of one kind, but this one is in "
                                     "'{}' and an earlier one in '{}'",
                                     path, q->unit, *unit));
    return tidy(q->value * *factor);
}

std::vector<std::string> read_paths(const TableReader& table) {
    const DocumentNode& node = table.require("path");
    std::vector<const DocumentNode*> texts;
    if (node.kind == Kind::Array)
        for (const DocumentNode& element : node.elements) texts.push_back(&element);
    else
        texts.push_back(&node);
    if (texts.empty()) throw InputError(node.where, fmt::format("{} names nothing", table.path("path")));
    std::vector<std::string> paths;
    for (const DocumentNode* text : texts) {
        const std::string& path = read_text(*text, table.path("path"));
        for (const char* own : {"library", "variant", "plugins", "include"})
            if (path == own || path.starts_with(std::string(own) + "."))
                throw InputError(text->where, fmt::format("{}: an axis cannot change '{}'", table.path("path"), path));
        paths.push_back(path);
    }
    return paths;
}

/// The numbers of a grid's axis, or its ends for samples.
void read_values(const TableReader& table, LibraryConfig::Method method, LibraryAxis& axis) {
    std::optional<std::string> unit;
    const auto number = [&](const char* key) { return axis_number(table.require(key), table.path(key), unit); };
    if (method != LibraryConfig::Method::Grid) {
        for (const char* key : {"values", "step", "n"})
            table.refuse(key, fmt::format("the points of a {} lie anywhere between 'from' and 'to'",
                                          method_names[static_cast<std::size_t>(method)]));
    } else if (const DocumentNode* list = table.find("values")) {
        for (const char* key : {"from", "to", "step", "n"}) table.refuse(key, "'values' says it all");
        if (list->kind != Kind::Array || list->elements.empty())
            throw InputError(list->where, fmt::format("{} must be a list of numbers", table.path("values")));
        for (std::size_t i = 0; i < list->elements.size(); ++i)
            axis.values.push_back(axis_number(list->elements[i], fmt::format("{}[{}]", table.path("values"), i), unit));
        std::sort(axis.values.begin(), axis.values.end());
        if (std::adjacent_find(axis.values.begin(), axis.values.end()) != axis.values.end())
            throw InputError(list->where, fmt::format("{} has a number twice", table.path("values")));
        axis.lower = axis.values.front();
        axis.upper = axis.values.back();
    }
    if (axis.values.empty()) {
        // A zero may go without its unit only where nothing else has one.
        axis.lower = number("from");
        axis.upper = number("to");
        if (!(axis.lower < axis.upper))
            throw InputError(table.node().where, fmt::format("{}: 'from' must be below 'to'", table.path()));
    }
    if (axis.log && !(axis.lower > 0))
        throw InputError(table.node().where, fmt::format("{}: a logarithmic axis needs numbers above 0", table.path()));
    if (method == LibraryConfig::Method::Grid && axis.values.empty()) {
        const bool stepped = table.find("step") != nullptr;
        if (stepped == (table.find("n") != nullptr))
            throw InputError(table.node().where,
                             fmt::format("{} needs either 'step' or 'n', the number of points", table.path()));
        if (stepped && axis.log) table.refuse("step", "a logarithmic axis is divided into 'n' points");
        if (stepped) {
            const double step = number("step"), steps = (axis.upper - axis.lower) / step;
            if (!(step > 0) || std::abs(steps - std::round(steps)) > 1e-6 || steps > most_points)
                throw InputError(
                    table.require("step").where,
                    fmt::format("{} must lead from 'from' to 'to' in a whole number of steps", table.path("step")));
            const auto n = static_cast<std::size_t>(std::llround(steps));
            for (std::size_t i = 0; i <= n; ++i)
                axis.values.push_back(tidy(axis.lower + static_cast<double>(i) * step));
        } else {
            const std::uint32_t n = table.integer("n", 2, 2);
            for (std::uint32_t i = 0; i < n; ++i) {
                const double u = static_cast<double>(i) / (n - 1);
                axis.values.push_back(tidy(axis.log ? axis.lower * std::pow(axis.upper / axis.lower, u)
                                                    : axis.lower + (axis.upper - axis.lower) * u));
            }
            axis.values.back() = axis.upper;
        }
    }
    axis.unit = unit.value_or("");
    const auto is_whole = [](double x) { return x == std::floor(x) && std::abs(x) < 9e15; };
    if (axis.whole && !(is_whole(axis.lower) && is_whole(axis.upper) &&
                        std::all_of(axis.values.begin(), axis.values.end(), is_whole)))
        throw InputError(table.node().where,
                         fmt::format("{} is to have whole numbers only, but not all of its are", table.path()));
}

LibraryAxis read_axis(const DocumentEntry& entry, const DocumentNode& document, LibraryConfig::Method method) {
    check_name(entry, "axis");
    const TableReader table(entry.value, "library.axis." + entry.key,
                            {"path", "change", "from", "to", "step", "n", "values", "spacing", "whole"});
    LibraryAxis axis;
    axis.name = entry.key;
    axis.where = entry.where;
    axis.paths = read_paths(table);
    if (const DocumentNode* change = table.find("change"))
        axis.how = static_cast<Change::How>(read_choice(*change, table.path("change"), change_names));
    if (const DocumentNode* spacing = table.find("spacing"))
        axis.log = read_choice(*spacing, table.path("spacing"), spacing_names) == 1;
    axis.whole = table.boolean("whole", false);
    read_values(table, method, axis);
    // Both ends, so that a path that means nothing, or a number that cannot be there, shows at once.
    for (const double end : {axis.lower, axis.upper}) {
        LibraryConfig alone;
        alone.axes = {axis};
        DocumentNode copy = document;
        apply_changes(copy, changes_of(alone, {end}));
    }
    return axis;
}

/// A permutation of 0 .. n - 1 that needs no table: a Feistel network of four rounds on the next power of four, walked
/// along its cycle until it comes back below n (Black & Rogaway 2002).
std::uint64_t permuted(std::uint64_t i, std::uint64_t n, std::uint64_t seed, std::uint64_t stream) {
    if (n <= 1) return 0;
    const auto half = static_cast<unsigned>((std::bit_width(n - 1) + 1) / 2);
    const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
    do {
        std::uint64_t left = i >> half, right = i & mask;
        for (std::uint32_t round = 0; round < 4; ++round) {
            const std::uint64_t mixed = RandomSequence(seed, stream, right, round).bits64() & mask;
            left = std::exchange(right, left ^ mixed);
        }
        i = left << half | right;
    } while (i >= n);
    return i;
}

constexpr std::uint64_t hypercube_stream = 0x6c6962726172795fULL; // a stream that nothing else draws from

std::vector<double> sample_coordinates(const LibraryConfig& library, std::uint64_t index, std::uint64_t seed) {
    std::vector<double> u(library.axes.size());
    if (library.method == LibraryConfig::Method::Sobol) {
        boost::random::sobol sequence(u.size());
        sequence.seed(index);
        for (double& x : u) x = static_cast<double>(sequence() >> 11) * 0x1p-53;
        return u;
    }
    for (std::size_t a = 0; a < u.size(); ++a) {
        const std::uint64_t cell = permuted(index, library.samples, seed, hypercube_stream + 2 * a);
        RandomSequence within(seed, hypercube_stream + 2 * a + 1, index);
        u[a] = (static_cast<double>(cell) + within.uniform()) / static_cast<double>(library.samples);
    }
    return u;
}

} // namespace

double LibraryAxis::coordinate(double value) const {
    if (lower == upper) return 0.0;
    return log ? std::log(value / lower) / std::log(upper / lower) : (value - lower) / (upper - lower);
}

const char* points_name(LibraryConfig::Points points) noexcept {
    return points_names[static_cast<std::size_t>(points)].c_str();
}
const char* method_name(LibraryConfig::Method method) noexcept {
    return method_names[static_cast<std::size_t>(method)].c_str();
}

std::uint64_t LibraryConfig::size() const {
    if (axes.empty()) return 0;
    if (method != Method::Grid) return samples;
    std::uint64_t n = 1;
    for (const LibraryAxis& axis : axes) n *= axis.values.size();
    return n;
}

LibraryConfig read_library(const DocumentNode& document) {
    const DocumentNode* node = document.find("library");
    if (node == nullptr)
        throw InputError(document.where, "the pipeline has no [library], which says what its members are");
    const TableReader table(*node, "library", {"points", "method", "samples", "axis", "variants", "keep_stages"});
    LibraryConfig library;
    library.where = node->where;
    if (const DocumentNode* points = table.find("points"))
        library.points = static_cast<LibraryConfig::Points>(read_choice(*points, table.path("points"), points_names));
    if (const DocumentNode* method = table.find("method"))
        library.method = static_cast<LibraryConfig::Method>(read_choice(*method, table.path("method"), method_names));
    library.keep_stages = table.boolean("keep_stages", false);
    if (const DocumentNode* axes = table.find("axis")) {
        if (axes->kind != Kind::Table) throw InputError(axes->where, "library.axis must be a table of axes");
        for (const DocumentEntry& entry : axes->entries)
            library.axes.push_back(read_axis(entry, document, library.method));
    }
    if (library.method == LibraryConfig::Method::Grid) {
        table.refuse("samples", "a grid has every combination of its axes' numbers; 'method' names other ways");
        double n = 1;
        for (const LibraryAxis& axis : library.axes) n *= static_cast<double>(axis.values.size());
        if (n > most_points)
            throw InputError(node->where, fmt::format("library: {:.3g} points are more than {:.0e}", n, most_points));
    } else {
        library.samples = static_cast<std::uint64_t>(
            read_integer(table.require("samples"), table.path("samples"), 1, static_cast<std::int64_t>(most_points)));
        if (library.axes.empty())
            throw InputError(node->where, fmt::format("library: a {} needs axes", method_name(library.method)));
    }
    if (const DocumentNode* variants = table.find("variants")) {
        if (variants->kind != Kind::Array)
            throw InputError(variants->where, "library.variants must be a list of names of [variant.NAME]");
        for (const DocumentNode& name : variants->elements)
            library.variants.push_back(read_text(name, table.path("variants")));
    }
    if (library.axes.empty() && library.variants.empty())
        throw InputError(node->where, "library has no members; give it axes ([library.axis.NAME]) or 'variants'");
    return library;
}

std::vector<double> point_values(const LibraryConfig& library, std::uint64_t index, std::uint64_t seed) {
    std::vector<double> values(library.axes.size());
    if (library.method == LibraryConfig::Method::Grid) {
        for (std::size_t a = values.size(); a-- > 0;) {
            const std::vector<double>& axis = library.axes[a].values;
            values[a] = axis[index % axis.size()];
            index /= axis.size();
        }
        return values;
    }
    const std::vector<double> u = sample_coordinates(library, index, seed);
    for (std::size_t a = 0; a < values.size(); ++a) {
        const LibraryAxis& axis = library.axes[a];
        if (axis.whole) { // equal parts for all of them
            const double steps = axis.upper - axis.lower + 1;
            const double x =
                axis.log ? axis.lower * std::pow((axis.upper + 1) / axis.lower, u[a]) : axis.lower + steps * u[a];
            values[a] = std::min(std::floor(x), axis.upper);
        } else {
            values[a] = tidy(axis.log ? axis.lower * std::pow(axis.upper / axis.lower, u[a])
                                      : axis.lower + (axis.upper - axis.lower) * u[a]);
        }
    }
    return values;
}

std::string axis_text(const LibraryAxis& axis, double value) {
    return axis.unit.empty() ? fmt::format("{}", value) : fmt::format("{} {}", value, axis.unit);
}

std::vector<Change> changes_of(const LibraryConfig& library, const std::vector<double>& values) {
    std::vector<Change> changes;
    for (std::size_t a = 0; a < library.axes.size(); ++a) {
        const LibraryAxis& axis = library.axes[a];
        Change change;
        change.how = axis.how;
        change.where = change.value.where = axis.where;
        if (!axis.unit.empty()) {
            change.value.kind = Kind::Text;
            change.value.text = axis_text(axis, values[a]);
        } else if (values[a] == std::floor(values[a]) && std::abs(values[a]) < 9e15) {
            change.value.kind = Kind::Integer; // read as a real number wherever one is wanted
            change.value.integer = static_cast<std::int64_t>(values[a]);
        } else {
            change.value.kind = Kind::Real;
            change.value.real = values[a];
        }
        for (const std::string& path : axis.paths) {
            change.path = path;
            changes.push_back(change);
        }
    }
    return changes;
}

} // namespace mfm
