// SPDX-License-Identifier: Apache-2.0
#include "transfer/adapting_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plugin/settings.hpp"
#include "simulate/neuron_group.hpp"
#include "transfer/sample.hpp"

namespace mfm {

SettledAdaptation settled_adaptation(const PopulationConfig& config) {
    const Adaptation a = adaptation_of(config);
    if (!(a.rate > 0)) return {};
    const NeuronGroup group(config, 1, 0.1, 1, 0);
    const auto& table = group.instance().table<mfm_neuron_v1>(MFM_NEURON_ID);
    const auto w = static_cast<std::size_t>(group.state_with_role(MFM_ROLE_ADAPTATION));
    const int voltage = group.state_with_role(MFM_ROLE_VOLTAGE);
    const mfm_field* const* fields = nullptr;
    std::uint32_t n = 0;
    mfm_error error = empty_error();
    check_status(table.states(group.instance().self(), &fields, &n, &error), error, group.instance().component(),
                 "states", config.where);
    SettledAdaptation out;
    out.per_hz = 1e-3 * a.increment / a.rate;
    if (voltage < 0) return out;
    // w' = -k_2 w + c(V): its rest at V is c(V) / k_2.
    const auto rest_at = [&](double V) {
        std::vector<double> x(n), g(group.ports() + 1, 0.0), dx(n), jacobian(n * (n + group.ports()));
        for (std::uint32_t i = 0; i < n; ++i) x[i] = group.state(i)[0];
        x[w] = 0.0;
        x[static_cast<std::size_t>(voltage)] = V;
        const mfm_subthreshold q{sizeof(mfm_subthreshold), 0,      x.data(), g.data(), nullptr, dx.data(),
                                 jacobian.data(),          nullptr};
        check_status(table.subthreshold(group.instance().self(), &q, &error), error, group.instance().component(),
                     "subthreshold", config.where);
        return dx[w] / a.rate;
    };
    const double low = rest_at(-80.0), middle = rest_at(-65.0), high = rest_at(-50.0);
    if (std::abs(low - 2 * middle + high) > 1e-6 * (1.0 + std::abs(low) + std::abs(high)))
        throw InputError(config.where,
                         fmt::format("population '{}': its adaptation below threshold is no straight line in the "
                                     "potential, which transfer.adaptation = \"explicit\" needs",
                                     config.name));
    out.per_mV = (high - low) / 30.0;
    out.offset = middle + 65.0 * out.per_mV;
    return out;
}

AdaptingTransfer::AdaptingTransfer(TransferFit fit, std::shared_ptr<const Instance> basis, TransferInputs inputs)
    : fit_(std::move(fit)), basis_(std::move(basis)), inputs_(std::move(inputs)), adaptation_(fit_.adaptation.value()) {
    const int kind = basis_->setting_with_role(MFM_ROLE_MOMENTS);
    if (!inputs_.needs_moments() || kind < 0 ||
        moment_kind(basis_->settings()[static_cast<std::size_t>(kind)].text) == MomentKind::Linearised)
        throw InputError(
            fmt::format("transfer.adaptation = \"explicit\" needs a basis on the moments of a leaky membrane, which "
                        "know nothing of adaptation, and '{}' as it is set here has none; choose one with "
                        "moments = \"shot_noise\", or adaptation = \"included\"",
                        basis_->component().id()));
}

void AdaptingTransfer::expand(std::span<const double> r, double I, int order, Expansion& out) const {
    const std::size_t D = inputs_.size(), V = r.size() + 1;
    inputs_.evaluate(r, I, order, out.point, true);
    if (!out.point.defined)
        throw Error(ExitCode::NotValid,
                    fmt::format("the transfer function of '{}' is not defined at a current of {} pA: {}",
                                fit_.population, I, out.point.reason));
    std::vector<double> memory(D + D * D, 0.0);
    std::vector<const double*> in(D);
    std::vector<double*> d(D + D * D);
    for (std::size_t k = 0; k < D; ++k) in[k] = &out.point.x[k];
    for (std::size_t k = 0; k < d.size(); ++k) d[k] = &memory[k];
    mfm_transfer_batch b{};
    b.size = sizeof b;
    b.n = 1;
    b.input = in.data();
    b.lower = fit_.lower.data();
    b.upper = fit_.upper.data();
    b.coefficient = fit_.value.data();
    b.value = &out.F;
    b.d_input = order > 0 ? d.data() : nullptr;
    b.d2_input = order > 1 ? d.data() + D : nullptr;
    mfm_error error = empty_error();
    check_status(basis_->table<mfm_transfer_v1>(MFM_TRANSFER_ID).evaluate(basis_->self(), &b, &error), error,
                 basis_->component(), "evaluate");
    out.mu = out.point.moments.value[MembraneMoments::MuV];
    out.dmu = out.point.moments.d[MembraneMoments::MuV];
    out.d2mu = out.point.moments.d2[MembraneMoments::MuV];
    out.dF.assign(order > 0 ? V : 0, 0.0);
    out.d2F.assign(order > 1 ? V * V : 0, 0.0);
    for (std::size_t k = 0; k < D; ++k)
        for (std::size_t s = 0; s < out.dF.size(); ++s) {
            out.dF[s] += memory[k] * out.point.d[k * V + s];
            for (std::size_t t = 0; order > 1 && t < V; ++t) {
                out.d2F[s * V + t] += memory[k] * out.point.d2[(k * V + s) * V + t];
                for (std::size_t l = 0; l < D; ++l)
                    out.d2F[s * V + t] += memory[D + k * D + l] * out.point.d[k * V + s] * out.point.d[l * V + t];
            }
        }
}

void AdaptingTransfer::settle(std::span<const double> r, int order, Expansion& out) const {
    // h(I) = I + w rises with I: more current, more rate, more adaptation.
    const auto excess = [&](double I) {
        expand(r, I, 1, out);
        return I + adaptation_.per_hz * out.F + adaptation_.per_mV * out.mu + adaptation_.offset;
    };
    double low = 0, high = 0, I = 0, h = excess(0), width = 1;
    if (h > 0)
        for (low = -width; excess(low) > 0 && width < 1e9; low -= width) width *= 2;
    else
        for (high = width; excess(high) < 0 && width < 1e9; high += width) width *= 2;
    for (int iteration = 0; iteration < 200; ++iteration) {
        h = excess(I);
        (h > 0 ? high : low) = I;
        const double slope = 1 + adaptation_.per_hz * out.dF.back() + adaptation_.per_mV * out.dmu.back();
        double next = slope > 0 ? I - h / slope : low - 1;
        if (!(next >= low && next <= high)) next = 0.5 * (low + high);
        const double step = next - I;
        I = next;
        if (std::abs(step) <= 1e-13 * (1.0 + std::abs(I))) break;
    }
    expand(r, I, std::max(order, 1), out);
}

std::vector<double> AdaptingTransfer::current_slope(const Expansion& at) const {
    std::vector<double> slope(at.dF.size() - 1);
    const double by_current = 1 + adaptation_.per_hz * at.dF.back() + adaptation_.per_mV * at.dmu.back();
    for (std::size_t s = 0; s < slope.size(); ++s)
        slope[s] = -(adaptation_.per_hz * at.dF[s] + adaptation_.per_mV * at.dmu[s]) / by_current;
    return slope;
}

void AdaptingTransfer::evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                                std::span<double> d2_r) const {
    const std::size_t S = pathways(), V = S + 1;
    const int order = !d2_r.empty() ? 2 : !d_r.empty() ? 1 : 0;
    std::vector<double> at(S);
    Expansion e;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t s = 0; s < S; ++s) at[s] = r[s * n + i];
        settle(at, order, e);
        rate[i] = e.F;
        if (order == 0) continue;
        const std::vector<double> I = current_slope(e);
        for (std::size_t s = 0; s < S && !d_r.empty(); ++s) d_r[s * n + i] = e.dF[s] + e.dF[S] * I[s];
        if (order < 2) continue;
        const double by_current = 1 + adaptation_.per_hz * e.dF[S] + adaptation_.per_mV * e.dmu[S];
        const auto along = [&](const std::vector<double>& d2, std::size_t s, std::size_t t) { // with I following
            return d2[s * V + t] + d2[s * V + S] * I[t] + d2[t * V + S] * I[s] + d2[S * V + S] * I[s] * I[t];
        };
        for (std::size_t s = 0; s < S; ++s)
            for (std::size_t t = 0; t < S; ++t) {
                const double F2 = along(e.d2F, s, t), mu2 = along(e.d2mu, s, t);
                const double I2 = -(adaptation_.per_hz * F2 + adaptation_.per_mV * mu2) / by_current;
                d2_r[(s * S + t) * n + i] = F2 + e.dF[S] * I2;
            }
    }
}

