// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <limits>

#include "validate/verdict.hpp"

using mfm::Verdict;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

mfm::StationaryRow row(double stimulus, double network, double mean_field) {
    mfm::StationaryRow r;
    r.stimulation = "background";
    r.stimulus_hz = stimulus;
    r.network_rate_hz = network;
    r.network_rate_se_hz = 0.2;
    r.mean_field_rate_hz = mean_field;
    r.floor_hz = 0.1;
    r.relative_error = (mean_field - network) / std::max(network, r.floor_hz);
    return r;
}

/// Two populations, two levels, nothing wrong.
mfm::ValidationReport good() {
    mfm::ValidationReport report;
    for (const char* name : {"golgi_cell", "purkinje_cell"}) {
        mfm::PopulationReport p;
        p.name = name;
        p.stationary = {row(4, 12, 12.6), row(40, 36, 34.2)};
        p.transfer.converged = true;
        report.populations.push_back(p);
    }
    for (double level : {4.0, 40.0}) {
        mfm::ConditionFinding c;
        c.stimulation = "background";
        c.stimulus_hz = level;
        c.fixed_point = mfm::FixedPointState::Stable;
        c.growth_rate = -0.5;
        c.populations = {{"golgi_cell", 7.9, 0.13, 0, 0.03}, {"purkinje_cell", 1.5, 0.01, 0, 0.1}};
        report.conditions.push_back(c);
    }
    return report;
}

mfm::ValidationReport judged(mfm::ValidationReport report, const mfm::ValidationConfig& limits = {}) {
    mfm::judge(report, limits);
    return report;
}

} // namespace

TEST_CASE("a mean field within 10 % everywhere is valid") {
    const auto report = judged(good());
    CHECK(report.verdict == Verdict::Valid);
    CHECK(report.reasons.empty());
    CHECK(report.warnings.empty());
    CHECK(mfm::exit_code(report) == mfm::ExitCode::Done);
}

TEST_CASE("an error beyond 10 % at one condition limits the verdict, and the reason names it") {
    auto report = good();
    report.populations[0].stationary[1] = row(40, 36, 41.4);
    report = judged(report);
    CHECK(report.verdict == Verdict::Limited);
    REQUIRE(report.reasons.size() == 1);
    CHECK(report.reasons[0] ==
          "golgi_cell: the mean field's rate is more than 10 % off at 40 Hz of 'background': +15 % (mean field "
          "41.4 Hz, network 36 ± 0.2 Hz).");
    CHECK(mfm::exit_code(report) == mfm::ExitCode::Done);
}

TEST_CASE("an error beyond 35 % at any condition is not valid, too high or too low, and the worst is named") {
    auto report = good();
    report.populations[1].stationary = {row(4, 12, 16.8), row(20, 12, 13.5), row(40, 36, 18)};
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    REQUIRE(report.reasons.size() == 2);
    CHECK(report.reasons[0] ==
          "purkinje_cell: the mean field's rate is more than 35 % off at 4 and 40 Hz of 'background'; the worst is at "
          "40 Hz of 'background': -50 % (mean field 18 Hz, network 36 ± 0.2 Hz).");
    CHECK(report.reasons[1].find("purkinje_cell: the mean field's rate is more than 10 % off at 20 Hz") == 0);
    CHECK(mfm::exit_code(report) == mfm::ExitCode::NotValid);
}

TEST_CASE("the limits are those of the pipeline") {
    auto report = good();
    mfm::ValidationConfig limits;
    limits.limited = 0.04;
    CHECK(judged(report, limits).verdict == Verdict::Limited);
    limits.not_valid = 0.045;
    CHECK(judged(report, limits).verdict == Verdict::NotValid);
}

TEST_CASE("a rate that is no number is not valid") {
    auto report = good();
    report.populations[0].stationary[0] = row(4, 12, not_a_number);
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    CHECK(report.reasons ==
          std::vector<std::string>{"golgi_cell: a rate is no finite number at 4 Hz of 'background'."});
}

TEST_CASE("a mean field that stopped is not valid, in a stationary condition as in a dynamic one") {
    auto report = good();
    mfm::ConditionFinding c;
    c.stimulation = "step";
    c.label = "step: 40 Hz to 100 Hz";
    c.stationary = false;
    c.failure = "golgi_cell became NaN at 512 ms.";
    report.conditions.push_back(c);
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    CHECK(report.reasons ==
          std::vector<std::string>{
              "The mean field stopped in 'step' (40 Hz to 100 Hz): golgi_cell became NaN at 512 ms."});
}

