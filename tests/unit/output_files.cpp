// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "output/budget.hpp"
#include "output/csv.hpp"
#include "output/figures.hpp"
#include "output/hdf5.hpp"
#include "output/manifest.hpp"
#include "output/run_folder.hpp"
#include "output/spectra.hpp"
#include "output_fixture.hpp"
#include "report_fixture.hpp"
#include "support/files.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::vector<mfm::RecordedPopulation> populations{{"mossy_fibers", 2, false}, {"golgi_cell", 3, true}};

/// RFC 4180, read back.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
    std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto& field = rows.back().back();
        if (quoted) {
            if (text[i] != '"')
                field += text[i];
            else if (i + 1 < text.size() && text[i + 1] == '"')
                field += text[i++];
            else
                quoted = false;
        } else if (text[i] == '"')
            quoted = true;
        else if (text[i] == ',')
            rows.back().emplace_back();
        else if (text[i] == '\r' && text[i + 1] == '\n') {
            ++i;
            rows.emplace_back(1);
        } else
            field += text[i];
    }
    rows.pop_back();
    return rows;
}

/// A transfer function that is defined for excitation only, and there is its summed rate over 100.
class Linear final : public mfm::TransferFunction {
public:
    [[nodiscard]] std::size_t pathways() const override { return 2; }
    void evaluate(std::span<const double> r, std::size_t, std::span<double> rate, std::span<double>,
                  std::span<double>) const override {
        if (r[0] < 1.0) throw mfm::InputError("not defined here");
        rate[0] = (r[0] - r[1]) / 100.0;
    }
    void current_gain(std::span<const double>, std::size_t, std::span<double>, std::span<double>) const override {}
    [[nodiscard]] bool inside(std::span<const double>) const override { return true; }
};

/// Lines of a CSV file without their ends.
std::vector<std::string> lines_of(const std::string& csv) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < csv.size(); at = csv.find("\r\n", at) + 2)
        lines.push_back(csv.substr(at, csv.find("\r\n", at) - at));
    return lines;
}

mfm::ValidationReport with_spectra() {
    mfm::ValidationReport report;
    report.frequency_hz = {2, 4};
    report.spectra = {
        {"background", "background: 4 Hz", 0, 4, "golgi_cell", {0.5, 1}, {0.25, 0.5}, {}, {3, 2}, {-10, -20}},
        {"background", "background: 4 Hz", 0, 4, "granule_cell", {0.25, 0.125}, {}, {}, {}, {}},
        {"background", "background: 8 Hz", 1, 8, "golgi_cell", {}, {}, {1.5, 0.75}, {}, {}}};
    return report;
}

} // namespace

TEST_CASE("a CSV field with a comma, a quote or a line break is quoted, and numbers read back to the same bits") {
    const std::vector<std::string> header{"a, b", "rate (Hz)"};
    mfm::CsvTable csv(header);
    csv.field("say \"no\"\nplease").field(0.1 + 0.2).end_row();
    csv.field("").field(std::optional<double>()).end_row();
    CHECK(csv.text() == "\"a, b\",rate (Hz)\r\n\"say \"\"no\"\"\nplease\",0.30000000000000004\r\n,\r\n");
    const auto rows = parse_csv(csv.text());
    CHECK(rows[1][0] == "say \"no\"\nplease");
    CHECK(std::strtod(rows[1][1].c_str(), nullptr) == 0.1 + 0.2);
    csv.field("one");
    CHECK_THROWS_AS(csv.end_row(), std::logic_error);
}

TEST_CASE("rates.csv has every stationary condition and population, and empty fields where there is no mean field") {
    auto record = fixture::record();
    auto results = fixture::mean_field();
    const auto report = mfm::compare(record, populations, results, {});
    const auto rows = parse_csv(mfm::rates_csv(record, populations, report));
    REQUIRE(rows.size() == 3); // one stationary condition, two populations
    for (const auto& row : rows) CHECK(row.size() == rows[0].size());
    for (std::size_t c = 0; c < rows[0].size(); ++c) {
        INFO(rows[0][c]);
        if (rows[0][c] == "population") CHECK((rows[1][c] == "mossy_fibers" && rows[2][c] == "golgi_cell"));
        if (rows[0][c] == "network rate (Hz)") CHECK((rows[1][c] == "4.1" && rows[2][c] == "12.3"));
        if (rows[0][c] == "mean-field rate (Hz)") CHECK((rows[1][c].empty() && rows[2][c] == "12"));
        if (rows[0][c] == "rate of firing cells (Hz)") CHECK((rows[1][c].empty() && rows[2][c] == "13"));
    }
}

