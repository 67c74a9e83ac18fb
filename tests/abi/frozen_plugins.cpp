// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "abi/run_component.h"
#include "plugin/registry.hpp"

namespace fs = std::filesystem;

namespace {

/// What run_component prints of a library's components, by the registry; `builder` is left out of the ids.
std::vector<std::string> lines_of(const mfm::Registry& registry, const fs::path& library, const std::string& builder) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* const stream = open_memstream(&text, &size);
    const mfm_plugin* plugin = nullptr;
    for (const auto& [id, component] : registry.components())
        if (component.file == library.string()) plugin = component.plugin;
    if (plugin != nullptr)
        for (const mfm_component* const* c = plugin->components; *c != nullptr; ++c) (void)run_component(*c, stream);
    std::fclose(stream);
    std::istringstream printed(std::string(text, size));
    std::free(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(printed, line);) {
        const auto blank = line.find(' ');
        const std::string end = "_" + builder;
        if (blank != std::string::npos && line.starts_with("frozen_") && line.substr(0, blank).ends_with(end))
            line.erase(blank - end.size(), end.size());
        lines.push_back(line);
    }
    return lines;
}

/// Every KIND_BUILDER.so of the folder computes what frozen/1.0/KIND.txt says.
void same_bits(const fs::path& folder, std::size_t libraries) {
    const mfm::Registry registry({folder});
    for (const auto& refused : registry.refused()) FAIL(refused.file << ": " << refused.reason);
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".so") continue;
        const std::string name = entry.path().stem();
        const auto underscore = name.rfind('_');
        INFO(entry.path());
        std::ifstream expected(fs::path(TEST_SOURCE_FOLDER) / "tests/abi/frozen/1.0" /
                               (name.substr(0, underscore) + ".txt"));
        const std::vector<std::string> lines = lines_of(registry, entry.path(), name.substr(underscore + 1));
        REQUIRE_FALSE(lines.empty());
        std::size_t i = 0;
        for (std::string line; std::getline(expected, line); ++i) {
            REQUIRE(i < lines.size());
            CHECK(lines[i] == line);
        }
        CHECK(i == lines.size());
        ++found;
    }
    CHECK(found == libraries);
}

} // namespace

#if defined(__x86_64__)
TEST_CASE("plugins that were built for ABI 1.0, by gcc, by clang and in C, load and compute the same bits") {
    same_bits(fs::path(TEST_SOURCE_FOLDER) / "tests/abi/frozen/1.0", 6);
}
#endif

#if !defined(LATER)
TEST_CASE("plugins of all kinds that were built with a later header, whose structs are longer, compute the same bits") {
    const fs::path folder = fs::path(ABI_PLUGINS) / "later";
    same_bits(folder, 3);
    const mfm::Registry registry({folder});
    for (const auto& [id, component] : registry.components()) {
        CHECK(component.plugin->abi_minor == MFM_ABI_MINOR + 1);
        CHECK(component.plugin->size > sizeof(mfm_plugin));
        CHECK(component.abi->size > sizeof(mfm_component));
    }
}
#endif
