// SPDX-License-Identifier: Apache-2.0
// The JSON schema of the pipeline file and the readers of its sections know the same keys and choices.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "config/pipeline_schema.hpp"
#include "fixture.hpp"

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Keys = std::set<std::string>;

namespace {

const Json& schema() {
    static const Json parsed =
        Json::parse(mfm::pipeline_schema(mfm::Registry({TEST_PLUGIN_FOLDER, HOST_TEST_PLUGINS})));
    return parsed;
}

/// All lists of texts in braces that the readers of sections have: {"dt", "duration"}.
std::set<Keys> lists_of_readers(bool of_tables) {
    // A table's keys stand in its reader's own constructor, or in one of these.
    static const std::regex table(
        R"((TableReader|const std::vector<std::string> (own|own_keys|sections)\b)[^;{]*(\{\s*"[^{}]*\}))"),
        any(R"((())(\{\s*"[^{}]*\}))"), text(R"re("([^"]*)")re");
    std::set<Keys> lists;
    for (const auto& entry : fs::directory_iterator(fs::path(TEST_SOURCE_FOLDER) / "framework/config")) {
        if (entry.path().filename().string().find("schema") != std::string::npos) continue;
        std::ostringstream stream;
        stream << std::ifstream(entry.path()).rdbuf();
        const std::string code = stream.str();
        const std::regex& what = of_tables ? table : any;
        for (std::sregex_iterator at(code.begin(), code.end(), what), end; at != end; ++at) {
            const std::string list = (*at)[3];
            Keys keys;
            for (std::sregex_iterator t(list.begin(), list.end(), text); t != end; ++t) keys.insert((*t)[1]);
            if (!keys.empty()) lists.insert(keys);
        }
    }
    return lists;
}

/// The tables of the schema itself; definitions are those of plugins.
void collect(const Json& node, std::set<Keys>& tables, std::set<Keys>& choices) {
    if (node.is_array())
        for (const Json& element : node) collect(element, tables, choices);
    if (!node.is_object()) return;
    if (node.contains("properties") && node.contains("additionalProperties") &&
        node.value("type", Json()) == "object") {
        Keys keys;
        for (const auto& [key, value] : node["properties"].items()) keys.insert(key);
        tables.insert(keys);
    }
    if (node.contains("enum")) choices.insert(node["enum"].get<Keys>());
    for (const auto& [key, value] : node.items())
        if (key != "definitions" && key != "if" && key != "then") collect(value, tables, choices);
}

} // namespace

TEST_CASE("the schema has the keys that the readers of sections accept, table by table, and no others") {
    std::set<Keys> tables, choices;
    collect(schema(), tables, choices);
    // A stimulation's table is closed by its plugin, which adds its settings to the section's own keys.
    Keys stimulation;
    for (const auto& [key, value] : schema()["definitions"]["stimulation_sweep"]["properties"].items())
        stimulation.insert(key);
    for (const auto& [key, value] :
         schema()["definitions"]["stimulation_sweep"]["properties"]["settings"]["properties"].items())
        stimulation.erase(key);
    tables.insert(stimulation);

    std::set<Keys> readers = lists_of_readers(true);
    CHECK(readers.size() > 20);
    // `include` is gone before the sections are read.
    for (Keys keys : readers)
        if (keys.contains("mean_field") && keys.contains("space")) {
            readers.erase(keys);
            keys.insert("include");
            readers.insert(keys);
            break;
        }
    readers.erase({"from", "to", "step"}); // of lists of numbers, which need not be tables
    const auto text = [](const Keys& keys) {
        std::string all;
        for (const std::string& key : keys) all += key + " ";
        return all;
    };
    for (const Keys& keys : readers) {
        INFO("read, but not in the schema: " << text(keys));
        CHECK(tables.contains(keys));
    }
    for (const Keys& keys : tables) {
        INFO("in the schema, but not read: " << text(keys));
        CHECK(readers.contains(keys));
    }
}

TEST_CASE("the schema has the choices that the readers have") {
    std::set<Keys> tables, choices;
    collect(schema(), tables, choices);
    const std::set<Keys> lists = lists_of_readers(false);
    std::size_t seen = 0;
    for (const Keys& names : choices) {
        // Ids of plugins are those of the registry.
        if (names.contains("sweep") || names.contains("adex") || names.contains("bernoulli") ||
            names.contains("zerlaut") || names.contains("ceres") || names.contains("nlopt") || names.contains("pagmo"))
            continue;
        INFO(*names.begin());
        CHECK(lists.contains(names));
        ++seen;
    }
    CHECK(seen > 10);
}

TEST_CASE("the schema describes a plugin's settings as the plugin does") {
    const Json& adex = schema()["definitions"]["parameters_adex"];
    const Json& C_m = adex["properties"]["C_m"];
    CHECK(C_m["type"] == Json({"number", "string", "object"})); // each cell may draw its own
    CHECK(C_m["exclusiveMinimum"] == 0);
    CHECK(C_m["description"].get<std::string>().ends_with("(pF)"));
    CHECK(C_m["default"].is_number());
    CHECK(adex["additionalProperties"] == false);
    CHECK(schema()["definitions"].contains("rule_bernoulli"));
    CHECK(schema()["definitions"]["rule_bernoulli"]["required"] == Json({"probability"}));
}
