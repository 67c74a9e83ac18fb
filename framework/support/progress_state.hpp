// SPDX-License-Identifier: Apache-2.0
// What is known of work under way, and its text: nothing here knows of terminals, threads or clocks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/progress.hpp"

namespace mfm {

/// A look at work under way.
struct ProgressState {
    std::optional<StagePlace> stage;
    std::optional<Task> task;
    std::string at;                      ///< what is in hand
    std::uint64_t done = 0, skipped = 0; ///< counts; done includes skipped
    double elapsed_s = 0;                ///< of the task, or of the stage without one

    /// 0 to 1; nothing where the total is unknown.
    [[nodiscard]] std::optional<double> fraction() const;
    /// Units a second, of what was really done; nothing before there is any to speak of.
    [[nodiscard]] std::optional<double> rate() const;
    [[nodiscard]] std::optional<double> left_s() const;
};

/// Columns that a terminal needs for a UTF-8 text: none for marks on the letter before, two for wide letters.
[[nodiscard]] std::size_t terminal_width(std::string_view utf8);
/// The text, or its beginning and "…" where it is wider than `columns`.
[[nodiscard]] std::string fitted_text(std::string_view utf8, std::size_t columns);

/// "0.3 s", "12 s", "5 min", "2 h 10 min"
[[nodiscard]] std::string duration_text(double seconds);
/// "stage 4 of 8: ", with the variant's name before it; "" without a stage.
[[nodiscard]] std::string position_text(const ProgressState&);
/// What is done: the task, or the stage where there is none.
[[nodiscard]] const std::string& work_text(const ProgressState&);
/// A line for a log: "stage 4 of 8: sampling the transfer function of golgi_cell: 41 of 96 points, 12 s left".
[[nodiscard]] std::string plain_line(const ProgressState&);
/// The same with a bar, in at most `columns`: what is needed least is left out first.
[[nodiscard]] std::string terminal_line(const ProgressState&, std::size_t columns);
/// What is left of a task that is over: "stage 4 of 8: sampling ...: 96 points in 41 s"; summary: what is said instead
/// of how much was done.
[[nodiscard]] std::string ended_line(const ProgressState&, const std::string& summary);

} // namespace mfm
