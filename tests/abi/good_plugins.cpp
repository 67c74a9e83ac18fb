// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "plugin/registry.hpp"
#include "plugin/settings.hpp"

namespace fs = std::filesystem;

namespace {

mfm::Registry registry_of(const std::string& name) {
    return mfm::Registry({fs::path(ABI_PLUGINS) / name});
}

mfm::SettingValues defaults(const mfm::Component& component) {
    mfm::SettingValues values;
    for (const mfm_field* field : mfm::setting_fields(component)) values.push_back(mfm::default_value(*field));
    return values;
}

double level(const mfm::Instance& instance, std::uint32_t condition) {
    double rate = -1.0;
    mfm_error error = mfm::empty_error();
    CHECK(instance.table<mfm_stimulation_v1>(MFM_STIMULATION_ID).level(instance.self(), condition, &rate, &error) ==
          MFM_OK);
    return rate;
}

void settings_arrive(const mfm::Component& component) {
    mfm::SettingValues values = defaults(component);
    REQUIRE(values.size() == 5);
    values[0].real = 7.5;
    values[1].integer = 4;
    values[2].integer = 0;
    values[3].text = "square";
    values[4].list = {1.0, 2.0, 4.0};
    const mfm::Instance instance(component, values);
    CHECK(level(instance, 0) == 7.5);
    CHECK(level(instance, 1) == 4.0);
    CHECK(level(instance, 2) == 0.0);
    CHECK(level(instance, 3) == 6.0);
    CHECK(level(instance, 4) == 7.0);
}

} // namespace

TEST_CASE("a stripped plugin in plain C gets its host and its settings") {
    const mfm::Registry registry = registry_of("plain_c");
    CHECK(registry.refused().empty());
    settings_arrive(registry.find("plain_c", MFM_STIMULATION_ID));
}

TEST_CASE("an interface of an unknown id is skipped") {
    const mfm::Registry registry = registry_of("plain_c");
    const mfm::Component& component = registry.get("plain_c");
    CHECK(component.interface("org.example.unheard_of/3") != nullptr);
    CHECK(component.interface(MFM_NEURON_ID) == nullptr);
}

TEST_CASE("a plugin of a later minor version, with longer structs, loads") {
    const mfm::Registry registry = registry_of("from_next_year");
    CHECK(registry.refused().empty());
    const mfm::Component& component = registry.find("from_next_year", MFM_STIMULATION_ID);
    CHECK(component.plugin->abi_minor == MFM_ABI_MINOR + 1);
    CHECK(component.plugin->size > sizeof(mfm_plugin));
    settings_arrive(component);
}

TEST_CASE("a plugin built with clang loads into this host") {
    if (!fs::exists(fs::path(ABI_PLUGINS) / "clang" / "plain_c.so")) {
        WARN("clang was not found, so this was not tested");
        return;
    }
    const mfm::Registry registry = registry_of("clang");
    CHECK(registry.refused().empty());
    settings_arrive(registry.find("plain_c", MFM_STIMULATION_ID));
}

TEST_CASE("a struct has the fields that its size covers") {
    mfm_component component{};
    component.size = offsetof(mfm_component, documentation);
    CHECK(MFM_HAS(&component, interfaces));
    CHECK_FALSE(MFM_HAS(&component, documentation));
    component.size = sizeof component;
    CHECK(MFM_HAS(&component, documentation));
}

TEST_CASE("what create refuses is the input's fault, and what fails in it the plugin's") {
    const mfm::Registry registry = registry_of("plain_c");
    const mfm::Component& component = registry.get("plain_c");
    mfm::SettingValues values = defaults(component);
    const mfm::SourcePosition where{"circuit.toml", 3, 9};
    values[0].real = 13.0;
    CHECK_THROWS_AS(mfm::Instance(component, values, where), mfm::InputError);
    CHECK_THROWS_WITH(mfm::Instance(component, values, where),
                      "circuit.toml:3:9: plugin 'plain_c' failed in create: thirteen is unlucky; take another");
    values[0].real = 14.0;
    CHECK_THROWS_AS(mfm::Instance(component, values, where), mfm::PluginError);
    CHECK_THROWS_WITH(mfm::Instance(component, values, where),
                      "circuit.toml:3:9: plugin 'plain_c' failed in create: fourteen breaks it");
    values[0].real = 15.0;
    CHECK_THROWS_WITH(mfm::Instance(component, values),
                      "plugin 'plain_c' failed in create: it gave no reason (status -1)");
}

TEST_CASE("an instance can be moved and is destroyed once") {
    const mfm::Registry registry = registry_of("plain_c");
    const mfm::Component& component = registry.get("plain_c");
    mfm::Instance first(component, defaults(component));
    mfm::Instance second(std::move(first));
    CHECK(level(second, 0) == 5.0);
    mfm::Instance third(component, defaults(component));
    third = std::move(second);
    CHECK(level(third, 1) == 3.0);
}

