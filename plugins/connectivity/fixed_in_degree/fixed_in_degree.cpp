// SPDX-License-Identifier: Apache-2.0
#include <mfm/connectivity.hpp>
#include <mfm/sampling.hpp>

#include <boost/math/special_functions/gamma.hpp>

#include "mfm_page.h"

namespace {

constexpr const char* distributions[] = {"constant", "normal", "gamma", nullptr};

struct FixedInDegree {
    static constexpr auto id = "fixed_in_degree", version = "1.0.0",
                          summary = "every target cell draws its number of sources, then the sources at random",
                          citation = "Senk et al. 2022, Connectivity concepts in neuronal network modeling, "
                                     "doi:10.1371/journal.pcbi.1010086";
    static constexpr auto documentation = mfm_page;
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;
    struct Settings {
        double in_degree, sd;
        std::string distribution;
        bool autapses, multapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::in_degree, "in_degree", "1", 1.0, 0.0, 4e9, "mean number of sources of a target cell"}
                    .required(),
                mfm::Field{&S::sd, "sd", "1", 0.0, 0.0, 4e9, "standard deviation of that number over target cells"},
                mfm::Field{&S::distribution, "distribution", distributions,
                           "how the number is spread over target cells"},
                mfm::Field{&S::autapses, "autapses", "1", 1, 0, 1, "a cell may be its own source"},
                mfm::Field{&S::multapses, "multapses", "1", 0, 0, 1, "a source may be drawn more than once"}};
        }
    };
    explicit FixedInDegree(const Settings& s) : settings(s) {
        if (settings.distribution == "constant" && settings.sd > 0.0)
            throw mfm::Infeasible(
                "fixed_in_degree: sd needs distribution = \"normal\" or \"gamma\"; a constant has none");
        if (settings.distribution == "gamma" && settings.sd > 0.0 && settings.in_degree <= 0.0)
            throw mfm::Infeasible("fixed_in_degree: a gamma distribution with an sd needs in_degree > 0");
    }
    Settings settings;

    [[nodiscard]] bool spread() const { return settings.distribution != "constant" && settings.sd > 0.0; }
    [[nodiscard]] bool excludes_self(const mfm::ProjectionView& view) const {
        return !settings.autapses && view.same_population();
    }
    /// Distinct sources that a target may have; without limit when a source may be drawn again.
    [[nodiscard]] double limit(const mfm::ProjectionView& view) const {
        const double n = static_cast<double>(view.source().size()) - (excludes_self(view) ? 1.0 : 0.0);
        return settings.multapses && n > 0.0 ? 4294967295.0 : n;
    }
    struct Plan {};
    [[nodiscard]] Plan prepare(const mfm::ProjectionView& view) const {
        if (std::round(settings.in_degree) > limit(view))
            throw mfm::Infeasible("fixed_in_degree: in_degree is larger than the number of sources in '" +
                                  std::string(view.source().name()) + "'; lower it or allow multapses");
        return {};
    }
    [[nodiscard]] std::uint64_t draw(const mfm::ProjectionView& view, mfm::RandomSequence& random) const {
        double k = settings.in_degree;
        if (spread() && settings.distribution == "normal")
            k += settings.sd * random.normal();
        else if (spread()) {
            const double scale = settings.sd * settings.sd / settings.in_degree;
            k = scale * random.gamma(settings.in_degree / scale);
        }
        return static_cast<std::uint64_t>(std::min(std::round(std::max(0.0, k)), limit(view)));
    }
    std::uint64_t degree(const mfm::ProjectionView& view, const Plan&, std::uint64_t,
                         mfm::RandomSequence& random) const {
        return draw(view, random);
    }
    void row(const mfm::ProjectionView& view, const Plan&, std::uint64_t i, mfm::RandomSequence& random,
             mfm::Row& row) const {
        const std::uint64_t k = draw(view, random);
        const bool skip_self = excludes_self(view);
        const std::uint64_t n = row.partners() - (skip_self ? 1 : 0);
        const auto add = [&](std::uint64_t j) { row.add(skip_self && j >= i ? j + 1 : j); };
        if (settings.multapses)
            for (std::uint64_t e = 0; e < k; ++e) add(random.below(n));
        else
            mfm::sample_distinct(random, n, k, add);
    }

    /// P(draw <= x) of the number before it is rounded.
    [[nodiscard]] double cumulative(double x) const {
        if (settings.distribution == "normal")
            return 0.5 * std::erfc((settings.in_degree - x) / (settings.sd * std::sqrt(2.0)));
        const double scale = settings.sd * settings.sd / settings.in_degree;
        return x <= 0.0 ? 0.0 : boost::math::gamma_p(settings.in_degree / scale, x / scale);
    }
    /// Exact for the rounded, cut draw; sources drawn twice count as one pair.
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        if (settings.multapses)
            throw mfm::Infeasible(
                "fixed_in_degree: with multapses the number of distinct pairs is only known after building");
        const double most = limit(view);
        if (!spread()) return {std::min(std::round(settings.in_degree), most), 0.0};
        const double end = std::min(most, std::ceil(settings.in_degree + 40.0 * settings.sd));
        double mean = 0.0, square = 0.0, below = cumulative(0.5);
        for (double k = 1.0; k <= end; k += 1.0) {
            const double upto = k == end ? 1.0 : cumulative(k + 0.5);
            mean += k * (upto - below);
            square += k * k * (upto - below);
            below = upto;
        }
        return {mean, std::sqrt(std::max(0.0, square - mean * mean))};
    }
};

} // namespace
MFM_PLUGIN("automfm", mfm::Connectivity<FixedInDegree>);
