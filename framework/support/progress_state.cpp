// SPDX-License-Identifier: Apache-2.0
#include "support/progress_state.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

namespace mfm {
namespace {

constexpr double soonest_s = 0.5; // before it, a rate is noise

/// The code point that starts at utf8[i], and moves i behind it.
char32_t next_code_point(std::string_view utf8, std::size_t& i) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(utf8[k]); };
    const unsigned char first = byte(i++);
    const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    char32_t point = more == 0 ? first : first & (0x3Fu >> more);
    for (unsigned k = 0; k < more && i < utf8.size() && (byte(i) & 0xC0u) == 0x80u; ++k)
        point = point << 6 | (byte(i++) & 0x3Fu);
    return point;
}

std::size_t columns_of(char32_t c) {
    using Range = std::array<char32_t, 2>;
    static constexpr Range none[] = {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
    static constexpr Range two[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                                    {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
    const auto is_in = [c](const Range& r) { return c >= r[0] && c <= r[1]; };
    if (std::any_of(std::begin(none), std::end(none), is_in)) return 0;
    return std::any_of(std::begin(two), std::end(two), is_in) ? 2 : 1;
}

/// Numbers that stay as wide while they grow.
std::string unit_text(double value, double total) {
    return total >= 99.95 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}
/// "41 of 96 points", "1.4 of 5.0 s of biology", "41 points"
std::string count_text(const ProgressState& s) {
    const Task& t = *s.task;
    const auto number = [&](std::uint64_t counts) {
        const double total = static_cast<double>(std::max(t.total, s.done)) / t.counts_per_unit;
        return t.counts_per_unit == 1 ? std::to_string(counts)
                                      : unit_text(static_cast<double>(counts) / t.counts_per_unit, total);
    };
    std::string text = number(s.done);
    if (t.total > 0) text += " of " + number(t.total);
    return t.unit.empty() ? text : text + " " + t.unit;
}
std::string rate_text(const ProgressState& s) {
    const auto rate = s.rate();
    if (!s.task || s.task->rate_unit.empty() || !rate) return "";
    return fmt::format("{:.2g} {}", *rate, s.task->rate_unit);
}

struct Layout {
    bool whole_position, at, rate;
    std::size_t bar;
};
/// From the widest to the narrowest.
constexpr Layout layouts[] = {{true, true, true, 24},    {true, true, false, 24},  {true, true, false, 10},
                              {false, true, true, 10},   {false, true, false, 10}, {false, false, true, 10},
                              {false, false, false, 10}, {false, false, false, 0}};

std::string short_position(const ProgressState& s) {
    if (!s.stage) return "";
    return fmt::format("{}{}/{} ", s.stage->variant.empty() ? "" : s.stage->variant + " ", s.stage->number,
                       s.stage->of);
}
/// What follows the bar.
std::string details(const ProgressState& s, bool at, bool rate) {
    std::vector<std::string> pieces;
    if (at && !s.at.empty()) pieces.push_back(s.at);
    if (s.task && (s.task->total > 0 || s.done > 0)) pieces.push_back(count_text(s));
    if (const std::string text = rate_text(s); rate && !text.empty()) pieces.push_back(text);
    if (const auto left = s.left_s())
        pieces.push_back(duration_text(*left) + " left");
    else if (!s.fraction() && s.elapsed_s >= 1)
        pieces.push_back(duration_text(s.elapsed_s));
    return fmt::format("{}", fmt::join(pieces, ", "));
}

} // namespace

Task biology_task(std::string what, std::uint64_t total_ms) {
    return {std::move(what), total_ms, "s of biology", 1000, "times real time"};
}

std::optional<double> ProgressState::fraction() const {
    if (!task || task->total == 0) return std::nullopt;
    return std::min(1.0, static_cast<double>(done) / static_cast<double>(task->total));
}
std::optional<double> ProgressState::rate() const {
    if (!task || done <= skipped || elapsed_s < soonest_s) return std::nullopt;
    return static_cast<double>(done - skipped) / task->counts_per_unit / elapsed_s;
}
std::optional<double> ProgressState::left_s() const {
    const auto speed = rate();
    if (!speed || task->total == 0) return std::nullopt;
    return static_cast<double>(task->total - std::min(done, task->total)) / task->counts_per_unit / *speed;
}

std::size_t terminal_width(std::string_view utf8) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < utf8.size();) width += columns_of(next_code_point(utf8, i));
    return width;
}

std::string fitted_text(std::string_view utf8, std::size_t columns) {
    if (terminal_width(utf8) <= columns) return std::string(utf8);
    if (columns == 0) return "";
    std::size_t end = 0, width = 0;
    for (std::size_t i = 0; i < utf8.size();) {
        width += columns_of(next_code_point(utf8, i));
        if (width > columns - 1) break;
        end = i;
    }
    return std::string(utf8.substr(0, end)) + "…";
}

std::string duration_text(double seconds) {
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    if (seconds < 99.5) return fmt::format("{:.0f} s", seconds);
    const auto minutes = static_cast<long>(seconds / 60.0 + 0.5);
    return minutes < 100 ? fmt::format("{} min", minutes) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string position_text(const ProgressState& s) {
    if (!s.stage) return "";
    return fmt::format("{}stage {} of {}: ", s.stage->variant.empty() ? "" : "variant '" + s.stage->variant + "', ",
                       s.stage->number, s.stage->of);
}

const std::string& work_text(const ProgressState& s) {
    static const std::string nothing;
    return s.task ? s.task->what : s.stage ? s.stage->what : nothing;
}

std::string plain_line(const ProgressState& s) {
    const std::string text = details(s, true, true);
    return position_text(s) + work_text(s) + (text.empty() ? "" : ": " + text);
}

std::string terminal_line(const ProgressState& s, std::size_t columns) {
    std::string position, rest;
    for (const Layout& layout : layouts) {
        position = layout.whole_position ? position_text(s) : short_position(s);
        rest.clear();
        if (const auto f = s.fraction(); f && layout.bar > 0) {
            const auto full = static_cast<std::size_t>(*f * static_cast<double>(layout.bar));
            rest = fmt::format(" [{}{}]", std::string(full, '='), std::string(layout.bar - full, ' '));
        }
        if (const std::string text = details(s, layout.at, layout.rate); !text.empty())
            rest += (rest.empty() ? ": " : " ") + text;
        if (terminal_width(position + work_text(s) + rest) <= columns) return position + work_text(s) + rest;
    }
    const std::size_t taken = terminal_width(position + rest);
    return fitted_text(position + fitted_text(work_text(s), columns > taken ? columns - taken : 0) + rest, columns);
}

std::string ended_line(const ProgressState& s, const std::string& summary) {
    const std::string time = duration_text(s.elapsed_s), begin = position_text(s) + work_text(s) + ": ";
    if (!summary.empty()) return fmt::format("{}{} ({})", begin, summary, time);
    if (!s.task || s.done == 0) return begin + time;
    ProgressState whole = s;
    whole.task->total = 0; // all of it
    const std::string rate = rate_text(s);
    return fmt::format("{}{} in {}{}", begin, count_text(whole), time, rate.empty() ? "" : ", " + rate);
}

} // namespace mfm
