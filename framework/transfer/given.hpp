// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "transfer/adapting_function.hpp"
#include "transfer/fit.hpp"
#include "transfer/function.hpp"

namespace mfm {

/// The transfer function of a fit.
[[nodiscard]] std::shared_ptr<const TransferFunction>
make_transfer(const TransferFit&, std::shared_ptr<const Instance> basis, TransferInputs inputs);

/// A TransferFit of coefficients that are given: its domain is the range of the table's points, its errors are theirs.
/// Throws InputError when the basis measures its inputs against the domain of its samples, so that the same
/// coefficients mean something else here.
[[nodiscard]] TransferFit given_fit(const TransferTable& table, const TransferInputs& inputs,
                                    const std::shared_ptr<const Instance>& basis, std::vector<double> coefficients,
                                    const std::optional<SettledAdaptation>& adaptation);

} // namespace mfm
