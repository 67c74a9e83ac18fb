// SPDX-License-Identifier: Apache-2.0
// What the documentation shows works, with the plugins that come with automfm.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "fixture.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path source = TEST_SOURCE_FOLDER;

const mfm::Registry& shipped() {
    static const mfm::Registry loaded({TEST_PLUGIN_FOLDER});
    return loaded;
}

std::string text_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

/// The first block of this language in a Markdown text.
std::string block(const std::string& text, const std::string& language) {
    const std::string fence = "```" + language + "\n";
    const auto begin = text.find(fence);
    if (begin == std::string::npos) return "";
    return text.substr(begin + fence.size(), text.find("```", begin + 3) - begin - fence.size());
}

} // namespace

TEST_CASE("every plugin that comes with automfm loads, and has a page and a source of its own") {
    CHECK(shipped().refused().empty());
    std::size_t missing = 0;
    std::set<std::string> folders, optional;
    for (const auto& entry : fs::recursive_directory_iterator(source / "plugins"))
        if (entry.path().filename() == "CMakeLists.txt" && entry.path().parent_path() != source / "plugins") {
            const std::string id = entry.path().parent_path().filename().string();
            folders.insert(id);
            // Not built where the library that it needs is missing.
            if (text_of(entry.path()).find("return()") != std::string::npos) optional.insert(id);
        }
    for (const std::string& id : folders) {
        INFO(id);
        const mfm::Component* component = shipped().find_any(id);
        if (component == nullptr && optional.contains(id)) {
            ++missing;
            continue;
        }
        REQUIRE(component != nullptr);
        CHECK(component->abi->documentation != nullptr);
    }
    // A library may have further components, which have a page as well.
    std::set<std::string> libraries;
    for (const auto& [id, component] : shipped().components()) {
        INFO(id);
        libraries.insert(component.file);
        CHECK(component.abi->documentation != nullptr);
    }
    CHECK(libraries.size() == folders.size() - missing);
}

TEST_CASE("the pipelines in configs are accepted, or say in a sentence which file they need from the user") {
    std::size_t pipelines = 0, waiting = 0;
    for (const auto& entry : fs::directory_iterator(source / "configs")) {
        if (entry.path().extension() != ".toml") continue;
        INFO(entry.path());
        ++pipelines;
        try {
            static_cast<void>(mfm::load_pipeline(entry.path(), shipped()));
        } catch (const mfm::InputError& error) {
            CHECK_THAT(error.what(), Catch::Matchers::Contains("_morphology: there is no file '") &&
                                         Catch::Matchers::Contains("/configs/morphologies/"));
            ++waiting;
        }
    }
    CHECK(pipelines > waiting);
}

TEST_CASE("the pipeline in the README is accepted") {
    const host_test::Folder folder;
    folder.write("readme.toml", block(text_of(source / "README.md"), "toml"));
    const auto config = mfm::load_pipeline("readme.toml", shipped());
    CHECK(config.populations.size() == 2);
    CHECK(config.stimulations.size() == 1);
}

TEST_CASE("every key of the pipeline file is documented") {
    const std::string page = text_of(source / "docs/configuration.md");
    std::size_t keys = 0;
    for (const auto& entry : fs::directory_iterator(source / "framework/config")) {
        const std::string code = text_of(entry.path());
        // The keys of a table stand in the list that its reader is made with.
        for (auto at = code.find("TableReader"); at != std::string::npos; at = code.find("TableReader", at + 1)) {
            const auto open = code.find('{', at), statement = code.find(';', at);
            if (open == std::string::npos || open > statement || code[open + 1] != '"') continue;
            const std::string list = code.substr(open, code.find('}', open) - open);
            std::size_t quote = 0;
            while ((quote = list.find('"', quote)) != std::string::npos) {
                const auto end = list.find('"', quote + 1);
                if (end == std::string::npos) break;
                const std::string key = list.substr(quote + 1, end - quote - 1);
                INFO(entry.path() << ": " << key);
                CHECK((page.find("`" + key + "`") != std::string::npos ||
                       page.find("`" + key + " =") != std::string::npos ||
                       page.find(key + " = ") != std::string::npos));
                ++keys;
                quote = end + 1;
            }
        }
    }
    CHECK(keys > 60);
}
