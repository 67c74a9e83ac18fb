// SPDX-License-Identifier: Apache-2.0
// What the command line tool tells of its work: on a terminal, in a log, to programs, and when it is interrupted.
#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "support/files.hpp"

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

const fs::path folder = fs::temp_directory_path() / ("automfm_progress_" + std::to_string(getpid()));
struct Remove {
    ~Remove() { fs::remove_all(folder); }
} remove_at_the_end;

/// A small and quick pipeline.
std::vector<std::string> command(const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{AUTOMFM_EXECUTABLE,
                                   "run",
                                   std::string(TEST_SOURCE_FOLDER) + "/configs/start.toml",
                                   "--out",
                                   (folder / out).string(),
                                   "--threads",
                                   "1"};
    for (const char* set :
         {"population.input.count=400", "population.excitatory.count=400", "population.inhibitory.count=100",
          "simulation.duration=10 s", "simulation.transient=0.2 s", "transfer.seconds=4", "transfer.points=24",
          "transfer.wide_points=4", "transfer.heldout_points=8"})
        words.insert(words.end(), {"--set", set});
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

struct Ended {
    int code = 0; ///< or the negative signal
    std::string errors;
};

void exec_words(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(words[0].c_str(), arguments.data());
    _exit(127);
}

/// Reads what a child writes, and hands over every line of it.
Ended watch(pid_t child, int from, const std::function<void(pid_t, const std::string&)>& on_line) {
    Ended ended;
    std::size_t line = 0;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(from, buffer, sizeof buffer)) > 0;) { // a terminal ends with an error
        ended.errors.append(buffer, static_cast<std::size_t>(n));
        for (std::size_t end = 0; (end = ended.errors.find('\n', line)) != std::string::npos; line = end + 1)
            if (on_line) on_line(child, ended.errors.substr(line, end - line));
    }
    close(from);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return ended;
}

/// Runs with standard error in a pipe and standard output nowhere.
Ended run(const std::vector<std::string>& words, const std::function<void(pid_t, const std::string&)>& on_line = {}) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        exec_words(words);
    }
    close(ends[1]);
    return watch(child, ends[0], on_line);
}

/// Runs on a terminal of its own.
Ended run_on_terminal(const std::vector<std::string>& words, unsigned short columns) {
    winsize size{24, columns, 0, 0};
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
    REQUIRE(child >= 0);
    if (child == 0) {
        setenv("TERM", "xterm", 1);
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        exec_words(words);
    }
    return watch(child, terminal, {});
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
        lines.push_back(text.substr(at, end - at));
    return lines;
}
std::vector<Json> events_of(const std::string& text) {
    std::vector<Json> events;
    for (const std::string& line : lines_of(text)) events.push_back(Json::parse(line));
    return events;
}
/// Letters on a terminal, not bytes.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

/// A summary without its times.
Json result_of(const std::string& out) {
    Json summary = Json::parse(mfm::read_file(folder / out / "summary.json"));
    summary.erase("stages");
    return summary;
}
const Json& uninterrupted() {
    static const Json result = [] {
        const Ended ended = run(command("whole", {"--json-progress"}));
        REQUIRE((ended.code == 0 || ended.code == 1));
        mfm::write_file(folder / "events", ended.errors);
        return result_of("whole");
    }();
    return result;
}

/// Interrupts a run a moment after a task of this stage has begun, and goes on as the run says.
void interrupt_in(const std::string& stage) {
    bool sent = false;
    const Ended stopped =
        run(command(stage, {"--json-progress", "--from", "build"}), [&](pid_t child, const std::string& line) {
            const Json event = Json::parse(line);
            if (sent || event["event"] != "task_begin" || event["stage"] != stage) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
            kill(child, SIGINT);
            sent = true;
        });
    REQUIRE(sent);
    CHECK(stopped.code == 130);
    const Json error = events_of(stopped.errors).back();
    CHECK(error["event"] == "error");
    CHECK(error["exit_code"] == 130);
    CHECK(error["stage"] == stage);
    CHECK(error["text"].get<std::string>().starts_with("interrupted; what is finished is kept; to go on: "));
    CHECK_FALSE(fs::exists(folder / stage / "summary.json"));

    const std::string go_on = error["go_on"];
    CHECK(go_on.ends_with("--from " + stage)); // what is done is not done again
    const Ended ended = run({"/bin/sh", "-c", go_on});
    CHECK((ended.code == 0 || ended.code == 1));
    CHECK(ended.code != 130);
    CHECK(result_of(stage) == uninterrupted());
}

} // namespace

