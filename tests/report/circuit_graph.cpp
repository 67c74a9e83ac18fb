// SPDX-License-Identifier: Apache-2.0
// The drawing of the circuit: nothing lies on anything else, whatever the circuit.
#include <catch2/catch.hpp>

#include <random>

#include "report/circuit_graph.hpp"

namespace {

using namespace mfm;

CircuitGraph graph_of(std::size_t nodes, const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
    CircuitGraph graph;
    for (std::size_t i = 0; i < nodes; ++i)
        graph.nodes.push_back({"population_" + std::to_string(i), {"30 420 cells", "eglif"}, i == 0});
    for (const auto& [source, target] : edges)
        graph.edges.push_back({source, target, source % 2 == 0, "K 160 · Q 0.3 nS", "a pathway"});
    return graph;
}

/// Circuits of 1 to 14 populations: chains, loops, self-loops, all to all, at random.
std::vector<CircuitGraph> circuits() {
    std::vector<CircuitGraph> out{graph_of(0, {}), graph_of(1, {}), graph_of(1, {{0, 0}}),
                                  graph_of(2, {{0, 1}, {1, 0}}),
                                  graph_of(3, {{0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 1}, {2, 2}})};
    std::mt19937 random(7);
    for (const std::size_t n : {4u, 6u, 9u, 12u, 14u}) {
        std::vector<std::pair<std::size_t, std::size_t>> all, some, loops;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                all.emplace_back(i, j);
                if (random() % 4 == 0) some.emplace_back(i, j);
                if (i == j || j == i + 1) loops.emplace_back(i, j);
            }
        out.push_back(graph_of(n, all));
        out.push_back(graph_of(n, some));
        out.push_back(graph_of(n, loops));
    }
    return out;
}

} // namespace

TEST_CASE("no population of a drawn circuit overlaps another, and all are on the canvas") {
    for (const CircuitGraph& graph : circuits()) {
        const GraphLayout layout = layout_of(graph);
        INFO(graph.nodes.size() << " populations, " << graph.edges.size() << " pathways");
        REQUIRE(layout.nodes.size() == graph.nodes.size());
        for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
            const GraphBox& a = layout.nodes[i];
            CHECK((a.x >= 0 && a.y >= 0 && a.x + a.width <= layout.width && a.y + a.height <= layout.height));
            for (std::size_t j = 0; j < i; ++j) CHECK(a.overlap(layout.nodes[j]) == 0);
        }
    }
}

TEST_CASE("every pathway runs from the edge of its source to the edge of its target, on the canvas") {
    const auto on_edge = [](const GraphPoint& p, const GraphBox& b) {
        const bool inside =
            p.x >= b.x - 1e-9 && p.x <= b.x + b.width + 1e-9 && p.y >= b.y - 1e-9 && p.y <= b.y + b.height + 1e-9;
        const auto near = [](double x, double y) { return std::abs(x - y) < 1e-9; };
        return inside && (near(p.x, b.x) || near(p.x, b.x + b.width) || near(p.y, b.y) || near(p.y, b.y + b.height));
    };
    for (const CircuitGraph& graph : circuits()) {
        const GraphLayout layout = layout_of(graph);
        REQUIRE(layout.curves.size() == graph.edges.size());
        for (std::size_t k = 0; k < graph.edges.size(); ++k) {
            const GraphCurve& curve = layout.curves[k];
            CHECK(curve.points.size() % 3 == 1);
            CHECK(on_edge(curve.points.front(), layout.nodes[graph.edges[k].source]));
            CHECK(on_edge(curve.points.back(), layout.nodes[graph.edges[k].target]));
            for (const GraphPoint& p : curve.points)
                CHECK((p.x >= 0 && p.y >= 0 && p.x <= layout.width && p.y <= layout.height));
        }
    }
}

TEST_CASE("in a small circuit no label lies on a population or on another label") {
    const CircuitGraph graph = graph_of(3, {{0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 1}, {2, 2}});
    const GraphLayout layout = layout_of(graph);
    for (std::size_t k = 0; k < layout.curves.size(); ++k) {
        const GraphBox& label = layout.curves[k].label;
        CHECK((label.x >= 0 && label.y >= 0 && label.x + label.width <= layout.width));
        for (const GraphBox& node : layout.nodes) CHECK(label.overlap(node) == 0);
        for (std::size_t j = 0; j < k; ++j) CHECK(label.overlap(layout.curves[j].label) == 0);
    }
}

TEST_CASE("columns follow the signal: input, the loop that it drives, what the loop feeds") {
    // 0 drives 1, which is in a loop with 2; both feed 3.
    const GraphLayout layout = layout_of(graph_of(4, {{0, 1}, {1, 2}, {2, 1}, {1, 3}, {2, 3}}));
    CHECK(layout.nodes[0].x < layout.nodes[1].x);
    CHECK(layout.nodes[1].x < layout.nodes[2].x);
    CHECK(layout.nodes[2].x < layout.nodes[3].x);
}

TEST_CASE("excitatory pathways end in an arrowhead, inhibitory ones in a bar, and names are escaped") {
    CircuitGraph graph = graph_of(2, {{0, 1}, {1, 0}});
    graph.nodes[1].name = "<b>&";
    const std::string svg = circuit_svg(graph, "a \"circuit\"");
    const std::size_t excitatory = svg.find("<g class=\"excitatory\">"),
                      inhibitory = svg.find("<g class=\"inhibitory\">");
    REQUIRE(excitatory != std::string::npos);
    REQUIRE(inhibitory != std::string::npos);
    CHECK(svg.find("class=\"head\"", excitatory) < inhibitory);
    CHECK(svg.find("class=\"bar\"", inhibitory) != std::string::npos);
    CHECK(svg.find("&lt;b&gt;&amp;") != std::string::npos);
    CHECK(svg.find("<b>") == std::string::npos);
    CHECK(svg.find("aria-label=\"a &quot;circuit&quot;\"") != std::string::npos);
    CHECK(svg == circuit_svg(graph, "a \"circuit\""));
}
