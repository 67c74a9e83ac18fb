// SPDX-License-Identifier: Apache-2.0
#include "support/progress.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "support/diagnostics.hpp"
#include "support/held.hpp"

namespace mfm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{10}; // with a plugin's call, before it is told

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string duration_text(double seconds) {
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    if (seconds < 99.5) return fmt::format("{:.0f} s", seconds);
    const auto minutes = static_cast<long>(seconds / 60.0 + 0.5);
    return minutes < 100 ? fmt::format("{} min", minutes) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

/// What both kinds of display share: the count, and when the next look at it is due.
class CountedProgress : public Progress {
public:
    void begin(const std::string& what, std::uint64_t total) override {
        const std::lock_guard lock(mutex_);
        what_ = what;
        total_ = total;
        done_.store(0, std::memory_order_relaxed);
        start_ = Clock::now();
        next_.store(interval_ms_, std::memory_order_relaxed);
        running_ = true;
        begun();
    }

    void advance(std::uint64_t done) override {
        done_.fetch_add(done, std::memory_order_relaxed);
        const auto now = static_cast<std::int64_t>(1e3 * seconds_since(start_));
        if (now < next_.load(std::memory_order_relaxed)) return;
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock || !running_) return; // another thread is showing it
        next_.store(now + interval_ms_, std::memory_order_relaxed);
        show();
    }

    void end(const std::string& summary) override {
        const std::lock_guard lock(mutex_);
        if (!running_) return;
        running_ = false;
        const std::string time = duration_text(seconds_since(start_));
        line(summary.empty() ? fmt::format("{}: {}", what_, time) : fmt::format("{}: {} ({})", what_, summary, time));
    }

    void note(const std::string& text) override {
        const std::lock_guard lock(mutex_);
        line(text);
    }

    void warn(const std::string& text) override {
        const std::lock_guard lock(mutex_);
        line("warning: " + text);
    }

protected:
    explicit CountedProgress(std::int64_t interval_ms) : interval_ms_(interval_ms) {}
    virtual void begun() = 0;                       ///< under the lock
    virtual void show() = 0;                        ///< under the lock
    virtual void line(const std::string& text) = 0; ///< under the lock

    [[nodiscard]] double fraction() const {
        const auto done = static_cast<double>(done_.load(std::memory_order_relaxed));
        return total_ == 0 ? 0.0 : std::min(1.0, done / static_cast<double>(total_));
    }
    /// "45 %, 12 s left", or the bare count when the total is unknown.
    [[nodiscard]] std::string state_text() const {
        if (total_ == 0) {
            const auto done = done_.load(std::memory_order_relaxed);
            const std::string time = duration_text(seconds_since(start_));
            return done == 0 ? time : fmt::format("{} in {}", done, time);
        }
        const double f = fraction(), elapsed = seconds_since(start_);
        std::string text = fmt::format("{:3.0f} %", 100.0 * f);
        if (f > 0.0 && elapsed > 0.5) text += fmt::format(", {} left", duration_text(elapsed * (1.0 - f) / f));
        return text;
    }
    [[nodiscard]] const std::string& what() const { return what_; }
    [[nodiscard]] std::uint64_t total() const { return total_; }

private:
    std::mutex mutex_;
    std::string what_;
    std::uint64_t total_ = 0;
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::int64_t> next_{0}; ///< ms after the start
    const std::int64_t interval_ms_;
    Clock::time_point start_ = Clock::now();
    bool running_ = false;
};

/// One line that is drawn over itself ten times a second.
class TerminalProgress final : public CountedProgress {
public:
    TerminalProgress() : CountedProgress(100) {}
    ~TerminalProgress() override { clear(); }

private:
    void begun() override { show(); }
    void show() override {
        winsize size{};
        const std::size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
        std::string text = what();
        if (total() > 0) {
            constexpr std::size_t width = 24;
            const auto full = static_cast<std::size_t>(fraction() * static_cast<double>(width));
            text += fmt::format("  [{}{}] ", std::string(full, '='), std::string(width - full, ' '));
        } else {
            text += "  ";
        }
        text += state_text();
        if (text.size() >= columns) text.resize(columns - 1);
        fmt::print(stderr, "\r\x1b[K{}", text);
        std::fflush(stderr);
        drawn_ = true;
    }
    void line(const std::string& text) override {
        clear();
        fmt::print(stderr, "{}\n", text);
    }
    void clear() {
        if (drawn_) fmt::print(stderr, "\r\x1b[K");
        drawn_ = false;
    }
    bool drawn_ = false;
    HeldWatch watch_{patience, [this](const std::string& text) { note(text); }}; // last: it ends first
};

/// A line now and then, for logs.
class PlainProgress final : public CountedProgress {
public:
    PlainProgress() : CountedProgress(10000) {}

private:
    void begun() override {}
    void show() override { line(fmt::format("{}: {}", what(), state_text())); }
    void line(const std::string& text) override {
        fmt::print(stderr, "{}\n", text);
        std::fflush(stderr);
    }
    HeldWatch watch_{patience, [this](const std::string& text) { note(text); }};
};

class QuietProgress final : public Progress {
public:
    void begin(const std::string&, std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void end(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string& text) override { fmt::print(stderr, "warning: {}\n", text); }
};

// A signal handler can reach nothing but a variable of static storage.
std::atomic<bool> interrupt_seen{false};
static_assert(std::atomic<bool>::is_always_lock_free);
extern "C" void remember_interrupt(int) {
    interrupt_seen.store(true);
}

} // namespace

std::unique_ptr<Progress> make_progress(bool quiet) {
    if (quiet) return std::make_unique<QuietProgress>();
    const char* term = std::getenv("TERM");
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    if (isatty(STDERR_FILENO) == 1 && !dumb) return std::make_unique<TerminalProgress>();
    return std::make_unique<PlainProgress>();
}

void install_interrupt_handler() {
    interrupt_seen.store(false); // what interrupted an earlier run is no reason to stop this one
    struct sigaction action {};
    action.sa_handler = remember_interrupt;
    // The second signal ends the process: a plugin's call may never come back.
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
    return interrupt_seen.load();
}

void throw_if_interrupted() {
    if (interrupted()) throw Interrupted("interrupted; finished stages are kept, and the next run goes on from them");
}

} // namespace mfm
