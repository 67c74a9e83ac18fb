// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/files.hpp"

namespace sweep_test {

namespace fs = std::filesystem;

struct Outcome {
    int code = -1;
    std::string text; ///< both streams
};

/// Runs the tool through a shell; `before` may set limits and variables.
inline Outcome automfm(const std::string& arguments, const std::string& before = "") {
    const std::string command = "exec 2>&1; " + before + " exec env -u MFM_PLUGIN_PATH XDG_DATA_HOME=/nowhere '" +
                                AUTOMFM_EXECUTABLE + "' " + arguments;
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Outcome outcome;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        outcome.text.append(buffer.data(), n);
    const int status = pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}
inline void succeeds(const std::string& arguments) {
    const Outcome outcome = automfm(arguments);
    INFO(arguments << "\n" << outcome.text);
    REQUIRE(outcome.code == 0);
}

/// A process of the tool that can be killed.
class Worker {
public:
    explicit Worker(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), AUTOMFM_EXECUTABLE);
        std::vector<char*> argv;
        for (std::string& a : arguments) argv.push_back(a.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        REQUIRE(posix_spawn(&pid_, AUTOMFM_EXECUTABLE, &actions, nullptr, argv.data(), environ) == 0);
        posix_spawn_file_actions_destroy(&actions);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { end(SIGKILL); }
    /// Its exit code, or minus the signal that ended it.
    int wait() {
        int status = 0;
        if (pid_ <= 0) return code_;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        return code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    int end(int signal) {
        if (pid_ > 0) kill(pid_, signal);
        return wait();
    }
    [[nodiscard]] bool running() {
        int status = 0;
        if (pid_ <= 0) return false;
        if (waitpid(pid_, &status, WNOHANG) == 0) return true;
        pid_ = 0;
        code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        return false;
    }

private:
    pid_t pid_ = 0;
    int code_ = 0;
};

/// An empty folder that is removed again.
class Folder {
public:
    Folder() : path_(fs::temp_directory_path() / ("automfm-sweep-" + std::to_string(getpid()))) {
        fs::remove_all(path_);
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    fs::path path_;
};

inline std::size_t points_made(const std::string& plan) {
    std::size_t n = 0;
    std::error_code gone; // folders come and go while they are counted
    for (fs::directory_iterator group(fs::path(plan) / "points", gone), end; !gone && group != end;
         group.increment(gone))
        for (fs::directory_iterator point(group->path(), gone); !gone && point != end; point.increment(gone))
            if (point->path().extension().empty() && fs::exists(point->path() / "member.h5", gone)) ++n;
    return n;
}
/// Waits until so many points are made, or the worker has ended.
inline void wait_for_points(const std::string& plan, std::size_t n, Worker& worker) {
    while (points_made(plan) < n && worker.running()) std::this_thread::sleep_for(std::chrono::milliseconds(3));
}

inline std::string library_of(const std::string& plan) {
    succeeds("sweep gather " + plan);
    return mfm::read_file(plan + "/library.h5");
}

/// The small sweep, its transfer functions tried on next to nothing.
inline const std::string small_sweep =
    std::string(TEST_SOURCE_FOLDER) +
    "/configs/sweep_small.toml --set transfer.points=8 --set transfer.wide_points=2"
    " --set transfer.heldout_points=2 --set transfer.seconds=1 --set transfer.copies=8";

} // namespace sweep_test
