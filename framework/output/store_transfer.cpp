// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {

namespace {

struct PointColumn {
    const char* name;
    const char* unit;
    double TransferPoint::*member;
};
constexpr PointColumn point_columns[] = {
    {"G_e", "nS", &TransferPoint::G_e},
    {"G_i", "nS", &TransferPoint::G_i},
    {"I", "pA", &TransferPoint::I},
    {"rate_hz", "Hz", &TransferPoint::rate_hz},
    {"se_hz", "Hz", &TransferPoint::se_hz},
    {"cv_isi", "1", &TransferPoint::cv_isi},
    {"mean_adaptation", "pA", &TransferPoint::mean_adaptation},
    {"seconds", "s", &TransferPoint::seconds},
};

struct SummaryNumber {
    const char* name;
    double SamplingSummary::*member;
};
constexpr SummaryNumber summary_numbers[] = {
    {"neuron_seconds", &SamplingSummary::seconds},
    {"expected_error", &SamplingSummary::expected_error},
    {"left_out_error", &SamplingSummary::left_out_error},
    {"left_out_hz", &SamplingSummary::left_out_hz},
    {"left_out_rate_hz", &SamplingSummary::left_out_rate_hz},
    {"left_out_G_e", &SamplingSummary::left_out_G_e},
    {"left_out_G_i", &SamplingSummary::left_out_G_i},
};
struct ShareColumn {
    const char* name;
    const char* unit;
    double SharePair::*member;
};
constexpr ShareColumn share_columns[] = {
    {"G_e", "nS", &SharePair::G_e},
    {"G_i", "nS", &SharePair::G_i},
    {"share", "1", &SharePair::share},
    {"rate_hz", "Hz", &SharePair::rate_hz},
    {"other_hz", "Hz", &SharePair::other_hz},
    {"se_hz", "Hz", &SharePair::se_hz},
    {"tolerance_hz", "Hz", &SharePair::tolerance_hz},
};

void save_sampling(Hdf5Writer& out, const std::string& at, const SamplingSummary& s) {
    out.group(at);
    out.attribute(at, "end", static_cast<std::uint64_t>(s.end));
    out.attribute(at, "ends", "0 none, 1 fixed, 2 tolerance, 3 budget");
    out.attribute(at, "points", std::uint64_t{s.points});
    out.attribute(at, "measurements", std::uint64_t{s.measurements});
    for (const auto& number : summary_numbers) out.attribute(at, number.name, s.*number.member);
    out.write(at + "/shares/pathway", column<std::string>(s.shares, [](const auto& p) { return p.pathway; }));
    for (const auto& c : share_columns)
        out.write(at + "/shares/" + c.name, column<double>(s.shares, [&](const auto& p) { return p.*c.member; }),
                  c.unit);
}
SamplingSummary load_sampling(const Hdf5Reader& in, const std::filesystem::path& file, const std::string& at) {
    SamplingSummary s;
    const auto end = in.integer(at, "end");
    if (end > static_cast<std::uint64_t>(SamplingSummary::End::Budget))
        throw DamagedFile(file, "sampling ended in no known way");
    s.end = static_cast<SamplingSummary::End>(end);
    s.points = in.integer(at, "points");
    s.measurements = in.integer(at, "measurements");
    for (const auto& number : summary_numbers) s.*number.member = in.real(at, number.name);
    for (const auto& name : in.texts(at + "/shares/pathway")) {
        s.shares.emplace_back();
        s.shares.back().pathway = name;
    }
    for (const auto& c : share_columns) {
        const auto values = in.read<double>(at + "/shares/" + c.name);
        expect_length(file, at + "/shares", values.size(), s.shares.size());
        for (std::size_t i = 0; i < values.size(); ++i) s.shares[i].*c.member = values[i];
    }
    return s;
}

} // namespace

