// SPDX-License-Identifier: Apache-2.0
// Forward automatic differentiation: run a kernel that is templated on its scalar with Dual numbers, and the exact
// derivatives come out beside the value.
//
//     template <class T> T f(T x, T y) { using std::exp; return x * exp(-y); }
//     auto out = f(mfm::variable<2>(1.0, 0), mfm::variable<2>(3.0, 1)); // out.value, out.d[0], out.d[1]
//
// Dual<Dual<double, N>, N> gives second derivatives: out.d[i].d[j].  The inner scalar may also be a vector of lanes: it
// needs
// +, -, *, /, comparisons, select(mask, a, b) and the elementary functions, found in its own namespace.
// A kernel calls functions unqualified after `using std::exp;` and the like, so that doubles and Duals both find
// theirs.
#pragma once
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace mfm {

/// A value and its derivatives along N directions.
template <class T, std::size_t N> struct Dual {
    T value{};
    std::array<T, N> d{};

    constexpr Dual() = default;
    /// A constant.
    template <class A>
    requires std::is_arithmetic_v<A>
    constexpr Dual(A constant) : value(static_cast<double>(constant)) {}
    constexpr Dual(const T& constant) requires(!std::is_arithmetic_v<T>) : value(constant) {}
    constexpr Dual(const T& v, const std::array<T, N>& derivatives) : value(v), d(derivatives) {}

    friend constexpr Dual operator+(const Dual& a) { return a; }
    friend constexpr Dual operator-(const Dual& a) {
        Dual out;
        out.value = -a.value;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = -a.d[i];
        return out;
    }
    friend constexpr Dual operator+(const Dual& a, const Dual& b) {
        Dual out;
        out.value = a.value + b.value;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = a.d[i] + b.d[i];
        return out;
    }
    friend constexpr Dual operator-(const Dual& a, const Dual& b) {
        Dual out;
        out.value = a.value - b.value;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = a.d[i] - b.d[i];
        return out;
    }
    friend constexpr Dual operator*(const Dual& a, const Dual& b) {
        Dual out;
        out.value = a.value * b.value;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = a.d[i] * b.value + a.value * b.d[i];
        return out;
    }
    friend constexpr Dual operator/(const Dual& a, const Dual& b) {
        Dual out;
        out.value = a.value / b.value;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = (a.d[i] - out.value * b.d[i]) / b.value;
        return out;
    }
    // With a plain number or the inner scalar on one side: no derivative to carry there.
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator+(const Dual& a, const A& b) {
        return Dual(inner(b) + a.value, a.d);
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator+(const A& a, const Dual& b) {
        return Dual(inner(a) + b.value, b.d);
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator-(const Dual& a, const A& b) {
        return Dual(a.value - inner(b), a.d);
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator-(const A& a, const Dual& b) {
        return a + -b;
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator*(const Dual& a, const A& b) {
        Dual out;
        const T s = inner(b);
        out.value = a.value * s;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = a.d[i] * s;
        return out;
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator*(const A& a, const Dual& b) {
        return b * a;
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator/(const Dual& a, const A& b) {
        Dual out;
        const T s = inner(b);
        out.value = a.value / s;
        for (std::size_t i = 0; i < N; ++i) out.d[i] = a.d[i] / s;
        return out;
    }
    template <class A>
    requires(std::is_arithmetic_v<A> || std::same_as<A, T>) friend constexpr Dual operator/(const A& a, const Dual& b) {
        return Dual(inner(a)) / b;
    }

    template <class A> constexpr Dual& operator+=(const A& b) { return *this = *this + b; }
    template <class A> constexpr Dual& operator-=(const A& b) { return *this = *this - b; }
    template <class A> constexpr Dual& operator*=(const A& b) { return *this = *this * b; }
    template <class A> constexpr Dual& operator/=(const A& b) { return *this = *this / b; }

    // Comparisons look at the value only, and give what the inner scalar's give (a bool, or a mask of lanes).
    friend constexpr auto operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
    friend constexpr auto operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
    friend constexpr auto operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
    friend constexpr auto operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
    friend constexpr auto operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
    friend constexpr auto operator!=(const Dual& a, const Dual& b) { return a.value != b.value; }

    friend constexpr Dual fma(const Dual& a, const Dual& b, const Dual& c) { return a * b + c; }
    friend constexpr Dual fnma(const Dual& a, const Dual& b, const Dual& c) { return c - a * b; }

private:
    template <class A> static constexpr T inner(const A& a) {
        if constexpr (std::is_arithmetic_v<A>)
            return T(static_cast<double>(a));
        else
            return a;
    }
};

template <class T> struct IsDual : std::false_type {};
template <class T, std::size_t N> struct IsDual<Dual<T, N>> : std::true_type {};

/// The independent variable number `direction` of N, at `value`.
template <std::size_t N, class T> [[nodiscard]] constexpr Dual<T, N> variable(const T& value, std::size_t direction) {
    Dual<T, N> out;
    out.value = value;
    out.d[direction] = T(1.0);
    return out;
}
/// The same for second derivatives: out.d[i].d[j] after the kernel.
template <std::size_t N>
[[nodiscard]] constexpr Dual<Dual<double, N>, N> variable_twice(double value, std::size_t direction) {
    return variable<N>(variable<N>(value, direction), direction);
}

/// The plain number inside, whatever the nesting.
[[nodiscard]] constexpr double plain(double x) {
    return x;
}
template <class T, std::size_t N> [[nodiscard]] constexpr auto plain(const Dual<T, N>& x) {
    return plain(x.value);
}

/// f(x) from f and f' at x.value.
template <class T, std::size_t N>
[[nodiscard]] constexpr Dual<T, N> chain(const Dual<T, N>& x, const T& f, const T& df) {
    Dual<T, N> out;
    out.value = f;
    for (std::size_t i = 0; i < N; ++i) out.d[i] = df * x.d[i];
    return out;
}

template <class Mask, class T, std::size_t N>
[[nodiscard]] constexpr Dual<T, N> select(const Mask& mask, const Dual<T, N>& a, const Dual<T, N>& b) {
    if constexpr (std::is_same_v<Mask, bool>) {
        return mask ? a : b;
    } else {
        Dual<T, N> out;
        out.value = select(mask, a.value, b.value);
        for (std::size_t i = 0; i < N; ++i) out.d[i] = select(mask, a.d[i], b.d[i]);
        return out;
    }
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> min(const Dual<T, N>& a, const Dual<T, N>& b) {
    return select(b < a, b, a);
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> max(const Dual<T, N>& a, const Dual<T, N>& b) {
    return select(a < b, b, a);
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> min(const Dual<T, N>& a, double b) {
    return min(a, Dual<T, N>(b));
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> max(const Dual<T, N>& a, double b) {
    return max(a, Dual<T, N>(b));
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> min(double a, const Dual<T, N>& b) {
    return min(Dual<T, N>(a), b);
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> max(double a, const Dual<T, N>& b) {
    return max(Dual<T, N>(a), b);
}
template <class T, std::size_t N> [[nodiscard]] constexpr Dual<T, N> abs(const Dual<T, N>& x) {
    return select(x < Dual<T, N>(0.0), -x, x);
}

template <class T, std::size_t N> [[nodiscard]] Dual<T, N> exp(const Dual<T, N>& x) {
    using std::exp;
    const T f = exp(x.value);
    return chain(x, f, f);
}
/// Where derivatives are wanted, speed is not.
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> quick_exp(const Dual<T, N>& x) {
    return exp(x);
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> expm1(const Dual<T, N>& x) {
    using std::exp, std::expm1;
    return chain(x, T(expm1(x.value)), T(exp(x.value)));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> log(const Dual<T, N>& x) {
    using std::log;
    return chain(x, T(log(x.value)), T(1.0 / x.value));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> log1p(const Dual<T, N>& x) {
    using std::log1p;
    return chain(x, T(log1p(x.value)), T(1.0 / (1.0 + x.value)));
}
/// Its derivative is infinite at 0: keep the argument above.
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> sqrt(const Dual<T, N>& x) {
    using std::sqrt;
    const T f = sqrt(x.value);
    return chain(x, f, T(0.5 / f));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> sin(const Dual<T, N>& x) {
    using std::cos, std::sin;
    return chain(x, T(sin(x.value)), T(cos(x.value)));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> cos(const Dual<T, N>& x) {
    using std::cos, std::sin;
    return chain(x, T(cos(x.value)), T(-sin(x.value)));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> tanh(const Dual<T, N>& x) {
    using std::tanh;
    const T f = tanh(x.value);
    return chain(x, f, T(1.0 - f * f));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> erf(const Dual<T, N>& x) {
    using std::erf, std::exp;
    return chain(x, T(erf(x.value)), T(1.1283791670955126 * exp(-(x.value * x.value)))); // 2 / sqrt(pi)
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> erfc(const Dual<T, N>& x) {
    using std::erfc, std::exp;
    return chain(x, T(erfc(x.value)), T(-1.1283791670955126 * exp(-(x.value * x.value))));
}
/// x to a constant power.
template <class T, std::size_t N, class A>
requires std::is_arithmetic_v<A>
[[nodiscard]] Dual<T, N> pow(const Dual<T, N>& x, A power) {
    using std::pow;
    const double p = static_cast<double>(power);
    if (p == 0.0) return Dual<T, N>(1.0);
    return chain(x, T(pow(x.value, p)), T(p * pow(x.value, p - 1.0)));
}
/// x > 0 to a varying power.
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> pow(const Dual<T, N>& x, const Dual<T, N>& power) {
    return exp(power * log(x));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> pow(double x, const Dual<T, N>& power) {
    return exp(power * std::log(x));
}

/// 1 / (1 + exp(-x)), without overflow, with exact derivatives in both tails.
[[nodiscard]] inline double logistic(double x) {
    const double e = std::exp(-std::fabs(x));
    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> logistic(const Dual<T, N>& x) {
    const T f = logistic(x.value);
    return chain(x, f, T(f * logistic(-x.value)));
}
/// ln(1 + exp(x)), without overflow, with exact derivatives in both tails.
[[nodiscard]] inline double softplus(double x) {
    return (x > 0.0 ? x : 0.0) + std::log1p(std::exp(-std::fabs(x)));
}
template <class T, std::size_t N> [[nodiscard]] Dual<T, N> softplus(const Dual<T, N>& x) {
    return chain(x, T(softplus(x.value)), T(logistic(x.value)));
}

} // namespace mfm
