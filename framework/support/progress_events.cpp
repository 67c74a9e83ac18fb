// SPDX-License-Identifier: Apache-2.0
#include "support/progress_events.hpp"

#include <chrono>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/version.hpp"

namespace mfm {
namespace {

using Json = nlohmann::ordered_json;

/// Now, UTC, to the millisecond.
std::string now_text() {
    const auto now = std::chrono::system_clock::now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
}
Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}
/// Digits beyond a thousandth say nothing of times and rates.
Json rounded(const std::optional<double>& value) {
    return value && std::isfinite(*value) ? Json(std::round(*value * 1e3) / 1e3) : Json(nullptr);
}
/// What every event has.
Json event_of(const char* event, const std::optional<StagePlace>& stage) {
    Json out;
    out["event"] = event;
    out["time"] = now_text();
    out["variant"] = stage ? text_or_null(stage->variant) : Json(nullptr);
    out["stage"] = stage ? Json(stage->name) : Json(nullptr);
    out["stage_number"] = stage ? Json(stage->number) : Json(nullptr);
    out["stages"] = stage ? Json(stage->of) : Json(nullptr);
    return out;
}
std::string line_of(const Json& event) {
    return event.dump(-1, ' ', false, Json::error_handler_t::replace); // a file's name may be no UTF-8
}

} // namespace

std::string start_event(const WorkStart& what) {
    Json out = event_of("start", std::nullopt);
    out["command"] = what.command;
    out["file"] = what.file;
    out["folder"] = text_or_null(what.folder);
    out["version"] = automfm_version();
    return line_of(out);
}

std::string stage_event(const ProgressState& s, std::optional<StageSource> source) {
    Json out = event_of(source ? "stage_end" : "stage_begin", s.stage);
    out["what"] = s.stage ? s.stage->what : "";
    if (!source) return line_of(out);
    out["elapsed_s"] = rounded(s.elapsed_s);
    out["source"] = *source == StageSource::Computed     ? "computed"
                    : *source == StageSource::EarlierRun ? "earlier_run"
                                                         : "base";
    return line_of(out);
}

std::string task_event(const char* event, const ProgressState& s, const std::string& summary) {
    Json out = event_of(event, s.stage);
    const Task task = s.task.value_or(Task{});
    const auto units = [&](std::uint64_t counts) {
        return task.counts_per_unit == 1 ? Json(counts) : rounded(static_cast<double>(counts) / task.counts_per_unit);
    };
    out["what"] = task.what;
    out["at"] = text_or_null(s.at);
    out["done"] = units(s.done);
    out["total"] = task.total > 0 ? units(task.total) : Json(nullptr);
    out["unit"] = text_or_null(task.unit);
    out["rate"] = rounded(s.rate());
    out["elapsed_s"] = rounded(s.elapsed_s);
    out["left_s"] = rounded(s.left_s());
    out["summary"] = text_or_null(summary);
    return line_of(out);
}

std::string text_event(const char* event, const ProgressState& s, const std::string& text) {
    Json out = event_of(event, s.stage);
    out["text"] = text;
    return line_of(out);
}

std::string failure_event(const WorkFailure& what, const std::optional<StagePlace>& stage) {
    Json out = event_of("error", stage);
    out["text"] = what.sentence;
    out["exit_code"] = what.code;
    out["file"] = text_or_null(what.where.file);
    out["line"] = what.where.line > 0 ? Json(what.where.line) : Json(nullptr);
    out["column"] = what.where.line > 0 ? Json(what.where.column) : Json(nullptr);
    out["go_on"] = text_or_null(what.go_on);
    return line_of(out);
}

std::string result_event(const WorkResult& what) {
    Json out = event_of("result", std::nullopt);
    out["exit_code"] = static_cast<int>(what.code);
    out["folder"] = text_or_null(what.folder);
    out["verdict"] = text_or_null(what.verdict);
    out["reasons"] = what.reasons;
    return line_of(out);
}

} // namespace mfm
