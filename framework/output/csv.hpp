// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "simulate/spike_record.hpp"
#include "transfer/table.hpp"
#include "validate/compare.hpp"
#include "validate/mean_field_results.hpp"
#include "validate/report.hpp"

namespace mfm {

/// Comma-separated values as in RFC 4180: CRLF ends a line, fields with a comma, quote or line break are quoted.
/// Numbers are the shortest text that reads back to the same bits; a missing value is an empty field; the first line
/// names columns and units.
class CsvTable {
public:
    explicit CsvTable(std::span<const std::string> header);
    CsvTable& field(std::string_view text);
    CsvTable& field(double value);
    CsvTable& field(std::optional<double> value);
    void end_row(); ///< throws std::logic_error when the row has not as many fields as the header
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void begin_field();
    std::string text_;
    std::size_t columns_ = 0, in_row_ = 0;
};

/// rates.csv: every stationary condition and population of the network (external ones, too), with the mean field's
/// rates where the report has them.
[[nodiscard]] std::string rates_csv(const SpikeRecord&, std::span<const RecordedPopulation>, const ValidationReport&);

/// One condition that varies in time: time, stimulus, and for each modelled population the network's course, its
/// standard error over trials (empty with one trial) and the mean field's, on the network's bins; unsmoothed.
[[nodiscard]] std::string course_csv(const ConditionRecord&, std::span<const RecordedPopulation>,
                                     const MeanFieldResults&);
/// "step.csv", or "step_2.csv" where a stimulation has several conditions: unique within one record.
[[nodiscard]] std::string course_file_name(const SpikeRecord&, std::size_t condition);

/// One population's sampled points with the fitted rates beside them (empty: not fitted there).
struct TransferColumns {
    std::vector<std::string> pathways;            ///< names, in the order of TransferPoint::nu
    std::vector<std::optional<double>> fitted_hz; ///< [points], or empty
};
[[nodiscard]] std::string transfer_csv(const TransferTable&, const TransferColumns&);
[[nodiscard]] const char* use_name(TransferPoint::Use) noexcept;

} // namespace mfm
