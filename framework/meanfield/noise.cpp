// SPDX-License-Identifier: Apache-2.0
#include "meanfield/noise.hpp"

#include <mfm/random.hpp>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "meanfield/dynamics.hpp"
#include "simulate/streams.hpp"
#include "support/progress.hpp"

namespace mfm {
namespace {

/// Activity counted in bins of one width; steps belong to the bin that holds their middle.
class Bins {
public:
    Bins(double width, double from, double to, std::size_t populations)
        : width_(width), from_(from), hz_(populations, std::vector<double>(count(from, to, width), 0.0)) {}
    [[nodiscard]] std::size_t size() const { return hz_.empty() ? 0 : hz_.front().size(); }
    void add(std::size_t p, double middle, double spikes_per_cell) {
        const double at = (middle - from_) / width_;
        if (at >= 0 && at < static_cast<double>(size()))
            hz_[p][static_cast<std::size_t>(at)] += spikes_per_cell * 1e3 / width_;
    }
    [[nodiscard]] std::vector<std::vector<double>> take() { return std::move(hz_); }

private:
    static std::size_t count(double from, double to, double width) {
        return to > from ? static_cast<std::size_t>(std::floor((to - from) / width + 1e-9)) : 0;
    }
    double width_, from_;
    std::vector<std::vector<double>> hz_;
};

} // namespace

NoisyTrajectory integrate_with_noise(const MeanFieldModel& model, const ExternalCourse& course, double t_end,
                                     double bin_out, const std::vector<double>& start_hz, const NoiseOptions& options) {
    if (model.config().dynamics != MeanFieldConfig::Dynamics::Synaptic)
        throw InputError("finite-size noise needs mean_field.dynamics = \"synaptic\"");
    const std::size_t P = model.populations().size();
    if (course.size() != model.external().size() || start_hz.size() != P)
        throw InputError(fmt::format("the noisy mean field of {} populations, {} of them external, was given {} rates "
                                     "to start at and {} time courses",
                                     P, model.external().size(), start_hz.size(), course.size()));
    for (const PopulationModel& population : model.populations())
        if (population.n == 0)
            throw InputError(fmt::format("population '{}' has no cells, and finite-size noise depends on their number",
                                         population.name));
    if (!options.sources.empty() && options.sources.size() != P)
        throw InputError(fmt::format("the noisy mean field of {} populations was given {} sources of noise", P,
                                     options.sources.size()));
    for (const NoiseSource& source : options.sources)
        if (!(source.cells >= 1) || !(source.cv > 0))
            throw InputError(fmt::format("a source of noise has {} cells with a CV of {}: it needs one cell at least "
                                         "and a positive CV",
                                         source.cells, source.cv));
    if (!(options.step > 0) || !(options.bin > 0) || !(bin_out > 0) || !(t_end > 0))
        throw InputError(fmt::format("the noisy mean field was asked for {} ms in steps of {} ms and bins of {} and {} "
                                     "ms: all must be positive",
                                     t_end, options.step, options.bin, bin_out));
    const Dynamics dynamics(model);
    // Whole steps in a bin of the output.
    const double h = bin_out / std::ceil(bin_out / options.step - 1e-9);
    const auto steps = static_cast<std::size_t>(std::llround(t_end / h));

    std::vector<SpikingCells> cells;
    for (std::size_t p = 0; p < P; ++p)
        cells.emplace_back(RandomSequence(options.seed, options.stream, p, static_cast<std::uint32_t>(options.trial)),
                           options.sources.empty() ? NoiseSource{static_cast<double>(model.populations()[p].n), 1.0}
                                                   : options.sources[p]);
    std::vector<std::size_t> late; // steps
    for (const Dynamics::Tap& tap : dynamics.taps())
        late.push_back(static_cast<std::size_t>(std::llround(tap.delay / h)));
    const std::size_t longest = late.empty() ? 1 : *std::max_element(late.begin(), late.end()) + 1;
    std::vector<std::vector<double>> past(P); // activity of the last steps, a ring
    for (std::size_t p = 0; p < P; ++p) past[p].assign(longest, start_hz[p]);
    std::vector<SynapseFilter> filter;
    for (const Dynamics::Filter& f : dynamics.filters()) filter.emplace_back(f.tau_first, f.tau, h);
    const double keep_rate = std::exp(-h / model.config().T);

    Eigen::VectorXd y = dynamics.settled(start_hz);
    const auto state = [&](std::size_t i) -> double& { return y(static_cast<Eigen::Index>(i)); };
    const std::vector<double> no_taps(dynamics.taps().size(), 0.0); // everything is filtered
    std::vector<double> nu;
    AverageWorkspace work;
    PopulationRate rate;
    Bins out(bin_out, 0, t_end, P), rates(bin_out, 0, t_end, P), counted(options.bin, options.transient, t_end, P);
    std::vector<double> spikes(P, 0.0); // per cell, after the transient
    for (std::size_t step = 0; step < steps; ++step) {
        if (step % 4096 == 0) throw_if_interrupted();
        const double middle = (static_cast<double>(step) + 0.5) * h;
        const std::size_t now = step % longest;
        for (std::size_t p = 0, e = 0; p < P; ++p) {
            const PopulationModel& population = model.populations()[p];
            const double expected = population.external ? course[e++].value(middle) : state(dynamics.rate_index(p));
            const double per_cell = cells[p].advance(expected * h * 1e-3);
            rates.add(p, middle, expected * h * 1e-3);
            past[p][now] = per_cell * 1e3 / h;
            out.add(p, middle, per_cell);
            counted.add(p, middle, per_cell);
            if (middle >= options.transient) spikes[p] += per_cell;
        }
        for (std::size_t f = 0; f < filter.size(); ++f) {
            const Dynamics::Filter& at = dynamics.filters()[f];
            const std::size_t source = dynamics.taps()[at.tap].source;
            const double u = past[source][(step + longest - late[at.tap]) % longest];
            double unused = 0; // one stage has no a
            filter[f].advance(u, at.a == at.b ? unused : state(at.a), state(at.b));
        }
        for (const std::size_t p : model.internal()) {
            dynamics.presynaptic(p, y.data(), no_taps.data(), nu);
            const auto adaptation = dynamics.adaptation_index(p);
            model.average(p, nu, 0, adaptation.has_value(), work, rate);
            model.check(p, nu, rate);
            double drive = rate.F;
            if (adaptation) {
                const double k_2 = model.populations()[p].adaptation_rate,
                             gain = 1e-3 * model.populations()[p].adaptation_increment / k_2, keep = std::exp(-k_2 * h);
                double& W = state(*adaptation);
                drive *= std::exp(-rate.g * (W - gain * rate.F));
                W = gain * past[p][now] + keep * (W - gain * past[p][now]);
            }
            double& at = state(dynamics.rate_index(p));
            at = drive + keep_rate * (at - drive);
        }
    }

    NoisyTrajectory result;
    result.bin = bin_out;
    result.activity_hz = out.take();
    result.rate_hz = rates.take();
    const double seconds = std::max(t_end - options.transient, 0.0) * 1e-3;
    for (const double count : spikes) result.mean_hz.push_back(seconds > 0 ? count / seconds : 0.0);
    const std::size_t bins = counted.size();
    const std::vector<std::vector<double>> hz = counted.take();
    result.covariance.setZero(static_cast<Eigen::Index>(P), static_cast<Eigen::Index>(P));
    if (bins < 2) return result;
    Eigen::MatrixXd deviation(static_cast<Eigen::Index>(bins), static_cast<Eigen::Index>(P));
    for (std::size_t p = 0; p < P; ++p) {
        const Eigen::Map<const Eigen::VectorXd> column(hz[p].data(), static_cast<Eigen::Index>(bins));
        deviation.col(static_cast<Eigen::Index>(p)) = column.array() - column.mean();
    }
    result.covariance = deviation.transpose() * deviation / static_cast<double>(bins - 1);
    return result;
}

} // namespace mfm