TEST_CASE("no fixed point under a stationary stimulus is not valid") {
    auto report = good();
    report.conditions[1].fixed_point = mfm::FixedPointState::NotFound;
    report.populations[0].stationary[1].mean_field_rate_hz.reset();
    report.populations[0].stationary[1].relative_error.reset();
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    CHECK(report.reasons ==
          std::vector<std::string>{
              "The mean field has no fixed point at 40 Hz of 'background', though the stimulus is stationary."});
    CHECK(report.warnings ==
          std::vector<std::string>{"golgi_cell: there is no mean-field rate to compare at 40 Hz of 'background'."});
}

TEST_CASE("an unstable fixed point limits the verdict, and it is said that the network has no such rhythm") {
    auto report = good();
    for (auto& c : report.conditions) {
        c.fixed_point = mfm::FixedPointState::Unstable;
        c.growth_rate = 0.001 * c.stimulus_hz;
        c.oscillation_hz = 29.0;
    }
    report = judged(report);
    CHECK(report.verdict == Verdict::Limited);
    CHECK(report.reasons ==
          std::vector<std::string>{
              "The mean field's fixed point is unstable at 4 and 40 Hz of 'background', and the network shows no such "
              "rhythm; it oscillates at about 29 Hz; deviations grow by up to 0.04 /ms."});
}

TEST_CASE("a mean field that oscillates where the network does, too, is limited") {
    auto report = good();
    report.conditions[1].fixed_point = mfm::FixedPointState::Unstable;
    report.conditions[1].growth_rate = 0.002;
    report.conditions[1].oscillation_hz = 29.25;
    report.conditions[1].rhythmic_population = "golgi_cell";
    report.conditions[1].rhythm_hz = 27.5;
    report = judged(report);
    CHECK(report.verdict == Verdict::Limited);
    CHECK(
        report.reasons ==
        std::vector<std::string>{
            "The mean field oscillates by itself at 40 Hz of 'background' (at about 29.25 Hz), and so does the network "
            "(golgi_cell at about 27.5 Hz); its rates are those of the unstable fixed point."});
}

TEST_CASE("F T of 1 is not valid") {
    auto report = good();
    report.conditions[1].populations[1].largest_F_T = 1.0;
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    REQUIRE(report.reasons.size() == 1);
    CHECK(report.reasons[0].find("purkinje_cell reaches F T = 1 at 40 Hz of 'background'") == 0);
    report.conditions[1].populations[1].largest_F_T = 0.999;
    CHECK(judged(report).verdict == Verdict::Valid);
}

TEST_CASE("covariances with a negative eigenvalue are not valid, and the worst is told") {
    auto report = good();
    report.conditions[0].covariance_loss = 1;
    report.conditions[0].lowest_eigenvalue = -0.02;
    report.conditions[1].covariance_loss = 0.25;
    report.conditions[1].lowest_eigenvalue = -0.125;
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    CHECK(
        report.reasons ==
        std::vector<std::string>{
            "The master equation's covariance matrix has negative eigenvalues at 4 and 40 Hz of 'background', down to "
            "-0.125 of the largest, for 25 % of the time; its second order does not hold there (use mean_field.order = "
            "1, or dynamics = \"synaptic\")."});
}

TEST_CASE("leaving the domain of a transfer function is not valid") {
    auto report = good();
    report.conditions[0].populations[0].outside_domain = 0.125;
    report.conditions[0].populations[0].outside_inputs = "golgi_cell with inputs mossy_fibers 90 Hz";
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    CHECK(report.reasons ==
          std::vector<std::string>{
              "golgi_cell leaves the domain of its transfer function at 4 Hz of 'background', for up to 12.5 % of the "
              "time, as golgi_cell with inputs mossy_fibers 90 Hz; sample a wider range (transfer.working_low, "
              "transfer.working_high)."});
}

TEST_CASE("a synchronous network is not valid, whatever the rates") {
    auto report = good();
    report.conditions[1].populations[0].fano = 46.7;
    report.conditions[1].populations[0].correlation = 0.65;
    report = judged(report);
    CHECK(report.verdict == Verdict::NotValid);
    REQUIRE(report.reasons.size() == 1);
    CHECK(report.reasons[0] ==
          "golgi_cell is synchronous at 40 Hz of 'background': pairwise count correlation 0.65 (limit 0.4) and Fano "
          "factor 46.7 (limit 5) of the network; no rate model holds there.");
    mfm::ValidationConfig limits;
    limits.synchrony_correlation = 0.9;
    CHECK(judged(report, limits).verdict == Verdict::Valid);
}

TEST_CASE("a correlated network warns and does not change the verdict") {
    auto report = good();
    report.conditions[1].populations[0].fano = 17.1;
    report.conditions[1].populations[0].correlation = 0.244;
    report = judged(report);
    CHECK(report.verdict == Verdict::Valid);
    REQUIRE(report.warnings.size() == 1);
    CHECK(report.warnings[0].find("golgi_cell is correlated in the network at 40 Hz of 'background'") == 0);
}

