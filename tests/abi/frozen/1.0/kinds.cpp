// SPDX-License-Identifier: Apache-2.0
// A rule, a protocol, a transfer function and an optimizer of SDK 1.0, one library.  Sums, products, quotients and square
// roots alone, so that every machine computes the same bits.
#include <mfm/connectivity.hpp>
#include <mfm/optimizer.hpp>
#include <mfm/stimulation.hpp>
#include <mfm/transfer.hpp>

namespace {

/// A pair when a uniform number is below p / (1 + (d / width)^2); none where the earlier projection has one.
struct Rule {
    static constexpr auto id = "frozen_rule_" COMPILER, version = "1.0.0", summary = "pairs that get rare with distance",
                          citation = "";
    static constexpr std::uint32_t orientation = MFM_BY_TARGET;
    struct Settings {
        double p, width;
        std::string except;
        bool autapses;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{
                mfm::Field{&S::p, "p", "1", 0.5, 0., 1., "probability at distance 0"},
                mfm::Field{&S::width, "width", "um", 60., 0., 1e4, "distance of half the probability"}.open_lower(),
                mfm::Field{&S::except, "except", nullptr, "pairs of this projection are left out"}.projection_name(),
                mfm::Field{&S::autapses, "autapses", "1", 1., 0., 1., "cells may connect to themselves"}};
        }
    };
    explicit Rule(const Settings& s) : s_(s) {}
    [[nodiscard]] std::vector<double> prepare(const mfm::ProjectionView& view) const {
        view.source().require_positions("frozen_rule");
        std::vector<double> fatigue;
        for (std::uint64_t i = 0; i < view.target().size(); ++i) fatigue.push_back(view.random(i, 1).uniform());
        return fatigue;
    }
    void row(const mfm::ProjectionView& view, const std::vector<double>& fatigue, std::uint64_t i,
             mfm::RandomSequence& random, mfm::Row& row) const {
        const auto here = view.target().position(i);
        for (std::uint64_t j = 0; j < row.partners(); ++j) {
            const auto there = view.source().position(j);
            double d2 = 0;
            for (std::size_t k = 0; k < 3; ++k) d2 += (here[k] - there[k]) * (here[k] - there[k]);
            const double chance = s_.p / (1 + d2 / (s_.width * s_.width));
            if (random.uniform() >= chance || (view.same_population() && !s_.autapses && i == j)) continue;
            if (view.has_earlier(&Settings::except)) {
                const auto pairs = view.earlier(&Settings::except).sources_of(i);
                if (std::binary_search(pairs.begin(), pairs.end(), static_cast<std::uint32_t>(j))) continue;
            }
            row.add(j, 1 + fatigue[i], 0.5 + std::sqrt(d2) / 100);
        }
    }
    [[nodiscard]] mfm::Degree in_degree(const mfm::ProjectionView& view) const {
        if (view.has_earlier(&Settings::except)) throw mfm::Infeasible("with 'except', only building tells");
        const double n = static_cast<double>(view.source().size());
        return {n * s_.p / 2, std::sqrt(n * s_.p * (2 - s_.p)) / 2};
    }

private:
    Settings s_;
};

/// r(t) = low + (high - low) x / (1 + x), x = (t / rise)^2, one condition a height.
struct Protocol {
    static constexpr auto id = "frozen_protocol_" COMPILER, version = "1.0.0", summary = "rates that saturate",
                          citation = "";
    struct Settings {
        double low, rise;
        std::vector<double> high;
        std::string label;
        static constexpr const char* labels[] = {"plain", "fancy", nullptr};
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::low, "low", "Hz", 2., 0., 1e6, "rate at the start"},
                              mfm::Field{&S::rise, "rise", "ms", 30., 0., 1e6, "time of half the way"}.open_lower(),
                              mfm::Field{&S::high, "high", "Hz", 0., 0., 1e6, "rates at the end"},
                              mfm::Field{&S::label, "label", labels, "how conditions are called"}};
        }
    };
    explicit Protocol(const Settings& s) : s_(s) {}
    [[nodiscard]] std::vector<mfm::Condition> conditions() const {
        std::vector<mfm::Condition> all = {{.label = s_.label, .stationary = true}};
        for (const double high : s_.high)
            all.push_back({.label = s_.label + " to " + mfm::label_number(high),
                           .duration = 10 * s_.rise,
                           .onset = 0.25,
                           .offset = 0.25,
                           .frequency_hz = 1 / s_.rise});
        return all;
    }
    [[nodiscard]] double level(std::uint32_t) const { return s_.low; }
    [[nodiscard]] double rate(std::uint32_t condition, double t) const {
        const double x = t / s_.rise * (t / s_.rise);
        return s_.low + (s_.high.at(condition - 1) - s_.low) * x / (1 + x);
    }

