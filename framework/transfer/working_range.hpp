// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "config/pipeline.hpp"
#include "remap/reduction.hpp"
#include "transfer/measure.hpp"
#include "transfer/sample.hpp"

namespace mfm {

/// van der Corput's radical inverse: a Halton sequence takes one base a dimension (Halton 1960).
[[nodiscard]] double radical_inverse(std::uint64_t i, std::uint64_t base);

/// Where the network goes, and around it: a place on its path, with all excitatory rates scaled by one factor and all
/// inhibitory ones by another (transfer.working_low .. working_high).
class WorkingRange {
public:
    struct Place {
        double position = 0;                   ///< along the path, 0 .. 1
        double excitation = 1, inhibition = 1; ///< factors
    };
    /// Keeps references to all of its arguments.
    WorkingRange(const PipelineConfig&, const Reduction&, const RatePath&, const PointSampler&);

    /// Place i of a sequence that fills the range evenly, log-uniform in the factors; i from 1.
    [[nodiscard]] Place place(std::uint64_t i) const;
    [[nodiscard]] double low() const { return config_.transfer.working_low; }
    [[nodiscard]] double high() const { return config_.transfer.working_high; }
    /// Presynaptic rates [pathways] there.
    [[nodiscard]] std::vector<double> rates(const Place&) const;

private:
    const PipelineConfig& config_;
    const Reduction& reduction_;
    const RatePath& path_;
    const PointSampler& sampler_;
};

} // namespace mfm
