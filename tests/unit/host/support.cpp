// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "support/diagnostics.hpp"
#include "support/hash.hpp"
#include "support/progress.hpp"

TEST_CASE("the nearest name is the one that a slip of the finger leads to") {
    const std::vector<std::string> names{"tau_m", "C_m", "g_L", "E_L", "V_reset"};
    CHECK(mfm::nearest_name("tua_m", names) == "tau_m");
    CHECK(mfm::nearest_name("tau", names) == "tau_m");
    CHECK(mfm::nearest_name("c_m", names) == "C_m");
    CHECK(mfm::nearest_name("v_rest", names) == "V_reset");
    CHECK(mfm::nearest_name("g_l", names) == "g_L");
    CHECK(mfm::nearest_name("temperature", names).empty());
    CHECK(mfm::nearest_name("x", names).empty());
    CHECK(mfm::nearest_name("tau_m", {}).empty());
    CHECK(mfm::did_you_mean("V_rset", names) == " (did you mean 'V_reset'?)");
    CHECK(mfm::did_you_mean("temperature", names).empty());
}

TEST_CASE("a place in a file is file, line and column") {
    CHECK(mfm::SourcePosition{"a.toml", 3, 7}.prefix() == "a.toml:3:7: ");
    CHECK(mfm::SourcePosition{"--set a=1", 0, 0}.prefix() == "--set a=1: ");
    CHECK(mfm::SourcePosition{}.prefix().empty());
}

TEST_CASE("a content hash tells apart what differs and nothing else") {
    const auto hash = [](auto... pieces) {
        mfm::ContentHash h;
        (h.add(pieces), ...);
        return h.hex();
    };
    using Text = std::string_view;
    CHECK(hash(Text("abc")).size() == 32);
    CHECK(hash(Text("abc"), 1.0) == hash(Text("abc"), 1.0));
    CHECK(hash(Text("ab"), Text("c")) != hash(Text("a"), Text("bc")));
    CHECK(hash(Text("ab")) != hash(Text("ba")));
    CHECK(hash(1.0) != hash(std::uint64_t{1}));
    CHECK(hash(0.1 + 0.2) != hash(0.3));
    const std::vector<double> numbers{1, 2, 3};
    CHECK(hash(std::span<const double>(numbers)) != hash(1.0, 2.0, 3.0));
    CHECK(hash(Text("")) != mfm::ContentHash{}.hex());
    // Stages of earlier runs are found by these digits: they must not change from build to build.
    CHECK(hash(Text("abc")) == "81cd7cb51e18c7ab4c8717ed8dbfcb33");
}

TEST_CASE("an interrupt ends long work with a sentence and its own exit code") {
    mfm::install_interrupt_handler();
    CHECK_NOTHROW(mfm::throw_if_interrupted());
    std::raise(SIGINT);
    CHECK(mfm::interrupted());
    CHECK_THROWS_AS(mfm::throw_if_interrupted(), mfm::Interrupted);
    try {
        mfm::throw_if_interrupted();
    } catch (const mfm::Error& e) {
        CHECK(static_cast<int>(e.code) == 130);
        CHECK(std::string(e.what()) == "interrupted; what is finished is kept");
    }
}
