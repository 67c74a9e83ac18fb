// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <string>
#include <vector>

#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {

namespace {

/// Rows of one length as a dataset [rows][columns]; the attribute tells how many there are, even of length 0.
void write_rows(Hdf5Writer& out, const std::string& path, const std::vector<std::vector<double>>& rows,
                const std::string& unit) {
    std::vector<double> values;
    const std::size_t columns = rows.empty() ? 0 : rows.front().size();
    for (const auto& row : rows) {
        if (row.size() != columns) throw std::logic_error("rows of '" + path + "' differ in length");
        values.insert(values.end(), row.begin(), row.end());
    }
    out.write(path, values, unit, {rows.size(), columns});
    out.attribute(path, "rows", std::uint64_t{rows.size()});
}

std::vector<std::vector<double>> read_rows(const std::filesystem::path& file, const Hdf5Reader& in,
                                           const std::string& path, std::size_t columns) {
    const auto values = in.read<double>(path);
    std::vector<std::vector<double>> rows(in.integer(path, "rows"));
    expect_length(file, path, values.size(), rows.size() * columns);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * columns);
        rows[i].assign(first, first + static_cast<std::ptrdiff_t>(columns));
    }
    return rows;
}

/// Datasets of one value a population, or none.
struct Column {
    const char *name, *unit;
    std::vector<double> MeanFieldCondition::*member;
};
constexpr Column columns[] = {
    {"rate_hz", "Hz", &MeanFieldCondition::rate_hz},
    {"mean_k_rate_hz", "Hz", &MeanFieldCondition::mean_k_rate_hz},
    {"uncalibrated_rate_hz", "Hz", &MeanFieldCondition::uncalibrated_rate_hz},
    {"eigenvalue_real", "1/ms", &MeanFieldCondition::eigenvalue_real},
    {"eigenvalue_imag", "1/ms", &MeanFieldCondition::eigenvalue_imag},
    {"time_ms", "ms", &MeanFieldCondition::time_ms},
    {"outside_domain", "1", &MeanFieldCondition::outside_domain},
    {"largest_F_T", "1", &MeanFieldCondition::largest_F_T},
    {"first_order_hz", "Hz", &MeanFieldCondition::first_order_hz},
    {"covariance", "Hz^2", &MeanFieldCondition::covariance},
};

struct Part {
    const char* name;
    Fluctuations MeanFieldCondition::*member;
};
constexpr Part parts[] = {{"linear", &MeanFieldCondition::linear}, {"noisy", &MeanFieldCondition::noisy}};

} // namespace

void save_mean_field(const std::filesystem::path& file, const MeanFieldResults& results, const std::string& hash) {
    Hdf5Writer out(stamp_of("mean_field", hash));
    out.write("/population_names", results.populations);
    out.attribute("/", "conditions", std::uint64_t{results.conditions.size()});
    out.attribute("/", "bin_ms", results.bin_ms);
    out.attribute("/", "T_ms", results.T_ms);
    out.write("/frequency_hz", results.frequency_hz, "Hz");
    out.group("/conditions");
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        const auto& c = results.conditions[i];
        const std::string at = numbered("/conditions", i);
        out.group(at);
        out.attribute(at, "stimulation", c.stimulation);
        out.attribute(at, "label", c.label);
        out.attribute(at, "condition", std::uint64_t{c.condition});
        out.attribute(at, "stationary", std::uint64_t{c.stationary});
        out.attribute(at, "level_hz", c.level_hz);
        out.attribute(at, "fixed_point", static_cast<std::uint64_t>(c.fixed_point));
        out.attribute(at, "failure", c.failure);
        out.attribute(at, "covariance_loss", c.covariance_loss);
        out.attribute(at, "lowest_eigenvalue", c.lowest_eigenvalue);
        for (const Column& column : columns) out.write(at + "/" + column.name, c.*column.member, column.unit);
        out.write(at + "/outside_inputs", c.outside_inputs);
        write_rows(out, at + "/course_hz", c.course_hz, "Hz");
        write_rows(out, at + "/course_sd_hz", c.course_sd_hz, "Hz");
        std::vector<std::vector<double>> rates;
        for (const StationaryPoint& point : c.points) rates.push_back(point.rate_hz);
        write_rows(out, at + "/points/rate_hz", rates, "Hz");
        out.write(at + "/points/stable", column<std::uint8_t>(c.points, [](const auto& p) { return p.stable; }), "1");
        out.write(at + "/points/growth_rate", column<double>(c.points, [](const auto& p) { return p.growth_rate; }),
                  "1/ms");
        out.write(at + "/points/oscillation_hz",
                  column<double>(c.points, [](const auto& p) { return p.oscillation_hz; }), "Hz");
        for (const Part& part : parts) {
            const Fluctuations& fluctuations = c.*part.member;
            const std::string in_part = at + "/" + part.name;
            out.write(in_part + "/mean_hz", fluctuations.mean_hz, "Hz");
            out.write(in_part + "/covariance", fluctuations.covariance, "Hz^2");
            write_rows(out, in_part + "/power", fluctuations.power, "Hz^2/Hz");
        }
        write_rows(out, at + "/response_gain", c.response_gain, "1");
        write_rows(out, at + "/response_phase_deg", c.response_phase_deg, "deg");
    }
    out.save(file);
}

