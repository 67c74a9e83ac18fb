// SPDX-License-Identifier: Apache-2.0
#include "meanfield/in_degree.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace mfm {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// Distinct rows with their weights, before any reduction.
struct Cloud {
    Matrix x; ///< [rows][pathways]
    Vector weight;
};

Cloud merge_equal_rows(const std::vector<std::vector<double>>& columns) {
    const std::size_t S = columns.size();
    const std::size_t cells = columns.front().size();
    std::vector<std::size_t> order(cells);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto compare = [&](std::size_t a, std::size_t b) {
        for (const auto& column : columns)
            if (column[a] != column[b]) return column[a] < column[b];
        return false;
    };
    std::sort(order.begin(), order.end(), compare);
    std::vector<std::size_t> first, count;
    for (std::size_t i = 0; i < cells; ++i) {
        if (i == 0 || compare(order[i - 1], order[i])) {
            first.push_back(order[i]);
            count.push_back(0);
        }
        ++count.back();
    }
    Cloud cloud{Matrix(static_cast<Eigen::Index>(first.size()), static_cast<Eigen::Index>(S)),
                Vector(static_cast<Eigen::Index>(first.size()))};
    for (std::size_t i = 0; i < first.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(i);
        for (std::size_t s = 0; s < S; ++s) cloud.x(row, static_cast<Eigen::Index>(s)) = columns[s][first[i]];
        cloud.weight(row) = static_cast<double>(count[i]) / static_cast<double>(cells);
    }
    return cloud;
}

Matrix covariance_of(const Matrix& x, const Vector& weight, const Vector& mean) {
    const Matrix centred = x.rowwise() - mean.transpose();
    return centred.transpose() * weight.asDiagonal() * centred;
}

struct Part {
    std::vector<Eigen::Index> rows;
    Vector mean;
    double weight = 0, spread = 0; ///< spread: weighted squared distance to the mean
};

Part make_part(const Cloud& cloud, std::vector<Eigen::Index> rows) {
    Part part{std::move(rows), Vector::Zero(cloud.x.cols()), 0, 0};
    for (const Eigen::Index row : part.rows) {
        part.mean += cloud.weight(row) * cloud.x.row(row).transpose();
        part.weight += cloud.weight(row);
    }
    part.mean /= part.weight;
    for (const Eigen::Index row : part.rows)
        part.spread += cloud.weight(row) * (cloud.x.row(row).transpose() - part.mean).squaredNorm();
    return part;
}

/// Cuts a part with a spread in two at the mean of its principal axis; neither is empty.
std::pair<Part, Part> split(const Cloud& cloud, const Part& part) {
    Matrix C = Matrix::Zero(cloud.x.cols(), cloud.x.cols());
    for (const Eigen::Index row : part.rows) {
        const Vector d = cloud.x.row(row).transpose() - part.mean;
        C += cloud.weight(row) * d * d.transpose();
    }
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(C);
    Vector axis = eigen.eigenvectors().col(C.cols() - 1);
    Eigen::Index largest = 0;
    axis.cwiseAbs().maxCoeff(&largest);
    if (axis(largest) < 0) axis = -axis;
    std::vector<Eigen::Index> below, above;
    for (const Eigen::Index row : part.rows)
        (axis.dot(cloud.x.row(row).transpose() - part.mean) <= 0 ? below : above).push_back(row);
    return {make_part(cloud, std::move(below)), make_part(cloud, std::move(above))};
}

Cloud reduce(const Cloud& cloud, std::size_t max_nodes) {
    std::vector<Eigen::Index> all(static_cast<std::size_t>(cloud.x.rows()));
    std::iota(all.begin(), all.end(), Eigen::Index{0});
    std::vector<Part> parts{make_part(cloud, std::move(all))};
    const double total = parts.front().spread;
    while (parts.size() < max_nodes) {
        const auto widest = std::max_element(parts.begin(), parts.end(),
                                             [](const Part& a, const Part& b) { return a.spread < b.spread; });
        if (widest->spread <= 1e-14 * total) break;
        auto [below, above] = split(cloud, *widest);
        if (below.rows.empty() || above.rows.empty()) { // equal rows but for rounding
            widest->spread = 0;
            continue;
        }
        *widest = std::move(below);
        parts.push_back(std::move(above));
    }
    Cloud nodes{Matrix(static_cast<Eigen::Index>(parts.size()), cloud.x.cols()),
                Vector(static_cast<Eigen::Index>(parts.size()))};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        nodes.x.row(static_cast<Eigen::Index>(i)) = parts[i].mean.transpose();
        nodes.weight(static_cast<Eigen::Index>(i)) = parts[i].weight;
    }
    return nodes;
}

