// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/random.hpp>

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace mfm {

/// k distinct numbers of 0 .. n - 1, every subset equally likely, in no particular order (Floyd, in Bentley & Floyd
/// 1987, for few; sequential selection, Knuth's algorithm S, for many).  k <= n.
template <class F> void sample_distinct(RandomSequence& random, std::uint64_t n, std::uint64_t k, F&& f) {
    if (k > n / 8) {
        for (std::uint64_t i = 0, left = k; left > 0; ++i)
            if (random.below(n - i) < left) {
                f(i);
                --left;
            }
        return;
    }
    std::unordered_set<std::uint64_t> seen;
    seen.reserve(k * 2);
    for (std::uint64_t j = n - k; j < n; ++j) {
        const std::uint64_t candidate = random.below(j + 1);
        const std::uint64_t chosen = seen.insert(candidate).second ? candidate : j;
        if (chosen == j) seen.insert(j);
        f(chosen);
    }
}

/// A whole number whose mean is x: its floor, and one more with the chance of its fraction.
inline std::uint64_t round_at_random(RandomSequence& random, double x) {
    const double whole = std::floor(x);
    return static_cast<std::uint64_t>(whole) + (random.uniform() < x - whole ? 1u : 0u);
}

/// Puts k of the elements, drawn without replacement, in front (Fisher & Yates, stopped early).  k <= size.
template <class T> void shuffle_front(RandomSequence& random, std::vector<T>& elements, std::uint64_t k) {
    for (std::uint64_t i = 0; i < k; ++i) std::swap(elements[i], elements[i + random.below(elements.size() - i)]);
}

} // namespace mfm
