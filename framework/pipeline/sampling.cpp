// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "meanfield/effective_sources.hpp"
#include "meanfield/fixed_points.hpp"
#include "meanfield/noise.hpp"
#include "pipeline/conditions.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/parts.hpp"
#include "simulate/streams.hpp"
#include "transfer/operating_points.hpp"

namespace mfm {
namespace {

/// A circuit whose transfer functions are sampled, with what is known of its cells so far.
struct Sampling {
    const PipelineConfig& config;
    const Network& network;
    const Reduction& r;
    const SpikeRecord& record;
    Progress& progress;
    RatePath path;
    std::vector<PathwayEdges> edges;
    std::vector<std::size_t> populations;
    std::vector<SampledCells> cells;      ///< [populations]; empty: mean cells
    std::vector<std::vector<double>> rho; ///< [meso populations][cells] or empty
    SourceStatistics statistics;
    const ReusedTables* reused = nullptr; ///< of a variant's base

    [[nodiscard]] const SampledCells* cells_of(std::size_t i) const { return cells.empty() ? nullptr : &cells[i]; }
    [[nodiscard]] std::vector<double> rates_into(std::size_t population, std::size_t condition) const {
        std::vector<double> nu;
        for (const std::size_t s : r.pathways_into(population))
            nu.push_back(path.rate_hz[condition][r.pathways[s].source]);
        return nu;
    }
};

void choose_cells(Sampling& s) {
    s.cells.clear();
    for (const std::size_t p : s.populations)
        s.cells.push_back(sample_cells(s.config, s.r, s.edges, s.rho, p, s.config.transfer.sampled_cells));
}

/// Regularity of the populations' cells at the stationary conditions, from the cells themselves under Poisson input:
/// CV of intervals, each cell as often as it spikes.
std::vector<std::vector<double>> own_regularity(const Sampling& s) {
    const std::size_t conditions = s.path.level_hz.size();
    const std::vector<std::vector<double>> poisson(conditions, std::vector<double>(s.r.populations.size(), 1.0));
    const SourceStatistics irregular{poisson, {}, {}};
    std::vector<std::vector<double>> out = poisson;
    s.progress.begin({"measuring how regularly the cells spike", s.populations.size() * conditions, "measurements"});
    tbb::parallel_for(std::size_t{0}, s.populations.size() * conditions, [&](std::size_t k) {
        throw_if_interrupted();
        const std::size_t i = k / conditions, c = k % conditions, p = s.populations[i];
        const PointSampler sampler(s.config, s.r, p, irregular, s.cells_of(i));
        constexpr std::uint64_t first_key = 1u << 17; // beyond any point's
        const double position = conditions > 1 ? static_cast<double>(c) / static_cast<double>(conditions - 1) : 0.0;
        const Measured m = sampler.measured(sampler.point(s.rates_into(p, c), 0.0, TransferPoint::Use::OperatingPoint),
                                            position, first_key + c, s.config.transfer.seconds);
        // Cells that hardly fire have no intervals to speak of.
        out[c][p] = m.spike_weighted_cv > 0 ? m.spike_weighted_cv : 1.0;
        s.progress.advance();
    });
    s.progress.end();
    return out;
}

std::vector<TransferTable> sample_tables(const Sampling& s, const std::string& what) {
    std::vector<TransferTable> tables;
    for (std::size_t i = 0; i < s.populations.size(); ++i) {
        const std::size_t p = s.populations[i];
        if (s.reused != nullptr && s.reused->entry[i].sampled) {
            tables.push_back(s.reused->sampled_table(i));
            continue;
        }
        s.progress.begin({"sampling the transfer function of " + s.r.populations[p].name + what,
                          sample_count(s.config, s.r, p), "points"});
        tables.push_back(sample_transfer(s.config, s.r, s.path, s.statistics, s.cells_of(i), p, s.progress));
        s.progress.end();
    }
    return tables;
}

/// A quick mean field of mean cells: what the rates of single cells are computed with.
MeanFieldModel pilot_model(const Sampling& s) {
    PipelineConfig config = s.config;
    config.transfer.cells = TransferConfig::Cells::Mean;
    config.transfer.points = std::max(24u, config.transfer.points / 2);
    config.transfer.heldout_points = 0;
    config.transfer.seconds /= 2;
    config.mean_field.adaptation = false; // stationary rates need no current axis
    const Sampling pilot{config, s.network,     s.r, s.record, s.progress,   s.path,
                         {},     s.populations, {},  {},       s.statistics, nullptr};
    const std::vector<TransferFit> fits =
        fit_all(config, s.r, sample_tables(pilot, ", first of a mean cell"), s.progress);
    return {s.r, population_models(config, s.r, fits), config.mean_field};
}

/// Common fluctuations of the populations' rates at one stationary condition: those of the mean field of these tables
/// whose noise comes from the cells that a small population really sees, each as regular as it is.
std::vector<std::shared_ptr<const RateClock>> common_fluctuations(const Sampling& s, const MeanFieldModel& model,
                                                                  const std::vector<double>& external, std::size_t c) {
    constexpr double bin = 0.5, transient = 500, length = 10000; // ms
    constexpr double least = 1e-3;                               // relative sd below which a rate counts as steady
    const std::vector<FixedPoint> points = fixed_points(model, external, {});
    const FixedPoint& rest = resting_point(points);
    const std::vector<double> cells = effective_sources(model, s.r, s.edges, rest.rate_hz);
    NoiseOptions options;
    options.step = s.config.mean_field.noise_step;
    options.bin = s.config.simulation.bin;
    options.seed = s.config.seed;
    options.stream = stream_number(StreamPurpose::MeanField, 1u << 20 | c);
    for (std::size_t p = 0; p < cells.size(); ++p) options.sources.push_back({cells[p], s.statistics.cv_isi[c][p]});
    const NoisyTrajectory run =
        integrate_with_noise(model, constant_course(external), transient + length, bin, rest.rate_hz, options);
    std::vector<std::shared_ptr<const RateClock>> out;
    for (const std::vector<double>& rate : run.rate_hz) {
        const std::vector<double> settled(rate.begin() + static_cast<std::ptrdiff_t>(transient / bin), rate.end());
        double sum = 0, square = 0;
        for (const double x : settled) {
            sum += x;
            square += x * x;
        }
        const double n = static_cast<double>(settled.size()), mean = sum / n,
                     sd = std::sqrt(std::max(0.0, square / n - mean * mean));
        out.push_back(sd > least * mean ? std::make_shared<const RateClock>(settled, bin) : nullptr);
    }
    return out;
}

void add_fluctuations(Sampling& s, const std::vector<TransferTable>& tables) {
    const std::vector<TransferFit> fits = fit_all(s.config, s.r, tables, s.progress);
    const MeanFieldModel model = derive_model(s.config, s.network, s.r, fits, s.record, s.progress);
    const std::vector<const ConditionRecord*> conditions = stationary_conditions(s.record);
    const std::vector<ProtocolCondition> protocols = protocol_conditions(s.config);
    s.statistics.fluctuation.resize(conditions.size());
    std::vector<std::string> warnings(conditions.size());
    s.progress.begin({"computing the common fluctuations of the rates", conditions.size(), "conditions"});
    tbb::parallel_for(std::size_t{0}, conditions.size(), [&](std::size_t c) {
        throw_if_interrupted();
        const ProtocolCondition& protocol = protocol_of(protocols, s.config, *conditions[c]);
        try {
            s.statistics.fluctuation[c] = common_fluctuations(
                s, model, external_rates(s.config, model, protocol.target, conditions[c]->level_hz), c);
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            s.statistics.fluctuation[c].assign(s.r.populations.size(), nullptr);
            warnings[c] = fmt::format("common fluctuations at '{}' cannot be computed, points near it are measured "
                                      "without: {}",
                                      conditions[c]->label, error.what());
        }
        s.progress.advance();
    });
    s.progress.end();
    for (const std::string& warning : warnings)
        if (!warning.empty()) s.progress.warn(warning);
}

void add_operating_points(const Sampling& s, std::vector<TransferTable>& tables) {
    const auto is_known = [&](std::size_t i) { return s.reused != nullptr && s.reused->entry[i].operating; };
    std::size_t measurements = 0;
    for (std::size_t i = 0; i < s.populations.size(); ++i)
        if (!is_known(i)) measurements += operating_count(s.config, s.r, s.statistics, s.record, s.populations[i]);
    s.progress.begin({"measuring cells at the network's operating points", measurements, "measurements"});
    for (std::size_t i = 0; i < s.populations.size(); ++i) {
        const std::size_t p = s.populations[i];
        if (is_known(i)) {
            tables[i] = *s.reused->entry[i].base;
            continue;
        }
        s.progress.at(s.r.populations[p].name);
        const PointSampler sampler(s.config, s.r, p, s.statistics, nullptr);
        OperatingPoints operating = operating_points(s.config, s.r, s.statistics, s.edges, s.record, p, s.progress);
        for (std::size_t c = 0; c < operating.point.size(); ++c) {
            TransferPoint point = sampler.point(s.rates_into(p, c), 0.0, TransferPoint::Use::OperatingPoint);
            point.rate_hz = operating.point[c].rate_hz;
            point.se_hz = operating.point[c].se_hz;
            point.cv_isi = operating.point[c].cv_isi;
            tables[i].points.push_back(std::move(point));
        }
        tables[i].cell = std::move(operating.cell);
        tables[i].measured = std::move(operating.measured);
    }
    s.progress.end();
}

} // namespace

std::vector<TransferTable> sample_all(const PipelineConfig& config, const Network& network, const Reduction& r,
                                      const SpikeRecord& record, Progress& progress, const ReusedTables* reused,
                                      bool with_operating_points) {
    Sampling s{config,      network, r,  record, progress, rate_path(r, record), pathway_edges(config, network, r),
               modelled(r), {},      {}, {},     reused};
    s.statistics.cv_isi = s.path.cv_isi;
    const bool recorded = config.transfer.fluctuations == TransferConfig::Fluctuations::Recorded;
    if (config.transfer.cells == TransferConfig::Cells::Sampled) {
        choose_cells(s);
        if (!recorded) s.statistics.cv_isi = own_regularity(s); // recorded trains are as regular as they are
        if (config.mean_field.cell_rates) {
            const MeanFieldModel pilot = pilot_model(s);
            s.rho = relative_rates(r, stationary_cell_rates(config, r, s.edges, pilot.populations(), record, progress));
            choose_cells(s);
        }
        if (recorded)
            for (const ConditionRecord* c : stationary_conditions(record))
                s.statistics.spikes.push_back(std::make_shared<const CircuitSpikes>(circuit_spikes(r, *c)));
    }
    std::vector<TransferTable> tables = sample_tables(s, "");
    if (config.transfer.fluctuations == TransferConfig::Fluctuations::Populations) {
        add_fluctuations(s, tables);
        tables = sample_tables(s, " under common fluctuations");
    }
    if (with_operating_points) add_operating_points(s, tables);
    return tables;
}

} // namespace mfm
