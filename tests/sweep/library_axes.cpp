// SPDX-License-Identifier: Apache-2.0
// Where the members of a library lie, and what lies between them.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "config/axes.hpp"
#include "sweep/interpolation.hpp"

using namespace mfm;

namespace {

const std::string circuit = "seed = 5\n[population.cells]\ncount = 100\n[projection.input]\nweight = \"0.23 nS\"\n"
                            "[projection.output]\nweight = \"0.1 nS\"\n";

DocumentNode document_with(const std::string& library) {
    return parse_document(circuit + library, "circuit.toml");
}
LibraryConfig library_of(const std::string& text) {
    return read_library(document_with(text));
}
std::string refusal(const std::string& text) {
    try {
        static_cast<void>(library_of(text));
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}
const std::string axis = "[library.axis.w]\npath = \"projection.input.weight\"\n";

std::vector<double> of_axis(const LibraryConfig& library, std::size_t a, std::uint64_t seed) {
    std::vector<double> out;
    for (std::uint64_t i = 0; i < library.size(); ++i) out.push_back(point_values(library, i, seed)[a]);
    return out;
}

/// Members at every point of the axes, with the columns f and g.
template <class F> ModelLibrary filled(const std::string& text, const F& f) {
    ModelLibrary library;
    library.config = library_of(text);
    library.columns = {"f"};
    library.units = {"Hz"};
    for (std::uint64_t i = 0; i < library.config.size(); ++i) {
        library.members.push_back({std::to_string(i), "", "", point_values(library.config, i, 1)});
        library.values.push_back(f(library.members.back().values));
    }
    return library;
}

} // namespace

TEST_CASE("steps of an axis are the numbers that one would write") {
    const LibraryConfig library = library_of(axis + "from = \"0 nS\"\nto = \"0.46 nS\"\nstep = \"0.023 nS\"\n");
    REQUIRE(library.size() == 21);
    CHECK(point_values(library, 16, 1)[0] == 0.368);
    const std::vector<Change> changes = changes_of(library, {0.368});
    REQUIRE(changes.size() == 1);
    DocumentNode document = document_with("");
    apply_changes(document, changes);
    CHECK(document.find("projection")->find("input")->find("weight")->text == "0.368 nS");
    CHECK(document.find("projection")->find("output")->find("weight")->text == "0.1 nS");
}

TEST_CASE("a grid has every combination, the last axis fastest, in ascending order") {
    const LibraryConfig library =
        library_of(axis + "values = [\"0.3 nS\", \"100 pS\"]\n[library.axis.n]\npath = "
                          "\"population.cells.count\"\nfrom = 10\nto = 1000\nn = 3\nspacing = "
                          "\"log\"\nwhole = true\n");
    REQUIRE(library.size() == 6);
    CHECK(of_axis(library, 0, 1) == std::vector<double>{0.1, 0.1, 0.1, 0.3, 0.3, 0.3});
    CHECK(of_axis(library, 1, 1) == std::vector<double>{10, 100, 1000, 10, 100, 1000});
}

TEST_CASE("one axis changes many values, scaled by the same number") {
    const LibraryConfig library =
        library_of("[library.axis.w]\npath = \"projection.*.weight\"\nchange = \"scale\"\nvalues = [2, 3]\n");
    DocumentNode document = document_with("");
    apply_changes(document, changes_of(library, {2}));
    CHECK(document.find("projection")->find("input")->find("weight")->text == "0.46 nS");
    CHECK(document.find("projection")->find("output")->find("weight")->text == "0.2 nS");
}

TEST_CASE("a Latin hypercube has one point in every part of every axis, in another order on each and for each seed") {
    const LibraryConfig library =
        library_of("[library]\nmethod = \"latin_hypercube\"\nsamples = 100\n" + axis +
                   "from = 0\nto = 1\n[library.axis.o]\npath = \"projection.output.weight\"\nfrom = 0\nto = 1\n");
    REQUIRE(library.size() == 100);
    std::vector<double> first = of_axis(library, 0, 7);
    const std::vector<double> second = of_axis(library, 1, 7);
    CHECK(first != second);
    CHECK(first != of_axis(library, 0, 8));
    CHECK(first == of_axis(library, 0, 7));
    for (const std::vector<double>& values : {first, second}) {
        std::set<int> parts;
        for (const double x : values) parts.insert(static_cast<int>(std::floor(x * 100)));
        CHECK(parts.size() == 100);
    }
    CHECK_FALSE(std::is_sorted(first.begin(), first.end()));
}

TEST_CASE("a Sobol sequence is Joe and Kuo's, and any of its points can be made by itself") {
    const LibraryConfig library =
        library_of("[library]\nmethod = \"sobol\"\nsamples = 256\n" + axis +
                   "from = 0\nto = 1\n[library.axis.o]\npath = \"projection.output.weight\"\nfrom = 0\nto = 1\n");
    CHECK(point_values(library, 4, 1) == std::vector<double>{0.875, 0.875});
    CHECK(point_values(library, 0, 1) == std::vector<double>{0.5, 0.5});
    CHECK(point_values(library, 1, 1) == std::vector<double>{0.75, 0.25});
    CHECK(point_values(library, 2, 1) == std::vector<double>{0.25, 0.75});
    CHECK(point_values(library, 3, 1) == std::vector<double>{0.375, 0.375});
    std::set<std::pair<int, int>> boxes; // 255 points: all boxes of 16 x 16 but that of the zero left out
    for (std::uint64_t i = 0; i < 255; ++i) {
        const auto x = point_values(library, i, 1);
        boxes.emplace(static_cast<int>(x[0] * 16), static_cast<int>(x[1] * 16));
    }
    CHECK(boxes.size() == 255);
}

TEST_CASE("samples of a logarithmic axis are spread over decades, and whole numbers are drawn alike") {
    const LibraryConfig library = library_of("[library]\nmethod = \"sobol\"\nsamples = 63\n" + axis +
                                             "from = 0.01\nto = 1\nspacing = \"log\"\n[library.axis.n]\npath = "
                                             "\"population.cells.count\"\nfrom = 1\nto = 4\nwhole = true\n");
    const auto w = of_axis(library, 0, 1), n = of_axis(library, 1, 1);
    CHECK(std::count_if(w.begin(), w.end(), [](double x) { return x < 0.1; }) == 31);
    for (const double k : {1.0, 2.0, 3.0, 4.0}) CHECK(std::abs(std::count(n.begin(), n.end(), k) - 16) <= 1);
}

TEST_CASE("mistakes in a library are told with their place") {
    const std::string steps = "from = \"0 nS\"\nto = \"0.4 nS\"\nstep = \"0.1 nS\"\n";
    CHECK(refusal("[library]\npoint = \"derive\"\n") ==
          "circuit.toml:9:1: unknown key 'point' in library (did you mean 'points'?)");
    CHECK(refusal("[library]\npoints = \"derived\"\n") ==
          "circuit.toml:9:10: library.points: 'derived' is none of 'derive', 'mean_field' (did you mean 'derive'?)");
    CHECK(refusal("[library]\n") ==
          "circuit.toml:8:1: library has no members; give it axes ([library.axis.NAME]) or 'variants'");
    CHECK(refusal("[library.axis.w]\npath = \"projection.inptu.weight\"\n" + steps) ==
          "circuit.toml:8:15: 'projection.inptu.weight' is nothing that the pipeline has (did you mean "
          "'projection.input.weight'?)");
    CHECK(refusal("[library.axis.w]\npath = \"library.samples\"\n" + steps) ==
          "circuit.toml:9:8: library.axis.w.path: an axis cannot change 'library.samples'");
    CHECK(refusal(axis + "from = \"0 nS\"\nto = \"0.4 nS\"\nstep = \"0.3 nS\"\n") ==
          "circuit.toml:12:8: library.axis.w.step must lead from 'from' to 'to' in a whole number of steps");
    CHECK(refusal(axis + "from = \"0 nS\"\nto = \"0.4 nS\"\n") ==
          "circuit.toml:8:1: library.axis.w needs either 'step' or 'n', the number of points");
    CHECK(refusal(axis + "from = \"0 nS\"\nto = 0.4\nn = 3\n") ==
          "circuit.toml:11:6: library.axis.w.to: all numbers of an axis need units of one kind, but this one is in '' "
          "and "
          "an earlier one in 'nS'");
    CHECK(refusal(axis + "from = \"0.4 nS\"\nto = \"0.1 nS\"\nn = 3\n") ==
          "circuit.toml:8:1: library.axis.w: 'from' must be below 'to'");
    CHECK(refusal(axis + "from = \"0 nS\"\nto = \"0.4 nS\"\nn = 3\nspacing = \"log\"\n") ==
          "circuit.toml:8:1: library.axis.w: a logarithmic axis needs numbers above 0");
    CHECK(refusal(axis + "values = [\"0.1 nS\", \"100 pS\"]\n") ==
          "circuit.toml:10:10: library.axis.w.values has a number twice");
    CHECK(refusal("[library]\nmethod = \"sobol\"\nsamples = 8\n" + axis + steps) ==
          "circuit.toml:15:8: library.axis.w.step does not belong here: the points of a sobol lie anywhere between "
          "'from' "
          "and 'to'");
    CHECK(refusal("[library]\nsamples = 8\n" + axis + steps) ==
          "circuit.toml:9:11: library.samples does not belong here: a grid has every combination of its axes' numbers; "
          "'method' names other ways");
    CHECK(refusal("[library.axis.n]\npath = \"population.cells.count\"\nfrom = 1\nto = 2\nn = 3\nwhole = true\n") ==
          "circuit.toml:8:1: library.axis.n is to have whole numbers only, but not all of its are");
}

TEST_CASE("between members of a grid, what is bilinear is exact, and nothing is extrapolated") {
    const auto f = [](const std::vector<double>& x) { return 2 + 3 * x[0] - x[1] + 5 * x[0] * x[1]; };
    const ModelLibrary library = filled(axis + "values = [0, 1, 4]\n[library.axis.o]\npath = "
                                               "\"projection.output.weight\"\nvalues = [0, 2, 3]\n",
                                        f);
    const Interpolation between(library);
    for (const std::vector<double>& x :
         {std::vector{0.3, 2.2}, std::vector{3.9, 0.1}, std::vector{4.0, 3.0}, std::vector{0.0, 2.0}})
        CHECK(between.at(x)[0] == Approx(f(x)).epsilon(1e-13));
    CHECK(library.members[between.nearest({3.0, 2.9})].values == std::vector<double>{4, 3});
    CHECK_THROWS_WITH(between.at({4.1, 1.0}),
                      "w = 4.1 lies outside of the library (0 to 4), and nothing is extrapolated");
    CHECK(between.leave_one_out()[0].largest < 1e-13); // linear along each axis
    CHECK(between.leave_one_out()[0].members == 5);    // all but the corners
}

TEST_CASE("the error of interpolation is that of members left out") {
    const ModelLibrary library = filled(axis + "values = [0, 1, 2, 3]\n", [](const auto& x) { return x[0] * x[0]; });
    const InterpolationError error = Interpolation(library).leave_one_out()[0];
    CHECK(error.members == 2); // (0 + 4) / 2 for 1, (1 + 9) / 2 for 4
    CHECK(error.rms == Approx(1.0));
    CHECK(error.largest == Approx(1.0));
}

TEST_CASE("a member without a number makes what depends on it unknown, and is in no error") {
    ModelLibrary library = filled(axis + "values = [0, 1, 2, 3]\n", [](const auto& x) { return x[0]; });
    library.values[1] = NAN;
    CHECK(std::isnan(Interpolation(library).at({0.5})[0]));
    CHECK(Interpolation(library).at({2.5})[0] == 2.5);
    CHECK(Interpolation(library).leave_one_out()[0].members == 0);
}

TEST_CASE("between members that are no grid, a member's own place gives its numbers") {
    const ModelLibrary library = filled("[library]\nmethod = \"sobol\"\nsamples = 32\n" + axis + "from = 0\nto = 1\n",
                                        [](const auto& x) { return 7 * x[0]; });
    const Interpolation between(library);
    CHECK(between.at(library.members[9].values)[0] == library.values[9]);
    const double middle = between.at({0.51})[0];
    CHECK(middle > 3.0);
    CHECK(middle < 4.0);
    CHECK(between.leave_one_out()[0].members == 32);
    CHECK(between.leave_one_out()[0].rms > 0);
}
