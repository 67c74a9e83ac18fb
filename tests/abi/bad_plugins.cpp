// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "plugin/registry.hpp"
#include "support/held.hpp"

namespace fs = std::filesystem;

namespace {

/// The sentence that the only plugin of a folder gets, without the folder's path.
std::string refusal_of(const fs::path& folder) {
    const mfm::Registry registry({folder});
    CHECK(registry.components().empty());
    REQUIRE(registry.refused().size() == 1);
    CHECK(fs::path(registry.refused()[0].file).parent_path() == folder);
    return registry.refused()[0].reason;
}
std::string refusal(const std::string& name) {
    return refusal_of(fs::path(ABI_PLUGINS) / name);
}

struct TemporaryFolder {
    fs::path path = fs::temp_directory_path() / ("mfm_abi_" + std::to_string(getpid()));
    TemporaryFolder() { fs::create_directories(path); }
    ~TemporaryFolder() { fs::remove_all(path); }
};

} // namespace

TEST_CASE("a file that is no plugin is refused with a reason") {
    const TemporaryFolder folder;
    SECTION("a text") {
        std::ofstream(folder.path / "notes.so") << "not a library\n";
        CHECK(refusal_of(folder.path) == "it is not a shared library");
    }
    SECTION("an empty file") {
        std::ofstream(folder.path / "empty.so").flush();
        CHECK(refusal_of(folder.path) == "it is not a shared library");
    }
    SECTION("the beginning of a library") {
        std::ofstream(folder.path / "half.so") << "\x7f"
                                                  "ELF";
        CHECK(refusal_of(folder.path) == "it cannot be loaded: file too short");
    }
    SECTION("a library that needs a symbol nobody has") {
        CHECK(refusal("undefined_symbol") ==
              "it uses the undefined symbol 'nobody_defines_this'; link the library that defines it into the plugin");
    }
    SECTION("files of another ending are not looked at") {
        std::ofstream(folder.path / "notes.txt") << "not a library\n";
        CHECK(mfm::Registry({folder.path}).refused().empty());
    }
}

TEST_CASE("a library without the table of this major version is refused") {
    CHECK(refusal("no_symbol") == "it is a shared library, but no plugin: it has no symbol mfm_plugin_v1");
    CHECK(refusal("other_major") ==
          "it was built for version 7 of the plugin ABI and this automfm has version 1; build it again with this SDK");
    CHECK(refusal("wrong_major") ==
          "it was built for version 3 of the plugin ABI and this automfm has version 1; build it again with this SDK");
    CHECK(refusal("function_symbol") == "its mfm_plugin_v1 is a function, but must be a constant of type mfm_plugin");
    CHECK(refusal("short_symbol") ==
          "its mfm_plugin_v1 is 8 bytes long, less than the 16 of the head that every version has");
    CHECK(refusal("short_head") ==
          "its table says that it is 12 bytes long, less than the 16 of the head that every version has");
    CHECK(refusal("short_table") == "its table is 24 bytes long instead of at least 48");
    CHECK(refusal("no_component") == "it has no component");
}

TEST_CASE("a component that lacks something is refused, and the sentence says what") {
    CHECK(refusal("short_component") == "one of its components is 16 bytes long instead of at least 72");
    CHECK(refusal("no_id") == "one of its components has no id");
    CHECK(refusal("strange_id") == "the id 'two words' has characters other than letters, digits, '_', '-' and '.'");
    CHECK(refusal("no_version") == "component 'bad' has no version");
    CHECK(refusal("no_summary") == "component 'bad' has no summary");
    CHECK(refusal("no_citation") == "component 'bad' has no citation (an empty text is allowed)");
    CHECK(refusal("no_interfaces") == "component 'bad' has no list of interfaces");
    CHECK(refusal("no_create") == "component 'bad' has no function create");
    CHECK(refusal("no_destroy") == "component 'bad' has no function destroy");
    CHECK(refusal("no_settings_list") ==
          "component 'bad' has no list of settings (one with nothing but the ending NULL is allowed)");
    CHECK(refusal("interface_without_table") == "component 'bad': its interface mfm.optimizer/1 has no table");
    CHECK(refusal("short_interface") ==
          "component 'bad': its table of mfm.optimizer/1 is 8 bytes long instead of at least 16");
    CHECK(refusal("table_without_function") == "component 'bad': its table of mfm.optimizer/1 has no function solve");
}

