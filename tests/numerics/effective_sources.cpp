// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "meanfield/effective_sources.hpp"
#include "numerics/meanfield_fixture.hpp"

using namespace meanfield_test;

namespace {

/// Every target cell i has the sources (i + k) mod n, k = 0 .. in_degree - 1, with weight 1.
PathwayEdges ring(std::size_t targets, std::size_t sources, std::size_t in_degree) {
    PathwayEdges edges;
    edges.row.push_back(0);
    for (std::size_t i = 0; i < targets; ++i) {
        for (std::size_t k = 0; k < in_degree; ++k) {
            edges.source.push_back(static_cast<std::uint32_t>((i + k) % sources));
            edges.weight.push_back(1.0f);
        }
        edges.row.push_back(edges.source.size());
    }
    return edges;
}

} // namespace

TEST_CASE("a small population that feeds back on itself sees as many cells as reach it") {
    Circuit circuit;
    const std::size_t e = circuit.external("fibres"),
                      a = circuit.internal("large", std::make_shared<Linear>(1, std::vector<double>{1.0})),
                      b = circuit.internal("small", std::make_shared<Linear>(1, std::vector<double>{1.0, -0.5})),
                      c = circuit.internal("output", std::make_shared<Linear>(1, std::vector<double>{1.0}));
    const std::size_t n[] = {100, 400, 20, 5};
    for (std::size_t p = 0; p < 4; ++p) circuit.populations[p].n = circuit.reduction.populations[p].n = n[p];
    circuit.pathway(e, a, receptor(MFM_RECEPTOR_ALPHA, 2), 4);
    circuit.pathway(a, b, receptor(MFM_RECEPTOR_ALPHA, 2), 10);
    circuit.pathway(b, b, receptor(MFM_RECEPTOR_ALPHA, 2), 5);
    circuit.pathway(a, c, receptor(MFM_RECEPTOR_ALPHA, 2), 50);
    const std::vector<PathwayEdges> edges = {ring(400, 100, 4), ring(20, 400, 10), ring(20, 20, 5), ring(5, 400, 50)};
    const std::vector<double> rate{10, 10, 10, 10},
        cells = effective_sources(circuit.model(), circuit.reduction, edges, rate);
    // The fibres reach the small population through the large one: ten neighbours with four fibres each are 13 fibres
    // with weights 1 2 3 4 4 4 4 4 4 4 3 2 1.
    CHECK(cells[e] == Approx(40.0 * 40.0 / (2 * (1 + 4 + 9) + 7 * 16)));
    CHECK(cells[a] == Approx(10));
    CHECK(cells[b] == Approx(5));
    CHECK(cells[c] == 5); // reaches nobody: its own cells
}
