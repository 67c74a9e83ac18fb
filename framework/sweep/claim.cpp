// SPDX-License-Identifier: Apache-2.0
#include "sweep/claim.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/files.hpp"

namespace mfm {

std::optional<Claim> Claim::take(const std::filesystem::path& lock) {
    for (;;) {
        const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0) throw DiskError("cannot make '" + lock.string() + "': " + std::strerror(errno));
        Claim claim(lock, fd);
        int failed = 0;
        while ((failed = ::flock(fd, LOCK_EX | LOCK_NB)) != 0 && errno == EINTR) {
        }
        if (failed != 0) {
            const int error = errno;
            ::close(std::exchange(claim.fd_, -1)); // another's file is not ours to remove
            if (error == EWOULDBLOCK) return std::nullopt;
            throw DiskError("cannot lock '" + lock.string() + "': " + std::strerror(error) +
                            "; a sweep needs a file system that knows locks");
        }
        // The holder before may have removed the file between the two calls: a lock on a file without a name is none.
        struct stat ours {
        }, named{};
        if (::fstat(fd, &ours) == 0 && ::stat(lock.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
            ours.st_dev == named.st_dev)
            return claim;
        ::close(std::exchange(claim.fd_, -1));
    }
}

Claim::~Claim() {
    if (fd_ < 0) return;
    ::unlink(lock_.c_str()); // while it is held: who opens it afterwards makes a new one
    ::close(fd_);
}

} // namespace mfm
