// SPDX-License-Identifier: Apache-2.0
#include "pipeline/reuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipeline/parts.hpp"
#include "support/hash.hpp"
#include "transfer/measure.hpp"
#include "transfer/sample.hpp"

namespace mfm {
namespace {

// What tells two circuits apart, and what is the noise of drawing one: a Q differs a little when other pairs are drawn,
// a share and a regularity when other spikes are.
constexpr double same_Q = 0.005; // relative; at equal conductance F changes by a fraction of it
constexpr double same_share = 0.05;
constexpr double same_cv = 0.1;
constexpr double same_trains = 1.5; // factor
constexpr double margin = 1.1;      // operating points are to lie so far inside of the working range

/// One population in one circuit.
struct Side {
    const Derived& of;
    std::size_t population; ///< of the reduction
    std::vector<std::size_t> pathway;
    RatePath path;

    [[nodiscard]] const Pathway& at(std::size_t s) const { return of.reduction->pathways[pathway[s]]; }
    [[nodiscard]] const PopulationConfig& cells() const {
        return of.config.populations[of.reduction->populations[population].network_index];
    }
    [[nodiscard]] const std::string& source(std::size_t s) const {
        return of.reduction->populations[at(s).source].name;
    }
    [[nodiscard]] bool excitatory(std::size_t s) const { return is_excitatory(at(s).receptor, at(s).Q, cells()); }
    /// nS (or pA) of mean conductance per Hz of its sources.
    [[nodiscard]] double unit(std::size_t s) const {
        return std::abs(kernel_area(at(s).receptor) * at(s).Q) * at(s).K * 1e-3;
    }
    [[nodiscard]] double conductance(std::size_t s, const std::vector<double>& rates) const {
        return unit(s) * rates[at(s).source];
    }
    [[nodiscard]] double axis(bool excitation, const std::vector<double>& rates) const {
        double sum = 0;
        for (std::size_t s = 0; s < pathway.size(); ++s)
            if (excitatory(s) == excitation) sum += conductance(s, rates);
        return sum;
    }
    [[nodiscard]] double share(std::size_t s, const std::vector<double>& rates) const {
        const double sum = axis(excitatory(s), rates);
        return sum > 0 ? conductance(s, rates) / sum : 0.0;
    }
};

/// Place of a level on a path, 0..1.
double place_of(const RatePath& path, double level) {
    const std::vector<double>& levels = path.level_hz;
    if (levels.size() < 2 || level <= levels.front()) return 0.0;
    if (level >= levels.back()) return 1.0;
    const auto above = std::upper_bound(levels.begin(), levels.end(), level);
    const auto i = static_cast<std::size_t>(above - levels.begin()) - 1;
    const double f = (level - levels[i]) / (levels[i + 1] - levels[i]);
    return (static_cast<double>(i) + f) / static_cast<double>(levels.size() - 1);
}

/// Whether conductances lie within the working range that the base's points fill.
bool within_range(const Side& base, double G_e, double G_i) {
    constexpr int steps = 256;
    const TransferConfig& t = base.of.config.transfer;
    const auto near = [&](double G, double on_base) {
        if (!(on_base > 0)) return !(G > 0);
        return G >= t.working_low * margin * on_base && G <= t.working_high / margin * on_base;
    };
    for (int k = 0; k <= steps; ++k) {
        const std::vector<double> rates = on_path(base.path.rate_hz, static_cast<double>(k) / steps);
        if (near(G_e, base.axis(true, rates)) && near(G_i, base.axis(false, rates))) return true;
    }
    return false;
}

/// Why the pathways are not the same but for their in-degrees, or "".
std::string other_pathways(const Side& base, const Side& mine) {
    if (base.pathway.size() != mine.pathway.size())
        return fmt::format("it has {} pathways, not {}", mine.pathway.size(), base.pathway.size());
    for (std::size_t s = 0; s < mine.pathway.size(); ++s) {
        const Pathway &a = base.at(s), &b = mine.at(s);
        if (a.name != b.name || base.source(s) != mine.source(s) || a.port != b.port)
            return fmt::format("it has the pathway '{}' in the place of '{}'", b.name, a.name);
        if (a.receptor.tau != b.receptor.tau || a.receptor.tau_rise != b.receptor.tau_rise ||
            a.receptor.E_rev != b.receptor.E_rev || a.receptor.shape != b.receptor.shape ||
            a.receptor.flags != b.receptor.flags)
            return fmt::format("the receptor of '{}' differs", b.name);
    }
    return "";
}

std::string other_inputs(const Side& base, const Side& mine) {
    for (std::size_t s = 0; s < mine.pathway.size(); ++s) {
        const Pathway &a = base.at(s), &b = mine.at(s);
        if (std::abs(a.Q - b.Q) > same_Q * std::abs(a.Q))
            return fmt::format("Q of '{}' is {:.4g}, not {:.4g}", b.name, b.Q, a.Q);
        if (!(a.K > 0) || !(b.K > 0)) return fmt::format("'{}' has no synapses", b.name);
    }
    for (std::size_t c = 0; c < mine.path.level_hz.size(); ++c) {
        const std::vector<double>& rates = mine.path.rate_hz[c];
        const double place = place_of(base.path, mine.path.level_hz[c]);
        const std::vector<double> there = on_path(base.path.rate_hz, place), cv = on_path(base.path.cv_isi, place);
        const std::string where = fmt::format("at {:g} Hz", mine.path.level_hz[c]);
        for (std::size_t s = 0; s < mine.pathway.size(); ++s) {
            const Pathway &a = base.at(s), &b = mine.at(s);
            const double change = mine.share(s, rates) - base.share(s, there);
            if (std::abs(change) > same_share)
                return fmt::format("'{}' has a share of {:.2f} {}, not {:.2f}", b.name, mine.share(s, rates), where,
                                   base.share(s, there));
            const double cv_a = cv[a.source], cv_b = mine.path.cv_isi[c][b.source];
            // Trains superposed are as irregular as Poisson's at times shorter than the intervals of one of them, which
            // their number scales.
            const bool regular =
                is_regular(a.K, cv_a, base.of.config.transfer) || is_regular(b.K, cv_b, mine.of.config.transfer);
            const double ratio = b.K / a.K;
            if (regular && (ratio > same_trains || ratio < 1 / same_trains))
                return fmt::format("'{}' has {:.1f} regular sources a cell, not {:.1f}", b.name, b.K, a.K);
            if (regular && std::abs(std::min(cv_a, 1.0) - std::min(cv_b, 1.0)) > same_cv)
                return fmt::format("the sources of '{}' have intervals of CV {:.2f} {}, not {:.2f}", b.name, cv_b,
                                   where, cv_a);
        }
        if (!within_range(base, mine.axis(true, rates), mine.axis(false, rates)))
            return fmt::format("its conductances {} ({:.4g} and {:.4g} nS) are outside of the sampled range", where,
                               mine.axis(true, rates), mine.axis(false, rates));
    }
    return "";
}

/// Of all that real cells' measurements at the operating points depend on.
std::string operating_key(const Side& side, const std::vector<PathwayEdges>& edges) {
    ContentHash h;
    for (std::size_t s = 0; s < side.pathway.size(); ++s) {
        const PathwayEdges& e = edges[side.pathway[s]];
        for (const std::uint64_t row : e.row) h.add(row);
        h.add(std::span<const std::uint32_t>(e.source));
        for (const float w : e.weight) h.add(static_cast<double>(w));
        h.add(side.at(s).K);
        h.add(side.at(s).Q);
        h.add(side.at(s).delay);
        const MesoPopulation& source = side.of.reduction->populations[side.at(s).source];
        h.add(source.rate_hz);
        if (source.drive) continue;
        for (const ConditionRecord* c : stationary_conditions(*side.of.record)) {
            const PopulationActivity& a = c->population[source.network_index];
            h.add(c->level_hz);
            h.add(c->course_bin);
            h.add(c->transient);
            h.add(c->duration);
            h.add(std::uint64_t{c->trials});
            h.add(a.rate_hz);
            h.add(a.cv_isi);
            h.add(std::span<const double>(a.cell_rate_hz));
            h.add(std::span<const double>(a.course_hz));
        }
    }
    return h.hex();
}

/// Position of a population among those that are modelled, by name.
std::optional<std::size_t> position_of(const Reduction& r, const std::string& name) {
    const std::vector<std::size_t> all = modelled(r);
    for (std::size_t i = 0; i < all.size(); ++i)
        if (r.populations[all[i]].name == name) return i;
    return std::nullopt;
}

} // namespace

TransferTable ReusedTables::sampled_table(std::size_t i) const {
    TransferTable table;
    table.population = entry[i].base->population;
    table.sampling = entry[i].base->sampling;
    for (const TransferPoint& point : entry[i].base->points) {
        if (point.use == TransferPoint::Use::OperatingPoint) continue;
        table.points.push_back(point);
        for (std::size_t s = 0; s < point.nu.size(); ++s) table.points.back().nu[s] *= entry[i].scale[s];
    }
    return table;
}

ReusedTables reusable_tables(const Derived& base, const Derived& variant) {
    const Reduction &rb = *base.reduction, &rv = *variant.reduction;
    const std::vector<std::size_t> theirs = modelled(rb), mine = modelled(rv);
    const bool mean_cells = variant.config.transfer.cells == TransferConfig::Cells::Mean &&
                            variant.config.transfer.fluctuations == TransferConfig::Fluctuations::None;
    const bool same_sampling = sampling_hash(base.config) == sampling_hash(variant.config);
    const bool same_fitting = fitting_hash(base.config) == fitting_hash(variant.config);
    const RatePath base_path = rate_path(rb, *base.record), path = rate_path(rv, *variant.record);
    const std::vector<PathwayEdges> base_edges = pathway_edges(base.config, *base.network, rb),
                                    edges = pathway_edges(variant.config, *variant.network, rv);
    ReusedTables out;
    for (std::size_t i = 0; i < mine.size(); ++i) {
        const std::string& name = rv.populations[mine[i]].name;
        ReusedTables::Entry entry;
        std::string why;
        const auto there = position_of(rb, name);
        if (!there) {
            why = "the base has no such population";
        } else {
            entry.base = &(*base.tables)[*there];
            if (base.fits != nullptr) entry.base_fit = &(*base.fits)[*there];
            const Side a{base, theirs[*there], rb.pathways_into(theirs[*there]), base_path};
            const Side b{variant, mine[i], rv.pathways_into(mine[i]), path};
            if (cell_hash(a.cells()) != cell_hash(b.cells()))
                why = "its cells differ";
            else if (!same_sampling)
                why = "the settings of the sampling differ";
            else
                why = other_pathways(a, b);
            if (why.empty() && variant.mode == Mode::Network)
                why = mean_cells ? other_inputs(a, b) : "it is sampled on real cells, which are those of one network";
            entry.sampled = why.empty();
            bool same = entry.sampled && *there == i && a.population == b.population;
            for (std::size_t s = 0; entry.sampled && s < b.pathway.size(); ++s) {
                const bool has_units = variant.mode == Mode::Network && b.unit(s) > 0;
                entry.scale.push_back(has_units ? a.unit(s) / b.unit(s) : 1.0);
                same = same && a.at(s).K == b.at(s).K && a.at(s).Q == b.at(s).Q;
            }
            entry.operating =
                same && variant.mode == Mode::Network && operating_key(a, base_edges) == operating_key(b, edges);
            entry.fit = entry.base_fit != nullptr && same_fitting &&
                        (variant.mode == Mode::MeanField ? entry.sampled : entry.operating);
        }
        out.why.push_back({"sample", name, entry.sampled,
                           !entry.sampled                    ? why
                           : variant.mode == Mode::MeanField ? "the base's, as it is"
                           : entry.operating                 ? "its inputs are the same"
                                                             : "its conductances lie in the base's range; real cells "
                                                               "were measured anew at the operating points"});
        out.entry.push_back(std::move(entry));
    }
    for (std::size_t i = 0; i < mine.size(); ++i)
        out.why.push_back({"fit", rv.populations[mine[i]].name, out.entry[i].fit,
                           out.entry[i].fit ? "its samples are the same" : "its samples are not all the same"});
    return out;
}

} // namespace mfm
