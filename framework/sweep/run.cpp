// SPDX-License-Identifier: Apache-2.0
#include "sweep/run.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <thread>

#include "support/files.hpp"
#include "support/progress.hpp"
#include "sweep/claim.hpp"
#include "sweep/make.hpp"
#include "sweep/plan.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_failures = 1000; ///< of a shard, before it gives up

std::optional<std::uint64_t> whole(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// One walk over the plan: hands out points of the shard, one at a time, to any thread.
class Walk {
public:
    Walk(const Plan& plan, const Shard& shard) : reader_(plan), shard_(shard) {}
    std::optional<PlanPoint> next() {
        const std::lock_guard only_one(mutex_);
        while (std::optional<PlanPoint> point = reader_.next())
            if (point->index % shard_.of == shard_.number - 1) return point;
        return std::nullopt;
    }

private:
    std::mutex mutex_;
    PlanReader reader_;
    Shard shard_;
};

/// What became of a shard so far; shared between threads.
class Ledger {
public:
    explicit Ledger(Progress& progress) : progress_(progress) {}
    void made(bool before) {
        const std::lock_guard only_one(mutex_);
        ++done_;
        if (before) ++before_;
        before ? progress_.skip(1) : progress_.advance();
    }
    void busy() {
        const std::lock_guard only_one(mutex_);
        ++busy_;
    }
    /// A point that failed is not tried again by this worker.
    void failed(const Plan& plan, const PlanPoint& point, const Error& error) {
        const std::lock_guard only_one(mutex_);
        if (failed_.empty()) first_ = error.code;
        failed_.insert(point.name);
        progress_.warn(fmt::format("point {} ({}) failed: {}", point.name, describe(plan, point), error.what()));
        if (failed_.size() >= most_failures)
            stop(std::make_exception_ptr(
                InputError(fmt::format("{} points failed; something is wrong with all of them", failed_.size()))));
    }
    [[nodiscard]] bool has_failed(const std::string& name) {
        const std::lock_guard only_one(mutex_);
        return failed_.contains(name);
    }
    void stop(std::exception_ptr why) {
        if (!why_) why_ = std::move(why);
    }
    void stop_all(std::exception_ptr why) {
        const std::lock_guard only_one(mutex_);
        stop(std::move(why));
    }
    [[nodiscard]] bool stopped() {
        const std::lock_guard only_one(mutex_);
        return why_ != nullptr;
    }
    void rethrow() {
        if (why_) std::rethrow_exception(why_);
    }
    /// A new walk begins.
    void forget_walk() { done_ = before_ = busy_ = 0; }

    [[nodiscard]] std::uint64_t waiting() const { return busy_; }
    [[nodiscard]] std::size_t failures() const { return failed_.size(); }
    [[nodiscard]] ExitCode first() const { return first_; }
    [[nodiscard]] std::uint64_t found() const { return before_; }

private:
    std::mutex mutex_;
    Progress& progress_;
    std::uint64_t done_ = 0, before_ = 0, busy_ = 0;
    std::set<std::string> failed_;
    ExitCode first_ = ExitCode::BadInput;
    std::exception_ptr why_;
};

enum class Outcome { Made, There, Busy };

Outcome make_point(const Plan& plan, const PlanPoint& point, PointMaker& maker, Progress& progress) {
    if (is_made(plan, point)) return Outcome::There;
    std::error_code error;
    fs::create_directories(plan.lock(point).parent_path(), error);
    if (error)
        throw DiskError(
            fmt::format("cannot make the folder '{}': {}", plan.lock(point).parent_path().string(), error.message()));
    const auto claim = Claim::take(plan.lock(point));
    if (!claim) return Outcome::Busy;
    if (is_made(plan, point)) return Outcome::There; // by the claim's holder before us
    maker.make(point, progress);
    return Outcome::Made;
}

void make_some(const Plan& plan, Walk& walk, PointMaker& maker, Ledger& ledger, Progress& progress) {
    while (!ledger.stopped()) {
        const std::optional<PlanPoint> point = walk.next();
        if (!point) return;
        try {
            throw_if_interrupted();
            if (ledger.has_failed(point->name)) continue;
            const Outcome outcome = make_point(plan, *point, maker, progress);
            if (outcome == Outcome::Busy)
                ledger.busy();
            else
                ledger.made(outcome == Outcome::There);
        } catch (const Interrupted&) {
            ledger.stop_all(std::current_exception());
        } catch (const DiskError&) {
            ledger.stop_all(std::current_exception()); // the others would meet the same disk
        } catch (const Error& failure) {
            ledger.failed(plan, *point, failure);
        } catch (const fs::filesystem_error& failure) {
            ledger.stop_all(std::make_exception_ptr(DiskError(failure.what())));
        } catch (...) {
            ledger.stop_all(std::current_exception());
        }
    }
}

std::uint64_t points_in(const Plan& plan, const Shard& shard) {
    std::uint64_t n = 0;
    for (Walk walk(plan, shard); walk.next();) ++n;
    return n;
}

} // namespace

