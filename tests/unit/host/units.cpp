// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <string>

#include "support/units.hpp"

using mfm::conversion_factor;
using mfm::parse_quantity;

TEST_CASE("a unit converts into any other of its dimension") {
    const auto [from, to, factor] = GENERATE(table<std::string, std::string, double>({
        {"pF", "pF", 1.0},        {"nF", "pF", 1e3},         {"s", "ms", 1e3},
        {"us", "ms", 1e-3},       {"V", "mV", 1e3},          {"uS", "nS", 1e3},
        {"nA", "pA", 1e3},        {"mm", "um", 1e3},         {"m", "um", 1e6},
        {"fF", "pF", 1e-3},       {"kHz", "Hz", 1e3},        {"MOhm", "Ohm", 1e6},
        {"1/ms", "Hz", 1e3},      {"Hz", "1/s", 1.0},        {"s^-1", "1/ms", 1e-3},
        {"/um^3", "um^-3", 1.0},  {"1/mm^3", "/um^3", 1e-9}, {"nS/ms", "nS/ms", 1.0},
        {"uS/s", "nS/ms", 1.0},   {"%", "1", 1e-2},          {"rad", "deg", 57.29577951308232},
        {"\xC2\xB5m", "um", 1.0}, {"pA/mV", "nS", 1.0},      {"pA*ms/pF", "mV", 1.0},
        {"nS*mV", "pA", 1.0},     {"Hz*ms", "1", 1e-3},      {"pF/nS", "ms", 1.0},
        {"fC", "pA*ms", 1.0},     {"mV*pF", "fC", 1.0},      {"pC", "fC", 1e3},
    }));
    INFO(from << " -> " << to);
    REQUIRE(conversion_factor(from, to));
    CHECK(*conversion_factor(from, to) == factor);
    CHECK(*conversion_factor(to, from) == Approx(1.0 / factor).epsilon(1e-15));
}

TEST_CASE("a unit does not convert into one of another dimension, nor into one that is unknown") {
    for (const auto& [from, to] :
         {std::pair{"mV", "pA"}, {"ms", "Hz"}, {"um^3", "/um^3"}, {"deg", "1"}, {"1", "ms"}, {"nS", "nS/ms"}}) {
        INFO(from << " -> " << to);
        CHECK_FALSE(conversion_factor(from, to));
    }
    for (const char* unit :
         {"g", "kg", "foo", "", "/", "m/", "um^", "um^x", "um^2.5", "mHzz", "M", "pp", "kdeg", "ms ms"}) {
        INFO(unit);
        CHECK_FALSE(mfm::is_known_unit(unit));
        CHECK_FALSE(conversion_factor(unit, unit));
    }
}

TEST_CASE("a quantity is a number and perhaps a unit") {
    const auto [text, value, unit] = GENERATE(table<std::string, double, std::string>({
        {"200 pF", 200.0, "pF"},
        {"9e-6 /um^3", 9e-6, "/um^3"},
        {"0.08", 0.08, ""},
        {"-60mV", -60.0, "mV"},
        {"5 %", 5.0, "%"},
        {"3 1/ms", 3.0, "1/ms"},
        {"3/ms", 3.0, "/ms"},
        {"  +7 ", 7.0, ""},
        {"1e3 nosuch", 1e3, "nosuch"},
        {"2 1", 2.0, "1"},
    }));
    INFO(text);
    const auto quantity = parse_quantity(text);
    REQUIRE(quantity);
    CHECK(quantity->value == value);
    CHECK(quantity->unit == unit);
}

TEST_CASE("a text that is no quantity is not taken for one") {
    for (const char* text :
         {"", " ", "pF", "three ms", "3 4", "1.2.3", "1e999", "nan", "inf", "-inf ms", "--3", "+-3", "3 -ms"}) {
        INFO(text);
        CHECK_FALSE(parse_quantity(text));
    }
}
