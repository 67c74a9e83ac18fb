// SPDX-License-Identifier: Apache-2.0
// A number of several cells at once.  Built on the compilers' generic vectors: no intrinsics, the same bits at every
// width.
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

MFM_INLINE bool any_lane(const Native<2>::I& m) {
    return (m[0] | m[1]) != 0;
}
MFM_INLINE bool any_lane(const Native<4>::I& m) {
    const Native<2>::I low = __builtin_shufflevector(m, m, 0, 1), high = __builtin_shufflevector(m, m, 2, 3);
    return any_lane(low | high);
}
MFM_INLINE bool any_lane(const Native<8>::I& m) {
    const Native<4>::I low = __builtin_shufflevector(m, m, 0, 1, 2, 3),
                       high = __builtin_shufflevector(m, m, 4, 5, 6, 7);
    return any_lane(low | high);
}
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
};
template <int W, int B> MFM_INLINE bool any(const Mask<W, B>& m) {
    typename Mask<W, B>::I r = m.v[0];
    for (int k = 1; k < B; ++k) r |= m.v[k];
    return detail::any_lane(r);
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
    // The sign of a difference, spread over the lane: gcc 12 lowers generic vector comparisons to scalars under
    // AVX-512, and this to one instruction everywhere.  What a comparison with NaN gives is unspecified.
    MFM_INLINE friend MaskType operator<(const Real& a, const Real& b) {
        MaskType r;
        for (int k = 0; k < B; ++k) r.v[k] = (I)(a.v[k] - b.v[k]) >> 63;
        return r;
    }
    MFM_INLINE friend MaskType operator>(const Real& a, const Real& b) {
        return b < a;
    }
    MFM_INLINE friend MaskType operator<=(const Real& a, const Real& b) {
        return !(b < a);
    }
    MFM_INLINE friend MaskType operator>=(const Real& a, const Real& b) {
        return !(a < b);
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
template <int W, int B> MFM_INLINE Real<W, B> max(const Real<W, B>& a, const Real<W, B>& b) {
    return select(a < b, b, a);
}
template <int W, int B> MFM_INLINE Real<W, B> min(const Real<W, B>& a, const Real<W, B>& b) {
    return select(b < a, b, a);
}

/// e^x to 3 units in the last place for |x| <= 708 and clamped beyond (e^-1000 gives 3e-308, e^1000 gives 3e307); NaN
/// for NaN and infinity. x = n ln 2 + r, a degree 12 polynomial for e^r (Estrin's order), 2^n into the exponent bits.
template <int W, int B> MFM_INLINE Real<W, B> exp(const Real<W, B>& argument) {
    using R = Real<W, B>;
    using F = typename R::F;
    using I = typename R::I;
    constexpr double magic = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer, kept in the low bits
    const R clamped = max(min(argument, R(708.0)), R(-708.0));
    R out;
    for (int k = 0; k < B; ++k) {
        const F x = clamped.v[k];
        const F shifted = x * 1.4426950408889634 + magic;
        const F n = shifted - magic;
        const F r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
        const F r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
        const F p01 = 1.0 + r, p23 = 0.5 + r * 1.6666666666666666e-1;
        const F p45 = 4.1666666666666664e-2 + r * 8.3333333333333332e-3,
                p67 = 1.3888888888888889e-3 + r * 1.9841269841269841e-4;
        const F p89 = 2.4801587301587302e-5 + r * 2.7557319223985893e-6,
                pab = 2.7557319223985888e-7 + r * 2.5052108385441720e-8;
        const F low = (p01 + r2 * p23) + r4 * (p45 + r2 * p67);
        const F e = low + r8 * ((p89 + r2 * pab) + r4 * 2.0876756987868099e-9);
        const F scaled = (F)((I)e + ((I)shifted << 52));
        out.v[k] = scaled + (argument.v[k] - argument.v[k]);
    }
    return out;
}

} // namespace mfm
