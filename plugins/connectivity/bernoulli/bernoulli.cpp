// SPDX-License-Identifier: Apache-2.0
#include <mfm/connectivity.hpp>

#include "mfm_page.h"

namespace {

struct Bernoulli {
    static constexpr auto id = "bernoulli", version = "1.0.0", summary = "every pair is connected with one probability",
                          citation = "Gilbert 1959, Random graphs, doi:10.1214/aoms/1177706098";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Settings {
        double probability;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::probability, "probability", "1", 0.1, 0.0, 1.0, "chance that a pair is connected"}
                    .required(),
                mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own target"}};
        }
    };
    explicit Bernoulli(const Settings& s) : settings(s) {}
    Settings settings;

    /// Jumps from one connected target to the next: gaps are geometric, so the cost follows the synapses made.
    void row(const mfm::ProjectionView& view, std::uint64_t i, mfm::RandomSequence& random, mfm::Row& row) const {
        if (settings.probability <= 0.0) return;
        const bool skip_self = !settings.autapses && view.same_population();
        const double n = static_cast<double>(row.partners()), log_miss = std::log1p(-settings.probability);
        for (double j = 0.0;; j += 1.0) {
            if (settings.probability < 1.0) j += std::floor(std::log(random.uniform()) / log_miss);
            if (!(j < n)) return;
            const auto target = static_cast<std::uint64_t>(j);
            if (!(skip_self && target == i)) row.add(target);
        }
    }
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        const double n =
            static_cast<double>(view.source().size()) - (!settings.autapses && view.same_population() ? 1.0 : 0.0);
        const double p = settings.probability;
        return {n * p, std::sqrt(n * p * (1.0 - p))};
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<Bernoulli>);
