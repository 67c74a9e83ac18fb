// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "plugin/registry.hpp"

namespace mfm {

/// Every plugin by kind: id, version, summary and file; with `why` those refused and the reason.
[[nodiscard]] std::string list_plugins(const Registry&, bool why);
/// Settings, citation and page of one plugin; an InputError with the nearest id when there is none.
[[nodiscard]] std::string describe_plugin(const Registry&, const std::string& id);

} // namespace mfm
