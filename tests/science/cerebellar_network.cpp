// SPDX-License-Identifier: Apache-2.0
// The cerebellar cortex of configs/cerebellum.toml against the published table of its connections.
//   test_cerebellar_network "[table]"     prints the measured table over three seeds, as docs/cerebellum.md has it
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <tbb/global_control.h>

#include "science/cerebellum_fixture.hpp"

namespace {

using namespace mfm;
using cerebellum::registry;

struct Built {
    PipelineConfig config;
    Network network;
    [[nodiscard]] const Projection& projection(const std::string& name) const {
        for (const Projection& p : network.projections)
            if (p.name == name) return p;
        throw std::runtime_error("no projection " + name);
    }
    [[nodiscard]] DegreeStatistics statistics(const std::string& name) const {
        return degree_statistics(network, projection(name));
    }
};

Built build(const std::string& file, std::uint64_t seed) {
    LoadOptions options;
    options.seed = seed;
    Built built{load_pipeline(std::filesystem::path(TEST_SOURCE_FOLDER) / "configs" / file, registry(), options), {}};
    const auto progress = make_progress(true);
    built.network = build_network(built.config, *progress);
    return built;
}

/// The circuit with seeds 1, 2, 3, made once.
const std::vector<Built>& circuits() {
    static const std::vector<Built> all = [] {
        std::vector<Built> made;
        for (const std::uint64_t seed : {1u, 2u, 3u}) made.push_back(build("cerebellum.toml", seed));
        return made;
    }();
    return all;
}

double mean_over_seeds(const std::string& projection, double DegreeStatistics::*what) {
    double sum = 0.0;
    for (const Built& built : circuits()) sum += built.statistics(projection).*what;
    return sum / static_cast<double>(circuits().size());
}

/// Glomeruli of a Golgi cell and the mossy fibres that they belong to: mean of both over cells.
std::pair<double, double> golgi_view(const Built& built) {
    const Projection& mossy = built.projection("mossy_fibers_to_glomerulus");
    const Projection& golgi = built.projection("glomerulus_to_golgi");
    std::vector<std::uint32_t> fibre_of(built.network.populations[mossy.target].n, ~0u);
    for (std::uint32_t m = 0; m + 1 < mossy.row.size(); ++m)
        for (std::uint64_t k = mossy.row[m]; k < mossy.row[m + 1]; ++k) fibre_of[mossy.to[k]] = m;
    std::vector<std::set<std::uint32_t>> fibres(built.network.populations[golgi.target].n);
    double glomeruli = 0;
    for (std::uint32_t g = 0; g + 1 < golgi.row.size(); ++g)
        for (std::uint64_t k = golgi.row[g]; k < golgi.row[g + 1]; ++k) {
            if (fibre_of[g] != ~0u) fibres[golgi.to[k]].insert(fibre_of[g]);
            ++glomeruli;
        }
    double distinct = 0;
    for (const auto& set : fibres) distinct += static_cast<double>(set.size());
    const double n = static_cast<double>(fibres.size());
    return {glomeruli / n, distinct / n};
}

/// Golgi contacts of every granule cell: mean, sd, fraction with none.
std::array<double, 3> inhibition(const Built& built) {
    const Projection& p = built.projection("golgi_to_granule");
    std::vector<double> contacts(built.network.populations[p.target].n, 0.0);
    for (std::uint64_t k = 0; k < p.to.size(); ++k) contacts[p.to[k]] += p.contacts.empty() ? 1.0 : p.contacts[k];
    double sum = 0, square = 0, none = 0;
    for (const double c : contacts) {
        sum += c;
        square += c * c;
        if (c == 0.0) none += 1.0;
    }
    const double n = static_cast<double>(contacts.size());
    return {sum / n, std::sqrt(square / n - sum * sum / n / n), none / n};
}

double correlation(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    const double n = static_cast<double>(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double x = a[i], y = b[i];
        sa += x, sb += y, aa += x * x, bb += y * y, ab += x * y;
    }
    return (ab / n - sa * sb / n / n) / std::sqrt((aa / n - sa * sa / n / n) * (bb / n - sb * sb / n / n));
}
double in_degree_correlation(const std::string& a, const std::string& b) {
    double sum = 0;
    for (const Built& built : circuits())
        sum +=
            correlation(in_degrees(built.network, built.projection(a)), in_degrees(built.network, built.projection(b)));
    return sum / static_cast<double>(circuits().size());
}

} // namespace

