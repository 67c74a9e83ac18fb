// SPDX-License-Identifier: Apache-2.0
// Transfer functions with closed forms, and circuits made from them.
#pragma once
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "meanfield/model.hpp"
#include "support/progress.hpp"

namespace meanfield_test {

using namespace mfm;

/// F = f(x), x = x_0 + sum a_s r_s + c I, for any scalar f with two derivatives.
class ScalarTransfer : public TransferFunction {
public:
    ScalarTransfer(double x_0, std::vector<double> a, double c) : x_0(x_0), a(std::move(a)), c(c) {}
    [[nodiscard]] std::size_t pathways() const override { return a.size(); }
    void evaluate(std::span<const double> r, std::size_t n, std::span<double> rate, std::span<double> d_r,
                  std::span<double> d2_r) const override {
        const std::size_t S = a.size();
        for (std::size_t i = 0; i < n; ++i) {
            double F = 0, dF = 0, d2F = 0;
            f(argument(r, n, i), F, dF, d2F);
            rate[i] = F;
            for (std::size_t s = 0; s < S; ++s) {
                if (!d_r.empty()) d_r[s * n + i] = dF * a[s];
                for (std::size_t t = 0; t < S && !d2_r.empty(); ++t) d2_r[(s * S + t) * n + i] = d2F * a[s] * a[t];
            }
        }
    }
    void current_gain(std::span<const double> r, std::size_t n, std::span<double> gain,
                      std::span<double> d_r) const override {
        for (std::size_t i = 0; i < n; ++i) {
            double F = 0, dF = 0, d2F = 0;
            f(argument(r, n, i), F, dF, d2F);
            gain[i] = c * dF / F;
            for (std::size_t s = 0; s < a.size() && !d_r.empty(); ++s)
                d_r[s * n + i] = c * a[s] * (d2F / F - dF * dF / (F * F));
        }
    }
    [[nodiscard]] bool inside(std::span<const double> r) const override {
        for (const double x : r)
            if (x > domain_end) return false;
        return true;
    }
    double x_0;
    std::vector<double> a;
    double c;
    double domain_end = std::numeric_limits<double>::infinity();

protected:
    virtual void f(double x, double& F, double& dF, double& d2F) const = 0;

private:
    [[nodiscard]] double argument(std::span<const double> r, std::size_t n, std::size_t i) const {
        double x = x_0;
        for (std::size_t s = 0; s < a.size(); ++s) x += a[s] * r[s * n + i];
        return x;
    }
};

class Linear : public ScalarTransfer {
public:
    Linear(double x_0, std::vector<double> a, double c = 0) : ScalarTransfer(x_0, std::move(a), c) {}

protected:
    void f(double x, double& F, double& dF, double& d2F) const override { F = x, dF = 1, d2F = 0; }
};

/// F = s ln(1 + exp(x / s)).
class Softplus : public ScalarTransfer {
public:
    Softplus(double x_0, std::vector<double> a, double c = 0, double s = 10)
        : ScalarTransfer(x_0, std::move(a), c), s(s) {}
    double s;

protected:
    void f(double x, double& F, double& dF, double& d2F) const override {
        const double e = std::exp(-std::abs(x) / s);
        F = s * std::log1p(e) + std::max(x, 0.0);
        dF = x > 0 ? 1 / (1 + e) : e / (1 + e);
        d2F = dF * (1 - dF) / s;
    }
};

/// F = F_max / (1 + exp(-x)).
class Sigmoid : public ScalarTransfer {
public:
    Sigmoid(double x_0, std::vector<double> a, double F_max) : ScalarTransfer(x_0, std::move(a), 0), F_max(F_max) {}
    double F_max;

protected:
    void f(double x, double& F, double& dF, double& d2F) const override {
        const double p = 1 / (1 + std::exp(-x));
        F = F_max * p;
        dF = F * (1 - p);
        d2F = dF * (1 - 2 * p);
    }
};

/// F = x up to a limit, not a number beyond it.
class Breaking : public ScalarTransfer {
public:
    Breaking(std::vector<double> a, double limit) : ScalarTransfer(0, std::move(a), 0), limit(limit) {}
    double limit;

protected:
    void f(double x, double& F, double& dF, double& d2F) const override {
        F = x > limit ? std::numeric_limits<double>::quiet_NaN() : x;
        dF = 1, d2F = 0;
    }
};

class Silent : public SilentProgress {
public:
    void warn(const std::string& line) override { warnings.push_back(line); }
    std::vector<std::string> warnings;
};

inline mfm_receptor receptor(std::uint32_t shape, double tau, double tau_rise = 0, double E_rev = 0) {
    mfm_receptor r{};
    r.size = sizeof r;
    r.shape = shape;
    r.tau = tau;
    r.tau_rise = tau_rise;
    r.E_rev = E_rev;
    return r;
}

/// A circuit under construction.
struct Circuit {
    Reduction reduction;
    std::vector<PopulationModel> populations;
    MeanFieldConfig config;

    std::size_t external(const std::string& name) {
        reduction.populations.push_back({name, populations.size(), 100, true});
        populations.push_back({name, true, 100, nullptr, 0, 0});
        return populations.size() - 1;
    }
    std::size_t internal(const std::string& name, std::shared_ptr<const TransferFunction> transfer, double k_2 = 0,
                         double A_2 = 0) {
        reduction.populations.push_back({name, populations.size(), 100, false});
        populations.push_back({name, false, 100, std::move(transfer), k_2, A_2});
        return populations.size() - 1;
    }
    Pathway& pathway(std::size_t source, std::size_t target, const mfm_receptor& r, double K = 1, double delay = 0) {
        Pathway s;
        s.name = populations[source].name + "_to_" + populations[target].name;
        s.source = source;
        s.target = target;
        s.receptor = r;
        s.K = K;
        s.Q = 1;
        s.delay = delay;
        reduction.pathways.push_back(std::move(s));
        return reduction.pathways.back();
    }
    [[nodiscard]] MeanFieldModel model() const { return {reduction, populations, config}; }
};

} // namespace meanfield_test
