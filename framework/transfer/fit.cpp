// SPDX-License-Identifier: Apache-2.0
#include "transfer/fit.hpp"

#include <mfm/random.hpp>
#include <tbb/parallel_for.h>

#include <Eigen/Dense>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <limits>
#include <mutex>
#include <numeric>

#include "plugin/settings.hpp"
#include "support/held.hpp"
#include "transfer/basis.hpp"

namespace mfm {
namespace {

/// Points of a basis: inputs by axis, as the plugin wants them, with rates and weights.
struct Data {
    std::vector<std::vector<double>> input; ///< [inputs][n]
    std::vector<double> rate, weight;
    std::vector<bool> working; ///< in the working range
    explicit Data(std::size_t inputs = 0) : input(inputs) {}
    [[nodiscard]] std::size_t size() const { return rate.size(); }
    void add(const std::vector<double>& x, double F, double w, bool in_working_range = false) {
        for (std::size_t k = 0; k < input.size(); ++k) input[k].push_back(x[k]);
        rate.push_back(F);
        weight.push_back(w);
        working.push_back(in_working_range);
    }
    [[nodiscard]] Data subset(const std::vector<std::size_t>& which) const {
        Data out(input.size());
        for (const std::size_t i : which) {
            for (std::size_t k = 0; k < input.size(); ++k) out.input[k].push_back(input[k][i]);
            out.rate.push_back(rate[i]);
            out.weight.push_back(weight[i]);
            out.working.push_back(working[i]);
        }
        return out;
    }
};

/// A basis instance with its table, shape and the domain.
struct Basis {
    const Instance& instance;
    const mfm_transfer_v1& table;
    std::span<const mfm_field*const> inputs, coefficients;
    std::vector<double> lower, upper;

    explicit Basis(const Instance& basis) : instance(basis), table(basis.table<mfm_transfer_v1>(MFM_TRANSFER_ID)) {
        const BasisShape shape = basis_shape(basis);
        inputs = shape.inputs;
        coefficients = shape.coefficients;
    }
    /// value [n]; d_coefficient [coefficients * n] or empty.
    void evaluate(const Data& data, const double* c, double* value, double* d_coefficient) const {
        std::vector<const double*> in;
        for (const auto& axis : data.input) in.push_back(axis.data());
        std::vector<double*> d;
        for (std::size_t k = 0; d_coefficient != nullptr && k < coefficients.size(); ++k)
            d.push_back(d_coefficient + k * data.size());
        mfm_transfer_batch b{};
        b.size = sizeof b;
        b.n = static_cast<std::uint32_t>(data.size());
        b.input = in.data();
        b.lower = lower.data();
        b.upper = upper.data();
        b.coefficient = c;
        b.value = value;
        b.d_coefficient = d_coefficient != nullptr ? d.data() : nullptr;
        mfm_error error = empty_error();
        const HeldBy call(instance.component().abi->id, "evaluate");
        check_status(table.evaluate(instance.self(), &b, &error), error, instance.component(), "evaluate");
    }
    [[nodiscard]] std::vector<double> guess(Data& data) const {
        if (coefficients.empty()) return {};
        std::vector<const double*> in;
        for (const auto& axis : data.input) in.push_back(axis.data());
        mfm_transfer_batch b{};
        b.size = sizeof b;
        b.n = static_cast<std::uint32_t>(data.size());
        b.input = in.data();
        b.lower = lower.data();
        b.upper = upper.data();
        b.weight = data.weight.data();
        b.value = data.rate.data();
        std::vector<double> c(coefficients.size());
        mfm_error error = empty_error();
        const HeldBy call(instance.component().abi->id, "guess");
        check_status(table.guess(instance.self(), &b, c.data(), &error), error, instance.component(), "guess");
        for (std::size_t k = 0; k < c.size(); ++k)
            c[k] = std::clamp(c[k], coefficients[k]->lower, coefficients[k]->upper);
        return c;
    }
};

double half_square(std::span<const double> residual) {
    double sum = 0;
    for (const double r : residual) sum += 0.5 * r * r;
    return sum;
}

/// What the optimizer asks: weighted errors of all points, and pulls towards given coefficients when there are any.
struct Residuals {
    const Basis& basis;
    const Data& data;
    const std::vector<double>* centre = nullptr; ///< [coefficients]
    std::vector<double> width; ///< [coefficients]: a departure of this size costs as much as an error of one weight
    std::vector<double> value, slope;
    bool stop = false;
    std::vector<double> least_cost; ///< at each Jacobian, the least so far

