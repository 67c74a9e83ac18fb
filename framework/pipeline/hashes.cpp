// SPDX-License-Identifier: Apache-2.0
#include "pipeline/hashes.hpp"

#include <map>
#include <mutex>

#include "output/manifest.hpp"
#include "support/hash.hpp"
#include "support/version.hpp"
#include "transfer/basis.hpp"
#include "transfer/sample.hpp"

namespace mfm {
namespace {

/// Of the library that a component is in.  Libraries are loaded for the life of the process, so each is read once.
std::string library_hash(const std::string& file) {
    static std::mutex mutex;
    static std::map<std::string, std::string> known;
    const std::lock_guard lock(mutex);
    std::string& hash = known[file];
    if (hash.empty()) hash = file_hash(file);
    return hash;
}

/// A hash that also takes the types of a pipeline.
class Hasher : public ContentHash {
public:
    using ContentHash::add;
    void add(const Distribution& d) {
        add(static_cast<std::uint64_t>(d.kind));
        for (const double x : {d.mean, d.sd, d.lower, d.upper}) add(x);
    }
    void add(const PluginChoice& c) {
        if (c.component == nullptr) return; // a pipeline without [transfer]
        add(std::string_view(c.canonical));
        // The library itself: a plugin that was built anew may compute something else under the same version.
        add(std::string_view(library_hash(c.component->file)));
    }
    void add(const Placement& p) {
        add(static_cast<std::uint64_t>(p.kind));
        add(std::string_view(p.layer));
        add(std::string_view(p.density_of));
        add(p.count.value_or(0));
        for (const double x : {p.density.value_or(-1.0), p.ratio, p.radius, p.spacing_x, p.angle_deg}) add(x);
    }
    void add_cells(const PopulationConfig& p) {
        if (p.neuron) add(*p.neuron);
        for (const auto& [setting, spread] : p.distributed) {
            add(std::uint64_t{setting});
            add(spread);
        }
        for (const mfm_receptor& r : p.receptors) add(r);
        for (const auto& [state, spread] : p.initial) {
            add(std::string_view(state));
            add(spread);
        }
    }
    void add_sampling(const PipelineConfig& c) {
        const TransferConfig& t = c.transfer;
        for (const std::uint64_t n : {t.points, t.wide_points, t.heldout_points, t.copies, t.renewal_below}) add(n);
        for (const double x : {t.seconds, t.transient, t.working_low, t.working_high}) add(x);
        add(std::uint64_t{is_analytic(t)});
        add(static_cast<std::uint64_t>(t.sampling));
        if (t.sampling == TransferConfig::Sampling::Adaptive) {
            add(t.tolerance_relative);
            add(t.tolerance_absolute);
            add(std::uint64_t{fewest_working_points(t)});
        }
        add(std::uint64_t{c.mean_field.adaptation});
        add(std::uint64_t{c.mean_field.dynamics !=
                          MeanFieldConfig::Dynamics::Synaptic}); // with a current axis or without
    }
    void add_plasticity(const PipelineConfig& c) {
        for (const ProjectionConfig& p : c.projections) {
            if (!p.plasticity) continue;
            add(std::string_view(p.name));
            for (const double x : {p.plasticity->U, p.plasticity->u_0, p.plasticity->tau_rec, p.plasticity->tau_fac})
                add(x);
        }
    }
    void add_fit(const TransferConfig& t) {
        for (const PluginChoice& basis : t.bases) add(basis);
        add(t.optimizer);
        for (const GivenCoefficients& g : t.given) {
            add(std::string_view(g.population));
            for (const double x : g.value) add(x);
        }
        add(std::uint64_t{t.explicit_adaptation});
        add(t.path_weight);
        add(t.tolerance_absolute);
        add(t.tolerance_relative);
        add(std::uint64_t{t.starts});
        add(std::uint64_t{t.folds});
    }
    void add_equations(const MeanFieldConfig& m) {
        add(static_cast<std::uint64_t>(m.in_degree));
        add(static_cast<std::uint64_t>(m.dynamics));
        add(std::uint64_t{m.order});
        add(std::uint64_t{m.adaptation});
        add(std::uint64_t{m.finite_size_noise});
        add(std::uint64_t{m.cell_rates});
        add(std::uint64_t{m.in_degree_nodes});
        for (const double x : {m.T, m.noise_step, m.relative_tolerance, m.absolute_tolerance}) add(x);
    }
    void add_drives(const PipelineConfig& c) {
        for (const DriveConfig& d : c.drives) {
            add(std::string_view(d.name));
            add(std::string_view(d.target));
            add(std::uint64_t{d.port});
            add(d.rate_hz);
            add(d.weight);
        }
    }
    void add(const mfm_receptor& r) {
        add(std::uint64_t{r.shape});
        add(std::uint64_t{r.flags});
        for (const double x : {r.tau, r.tau_rise, r.E_rev}) add(x);
    }
};

} // namespace

StageHashes stage_hashes(const PipelineConfig& c) {
    StageHashes out;
    {
        Hasher h;
        h.add(std::string_view(automfm_version()));
        h.add(c.seed);
        for (const double x : c.space.size) h.add(x);
        h.add(c.space.chunk);
        for (const Layer& l : c.space.layers) {
            h.add(std::string_view(l.name));
            h.add(l.z_min);
            h.add(l.z_max);
        }
        for (const PopulationConfig& p : c.populations) {
            h.add(std::string_view(p.name));
            h.add(static_cast<std::uint64_t>(p.kind));
            h.add(p.count.value_or(0));
            h.add(p.placement);
        }
        for (const ProjectionConfig& p : c.projections) {
            for (const std::string* s : {&p.name, &p.source, &p.target}) h.add(std::string_view(*s));
            h.add(p.rule);
            h.add(std::uint64_t{p.port});
            h.add(p.weight);
            h.add(p.delay);
            h.add(p.contacts);
            h.add(std::uint64_t{p.floor_contacts});
            h.add(p.keep);
        }
        out.build = h.hex();
    }
    {
        Hasher h;
        h.add(std::string_view(out.build));
        for (const PopulationConfig& p : c.populations) {
            h.add_cells(p);
            h.add(p.rate_hz);
        }
        h.add_plasticity(c);
        h.add_drives(c);
        for (const StimulationConfig& s : c.stimulations) {
            h.add(std::string_view(s.name));
            h.add(std::string_view(s.target));
            h.add(s.protocol);
            h.add(s.duration);
            h.add(s.transient);
            h.add(std::uint64_t{s.trials});
            h.add(std::uint64_t{s.within.has_value()});
            if (s.within)
                for (const double x : {s.within->center[0], s.within->center[1], s.within->center[2], s.within->radius})
                    h.add(x);
        }
        const SimulationConfig& s = c.simulation;
        for (const double x : {s.dt, s.duration, s.transient, s.bin, s.block, c.validation.bin}) h.add(x);
        h.add(std::uint64_t{s.record_spikes});
        out.simulate = h.hex();
    }
    {
        Hasher h;
        h.add(std::string_view(out.build));
        for (const PopulationConfig& p : c.populations) {
            if (p.neuron) h.add(*p.neuron);
            for (const mfm_receptor& r : p.receptors) h.add(r);
        }
        h.add(std::uint64_t{c.remap.merge_relays});
        h.add_plasticity(c);
        h.add_drives(c);
        out.remap = h.hex();
    }
    {
        const TransferConfig& t = c.transfer;
        Hasher h;
        h.add(std::string_view("with measured cells")); // tables that hold less are of another hash
        h.add(std::string_view(out.simulate));
        h.add(std::string_view(out.remap));
        h.add_sampling(c);
        for (const std::string& name : t.stimulations) h.add(std::string_view(name));
        h.add(static_cast<std::uint64_t>(t.cells));
        h.add(static_cast<std::uint64_t>(t.fluctuations));
        const bool fluctuating = t.fluctuations != TransferConfig::Fluctuations::None;
        const bool sampled = t.cells == TransferConfig::Cells::Sampled;
        if (sampled) {
            h.add(std::uint64_t{t.sampled_cells});
            h.add(std::uint64_t{c.mean_field.cell_rates});
        }
        if (fluctuating || (sampled && c.mean_field.cell_rates)) h.add_fit(t); // fits made on the way
        if (fluctuating) h.add_equations(c.mean_field);
        out.sample = h.hex();
    }
    {
        Hasher h;
        h.add(std::string_view(out.sample));
        h.add_fit(c.transfer);
        out.fit = h.hex();
    }
    {
        const MeanFieldConfig& m = c.mean_field;
        Hasher h;
        h.add(std::string_view(out.fit));
        h.add_equations(m);
        if (m.calibration) {
            h.add(std::string_view("calibration"));
            for (const double level : m.calibration->levels_hz) h.add(level);
            h.add(m.calibration->lambda);
        }
        out.solve = h.hex();
    }
    return out;
}

std::string cell_hash(const PopulationConfig& p) {
    Hasher h;
    h.add_cells(p);
    return h.hex();
}

std::string sampling_hash(const PipelineConfig& c) {
    Hasher h;
    h.add(std::string_view(automfm_version()));
    h.add(c.seed);
    h.add(c.simulation.dt);
    h.add_sampling(c);
    h.add(static_cast<std::uint64_t>(c.transfer.cells));
    h.add(static_cast<std::uint64_t>(c.transfer.fluctuations));
    return h.hex();
}

std::string fitting_hash(const PipelineConfig& c) {
    Hasher h;
    h.add(c.seed);
    h.add_fit(c.transfer);
    return h.hex();
}

std::string joined_hash(std::initializer_list<std::string_view> parts) {
    Hasher h;
    for (const std::string_view part : parts) h.add(part);
    return h.hex();
}

} // namespace mfm
