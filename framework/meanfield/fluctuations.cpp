// SPDX-License-Identifier: Apache-2.0
#include "meanfield/fluctuations.hpp"

#include <Eigen/LU>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace mfm {
namespace {

using Complex = std::complex<double>;
using Matrix = Eigen::MatrixXd;

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

/// (sin x / x)^2 with x = pi f bin.
double bin_window(double frequency_hz, double bin_ms) {
    const double x = std::numbers::pi * frequency_hz * bin_ms * 1e-3;
    return std::abs(x) < 1e-8 ? 1.0 : std::sin(x) * std::sin(x) / (x * x);
}

/// Gauss' and Kronrod's rules of 7 and 15 points on one interval, refined where they differ (Piessens et al. 1983,
/// QUADPACK).  `scale`: what the error of each entry is measured by.
template <class Function>
Matrix integral(const Function& f, double from, double to, const Matrix& scale, double tolerance, int depth = 0) {
    static constexpr std::array<double, 8> x{0.0,
                                             0.207784955007898467600689403773245,
                                             0.405845151377397166906606412076961,
                                             0.586087235467691130294144691693190,
                                             0.741531185599394439863864773280788,
                                             0.864864423359769072789712788640926,
                                             0.949107912342758524526189684047851,
                                             0.991455371120812639206854697526329};
    static constexpr std::array<double, 8> kronrod{
        0.209482141084727828012999174891714, 0.204432940075298892414161999234649, 0.190350578064785409913256402421014,
        0.169004726639267902826583426598550, 0.140653259715525918745189590510238, 0.104790010322250183839876322541518,
        0.063092092629978553290700663189204, 0.022935322010529224963732008058970};
    static constexpr std::array<double, 8> gauss{
        0.417959183673469387755102040816327, 0.0, 0.381830050505118944950369775488975, 0.0,
        0.279705391489276667901467771423780, 0.0, 0.129484966168869693270611432679082, 0.0};
    const double middle = 0.5 * (from + to), half = 0.5 * (to - from);
    Matrix fine = Matrix::Zero(scale.rows(), scale.cols()), coarse = fine;
    for (std::size_t i = 0; i < x.size(); ++i) {
        Matrix value = f(middle + half * x[i]);
        if (i > 0) value += f(middle - half * x[i]);
        fine += half * kronrod[i] * value;
        coarse += half * gauss[i] * value;
    }
    constexpr int deepest = 30;
    if (depth == deepest || ((fine - coarse).array().abs() <= tolerance * scale.array()).all()) return fine;
    return integral(f, from, middle, scale, 0.5 * tolerance, depth + 1) +
           integral(f, middle, to, scale, 0.5 * tolerance, depth + 1);
}

} // namespace

LinearFluctuations::LinearFluctuations(const Dynamics& dynamics, std::span<const double> rate_hz)
    : dynamics_(&dynamics), linear_(linearise(dynamics, rate_hz)), noise_(index(rate_hz.size())) {
    if (dynamics.master_equation() != nullptr)
        throw InputError("the master equation's second order has covariances of its own and no linear fluctuations");
    for (std::size_t p = 0; p < rate_hz.size(); ++p) {
        const PopulationModel& population = dynamics.model().populations()[p];
        if (population.n == 0)
            throw InputError(fmt::format("population '{}' has no cells, and the fluctuations of its activity depend on "
                                         "their number",
                                         population.name));
        noise_(index(p)) = population.drive ? 0.0 : rate_hz[p] / static_cast<double>(population.n);
    }
}

Eigen::MatrixXcd LinearFluctuations::coupling(double frequency_hz) const {
    const MeanFieldModel& model = dynamics_->model();
    const Eigen::Index n = linear_.A.rows(), P = noise_.size();
    const Complex s(0.0, 2 * std::numbers::pi * frequency_hz * 1e-3); // 1/ms
    // A population's rate relaxes by itself, and acts on everything through its activity.
    Eigen::MatrixXcd M = -linear_.A.cast<Complex>(), input = Eigen::MatrixXcd::Zero(n, P);
    for (const std::size_t q : model.internal()) {
        const Eigen::Index r = index(dynamics_->rate_index(q));
        const double relaxation = -1 / model.config().T;
        input.col(index(q)) = linear_.A.col(r).cast<Complex>();
        input(r, index(q)) -= relaxation;
        M.col(r).setZero();
        M(r, r) = -relaxation;
    }
    for (std::size_t tap = 0; tap < dynamics_->taps().size(); ++tap)
        if (const Dynamics::Tap& t = dynamics_->taps()[tap]; !t.immediate())
            input.col(index(t.source)) += std::exp(-s * t.delay) * linear_.B.col(index(tap));
    M.diagonal().array() += s;
    const Eigen::MatrixXcd x = M.partialPivLu().solve(input);
    Eigen::MatrixXcd out = Eigen::MatrixXcd::Zero(P, P);
    for (const std::size_t p : model.internal()) out.row(index(p)) = x.row(index(dynamics_->rate_index(p)));
    return out;
}

Eigen::MatrixXcd LinearFluctuations::spectrum(double frequency_hz) const {
    const Eigen::Index P = noise_.size();
    const Eigen::MatrixXcd gain = (Eigen::MatrixXcd::Identity(P, P) - coupling(frequency_hz)).partialPivLu().inverse();
    return gain * noise_.cast<Complex>().asDiagonal() * gain.adjoint();
}

std::vector<double> LinearFluctuations::binned_power(double frequency_hz, double bin_ms) const {
    const Eigen::MatrixXcd S = spectrum(frequency_hz);
    std::vector<double> power;
    for (Eigen::Index p = 0; p < noise_.size(); ++p)
        power.push_back(noise_(p) + (S(p, p).real() - noise_(p)) * bin_window(frequency_hz, bin_ms));
    return power;
}

Matrix LinearFluctuations::binned_covariance(double bin_ms) const {
    // The white part is nu / (n bin) exactly; the rest falls with the square of the frequency, times the window.
    const Matrix white = Matrix(noise_.asDiagonal()) * (1e3 / bin_ms);
    const auto rest = [&](double f) -> Matrix {
        return (spectrum(f).real() - Matrix(noise_.asDiagonal())) * (2 * bin_window(f, bin_ms));
    };
    constexpr double tolerance = 1e-6;
    const double first = 250.0 / bin_ms; // a quarter of the window's first zero
    // How large the entries are, from a first look at the frequencies that count.
    Eigen::VectorXd size = white.diagonal();
    for (int k = 0; k < 16; ++k) size += rest((k + 0.5) * first / 4).diagonal().cwiseAbs() * (first / 4);
    const Eigen::VectorXd sd = size.cwiseSqrt();
    const Matrix scale = (sd * sd.transpose()).array() + 1e-12 * size.maxCoeff();
    Matrix sum = white;
    double from = 0, to = first;
    for (int panel = 0; panel < 200; ++panel, from = to, to += std::max(first, 0.1 * to)) {
        const Matrix part = integral(rest, from, to, scale, tolerance);
        sum += part;
        if (panel > 7 && (part.array().abs() <= 0.01 * tolerance * scale.array()).all()) break;
    }
    return sum;
}

} // namespace mfm
