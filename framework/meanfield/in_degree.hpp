// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mfm {

/// Weighted nodes of the joint distribution of in-degrees over the cells of one population: what E_k[F(k nu)] sums
/// over.
struct InDegreeNodes {
    std::size_t pathways = 0;
    std::vector<double> weight; ///< [n], > 0, sums to 1
    std::vector<double> k;      ///< [pathways * n], pathway-major, >= 0
    double covariance_error =
        0;            ///< largest |C_nodes - C| over sd_s sd_t: 0 when mean and covariance are the cells' own
    std::string rule; ///< how the nodes were made, in words
    [[nodiscard]] std::size_t size() const { return weight.size(); }
    [[nodiscard]] double mean(std::size_t pathway) const;
    [[nodiscard]] double covariance(std::size_t s, std::size_t t) const;
};

/// The cells' own in-degrees: columns[s][cell].  Equal rows are merged, which is exact.  When more than `max_nodes`
/// distinct rows remain, the cloud is split again and again at the mean of its principal axis (coordinates in units of
/// each pathway's sd; always the part with the largest spread) into max_nodes parts; a node is the mean of a part. That
/// keeps the mean and loses the spread within the parts, so the nodes are then moved by the symmetric linear map that
/// gives them the cells' covariance back.  No node becomes negative; where that leaves the covariance short,
/// covariance_error says so.
[[nodiscard]] InDegreeNodes nodes_of_cells(const std::vector<std::vector<double>>& columns, std::size_t max_nodes);

/// One node: the mean in-degrees.
[[nodiscard]] InDegreeNodes mean_node(std::span<const double> K);

/// The marginal distribution of one pathway's in-degree, and the axis that it shares when axes are pooled.
struct GammaMarginal {
    double K = 0, K_sd = 0;
    double weight = 0; ///< mean conductance (or current) per presynaptic Hz and unit in-degree: Q times kernel area
    bool inhibitory = false;
};
/// Independent Gamma distributions with the given means and sds, five nodes each: the tensor product while it has at
/// most max(25, max_nodes) nodes.  Beyond, the pathways of an axis (excitatory, inhibitory) share one factor of mean 1
/// whose variance is that of the axis' summed conductance at equal presynaptic rates: at most 25 nodes.
[[nodiscard]] InDegreeNodes nodes_of_gamma(std::span<const GammaMarginal> marginals, std::size_t max_nodes);

/// Gauss quadrature of the Gamma distribution with this mean and sd (generalised Gauss-Laguerre; Golub & Welsch 1969):
/// exact for polynomials of degree 2 n - 1, all nodes positive.
struct Quadrature {
    std::vector<double> node, weight;
};
[[nodiscard]] Quadrature gamma_quadrature(double mean, double sd, std::size_t n = 5);

} // namespace mfm
