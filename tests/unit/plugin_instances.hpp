// SPDX-License-Identifier: Apache-2.0
// Instances of the built plugins for tests: defaults and a few named settings.
#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "plugin/registry.hpp"
#include "plugin/settings.hpp"

namespace mfm::test {

using Value = std::variant<double, std::string, std::vector<double>>;
using Values = std::map<std::string, Value>;

inline const Registry& plugins() {
    static const Registry loaded({TEST_PLUGIN_FOLDER});
    return loaded;
}
inline Instance instance(const std::string& id, const std::string& interface, const Values& values = {}) {
    const Component& component = plugins().find(id, interface);
    SettingValues settings;
    for (const mfm_field* field : setting_fields(component)) settings.push_back(default_value(*field));
    for (const auto& [name, value] : values) {
        const int i = field_index(component, name);
        if (i < 0) throw std::runtime_error("a test names a setting that '" + id + "' does not have: " + name);
        SettingValue& to = settings[static_cast<std::size_t>(i)];
        if (const double* number = std::get_if<double>(&value)) {
            to.real = *number;
            to.integer = static_cast<std::int64_t>(*number);
        } else if (const std::string* text = std::get_if<std::string>(&value)) {
            to.text = *text;
        } else {
            to.list = std::get<std::vector<double>>(value);
        }
    }
    return Instance(component, settings);
}

} // namespace mfm::test
