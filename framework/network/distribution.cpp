// SPDX-License-Identifier: Apache-2.0
#include "network/distribution.hpp"

#include <cmath>

#include <fmt/format.h>

namespace mfm {
namespace {

constexpr int max_redraws = 1000;

template <class Accept>
double redraw(const Distribution& distribution, RandomSequence& random, const SourcePosition& where, const char* what,
              Accept accept) {
    for (int attempt = 0; attempt < max_redraws; ++attempt) {
        const double value = draw(distribution, random);
        if (accept(value)) return value;
    }
    throw InputError(where, fmt::format("{} drew {} values in a row that are not allowed; narrow its distribution",
                                        what, max_redraws));
}

} // namespace

double mean_of(const Distribution& distribution) {
    return distribution.kind == Distribution::Kind::Uniform ? 0.5 * (distribution.lower + distribution.upper)
                                                            : distribution.mean;
}

double draw(const Distribution& distribution, RandomSequence& random) {
    const double mean = distribution.mean, sd = distribution.sd;
    switch (distribution.kind) {
    case Distribution::Kind::Constant:
        return mean;
    case Distribution::Kind::Uniform:
        return distribution.lower + (distribution.upper - distribution.lower) * random.uniform();
    case Distribution::Kind::Normal:
        return mean + sd * random.normal();
    case Distribution::Kind::Lognormal: {
        if (mean == 0.0 || sd == 0.0) return mean;
        const double variance = std::log1p(sd * sd / (mean * mean));
        return std::copysign(
            std::exp(std::log(std::abs(mean)) - 0.5 * variance + std::sqrt(variance) * random.normal()), mean);
    }
    case Distribution::Kind::Gamma: {
        if (mean == 0.0 || sd == 0.0) return mean;
        const double scale = sd * sd / std::abs(mean);
        return std::copysign(scale * random.gamma(std::abs(mean) / scale), mean);
    }
    }
    return mean;
}

double draw_same_sign(const Distribution& distribution, RandomSequence& random, const SourcePosition& where,
                      const char* what) {
    const double mean = mean_of(distribution);
    return redraw(distribution, random, where, what, [&](double value) { return value * mean >= 0.0; });
}

double draw_at_least(const Distribution& distribution, double lower, RandomSequence& random,
                     const SourcePosition& where, const char* what) {
    return redraw(distribution, random, where, what, [&](double value) { return value >= lower; });
}

} // namespace mfm
