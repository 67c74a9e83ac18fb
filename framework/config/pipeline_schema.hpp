// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "plugin/registry.hpp"

namespace mfm {

/// A JSON schema (draft 7) of the pipeline file as the user writes it, before includes: all keys of all sections, and
/// the settings of these plugins.  What only a whole pipeline must have is demanded of files without `include`.
/// Relations between values (a name that must be a population's, a lower bound below an upper one) are left to
/// `automfm validate`.
[[nodiscard]] std::string pipeline_schema(const Registry&);

} // namespace mfm
