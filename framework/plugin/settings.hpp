// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/component.hpp"

namespace mfm {

/// The component's settings schema, without the ending NULL.
[[nodiscard]] std::span<const mfm_field* const> setting_fields(const Component&);
[[nodiscard]] std::span<const mfm_field* const> fields_of_list(const mfm_field* const* list);
/// Index of the setting with this name, or -1.
[[nodiscard]] int field_index(const Component&, std::string_view name);

/// True for a setting of a transfer basis that has the role of a neuron's setting: without a value in the pipeline, it
/// is that of each population's cell.
[[nodiscard]] bool is_of_the_cell(const Component&, const mfm_field& setting);

/// The field's default; a list's is empty, a text's the first choice or "".
[[nodiscard]] SettingValue default_value(const mfm_field&);
/// True when `value` is within the field's bounds, open or closed.
[[nodiscard]] bool within_bounds(const mfm_field&, double value);
/// "above 0 and at most 10000 pF", "at least 0", "any number".
[[nodiscard]] std::string bounds_text(const mfm_field&);
/// A value as text that tells every double apart (17 digits): what content hashes are made of.
[[nodiscard]] std::string canonical_text(const SettingValue&);
/// A number for people: as few digits as say it exactly, with its unit ("12 pF"; none for "1").
[[nodiscard]] std::string number_text(double value, std::string_view unit = "1");
/// "a number", "a whole number", "true or false", "a text", "a list of numbers".
[[nodiscard]] std::string_view kind_text(std::uint32_t kind);

/// What is wrong with a row of a component's schema, in one sentence, or nothing.  A plugin of a later minor version
/// than ours (`later`) may use what is reserved.
[[nodiscard]] std::optional<std::string> schema_fault(const mfm_field& field, bool later = false);

} // namespace mfm
