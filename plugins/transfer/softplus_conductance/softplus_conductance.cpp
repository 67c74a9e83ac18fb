// SPDX-License-Identifier: Apache-2.0
#include <mfm/root_conductance.hpp>

#include "mfm_page.h"

namespace {

struct SoftplusConductance : mfm::RootSoftplus {
    static constexpr auto id = "softplus_conductance", version = "1.0.0",
                          summary = "softplus of a full cubic in the roots of the summed conductances", citation = "";
    static constexpr auto documentation = mfm_page;
    SoftplusConductance() : RootSoftplus(3, 0.0) {}
};

} // namespace

MFM_PLUGIN("automfm", mfm::Transfer<SoftplusConductance>);
