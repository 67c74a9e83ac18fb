// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "check/report.hpp"

namespace mfm::check {

struct CheckOptions {
    std::filesystem::path file;    ///< the plugin library
    std::string id;                ///< one component of it; "": all
    std::vector<std::string> set;  ///< "NAME=VALUE", for every component that has such a setting, or "ID.NAME=VALUE"
    std::vector<std::string> only; ///< names of checks; empty: all.  Schema and first use are always checked
    double seconds = 20;           ///< of processor time that a group of checks may take
};

/// Runs every check that is known for the library's components, each group in a process of its own.  Throws an
/// InputError for options that are wrong; what is wrong with the plugin is in the report.
[[nodiscard]] LibraryReport check_library(const CheckOptions&);

} // namespace mfm::check
