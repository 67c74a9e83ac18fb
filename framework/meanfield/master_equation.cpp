// SPDX-License-Identifier: Apache-2.0
#include "meanfield/master_equation.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace mfm {
namespace {

Eigen::Index index_of(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

/// 1/T in Hz.
double inverse_T(const MeanFieldModel& model) {
    return 1e3 / model.config().T;
}

} // namespace

MasterEquation::MasterEquation(const MeanFieldModel& model, std::vector<std::optional<std::size_t>> rate_index,
                               const std::vector<bool>& driven, std::size_t first)
    : rate_index_(std::move(rate_index)), first_(first) {
    const std::size_t P = model.populations().size();
    index_.resize(P * P);
    for (std::size_t a = 0; a < P; ++a) {
        const PopulationModel& population = model.populations()[a];
        if (population.n == 0)
            throw InputError(fmt::format("population '{}' has no cells, and the second order of the master equation "
                                         "needs their number",
                                         population.name));
        unit_.push_back(inverse_T(model) / static_cast<double>(population.n));
        for (std::size_t b = a; b < P; ++b) {
            const auto takes_part = [&](std::size_t p) { return !model.populations()[p].external || driven[p]; };
            if (!takes_part(a) || !takes_part(b)) continue;
            if (a != b && population.external && model.populations()[b].external) continue;
            index_[a * P + b] = index_[b * P + a] = first_ + pairs_.size();
            pairs_.emplace_back(a, b);
        }
    }
}

std::optional<std::size_t> MasterEquation::index(std::size_t a, std::size_t b) const {
    return index_[a * unit_.size() + b];
}

Eigen::MatrixXd MasterEquation::covariance(const double* y) const {
    Eigen::MatrixXd C = Eigen::MatrixXd::Zero(index_of(unit_.size()), index_of(unit_.size()));
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const auto [a, b] = pairs_[i];
        C(index_of(a), index_of(b)) = C(index_of(b), index_of(a)) = y[first_ + i];
    }
    return C;
}

double MasterEquation::relative_lowest_eigenvalue(const double* y) const {
    Eigen::MatrixXd C = covariance(y);
    for (std::size_t a = 0; a < unit_.size(); ++a) {
        C.row(index_of(a)) /= std::sqrt(unit_[a]);
        C.col(index_of(a)) /= std::sqrt(unit_[a]);
    }
    const Eigen::VectorXd values =
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(C, Eigen::EigenvaluesOnly).eigenvalues();
    const double largest = values.cwiseAbs().maxCoeff();
    return largest > 0 ? values.minCoeff() / largest : 0.0;
}

void MasterEquation::expand(const MeanFieldModel& model, std::span<const double> nu, Workspace& work) const {
    const Eigen::Index P = index_of(nu.size());
    TransferExpansion& out = work.expansion;
    out.F = Eigen::Map<const Eigen::VectorXd>(nu.data(), P);
    out.J.setZero(P, P);
    out.H.resize(nu.size());
    for (const std::size_t a : model.internal()) {
        const auto& into = model.pathways_into(a);
        work.presynaptic.clear();
        for (const std::size_t s : into) {
            const double rate = nu[model.pathways()[s].source];
            work.presynaptic.push_back(rate < 0 ? 0.0 : rate); // lets NaN through
        }
        model.average(a, work.presynaptic, 2, false, work.average, work.rate);
        model.check(a, work.presynaptic, work.rate);
        out.F(index_of(a)) = work.rate.F;
        Eigen::MatrixXd& H = out.H[a];
        H.setZero(P, P);
        for (std::size_t s = 0; s < into.size(); ++s) {
            const Eigen::Index b = index_of(model.pathways()[into[s]].source);
            if (nu[static_cast<std::size_t>(b)] < 0) continue; // counted as 0, whatever it is
            out.J(index_of(a), b) += work.rate.dF[s];
            for (std::size_t t = 0; t < into.size(); ++t) {
                const Eigen::Index c = index_of(model.pathways()[into[t]].source);
                if (nu[static_cast<std::size_t>(c)] >= 0) H(b, c) += work.rate.d2F[s * into.size() + t];
            }
        }
    }
}

void MasterEquation::prepare(const MeanFieldModel& model, const double* y, std::span<const double> nu,
                             Workspace& work) const {
    expand(model, nu, work);
    work.C = covariance(y);
}

void MasterEquation::derivative(const MeanFieldModel& model, const double* y, std::span<const double> nu, double* dy,
                                Workspace& work) const {
    prepare(model, y, nu, work);
    const double T = model.config().T;
    const TransferExpansion& at = work.expansion;
    for (const std::size_t a : model.internal())
        dy[*rate_index_[a]] = (at.F(index_of(a)) - nu[a] + 0.5 * at.H[a].cwiseProduct(work.C).sum()) / T;
    work.flow.noalias() = at.J * work.C;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const auto [p, q] = pairs_[i];
        const Eigen::Index a = index_of(p), b = index_of(q);
        double flow = work.flow(a, b) + work.flow(b, a) - 2 * work.C(a, b) + (at.F(a) - nu[p]) * (at.F(b) - nu[q]);
        if (a == b) flow += at.F(a) * (inverse_T(model) - at.F(a)) / static_cast<double>(model.populations()[p].n);
        dy[first_ + i] = flow / T;
    }
}

