// SPDX-License-Identifier: Apache-2.0
#include "plugin/component.hpp"

#include <cstring>
#include <utility>

#include "plugin/settings.hpp"
#include "support/held.hpp"

namespace mfm {
namespace {

/// The host's values as the ABI wants them.  They point into `settings`, and live for one call of create().
class ValueArray {
public:
    explicit ValueArray(const SettingValues& settings)
        : values_(settings.size()), pointers_(settings.size() + 1, nullptr) {
        for (std::size_t i = 0; i < settings.size(); ++i) {
            const SettingValue& from = settings[i];
            mfm_value& to = values_[i];
            to.size = sizeof(mfm_value);
            to.kind = from.kind;
            to.real = from.real;
            to.integer = from.integer;
            to.text = from.text.c_str();
            to.list = from.list.data();
            to.length = from.list.size();
            pointers_[i] = &to;
        }
    }
    [[nodiscard]] const mfm_value* const* data() const { return pointers_.data(); }

private:
    std::vector<mfm_value> values_;
    std::vector<const mfm_value*> pointers_;
};

} // namespace

const void* Component::interface(std::string_view interface_id) const {
    for (const mfm_interface* entry = abi->interfaces; entry->id != nullptr; ++entry)
        if (interface_id == entry->id) return entry->table;
    return nullptr;
}

mfm_error empty_error() noexcept {
    mfm_error error;
    error.size = sizeof error;
    error.message[0] = '\0';
    return error;
}

void check_status(mfm_status status, const mfm_error& error, const Component& component, std::string_view call,
                  const SourcePosition& where) {
    if (status == MFM_OK) return;
    std::string reason(error.message, strnlen(error.message, sizeof error.message));
    if (reason.empty()) reason = "it gave no reason (status " + std::to_string(status) + ")";
    const std::string sentence = "plugin '" + component.id() + "' failed in " + std::string(call) + ": " + reason;
    if (status > 0) throw InputError(where, sentence);
    throw PluginError(where.prefix() + sentence);
}

Instance::Instance(const Component& component, SettingValues settings, const SourcePosition& where)
    : component_(&component), settings_(std::move(settings)) {
    const std::size_t expected = setting_fields(component).size();
    if (settings_.size() != expected)
        throw PluginError("plugin '" + component.id() + "' has " + std::to_string(expected) + " settings, but " +
                          std::to_string(settings_.size()) + " were given");
    const ValueArray values(settings_);
    mfm_error error = empty_error();
    mfm_status status = MFM_ERROR;
    // Without noexcept in its type: a plugin not made with the SDK's authoring layer may throw.
    mfm_status (*const create)(const mfm_value* const*, void**, mfm_error*) = component.abi->create;
    try {
        const HeldBy call(component.abi->id, "create");
        status = create(values.data(), &self_, &error);
    } catch (...) {
        throw PluginError(where.prefix() + "plugin '" + component.id() +
                          "' threw an exception out of create, which no plugin may do");
    }
    check_status(status, error, component, "create", where);
}

Instance::Instance(Instance&& other) noexcept
    : component_(std::exchange(other.component_, nullptr)), settings_(std::move(other.settings_)),
      self_(std::exchange(other.self_, nullptr)) {}

Instance& Instance::operator=(Instance&& other) noexcept {
    std::swap(component_, other.component_);
    std::swap(settings_, other.settings_);
    std::swap(self_, other.self_);
    return *this;
}

Instance::~Instance() {
    if (component_ != nullptr) component_->abi->destroy(self_);
}

int Instance::setting_with_role(std::string_view role) const {
    const auto fields = setting_fields(*component_);
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (fields[i]->role != nullptr && role == fields[i]->role) return static_cast<int>(i);
    return -1;
}

int Instance::setting_index(std::string_view name) const {
    return field_index(*component_, name);
}

} // namespace mfm
