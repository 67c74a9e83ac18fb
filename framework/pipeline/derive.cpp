// SPDX-License-Identifier: Apache-2.0
#include "pipeline/derive.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "output/report_text.hpp"
#include "output/run_folder.hpp"
#include "output/store.hpp"
#include "output/summary.hpp"
#include "pipeline/budget.hpp"
#include "pipeline/conditions.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/model_equations.hpp"
#include "pipeline/parts.hpp"
#include "pipeline/reuse.hpp"
#include "pipeline/stages.hpp"
#include "report/page.hpp"
#include "simulate/simulate.hpp"
#include "support/files.hpp"
#include "validate/scores.hpp"
#include "validate/verdict.hpp"

namespace mfm {
namespace {

/// Now, UTC, as ISO 8601; only for the manifest's times.
std::string iso_time() {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

/// Names of the pathways, and the fitted rate beside every sampled point.
std::vector<TransferColumns> transfer_columns(const Reduction& r, const std::vector<TransferTable>& tables,
                                              const std::vector<TransferFit>& fits) {
    std::vector<TransferColumns> out(tables.size());
    for (std::size_t i = 0; i < tables.size(); ++i) {
        for (const Pathway& w : r.pathways)
            if (r.populations[w.target].name == tables[i].population) out[i].pathways.push_back(w.name);
        out[i].fitted_hz = fits[i].fitted_hz;
    }
    return out;
}

/// The fitted function that belongs to a table, and how pathways enter it; NULL when no population is called so.
std::pair<const TransferFunction*, std::vector<SlicePathway>>
function_of(const PipelineConfig& config, const Reduction& r, const MeanFieldModel& model, const TransferTable& table) {
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        if (r.populations[p].name != table.population) continue;
        std::vector<SlicePathway> pathways;
        for (const std::size_t s : r.pathways_into(p))
            pathways.push_back({r.pathways[s].K, is_excitatory(r.pathways[s].receptor, r.pathways[s].Q,
                                                               config.populations[r.populations[p].network_index])});
        return {&*model.populations()[p].transfer, std::move(pathways)};
    }
    return {};
}

/// What a record of this pipeline's conditions would have but for the network: the base's rates, where the base has the
/// condition.
SpikeRecord conditions_without_network(const PipelineConfig& config, const Derived& base) {
    SpikeRecord out;
    for (const ProtocolCondition& p : protocol_conditions(config)) {
        ConditionRecord c;
        c.stimulation = p.stimulation == no_stimulation ? drive_condition : config.stimulations[p.stimulation].name;
        c.label = p.name;
        c.condition = p.condition;
        c.stationary = p.stationary;
        c.level_hz = p.level_hz;
        c.duration = p.duration;
        c.transient = p.transient;
        c.course_bin = config.validation.bin;
        c.onset = p.onset;
        c.offset = p.offset;
        c.frequency_hz = p.frequency_hz;
        c.trials = p.trials;
        if (p.target != no_stimulation) c.target = config.populations[p.target].name;
        c.stimulated_cells = c.target_cells = 1;
        const auto bins = static_cast<std::size_t>(c.duration / c.course_bin + 0.5);
        if (p.stimulation != no_stimulation)
            c.stimulus_hz = protocol_course(config, p, 0.5 * c.course_bin, c.course_bin, bins);
        const ConditionRecord* there = nullptr;
        for (const ConditionRecord& b : base.record->conditions)
            if (b.stimulation == c.stimulation && b.condition == c.condition) there = &b;
        if (there != nullptr) {
            c.stimulated_cells = there->stimulated_cells;
            c.target_cells = there->target_cells;
        }
        for (const PopulationConfig& population : config.populations) {
            PopulationActivity activity;
            if (there == nullptr && !base.record->conditions.empty()) there = &base.record->conditions.front();
            for (std::size_t i = 0; there != nullptr && i < base.config.populations.size(); ++i)
                if (base.config.populations[i].name == population.name) activity = there->population[i];
            activity.course_hz.clear();
            c.population.push_back(std::move(activity));
        }
        out.conditions.push_back(std::move(c));
    }
    return out;
}

/// Takes out of a report what no network has shown.  A mean field that nothing was wrong with has no verdict then.
void forget_network(ValidationReport& report) {
    for (PopulationReport& p : report.populations) {
        for (StationaryRow& row : p.stationary) {
            row.network_rate_hz.reset();
            row.network_rate_firing_hz.reset();
            row.network_rate_se_hz.reset();
            row.relative_error.reset();
            row.uncalibrated_error.reset();
        }
        for (FluctuationRow& row : p.fluctuations) {
            row.network_sd_hz.reset();
            row.independent_sd_hz.reset();
            row.network_within_T_sd_hz.reset();
        }
    }
    for (ConditionFinding& c : report.conditions) {
        c.rhythmic_population.clear();
        for (PopulationFinding& f : c.populations) {
            f.fano.reset();
            f.correlation.reset();
        }
    }
    report.network_only.clear();
}

/// The scales of the base's calibration, pathway by pathway.
MeanFieldModel with_scales_of(const CalibrationReport& calibration, const MeanFieldModel& model) {
    std::vector<double> scales;
    for (const Pathway& w : model.pathways()) {
        const auto found = std::find_if(calibration.scales.begin(), calibration.scales.end(),
                                        [&](const auto& s) { return s.pathway == w.name; });
        scales.push_back(found == calibration.scales.end() ? 1.0 : found->scale);
    }
    return model.with_scales(scales);
}

/// Hashes of a variant's stages: what is not the base's own depends on what it takes from the base.
StageHashes hashes_beside(const StageHashes& base, const StageHashes& own, Mode mode) {
    StageHashes out = own;
    const bool mean_field = mode == Mode::MeanField;
    if (mean_field) {
        out.simulate = joined_hash({"no network", base.simulate});
        out.sample = joined_hash({"mean field", own.build, own.sample, base.sample});
        out.fit = joined_hash({"mean field", own.fit, out.sample, base.fit});
        out.solve = joined_hash({"mean field", own.solve, out.fit, base.solve});
        return out;
    }
    if (own.sample != base.sample) out.sample = joined_hash({own.sample, base.sample});
    if (own.sample != base.sample) out.fit = joined_hash({own.fit, out.sample, base.fit});
    if (own.sample != base.sample) out.solve = joined_hash({own.solve, out.fit});
    return out;
}

/// Runs the stages of one derivation.
class Derivation {
public:
    Derivation(const PipelineConfig& config, const DeriveOptions& options, Progress& progress, const Derived* base,
               Mode mode, const Derived* network)
        : options_(options), progress_(progress), base_(base), network_(network),
          stages_(options.folder, options.only, options.from, progress, options.variant,
                  options.of > 0 ? options.of : stage_names.size()) {
        d_.config = config;
        d_.mode = mode;
        d_.folder = options.folder;
        d_.started = iso_time();
        const StageHashes own = stage_hashes(config);
        d_.hashes = base == nullptr ? own : hashes_beside(base->hashes, own, mode);
    }