    Residuals(const Basis& b, const Data& d) : basis(b), data(d) {}
    [[nodiscard]] std::size_t size() const { return data.size() + (centre != nullptr ? centre->size() : 0); }
    mfm_status at(const double* c, double* residual, double* jacobian) {
        const std::size_t n = data.size(), m = basis.coefficients.size();
        value.resize(n);
        slope.resize(jacobian != nullptr ? n * m : 0);
        basis.evaluate(data, c, value.data(), jacobian != nullptr ? slope.data() : nullptr);
        for (std::size_t i = 0; i < n; ++i) {
            const double root = std::sqrt(data.weight[i]);
            residual[i] = root * (value[i] - data.rate[i]);
            if (!std::isfinite(residual[i])) return MFM_INFEASIBLE;
            for (std::size_t k = 0; jacobian != nullptr && k < m; ++k) jacobian[i * m + k] = root * slope[k * n + i];
        }
        for (std::size_t k = 0; centre != nullptr && k < m; ++k) {
            residual[n + k] = (c[k] - (*centre)[k]) / width[k];
            if (jacobian == nullptr) continue;
            for (std::size_t j = 0; j < m; ++j) jacobian[(n + k) * m + j] = j == k ? 1.0 / width[k] : 0.0;
        }
        if (jacobian != nullptr) {
            const double cost = half_square({residual, size()});
            least_cost.push_back(least_cost.empty() ? cost : std::min(cost, least_cost.back()));
        }
        return MFM_OK;
    }
    /// The second half of a long search lowered the cost by less than one per cent: directions that the data hardly
    /// determine can be followed for thousands of steps, and nothing is gained.
    [[nodiscard]] bool is_flat() const {
        return least_cost.size() > 60 && least_cost.back() > 0.99 * least_cost[least_cost.size() / 2];
    }
    static mfm_status call(void* self, std::uint32_t n, const double* x, double* residual, double* jacobian,
                           mfm_error* error) noexcept {
        auto& it = *static_cast<Residuals*>(self);
        const std::size_t m = it.basis.coefficients.size(), rows = it.size();
        try {
            for (std::uint32_t i = 0; i < n; ++i) {
                const mfm_status status =
                    it.at(x + i * m, residual + i * rows, jacobian != nullptr ? jacobian + i * rows * m : nullptr);
                if (status != MFM_OK) {
                    std::snprintf(error->message, sizeof error->message, "the basis gives no finite rate there");
                    return status;
                }
            }
            return MFM_OK;
        } catch (const std::exception& e) {
            std::snprintf(error->message, sizeof error->message, "%s", e.what());
            return MFM_ERROR;
        }
    }
    static std::int32_t progress(void* self, std::uint32_t, double, double, double) noexcept {
        auto& it = *static_cast<Residuals*>(self);
        it.stop = it.stop || interrupted();
        return it.stop ? 1 : 0;
    }
};

struct Solved {
    std::vector<double> c;
    double cost = std::numeric_limits<double>::infinity();
    std::uint32_t outcome = MFM_FAILED, iterations = 0, evaluations = 0;
    std::string message;
};

Solved solve(const Instance& optimizer, Residuals& residuals, const std::vector<double>& start,
             const std::vector<double>& scale) {
    const std::size_t m = start.size();
    std::vector<double> lower, upper;
    for (const mfm_field* f : residuals.basis.coefficients) {
        lower.push_back(f->lower);
        upper.push_back(f->upper);
    }
    mfm_problem problem{};
    problem.size = sizeof problem;
    problem.n_parameters = static_cast<std::uint32_t>(m);
    problem.n_residuals = static_cast<std::uint32_t>(residuals.size());
    problem.has_jacobian = 1;
    problem.initial = start.data();
    problem.lower = lower.data();
    problem.upper = upper.data();
    problem.scale = scale.data();
    problem.self = &residuals;
    problem.residuals = &Residuals::call;
    problem.progress = &Residuals::progress;
    Solved out;
    out.c = start;
    if (m == 0) {
        std::vector<double> r(residuals.size());
        if (residuals.at(nullptr, r.data(), nullptr) == MFM_OK) out.cost = half_square(r);
        out.outcome = MFM_CONVERGED;
        out.message = "there is nothing to fit";
        return out;
    }
    mfm_solution solution{};
    solution.size = sizeof solution;
    solution.x = out.c.data();
    mfm_error error = empty_error();
    const mfm_status status = [&] {
        const HeldBy call(optimizer.component().abi->id, "solve");
        return optimizer.table<mfm_optimizer_v1>(MFM_OPTIMIZER_ID).solve(optimizer.self(), &problem, &solution, &error);
    }();
    throw_if_interrupted();
    if (status > 0) { // not defined at this start; another may do
        out.message = error.message;
        out.c = start;
        return out;
    }
    check_status(status, error, optimizer.component(), "solve");
    out.cost = solution.cost;
    out.outcome = solution.outcome;
    out.iterations = solution.iterations;
    out.evaluations = solution.evaluations;
    out.message = solution.message;
    if (out.outcome == MFM_BUDGET && residuals.is_flat()) {
        out.outcome = MFM_CONVERGED;
        out.message = "converged: the cost has become flat";
    }
    return out;
}

/// The change of each coefficient that makes an error of one weight per point on average, at c: what steps are measured
/// in.
std::vector<double> scales(Residuals& residuals, const std::vector<double>& c) {
    const std::size_t m = c.size(), n = residuals.size();
    std::vector<double> r(n), jacobian(n * m), out(m);
    const bool defined = residuals.at(c.data(), r.data(), jacobian.data()) == MFM_OK;
    for (std::size_t k = 0; k < m; ++k) {
        double sum = 0;
        for (std::size_t i = 0; defined && i < n; ++i) sum += jacobian[i * m + k] * jacobian[i * m + k];
        const double typical = std::max(std::abs(c[k]), 1.0);
        out[k] = sum > 0 && std::isfinite(sum) ? std::sqrt(static_cast<double>(n) / sum) : typical;
        out[k] = std::clamp(out[k], 1e-6 * typical, 10.0 * typical);
    }
    return out;
}

/// Nearness of a point to the network's operating points: 1 at one of them, less than 0.01 where a presynaptic rate is
/// half or twice as high.
double nearness(const TransferPoint& p, const TransferTable& table) {
    constexpr double width = 0.2; // of the logarithm of a rate
    double nearest = 0;
    for (const TransferPoint& at : table.points) {
        if (at.use != TransferPoint::Use::OperatingPoint || at.nu.size() != p.nu.size()) continue;
        double square = 0;
        for (std::size_t s = 0; s < p.nu.size(); ++s)
            square += p.nu[s] == at.nu[s] ? 0.0 : std::pow(std::log(p.nu[s] / at.nu[s]) / width, 2);
        nearest = std::max(nearest, std::exp(-0.5 * square));
    }
    return nearest;
}

double weight_of(const TransferPoint& p, const TransferTable& table, const FitOptions& options) {
    if (options.weights == FitOptions::Weights::Uniform) return 1.0;
    double use = p.use == TransferPoint::Use::Wide ? options.wide_weight : 1.0;
    if (options.path_weight != 1.0) use *= 1.0 + (options.path_weight - 1.0) * nearness(p, table);
    const double a = options.tolerance_absolute, b = options.tolerance_relative * p.rate_hz;
    return use / (a * a + p.se_hz * p.se_hz + b * b);
}

double rms(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return a.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(a.size()));
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    const std::size_t n = v.size();
    return n % 2 == 1 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

/// (J^T J)^+ times the reduced chi-square.  Coefficients on a bound count as fixed; they and those that the data do not
/// determine get 0 variance.
std::vector<double> covariance_at(Residuals& residuals, const std::vector<double>& c, double cost) {
    const auto m = static_cast<Eigen::Index>(c.size()), n = static_cast<Eigen::Index>(residuals.size());
    std::vector<double> r(residuals.size()), jacobian(r.size() * c.size());
    if (c.empty() || residuals.at(c.data(), r.data(), jacobian.data()) != MFM_OK)
        return std::vector<double>(c.size() * c.size(), 0.0);
    Eigen::MatrixXd J =
        Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(jacobian.data(), n, m);
    Eigen::VectorXd size(m);
    for (Eigen::Index k = 0; k < m; ++k) {
        const auto i = static_cast<std::size_t>(k);
        const mfm_field& field = *residuals.basis.coefficients[i];
        if (c[i] <= field.lower || c[i] >= field.upper) J.col(k).setZero();
        const double length = J.col(k).norm();
        size(k) = length > 0 ? length : 1.0;
        J.col(k) /= size(k);
    }
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(J, Eigen::ComputeThinU | Eigen::ComputeThinV);
    Eigen::VectorXd inverse = svd.singularValues();
    Eigen::Index rank = 0;
    for (Eigen::Index k = 0; k < inverse.size(); ++k) {
        const bool determined = inverse(k) > 1e-10 * svd.singularValues()(0);
        inverse(k) = determined ? 1.0 / (inverse(k) * inverse(k)) : 0.0;
        rank += determined ? 1 : 0;
    }
    const double chi2 = n > rank ? 2.0 * cost / static_cast<double>(n - rank) : 1.0;
    const Eigen::MatrixXd C = svd.matrixV() * inverse.asDiagonal() * svd.matrixV().transpose();
    std::vector<double> out(c.size() * c.size());
    for (Eigen::Index a = 0; a < m; ++a)
        for (Eigen::Index b = 0; b < m; ++b)
            out[static_cast<std::size_t>(a * m + b)] = chi2 * C(a, b) / (size(a) * size(b));
    return out;
}

} // namespace

std::size_t fit_count(const FitOptions& options) {
    return std::max(options.starts, 1u) + (options.folds > 1 ? options.folds : 0) + 2;
}

void widen_domain(TransferFit& fit, const std::vector<double>& x, std::pair<double, double> G) {
    const auto [G_e, G_i] = G;
    if (fit.lower.empty()) {
        fit.lower = fit.upper = x;
        fit.G_e_lower = fit.G_e_upper = G_e;
        fit.G_i_lower = fit.G_i_upper = G_i;
    }
    for (std::size_t k = 0; k < x.size(); ++k) {
        fit.lower[k] = std::min(fit.lower[k], x[k]);
        fit.upper[k] = std::max(fit.upper[k], x[k]);
    }
    fit.G_e_lower = std::min(fit.G_e_lower, G_e);
    fit.G_e_upper = std::max(fit.G_e_upper, G_e);
    fit.G_i_lower = std::min(fit.G_i_lower, G_i);
    fit.G_i_upper = std::max(fit.G_i_upper, G_i);
}

std::vector<double> basis_rates(const Instance& instance, std::span<const double> inputs,
                                std::span<const double> coefficients, std::span<const double> lower,
                                std::span<const double> upper) {
    Basis basis(instance);
    basis.lower.assign(lower.begin(), lower.end());
    basis.upper.assign(upper.begin(), upper.end());
    const std::size_t d = basis.inputs.size(), n = d > 0 ? inputs.size() / d : 0;
    Data data(d);
    for (std::size_t i = 0; i < n; ++i)
        data.add({inputs.begin() + static_cast<std::ptrdiff_t>(i * d),
                  inputs.begin() + static_cast<std::ptrdiff_t>((i + 1) * d)},
                 0.0, 1.0);
    std::vector<double> value(n);
    basis.evaluate(data, coefficients.data(), value.data(), nullptr);
    return value;
}

TransferFit fit_transfer(const TransferTable& table, const TransferInputs& inputs, const Instance& basis_instance,
                         const Instance& optimizer, const FitOptions& options, Progress& progress) {
    Basis basis(basis_instance);
    TransferFit fit;
    fit.population = table.population;
    fit.basis = basis_instance.component().id();
    fit.inputs = inputs.names();
    for (const mfm_field* f : basis.inputs) fit.input_units.emplace_back(f->unit);
    for (const mfm_field* f : basis.coefficients) {
        fit.coefficients.emplace_back(f->name);
        fit.units.emplace_back(f->unit);
    }
    const std::size_t m = basis.coefficients.size();

    // Inputs of every point; those without are left out and counted.
    Data training(inputs.size()), heldout(inputs.size()), plus(inputs.size()), minus(inputs.size());
    std::vector<double> relative_floor; // of the held-out points: those precise enough for a relative error
    std::vector<std::pair<std::size_t, std::vector<double>>> at_rest; // points without extra current, for fitted_hz
    fit.fitted_hz.resize(table.points.size());
    for (std::size_t i = 0; i < table.points.size(); ++i) {
        const TransferPoint& p = table.points[i];
        if (p.nu.size() != inputs.pathways())
            throw InputError("the transfer table of '" + table.population + "' has " + std::to_string(p.nu.size()) +
                             " presynaptic rates at a point, but the population has " +
                             std::to_string(inputs.pathways()) + " pathways");
        std::vector<double> r;
        for (std::size_t s = 0; s < p.nu.size(); ++s) r.push_back(inputs.pathway_list()[s].K * p.nu[s]);
        InputPoint at;
        inputs.evaluate(r, p.I, 0, at);
        const bool fitted = p.use == TransferPoint::Use::Working || p.use == TransferPoint::Use::Wide;
        const bool held_out = p.use == TransferPoint::Use::HeldOut;
        if (p.use == TransferPoint::Use::Working || held_out)
            fit.largest_rate_hz = std::max(fit.largest_rate_hz, p.rate_hz);
        if (!at.defined) {
            if (fitted) ++fit.undefined_points;
            if (held_out) ++fit.heldout_undefined;
            continue;
        }
        if (p.I == 0.0) at_rest.emplace_back(i, at.x);
        if (p.use == TransferPoint::Use::Current && p.I != 0.0) {
            if (fit.current.dI == 0.0) fit.current.dI = std::abs(p.I);
            if (std::abs(std::abs(p.I) - fit.current.dI) > 1e-9 * fit.current.dI)
                throw InputError("the transfer table of '" + table.population + "' has points with currents of " +
                                 number_text(fit.current.dI, "pA") + " and " + number_text(std::abs(p.I), "pA") +
                                 "; the current's gain needs one size, with both signs");
            (p.I > 0 ? plus : minus).add(at.x, p.rate_hz, weight_of(p, table, options));
        }
        if (held_out) {
            heldout.add(at.x, p.rate_hz, weight_of(p, table, options));
            relative_floor.push_back(p.rate_hz >= 1.0 && (p.se_hz < 0.005 * p.rate_hz || p.se_hz < 0.05) ? 1.0 : 0.0);
        }
        if (fitted) training.add(at.x, p.rate_hz, weight_of(p, table, options), p.use == TransferPoint::Use::Working);
        if (!fitted && !(held_out && m == 0)) continue; // without a fit, the domain is where it was tested
        widen_domain(fit, at.x, inputs.conductances(r));
    }
    fit.points = training.size();
    fit.heldout_points = heldout.size();
    if (fit.lower.empty())
        throw InputError("the transfer function of '" + table.population + "' has no point where '" + fit.basis +
                         "' is defined; sample more points or choose another basis");
    if (training.size() < m)
        throw InputError("the transfer function of '" + table.population + "' has " + std::to_string(training.size()) +
                         " points to fit " + std::to_string(m) + " coefficients of '" + fit.basis + "' to" +
                         (fit.undefined_points > 0
                              ? " (" + std::to_string(fit.undefined_points) + " more have no membrane moments)"
                              : "") +
                         "; sample more points or choose another basis");
    basis.lower = fit.lower;
    basis.upper = fit.upper;

    // Several starts: the basis's guess, and the guess shaken by a few times what the data resolve.
    Residuals residuals(basis, training);
    const std::vector<double> guess = basis.guess(training);
    const std::vector<double> scale = scales(residuals, guess);
    const std::uint32_t starts = std::max(options.starts, 1u);
    std::vector<Solved> solved(starts);
    tbb::parallel_for(0u, starts, [&](std::uint32_t i) {
        throw_if_interrupted();
        std::vector<double> start = guess;
        RandomSequence random(options.seed, options.stream, i, 0x66697473); // "fits"
        const double reach = i == 0 ? 0.0 : std::exp2(static_cast<double>(i % 6));
        for (std::size_t k = 0; k < m; ++k)
            start[k] = std::clamp(start[k] + reach * scale[k] * random.normal(), basis.coefficients[k]->lower,
                                  basis.coefficients[k]->upper);
        Residuals own(basis, training);
        solved[i] = solve(optimizer, own, start, scale);
        progress.advance();
    });
    const Solved& best = *std::min_element(solved.begin(), solved.end(),
                                           [](const Solved& a, const Solved& b) { return a.cost < b.cost; });
    if (!std::isfinite(best.cost))
        throw InputError("the transfer function of '" + table.population + "' cannot be fitted: basis '" + fit.basis +
                         "' is not defined at any start (" + best.message + "); choose another basis");
    fit.value = best.c;
    fit.cost = best.cost;
    fit.outcome = best.outcome;
    fit.message = best.message;
    fit.iterations = best.iterations;
    fit.starts = starts;
    for (const Solved& s : solved) {
        fit.evaluations += s.evaluations;
        if (s.cost <= best.cost * 1.001 + 1e-12) ++fit.agreeing_starts;
    }
    if (fit.outcome != MFM_CONVERGED)
        progress.warn("the fit of '" + table.population + "' by '" + optimizer.component().id() +
                      "' did not converge: " + fit.message);
    {
        std::vector<double> r(training.size());
        residuals.at(fit.value.data(), r.data(), nullptr); // an optimizer with a robust loss reports another cost
        fit.cost = half_square(r);
        fit.rmse_hz = rms(residuals.value, training.rate);
    }
    fit.covariance = covariance_at(residuals, fit.value, fit.cost);

    // Cross-validation: the points in random order, dealt to the folds in turn.  Every fold starts from its own guess:
    // the fit to all points knows those that are left out.
    const auto n_working = std::count(training.working.begin(), training.working.end(), true);
    if (options.folds > 1 && training.size() >= m + options.folds && n_working > 0) {
        std::vector<std::size_t> order(training.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        RandomSequence random(options.seed, options.stream, 0, 0x666f6c64); // "fold"
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
        std::vector<double> squares(options.folds, 0.0), weighted(options.folds, 0.0);
        tbb::parallel_for(0u, options.folds, [&](std::uint32_t f) {
            throw_if_interrupted();
            std::vector<std::size_t> in, out;
            for (std::size_t i = 0; i < order.size(); ++i) (i % options.folds == f ? out : in).push_back(order[i]);
            Data rest = training.subset(in);
            const Data left = training.subset(out);
            Residuals own(basis, rest);
            const std::vector<double> start = basis.guess(rest);
            const std::vector<double> c = solve(optimizer, own, start, scales(own, start)).c;
            std::vector<double> F(left.size());
            basis.evaluate(left, c.data(), F.data(), nullptr);
            for (std::size_t i = 0; i < F.size(); ++i) {
                if (!left.working[i]) continue;
                const double square = (F[i] - left.rate[i]) * (F[i] - left.rate[i]);
                squares[f] += square;
                weighted[f] += left.weight[i] * square;
            }
            progress.advance();
        });
        const auto root_mean = [&](const std::vector<double>& sums) {
            return std::sqrt(std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(n_working));
        };
        fit.cross_validated_rmse_hz = root_mean(squares);
        fit.cross_validated_error = root_mean(weighted);
    } else if (options.folds > 1) {
        progress.skip(options.folds);
    }

    if (heldout.size() > 0) {
        std::vector<double> F(heldout.size()), relative;
        basis.evaluate(heldout, fit.value.data(), F.data(), nullptr);
        fit.heldout_rmse_hz = rms(F, heldout.rate);
        for (std::size_t i = 0; i < F.size(); ++i)
            if (relative_floor[i] > 0) relative.push_back(std::abs(F[i] - heldout.rate[i]) / heldout.rate[i]);
        fit.relative_points = relative.size();
        if (!relative.empty()) fit.heldout_median_relative_error = median(relative);
    }
    {
        Data all(inputs.size());
        for (const auto& [i, x] : at_rest) all.add(x, 0.0, 1.0);
        std::vector<double> F(all.size());
        if (all.size() > 0) basis.evaluate(all, fit.value.data(), F.data(), nullptr);
        for (std::size_t k = 0; k < F.size(); ++k) fit.fitted_hz[at_rest[k].first] = F[k];
    }

    // With a current: few points, so the coefficients are drawn weakly to those without.
    if (plus.size() > 0 && minus.size() > 0) {
        constexpr double reach = 30.0; // a departure of 30 scales costs as much as one point that misses by its weight
        double squares = 0;
        for (const auto& [data, c] : {std::pair{&plus, &fit.current.plus}, {&minus, &fit.current.minus}}) {
            Residuals own(basis, *data);
            own.centre = &fit.value;
            for (const double s : scale) own.width.push_back(reach * s);
            const Solved s = solve(optimizer, own, fit.value, scale);
            *c = s.c;
            if (s.outcome != MFM_CONVERGED)
                progress.warn("the fit of '" + table.population + "' with a current of " +
                              number_text(data == &plus ? fit.current.dI : -fit.current.dI, "pA") +
                              " did not converge: " + s.message);
            std::vector<double> F(data->size());
            basis.evaluate(*data, c->data(), F.data(), nullptr);
            for (std::size_t i = 0; i < F.size(); ++i) squares += (F[i] - data->rate[i]) * (F[i] - data->rate[i]);
            progress.advance();
        }
        fit.current.points = plus.size() + minus.size();
        fit.current.rmse_hz = std::sqrt(squares / static_cast<double>(fit.current.points));
    } else {
        if (plus.size() + minus.size() > 0)
            throw InputError("the transfer table of '" + table.population +
                             "' has points with a current of one sign only; the current's gain needs both");
        fit.current = {};
        progress.skip(2);
    }
    return fit;
}

namespace {

/// Counts what passes, and keeps warnings until it is known whether they matter.
class Held final : public Progress {
public:
    explicit Held(Progress& to) : to_(to) {}
    void begin(const Task&) override {}
    void advance(std::uint64_t done) override {
        done_ += done;
        to_.advance(done);
    }
    void skip(std::uint64_t counts) override {
        done_ += counts;
        to_.skip(counts);
    }
    void end(const std::string&) override {}
    void note(const std::string& line) override { to_.note(line); }
    void warn(const std::string& line) override {
        const std::scoped_lock lock(mutex_);
        warnings_.push_back(line);
    }
    void finish(std::uint64_t total) {
        if (done_ < total) to_.skip(total - done_);
    }
    void release() const {
        for (const std::string& line : warnings_) to_.warn(line);
    }

private:
    Progress& to_;
    std::atomic<std::uint64_t> done_ = 0;
    std::mutex mutex_;
    std::vector<std::string> warnings_;
};

BasisScore score_of(const std::string& name, const TransferFit& fit) {
    return {name,
            fit.cross_validated_error ? "" : "there are too few points to cross-validate it",
            fit.value.size(),
            fit.undefined_points + fit.heldout_undefined,
            fit.cross_validated_error,
            fit.cross_validated_rmse_hz,
            fit.heldout_rmse_hz,
            fit.heldout_median_relative_error};
}
/// A candidate that can be used comes before one that cannot; then the one that is defined at more points; then the one
/// with less error.
bool is_better(const BasisScore& a, const BasisScore& b) {
    const auto error = [](const BasisScore& s) {
        const double e = s.cross_validated_error.value_or(std::numeric_limits<double>::infinity());
        return std::isnan(e) ? std::numeric_limits<double>::infinity() : e;
    };
    if (a.reason.empty() != b.reason.empty()) return a.reason.empty();
    if (a.undefined_points != b.undefined_points) return a.undefined_points < b.undefined_points;
    return error(a) < error(b);
}

} // namespace

TransferFit fit_best(const TransferTable& table, std::span<const BasisCandidate> candidates, const Instance& optimizer,
                     const FitOptions& options, Progress& progress) {
    if (candidates.size() == 1) {
        const BasisCandidate& only = candidates[0];
        if (!only.inputs) throw InputError(only.reason);
        return fit_transfer(table, *only.inputs, *only.basis, optimizer, options, progress);
    }
    std::vector<TransferFit> fits(candidates.size());
    std::vector<BasisScore> scores(candidates.size());
    std::size_t best = 0;
    std::deque<Held> held;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const BasisCandidate& candidate = candidates[i];
        Held& mine = held.emplace_back(progress);
        scores[i] = {candidate.name, candidate.reason, 0, 0, {}, {}, {}, {}};
        if (candidate.inputs) {
            try {
                fits[i] = fit_transfer(table, *candidate.inputs, *candidate.basis, optimizer, options, mine);
                scores[i] = score_of(candidate.name, fits[i]);
            } catch (const InputError& error) {
                scores[i].reason = error.what();
            }
        }
        mine.finish(fit_count(options));
        if (is_better(scores[i], scores[best])) best = i;
    }
    if (!scores[best].reason.empty()) {
        std::string reasons;
        for (const BasisScore& s : scores) reasons += "; " + s.basis + ": " + s.reason;
        throw InputError("no basis can be chosen for the transfer function of '" + table.population + "'" + reasons);
    }
    held[best].release();
    fits[best].candidate = best;
    fits[best].compared = std::move(scores);
    return std::move(fits[best]);
}

} // namespace mfm
