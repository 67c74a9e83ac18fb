// SPDX-License-Identifier: Apache-2.0
#include "transfer/given.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "transfer/basis.hpp"
#include "transfer/fitted_function.hpp"

namespace mfm {
namespace {

using Use = TransferPoint::Use;

bool spans_domain(Use use) {
    return use == Use::Working || use == Use::Wide || use == Use::HeldOut;
}

/// The domain that the table covers; counts the points without inputs.
void set_domain(const TransferTable& table, const TransferInputs& inputs, TransferFit& fit) {
    InputPoint at;
    for (const TransferPoint& p : table.points) {
        if (!spans_domain(p.use)) continue;
        std::vector<double> r;
        for (std::size_t s = 0; s < p.nu.size(); ++s) r.push_back(inputs.pathway_list()[s].K * p.nu[s]);
        inputs.evaluate(r, 0.0, 0, at);
        if (!at.defined) {
            ++(p.use == Use::HeldOut ? fit.heldout_undefined : fit.undefined_points);
            continue;
        }
        widen_domain(fit, at.x, inputs.conductances(r));
    }
    if (fit.lower.empty())
        throw InputError(
            fmt::format("the transfer function of '{}' has no point where '{}' is defined; sample more points "
                        "or choose another basis",
                        table.population, fit.basis));
}

/// Refuses a basis whose rate depends on the domain itself.
void check_meaning(const TransferFit& fit, const Instance& basis) {
    std::vector<double> middle, lower, upper;
    for (std::size_t k = 0; k < fit.lower.size(); ++k) {
        const double width = std::max(fit.upper[k] - fit.lower[k], 1e-3);
        middle.push_back(0.5 * (fit.lower[k] + fit.upper[k]));
        lower.push_back(fit.lower[k] - 0.1 * width);
        upper.push_back(fit.upper[k] + 0.2 * width);
    }
    const double here = basis_rates(basis, middle, fit.value, fit.lower, fit.upper)[0],
                 wider = basis_rates(basis, middle, fit.value, lower, upper)[0];
    if (std::abs(here - wider) > 1e-9 * (1e-6 + std::abs(here)))
        throw InputError(
            fmt::format("transfer.coefficients.{}: basis '{}' measures its inputs against the domain that it was "
                        "fitted on, so coefficients from elsewhere mean nothing here; let them be fitted, or "
                        "choose another basis",
                        fit.population, fit.basis));
}

/// Errors of the points, as those of a fit.
void set_errors(const TransferTable& table, const TransferInputs& inputs, const TransferFunction& transfer,
                TransferFit& fit) {
    double squares = 0, heldout_squares = 0;
    std::vector<double> relative;
    fit.fitted_hz.resize(table.points.size());
    for (std::size_t i = 0; i < table.points.size(); ++i) {
        const TransferPoint& p = table.points[i];
        if (p.use == Use::Working || p.use == Use::HeldOut)
            fit.largest_rate_hz = std::max(fit.largest_rate_hz, p.rate_hz);
        if (p.I != 0.0) continue;
        std::vector<double> r;
        for (std::size_t s = 0; s < p.nu.size(); ++s) r.push_back(inputs.pathway_list()[s].K * p.nu[s]);
        double F = 0;
        try {
            transfer.evaluate(r, 1, {&F, 1}, {}, {});
        } catch (const Error&) {
            continue; // counted with the domain
        }
        fit.fitted_hz[i] = F;
        const double square = (F - p.rate_hz) * (F - p.rate_hz);
        if (p.use == Use::Working || p.use == Use::Wide) {
            squares += square;
            ++fit.points;
        }
        if (p.use != Use::HeldOut) continue;
        heldout_squares += square;
        ++fit.heldout_points;
        if (p.rate_hz >= 1.0 && (p.se_hz < 0.005 * p.rate_hz || p.se_hz < 0.05))
            relative.push_back(std::abs(F - p.rate_hz) / p.rate_hz);
    }
    if (fit.points > 0) fit.rmse_hz = std::sqrt(squares / static_cast<double>(fit.points));
    if (fit.heldout_points > 0)
        fit.heldout_rmse_hz = std::sqrt(heldout_squares / static_cast<double>(fit.heldout_points));
    fit.relative_points = relative.size();
    if (relative.empty()) return;
    std::sort(relative.begin(), relative.end());
    const std::size_t n = relative.size();
    fit.heldout_median_relative_error = n % 2 == 1 ? relative[n / 2] : 0.5 * (relative[n / 2 - 1] + relative[n / 2]);
}

} // namespace

std::shared_ptr<const TransferFunction> make_transfer(const TransferFit& fit, std::shared_ptr<const Instance> basis,
                                                      TransferInputs inputs) {
    if (fit.adaptation) return std::make_shared<AdaptingTransfer>(fit, std::move(basis), std::move(inputs));
    return std::make_shared<FittedTransfer>(fit, std::move(basis), std::move(inputs));
}

TransferFit given_fit(const TransferTable& table, const TransferInputs& inputs,
                      const std::shared_ptr<const Instance>& basis, std::vector<double> coefficients,
                      const std::optional<SettledAdaptation>& adaptation) {
    const BasisShape shape = basis_shape(*basis);
    TransferFit fit;
    fit.given = true;
    fit.adaptation = adaptation;
    fit.population = table.population;
    fit.basis = basis->component().id();
    fit.inputs = inputs.names();
    for (const mfm_field* f : shape.inputs) fit.input_units.emplace_back(f->unit);
    for (const mfm_field* f : shape.coefficients) {
        fit.coefficients.emplace_back(f->name);
        fit.units.emplace_back(f->unit);
    }
    fit.value = std::move(coefficients);
    fit.covariance.assign(fit.value.size() * fit.value.size(), 0.0);
    fit.outcome = MFM_CONVERGED;
    fit.message = "given, not fitted";
    set_domain(table, inputs, fit);
    check_meaning(fit, *basis);
    // A current moves the membrane's moments; a basis in conductance space does not know it, and has no gain.
    for (const TransferPoint& p : table.points)
        if (p.use == Use::Current && p.I > 0 && fit.current.dI == 0) fit.current = {p.I, fit.value, fit.value, 0, 0};
    set_errors(table, inputs, *make_transfer(fit, basis, inputs), fit);
    return fit;
}

} // namespace mfm
