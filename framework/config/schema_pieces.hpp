// SPDX-License-Identifier: Apache-2.0
// Pieces of a JSON schema (draft 7), from the descriptions of numbers that plugins and the readers of sections share.
// Keywords of JSON Schema only concern values of their own type, so that one schema holds for "12 ms" and for 12.
#pragma once
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/pipeline.hpp"

namespace mfm::schema {

using Json = nlohmann::ordered_json;

/// A number within the field's bounds, or a text with a unit of its kind (whose bounds are left to automfm).
[[nodiscard]] Json number(const mfm_field& field);
/// The same, or a table { distribution, ... }.
[[nodiscard]] Json distribution(const mfm_field& field);
/// A list of such numbers, one, or a table { from, to, step }.
[[nodiscard]] Json list(const mfm_field& field);
[[nodiscard]] Json whole(std::int64_t least);
[[nodiscard]] Json boolean();
[[nodiscard]] Json text();
[[nodiscard]] Json choice(const std::vector<std::string>& choices);
/// What a setting of a plugin may be, with its default and its documentation.
[[nodiscard]] Json setting(const Component&, const mfm_field& field);

/// The key that holds what only a whole pipeline must have: a file that includes others may have pieces.
inline constexpr const char* only_whole = "$whole";

struct Key {
    const char* name;
    Json value;
    std::string doc;
    bool required = false;
};
/// A number whose default is that of the configuration's own member.
[[nodiscard]] Json with_default(Json value, Json fallback);
/// A table with these keys and no others.
[[nodiscard]] Json table(const std::vector<Key>& keys);
/// A table of sections like [population.NAME].
[[nodiscard]] Json named(Json value, const std::string& doc);
/// Takes every `only_whole` out of a schema; what is returned demands it of the same values.
[[nodiscard]] Json take_whole(Json& schema);

} // namespace mfm::schema
