// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "support/diagnostics.hpp"

namespace mfm {

/// The system would not let something be written (exit code 2): a full disk, no permission.  What needs the same disk
/// next will fail as well.
class DiskError : public InputError {
public:
    using InputError::InputError;
};

/// Writes a whole file or none of it: a temporary file beside it, fsync, rename.  A full disk or a folder that cannot
/// be written throws a DiskError with the system's reason; what stood there before is then untouched.  Makes missing
/// folders.
void write_file(const std::filesystem::path& file, std::string_view bytes);

/// Throws an InputError when it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& file);

/// `name` as a file name: letters, digits, '-', '_' and '.' stay, anything else becomes '_'; never empty, never hidden.
[[nodiscard]] std::string file_name_of(std::string_view name);

} // namespace mfm