TEST_CASE("where a part of a population is stimulated, files have the network's rates alone and the others as ever") {
    auto record = fixture::record();
    auto part = record.conditions[0];
    part.stimulation = "part";
    part.stimulated_cells = 32;
    record.conditions.insert(record.conditions.begin(), part);
    const auto report = mfm::compare(record, populations, fixture::mean_field(), {});
    const auto rows = parse_csv(mfm::rates_csv(record, populations, report));
    REQUIRE(rows.size() == 5);
    const auto at = [&](std::size_t row, const std::string& column) {
        return rows[row].at(
            static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), column) - rows[0].begin()));
    };
    CHECK(at(2, "stimulation") == "part");
    CHECK(at(2, "network rate (Hz)") == "12.3");
    CHECK(at(2, "mean-field rate (Hz)").empty());
    CHECK(at(4, "stimulation") == "background");
    CHECK(at(4, "mean-field rate (Hz)") == "12");

    record.conditions[2].stimulated_cells = 32; // the step
    const auto figure = mfm::course_figure(record, 2, populations, {}, 1.0);
    CHECK_THAT(figure.script, Contains("title 'network'") && Contains(": network alone'"));
    CHECK_THAT(figure.script + figure.caption, !Contains("mean field"));
}

TEST_CASE("a course's CSV has the bins' centres, both sides, and the mean field only where it is known") {
    auto record = fixture::record();
    auto& c = record.conditions[1];
    c.course_bin = 1.0;
    c.stimulus_hz = {40, 40, 100, 100};
    c.population[1].course_hz = {1, 2, 3, 4};
    c.population[1].course_se_hz = {};
    auto results = fixture::mean_field();
    results.conditions[1].condition = c.condition;
    const auto rows = parse_csv(mfm::course_csv(c, populations, results));
    REQUIRE(rows.size() == 5);
    CHECK(rows[0] == std::vector<std::string>{"time (ms)", "stimulus (Hz)", "golgi_cell network (Hz)",
                                              "golgi_cell network standard error (Hz)", "golgi_cell mean field (Hz)"});
    CHECK(rows[1] == std::vector<std::string>{"0.5", "40", "1", "", "1"});
    CHECK(rows[4] == std::vector<std::string>{"3.5", "100", "4", "", ""});
    CHECK(mfm::course_file_name(record, 1) == "step.csv");
    record.conditions.push_back(c);
    CHECK(mfm::course_file_name(record, 1) == "step_1.csv");
    CHECK(mfm::course_file_name(record, 2) == "step_2.csv");
}

TEST_CASE("a transfer table's CSV has a column a pathway and the fit beside the sample") {
    const auto table = fixture::tables()[0];
    const auto rows = parse_csv(mfm::transfer_csv(table, {{"mossy", "granule"}, {12.5, std::nullopt}}));
    REQUIRE(rows.size() == 3);
    CHECK(rows[0][1] == "mossy (Hz)");
    CHECK(rows[0][8] == "fitted rate (Hz)");
    CHECK(rows[1][0] == "working");
    CHECK(rows[1][8] == "12.5");
    CHECK(rows[2][0] == "held out");
    CHECK(rows[2][8].empty());
}

TEST_CASE("manifests of two runs differ in nothing but the run and its times") {
    auto a = fixture::manifest(), b = fixture::manifest();
    b.started = "2027-01-01T00:00:00Z";
    b.threads = 16;
    b.start = {"run", "cerebellum.toml", "\xff"}; // no UTF-8
    auto x = nlohmann::json::parse(mfm::manifest_json(a, fixture::stages()));
    auto y = nlohmann::json::parse(mfm::manifest_json(b, std::vector<mfm::StageTime>{}));
    CHECK(x != y);
    for (auto* json : {&x, &y})
        for (const char* key : {"run", "times"}) json->erase(key);
    CHECK(x == y);
    CHECK_THAT(mfm::compiler_name(), StartsWith("gcc ") || StartsWith("clang "));
}

