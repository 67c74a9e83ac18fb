// SPDX-License-Identifier: Apache-2.0
// The checks that every kind of plugin has, whatever it computes: they only need its Rig.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <sys/resource.h>

#include <fmt/format.h>

#include "check/kind.hpp"
#include "plugin/settings.hpp"

namespace mfm::check {
namespace {

constexpr unsigned n_threads = 8;

const Kind& kind(const Subject& subject) {
    return *subject.kind;
}

void same(const std::string& check, const std::string& what, const Outputs& expected, const Outputs& found) {
    if (const auto difference = Outputs::difference(expected, found)) throw Failed(check, what + ": " + *difference);
}

/// Values that a setting may have by its schema: its bounds, its choices.
std::vector<SettingValue> extremes_of(const mfm_field& field, const SettingValue& usual) {
    std::vector<SettingValue> out;
    const auto add = [&](auto change) {
        SettingValue value = usual;
        change(value);
        out.push_back(std::move(value));
    };
    for (const double bound : {field.lower, field.upper}) {
        if (field.kind == MFM_TEXT || !within_bounds(field, bound) || !std::isfinite(bound)) continue;
        if (field.kind == MFM_REAL) add([&](SettingValue& v) { v.real = bound; });
        if (field.kind == MFM_INTEGER || field.kind == MFM_BOOLEAN)
            add([&](SettingValue& v) { v.integer = static_cast<std::int64_t>(bound); });
        if (field.kind == MFM_REAL_LIST) add([&](SettingValue& v) { v.list.assign(3, bound); });
    }
    if (field.kind == MFM_REAL_LIST) add([](SettingValue& v) { v.list.clear(); });
    for (const char* const* choice = field.choices; field.kind == MFM_TEXT && choice != nullptr && *choice != nullptr;
         ++choice)
        add([&](SettingValue& v) { v.text = *choice; });
    return out;
}

void check_settings(const Subject& subject) {
    const auto fields = setting_fields(subject.component);
    // A plugin that makes room for what a setting asks for may ask for all there is.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const rlimit memory{rlim_t{4} << 30, rlim_t{4} << 30};
    setrlimit(RLIMIT_AS, &memory);
#endif
    std::size_t tried = 0, refused = 0;
    for (std::size_t i = 0; i < fields.size(); ++i)
        for (const SettingValue& value : extremes_of(*fields[i], subject.settings[i])) {
            SettingValues settings = subject.settings;
            settings[i] = value;
            const Returned made = Live::try_create(subject, settings);
            ++tried;
            if (made.ok()) continue;
            ++refused;
            if (made.reason.empty())
                throw Failed("settings", fmt::format("create refuses {} = {} and gives no reason", fields[i]->name,
                                                     canonical_text(value)));
        }
    subject.report.pass(
        "settings",
        fmt::format("create with every bound and every choice, one at a time: {} tried, {} refused with a reason",
                    tried, refused));
}

void check_guarded(const Subject& subject, Place place, const std::string& where) {
    std::vector<Outputs> guarded;
    {
        const Rig rig = kind(subject).rig(subject, subject.settings, place);
        for (const unsigned variant : {0u, 1u}) guarded.push_back(rig.run(place, variant));
    }
    const Rig plain = kind(subject).rig(subject, subject.settings, Place::Heap);
    for (const unsigned variant : {0u, 1u})
        same("guard pages", "with arrays that " + where + " a page instead of arrays on the heap",
             plain.run(Place::Heap, variant), guarded[variant]);
    subject.report.pass("guard pages", fmt::format("arrays {} a page that nobody may touch, inputs that may only be "
                                                   "read, settings out of reach after create: nothing touched",
                                                   where));
}
void check_ends(const Subject& subject) {
    check_guarded(subject, Place::End, "end at");
}
void check_beginnings(const Subject& subject) {
    check_guarded(subject, Place::Begin, "begin at");
}

void check_repetition(const Subject& subject) {
    std::vector<Outputs> first;
    {
        const Rig rig = kind(subject).rig(subject, subject.settings, Place::Heap);
        for (unsigned v = 0; v < 4; ++v) first.push_back(rig.run(Place::Heap, v));
        for (unsigned v = 0; v < 4; ++v)
            same("repetition", "the same calls again, with the same instance", first[v], rig.run(Place::Heap, v));
    }
    const Rig again = kind(subject).rig(subject, subject.settings, Place::Heap);
    for (unsigned v = 4; v-- > 0;)
        same("static state", "after destroy and create, with the calls in another order", first[v],
             again.run(Place::Heap, v));
    subject.report.pass("repetition",
                        "the same calls again, after others, and with an instance made anew: the same bits");
}

/// Settings near those of the subject that create() takes: other numbers wherever possible.
SettingValues other_settings(const Subject& subject, std::size_t& changed) {
    SettingValues out = subject.settings;
    const auto fields = setting_fields(subject.component);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i]->kind != MFM_REAL) continue;
        for (const double factor : {1.05, 0.95}) {
            SettingValues candidate = out;
            candidate[i].real = out[i].real != 0.0 ? out[i].real * factor : factor - 0.95;
            if (candidate[i].real == out[i].real || !within_bounds(*fields[i], candidate[i].real) ||
                !Live::try_create(subject, candidate).ok())
                continue;
            out = candidate;
            ++changed;
            break;
        }
    }
    return out;
}

