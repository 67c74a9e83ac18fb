// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/circuit_graph.hpp"
#include "support/markup.hpp"

namespace mfm {
namespace {

/// The curve with its end: a full arrowhead, or a bar across.  The curve stops short of the node, so that the end
/// shows.
std::string drawn(const GraphEdge& edge, std::vector<GraphPoint> p) {
    GraphPoint& end = p.back();
    const GraphPoint before = p[p.size() - 2];
    double dx = end.x - before.x, dy = end.y - before.y;
    const double length = std::hypot(dx, dy);
    dx = length > 0 ? dx / length : 1;
    dy = length > 0 ? dy / length : 0;
    const GraphPoint tip = end;
    const double short_by = edge.excitatory ? 9 : 4;
    end = {tip.x - short_by * dx, tip.y - short_by * dy};
    std::string path = fmt::format("M{:.1f},{:.1f}", p[0].x, p[0].y);
    for (std::size_t i = 1; i + 2 < p.size(); i += 3)
        path += fmt::format("C{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}", p[i].x, p[i].y, p[i + 1].x, p[i + 1].y,
                            p[i + 2].x, p[i + 2].y);
    const double half = edge.excitatory ? 5 : 8;
    const GraphPoint a{end.x - half * dy, end.y + half * dx}, b{end.x + half * dy, end.y - half * dx};
    const std::string head =
        edge.excitatory ? fmt::format("<path class=\"head\" d=\"M{:.1f},{:.1f}L{:.1f},{:.1f}L{:.1f},{:.1f}Z\"/>", tip.x,
                                      tip.y, a.x, a.y, b.x, b.y)
                        : fmt::format("<path class=\"bar\" d=\"M{:.1f},{:.1f}L{:.1f},{:.1f}\"/>", a.x, a.y, b.x, b.y);
    return fmt::format("<path class=\"line\" d=\"{}\"/>{}", path, head);
}

std::string drawn(const GraphNode& node, const GraphBox& box) {
    std::string out =
        fmt::format("<g class=\"population{}\"><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                    "height=\"{:.1f}\" rx=\"{}\"/>",
                    node.external ? " given" : "", box.x, box.y, box.width, box.height, node.external ? 20 : 6);
    double y = box.y + 23;
    const auto line = [&](const std::string& text, const char* style) {
        out += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", style, box.x + 0.5 * box.width, y,
                           escaped_markup(text));
        y += 16;
    };
    line(node.name, "name");
    for (const auto& text : node.details) line(text, "detail");
    return out + "</g>\n";
}

} // namespace

std::string circuit_svg(const CircuitGraph& graph, const std::string& title) {
    const GraphLayout layout = layout_of(graph);
    std::string out = fmt::format("<svg class=\"circuit\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {:.0f} {:.0f}\" "
                                  "width=\"{:.0f}\" height=\"{:.0f}\" xmlns=\"http://www.w3.org/2000/svg\">\n",
                                  escaped_markup(title), layout.width, layout.height, layout.width, layout.height);
    for (std::size_t k = 0; k < graph.edges.size(); ++k)
        out += fmt::format("<g class=\"{}\"><title>{}</title>{}</g>\n",
                           graph.edges[k].excitatory ? "excitatory" : "inhibitory",
                           escaped_markup(graph.edges[k].description), drawn(graph.edges[k], layout.curves[k].points));
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) out += drawn(graph.nodes[i], layout.nodes[i]);
    for (std::size_t k = 0; k < graph.edges.size(); ++k) {
        const GraphBox& box = layout.curves[k].label;
        const std::string& label = graph.edges[k].label;
        out += fmt::format("<rect class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>",
                           box.x, box.y, box.width, box.height);
        double y = box.y + 11;
        for (std::size_t begin = 0; begin < label.size(); y += 15) {
            const std::size_t end = std::min(label.find('\n', begin), label.size());
            out += fmt::format("<text class=\"pathway {}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                               graph.edges[k].excitatory ? "excitatory" : "inhibitory", box.x + 0.5 * box.width, y,
                               escaped_markup(label.substr(begin, end - begin)));
            begin = end + 1;
        }
    }
    return out + "</svg>\n";
}

} // namespace mfm