namespace {

const std::vector<mfm::SlicePathway> pathways{{10, true}, {5, false}};

/// Samples of Linear, and one with a current.
mfm::TransferTable linear_table() {
    mfm::TransferTable table;
    table.population = "golgi_cell";
    for (int i = 1; i <= 40; ++i) {
        mfm::TransferPoint p;
        p.nu = {20.0 + i, 4.0 * (i % 4)};
        p.G_e = 0.1 * p.nu[0];
        p.G_i = 0.2 * p.nu[1];
        p.rate_hz = (10 * p.nu[0] - 5 * p.nu[1]) / 100.0;
        p.se_hz = 0.1;
        p.seconds = 200 + i;
        table.points.push_back(p);
    }
    table.points.push_back(table.points.back());
    table.points.back().I = 5; // another axis
    return table;
}
/// A fit that is 0.5 Hz too high at every point but the last, where there is none.
std::vector<std::optional<double>> linear_fit() {
    std::vector<std::optional<double>> fitted;
    for (const auto& p : linear_table().points) fitted.emplace_back(p.rate_hz + 0.5);
    fitted.back().reset();
    return fitted;
}

} // namespace

TEST_CASE("a cut through a transfer function goes through its sampled points and leaves out what is not defined") {
    const Linear function;
    const mfm::TransferTable table = linear_table();
    const auto slices = mfm::transfer_slices(function, pathways, table, 4);
    REQUIRE(slices.curves.size() == 4);
    CHECK(slices.seconds == 201);
    std::size_t shown = 0;
    for (const auto& curve : slices.curves) {
        shown += curve.sampled_hz.size();
        CHECK(curve.G_e.front() > 0.0); // at 0 it is not defined
        for (std::size_t k = 0; k < curve.sampled_G_e.size(); ++k)
            for (std::size_t i = 0; i + 1 < curve.G_e.size(); ++i)
                if (curve.G_e[i] <= curve.sampled_G_e[k] && curve.sampled_G_e[k] < curve.G_e[i + 1])
                    CHECK(curve.sampled_hz[k] == Approx(curve.rate_hz[i] + (curve.rate_hz[i + 1] - curve.rate_hz[i]) *
                                                                               (curve.sampled_G_e[k] - curve.G_e[i]) /
                                                                               (curve.G_e[i + 1] - curve.G_e[i])));
    }
    CHECK(shown == 40);
    CHECK(mfm::transfer_slices(function, pathways, {"silent", {}, {}, {}}, 4).curves.empty());
}

TEST_CASE("a map of a transfer function has its rates over both conductances, and none without inhibition") {
    mfm::TransferTable table = linear_table();
    const auto map = mfm::transfer_map(Linear(), pathways, table);
    REQUIRE(map.rate_hz.size() == map.G_e.size() * map.G_i.size());
    // Of a single excitatory and inhibitory pathway, nu follows from the conductance.
    for (std::size_t i = 0; i < map.rate_hz.size(); ++i) {
        const double nu_e = map.G_e[i % map.G_e.size()] / 0.1, nu_i = map.G_i[i / map.G_e.size()] / 0.2;
        REQUIRE(map.rate_hz[i]);
        CHECK(*map.rate_hz[i] == Approx((10 * nu_e - 5 * nu_i) / 100.0).margin(1e-9));
    }
    CHECK(map.G_e.back() < 6.0);
    CHECK(map.G_i.back() < 2.4);
    for (auto& p : table.points) p.G_i = 0;
    CHECK(mfm::transfer_map(Linear(), pathways, table).rate_hz.empty());
}

TEST_CASE("residuals of a fit are fitted less sampled rates, those of points held out apart") {
    mfm::TransferTable table = linear_table();
    table.points[0].use = mfm::TransferPoint::Use::HeldOut;
    table.points[1].use = mfm::TransferPoint::Use::OperatingPoint;
    auto fitted = linear_fit();
    *fitted[0] -= 2.5;
    const auto figure = mfm::fit_figure(table, fitted, {}).value();
    CHECK(figure.population == "golgi_cell");
    CHECK_THAT(figure.data, Contains("# held out, likewise\n-0.0999") || Contains("# held out, likewise\n-0.1"));
    CHECK_THAT(figure.script,
               Contains("'fitted points (n = 38, rms 0.5 Hz)'") && Contains("'held out (n = 1, rms 2 Hz)'"));
    CHECK_THAT(figure.script, !Contains("with image"));
    CHECK_THAT(figure.alt, Contains("the largest is -2 Hz"));
    CHECK_FALSE(mfm::fit_figure(table, {}, {}));
}

