// SPDX-License-Identifier: Apache-2.0
// report.html: from a run's folder alone, whatever is missing or odd in it.
#include <catch2/catch.hpp>

#include <algorithm>

#include "output/run_folder.hpp"
#include "report/page.hpp"
#include "report/sections.hpp"
#include "support/files.hpp"
#include "unit/output_fixture.hpp"
#include "unit/report_fixture.hpp"

namespace {

using namespace mfm;
using Catch::Matchers::Contains;

std::vector<std::string> ids_of(const RunView& run) {
    std::vector<std::string> ids;
    for (const Section& s : sections_of(run)) ids.push_back(s.id);
    return ids;
}

ValidationReport full_report() {
    ValidationReport report = fixture::report();
    report.warnings.emplace_back("a warning with <angle brackets> & an ampersand");
    return report;
}

/// A run's folder with one of everything, figures made up.
void write_full(const std::filesystem::path& folder) {
    const ValidationReport report = full_report();
    RunOutputs out;
    out.report = &report;
    out.text = fixture::inputs();
    out.resolved_toml = "name = '<x>'\n";
    out.figures = false;
    (void)write_run_folder(folder, out);
    write_file(folder / "equations.html", "<html>\n<body>\n<h3>golgi_cell</h3>\n</body>\n</html>\n");
    write_file(
        folder / "figures/rates_background.svg",
        "<?xml version=\"1.0\"?>\n<svg width=\"7\"><title>Gnuplot</title><path id='a'/><use xlink:href='#a'/></svg>\n");
    write_file(folder / "figures/index.json",
               R"([{"name": "rates_background", "section": "rates", "title": "Rates", "caption": "In Hz <per cell>.",
                    "alt": "the \"alternative\"", "population": null, "condition": null, "drawn": true},
                   {"name": "budget", "section": "budget", "title": "Budget", "caption": "", "alt": "", "drawn": false}])");
}

} // namespace

