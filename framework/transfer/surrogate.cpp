// SPDX-License-Identifier: Apache-2.0
#include "transfer/surrogate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mfm {
namespace {

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

} // namespace

Surrogate::Surrogate(std::vector<Value> values) : values_(std::move(values)), y_(index(values_.size())) {
    const auto n = static_cast<double>(values_.size());
    for (const Value& v : values_) mean_ += v.y / n;
    double square = 0;
    for (std::size_t i = 0; i < values_.size(); ++i) {
        y_(index(i)) = values_[i].y - mean_;
        square += y_(index(i)) * y_(index(i)) / n;
    }
    spread_ = std::max(std::sqrt(square), 1e-3);
    choose_parameters();
    C_.compute(covariance(p_));
    weight_ = C_.solve(y_);
}

double Surrogate::prior(const Parameters& p, const Place& a, const Place& b) const {
    double square = 0, linear = 1;
    for (std::size_t k = 0; k < 2; ++k) {
        const double d = (a[k] - b[k]) / p.length[k];
        square += d * d;
        linear += (a[k] - 0.5) * (b[k] - 0.5);
    }
    const double r = std::sqrt(5 * square);
    // The trend: a constant and slopes that may be ten times the spread of all values.
    return p.signal * p.signal * (1 + r + r * r / 3) * std::exp(-r) + 100 * spread_ * spread_ * linear;
}

Eigen::MatrixXd Surrogate::covariance(const Parameters& p) const {
    Eigen::MatrixXd C(y_.size(), y_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
        for (std::size_t j = 0; j <= i; ++j)
            C(index(i), index(j)) = C(index(j), index(i)) = prior(p, values_[i].at, values_[j].at);
        C(index(i), index(i)) += p.scatter * p.scatter + values_[i].variance;
    }
    return C;
}

double Surrogate::log_likelihood(const Parameters& p) const {
    const Eigen::LLT<Eigen::MatrixXd> C(covariance(p));
    if (C.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
    const Eigen::MatrixXd& L = C.matrixLLT();
    return -0.5 * y_.dot(C.solve(y_)) - L.diagonal().array().log().sum();
}

void Surrogate::choose_parameters() {
    p_.signal = spread_;
    p_.scatter = 0.1 * spread_;
    // Steps up and down in the logarithm of each in turn, ever smaller ones.
    double* const parameter[] = {&p_.signal, &p_.scatter, &p_.length[0], &p_.length[1]};
    const double lower[] = {1e-2 * spread_, 1e-3 * spread_, 0.08, 0.08}, upper[] = {30 * spread_, 2 * spread_, 6, 6};
    double best = log_likelihood(p_);
    for (const double step : {4.0, 2.0, 1.4, 1.2})
        for (int again = 0; again < 4; ++again) {
            const double before = best;
            for (std::size_t k = 0; k < 4; ++k)
                for (const double factor : {step, 1 / step}) {
                    const double kept = *parameter[k];
                    *parameter[k] = std::clamp(kept * factor, lower[k], upper[k]);
                    const double found = log_likelihood(p_);
                    if (found > best)
                        best = found;
                    else
                        *parameter[k] = kept;
                }
            if (best <= before) break;
        }
}

Eigen::MatrixXd Surrogate::against_values(const std::vector<Place>& places) const {
    Eigen::MatrixXd out(index(places.size()), y_.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        for (std::size_t j = 0; j < values_.size(); ++j) out(index(i), index(j)) = prior(p_, places[i], values_[j].at);
    return out;
}

Surrogate::Prediction Surrogate::at(const Place& place) const {
    const Eigen::VectorXd k = against_values({place}).transpose();
    return {mean_ + k.dot(weight_), std::max(0.0, prior(p_, place, place) - k.dot(C_.solve(k)))};
}

std::vector<Surrogate::LeftOut> Surrogate::left_out() const {
    const Eigen::VectorXd precision = C_.solve(Eigen::MatrixXd::Identity(y_.size(), y_.size())).diagonal();
    std::vector<LeftOut> out;
    for (Eigen::Index i = 0; i < y_.size(); ++i) out.push_back({weight_(i) / precision(i), 1 / precision(i)});
    return out;
}

Surrogate::Posterior Surrogate::posterior(const std::vector<Place>& targets, const std::vector<Place>& places) const {
    const std::size_t n_places = places.size(), n = n_places + values_.size();
    std::vector<Place> choices = places;
    for (const Value& v : values_) choices.push_back(v.at);
    const double scatter = p_.scatter * p_.scatter;
    const Eigen::MatrixXd of_targets = against_values(targets);
    Eigen::MatrixXd of_choices = against_values(choices);
    // The scatter of a place is found again when it is measured again.
    for (std::size_t i = n_places; i < n; ++i) of_choices(index(i), index(i - n_places)) += scatter;
    const Eigen::MatrixXd solved = C_.solve(of_choices.transpose());
    Posterior out{Eigen::MatrixXd(index(targets.size()), index(n)), Eigen::MatrixXd(index(n), index(n))};
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < targets.size(); ++i)
            out.target_choice(index(i), index(j)) = prior(p_, targets[i], choices[j]);
        for (std::size_t i = 0; i < n; ++i)
            out.choice_choice(index(i), index(j)) = prior(p_, choices[i], choices[j]) + (i == j ? scatter : 0);
    }
    out.target_choice -= of_targets * solved;
    out.choice_choice -= of_choices * solved;
    return out;
}

} // namespace mfm