namespace {

std::vector<mfm::Figure> all_figures() {
    auto record = fixture::record();
    record.conditions[1].course_bin = 1.0;
    record.conditions[1].transient = 0;
    record.conditions[1].onset = record.conditions[1].offset = 0;
    record.conditions[1].duration = 3;
    auto results = fixture::mean_field();
    results.conditions[1].condition = record.conditions[1].condition;
    auto figures = mfm::rate_figures(fixture::report());
    figures.push_back(mfm::course_figure(record, 1, populations, results, 1.0));
    mfm::TransferSlices slices{
        "golgi_cell", 200, {{0.5, {1, 2, 3}, {10, 20, 35}, {1, 3}, {11, 34}, {0.5, 0.5}}, {1.5, {}, {}, {}, {}, {}}}};
    figures.push_back(mfm::transfer_figure(slices));
    figures.push_back(
        mfm::fit_figure(linear_table(), linear_fit(), mfm::transfer_map(Linear(), pathways, linear_table())).value());
    figures.push_back(mfm::raster_figure(record, populations, 1.0).value());
    for (auto more : {mfm::budget_figures(fixture::report()), mfm::fluctuation_figures(fixture::report()),
                      mfm::cell_rate_figures(record, populations)})
        for (auto& figure : more) figures.push_back(std::move(figure));
    return figures;
}

} // namespace

TEST_CASE("error_budget.csv has one row a swap, with its noise where it has some") {
    const auto rows = parse_csv(mfm::budget_csv(fixture::report()));
    REQUIRE(rows.size() == 1 + 4 + 2);
    CHECK(rows[0] == std::vector<std::string>{"stimulation", "stimulus (Hz)", "population", "network rate (Hz)",
                                              "mean-field rate (Hz)", "swap", "change (Hz)", "standard error (Hz)",
                                              "relative change (1)"});
    CHECK(rows[1] == std::vector<std::string>{"background", "4", "golgi_cell", "12", "11.25", "correlation", "-4.5",
                                              "0.3", "-0.375"});
    CHECK(rows[5] == std::vector<std::string>{"background", "40", "golgi_cell", "36", "41.25", "correlation+fit", "3",
                                              "", "0.08333333333333333"});
}

TEST_CASE("bars of the error budget stack upwards where they are positive, downwards where negative") {
    const auto figures = mfm::budget_figures(fixture::report());
    REQUIRE(figures.size() == 1);
    CHECK(figures[0].name == "error_budget_background");
    // correlation, fit, in_degree, loops and the joined swap that only the second row has; then the total.
    CHECK_THAT(figures[0].data, Contains("0 -0.35 0.35 0 -37.5 0 12.5 12.5 ") && Contains(" 31.25 -6.25\n"));
    CHECK_THAT(figures[0].script, Contains("set xtics ('4' 0, '40' 1)") && Contains("title 'correlation+fit'"));
}

TEST_CASE("figures have units on their axes and say how many") {
    for (const auto& figure : all_figures()) {
        INFO(figure.script);
        CHECK_THAT(figure.script,
                   Contains("set ylabel 'rate (Hz)'") || Contains("set ylabel 'of the network’s rate (%)'") ||
                       Contains("set ylabel 'fitted - sampled (Hz)'") || Contains("set ylabel 'sd of the rate (Hz)'") ||
                       Contains("set ylabel 'cells (%)'"));
        CHECK_THAT(figure.script, Contains("(Hz)'\n") || Contains("(ms)'\n") || Contains("(nS)'\n"));
        CHECK_THAT(figure.script, Contains("n = ") || Contains("n >= ") || Contains(" of 3 cells"));
    }
}

TEST_CASE("gnuplot draws every figure, the same each time, and what people need to restyle it stays") {
    const fixture::Folder folder;
    const auto figures = all_figures();
    const auto line = mfm::write_figures(folder.path(), figures);
    if (line.find("not installed") != std::string::npos) {
        WARN("gnuplot is not installed: the figures themselves are not tested");
        return;
    }
    CHECK(line == "");
    REQUIRE(figures.size() == 8);
    std::vector<std::string> drawn;
    for (const auto& figure : figures) {
        INFO(figure.name);
        CHECK(std::filesystem::exists(folder / (figure.name + ".gp")));
        CHECK(std::filesystem::exists(folder / (figure.name + ".dat")));
        for (const char* kind : {".svg", ".pdf"}) drawn.push_back(mfm::read_file(folder / (figure.name + kind)));
        CHECK_THAT(drawn[drawn.size() - 2], Contains("viewBox=") && Contains("<text") &&
                                                Contains("font-family=\"sans-serif\"") && Contains("</svg>"));
        CHECK_THAT(drawn.back(), StartsWith("%PDF") && Contains("(D:19700101000000"));
    }
    CHECK(mfm::write_figures(folder.path(), figures).empty());
    for (std::size_t i = 0; i < figures.size(); ++i) {
        CHECK(mfm::read_file(folder / (figures[i].name + ".svg")) == drawn[2 * i]);
        CHECK(mfm::read_file(folder / (figures[i].name + ".pdf")) == drawn[2 * i + 1]);
    }
}

