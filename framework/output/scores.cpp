// SPDX-License-Identifier: Apache-2.0
#include "output/scores.hpp"

#include <fmt/format.h>

#include "output/text_table.hpp"

namespace mfm {
namespace {

std::string plain(std::optional<double> x, int decimals) {
    return x ? fmt::format("{:.{}f}", *x, decimals) : "-";
}

void add(TextTable& table, const std::string& stimulus, const std::string& population, const char* of,
         const ResponseScores& s) {
    table.add({stimulus, population, of, rate_text(s.baseline_hz), rate_text(s.peak_hz), rate_text(s.pause_hz),
               plain(s.pause_depth, 2), plain(s.pause_ms, 0), plain(s.area, 2), plain(s.correlation, 2),
               plain(s.mutual_information_bits, 2)});
}

} // namespace

std::string scores_part(const ValidationReport& report) {
    TextTable table({"stimulus", "population", "of", "baseline", "peak", "pause", "depth", "ms", "area", "r", "bits"},
                    3);
    if (report.populations.empty()) return "";
    for (std::size_t i = 0; i < report.populations.front().scores.size(); ++i)
        for (const PopulationReport& p : report.populations) {
            if (i >= p.scores.size()) continue;
            if (p.scores[i].network.peak_hz) add(table, p.scores[i].stimulus, p.name, "network", p.scores[i].network);
            if (p.scores[i].mean_field.peak_hz)
                add(table, p.scores[i].stimulus, p.name, "mean field", p.scores[i].mean_field);
        }
    if (table.empty()) return "";
    return heading("Responses, scored") +
           wrap("Baseline, peak and pause (the lowest rate after the peak) in Hz; the pause's depth as a share of the "
                "baseline, and its length at half depth; the area between rate and baseline in spikes a cell; "
                "correlation "
                "and mutual information of stimulus and rate in windows of 20 ms. Peak and pause are of smoothed "
                "courses; "
                "formulas are in docs/output.md.") +
           table.text();
}

} // namespace mfm
