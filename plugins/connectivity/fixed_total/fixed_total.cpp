// SPDX-License-Identifier: Apache-2.0
#include <mfm/connectivity.hpp>
#include <mfm/sampling.hpp>

#include "mfm_page.h"

namespace {

struct FixedTotal {
    static constexpr auto
        id = "fixed_total",
        version = "1.0.0", summary = "a fixed number of synapses, spread over all pairs at random",
        citation = "Erdos & Renyi 1959, On random graphs I; Senk et al. 2022, doi:10.1371/journal.pcbi.1010086";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_SOURCE;
    struct Settings {
        std::int64_t synapses;
        bool autapses, multapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::synapses, "synapses", "1", 0, 0, 4e15, "number of synapses of the whole projection"}
                    .required(),
                mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own target"},
                mfm::Field{&S::multapses, "multapses", "1", 0, 0, 1, "a pair may be drawn more than once"}};
        }
    };
    explicit FixedTotal(const Settings& s) : settings(s) {}
    Settings settings;

    using Plan = std::vector<std::uint64_t>; // synapses of every source cell
    [[nodiscard]] bool excludes_self(const mfm::ProjectionView& view) const {
        return !settings.autapses && view.same_population();
    }
    /// Row sizes of a uniform draw over all pairs: multinomial with multapses, multivariate hypergeometric without
    /// (a pair is drawn, and drawn again when it is taken: that happens with the chance count / targets).
    [[nodiscard]] Plan prepare(const mfm::ProjectionView& view) const {
        const std::uint64_t rows = view.source().size();
        const std::uint64_t per_row = view.target().size() - (excludes_self(view) ? 1 : 0);
        const auto total = static_cast<std::uint64_t>(settings.synapses);
        Plan count(rows, 0);
        if (total == 0) return count;
        const double pairs = static_cast<double>(rows) * static_cast<double>(per_row);
        if (pairs < 1.0 || (!settings.multapses && static_cast<double>(total) > pairs))
            throw mfm::Infeasible("fixed_total: " + std::to_string(total) + " synapses do not fit between '" +
                                  std::string(view.source().name()) + "' and '" + std::string(view.target().name()) +
                                  "'; lower `synapses` or allow multapses");
        mfm::RandomSequence random = view.random(0, 1);
        if (settings.multapses) {
            for (std::uint64_t e = 0; e < total; ++e) ++count[random.below(rows)];
            return count;
        }
        // Beyond half of all pairs it is quicker to draw those that are missing.
        const bool missing = static_cast<double>(total) > 0.5 * pairs;
        const std::uint64_t draws = missing ? rows * per_row - total : total;
        for (std::uint64_t e = 0; e < draws;) {
            const std::uint64_t r = random.below(rows);
            if (random.below(per_row) < count[r]) continue;
            ++count[r];
            ++e;
        }
        if (missing)
            for (std::uint64_t& c : count) c = per_row - c;
        return count;
    }
    std::uint64_t degree(const mfm::ProjectionView&, const Plan& plan, std::uint64_t i, mfm::RandomSequence&) const {
        return plan[i];
    }
    void row(const mfm::ProjectionView& view, const Plan& plan, std::uint64_t i, mfm::RandomSequence& random,
             mfm::Row& row) const {
        const bool skip_self = excludes_self(view);
        const std::uint64_t n = row.partners() - (skip_self ? 1 : 0);
        const auto add = [&](std::uint64_t j) { row.add(skip_self && j >= i ? j + 1 : j); };
        if (settings.multapses)
            for (std::uint64_t e = 0; e < plan[i]; ++e) add(random.below(n));
        else
            mfm::sample_distinct(random, n, plan[i], add);
    }
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        if (settings.multapses)
            throw mfm::Infeasible(
                "fixed_total: with multapses the number of distinct pairs is only known after building");
        const double targets = static_cast<double>(view.target().size()),
                     total = static_cast<double>(settings.synapses);
        const double sources = static_cast<double>(view.source().size()) - (excludes_self(view) ? 1.0 : 0.0);
        const double pairs = targets * sources, mean = total / targets;
        if (pairs <= 1.0) return {mean, 0.0};
        // Hypergeometric: `sources` of all pairs end on one target, and `total` of all are drawn.
        return {mean, std::sqrt(std::max(0.0, mean * (1.0 - 1.0 / targets) * (pairs - total) / (pairs - 1.0)))};
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<FixedTotal>);
