// SPDX-License-Identifier: Apache-2.0
#include "output/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "support/files.hpp"

namespace mfm {

CsvTable::CsvTable(std::span<const std::string> header) : columns_(header.size()) {
    for (const auto& name : header) field(name);
    end_row();
}

void CsvTable::begin_field() {
    if (in_row_++ > 0) text_ += ',';
}

CsvTable& CsvTable::field(std::string_view text) {
    begin_field();
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        text_ += text;
        return *this;
    }
    text_ += '"';
    for (char c : text) {
        if (c == '"') text_ += '"';
        text_ += c;
    }
    text_ += '"';
    return *this;
}

CsvTable& CsvTable::field(double value) {
    begin_field();
    fmt::format_to(std::back_inserter(text_), "{}", value);
    return *this;
}

CsvTable& CsvTable::field(std::optional<double> value) {
    if (value) return field(*value);
    begin_field();
    return *this;
}

void CsvTable::end_row() {
    if (in_row_ != columns_)
        throw std::logic_error(fmt::format("a CSV row has {} fields under {} columns", in_row_, columns_));
    in_row_ = 0;
    text_ += "\r\n";
}

std::string rates_csv(const SpikeRecord& record, std::span<const RecordedPopulation> populations,
                      const ValidationReport& report) {
    const std::vector<std::string> header{"stimulation",
                                          "condition",
                                          "stimulus (Hz)",
                                          "population",
                                          "cells",
                                          "network rate (Hz)",
                                          "standard error (Hz)",
                                          "sd over cells (Hz)",
                                          "rate of firing cells (Hz)",
                                          "sd of firing cells (Hz)",
                                          "firing fraction (1)",
                                          "Fano factor (1)",
                                          "pair correlation (1)",
                                          "CV of intervals (1)",
                                          "mean-field rate (Hz)",
                                          "mean-field rate at mean in-degree (Hz)",
                                          "relative error (1)"};
    CsvTable csv(header);
    std::size_t row_of_report = 0; // a population's rows: stationary conditions of whole populations, in order
    for (const auto& c : record.conditions) {
        if (!c.stationary) continue;
        for (std::size_t p = 0; p < c.population.size(); ++p) {
            const auto& a = c.population[p];
            const auto found = std::find_if(report.populations.begin(), report.populations.end(),
                                            [&](const auto& x) { return x.name == populations[p].name; });
            const StationaryRow* row = nullptr;
            if (!c.partial() && found != report.populations.end() && row_of_report < found->stationary.size())
                row = &found->stationary[row_of_report];
            const std::optional<double> missing;
            csv.field(c.stimulation)
                .field(c.label)
                .field(c.level_hz)
                .field(populations[p].name)
                .field(std::to_string(populations[p].cells));
            csv.field(a.rate_hz).field(a.rate_se_hz).field(a.rate_sd_hz);
            const bool fires = a.firing_fraction > 0.0;
            csv.field(fires ? std::optional(a.rate_firing_hz) : missing)
                .field(fires ? std::optional(a.rate_sd_firing_hz) : missing);
            csv.field(a.firing_fraction).field(a.fano).field(a.correlation).field(a.cv_isi);
            csv.field(row ? row->mean_field_rate_hz : missing).field(row ? row->mean_field_mean_k_rate_hz : missing);
            csv.field(row ? row->relative_error : missing);
            csv.end_row();
        }
        if (!c.partial()) ++row_of_report;
    }
    return csv.text();
}

