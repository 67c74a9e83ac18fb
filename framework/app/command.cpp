// SPDX-License-Identifier: Apache-2.0
#include "app/command.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <new>
#include <regex>

#include <fmt/format.h>

#include "pipeline/model_equations.hpp"

namespace mfm {
namespace {

// An exit code beyond those of ExitCode: neither the input nor a plugin, but automfm itself is wrong.
constexpr int own_fault = 4;

/// A word as a shell reads it.
std::string shell_word(const std::string& word) {
    const auto plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("_./=:,+@%-").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

/// The place that a sentence starts with, as SourcePosition::prefix writes it.
SourcePosition place_of(const std::string& sentence) {
    static const std::regex form("^(.+?):([0-9]+):([0-9]+): ");
    std::smatch found;
    if (!std::regex_search(sentence, found, form)) return {};
    return {found[1], static_cast<std::uint32_t>(std::stoul(found[2])),
            static_cast<std::uint32_t>(std::stoul(found[3]))};
}

/// The command that was typed, with --from moved on to the stage that was in hand: what is done is not done again.  ""
/// where the system does not tell.
std::string going_on(const std::optional<StagePlace>& stage) {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    std::string command;
    bool is_from = false;
    for (std::size_t i = 0; i < all.size();) {
        const std::size_t end = std::min(all.find('\0', i), all.size());
        std::string word = all.substr(i, end - i);
        i = end + 1;
        const bool movable = stage && stage->variant.empty(); // a variant's stage comes after all of the pipeline's
        if (is_from && movable) word = stage->name;
        if (word.starts_with("--from=") && movable) word = "--from=" + stage->name;
        is_from = word == "--from";
        command += (command.empty() ? "" : " ") + shell_word(word);
    }
    return command;
}

} // namespace

void add_plugin_path(CLI::App& command, std::vector<std::string>& folders) {
    command.add_option("--plugin-path", folders, "A folder of plugins, searched before all others")
        ->allow_extra_args(false);
}

std::vector<std::filesystem::path> as_paths(const std::vector<std::string>& folders) {
    return {folders.begin(), folders.end()};
}

std::uint64_t whole_number(const std::string& text, const std::string& option, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value > most)
        throw InputError(fmt::format("{} must be a whole number from 0 to {}, but is '{}'", option, most, text));
    return value;
}

void add_progress(CLI::App& command, ProgressArguments& given) {
    command.add_flag("--quiet", given.quiet, "Say nothing but warnings and errors");
    command.add_flag(json_progress_option, given.json,
                     "Progress, warnings and errors as JSON on standard error, one object a line");
}

void add_pipeline_options(CLI::App& command, PipelineArguments& given, const std::string& out) {
    command.add_option("FILE", given.file, "The pipeline file")->required();
    command.add_option("--set", given.set, "Change a value of the file: KEY.PATH=VALUE")->allow_extra_args(false);
    command.add_option("--out", given.out, out);
    command.add_option("--seed", given.seed, "Seed of all random numbers, instead of the file's");
    command.add_option("--threads", given.threads, "Number of threads; 0, the default, is one a core");
    add_progress(command, given.progress);
    add_plugin_path(command, given.folders);
}

WorkStart start_of(const std::string& command, const PipelineArguments& given) {
    return {command, given.file, given.out.empty() ? default_run_folder(given.file).string() : given.out};
}

WorkFailure failure_of(const std::exception_ptr& exception) {
    constexpr int bad_input = static_cast<int>(ExitCode::BadInput);
    try {
        std::rethrow_exception(exception);
    } catch (const Error& error) {
        return {static_cast<int>(error.code), error.what(), place_of(error.what()), ""};
    } catch (const std::bad_alloc&) {
        return {
            bad_input, "not enough memory for this pipeline; make the circuit or the number of copies smaller", {}, ""};
    } catch (const std::filesystem::filesystem_error& error) {
        return {bad_input, error.what(), {}, ""};
    } catch (const std::exception& error) {
        return {own_fault,
                fmt::format("internal error: {}; please report it with the pipeline file", error.what()),
                {},
                ""};
    }
}

int print_failure(const WorkFailure& failure) {
    fmt::print(stderr, "automfm: {}\n", failure.sentence);
    return failure.code;
}

ExitCode with_progress(const ProgressArguments& given, const WorkStart& start, const std::string& begins_anew,
                       const std::function<WorkResult(Progress&)>& work) {
    install_interrupt_handler();
    std::unique_ptr<Progress> progress =
        make_progress(given.quiet, given.json ? ProgressStyle::Json : ProgressStyle::Lines);
    progress->start(start);
    try {
        const WorkResult result = work(*progress);
        progress->result(result);
        return result.code;
    } catch (...) {
        WorkFailure failure = failure_of(std::current_exception());
        if (failure.code == static_cast<int>(ExitCode::Interrupted)) {
            failure.go_on = going_on(progress->stage());
            if (!begins_anew.empty()) failure.sentence += ", but " + begins_anew;
            if (!failure.go_on.empty()) failure.sentence += "; to go on: " + failure.go_on;
        }
        if (!progress->failed(failure)) {
            progress.reset(); // takes its line off the terminal
            print_failure(failure);
        }
        return static_cast<ExitCode>(failure.code);
    }
}

} // namespace mfm
