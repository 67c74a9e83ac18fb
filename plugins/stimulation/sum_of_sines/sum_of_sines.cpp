// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct SumOfSines {
    static constexpr auto id = "sum_of_sines", version = "1.0.0", summary = "a rate made of several sine waves",
                          citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double mean;
        std::vector<double> amplitudes, frequencies, phases;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::mean, "mean", "Hz", 0., 0., 1e6, "mean rate"}.required(),
                mfm::Field{&S::amplitudes, "amplitudes", "Hz", 0., -1e6, 1e6, "amplitude of each wave"}.required(),
                mfm::Field{&S::frequencies, "frequencies", "Hz", 0., 0., 1e4, "frequency of each wave"}
                    .open_lower()
                    .required(),
                mfm::Field{&S::phases, "phases", "deg", 0., -360., 360., "phase of each wave at time 0; none: all 0"}};
        }
    };
    explicit SumOfSines(const Settings& s) : s_(s) {
        const std::size_t n = s_.amplitudes.size();
        if (n == 0) throw mfm::Infeasible("amplitudes is an empty list; give at least one wave");
        if (s_.frequencies.size() != n)
            throw mfm::Infeasible("there are " + std::to_string(n) + " amplitudes and " +
                                  std::to_string(s_.frequencies.size()) + " frequencies; give one of each per wave");
        if (s_.phases.empty()) s_.phases.assign(n, 0.0);
        if (s_.phases.size() != n)
            throw mfm::Infeasible("there are " + std::to_string(n) + " amplitudes and " +
                                  std::to_string(s_.phases.size()) + " phases; give one per wave, or none");
        double sum = 0;
        for (const double a : s_.amplitudes) sum += std::fabs(a);
        if (sum > s_.mean * (1 + 1e-12))
            throw mfm::Infeasible("the rate could become negative: the amplitudes add up to " + mfm::label_number(sum) +
                                  " Hz and the mean is " + mfm::label_number(s_.mean) +
                                  " Hz; lower them or raise the mean");
    }
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        std::size_t main = 0;
        std::string waves;
        for (std::size_t i = 0; i < s_.amplitudes.size(); ++i) {
            if (std::fabs(s_.amplitudes[i]) > std::fabs(s_.amplitudes[main])) main = i;
            waves += (i > 0 ? ", " : "") + mfm::label_number(s_.frequencies[i]);
        }
        return {{.label = mfm::label_number(s_.mean) + " Hz with sines at " + waves + " Hz",
                 .frequency_hz = s_.frequencies[main]}};
    }
    [[nodiscard]] double level(std::uint32_t) const { return s_.mean; }
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        constexpr double pi = 3.14159265358979323846;
        double rate = s_.mean;
        for (std::size_t i = 0; i < s_.amplitudes.size(); ++i)
            rate += s_.amplitudes[i] * std::sin(2 * pi * s_.frequencies[i] * 1e-3 * t + s_.phases[i] * pi / 180);
        return std::fmax(0.0, rate); // the amplitudes fit the mean up to rounding
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<SumOfSines>);
