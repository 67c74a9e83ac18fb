// SPDX-License-Identifier: Apache-2.0
#include "pipeline/stages.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>

namespace mfm {
namespace {

std::size_t position(const std::string& stage) {
    return static_cast<std::size_t>(std::find(stage_names.begin(), stage_names.end(), stage) - stage_names.begin());
}
void require_stage(const std::string& name, const char* option) {
    if (name.empty() || position(name) < stage_names.size()) return;
    std::string all;
    for (const std::string& s : stage_names) all += (all.empty() ? "" : ", ") + s;
    throw InputError(std::string(option) + ": there is no stage '" + name + "'" + did_you_mean(name, stage_names) +
                     "; the stages are " + all);
}

} // namespace

std::string stage_work(const std::string& stage) {
    static constexpr std::array work{"building the network",
                                     "simulating the network",
                                     "reducing the network to populations and pathways",
                                     "sampling the transfer functions",
                                     "fitting the transfer functions",
                                     "solving the mean field",
                                     "comparing the mean field with the network",
                                     "writing the results"};
    return work.at(position(stage));
}
StagePlace stage_place(const std::string& stage, const std::string& variant, std::size_t of) {
    return {stage, stage_work(stage), position(stage) + 1, of, variant};
}

double process_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

StageRunner::StageRunner(std::filesystem::path folder, std::string only, std::string from, Progress& progress,
                         std::string variant, std::size_t of)
    : folder_(std::move(folder)), only_(std::move(only)), from_(std::move(from)), progress_(progress),
      variant_(std::move(variant)), of_(of) {
    require_stage(only_, "--only");
    require_stage(from_, "--from");
    for (const std::string& stage : stage_names) times_.push_back({stage, {}, {}, false});
}

bool StageRunner::may_reuse(const std::string& stage, const std::filesystem::path& path,
                            const std::string& hash) const {
    if (only_ == stage || (!from_.empty() && position(stage) >= position(from_))) return false;
    return stored_state(path, hash) == Stored::Ready;
}

void StageRunner::require_allowed(const std::string& stage, const std::filesystem::path& path) const {
    if (is_only_another(stage))
        throw InputError("--only " + only_ + " needs the result of the stage " + stage + ", but " + path.string() +
                         " does not hold it for this pipeline; run without --only first");
}

void StageRunner::begin(const std::string& stage) {
    progress_.stage_begin(stage_place(stage, variant_, of_));
}

void StageRunner::finish(const std::string& stage, const Clock& clock, bool cached) {
    StageTime& t = times_[position(stage)];
    t.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - clock.wall).count();
    t.cpu_s = process_cpu_seconds() - clock.cpu;
    t.cached = cached;
    progress_.stage_end(cached ? StageSource::EarlierRun : StageSource::Computed);
}

void StageRunner::take_over(const std::string& stage, const std::string& file, const std::filesystem::path& from) {
    StageTime& t = times_[position(stage)];
    t.wall_s = t.cpu_s = 0.0;
    t.cached = t.of_base = true;
    begin(stage);
    progress_.stage_end(StageSource::Base);
    // Files are written beside and renamed, never in place: a link is as good as a copy.
    const std::filesystem::path to = folder_ / file;
    std::error_code failure;
    if (std::filesystem::equivalent(from, to, failure)) return;
    std::filesystem::create_directories(folder_, failure);
    std::filesystem::remove(to, failure);
    std::filesystem::create_hard_link(from, to, failure);
    if (failure) {
        failure.clear();
        std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, failure);
    }
    if (failure) throw InputError("cannot copy '" + from.string() + "' to '" + to.string() + "': " + failure.message());
}

void StageRunner::run(const std::string& stage, const std::function<void()>& compute) {
    begin(stage);
    const Clock clock;
    compute();
    finish(stage, clock, false);
}

} // namespace mfm