TEST_CASE("text in markup is escaped, control characters are left out, and what is no UTF-8 is replaced") {
    CHECK(escaped_markup("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
    CHECK(escaped_markup(std::string("a\x01\x7F\0b\n", 6)) == "ab\n");
    CHECK(escaped_markup("µ − 30\u202F420") == "µ − 30\u202F420");
    CHECK(escaped_markup("\xFF"
                         "a\xC3") == "\uFFFDa\uFFFD");
    CHECK(escaped_markup("\xC0\xAF") == "\uFFFD\uFFFD");           // an overlong form
    CHECK(escaped_markup("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD"); // a surrogate
}

TEST_CASE("links to files are percent-encoded") {
    CHECK(file_link("a b/\"c\".csv", "<c>") == "<a class=\"file\" href=\"a%20b/%22c%22.csv\">&lt;c&gt;</a>");
}

TEST_CASE("numbers carry a minus sign, counts thin spaces, and what is missing is a dash") {
    CHECK(shown_percent(-0.0321) == "−3.2 %");
    CHECK(shown_rate(std::nullopt) == "–");
    CHECK(shown_count(999) == "999");
    CHECK(shown_count(9999) == "9999");
    CHECK(shown_count(30420) == "30\u202F420");
    CHECK(shown_count(1234567) == "1\u202F234\u202F567");
}

TEST_CASE("a drawing's identifiers become its own, and one that would run a program is left out") {
    CHECK(inline_svg("<?xml?><svg a='b'><desc>x</desc><g id=\"p\" fill='url(#p)'/><use href=\"#p\"/></svg>", "f1-",
                     "<alt>") == "<svg role=\"img\" aria-label=\"&lt;alt&gt;\" a='b'><g id=\"f1-p\" "
                                 "fill='url(#f1-p)'/><use href=\"#f1-p\"/></svg>");
    CHECK(inline_svg("no drawing", "f", "").empty());
    CHECK(inline_svg("<svg><image xlink:href='data:image/png;base64,AA'/></svg>", "f", "a") ==
          "<svg role=\"img\" aria-label=\"a\"><image xlink:href='data:image/png;base64,AA'/></svg>");
    for (const char* active :
         {"<svg><script>x</script></svg>", "<svg onload=\"x\"></svg>", "<svg><image href='http://a'/></svg>",
          "<svg><use xlink:href=\"other.svg#a\"/></svg>", "<svg><foreignObject/></svg>"})
        CHECK(inline_svg(active, "f", "").empty());
}

TEST_CASE("CSV is read back with quotes, commas and line breaks in fields") {
    CHECK(csv_rows("a,\"b\"\"c\",\r\n\"d,\ne\",,f\r\n") ==
          std::vector<std::vector<std::string>>{{"a", "b\"c", ""}, {"d,\ne", "", "f"}});
    CHECK(csv_rows("").empty());
}

TEST_CASE("the page of a full run has every section in order, and says what the run says") {
    const fixture::Folder folder;
    write_full(folder.path());
    const RunView run = read_run(folder.path());
    CHECK(ids_of(run) == std::vector<std::string>{"verdict", "glance", "circuit", "transfer", "rates", "courses",
                                                  "budget", "spectra", "network-only", "variants", "calibration",
                                                  "equations", "warnings", "times", "origin"});
    const std::string page = report_html(run);
    for (const std::string& reason : full_report().reasons) CHECK_THAT(page, Contains(escaped_markup(reason)));
    CHECK_THAT(page, Contains("<html lang=\"en\">") && Contains("not valid</p>") && Contains("What to do:"));
    CHECK_THAT(page, Contains("&lt;angle brackets&gt; &amp; an ampersand") && Contains("In Hz &lt;per cell&gt;."));
    CHECK_THAT(page, Contains("<svg role=\"img\" aria-label=\"the &quot;alternative&quot;\" width=\"7\">"));
    CHECK_THAT(page, Contains("It was not drawn")); // of the budget's figure
    CHECK_THAT(page, Contains("<h3>golgi_cell</h3>") && Contains("name = &#39;&lt;x&gt;&#39;"));
    CHECK_THAT(page, Contains("Rates of &#39;atrophy&#39;"));
    CHECK_THAT(page, !Contains("http://a") && !Contains("<script") && !Contains("src=") && !Contains("Gnuplot"));
}

TEST_CASE("names of files that look like markup stay text everywhere") {
    RunView run;
    run.summary = Json::parse(R"({"verdict": "<i>", "reasons": ["<i>"], "advice": ["<i>"], "warnings": ["<i>"],
        "circuit": {"populations": [{"name": "<i>", "kind": "neuron", "neuron": "<i>", "cells": 3}],
                    "pathways": [{"name": "<i>", "source": "<i>", "target": "<i>", "excitatory": false, "K": 1, "shape": "<i>"}]},
        "populations": {"<i>": {"stationary": [{"stimulation": "<i>", "stimulus_hz": 4, "relative_error": 1}],
                                "transfer": {"basis": "<i>", "coefficients": {"<i>": 1}, "domain": {"<i>": [0, 1]}},
                                "dynamic": [{"stimulus": "<i>"}], "scores": [{"stimulus": "<i>"}],
                                "error_budget": [{"stimulation": "<i>", "terms": [{"name": "<i>", "relative": 1}]}]}},
        "network_only": [{"label": "<i>", "reason": "<i>", "populations": {"<i>": {}}}],
        "calibration": {"scales": [{"pathway": "<i>"}], "populations": {"<i>": [{}]}},
        "stages": {"<i>": {"wall_s": 1}}, "reuse": [{"stage": "<i>", "why": "<i>"}], "variants": {"<i>": {"verdict": "<i>"}}})");
    run.manifest = Json::parse(R"({"automfm": {"version": "<i>"}, "pipeline": {"name": "<i>", "file": "<i>"},
        "inputs": {"<i>": "<i>"}, "plugins": [{"id": "<i>"}], "stage_hashes": {"<i>": "<i>"}})");
    run.resolved_toml = run.equations_txt = "<i>";
    run.figures = {{"<i>", "rates", "<i>", "<i>", "<i>", "<i>", "", {"<i>.gp"}}};
    run.files = {{"<i>", 3}};
    run.rates = {{{"population", "<i>"}}};
    CHECK_THAT(report_html(run), !Contains("<i>") && Contains("&lt;i&gt;"));
}

TEST_CASE("a folder of an earlier version, which has but a verdict, says what it lacks") {
    const fixture::Folder folder;
    write_file(folder / "summary.json", R"({"verdict": null})");
    const RunView run = read_run(folder.path());
    CHECK(ids_of(run) == std::vector<std::string>{"verdict", "circuit", "equations", "warnings", "origin"});
    const std::string page = report_html(run);
    CHECK_THAT(page,
               Contains("no verdict</p>") && Contains("holds no equations") && Contains("holds no manifest.json"));
    CHECK_THAT(page,
               Contains("run the pipeline again to see it") && Contains("put its warnings into report.txt alone"));
}

TEST_CASE("values of another kind than expected are taken as missing") {
    RunView run;
    run.summary = Json::parse(R"({"verdict": 3, "reasons": {}, "advice": 1, "warnings": [1], "circuit": [],
        "populations": {"a": [], "b": {"stationary": 2, "transfer": {"domain": {"x": 1}}, "error_budget": [3]}},
        "stages": {"a": 2}, "variants": [], "calibration": 7, "limits": "x", "network_only": {"a": 1}})");
    run.manifest = Json::array();
    CHECK_THAT(report_html(run), Contains("no verdict"));
}

