// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "simulate/spike_record.hpp"
#include "transfer/fit.hpp"
#include "validate/compare.hpp"
#include "validate/mean_field_results.hpp"

namespace mfm {

/// One number of a member, with the name of its column in the library: "POPULATION.STIMULATION.CONDITION.QUANTITY".
struct Entry {
    std::string column, unit;
    double value = 0; ///< NaN: there is none
};

/// What a point of a sweep found.
struct Member {
    std::string verdict; ///< as in summary.json; "" where no network was there to judge by
    std::vector<std::string> reasons;
    std::vector<Entry> entries; ///< columns are unique
};

/// How conditions are called in column names: the stimulus in Hz where that tells a stimulation's conditions apart,
/// else their number; empty where there is but one.
struct ConditionName {
    std::string stimulation;
    std::uint32_t condition = 0;
    std::string name; ///< "sweep.40", "step"
};
[[nodiscard]] std::vector<ConditionName> condition_names(const MeanFieldResults&);

/// The mean field's rates, stability and courses.
void add_mean_field(Member&, const MeanFieldResults&);
/// The network's rates and courses with the errors of the mean field's.
void add_network(Member&, const ValidationReport&, const MeanFieldResults&);
/// The transfer functions' coefficients.
void add_transfer(Member&, const std::vector<TransferFit>&);

/// Kept in one file, written whole or not at all; `hash` is that of the point.
void save_member(const std::filesystem::path& file, const Member&, const std::string& hash);
[[nodiscard]] Member load_member(const std::filesystem::path& file, const std::string& hash);

} // namespace mfm
