// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "output/text_table.hpp"
#include "report/circuit_graph.hpp"

namespace mfm {
namespace {

constexpr double letter = 7.2, name_letter = 8.2; // widths of characters at the sizes that style.css gives them
constexpr double line_height = 16, padding = 10, column_gap = 190, row_gap = 88, margin = 14, loop_height = 34;
constexpr double label_letter = 6.4, label_height = 15;

/// What stands in a column: a node, or a place that a curve to a farther column passes.
struct Item {
    std::size_t node = 0; ///< of a place: number of nodes + the edge
    std::size_t column = 0;
    double y = 0, height = 0;             ///< y: upper edge
    std::vector<std::size_t> left, right; ///< items of the neighbouring columns that it is joined to
};

double characters(const std::string& text) {
    return static_cast<double>(display_width(text));
}
double width_of(const GraphNode& node) {
    double width = name_letter * characters(node.name);
    for (const auto& line : node.details) width = std::max(width, letter * characters(line));
    return width + 2 * padding;
}
double height_of(const GraphNode& node) {
    return line_height * static_cast<double>(1 + node.details.size()) + 2 * padding;
}

using Reach = std::vector<std::vector<bool>>;

/// Which nodes each node reaches along edges.
Reach reach_of(const CircuitGraph& graph) {
    const std::size_t n = graph.nodes.size();
    Reach reach(n, std::vector<bool>(n, false));
    for (const GraphEdge& e : graph.edges) reach[e.source][e.target] = true;
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; reach[i][k] && j < n; ++j)
                if (reach[k][j]) reach[i][j] = true;
    return reach;
}

/// Columns: what feeds a loop stands before it, what it feeds behind it; within a loop, the number of steps from where
/// the signal comes in.
std::vector<std::size_t> columns_of(const CircuitGraph& graph) {
    const std::size_t n = graph.nodes.size();
    const Reach reach = reach_of(graph);
    const auto together = [&](std::size_t a, std::size_t b) { return a == b || (reach[a][b] && reach[b][a]); };
    std::vector<std::size_t> order(n), before(n, 0), column(n, 0);
    for (std::size_t i = 0; i < n; ++i) {
        order[i] = i;
        for (std::size_t j = 0; j < n; ++j) before[i] += reach[j][i] && !together(i, j) ? 1 : 0;
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return before[a] < before[b]; });
    std::vector<bool> placed(n, false);
    for (const std::size_t first : order) {
        if (placed[first]) continue;
        std::vector<std::size_t> group, queue;
        for (std::size_t i = 0; i < n; ++i)
            if (together(first, i)) group.push_back(i);
        std::size_t start = 0;
        for (const GraphEdge& e : graph.edges)
            if (together(first, e.target) && !together(first, e.source)) {
                start = std::max(start, column[e.source] + 1);
                if (!placed[e.target]) queue.push_back(e.target);
                placed[e.target] = true;
            }
        if (queue.empty()) {
            queue.push_back(group.front());
            placed[group.front()] = true;
        }
        for (const std::size_t entry : queue) column[entry] = start;
        for (std::size_t i = 0; i < queue.size(); ++i)
            for (const GraphEdge& e : graph.edges)
                if (e.source == queue[i] && together(first, e.target) && !placed[e.target]) {
                    placed[e.target] = true;
                    column[e.target] = column[e.source] + 1;
                    queue.push_back(e.target);
                }
    }
    // A source without input stands right before the first population that it reaches.
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t nearest = std::numeric_limits<std::size_t>::max();
        bool is_source = true;
        for (const GraphEdge& e : graph.edges) {
            if (e.target == i) is_source = false;
            if (e.source == i) nearest = std::min(nearest, column[e.target]);
        }
        if (is_source && nearest > 0 && nearest < n) column[i] = nearest - 1;
    }
    return column;
}

/// Items of a graph, and of every edge between columns the items that it passes, from the left to the right.
struct Layers {
    std::vector<Item> items; ///< the nodes first, in their order
    std::vector<std::vector<std::size_t>> columns, passes;
};

