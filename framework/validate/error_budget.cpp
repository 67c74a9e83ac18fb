// SPDX-License-Identifier: Apache-2.0
#include "validate/error_budget.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

namespace mfm {
namespace {

constexpr double negligible_hz = 1e-9; // rounding

Eigen::Index index(std::size_t i) {
    return static_cast<Eigen::Index>(i);
}

struct Mean {
    double value = 0;
    std::optional<double> se;
};
Mean mean_of(const std::vector<double>& x) {
    Mean m;
    if (x.empty()) return m;
    const auto n = static_cast<double>(x.size());
    for (const double v : x) m.value += v / n;
    double square = 0;
    for (const double v : x) square += (v - m.value) * (v - m.value);
    if (x.size() > 1) m.se = std::sqrt(square / (n - 1) / n);
    return m;
}

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> out(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
    return out;
}

std::vector<double> of_cells(const std::vector<double>& all, const std::vector<std::uint32_t>& cells) {
    std::vector<double> out;
    for (const std::uint32_t i : cells) out.push_back(all.at(i));
    return out;
}

std::vector<double> presynaptic(const MeanFieldModel& model, std::size_t p, const std::vector<double>& rate_hz) {
    std::vector<double> nu;
    for (const std::size_t s : model.pathways_into(p)) nu.push_back(rate_hz[model.pathways()[s].source]);
    return nu;
}

/// F of each of n cells at its own in-degrees; nothing where it is not defined for one of them.
std::optional<std::vector<double>> rates_of_cells(const std::vector<Pathway>& pathways, const MeanFieldModel& model,
                                                  std::size_t p, std::size_t n, const std::vector<double>& nu) {
    const std::vector<std::size_t>& into = model.pathways_into(p);
    std::vector<double> r(into.size() * n), rate(n);
    for (std::size_t s = 0; s < into.size(); ++s) {
        const Pathway& w = pathways[into[s]];
        if (!w.in_degree.empty() && w.in_degree.size() != n) return std::nullopt;
        for (std::size_t i = 0; i < n; ++i)
            r[s * n + i] = (w.in_degree.empty() ? w.K : w.in_degree[i]) * w.source_fraction * nu[s];
    }
    try {
        model.populations()[p].transfer->evaluate(r, n, rate, {}, {});
    } catch (const Error&) {
        return std::nullopt;
    }
    for (const double x : rate)
        if (!std::isfinite(x)) return std::nullopt;
    return rate;
}

std::optional<double> average(const MeanFieldModel& model, std::size_t p, const std::vector<double>& nu) {
    AverageWorkspace work;
    PopulationRate rate;
    try {
        model.average(p, nu, 0, false, work, rate);
    } catch (const Error&) {
        return std::nullopt;
    }
    return std::isfinite(rate.F) ? std::optional(rate.F) : std::nullopt;
}

bool same_in_degrees(const Reduction& network, const MeanFieldModel& model, std::size_t p) {
    return std::all_of(model.pathways_into(p).begin(), model.pathways_into(p).end(),
                       [&](std::size_t s) { return network.pathways[s].in_degree == model.pathways()[s].in_degree; });
}

double hypot_of(std::optional<double> a, std::optional<double> b) {
    return std::hypot(a.value_or(0.0), b.value_or(0.0));
}

/// Cells of the network after one swap after the other; returns their last rates, empty where nothing was measured. The
/// network's rates of the very same cells are known, so that each step is the mean of differences cell by cell: what
/// makes these cells differ from all others drops out.
std::vector<double> add_measured(const ChainInputs& in, ErrorChain& chain) {
    std::vector<double> last;
    double rate = in.activity.rate_hz;
    for (const CellMeasurement& m : in.table.measured) {
        if (m.condition != in.condition || m.rate_hz.empty()) continue;
        const bool first = last.empty();
        if (first) last = of_cells(in.activity.cell_rate_hz, in.table.cell);
        const Mean change = mean_of(difference(m.rate_hz, last));
        last = m.rate_hz;
        rate += change.value;
        // The network's cells fluctuate together, which the spread over cells does not show.
        chain.push_back({m.swap, rate, first ? hypot_of(change.se, in.activity.rate_se_hz) : change.se});
    }
    if (last.empty()) chain.push_back({"correlation", std::nullopt, std::nullopt});
    return last;
}

/// Noise of a mean over measured cells in place of all.
double sample_se(const ChainInputs& in, const std::vector<double>& cells) {
    const std::vector<double>& network = in.activity.cell_rate_hz;
    const Mean error = mean_of(difference(cells, of_cells(network, in.table.cell)));
    const double absent = 1.0 - static_cast<double>(cells.size()) / static_cast<double>(network.size());
    return error.se.value_or(0.0) * std::sqrt(std::max(0.0, absent));
}

/// The fit at the cells' own in-degrees in place of measured cells, and the mean field's in-degrees in place of those.
void add_fit(const ChainInputs& in, const std::vector<double>& nu, const std::vector<double>& measured,
             ErrorChain& chain) {
    const std::size_t p = in.population, cells = in.network.populations[p].n;
    const auto list = rates_of_cells(in.network.pathways, in.model, p, cells, nu);
    const double fit_se = in.state.fit_se_hz[p];
    if (list && !measured.empty()) {
        const std::vector<double> fitted = of_cells(*list, in.table.cell);
        const Mean all = mean_of(*list), misfit = mean_of(difference(fitted, measured));
        if (measured.size() < cells) chain.push_back({"cell_sample", all.value - misfit.value, sample_se(in, fitted)});
        chain.push_back({"fit", all.value, hypot_of(misfit.se, fit_se)});
    } else {
        chain.push_back({"fit", list ? std::optional(mean_of(*list).value) : std::nullopt, fit_se});
    }
    if (!same_in_degrees(in.network, in.model, p)) {
        const auto own = rates_of_cells(in.model.pathways(), in.model, p, cells, nu);
        chain.push_back({"computed_source_rates", own ? std::optional(mean_of(*own).value) : std::nullopt, {}});
    }
    chain.push_back({"in_degree", average(in.model, p, nu), {}});
}

} // namespace

std::vector<BudgetTerm> budget_terms(double network_hz, const ErrorChain& chain) {
    std::vector<BudgetTerm> terms;
    if (chain.empty() || !chain.back().rate_hz) return terms;
    double before = network_hz;
    std::string name;
    std::optional<double> se;
    for (const ChainStep& step : chain) {
        if (!name.empty()) name += '+';
        name += step.swap;
        if (step.se_hz) se = hypot_of(se, step.se_hz);
        if (!step.rate_hz) continue;
        terms.push_back({std::move(name), *step.rate_hz - before, se});
        before = *step.rate_hz;
        name.clear();
        se.reset();
    }
    return terms;
}

std::optional<LoopGain> loop_gain(const MeanFieldModel& model, const OperatingState& state) {
    const std::size_t P = model.populations().size();
    const auto n = index(P);
    LoopGain loop{Eigen::MatrixXd::Zero(n, n), {}, Eigen::VectorXd::Zero(n)};
    AverageWorkspace work;
    PopulationRate rate;
    for (std::size_t p = 0; p < P; ++p) {
        if (model.populations()[p].external) {
            loop.error(index(p)) = state.given_hz[p] - state.rate_hz[p];
            continue;
        }
        try {
            model.average(p, presynaptic(model, p, state.rate_hz), 1, false, work, rate);
        } catch (const Error&) {
            return std::nullopt;
        }
        loop.error(index(p)) = rate.F - state.rate_hz[p];
        const std::vector<std::size_t>& into = model.pathways_into(p);
        for (std::size_t s = 0; s < into.size(); ++s)
            loop.slope(index(p), index(model.pathways()[into[s]].source)) += rate.dF[s];
    }
    const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(n, n);
    loop.gain = (one - loop.slope).fullPivLu().inverse() - one;
    if (!loop.gain.allFinite() || !loop.error.allFinite()) return std::nullopt;
    return loop;
}

ErrorChain error_chain(const ChainInputs& in) {
    ErrorChain chain;
    const std::size_t p = in.population;
    const std::vector<double> nu = presynaptic(in.model, p, in.state.rate_hz);
    const std::vector<double> measured = in.in_place ? std::vector<double>{} : add_measured(in, chain);
    if (in.of_population)
        chain.push_back(
            {"population_function", average(in.model, p, nu),
             measured.empty() ? in.state.fit_se_hz[p] : hypot_of(in.state.fit_se_hz[p], sample_se(in, measured))});
    else
        add_fit(in, nu, measured, chain);
    if (in.calibrated != nullptr) chain.push_back({"calibration", average(*in.calibrated, p, nu), {}});
    std::optional<double> se;
    if (in.loop) {
        double square = 0;
        for (std::size_t q = 0; q < in.state.rate_hz.size(); ++q) {
            const double network = in.loop->slope(index(p), index(q)) * in.state.se_hz[q],
                         fit = in.loop->gain(index(p), index(q)) * in.state.fit_se_hz[q];
            square += network * network + fit * fit;
        }
        se = std::sqrt(square);
    }
    const bool second = !in.solved.first_order_hz.empty();
    chain.push_back({"loops", second ? in.solved.first_order_hz.at(p) : in.solved.rate_hz.at(p), se});
    if (second) chain.push_back({"second_order", in.solved.rate_hz.at(p), {}});
    return chain;
}

std::vector<BudgetTerm> loop_terms(const ChainInputs& in, const std::vector<BudgetTerm>& terms) {
    const auto loops = std::find_if(terms.begin(), terms.end(), [](const auto& t) { return t.name == "loops"; });
    std::vector<BudgetTerm> out;
    if (!in.loop || loops == terms.end()) return out;
    double left = loops->hz;
    for (std::size_t q = 0; q < in.model.populations().size(); ++q) {
        const double hz = in.loop->gain(index(in.population), index(q)) * in.loop->error(index(q));
        if (std::abs(hz) < negligible_hz) continue;
        out.push_back({in.model.populations()[q].name, hz, {}});
        left -= hz;
    }
    out.push_back({"curvature", left, {}});
    return out;
}

} // namespace mfm
