// SPDX-License-Identifier: Apache-2.0
#include "transfer/fitted_function.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plugin/settings.hpp"
#include "transfer/basis.hpp"

namespace mfm {

FittedTransfer::FittedTransfer(TransferFit fit, std::shared_ptr<const Instance> basis, TransferInputs inputs)
    : fit_(std::move(fit)), basis_(std::move(basis)), table_(&basis_->table<mfm_transfer_v1>(MFM_TRANSFER_ID)),
      inputs_(std::move(inputs)) {
    const std::size_t coefficients = basis_shape(*basis_).coefficients.size();
    if (fit_.basis != basis_->component().id() || fit_.value.size() != coefficients)
        throw InputError("the fit of '" + fit_.population + "' has " + std::to_string(fit_.value.size()) +
                         " coefficients of basis '" + fit_.basis + "', but the basis is '" + basis_->component().id() +
                         "' with " + std::to_string(coefficients) + "; fit it again");
}

void FittedTransfer::rates(std::span<const double> coefficients, double I, std::span<const double> r, std::size_t n,
                           std::span<double> rate, std::span<double> d_r, std::span<double> d2_r,
                           std::span<double> d_coefficient) const {
    const std::size_t S = inputs_.pathways(), D = inputs_.size();
    const bool moments = inputs_.needs_moments(), first = !d_r.empty() || !d2_r.empty(), second = !d2_r.empty();
    const int order = second ? 2 : first ? 1 : 0;
    // One piece of memory for all: inputs, the basis's derivatives by them, theirs by the rates.
    const std::size_t of_basis = n * D * (1 + (first ? 1 : 0) + (second ? D : 0)),
                      of_inputs = moments ? n * D * S * ((first ? 1 : 0) + (second ? S : 0)) : 0;
    std::vector<double> memory(of_basis + of_inputs, 0.0);
    double *const input = memory.data(), *const gradient = input + D * n, *const hessian = gradient + D * n;
    double *const slope = memory.data() + of_basis, *const bend = slope + D * S * n;
    if (moments)
        moment_inputs(r, n, I, order, input, slope, bend);
    else
        for (std::size_t s = 0; s < S; ++s)
            for (std::size_t i = 0; i < n && inputs_.axis_of(s) != TransferInputs::no_axis; ++i)
                input[inputs_.axis_of(s) * n + i] += inputs_.unit_of(s) * r[s * n + i];

    std::vector<double*> axes(D * (1 + (first ? 1 : 0) + (second ? D : 0)));
    for (std::size_t k = 0; k < axes.size(); ++k) axes[k] = memory.data() + k * n; // in the order of the memory
    std::vector<const double*> in(axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(D));
    mfm_transfer_batch b{};
    b.size = sizeof b;
    b.n = static_cast<std::uint32_t>(n);
    b.input = in.data();
    b.lower = fit_.lower.data();
    b.upper = fit_.upper.data();
    b.coefficient = coefficients.data();
    b.value = rate.data();
    b.d_input = first ? axes.data() + D : nullptr;
    b.d2_input = second ? axes.data() + 2 * D : nullptr;
    std::vector<double*> dc;
    for (std::size_t k = 0; !d_coefficient.empty() && k < coefficients.size(); ++k) dc.push_back(&d_coefficient[k * n]);
    b.d_coefficient = dc.empty() ? nullptr : dc.data();
    mfm_error error = empty_error();
    check_status(table_->evaluate(basis_->self(), &b, &error), error, basis_->component(), "evaluate");
    if (!first) return;

    if (moments) {
        chain(n, gradient, second ? hessian : nullptr, slope, bend, d_r, d2_r);
        return;
    }
    for (std::size_t s = 0; s < S; ++s) { // every pathway moves one input
        const std::size_t k = inputs_.axis_of(s);
        for (std::size_t i = 0; i < n && !d_r.empty(); ++i)
            d_r[s * n + i] = k == TransferInputs::no_axis ? 0.0 : gradient[k * n + i] * inputs_.unit_of(s);
        for (std::size_t t = 0; t < S && second; ++t) {
            const std::size_t l = inputs_.axis_of(t);
            const bool moves = k != TransferInputs::no_axis && l != TransferInputs::no_axis;
            for (std::size_t i = 0; i < n; ++i)
                d2_r[(s * S + t) * n + i] =
                    moves ? hessian[(k * D + l) * n + i] * inputs_.unit_of(s) * inputs_.unit_of(t) : 0.0;
        }
    }
}

/// input [D][n], slope [D][S][n], bend [D][S][S][n] by the order.
void FittedTransfer::moment_inputs(std::span<const double> r, std::size_t n, double I, int order, double* input,
                                   double* slope, double* bend) const {
    const std::size_t S = inputs_.pathways(), D = inputs_.size();
    std::vector<double> at(S);
    InputPoint point;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t s = 0; s < S; ++s) at[s] = r[s * n + i];
        inputs_.evaluate(at, I, order, point);
        if (!point.defined) {
            std::string where;
            for (std::size_t s = 0; s < S; ++s)
                where += (s > 0 ? ", " : "") + inputs_.pathway_list()[s].name + " " + number_text(at[s], "Hz");
            throw Error(ExitCode::NotValid, "the transfer function of '" + fit_.population +
                                                "' is not defined at event rates " + where + ": " +
                                                std::string(point.reason) + "; use a basis in conductance space");
        }
        for (std::size_t k = 0; k < D; ++k) input[k * n + i] = point.x[k];
        for (std::size_t k = 0; k < point.d.size(); ++k) slope[k * n + i] = point.d[k];
        for (std::size_t k = 0; k < point.d2.size(); ++k) bend[k * n + i] = point.d2[k];
    }
}

