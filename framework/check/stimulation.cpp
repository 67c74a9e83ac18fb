// SPDX-License-Identifier: Apache-2.0
// "mfm.stimulation/1": what the kit expects of a protocol.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "check/kind.hpp"

namespace mfm::check {
namespace {

// A power of two, so that times are exact and pieces of a course fall on the same ones as the whole.
constexpr double dt = 0.125;

struct Protocol {
    Live live;
    const mfm_stimulation_v1& table;
    std::uint32_t n = 0;

    Protocol(const Subject& subject, const SettingValues& settings, Place place)
        : live(subject, settings, place), table(live.table<mfm_stimulation_v1>(MFM_STIMULATION_ID)) {
        must("conditions", "count", table.count, live.self(), &n);
        if (n == 0) throw Failed("conditions", "count says that there is no condition");
    }
    [[nodiscard]] mfm_condition describe(std::uint32_t c, Place place) const {
        Arrays arrays(place);
        mfm_condition empty{};
        empty.size = sizeof empty;
        mfm_condition* const out = arrays.shared("the condition", std::span<const mfm_condition>(&empty, 1));
        must("conditions", "describe", table.describe, live.self(), c, out);
        return *out;
    }
    [[nodiscard]] double level(std::uint32_t c, Place place) const {
        Arrays arrays(place);
        double* const rate = arrays.wanted("rate_hz", 1);
        must("conditions", "level", table.level, live.self(), c, rate);
        if (is_unwritten(*rate))
            throw Failed("conditions", fmt::format("level did not write the rate of condition {}", c));
        return *rate;
    }
    [[nodiscard]] std::vector<double> course(std::uint32_t c, double t0, std::uint64_t steps, Place place) const {
        Arrays arrays(place);
        double* const rate = arrays.wanted("rate_hz", steps);
        must("course", "course", table.course, live.self(), c, t0, dt, steps, rate);
        for (std::uint64_t i = 0; i < steps; ++i)
            if (is_unwritten(rate[i]))
                throw Failed("course", fmt::format("course did not write the rate of step {} of {}", i, steps));
        return {rate, rate + steps};
    }
};

Rig stimulation_rig(const Subject& subject, const SettingValues& settings, Place place) {
    const auto protocol = std::make_shared<const Protocol>(subject, settings, place);
    return {[protocol](Place where, unsigned variant) {
        Outputs out;
        for (std::uint32_t c = 0; c < std::min(protocol->n, 8u); ++c) {
            const mfm_condition condition = protocol->describe(c, where);
            out.add("a condition", std::array{condition.duration, condition.onset, condition.offset,
                                              condition.frequency_hz, static_cast<double>(condition.flags)});
            out.add("a level", std::array{protocol->level(c, where)});
            out.add("a course", protocol->course(c, 100.0 * variant, 203, where));
        }
        return out;
    }};
}

void check_conditions(const Subject& subject) {
    const Protocol protocol(subject, subject.settings, Place::End);
    for (std::uint32_t c = 0; c < protocol.n; ++c) {
        const mfm_condition at = protocol.describe(c, Place::End);
        const auto bad = [&](const std::string& what) {
            throw Failed("conditions", fmt::format("condition {} {}", c, what));
        };
        const std::size_t length = strnlen(at.label, sizeof at.label);
        if (length == sizeof at.label) bad("has a label without its ending zero");
        if (length == 0) subject.report.advice("conditions", fmt::format("condition {} has no label", c));
        if (!(at.duration >= 0) || !std::isfinite(at.duration)) bad(fmt::format("has the duration {} ms", at.duration));
        if (!std::isfinite(at.onset) || !std::isfinite(at.offset) || at.onset > at.offset)
            bad(fmt::format("has its onset at {} ms and its offset at {} ms", at.onset, at.offset));
        if (!(at.frequency_hz >= 0) || !std::isfinite(at.frequency_hz))
            bad(fmt::format("has the frequency {} Hz", at.frequency_hz));
        const double level = protocol.level(c, Place::End);
        if (!(level >= 0) || !std::isfinite(level)) bad(fmt::format("has the level {} Hz", level));
    }
    subject.report.pass("conditions",
                        fmt::format("{} with label, times and a level that is finite and not negative", protocol.n));
}

void check_courses(const Subject& subject) {
    const Protocol protocol(subject, subject.settings, Place::Heap);
    for (std::uint32_t c = 0; c < protocol.n; ++c) {
        const mfm_condition at = protocol.describe(c, Place::Heap);
        const double needed = std::max({at.duration, at.offset + 100.0, 1000.0});
        const auto steps = static_cast<std::uint64_t>(std::min(needed, 20000.0) / dt);
        const std::vector<double> whole = protocol.course(c, 0.0, steps, Place::Heap);
        for (std::uint64_t i = 0; i < steps; ++i) {
            if (!(whole[i] >= 0) || !std::isfinite(whole[i]))
                throw Failed("course", fmt::format("the rate of condition {} at {} ms is {} Hz", c,
                                                   static_cast<double>(i) * dt, whole[i]));
            if ((at.flags & MFM_STATIONARY) != 0 && whole[i] != protocol.level(c, Place::Heap))
                throw Failed(
                    "course",
                    fmt::format("condition {} is stationary, and its rate at {} ms is {} Hz instead of its level {} Hz",
                                c, static_cast<double>(i) * dt, whole[i], protocol.level(c, Place::Heap)));
        }
        for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{160}, std::uint64_t{1000}})
            for (std::uint64_t first = 0; first < std::min<std::uint64_t>(steps, size == 1 ? 400 : steps);
                 first += size) {
                const std::uint64_t n = std::min(size, steps - first);
                const std::vector<double> piece = protocol.course(c, static_cast<double>(first) * dt, n, Place::Heap);
                for (std::uint64_t i = 0; i < n; ++i)
                    if (!same_bits(piece[i], whole[first + i]))
                        throw Failed("course", fmt::format("the rate of condition {} at {} ms is {} Hz in one call "
                                                           "from 0 on, and {} Hz in a call from {} ms on",
                                                           c, static_cast<double>(first + i) * dt, whole[first + i],
                                                           piece[i], static_cast<double>(first) * dt));
            }
    }
    subject.report.pass("course",
                        "finite, not negative, in pieces as in one call; stationary conditions keep their level");
}

