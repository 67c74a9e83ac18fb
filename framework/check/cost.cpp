// SPDX-License-Identifier: Apache-2.0
#include "check/cost.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <limits>

#include <malloc.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mfm::check {
namespace {

/// Bytes of the heap in use, of all arenas and of blocks with a mapping of their own.
double heap_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

/// A line of /proc/self/status in bytes, or < 0.
double status_bytes(const std::string& key) {
    std::ifstream stream("/proc/self/status");
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(key + ":")) return 1024.0 * std::atof(line.c_str() + key.size() + 1);
    return -1;
}

/// The most memory that a call of f needs beyond what there was before; < 0 where the kernel does not tell.
double peak_bytes(const std::function<void()>& f) {
    malloc_trim(0);
    std::FILE* const reset = std::fopen("/proc/self/clear_refs", "w");
    if (reset == nullptr) return -1;
    const bool done = std::fputs("5", reset) >= 0;
    if (std::fclose(reset) != 0 || !done) return -1;
    const double before = status_bytes("VmRSS");
    f();
    const double most = status_bytes("VmHWM");
    return before < 0 || most < 0 ? -1 : std::max(0.0, most - before);
}

} // namespace

void CostMeter::measure(const std::string& function, const std::string& unit, double units,
                        const std::function<void()>& f) {
    using Clock = std::chrono::steady_clock;
    const auto seconds_of = [&](std::uint64_t n) {
        const auto start = Clock::now();
        for (std::uint64_t i = 0; i < n; ++i) f();
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    // What a plugin makes once, at its first calls, is no growth.
    constexpr std::uint64_t first_calls = 4;
    const double once = seconds_of(first_calls) / static_cast<double>(first_calls);
    const auto n = static_cast<std::uint64_t>(std::clamp(4e-3 / std::max(once, 1e-9), 4.0, 4000.0));
    double best = std::numeric_limits<double>::infinity();
    // A cache that fills up, malloc's own among them, grows in some rounds; what is lost grows in every one.
    constexpr std::uint64_t rounds = 3, most_rounds = 10;
    double kept = std::numeric_limits<double>::infinity();
    std::uint64_t round = 0;
    for (; round < rounds || (round < most_rounds && kept > 0); ++round) {
        const double before = heap_bytes();
        best = std::min(best, seconds_of(n));
        kept = std::min(kept, (heap_bytes() - before) / static_cast<double>(n));
    }
    // The smallest piece that malloc hands out takes 32 bytes; less than half of that a call is how the heap is cut up.
    const double bytes = kept >= 16.0 ? kept : 0.0;
    measured_.push_back(function);
    if (bytes > 0)
        growing_.push_back(fmt::format("{} keeps {:.0f} bytes of the heap with every call", function, bytes));
    report_.cost(
        {function, n * round + first_calls, best / static_cast<double>(n) * 1e9, unit, units, bytes, peak_bytes(f)});
}

void CostMeter::conclude() const {
    if (growing_.empty())
        report_.pass("memory", fmt::format("repeated calls do not grow the heap: {}", fmt::join(measured_, ", ")));
    for (const std::string& sentence : growing_) report_.fail("memory", sentence);
}

} // namespace mfm::check
