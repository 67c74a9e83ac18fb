// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct PulseTrain {
    static constexpr auto id = "pulse_train", version = "1.0.0", summary = "rectangular pulses at a fixed period",
                          citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double baseline, rate, onset, width, period;
        std::int64_t count;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::baseline, "baseline", "Hz", 0., 0., 1e6, "rate between the pulses"},
                              mfm::Field{&S::rate, "rate", "Hz", 0., 0., 1e6, "rate during a pulse"}.required(),
                              mfm::Field{&S::onset, "onset", "ms", 500., 0., 1e7, "when the first pulse begins"},
                              mfm::Field{&S::width, "width", "ms", 20., 0., 1e7, "length of a pulse"}.open_lower(),
                              mfm::Field{&S::period, "period", "ms", 100., 0., 1e7,
                                         "from the beginning of a pulse to that of the next"}
                                  .open_lower(),
                              mfm::Field{&S::count, "count", "1", 5., 1., 1e6, "number of pulses"}};
        }
    };
    explicit PulseTrain(const Settings& s) : s_(s) {
        if (s.width > s.period)
            throw mfm::Infeasible("the pulses overlap: width " + mfm::label_number(s.width) + " ms exceeds period " +
                                  mfm::label_number(s.period) + " ms");
    }
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        const double offset = s_.onset + static_cast<double>(s_.count - 1) * s_.period + s_.width;
        return {{.label = std::to_string(s_.count) + " pulses of " + mfm::label_number(s_.rate) + " Hz on " +
                          mfm::label_number(s_.baseline) + " Hz, every " + mfm::label_number(s_.period) + " ms",
                 .duration = offset + s_.period,
                 .onset = s_.onset,
                 .offset = offset,
                 .frequency_hz = s_.count > 1 ? 1e3 / s_.period : 0.0}};
    }
    [[nodiscard]] double level(std::uint32_t) const { return s_.baseline; }
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        if (t < s_.onset) return s_.baseline;
        const double pulse = std::floor((t - s_.onset) / s_.period);
        const bool inside = pulse < static_cast<double>(s_.count) && t - s_.onset - pulse * s_.period < s_.width;
        return inside ? s_.rate : s_.baseline;
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<PulseTrain>);
