// SPDX-License-Identifier: Apache-2.0
#include "check/made_up_network.hpp"

#include <algorithm>
#include <array>

#include "check/subject.hpp"

namespace mfm::check {
namespace {

constexpr std::array<double, 3> lower{0.0, 0.0, 0.0}, upper{200.0, 150.0, 100.0}; // um

const mfm_population* population(Arrays& arrays, const char* name, std::uint64_t n, std::uint64_t key) {
    std::vector<const double*> axes;
    for (std::size_t d = 0; d < 3; ++d) {
        std::vector<double> place;
        for (std::uint64_t i = 0; i < n; ++i) place.push_back(lower[d] + (upper[d] - lower[d]) * spread(i, key + d));
        axes.push_back(arrays.given("a population's position", place));
    }
    const mfm_population out{sizeof(mfm_population), 0, name, n,
                             arrays.given("a population's list of positions", axes)};
    return arrays.given_one("a population", out);
}

/// Every target cell has `each` sources, one after the other around the sources.
const mfm_edges* edges(Arrays& arrays, const mfm_population* source, const mfm_population* target, std::uint64_t each) {
    std::vector<std::uint64_t> row(source->n + 1, 0), column(target->n + 1, 0);
    std::vector<std::uint32_t> from;
    std::vector<std::vector<std::uint32_t>> to(source->n);
    for (std::uint64_t t = 0; t < target->n; ++t) {
        std::vector<std::uint32_t> mine;
        for (std::uint64_t k = 0; k < each; ++k)
            mine.push_back(static_cast<std::uint32_t>((t * 7 + k * 5) % source->n));
        std::sort(mine.begin(), mine.end());
        mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
        for (const std::uint32_t s : mine) to[s].push_back(static_cast<std::uint32_t>(t));
        from.insert(from.end(), mine.begin(), mine.end());
        column[t + 1] = from.size();
    }
    std::vector<std::uint32_t> flat;
    for (std::uint64_t s = 0; s < source->n; ++s) {
        flat.insert(flat.end(), to[s].begin(), to[s].end());
        row[s + 1] = flat.size();
    }
    const mfm_edges out{sizeof(mfm_edges),
                        0,
                        "earlier",
                        source,
                        target,
                        arrays.given("row of the earlier projection", row),
                        arrays.given("to of the earlier projection", flat),
                        arrays.given("column of the earlier projection", column),
                        arrays.given("from of the earlier projection", from)};
    return arrays.given_one("the earlier projection", out);
}

} // namespace

const std::vector<NetworkShape>& network_shapes() {
    static const std::vector<NetworkShape> shapes{
        {"120 cells onto 150", 120, 150, false, false},        {"120 cells onto 150", 120, 150, false, true},
        {"150 cells onto 150 others", 150, 150, false, false}, {"150 cells onto 150 others", 150, 150, false, true},
        {"150 cells onto themselves", 150, 150, true, false},  {"150 cells onto themselves", 150, 150, true, true}};
    return shapes;
}

MadeUpNetwork::MadeUpNetwork(const NetworkShape& shape, const std::vector<bool>& wants_earlier, std::uint64_t seed,
                             std::uint64_t stream, Place place)
    : arrays_(place) {
    const mfm_population* const source = population(arrays_, "sources", shape.n_source, 10);
    const mfm_population* const target = shape.same ? source : population(arrays_, "targets", shape.n_target, 20);
    std::vector<const mfm_edges*> earlier(std::max<std::size_t>(1, wants_earlier.size()), nullptr);
    if (std::find(wants_earlier.begin(), wants_earlier.end(), true) != wants_earlier.end()) {
        const mfm_population* const others = population(arrays_, "others", 40, 30);
        const mfm_edges* const made =
            shape.onto_target ? edges(arrays_, others, target, 3) : edges(arrays_, others, source, 1);
        for (std::size_t s = 0; s < wants_earlier.size(); ++s)
            if (wants_earlier[s]) earlier[s] = made;
    }
    const mfm_projection out{sizeof(mfm_projection),
                             shape.same ? 1u : 0u,
                             seed,
                             stream,
                             source,
                             target,
                             arrays_.given("the list of earlier projections", earlier),
                             arrays_.given("lower", std::span<const double>(lower)),
                             arrays_.given("upper", std::span<const double>(upper))};
    projection_ = arrays_.given_one("the projection", out);
}

} // namespace mfm::check
