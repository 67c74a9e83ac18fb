// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/difference.hpp"
#include "config/document.hpp"

namespace mfm {

/// A direction in which a library's members differ: one number, put in the place of others, multiplied by or added to
/// them.
struct LibraryAxis {
    std::string name;
    std::vector<std::string> paths; ///< of the pipeline's document; all take the same number
    Change::How how = Change::How::Set;
    std::string unit;           ///< of the numbers below, "" for pure ones
    bool log = false;           ///< distances along it are those of logarithms
    bool whole = false;         ///< whole numbers only
    std::vector<double> values; ///< ascending; empty where the axis is sampled
    double lower = 0, upper = 0;
    SourcePosition where;
    /// 0 at the lower end, 1 at the upper, by logarithms where the axis is logarithmic.
    [[nodiscard]] double coordinate(double value) const;
};

/// The [library] of a pipeline file: what its members are.
struct LibraryConfig {
    enum class Points {
        Derive,   ///< each member is derived by itself, from its own network
        MeanField ///< the base's fitted mean field with changed parameters, without a network
    } points = Points::Derive;
    enum class Method { Grid, LatinHypercube, Sobol } method = Method::Grid;
    std::uint64_t samples = 0; ///< of the last two
    std::vector<LibraryAxis> axes;
    std::vector<std::string> variants; ///< further members, each a [variant.NAME] of the base
    bool keep_stages = false;          ///< networks, spikes and samples of the members stay on the disk
    SourcePosition where;
    /// Points on the axes; 0 without axes.
    [[nodiscard]] std::uint64_t size() const;
};

[[nodiscard]] const char* points_name(LibraryConfig::Points) noexcept;
[[nodiscard]] const char* method_name(LibraryConfig::Method) noexcept;

/// Reads [library] and checks it against the rest of the document: every path is something that the pipeline has.
/// Throws InputError; also where the document has no such table.
[[nodiscard]] LibraryConfig read_library(const DocumentNode& document);

/// The numbers of point `index` < size(), one an axis.  A grid is every combination, the last axis fastest.  A Latin
/// hypercube (McKay, Beckman & Conover 1979) has one point in each of `samples` equal parts of every axis; a Sobol
/// sequence is that of Joe & Kuo 2008, its leading zero left out.  Any point is made by itself, in constant memory; the
/// same index and seed give the same numbers.
[[nodiscard]] std::vector<double> point_values(const LibraryConfig&, std::uint64_t index, std::uint64_t seed);

/// The changes that a point makes.
[[nodiscard]] std::vector<Change> changes_of(const LibraryConfig&, const std::vector<double>& values);
/// "0.23 nS": as it is written into the document.
[[nodiscard]] std::string axis_text(const LibraryAxis&, double value);

} // namespace mfm
