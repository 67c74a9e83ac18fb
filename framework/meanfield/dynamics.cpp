// SPDX-License-Identifier: Apache-2.0
#include "meanfield/dynamics.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace mfm {
namespace {

constexpr double per_ms = 1e-3; ///< Hz in 1/ms

} // namespace

Dynamics::Dynamics(MeanFieldModel model) : model_(std::move(model)) {
    const std::size_t P = model_.populations().size();
    const bool synaptic = model_.config().dynamics == MeanFieldConfig::Dynamics::Synaptic;
    rate_index_.resize(P);
    adaptation_index_.resize(P);
    inputs_.resize(P);
    for (const std::size_t p : model_.internal()) rate_index_[p] = size_++;
    for (const std::size_t p : model_.internal())
        if (model_.adapts(p)) adaptation_index_[p] = size_++;
    for (const std::size_t p : model_.internal())
        for (const std::size_t s : model_.pathways_into(p)) {
            const Pathway& pathway = model_.pathways()[s];
            const std::size_t tap = tap_of(pathway.source, synaptic ? pathway.delay : 0.0);
            inputs_[p].push_back(synaptic ? Input{true, filter_of(tap, pathway.receptor)} : Input{false, tap});
        }
    if (model_.config().dynamics != MeanFieldConfig::Dynamics::MasterEquation || model_.config().order < 2) return;
    std::vector<bool> driven(P, false);
    for (const Tap& tap : taps_) driven[tap.source] = !model_.populations()[tap.source].drive;
    master_.emplace(model_, rate_index_, driven, size_);
    size_ += master_->size();
}

std::size_t Dynamics::tap_of(std::size_t source, double delay) {
    for (std::size_t i = 0; i < taps_.size(); ++i)
        if (taps_[i].source == source && taps_[i].delay == delay) return i;
    taps_.push_back({source, delay, model_.populations()[source].external});
    return taps_.size() - 1;
}

std::size_t Dynamics::filter_of(std::size_t tap, const mfm_receptor& receptor) {
    double tau_first = 0;
    if (receptor.shape == MFM_RECEPTOR_ALPHA) tau_first = receptor.tau;
    if (receptor.shape == MFM_RECEPTOR_BIEXPONENTIAL) tau_first = receptor.tau_rise;
    if (receptor.shape > MFM_RECEPTOR_DELTA || !(tau_first >= 0))
        throw InputError(
            fmt::format("a receptor of shape {} and tau_rise {} ms has no filter in the mean field: use exponential, "
                        "alpha, biexponential or delta receptors",
                        receptor.shape, receptor.tau_rise));
    for (std::size_t i = 0; i < filters_.size(); ++i)
        if (filters_[i].tap == tap && filters_[i].tau_first == tau_first && filters_[i].tau == receptor.tau) return i;
    Filter filter{tap, tau_first, receptor.tau, 0, 0};
    filter.a = size_++;
    filter.b = tau_first > 0 ? size_++ : filter.a;
    filters_.push_back(filter);
    return filters_.size() - 1;
}

std::optional<double> Dynamics::least_delay() const {
    std::optional<double> least;
    for (const Tap& tap : taps_)
        if (!tap.external && tap.delay > 0) least = std::min(least.value_or(tap.delay), tap.delay);
    return least;
}

std::string Dynamics::state_name(std::size_t i) const {
    for (const std::size_t p : model_.internal()) {
        if (rate_index_[p] == i) return "the rate of " + model_.populations()[p].name;
        if (adaptation_index_[p] == i) return "the adaptation of " + model_.populations()[p].name;
    }
    for (const Filter& filter : filters_)
        if (filter.a == i || filter.b == i)
            return fmt::format("the filtered rate of {} ({} ms late)",
                               model_.populations()[taps_[filter.tap].source].name, taps_[filter.tap].delay);
    if (master_)
        for (const auto& [a, b] : master_->pairs())
            if (master_->index(a, b) == i)
                return fmt::format("the covariance of {} and {}", model_.populations()[a].name,
                                   model_.populations()[b].name);
    return "nothing";
}

Eigen::VectorXd Dynamics::settled(std::span<const double> rate_hz) const {
    Eigen::VectorXd y(static_cast<Eigen::Index>(size_));
    for (const std::size_t p : model_.internal()) {
        const PopulationModel& population = model_.populations()[p];
        y[static_cast<Eigen::Index>(*rate_index_[p])] = rate_hz[p];
        if (adaptation_index_[p])
            y[static_cast<Eigen::Index>(*adaptation_index_[p])] =
                population.adaptation_increment / population.adaptation_rate * per_ms * rate_hz[p];
    }
    for (const Filter& filter : filters_) {
        y[static_cast<Eigen::Index>(filter.a)] = rate_hz[taps_[filter.tap].source];
        y[static_cast<Eigen::Index>(filter.b)] = rate_hz[taps_[filter.tap].source];
    }
    MasterEquation::Workspace work;
    if (master_) static_cast<void>(master_->settle(model_, rate_hz, size_, y.data(), work));
    return y;
}

double Dynamics::tap_value(const double* y, const double* u, std::size_t tap) const {
    return taps_[tap].immediate() ? y[*rate_index_[taps_[tap].source]] : u[tap];
}

