// SPDX-License-Identifier: Apache-2.0
// Short-term plasticity in the pipeline file.
#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace host_test;

namespace {

/// The circuit whose projection is plastic in this way.
mfm::PlasticityConfig plasticity(const std::string& table) {
    return *load(with("delay = \"1 ms\"", "delay = \"1 ms\"\nplasticity = " + table)).projections[0].plasticity;
}
std::string refusal_of(const std::string& table) {
    return refusal_with("delay = \"1 ms\"", "delay = \"1 ms\"\nplasticity = " + table);
}

} // namespace

TEST_CASE(
    "a projection's short-term plasticity is read with its units, the first spike using U unless told otherwise") {
    const mfm::PlasticityConfig both =
        plasticity("{ model = \"tsodyks_markram\", U = 0.43, tau_rec = \"8 ms\", tau_fac = \"0.005 s\" }");
    CHECK(both.U == 0.43);
    CHECK(both.u_0 == 0.43);
    CHECK(both.tau_rec == 8.0);
    CHECK(both.tau_fac == 5.0);
    const mfm::PlasticityConfig depression =
        plasticity("{ model = \"tsodyks_markram\", U = 0.2, u_0 = 0.5, tau_rec = 800 }");
    CHECK(depression.u_0 == 0.5);
    CHECK(depression.tau_fac == 0.0);
    CHECK_FALSE(load(circuit).projections[0].plasticity);
}

TEST_CASE("a mistake in a projection's plasticity is told with its place") {
    CHECK(refusal_of("{ model = \"tsodyks\", U = 0.5, tau_rec = 8 }") ==
          "circuit.toml:25:24: projection.input.plasticity.model: 'tsodyks' is none of 'tsodyks_markram' (did you mean "
          "'tsodyks_markram'?)");
    CHECK(refusal_of("{ model = \"tsodyks_markram\", U = 0, tau_rec = 8 }") ==
          "circuit.toml:25:47: projection.input.plasticity.U is 0, but must be above 0 and at most 1");
    CHECK(refusal_of("{ model = \"tsodyks_markram\", U = 0.5 }") ==
          "circuit.toml:25:14: projection.input.plasticity needs a value for 'tau_rec'");
    CHECK(refusal_of("{ model = \"tsodyks_markram\", U = 0.5, tau_rec = \"8 mV\" }") ==
          "circuit.toml:25:62: projection.input.plasticity.tau_rec: '8 mV' has the wrong unit; it must be a number in "
          "ms");
    CHECK(refusal_of("{ model = \"tsodyks_markram\", U = 0.5, tau_rec = 8, tau_facil = 5 }") ==
          "circuit.toml:25:65: unknown key 'tau_facil' in projection.input.plasticity (did you mean 'tau_fac'?)");
    CHECK(refusal_of("0.5") == "circuit.toml:25:14: projection.input.plasticity must be a table, but is a number");
}