void AdaptingTransfer::current_gain(std::span<const double> r, std::size_t n, std::span<double> gain,
                                    std::span<double> d_r) const {
    constexpr double floor_hz = 1e-3;
    const std::size_t S = pathways(), V = S + 1;
    std::fill(gain.begin(), gain.end(), 0.0);
    std::fill(d_r.begin(), d_r.end(), 0.0);
    std::vector<double> at(S);
    Expansion e;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t s = 0; s < S; ++s) at[s] = r[s * n + i];
        settle(at, d_r.empty() ? 1 : 2, e);
        const double F = e.F + floor_hz, follows = 1 + adaptation_.per_mV * e.dmu[S];
        const double g = e.dF[S] / (F * follows);
        if (!(g > 0)) continue;
        gain[i] = g;
        if (d_r.empty()) continue;
        const std::vector<double> I = current_slope(e);
        for (std::size_t s = 0; s < S; ++s) {
            const double dF = e.dF[s] + e.dF[S] * I[s], dF_I = e.d2F[s * V + S] + e.d2F[S * V + S] * I[s],
                         dmu_I = e.d2mu[s * V + S] + e.d2mu[S * V + S] * I[s];
            d_r[s * n + i] = dF_I / (F * follows) - g * dF / F - g * adaptation_.per_mV * dmu_I / follows;
        }
    }
}

bool AdaptingTransfer::inside(std::span<const double> r) const {
    const auto [G_e, G_i] = inputs_.conductances(r);
    return G_e >= fit_.G_e_lower && G_e <= fit_.G_e_upper && G_i >= fit_.G_i_lower && G_i <= fit_.G_i_upper;
}

} // namespace mfm
