// SPDX-License-Identifier: Apache-2.0
#include <mfm/connectivity.hpp>

#include "mfm_page.h"

namespace {

struct OneToOne {
    static constexpr auto id = "one_to_one", version = "1.0.0", summary = "source cell i to target cell i",
                          citation = "Senk et al. 2022, doi:10.1371/journal.pcbi.1010086";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Plan {};
    [[nodiscard]] Plan prepare(const mfm::ProjectionView& view) const {
        if (view.source().size() != view.target().size())
            throw mfm::Infeasible("one_to_one: '" + std::string(view.source().name()) + "' has " +
                                  std::to_string(view.source().size()) + " cells and '" +
                                  std::string(view.target().name()) + "' has " + std::to_string(view.target().size()) +
                                  "; give both the same number");
        return {};
    }
    void row(const mfm::ProjectionView&, const Plan&, std::uint64_t i, mfm::RandomSequence&, mfm::Row& row) const {
        row.add(i);
    }
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        (void)prepare(view);
        return {1.0, 0.0};
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<OneToOne>);