    Derived run() {
        run_stages();
        d_.times = stages_.times();
        return std::move(d_);
    }

private:
    [[nodiscard]] bool mean_field() const { return d_.mode == Mode::MeanField; }
    [[nodiscard]] bool done_after(const std::string& stage) const {
        return stages_.done_after(stage) || options_.until == stage;
    }

    /// The value of a stage: the base's where its hash is the same, else as StageRunner has it.
    template <class Value>
    std::shared_ptr<const Value> stage(const std::string& name, const std::string& file, std::string StageHashes::*hash,
                                       std::shared_ptr<const Value> Derived::*value,
                                       const std::function<Value()>& compute,
                                       const std::function<void(const std::filesystem::path&, const Value&)>& save,
                                       const std::function<Value(const std::filesystem::path&)>& load) {
        if (base_ != nullptr) {
            const bool same = d_.hashes.*hash == base_->hashes.*hash && base_->*value != nullptr;
            // Samples and fits of another network are told population by population.
            const bool by_population = (name == "sample" || name == "fit") && !reused_.entry.empty();
            if (!by_population)
                d_.reuse.push_back(
                    {name, "", same, same ? "nothing that it depends on differs" : "what it depends on differs"});
            if (same) {
                stages_.take_over(name, file, base_->folder / file);
                return d_.*value = base_->*value;
            }
        }
        return d_.*value =
                   std::make_shared<const Value>(stages_.run<Value>(name, file, d_.hashes.*hash, compute, save, load));
    }

    void simulate() {
        if (mean_field()) {
            d_.reuse.push_back({"simulate", "", false, "no network is simulated"});
            d_.record = std::make_shared<const SpikeRecord>(conditions_without_network(d_.config, *base_));
            return;
        }
        std::vector<std::string> names;
        for (const Population& p : d_.network->populations) names.push_back(p.name);
        const TrialCache trials{options_.folder / "simulate.partial", d_.hashes.simulate,
                                d_.config.simulation.checkpoint};
        stage<SpikeRecord>(
            "simulate", "spikes.h5", &StageHashes::simulate, &Derived::record,
            [&] { return simulate_network(d_.config, *d_.network, progress_, &trials); },
            [&](const auto& path, const SpikeRecord& r) { save_spike_record(path, r, names, d_.hashes.simulate); },
            [&](const auto& path) { return load_spike_record(path, d_.hashes.simulate); });
        SpikeRecord record = *d_.record;
        const std::vector<std::string>& around = d_.config.transfer.stimulations;
        for (ConditionRecord& c : record.conditions)
            c.off_path = !around.empty() && std::find(around.begin(), around.end(), c.stimulation) == around.end();
        d_.record = std::make_shared<const SpikeRecord>(std::move(record));
        std::error_code none; // a folder that cannot be removed does no harm
        std::filesystem::remove_all(trials.folder, none);
    }

