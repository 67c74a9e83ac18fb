// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <string>

#include "config/difference.hpp"
#include "config/document.hpp"
#include "fixture.hpp"

using namespace host_test;

namespace {

/// A document with a [changes] table, and the document after them.
mfm::DocumentNode changed(const std::string& changes, const std::string& text = circuit) {
    const Folder folder;
    folder.write("circuit.toml", text + "[changes]\n" + changes);
    mfm::DocumentNode document = mfm::read_document("circuit.toml", {});
    const mfm::DocumentNode table = *document.find("changes");
    document.entries.pop_back();
    mfm::apply_changes(document, mfm::read_changes(table));
    return document;
}
std::string at(const mfm::DocumentNode& document, const std::string& path) {
    const mfm::DocumentNode* node = &document;
    for (std::size_t from = 0, to = 0; to != std::string::npos; from = to + 1) {
        to = path.find('.', from);
        node = node->find(path.substr(from, to - from));
        if (node == nullptr) return "nothing";
    }
    // In a list, so that tables are written in a line.
    mfm::DocumentNode only, list;
    list.kind = mfm::DocumentNode::Kind::Array;
    list.elements.push_back(*node);
    only.entries.push_back({"x", {}, list});
    const std::string text = mfm::to_toml(only); // "[...]\n"
    return text.substr(5, text.size() - 7);
}
std::string refusal_of(const std::string& changes) {
    try {
        static_cast<void>(changed(changes));
    } catch (const mfm::InputError& error) {
        return error.what();
    }
    return "nothing was refused";
}

} // namespace

TEST_CASE("a change sets, scales or adds to what its path means, and units stay as they are written") {
    CHECK(at(changed("\"projection.input.weight\" = \"0.3 nS\""), "projection.input.weight") == "\"0.3 nS\"");
    CHECK(at(changed("\"projection.input.weight\" = { set = 0.3 }"), "projection.input.weight") == "0.3");
    CHECK(at(changed("\"projection.input.weight\" = { scale = 1.5 }"), "projection.input.weight") == "\"0.075 nS\"");
    CHECK(at(changed("\"projection.input.weight\" = { scale = \"150 %\" }"), "projection.input.weight") ==
          "\"0.075 nS\"");
    CHECK(at(changed("\"projection.input.weight\" = { add = \"10 pS\" }"), "projection.input.weight") == "\"0.06 nS\"");
    CHECK(at(changed("\"projection.input.rule.p\" = { add = 0.2 }"), "projection.input.rule.p") == "0.3");
    // A whole number stays one where it can.
    CHECK(at(changed("\"population.fibres.count\" = { scale = 0.5 }"), "population.fibres.count") == "50");
    CHECK(at(changed("\"seed\" = 8"), "seed") == "8");
}

TEST_CASE("dotted keys without quotes mean the same") {
    CHECK(at(changed("projection.input.weight = { scale = 2 }"), "projection.input.weight") == "\"0.1 nS\"");
    const auto both = changed("projection.input = { weight = \"1 nS\", delay.scale = 2 }");
    CHECK(at(both, "projection.input.weight") == "\"1 nS\"");
    CHECK(at(both, "projection.input.delay") == "\"2 ms\"");
}

TEST_CASE("a star means any letters within a part of a path") {
    const auto all = changed("\"population.*.parameters.C_m\" = { scale = 2 }\n\"*.in*t.weight\" = { scale = 2 }");
    CHECK(at(all, "population.cells.parameters.C_m") == "\"290 pF\"");
    CHECK(at(all, "projection.input.weight") == "\"0.1 nS\"");
    const std::string two = circuit + "[projection.input_2]\nsource = \"fibres\"\nweight = \"1 nS\"\n";
    const auto many = changed("\"projection.*.weight\" = { scale = 3 }\n\"projection.input_*.keep\" = 0.5", two);
    CHECK(at(many, "projection.input.weight") == "\"0.15 nS\"");
    CHECK(at(many, "projection.input_2.weight") == "\"3 nS\"");
    CHECK(at(many, "projection.input.keep") == "nothing");
    CHECK(at(many, "projection.input_2.keep") == "0.5");
    CHECK(mfm::matching_paths(many, "projection.*.we*t") ==
          std::vector<std::string>{"projection.input.weight", "projection.input_2.weight"});
    CHECK(mfm::matching_paths(many, "projection.output.weight").empty());
}

TEST_CASE("changes happen in the order of the file") {
    CHECK(at(changed("\"seed\" = { scale = 3 }\n\"*eed\" = { add = 1 }"), "seed") == "22");
    CHECK(at(changed("\"*eed\" = { add = 1 }\n\"seed\" = { scale = 3 }"), "seed") == "24");
}

TEST_CASE("lists and distributions change as a whole") {
    CHECK(at(changed("\"space.size\" = { scale = 2 }"), "space.size") == "[\"600 um\", \"400 um\", 590]");
    CHECK(at(changed("\"stimulation.background.rate\" = { scale = 2 }"), "stimulation.background.rate") ==
          "{ from = \"8 Hz\", to = \"24 Hz\", step = \"8 Hz\" }");
    CHECK(at(changed("\"stimulation.background.rate\" = { add = \"1 Hz\" }"), "stimulation.background.rate") ==
          "{ from = \"5 Hz\", to = \"13 Hz\", step = \"4 Hz\" }");
    const std::string normal =
        "\"projection.input.weight\" = { distribution = \"normal\", mean = \"2 nS\", sd = \"1 nS\" }\n";
    CHECK(at(changed(normal + "\"projection.inpu*.weight\" = { scale = 2 }"), "projection.input.weight") ==
          "{ distribution = \"normal\", mean = \"4 nS\", sd = \"2 nS\" }");
    CHECK(at(changed(normal + "\"projection.inpu*.weight\" = { add = \"1 nS\" }"), "projection.input.weight") ==
          "{ distribution = \"normal\", mean = \"3 nS\", sd = \"1 nS\" }");
}