MeanFieldResults load_mean_field(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "mean_field", hash);
    MeanFieldResults results;
    results.populations = in.texts("/population_names");
    results.conditions.resize(in.integer("/", "conditions"));
    results.bin_ms = in.real("/", "bin_ms");
    results.T_ms = in.real("/", "T_ms");
    results.frequency_hz = in.read<double>("/frequency_hz");
    const std::size_t P = results.populations.size(), frequencies = results.frequency_hz.size();
    for (std::size_t i = 0; i < results.conditions.size(); ++i) {
        auto& c = results.conditions[i];
        const std::string at = numbered("/conditions", i);
        c.stimulation = in.text(at, "stimulation");
        c.label = in.text(at, "label");
        c.condition = static_cast<std::uint32_t>(in.integer(at, "condition"));
        c.stationary = in.integer(at, "stationary") != 0;
        c.level_hz = in.real(at, "level_hz");
        const auto fixed_point = in.integer(at, "fixed_point");
        if (fixed_point > static_cast<std::uint64_t>(FixedPointState::NotFound))
            throw DamagedFile(file, "a fixed point is of no known kind");
        c.fixed_point = static_cast<FixedPointState>(fixed_point);
        c.failure = in.text(at, "failure");
        c.covariance_loss = in.real(at, "covariance_loss");
        c.lowest_eigenvalue = in.real(at, "lowest_eigenvalue");
        for (const Column& column : columns) c.*column.member = in.read<double>(at + "/" + column.name);
        c.outside_inputs = in.texts(at + "/outside_inputs");
        c.course_hz = read_rows(file, in, at + "/course_hz", c.time_ms.size());
        c.course_sd_hz = read_rows(file, in, at + "/course_sd_hz", c.time_ms.size());
        const auto rates = read_rows(file, in, at + "/points/rate_hz", P);
        const auto stable = in.read<std::uint8_t>(at + "/points/stable");
        const auto growth = in.read<double>(at + "/points/growth_rate"),
                   oscillation = in.read<double>(at + "/points/oscillation_hz");
        for (const std::size_t length : {stable.size(), growth.size(), oscillation.size()})
            expect_length(file, "the fixed points", length, rates.size());
        for (std::size_t k = 0; k < rates.size(); ++k)
            c.points.push_back({rates[k], stable[k] != 0, growth[k], oscillation[k]});
        for (const Part& part : parts) {
            Fluctuations& fluctuations = c.*part.member;
            const std::string in_part = at + "/" + part.name;
            fluctuations.mean_hz = in.read<double>(in_part + "/mean_hz");
            fluctuations.covariance = in.read<double>(in_part + "/covariance");
            if (!fluctuations.covariance.empty())
                expect_length(file, "a covariance", fluctuations.covariance.size(), P * P);
            fluctuations.power = read_rows(file, in, in_part + "/power", frequencies);
        }
        c.response_gain = read_rows(file, in, at + "/response_gain", frequencies);
        c.response_phase_deg = read_rows(file, in, at + "/response_phase_deg", frequencies);
    }
    return results;
}

} // namespace mfm
