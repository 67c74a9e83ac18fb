// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "validate/report.hpp"

namespace mfm {

/// What the mean field did in one condition, as plain arrays.  Populations are those of MeanFieldResults, in its order.
struct MeanFieldCondition {
    std::string stimulation, label;
    std::uint32_t condition = 0;
    bool stationary = true;
    double level_hz = 0; ///< stationary rate or baseline of the stimulated population
    FixedPointState fixed_point = FixedPointState::NotSought;
    std::vector<double> rate_hz;        ///< [populations] at the fixed point; empty when there is none
    std::vector<double> mean_k_rate_hz; ///< the same with every cell at the mean in-degree; empty when not computed
    std::vector<double> eigenvalue_real, eigenvalue_imag; ///< 1/ms, of the exact Jacobian at the fixed point
    std::vector<double> time_ms; ///< centres of the network's course bins (bin 0 starts at 0), or any increasing grid
    std::vector<std::vector<double>> course_hz; ///< [populations][time]; empty when there is no trajectory
    std::string failure;                        ///< the sentence that stopped it, or ""
    std::vector<double>
        outside_domain;              ///< [populations] fraction of the condition outside the TF's domain; empty: none
    std::vector<double> largest_F_T; ///< [populations]; empty: not computed
};

struct MeanFieldResults {
    std::vector<std::string> populations; ///< names, as in the pipeline file
    std::vector<MeanFieldCondition> conditions;
};

} // namespace mfm
