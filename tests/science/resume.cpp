// SPDX-License-Identifier: Apache-2.0
// The command line tool, stopped in the middle of a simulation and started again.
#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/files.hpp"

namespace fs = std::filesystem;

namespace {

/// Noisy cells in a loop of excitation and depressed inhibition; two trials of some seconds.
constexpr const char* circuit = R"(
name = "a loop"
[simulation]
duration = "20000 ms"
record_spikes = true
[population.input]
kind = "poisson"
count = 100
[population.excitatory]
neuron = "adex"
parameters = { V_peak = "-40 mV", t_ref = "5 ms", a = "4 nS", b = "20 pA" }
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" }, { kind = "exponential", tau_syn = "5 ms", E_rev = "-80 mV" } ]
count = 400
[population.inhibitory]
neuron = "adex"
receptors = [ { kind = "exponential", tau_syn = "5 ms", E_rev = "0 mV" } ]
count = 100
[projection.input]
source = "input"
target = "excitatory"
receptor = 1
weight = { distribution = "normal", mean = "2 nS", sd = "0.5 nS" }
delay = { distribution = "uniform", lower = "1 ms", upper = "4 ms" }
rule = { plugin = "bernoulli", probability = 0.3 }
[projection.excitation]
source = "excitatory"
target = "inhibitory"
receptor = 1
weight = "2 nS"
delay = "1.5 ms"
rule = { plugin = "bernoulli", probability = 0.1 }
[projection.inhibition]
source = "inhibitory"
target = "excitatory"
receptor = 2
weight = "8 nS"
delay = "1 ms"
plasticity = { model = "tsodyks_markram", U = 0.5, tau_rec = "100 ms" }
rule = { plugin = "fixed_in_degree", in_degree = 10 }
[stimulation.sweep]
plugin = "sweep"
target = "input"
rate = ["30 Hz", "40 Hz"]
)";

class Run {
public:
    Run() {
        fs::create_directories(folder_);
        std::ofstream(folder_ / "circuit.toml") << circuit;
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
        if (child_ > 0) stop(SIGKILL);
        fs::remove_all(folder_);
    }
    /// Starts automfm; checkpoint: "0.05 s".
    void start(const std::string& checkpoint) {
        const std::string set = "simulation.checkpoint=" + checkpoint, file = (folder_ / "circuit.toml").string(),
                          out = (folder_ / "run").string();
        child_ = fork();
        REQUIRE(child_ >= 0);
        if (child_ > 0) return;
        const int errors = open((folder_ / "errors").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
        dup2(errors, STDERR_FILENO);
        const char* const arguments[] = {AUTOMFM_EXECUTABLE, "run",       file.c_str(), "--only",
                                         "simulate",         "--threads", "1",          "--out",
                                         out.c_str(),        "--set",     set.c_str(),  nullptr};
        execv(AUTOMFM_EXECUTABLE, const_cast<char* const*>(arguments));
        _exit(127);
    }
    /// Exit code, or the negative signal that ended it.
    int wait() {
        int status = 0;
        REQUIRE(waitpid(child_, &status, 0) == child_);
        child_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    int stop(int signal) {
        kill(child_, signal);
        return wait();
    }
    /// Waits until this file of the simulation's is there.
    void wait_for(const char* file) const {
        while (!fs::exists(partial() / file)) {
            REQUIRE(waitpid(child_, nullptr, WNOHANG) == 0); // it is still running
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    /// The build stage alone, without which --only simulate does not begin.
    void build() const {
        const std::string command = std::string("\"") + AUTOMFM_EXECUTABLE + "\" run \"" +
                                    (folder_ / "circuit.toml").string() + "\" --only build --quiet --out \"" +
                                    (folder_ / "run").string() + "\" > /dev/null";
        REQUIRE(std::system(command.c_str()) == 0);
    }
    [[nodiscard]] fs::path partial() const { return folder_ / "run" / "simulate.partial"; }
    [[nodiscard]] std::string errors() const { return mfm::read_file(folder_ / "errors"); }
    [[nodiscard]] std::string spikes() const { return mfm::read_file(folder_ / "run" / "spikes.h5"); }

private:
    static int& next() {
        static int n = 0;
        return n;
    }
    fs::path folder_ =
        fs::temp_directory_path() / ("automfm-resume-" + std::to_string(getpid()) + "-" + std::to_string(next()++));
    pid_t child_ = 0;
};

constexpr const char *first_result = "0000-0000.result", *first_state = "0000-0000.state",
                     *second_state = "0001-0000.state";

/// What a run that nothing stops gives.
const std::string& uninterrupted() {
    static const std::string bytes = [] {
        Run run;
        run.build();
        run.start("0 s");
        REQUIRE(run.wait() == 0);
        CHECK_THAT(run.errors(), !Catch::Contains("goes on"));
        return run.spikes();
    }();
    return bytes;
}

} // namespace

TEST_CASE("a run killed in its second trial goes on from there, to the same file") {
    Run run;
    run.build();
    run.start("0.05 s");
    run.wait_for(first_result);
    run.wait_for(second_state);
    CHECK(run.stop(SIGKILL) == -SIGKILL);
    CHECK(fs::exists(run.partial() / second_state));
    run.start("0.05 s");
    CHECK(run.wait() == 0);
    CHECK_THAT(run.errors(), Catch::Contains("went on from a run that was stopped, of 2 trials 1 finished and 1 in "
                                             "their middle"));
    CHECK((run.spikes() == uninterrupted()));
    CHECK_FALSE(fs::exists(run.partial()));
}

TEST_CASE("Ctrl-C puts a trial down where it is, whatever the interval") {
    Run run;
    run.build();
    run.start("0 s");
    run.wait_for(first_result); // the second trial is under way, or about to be
    CHECK(run.stop(SIGINT) == 130);
    REQUIRE(fs::exists(run.partial() / second_state));
    run.start("0 s");
    CHECK(run.wait() == 0);
    CHECK_THAT(run.errors(), Catch::Contains("of 2 trials 1 finished and 1 in their middle"));
    CHECK((run.spikes() == uninterrupted()));
}

TEST_CASE("a state that was damaged meanwhile is told, and its trial starts anew, to the same file") {
    Run run;
    run.build();
    run.start("0.05 s");
    run.wait_for(first_state);
    CHECK(run.stop(SIGKILL) == -SIGKILL);
    fs::resize_file(run.partial() / first_state, fs::file_size(run.partial() / first_state) / 2);
    run.start("0.05 s");
    CHECK(run.wait() == 0);
    CHECK_THAT(run.errors(), Catch::Contains("warning: the file '" + (run.partial() / first_state).string() +
                                             "' is damaged; trial 1 of 'sweep: rate = 30 Hz' starts anew"));
    CHECK((run.spikes() == uninterrupted()));
}