/// The symmetric map L with L A L = C, the one that moves points least (the optimal transport between Gaussians of
/// these covariances); on the range of A.
Matrix transport_map(const Matrix& A, const Matrix& C) {
    const Eigen::SelfAdjointEigenSolver<Matrix> a(A);
    const double floor = 1e-12 * a.eigenvalues().maxCoeff();
    const Vector root = a.eigenvalues().unaryExpr([&](double x) { return x > floor ? std::sqrt(x) : 0.0; });
    const Vector inverse = root.unaryExpr([](double x) { return x > 0 ? 1.0 / x : 0.0; });
    const Matrix half = a.eigenvectors() * root.asDiagonal() * a.eigenvectors().transpose();
    const Matrix half_inverse = a.eigenvectors() * inverse.asDiagonal() * a.eigenvectors().transpose();
    const Eigen::SelfAdjointEigenSolver<Matrix> middle(half * C * half);
    const Vector middle_root = middle.eigenvalues().unaryExpr([](double x) { return x > 0 ? std::sqrt(x) : 0.0; });
    return half_inverse * (middle.eigenvectors() * middle_root.asDiagonal() * middle.eigenvectors().transpose()) *
           half_inverse;
}

/// Moves the nodes so that they have this mean and covariance, none negative; returns the largest entry by which the
/// covariance misses, or leaves the nodes alone when moving them does not help.
double restore_covariance(Cloud& nodes, const Vector& mean, const Matrix& C) {
    const double before = (covariance_of(nodes.x, nodes.weight, mean) - C).cwiseAbs().maxCoeff();
    Matrix x = nodes.x;
    // A node held at 0 takes spread away from the others, so the map is applied again until nothing changes.
    constexpr int most_rounds = 200;
    constexpr double exact = 1e-12;
    double mean_error = 0, error = before;
    for (int round = 0; round < most_rounds; ++round) {
        const Vector m = x.transpose() * nodes.weight;
        const Matrix A = covariance_of(x, nodes.weight, m);
        const Matrix centred = x.rowwise() - m.transpose();
        x = ((centred * transport_map(A, C)).rowwise() + mean.transpose()).cwiseMax(0.0);
        const Vector moved = x.transpose() * nodes.weight;
        mean_error = (moved - mean).cwiseAbs().maxCoeff();
        error = (covariance_of(x, nodes.weight, moved) - C).cwiseAbs().maxCoeff();
        if (mean_error < exact * (1.0 + mean.cwiseAbs().maxCoeff()) && error < exact) break;
    }
    if (error >= before || mean_error > 1e-9 * (1.0 + mean.cwiseAbs().maxCoeff())) return before;
    nodes.x = x;
    return error;
}

InDegreeNodes make_nodes(const Cloud& cloud, double covariance_error, std::string rule) {
    InDegreeNodes nodes;
    nodes.pathways = static_cast<std::size_t>(cloud.x.cols());
    nodes.weight.assign(cloud.weight.data(), cloud.weight.data() + cloud.weight.size());
    nodes.k.assign(cloud.x.data(), cloud.x.data() + cloud.x.size()); // column-major, so pathway-major
    nodes.covariance_error = covariance_error;
    nodes.rule = std::move(rule);
    return nodes;
}

} // namespace

double InDegreeNodes::mean(std::size_t pathway) const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += weight[i] * k[pathway * size() + i];
    return sum;
}

double InDegreeNodes::covariance(std::size_t s, std::size_t t) const {
    const double mean_s = mean(s), mean_t = mean(t);
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i)
        sum += weight[i] * (k[s * size() + i] - mean_s) * (k[t * size() + i] - mean_t);
    return sum;
}

InDegreeNodes mean_node(std::span<const double> K) {
    InDegreeNodes nodes;
    nodes.pathways = K.size();
    nodes.weight = {1.0};
    nodes.k.assign(K.begin(), K.end());
    nodes.rule = "mean in-degrees";
    return nodes;
}

InDegreeNodes nodes_of_cells(const std::vector<std::vector<double>>& columns, std::size_t max_nodes) {
    if (columns.empty() || columns.front().empty()) return mean_node({});
    const std::size_t cells = columns.front().size();
    const Cloud cloud = merge_equal_rows(columns);
    const auto distinct = static_cast<std::size_t>(cloud.x.rows());
    if (distinct <= max_nodes)
        return make_nodes(cloud, 0, fmt::format("the list of {} cells ({} distinct)", cells, distinct));

    const Vector mean = cloud.x.transpose() * cloud.weight;
    const Vector sd = covariance_of(cloud.x, cloud.weight, mean).diagonal().cwiseMax(0.0).cwiseSqrt();
    std::vector<Eigen::Index> varying;
    for (Eigen::Index s = 0; s < sd.size(); ++s)
        if (sd(s) > 1e-12 * (1.0 + mean(s))) varying.push_back(s);
    if (varying.empty()) return mean_node({mean.data(), static_cast<std::size_t>(mean.size())});
    Cloud scaled{Matrix(cloud.x.rows(), static_cast<Eigen::Index>(varying.size())), cloud.weight};
    for (std::size_t v = 0; v < varying.size(); ++v)
        scaled.x.col(static_cast<Eigen::Index>(v)) = cloud.x.col(varying[v]) / sd(varying[v]);
    const Vector scaled_mean = scaled.x.transpose() * scaled.weight;
    const Matrix C = covariance_of(scaled.x, scaled.weight, scaled_mean);

    Cloud nodes = reduce(scaled, max_nodes);
    const double error = restore_covariance(nodes, scaled_mean, C);
    Cloud full{Matrix(nodes.x.rows(), cloud.x.cols()), nodes.weight};
    full.x.rowwise() = mean.transpose();
    for (std::size_t v = 0; v < varying.size(); ++v)
        full.x.col(varying[v]) = nodes.x.col(static_cast<Eigen::Index>(v)) * sd(varying[v]);
    return make_nodes(full, error, fmt::format("the list of {} cells reduced to {} nodes", cells, nodes.weight.size()));
}

