// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "output/stage_time.hpp"
#include "pipeline/derived.hpp"

namespace mfm {

/// What of a base's transfer functions serves a variant, one entry a modelled population (Reduction::populations
/// without external ones, in order).
struct ReusedTables {
    struct Entry {
        const TransferTable* base = nullptr; ///< of the same population; NULL: the base has none
        std::vector<double> scale;           ///< [pathways] of the base's presynaptic rates: same conductances
        bool sampled = false;                ///< the base's points serve
        bool operating = false;              ///< the base's measurements at the operating points serve, too
        bool fit = false;                    ///< all that the base's fit depends on is the same
        const TransferFit* base_fit = nullptr;
    };
    std::vector<Entry> entry;
    std::vector<StageReuse> why; ///< of the stages "sample" and "fit", for every population
    /// The base's points in the variant's presynaptic rates.
    [[nodiscard]] TransferTable sampled_table(std::size_t i) const;
};

/// A transfer function of mean cells is a function of summed conductances, so that its samples serve any in-degrees and
/// rates that lie within their working range.  They do not serve where the cells, the settings of the sampling, a
/// pathway's Q, time constant or share of its axis, or the trains of few regular sources differ; real cells
/// (transfer.cells = "sampled") are those of one network.  Without a network (Mode::MeanField) the base's own serve
/// wherever the cells are the same.
[[nodiscard]] ReusedTables reusable_tables(const Derived& base, const Derived& variant);

} // namespace mfm
