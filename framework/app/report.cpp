// SPDX-License-Identifier: Apache-2.0
#include "report/page.hpp"

#include <fmt/format.h>

#include <memory>

#include "app/command.hpp"

namespace mfm {

Command add_report(CLI::App& tool) {
    const auto folder = std::make_shared<std::string>();
    CLI::App& report = *tool.add_subcommand("report", "Write report.html of a run from what is in its folder");
    report.add_option("DIR", *folder, "The run's folder")->required();
    return {&report, [folder] {
                write_report(*folder);
                fmt::print("{}\n", (std::filesystem::path(*folder) / "report.html").string());
                return ExitCode::Done;
            }};
}

} // namespace mfm
