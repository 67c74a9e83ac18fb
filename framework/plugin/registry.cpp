// SPDX-License-Identifier: Apache-2.0
#include "plugin/registry.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include <dlfcn.h>

#include <fmt/format.h>

#include "plugin/library.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

std::string_view kind_of_interface(std::string_view id) {
    if (id == MFM_NEURON_ID) return "neuron model";
    if (id == MFM_CONNECTIVITY_ID) return "connectivity rule";
    if (id == MFM_STIMULATION_ID) return "stimulation protocol";
    if (id == MFM_TRANSFER_ID) return "transfer basis";
    if (id == MFM_OPTIMIZER_ID) return "optimizer";
    if (id == MFM_PARETO_ID) return "optimizer of several objectives";
    return "plugin";
}

/// The .so files of a folder by name, so that the order does not depend on the file system.
std::vector<fs::path> libraries_in(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
        if (entry->path().extension() == ".so") files.push_back(entry->path());
    std::sort(files.begin(), files.end());
    return files;
}

fs::path canonical_or_same(const fs::path& path) {
    std::error_code failure;
    fs::path canonical = fs::weakly_canonical(path, failure);
    return failure ? path : canonical;
}

std::optional<fs::path> data_folder() {
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') return fs::path(data);
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
        return fs::path(home) / ".local/share";
    return std::nullopt;
}

/// Where the plugins that came with an executable or a library in `folder` are: an install's lib folder, or the build
/// tree's own.
std::vector<fs::path> folders_beside(const fs::path& folder) {
    std::error_code failure;
    std::vector<fs::path> candidates;
    for (const char* name : {"lib", "lib64"}) {
        const fs::path lib = folder.parent_path() / name;
        candidates.push_back(lib / "automfm/plugins");
        std::vector<fs::path> multiarch; // Debian's lib/x86_64-linux-gnu
        for (fs::directory_iterator entry(lib, failure), end; !failure && entry != end; entry.increment(failure))
            multiarch.push_back(entry->path() / "automfm/plugins");
        std::sort(multiarch.begin(), multiarch.end());
        candidates.insert(candidates.end(), multiarch.begin(), multiarch.end());
    }
    candidates.push_back(folder / "plugins");
    candidates.push_back(folder.parent_path() / "plugins");
    std::erase_if(candidates, [](const fs::path& path) { return libraries_in(path).empty(); });
    return candidates;
}

/// Those of this executable; and of the library that this code is in, where another program loads it as a package of
/// its own (PREFIX/lib/python3/dist-packages/automfm, or a folder of the build tree's).
std::vector<fs::path> own_folders() {
    std::error_code failure;
    const fs::path executable = fs::read_symlink("/proc/self/exe", failure);
    std::vector<fs::path> folders;
    if (!failure) folders = folders_beside(executable.parent_path());
    Dl_info found{};
    if (dladdr(reinterpret_cast<const void*>(&own_folders), &found) == 0) return folders;
    const fs::path library = canonical_or_same(found.dli_fname), package = library.parent_path();
    if (library == executable) return folders;
    const fs::path prefix = package.parent_path().parent_path().parent_path().parent_path();
    for (const fs::path& folder : {package.parent_path(), prefix / "bin"})
        for (fs::path& beside : folders_beside(folder)) folders.push_back(std::move(beside));
    return folders;
}

} // namespace

std::vector<fs::path> plugin_search_path(const std::vector<fs::path>& given) {
    std::vector<fs::path> folders;
    for (const fs::path& folder : given) {
        std::error_code ignored;
        if (!fs::is_directory(folder, ignored))
            throw InputError("the plugin folder '" + folder.string() + "' does not exist; name one that does");
        folders.push_back(folder);
    }
    if (const char* variable = std::getenv("MFM_PLUGIN_PATH"); variable != nullptr) {
        std::string_view rest = variable;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(':'), rest.size());
            if (end > 0) folders.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    if (const auto data = data_folder()) folders.push_back(*data / "automfm/plugins");
    for (fs::path& folder : own_folders()) folders.push_back(std::move(folder));

    // One folder may be reached in several ways; its first place counts.
    std::vector<fs::path> unique;
    for (const fs::path& folder : folders) {
        fs::path path = canonical_or_same(folder);
        if (std::find(unique.begin(), unique.end(), path) == unique.end()) unique.push_back(std::move(path));
    }
    return unique;
}

Registry::Registry(const std::vector<fs::path>& folders) : folders_(folders) {
    std::set<fs::path> seen;
    for (const fs::path& folder : folders_) {
        for (const fs::path& file : libraries_in(folder)) {
            if (!seen.insert(canonical_or_same(file)).second) continue;
            const LoadedLibrary library = load_library(file);
            if (library.plugin == nullptr) {
                refused_.push_back({file.string(), library.refusal});
                continue;
            }
            for (const mfm_component* const* entry = library.plugin->components; *entry != nullptr; ++entry) {
                const auto [place, added] =
                    components_.try_emplace((*entry)->id, Component{*entry, library.plugin, file.string()});
                if (!added)
                    refused_.push_back(
                        {file.string(), fmt::format("its id '{}' is already taken by {}, which was found first",
                                                    (*entry)->id, place->second.file)});
            }
        }
    }
}

const Component* Registry::find_any(std::string_view id) const {
    const auto found = components_.find(id);
    return found == components_.end() ? nullptr : &found->second;
}

const Component& Registry::find(std::string_view id, std::string_view interface_id, const SourcePosition& where) const {
    const Component* found = find_any(id);
    if (found == nullptr || found->interface(interface_id) == nullptr) not_found(id, interface_id, where);
    return *found;
}

const Component& Registry::get(std::string_view id) const {
    const Component* found = find_any(id);
    if (found == nullptr) not_found(id, "", {});
    return *found;
}

void Registry::not_found(std::string_view id, std::string_view interface_id, const SourcePosition& where) const {
    const std::string_view kind = kind_of_interface(interface_id);
    std::vector<std::string> names;
    for (const auto& [name, component] : components_)
        if (interface_id.empty() || component.interface(interface_id) != nullptr) names.push_back(name);
    const std::string near = did_you_mean(id, names);
    if (find_any(id) != nullptr)
        throw InputError(where,
                         fmt::format("plugin '{}' is no {} (it has no interface {}){}", id, kind, interface_id, near));
    for (const RefusedPlugin& refused : refused_)
        if (fs::path(refused.file).stem() == id)
            throw InputError(where, fmt::format("plugin '{}' was refused: {}: {}", id, refused.file, refused.reason));
    std::string places;
    for (const fs::path& folder : folders_) places += (places.empty() ? "" : ", ") + folder.string();
    throw InputError(where, fmt::format("there is no {} '{}'{}; looked in {}", kind, id, near,
                                        places.empty() ? "no folder" : places));
}

} // namespace mfm
