// SPDX-License-Identifier: Apache-2.0
#include <mfm/root_conductance.hpp>

#include "mfm_page.h"

namespace {

struct RefractorySoftplus : mfm::RootSoftplus {
    static constexpr auto id = "refractory_softplus", version = "1.0.0",
                          summary = "softplus of a polynomial in the roots of the summed conductances, capped by the "
                                    "refractory period",
                          citation = "Spaeth, Haussler & Teodorescu 2024, doi:10.1088/2634-4386/ad787f";
    static constexpr auto documentation = mfm_page;

    struct Settings {
        std::int64_t degree;
        double t_ref;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::degree, "degree", "1", 3., 1., 3., "of the polynomial"},
                mfm::Field{&S::t_ref, "t_ref", "ms", 2., 0., 1e3, "refractory period"}.role(MFM_ROLE_REFRACTORY)};
        }
    };
    explicit RefractorySoftplus(const Settings& s) : RootSoftplus(s.degree, 1e-3 * s.t_ref) {}
};

} // namespace

MFM_PLUGIN("automfm", mfm::Transfer<RefractorySoftplus>);
