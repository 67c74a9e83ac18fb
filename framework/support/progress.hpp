// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/diagnostics.hpp"

namespace mfm {

/// One piece of long work, which is one line for the user: what is done, and what it is counted in.
struct Task {
    std::string what;           ///< in the user's words: "sampling the transfer function of golgi_cell"
    std::uint64_t total = 0;    ///< counts; 0: unknown
    std::string unit{};         ///< of many: "points"; "" for none
    double counts_per_unit = 1; ///< 1000 where milliseconds are counted and seconds are told
    std::string rate_unit{};    ///< of units a second: "times real time"; "": the rate says nothing to a reader
};
/// A task that counts milliseconds of the network's own time.
[[nodiscard]] Task biology_task(std::string what, std::uint64_t total_ms);

/// Where in a series of stages the work is.
struct StagePlace {
    std::string name;               ///< as on the command line: "sample"
    std::string what;               ///< "sampling the transfer functions"
    std::size_t number = 0, of = 0; ///< from 1
    std::string variant;            ///< "" for the pipeline itself
};
/// Where a stage's result comes from.
enum class StageSource { Computed, EarlierRun, Base };

/// What a command is about to do, and what came of it.
struct WorkStart {
    std::string command, file, folder;
};
struct WorkResult {
    ExitCode code = ExitCode::Done;
    std::string folder, verdict; ///< verdict: as in summary.json; "" where nothing was judged
    std::vector<std::string> reasons;
};
/// What ended a command before its result.
struct WorkFailure {
    int code = 0;
    std::string sentence;
    SourcePosition where; ///< in a pipeline file, where known
    std::string go_on;    ///< the command that goes on from what is kept, or ""
};

/// Where long work reports to.  All functions may be called from any thread.
class Progress {
public:
    virtual ~Progress() = default;
    /// A new task; replaces the one before.
    virtual void begin(const Task&) = 0;
    virtual void advance(std::uint64_t done = 1) = 0;
    /// Counts that were done before, or that need not be done: they tell nothing about how fast it goes.
    virtual void skip(std::uint64_t counts) { advance(counts); }
    /// What is in hand: "condition 3 of 7 (sweep: rate = 40 Hz)".
    virtual void at(const std::string&) {}
    /// The task is over; `summary` is what is worth keeping of it ("": how much was done).
    virtual void end(const std::string& summary = {}) = 0;
    /// A line for the user outside any task.
    virtual void note(const std::string& line) = 0;
    virtual void warn(const std::string& line) = 0;

    virtual void stage_begin(const StagePlace&) {}
    virtual void stage_end(StageSource) {}
    /// The stage in hand; also the last one that was, after a failure.
    [[nodiscard]] virtual std::optional<StagePlace> stage() { return std::nullopt; }

    virtual void start(const WorkStart&) {}
    virtual void result(const WorkResult&) {}
    /// Tells a failure.  False: this display leaves that to whoever ends the program.
    virtual bool failed(const WorkFailure&) { return false; }
};

/// Says nothing: for what is done a thousand times inside of a task that has a line of its own.
class SilentProgress : public Progress {
public:
    void begin(const Task&) override {}
    void advance(std::uint64_t) override {}
    void end(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string&) override {}
};

enum class ProgressStyle { Lines, Json };
/// On standard error: a bar and the time left on a terminal, plain lines elsewhere, one JSON object a line where asked
/// for (docs/progress.md); nothing but warnings (and, as JSON, errors and results) when quiet.  Unless quiet, a
/// plugin's call that does not come back for 10 s is told (see HeldWatch).
[[nodiscard]] std::unique_ptr<Progress> make_progress(bool quiet, ProgressStyle = ProgressStyle::Lines);
/// The line that make_progress's JSON style prints for a failure, for those that happen before there is a Progress.
[[nodiscard]] std::string failure_event(const WorkFailure&);

/// Set by Ctrl-C (SIGINT, SIGTERM); long work calls throw_if_interrupted() between its steps.
void install_interrupt_handler();
[[nodiscard]] bool interrupted() noexcept;
void throw_if_interrupted();

} // namespace mfm