TEST_CASE("the index says of every figure what it shows, in words and numbers") {
    const fixture::Folder folder;
    const auto figures = all_figures();
    const auto line = mfm::write_figures(folder.path(), figures);
    const auto index = nlohmann::json::parse(mfm::read_file(folder / "index.json"));
    REQUIRE(index.size() == figures.size());
    for (std::size_t i = 0; i < index.size(); ++i) {
        INFO(index[i].dump(2));
        CHECK(index[i]["name"] == figures[i].name);
        CHECK(index[i]["drawn"] == line.empty());
        for (const char* key : {"section", "title", "caption", "alt"}) CHECK_FALSE(std::string(index[i][key]).empty());
        CHECK((index[i]["population"].is_string() || index[i]["population"].is_null()));
        const std::string alt = index[i]["alt"];
        CHECK(alt.find_first_of("0123456789") != std::string::npos);
    }
    CHECK(index[0]["alt"] == "Rates of 2 populations at 3 levels of 'background'; the mean field's largest error is "
                             "+50.0 % (granule_cell at 20 Hz: network 12 Hz, mean field 18 Hz).");
    CHECK(
        index[0]["caption"] ==
        "Rates of every population, in Hz, over the rate of 'background', in Hz, in the network (black circles; bars: "
        "± one standard error over blocks of time) and in the mean field (vermilion squares; dashed blue: with every "
        "cell at the mean in-degree), and below, the mean field's error relative to the network, in % (bars: ± one "
        "standard error of the network's rate). Cells: golgi_cell 71, granule_cell 30420.");
    CHECK(index[0]["condition"] == "background");
    CHECK(index[0]["population"].is_null());
    CHECK(index[2]["population"] == "golgi_cell");
}

TEST_CASE("a raster has the shown cells' spikes in its window, and none is made without one") {
    auto record = fixture::record();
    auto& c = record.conditions[1];
    c.transient = c.onset = c.offset = 0;
    c.duration = 3;
    c.population[1].raster_time = {0.5, 100}; // the second one is outside
    const auto figure = mfm::raster_figure(record, populations, 1.0).value();
    CHECK(figure.section == "network");
    CHECK_THAT(figure.data, Contains("# golgi_cell: spikes of 3 cells: time (ms), row\n0.5 3\n\n\n"));
    CHECK_THAT(figure.caption, Contains("Shown cells: mossy_fibers 2 of 2, golgi_cell 3 of 3."));
    for (auto& p : c.population) p.raster_cells = 0;
    CHECK_FALSE(mfm::raster_figure(record, populations, 1.0));
}

TEST_CASE("spectra of both sides are in spectra.csv and spectra.h5 with empty fields for what is not known") {
    const auto report = with_spectra();
    const auto lines = lines_of(mfm::spectra_csv(report));
    REQUIRE(lines.size() == 1 + 3 * 2);
    CHECK(lines[0] ==
          "stimulation,condition,stimulus (Hz),population,frequency (Hz),network power (Hz^2/Hz),mean-field power "
          "(Hz^2/Hz),mean-field power with noise (Hz^2/Hz),response gain (Hz/Hz),response phase (deg)");
    CHECK(lines[1] == "background,background: 4 Hz,4,golgi_cell,2,0.5,0.25,,3,-10");
    CHECK(lines[4] == "background,background: 4 Hz,4,granule_cell,4,0.125,,,,");
    CHECK(lines[6] == "background,background: 8 Hz,8,golgi_cell,4,,,0.75,,");
    const fixture::Folder folder;
    mfm::save_spectra(folder / "spectra.h5", report, "abc");
    const mfm::Hdf5Reader in(folder / "spectra.h5");
    CHECK(in.integer("/", "conditions") == 2);
    CHECK(in.read<double>("/frequency_hz") == std::vector<double>{2, 4});
    CHECK(in.real("/conditions/0001", "stimulus_hz") == 8);
    CHECK(in.read<double>("/conditions/0000/golgi_cell/mean_field") == std::vector<double>{0.25, 0.5});
    CHECK(in.read<double>("/conditions/0000/granule_cell/mean_field").empty());
    CHECK(in.read<double>("/conditions/0001/golgi_cell/mean_field_with_noise") == std::vector<double>{1.5, 0.75});
}

