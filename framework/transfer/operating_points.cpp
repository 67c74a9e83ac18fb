// SPDX-License-Identifier: Apache-2.0
#include "transfer/operating_points.hpp"

#include <mfm/random.hpp>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "simulate/neuron_group.hpp"
#include "simulate/streams.hpp"

namespace mfm {
namespace {

constexpr std::uint64_t most_measured = 1024;

/// Up to most_measured cells of a population, at random.
std::vector<std::uint32_t> measured_cells(const PipelineConfig& config, const MesoPopulation& meso) {
    std::vector<std::uint32_t> cell(meso.n);
    std::iota(cell.begin(), cell.end(), 0u);
    const std::uint64_t n = std::min(meso.n, most_measured);
    RandomSequence random(config.seed, stream_number(StreamPurpose::Pairs, meso.network_index), 1);
    for (std::uint64_t i = 0; i < n && meso.n > n; ++i) std::swap(cell[i], cell[i + random.below(meso.n - i)]);
    cell.resize(n);
    return cell;
}

/// What differs in the input of measured cells from that of the measurement before.
struct Swap {
    const char* name;
    enum class Rates { Own, PopulationMean } rates;
    enum class Follow { Nothing, Record, Statistics } follow; ///< what rates follow in time
    bool regular;                                             ///< few regular sources are renewal trains
    double neuron_seconds;
    [[nodiscard]] bool is_operating_point() const { return rates == Rates::Own && follow == Follow::Nothing; }
};

/// Whether the record has the activity of single trials: a mean over trials has lost its fluctuations.
bool has_courses(const std::vector<const ConditionRecord*>& conditions) {
    return std::all_of(conditions.begin(), conditions.end(), [](const ConditionRecord* c) {
        return c->trials == 1 && std::all_of(c->population.begin(), c->population.end(), [&](const auto& p) {
                   return static_cast<double>(p.course_hz.size()) * c->course_bin >= c->transient + c->course_bin;
               });
    });
}

std::vector<Swap> swaps_of(const PipelineConfig& config, const Reduction& r, const SourceStatistics& statistics,
                           const SpikeRecord& record, std::size_t population) {
    using Rates = Swap::Rates;
    using Follow = Swap::Follow;
    // All but the operating-point test itself are differences of the same cells, and need less time.
    constexpr double shorter = 1000.0, longer = 2000.0;
    std::vector<Swap> swaps;
    const bool courses = has_courses(stationary_conditions(record));
    if (courses) swaps.push_back({"correlation", Rates::Own, Follow::Record, false, shorter});
    swaps.push_back({courses ? "common_fluctuations" : "correlation", Rates::Own, Follow::Nothing, false, longer});
    swaps.push_back({"source_rates", Rates::PopulationMean, Follow::Nothing, false, shorter});
    bool regular = false;
    for (const std::size_t s : r.pathways_into(population))
        for (const std::vector<double>& cv : statistics.cv_isi)
            regular = regular || is_regular(r.pathways[s].K, cv[r.pathways[s].source], config.transfer);
    if (regular) swaps.push_back({"regular_trains", Rates::PopulationMean, Follow::Nothing, true, shorter});
    if (!statistics.fluctuation.empty())
        swaps.push_back({"computed_fluctuations", Rates::PopulationMean, Follow::Statistics, true, shorter});
    return swaps;
}

/// The recorded activity of a population after the transient; NULL where it does not vary.
std::shared_ptr<const RateClock> recorded_clock(const ConditionRecord& c, const PopulationActivity& source) {
    const auto first = static_cast<std::ptrdiff_t>(std::ceil(c.transient / c.course_bin));
    const std::vector<double> course(source.course_hz.begin() + first, source.course_hz.end());
    const auto [low, high] = std::minmax_element(course.begin(), course.end());
    return *low < *high ? std::make_shared<const RateClock>(course, c.course_bin) : nullptr;
}

/// Some cells of a population at one stationary condition.
struct Measurement {
    const PipelineConfig& config;
    const Reduction& r;
    const SourceStatistics& statistics;
    std::span<const PathwayEdges> edges;
    const ConditionRecord& condition;
    std::size_t population, number; ///< number of the condition
    const std::vector<std::uint32_t>& cells;

