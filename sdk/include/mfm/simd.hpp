// SPDX-License-Identifier: Apache-2.0
// A number of several cells at once, with the same bits at every width.  Built on the compilers' generic vectors, which
// need no header a processor; a few instructions are spelled out for gcc, which has no generic form of them.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mfm {

#define MFM_INLINE [[gnu::always_inline]] inline

namespace detail {
template <int W> struct Native;
// Written out because gcc drops vector_size attributes that depend on a template parameter.
#define MFM_NATIVE(W)                                                                                                  \
    template <> struct Native<W> {                                                                                     \
        typedef double F __attribute__((vector_size(W * 8)));                                                          \
        typedef std::int64_t I __attribute__((vector_size(W * 8)));                                                    \
        typedef std::uint64_t U __attribute__((vector_size(W * 8)));                                                   \
        typedef std::int16_t I16 __attribute__((vector_size(W * 8)));                                                  \
        typedef std::uint16_t U16 __attribute__((vector_size(W * 8)));                                                 \
        typedef std::uint16_t Row16 __attribute__((vector_size(W * 8), aligned(2), may_alias));                        \
        typedef double Unaligned __attribute__((vector_size(W * 8), aligned(8), may_alias));                           \
    };
MFM_NATIVE(2)
MFM_NATIVE(4)
MFM_NATIVE(8)
#undef MFM_NATIVE

// Written out, too: gcc would insert a scalar lane by lane where the vector is wider than the baseline's.
MFM_INLINE Native<2>::F fill(std::integral_constant<int, 2>, double x) {
    return Native<2>::F{x, x};
}
MFM_INLINE Native<4>::F fill(std::integral_constant<int, 4>, double x) {
    return Native<4>::F{x, x, x, x};
}
MFM_INLINE Native<8>::F fill(std::integral_constant<int, 8>, double x) {
    return Native<8>::F{x, x, x, x, x, x, x, x};
}

MFM_INLINE Native<2>::U fill_bits(std::integral_constant<int, 2>, std::uint64_t x) {
    return Native<2>::U{x, x};
}
MFM_INLINE Native<4>::U fill_bits(std::integral_constant<int, 4>, std::uint64_t x) {
    return Native<4>::U{x, x, x, x};
}
MFM_INLINE Native<8>::U fill_bits(std::integral_constant<int, 8>, std::uint64_t x) {
    return Native<8>::U{x, x, x, x, x, x, x, x};
}

// Numbers of 16 bits, one into each lane.
template <int W> MFM_INLINE typename Native<W>::U widen(std::integral_constant<int, W>, const std::uint16_t* p) {
    typename Native<W>::U r = {};
    for (int i = 0; i < W; ++i) r[i] = p[i];
    return r;
}
MFM_INLINE Native<2>::U iota(std::integral_constant<int, 2>) {
    return Native<2>::U{0, 1};
}
MFM_INLINE Native<4>::U iota(std::integral_constant<int, 4>) {
    return Native<4>::U{0, 1, 2, 3};
}
MFM_INLINE Native<8>::U iota(std::integral_constant<int, 8>) {
    return Native<8>::U{0, 1, 2, 3, 4, 5, 6, 7};
}

// a * b + c and c - a * b with one rounding; max and min, b where one is NaN; the signs of the lanes, one bit each.
template <class F> MFM_INLINE F fma(const F& a, const F& b, const F& c) {
    F r;
    for (unsigned i = 0; i < sizeof(F) / 8; ++i) r[i] = __builtin_fma(a[i], b[i], c[i]);
    return r;
}
template <class F> MFM_INLINE F fnma(const F& a, const F& b, const F& c) {
    F r;
    for (unsigned i = 0; i < sizeof(F) / 8; ++i) r[i] = __builtin_fma(-a[i], b[i], c[i]);
    return r;
}
// x 2^n for |n| < 1023 and normal results; shifted holds n in its low bits.
template <class F> MFM_INLINE F scale(const F& x, const F& shifted, const F&) {
    typedef std::int64_t I __attribute__((vector_size(sizeof(F))));
    return (F)((I)x + ((I)shifted << 52));
}
template <class F> MFM_INLINE F max(const F& a, const F& b) {
    return a > b ? a : b;
}
template <class F> MFM_INLINE F min(const F& a, const F& b) {
    return a < b ? a : b;
}
/// All bits of a lane where a < b, or a <= b.
template <class F> MFM_INLINE auto less(const F& a, const F& b) {
    return a < b;
}
template <class F> MFM_INLINE auto less_equal(const F& a, const F& b) {
    return a <= b;
}
template <class I> MFM_INLINE unsigned signs(const I& m) {
    unsigned r = 0;
    for (unsigned i = 0; i < sizeof(I) / 8; ++i) r |= static_cast<unsigned>(m[i] < 0) << i;
    return r;
}
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__)
// gcc leaves the loops above as they stand; where a vector is this wide, there is an instruction.
#define MFM_INSTRUCTIONS(W, reg)                                                                                       \
    MFM_INLINE Native<W>::F fma(const Native<W>::F& a, const Native<W>::F& b, const Native<W>::F& c) {                 \
        Native<W>::F r;                                                                                                \
        __asm__("vfmadd213pd %3, %2, %0" : "=" reg(r) : "%0"(a), reg(b), reg "m"(c));                                  \
        return r;                                                                                                      \
    }                                                                                                                  \
    MFM_INLINE Native<W>::F fnma(const Native<W>::F& a, const Native<W>::F& b, const Native<W>::F& c) {                \
        Native<W>::F r;                                                                                                \
        __asm__("vfnmadd213pd %3, %2, %0" : "=" reg(r) : "%0"(a), reg(b), reg "m"(c));                                 \
        return r;                                                                                                      \
    }                                                                                                                  \
    MFM_INLINE Native<W>::F max(const Native<W>::F& a, const Native<W>::F& b) {                                        \
        Native<W>::F r;                                                                                                \
        __asm__("vmaxpd %2, %1, %0" : "=" reg(r) : reg(a), reg "m"(b));                                                \
        return r;                                                                                                      \
    }                                                                                                                  \
    MFM_INLINE Native<W>::F min(const Native<W>::F& a, const Native<W>::F& b) {                                        \
        Native<W>::F r;                                                                                                \
        __asm__("vminpd %2, %1, %0" : "=" reg(r) : reg(a), reg "m"(b));                                                \
        return r;                                                                                                      \
    }
