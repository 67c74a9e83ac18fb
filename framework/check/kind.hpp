// SPDX-License-Identifier: Apache-2.0
// What the kit knows of one kind of plugin.  A new kind: a file that fills a Kind, and its name in kinds().
#pragma once
#include <functional>
#include <span>
#include <string_view>

#include "check/cost.hpp"
#include "check/outputs.hpp"
#include "check/subject.hpp"

namespace mfm::check {

/// Instances of a component with everything done that has to be done by one thread.  run() then makes the same set of
/// [batch] calls again and again: with its arrays in this place, and with other data for every `variant`.  Any thread.
struct Rig {
    std::function<Outputs(Place, unsigned variant)> run;
};

/// Checks that only this kind needs; the group runs in a process of its own.
struct Group {
    std::string_view name;
    void (*run)(const Subject&);
};

struct Kind {
    std::string_view interface_id, name; ///< "mfm.neuron/1", "neuron model"
    /// Throws Failed when the component does not do what it must to be used at all.  The place is that of what is
    /// handed over while it is set up.
    Rig (*rig)(const Subject&, const SettingValues&, Place);
    std::span<const Group> groups;
    void (*costs)(const Subject&, CostMeter&);
    bool has_vector_width; ///< results must not depend on MFM_LANES
};

/// All kinds that are known.
[[nodiscard]] std::span<const Kind* const> kinds();
/// The one of this interface, or NULL.
[[nodiscard]] const Kind* kind_of(std::string_view interface_id);

extern const Kind neuron_kind, transfer_kind, optimizer_kind, connectivity_kind, stimulation_kind;

/// The checks that every kind has: settings, guard pages, repetition, two instances, threads.
[[nodiscard]] std::span<const Group> common_groups();
/// What schema and symbols say of a component, without creating it.
void check_schema(const Component&, Reporter&);
/// Dynamic symbols that a library defines for others, without those that a linker adds.  Throws Failed when the file
/// cannot be read.
[[nodiscard]] std::vector<std::string> exported_symbols(const std::string& file);

} // namespace mfm::check
