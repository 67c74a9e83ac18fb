// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/templates.hpp"
#include "plugin/registry.hpp"
#include "support/diagnostics.hpp"
#include "support/files.hpp"

namespace mfm {
namespace {

namespace fs = std::filesystem;

/// What stands for the plugin's name in the templates, in texts and in names of files.
constexpr std::string_view placeholder = "my_plugin";
constexpr std::size_t longest_name = 64;

std::vector<TemplateFile> files_of(const std::string& kind) {
    std::vector<TemplateFile> files;
    std::vector<std::string> kinds;
    for (const TemplateFile& file : template_files()) {
        if (kinds.empty() || kinds.back() != file.kind) kinds.emplace_back(file.kind);
        if (file.kind == kind) files.push_back(file);
    }
    if (files.empty())
        throw InputError(fmt::format("there is no kind of plugin '{}'{}; there are {}", kind, did_you_mean(kind, kinds),
                                     fmt::join(kinds, ", ")));
    return files;
}

void check_name(const std::string& name, const Registry& known) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
    if (name.empty() || name.size() > longest_name || !letter(name.front()) ||
        !std::all_of(name.begin(), name.end(), inner))
        throw InputError(fmt::format("'{}' cannot be the name of a plugin: it must be a letter, then letters, digits "
                                     "and underscores, {} at most in all",
                                     name, longest_name));
    // CMake's own targets; a library of that name cannot be built.
    constexpr std::array<std::string_view, 8> taken{"all",     "clean", "edit_cache", "help",
                                                    "install", "test",  "package",    "rebuild_cache"};
    if (std::find(taken.begin(), taken.end(), name) != taken.end())
        throw InputError(fmt::format("'{}' cannot be the name of a plugin: CMake keeps it for itself", name));
    if (const Component* plugin = known.find_any(name))
        throw InputError(fmt::format("there is a plugin '{}' already, {}; choose another name", name, plugin->file));
}

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error && ::access(folder.c_str(), W_OK) != 0) error = std::error_code(errno, std::generic_category());
    if (error)
        throw InputError(fmt::format("cannot write into the folder '{}': {}; name another with --dir", folder.string(),
                                     error.message()));
}

std::string with_name(std::string text, const std::string& name) {
    for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + name.size()))
        text.replace(at, placeholder.size(), name);
    return text;
}

/// What a file of a project is for.
std::string_view purpose(const fs::path& file) {
    if (file.extension() == ".cpp") return "the plugin: edit this";
    if (file.extension() == ".toml") return "a pipeline that uses it";
    if (file.extension() == ".md") return "its page, which `automfm describe` prints";
    if (file.filename() == "CMakeLists.txt") return "how it is built";
    return "what must be true of it; ctest runs this";
}

/// Writes a plugin project of this kind ("neuron", "connectivity", ...) whose plugin has the id `name` into `folder`,
/// which need not exist, and says what to do with it.  An InputError, with nothing written, when there is no such kind,
/// the name is no identifier or that of a plugin in `known`, or one of the files is there already.
std::string new_project(const std::string& kind, const std::string& name, const fs::path& folder,
                        const Registry& known) {
    const std::vector<TemplateFile> files = files_of(kind);
    check_name(name, known);
    std::vector<fs::path> paths;
    for (const TemplateFile& file : files) {
        paths.push_back(folder / with_name(file.name, name));
        std::error_code ignored;
        if (fs::exists(fs::symlink_status(paths.back(), ignored)))
            throw InputError(fmt::format("'{}' is there already, and nothing is overwritten; name another folder with "
                                         "--dir, or remove it",
                                         paths.back().string()));
    }
    make_folder(folder);
    std::string text = fmt::format("{}/\n", folder.string());
    for (std::size_t i = 0; i < files.size(); ++i) {
        write_file(paths[i], with_name(files[i].text, name));
        text += fmt::format("  {:<{}}  {}\n", paths[i].filename().string(), std::max(name.size() + 5, std::size_t{14}),
                            purpose(paths[i]));
    }
    const std::string place = shell_quoted(folder.string());
    return text + fmt::format("\nBuild it against the SDK, test it, run its pipeline:\n"
                              "  cd {}\n"
                              "  cmake -B build && cmake --build build\n"
                              "  ctest --test-dir build --output-on-failure\n"
                              "  automfm run {}.toml --plugin-path build\n",
                              place, name);
}

} // namespace

Command add_new(CLI::App& tool) {
    struct Arguments {
        std::string kind, name, folder;
        std::vector<std::string> folders;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& command =
        *tool.add_subcommand("new", "Write the project of a plugin of your own: source, test, page, pipeline");
    command.add_option("KIND", given->kind, "neuron, connectivity, stimulation, transfer or optimizer")->required();
    command.add_option("NAME", given->name, "The plugin's id")->required();
    command.add_option("--dir", given->folder, "The project's folder; the plugin's name by default");
    add_plugin_path(command, given->folders);
    return {&command, [given] {
                const fs::path folder = given->folder.empty() ? given->name : given->folder;
                fmt::print("{}", new_project(given->kind, given->name, folder,
                                             Registry(plugin_search_path(as_paths(given->folders)))));
                return ExitCode::Done;
            }};
}

} // namespace mfm
