// SPDX-License-Identifier: Apache-2.0
#include "output/store.hpp"

#include "output/stage_file.hpp"
#include "support/version.hpp"

namespace mfm {

FileStamp stamp_of(const char* stage, const std::string& hash) {
    return {automfm_version(), stage, hash};
}

Hdf5Reader open_stage(const std::filesystem::path& file, const char* stage, const std::string& hash) {
    Hdf5Reader in(file);
    if (in.stamp().stage != stage)
        throw InputError("the file '" + file.string() + "' holds the stage '" + in.stamp().stage + "', not '" + stage +
                         "'");
    if (in.stamp().hash != hash)
        throw InputError("the file '" + file.string() + "' was made from other inputs (its hash is " + in.stamp().hash +
                         ", not " + hash + "); run the stage '" + stage + "' again");
    return in;
}

void expect_length(const std::filesystem::path& file, const std::string& what, std::size_t found,
                   std::size_t expected) {
    if (found != expected) throw DamagedFile(file, fmt::format("{} has {} values, not {}", what, found, expected));
}

Stored stored_state(const std::filesystem::path& file, const std::string& hash) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return Stored::Missing;
    try {
        return read_stamp(file).hash == hash ? Stored::Ready : Stored::Other;
    } catch (const InputError&) {
        return Stored::Other;
    }
}

} // namespace mfm
