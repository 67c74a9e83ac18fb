// SPDX-License-Identifier: Apache-2.0
// Cells are connected with a probability that falls with their distance.  Edit it into your rule.
#include <mfm/spatial_grid.hpp>

#include "mfm_page.h" // README.md as the text mfm_page, which `automfm describe my_plugin` prints

namespace {

struct Rule {
    static constexpr auto id = "my_plugin", version = "0.1.0", summary = "probability falls with distance",
                          citation = "Hellwig 2000, doi:10.1007/PL00007964";
    static constexpr auto documentation = mfm_page;
    // A row of the wiring is a target cell and its sources; MFM_BY_SOURCE: a source cell and its targets.
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;

    // A row: member, name in the pipeline file, unit, default, lower and upper bound, meaning.
    struct Settings {
        double probability, length, reach;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::probability, "probability", "1", 0.5, 0., 1.,
                           "chance that touching cells are connected"},
                mfm::Field{&S::length, "length", "um", 50., 0., 1e6, "distance over which the chance falls e times"}
                    .open_lower(),
                mfm::Field{&S::reach, "reach", "um", 250., 0., 1e6, "cells further apart are never connected"},
                mfm::Field{&S::autapses, "autapses", "1", 0, 0, 1, "a cell may be its own target"}};
        }
    };
    explicit Rule(const Settings& s) : settings(s) {}
    Settings settings;

    [[nodiscard]] double chance(double distance) const {
        return settings.probability * std::exp(-distance / settings.length);
    }
    /// f(source, its chance) for every source that target cell i can have.
    template <class F>
    void each_candidate(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i, F f) const {
        const bool skip_self = !settings.autapses && view.same_population();
        sources.within(view.target().position(i), settings.reach, [&](std::uint32_t source, double squared) {
            if (!(skip_self && source == i)) f(source, chance(std::sqrt(squared)));
        });
    }

    // Once a projection; `row` gets what it returns.  A rule without preparation leaves it out, there and here.
    [[nodiscard]] mfm::SpatialGrid prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions(id);
        view.target().require_positions(id);
        return mfm::SpatialGrid(view.source());
    }
    // The sources of target cell i.  It runs twice a cell, to count and to write, on any thread and in any order; the
    // random numbers are this cell's own, so both give the same, and so does any number of threads.
    void row(const mfm::ProjectionView& view, const mfm::SpatialGrid& sources, std::uint64_t i,
             mfm::RandomSequence& random, mfm::Row& row) const {
        each_candidate(view, sources, i, [&](std::uint32_t source, double p) {
            if (random.uniform() < p) row.add(source);
        });
    }
    // What the rule says of its in-degree without drawing it (optional; `automfm check` compares): mean over targets,
    // and the standard deviation over targets and draws.
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        const mfm::SpatialGrid sources = prepare(view);
        const auto n = static_cast<double>(view.target().size());
        double sum = 0, squares = 0, drawn = 0;
        for (std::uint64_t i = 0; i < view.target().size(); ++i) {
            double expected = 0;
            each_candidate(view, sources, i, [&](std::uint32_t, double p) {
                expected += p;
                drawn += p * (1.0 - p);
            });
            sum += expected;
            squares += expected * expected;
        }
        if (!(n > 0.0)) return {};
        const double mean = sum / n;
        return {mean, std::sqrt(std::fmax(0.0, squares / n - mean * mean) + drawn / n)};
    }
};

} // namespace

MFM_PLUGIN("my lab", mfm::Connectivity<Rule>);
