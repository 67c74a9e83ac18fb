// SPDX-License-Identifier: Apache-2.0
// Files that come with a plugin: tables, weights, morphologies.  mfm_add_plugin(my_plugin ... DATA table.csv) puts them
// into my_plugin.data beside the library, and there they are found wherever it was installed:
//     const std::string table = mfm::data_file("my_plugin", "table.csv");
// Files that the user chooses are settings instead: a std::string Field with path().
#pragma once
#include <mfm/plugin.hpp>

#include <dlfcn.h>

#include <filesystem>

namespace mfm {

// Each library has functions of its own here (static): it is their address that tells where the library is.

/// The folder that the library of the plugin was loaded from, an absolute path.
[[nodiscard]] static inline std::string library_folder() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&library_folder), &info) == 0 || info.dli_fname == nullptr)
        throw std::runtime_error("the system does not say where the plugin's library is");
    return std::filesystem::absolute(info.dli_fname).parent_path().string();
}
/// The path of a data file of the plugin that mfm_add_plugin calls `name`; throws a sentence when it is not there.
[[nodiscard]] static inline std::string data_file(const std::string& name, const std::string& file) {
    const std::filesystem::path path = std::filesystem::path(library_folder()) / (name + ".data") / file;
    if (!std::filesystem::exists(path))
        throw std::runtime_error("its data file '" + path.string() + "' is missing; copy the folder " + name +
                                 ".data together with the library");
    return path.string();
}

} // namespace mfm
