// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/abi.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.hpp"

namespace mfm {

/// One component of a loaded plugin library.  Libraries are never unloaded, so a Component is valid for the life of the
/// process.
struct Component {
    const mfm_component* abi = nullptr;
    const mfm_plugin* plugin = nullptr;
    std::string file; ///< the shared library
    [[nodiscard]] std::string id() const { return abi->id; }
    /// The table of interface `interface_id`, or NULL.
    [[nodiscard]] const void* interface(std::string_view interface_id) const;
};

/// The value of one setting, already checked against its field and in the field's unit.
struct SettingValue {
    std::uint32_t kind = MFM_REAL;
    double real = 0.0;
    std::int64_t integer = 0;
    std::string text;
    std::vector<double> list;
};
using SettingValues = std::vector<SettingValue>; ///< in the order of the component's fields

/// A created plugin instance: the component, its settings and its `self`; destroyed with it.
class Instance {
public:
    /// Calls create(); a failure becomes a PluginError (or an InputError at `where`, when the plugin returned
    /// MFM_INFEASIBLE).
    Instance(const Component& component, SettingValues settings, const SourcePosition& where = {});
    Instance(Instance&&) noexcept;
    Instance& operator=(Instance&&) noexcept;
    ~Instance();
    [[nodiscard]] const Component& component() const { return *component_; }
    [[nodiscard]] const SettingValues& settings() const { return settings_; }
    [[nodiscard]] void* self() const { return self_; }
    /// The table of interface `id` cast to T; throws PluginError when the component has none.
    template <class T> [[nodiscard]] const T& table(std::string_view id) const {
        const void* found = component_->interface(id);
        if (found == nullptr)
            throw PluginError("plugin '" + component_->id() + "' has no interface " + std::string(id));
        return *static_cast<const T*>(found);
    }
    /// Index of the first setting with this role, or -1.
    [[nodiscard]] int setting_with_role(std::string_view role) const;
    /// Index of the setting with this name, or -1.
    [[nodiscard]] int setting_index(std::string_view name) const;

private:
    const Component* component_ = nullptr;
    SettingValues settings_;
    void* self_ = nullptr;
};

/// Turns a status into an exception: < 0 PluginError, > 0 InputError at `where`; the sentence names plugin, call and
/// reason.
void check_status(mfm_status status, const mfm_error& error, const Component& component, std::string_view call,
                  const SourcePosition& where = {});
/// An mfm_error ready to be handed to a plugin.
[[nodiscard]] mfm_error empty_error() noexcept;

} // namespace mfm
