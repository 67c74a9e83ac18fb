// SPDX-License-Identifier: Apache-2.0
#include "meanfield/integrate.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numbers>

#include "meanfield/fixed_points.hpp"

namespace mfm {
namespace {

/// Keeps what a trajectory tells of an evolution.
class Recorder {
public:
    Recorder(Evolution& evolution, double t_end, double dt_out)
        : evolution_(evolution), model_(evolution.dynamics().model()), master_(evolution.dynamics().master_equation()),
          t_end_(t_end), dt_out_(dt_out) {
        const std::size_t P = model_.populations().size();
        n_out_ = static_cast<std::size_t>(std::floor(t_end_ / dt_out_ * (1 + 1e-12))) + 1;
        out_.dt = dt_out_;
        out_.rate_hz.assign(P, {});
        out_.adaptation.assign(P, {});
        out_.FT.assign(P, 0.0);
        out_.sd_hz.assign(master_ != nullptr ? P : 0, {});
        for (auto& rate : out_.rate_hz) rate.reserve(n_out_);
        excursion_.assign(P, {});
        for (std::size_t p = 0; p < P; ++p) excursion_[p].population = p;
        out_.lowest_rate_hz = std::numeric_limits<double>::infinity();
    }

    Trajectory run(Progress& progress) {
        emit();
        std::uint64_t reported = 0;
        while (evolution_.time() < t_end_ - Evolution::time_resolution(t_end_)) {
            throw_if_interrupted();
            const double before = evolution_.time(), t = evolution_.step(t_end_);
            check_covariances(before, t);
            emit();
            const auto done = static_cast<std::uint64_t>(t);
            if (done > reported) progress.advance(done - reported);
            reported = done;
        }
        finish();
        return std::move(out_);
    }

private:
    /// The master equation's second order: F T and the sign of the covariances' eigenvalues at the end of a step.
    void check_covariances(double before, double t) {
        if (master_ == nullptr) return;
        const double* y = evolution_.state();
        evolution_.dynamics().all_rates(y, evolution_.taps_at(t), all_rates_);
        for (double& rate : all_rates_) rate = std::max(rate, 0.0);
        const std::vector<double> F = model_.transfer(all_rates_);
        for (std::size_t p = 0; p < F.size(); ++p)
            if (master_->index(p, p)) out_.FT[p] = std::max(out_.FT[p], F[p] * 1e-3 * model_.config().T);
        const double lowest = master_->relative_lowest_eigenvalue(y);
        CovarianceLoss& loss = out_.covariance_loss;
        if (lowest >= -1000 * model_.config().relative_tolerance) return;
        if (loss.fraction == 0) loss.first_time = t;
        loss.fraction += (t - before) / t_end_;
        loss.lowest_eigenvalue = std::min(loss.lowest_eigenvalue, lowest);
    }

    /// Output times up to the end of the last step.
    void emit() {
        const double t = evolution_.time();
        while (emitted_ < n_out_) {
            const double at = static_cast<double>(emitted_) * dt_out_;
            if (at > t + Evolution::time_resolution(t)) return;
            write(std::min(at, t_end_), emitted_ > 0 ? evolution_.state_at(at) : evolution_.state());
            ++emitted_;
        }
    }

    void write(double t, const double* y) {
        const Dynamics& dynamics = evolution_.dynamics();
        for (std::size_t e = 0; e < model_.external().size(); ++e)
            out_.rate_hz[model_.external()[e]].push_back(evolution_.course()[e].value(t));
        // Only rate equations without filters read delayed rates themselves.
        const bool synaptic = model_.config().dynamics == MeanFieldConfig::Dynamics::Synaptic;
        const double* u = synaptic ? nullptr : evolution_.taps_at(t);
        if (master_ != nullptr)
            for (std::size_t p = 0; p < model_.populations().size(); ++p) {
                const auto variance = master_->index(p, p);
                out_.sd_hz[p].push_back(variance ? std::sqrt(std::max(y[*variance], 0.0)) : 0.0);
            }
        for (const std::size_t p : model_.internal()) {
            const double rate = evolution_.rate(p, y, t);
            out_.lowest_rate_hz = std::min(out_.lowest_rate_hz, rate);
            out_.rate_hz[p].push_back(std::max(rate, 0.0));
            if (const auto w = dynamics.adaptation_index(p)) out_.adaptation[p].push_back(y[*w]);
            if (master_ == nullptr) out_.FT[p] = std::max(out_.FT[p], rate * 1e-3 * model_.config().T);
            dynamics.presynaptic(p, y, u, presynaptic_);
            if (!model_.inside(p, presynaptic_)) {
                DomainExcursion& excursion = excursion_[p];
                if (excursion.fraction == 0) {
                    excursion.first_time = t;
                    excursion.presynaptic_hz = presynaptic_;
                }
                excursion.fraction += 1;
            }
        }
    }

