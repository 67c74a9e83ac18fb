// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "meanfield/master_equation.hpp"
#include "meanfield/model.hpp"

namespace mfm {

/// The mean field as a system of delay differential equations
///     y' = f(y, u),   u_tap = nu_source(t - delay),   y = (nu of the internal populations, W where one adapts,
///     filters; or, with the second order of the master equation, nu and covariances)
/// with rates in Hz, W in pA, t in ms (docs/science.md).  Knows nothing of how it is integrated.
class Dynamics {
public:
    explicit Dynamics(MeanFieldModel model);

    /// A delayed rate that the right hand side reads.  Pathways share taps, and filters.
    struct Tap {
        std::size_t source; ///< population
        double delay;       ///< ms
        bool external;
        /// The current rate of an internal population: part of y, so not read from u.
        [[nodiscard]] bool immediate() const { return !external && delay == 0; }
    };
    /// tau_first a' = u - a, tau b' = a - b; without tau_first, tau b' = u - b.
    struct Filter {
        std::size_t tap;
        double tau_first, tau; ///< ms; tau_first 0: one stage
        std::size_t a, b;      ///< in y; equal for one stage
    };

    [[nodiscard]] const MeanFieldModel& model() const { return model_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const std::vector<Tap>& taps() const { return taps_; }
    [[nodiscard]] const std::vector<Filter>& filters() const { return filters_; }
    /// Position of nu_p in y (internal populations only), and of W_p when p adapts.
    [[nodiscard]] std::size_t rate_index(std::size_t p) const { return *rate_index_[p]; }
    [[nodiscard]] std::optional<std::size_t> adaptation_index(std::size_t p) const { return adaptation_index_[p]; }
    /// The equations of the covariances, which follow the rates in y; NULL but with the master equation's second order.
    [[nodiscard]] const MasterEquation* master_equation() const { return master_ ? &*master_ : nullptr; }
    /// The filter that the i-th of pathways_into(p) reads; nothing where it reads the source's rate itself.
    [[nodiscard]] std::optional<std::size_t> filter_of_input(std::size_t p, std::size_t i) const {
        return inputs_[p][i].filtered ? std::optional(inputs_[p][i].index) : std::nullopt;
    }
    /// "the rate of granule_cell", "the adaptation of golgi_cell", ...: what y[i] is.
    [[nodiscard]] std::string state_name(std::size_t i) const;
    /// The shortest positive delay of an internal rate, ms; nothing when there is none.
    [[nodiscard]] std::optional<double> least_delay() const;

    /// The state in which filters, adaptation and covariances have settled at these rates of all populations, Hz.
    /// Covariances that cannot settle there are 0.
    [[nodiscard]] Eigen::VectorXd settled(std::span<const double> rate_hz) const;

    /// Memory of one caller.
    struct Workspace {
        AverageWorkspace average;
        PopulationRate rate;
        std::vector<double> nu;
        MasterEquation::Workspace master;
    };
    /// dy = f(y, u), u [taps] in Hz (immediate ones are not read).  Negative presynaptic rates count as 0.
    /// Throws Error naming population and inputs when a transfer function is not finite.
    void derivative(const double* y, const double* u, double* dy, Workspace&) const;
    /// J [size][size] column-major = df/dy (immediate taps included), and B [size][taps] = df/du where wanted.
    void jacobian(const double* y, const double* u, double* J, double* B, Workspace&) const;
    /// Rates of all populations; external ones that reach nobody have 0.
    void all_rates(const double* y, const double* u, std::vector<double>& nu) const;
    /// Presynaptic rates that p's transfer function sees in this state, in the order of pathways_into(p).
    void presynaptic(std::size_t p, const double* y, const double* u, std::vector<double>& nu) const;

private:
    struct Input {
        bool filtered;
        std::size_t index; ///< filter or tap
    };
    std::size_t tap_of(std::size_t source, double delay);
    std::size_t filter_of(std::size_t tap, const mfm_receptor&);
    [[nodiscard]] double tap_value(const double* y, const double* u, std::size_t tap) const;

    MeanFieldModel model_;
    std::size_t size_ = 0;
    std::vector<Tap> taps_;
    std::vector<Filter> filters_;
    std::vector<std::vector<Input>> inputs_; ///< [population][pathways into it]
    std::vector<std::optional<std::size_t>> rate_index_, adaptation_index_;
    std::optional<MasterEquation> master_;
};

} // namespace mfm
