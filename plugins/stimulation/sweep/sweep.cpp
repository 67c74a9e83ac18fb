// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct Sweep {
    static constexpr auto id = "sweep", version = "1.0.0", summary = "a list of constant rates, one condition each",
                          citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::vector<double> rate;
        static constexpr auto fields() {
            return std::tuple{
                mfm::Field{&Settings::rate, "rate", "Hz", 0., 0., 1e6, "the rates, one condition each"}.required()};
        }
    };
    explicit Sweep(const Settings& s) : rates_(s.rate) {
        if (rates_.empty()) throw mfm::Infeasible("rate is an empty list; give at least one rate");
    }
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        std::vector<mfm::Condition> out;
        for (const double rate : rates_) out.push_back({.label = mfm::rate_label(rate), .stationary = true});
        return out;
    }
    [[nodiscard]] double level(std::uint32_t condition) const { return rates_[condition]; }

private:
    std::vector<double> rates_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<Sweep>);
