// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct Step {
    static constexpr auto id = "step", version = "1.0.0", summary = "one step up or down and back", citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double baseline, rate, onset, duration;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::baseline, "baseline", "Hz", 0., 0., 1e6, "rate before and after the step"},
                mfm::Field{&S::rate, "rate", "Hz", 0., 0., 1e6, "rate during the step"}.required(),
                mfm::Field{&S::onset, "onset", "ms", 500., 0., 1e7, "when the step begins"},
                mfm::Field{&S::duration, "duration", "ms", 250., 0., 1e7, "how long it lasts"}.open_lower()};
        }
    };
    explicit Step(const Settings& s) : s_(s) {}
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        const double offset = s_.onset + s_.duration;
        return {{.label = "step of " + mfm::label_number(s_.baseline) + " to " + mfm::label_number(s_.rate) +
                          " Hz for " + mfm::label_number(s_.duration) + " ms",
                 .duration = offset + s_.duration,
                 .onset = s_.onset,
                 .offset = offset}};
    }
    [[nodiscard]] double level(std::uint32_t) const { return s_.baseline; }
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        return t >= s_.onset && t < s_.onset + s_.duration ? s_.rate : s_.baseline;
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<Step>);