TEST_CASE("--json-progress is one object a line, from start to result") {
    (void)uninterrupted();
    const std::vector<Json> events = events_of(mfm::read_file(folder / "events"));
    REQUIRE(events.size() > 20);
    CHECK(events.front()["event"] == "start");
    CHECK(events.front()["command"] == "run");
    CHECK(events.front()["folder"] == (folder / "whole").string());
    CHECK(events.back()["event"] == "result");
    CHECK(events.back()["verdict"] == result_of("whole")["verdict"]);
    std::vector<std::string> stages;
    std::string open;
    for (const Json& event : events) {
        INFO(event);
        for (const char* key : {"event", "time", "variant", "stage", "stage_number", "stages"})
            CHECK(event.contains(key));
        if (event["event"] == "stage_begin") {
            CHECK(open.empty());
            open = event["stage"];
            stages.push_back(open);
            CHECK(event["stage_number"] == stages.size());
            CHECK(event["stages"] == 8);
        }
        if (event["event"] == "stage_end") {
            CHECK(event["stage"] == open);
            CHECK(event["source"] == "computed");
            open.clear();
        }
        if (event["event"] == "task_end") CHECK(event["done"] == event["total"]);
        if (event["event"] == "progress") CHECK(event["done"] <= event["total"]);
    }
    CHECK(stages ==
          std::vector<std::string>{"build", "simulate", "remap", "sample", "fit", "solve", "validate", "export"});
}

TEST_CASE("a log has lines without control characters, and stages of an earlier run take one each") {
    (void)uninterrupted();
    const Ended ended = run(command("whole"));
    for (const char c : ended.errors) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
    const std::vector<std::string> lines = lines_of(ended.errors);
    REQUIRE(lines.size() >= 7);
    CHECK(lines[0] == "stage 1 of 8: building the network: taken from the earlier run");
    CHECK(lines[1] == "stage 2 of 8: simulating the network: taken from the earlier run");
    CHECK(lines[5] == "stage 6 of 8: solving the mean field: taken from the earlier run");
    CHECK(lines[6].starts_with("stage 7 of 8: comparing the mean field with the network: "));
}

TEST_CASE("a terminal has a bar that fits, and that is gone at the end") {
    (void)uninterrupted(); // what is built is there
    const Ended ended = run_on_terminal(command("whole", {"--only", "simulate"}), 80);
    CHECK(ended.code == 0);
    CHECK(ended.errors.find("\r\x1b[K") != std::string::npos);
    CHECK(ended.errors.find("] ") != std::string::npos);
    CHECK(ended.errors.find("of 50.0 s of biology") != std::string::npos);
    // What is left on the screen, and how wide what was drawn over was.
    std::string screen, line;
    for (std::size_t i = 0; i < ended.errors.size(); ++i) {
        if (ended.errors.compare(i, 4, "\r\x1b[K") == 0) {
            CHECK(width(line) < 80);
            line.clear();
            i += 3;
        } else if (ended.errors[i] == '\n') {
            screen += line + "\n";
            line.clear();
        } else if (ended.errors[i] != '\r') {
            line += ended.errors[i];
        }
    }
    CHECK(line.empty());
    CHECK(screen.find("[=") == std::string::npos);
    CHECK(screen.find('\x1b') == std::string::npos);
    CHECK(screen.find("stage 2 of 8: simulating the network: 50.0 s of biology in ") != std::string::npos);
}

TEST_CASE("a run that was interrupted while it simulated goes on to the same result") {
    interrupt_in("simulate");
}

TEST_CASE("a run that was interrupted while it sampled goes on to the same result") {
    interrupt_in("sample");
}

TEST_CASE("mistakes are events as well, with their place") {
    const std::vector<std::string> no_stage = command("mistake", {"--json-progress", "--only", "simulat"});
    const Ended ended = run(no_stage);
    CHECK(ended.code == 2);
    const Json error = events_of(ended.errors).back();
    CHECK(error["event"] == "error");
    CHECK(error["exit_code"] == 2);
    CHECK(error["text"].get<std::string>().find("did you mean 'simulate'?") != std::string::npos);
    CHECK(error["go_on"].is_null());

    mfm::write_file(folder / "wrong.toml", "[population.a]\nneuron = \"adxe\"\ncount = 1\n");
    const Ended wrong = run({AUTOMFM_EXECUTABLE, "run", (folder / "wrong.toml").string(), "--json-progress"});
    const Json place = events_of(wrong.errors).back();
    CHECK(place["file"] == (folder / "wrong.toml").string());
    CHECK(place["line"] == 2);
    CHECK(place["column"] == 10);

    const Ended usage = run({AUTOMFM_EXECUTABLE, "run", "--json-progress", "--thread", "1"});
    CHECK(usage.code == 2);
    CHECK(events_of(usage.errors).back()["text"].get<std::string>().find("--thread") != std::string::npos);
}
