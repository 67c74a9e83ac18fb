// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mfm {

/// The text of style.css, which the build puts into the program.
[[nodiscard]] const char* style_css();

} // namespace mfm
