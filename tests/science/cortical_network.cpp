// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "science/cortical_network.hpp"

using namespace mfm::test;

TEST_CASE("the cortical AdEx network fires at the rates that NEST 3.6 gives, within 4 %") {
    // NEST 3.6.0, three seeds: RS / FS 2.73-2.85 / 15.17-15.33 Hz over 0-1 s, 2.02-2.08 / 13.70-13.76 Hz over 0.5-1 s.
    const Rates r = cortical_rates(3);
    fmt::print("RS / FS: {:.3f} / {:.3f} Hz over 0-1 s, {:.3f} / {:.3f} Hz over 0.5-1 s\n", r[0], r[1], r[2], r[3]);
    CHECK(r[0] == Approx(2.79).epsilon(.04));
    CHECK(r[1] == Approx(15.25).epsilon(.04));
    CHECK(r[2] == Approx(2.05).epsilon(.04));
    CHECK(r[3] == Approx(13.73).epsilon(.04));
}
