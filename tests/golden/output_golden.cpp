// SPDX-License-Identifier: Apache-2.0
// The texts that people and programs read, word by word.  MFM_UPDATE_GOLDEN=1 writes them anew: read the difference
// before you commit it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "output/report_text.hpp"
#include "output/summary.hpp"
#include "output/text_table.hpp"
#include "support/files.hpp"
#include "unit/report_fixture.hpp"

namespace {

void check_golden(const std::string& name, const std::string& text) {
    const auto file = std::filesystem::path(TEST_SOURCE_FOLDER) / "tests/golden" / name;
    if (std::getenv("MFM_UPDATE_GOLDEN") != nullptr) mfm::write_file(file, text);
    const auto expected = mfm::read_file(file);
    INFO(name);
    CHECK(text == expected);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

} // namespace

TEST_CASE("report.txt reads as agreed") {
    check_golden("report.txt", mfm::report_text(fixture::report(), fixture::inputs()));
}

TEST_CASE("the console summary reads as agreed") {
    check_golden("console.txt", mfm::console_summary(fixture::report(), "cerebellar cortex, awake", "runs/cerebellum"));
}

TEST_CASE("the console summary of a valid run and of one without a mean field reads as agreed") {
    auto report = fixture::report();
    report.populations.resize(1);
    report.populations[0].stationary.resize(2);
    report.populations[0].error_budget.clear();
    report.conditions.clear();
    report.network_only.clear();
    report.warnings.clear();
    mfm::judge(report, {});
    check_golden("console_valid.txt", mfm::console_summary(report, "a small circuit", "runs/small"));
    check_golden("console_none.txt", mfm::console_summary({}, "a small circuit", "runs/small"));
}

TEST_CASE("summary.json has its layout, with null for what was not computed") {
    check_golden("summary.json",
                 mfm::summary_json(fixture::report(), fixture::stages(), fixture::reuse(), fixture::variants()));
}

TEST_CASE("manifest.json reads as agreed") {
    check_golden("manifest.json", mfm::manifest_json(fixture::manifest(), fixture::stages()));
}

TEST_CASE("summary.json has the same keys whatever was computed") {
    mfm::ValidationReport empty;
    empty.populations.resize(1);
    empty.populations[0].name = "golgi_cell";
    empty.populations[0].stationary.resize(1);
    empty.populations[0].fluctuations.resize(1);
    empty.populations[0].dynamic.resize(1);
    const auto json =
        nlohmann::ordered_json::parse(mfm::summary_json(empty, std::vector<mfm::StageTime>{{"build", {}, {}, false}}));
    const auto full = nlohmann::ordered_json::parse(mfm::summary_json(fixture::report(), fixture::stages()));
    const auto keys = [](const nlohmann::ordered_json& object) {
        std::vector<std::string> names;
        for (const auto& [key, value] : object.items()) names.push_back(key);
        return names;
    };
    CHECK(keys(json) == keys(full));
    const auto &a = json["populations"]["golgi_cell"], &b = full["populations"]["golgi_cell"];
    CHECK(keys(a) ==
          std::vector<std::string>{"stationary", "fluctuations", "transfer", "dynamic", "scores", "error_budget"});
    CHECK(keys(a["fluctuations"][0]) == keys(b["fluctuations"][0]));
    CHECK(keys(a["stationary"][0]) == keys(b["stationary"][0]));
    CHECK(json["advice"].is_array());
    CHECK(full["advice"].size() == full["reasons"].size());
    CHECK(json["limits"]["limited"].is_null()); // not judged
    CHECK(full["limits"]["limited"] == 0.1);
    CHECK(keys(a["transfer"]) == keys(b["transfer"]));
    CHECK(keys(a["dynamic"][0]) == keys(b["dynamic"][0]));
    CHECK(keys(json["stages"]["build"]) == std::vector<std::string>{"wall_s", "cpu_s", "cached"});
    CHECK(json["reuse"].is_null()); // no variant
    CHECK(json["variants"].is_object());
    CHECK(json["verdict"].is_null());
    CHECK(a["stationary"][0]["relative_error"].is_null());
    CHECK(a["transfer"]["coefficients"].is_null());
    CHECK(a["transfer"]["operating_point"].is_null());
    CHECK(full["populations"]["granule_cell"]["dynamic"][1]["phase_difference_deg"].is_null()); // NaN
    CHECK(full["verdict"] == "not_valid");
    const auto with_variants = nlohmann::ordered_json::parse(
        mfm::summary_json(fixture::report(), fixture::stages(), fixture::reuse(), fixture::variants()));
    CHECK(keys(with_variants["variants"]["atrophy"]) == keys(full));
    CHECK(keys(with_variants["variants"]["atrophy"]["variants"]["mean_field"]) == keys(full));
}

TEST_CASE("no line of a report is wider than 100 columns, however many conditions there are") {
    auto report = fixture::report();
    for (int level = 44; level <= 160; level += 4) {
        report.populations[0].stationary.push_back(fixture::stationary_row(level, level, 0.5, 1.7 * level, level));
        report.populations[1].stationary.push_back(fixture::stationary_row(level, level, 0.5, 0.7 * level, level));
    }
    mfm::judge(report, {});
    for (const auto& text :
         {mfm::report_text(report, fixture::inputs()), mfm::console_summary(report, "name", "folder")})
        for (const auto& line : lines_of(text)) {
            INFO(line);
            CHECK(mfm::display_width(line) <= mfm::page_width);
        }
}
