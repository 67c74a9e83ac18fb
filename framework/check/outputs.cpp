// SPDX-License-Identifier: Apache-2.0
#include "check/outputs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

namespace mfm::check {

bool same_bits(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::optional<std::string> Outputs::difference(const Outputs& expected, const Outputs& found) {
    for (std::size_t k = 0; k < std::min(expected.arrays_.size(), found.arrays_.size()); ++k) {
        const Array &a = expected.arrays_[k], &b = found.arrays_[k];
        if (a.name != b.name) return fmt::format("there is {} instead of {}", b.name, a.name);
        for (std::size_t i = 0; i < std::min(a.values.size(), b.values.size()); ++i)
            if (!same_bits(a.values[i], b.values[i]))
                return fmt::format("{} [{}] is {} instead of {}", a.name, i, b.values[i], a.values[i]);
        if (a.values.size() != b.values.size())
            return fmt::format("{} has {} values instead of {}", a.name, b.values.size(), a.values.size());
    }
    if (expected.arrays_.size() != found.arrays_.size())
        return fmt::format("there are {} arrays instead of {}", found.arrays_.size(), expected.arrays_.size());
    return std::nullopt;
}

} // namespace mfm::check