std::string course_csv(const ConditionRecord& c, std::span<const RecordedPopulation> populations,
                       const MeanFieldResults& results) {
    const auto model = std::find_if(results.conditions.begin(), results.conditions.end(), [&](const auto& m) {
        return m.stimulation == c.stimulation && m.condition == c.condition;
    });
    std::vector<std::string> header{"time (ms)", "stimulus (Hz)"};
    struct Column {
        const PopulationActivity* network;
        ResampledCourse mean_field;
    };
    std::vector<Column> columns;
    std::size_t bins = c.stimulus_hz.size();
    for (std::size_t p = 0; p < populations.size(); ++p) {
        if (!populations[p].modelled) continue;
        const auto& name = populations[p].name;
        header.insert(header.end(),
                      {name + " network (Hz)", name + " network standard error (Hz)", name + " mean field (Hz)"});
        bins = std::max(bins, c.population[p].course_hz.size());
    }
    for (std::size_t p = 0; p < populations.size(); ++p) {
        if (!populations[p].modelled) continue;
        Column column{&c.population[p], {}};
        const auto in_model = std::find(results.populations.begin(), results.populations.end(), populations[p].name);
        const auto index = static_cast<std::size_t>(in_model - results.populations.begin());
        if (model != results.conditions.end() && index < model->course_hz.size())
            column.mean_field = resample(model->time_ms, model->course_hz[index], c.course_bin, bins);
        columns.push_back(std::move(column));
    }
    CsvTable csv(header);
    const auto at = [](const std::vector<double>& v, std::size_t i) {
        return i < v.size() ? std::optional(v[i]) : std::nullopt;
    };
    for (std::size_t i = 0; i < bins; ++i) {
        csv.field((static_cast<double>(i) + 0.5) * c.course_bin).field(at(c.stimulus_hz, i));
        for (const auto& column : columns) {
            csv.field(at(column.network->course_hz, i)).field(at(column.network->course_se_hz, i));
            const bool covered = i >= column.mean_field.first && i < column.mean_field.last;
            csv.field(covered ? at(column.mean_field.hz, i) : std::nullopt);
        }
        csv.end_row();
    }
    return csv.text();
}

std::string course_file_name(const SpikeRecord& record, std::size_t condition) {
    const auto& c = record.conditions.at(condition);
    const std::string base = file_name_of(c.stimulation);
    std::size_t same = 0, before = 0; // two stimulations may also become one file name
    for (std::size_t i = 0; i < record.conditions.size(); ++i) {
        if (record.conditions[i].stationary || file_name_of(record.conditions[i].stimulation) != base) continue;
        ++same;
        if (i < condition) ++before;
    }
    return same > 1 ? fmt::format("{}_{}.csv", base, before + 1) : base + ".csv";
}

const char* use_name(TransferPoint::Use use) noexcept {
    switch (use) {
    case TransferPoint::Use::Working:
        return "working";
    case TransferPoint::Use::Wide:
        return "wide";
    case TransferPoint::Use::HeldOut:
        return "held out";
    case TransferPoint::Use::Current:
        return "current";
    case TransferPoint::Use::OperatingPoint:
        break;
    }
    return "operating point";
}

std::string transfer_csv(const TransferTable& table, const TransferColumns& columns) {
    std::vector<std::string> header{"use"};
    const std::size_t pathways = table.points.empty() ? columns.pathways.size() : table.points.front().nu.size();
    for (std::size_t s = 0; s < pathways; ++s)
        header.push_back((s < columns.pathways.size() ? columns.pathways[s] : fmt::format("pathway {}", s + 1)) +
                         " (Hz)");
    for (const char* name : {"G_e (nS)", "G_i (nS)", "I (pA)", "rate (Hz)", "standard error (Hz)", "fitted rate (Hz)",
                             "CV of intervals (1)", "mean adaptation (pA)", "sampled (s)"})
        header.emplace_back(name);
    CsvTable csv(header);
    for (std::size_t i = 0; i < table.points.size(); ++i) {
        const auto& p = table.points[i];
        csv.field(use_name(p.use));
        for (double nu : p.nu) csv.field(nu);
        csv.field(p.G_e).field(p.G_i).field(p.I).field(p.rate_hz).field(p.se_hz);
        csv.field(i < columns.fitted_hz.size() ? columns.fitted_hz[i] : std::optional<double>());
        csv.field(p.cv_isi).field(p.mean_adaptation).field(p.seconds);
        csv.end_row();
    }
    return csv.text();
}

} // namespace mfm
