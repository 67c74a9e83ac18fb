// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct Ramp {
    static constexpr auto id = "ramp", version = "0.1.0", summary = "a staircase of rates", citation = "";
    static constexpr auto documentation = ramp_page;
    struct Settings {
        double first, last;
        int steps;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::first, "first", "Hz", 0., 0., 1e6, "the first rate"},
                              mfm::Field{&S::last, "last", "Hz", 100., 0., 1e6, "the last rate"},
                              mfm::Field{&S::steps, "steps", "1", 5., 2., 1e6, "number of rates"}};
        }
    };
    explicit Ramp(const Settings& s) : s_(s) {}
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        std::vector<mfm::Condition> all;
        for (int i = 0; i < s_.steps; ++i)
            all.push_back({.label = mfm::rate_label(level(static_cast<std::uint32_t>(i))), .stationary = true});
        return all;
    }
    [[nodiscard]] double level(std::uint32_t condition) const {
        return s_.first + condition * (s_.last - s_.first) / (s_.steps - 1);
    }
    [[nodiscard]] double rate(std::uint32_t condition, double) const { return level(condition); }

private:
    Settings s_;
};

} // namespace