TEST_CASE("a condition's spectra are a figure, and a stimulation's responses") {
    const auto figures = mfm::spectrum_figures(with_spectra());
    REQUIRE(figures.size() == 3);
    CHECK(figures[0].name == "spectrum_background_1");
    CHECK(figures[1].name == "spectrum_background_2");
    CHECK(figures[2].name == "response_background");
    CHECK_THAT(figures[0].script, Contains("set ylabel 'power (Hz²/Hz)'") && Contains("linear theory") &&
                                      !Contains("with noise") && Contains("set title 'granule_cell'"));
    CHECK_THAT(figures[1].script, Contains("with noise") && !Contains("linear theory"));
    CHECK_THAT(figures[2].script, Contains("set ylabel 'gain (Hz/Hz)'") && Contains("at 4 Hz") && !Contains("at 8 Hz"));
    const fixture::Folder folder;
    const auto line = mfm::write_figures(folder.path(), figures);
    if (line.find("not installed") == std::string::npos) CHECK(line == "");
}

TEST_CASE("a name in a figure is text and nothing else") {
    const fixture::Folder folder;
    auto report = fixture::report();
    report.populations[0].name = "a'; system 'touch pwned'; print \"`touch pwned`\" } { \\\n";
    const auto figures = mfm::rate_figures(report);
    const auto line = mfm::write_figures(folder.path(), figures);
    CHECK_FALSE(std::filesystem::exists(folder / "pwned"));
    if (line.find("not installed") == std::string::npos) CHECK(line.empty());
}

TEST_CASE("without gnuplot the scripts and data are there, and one line says so") {
    const fixture::Folder folder;
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", folder.path().c_str(), 1);
    const auto line = mfm::write_figures(folder / "figures", all_figures());
    ::setenv("PATH", path.c_str(), 1);
    CHECK_THAT(line, StartsWith("gnuplot is not installed (package gnuplot-nox)") && !Contains("\n"));
    CHECK(std::filesystem::exists(folder / "figures/rates_background.gp"));
    CHECK(std::filesystem::exists(folder / "figures/rates_background.dat"));
    CHECK_FALSE(std::filesystem::exists(folder / "figures/rates_background.svg"));
    for (const auto& figure : nlohmann::json::parse(mfm::read_file(folder / "figures/index.json")))
        CHECK(figure["drawn"] == false);
}

TEST_CASE("a script that gnuplot refuses is one line with its reason") {
    const fixture::Folder folder;
    std::vector<mfm::Figure> figures(1);
    figures[0].name = "broken";
    figures[0].script = "plot nonsense\n";
    const auto line = mfm::write_figures(folder.path(), figures);
    if (line.find("not installed") != std::string::npos) return;
    CHECK_THAT(line,
               StartsWith("gnuplot could not draw ") && Contains("undefined variable: nonsense") && !Contains("\n"));
}

TEST_CASE("a run's folder has every file, and one with next to nothing computed still has report and summary") {
    const fixture::Folder folder;
    const auto report = fixture::report();
    const auto record = fixture::record();
    const auto mean_field = fixture::mean_field();
    const auto tables = fixture::tables();
    mfm::RunOutputs out;
    out.report = &report;
    out.text = fixture::inputs();
    out.resolved_toml = "name = 'x'\n";
    out.populations = populations;
    out.record = &record;
    out.mean_field = &mean_field;
    out.tables = tables;
    (void)mfm::write_run_folder(folder / "full", out);
    for (const char* name :
         {"summary.json", "report.txt", "manifest.json", "pipeline.resolved.toml", "rates.csv", "courses/step.csv",
          "transfer/golgi.csv", "error_budget.csv", "figures/rates_background.gp", "figures/course_step.gp",
          "figures/error_budget_background.gp"}) {
        INFO(name);
        CHECK(std::filesystem::exists(folder.path() / "full" / name));
    }
    const mfm::ValidationReport nothing;
    mfm::RunOutputs little;
    little.report = &nothing;
    CHECK(mfm::write_run_folder(folder / "little", little).empty());
    CHECK(std::filesystem::exists(folder / "little/summary.json"));
    CHECK(std::filesystem::exists(folder / "little/report.txt"));
    CHECK_FALSE(std::filesystem::exists(folder / "little/rates.csv"));
    CHECK_FALSE(std::filesystem::exists(folder / "little/error_budget.csv"));
}
