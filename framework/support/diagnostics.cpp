// SPDX-License-Identifier: Apache-2.0
#include "support/diagnostics.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>

namespace mfm {
namespace {

/// Damerau-Levenshtein distance (neighbours may be swapped) in half steps: another case costs one, any other edit two.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    const auto substitution = [](char x, char y) -> std::size_t {
        if (x == y) return 0;
        const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
        return lower(x) == lower(y) ? 1 : 2;
    };
    std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = 2 * j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        next[0] = 2 * i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            next[j] = std::min({row[j] + 2, next[j - 1] + 2, row[j - 1] + substitution(a[i - 1], b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                next[j] = std::min(next[j], before[j - 2] + 2);
        }
        before.swap(row);
        row.swap(next);
    }
    return row[b.size()];
}

} // namespace

std::string SourcePosition::prefix() const {
    if (line == 0) return file.empty() ? "" : file + ": ";
    return fmt::format("{}:{}:{}: ", file, line, column);
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
    std::string best;
    std::size_t least = 0;
    for (const std::string& candidate : candidates) {
        const std::size_t longer = std::max(name.size(), candidate.size());
        // One edit for every three letters and one more for short names, or a name that stops early ("tau" for
        // "tau_syn").
        const std::size_t limit = 2 * (1 + longer / 3);
        const std::size_t distance = edit_distance(name, candidate);
        const bool is_beginning = name.size() >= 3 && candidate.starts_with(name);
        if ((distance <= limit || is_beginning) && distance < 2 * longer && (best.empty() || distance < least)) {
            best = candidate;
            least = distance;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
    const std::string nearest = nearest_name(name, candidates);
    return nearest.empty() ? "" : " (did you mean '" + nearest + "'?)";
}

} // namespace mfm
