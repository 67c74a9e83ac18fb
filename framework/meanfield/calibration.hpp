// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "meanfield/model.hpp"

namespace mfm {

/// Scales e^q of the pathways' in-degrees [pathways] with which the transfer functions give the network's own rates as
/// nearly as the scales' cost allows:
///     min_q  sum_levels [ln(Fbar_p(e^q nu) + 0.1 Hz) - ln(nu_p + 0.1 Hz)]^2 + lambda^2 |q|^2
/// for each population p by itself (open loop), q those of the pathways into it, from q = 0 by Levenberg-Marquardt
/// steps. rate_hz [levels][populations]: the network's, external ones included.  Throws Error where a transfer function
/// is not defined at these rates.
[[nodiscard]] std::vector<double> calibration_scales(const MeanFieldModel&,
                                                     std::span<const std::vector<double>> rate_hz, double lambda);

} // namespace mfm
