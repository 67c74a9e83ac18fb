// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "output/stage_file.hpp"
#include "output/store.hpp"

namespace mfm {

namespace {

/// The numbers every population has, one dataset each over all populations of a condition.
struct ActivityColumn {
    const char* name;
    const char* unit;
    double PopulationActivity::*member;
};
constexpr ActivityColumn activity_columns[] = {
    {"rate_hz", "Hz", &PopulationActivity::rate_hz},
    {"rate_se_hz", "Hz", &PopulationActivity::rate_se_hz},
    {"rate_firing_hz", "Hz", &PopulationActivity::rate_firing_hz},
    {"rate_sd_hz", "Hz", &PopulationActivity::rate_sd_hz},
    {"rate_sd_firing_hz", "Hz", &PopulationActivity::rate_sd_firing_hz},
    {"firing_fraction", "1", &PopulationActivity::firing_fraction},
    {"fano", "1", &PopulationActivity::fano},
    {"correlation", "1", &PopulationActivity::correlation},
    {"cv_isi", "1", &PopulationActivity::cv_isi},
};
struct ActivitySeries {
    const char* name;
    const char* unit;
    std::vector<double> PopulationActivity::*member;
};
constexpr ActivitySeries activity_series[] = {
    {"cell_rate_hz", "Hz", &PopulationActivity::cell_rate_hz},
    {"course_hz", "Hz", &PopulationActivity::course_hz},
    {"course_se_hz", "Hz", &PopulationActivity::course_se_hz},
    {"spike_time", "ms", &PopulationActivity::spike_time},
};
struct ConditionNumber {
    const char* name;
    double ConditionRecord::*member;
};
constexpr ConditionNumber condition_numbers[] = {
    {"level_hz", &ConditionRecord::level_hz},
    {"duration_ms", &ConditionRecord::duration},
    {"transient_ms", &ConditionRecord::transient},
    {"course_bin_ms", &ConditionRecord::course_bin},
    {"onset_ms", &ConditionRecord::onset},
    {"offset_ms", &ConditionRecord::offset},
    {"frequency_hz", &ConditionRecord::frequency_hz},
};

} // namespace

void save_spike_record(const std::filesystem::path& file, const SpikeRecord& record,
                       std::span<const std::string> populations, const std::string& hash) {
    Hdf5Writer out(stamp_of("spikes", hash));
    const std::size_t n = populations.size();
    out.write("/population_names", std::vector<std::string>(populations.begin(), populations.end()));
    out.attribute("/", "conditions", std::uint64_t{record.conditions.size()});
    out.group("/conditions");
    for (std::size_t i = 0; i < record.conditions.size(); ++i) {
        const auto& c = record.conditions[i];
        if (c.population.size() != n)
            throw std::logic_error("a condition's populations and their names differ in number");
        const std::string at = numbered("/conditions", i);
        out.group(at);
        out.attribute(at, "stimulation", c.stimulation);
        out.attribute(at, "label", c.label);
        out.attribute(at, "condition", std::uint64_t{c.condition});
        out.attribute(at, "stationary", std::uint64_t{c.stationary});
        out.attribute(at, "trials", std::uint64_t{c.trials});
        out.attribute(at, "target", c.target);
        out.attribute(at, "stimulated_cells", c.stimulated_cells);
        out.attribute(at, "target_cells", c.target_cells);
        for (const auto& number : condition_numbers) out.attribute(at, number.name, c.*number.member);
        out.write(at + "/stimulus_hz", c.stimulus_hz, "Hz");
        const bool square = c.count_covariance.size() == n * n;
        out.write(at + "/count_covariance", c.count_covariance, "1",
                  square ? std::vector<std::size_t>{n, n} : std::vector<std::size_t>{});
        for (const auto& number : activity_columns)
            out.write(at + "/" + number.name,
                      column<double>(c.population, [&](const auto& p) { return p.*number.member; }), number.unit);
        for (std::size_t p = 0; p < n; ++p) {
            const std::string in_population = at + "/populations/" + link_name(populations[p]);
            for (const auto& series : activity_series)
                out.write(in_population + "/" + series.name, c.population[p].*series.member, series.unit);
            out.write(in_population + "/spike_cell", c.population[p].spike_cell, "1");
        }
        if (std::none_of(c.population.begin(), c.population.end(), [](const auto& p) { return p.raster_cells > 0; }))
            continue;
        out.group("/raster");
        out.attribute("/raster", "condition", std::uint64_t{i});
        for (std::size_t p = 0; p < n; ++p) {
            const std::string in_raster = "/raster/" + link_name(populations[p]);
            out.group(in_raster);
            out.attribute(in_raster, "cells", std::uint64_t{c.population[p].raster_cells});
            out.write(in_raster + "/cell", c.population[p].raster_cell, "1");
            out.write(in_raster + "/time", c.population[p].raster_time, "ms");
        }
    }
    out.save(file);
}

SpikeRecord load_spike_record(const std::filesystem::path& file, const std::string& hash) {
    const auto in = open_stage(file, "spikes", hash);
    const auto populations = in.texts("/population_names");
    SpikeRecord record;
    record.conditions.resize(in.integer("/", "conditions"));
    for (std::size_t i = 0; i < record.conditions.size(); ++i) {
        auto& c = record.conditions[i];
        const std::string at = numbered("/conditions", i);
        c.stimulation = in.text(at, "stimulation");
        c.label = in.text(at, "label");
        c.condition = static_cast<std::uint32_t>(in.integer(at, "condition"));
        c.stationary = in.integer(at, "stationary") != 0;
        c.trials = static_cast<std::uint32_t>(in.integer(at, "trials"));
        c.target = in.text(at, "target");
        c.stimulated_cells = in.integer(at, "stimulated_cells");
        c.target_cells = in.integer(at, "target_cells");
        for (const auto& number : condition_numbers) c.*number.member = in.real(at, number.name);
        c.stimulus_hz = in.read<double>(at + "/stimulus_hz");
        c.count_covariance = in.read<double>(at + "/count_covariance");
        c.population.resize(populations.size());
        for (const auto& number : activity_columns) {
            const auto values = in.read<double>(at + "/" + number.name);
            expect_length(file, number.name, values.size(), populations.size());
            for (std::size_t p = 0; p < values.size(); ++p) c.population[p].*number.member = values[p];
        }
        for (std::size_t p = 0; p < populations.size(); ++p) {
            const std::string in_population = at + "/populations/" + link_name(populations[p]);
            for (const auto& series : activity_series)
                c.population[p].*series.member = in.read<double>(in_population + "/" + series.name);
            c.population[p].spike_cell = in.read<std::uint32_t>(in_population + "/spike_cell");
        }
    }
    if (!in.has("/raster")) return record; // of an earlier version
    auto& raster = record.conditions.at(in.integer("/raster", "condition")).population;
    for (std::size_t p = 0; p < populations.size(); ++p) {
        const std::string in_raster = "/raster/" + link_name(populations[p]);
        raster[p].raster_cells = static_cast<std::uint32_t>(in.integer(in_raster, "cells"));
        raster[p].raster_cell = in.read<std::uint32_t>(in_raster + "/cell");
        raster[p].raster_time = in.read<double>(in_raster + "/time");
        expect_length(file, in_raster, raster[p].raster_cell.size(), raster[p].raster_time.size());
    }
    return record;
}

} // namespace mfm
