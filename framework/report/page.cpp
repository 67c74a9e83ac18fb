// SPDX-License-Identifier: Apache-2.0
#include "report/page.hpp"

#include <fmt/format.h>

#include "report/sections.hpp"
#include "report/style.hpp"
#include "support/files.hpp"

namespace mfm {

std::vector<Section> sections_of(const RunView& run) {
    std::vector<Section> sections;
    for (const auto make :
         {verdict_section, glance_section, circuit_section, network_section, transfer_section, rates_section,
          courses_section, budget_section, spectra_section, network_only_section, variants_section, calibration_section,
          equations_section, warnings_section, times_section, origin_section})
        if (std::optional<Section> section = make(run)) sections.push_back(std::move(*section));
    return sections;
}

std::string report_html(const RunView& run) {
    const Json &pipeline = at(run.manifest, "pipeline"), &times = at(run.manifest, "times");
    std::string name = text_at(pipeline, "name");
    if (name.empty()) name = "a run of automfm";
    const std::string title = escaped_markup(name), verdict = escaped_markup(verdict_words(at(run.summary, "verdict")));
    std::string contents, body, about;
    for (const Section& s : sections_of(run)) {
        contents += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", s.id, escaped_markup(s.title));
        body += fmt::format(
            "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n{2}</section>\n\n",
            s.id, escaped_markup(s.title), s.html);
    }
    for (const std::string& part : {text_at(pipeline, "file"), text_at(times, "finished")})
        if (!part.empty()) about += (about.empty() ? "" : " · ") + escaped_markup(part);
    // The policy lets nothing be loaded or run, whatever the run's files hold.
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
        "'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{0}: {1}</title>\n<style>\n{2}</style>\n"
        "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n"
        "<p class=\"kind\">Mean-field model of a spiking network</p>\n<h1>{0}</h1>\n<p class=\"about\">{3}</p>\n"
        "</header>\n<nav aria-label=\"Contents\">\n<ol>\n{4}</ol>\n</nav>\n<main id=\"main\">\n{5}</main>\n"
        "<footer><p>Made by automfm {6}.</p></footer>\n</body>\n</html>\n",
        title, verdict, style_css(), about, contents, body,
        escaped_markup(text_at(at(run.manifest, "automfm"), "version")));
}

void write_report(const std::filesystem::path& folder) {
    write_file(folder / "report.html", report_html(read_run(folder)));
}

} // namespace mfm
