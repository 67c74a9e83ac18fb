// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "meanfield/model.hpp"

namespace mfm {

/// The transfer functions' expansion at rates nu of all populations; external populations have F = nu and no slope.
struct TransferExpansion {
    Eigen::VectorXd F;              ///< [populations] Hz
    Eigen::MatrixXd J;              ///< [a][b] dF_a / dnu_b, dimensionless
    std::vector<Eigen::MatrixXd> H; ///< [a]([b][c]) d2F_a / dnu_b dnu_c, 1/Hz
};

/// The master equation of population activity to second order (El Boustani & Destexhe 2009, Neural Comput 21:46),
/// for any number of populations:
///     T nu_a' = F_a - nu_a + 1/2 sum_bc C_bc d2F_a / dnu_b dnu_c
///     T C_ab' = delta_ab F_a (1/T - F_a) / N_a + (F_a - nu_a)(F_b - nu_b) + sum_c C_ac dF_b / dnu_c
///               + sum_c C_bc dF_a / dnu_c - 2 C_ab
/// nu in Hz, C in Hz^2, the covariance of activity within T.  An external population is N_a independent sources whose
/// rate is given: it has F_a = nu_a and fluctuates, too.  Rates and covariances are parts of one state y; this class
/// knows their equations and where the covariances are in y.
class MasterEquation {
public:
    /// rate_index: [populations] position of an internal population's rate in y; `driven`: [populations] external ones
    /// that fluctuate and that reach another population; covariances start at y[first].
    MasterEquation(const MeanFieldModel&, std::vector<std::optional<std::size_t>> rate_index,
                   const std::vector<bool>& driven, std::size_t first);

    /// Number of covariances in y: pairs of populations in no order, external ones with each other left out, which are
    /// independent.
    [[nodiscard]] std::size_t size() const { return pairs_.size(); }
    [[nodiscard]] const std::vector<std::pair<std::size_t, std::size_t>>& pairs() const { return pairs_; }
    /// Position of C_ab in y; nothing where it is 0 by definition.
    [[nodiscard]] std::optional<std::size_t> index(std::size_t a, std::size_t b) const;
    /// C of all populations, Hz^2, symmetric.
    [[nodiscard]] Eigen::MatrixXd covariance(const double* y) const;
    /// The covariance's unit for population a, 1/(T N_a) in Hz: C_aa = unit * Hz where nothing interacts.
    [[nodiscard]] double unit(std::size_t a) const { return unit_[a]; }
    /// Smallest eigenvalue over the largest one of C_ab / sqrt(unit_a unit_b), which has as many negative ones as C
    /// (Sylvester's law of inertia); 0 for C = 0.
    [[nodiscard]] double relative_lowest_eigenvalue(const double* y) const;

    struct Workspace {
        TransferExpansion expansion;
        Eigen::MatrixXd C, flow;
        AverageWorkspace average;
        PopulationRate rate;
        std::vector<double> presynaptic;
    };
    /// dy = f(y); nu [populations] Hz: the rates in y and those that are given.  Negative presynaptic rates count as 0.
    void derivative(const MeanFieldModel&, const double* y, std::span<const double> nu, double* dy, Workspace&) const;
    /// Columns of df/dy and, for external rates, df/dnu: column(k) is where that by the rate of population k goes
    /// ([states], or NULL: not wanted), J [states][states] column-major takes those by covariances.  Exact but for the
    /// third derivatives of F, which are differences of its exact second ones.
    template <class Column>
    void jacobian(const MeanFieldModel& model, const double* y, std::span<const double> nu, std::size_t n, double* J,
                  Column&& column, Workspace& work) const {
        prepare(model, y, nu, work);
        for (std::size_t k = 0; k < nu.size(); ++k)
            if (double* out = column(k)) by_rate(model, nu, k, out, work);
        by_covariances(model, n, J, work);
    }
    /// The covariances that are stationary at rates nu, into y; false (and 0) where there are none.
    bool settle(const MeanFieldModel&, std::span<const double> nu, std::size_t n, double* y, Workspace&) const;

private:
    void expand(const MeanFieldModel&, std::span<const double> nu, Workspace&) const;
    void prepare(const MeanFieldModel&, const double* y, std::span<const double> nu, Workspace&) const;
    void by_rate(const MeanFieldModel&, std::span<const double> nu, std::size_t k, double* out, Workspace&) const;
    void by_covariances(const MeanFieldModel&, std::size_t n, double* J, const Workspace&) const;
    [[nodiscard]] double correction_slope(const MeanFieldModel&, std::span<const double> nu, std::size_t a,
                                          std::size_t k, Workspace&) const;

    std::vector<std::optional<std::size_t>> rate_index_;
    std::vector<std::pair<std::size_t, std::size_t>> pairs_;
    std::vector<std::optional<std::size_t>> index_; ///< [a * populations + b]
    std::vector<double> unit_;
    std::size_t first_;
};

} // namespace mfm
