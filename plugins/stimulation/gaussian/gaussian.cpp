// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct Gaussian {
    static constexpr auto id = "gaussian", version = "1.0.0", summary = "one bump of Gaussian shape", citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double baseline, amplitude, sigma, centre;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::baseline, "baseline", "Hz", 0., 0., 1e6, "rate far from the bump"},
                mfm::Field{&S::amplitude, "amplitude", "Hz", 0., -1e6, 1e6,
                           "height of the bump above the baseline; negative: a dip"}
                    .required(),
                mfm::Field{&S::sigma, "sigma", "ms", 50., 0., 1e6, "width (standard deviation)"}.open_lower(),
                mfm::Field{&S::centre, "centre", "ms", 500., 0., 1e7, "when the bump is highest"}};
        }
    };
    explicit Gaussian(const Settings& s) : s_(s) {
        if (s.baseline + s.amplitude < 0)
            throw mfm::Infeasible("the rate would become negative: amplitude " + mfm::label_number(s.amplitude) +
                                  " Hz takes more than the baseline of " + mfm::label_number(s.baseline) + " Hz away");
    }
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        const double reach = 3 * s_.sigma, offset = s_.centre + reach;
        return {{.label = "gaussian of " + mfm::label_number(s_.amplitude) + " Hz on " +
                          mfm::label_number(s_.baseline) + " Hz, sigma " + mfm::label_number(s_.sigma) + " ms",
                 .duration = offset + reach,
                 .onset = std::fmax(0.0, s_.centre - reach),
                 .offset = offset}};
    }
    [[nodiscard]] double level(std::uint32_t) const { return s_.baseline; }
    [[nodiscard]] double rate(std::uint32_t, double t) const {
        const double z = (t - s_.centre) / s_.sigma;
        return std::fmax(0.0, s_.baseline + s_.amplitude * std::exp(-0.5 * z * z));
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<Gaussian>);
