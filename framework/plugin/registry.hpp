// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plugin/component.hpp"

namespace mfm {

/// A file that looked like a plugin and was refused, and why, in one sentence.
struct RefusedPlugin {
    std::string file, reason;
};

/// Every plugin found on the search path, by id.
class Registry {
public:
    /// Loads all plugins of these folders (those first in the list win an id; the later one is refused as a duplicate).
    explicit Registry(const std::vector<std::filesystem::path>& folders);
    /// The component with this id that offers `interface_id`; throws an InputError at `where` that says where it looked
    /// and which ids are near.
    [[nodiscard]] const Component& find(std::string_view id, std::string_view interface_id,
                                        const SourcePosition& where = {}) const;
    /// The component with this id, whatever it offers; throws like find().
    [[nodiscard]] const Component& get(std::string_view id) const;
    [[nodiscard]] const Component* find_any(std::string_view id) const;
    [[nodiscard]] const std::map<std::string, Component, std::less<>>& components() const { return components_; }
    [[nodiscard]] const std::vector<RefusedPlugin>& refused() const { return refused_; }
    [[nodiscard]] const std::vector<std::filesystem::path>& folders() const { return folders_; }

private:
    /// Throws: nothing of this id, or something of another kind.
    [[noreturn]] void not_found(std::string_view id, std::string_view interface_id, const SourcePosition& where) const;
    std::vector<std::filesystem::path> folders_;
    std::map<std::string, Component, std::less<>> components_;
    std::vector<RefusedPlugin> refused_;
};

/// The folders to search, first wins: those given, MFM_PLUGIN_PATH, the user's data folder, the build's or install's
/// own.
[[nodiscard]] std::vector<std::filesystem::path> plugin_search_path(const std::vector<std::filesystem::path>& given);

} // namespace mfm
