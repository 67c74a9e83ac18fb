// SPDX-License-Identifier: Apache-2.0
#include "meanfield/calibration.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <limits>

namespace mfm {
namespace {

constexpr double floor_hz = 0.1; // what a rate must reach to be told from nothing: as in the relative errors

/// Residuals of one population with their slopes by q.
struct Problem {
    const MeanFieldModel& model;
    std::size_t p;
    std::span<const std::vector<double>> rate_hz;
    double lambda;

    void evaluate(const Eigen::VectorXd& q, Eigen::VectorXd& residual, Eigen::MatrixXd& slope) const {
        const std::vector<std::size_t>& into = model.pathways_into(p);
        const auto S = static_cast<Eigen::Index>(into.size()), L = static_cast<Eigen::Index>(rate_hz.size());
        residual.resize(L + S);
        slope = Eigen::MatrixXd::Zero(L + S, S);
        AverageWorkspace work;
        PopulationRate rate;
        std::vector<double> nu(into.size());
        for (Eigen::Index l = 0; l < L; ++l) {
            const std::vector<double>& network = rate_hz[static_cast<std::size_t>(l)];
            // k e^q nu: the scale of an in-degree acts as one of the rate that arrives.
            for (std::size_t s = 0; s < into.size(); ++s)
                nu[s] = std::exp(q(static_cast<Eigen::Index>(s))) * network[model.pathways()[into[s]].source];
            model.average(p, nu, 1, false, work, rate);
            residual(l) = std::log(rate.F + floor_hz) - std::log(network[p] + floor_hz);
            for (std::size_t s = 0; s < into.size(); ++s)
                slope(l, static_cast<Eigen::Index>(s)) = rate.dF[s] * nu[s] / (rate.F + floor_hz);
        }
        residual.tail(S) = lambda * q;
        slope.bottomRows(S).diagonal().setConstant(lambda);
    }
};

Eigen::VectorXd solved(const Problem& problem) {
    constexpr int most_steps = 200;
    constexpr double settled = 1e-10;
    Eigen::VectorXd q = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem.model.pathways_into(problem.p).size()));
    Eigen::VectorXd residual, next_residual;
    Eigen::MatrixXd slope, next_slope;
    problem.evaluate(q, residual, slope);
    if (!residual.allFinite() || !slope.allFinite())
        throw Error(ExitCode::NotValid, "calibration: the transfer function of '" +
                                            problem.model.populations()[problem.p].name +
                                            "' gives no rate at the network's own rates");
    double damping = 1e-6;
    for (int i = 0; i < most_steps; ++i) {
        const Eigen::VectorXd gradient = slope.transpose() * residual;
        Eigen::MatrixXd normal = slope.transpose() * slope;
        normal.diagonal() *= 1.0 + damping;
        const Eigen::VectorXd step = -normal.ldlt().solve(gradient);
        if (step.norm() < settled) break;
        double cost = std::numeric_limits<double>::infinity();
        try {
            problem.evaluate(q + step, next_residual, next_slope);
            if (next_residual.allFinite() && next_slope.allFinite()) cost = next_residual.squaredNorm();
        } catch (const Error&) { // not defined there: a shorter step
        }
        if (cost <= residual.squaredNorm()) {
            q += step;
            residual.swap(next_residual);
            slope.swap(next_slope);
            damping = std::max(1e-9, 0.1 * damping);
        } else {
            damping *= 10;
        }
    }
    return q;
}

} // namespace

std::vector<double> calibration_scales(const MeanFieldModel& model, std::span<const std::vector<double>> rate_hz,
                                       double lambda) {
    std::vector<double> scale(model.pathways().size(), 1.0);
    for (const std::size_t p : model.internal()) {
        const Eigen::VectorXd q = solved({model, p, rate_hz, lambda});
        const std::vector<std::size_t>& into = model.pathways_into(p);
        for (std::size_t s = 0; s < into.size(); ++s) scale[into[s]] = std::exp(q(static_cast<Eigen::Index>(s)));
    }
    return scale;
}

} // namespace mfm