TEST_CASE("in-degrees and contacts are the published ones: means within 10 %, sd within 35 %, over three seeds") {
    const auto table = cerebellum::published_connections();
    if (table.empty()) {
        WARN("no table of published connections beside the repository: this part is skipped");
        return;
    }
    REQUIRE(table.size() == circuits()[0].network.projections.size());
    for (const auto& [name, ref] : table) {
        INFO(name << ": published in-degree " << ref.in_mean << " +- " << ref.in_sd);
        CHECK(mean_over_seeds(name, &DegreeStatistics::in_mean) == Approx(ref.in_mean).epsilon(0.10));
        CHECK(mean_over_seeds(name, &DegreeStatistics::in_sd_connected) == Approx(ref.in_sd).epsilon(0.35));
        CHECK(mean_over_seeds(name, &DegreeStatistics::out_mean_connected) == Approx(ref.out_mean).epsilon(0.30));
        CHECK(mean_over_seeds(name, &DegreeStatistics::contacts_mean) == Approx(ref.contacts_mean).epsilon(0.02));
        CHECK(mean_over_seeds(name, &DegreeStatistics::contacts_sd) ==
              Approx(ref.contacts_sd).margin(0.05).epsilon(0.06));
    }
}

TEST_CASE("the circuit has the published numbers of cells") {
    const std::map<std::string, std::pair<double, double>> numbers{
        {"mossy_fibers", {117, 3}},   {"glomerulus", {2340, 6}}, {"granule_cell", {30420, 6}}, {"golgi_cell", {71, 0}},
        {"purkinje_cell", {68.5, 2}}, {"basket_cell", {150, 3}}, {"stellate_cell", {301, 4}}};
    for (const Built& built : circuits())
        for (const Population& population : built.network.populations) {
            INFO(population.name);
            const auto [n, margin] = numbers.at(population.name);
            CHECK(std::abs(static_cast<double>(population.n) - n) <= margin);
        }
}

TEST_CASE("mossy fibres are shared: a Golgi cell's hundred glomeruli belong to some twenty of them") {
    for (const Built& built : circuits()) {
        const auto [glomeruli, fibres] = golgi_view(built);
        CHECK(glomeruli == Approx(114.0).epsilon(0.12));
        CHECK(fibres == Approx(23.0).epsilon(0.15));
    }
}

TEST_CASE("a granule cell has dendrites in four glomeruli of four different mossy fibres") {
    const Built& built = circuits()[0];
    const Projection &mossy = built.projection("mossy_fibers_to_glomerulus"),
                     &p = built.projection("glomerulus_to_granule");
    std::vector<std::uint32_t> fibre_of(built.network.populations[mossy.target].n, ~0u);
    for (std::uint32_t m = 0; m + 1 < mossy.row.size(); ++m)
        for (std::uint64_t k = mossy.row[m]; k < mossy.row[m + 1]; ++k) fibre_of[mossy.to[k]] = m;
    std::vector<std::set<std::uint32_t>> fibres(built.network.populations[p.target].n);
    for (std::uint32_t g = 0; g + 1 < p.row.size(); ++g)
        for (std::uint64_t k = p.row[g]; k < p.row[g + 1]; ++k) fibres[p.to[k]].insert(fibre_of[g]);
    CHECK(std::all_of(fibres.begin(), fibres.end(), [](const auto& f) { return f.size() == 4 && f.count(~0u) == 0; }));
}

TEST_CASE("Golgi inhibition of granule cells is as many contacts as published, and as uneven") {
    double mean = 0, sd = 0;
    for (const Built& built : circuits()) {
        mean += inhibition(built)[0] / 3;
        sd += inhibition(built)[1] / 3;
    }
    CHECK(mean == Approx(5.06).epsilon(0.05));
    CHECK(sd == Approx(3.47).epsilon(0.25));
}

TEST_CASE("a parallel fibre meets a strip along y, an ascending axon a column") {
    const Built& built = circuits()[0];
    const auto spread = [&](const std::string& name) {
        const Projection& p = built.projection(name);
        const auto &from = built.network.populations[p.source].position,
                   &to = built.network.populations[p.target].position;
        std::array<double, 2> largest{0, 0};
        for (std::uint32_t s = 0; s + 1 < p.row.size(); ++s)
            for (std::uint64_t k = p.row[s]; k < p.row[s + 1]; ++k)
                for (std::size_t d = 0; d < 2; ++d)
                    largest[d] = std::max(largest[d], std::abs(from[d][s] - to[d][p.to[k]]));
        return largest;
    };
    const auto fibre = spread("parallel_fiber_to_purkinje"), axon = spread("ascending_axon_to_purkinje");
    CHECK(fibre[1] > 180.0); // the whole volume
    CHECK(fibre[0] < 120.0);
    CHECK(axon[1] < 20.0);
    CHECK(axon[0] < 115.0);
}

