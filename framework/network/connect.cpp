// SPDX-License-Identifier: Apache-2.0
#include "network/connect.hpp"

#include <algorithm>
#include <cmath>
#include <new>

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include "network/distribution.hpp"
#include "network/streams.hpp"
#include "support/held.hpp"

namespace mfm {
namespace {

constexpr std::uint64_t rows_per_block = 128;

/// A rule's plan, released with it.
class Plan {
public:
    Plan(const Instance& instance, const mfm_connectivity_v1& table, const mfm_projection& projection,
         const SourcePosition& where)
        : instance_(instance), table_(table) {
        mfm_error error = empty_error();
        const HeldBy call(instance.component().abi->id, "prepare");
        check_status(table_.prepare(instance_.self(), &projection, &plan_, &error), error, instance_.component(),
                     "prepare", where);
    }
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan() { table_.release(instance_.self(), plan_); }
    [[nodiscard]] const void* get() const { return plan_; }

private:
    const Instance& instance_;
    const mfm_connectivity_v1& table_;
    void* plan_ = nullptr;
};

const mfm_connectivity_v1& checked_table(const Instance& instance) {
    const auto& table = instance.table<mfm_connectivity_v1>(MFM_CONNECTIVITY_ID);
    if (!MFM_HAS(&table, fill) || table.prepare == nullptr || table.release == nullptr || table.degree == nullptr ||
        table.fill == nullptr)
        throw PluginError("connectivity plugin '" + instance.component().id() +
                          "' lacks one of prepare, release, degree and fill");
    if (table.orientation != MFM_BY_SOURCE && table.orientation != MFM_BY_TARGET)
        throw PluginError(
            fmt::format("connectivity plugin '{}' has orientation {}, which is neither by source nor by target",
                        instance.component().id(), table.orientation));
    return table;
}

template <class F> void for_blocks(std::uint64_t n, F&& f) {
    const std::uint64_t blocks = (n + rows_per_block - 1) / rows_per_block;
    tbb::parallel_for(std::uint64_t{0}, blocks, [&](std::uint64_t b) {
        throw_if_interrupted();
        const std::uint64_t first = b * rows_per_block;
        f(first, std::min(rows_per_block, n - first));
    });
}

void check_entries(const Rows& rows, std::uint64_t first, std::uint64_t n, std::uint64_t partners,
                   const ProjectionConfig& config) {
    for (std::uint64_t k = rows.row[first]; k < rows.row[first + n]; ++k) {
        const bool good = rows.partner[k] < partners && std::isfinite(rows.contacts[k]) && rows.contacts[k] >= 0.0 &&
                          std::isfinite(rows.delay[k]) && rows.delay[k] > 0.0;
        if (!good)
            throw PluginError(
                fmt::format("{}rule '{}' of projection '{}' gave an entry that cannot be: partner {} of {}, "
                            "{} contacts, delay {} ms",
                            config.where.prefix(), config.rule.component->id(), config.name, rows.partner[k], partners,
                            rows.contacts[k], rows.delay[k]));
    }
}

} // namespace

AbiPopulations::AbiPopulations(const std::vector<Population>& populations) {
    for (const Population& population : populations)
        axes_.push_back({population.position[0].data(), population.position[1].data(), population.position[2].data()});
    for (std::size_t i = 0; i < populations.size(); ++i)
        views_.push_back({sizeof(mfm_population), 0, populations[i].name.c_str(), populations[i].n,
                          populations[i].position[0].empty() ? nullptr : axes_[i].data()});
}

AbiEdges::AbiEdges(const Projection& projection, const AbiPopulations& populations, std::uint64_t n_target)
    : column_(n_target + 1, 0), from_(projection.to.size()) {
    for (const std::uint32_t t : projection.to) ++column_[t + 1];
    for (std::uint64_t t = 0; t < n_target; ++t) column_[t + 1] += column_[t];
    std::vector<std::uint64_t> next(column_.begin(), column_.end() - 1);
    for (std::uint64_t s = 0; s + 1 < projection.row.size(); ++s)
        for (std::uint64_t k = projection.row[s]; k < projection.row[s + 1]; ++k)
            from_[next[projection.to[k]]++] = static_cast<std::uint32_t>(s);
    edges_ = {sizeof(mfm_edges),
              0,
              projection.name.c_str(),
              populations[projection.source],
              populations[projection.target],
              projection.row.data(),
              projection.to.data(),
              column_.data(),
              from_.data()};
}

Rows apply_rule(const PipelineConfig& config, const ProjectionConfig& projection, const Network& network,
                const AbiPopulations& populations, const EarlierEdges& earlier) {
    const std::size_t source = config.population_index(projection.source),
                      target = config.population_index(projection.target);
    const Instance rule(*projection.rule.component, projection.rule.settings, projection.rule.where);
    const mfm_connectivity_v1& table = checked_table(rule);

    std::vector<const mfm_edges*> named(std::max<std::size_t>(1, projection.rule.settings.size()), nullptr);
    for (std::size_t s = 0; s < projection.earlier.size(); ++s) {
        if (projection.earlier[s].empty()) continue;
        const auto found = earlier.find(projection.earlier[s]);
        if (found == earlier.end()) {
            std::vector<std::string> names;
            for (const ProjectionConfig& other : config.projections) names.push_back(other.name);
            throw InputError(
                projection.where,
                fmt::format("projection '{}' needs projection '{}', which must stand above it in the file{}",
                            projection.name, projection.earlier[s],
                            std::find(names.begin(), names.end(), projection.earlier[s]) == names.end()
                                ? did_you_mean(projection.earlier[s], names)
                                : std::string()));
        }
        named[s] = found->second->get();
    }
    const mfm_projection view{
        sizeof(mfm_projection), source == target ? 1u : 0u, config.seed,  stream_of("projection/rule", projection.name),
        populations[source],    populations[target],        named.data(), network.lower.data(),
        network.upper.data()};
    const Plan plan(rule, table, view, projection.rule.where);

    const bool by_source = table.orientation == MFM_BY_SOURCE;
    const std::uint64_t n_source = network.populations[source].n, n_target = network.populations[target].n;
    const std::uint64_t n_rows = by_source ? n_source : n_target, partners = by_source ? n_target : n_source;
    Rows rows;
    try {
        rows.row.assign(n_rows + 1, 0);
        for_blocks(n_rows, [&](std::uint64_t first, std::uint64_t n) {
            mfm_error error = empty_error();
            const HeldBy call(rule.component().abi->id, "degree");
            check_status(table.degree(rule.self(), plan.get(), first, n, rows.row.data() + first + 1, &error), error,
                         rule.component(), "degree", projection.rule.where);
        });
        for (std::uint64_t r = 0; r < n_rows; ++r) rows.row[r + 1] += rows.row[r];
        rows.partner.resize(rows.row[n_rows]);
        rows.contacts.assign(rows.row[n_rows], 1.0);
        rows.delay.assign(rows.row[n_rows], mean_of(projection.delay));
    } catch (const std::bad_alloc&) {
        throw InputError(projection.where,
                         fmt::format("projection '{}' has more synapses than fit into memory", projection.name));
    } catch (const std::length_error&) {
        throw InputError(projection.where,
                         fmt::format("projection '{}' has more synapses than fit into memory", projection.name));
    }
    for_blocks(n_rows, [&](std::uint64_t first, std::uint64_t n) {
        std::array<std::uint64_t, rows_per_block + 1> start{};
        const std::uint64_t base = rows.row[first];
        for (std::uint64_t r = 0; r <= n; ++r) start[r] = rows.row[first + r] - base;
        mfm_error error = empty_error();
        const HeldBy call(rule.component().abi->id, "fill");
        check_status(table.fill(rule.self(), plan.get(), first, n, start.data(), rows.partner.data() + base,
                                rows.contacts.data() + base, rows.delay.data() + base, &error),
                     error, rule.component(), "fill", projection.rule.where);
        check_entries(rows, first, n, partners, projection);
    });
    if (!by_source) rows = transposed(rows, n_source);
    sort_and_fold(rows);
    return rows;
}

Projection finish_projection(const PipelineConfig& config, const ProjectionConfig& settings, const Network& network,
                             Rows rows) {
    Projection out;
    out.name = settings.name;
    out.source = config.population_index(settings.source);
    out.target = config.population_index(settings.target);
    out.port = settings.port;
    const std::uint64_t n_target = network.populations[out.target].n, n_source = network.populations[out.source].n;
    // Everything about a pair is keyed by the pair, so that thinning or another rule leaves the other pairs as they
    // were.
    const std::uint64_t stream = stream_of("projection/pair", settings.name);
    enum Purpose : std::uint32_t { keep_purpose = 1, contacts_purpose, weight_purpose, delay_purpose };
    const auto random_of = [&](std::uint64_t s, std::uint32_t t, Purpose purpose) {
        return RandomSequence(config.seed, stream, s * n_target + t, purpose);
    };
    const auto for_entries = [&](auto&& f) {
        tbb::parallel_for(tbb::blocked_range<std::uint64_t>(0, n_source), [&](const auto& range) {
            for (std::uint64_t s = range.begin(); s < range.end(); ++s)
                for (std::uint64_t k = rows.row[s]; k < rows.row[s + 1]; ++k) f(s, k);
        });
    };

    std::vector<std::uint8_t> keep(rows.partner.size(), 1);
    for_entries([&](std::uint64_t s, std::uint64_t k) {
        if (settings.keep < 1.0)
            keep[k] = random_of(s, rows.partner[k], keep_purpose).uniform() < settings.keep ? 1 : 0;
        RandomSequence random = random_of(s, rows.partner[k], contacts_purpose);
        double contacts = draw(settings.contacts, random);
        if (settings.floor_contacts) contacts = std::floor(contacts);
        rows.contacts[k] *= contacts;
        if (!(rows.contacts[k] > 0.0)) keep[k] = 0; // no contact, no pair
    });
    if (std::find(keep.begin(), keep.end(), 0) != keep.end()) drop_entries(rows, keep);

    const double preset = mean_of(settings.delay);
    out.weight = mean_of(settings.weight);
    out.delay = preset;
    const bool has_contacts =
        std::any_of(rows.contacts.begin(), rows.contacts.end(), [](double c) { return c != 1.0; });
    const bool has_delays = !settings.delay.is_constant() ||
                            std::any_of(rows.delay.begin(), rows.delay.end(), [&](double d) { return d != preset; });
    if (!settings.weight.is_constant()) {
        out.weights.resize(rows.partner.size());
        for_entries([&](std::uint64_t s, std::uint64_t k) {
            RandomSequence random = random_of(s, rows.partner[k], weight_purpose);
            out.weights[k] = draw_same_sign(settings.weight, random, settings.where, "the weight") * rows.contacts[k];
        });
        double weight = 0.0, contacts = 0.0;
        for (std::uint64_t k = 0; k < rows.partner.size(); ++k) {
            weight += out.weights[k];
            contacts += rows.contacts[k];
        }
        if (contacts > 0.0) out.weight = weight / contacts;
    }
    if (has_delays) {
        const double dt = config.simulation.dt;
        for_entries([&](std::uint64_t s, std::uint64_t k) {
            if (settings.delay.is_constant() || rows.delay[k] != preset) return; // the rule's own delay stands
            RandomSequence random = random_of(s, rows.partner[k], delay_purpose);
            rows.delay[k] = draw_at_least(settings.delay, dt, random, settings.where, "the delay");
        });
        double sum = 0.0;
        for (const double d : rows.delay) sum += d;
        if (!rows.delay.empty()) out.delay = sum / static_cast<double>(rows.delay.size());
    }
    if (has_contacts) out.contacts.assign(rows.contacts.begin(), rows.contacts.end());
    out.row = std::move(rows.row);
    out.to = std::move(rows.partner);
    if (has_delays) out.delays = std::move(rows.delay);
    return out;
}

} // namespace mfm
