// SPDX-License-Identifier: Apache-2.0
#include "tune/identify.hpp"

#include <fmt/format.h>
#include <mfm/random.hpp>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "simulate/streams.hpp"

namespace mfm {
namespace {

/// Beside the trials of simulations, which count from 0.
constexpr std::uint64_t noise_of_data = 0x74756e65;

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

/// Slopes in standard deviations of the data for a move through a parameter's whole range.
Eigen::MatrixXd scaled(const TuneConfig& tune, std::span<const double> slope) {
    const std::size_t n = tune.parameters.size(), m = tune.targets.size();
    Eigen::MatrixXd J(index(m), index(n));
    for (std::size_t t = 0; t < m; ++t)
        for (std::size_t i = 0; i < n; ++i)
            J(index(t), index(i)) = slope[t * n + i] * tune.parameters[i].range() / tune.targets[t].sd;
    return J;
}

double percentile(std::vector<double> sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    if (below + 1 >= sorted.size()) return sorted.back();
    const double part = at - static_cast<double>(below);
    return (1 - part) * sorted[below] + part * sorted[below + 1];
}

} // namespace

Identifiability identify(const TuneConfig& tune, std::span<const double> slope) {
    const std::size_t n = tune.parameters.size();
    const Eigen::MatrixXd J = scaled(tune, slope);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(J.transpose() * J);
    const double largest = solver.eigenvalues()(index(n - 1));
    Identifiability out;
    std::vector<double> variance(n, 0.0);
    for (std::size_t k = n; k-- > 0;) { // Eigen has the smallest first
        SeenDirection d;
        d.eigenvalue = std::max(0.0, solver.eigenvalues()(index(k)));
        // What rounding leaves of nothing.
        const bool nothing = !(d.eigenvalue > 1e-12 * largest) || d.eigenvalue <= 0;
        d.sd = nothing ? std::numeric_limits<double>::infinity() : 1 / std::sqrt(d.eigenvalue);
        Eigen::VectorXd v = solver.eigenvectors().col(index(k));
        Eigen::Index where = 0;
        v.cwiseAbs().maxCoeff(&where);
        if (v(where) < 0) v = -v;
        d.component.assign(v.data(), v.data() + v.size());
        d.unseen = !(d.sd * v(where) < 1);
        for (std::size_t i = 0; i < n; ++i)
            if (std::abs(d.component[i]) > 1e-6) variance[i] += d.sd * d.sd * d.component[i] * d.component[i];
        out.directions.push_back(std::move(d));
    }
    for (std::size_t i = 0; i < n; ++i)
        out.standard_error.push_back(std::sqrt(variance[i]) * tune.parameters[i].range());
    return out;
}

std::string direction_text(const TuneConfig& tune, const SeenDirection& d, double length) {
    std::vector<std::size_t> order(d.component.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return std::abs(d.component[a]) > std::abs(d.component[b]); });
    std::string out;
    for (const std::size_t i : order) {
        if (std::abs(d.component[i]) < 0.1 * std::abs(d.component[order.front()])) break;
        out += fmt::format("{}{} {} by {:.3g} %", out.empty() ? "" : ", ", tune.parameters[i].name,
                           d.component[i] > 0 ? "up" : "down", 100 * length * std::abs(d.component[i]));
        if (out.find("of its range") == std::string::npos) out += " of its range";
    }
    return out;
}

std::vector<double> noisy_targets(const TuneConfig& tune, std::uint64_t seed, std::uint64_t draw) {
    RandomSequence random(seed, stream_number(StreamPurpose::Run, noise_of_data), draw);
    std::vector<double> out;
    for (const TuneTarget& t : tune.targets) out.push_back(t.target + t.sd * random.normal());
    return out;
}

std::vector<double> linear_solution(const TuneConfig& tune, std::span<const double> x, std::span<const double> value,
                                    std::span<const double> slope, std::span<const double> target) {
    const std::size_t n = tune.parameters.size();
    const Eigen::MatrixXd J = scaled(tune, slope), H = J.transpose() * J;
    Eigen::VectorXd residual(index(tune.targets.size()));
    for (std::size_t t = 0; t < tune.targets.size(); ++t)
        residual(index(t)) = (value[t] - target[t]) / tune.targets[t].sd;
    // One coordinate after the other to its best place within the bounds: converges, since the problem is convex.
    Eigen::VectorXd gradient = J.transpose() * residual, step = Eigen::VectorXd::Zero(index(n));
    for (int sweep = 0; sweep < 20000; ++sweep) {
        double moved = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const double bend = H(index(i), index(i));
            if (!(bend > 0)) continue;
            const TuneParameter& p = tune.parameters[i];
            const double low = (p.lower - x[i]) / p.range(), high = (p.upper - x[i]) / p.range();
            const double to = std::clamp(step(index(i)) - gradient(index(i)) / bend, low, high);
            const double by = to - step(index(i));
            step(index(i)) = to;
            gradient += by * H.col(index(i));
            moved = std::max(moved, std::abs(by));
        }
        if (moved < 1e-10) break;
    }
    std::vector<double> out;
    for (std::size_t i = 0; i < n; ++i) {
        const TuneParameter& p = tune.parameters[i];
        out.push_back(std::clamp(x[i] + step(index(i)) * p.range(), p.lower, p.upper));
    }
    return out;
}

std::vector<BootstrapInterval> intervals(const TuneConfig& tune, const std::vector<std::vector<double>>& draws) {
    std::vector<BootstrapInterval> out;
    for (std::size_t i = 0; i < tune.parameters.size() && !draws.empty(); ++i) {
        const TuneParameter& p = tune.parameters[i];
        std::vector<double> x;
        double mean = 0, square = 0, at = 0;
        for (const std::vector<double>& draw : draws) {
            x.push_back(draw[i]);
            mean += draw[i] / static_cast<double>(draws.size());
            at += std::min(draw[i] - p.lower, p.upper - draw[i]) < 1e-6 * p.range() ? 1 : 0;
        }
        for (const double v : x) square += (v - mean) * (v - mean);
        std::sort(x.begin(), x.end());
        out.push_back({percentile(x, 0.025), percentile(x, 0.5), percentile(x, 0.975),
                       draws.size() > 1 ? std::sqrt(square / static_cast<double>(draws.size() - 1)) : 0.0,
                       at / static_cast<double>(draws.size())});
    }
    return out;
}

} // namespace mfm
