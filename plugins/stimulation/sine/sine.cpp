// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct Sine {
    static constexpr auto id = "sine", version = "1.0.0", summary = "a sinusoidal rate", citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double mean, amplitude, frequency, phase;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::mean, "mean", "Hz", 0., 0., 1e6, "mean rate"}.required(),
                mfm::Field{&S::amplitude, "amplitude", "Hz", 0., 0., 1e6, "amplitude of the modulation"}.required(),
                mfm::Field{&S::frequency, "frequency", "Hz", 0., 0., 1e4, "frequency of the modulation"}
                    .open_lower()
                    .required(),
                mfm::Field{&S::phase, "phase", "deg", 0., -360., 360., "phase at time 0"}};
        }
    };
    explicit Sine(const Settings& s) : s_(s) {
        if (s.amplitude > s.mean)
            throw mfm::Infeasible("the rate would become negative: amplitude " + mfm::label_number(s.amplitude) +
                                  " Hz exceeds mean " + mfm::label_number(s.mean) +
                                  " Hz; lower the amplitude or raise the mean");
    }
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        return {{.label = mfm::label_number(s_.mean) + " + " + mfm::label_number(s_.amplitude) + " sin at " +
                          mfm::label_number(s_.frequency) + " Hz",
                 .frequency_hz = s_.frequency}};
    }
    [[nodiscard]] double level(std::uint32_t) const { return s_.mean; }
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        constexpr double pi = 3.14159265358979323846;
        // amplitude <= mean, but rounding may leave a last bit below zero.
        return std::fmax(0.0,
                         s_.mean + s_.amplitude * std::sin(2 * pi * s_.frequency * 1e-3 * t + s_.phase * pi / 180));
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<Sine>);
