// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config/pipeline.hpp"
#include "support/diagnostics.hpp"
#include "validate/report.hpp"

namespace mfm {

/// Sets verdict, reasons and warnings from what the report holds.  Rules, the first that applies decides:
///   not_valid  a mean field that stopped (NaN ...) or a rate that is no finite number; no fixed point at a stationary
///              condition; F T >= 1; covariances of the master equation with a negative eigenvalue; a state outside a
///              transfer function's domain; a synchronous network; |relative error| > limits.not_valid at any
///              stationary condition
///   limited    |relative error| > limits.limited; an unstable fixed point at a stationary condition (the sentence says
///              whether the network has that rhythm, too); errors that cancel: an error budget whose terms
///              (each less twice its standard error) sum in size to more than limits.not_valid, with an error of at
///              most limits.limited; a fit that did not converge; no stationary condition compared
///   valid      none of these
/// Every rule that applies gives one sentence a population, the graver ones first.  Earlier reasons are replaced;
/// warnings that stages have left are kept, in front.
void judge(ValidationReport&, const ValidationConfig& limits);

/// 1 for not_valid only.
[[nodiscard]] ExitCode exit_code(const ValidationReport&) noexcept;

} // namespace mfm
