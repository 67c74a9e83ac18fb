// SPDX-License-Identifier: Apache-2.0
#include "check/check.hpp"

#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"

namespace mfm {
namespace {

ExitCode run_check(const check::CheckOptions& options, bool json) {
    const check::LibraryReport report = check::check_library(options);
    fmt::print("{}", json ? report_json(report) : report_text(report));
    const std::size_t failed = report.count(check::Outcome::Fail), not_run = report.count(check::Outcome::NotRun);
    if (failed > 0)
        throw PluginError(
            fmt::format("'{}' failed {} check{}; {}", report.file, failed, failed == 1 ? "" : "s", report.reason()));
    if (not_run > 0) throw InputError(fmt::format("'{}' could not be checked; {}", report.file, report.reason()));
    return ExitCode::Done;
}

} // namespace

Command add_check(CLI::App& tool) {
    struct Arguments {
        check::CheckOptions options;
        std::string file, seconds;
        bool json = false;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("check", "Test a plugin library against what the ABI promises");
    command.add_option("FILE", given->file, "The library, NAME.so")->required();
    command.add_option("--id", given->options.id, "Check this component alone");
    command.add_option("--set", given->options.set, "A setting to check with: NAME=VALUE, or ID.NAME=VALUE")
        ->allow_extra_args(false);
    command.add_option("--only", given->options.only, "Run this check alone, by its name in the report")
        ->allow_extra_args(false);
    command.add_option("--seconds", given->seconds, "Processor time that a group of checks may take (20)");
    command.add_flag("--json", given->json, "The report as JSON");
    return {&command, [given] {
                given->options.file = given->file;
                if (!given->seconds.empty()) {
                    constexpr std::uint64_t a_day = 86400;
                    given->options.seconds = static_cast<double>(whole_number(given->seconds, "--seconds", a_day));
                    if (given->options.seconds < 1) throw InputError("--seconds must be at least 1");
                }
                return run_check(given->options, given->json);
            }};
}

} // namespace mfm
