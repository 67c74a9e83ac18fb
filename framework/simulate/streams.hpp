// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace mfm {

/// What random numbers are used for.  A stream number is a purpose and an index, so that no two uses share numbers.
enum class StreamPurpose : std::uint64_t {
    Neuron = 1,
    Poisson = 2,
    Parameter = 3,
    Initial = 4,
    Run = 5,
    Sample = 6,
    Pairs = 7,
    Renewal = 8,
    MeanField = 9
};

[[nodiscard]] constexpr std::uint64_t stream_number(StreamPurpose purpose, std::uint64_t index) noexcept {
    return static_cast<std::uint64_t>(purpose) << 48 | index << 8; // the low byte is the plugin's own
}

} // namespace mfm