TEST_CASE("equal folders give equal bytes, wherever they are, and the page is no part of what it is made from") {
    const fixture::Folder folder;
    write_full(folder / "one");
    write_report(folder / "one");
    const std::string first = read_file(folder / "one/report.html");
    write_report(folder / "one");
    CHECK(read_file(folder / "one/report.html") == first);
    std::filesystem::copy(folder / "one", folder / "two", std::filesystem::copy_options::recursive);
    write_report(folder / "two");
    CHECK(read_file(folder / "two/report.html") == first);
}

TEST_CASE("a variant's page leads to its base") {
    const fixture::Folder folder;
    write_full(folder.path());
    write_full(folder / "variants/atrophy");
    CHECK_THAT(report_html(read_run(folder / "variants/atrophy")), Contains("href=\"../../report.html\""));
    CHECK_THAT(report_html(read_run(folder.path())),
               Contains("href=\"variants/atrophy/report.html\"") && !Contains("href=\"../../report.html\""));
}

TEST_CASE("a folder that is no run is one sentence with the runs that are near") {
    const fixture::Folder folder;
    write_file(folder / "runs/cerebellum/summary.json", R"({"verdict": "valid"})");
    write_file(folder / "runs/empty/report.txt", "");
    const auto sentence = [&](const std::string& name) -> std::string {
        try {
            (void)read_run(folder / name);
        } catch (const InputError& error) {
            return error.what();
        }
        return "";
    };
    const std::string run = (folder / "runs/cerebellum").string();
    CHECK(sentence("runs/cerebelum") ==
          "there is no folder '" + (folder / "runs/cerebelum").string() + "' (did you mean '" + run + "'?)");
    CHECK(sentence("runs") == "'" + (folder / "runs").string() +
                                  "' is no run's folder, or its run has not come to its end: it has no summary.json; "
                                  "near it is the run '" +
                                  run + "'");
    CHECK_THAT(sentence("runs/empty"), Contains("it has no summary.json") && Contains(run));
    CHECK_THAT(sentence("runs/empty/report.txt"), Contains("is a file; give the folder of a run"));
    write_file(folder / "runs/cut/summary.json", R"({"verdict": "val)");
    CHECK_THAT(sentence("runs/cut"), Contains("summary.json' is damaged") && Contains("run the pipeline again"));
}
