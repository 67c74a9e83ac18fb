// SPDX-License-Identifier: Apache-2.0
#include "pipeline/derivation.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "meanfield/cell_rates.hpp"
#include "pipeline/conditions.hpp"
#include "pipeline/parts.hpp"
#include "transfer/basis.hpp"
#include "transfer/given.hpp"
#include "validate/metrics.hpp"

namespace mfm {

std::vector<std::size_t> modelled(const Reduction& r) {
    std::vector<std::size_t> out;
    for (std::size_t p = 0; p < r.populations.size(); ++p)
        if (!r.populations[p].external) out.push_back(p);
    return out;
}

TransferInputs inputs_of(const PipelineConfig& config, const Reduction& r, std::size_t p, const Instance& basis) {
    const PopulationConfig& population = config.populations[r.populations[p].network_index];
    return {make_cell(population), input_pathways(r, p, population), basis};
}

namespace {

void require_transfer(const PipelineConfig& config) {
    if (config.transfer.bases.empty())
        throw InputError(
            "the pipeline has no [transfer]; add one with a basis and an optimizer, or run the stages before it "
            "with --only");
}
/// The coefficients that the pipeline gives for a population, or NULL.
const GivenCoefficients* given_for(const PipelineConfig& config, const std::string& population) {
    for (const GivenCoefficients& g : config.transfer.given)
        if (g.population == population) return &g;
    return nullptr;
}
/// What a population's basis leaves out of the rate, where it does.
std::optional<SettledAdaptation> left_out(const PipelineConfig& config, const PopulationConfig& population) {
    if (!config.transfer.explicit_adaptation || given_for(config, population.name) == nullptr) return std::nullopt;
    return settled_adaptation(population);
}

/// The pipeline's bases as they are for population p; some may be none for it.
std::vector<BasisCandidate> candidates_of(const PipelineConfig& config, const Reduction& r, std::size_t p) {
    std::vector<BasisCandidate> out;
    for (const PluginChoice& choice : config.transfer.bases) {
        BasisCandidate candidate{basis_label(choice), nullptr, {}, ""};
        try {
            candidate.basis = make_basis(choice, config.populations[r.populations[p].network_index]);
            candidate.inputs = inputs_of(config, r, p, *candidate.basis);
        } catch (const InputError& error) {
            candidate.reason = error.what();
        }
        out.push_back(std::move(candidate));
    }
    return out;
}

} // namespace

std::vector<TransferFit> fit_all(const PipelineConfig& config, const Reduction& r,
                                 const std::vector<TransferTable>& tables, Progress& progress,
                                 const ReusedTables* reused) {
    require_transfer(config);
    const PluginChoice& choice = config.transfer.optimizer;
    std::optional<Instance> optimizer; // there may be nothing to fit
    if (choice.component != nullptr) optimizer.emplace(*choice.component, choice.settings, choice.where);
    const std::vector<std::size_t> populations = modelled(r);
    std::vector<TransferFit> fits(populations.size());
    FitOptions options;
    options.path_weight = config.transfer.path_weight;
    options.tolerance_absolute = config.transfer.tolerance_absolute;
    options.tolerance_relative = config.transfer.tolerance_relative;
    options.starts = config.transfer.starts;
    options.folds = config.transfer.folds;
    options.seed = config.seed;
    progress.begin({fmt::format("fitting the transfer functions of {} populations", populations.size()),
                    populations.size() * config.transfer.bases.size() * fit_count(options), "fits"});
    tbb::parallel_for(std::size_t{0}, populations.size(), [&](std::size_t i) {
        throw_if_interrupted();
        if (reused != nullptr && reused->entry[i].fit) {
            fits[i] = *reused->entry[i].base_fit;
            fits[i].fitted_hz.resize(tables[i].points.size()); // operating points, which come last, may be left out
            progress.skip(config.transfer.bases.size() * fit_count(options));
            return;
        }
        FitOptions mine = options;
        mine.stream = i;
        const PopulationConfig& population = config.populations[r.populations[populations[i]].network_index];
        if (const GivenCoefficients* given = given_for(config, population.name)) {
            const auto basis = make_basis(config.transfer.bases.at(0), population);
            fits[i] = given_fit(tables[i], inputs_of(config, r, populations[i], *basis), basis, given->value,
                                left_out(config, population));
            progress.skip(config.transfer.bases.size() * fit_count(mine));
            return;
        }
        fits[i] = fit_best(tables[i], candidates_of(config, r, populations[i]), optimizer.value(), mine, progress);
    });
    progress.end();
    return fits;
}

std::vector<CellRates> stationary_cell_rates(const PipelineConfig& config, const Reduction& r,
                                             std::span<const PathwayEdges> edges,
                                             const std::vector<PopulationModel>& populations, const SpikeRecord& record,
                                             Progress& progress) {
    std::vector<std::shared_ptr<const TransferFunction>> transfer;
    for (const PopulationModel& m : populations) transfer.push_back(m.transfer);
    // At the stationary conditions: external populations at the protocol's rates, everything else follows.
    std::vector<CellRates> rates;
    const std::vector<ProtocolCondition> protocols = protocol_conditions(config);
    for (const ConditionRecord& condition : record.conditions) {
        if (!condition.stationary || condition.partial()) continue;
        const ProtocolCondition& protocol = protocol_of(protocols, config, condition);
        std::vector<double> external;
        for (const MesoPopulation& meso : r.populations)
            if (meso.external)
                external.push_back(!meso.drive && meso.network_index == protocol.target ? condition.level_hz
                                                                                        : own_rate(config, meso.name));
        try {
            rates.push_back(cell_rates(r, edges, transfer, external));
        } catch (const Error& error) {
            progress.warn("rates of single cells at '" + condition.label + "' cannot be computed: " + error.what());
            continue;
        }
        if (!rates.back().converged)
            progress.warn(fmt::format("rates of single cells at '{}' did not settle within {} iterations (residual "
                                      "{:.2g}); they are used as they are",
                                      condition.label, rates.back().iterations - 1, rates.back().residual));
    }
    return rates;
}

std::vector<PopulationModel> population_models(const PipelineConfig& config, const Reduction& r,
                                               const std::vector<TransferFit>& fits) {
    require_transfer(config);
    std::vector<PopulationModel> populations;
    std::size_t next = 0;
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        const MesoPopulation& meso = r.populations[p];
        PopulationModel m;
        m.name = meso.name;
        m.external = meso.external;
        m.drive = meso.drive;
        m.n = meso.n;
        if (!meso.external) {
            const TransferFit& fit = fits.at(next++);
            const std::shared_ptr<const Instance> basis =
                make_basis(config.transfer.bases.at(fit.candidate), config.populations[meso.network_index]);
            m.transfer = make_transfer(fit, basis, inputs_of(config, r, p, *basis));
            const Adaptation a = adaptation_of(config.populations[meso.network_index]);
            m.adaptation_rate = a.rate;
            m.adaptation_increment = a.increment;
        }
        populations.push_back(std::move(m));
    }
    return populations;
}