TEST_CASE("a fit that did not converge limits the verdict") {
    auto report = good();
    report.populations[1].transfer.converged = false;
    report.populations[1].transfer.optimizer_message = "50 iterations were not enough";
    report = judged(report);
    CHECK(report.verdict == Verdict::Limited);
    CHECK(report.reasons ==
          std::vector<std::string>{
              "purkinje_cell: the fit of the transfer function did not converge (50 iterations were not enough)."});
}

TEST_CASE("without a compared condition nothing is valid") {
    auto report = good();
    for (auto& p : report.populations) p.stationary.clear();
    report = judged(report);
    CHECK(report.verdict == Verdict::Limited);
    REQUIRE(report.reasons.size() == 1);
    CHECK(report.reasons[0].find("No stationary condition was compared") == 0);
}

TEST_CASE("a rate below the noise of its measurement is judged against that noise, and it is said") {
    auto report = good();
    report.populations[0].stationary[0] = row(4, 0.02, 0.025); // +25 % of a rate that was not measured to 25 %
    report = judged(report);
    CHECK(report.verdict == Verdict::Valid);
    REQUIRE(report.warnings.size() == 1);
    CHECK(report.warnings[0].find(
              "golgi_cell: the network's rate is below the noise of its measurement at 4 Hz of 'background'") == 0);
    report.populations[0].stationary[0] =
        row(4, 0.0, 2.0); // but a mean field that fires beside a silent network is wrong
    CHECK(judged(report).verdict == Verdict::NotValid);
}

TEST_CASE("a transfer function that misses at the operating point warns") {
    auto report = good();
    report.populations[0].transfer.operating_point = {{{4, 12.0, 12.5, 12.4, 0.033}, {40, 36.0, 30.0, 29.5, -0.18}}};
    report = judged(report);
    CHECK(report.verdict == Verdict::Valid);
    REQUIRE(report.warnings.size() == 1);
    CHECK(report.warnings[0].find(
              "golgi_cell: at the network's own input rates the transfer function is off by up to -18 %, at a "
              "stimulus of 40 Hz") == 0);
}

TEST_CASE("a rate that is right because errors cancel limits the verdict, unless they are noise") {
    auto report = good(); // 36 Hz in the network, 34.2 in the mean field
    mfm::BudgetRow budget{"background", 40, 36, 34.2, 0.1, {}, {}};
    budget.terms = {{"correlation", -10.8, 0.9}, {"in_degree", 3.6, {}}, {"loops", 5.4, 0.9}};
    report.populations[1].error_budget = {budget};
    report = judged(report);
    CHECK(report.verdict == Verdict::Limited);
    CHECK(report.reasons == std::vector<std::string>{
                                "purkinje_cell: errors cancel at 40 Hz of 'background': they "
                                "sum to 45 % of the rate and leave -5 % (correlation -30 %, loops +15 % and in degree "
                                "+10 %)."});
    auto& budgets = report.populations[1].error_budget;
    budgets.push_back(budgets[0]);
    budgets[1].stimulus_hz = 80;
    budgets[1].terms[0].hz -= 1.8;
    budgets[1].terms[1].hz += 1.8;
    CHECK_THAT(
        judged(report).reasons[0],
        Catch::Contains("errors cancel at 40 and 80 Hz of 'background'; at 80 Hz of 'background' they sum to 55 %"));
    budgets.pop_back();
    auto& terms = budgets[0].terms;
    terms[0].se_hz = terms[2].se_hz = 3.0; // twice that is less certain than 35 %
    CHECK(judged(report).verdict == Verdict::Valid);
    terms[0].se_hz = terms[2].se_hz = 0.9;
    CHECK(judged(report).verdict == Verdict::Limited);
    report.populations[1].error_budget[0].network_rate_hz = 0.05; // not measured
    CHECK(judged(report).verdict == Verdict::Valid);
}

TEST_CASE("the graver reasons come first, and judging twice says nothing twice") {
    auto report = good();
    report.warnings = {"a stage's own warning"};
    report.populations[0].stationary[0] = row(4, 0.02, 0.025);
    report.populations[0].stationary[1] = row(40, 36, 41.4);
    report.populations[1].transfer.converged = false;
    report.conditions[0].fixed_point = mfm::FixedPointState::NotFound;
    auto once = judged(report);
    auto twice = judged(once);
    CHECK(once.verdict == Verdict::NotValid);
    REQUIRE(once.reasons.size() == 3);
    CHECK(once.reasons[0].find("no fixed point") != std::string::npos);
    CHECK(once.reasons[1].find("more than 10 %") != std::string::npos);
    CHECK(once.warnings[0] == "a stage's own warning");
    CHECK(twice.reasons == once.reasons);
    CHECK(twice.warnings == once.warnings);
}
