// SPDX-License-Identifier: Apache-2.0
// Random changes of texts.
#pragma once
#include <mfm/random.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace mfm::test {

/// A byte replaced, or a piece dropped, doubled, or put in place of another.
inline std::string change_bytes(std::string text, RandomSequence& random) {
    if (text.empty()) return std::string(1, static_cast<char>(random.below(256)));
    const std::size_t at = random.below(text.size()),
                      length = random.below(std::min<std::size_t>(text.size() - at, 40) + 1),
                      from = random.below(text.size() - length + 1);
    switch (random.below(5)) {
    case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
    case 1:
        text[at] = "[]{}\"'=.,#\n-+e0"[random.below(15)];
        break;
    case 2:
        text.erase(at, length);
        break;
    case 3:
        text.insert(at, text.substr(at, length));
        break;
    default:
        text.replace(at, length, text.substr(from, length));
    }
    return text;
}

/// A line of a TOML file dropped, repeated elsewhere, or given another value: one of another line, or a surprising one.
inline std::string change_line(const std::string& text, RandomSequence& random) {
    static constexpr std::array<std::string_view, 24> surprises = {"0",
                                                                   "-1",
                                                                   "1",
                                                                   "3",
                                                                   "0.5",
                                                                   "1e300",
                                                                   "-1e-300",
                                                                   "9223372036854775807",
                                                                   "nan",
                                                                   "-inf",
                                                                   "true",
                                                                   "\"\"",
                                                                   "\"x\"",
                                                                   "\"1 mV\"",
                                                                   "\"-3e400 nS\"",
                                                                   "\"1 ms*ms^-9/%\"",
                                                                   "[]",
                                                                   "{}",
                                                                   "[[]]",
                                                                   "[1, 2, 3]",
                                                                   "{ a = 1 }",
                                                                   "[{}]",
                                                                   "1979-05-27T07:32",
                                                                   "{ distribution = \"normal\", mean = 1, sd = 1 }"};
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    if (lines.empty()) return text;
    const std::size_t i = random.below(lines.size()), other = random.below(lines.size());
    const auto value_at = [](const std::string& line) { return line.find('=') + 1; }; // 0: there is none
    switch (random.below(4)) {
    case 0:
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
        break;
    case 1:
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(i), std::string(lines[other]));
        break;
    case 2:
        if (value_at(lines[i]) > 0)
            lines[i].replace(value_at(lines[i]), std::string::npos, surprises[random.below(surprises.size())]);
        break;
    default:
        if (value_at(lines[i]) > 0 && value_at(lines[other]) > 0)
            lines[i] = lines[i].substr(0, value_at(lines[i])) + lines[other].substr(value_at(lines[other]));
    }
    std::string out;
    for (const std::string& line : lines) out += line + '\n';
    return out;
}

} // namespace mfm::test
