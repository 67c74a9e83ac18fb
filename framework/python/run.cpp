// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>

#include "pipeline/model_equations.hpp"
#include "python/bindings.hpp"
#include "support/interrupt.hpp"
#include "support/version.hpp"

namespace mfm {
namespace {

namespace py = pybind11;
using namespace py::literals;

/// Collects what the work reports, for the thread that waits for it and may call Python.
class Reports final : public Progress {
public:
    /// shown: where the reports go besides; NULL: nowhere.
    explicit Reports(Progress* shown) : shown_(shown) {}
    struct Look {
        std::string what;
        std::uint64_t done = 0, total = 0;
    };

    void begin(const Task& task) override {
        if (shown_ != nullptr) shown_->begin(task);
        const std::lock_guard lock(mutex_);
        task_ = {task.what, 0, task.total};
        done_.store(0);
        running_ = true;
    }
    void advance(std::uint64_t done) override {
        if (shown_ != nullptr) shown_->advance(done);
        done_.fetch_add(done, std::memory_order_relaxed);
    }
    void skip(std::uint64_t counts) override {
        if (shown_ != nullptr) shown_->skip(counts);
        done_.fetch_add(counts, std::memory_order_relaxed);
    }
    void at(const std::string& what) override {
        if (shown_ != nullptr) shown_->at(what);
    }
    void stage_begin(const StagePlace& place) override {
        if (shown_ != nullptr) shown_->stage_begin(place);
    }
    void stage_end(StageSource source) override {
        if (shown_ != nullptr) shown_->stage_end(source);
    }
    std::optional<StagePlace> stage() override { return shown_ != nullptr ? shown_->stage() : std::nullopt; }
    void end(const std::string& summary) override {
        if (shown_ != nullptr) shown_->end(summary);
        const std::lock_guard lock(mutex_);
        if (running_) over_.push_back({task_.what, std::max(done_.load(), task_.total), task_.total});
        running_ = false;
    }
    void note(const std::string& line) override {
        if (shown_ != nullptr) shown_->note(line);
    }
    void warn(const std::string& line) override {
        if (shown_ != nullptr) return shown_->warn(line);
        const std::lock_guard lock(mutex_);
        warnings_.push_back(line);
    }

    /// Tasks that are over since the last look, then the one that runs.
    std::vector<Look> tasks() {
        const std::lock_guard lock(mutex_);
        std::vector<Look> out(over_.begin(), over_.end());
        over_.clear();
        if (running_) out.push_back({task_.what, done_.load(), task_.total});
        return out;
    }
    std::vector<std::string> warnings() {
        const std::lock_guard lock(mutex_);
        return std::exchange(warnings_, {});
    }

private:
    Progress* shown_;
    std::mutex mutex_;
    Look task_;
    std::atomic<std::uint64_t> done_{0};
    bool running_ = false;
    std::deque<Look> over_;
    std::vector<std::string> warnings_;
};

/// Work in a thread of its own, while this one looks ten times a second whether Python wants something: Ctrl-C is
/// noticed by Python's own handler, and whatever it or `look` raises stops the work, and is raised when that has ended.
void work_while_looking(const std::function<void()>& work, const std::function<void()>& look) {
    static std::mutex one_at_a_time; // Ctrl-C stops all that works
    std::unique_lock alone(one_at_a_time, std::try_to_lock);
    if (!alone) throw InputError("another run is under way in this process: wait for it");
    request_interrupt(false);
    std::exception_ptr failure;
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::thread worker([&] {
        try {
            work();
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        over = true;
        changed.notify_one();
    });
    std::exception_ptr raised;
    while (true) {
        {
            const py::gil_scoped_release release;
            std::unique_lock lock(mutex);
            if (changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return over; })) break;
        }
        if (raised) continue;
        try {
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            look();
        } catch (...) {
            raised = std::current_exception();
            request_interrupt(true);
        }
    }
    worker.join();
    request_interrupt(false);
    if (raised && failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const Interrupted&) {
            try {
                std::rethrow_exception(raised);
            } catch (py::error_already_set& error) {
                if (!error.matches(PyExc_KeyboardInterrupt)) throw;
            }
            throw; // says what is kept
        }
    }
    if (raised) std::rethrow_exception(raised);
    if (failure) std::rethrow_exception(failure);
    look();
}

void warn(const std::string& sentence) {
    if (PyErr_WarnEx(PyExc_UserWarning, sentence.c_str(), 2) != 0) throw py::error_already_set();
}

/// Returns the run's folder.
std::filesystem::path run(const std::filesystem::path& file, const std::optional<std::filesystem::path>& out,
                          const std::vector<std::string>& set, std::optional<std::uint64_t> seed, unsigned threads,
                          const std::optional<std::vector<std::string>>& variants,
                          const std::vector<std::filesystem::path>& plugin_path,
                          const std::optional<py::function>& progress, bool quiet) {
    RunOptions options;
    options.file = file;
    options.out = out.value_or(default_run_folder(file));
    options.set = set;
    options.seed = seed;
    options.threads = threads;
    options.plugin_path = plugin_path;
    options.quiet = quiet;
    if (variants) {
        options.variants = *variants;
        options.no_variants = variants->empty();
    }
    const std::unique_ptr<Progress> shown = quiet ? nullptr : make_progress(false);
    Reports reports(shown.get());
    work_while_looking([&] { run_pipeline(options, reports); },
                       [&] {
                           for (const std::string& line : reports.warnings()) warn(line);
                           for (const Reports::Look& task : reports.tasks())
                               if (progress) (*progress)(task.what, task.done, task.total);
                       });
    std::fflush(stdout);
    return *options.out;
}

} // namespace

void bind_run(py::module_& module) {
    module.def("run", &run, "file"_a, "out"_a, "set"_a, "seed"_a, "threads"_a, "variants"_a, "plugin_path"_a,
               "progress"_a, "quiet"_a);
    module.def("version", &automfm_version);
}

} // namespace mfm
