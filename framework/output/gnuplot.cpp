// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "output/gnuplot.hpp"

namespace mfm {

GnuplotOutcome run_gnuplot(const std::filesystem::path& folder, const std::string& script) {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return {false, std::strerror(errno)};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    std::string program = "gnuplot", option = "-d", argument = script;
    std::array<char*, 4> arguments{program.data(), option.data(), argument.data(), nullptr};
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_ends[1]);
    std::string messages;
    std::array<char, 4096> block{};
    for (ssize_t n = 0;
         failed == 0 && ((n = ::read(pipe_ends[0], block.data(), block.size())) > 0 || (n < 0 && errno == EINTR));)
        if (n > 0) messages.append(block.data(), static_cast<std::size_t>(n));
    ::close(pipe_ends[0]);
    if (failed != 0) return {failed == ENOENT, std::strerror(failed)};
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    // gnuplot repeats the line, points at it, and ends with: "NAME.gp" line N: reason
    const auto place = messages.rfind('"' + script + "\" line");
    std::string reason = place == std::string::npos ? messages : messages.substr(place + script.size() + 3);
    reason = reason.substr(0, 300);
    for (char& c : reason)
        if (c == '\n') c = ' ';
    reason.erase(reason.find_last_not_of(' ') + 1);
    return {false, reason.empty() ? "it stopped without a message" : reason};
}

} // namespace mfm
