// SPDX-License-Identifier: Apache-2.0
#include "support/state_file.hpp"

#include <algorithm>

#include "support/diagnostics.hpp"
#include "support/files.hpp"
#include "support/hash.hpp"

namespace mfm {
namespace {

constexpr std::size_t hash_length = 32;

std::string head(std::string_view what, std::string_view hash) {
    return "automfm state, " + std::string(what) + ", of " + std::string(hash) + "\n";
}
std::string checksum(std::string_view bytes) {
    ContentHash hash;
    hash.add(bytes);
    return hash.hex();
}
/// In front of each array.
struct Mark {
    std::uint32_t name_length, size; // size of an element, bytes
    std::uint64_t count;
};

} // namespace

StateWriter::StateWriter(std::string_view what, std::string_view hash) : bytes_(head(what, hash)) {}

void StateWriter::begin(std::string_view name, std::size_t size, std::size_t count) {
    const Mark mark{static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(size), count};
    bytes_.append(reinterpret_cast<const char*>(&mark), sizeof mark);
    bytes_.append(name);
}

void StateWriter::save(const std::filesystem::path& file) {
    const std::size_t length = bytes_.size();
    bytes_ += checksum(bytes_);
    write_file(file, bytes_);
    bytes_.resize(length);
}

StateReader::StateReader(std::filesystem::path file, std::string_view what, std::string_view hash)
    : file_(std::move(file)), bytes_(read_file(file_)) {
    const std::string expected = head(what, hash);
    if (!bytes_.starts_with("automfm state, ")) refuse("is no state that automfm has kept");
    if (!bytes_.starts_with(expected)) refuse("was kept by another version or for another pipeline");
    if (bytes_.size() < expected.size() + hash_length) refuse("is cut short");
    const std::string sum = bytes_.substr(bytes_.size() - hash_length);
    bytes_.resize(bytes_.size() - hash_length);
    if (sum != checksum(bytes_)) refuse("is damaged");
    at_ = expected.size();
}

std::size_t StateReader::begin(std::string_view name, std::size_t size) {
    Mark mark{};
    take(&mark, sizeof mark);
    std::string found(std::min<std::size_t>(mark.name_length, bytes_.size() - at_), '\0');
    take(found.data(), found.size());
    if (found != name || mark.size != size || mark.count > (bytes_.size() - at_) / size)
        refuse("has '" + found + "' where '" + std::string(name) + "' should be");
    return mark.count;
}

void StateReader::take(void* to, std::size_t n) {
    if (n > bytes_.size() - at_) refuse("ends too early");
    if (n > 0) std::memcpy(to, bytes_.data() + at_, n);
    at_ += n;
}

void StateReader::expect(std::string_view name, std::size_t found, std::size_t expected) const {
    if (found != expected)
        refuse("has " + std::to_string(found) + " values of '" + std::string(name) + "', not " +
               std::to_string(expected));
}

void StateReader::refuse(const std::string& why) const {
    throw InputError("the file '" + file_.string() + "' " + why);
}

} // namespace mfm
