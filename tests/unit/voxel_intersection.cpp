// SPDX-License-Identifier: Apache-2.0
// The rule against a brute-force reading of its page, on small hand-made cells that stand where a test puts them.
#include <catch2/catch.hpp>
#include <mfm/random.hpp>
#include <mfm/swc.hpp>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "unit/network_fixture.hpp"
#include "unit/plugin_instances.hpp"

namespace {

using namespace mfm;
using Catch::Matchers::Contains;
using Place = std::array<double, 3>;
using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

/// SWC files that are gone after the test.
class Cells {
public:
    Cells() : folder_(std::filesystem::temp_directory_path() / ("automfm_voxels_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~Cells() { std::filesystem::remove_all(folder_); }
    Cells(const Cells&) = delete;
    Cells& operator=(const Cells&) = delete;
    std::string write(const std::string& name, const std::string& swc) {
        std::ofstream(folder_ / name) << swc;
        return (folder_ / name).string();
    }

private:
    std::filesystem::path folder_;
};

/// Points in a chain from (type, place) pairs.
std::string chain(const std::vector<std::pair<int, Place>>& points) {
    std::ostringstream out;
    out.precision(17);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const auto& [type, p] = points[i];
        out << i + 1 << ' ' << type << ' ' << p[0] << ' ' << p[1] << ' ' << p[2] << " 1 "
            << (i == 0 ? std::string("-1") : std::to_string(i)) << '\n';
    }
    return out.str();
}
/// A straight line of this type along one axis from -50 to 50 um, a point every 5 um.
std::string rod(unsigned axis, int type = 2) {
    std::vector<std::pair<int, Place>> points;
    for (int k = -10; k <= 10; ++k) {
        Place p{0, 0, 0};
        p[axis] = 5.0 * k;
        points.emplace_back(type, p);
    }
    return chain(points);
}

/// The pairs that the rule makes of cells at these places.
Pairs connect(const test::Values& settings, const std::vector<Place>& sources, const std::vector<Place>& targets,
              std::uint64_t seed = 1, bool same = false) {
    const Instance rule = test::instance("voxel_intersection", MFM_CONNECTIVITY_ID, settings);
    const auto& table = rule.table<mfm_connectivity_v1>(MFM_CONNECTIVITY_ID);
    const auto axes = [](const std::vector<Place>& places) {
        std::array<std::vector<double>, 3> out;
        for (const Place& p : places)
            for (std::size_t d = 0; d < 3; ++d) out[d].push_back(p[d]);
        return out;
    };
    const auto from = axes(sources), to = axes(targets);
    const double* const from_axes[3] = {from[0].data(), from[1].data(), from[2].data()};
    const double* const to_axes[3] = {to[0].data(), to[1].data(), to[2].data()};
    const mfm_population source{sizeof(mfm_population), 0, "source", sources.size(), from_axes};
    const mfm_population target{sizeof(mfm_population), 0, same ? "source" : "target", targets.size(), to_axes};
    const double corner[3] = {0, 0, 0};
    const mfm_projection projection{
        sizeof(mfm_projection), same ? 1u : 0u, seed, 7, &source, &target, nullptr, corner, corner};
    mfm_error error = empty_error();
    void* plan = nullptr;
    check_status(table.prepare(rule.self(), &projection, &plan, &error), error, rule.component(), "prepare");
    Pairs out;
    std::vector<std::uint64_t> degree(sources.size());
    check_status(table.degree(rule.self(), plan, 0, sources.size(), degree.data(), &error), error, rule.component(),
                 "degree");
    for (std::uint64_t i = 0; i < sources.size(); ++i) { // row by row: a row depends on nothing but itself
        const std::uint64_t start[2] = {0, degree[i]};
        std::vector<std::uint32_t> partner(degree[i] + 1);
        std::vector<double> contacts(degree[i] + 1), delay(degree[i] + 1);
        check_status(table.fill(rule.self(), plan, i, 1, start, partner.data(), contacts.data(), delay.data(), &error),
                     error, rule.component(), "fill");
        for (std::uint64_t k = 0; k < degree[i]; ++k) REQUIRE(out.emplace(i, partner[k]).second);
    }
    table.release(rule.self(), plan);
    return out;
}
bool joined(const test::Values& settings, const Place& at) {
    return !connect(settings, {{0, 0, 0}}, {at}).empty();
}

// ---- the rule as its page has it, with none of the plugin's code but the reader of files

using Voxel = std::array<long, 3>;
struct Reference {
    Place low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9}, edge{};
    std::vector<Place> points;
};

/// Parts along the sides (um, all above 0), shortest first, by recursion over the dimensions.
std::vector<double> parts(const std::vector<double>& sides, double n) {
    if (sides.size() == 1) return {std::nearbyint(n)};
    double product = 1;
    for (const double side : sides) product *= side / sides.back();
    const double scale = std::pow(n / product, 1.0 / static_cast<double>(sides.size()));
    const double first = std::max(1.0, std::floor(sides.front() / sides.back() * scale));
    std::vector<double> out{first};
    const auto rest = parts({sides.begin() + 1, sides.end()}, n / first);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

Reference reference(const std::string& file, const std::set<int>& labels, double n) {
    std::ifstream in(file);
    const auto swc = read_swc(in, file);
    Reference out;
    for (const SwcPoint& p : swc) {
        const Place at{p.x, p.y, p.z};
        for (std::size_t d = 0; d < 3; ++d) {
            out.low[d] = std::min(out.low[d], at[d]);
            out.high[d] = std::max(out.high[d], at[d]);
        }
        if (labels.count(p.type) != 0) out.points.push_back(at);
        // A branch carries the point that it leaves from.
        int children = 0;
        for (const SwcPoint& q : swc) children += q.parent == p.id ? 1 : 0;
        for (const SwcPoint& q : swc)
            if (children > 1 && q.parent == p.id && labels.count(q.type) != 0) out.points.push_back(at);
    }
    std::vector<std::pair<double, std::size_t>> sides;
    for (std::size_t d = 0; d < 3; ++d) sides.emplace_back(out.high[d] - out.low[d], d);
    std::sort(sides.begin(), sides.end());
    const auto count = parts({sides[0].first, sides[1].first, sides[2].first}, n);
    for (std::size_t k = 0; k < 3; ++k) out.edge[sides[k].second] = sides[k].first / count[k];
    return out;
}

std::set<Voxel> voxels(const Reference& cell, const Place& shift) {
    std::set<Voxel> out;
    for (const Place& p : cell.points) {
        Voxel v{};
        for (std::size_t d = 0; d < 3; ++d) v[d] = std::lround(std::floor((p[d] + shift[d]) / cell.edge[d]));
        out.insert(v);
    }
    return out;
}

bool candidates(const Reference& a, const Reference& b, const Place& shift) {
    for (std::size_t d = 0; d < 3; ++d)
        if (b.low[d] + shift[d] > a.high[d] || b.high[d] + shift[d] < a.low[d]) return false;
    return true;
}
bool connected(const Reference& a, const Reference& b, const Place& shift) {
    if (!candidates(a, b, shift)) return false;
    for (const Voxel& u : voxels(a, {0, 0, 0}))
        for (const Voxel& v : voxels(b, shift)) {
            bool apart = false;
            for (std::size_t d = 0; d < 3; ++d) {
                const double low = static_cast<double>(u[d]) * a.edge[d], high = low + a.edge[d];
                const double other_low = static_cast<double>(v[d]) * b.edge[d], other_high = other_low + b.edge[d];
                apart = apart || high < other_low || other_high < low;
            }
            if (!apart) return true;
        }
    return false;
}

/// A random tree of types 1 to 4; stretched, so that its box is no cube.
std::string tree(std::uint64_t seed, std::size_t n, const Place& stretch) {
    RandomSequence random(seed, 99, 0);
    std::vector<Place> place;
    std::ostringstream out;
    out.precision(17);
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t parent = i == 0 ? 0 : random.uniform() < 0.8 ? i - 1 : random.below(i);
        Place p = i == 0 ? Place{0, 0, 0} : place[parent];
        for (std::size_t d = 0; d < 3 && i > 0; ++d) p[d] += stretch[d] * random.normal();
        place.push_back(p);
        out << i + 1 << ' ' << 1 + random.below(4) << ' ' << p[0] << ' ' << p[1] << ' ' << p[2] << " 0.5 "
            << (i == 0 ? std::string("-1") : std::to_string(parent + 1)) << '\n';
    }
    return out.str();
}
std::vector<Place> scattered(std::uint64_t seed, std::size_t n, double size) {
    RandomSequence random(seed, 98, 0);
    std::vector<Place> out(n);
    for (Place& p : out)
        for (double& x : p) x = size * random.uniform();
    return out;
}

} // namespace