    void finish() {
        out_.statistics = evolution_.statistics();
        for (DomainExcursion& excursion : excursion_) {
            if (excursion.fraction == 0) continue;
            excursion.fraction /= static_cast<double>(n_out_);
            out_.warnings.push_back(
                fmt::format("{} left the domain of the transfer function for {:.3g} % of the time, first at {:.6g} ms",
                            model_.describe_inputs(excursion.population, excursion.presynaptic_hz),
                            100 * excursion.fraction, excursion.first_time));
            out_.outside.push_back(excursion);
        }
        const auto largest = std::max_element(out_.FT.begin(), out_.FT.end());
        out_.largest_FT = *largest;
        if (out_.largest_FT >= 1)
            out_.warnings.push_back(
                fmt::format("F T of {} reaches {:.3g}: the mean field is valid below 1 only",
                            model_.populations()[static_cast<std::size_t>(largest - out_.FT.begin())].name, *largest));
        if (const CovarianceLoss& loss = out_.covariance_loss; loss.fraction > 0)
            out_.warnings.push_back(fmt::format(
                "the covariance matrix of the master equation has negative eigenvalues for {:.3g} % of the time, first "
                "at {:.6g} ms, down to {:.3g} of the largest: its second order does not hold there",
                100 * loss.fraction, loss.first_time, loss.lowest_eigenvalue));
    }

    Evolution& evolution_;
    const MeanFieldModel& model_;
    const MasterEquation* master_; ///< NULL: no covariances
    double t_end_, dt_out_;
    std::size_t n_out_ = 0, emitted_ = 0;
    std::vector<double> presynaptic_, all_rates_;
    std::vector<DomainExcursion> excursion_;
    Trajectory out_;
};

std::vector<double> start_rates(const MeanFieldModel& model, const ExternalCourse& course,
                                std::vector<std::string>& warnings) {
    std::vector<double> external;
    for (const RateCourse& rate : course) external.push_back(rate.value(0.0));
    const std::vector<FixedPoint> points = fixed_points(model, external);
    const FixedPoint& rest = resting_point(points);
    if (!rest.stable)
        warnings.push_back(
            "the mean field has no stable fixed point at the first external rates; it starts at an unstable one");
    else if (!rest.stable_with_delays && !rest.eigenvalues_with_delays.empty())
        warnings.push_back(
            fmt::format("the mean field's delays make its fixed point at the first external rates unstable: it "
                        "oscillates at about {:.3g} Hz when disturbed",
                        std::abs(rest.eigenvalues_with_delays.front().imag()) * 1e3 / (2 * std::numbers::pi)));
    return rest.rate_hz;
}

} // namespace

Trajectory integrate(const MeanFieldModel& model, const ExternalCourse& course, double t_end, double dt_out,
                     Progress& progress, const std::optional<std::vector<double>>& start_hz) {
    if (!(t_end > 0) || !(dt_out > 0) || !std::isfinite(t_end) || !std::isfinite(dt_out))
        throw InputError(
            fmt::format("the mean field was asked for {} ms every {} ms: both must be positive", t_end, dt_out));
    require_courses(model, course);
    std::vector<std::string> warnings;
    Evolution evolution(model, course, start_hz ? *start_hz : start_rates(model, course, warnings));
    progress.begin(biology_task("integrating the mean field", static_cast<std::uint64_t>(t_end)));
    Trajectory trajectory = Recorder(evolution, t_end, dt_out).run(progress);
    trajectory.warnings.insert(trajectory.warnings.begin(), warnings.begin(), warnings.end());
    for (const std::string& warning : trajectory.warnings) progress.warn(warning);
    progress.end();
    return trajectory;
}

} // namespace mfm
