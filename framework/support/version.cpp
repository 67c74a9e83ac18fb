// SPDX-License-Identifier: Apache-2.0
#include "support/version.hpp"

namespace mfm {

const char* automfm_version() noexcept {
    return AUTOMFM_VERSION;
}

} // namespace mfm
