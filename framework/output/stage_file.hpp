// SPDX-License-Identifier: Apache-2.0
// What the parts of the store share.
#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "output/hdf5.hpp"

namespace mfm {

[[nodiscard]] FileStamp stamp_of(const char* stage, const std::string& hash);

/// Opens a file that must hold this stage, made from these inputs; throws InputError or DamagedFile.
[[nodiscard]] Hdf5Reader open_stage(const std::filesystem::path& file, const char* stage, const std::string& hash);

/// Every length in a file is used to index something: a mismatch means that another program wrote it.
void expect_length(const std::filesystem::path& file, const std::string& what, std::size_t found, std::size_t expected);

/// "FOLDER/0007"
[[nodiscard]] inline std::string numbered(const char* folder, std::size_t i) {
    return fmt::format("{}/{:04}", folder, i);
}

/// A column of a vector of structs.
template <class T, class Rows, class Get> std::vector<T> column(const Rows& rows, Get get) {
    std::vector<T> out;
    out.reserve(rows.size());
    for (const auto& row : rows) out.push_back(static_cast<T>(get(row)));
    return out;
}

} // namespace mfm
