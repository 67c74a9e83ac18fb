// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace host_test;

namespace {

const std::string variants = R"(
[variant.strong]
"projection.input.weight" = { scale = 2 }

[variant.stronger]
base = "strong"
mode = ["network", "mean_field"]
"projection.input.weight" = { scale = 3 }
"mean_field.T" = "2 ms"
)";

std::string refusal_of(const std::string& added) {
    return refusal(circuit + added);
}

} // namespace

TEST_CASE("variants are read in the order of the file, each with the changes of its base first") {
    const mfm::PipelineConfig config = load(circuit + variants);
    REQUIRE(config.variants.size() == 2);
    CHECK(config.variants[0].name == "strong");
    CHECK(config.variants[0].network);
    CHECK_FALSE(config.variants[0].mean_field);
    CHECK(config.variants[1].base == "strong");
    CHECK(config.variants[1].mean_field);
    CHECK(config.variants[1].changes.size() == 3);
    CHECK(config.projections[0].weight.mean == 0.05); // the file itself is as it was
    CHECK(load(circuit).variants.empty());
}

TEST_CASE("a variant is a whole pipeline, which reads back from its resolved text") {
    const Folder folder;
    folder.write("circuit.toml", circuit + variants);
    mfm::LoadOptions options;
    const mfm::PipelineConfig base = mfm::load_pipeline("circuit.toml", registry());
    options.variant = &base.variants[1];
    const mfm::PipelineConfig variant = mfm::load_pipeline("circuit.toml", registry(), options);
    CHECK(variant.projections[0].weight.mean == Approx(0.3));
    CHECK(variant.mean_field.T == 2.0);
    CHECK(variant.variants.empty());
    folder.write("again.toml", variant.resolved_toml);
    const mfm::PipelineConfig again = mfm::load_pipeline("again.toml", registry());
    CHECK(again.projections[0].weight.mean == variant.projections[0].weight.mean);
    CHECK(again.resolved_toml == variant.resolved_toml);
    // --set changes the file, and with it what its variants start from.
    options.set = {"projection.input.weight=\"1 nS\""};
    CHECK(mfm::load_pipeline("circuit.toml", registry(), options).projections[0].weight.mean == Approx(6.0));
}

TEST_CASE("mistakes with variants are told with their place and what to do") {
    CHECK(refusal_of("[variant.a]\n") == "circuit.toml:34:10: variant.a changes nothing; give it changes such as "
                                         "\"projection.NAME.weight\" = { scale = 1.5 }");
    CHECK(refusal_of("[variant.\"a b\"]\nseed = 8\n") ==
          "circuit.toml:34:10: the variant name 'a b' may have letters, digits, '_' and '-' only");
    CHECK(refusal_of("[variant.a]\nseed = 8\nbase = \"c\"\n[variant.b]\nseed = 9\n") ==
          "circuit.toml:34:10: variant.a.base: there is no variant 'c'");
    CHECK(refusal_of("[variant.a]\nseed = 8\nbase = \"b\"\n[variant.b]\nseed = 9\nbase = \"a\"\n") ==
          "circuit.toml:37:10: variant.b.base: 'a' starts from itself");
    CHECK(refusal_of("[variant.a]\nmode = \"networks\"\nseed = 8\n") ==
          "circuit.toml:35:8: variant.a.mode: 'networks' is none of 'network', 'mean_field' (did you mean 'network'?)");
    CHECK(refusal_of("[variant.a]\nmode = []\nseed = 8\n") ==
          "circuit.toml:35:8: variant.a.mode names no mode; it is 'network', 'mean_field' or both");
    CHECK(refusal_of("[variant.a]\n\"plugins.path\" = []\n") ==
          "circuit.toml:35:1: a variant cannot change 'plugins.path', which belongs to the file as a whole");
    CHECK(refusal_of("[variant]\na = 3\n") ==
          "circuit.toml:35:1: variant.a must be a table of changes, but is a number");
    CHECK(refusal_of("[variants.a]\nseed = 8\n") ==
          "circuit.toml:34:2: unknown key 'variants' (did you mean 'variant'?)");
}