struct alignas(2) Eight16 {
    std::uint16_t x[8];
};
MFM_INLINE Native<8>::U widen(std::integral_constant<int, 8>, const std::uint16_t* p) {
    Native<8>::U r;
    __asm__("vpmovzxwq %1, %0" : "=v"(r) : "m"(*reinterpret_cast<const Eight16*>(p)));
    return r;
}
struct alignas(2) Four16 {
    std::uint16_t x[4];
};
MFM_INLINE Native<4>::U widen(std::integral_constant<int, 4>, const std::uint16_t* p) {
    Native<4>::U r;
    __asm__("vpmovzxwq %1, %0" : "=x"(r) : "m"(*reinterpret_cast<const Four16*>(p)));
    return r;
}
MFM_INSTRUCTIONS(4, "x")
MFM_INSTRUCTIONS(8, "v")
#undef MFM_INSTRUCTIONS
MFM_INLINE Native<8>::F scale(const Native<8>::F& x, const Native<8>::F&, const Native<8>::F& n) {
    Native<8>::F r;
    __asm__("vscalefpd %2, %1, %0" : "=v"(r) : "v"(x), "v"(n));
    return r;
}
// gcc 12 lowers generic vector comparisons to scalars under AVX-512.  17 and 18: less, and less or equal; false for
// NaN.
#define MFM_COMPARISON(name, code)                                                                                     \
    MFM_INLINE Native<4>::I name(const Native<4>::F& a, const Native<4>::F& b) {                                       \
        Native<4>::I r;                                                                                                \
        __asm__("vcmppd $" #code ", %2, %1, %0" : "=x"(r) : "x"(a), "xm"(b));                                          \
        return r;                                                                                                      \
    }                                                                                                                  \
    MFM_INLINE Native<8>::I name(const Native<8>::F& a, const Native<8>::F& b) {                                       \
        Native<8>::I r;                                                                                                \
        unsigned char mask;                                                                                            \
        __asm__("vcmppd $" #code ", %2, %1, %0" : "=k"(mask) : "v"(a), "vm"(b));                                       \
        __asm__("vpmovm2q %1, %0" : "=v"(r) : "k"(mask));                                                              \
        return r;                                                                                                      \
    }
MFM_COMPARISON(less, 17)
MFM_COMPARISON(less_equal, 18)
#undef MFM_COMPARISON
MFM_INLINE unsigned signs(const Native<4>::I& m) {
    unsigned r;
    __asm__("vmovmskpd %1, %0" : "=r"(r) : "x"(m));
    return r;
}
MFM_INLINE unsigned signs(const Native<8>::I& m) {
    unsigned char r;
    __asm__("vpmovq2m %1, %0" : "=k"(r) : "v"(m));
    return r;
}
#endif
} // namespace detail

/// Truth for each of W * B cells.
template <int W, int B> struct Mask {
    using I = typename detail::Native<W>::I;
    I v[B];
    MFM_INLINE static Mask none() {
        Mask r;
        for (int k = 0; k < B; ++k) r.v[k] = I{};
        return r;
    }
    MFM_INLINE friend Mask operator&(const Mask& a, const Mask& b) {
        Mask r;
        for (int k = 0; k < B; ++k) r.v[k] = a.v[k] & b.v[k];
        return r;
    }
    MFM_INLINE friend Mask operator|(const Mask& a, const Mask& b) {
        Mask r;
        for (int k = 0; k < B; ++k) r.v[k] = a.v[k] | b.v[k];
        return r;
    }
    MFM_INLINE Mask operator!() const {
        Mask r;
        for (int k = 0; k < B; ++k) r.v[k] = ~v[k];
        return r;
    }
    MFM_INLINE bool lane(int i) const { return v[i / W][i % W] != 0; }
    /// Bit i for cell i.
    MFM_INLINE unsigned bits() const {
        unsigned r = 0;
        for (int k = 0; k < B; ++k) r |= detail::signs(v[k]) << (k * W);
        return r;
    }
};
template <int W, int B> MFM_INLINE bool any(const Mask<W, B>& m) {
    typename Mask<W, B>::I r = m.v[0];
    for (int k = 1; k < B; ++k) r |= m.v[k];
    return detail::signs(r) != 0;
}

/// One double for each of W * B cells: B vector registers of W lanes.
template <int W, int B> struct Real {
    static constexpr int lanes = W * B;
    using F = typename detail::Native<W>::F;
    using I = typename detail::Native<W>::I;
    using MaskType = Mask<W, B>;
    F v[B];

    Real() = default;
    MFM_INLINE Real(double x) { // implicit: constants mix freely with Real in a kernel
        for (int k = 0; k < B; ++k) v[k] = detail::fill(std::integral_constant<int, W>{}, x);
    }
    MFM_INLINE static Real load(const double* p) {
        Real r;
        for (int k = 0; k < B; ++k) r.v[k] = *reinterpret_cast<const typename detail::Native<W>::Unaligned*>(p + k * W);
        return r;
    }
    /// From whole numbers of 16 bits, one a lane.
    MFM_INLINE static Real from_counts(const std::uint16_t* p) {
        Real r;
        for (int k = 0; k < B; ++k)
            r.v[k] = (F)(detail::widen(std::integral_constant<int, W>{}, p + k * W) | 0x4330000000000000ULL) - 0x1p52;
        return r;
    }
    MFM_INLINE void store(double* p) const {
        for (int k = 0; k < B; ++k) *reinterpret_cast<typename detail::Native<W>::Unaligned*>(p + k * W) = v[k];
    }
    MFM_INLINE double lane(int i) const { return v[i / W][i % W]; }
    MFM_INLINE void set_lane(int i, double x) { v[i / W][i % W] = x; }

#define MFM_BINARY(op)                                                                                                 \
    MFM_INLINE friend Real operator op(const Real& a, const Real& b) {                                                 \
        Real r;                                                                                                        \
        for (int k = 0; k < B; ++k) r.v[k] = a.v[k] op b.v[k];                                                         \
        return r;                                                                                                      \
    }                                                                                                                  \
    MFM_INLINE Real& operator op##=(const Real& b) {                                                                   \
        return *this = *this op b;                                                                                     \
    }
    MFM_BINARY(+)
    MFM_BINARY(-)
    MFM_BINARY(*)
    MFM_BINARY(/)
#undef MFM_BINARY
    MFM_INLINE Real operator-() const {
        Real r;
        for (int k = 0; k < B; ++k) r.v[k] = -v[k];
        return r;
    }
    /// a * b + c with one rounding, at every width.
    MFM_INLINE friend Real fma(const Real& a, const Real& b, const Real& c) {
        Real r;
        for (int k = 0; k < B; ++k) r.v[k] = detail::fma(a.v[k], b.v[k], c.v[k]);
        return r;
    }
    /// c - a * b with one rounding.
    MFM_INLINE friend Real fnma(const Real& a, const Real& b, const Real& c) {
        Real r;
        for (int k = 0; k < B; ++k) r.v[k] = detail::fnma(a.v[k], b.v[k], c.v[k]);
        return r;
    }
    // As IEEE 754 has it: a comparison with NaN is false, so that a potential that is NaN makes no spike and stays
    // seen.
    MFM_INLINE friend MaskType operator<(const Real& a, const Real& b) {
        MaskType r;
        for (int k = 0; k < B; ++k) r.v[k] = detail::less(a.v[k], b.v[k]);
        return r;
    }
    MFM_INLINE friend MaskType operator>(const Real& a, const Real& b) {
        return b < a;
    }
    MFM_INLINE friend MaskType operator<=(const Real& a, const Real& b) {
        MaskType r;
        for (int k = 0; k < B; ++k) r.v[k] = detail::less_equal(a.v[k], b.v[k]);
        return r;
    }
    MFM_INLINE friend MaskType operator>=(const Real& a, const Real& b) {
        return b <= a;
    }
};

