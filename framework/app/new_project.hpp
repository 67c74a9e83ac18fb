// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

#include "plugin/registry.hpp"

namespace mfm {

/// Writes a plugin project of this kind ("neuron", "connectivity", ...) whose plugin has the id `name` into `folder`,
/// which need not exist, and says what to do with it.  An InputError, with nothing written, when there is no such kind,
/// the name is no identifier or that of a plugin in `known`, or one of the files is there already.
[[nodiscard]] std::string new_project(const std::string& kind, const std::string& name,
                                      const std::filesystem::path& folder, const Registry& known);

} // namespace mfm
