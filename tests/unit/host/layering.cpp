// SPDX-License-Identifier: Apache-2.0
// plugins -> sdk, app -> framework -> sdk, and no other way: read off the includes.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path source = TEST_SOURCE_FOLDER;
// A folder of the framework may use those before it.
const std::vector<std::string> layers{"support",  "plugin", "config",    "network",  "simulate", "remap",
                                      "transfer", "check",  "meanfield", "validate", "output",   "report",
                                      "pipeline", "sweep",  "tune",      "python",   "app"};

struct Include {
    std::string name;
    bool quoted = false;
    int line = 0;
};

std::vector<fs::path> sources_in(const fs::path& folder) {
    std::vector<fs::path> files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension == ".hpp" || extension == ".cpp" || extension == ".h" || extension == ".c")
            files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

void each_line(const fs::path& file, const std::function<void(const std::string&, int)>& use) {
    std::ifstream stream(file);
    int number = 0;
    for (std::string line; std::getline(stream, line);) use(line, ++number);
}

std::vector<Include> includes_of(const fs::path& file) {
    std::vector<Include> includes;
    each_line(file, [&](const std::string& line, int number) {
        const auto hash = line.find_first_not_of(" \t");
        if (hash == std::string::npos || line[hash] != '#') return;
        const auto word = line.find("include", hash);
        const auto open = line.find_first_of("<\"", hash);
        if (word == std::string::npos || open == std::string::npos || word > open) return;
        const auto close = line.find_first_of(">\"", open + 1);
        includes.push_back({line.substr(open + 1, close - open - 1), line[open] == '"', number});
    });
    return includes;
}

std::string first_folder(const std::string& name) {
    return name.substr(0, name.find('/'));
}

} // namespace

TEST_CASE("a plugin includes its own files, the SDK and libraries, and nothing of the framework") {
    auto files = sources_in(source / "plugins");
    CHECK_FALSE(files.empty());
    const auto templates = sources_in(source / "sdk/templates"); // of plugins, for `automfm new`
    CHECK_FALSE(templates.empty());
    files.insert(files.end(), templates.begin(), templates.end());
    for (const fs::path& file : files) {
        for (const Include& include : includes_of(file)) {
            INFO(file << ":" << include.line << " includes " << include.name);
            if (include.quoted) CHECK((include.name == "mfm_page.h" || fs::exists(file.parent_path() / include.name)));
            CHECK(include.name.find("..") == std::string::npos);
            CHECK_FALSE(fs::exists(source / "framework" / include.name));
        }
    }
}

TEST_CASE("the SDK includes itself and the standard library") {
    const std::set<std::string> c_headers{"stddef.h", "stdint.h", "immintrin.h", "dlfcn.h"};
    for (const fs::path& file : sources_in(source / "sdk/include")) {
        for (const Include& include : includes_of(file)) {
            INFO(file << ":" << include.line << " includes " << include.name);
            CHECK_FALSE(include.quoted);
            const bool own = include.name.starts_with("mfm/") && fs::exists(source / "sdk/include" / include.name);
            const bool standard =
                include.name.find('/') == std::string::npos && include.name.find('.') == std::string::npos;
            CHECK((own || standard || c_headers.contains(include.name)));
        }
    }
}

TEST_CASE("a folder of the framework uses those above it in the list, the SDK and libraries") {
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
        for (const fs::path& file : sources_in(source / "framework" / layers[layer])) {
            for (const Include& include : includes_of(file)) {
                INFO(file << ":" << include.line << " includes " << include.name);
                if (!include.quoted) {
                    CHECK_FALSE(fs::exists(source / "framework" / include.name));
                    continue;
                }
                const auto used = std::find(layers.begin(), layers.end(), first_folder(include.name));
                REQUIRE(used != layers.end());
                CHECK(static_cast<std::size_t>(used - layers.begin()) <= layer);
                CHECK(fs::exists(source / "framework" / include.name));
            }
        }
    }
    for (const auto& entry : fs::directory_iterator(source / "framework"))
        if (entry.is_directory()) {
            INFO(entry.path() << " must have its place in the list of layers");
            CHECK(std::find(layers.begin(), layers.end(), entry.path().filename().string()) != layers.end());
        }
}

TEST_CASE("the framework names no plugin") {
    // Words of the pipeline file and the command line that happen to be ids as well: a distribution, the radius of a
    // cell, the step of a range, commands for libraries.
    const std::set<std::string> own_words{"constant", "radius", "step", "sweep", "nearest"};
    std::set<std::string> ids;
    for (const auto& list : fs::recursive_directory_iterator(source / "plugins"))
        if (list.path().filename() == "CMakeLists.txt" && list.path().parent_path() != source / "plugins")
            ids.insert(list.path().parent_path().filename().string());
    CHECK(ids.size() > 5);
    for (const fs::path& file : sources_in(source / "framework")) {
        each_line(file, [&](const std::string& line, int number) {
            for (const std::string& id : ids) {
                if (own_words.contains(id)) continue;
                const bool literal = line.find("\"" + id + "\"") != std::string::npos;
                const bool quoted = line.find("\\\"" + id + "\\\"") != std::string::npos ||
                                    line.find("'" + id + "'") != std::string::npos;
                if (!literal && !quoted) continue;
                FAIL_CHECK(file << ":" << number << " names the plugin " << id);
            }
        });
    }
}
