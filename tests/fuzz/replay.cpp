// SPDX-License-Identifier: Apache-2.0
// The fuzzers' statements without a fuzzer: for what broke a reader once, and for files changed at random.
#include <catch2/catch.hpp>

#include <functional>
#include <vector>

#include "fuzz/changes.hpp"
#include "fuzz/targets.hpp"

using namespace mfm;
using namespace mfm::test;

namespace {

namespace fs = std::filesystem;

const Registry& registry() {
    static const Registry loaded({TEST_PLUGIN_FOLDER});
    return loaded;
}

std::string text_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}
std::vector<std::string> files(const std::string& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(std::string(TEST_SOURCE_FOLDER) + "/" + folder))
        if (entry.is_regular_file()) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> texts;
    for (const fs::path& path : paths) texts.push_back(text_of(path));
    return texts;
}

using Change = std::function<std::string(const std::string&, RandomSequence&)>;
/// The texts as they are, and so many more with one to four changes each.
void replay(const std::vector<std::string>& texts, std::size_t n, const Change& change,
            const std::function<void(std::string_view)>& read) {
    REQUIRE_FALSE(texts.empty());
    const auto check = [&](const std::string& text) {
        try {
            read(text);
        } catch (const std::exception& e) {
            FAIL_CHECK(e.what() << "\nin the input\n" << text);
        }
    };
    RandomSequence random(1, 2, 3);
    for (const std::string& text : texts) check(text);
    for (std::size_t k = 0; k < n; ++k) {
        std::string text = texts[k % texts.size()];
        for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) text = change(text, random);
        check(text);
    }
}

const auto load = [](std::string_view text) { load_anything(text, registry()); };

} // namespace

TEST_CASE("a pipeline file of any content is loaded or refused in a sentence, and kept as it was read") {
    std::vector<std::string> texts = files("configs");
    for (const std::string& text : files("tests/fuzz/corpus/pipeline")) texts.push_back(text);
    texts.push_back(text_of(std::string(TEST_SOURCE_FOLDER) + "/tests/science/cortex_adex.toml"));
    // Where changes start from must lead deep.
    REQUIRE_NOTHROW(
        load_pipeline(std::string(TEST_SOURCE_FOLDER) + "/tests/fuzz/corpus/pipeline/circuit.toml", registry()));
    replay(texts, 1000, change_bytes, load);
    replay(texts, 3000, change_line, load);
}

TEST_CASE("an SWC file of any content is a cell or refused in a sentence") {
    std::vector<std::string> texts = files("tests/fuzz/corpus/swc");
    texts.emplace_back("# a cell\n1 1 0 0 0 5 -1\n2 3 0.5 -1e2 3 .25 1\r\n\t3 2 1 2 3 0.1 2\n4 2 1 2 3 0.1 3");
    replay(texts, 20000, change_bytes, read_any_cell);
}