MeanFieldModel derive_model(const PipelineConfig& config, const Network& network, const Reduction& r,
                            const std::vector<TransferFit>& fits, const SpikeRecord& record, Progress& progress) {
    std::vector<PopulationModel> populations = population_models(config, r, fits);
    const bool of_cells = config.transfer.cells == TransferConfig::Cells::Mean && config.mean_field.cell_rates &&
                          config.mean_field.in_degree != MeanFieldConfig::InDegree::Mean;
    if (!of_cells) return {r, std::move(populations), config.mean_field};

    const std::vector<PathwayEdges> edges = pathway_edges(config, network, r);
    const std::vector<CellRates> rates = stationary_cell_rates(config, r, edges, populations, record, progress);
    if (rates.empty()) return {r, std::move(populations), config.mean_field};
    return {with_source_rates(r, edges, rates), std::move(populations), config.mean_field};
}

std::vector<RecordedPopulation> recorded_populations(const PipelineConfig& config, const Network& network) {
    std::vector<RecordedPopulation> out;
    for (std::size_t p = 0; p < network.populations.size(); ++p)
        out.push_back({network.populations[p].name, network.populations[p].n,
                       config.populations[p].kind == PopulationConfig::Kind::Neuron});
    return out;
}

ValidationReport validate_model(const PipelineConfig& config, const Network& network, const Reduction& r,
                                const SpikeRecord& record, const std::vector<TransferTable>& tables,
                                const std::vector<TransferFit>& fits, const MeanFieldModel& model,
                                const MeanFieldResults& results) {
    ValidationReport report = compare(record, recorded_populations(config, network), results, config.validation);

    const RatePath path = rate_path(r, record);
    const std::vector<std::size_t> meso = modelled(r);
    for (std::size_t i = 0; i < meso.size(); ++i) {
        const std::string& name = r.populations[meso[i]].name;
        const auto found = std::find_if(report.populations.begin(), report.populations.end(),
                                        [&](const PopulationReport& p) { return p.name == name; });
        if (found == report.populations.end()) continue;
        const TransferFit& fit = fits[i];
        TransferSummary& t = found->transfer;
        t.basis = fit.basis;
        for (std::size_t k = 0; k < fit.value.size(); ++k)
            t.coefficients.emplace_back(fit.coefficients[k], fit.value[k]);
        for (std::size_t k = 0; k < fit.value.size(); ++k)
            t.standard_errors.push_back(std::sqrt(fit.covariance[k * (fit.value.size() + 1)]));
        for (std::size_t k = 0; k < fit.inputs.size(); ++k)
            t.domain.push_back({fit.inputs[k], fit.input_units[k], fit.lower[k], fit.upper[k]});
        t.cross_validated_error = fit.cross_validated_error;
        t.cross_validated_rmse_hz = fit.cross_validated_rmse_hz;
        t.relative_points = fit.relative_points;
        t.compared = fit.compared;
        t.candidate = fit.candidate;
        t.sampling = tables[i].sampling;
        if (const std::string warning = share_warning(name, t.sampling); !warning.empty())
            report.warnings.push_back(warning);
        t.heldout_rmse_hz = fit.heldout_rmse_hz;
        t.heldout_median_relative_error = fit.heldout_median_relative_error;
        t.given = fit.given;
        if (!fit.given) t.converged = fit.outcome == MFM_CONVERGED;
        t.optimizer_message = fit.message;
        if (fit.undefined_points > 0)
            report.warnings.push_back(
                fmt::format("{}: {} sampled points have no membrane moments and are left out of the fit", name,
                            fit.undefined_points));

        std::vector<OperatingPointRow> rows;
        std::size_t condition = 0;
        AverageWorkspace workspace;
        PopulationRate average;
        for (const TransferPoint& point : tables[i].points) {
            if (point.use != TransferPoint::Use::OperatingPoint) continue;
            std::optional<double> fitted;
            try {
                model.average(meso[i], point.nu, 0, false, workspace, average);
                fitted = average.F;
            } catch (const Error&) {
                fitted.reset(); // the basis is not defined there; the table shows the gap
            }
            const double floor = rate_floor_hz(r.populations[meso[i]].n,
                                               (config.simulation.duration - config.simulation.transient) * 1e-3);
            rows.push_back(operating_point_row(path.level_hz[condition], path.rate_hz[condition][meso[i]],
                                               point.rate_hz, fitted, floor));
            ++condition;
        }
        t.operating_point = std::move(rows);
    }
    return report;
}

} // namespace mfm
