// SPDX-License-Identifier: Apache-2.0
#include "meanfield/stability.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace mfm {
namespace {

using Complex = std::complex<double>;
using ComplexMatrix = Eigen::MatrixXcd;
using ComplexVector = Eigen::VectorXcd;

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

void sort_rightmost(std::vector<Complex>& values) {
    std::sort(values.begin(), values.end(), [](const Complex& a, const Complex& b) {
        return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
    });
}

/// lambda - A - sum B exp(-lambda d), and its derivative by lambda.
void characteristic(const Dynamics& dynamics, const Linearisation& linear, Complex lambda, ComplexMatrix& M,
                    ComplexMatrix& dM) {
    M = -linear.A.cast<Complex>();
    M.diagonal().array() += lambda;
    dM.setIdentity(M.rows(), M.cols());
    for (std::size_t tap = 0; tap < dynamics.taps().size(); ++tap) {
        const Dynamics::Tap& t = dynamics.taps()[tap];
        if (t.external || t.immediate()) continue;
        const Complex shift = std::exp(-lambda * t.delay);
        const auto column = index(dynamics.rate_index(t.source));
        M.col(column) -= shift * linear.B.col(index(tap));
        dM.col(column) += t.delay * shift * linear.B.col(index(tap));
    }
}

/// Newton's method on M(lambda) v = 0, c v = 1.  False when it does not converge.
bool polish(const Dynamics& dynamics, const Linearisation& linear, Complex& lambda) {
    const Eigen::Index n = linear.A.rows();
    ComplexMatrix M, dM;
    characteristic(dynamics, linear, lambda, M, dM);
    ComplexVector v = ComplexVector::Ones(n).normalized();
    for (int i = 0; i < 2; ++i) { // inverse iteration for a first vector
        v = M.partialPivLu().solve(v);
        if (!v.allFinite() || v.norm() == 0) return false;
        v.normalize();
    }
    const ComplexVector c = v;
    for (int i = 0; i < 8; ++i) {
        characteristic(dynamics, linear, lambda, M, dM);
        ComplexMatrix bordered = ComplexMatrix::Zero(n + 1, n + 1);
        bordered.topLeftCorner(n, n) = M;
        bordered.topRightCorner(n, 1) = dM * v;
        bordered.bottomLeftCorner(1, n) = c.adjoint();
        ComplexVector residual(n + 1);
        residual.head(n) = -(M * v);
        residual(n) = 1.0 - c.dot(v);
        const ComplexVector step = bordered.partialPivLu().solve(residual);
        if (!step.allFinite()) return false;
        v += step.head(n);
        lambda += step(n);
        if (std::abs(step(n)) <= 1e-12 * (1e-3 + std::abs(lambda))) return true;
    }
    return false;
}

} // namespace

Linearisation linearise(const Dynamics& dynamics, std::span<const double> rate_hz) {
    const Eigen::VectorXd y = dynamics.settled(rate_hz);
    std::vector<double> u;
    for (const Dynamics::Tap& tap : dynamics.taps()) u.push_back(rate_hz[tap.source]);
    Linearisation linear{Eigen::MatrixXd(y.size(), y.size()), Eigen::MatrixXd(y.size(), index(u.size()))};
    Dynamics::Workspace work;
    dynamics.jacobian(y.data(), u.data(), linear.A.data(), linear.B.data(), work);
    return linear;
}

std::vector<Complex> eigenvalues_without_delays(const Dynamics& dynamics, const Linearisation& linear) {
    Eigen::MatrixXd J = linear.A;
    for (std::size_t tap = 0; tap < dynamics.taps().size(); ++tap)
        if (const Dynamics::Tap& t = dynamics.taps()[tap]; !t.external && !t.immediate())
            J.col(index(dynamics.rate_index(t.source))) += linear.B.col(index(tap));
    const Eigen::EigenSolver<Eigen::MatrixXd> solver(J, false);
    std::vector<Complex> values(solver.eigenvalues().data(), solver.eigenvalues().data() + J.rows());
    sort_rightmost(values);
    return values;
}

