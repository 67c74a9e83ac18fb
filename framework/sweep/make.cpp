// SPDX-License-Identifier: Apache-2.0
#include "sweep/make.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "output/store.hpp"
#include "pipeline/derivation.hpp"
#include "pipeline/hashes.hpp"
#include "pipeline/run.hpp"
#include "support/files.hpp"
#include "sweep/claim.hpp"
#include "validate/scores.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

/// A point that is derived from the network, as what is in hand of the points; its warnings tell which point they are
/// of.
class PointProgress final : public SilentProgress {
public:
    PointProgress(Progress& to, std::string point) : to_(to), point_(std::move(point)) {}
    void warn(const std::string& line) override { to_.warn("point " + point_ + ": " + line); }
    void stage_begin(const StagePlace& s) override {
        to_.at(fmt::format("point {}, stage {} of {}, {}", point_, s.number, s.of, s.what));
    }

private:
    Progress& to_;
    std::string point_;
};

std::vector<fs::path> search_path(const Plan& plan, const std::vector<fs::path>& plugin_path) {
    LoadOptions load;
    load.plugin_folders = plugin_path;
    return plugin_search_path(plugin_folders_of(plan.folder / "pipeline.toml", load));
}

/// Numbers of a derivation, from what its stages left in its folder.
Member member_of_run(const PipelineConfig& config, const fs::path& folder) {
    const StageHashes hashes = stage_hashes(config);
    Member member;
    const auto summary = nlohmann::json::parse(read_file(folder / "summary.json"));
    if (summary["verdict"].is_string()) member.verdict = summary["verdict"].get<std::string>();
    for (const auto& reason : summary["reasons"]) member.reasons.push_back(reason.get<std::string>());
    const MeanFieldResults results = load_mean_field(folder / "mean_field.h5", hashes.solve);
    add_mean_field(member, results);
    const Network network = load_network(folder / "network.h5", hashes.build);
    const SpikeRecord record = load_spike_record(folder / "spikes.h5", hashes.simulate);
    const std::vector<RecordedPopulation> populations = recorded_populations(config, network);
    ValidationReport report = compare(record, populations, results, config.validation);
    add_scores(record, populations, results, config.validation, report);
    add_network(member, report, results);
    add_transfer(member, load_transfer_fits(folder / "transfer_fits.h5", hashes.fit));
    return member;
}

} // namespace

bool is_made(const Plan& plan, const PlanPoint& point) {
    const fs::path file = plan.point_folder(point) / member_file;
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return false;
    try {
        return point_name(read_stamp(file).hash) == point.name;
    } catch (const InputError&) {
        return false; // it is made again
    }
}
bool base_is_made(const Plan& plan) {
    return stored_state(plan.base_folder() / member_file, base_hash(plan)) == Stored::Ready;
}

PointMaker::PointMaker(const Plan& plan, std::vector<fs::path> plugin_path, unsigned threads)
    : plan_(plan), plugin_path_(std::move(plugin_path)), threads_(threads), registry_(search_path(plan, plugin_path_)) {
}

void PointMaker::derive(const DocumentNode& document, const fs::path& folder, const std::string& hash,
                        Progress& progress) {
    const fs::path file = folder / "pipeline.toml";
    write_file(file, to_toml(document));
    RunOptions run;
    run.file = file;
    run.out = folder;
    run.threads = threads_;
    run.plugin_path = plugin_path_;
    run.quiet = true;
    static_cast<void>(run_pipeline(run, progress)); // a model that is not valid is an answer, and its verdict says so
    save_member(folder / member_file, member_of_run(load_pipeline(file, registry_), folder), hash);
}

void PointMaker::make_base(Progress& progress) {
    if (plan_.library.points != LibraryConfig::Points::MeanField) return;
    bool told = false;
    while (!base_is_made(plan_)) {
        fs::create_directories(plan_.base_folder());
        if (const auto claim = Claim::take(plan_.folder / "base.lock")) {
            if (base_is_made(plan_)) break;
            progress.note("the mean field that the points change is derived first, in " + plan_.base_folder().string());
            derive(base_document(plan_), plan_.base_folder(), base_hash(plan_), progress);
            break;
        }
        if (!told) progress.note("another worker derives the mean field that the points change; waiting for it");
        told = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        throw_if_interrupted();
    }
    if (base_) return;
    const PipelineConfig config = read_pipeline(base_document(plan_), plan_.base_folder() / "pipeline.toml", registry_);
    base_ = std::make_unique<FittedBase>(load_fitted_base(config, plan_.base_folder(), progress));
}

Member PointMaker::solve(const DocumentNode& document) {
    const PipelineConfig config = read_pipeline(document, plan_.folder / "pipeline.toml", registry_);
    SilentProgress silent;
    const MeanFieldModel model = changed_model(*base_, config, silent);
    Member member;
    add_mean_field(member, solve_model(config, model, nullptr, changed_conditions(*base_, config), silent));
    return member;
}

void PointMaker::make(const PlanPoint& point, Progress& progress) {
    const fs::path folder = plan_.point_folder(point), working = plan_.working_folder(point);
    const DocumentNode document = point_document(plan_, point);
    const std::string hash = point_hash(plan_, document);
    if (point_name(hash) != point.name)
        throw InputError(
            fmt::format("point {} of the plan is another one for this version of automfm; make the plan again with "
                        "`automfm sweep plan`",
                        point.name));
    fs::remove_all(folder); // damaged, or of another version
    if (plan_.library.points == LibraryConfig::Points::Derive) {
        PointProgress of_point(progress, point.name);
        if (stored_state(working / member_file, hash) != Stored::Ready) // else a worker ended on the last steps
            derive(document, working, hash, of_point); // goes on with what an earlier worker left there
        if (!plan_.library.keep_stages)
            for (const char* file : {"network.h5", "spikes.h5", "transfer_tables.h5"}) fs::remove(working / file);
    } else {
        fs::remove_all(working); // half a file of a worker that died
        const Member member = solve(document);
        const std::lock_guard only_one(files_);
        save_member(working / member_file, member, hash);
    }
    fs::rename(working, folder);
}

} // namespace mfm
