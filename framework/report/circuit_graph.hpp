// SPDX-License-Identifier: Apache-2.0
// The circuit as a drawing: populations in columns along the way of the signal, pathways as curves between them.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace mfm {

struct GraphNode {
    std::string name;
    std::vector<std::string> details; ///< lines below the name
    bool external = false;            ///< its rate is given
};
/// One curve.  Pathways of one sign between the same populations share one.
struct GraphEdge {
    std::size_t source = 0, target = 0; ///< indices of nodes
    bool excitatory = true;
    std::string label,
        description; ///< label: on the curve, a line a pathway; description: all that is known, shown on hovering
};
struct CircuitGraph {
    std::vector<GraphNode> nodes;
    std::vector<GraphEdge> edges;
};

struct GraphPoint {
    double x = 0, y = 0;
};
struct GraphBox {
    double x = 0, y = 0, width = 0, height = 0;          ///< x, y: upper left
    [[nodiscard]] double overlap(const GraphBox&) const; ///< shared area
};
struct GraphCurve {
    std::vector<GraphPoint> points; ///< a start, and three points for each cubic that follows
    GraphBox label;
};
struct GraphLayout {
    double width = 0, height = 0;
    std::vector<GraphBox> nodes;    ///< [nodes]; none overlaps another
    std::vector<GraphCurve> curves; ///< [edges]
};

/// Layered drawing (Sugiyama, Tagawa & Toda 1981): strongly connected populations keep together, columns follow the
/// signal, and the order within columns lessens crossings by barycentres.  Equal graphs give equal layouts.
[[nodiscard]] GraphLayout layout_of(const CircuitGraph&);
/// An <svg> that scales with the page.  Excitatory pathways end in an arrow, inhibitory ones in a bar; colours come
/// from style.css.
[[nodiscard]] std::string circuit_svg(const CircuitGraph&, const std::string& title);

} // namespace mfm