/// From derivatives by inputs to those by event rates; hessian NULL: first ones alone.
void FittedTransfer::chain(std::size_t n, const double* gradient, const double* hessian, const double* slope,
                           const double* bend, std::span<double> d_r, std::span<double> d2_r) const {
    const std::size_t S = inputs_.pathways(), D = inputs_.size();
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t s = 0; s < S; ++s) {
            if (!d_r.empty()) {
                double sum = 0;
                for (std::size_t k = 0; k < D; ++k) sum += gradient[k * n + i] * slope[(k * S + s) * n + i];
                d_r[s * n + i] = sum;
            }
            for (std::size_t t = 0; t < S && hessian != nullptr; ++t) {
                double sum = 0;
                for (std::size_t k = 0; k < D; ++k) {
                    sum += gradient[k * n + i] * bend[((k * S + s) * S + t) * n + i];
                    for (std::size_t l = 0; l < D; ++l)
                        sum += hessian[(k * D + l) * n + i] * slope[(k * S + s) * n + i] * slope[(l * S + t) * n + i];
                }
                d2_r[(s * S + t) * n + i] = sum;
            }
        }
}

void FittedTransfer::evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                              std::span<double> d2_r) const {
    rates(fit_.value, 0.0, r, n, rate, d_r, d2_r);
}

void FittedTransfer::current_gain(std::span<const double> r, std::size_t n, std::span<double> gain,
                                  std::span<double> d_r) const {
    std::fill(gain.begin(), gain.end(), 0.0);
    std::fill(d_r.begin(), d_r.end(), 0.0);
    const double dI = fit_.current.dI;
    if (!(dI > 0)) return;
    constexpr double floor_hz = 1e-3;
    const std::size_t S = pathways();
    std::vector<double> plus(n), minus(n), d_plus(d_r.empty() ? 0 : S * n), d_minus(d_plus.size());
    rates(fit_.current.plus, dI, r, n, plus, d_plus, {});
    rates(fit_.current.minus, -dI, r, n, minus, d_minus, {});
    for (std::size_t i = 0; i < n; ++i) {
        const double up = plus[i] + floor_hz, down = minus[i] + floor_hz;
        const double g = (std::log(up) - std::log(down)) / (2 * dI);
        if (!(g > 0)) continue;
        gain[i] = g;
        for (std::size_t s = 0; s < S && !d_r.empty(); ++s)
            d_r[s * n + i] = (d_plus[s * n + i] / up - d_minus[s * n + i] / down) / (2 * dI);
    }
}

std::optional<double> FittedTransfer::average_se(std::span<const double> r, std::span<const double> weight) const {
    const std::size_t m = fit_.value.size(), n = weight.size();
    if (fit_.covariance.size() != m * m) return std::nullopt;
    std::vector<double> rate(n), d_coefficient(m * n), slope(m, 0.0);
    rates(fit_.value, 0.0, r, n, rate, {}, {}, d_coefficient);
    for (std::size_t k = 0; k < m; ++k)
        for (std::size_t i = 0; i < n; ++i) slope[k] += weight[i] * d_coefficient[k * n + i];
    double variance = 0, size = 0;
    for (std::size_t k = 0; k < m; ++k)
        for (std::size_t l = 0; l < m; ++l) {
            const double part = slope[k] * fit_.covariance[k * m + l] * slope[l];
            variance += part;
            size += std::abs(part);
        }
    const double rounding = 10.0 * static_cast<double>(m) * std::numeric_limits<double>::epsilon() * size;
    if (!std::isfinite(size) || !(variance > rounding)) return std::nullopt;
    return std::sqrt(variance);
}

bool FittedTransfer::inside(std::span<const double> r) const {
    const auto [G_e, G_i] = inputs_.conductances(r);
    return G_e >= fit_.G_e_lower && G_e <= fit_.G_e_upper && G_i >= fit_.G_i_lower && G_i <= fit_.G_i_upper;
}

} // namespace mfm
