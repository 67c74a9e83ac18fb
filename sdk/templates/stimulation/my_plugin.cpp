// SPDX-License-Identifier: Apache-2.0
// A rate that rises along a straight line from one level to another and stays there.  Edit it into your protocol.
#include <mfm/stimulation.hpp>

#include <algorithm>

#include "mfm_page.h" // README.md as the text mfm_page, which `automfm describe my_plugin` prints

namespace {

struct Protocol {
    static constexpr auto id = "my_plugin", version = "0.1.0", summary = "a ramp between two rates, and both of them",
                          citation = "";
    static constexpr auto documentation = mfm_page;

    // A row: member, name in the pipeline file, unit, default, lower and upper bound, meaning.
    struct Settings {
        double low, high, onset, rise;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::low, "low", "Hz", 5., 0., 1e6, "rate before the ramp"},
                              mfm::Field{&S::high, "high", "Hz", 20., 0., 1e6, "rate after the ramp"},
                              mfm::Field{&S::onset, "onset", "ms", 500., 0., 1e9, "when the ramp begins"},
                              mfm::Field{&S::rise, "rise", "ms", 200., 0., 1e9, "how long it takes"}.open_lower()};
        }
    };
    // What no bound can say; the sentence is shown with the place in the pipeline file.
    explicit Protocol(const Settings& s) : s_(s) {
        if (s.low == s.high) throw mfm::Infeasible("low and high are the same rate, so there is no ramp");
    }

    // What is applied, one after the other: the network is simulated under each, and the mean field integrated.
    // Stationary conditions are what transfer functions are measured around and stationary rates compared at.
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        return {{.label = mfm::rate_label(s_.low), .stationary = true},
                {.label = mfm::rate_label(s_.high), .stationary = true},
                {.label = "ramp from " + mfm::label_number(s_.low) + " to " + mfm::label_number(s_.high) + " Hz",
                 .duration = s_.onset + 2 * s_.rise, // at least, ms
                 .onset = s_.onset,
                 .offset = s_.onset}}; // equal to the onset: the rate does not come back
    }
    // Hz: the stationary rate of a condition, or its baseline.
    [[nodiscard]] double level(std::uint32_t condition) const { return condition == 1 ? s_.high : s_.low; }
    // Hz at t ms after the start, for conditions that are not stationary; never negative, any t in any order.
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        return std::lerp(s_.low, s_.high, std::clamp((t - s_.onset) / s_.rise, 0.0, 1.0));
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("my lab", mfm::Stimulation<Protocol>);
