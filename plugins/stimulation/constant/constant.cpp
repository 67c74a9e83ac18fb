// SPDX-License-Identifier: Apache-2.0
#include <mfm/stimulation.hpp>

#include "mfm_page.h"

namespace {

struct Constant {
    static constexpr auto id = "constant", version = "1.0.0", summary = "one constant rate", citation = "";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        double rate;
        static constexpr auto fields() {
            return std::tuple{
                mfm::Field{&Settings::rate, "rate", "Hz", 0., 0., 1e6, "rate of every source"}.required()};
        }
    };
    explicit Constant(const Settings& s) : rate_(s.rate) {}
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        return {{.label = mfm::rate_label(rate_), .stationary = true}};
    }
    [[nodiscard]] double level(std::uint32_t) const { return rate_; }

private:
    double rate_;
};

} // namespace

MFM_PLUGIN("automfm", mfm::Stimulation<Constant>);
