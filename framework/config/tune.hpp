// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/difference.hpp"
#include "config/document.hpp"
#include "config/pipeline.hpp"
#include "plugin/registry.hpp"

namespace mfm {

/// A number of the pipeline that is free: a change of its document (config/difference.hpp) whose value lies between
/// bounds.
struct TuneParameter {
    std::string name, path;
    Change::How how = Change::How::Set;
    std::string unit;                         ///< of the numbers below, as the file writes it; "" for none
    double lower = 0, upper = 0, initial = 0; ///< initial: the file's own, 1 (scale) or 0 (add) unless given
    bool whole = false;                       ///< rounded to whole numbers
    SourcePosition where;
    [[nodiscard]] double range() const { return upper - lower; }
    [[nodiscard]] Change change(double value) const;
};

/// A number that the model shows and the data have.
struct TuneTarget {
    enum class Kind { Rate, Slope, Peak, Power, Frequency } kind = Kind::Rate;
    std::size_t objective = 0; ///< index into TuneConfig::objectives
    std::string population, stimulation;
    std::vector<double> at_hz;     ///< levels of the stationary stimulus: one, or those of a slope (empty: all)
    std::uint32_t condition = 1;   ///< of a stimulus that varies in time, counted from 1
    double frequency_hz = 0;       ///< Power
    double from_hz = 0, to_hz = 0; ///< Frequency: the band in which the peak is sought
    double target = 0, sd = 1;     ///< Hz; Slope: 1; Power: Hz (Hz^2/Hz)
    SourcePosition where;
    [[nodiscard]] const char* unit() const { return kind == Kind::Slope ? "1" : "Hz"; }
    /// "rate of granule_cell at sweep 40 Hz".
    [[nodiscard]] std::string label() const;
};

/// [tune]: which numbers are free, and what they are fitted to.
struct TuneConfig {
    PluginChoice optimizer;
    bool network = false;     ///< on = "network"
    bool separate = false;    ///< objectives = "separate": a front
    bool measured = false;    ///< transfer = "measured": transfer functions are measured again at every point
    bool differences = false; ///< gradient = "differences", although implicit ones would do
    std::uint32_t evaluations = 300;
    std::uint32_t bootstrap = 200; ///< 0: none
    bool refit = false;            ///< bootstrap_on = "model": the optimizer runs again for every draw
    std::vector<TuneParameter> parameters;
    std::vector<std::string> objectives; ///< in the order of the file
    std::vector<TuneTarget> targets;
    SourcePosition where;
};

/// The document's [tune], or nothing; `config` is what the rest of it means.  Throws InputError.
[[nodiscard]] std::optional<TuneConfig> read_tune(DocumentNode& document, const Registry&, const PipelineConfig&);

} // namespace mfm
