// SPDX-License-Identifier: Apache-2.0
#include "support/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "support/diagnostics.hpp"

namespace mfm {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const char* doing, int error) {
    const char* advice = error == ENOSPC || error == EDQUOT ? "free some space, or choose another folder with --out"
                         : error == EACCES || error == EPERM || error == EROFS
                             ? "choose a folder you may write to with --out"
                             : "choose another folder with --out";
    throw DiskError(std::string("cannot ") + doing + " '" + file.string() + "': " + std::strerror(error) + "; " +
                    advice + " (finished files are kept)");
}

/// An open file descriptor and the temporary name behind it; removed again unless kept.
class PartialFile {
public:
    explicit PartialFile(const std::filesystem::path& target) : target_(target) {
        name_ = target.parent_path() / fmt::format(".{}.{}.partial", target.filename().string(), ::getpid());
        fd_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd_ < 0) fail(target, "write", errno);
    }
    PartialFile(const PartialFile&) = delete;
    PartialFile& operator=(const PartialFile&) = delete;
    ~PartialFile() {
        if (fd_ >= 0) ::close(fd_);
        if (!kept_) ::unlink(name_.c_str());
    }
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail(target_, "write", errno);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void keep() {
        if (::fsync(fd_) != 0) fail(target_, "write", errno);
        const int closed = ::close(fd_);
        fd_ = -1;
        if (closed != 0) fail(target_, "write", errno);
        if (::rename(name_.c_str(), target_.c_str()) != 0) fail(target_, "write", errno);
        kept_ = true;
        // The new name is on the disk once its folder is; file systems that cannot say so are not at fault.
        const int folder =
            ::open(target_.has_parent_path() ? target_.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0) {
            ::fsync(folder);
            ::close(folder);
        }
    }

private:
    std::filesystem::path target_, name_;
    int fd_ = -1;
    bool kept_ = false;
};

} // namespace

void write_file(const std::filesystem::path& file, std::string_view bytes) {
    if (file.has_parent_path()) {
        std::error_code error;
        std::filesystem::create_directories(file.parent_path(), error);
        if (error) fail(file.parent_path(), "make the folder", error.value());
    }
    PartialFile partial(file);
    partial.write(bytes);
    partial.keep();
}

std::string read_file(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw InputError("cannot read '" + file.string() + "': " + std::strerror(errno));
    std::string bytes, block(1 << 16, '\0');
    for (;;) {
        const ssize_t n = ::read(fd, block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const int error = errno;
            ::close(fd);
            if (n < 0) throw InputError("cannot read '" + file.string() + "': " + std::strerror(error));
            return bytes;
        }
        bytes.append(block.data(), static_cast<std::size_t>(n));
    }
}

std::string file_name_of(std::string_view name) {
    std::string safe;
    for (char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.';
        safe += plain ? c : '_';
    }
    if (safe.empty() || safe.front() == '.') safe = '_' + safe;
    return safe;
}

} // namespace mfm
