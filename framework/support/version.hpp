// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mfm {

/// The version of automfm, as in "0.1.0".
[[nodiscard]] const char* automfm_version() noexcept;

} // namespace mfm