    [[nodiscard]] std::vector<double> events(std::size_t pathway, Swap::Rates rates) const {
        const Pathway& w = r.pathways[pathway];
        const MesoPopulation& meso = r.populations[w.source];
        if (meso.drive) return std::vector<double>(cells.size(), meso.rate_hz);
        const PopulationActivity& source = activity(w);
        std::vector<double> all, out;
        if (rates == Swap::Rates::Own) all = event_rates(edges[pathway], source.cell_rate_hz);
        for (const std::uint32_t i : cells)
            out.push_back(rates == Swap::Rates::Own ? all[i] : w.in_degree[i] * w.source_fraction * source.rate_hz);
        return out;
    }
    [[nodiscard]] const PopulationActivity& activity(const Pathway& w) const {
        return condition.population[r.populations[w.source].network_index];
    }
    [[nodiscard]] std::shared_ptr<const RateClock> clock(const Pathway& w, Swap::Follow follow) const {
        if (r.populations[w.source].drive) return nullptr; // its trains are independent
        if (follow == Swap::Follow::Record) return recorded_clock(condition, activity(w));
        return follow == Swap::Follow::Statistics ? statistics.fluctuation[number][w.source] : nullptr;
    }
    /// As many trains a cell as the mean cell has sources, or one Poisson train.
    [[nodiscard]] TrainDrive trains(const Pathway& w, const std::vector<double>& events, bool regular,
                                    const std::shared_ptr<const RateClock>& clock) const {
        const double cv = std::max(statistics.cv_isi[number][w.source], least_cv);
        const auto sources = regular ? static_cast<std::uint64_t>(std::max(1.0, std::round(w.K))) : 1;
        TrainDrive drive{w.port, regular ? 1.0 / (cv * cv) : 1.0, {0}, {}, {}, {}, w.delay};
        drive.clock = clock;
        for (const double rate : events) {
            drive.row.push_back(drive.row.back() + sources);
            drive.rate_hz.insert(drive.rate_hz.end(), sources, rate / static_cast<double>(sources));
            drive.weight.insert(drive.weight.end(), sources, w.Q);
        }
        return drive;
    }
    [[nodiscard]] Measured measured(const Swap& swap) const {
        const PopulationConfig& cell = config.populations[r.populations[population].network_index];
        const std::uint64_t stream = population << 20 | 1u << 19 | number;
        NeuronGroup group(cell, cells.size(), config.simulation.dt, config.seed,
                          stream_number(StreamPurpose::Sample, stream));
        std::vector<PoissonDrive> poisson;
        std::vector<TrainDrive> drives;
        for (const std::size_t s : r.pathways_into(population)) {
            const Pathway& w = r.pathways[s];
            std::vector<double> rates = events(s, swap.rates);
            const bool regular = swap.regular && is_regular(w.K, statistics.cv_isi[number][w.source], config.transfer);
            const std::shared_ptr<const RateClock> follows = clock(w, swap.follow);
            if (regular || follows) {
                drives.push_back(trains(w, rates, regular, follows));
                continue;
            }
            // Two values at least, so that the array counts as one per cell.
            if (rates.size() == 1) rates.push_back(rates.front());
            poisson.push_back({w.port, {rates.begin(), rates.end()}, {w.Q}});
        }
        group.set_drives(std::move(poisson));
        TrainInput input(std::move(drives), {}, group.cells(), group.padded(), group.ports(), config.simulation.dt,
                         config.seed, stream_number(StreamPurpose::Renewal, stream));
        return measure(group, input, config.simulation.dt, config.transfer.transient,
                       swap.neuron_seconds / static_cast<double>(cells.size()) * 1e3);
    }
};

} // namespace

std::size_t operating_count(const PipelineConfig& config, const Reduction& r, const SourceStatistics& statistics,
                            const SpikeRecord& record, std::size_t population) {
    return stationary_conditions(record).size() * swaps_of(config, r, statistics, record, population).size();
}

OperatingPoints operating_points(const PipelineConfig& config, const Reduction& r, const SourceStatistics& statistics,
                                 std::span<const PathwayEdges> edges, const SpikeRecord& record, std::size_t population,
                                 Progress& progress) {
    const std::vector<Swap> swaps = swaps_of(config, r, statistics, record, population);
    const std::vector<const ConditionRecord*> conditions = stationary_conditions(record);
    OperatingPoints out;
    out.cell = measured_cells(config, r.populations[population]);
    out.point.resize(conditions.size());
    out.measured.resize(conditions.size() * swaps.size());
    tbb::parallel_for(std::size_t{0}, out.measured.size(), [&](std::size_t k) {
        throw_if_interrupted();
        const std::size_t c = k / swaps.size();
        const Swap& swap = swaps[k % swaps.size()];
        Measured m = Measurement{config, r, statistics, edges, *conditions[c], population, c, out.cell}.measured(swap);
        if (swap.is_operating_point()) out.point[c] = {conditions[c]->level_hz, m.rate_hz, m.se_hz, m.cv_isi};
        out.measured[k] = {swap.name, c, std::move(m.cell_rate_hz)};
        progress.advance();
    });
    return out;
}

} // namespace mfm