private:
    Settings s_;
};

/// nu = c_0 + c_1 u / sqrt(1 + u^2), u = G_e - c_2 G_i + c_3 G_e G_i.
struct Basis {
    static constexpr auto id = "frozen_basis_" COMPILER, version = "1.0.0", summary = "an algebraic sigmoid", citation = "";
    [[nodiscard]] std::vector<mfm::Axis> inputs() const {
        return {{"G_e", "nS", "excitatory conductance"}, {"G_i", "nS", "inhibitory conductance"}};
    }
    [[nodiscard]] std::vector<mfm::Coefficient> coefficients() const {
        return {{"offset", "Hz", "rate in the middle", 20, 0, 1e3},
                {"gain", "Hz", "half the range", 20, 0, 1e3},
                {"balance", "1", "weight of inhibition", 1},
                {"mixing", "1/nS", "interaction", 0}};
    }
    template <class X, class C> auto rate(const X* x, const C* c, const mfm::Domain& domain) const {
        using std::sqrt;
        const double shift = domain.lower.empty() ? 0.0 : domain.lower[0] / 8;
        const auto u = x[0] - c[2] * x[1] + c[3] * (x[0] * x[1]) - shift;
        return c[0] + c[1] * u / sqrt(1.0 + u * u);
    }
    [[nodiscard]] std::vector<double> guess(const mfm::TransferData& data) const {
        double sum = 0, weights = 0;
        for (std::size_t i = 0; i < data.size(); ++i) {
            sum += data.weight[i] * data.rate[i];
            weights += data.weight[i];
        }
        return {sum / weights, 1.5 * sum / weights, 0.75, 0.0625};
    }
};

/// Gauss and Newton's steps for two parameters, halved until they help.
struct Descent {
    static constexpr auto id = "frozen_optimizer_" COMPILER, version = "1.0.0", summary = "Gauss-Newton with halved steps",
                          citation = "";
    struct Settings {
        int steps;
        std::string loss;
        static constexpr auto fields() {
            using S = Settings;
            return std::tuple{mfm::Field{&S::steps, "steps", "1", 20., 1., 1e6, "most steps"},
                              mfm::Field{&S::loss, "loss", mfm::Loss::choices, "loss on squared residuals"}};
        }
    };
    explicit Descent(const Settings& s) : s_(s) {}
    void prepare(mfm::Problem& problem) const { problem.use_loss(mfm::Loss::named(s_.loss, 1.0)); }
    [[nodiscard]] mfm::Outcome solve(mfm::Problem& problem) const {
        if (problem.parameters() != 2) throw mfm::Infeasible("two parameters, please");
        const std::size_t m = problem.residuals();
        std::vector<double> x(problem.initial().begin(), problem.initial().end()), r(m), J(2 * m), next(2), trial(m);
        for (std::uint32_t step = 0; step < static_cast<std::uint32_t>(s_.steps); ++step) {
            if (!problem.evaluate(x, r, J)) return {MFM_FAILED, step, "not defined"};
            double a = 0, b = 0, d = 0, g = 0, h = 0;
            for (std::size_t k = 0; k < m; ++k) {
                a += J[2 * k] * J[2 * k];
                b += J[2 * k] * J[2 * k + 1];
                d += J[2 * k + 1] * J[2 * k + 1];
                g += J[2 * k] * r[k];
                h += J[2 * k + 1] * r[k];
            }
            const double cost = mfm::Problem::cost(r), determinant = a * d - b * b;
            if (g * g + h * h < 1e-20) return {MFM_CONVERGED, step, "the gradient is 0"};
            double length = 1;
            for (; length > 1e-6; length /= 2) {
                next[0] = x[0] - length * (d * g - b * h) / determinant;
                next[1] = x[1] - length * (a * h - b * g) / determinant;
                if (problem.evaluate(next, trial) && mfm::Problem::cost(trial) < cost) break;
            }
            if (length <= 1e-6) return {MFM_CONVERGED, step, "no step helps"};
            x = next;
            if (!problem.keep_going(step, cost, std::sqrt(g * g + h * h), length)) return {MFM_STOPPED, step, "stopped"};
        }
        return {MFM_BUDGET, static_cast<std::uint32_t>(s_.steps), "all steps are used"};
    }

private:
    Settings s_;
};

} // namespace

MFM_PLUGIN("automfm's tests", mfm::Connectivity<Rule>, mfm::Stimulation<Protocol>, mfm::Transfer<Basis>,
           mfm::Optimizer<Descent>);