Shard parse_shard(const std::string& text) {
    const auto slash = text.find('/');
    const auto number = whole(std::string_view(text).substr(0, slash));
    const auto of = slash == std::string::npos ? std::nullopt : whole(std::string_view(text).substr(slash + 1));
    if (!number || !of || *number < 1 || *number > *of)
        throw InputError(fmt::format("--shard must be i/n with i from 1 to n, but is '{}'", text));
    return {*number, *of};
}

Shard shard_of_environment() {
    const auto variable = [](const char* name) -> std::optional<std::uint64_t> {
        const char* text = std::getenv(name);
        if (text == nullptr) return std::nullopt;
        const auto value = whole(text);
        if (!value) throw InputError(fmt::format("{} must be a whole number, but is '{}'; give --shard", name, text));
        return value;
    };
    const auto id = variable("SLURM_ARRAY_TASK_ID");
    if (!id) return {};
    const auto count = variable("SLURM_ARRAY_TASK_COUNT");
    if (!count) throw InputError("SLURM_ARRAY_TASK_ID is set but SLURM_ARRAY_TASK_COUNT is not; give --shard");
    const std::uint64_t least = variable("SLURM_ARRAY_TASK_MIN").value_or(1);
    const std::uint64_t step = std::max<std::uint64_t>(1, variable("SLURM_ARRAY_TASK_STEP").value_or(1));
    const bool fits = *id >= least && (*id - least) % step == 0 && (*id - least) / step < *count;
    // An array like 1,5,7 has neither a step nor a last index that a task could tell its place by.
    if (!fits)
        throw InputError(
            fmt::format("task {} of an array of {} that begins at {} with steps of {} is no shard; use an array "
                        "without gaps, or give --shard",
                        *id, *count, least, step));
    return {(*id - least) / step + 1, *count};
}

ExitCode run_sweep(const SweepRunOptions& options, Progress& progress) {
    const unsigned threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    const Plan plan = open_plan(options.plan);
    PointMaker maker(plan, options.plugin_path, threads);
    maker.make_base(progress);
    if (options.base_only) return ExitCode::Done;

    const std::uint64_t n = points_in(plan, options.shard);
    Ledger ledger(progress);
    const bool alone = plan.library.points == LibraryConfig::Points::MeanField;
    for (bool told = false;;) {
        progress.begin({options.shard.of == 1 ? std::string("making the library's points")
                                              : fmt::format("making the points of shard {} of {}", options.shard.number,
                                                            options.shard.of),
                        n, "points", 1, "points/s"});
        ledger.forget_walk();
        Walk walk(plan, options.shard);
        if (alone) // a point is small, and is solved where it is taken
            tbb::parallel_for(0U, threads, [&](unsigned) {
                tbb::this_task_arena::isolate([&] { make_some(plan, walk, maker, ledger, progress); });
            });
        else
            make_some(plan, walk, maker, ledger, progress);
        ledger.rethrow();
        if (ledger.waiting() == 0) break;
        if (!told) progress.note(fmt::format("waiting for {} points that other workers make", ledger.waiting()));
        told = true;
        for (int i = 0; i < 5; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            throw_if_interrupted();
        }
    }
    const std::size_t failures = ledger.failures();
    progress.end(fmt::format("{} of {} points are there, {} of them from before", n - failures, n, ledger.found()));
    if (failures > 0)
        throw Error(ledger.first(),
                    fmt::format("{} of {} points failed (see the warnings above); the others are kept, and the same "
                                "command tries these again",
                                failures, n));
    return ExitCode::Done;
}

} // namespace mfm