std::vector<Complex> eigenvalues_with_delays(const Dynamics& dynamics, const Linearisation& linear, std::size_t most) {
    double longest = 0;
    std::vector<std::size_t> sources; // whose past matters
    for (const Dynamics::Tap& tap : dynamics.taps()) {
        if (tap.external || tap.immediate()) continue;
        longest = std::max(longest, tap.delay);
        if (std::find(sources.begin(), sources.end(), tap.source) == sources.end()) sources.push_back(tap.source);
    }
    most = std::min(most, dynamics.size());
    if (sources.empty()) {
        std::vector<Complex> values = eigenvalues_without_delays(dynamics, linear);
        values.resize(most);
        return values;
    }
    // Chebyshev points theta_0 = 0 ... theta_N = -longest, with their differentiation matrix and barycentric weights.
    constexpr std::size_t N = 24;
    std::vector<double> theta(N + 1), weight(N + 1);
    for (std::size_t j = 0; j <= N; ++j) {
        theta[j] = 0.5 * longest * (std::cos(std::numbers::pi * static_cast<double>(j) / N) - 1);
        weight[j] = (j % 2 == 0 ? 1.0 : -1.0) * (j == 0 || j == N ? 0.5 : 1.0);
    }
    Eigen::MatrixXd D = Eigen::MatrixXd::Zero(N + 1, N + 1);
    for (std::size_t i = 0; i <= N; ++i)
        for (std::size_t j = 0; j <= N; ++j)
            if (i != j) {
                D(index(i), index(j)) = weight[j] / weight[i] / (theta[i] - theta[j]);
                D(index(i), index(i)) -= D(index(i), index(j));
            }
    const std::size_t n = dynamics.size(), total = n + sources.size() * N;
    // Unknowns: the state now, then each source's rate at theta_1 .. theta_N.
    const auto position = [&](std::size_t source, std::size_t j) {
        return index(j == 0 ? dynamics.rate_index(sources[source]) : n + source * N + j - 1);
    };
    Eigen::MatrixXd G = Eigen::MatrixXd::Zero(index(total), index(total));
    G.topLeftCorner(index(n), index(n)) = linear.A;
    for (std::size_t tap = 0; tap < dynamics.taps().size(); ++tap) {
        const Dynamics::Tap& t = dynamics.taps()[tap];
        if (t.external || t.immediate()) continue;
        const auto source =
            static_cast<std::size_t>(std::find(sources.begin(), sources.end(), t.source) - sources.begin());
        std::vector<double> lagrange(N + 1, 0.0);
        double sum = 0;
        bool at_point = false;
        for (std::size_t j = 0; j <= N && !at_point; ++j) {
            const double distance = -t.delay - theta[j];
            if (std::abs(distance) < 1e-13 * longest) {
                std::fill(lagrange.begin(), lagrange.end(), 0.0);
                lagrange[j] = sum = 1;
                at_point = true;
            } else {
                lagrange[j] = weight[j] / distance;
                sum += lagrange[j];
            }
        }
        for (std::size_t j = 0; j <= N; ++j)
            G.col(position(source, j)).head(index(n)) += lagrange[j] / sum * linear.B.col(index(tap));
    }
    for (std::size_t source = 0; source < sources.size(); ++source)
        for (std::size_t i = 1; i <= N; ++i)
            for (std::size_t j = 0; j <= N; ++j) G(position(source, i), position(source, j)) += D(index(i), index(j));

    const Eigen::EigenSolver<Eigen::MatrixXd> solver(G, false);
    std::vector<Complex> candidates(solver.eigenvalues().data(), solver.eigenvalues().data() + G.rows()), values;
    sort_rightmost(candidates);
    for (Complex lambda : candidates) {
        if (values.size() >= most) break;
        if (lambda.imag() < 0) continue; // the conjugate comes with its partner
        const Complex start = lambda;
        if (!polish(dynamics, linear, lambda)) continue;
        if (std::abs(lambda - start) > 0.1 * (1e-2 + std::abs(start))) continue; // an artefact of the discretisation
        if (std::abs(lambda.imag()) < 1e-12 * (1e-3 + std::abs(lambda))) lambda.imag(0);
        if (lambda.imag() < 0) lambda = std::conj(lambda);
        values.push_back(lambda);
        if (lambda.imag() > 0) values.push_back(std::conj(lambda));
    }
    sort_rightmost(values);
    return values;
}

std::vector<Complex> linear_response(const Dynamics& dynamics, const Linearisation& linear, std::size_t external,
                                     double frequency_hz) {
    const Complex s(0.0, 2 * std::numbers::pi * frequency_hz * 1e-3); // 1/ms
    ComplexMatrix M, dM;
    characteristic(dynamics, linear, s, M, dM);
    ComplexVector input = ComplexVector::Zero(M.rows());
    for (std::size_t tap = 0; tap < dynamics.taps().size(); ++tap)
        if (const Dynamics::Tap& t = dynamics.taps()[tap]; t.external && t.source == external)
            input += std::exp(-s * t.delay) * linear.B.col(index(tap));
    const ComplexVector x = M.partialPivLu().solve(input);
    std::vector<Complex> response(dynamics.model().populations().size(), 0.0);
    response[external] = 1.0;
    for (const std::size_t p : dynamics.model().internal()) response[p] = x(index(dynamics.rate_index(p)));
    return response;
}

} // namespace mfm