Layers layers_of(const CircuitGraph& graph) {
    Layers out;
    const std::vector<std::size_t> column = columns_of(graph);
    for (std::size_t i = 0; i < column.size(); ++i)
        out.items.push_back({i, column[i], 0, height_of(graph.nodes[i]), {}, {}});
    for (const GraphEdge& e : graph.edges)
        if (e.source == e.target) out.items[e.source].height = height_of(graph.nodes[e.source]) + loop_height;
    out.columns.resize(column.empty() ? 0 : 1 + *std::max_element(column.begin(), column.end()));
    for (std::size_t k = 0; k < graph.edges.size(); ++k) {
        const GraphEdge& e = graph.edges[k];
        std::size_t from = e.source, to = e.target;
        out.passes.emplace_back();
        if (column[from] == column[to]) continue;
        if (column[from] > column[to]) std::swap(from, to);
        std::vector<std::size_t>& passes = out.passes.back();
        passes.push_back(from);
        for (std::size_t c = column[from] + 1; c < column[to]; ++c) {
            passes.push_back(out.items.size());
            out.items.push_back({graph.nodes.size() + k, c, 0, label_height, {}, {}});
        }
        passes.push_back(to);
        for (std::size_t i = 1; i < passes.size(); ++i) {
            out.items[passes[i - 1]].right.push_back(passes[i]);
            out.items[passes[i]].left.push_back(passes[i - 1]);
        }
    }
    for (std::size_t i = 0; i < out.items.size(); ++i) out.columns[out.items[i].column].push_back(i);
    return out;
}

std::vector<double> ranks_of(const Layers& layers) {
    std::vector<double> rank(layers.items.size());
    for (const auto& column : layers.columns)
        for (std::size_t i = 0; i < column.size(); ++i)
            rank[column[i]] = static_cast<double>(i) - 0.5 * static_cast<double>(column.size());
    return rank;
}

std::size_t crossings(const Layers& layers) {
    const std::vector<double> rank = ranks_of(layers);
    std::vector<std::pair<std::size_t, std::size_t>> lines;
    for (std::size_t i = 0; i < layers.items.size(); ++i)
        for (const std::size_t j : layers.items[i].right) lines.emplace_back(i, j);
    std::size_t count = 0;
    for (std::size_t a = 0; a < lines.size(); ++a)
        for (std::size_t b = 0; b < a; ++b)
            if (layers.items[lines[a].first].column == layers.items[lines[b].first].column &&
                (rank[lines[a].first] - rank[lines[b].first]) * (rank[lines[a].second] - rank[lines[b].second]) < 0)
                ++count;
    return count;
}

/// Barycentres from the left and from the right by turns, then exchanges of neighbours; the best order stays.
void order_columns(Layers& layers) {
    auto best = layers.columns;
    std::size_t fewest = crossings(layers);
    const auto keep = [&] {
        if (const std::size_t now = crossings(layers); now < fewest) {
            fewest = now;
            best = layers.columns;
        }
    };
    for (int sweep = 0; sweep < 16; ++sweep) {
        const std::vector<double> rank = ranks_of(layers);
        const auto centre = [&](std::size_t i) {
            const auto& joined = sweep % 2 == 0 ? layers.items[i].left : layers.items[i].right;
            double sum = 0;
            for (const std::size_t j : joined) sum += rank[j];
            return joined.empty() ? rank[i] : sum / static_cast<double>(joined.size());
        };
        for (auto& column : layers.columns)
            std::stable_sort(column.begin(), column.end(),
                             [&](std::size_t a, std::size_t b) { return centre(a) < centre(b); });
        keep();
    }
    layers.columns = best;
    for (bool better = true; better;) {
        better = false;
        for (auto& column : layers.columns)
            for (std::size_t i = 1; i < column.size(); ++i) {
                std::swap(column[i - 1], column[i]);
                const std::size_t now = crossings(layers);
                if (now < fewest) {
                    fewest = now;
                    better = true;
                } else {
                    std::swap(column[i - 1], column[i]);
                }
            }
    }
}

/// Loops stand on top of a node, but for the lowest of a column, which has others above it.
bool loops_below(const Layers& layers, std::size_t node) {
    const auto& column = layers.columns[layers.items[node].column];
    return column.size() > 1 && column.back() == node;
}

/// Where a curve leaves or enters a box.
enum class Side { Left, Right, Top, Bottom };
struct Port {
    std::size_t edge = 0;
    bool at_target = false;
    double other = 0; ///< where the curve comes from, along the side
};

/// Every curve's ends, spread evenly along the sides of their nodes in an order that keeps them from crossing.
struct Ports {
    std::vector<std::vector<Port>> sides[4]; ///< [side][node]
    std::vector<GraphPoint> source, target;  ///< [edges]
    std::vector<Side> source_side, target_side;
};

