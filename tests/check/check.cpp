// SPDX-License-Identifier: Apache-2.0
// Every promise of the ABI that the kit knows is broken once by a plugin, and each gets its sentence.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "check/check.hpp"
#include "support/diagnostics.hpp"

using namespace mfm::check;

namespace {

LibraryReport report_of(const std::string& name, std::vector<std::string> only = {},
                        std::vector<std::string> set = {}) {
    return check_library({std::string(CHECK_PLUGINS) + "/" + name + ".so", "", std::move(set), std::move(only), 1});
}

std::vector<Finding> findings_of(const LibraryReport& report) {
    std::vector<Finding> all = report.findings;
    for (const ComponentReport& component : report.components)
        all.insert(all.end(), component.findings.begin(), component.findings.end());
    return all;
}

struct Defect {
    std::string library, group; ///< the group of checks that finds it; "": one that is always run
    std::string check, text;    ///< what the finding begins with
};

/// The defect's own sentence is there, and the same plugin without it passes the same checks.
void finds(const Defect& defect) {
    INFO(defect.library);
    const std::vector<std::string> only{defect.group.empty() ? "reproducible" : defect.group};
    const LibraryReport report = report_of(defect.library, only);
    std::string all;
    for (const Finding& f : findings_of(report))
        all += std::string(outcome_text(f.outcome)) + " | " + f.check + " | " + f.text + "\n";
    INFO(all);
    const auto found = findings_of(report);
    CHECK(std::any_of(found.begin(), found.end(), [&](const Finding& f) {
        return f.outcome == Outcome::Fail && f.check == defect.check && f.text.starts_with(defect.text);
    }));
    const LibraryReport right = report_of(defect.library.substr(0, defect.library.find('_')) + "_no_defect", only);
    CHECK(right.count(Outcome::Fail) == 0);
}

} // namespace

TEST_CASE("a plugin against the bare ABI passes every check of its kind, with a row of costs for each function") {
    for (const std::string name : {"neuron", "optimizer", "rule", "transfer", "protocol"}) {
        const LibraryReport report = report_of(name + "_no_defect");
        INFO(report_text(report));
        CHECK(report.count(Outcome::Fail) == 0);
        CHECK(report.count(Outcome::NotRun) == 0);
        CHECK(report.count(Outcome::Pass) >= 12);
        CHECK(report.reason().empty());
        REQUIRE(report.components.size() == 1);
        CHECK(report.components[0].costs.size() >= 3);
        for (const Cost& cost : report.components[0].costs) {
            CHECK(cost.ns_per_call > 0);
            CHECK(cost.bytes_per_call == 0);
        }
    }
}

TEST_CASE("whatever ends a process becomes a sentence with the function and the reason") {
    finds({"neuron_throws", "", "exceptions", "advance threw an exception (thrown inside), which no plugin may do"});
    finds({"neuron_throws_through_noexcept", "", "use",
           "advance ended the process: an exception (thrown inside) crossed noexcept"});
    finds({"neuron_aborts", "", "use", "advance ended the process with signal 6 (Aborted)"});
    finds({"neuron_crashes", "", "use", "advance wrote through a null pointer"});
    finds({"neuron_exits", "", "use", "advance ended the process with exit code 0"});
    finds({"neuron_never_returns", "", "use", "advance had not returned after 1 s"});
    finds({"protocol_fails_without_a_reason", "", "course", "course failed: it gave no reason"});
    finds({"protocol_writes_past_its_message", "", "error", "course wrote outside of the message of its mfm_error"});
}

TEST_CASE("what touches memory that is not its own is told by the array's name and the element") {
    finds({"neuron_writes_beyond", "guard pages", "guard pages",
           "advance wrote beyond the end of state 'V_m' (element 64)"});
    finds({"neuron_writes_before", "guard pages", "guard pages",
           "advance wrote before the beginning of state 'V_m' (element -1)"});
    finds({"neuron_reads_beyond", "guard pages", "guard pages",
           "advance read beyond the end of setting 'C_m' (element "});
    finds({"neuron_writes_an_input", "guard pages", "guard pages",
           "advance wrote to setting 'C_m' [0], which it may only read"});
    finds({"neuron_keeps_settings", "guard pages", "guard pages",
           "advance used the value of setting 'g_L' after the call that it was given to: what is needed later must be "
           "copied"});
    finds({"protocol_text_kept", "guard pages", "guard pages",
           "describe used the value of setting 'name' after the call that it was given to: what is needed later must "
           "be copied"});
    finds({"neuron_ignores_the_capacity", "guard pages", "guard pages",
           "advance wrote beyond the end of the spikes' steps (element 3)"});
    finds({"rule_writes_the_next_row", "guard pages", "guard pages", "fill wrote beyond the end of partner (element "});
}