TEST_CASE("random trees are joined exactly where brute force finds voxels that touch") {
    Cells files;
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        const std::string a = files.write("a.swc", tree(2 * seed, 60, {9, 3, 5}));
        const std::string b = files.write("b.swc", tree(2 * seed + 1, 80, {2, 8, 8}));
        for (const auto& [source_labels, target_labels, n] :
             std::vector<std::tuple<std::set<int>, std::set<int>, double>>{
                 {{1, 2, 3, 4}, {1, 2, 3, 4}, 500.0}, {{2}, {1, 3}, 500.0}, {{1}, {4}, 60.0}, {{3, 4}, {2}, 1.0}}) {
            const Reference from = reference(a, source_labels, n), to = reference(b, target_labels, n);
            const auto sources = scattered(seed, 40, 150), targets = scattered(seed + 10, 50, 150);
            Pairs expected;
            std::size_t near = 0;
            for (std::uint32_t s = 0; s < sources.size(); ++s)
                for (std::uint32_t t = 0; t < targets.size(); ++t) {
                    Place shift{};
                    for (std::size_t d = 0; d < 3; ++d) shift[d] = targets[t][d] - sources[s][d];
                    near += candidates(from, to, shift) ? 1 : 0;
                    if (connected(from, to, shift)) expected.emplace(s, t);
                }
            const auto list = [](const std::set<int>& labels) {
                return std::vector<double>(labels.begin(), labels.end());
            };
            const Pairs found = connect({{"source_morphology", a},
                                         {"target_morphology", b},
                                         {"source_labels", list(source_labels)},
                                         {"target_labels", list(target_labels)},
                                         {"voxels", n}},
                                        sources, targets);
            INFO("seed " << seed << ", " << n << " voxels: " << expected.size() << " of " << near << " candidates");
            CHECK(found == expected);
            CHECK(!expected.empty());
            if (n > 1.0) CHECK(expected.size() < near); // the voxels decide, not the boxes of the cells
        }
    }
}