/// a where the mask is true, b elsewhere.
template <int W, int B> MFM_INLINE Real<W, B> select(const Mask<W, B>& m, const Real<W, B>& a, const Real<W, B>& b) {
    Real<W, B> r;
    using F = typename Real<W, B>::F;
    using I = typename Real<W, B>::I;
    for (int k = 0; k < B; ++k) r.v[k] = (F)((m.v[k] & (I)a.v[k]) | (~m.v[k] & (I)b.v[k]));
    return r;
}
/// b where a or b is NaN.
template <int W, int B> MFM_INLINE Real<W, B> max(const Real<W, B>& a, const Real<W, B>& b) {
    Real<W, B> r;
    for (int k = 0; k < B; ++k) r.v[k] = detail::max(a.v[k], b.v[k]);
    return r;
}
/// b where a or b is NaN.
template <int W, int B> MFM_INLINE Real<W, B> min(const Real<W, B>& a, const Real<W, B>& b) {
    Real<W, B> r;
    for (int k = 0; k < B; ++k) r.v[k] = detail::min(a.v[k], b.v[k]);
    return r;
}

/// e^x to 3 units in the last place for |x| <= 708 and clamped beyond (e^-1000 gives 3e-308, e^1000 gives 3e307); NaN
/// for NaN.  x = n ln 2 + r, a polynomial for e^r of degree 11 (Chebyshev's nodes, error 2e-17; Estrin's order), 2^n
/// into the exponent bits.
template <int W, int B> MFM_INLINE Real<W, B> exp(const Real<W, B>& argument) {
    using R = Real<W, B>;
    constexpr double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer, kept in the low bits
    const R x = max(R(-708.0), min(R(708.0), argument));
    const R shifted = fma(x, R(1.4426950408889634), R(magic)), n = shifted - R(magic);
    const R r = fma(n, R(-1.90821492927058770002e-10), fma(n, R(-6.93147180369123816490e-01), x));
    const R r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    const R p01 = R(1.0) + r, p23 = fma(r, R(0.16666666666666669), R(0.5));
    const R p45 = fma(r, R(0.008333333333330065), R(0.041666666666624164));
    const R p67 = fma(r, R(0.00019841269863040545), R(0.0013888888917196719));
    const R p89 = fma(r, R(2.7557268480310024e-06), R(2.4801521322368692e-05));
    const R pab = fma(r, R(2.5100375832561234e-08), R(2.7620075879983367e-07));
    const R e = fma(r8, fma(r2, pab, p89), fma(r4, fma(r2, p67, p45), fma(r2, p23, p01)));
    R out;
    for (int k = 0; k < B; ++k) out.v[k] = detail::scale(e.v[k], shifted.v[k], n.v[k]);
    return out;
}