TEST_CASE("a plugin that is not there is asked for with the nearest name and the folders") {
    const mfm::Registry registry = registry_of("plain_c");
    const std::string folder = (fs::path(ABI_PLUGINS) / "plain_c").string();
    CHECK_THROWS_WITH(registry.find("plane_c", MFM_STIMULATION_ID, {"a.toml", 2, 1}),
                      "a.toml:2:1: there is no stimulation protocol 'plane_c' (did you mean 'plain_c'?); looked in " +
                          folder);
    CHECK_THROWS_WITH(registry.find("plain_c", MFM_NEURON_ID),
                      "plugin 'plain_c' is no neuron model (it has no interface mfm.neuron/1)");
    CHECK_THROWS_WITH(
        registry_of("no_create").find("no_create", MFM_NEURON_ID),
        "plugin 'no_create' was refused: " + (fs::path(ABI_PLUGINS) / "no_create" / "no_create.so").string() +
            ": component 'bad' has no function create");
}

TEST_CASE("the search path is what is given, then the environment, then the user's folder") {
    const fs::path given = fs::path(ABI_PLUGINS) / "plain_c", other = fs::path(ABI_PLUGINS) / "no_create";
    setenv("MFM_PLUGIN_PATH", (other.string() + ":" + given.string()).c_str(), 1);
    setenv("XDG_DATA_HOME", "/nowhere/data", 1);
    const auto folders = mfm::plugin_search_path({given});
    unsetenv("MFM_PLUGIN_PATH");
    unsetenv("XDG_DATA_HOME");
    REQUIRE(folders.size() >= 3);
    CHECK(folders[0] == given);
    CHECK(folders[1] == other);
    CHECK(folders[2] == "/nowhere/data/automfm/plugins");
    CHECK_THROWS_WITH(mfm::plugin_search_path({"/nowhere/at/all"}),
                      "the plugin folder '/nowhere/at/all' does not exist; name one that does");
}

TEST_CASE("every struct of the ABI has its layout asserted") {
    const auto text_of = [](const std::string& file) {
        std::ostringstream text;
        text << std::ifstream(std::string(TEST_SOURCE_FOLDER) + file).rdbuf();
        return text.str();
    };
    const std::string header = text_of("/sdk/include/mfm/abi.h"), layout = text_of("/tests/abi/layout_v1.c");
    const std::string opening = "typedef struct ";
    std::size_t structs = 0;
    for (auto at = header.find(opening); at != std::string::npos; at = header.find(opening, at + 1)) {
        const auto name = at + opening.size();
        const std::string type = header.substr(name, header.find_first_of(" {", name) - name);
        INFO(type);
        CHECK(layout.find("FIELD(" + type + ", ") != std::string::npos);
        ++structs;
    }
    CHECK(structs > 20);
}

TEST_CASE("the words of the ABI are those that plugins were built with") {
    using Text = std::string_view;
    CHECK(Text(MFM_NEURON_ID) == "mfm.neuron/1");
    CHECK(Text(MFM_CONNECTIVITY_ID) == "mfm.connectivity/1");
    CHECK(Text(MFM_STIMULATION_ID) == "mfm.stimulation/1");
    CHECK(Text(MFM_TRANSFER_ID) == "mfm.transfer/1");
    CHECK(Text(MFM_OPTIMIZER_ID) == "mfm.optimizer/1");
    CHECK(Text(MFM_PARETO_ID) == "mfm.pareto/1");
    CHECK(Text(MFM_ROLE_CAPACITANCE) == "capacitance");
    CHECK(Text(MFM_ROLE_LEAK) == "leak_conductance");
    CHECK(Text(MFM_ROLE_TAU_M) == "membrane_time_constant");
    CHECK(Text(MFM_ROLE_REST) == "leak_reversal");
    CHECK(Text(MFM_ROLE_THRESHOLD) == "threshold");
    CHECK(Text(MFM_ROLE_REFRACTORY) == "refractory_period");
    CHECK(Text(MFM_ROLE_RESET) == "reset_potential");
    CHECK(Text(MFM_ROLE_CURRENT) == "constant_current");
    CHECK(Text(MFM_ROLE_INCREMENT) == "adaptation_increment");
    CHECK(Text(MFM_ROLE_VOLTAGE) == "voltage");
    CHECK(Text(MFM_ROLE_ADAPTATION) == "adaptation");
    CHECK(Text(MFM_ROLE_MOMENTS) == "moments");
    CHECK(MFM_MOST_EVENTS == 20.0);
}