TEST_CASE("two rods that cross are joined where a voxel of each lies, and only when their planes are one") {
    Cells files;
    // Ten voxels of 10 um along each rod, none across: [-50, -40] ... [40, 50], and [50, 60] for the tip.
    const test::Values cross{{"source_morphology", files.write("x.swc", rod(0))},
                             {"target_morphology", files.write("y.swc", rod(1))},
                             {"voxels", 10.0}};
    CHECK(joined(cross, {0, 0, 0}));
    CHECK(joined(cross, {-50, 0, 0}));
    CHECK(joined(cross, {50, 0, 0}));
    CHECK(joined(cross, {17, -33, 0}));
    CHECK_FALSE(joined(cross, {0, 0, 0.5}));   // passing above
    CHECK_FALSE(joined(cross, {-50.1, 0, 0})); // beyond the end
    CHECK_FALSE(joined(cross, {55, 0, 0}));    // in the tip's voxel, but beyond the box of the cell
    CHECK_FALSE(joined(cross, {0, 51, 0}));
    const test::Values parallel{{"source_morphology", files.write("x.swc", rod(0))},
                                {"target_morphology", files.write("z.swc", rod(0))},
                                {"voxels", 10.0}};
    CHECK(joined(parallel, {99, 0, 0}));
    CHECK_FALSE(joined(parallel, {0, 1, 0}));
}

TEST_CASE("voxels that touch with a face overlap; one voxel apart they do not") {
    Cells files;
    // One voxel of 10 um a cell: the point at 0 is in [0, 10], the one at 10 in [10, 20].
    const std::string cell = files.write("two.swc", chain({{1, {0, 0, 0}}, {2, {10, 0, 0}}}));
    const auto from = [&](double source, double target) {
        return test::Values{{"source_morphology", cell},
                            {"target_morphology", cell},
                            {"source_labels", std::vector<double>{source}},
                            {"target_labels", std::vector<double>{target}},
                            {"voxels", 1.0}};
    };
    CHECK(joined(from(1, 1), {10, 0, 0}));          // [0, 10] and [10, 20]
    CHECK_FALSE(joined(from(1, 1), {10.01, 0, 0})); // boxes of the cells do not touch
    CHECK(joined(from(1, 2), {0, 0, 0}));           // its own end's voxel
    CHECK(joined(from(1, 2), {9.9, 0, 0}));         // the end at 19.9 is in [10, 20]
    CHECK_FALSE(joined(from(1, 2), {10, 0, 0}));    // the end at 20 is in [20, 30]
    CHECK(joined(from(2, 2), {10, 0, 0}));          // [10, 20] and [20, 30]
}

