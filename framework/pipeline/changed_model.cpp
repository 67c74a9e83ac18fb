// SPDX-License-Identifier: Apache-2.0
#include "pipeline/changed_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "output/store.hpp"
#include "pipeline/calibration.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/hashes.hpp"
#include "pipeline/parts.hpp"
#include "transfer/basis.hpp"

namespace mfm {
namespace {

bool weighs_cells(const PipelineConfig& config) {
    return config.transfer.cells == TransferConfig::Cells::Mean && config.mean_field.cell_rates &&
           config.mean_field.in_degree != MeanFieldConfig::InDegree::Mean;
}

/// The projection that a pathway's weights are of; a pathway through relays is named after the last one.
std::size_t projection_of(const PipelineConfig& config, const Pathway& pathway) {
    for (std::size_t i = 0; i < config.projections.size(); ++i) {
        const std::string& name = config.projections[i].name;
        if (pathway.name == name || pathway.name.starts_with(name + " from ")) return i;
    }
    throw InputError(fmt::format("there is no projection of the pathway '{}'", pathway.name));
}
const DriveConfig& drive_of(const PipelineConfig& config, const Pathway& pathway) {
    for (const DriveConfig& d : config.drives)
        if (d.name == pathway.name) return d;
    throw InputError(fmt::format("there is no drive '{}'", pathway.name));
}

bool same_shape(const Distribution& a, const Distribution& b, double factor) {
    const auto scaled = [&](double x, double y) { return std::abs(x * factor - y) <= 1e-9 * std::abs(y); };
    return a.kind == b.kind && (a.is_constant() || (a.kind == Distribution::Kind::Uniform
                                                        ? scaled(a.lower, b.lower) && scaled(a.upper, b.upper)
                                                        : scaled(a.sd, b.sd)));
}
/// What every weight of a projection is multiplied by.
double weight_factor(const ProjectionConfig& base, const ProjectionConfig& changed) {
    if (base.weight.mean == changed.weight.mean && same_shape(base.weight, changed.weight, 1.0)) return 1.0;
    const double factor = base.weight.mean != 0 ? changed.weight.mean / base.weight.mean : 0.0;
    if (base.weight.mean == 0 || (changed.weight.mean != 0 && !same_shape(base.weight, changed.weight, factor)))
        throw InputError(
            changed.where,
            fmt::format("the weights of projection '{}' {}, which a mean field without a network of its own "
                        "cannot follow",
                        changed.name,
                        base.weight.mean == 0 ? "are 0 in the base" : "are spread in another way than the base's"));
    return factor;
}

/// The change of a delay in whole time steps, as networks have them.
double delay_change(const Distribution& base, const Distribution& changed, double dt) {
    const auto steps = [&](double x) { return std::max(1.0, std::round(x / dt)); };
    return (steps(changed.mean) - steps(base.mean)) * dt;
}

void thin(Pathway& w, double kept) {
    w.K *= kept;
    w.K_sd *= kept;
    for (float& k : w.in_degree) k = static_cast<float>(k * kept);
}
/// A pathway without weight: its Q stays, since membrane moments divide by what it is part of.
void silence(Pathway& w) {
    thin(w, 0.0);
}

} // namespace

FittedBase load_fitted_base(const PipelineConfig& config, const std::filesystem::path& folder, Progress& progress) {
    const StageHashes hashes = stage_hashes(config);
    FittedBase base;
    base.config = config;
    base.reduction = load_reduction(folder / "reduction.h5", hashes.remap);
    base.fits = load_transfer_fits(folder / "transfer_fits.h5", hashes.fit);
    base.record = load_spike_record(folder / "spikes.h5", hashes.simulate);
    Network network; // needed for the wiring alone
    if (weighs_cells(config)) {
        network = load_network(folder / "network.h5", hashes.build);
        base.edges = pathway_edges(config, network, base.reduction);
    }
    if (config.mean_field.calibration) {
        const MeanFieldModel derived = derive_model(config, network, base.reduction, base.fits, base.record, progress);
        for (const auto& scale : calibrate(config, derived, base.record).report.scales)
            base.scale.push_back(scale.scale);
    }
    for (ConditionRecord& c : base.record.conditions) {
        c.stimulus_hz = {};
        c.count_covariance = {};
        for (PopulationActivity& a : c.population) {
            PopulationActivity kept;
            kept.rate_hz = a.rate_hz;
            a = std::move(kept);
        }
    }
    return base;
}

void require_followable(const FittedBase& base, const PipelineConfig& changed) {
    PipelineConfig rest = changed; // as the base, wherever it may differ
    const PipelineConfig& b = base.config;
    const auto refuse = [&](const std::string& what) {
        return InputError(
            fmt::format("{}: the mean field of the base cannot follow that without a network of its own; derive the "
                        "model anew (points = \"derive\")",
                        what));
    };
    if (rest.projections.size() != b.projections.size() || rest.populations.size() != b.populations.size() ||
        rest.drives.size() != b.drives.size())
        throw refuse("the circuit has other populations, projections or drives");
    for (std::size_t i = 0; i < b.projections.size(); ++i) {
        if (rest.projections[i].name != b.projections[i].name) throw refuse("the circuit has other projections");
        static_cast<void>(weight_factor(b.projections[i], changed.projections[i]));
        rest.projections[i].weight = b.projections[i].weight;
        rest.projections[i].keep = b.projections[i].keep;
        if (same_shape(b.projections[i].delay, changed.projections[i].delay, 1.0))
            rest.projections[i].delay = b.projections[i].delay;
    }
    for (std::size_t i = 0; i < b.populations.size(); ++i) {
        PopulationConfig& p = rest.populations[i];
        p.rate_hz = b.populations[i].rate_hz;
        for (std::size_t r = 0; r < std::min(p.receptors.size(), b.populations[i].receptors.size()); ++r) {
            p.receptors[r].tau = b.populations[i].receptors[r].tau;
            p.receptors[r].tau_rise = b.populations[i].receptors[r].tau_rise;
            p.receptors[r].E_rev = b.populations[i].receptors[r].E_rev;
        }
        if (is_analytic(changed.transfer)) p.neuron = b.populations[i].neuron;
    }
    for (std::size_t i = 0; i < b.drives.size(); ++i) {
        if (b.drives[i].weight == 0 && changed.drives[i].weight != 0)
            throw refuse("drive '" + b.drives[i].name + "' has no weight in the base");
        rest.drives[i].rate_hz = b.drives[i].rate_hz;
        rest.drives[i].weight = b.drives[i].weight;
    }
    rest.stimulations = b.stimulations;
    rest.simulation = b.simulation;
    rest.validation = b.validation;
    rest.mean_field = b.mean_field;
    const StageHashes now = stage_hashes(rest), then = stage_hashes(b);
    if (now.build != then.build) throw refuse("cells or connections differ");
    if (now.remap != then.remap || now.simulate != then.simulate) throw refuse("the cells' parameters differ");
    if (now.fit != then.fit) throw refuse("[transfer] differs");
    if (changed.mean_field.adaptation != b.mean_field.adaptation ||
        (changed.mean_field.dynamics == MeanFieldConfig::Dynamics::Synaptic) !=
            (b.mean_field.dynamics == MeanFieldConfig::Dynamics::Synaptic))
        throw refuse("the transfer functions would be sampled along other axes");
    if (weighs_cells(changed) && !weighs_cells(b))
        throw refuse("mean_field.cell_rates needs the base's wiring, which it was not derived with");
}

Reduction changed_reduction(const PipelineConfig& base, const Reduction& reduction, const PipelineConfig& changed) {
    Reduction r = reduction;
    for (Pathway& w : r.pathways) {
        MesoPopulation& source = r.populations[w.source];
        if (source.drive) {
            const DriveConfig& d = drive_of(changed, w);
            source.rate_hz = d.rate_hz;
            if (d.weight != 0)
                w.Q = d.weight;
            else
                silence(w);
        } else {
            const std::size_t i = projection_of(changed, w);
            const ProjectionConfig &b = base.projections[i], &c = changed.projections[i];
            const double factor = weight_factor(b, c);
            if (factor == 0)
                silence(w);
            else
                w.Q *= factor;
            if (c.keep != b.keep) thin(w, c.keep / b.keep);
            w.delay += delay_change(b.delay, c.delay, changed.simulation.dt);
        }
        w.receptor = changed.populations[r.populations[w.target].network_index].receptors.at(w.port);
        w.derived.clear();
    }
    return r;
}

MeanFieldModel changed_model(const FittedBase& base, const PipelineConfig& changed, Progress& progress) {
    const Reduction r = changed_reduction(base.config, base.reduction, changed);
    const std::vector<PopulationModel> populations = population_models(changed, r, base.fits);
    const auto scaled = [&](const MeanFieldModel& model) {
        return base.scale.empty() ? model : model.with_scales(base.scale);
    };
    if (weighs_cells(changed)) {
        const std::vector<CellRates> rates =
            stationary_cell_rates(changed, r, base.edges, populations, changed_conditions(base, changed), progress);
        if (!rates.empty()) return scaled({with_source_rates(r, base.edges, rates), populations, changed.mean_field});
    }
    return scaled({r, populations, changed.mean_field});
}

SpikeRecord changed_conditions(const FittedBase& base, const PipelineConfig& changed) {
    SpikeRecord out;
    for (const ProtocolCondition& p : protocol_conditions(changed)) {
        ConditionRecord c;
        c.stimulation = p.stimulation == no_stimulation ? drive_condition : changed.stimulations[p.stimulation].name;
        c.condition = p.condition;
        c.label = p.name;
        c.stationary = p.stationary;
        c.level_hz = p.level_hz;
        if (p.stimulation != no_stimulation && changed.stimulations[p.stimulation].within) c.target_cells = 1;
        // The nearest stimulus that the base's network was shown.
        const ConditionRecord* nearest = nullptr;
        for (const ConditionRecord& known : base.record.conditions) {
            if (known.partial()) continue;
            const auto distance = [&](const ConditionRecord& k) {
                return std::pair(!k.stationary, std::abs(k.level_hz - p.level_hz));
            };
            if (nearest == nullptr || distance(known) < distance(*nearest)) nearest = &known;
        }
        if (nearest != nullptr)
            c.population = nearest->population;
        else
            c.population.resize(changed.populations.size());
        out.conditions.push_back(std::move(c));
    }
    return out;
}

} // namespace mfm
