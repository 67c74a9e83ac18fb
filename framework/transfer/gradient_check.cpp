// SPDX-License-Identifier: Apache-2.0
#include "transfer/gradient_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "plugin/settings.hpp"
#include "transfer/basis.hpp"

namespace mfm {
namespace {

/// f'(x) by Ridders' method: central differences at shrinking steps, extrapolated to step 0.
double ridders(const std::function<double(double)>& f, double x, double h) {
    constexpr std::size_t rows = 8;
    constexpr double shrink = 1.6;
    std::array<std::array<double, rows>, rows> a{};
    double best = 0, error = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < rows; ++i, h /= shrink) {
        a[0][i] = (f(x + h) - f(x - h)) / (2 * h);
        double factor = shrink * shrink;
        for (std::size_t j = 1; j <= i; ++j, factor *= shrink * shrink) {
            a[j][i] = (a[j - 1][i] * factor - a[j - 1][i - 1]) / (factor - 1);
            const double here = std::max(std::abs(a[j][i] - a[j - 1][i]), std::abs(a[j][i] - a[j - 1][i - 1]));
            if (here < error) {
                error = here;
                best = a[j][i];
            }
        }
    }
    return best;
}

/// One point of a basis.
struct At {
    const Instance& basis;
    const mfm_transfer_v1& table;
    std::vector<double> x, c;
    std::span<const double> lower, upper;

    struct Values {
        double value;
        std::vector<double> d_coefficient, d_input, d2_input;
    };
    [[nodiscard]] Values all() const {
        const std::size_t D = x.size(), m = c.size();
        Values v{0, std::vector<double>(m), std::vector<double>(D), std::vector<double>(D * D)};
        std::vector<const double*> in;
        std::vector<double*> dc, di, d2;
        for (const double& e : x) in.push_back(&e);
        for (double& e : v.d_coefficient) dc.push_back(&e);
        for (double& e : v.d_input) di.push_back(&e);
        for (double& e : v.d2_input) d2.push_back(&e);
        mfm_transfer_batch b{};
        b.size = sizeof b;
        b.n = 1;
        b.input = in.data();
        b.lower = lower.data();
        b.upper = upper.data();
        b.coefficient = c.data();
        b.value = &v.value;
        b.d_coefficient = dc.data();
        b.d_input = di.data();
        b.d2_input = d2.data();
        mfm_error error = empty_error();
        check_status(table.evaluate(basis.self(), &b, &error), error, basis.component(), "evaluate");
        const auto finite = [](const std::vector<double>& list) {
            return std::all_of(list.begin(), list.end(), [](double e) { return std::isfinite(e); });
        };
        if (!std::isfinite(v.value) || !finite(v.d_coefficient) || !finite(v.d_input) || !finite(v.d2_input)) {
            std::string where;
            for (const double e : x) where.append(" ").append(number_text(e));
            throw PluginError("plugin '" + basis.component().id() +
                              "' gives a value or derivative that is not finite at inputs" + where);
        }
        return v;
    }
};

} // namespace

double GradientCheck::largest() const {
    return std::max({coefficient, input, second});
}

GradientCheck check_gradients(const Instance& basis, std::span<const double> points,
                              std::span<const double> coefficients, std::span<const double> lower,
                              std::span<const double> upper) {
    const auto& table = basis.table<mfm_transfer_v1>(MFM_TRANSFER_ID);
    const auto [inputs, names] = basis_shape(basis);
    const std::size_t D = inputs.size();
    GradientCheck check;
    check.points = points.size() / D;
    for (std::size_t i = 0; i < check.points; ++i) {
        At at{basis,
              table,
              {points.begin() + static_cast<std::ptrdiff_t>(i * D),
               points.begin() + static_cast<std::ptrdiff_t>((i + 1) * D)},
              {coefficients.begin(), coefficients.end()},
              lower,
              upper};
        const At::Values exact = at.all();
        const auto note = [&](double& kind, double miss, const std::string& what) {
            if (miss > check.largest()) check.worst = what + " at point " + std::to_string(i);
            kind = std::max(kind, miss);
        };
        // Derivatives in units of a typical change of each variable, so that they can be compared with each other.
        const auto step_of = [](double value, double span) {
            return 0.02 * std::max(std::abs(value), span > 0 ? 0.1 * span : 1e-3);
        };
        const auto compare = [&](std::vector<double>& variable, std::size_t k, double step,
                                 const std::function<double(const At::Values&)>& of) {
            const double x = variable[k];
            const double slope = ridders(
                [&](double y) {
                    variable[k] = y;
                    return of(at.all());
                },
                x, step);
            variable[k] = x;
            return slope;
        };
        double size = std::abs(exact.value) + 1e-3;
        for (std::size_t k = 0; k < names.size(); ++k) {
            const double step = step_of(at.c[k], 10.0);
            const double slope = compare(at.c, k, step, [](const At::Values& v) { return v.value; });
            note(check.coefficient,
                 std::abs(slope - exact.d_coefficient[k]) / (std::abs(exact.d_coefficient[k]) + size / (step * 50)),
                 std::string("d/d") + names[k]->name);
        }
        for (std::size_t k = 0; k < D; ++k) {
            const double span = lower.empty() ? 0.0 : upper[k] - lower[k], step = step_of(at.x[k], span);
            const double slope = compare(at.x, k, step, [](const At::Values& v) { return v.value; });
            note(check.input, std::abs(slope - exact.d_input[k]) / (std::abs(exact.d_input[k]) + size / (step * 50)),
                 std::string("d/d") + inputs[k]->name);
            for (std::size_t l = 0; l < D; ++l) {
                const double second = compare(at.x, k, step, [l](const At::Values& v) { return v.d_input[l]; });
                const double scale = std::abs(exact.d2_input[k * D + l]) +
                                     (std::abs(exact.d_input[l]) + size / (step * 50)) / (step * 50);
                note(check.second, std::abs(second - exact.d2_input[k * D + l]) / scale,
                     std::string("d2/d") + inputs[k]->name + " d" + inputs[l]->name);
            }
        }
    }
    return check;
}

} // namespace mfm
