// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace mfm {

/// Where long work reports to.  A task is one line: what, how far, how long still.  All functions may be called from
/// any thread.
class Progress {
public:
    virtual ~Progress() = default;
    /// A new task of `total` units (0: unknown); replaces the one before.
    virtual void begin(const std::string& what, std::uint64_t total) = 0;
    virtual void advance(std::uint64_t done = 1) = 0;
    /// The task is over; `summary` is what is worth keeping of it ("" for nothing).
    virtual void end(const std::string& summary = {}) = 0;
    /// A line for the user outside any task.
    virtual void note(const std::string& line) = 0;
    virtual void warn(const std::string& line) = 0;
};
/// Bar and time left on a terminal, plain lines when `standard error` is none; nothing but warnings when quiet.  Unless
/// quiet, a plugin's call that does not come back for 10 s is told (see HeldWatch).
[[nodiscard]] std::unique_ptr<Progress> make_progress(bool quiet);

/// Set by Ctrl-C (SIGINT, SIGTERM); long work calls throw_if_interrupted() between its steps.
void install_interrupt_handler();
[[nodiscard]] bool interrupted() noexcept;
void throw_if_interrupted();

} // namespace mfm
