// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "simulate/engine.hpp"
#include "simulate/recorder.hpp"
#include "simulate/spike_record.hpp"

namespace mfm {

/// What one trial of one condition gave.
struct TrialResult {
    std::vector<PopulationActivity> activity;
    std::vector<double> covariance; ///< of population counts, see Recorder::count_covariance
};

/// Where trials are kept until all of them are done, so that a simulation that was stopped goes on.
struct TrialCache {
    std::filesystem::path folder;
    std::string hash;       ///< of everything that the simulation depends on
    double interval = 60.0; ///< s of wall time between checkpoints of a trial under way; 0: only when interrupted
};

/// The files of one trial in a cache: its result when it is finished, its state while it is not.
class TrialFiles {
public:
    TrialFiles(const TrialCache&, const Network&, std::size_t condition, std::uint32_t trial);

    /// The result, or nothing when there is none; throws InputError when the file is damaged or of something else.
    [[nodiscard]] std::optional<TrialResult> result() const;
    /// Keeps the result, in place of the state.
    void keep(const TrialResult&) const;
    /// Takes up a state; false when there is none.  Throws InputError like result(), and the two are then to be made
    /// anew.
    bool restore(Engine&, Recorder&) const;
    void keep(const Engine&, const Recorder&) const;

private:
    std::filesystem::path result_, state_;
    std::string hash_;
};

} // namespace mfm