    void sample_and_fit() {
        const ReusedTables* reused = nullptr;
        if (base_ != nullptr && d_.hashes.sample != base_->hashes.sample) {
            reused_ = reusable_tables(*base_, d_);
            reused = &reused_;
        }
        stage<std::vector<TransferTable>>(
            "sample", "transfer_tables.h5", &StageHashes::sample, &Derived::tables,
            [&] {
                return sample_all(d_.config, *d_.network, *d_.reduction, *d_.record, progress_, reused, !mean_field());
            },
            [&](const auto& path, const auto& t) { save_transfer_tables(path, t, d_.hashes.sample); },
            [&](const auto& path) { return load_transfer_tables(path, d_.hashes.sample); });
        for (const StageReuse& row : reused_.why)
            if (row.stage == "sample") d_.reuse.push_back(row);
        if (done_after("sample")) return;
        stage<std::vector<TransferFit>>(
            "fit", "transfer_fits.h5", &StageHashes::fit, &Derived::fits,
            [&] { return fit_all(d_.config, *d_.reduction, *d_.tables, progress_, reused); },
            [&](const auto& path, const auto& f) { save_transfer_fits(path, f, d_.hashes.fit); },
            [&](const auto& path) { return load_transfer_fits(path, d_.hashes.fit); });
        for (const StageReuse& row : reused_.why)
            if (row.stage == "fit") d_.reuse.push_back(row);
    }

    void run_stages() {
        stage<Network>(
            "build", "network.h5", &StageHashes::build, &Derived::network,
            [&] { return build_network(d_.config, progress_); },
            [&](const auto& path, const Network& n) { save_network(path, n, d_.hashes.build); },
            [&](const auto& path) { return load_network(path, d_.hashes.build); });
        if (done_after("build")) return;
        simulate();
        if (done_after("simulate")) return;
        stage<Reduction>(
            "remap", "reduction.h5", &StageHashes::remap, &Derived::reduction,
            [&] { return reduce(d_.config, *d_.network); },
            [&](const auto& path, const Reduction& r) { save_reduction(path, r, d_.hashes.remap); },
            [&](const auto& path) { return load_reduction(path, d_.hashes.remap); });
        if (done_after("remap")) return;
        sample_and_fit();
        if (done_after("sample") || done_after("fit")) return;
        const MeanFieldModel derived =
            derive_model(d_.config, *d_.network, *d_.reduction, *d_.fits, *d_.record, progress_);
        std::optional<MeanFieldModel> calibrated;
        if (d_.config.mean_field.calibration && mean_field()) {
            d_.calibration = base_->calibration;
            if (d_.calibration) calibrated = with_scales_of(*d_.calibration, derived);
        } else if (d_.config.mean_field.calibration) {
            Calibrated own = calibrate(d_.config, derived, *d_.record);
            calibrated = std::move(own.model);
            d_.calibration = std::move(own.report);
        }
        const MeanFieldModel& model = calibrated ? *calibrated : derived;
        d_.model = std::make_shared<const MeanFieldModel>(model);
        stage<MeanFieldResults>(
            "solve", "mean_field.h5", &StageHashes::solve, &Derived::results,
            [&] { return solve_model(d_.config, model, calibrated ? &derived : nullptr, *d_.record, progress_); },
            [&](const auto& path, const auto& r) { save_mean_field(path, r, d_.hashes.solve); },
            [&](const auto& path) { return load_mean_field(path, d_.hashes.solve); });
        if (done_after("solve")) return;
        stages_.run("validate", [&] { d_.report = validated(model, derived, calibrated.has_value()); });
    }