TEST_CASE("a setting that makes no sense is refused, and the sentence names it") {
    CHECK(refusal("setting_without_unit") ==
          "component 'bad': its setting 'tau' has no unit (that of a pure number or a text is \"1\")");
    CHECK(refusal("setting_with_unknown_unit") ==
          "component 'bad': its setting 'tau' has the unit 'fortnights', which is unknown");
    CHECK(refusal("setting_without_name") == "component 'bad': one of its settings has no name");
    CHECK(refusal("setting_without_meaning") ==
          "component 'bad': its setting 'tau' has no sentence that says what it means");
    CHECK(refusal("setting_of_unknown_kind") ==
          "component 'bad': its setting 'tau' is of kind 17, which this automfm does not know");
    CHECK(refusal("short_setting") == "component 'bad': one of its settings is 40 bytes long instead of at least 80");
    CHECK(refusal("default_out_of_bounds") == "component 'bad': its setting 'tau' has the default 11 ms, which is out "
                                              "of its bounds (at least 0 ms and at most 10 ms)");
    CHECK(refusal("default_on_open_bound") == "component 'bad': its setting 'tau' has the default 0 ms, which is out "
                                              "of its bounds (above 0 ms and at most 10 ms)");
    CHECK(refusal("bounds_upside_down") ==
          "component 'bad': its setting 'tau' has bounds that no number meets (10 to 0)");
    CHECK(refusal("no_choice") == "component 'bad': its setting 'shape' has an empty list of choices");
    CHECK(refusal("half_a_number") ==
          "component 'bad': its setting 'copies' is a whole number, but its default is 1.5");
    CHECK(refusal("path_of_a_number") == "component 'bad': its setting 'tau' is a path or a projection, but no text");
    CHECK(refusal("two_settings_of_one_name") == "component 'bad' has two settings named 'tau'");
}

TEST_CASE("what is reserved must be 0, but for a plugin of a later version that may use it") {
    CHECK(refusal("reserved_table") == "its table has a reserved word that is not 0");
    CHECK(refusal("reserved_component") == "component 'bad' has a reserved word that is not 0");
    CHECK(refusal("reserved_setting") == "component 'bad': its setting 'tau' has a reserved word that is not 0");
    CHECK(refusal("unknown_flag") ==
          "component 'bad': its setting 'tau' has flags (0x40000000) that its version of the ABI does not have");
    CHECK(refusal("reserved_interface") ==
          "component 'bad': its table of mfm.optimizer/1 has a reserved word that is not 0");
    CHECK(mfm::Registry({fs::path(ABI_PLUGINS) / "reserved_from_next_year"}).refused().empty());
}

TEST_CASE("a plugin that refuses its host or throws is refused itself") {
    CHECK(refusal("attach_refuses") == "it refused to attach: needs a licence file");
    CHECK(refusal("attach_throws") == "it threw an exception out of attach, which no plugin may do");
}

TEST_CASE("an exception out of create ends in a sentence, not in a crash") {
    const mfm::Registry registry({fs::path(ABI_PLUGINS) / "create_throws"});
    CHECK_THROWS_WITH(mfm::Instance(registry.get("throws"), {}),
                      "plugin 'throws' threw an exception out of create, which no plugin may do");
}

TEST_CASE("a call that does not come back is told, again and again, with the plugin that holds the run") {
    const TemporaryFolder folder;
    const fs::path end = folder.path / "end";
    const mfm::Registry registry({fs::path(ABI_PLUGINS) / "waits"});
    std::mutex mutex;
    std::vector<std::string> told;
    const mfm::HeldWatch watch(std::chrono::milliseconds(20), [&](const std::string& text) {
        const std::lock_guard lock(mutex);
        if (text.find("waits") != std::string::npos) told.push_back(text);
    });
    std::thread run([&] {
        const mfm::HeldBy outer("somebody", "solve");
        mfm::SettingValues values(1);
        values[0].kind = MFM_TEXT;
        values[0].text = end.string();
        const mfm::Instance waits(registry.get("waits"), values);
    });
    for (std::size_t n = 0; n < 2;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const std::lock_guard lock(mutex);
        n = told.size();
    }
    std::ofstream(end).flush();
    run.join();
    const std::lock_guard lock(mutex);
    const auto seconds = [&](const std::string& text) {
        const std::string before = "plugin 'somebody' has been in its function solve for ",
                          after = " s, and waits for plugin 'waits' in create; a second Ctrl-C ends what does not "
                                  "come back";
        REQUIRE(text.starts_with(before));
        REQUIRE(text.ends_with(after));
        return std::stod(text.substr(before.size()));
    };
    CHECK(seconds(told[0]) >= 0.02);
    CHECK(seconds(told[1]) == 2 * seconds(told[0]));
}

TEST_CASE("of two plugins with one id the first in the search path wins") {
    const fs::path first = fs::path(ABI_PLUGINS) / "create_throws";
    const TemporaryFolder second;
    fs::copy_file(first / "create_throws.so", second.path / "copy.so");
    const mfm::Registry registry({first, second.path});
    CHECK(registry.get("throws").file == (first / "create_throws.so").string());
    REQUIRE(registry.refused().size() == 1);
    CHECK(registry.refused()[0].file == (second.path / "copy.so").string());
    CHECK(registry.refused()[0].reason ==
          "its id 'throws' is already taken by " + (first / "create_throws.so").string() + ", which was found first");
}
