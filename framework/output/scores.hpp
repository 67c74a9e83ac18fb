// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "validate/report.hpp"

namespace mfm {

/// The report's part on the scores of responses; "" where no stimulus varies in time.
[[nodiscard]] std::string scores_part(const ValidationReport&);

} // namespace mfm