void save_transfer_tables(const std::filesystem::path& file, std::span<const TransferTable> tables,
                          const std::string& hash) {
    Hdf5Writer out(stamp_of("transfer", hash));
    out.write("/population_names", column<std::string>(tables, [](const auto& t) { return t.population; }));
    out.group("/tables");
    for (const auto& table : tables) {
        const std::string at = "/tables/" + link_name(table.population);
        const std::size_t pathways = table.points.empty() ? 0 : table.points.front().nu.size();
        std::vector<double> nu;
        for (const auto& point : table.points) {
            if (point.nu.size() != pathways)
                throw std::logic_error("the points of '" + table.population + "' have different numbers of pathways");
            nu.insert(nu.end(), point.nu.begin(), point.nu.end());
        }
        out.write(at + "/nu", nu, "Hz", {table.points.size(), pathways});
        for (const auto& c : point_columns)
            out.write(at + "/" + c.name, column<double>(table.points, [&](const auto& p) { return p.*c.member; }),
                      c.unit);
        out.write(at + "/use", column<std::uint8_t>(table.points, [](const auto& p) { return p.use; }), "1");
        out.attribute(at, "pathways", std::uint64_t{pathways});
        save_sampling(out, at + "/sampling", table.sampling);
        out.attribute(at + "/use", "values", "0 working, 1 wide, 2 held out, 3 current, 4 operating point");
        out.write(at + "/cell", table.cell, "1");
        out.write(at + "/swap", column<std::string>(table.measured, [](const auto& m) { return m.swap; }));
        out.write(at + "/swap_condition",
                  column<std::uint64_t>(table.measured, [](const auto& m) { return m.condition; }), "1");
        std::vector<double> rates;
        for (const auto& m : table.measured) {
            if (m.rate_hz.size() != table.cell.size())
                throw std::logic_error("a measurement of '" + table.population + "' has not one rate a cell");
            rates.insert(rates.end(), m.rate_hz.begin(), m.rate_hz.end());
        }
        out.write(at + "/swap_rate_hz", rates, "Hz", {table.measured.size(), table.cell.size()});
    }
    out.save(file);
}

std::vector<TransferTable> load_transfer_tables(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "transfer", hash);
    std::vector<TransferTable> tables;
    for (const auto& name : in.texts("/population_names")) {
        const std::string at = "/tables/" + link_name(name);
        TransferTable table;
        table.population = name;
        table.sampling = load_sampling(in, file, at + "/sampling");
        const auto nu = in.read<double>(at + "/nu");
        const auto use = in.read<std::uint8_t>(at + "/use");
        const auto pathways = in.integer(at, "pathways");
        table.points.resize(use.size());
        expect_length(file, "the inputs of " + name, nu.size(), pathways * use.size());
        for (std::size_t i = 0; i < use.size(); ++i) {
            const auto first = nu.begin() + static_cast<std::ptrdiff_t>(i * pathways);
            table.points[i].nu.assign(first, first + static_cast<std::ptrdiff_t>(pathways));
            if (use[i] > static_cast<std::uint8_t>(TransferPoint::Use::OperatingPoint))
                throw DamagedFile(file, "a point of " + name + " has an unknown use");
            table.points[i].use = static_cast<TransferPoint::Use>(use[i]);
        }
        for (const auto& c : point_columns) {
            const auto values = in.read<double>(at + "/" + c.name);
            expect_length(file, c.name, values.size(), table.points.size());
            for (std::size_t i = 0; i < values.size(); ++i) table.points[i].*c.member = values[i];
        }
        table.cell = in.read<std::uint32_t>(at + "/cell");
        const auto swaps = in.texts(at + "/swap");
        const auto conditions = in.read<std::uint64_t>(at + "/swap_condition");
        const auto rates = in.read<double>(at + "/swap_rate_hz");
        expect_length(file, "the conditions of " + name, conditions.size(), swaps.size());
        expect_length(file, "the measured cells of " + name, rates.size(), swaps.size() * table.cell.size());
        for (std::size_t k = 0; k < swaps.size(); ++k) {
            const auto first = rates.begin() + static_cast<std::ptrdiff_t>(k * table.cell.size());
            table.measured.push_back(
                {swaps[k], conditions[k], {first, first + static_cast<std::ptrdiff_t>(table.cell.size())}});
        }
        tables.push_back(std::move(table));
    }
    return tables;
}

} // namespace mfm