/// e^x with a relative error of 1e-8, at half the cost of exp; clamped and NaN as there.  For what is multiplied by a
/// time step.
template <int W, int B> MFM_INLINE Real<W, B> quick_exp(const Real<W, B>& argument) {
    using R = Real<W, B>;
    constexpr double magic = 6755399441055744.0;
    const R x = max(R(-708.0), min(R(708.0), argument));
    const R shifted = fma(x, R(1.4426950408889634), R(magic)), n = shifted - R(magic);
    const R r = fnma(n, R(0.6931471805599453), x);
    R e = fma(r, R(0.001392617611993558), R(0.008363173074513711));
    e = fma(e, r, R(0.041666554662050534));
    e = fma(e, r, R(0.1666657702559799));
    e = fma(e, r, R(0.5));
    e = fma(fma(e, r, R(1.0)), r, R(1.0));
    R out;
    for (int k = 0; k < B; ++k) out.v[k] = detail::scale(e.v[k], shifted.v[k], n.v[k]);
    return out;
}

/// The least whole number not below x, for |x| < 2^51.
template <int W, int B> MFM_INLINE Real<W, B> ceil(const Real<W, B>& x) {
    constexpr double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer
    const Real<W, B> nearest = (x + magic) - magic;
    return select(nearest < x, nearest + 1.0, nearest);
}