Quadrature gamma_quadrature(double mean, double sd, std::size_t n) {
    if (!(mean > 0) || sd <= 1e-9 * mean) return {{std::max(mean, 0.0)}, {1.0}};
    const double shape = (mean / sd) * (mean / sd), scale = mean / shape;
    // Jacobi matrix of the generalised Laguerre polynomials with alpha = shape - 1.
    Matrix jacobi = Matrix::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
    for (Eigen::Index i = 0; i < jacobi.rows(); ++i) {
        const auto j = static_cast<double>(i);
        jacobi(i, i) = 2 * j + shape;
        if (i > 0) jacobi(i, i - 1) = jacobi(i - 1, i) = std::sqrt(j * (j + shape - 1));
    }
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(jacobi);
    Quadrature rule;
    for (Eigen::Index i = 0; i < jacobi.rows(); ++i) {
        rule.node.push_back(std::max(scale * eigen.eigenvalues()(i), 0.0));
        rule.weight.push_back(eigen.eigenvectors()(0, i) * eigen.eigenvectors()(0, i));
    }
    return rule;
}

InDegreeNodes nodes_of_gamma(std::span<const GammaMarginal> marginals, std::size_t max_nodes) {
    const std::size_t S = marginals.size();
    // Axes: a rule of its own for each varying pathway, or one common factor for those of a sign.
    std::vector<Quadrature> axes;
    std::vector<std::size_t> axis_of(S, S);
    std::size_t varying = 0, tensor = 1;
    for (const GammaMarginal& m : marginals)
        if (m.K > 0 && m.K_sd > 0) {
            ++varying;
            if (tensor <= 1'000'000) tensor *= 5;
        }
    const bool pooled = tensor > std::max<std::size_t>(25, max_nodes);
    if (!pooled) {
        for (std::size_t s = 0; s < S; ++s)
            if (marginals[s].K > 0 && marginals[s].K_sd > 0) {
                axis_of[s] = axes.size();
                axes.push_back(gamma_quadrature(1.0, marginals[s].K_sd / marginals[s].K));
            }
    } else {
        for (const bool inhibitory : {false, true}) {
            double mean = 0, variance = 0;
            std::vector<std::size_t> members;
            for (std::size_t s = 0; s < S; ++s) {
                const GammaMarginal& m = marginals[s];
                if (m.inhibitory != inhibitory) continue;
                mean += std::abs(m.weight) * m.K;
                variance += m.weight * m.weight * m.K_sd * m.K_sd;
                members.push_back(s);
            }
            if (!(mean > 0)) continue;
            for (const std::size_t s : members) axis_of[s] = axes.size();
            axes.push_back(gamma_quadrature(1.0, std::sqrt(variance) / mean));
        }
    }
    InDegreeNodes nodes;
    nodes.pathways = S;
    std::size_t n = 1;
    for (const Quadrature& axis : axes) n *= axis.node.size();
    nodes.weight.assign(n, 1.0);
    nodes.k.assign(S * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t rest = i;
        std::vector<double> factor;
        for (const Quadrature& axis : axes) {
            nodes.weight[i] *= axis.weight[rest % axis.node.size()];
            factor.push_back(axis.node[rest % axis.node.size()]);
            rest /= axis.node.size();
        }
        for (std::size_t s = 0; s < S; ++s)
            nodes.k[s * n + i] = marginals[s].K * (axis_of[s] < axes.size() ? factor[axis_of[s]] : 1.0);
    }
    for (std::size_t s = 0; s < S; ++s)
        for (std::size_t t = 0; t < S; ++t) {
            const double wanted = s == t ? marginals[s].K_sd * marginals[s].K_sd : 0.0;
            const double unit = marginals[s].K_sd * marginals[t].K_sd;
            if (unit > 0)
                nodes.covariance_error =
                    std::max(nodes.covariance_error, std::abs(nodes.covariance(s, t) - wanted) / unit);
        }
    nodes.rule = pooled ? fmt::format("Gamma distributions pooled into {} axes, {} nodes", axes.size(), n)
                        : fmt::format("independent Gamma distributions of {} pathways, {} nodes", varying, n);
    return nodes;
}

} // namespace mfm
