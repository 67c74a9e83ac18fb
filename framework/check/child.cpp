// SPDX-License-Identifier: Apache-2.0
#include "check/child.hpp"

#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "check/arrays.hpp"
#include "check/shared_page.hpp"
#include "support/diagnostics.hpp"

namespace mfm::check {
namespace {

using Json = nlohmann::json;

SharedPage* page = nullptr;

std::string printable(const std::string& text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return out;
}
/// JSON wants UTF-8, and a plugin's message may be anything.
std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Only what may be done in a signal handler: numbers and bytes into the shared page.
void on_fault(int signal, siginfo_t* info, void* context) {
    page->signal = signal;
    page->address = reinterpret_cast<std::uint64_t>(info->si_addr);
#if defined(__x86_64__)
    page->write = (static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
    (void)context;
#endif
    const Fault fault = look_up(info->si_addr);
    page->known = fault.known;
    page->released = fault.released;
    page->inside = fault.inside;
    page->element = fault.element;
    std::memcpy(page->array, fault.array, sizeof page->array);
    // Handlers are for once: the same fault again ends the process with its own signal.
}

void on_terminate() {
    const char* text = "an exception crossed a function that promises to throw none";
    try {
        if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
        text = "std::terminate was called";
    } catch (const std::exception& e) {
        std::snprintf(page->exception, sizeof page->exception, "an exception (%s) crossed noexcept", e.what());
        text = nullptr;
    } catch (...) {
        text = "an exception crossed noexcept";
    }
    if (text != nullptr) std::snprintf(page->exception, sizeof page->exception, "%s", text);
    std::abort();
}

void watch_over_child(double seconds) {
    static std::byte stack[1 << 16]; // a handler of its own stack sees a stack overflow
    stack_t alternative{};
    alternative.ss_sp = stack;
    alternative.ss_size = sizeof stack;
    sigaltstack(&alternative, nullptr);
    for (const int signal : {SIGSEGV, SIGBUS}) {
        struct sigaction action {};
        action.sa_sigaction = &on_fault;
        action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_ONSTACK;
        sigaction(signal, &action, nullptr);
    }
    for (const int signal : {SIGINT, SIGTERM, SIGXCPU, SIGABRT, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
    std::set_terminate(&on_terminate);
    const auto whole = static_cast<rlim_t>(std::ceil(seconds));
    const rlimit limit{whole, whole + 1};
    setrlimit(RLIMIT_CPU, &limit);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
}

std::string fault_sentence(const SharedPage& p) {
    const std::string verb = p.write ? "wrote" : "read";
    if (!p.known) {
        if (p.address < 4096) return p.write ? "wrote through a null pointer" : "read through a null pointer";
        return fmt::format("{} memory that is not its own ({}, segmentation fault)", verb,
                           p.write ? "a write" : "a read");
    }
    const std::string array(p.array);
    if (p.released)
        return fmt::format("used {} after the call that it was given to: what is needed later must be copied", array);
    if (p.inside) return fmt::format("wrote to {} [{}], which it may only read", array, p.element);
    if (p.element < 0) return fmt::format("{} before the beginning of {} (element {})", verb, array, p.element);
    return fmt::format("{} beyond the end of {} (element {})", verb, array, p.element);
}

/// How the child ended, as a sentence that starts with the function; "" when it ended by itself.
std::string death_sentence(int status, bool out_of_time, double seconds, const SharedPage& p) {
    const std::string call(p.call, strnlen(p.call, sizeof p.call));
    const std::string who = call.empty() ? "the library" : call;
    if (out_of_time) return fmt::format("{} had not returned after {} s", who, seconds);
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        if ((signal == SIGSEGV || signal == SIGBUS) && p.signal != 0) return who + " " + fault_sentence(p);
        if (signal == SIGABRT && p.exception[0] != '\0')
            return fmt::format("{} ended the process: {}", who, p.exception);
        return fmt::format("{} ended the process with signal {} ({})", who, signal, strsignal(signal));
    }
    if (WIFEXITED(status)) return fmt::format("{} ended the process with exit code {}", who, WEXITSTATUS(status));
    return "";
}

void take_line(const std::string& line, ChildResult& result, bool& ended) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded() || !json.is_object()) return; // half a line of a child that died
    const std::string kind = json.value("kind", "");
    if (kind == "finding")
        result.findings.push_back(
            {static_cast<Outcome>(json.at("outcome").get<int>()), json.at("check"), json.at("text")});
    else if (kind == "cost")
        result.costs.push_back({json.at("function"), json.at("calls"), json.at("ns"), json.at("unit"), json.at("units"),
                                json.at("bytes"), json.at("peak")});
    else if (kind == "value")
        result.values.emplace_back(json.at("name"), json.at("text"));
    else if (kind == "input error")
        result.input_error = json.at("text");
    else if (kind == "outputs") {
        Outputs outputs;
        for (const Json& array : json.at("arrays")) {
            std::vector<double> values;
            for (const std::uint64_t bits : array.at("bits")) values.push_back(std::bit_cast<double>(bits));
            outputs.add(array.at("name"), values);
        }
        result.outputs.push_back(std::move(outputs));
    } else if (kind == "end")
        ended = true;
}

[[noreturn]] void be_child(int pipe, const std::vector<std::pair<std::string, std::string>>& environment,
                           double seconds, const std::function<void(Reporter&)>& group) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    watch_over_child(seconds);
    Reporter reporter(pipe);
    try {
        group(reporter);
        set_call("");
    } catch (const Failed& failed) {
        reporter.fail(failed.check, failed.text);
    } catch (const InputError& error) {
        reporter.input_error(error.what());
    } catch (const std::bad_alloc&) {
        reporter.not_run("memory", "there was not enough memory for these checks");
    } catch (const std::exception& error) {
        reporter.fail("check", error.what());
    }
    reporter.value("", ""); // the end
    // Nothing of the parent's is to be flushed or destroyed twice; and a plugin's threads end here.
    _exit(0);
}

} // namespace