void check_two_instances(const Subject& subject) {
    std::size_t changed = 0;
    const SettingValues others = other_settings(subject, changed);
    const Rig one = kind(subject).rig(subject, subject.settings, Place::Heap);
    const Outputs first = one.run(Place::Heap, 0);
    Outputs second;
    try {
        const Rig two = kind(subject).rig(subject, others, Place::Heap);
        second = two.run(Place::Heap, 1);
        same("two instances", "with a second instance of other settings beside it", first, one.run(Place::Heap, 0));
        same("two instances", "a second instance, after calls of the first", second, two.run(Place::Heap, 1));
    } catch (const Failed& failed) {
        if (failed.check == "two instances" || changed == 0) throw;
        // Other settings may not suit the made-up data; then the same ones.
        changed = 0;
        const Rig two = kind(subject).rig(subject, subject.settings, Place::Heap);
        second = two.run(Place::Heap, 1);
        same("two instances", "with a second instance beside it", first, one.run(Place::Heap, 0));
        same("two instances", "a second instance, after calls of the first", second, two.run(Place::Heap, 1));
    }
    same("two instances", "after the second instance is gone", first, one.run(Place::Heap, 0));
    const Rig alone = kind(subject).rig(subject, changed > 0 ? others : subject.settings, Place::Heap);
    same("two instances", "the second instance's settings in an instance made later", second,
         alone.run(Place::Heap, 1));
    subject.report.pass(
        "two instances",
        changed > 0
            ? fmt::format("a second one with {} other settings, side by side: neither disturbs the other", changed)
            : "a second one with the same settings, side by side: neither disturbs the other");
}

void check_threads(const Subject& subject) {
    const Rig rig = kind(subject).rig(subject, subject.settings, Place::Heap);
    std::vector<Outputs> expected;
    for (unsigned t = 0; t < n_threads; ++t) expected.push_back(rig.run(Place::Heap, t));
    // Long enough for the threads to meet, however many cores there are.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    in_threads(n_threads, [&](unsigned t) {
        for (unsigned round = 0; round < 4 || std::chrono::steady_clock::now() < end; ++round)
            same("threads", fmt::format("in one of {} threads at once", n_threads), expected[t],
                 rig.run(Place::Heap, t));
    });
    subject.report.pass(
        "threads",
        fmt::format("the [batch] functions of one instance in {} threads at once: the same bits as one after the other",
                    n_threads));
}

constexpr std::array groups{Group{"settings", &check_settings},           Group{"guard pages", &check_ends},
                            Group{"guard pages", &check_beginnings},      Group{"repetition", &check_repetition},
                            Group{"two instances", &check_two_instances}, Group{"threads", &check_threads}};

} // namespace

std::span<const Group> common_groups() {
    return groups;
}

} // namespace mfm::check
