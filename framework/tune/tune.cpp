// SPDX-License-Identifier: Apache-2.0
#include "tune/tune.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "config/tune.hpp"
#include "pipeline/derive.hpp"
#include "pipeline/hashes.hpp"
#include "pipeline/model_equations.hpp"
#include "plugin/registry.hpp"
#include "support/files.hpp"
#include "support/progress.hpp"
#include "transfer/basis.hpp"
#include "tune/report.hpp"

namespace mfm {
namespace {

/// Of what a transfer function is measured on.
bool same_cells(const PopulationConfig& a, const PopulationConfig& b) {
    if (a.neuron.has_value() != b.neuron.has_value() || (a.neuron && a.neuron->canonical != b.neuron->canonical) ||
        a.distributed.size() != b.distributed.size())
        return false;
    for (std::size_t i = 0; i < a.distributed.size(); ++i) {
        const Distribution &x = a.distributed[i].second, &y = b.distributed[i].second;
        if (x.kind != y.kind || x.mean != y.mean || x.sd != y.sd || x.lower != y.lower || x.upper != y.upper)
            return false;
    }
    return std::equal(a.receptors.begin(), a.receptors.end(), b.receptors.begin(), b.receptors.end(),
                      [](const mfm_receptor& x, const mfm_receptor& y) {
                          return x.shape == y.shape && x.flags == y.flags && x.tau == y.tau &&
                                 x.tau_rise == y.tau_rise && x.E_rev == y.E_rev;
                      });
}

/// Parameters at other values of which the base's transfer functions are those of other cells or weights.
std::vector<std::string> approximate_parameters(const TunedModel& model, const PipelineConfig& config,
                                                const Registry& registry) {
    std::vector<std::string> out;
    const TuneConfig& tune = model.tune();
    if (tune.network || tune.measured || is_analytic(config.transfer)) return out;
    std::vector<double> x;
    for (const TuneParameter& p : tune.parameters) x.push_back(p.initial);
    const auto config_at = [&](const std::vector<double>& at) {
        return read_pipeline(model.document_at(at), config.file, registry, {});
    };
    const PipelineConfig here = config_at(x);
    for (std::size_t i = 0; i < x.size(); ++i) {
        std::vector<double> moved = x;
        const TuneParameter& p = tune.parameters[i];
        moved[i] = p.upper - x[i] > x[i] - p.lower ? p.upper : p.lower;
        const PipelineConfig there = config_at(moved);
        bool differs = false;
        for (std::size_t k = 0; k < here.populations.size(); ++k)
            differs = differs || !same_cells(here.populations[k], there.populations[k]);
        for (std::size_t k = 0; k < here.projections.size(); ++k) {
            const Distribution &a = here.projections[k].weight, &b = there.projections[k].weight;
            differs = differs || a.mean != b.mean || a.sd != b.sd || a.lower != b.lower || a.upper != b.upper;
        }
        for (std::size_t k = 0; k < here.drives.size(); ++k)
            differs = differs || here.drives[k].weight != there.drives[k].weight;
        if (differs) out.push_back(p.name);
    }
    return out;
}

/// Refuses a parameter that no target depends on: the search would leave it where it is, and nobody would know why.
void require_effect(const TuneConfig& tune, std::span<const double> slope) {
    const std::size_t n = tune.parameters.size();
    for (std::size_t i = 0; i < n; ++i) {
        bool moves = false;
        for (std::size_t t = 0; t < tune.targets.size(); ++t) moves = moves || slope[t * n + i] != 0;
        if (moves) continue;
        const TuneParameter& p = tune.parameters[i];
        throw InputError(
            p.where,
            fmt::format("tune.parameter.{}: no target depends on '{}' where the search starts; {}", p.name, p.path,
                        tune.network || tune.measured
                            ? "leave it out, or add an objective that does"
                            : "leave it out, or, where it changes cells, tune with transfer = \"measured\""));
    }
}

void look_back(const TunedModel& model, TuneOutcome& o, const Instance& optimizer, Progress& progress) {
    const TuneConfig& tune = model.tune();
    const TuneSolution& s = *o.solution;
    std::vector<double> slope;
    std::uint32_t models = 0;
    const std::vector<double> value = model.slopes(s.x, slope, models);
    o.identifiability = identify(tune, slope);
    if (tune.bootstrap == 0) return;
    std::vector<std::vector<double>> draws(tune.bootstrap);
    progress.begin({"drawing the data anew, for intervals of the parameters", tune.bootstrap, "draws"});
    SilentProgress silent;
    for (std::uint32_t draw = 0; draw < tune.bootstrap; ++draw) {
        throw_if_interrupted();
        const std::vector<double> target = noisy_targets(tune, model.seed(), draw);
        draws[draw] = tune.refit ? solve_together(model, target, s.x, tune.evaluations, optimizer, silent).x
                                 : linear_solution(tune, s.x, value, slope, target);
        progress.advance();
    }
    progress.end();
    o.bootstrap = intervals(tune, draws);
}

/// The stages of the base, and the search, which comes after them.
constexpr std::size_t tune_stages = 6;
const StagePlace tune_stage{"tune", "tuning", tune_stages, tune_stages, ""};

} // namespace

WorkResult tune_pipeline(const TuneOptions& options, Progress& progress) {
    const unsigned threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    LoadOptions load;
    load.set = options.set;
    load.plugin_folders = options.plugin_path;
    load.seed = options.seed;
    const Registry registry(plugin_search_path(plugin_folders_of(options.file, load)));
    const PipelineConfig config = load_pipeline(options.file, registry, load);
    DocumentNode document = read_document(options.file, options.set);
    const std::optional<TuneConfig> read = read_tune(document, registry, config);
    if (!read)
        throw InputError(fmt::format("{} has no [tune]: name what is free and what it is fitted to (docs/tuning.md)",
                                     options.file.string()));
    const TuneConfig& tune = *read;
    const std::filesystem::path folder = options.out.value_or(default_run_folder(options.file));

    DocumentNode base_document = read_document(options.file, {});
    std::erase_if(base_document.entries, [](const DocumentEntry& e) { return e.key == "tune" || e.key == "variant"; });
    { // targets that the pipeline does not show, before anything is run
        const TunedModel check(document, config, tune, registry, nullptr);
    }
    std::optional<Derived> base;
    if (!tune.network) base = derive_fits(config, folder, progress, tune_stages);
    const TunedModel model(document, config, tune, registry, base ? &*base : nullptr);
    const Instance optimizer(*tune.optimizer.component, tune.optimizer.settings, tune.optimizer.where);
    std::vector<double> start;
    for (const TuneParameter& p : tune.parameters) start.push_back(p.initial);
    if (!tune.network) {
        std::vector<double> slope;
        std::uint32_t models = 0;
        static_cast<void>(model.slopes(start, slope, models));
        require_effect(tune, slope);
    }

    TuneOutcome outcome;
    outcome.approximate = approximate_parameters(model, config, registry);
    progress.stage_begin(tune_stage);
    progress.begin({"searching the parameters", tune.evaluations, "evaluations", 1, "a second"});
    bool failed = false;
    if (tune.separate) {
        outcome.front = solve_front(model, tune.evaluations, optimizer, progress);
        progress.end();
        failed = outcome.front->outcome == MFM_FAILED;
    } else {
        std::vector<double> target;
        for (const TuneTarget& t : tune.targets) target.push_back(t.target);
        outcome.solution = solve_together(model, target, start, tune.evaluations, optimizer, progress);
        progress.end();
        failed = outcome.solution->outcome == MFM_FAILED;
        if (outcome.solution->outcome != MFM_CONVERGED) progress.warn("tuning: " + outcome.solution->message);
        outcome.remarks = model.remarks(outcome.solution->x);
        look_back(model, outcome, optimizer, progress);
    }
    const std::filesystem::path into = folder / "tune";
    for (const std::string& line : write_tune(into, config.name, options.file, model, base_document, outcome))
        progress.note(line);
    progress.stage_end(StageSource::Computed);
    if (!options.quiet) fmt::print("{}\n{}\n", tune_text(config.name, model, outcome), "written to " + into.string());
    return {failed ? ExitCode::NotValid : ExitCode::Done, into.string(), "", {}};
}

} // namespace mfm
