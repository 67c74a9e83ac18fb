// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "plugin/component.hpp"

namespace mfm::check {

/// The settings that a component is checked with.
struct MadeUpSettings {
    SettingValues values;
    std::vector<std::string> projections; ///< [settings] the made-up projection that a setting names, or ""
    std::vector<std::string> made_up;     ///< "in_degree = 1": required ones that nobody gave
    std::vector<std::string> missing;     ///< "file (table of times and rates)": required ones that cannot be made up
};

/// From "NAME=VALUE" and "ID.NAME=VALUE" texts, checked like those of a pipeline file, and defaults.  A required number
/// that is not given has its schema's initial value.  Throws InputError for values that the schema does not allow.
[[nodiscard]] MadeUpSettings make_up_settings(const Component&, const std::vector<std::string>& set);

/// Throws InputError for a name that none of the components has as a setting.
void check_set_names(const std::vector<Component>&, const std::vector<std::string>& set);

} // namespace mfm::check