double MasterEquation::correction_slope(const MeanFieldModel& model, std::span<const double> nu, std::size_t a,
                                        std::size_t k, Workspace& work) const {
    const auto& into = model.pathways_into(a);
    // 1/2 sum C d2F along the rate of k; a step that costs a Jacobian nothing, a few times 1e-9 of it.
    const double h = 1e-4 * std::max(1.0, std::abs(nu[k])), low = std::max(nu[k] - h, 0.0),
                 high = std::max(nu[k], 0.0) + h;
    const auto correction = [&](double rate_of_k) {
        work.presynaptic.clear();
        for (const std::size_t s : into) {
            const std::size_t source = model.pathways()[s].source;
            work.presynaptic.push_back(source == k ? rate_of_k : std::max(nu[source], 0.0));
        }
        model.average(a, work.presynaptic, 2, false, work.average, work.rate);
        double sum = 0;
        for (std::size_t s = 0; s < into.size(); ++s)
            for (std::size_t t = 0; t < into.size(); ++t) {
                const std::size_t b = model.pathways()[into[s]].source, c = model.pathways()[into[t]].source;
                if (nu[b] >= 0 && nu[c] >= 0)
                    sum += 0.5 * work.C(index_of(b), index_of(c)) * work.rate.d2F[s * into.size() + t];
            }
        return sum;
    };
    const double up = correction(high);
    return (up - correction(low)) / (high - low);
}

void MasterEquation::by_rate(const MeanFieldModel& model, std::span<const double> nu, std::size_t k, double* out,
                             Workspace& work) const {
    const double T = model.config().T;
    const TransferExpansion& at = work.expansion;
    const Eigen::Index K = index_of(k);
    const bool external = model.populations()[k].external;
    const auto slope = [&](Eigen::Index a) { return a == K && external ? 1.0 : at.J(a, K); }; // dF_a / dnu_k
    const auto lag = [&](std::size_t a) { return slope(index_of(a)) - (a == k ? 1.0 : 0.0); };
    for (const std::size_t a : model.internal()) {
        const bool reaches = nu[k] >= 0 && std::any_of(model.pathways_into(a).begin(), model.pathways_into(a).end(),
                                                       [&](std::size_t s) { return model.pathways()[s].source == k; });
        out[*rate_index_[a]] += (lag(a) + (reaches ? correction_slope(model, nu, a, k, work) : 0.0)) / T;
    }
    const auto bend = [&](std::size_t a, Eigen::Index b) { // sum_c C_bc d2F_a / dnu_c dnu_k
        return model.populations()[a].external ? 0.0 : at.H[a].row(K).dot(work.C.row(b));
    };
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const auto [p, q] = pairs_[i];
        const Eigen::Index a = index_of(p), b = index_of(q);
        double value = bend(p, b) + bend(q, a) + lag(p) * (at.F(b) - nu[q]) + lag(q) * (at.F(a) - nu[p]);
        if (a == b)
            value += slope(a) * (inverse_T(model) - 2 * at.F(a)) / static_cast<double>(model.populations()[p].n);
        out[first_ + i] += value / T;
    }
}

void MasterEquation::by_covariances(const MeanFieldModel& model, std::size_t n, double* J,
                                    const Workspace& work) const {
    const double T = model.config().T;
    const std::size_t P = unit_.size();
    const TransferExpansion& at = work.expansion;
    for (std::size_t j = 0; j < pairs_.size(); ++j) {
        const auto [c, d] = pairs_[j];
        double* column = J + (first_ + j) * n;
        const double both = c == d ? 0.5 : 1.0; // C_cd stands for C_dc, too
        for (const std::size_t a : model.internal())
            column[*rate_index_[a]] += both * at.H[a](index_of(c), index_of(d)) / T;
        column[first_ + j] += -2 / T;
        const auto feed = [&](std::size_t a, std::size_t b, double value) { // d C_ab' over the same for C_ba
            if (const auto row = index(a, b)) column[*row] += value * (a == b ? 2.0 : 1.0) / T;
        };
        for (std::size_t a = 0; a < P; ++a) { // (J C)_ab + (C J^T)_ab
            feed(a, d, at.J(index_of(a), index_of(c)));
            if (c != d) feed(a, c, at.J(index_of(a), index_of(d)));
        }
    }
}

bool MasterEquation::settle(const MeanFieldModel& model, std::span<const double> nu, std::size_t n, double* y,
                            Workspace& work) const {
    std::fill(y + first_, y + first_ + size(), 0.0);
    std::vector<double> dy(n), J(n * n, 0.0);
    derivative(model, y, nu, dy.data(), work);
    by_covariances(model, n, J.data(), work);
    const Eigen::Index S = index_of(size()), first = index_of(first_);
    const Eigen::MatrixXd L =
        Eigen::Map<const Eigen::MatrixXd>(J.data(), index_of(n), index_of(n)).block(first, first, S, S);
    const Eigen::VectorXd source = Eigen::Map<const Eigen::VectorXd>(dy.data() + first_, S),
                          C = -L.fullPivLu().solve(source);
    if (!C.allFinite() || (L * C + source).norm() > 1e-6 * source.norm()) return false;
    std::copy(C.data(), C.data() + S, y + first_);
    return true;
}

} // namespace mfm
