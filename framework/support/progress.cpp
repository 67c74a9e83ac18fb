// SPDX-License-Identifier: Apache-2.0
#include "support/progress.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "support/held.hpp"
#include "support/interrupt.hpp"
#include "support/progress_events.hpp"
#include "support/progress_state.hpp"

namespace mfm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{10};             // with a plugin's call, before it is told
constexpr std::chrono::milliseconds redraw{100};         // a terminal's line
constexpr std::chrono::milliseconds log_interval{10000}; // plain lines
constexpr std::chrono::milliseconds event_interval{500}; // JSON

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}
void put_line(const std::string& text) {
    fmt::print(stderr, "{}\n", text);
    std::fflush(stderr);
}

/// What all displays share: the counts.  Whoever shows them does so under the lock.
class CountedProgress : public Progress {
public:
    void begin(const Task& task) override {
        const std::lock_guard lock(mutex_);
        task_ = task;
        at_.clear();
        done_.store(0, std::memory_order_relaxed);
        skipped_.store(0, std::memory_order_relaxed);
        task_start_ = Clock::now();
        had_task_ = true;
        task_begun(state());
    }
    void advance(std::uint64_t done) override { done_.fetch_add(done, std::memory_order_relaxed); }
    void skip(std::uint64_t counts) override {
        skipped_.fetch_add(counts, std::memory_order_relaxed);
        done_.fetch_add(counts, std::memory_order_relaxed);
    }
    void at(const std::string& text) override {
        const std::lock_guard lock(mutex_);
        at_ = text;
    }
    void end(const std::string& summary) override {
        const std::lock_guard lock(mutex_);
        if (!task_) return;
        at_.clear();
        task_ended(state(), summary);
        task_.reset();
    }
    void note(const std::string& text) override {
        const std::lock_guard lock(mutex_);
        noted(state(), text);
    }
    void warn(const std::string& text) override {
        const std::lock_guard lock(mutex_);
        warned(state(), text);
    }
    void stage_begin(const StagePlace& stage) override {
        const std::lock_guard lock(mutex_);
        stage_ = stage;
        task_.reset();
        at_.clear();
        stage_start_ = Clock::now();
        had_task_ = false;
        stage_begun(state());
    }
    void stage_end(StageSource source) override {
        const std::lock_guard lock(mutex_);
        if (!stage_) return;
        task_.reset();
        stage_ended(state(), source, had_task_);
        stage_.reset();
    }
    std::optional<StagePlace> stage() override {
        const std::lock_guard lock(mutex_);
        return stage_;
    }

protected:
    // All of these are called under the lock.
    virtual void task_begun(const ProgressState&) {}
    virtual void task_ended(const ProgressState&, const std::string& /*summary*/) {}
    virtual void stage_begun(const ProgressState&) {}
    virtual void stage_ended(const ProgressState&, StageSource, bool /*had_task*/) {}
    virtual void noted(const ProgressState&, const std::string&) {}
    virtual void warned(const ProgressState&, const std::string&) = 0;
    virtual void show(const ProgressState&) {}

    [[nodiscard]] ProgressState state() const {
        const bool in_task = task_.has_value();
        return {stage_,
                task_,
                at_,
                in_task ? done_.load(std::memory_order_relaxed) : 0,
                in_task ? skipped_.load(std::memory_order_relaxed) : 0,
                seconds_since(in_task ? task_start_ : stage_start_)};
    }
    /// Looks at the work from a thread of its own for as long as it lives.
    class Ticker {
    public:
        Ticker(CountedProgress& of, std::chrono::milliseconds interval)
            : thread_([&of, interval](const std::stop_token& stop) {
                  std::mutex mutex;
                  std::condition_variable_any wake;
                  std::unique_lock lock(mutex);
                  Clock::time_point shown = Clock::now();
                  bool told = false;
                  while (!wake.wait_for(lock, stop, redraw, [&] { return stop.stop_requested(); })) {
                      if (!told && interrupted()) {
                          told = true;
                          of.note("stopping as soon as what is under way can be kept; a second Ctrl-C ends at once");
                      }
                      // A task gets a whole interval before its first line.
                      shown = std::max(shown, of.begun());
                      if (Clock::now() - shown < interval) continue;
                      shown = Clock::now();
                      const std::lock_guard showing(of.mutex_);
                      if (of.task_ || of.stage_) of.show(of.state());
                  }
              }) {}

    private:
        std::jthread thread_;
    };

private:
    Clock::time_point begun() {
        const std::lock_guard lock(mutex_);
        return task_ ? task_start_ : stage_start_;
    }

    std::mutex mutex_;
    std::optional<StagePlace> stage_;
    std::optional<Task> task_;
    std::string at_;
    std::atomic<std::uint64_t> done_{0}, skipped_{0};
    Clock::time_point task_start_ = Clock::now(), stage_start_ = Clock::now();
    bool had_task_ = false; ///< in this stage
};