    ValidationReport validated(const MeanFieldModel& model, const MeanFieldModel& derived, bool calibrated) {
        const SpikeRecord& record = network_ != nullptr ? *network_->record : *d_.record;
        ValidationReport report =
            validate_model(d_.config, *d_.network, *d_.reduction, record, *d_.tables, *d_.fits, model, *d_.results);
        report.circuit = circuit_summary(d_.config, *d_.network, *d_.reduction);
        add_scores(record, recorded_populations(d_.config, *d_.network), *d_.results, d_.config.validation, report);
        if (!mean_field())
            add_error_budgets(d_.config, *d_.reduction, record, *d_.tables, derived, calibrated ? &model : nullptr,
                              *d_.results, report);
        if (d_.calibration) mark_calibrated(report, *d_.calibration);
        const bool alone = mean_field() && network_ == nullptr;
        if (alone) forget_network(report);
        judge(report, d_.config.validation);
        if (alone && report.verdict != Verdict::NotValid) { // nothing was wrong, and nothing was compared
            report.verdict.reset();
            report.reasons.clear();
            report.advice.clear();
        }
        return report;
    }

    const DeriveOptions& options_;
    Progress& progress_;
    const Derived *base_, *network_;
    StageRunner stages_;
    ReusedTables reused_;
    Derived d_;
};

} // namespace

Derived derive(const PipelineConfig& config, const DeriveOptions& options, Progress& progress, const Derived* base,
               Mode mode, const Derived* network) {
    return Derivation(config, options, progress, base, mode, network).run();
}

Derived derive_fits(const PipelineConfig& config, const std::filesystem::path& folder, Progress& progress,
                    std::size_t of) {
    DeriveOptions options;
    options.folder = folder;
    options.of = of;
    options.until = "fit";
    return derive(config, options, progress);
}

namespace {

ReportInputs report_inputs(const Derived& d, const DeriveOptions& options) {
    ReportInputs text;
    text.name = d.config.name;
    text.circuit = circuit_rows(d.config, *d.network);
    text.connections = connection_rows(d.config, *d.network);
    text.in_degrees = degree_table(*d.network, d.config) + "\n" + reduction_table(*d.reduction);
    text.equations = model_equations_text(*d.model, *d.fits);
    text.stages = d.times;
    text.reuse = d.reuse;
    text.limits = d.config.validation;
    text.manifest = manifest_of(d.config, options.threads, {});
    text.manifest.started = d.started;
    text.manifest.finished = iso_time();
    text.manifest.stage_hashes = {{"build", d.hashes.build}, {"simulate", d.hashes.simulate},
                                  {"remap", d.hashes.remap}, {"sample", d.hashes.sample},
                                  {"fit", d.hashes.fit},     {"solve", d.hashes.solve}};
    return text;
}

} // namespace

void print_stage(const Derived& d, const std::string& only) {
    if (only == "build") fmt::print("{}", degree_table(*d.network, d.config));
    if (only == "remap") fmt::print("{}", reduction_table(*d.reduction));
}

void export_derived(const Derived& d, const DeriveOptions& options, Progress& progress) {
    progress.stage_begin(stage_place("export", options.variant));
    RunOutputs out;
    out.report = &*d.report;
    out.resolved_toml = d.config.resolved_toml;
    const std::vector<RecordedPopulation> populations = recorded_populations(d.config, *d.network);
    out.populations = populations;
    out.record = d.mode == Mode::Network ? d.record.get() : nullptr;
    out.mean_field = d.results.get();
    out.tables = *d.tables;
    const std::vector<TransferColumns> columns = transfer_columns(*d.reduction, *d.tables, *d.fits);
    out.columns = columns;
    std::vector<TransferSlices> slices;
    std::vector<TransferMap> maps;
    for (const TransferTable& table : *d.tables) {
        const auto [function, pathways] = function_of(d.config, *d.reduction, *d.model, table);
        slices.push_back(function != nullptr ? transfer_slices(*function, pathways, table) : TransferSlices{});
        maps.push_back(function != nullptr ? transfer_map(*function, pathways, table) : TransferMap{});
    }
    out.slices = slices;
    out.maps = maps;
    out.solve_hash = d.hashes.solve;
    out.smoothing_ms = d.config.validation.smoothing;
    out.text = report_inputs(d, options);
    for (const std::string& line : write_run_folder(d.folder, out)) progress.note(line);
    write_file(d.folder / "equations.txt", out.text.equations);
    write_file(d.folder / "equations.tex", model_equations_latex(*d.model, *d.fits));
    write_file(d.folder / "equations.html", model_equations_html(*d.model));
    write_report(d.folder);
    progress.stage_end(StageSource::Computed);
}

void export_variants(const Derived& d, const DeriveOptions& options, const std::vector<VariantOutcome>& variants) {
    ReportInputs text = report_inputs(d, options);
    text.variants = variants;
    write_file(d.folder / "report.txt", report_text(*d.report, text));
    write_file(d.folder / "summary.json", summary_json(*d.report, text.stages, text.reuse, text.variants));
    write_report(d.folder);
}

} // namespace mfm