TEST_CASE("only points with the labels take part, but the whole cell decides on voxels and candidates") {
    Cells files;
    const std::string axon = files.write("axon.swc", chain({{1, {0, 0, 0}}, {2, {100, 0, 0}}}));
    const std::string point = files.write("point.swc", chain({{1, {0, 0, 0}}}));
    const auto from = [&](std::vector<double> labels) {
        return test::Values{{"source_morphology", axon},
                            {"target_morphology", point},
                            {"source_labels", std::move(labels)},
                            {"voxels", 10.0}};
    };
    CHECK(joined(from({}), {5, 0, 0}));
    CHECK(joined(from({1}), {5, 0, 0})); // the voxel of the body reaches to 10: a tenth of the whole cell
    CHECK_FALSE(joined(from({2}), {5, 0, 0}));
    CHECK(joined(from({2}), {100, 0, 0}));
    CHECK_FALSE(joined(from({1, 2}), {50, 0, 0})); // points count, not the line between them
}

TEST_CASE("a branch begins at the point that it leaves from") {
    Cells files;
    const std::string body = "1 1 0 0 0 1 -1\n", point = files.write("point.swc", chain({{1, {0, 0, 0}}}));
    const auto dendrite = [&](const std::string& name, const std::string& swc) {
        return test::Values{{"source_morphology", files.write(name, swc)},
                            {"target_morphology", point},
                            {"source_labels", std::vector<double>{3}},
                            {"voxels", 10.0}};
    };
    CHECK_FALSE(joined(dendrite("line.swc", body + "2 3 40 0 0 1 1\n"), {0, 0, 0}));
    CHECK(joined(dendrite("fork.swc", body + "2 3 40 0 0 1 1\n3 2 -40 0 0 1 1\n"), {0, 0, 0}));
    CHECK_FALSE(joined(dendrite("far.swc", body + "2 2 40 0 0 1 1\n3 2 50 0 0 1 2\n4 3 60 0 0 1 2\n"), {0, 0, 0}));
    CHECK(joined(dendrite("far.swc", body + "2 2 40 0 0 1 1\n3 2 50 0 0 1 2\n4 3 60 0 0 1 2\n"), {40, 0, 0}));
}

TEST_CASE("two axes of the files may be exchanged") {
    Cells files;
    const std::string point = files.write("point.swc", chain({{1, {0, 0, 0}}}));
    const auto reach = [&](unsigned axis, const char* swap) {
        const test::Values rods{{"source_morphology", files.write("rod.swc", rod(axis))},
                                {"target_morphology", point},
                                {"voxels", 10.0},
                                {"swap", std::string(swap)}};
        return std::array{joined(rods, {40, 0, 0}), joined(rods, {0, 40, 0}), joined(rods, {0, 0, 40})};
    };
    const std::array<bool, 3> x{true, false, false}, y{false, true, false}, z{false, false, true};
    CHECK(reach(0, "none") == x);
    CHECK(reach(1, "none") == y);
    CHECK(reach(1, "xy") == x);
    CHECK(reach(1, "xz") == y);
    CHECK(reach(1, "yz") == z);
    CHECK(reach(0, "xz") == z);
    CHECK(reach(0, "yz") == x);
}