TEST_CASE("a key that has a default can be set, even in a section that the file leaves out") {
    CHECK(at(changed("\"projection.input.keep\" = 0.5"), "projection.input.keep") == "0.5");
    CHECK(at(changed("\"mean_field.T\" = \"2 ms\""), "mean_field.T") == "\"2 ms\"");
}

TEST_CASE("a table is laid over a table, and another plugin's replaces it") {
    CHECK(at(changed("\"projection.input.rule\" = { set = { p = 0.2 } }"), "projection.input.rule") ==
          "{ plugin = \"test_rule\", p = 0.2 }");
    CHECK(at(changed("\"projection.input.rule\" = { plugin = \"one_to_one\" }"), "projection.input.rule") ==
          "{ plugin = \"one_to_one\" }");
}

TEST_CASE("a number of cells replaces the other ways to tell it") {
    CHECK(at(changed("\"population.cells.placement.count\" = 5"), "population.cells.placement") ==
          "{ layer = \"granular\", count = 5 }");
}

TEST_CASE("what a change leaves alone is the same to the last bit") {
    const std::string odd = "\"projection.input.rule.p\" = 0.12345678901234567\n";
    CHECK(at(changed(odd + "\"projection.inp*.rule.p\" = { scale = 1 }"), "projection.input.rule.p") ==
          "0.12345678901234566");
    CHECK(at(changed(odd + "\"projection.inp*.rule.p\" = { scale = 3 }"), "projection.input.rule.p") ==
          "0.370370367037037");
}

TEST_CASE("a change that means nothing is told with its place and the nearest path") {
    CHECK(refusal_of("\"projection.inptu.weight\" = 1") ==
          "circuit.toml:35:1: 'projection.inptu.weight' is nothing that the pipeline has (did you mean "
          "'projection.input.weight'?)");
    CHECK(refusal_of("\"projektion.*.weight\" = 1") == "circuit.toml:35:1: 'projektion.*.weight' is nothing that the "
                                                       "pipeline has (did you mean 'projection.*.weight'?)");
    CHECK(refusal_of("\"mean_feild.T\" = 1") ==
          "circuit.toml:35:1: 'mean_feild.T' is nothing that the pipeline has (did you mean 'mean_field.T'?)");
    CHECK(refusal_of("\"projection.input.wieght\" = { scale = 2 }") ==
          "circuit.toml:35:1: 'projection.input.wieght' is not in the pipeline (did you mean "
          "'projection.input.weight'?); "
          "a default cannot be scaled or added to, only set");
    CHECK(refusal_of("\"mean_field.T\" = { scale = 2 }") ==
          "circuit.toml:35:1: 'mean_field.T' is not in the pipeline; a default cannot be scaled or added to, only set");
    CHECK(refusal_of("\"projection.input.keep\" = { scale = 2 }") ==
          "circuit.toml:35:1: 'projection.input.keep' is not in the pipeline; a default cannot be scaled or added to, "
          "only set");
    CHECK(refusal_of("\"projection.input.w*ght_\" = 1") ==
          "circuit.toml:35:1: 'projection.input.w*ght_' is nothing that the pipeline has (did you mean "
          "'projection.input.weight'?)");
    CHECK(refusal_of("\"seed.value.x\" = 1") == "circuit.toml:35:1: 'seed.value.x' is nothing that the pipeline has");
    CHECK(refusal_of("\"projection..weight\" = 1") ==
          "circuit.toml:35:1: 'projection..weight' is no path of a value; write it as 'section.name.key'");
}

TEST_CASE("a change that cannot be made is told with its place and why") {
    CHECK(refusal_of("\"projection.input.source\" = { scale = 2 }") ==
          "circuit.toml:35:1: projection.input.source is 'fibres', which is no number that could be scaled");
    CHECK(refusal_of("\"projection.input\" = { scale = 2 }") ==
          "circuit.toml:35:1: projection.input is a table, which is no number that could be scaled");
    CHECK(refusal_of("\"seed\" = { scale = \"2 nS\" }") ==
          "circuit.toml:35:20: seed.scale: '2 nS' has the wrong unit; it must be a pure number");
    CHECK(refusal_of("\"seed\" = { scale = 2, add = 1 }") == "circuit.toml:35:1: 'seed' can be one of { set = ... }, { "
                                                             "scale = ... } and { add = ... }; for two changes of one "
                                                             "value, nest variants");
    CHECK(refusal_of("\"projection.input.weight\" = { add = 1 }") ==
          "circuit.toml:35:37: projection.input.weight: 1 cannot be added to '0.05 nS'; write both with a unit or both "
          "without");
    CHECK(refusal_of("\"projection.input.weight\" = { add = \"1 mV\" }") ==
          "circuit.toml:35:37: projection.input.weight: '1 mV' cannot be added to '0.05 nS'; the unit must be one of "
          "the same "
          "kind");
    CHECK(refusal_of("\"projection.input.weight\" = { add = true }") ==
          "circuit.toml:35:37: projection.input.weight.add must be a number, but is true or false");
    CHECK(refusal_of("\"projection\" = {}") == "circuit.toml:35:1: 'projection' changes nothing");
}
