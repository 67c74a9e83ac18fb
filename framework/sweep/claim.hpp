// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <utility>

namespace mfm {

/// The right to make one thing, held by one worker at a time.  It is a lock on a file (flock), which the system takes
/// back when its holder ends, however it ends: nothing is left behind that someone would have to clear.  On a network
/// file system that knows locks it holds between machines.
class Claim {
public:
    /// The claim, or nothing while another process (or another thread) holds it.  Throws DiskError where the lock file
    /// cannot be made.
    [[nodiscard]] static std::optional<Claim> take(const std::filesystem::path& lock);
    Claim(Claim&& other) noexcept : lock_(std::move(other.lock_)), fd_(std::exchange(other.fd_, -1)) {}
    Claim& operator=(Claim&&) = delete;
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim();

private:
    Claim(std::filesystem::path lock, int fd) : lock_(std::move(lock)), fd_(fd) {}
    std::filesystem::path lock_;
    int fd_;
};

} // namespace mfm