Ports ports_of(const CircuitGraph& graph, const Layers& layers, const std::vector<GraphBox>& boxes) {
    Ports ports;
    const std::size_t E = graph.edges.size();
    for (auto& side : ports.sides) side.resize(graph.nodes.size());
    ports.source.resize(E);
    ports.target.resize(E);
    ports.source_side.resize(E);
    ports.target_side.resize(E);
    const auto middle = [&](std::size_t item) { return layers.items[item].y + 0.5 * layers.items[item].height; };
    const auto put = [&](std::size_t edge, bool at_target, Side side, double other) {
        const std::size_t node = at_target ? graph.edges[edge].target : graph.edges[edge].source;
        (at_target ? ports.target_side : ports.source_side)[edge] = side;
        ports.sides[static_cast<std::size_t>(side)][node].push_back({edge, at_target, other});
    };
    for (std::size_t k = 0; k < E; ++k) {
        const GraphEdge& e = graph.edges[k];
        const auto& passes = layers.passes[k];
        if (e.source == e.target) {
            const Side side = loops_below(layers, e.source) ? Side::Bottom : Side::Top;
            put(k, false, side, 1e6 + static_cast<double>(k));
            put(k, true, side, 1e6 + static_cast<double>(k) + 0.5);
        } else if (!passes.empty()) {
            const bool forward = passes.front() == e.source;
            put(k, !forward, Side::Right, middle(passes[1]));
            put(k, forward, Side::Left, middle(passes[passes.size() - 2]));
        } else {
            const auto& column = layers.columns[layers.items[e.source].column];
            const auto at = [&](std::size_t node) {
                return std::find(column.begin(), column.end(), node) - column.begin();
            };
            const bool down = at(e.source) < at(e.target);
            if (std::abs(at(e.source) - at(e.target)) == 1) {
                // Signals down run on the left of those up.
                put(k, false, down ? Side::Bottom : Side::Top, down ? -1.0 : 1.0);
                put(k, true, down ? Side::Top : Side::Bottom, down ? -1.0 : 1.0);
            } else {
                const double far = down ? 1e6 : -1e6;
                put(k, false, Side::Right, far - static_cast<double>(k));
                put(k, true, Side::Right, -far + static_cast<double>(k));
            }
        }
    }
    for (std::size_t s = 0; s < 4; ++s)
        for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
            auto& side = ports.sides[s][node];
            std::stable_sort(side.begin(), side.end(), [](const Port& a, const Port& b) { return a.other < b.other; });
            const GraphBox& box = boxes[node];
            for (std::size_t i = 0; i < side.size(); ++i) {
                const double along = static_cast<double>(i + 1) / static_cast<double>(side.size() + 1);
                const auto which = static_cast<Side>(s);
                const bool upright = which == Side::Left || which == Side::Right;
                const GraphPoint point{
                    upright ? box.x + (which == Side::Right ? box.width : 0) : box.x + along * box.width,
                    upright ? box.y + along * box.height : box.y + (which == Side::Bottom ? box.height : 0)};
                (side[i].at_target ? ports.target : ports.source)[side[i].edge] = point;
            }
        }
    return ports;
}

void horizontal(std::vector<GraphPoint>& points, GraphPoint to) {
    const GraphPoint from = points.back();
    const double middle = 0.5 * (from.x + to.x);
    points.insert(points.end(), {{middle, from.y}, {middle, to.y}, to});
}

std::vector<GraphPoint> curve_of(std::size_t k, const CircuitGraph& graph, const Layers& layers, const Ports& ports,
                                 const std::vector<GraphBox>& column_boxes) {
    const GraphEdge& e = graph.edges[k];
    const GraphPoint from = ports.source[k], to = ports.target[k];
    std::vector<GraphPoint> points{from};
    if (e.source == e.target) {
        const double out = ports.source_side[k] == Side::Top ? -loop_height : loop_height;
        points.insert(points.end(), {{from.x - 6, from.y + out}, {to.x + 6, to.y + out}, to});
    } else if (!layers.passes[k].empty()) {
        std::vector<std::size_t> passes = layers.passes[k];
        const bool forward = passes.front() == e.source;
        if (!forward) std::reverse(passes.begin(), passes.end());
        for (std::size_t i = 1; i + 1 < passes.size(); ++i) {
            const Item& item = layers.items[passes[i]];
            const GraphBox& column = column_boxes[item.column];
            const double y = item.y + 0.5 * item.height, left = column.x, right = column.x + column.width;
            horizontal(points, {forward ? left : right, y});
            horizontal(points, {forward ? right : left, y});
        }
        horizontal(points, to);
    } else if (ports.source_side[k] == Side::Right) {
        const double bulge = std::min(0.45 * column_gap, 36 + 0.15 * std::abs(from.y - to.y));
        points.insert(points.end(), {{from.x + bulge, from.y}, {to.x + bulge, to.y}, to});
    } else {
        const double middle = 0.5 * (from.y + to.y);
        points.insert(points.end(), {{from.x, middle}, {to.x, middle}, to});
    }
    return points;
}

