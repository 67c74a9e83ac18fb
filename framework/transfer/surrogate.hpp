// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <Eigen/Dense>
#include <array>
#include <vector>

namespace mfm {

/// What is known of a smooth function of two coordinates from noisy values: a Gaussian process (Rasmussen & Williams
/// 2006) with a linear trend, a Matern 5/2 covariance with a length an axis, and a scatter of its own at every place,
/// which stands for what the coordinates do not tell.  Its parameters are those of the largest marginal likelihood.
class Surrogate {
public:
    using Place = std::array<double, 2>; ///< about 0 .. 1
    struct Value {
        Place at;
        double y, variance; ///< of the measurement
    };
    explicit Surrogate(std::vector<Value> values);

    struct Prediction {
        double mean, variance; ///< of the smooth function, without scatter
    };
    [[nodiscard]] Prediction at(const Place&) const;
    [[nodiscard]] const std::vector<Value>& values() const { return values_; }
    /// Value i minus what all others make of it, and the variance that this difference should have.
    struct LeftOut {
        double residual, variance;
    };
    [[nodiscard]] std::vector<LeftOut> left_out() const;

    /// Covariances of the smooth function at `targets` and of what measurements at `places` and again at each value
    /// would find but for their noise, given all values: [targets][places + values], and among the latter.
    struct Posterior {
        Eigen::MatrixXd target_choice, choice_choice;
    };
    [[nodiscard]] Posterior posterior(const std::vector<Place>& targets, const std::vector<Place>& places) const;

    /// Lengths, in coordinates; standard deviations of function and scatter.
    struct Parameters {
        double signal = 1, scatter = 0.1;
        std::array<double, 2> length = {0.5, 0.5};
    };
    [[nodiscard]] const Parameters& parameters() const { return p_; }

private:
    [[nodiscard]] double prior(const Parameters&, const Place&, const Place&) const;
    [[nodiscard]] Eigen::MatrixXd covariance(const Parameters&) const; ///< of the values
    [[nodiscard]] double log_likelihood(const Parameters&) const;
    void choose_parameters();
    [[nodiscard]] Eigen::MatrixXd against_values(const std::vector<Place>&) const;

    std::vector<Value> values_;
    double mean_ = 0, spread_ = 1;
    Parameters p_;
    Eigen::VectorXd y_, weight_; ///< values less their mean; C^-1 y
    Eigen::LLT<Eigen::MatrixXd> C_;
};

} // namespace mfm
