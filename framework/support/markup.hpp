// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace mfm {

/// `text` as content or quoted attribute of HTML, SVG or MathML: & < > " ' are escaped, control characters are left
/// out, and what is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string escaped_markup(std::string_view text);

} // namespace mfm