TEST_CASE("what stays on the heap after every call is told by the function") {
    finds({"neuron_leaks", "memory", "memory", "advance keeps "});
    finds({"rule_forgets_the_plan", "memory", "memory", "prepare, release keeps "});
    finds({"protocol_leaks_in_create", "memory", "memory", "create, destroy keeps "});
}

TEST_CASE("results that depend on anything but their inputs are told by where they differ first") {
    finds({"neuron_depends_on_the_process", "reproducible", "reproducible", "in another process: "});
    finds({"neuron_depends_on_the_width", "vector width", "vector width", "with MFM_LANES=2: "});
    finds({"neuron_depends_on_the_batch", "batch size", "batch size", "in batches of 16 cells instead of one of 64, "});
    finds({"neuron_keeps_static_state", "repetition", "repetition", "the same calls again, with the same instance: "});
    finds({"neuron_keeps_static_state", "two instances", "two instances",
           "with a second instance of other settings beside it: "});
    finds({"neuron_shares_scratch", "threads", "threads", "in one of 8 threads at once: "});
    finds({"neuron_ignores_the_seed", "noise", "noise",
           "the Poisson input depends on the stream and not on the seed; noise is keyed by both"});
    finds({"rule_draws_in_order", "repetition", "repetition", "the same calls again, with the same instance: "});
    finds({"rule_depends_on_the_call", "rows", "rows",
           "rows 1 to 1 in a call of their own instead of all rows in one: "});
    finds({"rule_ignores_the_stream", "rows", "seed",
           "the rows depend on the seed and not on the stream; what is random is keyed by both"});
    finds({"transfer_depends_on_the_batch", "batch size", "batch size", "value of a point is "});
    finds({"protocol_counts_from_the_call", "course", "course",
           "the rate of condition 0 at 0.125 ms is 5.00125 Hz in one call from 0 on, and 5 Hz in a call from 0.125 ms "
           "on"});
}

TEST_CASE("a neuron model that breaks a promise is told which") {
    finds({"neuron_padded_cells_fire", "", "padded cells", "advance counted a spike of cell 6"});
    finds(
        {"neuron_masks_nan", "NaN", "NaN", "nan in state 'V_m' is masked: 32 steps later no state of the cell is NaN"});
    finds({"neuron_spreads_nan", "NaN", "NaN", "nan in state 'V_m' in cell 21 changes state 'V_m' of cell 20"});
    finds({"neuron_wrong_jacobian", "derivatives", "derivatives", "the jacobian says "});
    finds({"neuron_wrong_hessian", "derivatives", "derivatives", "the hessian says "});
    finds({"neuron_kernel_of_its_own", "kernel", "kernel", "in a step of 0.0002 ms state 'V_m' of cell "});
}

TEST_CASE("an optimizer that breaks a promise is told which") {
    finds({"optimizer_leaves_the_bounds", "solutions", "solutions",
           "on a linear problem whose optimum lies on a bound, it asked for residuals with parameter 1 at "});
    finds({"optimizer_returns_worse", "", "solve", "on a linear problem, the solution's cost is "});
    finds({"optimizer_lies_about_cost", "solutions", "solutions",
           "on a linear problem whose optimum lies on a bound, it says that the cost is "});
    finds({"optimizer_miscounts", "", "solve", "on a linear problem, it says "});
    finds(
        {"optimizer_converges_at_once", "", "solve", "on a linear problem, it says that it converged, at a cost of "});
    finds({"optimizer_hides_the_budget", "budget", "budget",
           "with max_iterations = 2, it says that it converged, at a cost of "});
    finds({"optimizer_never_reports", "stop", "stop", "progress is never called, so that nobody can stop it"});
    finds({"optimizer_ignores_stop", "stop", "stop", "progress said stop, and the outcome is "});
    finds({"optimizer_hides_failure", "stop", "stop", "the residuals fail, and the outcome is "});
}

TEST_CASE("a connectivity rule that breaks a promise is told which") {
    finds({"rule_counts_more", "", "rows", "degree says 6 partners for row 0, and fill wrote 5"});
    finds({"rule_gives_strangers", "", "rows", "fill gave row 0 the partner 120 of 120"});
    finds({"rule_gives_no_delay", "", "rows", "fill gave an entry of row 0 a delay of 0 ms"});
    finds({"rule_lies_on_the_mean", "in-degrees", "in-degrees",
           "in_degree says 6 +- 0 (120 cells onto 150), and 1800 target cells have 5 +- 0"});
    finds({"rule_lies_on_the_spread", "in-degrees", "in-degrees",
           "in_degree says 5 +- 2 (120 cells onto 150), and 1800 target cells have 5 +- 0"});
}