TEST_CASE("in-degrees of one cell depend on its place, so those of its pathways go together") {
    CHECK(in_degree_correlation("parallel_fiber_to_purkinje", "ascending_axon_to_purkinje") > 0.6);
    CHECK(in_degree_correlation("parallel_fiber_to_golgi", "ascending_axon_to_golgi") > 0.5);
    CHECK(in_degree_correlation("parallel_fiber_to_purkinje", "basket_to_purkinje") > 0.2);
    CHECK(in_degree_correlation("parallel_fiber_to_purkinje", "stellate_to_purkinje") > 0.1);
}

TEST_CASE("the small circuit is a tenth of the whole, with in-degrees like it") {
    const Built small = build("cerebellum_small.toml", 1);
    double cells = 0, whole = 0;
    for (const Population& p : small.network.populations) cells += static_cast<double>(p.n);
    for (const Population& p : circuits()[0].network.populations) whole += static_cast<double>(p.n);
    CHECK(cells / whole == Approx(0.13).margin(0.03));
    for (const Projection& p : small.network.projections) {
        INFO(p.name);
        const double ratio = small.statistics(p.name).in_mean / circuits()[0].statistics(p.name).in_mean;
        CHECK((ratio > 0.35 && ratio < 1.4));
    }
}

TEST_CASE("the circuit is the same bits with one thread and with three") {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 3);
    const std::string three = build("cerebellum_small.toml", 5).network.hash;
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    CHECK(build("cerebellum_small.toml", 5).network.hash == three);
    CHECK(build("cerebellum_small.toml", 6).network.hash != three);
}

TEST_CASE("the measured table of connections", "[.table]") {
    const auto table = cerebellum::published_connections();
    std::cout << "| projection | in-degree, all | published | sd | published | contacts | published | out-degree, "
                 "connected | published |\n"
                 "|---|---|---|---|---|---|---|---|---|\n";
    for (const Projection& p : circuits()[0].network.projections) {
        const auto at = table.find(p.name);
        const cerebellum::Connection ref = at == table.end() ? cerebellum::Connection{} : at->second;
        const auto mean = [&](double DegreeStatistics::*what) { return mean_over_seeds(p.name, what); };
        std::cout << fmt::format("| {} | {:.4g} | {:.4g} | {:.3g} | {:.3g} | {:.4g} ± {:.2g} | {:.4g} ± {:.2g} | "
                                 "{:.3g} ± {:.2g} | {:.3g} ± {:.2g} |\n",
                                 p.name, mean(&DegreeStatistics::in_mean), ref.in_mean,
                                 mean(&DegreeStatistics::in_sd_connected), ref.in_sd,
                                 mean(&DegreeStatistics::contacts_mean), mean(&DegreeStatistics::contacts_sd),
                                 ref.contacts_mean, ref.contacts_sd, mean(&DegreeStatistics::out_mean_connected),
                                 mean(&DegreeStatistics::out_sd_connected), ref.out_mean, ref.out_sd);
    }
    std::cout << "\n";
    for (const Built& built : circuits()) {
        std::cout << "seed " << built.config.seed << ":";
        for (const Population& p : built.network.populations) std::cout << " " << p.name << " " << p.n;
        const auto [glomeruli, fibres] = golgi_view(built);
        const auto contacts = inhibition(built);
        std::cout << fmt::format(
            "\n  a Golgi cell sees {:.1f} glomeruli of {:.1f} mossy fibres; a granule cell has {:.2f} ± {:.2f} Golgi "
            "contacts, {:.1f} % have none\n",
            glomeruli, fibres, contacts[0], contacts[1], 100 * contacts[2]);
    }
    const std::vector<std::pair<std::string, std::string>> pairs{
        {"parallel_fiber_to_golgi", "ascending_axon_to_golgi"},
        {"ascending_axon_to_golgi", "golgi_to_golgi"},
        {"parallel_fiber_to_golgi", "golgi_to_golgi"},
        {"parallel_fiber_to_purkinje", "ascending_axon_to_purkinje"},
        {"parallel_fiber_to_purkinje", "stellate_to_purkinje"},
        {"parallel_fiber_to_purkinje", "basket_to_purkinje"},
        {"parallel_fiber_to_basket", "basket_to_basket"},
        {"parallel_fiber_to_stellate", "stellate_to_stellate"}};
    for (const auto& [a, b] : pairs)
        std::cout << fmt::format("correlation {} {} {:.2f}\n", a, b, in_degree_correlation(a, b));
}
