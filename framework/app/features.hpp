// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace mfm {

/// What this build is: ABI, compiler, versions of the libraries; one a line.
[[nodiscard]] std::string feature_text();

} // namespace mfm
