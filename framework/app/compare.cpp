// SPDX-License-Identifier: Apache-2.0
#include "output/compare.hpp"

#include <memory>

#include <fmt/format.h>

#include "app/command.hpp"
#include "support/units.hpp"

namespace mfm {
namespace {

/// "0.01" or "1 %"
double tolerance_of(const std::string& text) {
    const auto quantity = parse_quantity(text);
    const auto factor = quantity ? conversion_factor(quantity->unit.empty() ? "1" : quantity->unit, "1") : std::nullopt;
    if (!factor || !(quantity->value >= 0))
        throw InputError(fmt::format("--tolerance must be a number such as 0.01 or \"1 %\", but is '{}'", text));
    return quantity->value * *factor;
}

} // namespace

Command add_compare(CLI::App& tool) {
    struct Arguments {
        std::vector<std::string> runs;
        std::string tolerance = "0";
        bool json = false;
    };
    const auto given = std::make_shared<Arguments>();
    CLI::App& compare =
        *tool.add_subcommand("compare", "Show what differs between runs, or between a run and its variants");
    compare.add_option("RUN", given->runs, "Runs' folders, or RUN:VARIANT; one alone: with all its variants")
        ->required();
    compare.add_option("--tolerance", given->tolerance, "Relative changes up to this count as none; default: 0");
    compare.add_flag("--json", given->json, "For programs");
    return {&compare, [given] {
                const Comparison c = compare_runs(read_runs(given->runs), tolerance_of(given->tolerance));
                fmt::print("{}", given->json ? comparison_json(c) : comparison_text(c));
                return ExitCode::Done;
            }};
}

} // namespace mfm
