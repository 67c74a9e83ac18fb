// SPDX-License-Identifier: Apache-2.0
// The authoring layer of transfer functions.  An author writes a struct B with
//   id, version, summary, citation                        static constexpr strings
//   Settings with fields(), and a constructor from it     optional
//   std::vector<mfm::Axis> inputs() const                 names that the host knows (see mfm_transfer_v1), at most 6
//   std::vector<mfm::Coefficient> coefficients() const
//   rate(x, c, domain) const                              one expression, Hz, templated on the types of input x[i] and
//                                                         coefficient c[k]: each is double or a Dual
//   std::vector<double> guess(const mfm::TransferData&) const   optional: coefficients near the data
//   std::vector<C> prepare(const C* c) const              optional: what all points of a call share; rate then gets
//                                                         this for c
// and exports it with MFM_PLUGIN("My Lab", mfm::Transfer<B>).  All derivatives are made here, exactly.
#pragma once
#include <mfm/dual.hpp>
#include <mfm/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

namespace mfm {

struct Axis {
    const char *name, *unit, *doc;
};
struct Coefficient {
    std::string name;
    const char *unit, *doc;
    double initial = 0, lower = -infinity, upper = infinity;
};
/// The domain that the fit covers, per input; empty when the host gave none.
struct Domain {
    std::span<const double> lower, upper;
};
/// What a guess is made from: n points.
struct TransferData {
    std::vector<std::span<const double>> input; ///< [input][n]
    std::span<const double> rate, weight;       ///< [n] Hz, 1/Hz^2
    Domain domain;
    [[nodiscard]] std::size_t size() const { return rate.size(); }
};

/// Minimises sum_i weight[i] (design[i] . c - target[i])^2 by Householder QR with column pivoting; design is row-major
/// [n][columns].  Directions that the data do not determine get 0.
[[nodiscard]] inline std::vector<double> linear_fit(std::vector<double> design, std::vector<double> target,
                                                    std::span<const double> weight, std::size_t columns) {
    const std::size_t n = target.size();
    std::vector<std::size_t> order(columns);
    std::vector<double> size(columns, 1.0), solution(columns, 0.0);
    for (std::size_t j = 0; j < columns; ++j) order[j] = j;
    for (std::size_t i = 0; i < n; ++i) {
        const double root = std::sqrt(weight[i]);
        target[i] *= root;
        for (std::size_t j = 0; j < columns; ++j) design[i * columns + j] *= root;
    }
    const auto at = [&](std::size_t i, std::size_t j) -> double& { return design[i * columns + order[j]]; };
    const auto norm = [&](std::size_t first, std::size_t j) {
        double sum = 0;
        for (std::size_t i = first; i < n; ++i) sum += at(i, j) * at(i, j);
        return std::sqrt(sum);
    };
    // Columns of unit length, so that the rank does not depend on units.
    for (std::size_t j = 0; j < columns; ++j) {
        const double length = norm(0, j);
        if (length > 0) size[j] = length;
        for (std::size_t i = 0; i < n; ++i) at(i, j) /= size[j];
    }
    std::size_t rank = 0;
    for (; rank < std::min(n, columns); ++rank) {
        std::size_t pivot = rank;
        for (std::size_t j = rank + 1; j < columns; ++j)
            if (norm(rank, j) > norm(rank, pivot)) pivot = j;
        std::swap(order[rank], order[pivot]);
        const double length = norm(rank, rank);
        if (length < 1e-11) break;
        // Reflector v = x + sign(x_0) |x| e_0, kept in place of the column.
        const double head = at(rank, rank), diagonal = head > 0 ? -length : length;
        std::vector<double> v(n - rank);
        for (std::size_t i = rank; i < n; ++i) v[i - rank] = at(i, rank);
        v[0] -= diagonal;
        double vv = 0;
        for (const double e : v) vv += e * e;
        const auto reflect = [&](auto&& entry) {
            double dot = 0;
            for (std::size_t i = rank; i < n; ++i) dot += v[i - rank] * entry(i);
            for (std::size_t i = rank; i < n; ++i) entry(i) -= 2 * dot / vv * v[i - rank];
        };
        for (std::size_t j = rank; j < columns; ++j) reflect([&](std::size_t i) -> double& { return at(i, j); });
        reflect([&](std::size_t i) -> double& { return target[i]; });
    }
    for (std::size_t k = rank; k-- > 0;) {
        double sum = target[k];
        for (std::size_t j = k + 1; j < rank; ++j) sum -= at(k, j) * solution[order[j]];
        solution[order[k]] = sum / at(k, k);
    }
    for (std::size_t j = 0; j < columns; ++j) solution[j] /= size[j];
    return solution;
}

template <class B> class Transfer {
    static constexpr std::size_t max_inputs = 6, chunk = 4;

    struct Instance {
        B basis;
        std::vector<Axis> axes;
        std::vector<Coefficient> coefficients;
        std::vector<mfm_field> rows;
        std::vector<const mfm_field*> inputs, parameters;

        explicit Instance(B made) : basis(std::move(made)), axes(basis.inputs()), coefficients(basis.coefficients()) {
            if (axes.empty() || axes.size() > max_inputs)
                throw std::runtime_error("a transfer function has 1 to 6 inputs; this one has " +
                                         std::to_string(axes.size()));
            for (const Axis& a : axes)
                rows.push_back({sizeof(mfm_field), MFM_REAL, 0, 0, a.name, a.unit, a.doc, 0, -infinity, infinity,
                                nullptr, nullptr});
            for (const Coefficient& c : coefficients)
                rows.push_back({sizeof(mfm_field), MFM_REAL, 0, 0, c.name.c_str(), c.unit, c.doc, c.initial, c.lower,
                                c.upper, nullptr, nullptr});
            for (std::size_t i = 0; i < rows.size(); ++i) (i < axes.size() ? inputs : parameters).push_back(&rows[i]);
            inputs.push_back(nullptr);
            parameters.push_back(nullptr);
        }
        Instance(const Instance&) = delete;
        Instance& operator=(const Instance&) = delete;
    };
    static const Instance& of(const void* self) { return *static_cast<const Instance*>(self); }

    static mfm_status create(const mfm_value* const* values, void** self, mfm_error* error) noexcept {
        return guarded(error, [&] {
            using Settings = typename SettingsOf<B>::type;
            if constexpr (std::is_constructible_v<B, Settings>)
                *self = new Instance(B(Schema<Settings>::read(values)));
            else
                *self = new Instance(B());
        });
    }
    static void destroy(void* self) noexcept { delete static_cast<Instance*>(self); }

    static mfm_status shape(void* self, const mfm_field* const** inputs, const mfm_field* const** coefficients,
                            mfm_error*) noexcept {
        *inputs = of(self).inputs.data();
        *coefficients = of(self).parameters.data();
        return MFM_OK;
    }
    static Domain domain_of(const Instance& it, const mfm_transfer_batch& b) {
        if (b.lower == nullptr || b.upper == nullptr) return {};
        return {{b.lower, it.axes.size()}, {b.upper, it.axes.size()}};
    }

    static mfm_status guess(void* self, const mfm_transfer_batch* b, double* coefficient, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const Instance& it = of(self);
            std::vector<double> found;
            for (const Coefficient& c : it.coefficients) found.push_back(c.initial);
            if constexpr (requires(const TransferData& data) { it.basis.guess(data); }) {
                TransferData data;
                for (std::size_t i = 0; i < it.axes.size(); ++i) data.input.emplace_back(b->input[i], b->n);
                const std::vector<double> ones(b->weight == nullptr ? b->n : 0, 1.0);
                data.rate = {b->value, b->n};
                data.weight = b->weight != nullptr ? std::span(b->weight, b->n) : std::span(ones);
                data.domain = domain_of(it, *b);
                found = it.basis.guess(data);
            }
            for (std::size_t k = 0; k < it.coefficients.size(); ++k) {
                const Coefficient& c = it.coefficients[k];
                coefficient[k] = std::isfinite(found.at(k)) ? std::clamp(found[k], c.lower, c.upper) : c.initial;
            }
        });
    }

    /// What `rate` gets for the coefficients, once a call.
    template <class C> static std::vector<C> prepared(const Instance& it, const C* c) {
        if constexpr (requires { it.basis.prepare(c); })
            return it.basis.prepare(c);
        else
            return {c, c + it.coefficients.size()};
    }
    /// Values, and gradients and Hessians by N inputs where they are wanted.
    template <std::size_t N>
    static void by_input(const Instance& it, const mfm_transfer_batch& b, const Domain& domain) {
        const std::vector<double> c = prepared(it, b.coefficient);
        for (std::uint32_t i = 0; i < b.n; ++i) {
            if (b.d2_input != nullptr) {
                std::array<Dual<Dual<double, N>, N>, max_inputs> x;
                for (std::size_t k = 0; k < N; ++k) x[k] = variable_twice<N>(b.input[k][i], k);
                const auto f = it.basis.rate(x.data(), c.data(), domain);
                b.value[i] = f.value.value;
                for (std::size_t k = 0; k < N; ++k) {
                    if (b.d_input != nullptr) b.d_input[k][i] = f.d[k].value;
                    for (std::size_t l = 0; l < N; ++l)
                        b.d2_input[k * N + l][i] = f.d[std::max(k, l)].d[std::min(k, l)];
                }
            } else if (b.d_input != nullptr) {
                std::array<Dual<double, N>, max_inputs> x;
                for (std::size_t k = 0; k < N; ++k) x[k] = variable<N>(b.input[k][i], k);
                const auto f = it.basis.rate(x.data(), c.data(), domain);
                b.value[i] = f.value;
                for (std::size_t k = 0; k < N; ++k) b.d_input[k][i] = f.d[k];
            } else {
                std::array<double, max_inputs> x{};
                for (std::size_t k = 0; k < N; ++k) x[k] = b.input[k][i];
                b.value[i] = it.basis.rate(x.data(), c.data(), domain);
            }
        }
    }
    template <std::size_t N = 1>
    static void by_inputs(const Instance& it, const mfm_transfer_batch& b, const Domain& domain) {
        if (it.axes.size() == N)
            by_input<N>(it, b, domain);
        else if constexpr (N < max_inputs)
            by_inputs<N + 1>(it, b, domain);
    }
    static void by_coefficients(const Instance& it, const mfm_transfer_batch& b, const Domain& domain) {
        std::array<double, max_inputs> x{};
        std::vector<Dual<double, chunk>> c(it.coefficients.size());
        for (std::size_t first = 0; first < c.size(); first += chunk) {
            for (std::size_t k = 0; k < c.size(); ++k) {
                c[k] = Dual<double, chunk>(b.coefficient[k]);
                if (k >= first && k < first + chunk) c[k].d[k - first] = 1.0;
            }
            const auto shared = prepared(it, c.data());
            for (std::uint32_t i = 0; i < b.n; ++i) {
                for (std::size_t k = 0; k < it.axes.size(); ++k) x[k] = b.input[k][i];
                const auto f = it.basis.rate(x.data(), shared.data(), domain);
                if constexpr (requires { f.d; }) // a basis without coefficients may ignore their type
                    for (std::size_t k = first; k < std::min(c.size(), first + chunk); ++k)
                        b.d_coefficient[k][i] = f.d[k - first];
            }
        }
    }
    static mfm_status evaluate(void* self, const mfm_transfer_batch* b, mfm_error* error) noexcept {
        return guarded(error, [&] {
            const Instance& it = of(self);
            const Domain domain = domain_of(it, *b);
            if (b->d_coefficient != nullptr) by_coefficients(it, *b, domain);
            by_inputs(it, *b, domain);
        });
    }
    static constexpr mfm_transfer_v1 table{sizeof(mfm_transfer_v1), 0, &shape, &guess, &evaluate};
    static constexpr auto interfaces =
        with_own_interfaces<B>(std::array<mfm_interface, 1>{{{MFM_TRANSFER_ID, &table}}});

public:
    /// The author's object behind the `self` that functions of interfaces get.
    static const B& author(const void* self) { return of(self).basis; }
    static constexpr mfm_component component{sizeof(mfm_component),
                                             0,
                                             B::id,
                                             B::version,
                                             B::summary,
                                             B::citation,
                                             Schema<typename SettingsOf<B>::type>::list.data(),
                                             &create,
                                             &destroy,
                                             interfaces.data(),
                                             documentation_of<B>()};
};

} // namespace mfm