void check_strange_times(const Subject& subject) {
    const Protocol protocol(subject, subject.settings, Place::Heap);
    for (const double t :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1e300, 1e300}) {
        double rate[4] = {};
        // It may refuse, or answer; it may not crash, and a negative rate is no answer.
        const Returned returned =
            call("course", protocol.table.course, protocol.live.self(), 0u, t, dt, std::uint64_t{4}, &rate[0]);
        for (const double r : rate)
            if (returned.ok() && r < 0) throw Failed("NaN", fmt::format("the rate at {} ms is {} Hz", t, r));
    }
    subject.report.pass("NaN", "times that are NaN, infinite or huge: no crash");
}

constexpr std::array groups{Group{"conditions", &check_conditions}, Group{"course", &check_courses},
                            Group{"NaN", &check_strange_times}};

void stimulation_costs(const Subject& subject, CostMeter& meter) {
    meter.measure("create, destroy", "", 1, [&] { const Live live(subject, subject.settings, Place::Heap); });
    const Protocol protocol(subject, subject.settings, Place::Heap);
    meter.measure("describe", "", 1, [&] { (void)protocol.describe(0, Place::Heap); });
    meter.measure("level", "", 1, [&] { (void)protocol.level(0, Place::Heap); });
    meter.measure("course", "step", 8000, [&] { (void)protocol.course(0, 0.0, 8000, Place::Heap); });
}

} // namespace

const Kind stimulation_kind{
    MFM_STIMULATION_ID, "stimulation protocol", &stimulation_rig, groups, &stimulation_costs, false};

} // namespace mfm::check
