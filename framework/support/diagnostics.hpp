// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mfm {

/// A place in a pipeline file; line 0 means "no place known".
struct SourcePosition {
    std::string file;
    std::uint32_t line = 0, column = 0;
    /// "file:line:column: ", or "" when no place is known.
    [[nodiscard]] std::string prefix() const;
};

/// The exit codes of the command line tool.
enum class ExitCode : int { Done = 0, NotValid = 1, BadInput = 2, PluginFailed = 3, Interrupted = 130 };

/// Every failure a user can cause or meet: one sentence that says what is wrong, where, and what to do.
class Error : public std::runtime_error {
public:
    Error(ExitCode code, const std::string& sentence) : std::runtime_error(sentence), code(code) {}
    ExitCode code;
};
/// The input is wrong (exit code 2).
class InputError : public Error {
public:
    explicit InputError(const std::string& sentence) : Error(ExitCode::BadInput, sentence) {}
    InputError(const SourcePosition& where, const std::string& sentence)
        : Error(ExitCode::BadInput, where.prefix() + sentence) {}
};
/// A plugin failed (exit code 3).
class PluginError : public Error {
public:
    explicit PluginError(const std::string& sentence) : Error(ExitCode::PluginFailed, sentence) {}
};
/// The user asked to stop (Ctrl-C).
class Interrupted : public Error {
public:
    explicit Interrupted(const std::string& sentence) : Error(ExitCode::Interrupted, sentence) {}
};

/// The candidate nearest to `name` by edit distance, or "" when none is near enough to be meant.
[[nodiscard]] std::string nearest_name(std::string_view name, std::span<const std::string> candidates);
/// " (did you mean 'x'?)", or "" when nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

} // namespace mfm
