// SPDX-License-Identifier: Apache-2.0
#include "transfer/working_range.hpp"

#include <cmath>

namespace mfm {

double radical_inverse(std::uint64_t i, std::uint64_t base) {
    double value = 0, digit = 1.0 / static_cast<double>(base);
    for (; i > 0; i /= base, digit /= static_cast<double>(base)) value += digit * static_cast<double>(i % base);
    return value;
}

WorkingRange::WorkingRange(const PipelineConfig& config, const Reduction& r, const RatePath& path,
                           const PointSampler& sampler)
    : config_(config), reduction_(r), path_(path), sampler_(sampler) {}

WorkingRange::Place WorkingRange::place(std::uint64_t i) const {
    const double from = std::log(low()), span = std::log(high()) - from;
    return {radical_inverse(i, 2), std::exp(from + span * radical_inverse(i, 3)),
            std::exp(from + span * radical_inverse(i, 5))};
}

std::vector<double> WorkingRange::rates(const Place& at) const {
    const std::vector<double> on = on_path(path_.rate_hz, at.position);
    std::vector<double> nu;
    for (std::size_t s = 0; s < sampler_.pathways().size(); ++s)
        nu.push_back(on[reduction_.pathways[sampler_.pathways()[s]].source] *
                     (sampler_.excitatory(s) ? at.excitation : at.inhibition));
    return nu;
}

} // namespace mfm
