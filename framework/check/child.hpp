// SPDX-License-Identifier: Apache-2.0
// A group of checks runs in a process of its own: whatever a plugin does there ends that process and becomes a
// sentence.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "check/outputs.hpp"
#include "check/report.hpp"

namespace mfm::check {

/// What a group reports while it runs; everything reaches the parent at once, so that a later crash loses nothing.
class Reporter {
public:
    explicit Reporter(int pipe) : pipe_(pipe) {}
    void pass(const std::string& check, const std::string& text) { add({Outcome::Pass, check, text}); }
    void fail(const std::string& check, const std::string& text) { add({Outcome::Fail, check, text}); }
    void advice(const std::string& check, const std::string& text) { add({Outcome::Advice, check, text}); }
    void note(const std::string& check, const std::string& text) { add({Outcome::Note, check, text}); }
    void not_run(const std::string& check, const std::string& text) { add({Outcome::NotRun, check, text}); }
    void add(const Finding&);
    void cost(const Cost&);
    void outputs(const Outputs&);
    /// Any text under a name, for the parent's own use.
    void value(const std::string& name, const std::string& text);
    /// The user's arguments are wrong; the parent throws an InputError.
    void input_error(const std::string& sentence);

private:
    void send(const std::string& line) const;
    int pipe_;
};

/// What reached the parent.
struct ChildResult {
    std::vector<Finding> findings;
    std::vector<Cost> costs;
    std::vector<Outputs> outputs;
    std::vector<std::pair<std::string, std::string>> values;
    std::string input_error;
    bool out_of_time = false;
    std::string death; ///< how it ended, when not by itself: "advance crashed (segmentation fault ...)"
};

/// A wrong finding that ends its group; what was found before stands.
class Failed {
public:
    Failed(std::string check, std::string text) : check(std::move(check)), text(std::move(text)) {}
    std::string check, text;
};

/// Runs `group` in a forked process with more variables of the environment, for at most so many seconds of processor
/// time (and four times that on the clock).  Memory, when > 0, is the most that it may have, in bytes.
[[nodiscard]] ChildResult run_in_child(const std::vector<std::pair<std::string, std::string>>& environment,
                                       double seconds, const std::function<void(Reporter&)>& group);

} // namespace mfm::check