void Dynamics::presynaptic(std::size_t p, const double* y, const double* u, std::vector<double>& nu) const {
    nu.clear();
    for (const Input& input : inputs_[p]) {
        const double value = input.filtered ? y[filters_[input.index].b] : tap_value(y, u, input.index);
        nu.push_back(value < 0 ? 0.0 : value); // lets NaN through
    }
}

void Dynamics::all_rates(const double* y, const double* u, std::vector<double>& nu) const {
    nu.assign(model_.populations().size(), 0.0);
    for (const std::size_t p : model_.internal()) nu[p] = y[*rate_index_[p]];
    for (std::size_t tap = 0; tap < taps_.size(); ++tap)
        if (taps_[tap].external) nu[taps_[tap].source] = u[tap];
}

void Dynamics::derivative(const double* y, const double* u, double* dy, Workspace& work) const {
    const double T = model_.config().T;
    if (master_) {
        all_rates(y, u, work.nu);
        master_->derivative(model_, y, work.nu, dy, work.master);
        return;
    }
    for (const std::size_t p : model_.internal()) {
        presynaptic(p, y, u, work.nu);
        const bool adapts = adaptation_index_[p].has_value();
        model_.average(p, work.nu, 0, adapts, work.average, work.rate);
        model_.check(p, work.nu, work.rate);
        const double nu = y[*rate_index_[p]];
        double drive = work.rate.F;
        if (adapts) {
            const double k_2 = model_.populations()[p].adaptation_rate,
                         A_2 = model_.populations()[p].adaptation_increment;
            const double W = y[*adaptation_index_[p]];
            const double W_ss = A_2 / k_2 * per_ms * work.rate.F;
            drive *= std::exp(-work.rate.g * (W - W_ss));
            dy[*adaptation_index_[p]] = -k_2 * W + A_2 * per_ms * nu;
        }
        dy[*rate_index_[p]] = (drive - nu) / T;
    }
    for (const Filter& filter : filters_) {
        const double input = tap_value(y, u, filter.tap);
        if (filter.tau_first > 0) {
            dy[filter.a] = (input - y[filter.a]) / filter.tau_first;
            dy[filter.b] = (y[filter.a] - y[filter.b]) / filter.tau;
        } else {
            dy[filter.b] = (input - y[filter.b]) / filter.tau;
        }
    }
}

void Dynamics::jacobian(const double* y, const double* u, double* J, double* B, Workspace& work) const {
    const double T = model_.config().T;
    const std::size_t n = size_;
    std::fill(J, J + n * n, 0.0);
    if (B != nullptr) std::fill(B, B + n * taps_.size(), 0.0);
    if (master_) {
        const auto column = [&](std::size_t k) -> double* {
            if (rate_index_[k]) return J + *rate_index_[k] * n;
            for (std::size_t tap = 0; tap < taps_.size() && B != nullptr; ++tap)
                if (taps_[tap].source == k) return B + tap * n;
            return nullptr;
        };
        all_rates(y, u, work.nu);
        master_->jacobian(model_, y, work.nu, n, J, column, work.master);
        return;
    }
    const auto by_tap = [&](std::size_t row, std::size_t tap, double value) {
        if (taps_[tap].immediate())
            J[*rate_index_[taps_[tap].source] * n + row] += value;
        else if (B != nullptr)
            B[tap * n + row] += value;
    };
    for (const std::size_t p : model_.internal()) {
        presynaptic(p, y, u, work.nu);
        const bool adapts = adaptation_index_[p].has_value();
        model_.average(p, work.nu, 1, adapts, work.average, work.rate);
        model_.check(p, work.nu, work.rate);
        const std::size_t row = *rate_index_[p];
        const PopulationRate& rate = work.rate;
        double factor = 1, D = 0, slope = 1; // slope: by F of F exp(-g (W - c F)), over factor
        if (adapts) {
            const double k_2 = model_.populations()[p].adaptation_rate,
                         A_2 = model_.populations()[p].adaptation_increment;
            const double c = A_2 / k_2 * per_ms;
            const std::size_t w = *adaptation_index_[p];
            D = y[w] - c * rate.F;
            factor = std::exp(-rate.g * D);
            slope = 1 + rate.F * rate.g * c;
            J[w * n + row] += -rate.F * rate.g * factor / T;
            J[w * n + w] += -k_2;
            J[row * n + w] += A_2 * per_ms;
        }
        J[row * n + row] += -1 / T;
        for (std::size_t i = 0; i < inputs_[p].size(); ++i) {
            const Input& input = inputs_[p][i];
            const double value = input.filtered ? y[filters_[input.index].b] : tap_value(y, u, input.index);
            if (value < 0) continue; // counted as 0, whatever it is
            const double derivative = factor * (rate.dF[i] * slope - rate.F * D * rate.dg[i]) / T;
            if (input.filtered)
                J[filters_[input.index].b * n + row] += derivative;
            else
                by_tap(row, input.index, derivative);
        }
    }
    for (const Filter& filter : filters_) {
        const double tau_in = filter.tau_first > 0 ? filter.tau_first : filter.tau;
        J[filter.a * n + filter.a] += -1 / tau_in;
        by_tap(filter.a, filter.tap, 1 / tau_in);
        if (filter.tau_first > 0) {
            J[filter.a * n + filter.b] += 1 / filter.tau;
            J[filter.b * n + filter.b] += -1 / filter.tau;
        }
    }
}

} // namespace mfm