TEST_CASE("of n candidates a source tries a share, rounded up by chance, and misses count as tried") {
    Cells files;
    const std::string cell = files.write("x.swc", rod(0));
    const std::vector<Place> sources(4000, Place{0, 0, 0});
    std::vector<Place> targets(9, Place{0, 0, 0});
    const auto degrees = [&](const std::vector<double>& labels) {
        const Pairs pairs =
            connect({{"source_morphology", cell},
                     {"target_morphology", files.write("t.swc", chain({{1, {0, 0, 0}}, {2, {0, 40, 0}}}))},
                     {"target_labels", labels},
                     {"affinity", 0.25}},
                    sources, targets);
        std::vector<double> degree(sources.size(), 0.0);
        for (const auto& [s, t] : pairs) degree[s] += 1.0;
        return degree;
    };
    // 9 candidates, 2.25 tries: 2, and 3 with the chance 1/4.
    const auto all = degrees({1});
    double sum = 0;
    CHECK(std::all_of(all.begin(), all.end(), [](double d) { return d == 2.0 || d == 3.0; }));
    for (const double d : all) sum += d;
    const double n = static_cast<double>(all.size());
    CHECK(std::abs(sum / n - 2.25) < 5.0 * std::sqrt(0.25 * 0.75 / n));
    const auto none = degrees({2}); // candidates by their boxes, but no voxel touches
    CHECK(std::all_of(none.begin(), none.end(), [](double d) { return d == 0.0; }));

    // With 3 more cells that are candidates and never touch, 3 of 12 are tried, and 9/12 of those meet.
    targets.resize(12, Place{0, -40, 0});
    const auto some = degrees({1});
    double mean = 0, square = 0;
    for (const double d : some) mean += d / n, square += d * d / n;
    const double variance = 3 * 0.75 * 0.25 * (12.0 - 3.0) / (12.0 - 1.0); // hypergeometric
    CHECK(std::abs(mean - 2.25) < 5.0 * std::sqrt(variance / n));
    CHECK(square - mean * mean == Approx(variance).epsilon(0.15));
}

TEST_CASE("a cell may be its own target unless autapses are forbidden, and then it is no candidate") {
    Cells files;
    const std::string cell = files.write("x.swc", rod(0));
    const std::vector<Place> places(5, Place{0, 0, 0});
    test::Values settings{{"source_morphology", cell}, {"target_morphology", cell}};
    CHECK(connect(settings, places, places, 1, true).size() == 25);
    settings["autapses"] = 0.0;
    const Pairs pairs = connect(settings, places, places, 1, true);
    CHECK(pairs.size() == 20);
    for (const auto& [s, t] : pairs) CHECK(s != t);
}

TEST_CASE("wrong morphologies and labels are refused with one sentence") {
    Cells files;
    const std::string good = files.write("good.swc", rod(0, 18)), bad = files.write("bad.swc", "1 1 0 0 0 1 7\n");
    const auto refusal = [&](const std::string& keys) {
        const std::string cell = "[population.a]\nkind = \"relay\"\nplacement = { layer = \"all\", count = 3 }\n";
        try {
            static_cast<void>(network_test::pipeline(
                "[space]\nsize = [200, 150, 100]\nlayers = { all = [0, 100] }\n" + cell +
                "[projection.aa]\nsource = \"a\"\ntarget = \"a\"\ndelay = \"1 ms\"\nrule = { plugin = "
                "\"voxel_intersection\", target_morphology = \"" +
                good + "\", " + keys + " }\n"));
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    const std::string source = "source_morphology = \"" + good + "\"";
    CHECK(refusal(source) == "accepted");
    CHECK_THAT(refusal("source_morphology = \"nowhere.swc\""), Contains("source_morphology: there is no file '"));
    CHECK_THAT(refusal("source_morphology = \"" + bad + "\""),
               Contains(bad + ":1: the parent 7 of point 1 is not among the points above"));
    CHECK_THAT(refusal("affinity = 0.5"), Contains("needs a value for 'source_morphology'"));
    CHECK_THAT(refusal(source + ", source_labels = [2]"),
               Contains("source_labels names the SWC type 2, but '" + good + "' has the types 18"));
    CHECK_THAT(refusal(source + ", target_labels = [18.5]"), Contains("target_labels names the SWC type 18.5, but '"));
    CHECK_THAT(refusal(source + ", affinity = 1.5"), Contains("must be at least 0 and at most 1"));
    CHECK_THAT(refusal(source + ", voxels = 0"), Contains("must be at least 1"));
    CHECK_THAT(refusal(source + ", swap = \"zy\""), Contains("'zy' is none of 'none', 'xy', 'xz', 'yz'"));
}

TEST_CASE("cells without a place are refused") {
    Cells files;
    const std::string cell = files.write("x.swc", rod(0));
    CHECK_THROWS_WITH(
        network_test::build(network_test::pair_of(3, 3,
                                                  "{ plugin = 'voxel_intersection', source_morphology = '" + cell +
                                                      "', target_morphology = '" + cell + "' }")),
        Contains("rule 'voxel_intersection' needs positions"));
}
