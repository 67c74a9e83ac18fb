// SPDX-License-Identifier: Apache-2.0
// One library with several components; MFM_PLUGIN stands once.
#include "ramp.hpp"
#include "table.hpp"

MFM_PLUGIN("a third party", mfm::Stimulation<Ramp>, mfm::Stimulation<FromTable>, mfm::OwnInterfaces<Curves>);
