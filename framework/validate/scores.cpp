// SPDX-License-Identifier: Apache-2.0
#include "validate/scores.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "validate/metrics.hpp"

namespace mfm {
namespace {

constexpr double after_stimulus = 150.0;          // ms, as for the comparison of courses
constexpr double window_ms = 20.0, step_ms = 5.0; // of correlation and mutual information

double mean_of(std::span<const double> x, SampleWindow w) {
    double sum = 0;
    for (std::size_t i = w.first; i < w.last; ++i) sum += x[i];
    return sum / static_cast<double>(w.size());
}

/// Means of windows that slide over the course.
std::vector<double> window_means(std::span<const double> x, SampleWindow whole, double bin_ms) {
    const auto width = static_cast<std::size_t>(std::max(1.0, std::round(window_ms / bin_ms))),
               step = static_cast<std::size_t>(std::max(1.0, std::round(step_ms / bin_ms)));
    std::vector<double> out;
    for (std::size_t i = whole.first; i + width <= whole.last; i += step) out.push_back(mean_of(x, {i, i + width}));
    return out;
}

/// Class of each value: k of equal counts, equal values in one class.
std::vector<std::size_t> classes_of(std::span<const double> x, std::size_t k) {
    std::vector<double> sorted(x.begin(), x.end());
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::size_t> out;
    for (const double value : x) {
        const auto below =
            static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
        out.push_back(below * k / sorted.size());
    }
    return out;
}

template <class Key> double entropy(const std::map<Key, std::size_t>& counts, double n) {
    double sum = 0;
    for (const auto& [key, count] : counts) {
        const double p = static_cast<double>(count) / n;
        sum -= p * std::log2(p);
    }
    return sum;
}

const MeanFieldCondition* solved(const MeanFieldResults& results, const ConditionRecord& c) {
    for (const MeanFieldCondition& m : results.conditions)
        if (m.stimulation == c.stimulation && m.condition == c.condition) return &m;
    return nullptr;
}

} // namespace

ResponseTimes response_times(const ConditionRecord& c) {
    ResponseTimes t{c.transient, std::max(c.transient, c.onset), c.duration, c.duration};
    if (c.offset > c.onset) t.end = std::min(c.duration, c.offset + after_stimulus);
    return t;
}

std::optional<double> correlation(std::span<const double> x, std::span<const double> y) {
    if (x.size() != y.size() || x.size() < 2) return std::nullopt;
    const double n = static_cast<double>(x.size()), mx = mean_of(x, {0, x.size()}), my = mean_of(y, {0, y.size()});
    double xx = 0, yy = 0, xy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    // What is left of a constant by rounding is no variation.
    const double least_x = n * 1e-20 * mx * mx, least_y = n * 1e-20 * my * my;
    if (!(xx > least_x) || !(yy > least_y)) return std::nullopt;
    return xy / std::sqrt(xx * yy);
}

std::optional<double> mutual_information(std::span<const double> x, std::span<const double> y, double independent) {
    if (x.size() != y.size() || x.size() < 8) return std::nullopt;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!std::isfinite(x[i]) || !std::isfinite(y[i])) return std::nullopt;
    const auto k = static_cast<std::size_t>(std::clamp(std::floor(std::sqrt(independent / 5.0)), 2.0, 16.0));
    const std::vector<std::size_t> a = classes_of(x, k), b = classes_of(y, k);
    std::map<std::size_t, std::size_t> of_x, of_y;
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> of_both;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ++of_x[a[i]];
        ++of_y[b[i]];
        ++of_both[{a[i], b[i]}];
    }
    const double n = static_cast<double>(a.size());
    // Miller (1955): an entropy of m classes that occur is (m - 1) / (2 n) nats too low.
    const double bias = (static_cast<double>(of_both.size()) - static_cast<double>(of_x.size()) -
                         static_cast<double>(of_y.size()) + 1.0) /
                        (2.0 * independent * std::log(2.0));
    return std::max(0.0, entropy(of_x, n) + entropy(of_y, n) - entropy(of_both, n) - bias);
}

ResponseScores response_scores(std::span<const double> response, std::span<const double> stimulus, double bin,
                               const ResponseTimes& times, double smoothing) {
    ResponseScores out;
    const std::size_t n = response.size();
    if (n == 0) return out;
    const std::vector<double> smooth = smooth_box(response, smoothing, bin);
    const SampleWindow before = window_of(times.transient, times.onset, bin, n),
                       during = window_of(times.onset, times.end, bin, n);
    if (!during.empty()) {
        const auto first = smooth.begin() + static_cast<std::ptrdiff_t>(during.first),
                   last = smooth.begin() + static_cast<std::ptrdiff_t>(during.last);
        const auto top = std::max_element(first, last);
        out.peak_hz = *top;
        const double least = *std::min_element(top, last);
        out.pause_hz = least;
        if (!before.empty()) {
            const double baseline = mean_of(response, before);
            out.baseline_hz = baseline;
            if (baseline > 0) out.pause_depth = (baseline - least) / baseline;
            if (least < baseline)
                out.pause_ms = bin * static_cast<double>(std::count_if(
                                         top, last, [&](double r) { return r < 0.5 * (baseline + least); }));
            out.area = (mean_of(response, during) - baseline) * static_cast<double>(during.size()) * bin * 1e-3;
        }
    }
    const SampleWindow whole = window_of(times.transient, times.duration, bin, std::min(n, stimulus.size()));
    const std::vector<double> r = window_means(response, whole, bin), s = window_means(stimulus, whole, bin);
    out.correlation = correlation(s, r);
    if (out.correlation)
        out.mutual_information_bits =
            mutual_information(s, r, std::floor(static_cast<double>(whole.size()) * bin / window_ms));
    return out;
}

void add_scores(const SpikeRecord& record, std::span<const RecordedPopulation> populations,
                const MeanFieldResults& results, const ValidationConfig& config, ValidationReport& report) {
    for (PopulationReport& p : report.populations) {
        std::size_t row = 0; // of PopulationReport::dynamic, which has the same conditions
        const auto index = std::find_if(populations.begin(), populations.end(),
                                        [&](const RecordedPopulation& x) { return x.name == p.name; });
        const auto in_model = std::find(results.populations.begin(), results.populations.end(), p.name);
        if (index == populations.end()) continue;
        for (const ConditionRecord& c : record.conditions) {
            if (c.stationary || c.partial()) continue;
            ScoreRow scores;
            scores.stimulus = row < p.dynamic.size() ? p.dynamic[row].stimulus : c.label;
            ++row;
            const ResponseTimes times = response_times(c);
            const PopulationActivity& activity = c.population.at(static_cast<std::size_t>(index - populations.begin()));
            scores.network = response_scores(activity.course_hz, c.stimulus_hz, c.course_bin, times, config.smoothing);
            const MeanFieldCondition* model = solved(results, c);
            const auto m = static_cast<std::size_t>(in_model - results.populations.begin());
            if (model != nullptr && m < model->course_hz.size() && model->failure.empty()) {
                const ResampledCourse course =
                    resample(model->time_ms, model->course_hz[m], c.course_bin, c.stimulus_hz.size());
                scores.mean_field = response_scores(course.hz, c.stimulus_hz, c.course_bin, times, config.smoothing);
            }
            p.scores.push_back(std::move(scores));
        }
    }
}

} // namespace mfm
