// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "config/axes.hpp"

namespace mfm {

struct LibraryMember {
    std::string name;           ///< 16 digits of the hash of what made it
    std::string variant;        ///< what the pipeline calls it, or ""
    std::string verdict;        ///< as in summary.json; "" for a mean field without a network of its own
    std::vector<double> values; ///< on the axes; empty for a variant that lies on no point of theirs
};

/// How well a column is interpolated: members left out one at a time and predicted from the others.
struct InterpolationError {
    double rms = 0, largest = 0; ///< in the column's unit
    std::size_t members = 0;     ///< that could be left out
};

/// Models that differ along axes, and what was found of each: the index of a sweep.
struct ModelLibrary {
    std::string name;
    std::string pipeline_toml; ///< resolved, with its [library]: with a member's values, its own pipeline
    LibraryConfig config;
    std::vector<LibraryMember> members; ///< in the order of the plan
    std::vector<std::string> missing;   ///< names of points that were not made when the library was gathered
    std::vector<std::string> columns, units;
    std::vector<double> values;            ///< [members x columns]; NaN: there is none
    std::string base_verdict;              ///< of the pipeline itself where members are mean fields of it
    std::string method;                    ///< of interpolation, in words
    std::vector<InterpolationError> error; ///< [columns]

    [[nodiscard]] double value(std::size_t member, std::size_t column) const {
        return values[member * columns.size() + column];
    }
};

/// One HDF5 file (docs/output.md).  Equal libraries are equal bytes.  One thread at a time.
void save_model_library(const std::filesystem::path& file, const ModelLibrary&);
/// Throws InputError for a file that is no library, DamagedFile for one that was cut or changed.
[[nodiscard]] ModelLibrary load_model_library(const std::filesystem::path& file);
/// The whole table as CSV: members in rows; axes, verdict and columns.
void write_library_csv(const std::filesystem::path& file, const ModelLibrary&);

} // namespace mfm