TEST_CASE("a transfer basis that breaks a promise is told which") {
    finds({"transfer_unknown_input", "shape", "shape",
           "the host does not know how to make the input V_mean; abi.h lists those that it knows"});
    finds({"transfer_guesses_out_of_bounds", "", "guess",
           "guess gives -0.1 for coefficient 'b', which must be at least 0"});
    finds({"transfer_guesses_half", "", "guess", "guess did not write coefficient 'b'"});
    finds({"transfer_forgets_the_last", "", "evaluate", "evaluate did not write value of point 36"});
    finds({"transfer_wrong_by_coefficient", "derivatives", "derivatives",
           "d/db differs from differences of the values by "});
    finds(
        {"transfer_wrong_by_input", "derivatives", "derivatives", "d/dG_e differs from differences of the values by "});
    finds({"transfer_masks_nan", "NaN", "NaN", "NaN as input 'G_e' is masked: the rate is "});
}

TEST_CASE("a protocol that breaks a promise is told which") {
    finds({"protocol_no_condition", "", "conditions", "count says that there is no condition"});
    finds({"protocol_offset_before_onset", "conditions", "conditions",
           "condition 0 has its onset at 2000 ms and its offset at 1000 ms"});
    finds({"protocol_says_stationary", "course", "course",
           "condition 0 is stationary, and its rate at 0.125 ms is 5.00125 Hz instead of its level 5 Hz"});
    finds({"protocol_level_is_nan", "conditions", "conditions", "condition 0 has the level nan Hz"});
    finds({"protocol_goes_negative", "course", "course", "the rate of condition 0 at 0 ms is -1 Hz"});
}

TEST_CASE("a page that leaves a setting out and symbols beside the one are failures; an interface that nobody knows is "
          "a note") {
    finds(
        {"neuron_page_without_a_setting", "", "schema", "the documentation page does not mention the setting V_reset"});
    finds({"neuron_exports_more", "", "symbols", "exports "});
    const auto found = findings_of(report_of("protocol_another_interface", {"conditions"}));
    CHECK(std::any_of(found.begin(), found.end(), [](const Finding& f) {
        return f.outcome == Outcome::Note &&
               f.text == "org.example.thing/2 is not known to this automfm and not checked";
    }));
}

TEST_CASE("a check that cannot be run is no pass: it says what it needs") {
    const LibraryReport report = report_of("rule_needs_a_file");
    CHECK(report.count(Outcome::Fail) == 0);
    CHECK(report.count(Outcome::NotRun) == 1);
    CHECK(report.reason() == "rule, settings: needs file (what cells look like): give it with --set NAME=VALUE");
    CHECK(report_of("rule_needs_a_file", {"rows"}, {"file=/dev/null"}).count(Outcome::NotRun) == 0);
}

TEST_CASE("mistakes of the user are told as such") {
    const auto refusal = [](const CheckOptions& options) {
        try {
            (void)check_library(options);
        } catch (const mfm::InputError& error) {
            return std::string(error.what());
        }
        return std::string("nothing was refused");
    };
    const std::string file = std::string(CHECK_PLUGINS) + "/neuron_no_defect.so";
    CHECK(refusal({"/nowhere/x.so", "", {}, {}, 1}) ==
          "there is no file '/nowhere/x.so'; name a plugin library (NAME.so)");
    CHECK(refusal({file, "cel", {}, {}, 1}) ==
          "'" + file + "' has no component 'cel' (did you mean 'cell'?); it has cell");
    CHECK(refusal({file, "", {"V_tj=1"}, {}, 1}) ==
          "--set V_tj=1: no component of this library has a setting 'V_tj' (did you mean 'V_th'?)");
    CHECK(refusal({file, "", {"cell.g_l=1"}, {}, 1}) ==
          "--set cell.g_l=1: 'cell' has no setting 'g_l' (did you mean 'g_L'?)");
    CHECK(refusal({file, "", {"C_m=-1"}, {}, 1}) ==
          "--set C_m=-1: cell.C_m is -1 pF, but must be at least 1 pF and at most 10000 pF");
    CHECK(refusal({file, "", {}, {"guard"}, 1}) == "there is no check 'guard' (did you mean 'guard pages'?)");
}