SharedPage* shared_page() noexcept {
    return page;
}
void set_call(const char* function) noexcept {
    if (page == nullptr) return;
    std::strncpy(page->call, function, sizeof page->call - 1);
}

void Reporter::send(const std::string& line) const {
    const std::string whole = line + "\n";
    for (std::size_t at = 0; at < whole.size();) {
        const ssize_t n = write(pipe_, whole.data() + at, whole.size() - at);
        if (n < 0 && errno != EINTR) _exit(0); // nobody listens any more
        if (n > 0) at += static_cast<std::size_t>(n);
    }
}
void Reporter::add(const Finding& f) {
    send(dumped({{"kind", "finding"},
                 {"outcome", static_cast<int>(f.outcome)},
                 {"check", f.check},
                 {"text", printable(f.text)}}));
}
void Reporter::cost(const Cost& c) {
    send(dumped({{"kind", "cost"},
                 {"function", c.function},
                 {"calls", c.calls},
                 {"ns", c.ns_per_call},
                 {"unit", c.unit},
                 {"units", c.units_per_call},
                 {"bytes", c.bytes_per_call},
                 {"peak", c.peak_bytes}}));
}
void Reporter::outputs(const Outputs& outputs) {
    Json arrays = Json::array();
    for (const Outputs::Array& array : outputs.arrays()) {
        Json bits = Json::array();
        for (const double x : array.values) bits.push_back(std::bit_cast<std::uint64_t>(x));
        arrays.push_back({{"name", array.name}, {"bits", bits}});
    }
    send(dumped({{"kind", "outputs"}, {"arrays", arrays}}));
}
void Reporter::value(const std::string& name, const std::string& text) {
    send(dumped(name.empty() ? Json{{"kind", "end"}} : Json{{"kind", "value"}, {"name", name}, {"text", text}}));
}
void Reporter::input_error(const std::string& sentence) {
    send(dumped({{"kind", "input error"}, {"text", sentence}}));
}

ChildResult run_in_child(const std::vector<std::pair<std::string, std::string>>& environment, double seconds,
                         const std::function<void(Reporter&)>& group) {
    void* const map = mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    if (map == MAP_FAILED || pipe(ends) != 0)
        throw std::runtime_error(fmt::format("a process for a check cannot be started: {}", std::strerror(errno)));
    page = new (map) SharedPage{};
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0)
        throw std::runtime_error(fmt::format("a process for a check cannot be started: {}", std::strerror(errno)));
    if (child == 0) {
        close(ends[0]);
        be_child(ends[1], environment, seconds, group);
    }
    close(ends[1]);

    ChildResult result;
    std::string text;
    bool ended = false;
    const auto last = std::chrono::steady_clock::now() + std::chrono::duration<double>(4 * seconds + 1);
    for (;;) {
        const auto left = std::chrono::duration<double, std::milli>(last - std::chrono::steady_clock::now()).count();
        pollfd wait{ends[0], POLLIN, 0};
        const int ready = left > 0 ? poll(&wait, 1, static_cast<int>(left) + 1) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            result.out_of_time = true;
            kill(child, SIGKILL);
            break;
        }
        char buffer[65536];
        const ssize_t n = read(ends[0], buffer, sizeof buffer);
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
        std::size_t begin = 0;
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
            take_line(text.substr(begin, end - begin), result, ended);
            begin = end + 1;
        }
        text.erase(0, begin);
        if (ended) break;
    }
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ended) {
        result.out_of_time =
            result.out_of_time || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL));
        result.death = death_sentence(status, result.out_of_time, seconds, *page);
    }
    munmap(map, sizeof(SharedPage));
    page = nullptr;
    return result;
}

} // namespace mfm::check