/// ln x for positive normal x, to 3 units in the last place; elsewhere unspecified.  x = 2^k m with m within a factor
/// of sqrt 2 of 1, ln m = 2 artanh s with s = (m - 1)/(m + 1), by its series.
template <int W, int B> MFM_INLINE Real<W, B> log(const Real<W, B>& x) {
    using R = Real<W, B>;
    using F = typename R::F;
    using I = typename R::I;
    using U = typename detail::Native<W>::U;
    constexpr std::int64_t sqrt_half = 0x3fe6a09e667f3bcd; // the bits of sqrt(1/2)
    R m, k;
    for (int i = 0; i < B; ++i) {
        const I exponent = ((I)x.v[i] - sqrt_half) >> 52;
        m.v[i] = (F)((I)x.v[i] - (exponent << 52));
        k.v[i] = (F)((U)(exponent + 1024) | 0x4330000000000000ULL) - (0x1p52 + 1024.0);
    }
    const R s = (m - R(1.0)) / (m + R(1.0)), s2 = s * s;
    R series(2.0 / 21.0);
    for (int i = 19; i >= 3; i -= 2) series = fma(series, s2, R(2.0 / i));
    const R tail = s * s2 * series; // ln m = 2 s + tail
    return fma(k, R(6.93147180369123816490e-01), fma(s, R(2.0), fma(k, R(1.90821492927058770002e-10), tail)));
}

} // namespace mfm
