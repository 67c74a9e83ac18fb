// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>

#include "network/network.hpp"
#include "network/rows.hpp"

namespace mfm {

/// Populations as the ABI shows them to rules; pointers stay valid as long as the Network's populations do.
class AbiPopulations {
public:
    explicit AbiPopulations(const std::vector<Population>&);
    [[nodiscard]] const mfm_population* operator[](std::size_t i) const { return &views_[i]; }

private:
    std::vector<std::array<const double*, 3>> axes_;
    std::vector<mfm_population> views_;
};

/// A finished projection both ways round, for later rules.
class AbiEdges {
public:
    AbiEdges(const Projection&, const AbiPopulations&, std::uint64_t n_target);
    AbiEdges(const AbiEdges&) = delete;
    AbiEdges& operator=(const AbiEdges&) = delete;
    [[nodiscard]] const mfm_edges* get() const { return &edges_; }

private:
    std::vector<std::uint64_t> column_;
    std::vector<std::uint32_t> from_;
    mfm_edges edges_;
};
using EarlierEdges = std::map<std::string, std::unique_ptr<AbiEdges>>;

/// Calls a projection's rule over all rows in parallel and gives its entries by source, sorted, repeated pairs folded.
[[nodiscard]] Rows apply_rule(const PipelineConfig&, const ProjectionConfig&, const Network&, const AbiPopulations&,
                              const EarlierEdges&);

/// Thins, draws contacts, weights and delays, and makes the projection of these rows.
[[nodiscard]] Projection finish_projection(const PipelineConfig&, const ProjectionConfig&, const Network&, Rows);

} // namespace mfm