/// Lines for people.
class LinesProgress : public CountedProgress {
protected:
    virtual void line(const std::string& text) = 0;
    void task_ended(const ProgressState& s, const std::string& summary) override { line(ended_line(s, summary)); }
    void stage_ended(const ProgressState& s, StageSource source, bool had_task) override {
        const std::string begin = position_text(s) + work_text(s) + ": ";
        if (source == StageSource::EarlierRun)
            line(begin + "taken from the earlier run");
        else if (source == StageSource::Base)
            line(begin + "the same as without the variant");
        else if (!had_task)
            line(ended_line(s, ""));
    }
    void noted(const ProgressState& s, const std::string& text) override { line(position_text(s) + text); }
    void warned(const ProgressState& s, const std::string& text) override {
        const std::string variant = s.stage ? s.stage->variant : "";
        line("warning: " + (variant.empty() ? "" : "variant '" + variant + "': ") + text);
    }
};

/// One line that is drawn over itself.
class TerminalProgress final : public LinesProgress {
public:
    TerminalProgress() = default;
    TerminalProgress(const TerminalProgress&) = delete;
    TerminalProgress& operator=(const TerminalProgress&) = delete;
    ~TerminalProgress() override {
        ticker_.reset();
        watch_.reset();
        clear();
    }

private:
    void task_begun(const ProgressState& s) override { show(s); }
    void stage_begun(const ProgressState& s) override { show(s); }
    void stage_ended(const ProgressState& s, StageSource source, bool had_task) override {
        clear();
        LinesProgress::stage_ended(s, source, had_task);
    }
    void show(const ProgressState& s) override {
        winsize size{};
        const std::size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
        fmt::print(stderr, "\r\x1b[K{}", terminal_line(s, columns - 1)); // a full line would wrap
        std::fflush(stderr);
        drawn_ = true;
    }
    void line(const std::string& text) override {
        clear();
        put_line(text);
    }
    void clear() {
        if (drawn_) fmt::print(stderr, "\r\x1b[K");
        drawn_ = false;
    }
    bool drawn_ = false;
    std::optional<HeldWatch> watch_{std::in_place, patience, [this](const std::string& text) { note(text); }};
    std::optional<Ticker> ticker_{std::in_place, *this, redraw};
};

/// A line now and then, for logs.
class PlainProgress final : public LinesProgress {
    void show(const ProgressState& s) override { line(plain_line(s)); }
    void line(const std::string& text) override { put_line(text); }
    HeldWatch watch_{patience, [this](const std::string& text) { note(text); }}; // these two end first
    Ticker ticker_{*this, log_interval};
};

class QuietProgress final : public CountedProgress {
    void warned(const ProgressState&, const std::string& text) override { put_line("warning: " + text); }
};

/// Events for programs.
class JsonProgress final : public CountedProgress {
public:
    void start(const WorkStart& what) override { put_line(start_event(what)); }
    void result(const WorkResult& what) override { put_line(result_event(what)); }
    bool failed(const WorkFailure& what) override {
        put_line(failure_event(what, stage()));
        return true;
    }

private:
    void task_begun(const ProgressState& s) override { put_line(task_event("task_begin", s)); }
    void task_ended(const ProgressState& s, const std::string& summary) override {
        put_line(task_event("task_end", s, summary));
    }
    void stage_begun(const ProgressState& s) override { put_line(stage_event(s)); }
    void stage_ended(const ProgressState& s, StageSource source, bool) override { put_line(stage_event(s, source)); }
    void noted(const ProgressState& s, const std::string& text) override { put_line(text_event("note", s, text)); }
    void warned(const ProgressState& s, const std::string& text) override { put_line(text_event("warning", s, text)); }
    void show(const ProgressState& s) override {
        if (s.task) put_line(task_event("progress", s));
    }
    HeldWatch watch_{patience, [this](const std::string& text) { note(text); }};
    Ticker ticker_{*this, event_interval};
};

class QuietJsonProgress final : public CountedProgress {
public:
    void result(const WorkResult& what) override { put_line(result_event(what)); }
    bool failed(const WorkFailure& what) override {
        put_line(failure_event(what, stage()));
        return true;
    }

private:
    void warned(const ProgressState& s, const std::string& text) override { put_line(text_event("warning", s, text)); }
};

// A signal handler can reach nothing but a variable of static storage.
std::atomic<bool> interrupt_seen{false};
static_assert(std::atomic<bool>::is_always_lock_free);
extern "C" void remember_interrupt(int) {
    interrupt_seen.store(true);
}

} // namespace

std::unique_ptr<Progress> make_progress(bool quiet, ProgressStyle style) {
    if (style == ProgressStyle::Json) {
        if (quiet) return std::make_unique<QuietJsonProgress>();
        return std::make_unique<JsonProgress>();
    }
    if (quiet) return std::make_unique<QuietProgress>();
    const char* term = std::getenv("TERM");
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    if (isatty(STDERR_FILENO) == 1 && !dumb) return std::make_unique<TerminalProgress>();
    return std::make_unique<PlainProgress>();
}

std::string failure_event(const WorkFailure& what) {
    return failure_event(what, std::nullopt);
}

void install_interrupt_handler() {
    request_interrupt(false); // what interrupted an earlier run is no reason to stop this one
    struct sigaction action {};
    action.sa_handler = remember_interrupt;
    // The second signal ends the process: a plugin's call may never come back.
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void request_interrupt(bool requested) noexcept {
    interrupt_seen.store(requested);
}

bool interrupted() noexcept {
    return interrupt_seen.load();
}

void throw_if_interrupted() {
    if (interrupted()) throw Interrupted("interrupted; what is finished is kept");
}

} // namespace mfm
