// SPDX-License-Identifier: Apache-2.0
#include <mfm/connectivity.hpp>

#include "mfm_page.h"

namespace {

struct AllToAll {
    static constexpr auto id = "all_to_all", version = "1.0.0", summary = "every source cell to every target cell",
                          citation = "Senk et al. 2022, doi:10.1371/journal.pcbi.1010086";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Settings {
        bool autapses;
        static constexpr auto fields() {
            return std::tuple{
                mfm::Field{&Settings::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own target"}};
        }
    };
    explicit AllToAll(const Settings& s) : settings(s) {}
    Settings settings;

    [[nodiscard]] bool excludes_self(const mfm::ProjectionView& view) const {
        return !settings.autapses && view.same_population();
    }
    std::uint64_t degree(const mfm::ProjectionView& view, std::uint64_t, mfm::RandomSequence&) const {
        return view.target().size() - (excludes_self(view) ? 1 : 0);
    }
    void row(const mfm::ProjectionView& view, std::uint64_t i, mfm::RandomSequence&, mfm::Row& row) const {
        const bool skip_self = excludes_self(view);
        for (std::uint64_t j = 0; j < row.partners(); ++j)
            if (!(skip_self && j == i)) row.add(j);
    }
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        return {static_cast<double>(view.source().size()) - (excludes_self(view) ? 1.0 : 0.0), 0.0};
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<AllToAll>);
