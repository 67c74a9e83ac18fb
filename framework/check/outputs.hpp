// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mfm::check {

/// What a set of calls gave: arrays of numbers by name, compared bit by bit.  Any NaN equals any other.
class Outputs {
public:
    struct Array {
        std::string name;
        std::vector<double> values;
    };
    void add(std::string name, std::span<const double> values) {
        arrays_.push_back({std::move(name), {values.begin(), values.end()}});
    }
    template <class T> void add_whole(std::string name, std::span<const T> values) {
        arrays_.push_back({std::move(name), {values.begin(), values.end()}});
    }
    [[nodiscard]] const std::vector<Array>& arrays() const { return arrays_; }
    [[nodiscard]] bool operator==(const Outputs& other) const { return !difference(*this, other); }

    /// Where two differ first, in words: "state 'V_m' [17] is 1 instead of 2"; nothing when they are the same.
    [[nodiscard]] static std::optional<std::string> difference(const Outputs& expected, const Outputs& found);

private:
    std::vector<Array> arrays_;
};

/// True when both are NaN or have the same bits.
[[nodiscard]] bool same_bits(double a, double b);

} // namespace mfm::check
