// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cmath>

#include "science/cortical_network.hpp"

using namespace mfm::test;

namespace {

/// Rates with their standard errors.
struct Measured {
    Rates mean{}, error{};
};

/// Five networks of ours, one second each.
Measured ours(std::vector<std::string> set) {
    constexpr int seeds = 5;
    set.emplace_back("stimulation.c.trials=1");
    Measured out;
    Rates square{};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Rates r = cortical_rates(seed, set);
        for (std::size_t i = 0; i < r.size(); ++i) {
            out.mean[i] += r[i] / seeds;
            square[i] += r[i] * r[i] / seeds;
        }
    }
    for (std::size_t i = 0; i < square.size(); ++i)
        out.error[i] = std::sqrt((square[i] - out.mean[i] * out.mean[i]) / (seeds - 1));
    return out;
}
/// Three runs of NEST, of which the range is known: on average 1.693 standard deviations wide.
Measured nest(const Rates& low, const Rates& high) {
    Measured out;
    for (std::size_t i = 0; i < low.size(); ++i) {
        out.mean[i] = (low[i] + high[i]) / 2;
        out.error[i] = (high[i] - low[i]) / 1.693 / std::sqrt(3.0);
    }
    return out;
}

/// Within two standard errors of the difference, or within 4 %.
void check_same(const char* what, const Measured& a, const Measured& b) {
    const char* names[] = {"RS 0-1 s", "FS 0-1 s", "RS 0.5-1 s", "FS 0.5-1 s"};
    for (std::size_t i = 0; i < a.mean.size(); ++i) {
        const double error = std::hypot(a.error[i], b.error[i]), difference = a.mean[i] - b.mean[i];
        fmt::print("{}, {}: {:.3f} +- {:.3f} and {:.3f} +- {:.3f} Hz, {:+.1f} standard errors, {:+.1f} %\n", what,
                   names[i], a.mean[i], a.error[i], b.mean[i], b.error[i], difference / error,
                   100 * difference / b.mean[i]);
        CAPTURE(what, names[i]);
        CHECK(std::abs(difference) < std::max(2 * error, 0.04 * b.mean[i]));
    }
}

const std::vector<std::string> short_delays = {"projection.rr.delay=0.1", "projection.rf.delay=0.1",
                                               "projection.fr.delay=0.1", "projection.ff.delay=0.1"};

} // namespace

TEST_CASE("five cortical networks fire as NEST's do, at both delays and without adaptation, and as at half the time "
          "step") {
    const Measured adapting = ours({});
    check_same("b 60 pA, delay 1.5 ms, ours and NEST's", adapting,
               nest({2.73, 15.17, 2.02, 13.70}, {2.85, 15.33, 2.08, 13.76}));
    check_same("b 60 pA, delay 0.1 ms, ours and NEST's", ours(short_delays),
               nest({2.79, 15.22, 2.03, 13.62}, {2.88, 15.33, 2.06, 13.73}));
    const Measured not_adapting = ours({"population.rs.parameters.b=0"});
    // One run of NEST: it is as far from its mean as one of ours.
    Measured one{{6.76, 23.30, 6.31, 22.48}, not_adapting.error};
    for (double& error : one.error) error *= std::sqrt(5.0);
    check_same("b 0, delay 1.5 ms, ours and NEST's", not_adapting, one);
    check_same("b 60 pA, delay 1.5 ms, dt 0.1 and 0.05 ms", adapting, ours({"simulation.dt=0.05"}));
}
