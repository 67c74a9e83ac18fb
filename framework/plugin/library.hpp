// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

#include <mfm/abi.h>

namespace mfm {

/// A shared library and its plugin table, or the sentence that says why it has none that can be used.
struct LoadedLibrary {
    const mfm_plugin* plugin = nullptr;
    std::string refusal;
};

/// Loads the file for the life of the process (RTLD_NOW, RTLD_LOCAL) and checks the table and everything it points to,
/// without calling any of the plugin's functions; then calls attach(), if there is one.
[[nodiscard]] LoadedLibrary load_library(const std::filesystem::path& file);

} // namespace mfm
