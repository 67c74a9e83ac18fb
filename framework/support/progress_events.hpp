// SPDX-License-Identifier: Apache-2.0
// The lines of --json-progress: one JSON object each, without the end of the line.  docs/progress.md has the fields.
#pragma once
#include <optional>
#include <string>

#include "support/progress.hpp"
#include "support/progress_state.hpp"

namespace mfm {

[[nodiscard]] std::string start_event(const WorkStart&);
/// "stage_begin", or "stage_end" with where the stage's result is from.
[[nodiscard]] std::string stage_event(const ProgressState&, std::optional<StageSource> = std::nullopt);
/// event: "task_begin", "progress" or "task_end".
[[nodiscard]] std::string task_event(const char* event, const ProgressState&, const std::string& summary = {});
/// event: "note" or "warning".
[[nodiscard]] std::string text_event(const char* event, const ProgressState&, const std::string& text);
[[nodiscard]] std::string failure_event(const WorkFailure&, const std::optional<StagePlace>&);
[[nodiscard]] std::string result_event(const WorkResult&);

} // namespace mfm
