// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace mfm::check {

/// Pass: done, and as it must be.  Fail: a promise of the ABI is broken.  Advice: allowed, but users will miss
/// something. Note: what was seen, neither good nor bad.  NotRun: could not be done, which is no pass.
enum class Outcome { Pass, Fail, Advice, Note, NotRun };
[[nodiscard]] std::string_view outcome_text(Outcome);

/// One check: its name in two or three words, and a sentence of what was done or what is wrong.
struct Finding {
    Outcome outcome = Outcome::Pass;
    std::string check, text;
};

/// What one function costs, a row of the table.
struct Cost {
    std::string function;
    std::uint64_t calls = 0;
    double ns_per_call = 0;
    std::string unit; ///< "neuron step", "edge", "point"; "" when a call is the only unit
    double units_per_call = 1;
    double bytes_per_call = 0; ///< what stays on the heap, less than a byte when nothing does
    double peak_bytes = -1;    ///< the most memory that a call had beyond what there was before it; < 0: not known
};

/// What was found out about one component.
struct ComponentReport {
    std::string id, version;
    std::vector<std::string> interfaces;
    std::vector<Finding> findings;
    std::vector<Cost> costs;
};
struct LibraryReport {
    std::string file, made_by;
    std::vector<Finding> findings; ///< of the library as a whole
    std::vector<ComponentReport> components;
    [[nodiscard]] std::size_t count(Outcome) const;
    /// The first failure, or the first check that could not be run, or "".
    [[nodiscard]] std::string reason() const;
};

/// A line a check, then the table of costs.
[[nodiscard]] std::string report_text(const LibraryReport&);
/// The same as JSON.
[[nodiscard]] std::string report_json(const LibraryReport&);

} // namespace mfm::check
