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
    const int order = !d2_r.empty() ? 2 : !d_r.empty() ? 1 : 0;
    std::vector<InputPoint> points(n);
    std::vector<double> at(S), input(D * n), gradient(order > 0 ? D * n : 0), hessian(order > 1 ? D * D * n : 0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t s = 0; s < S; ++s) at[s] = r[s * n + i];
        inputs_.evaluate(at, I, order, points[i]);
        if (!points[i].defined) {
            std::string where;
            for (std::size_t s = 0; s < S; ++s)
                where += (s > 0 ? ", " : "") + inputs_.pathway_list()[s].name + " " + number_text(at[s], "Hz");
            throw Error(ExitCode::NotValid, "the transfer function of '" + fit_.population +
                                                "' is not defined at event rates " + where + ": " +
                                                std::string(points[i].reason) + "; use a basis in conductance space");
        }
        for (std::size_t k = 0; k < D; ++k) input[k * n + i] = points[i].x[k];
    }
    std::vector<const double*> in;
    std::vector<double*> d, d2, dc;
    for (std::size_t k = 0; !d_coefficient.empty() && k < coefficients.size(); ++k) dc.push_back(&d_coefficient[k * n]);
    for (std::size_t k = 0; k < D; ++k) in.push_back(&input[k * n]);
    for (std::size_t k = 0; order > 0 && k < D; ++k) d.push_back(&gradient[k * n]);
    for (std::size_t k = 0; order > 1 && k < D * D; ++k) d2.push_back(&hessian[k * n]);
    mfm_transfer_batch b{};
    b.size = sizeof b;
    b.n = static_cast<std::uint32_t>(n);
    b.input = in.data();
    b.lower = fit_.lower.data();
    b.upper = fit_.upper.data();
    b.coefficient = coefficients.data();
    b.value = rate.data();
    b.d_input = order > 0 ? d.data() : nullptr;
    b.d2_input = order > 1 ? d2.data() : nullptr;
    b.d_coefficient = dc.empty() ? nullptr : dc.data();
    mfm_error error = empty_error();
    check_status(table_->evaluate(basis_->self(), &b, &error), error, basis_->component(), "evaluate");

    for (std::size_t i = 0; order > 0 && i < n; ++i) {
        const InputPoint& p = points[i];
        for (std::size_t s = 0; s < S; ++s) {
            if (!d_r.empty()) {
                double sum = 0;
                for (std::size_t k = 0; k < D; ++k) sum += gradient[k * n + i] * p.d[k * S + s];
                d_r[s * n + i] = sum;
            }
            for (std::size_t t = 0; order > 1 && t < S; ++t) {
                double sum = 0;
                for (std::size_t k = 0; k < D; ++k) {
                    sum += gradient[k * n + i] * p.d2[(k * S + s) * S + t];
                    for (std::size_t l = 0; l < D; ++l)
                        sum += hessian[(k * D + l) * n + i] * p.d[k * S + s] * p.d[l * S + t];
                }
                d2_r[(s * S + t) * n + i] = sum;
            }
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