GraphPoint on_curve(const std::vector<GraphPoint>& p, double along) {
    const auto cubics = static_cast<double>(p.size() / 3);
    const auto i = static_cast<std::size_t>(std::min(along * cubics, cubics - 1));
    const double t = along * cubics - static_cast<double>(i), u = 1 - t;
    const auto mix = [&](double a, double b, double c, double d) {
        return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
    };
    const GraphPoint *a = &p[3 * i], *b = a + 1, *c = a + 2, *d = a + 3;
    return {mix(a->x, b->x, c->x, d->x), mix(a->y, b->y, c->y, d->y)};
}

/// Each label on its curve, where it covers least of nodes, of other labels and of other curves.
void place_labels(const CircuitGraph& graph, GraphLayout& layout) {
    std::vector<GraphBox> taken = layout.nodes;
    for (std::size_t k = 0; k < graph.edges.size(); ++k) {
        GraphCurve& curve = layout.curves[k];
        const std::string& label = graph.edges[k].label;
        double longest = 0, lines = 0;
        for (std::size_t begin = 0; begin <= label.size(); ++lines) {
            const std::size_t end = std::min(label.find('\n', begin), label.size());
            longest = std::max(longest, characters(label.substr(begin, end - begin)));
            begin = end + 1;
        }
        const double width = label_letter * longest + 6, height = label_height * lines;
        double least = std::numeric_limits<double>::infinity();
        for (const double along : {0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86}) {
            const GraphPoint at = on_curve(curve.points, along);
            GraphBox box{at.x - 0.5 * width, at.y - 0.5 * height, width, height};
            double covered = 0;
            for (const GraphBox& other : taken) covered += box.overlap(other);
            for (std::size_t j = 0; j < graph.edges.size(); ++j)
                for (int step = 0; j != k && step <= 40; ++step) {
                    const GraphPoint p = on_curve(layout.curves[j].points, step / 40.0);
                    if (box.overlap({p.x - 1, p.y - 1, 2, 2}) > 0) covered += 8;
                }
            covered += 0.5 * std::abs(along - 0.5); // the middle, where all is equal
            if (covered < least) {
                least = covered;
                curve.label = box;
            }
        }
        taken.push_back(curve.label);
    }
}

} // namespace

double GraphBox::overlap(const GraphBox& b) const {
    const double w = std::min(x + width, b.x + b.width) - std::max(x, b.x),
                 h = std::min(y + height, b.y + b.height) - std::max(y, b.y);
    return w > 0 && h > 0 ? w * h : 0;
}

GraphLayout layout_of(const CircuitGraph& graph) {
    GraphLayout out;
    Layers layers = layers_of(graph);
    order_columns(layers);
    std::vector<GraphBox> columns(layers.columns.size());
    double tallest = 0, x = margin;
    for (std::size_t c = 0; c < columns.size(); ++c) {
        columns[c].x = x;
        for (const std::size_t i : layers.columns[c]) {
            if (i < graph.nodes.size()) columns[c].width = std::max(columns[c].width, width_of(graph.nodes[i]));
            columns[c].height += layers.items[i].height + (columns[c].height > 0 ? row_gap : 0);
        }
        x += columns[c].width + column_gap;
        tallest = std::max(tallest, columns[c].height);
    }
    out.nodes.resize(graph.nodes.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
        double y = margin + 0.5 * (tallest - columns[c].height);
        for (const std::size_t i : layers.columns[c]) {
            Item& item = layers.items[i];
            item.y = y;
            y += item.height + row_gap;
            if (i >= graph.nodes.size()) continue;
            const double height = height_of(graph.nodes[i]);
            const double above = loops_below(layers, i) ? 0 : item.height - height;
            out.nodes[i] = {columns[c].x, item.y + above, columns[c].width, height};
        }
    }
    const Ports ports = ports_of(graph, layers, out.nodes);
    for (std::size_t k = 0; k < graph.edges.size(); ++k)
        out.curves.push_back({curve_of(k, graph, layers, ports, columns), {}});
    place_labels(graph, out);
    const double rightmost = columns.empty() ? 0 : columns.back().x + columns.back().width;
    out.width = rightmost;
    for (const GraphCurve& curve : out.curves) {
        for (const GraphPoint& p : curve.points) out.width = std::max(out.width, p.x);
        out.width = std::max(out.width, curve.label.x + curve.label.width);
    }
    out.width += margin;
    out.height = tallest + 2 * margin;
    return out;
}

} // namespace mfm
