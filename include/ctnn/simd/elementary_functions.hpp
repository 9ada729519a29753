// Functions of many steps, the same for every number of lanes.
#pragma once

#include <ctnn/simd/maximum.hpp>
#include <ctnn/simd/vector.hpp>

namespace ctnn::simd {

// Calls are qualified, because xsimd has functions of these names too.

/// e^x within 2 units in the last place; 0 below -87.3 (no subnormal results), at most e^88.
template <class T>
[[nodiscard]] constexpr T exp(T x) noexcept {
    // e^x = 2^n e^r with n = simd::nearest(x / ln 2) and |r| <= ln(2) / 2; ln 2 in two parts keeps
    // r exact.
    const T clipped = simd::min(simd::max(x, T(-87.3f)), T(88.0f));
    const T n = simd::nearest(clipped * T(1.44269504f));
    const T r = simd::fma(n, T(2.12194440e-4f), simd::fma(n, T(-0.693359375f), clipped));
    T p(1.9875691500e-4f);  // minimax polynomial of (e^r - 1 - r) / r^2 (Cephes, expf)
    p = simd::fma(p, r, T(1.3981999507e-3f));
    p = simd::fma(p, r, T(8.3334519073e-3f));
    p = simd::fma(p, r, T(4.1665795894e-2f));
    p = simd::fma(p, r, T(1.6666665459e-1f));
    p = simd::fma(p, r, T(5.0000001201e-1f));
    const T y = simd::scale_by_power_of_2(simd::fma(p, r * r, r) + T(1.0f), n);
    return simd::select(x < T(-87.3f), T(0.0f), simd::select(x == x, y, x));
}

/// e^x - 1 for x <= 0, also near 0, where the difference itself would lose its digits.
template <class T>
[[nodiscard]] constexpr T exp_minus_1(T x) noexcept {
    const T near = simd::max(x, T(-0.5f));
    T p(1.0f / 40320.0f);  // Taylor
    for (const float factor :
         {1.0f / 5040.0f, 1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f, 0.5f, 1.0f})
        p = simd::fma(p, near, T(factor));
    return simd::select(x > T(-0.5f), p * near, simd::exp(x) - T(1.0f));
}

/// 1 / (1 + e^-x), never not a number for a finite x.
template <class T>
[[nodiscard]] constexpr T sigmoid(T x) noexcept {
    return simd::divide(T(1.0f), T(1.0f) + simd::exp(-x));
}

/// The hyperbolic tangent within 3 units in the last place.
template <class T>
[[nodiscard]] constexpr T tanh(T x) noexcept {
    const T a = simd::abs(x);
    const T far = T(1.0f) - simd::divide(T(2.0f), simd::exp(a + a) + T(1.0f));
    // Near 0 that difference cancels: a polynomial instead (Cephes, tanhf).
    const T near = simd::min(a, T(0.625f));
    const T s = near * near;
    T p(-5.70498872745e-3f);
    p = simd::fma(p, s, T(2.06390887954e-2f));
    p = simd::fma(p, s, T(-5.37397155531e-2f));
    p = simd::fma(p, s, T(1.33314422036e-1f));
    p = simd::fma(p, s, T(-3.33332819422e-1f));
    return simd::select(a < T(0.625f), simd::fma(p * s, x, x),
                        simd::select(x < T(0.0f), -far, far));
}

/// log(1 + x) for x in [0, 1], within 2 units in the last place, in constant expressions too.
template <class T>
[[nodiscard]] constexpr T log_of_1_plus(T x) noexcept {
    // 2 atanh(z), z = x / (2 + x) in [0, 1/3]: the odd powers of z.
    const T z = simd::divide(x, T(2.0f) + x), s = z * z;
    T p(1.0f / 15.0f);
    for (const float factor :
         {1.0f / 13.0f, 1.0f / 11.0f, 1.0f / 9.0f, 1.0f / 7.0f, 1.0f / 5.0f, 1.0f / 3.0f})
        p = simd::fma(p, s, T(factor));
    return simd::fma(p * s, z + z, z + z);
}

/// The error function within 4 units in the last place.
template <class T>
[[nodiscard]] constexpr T erf(T x) noexcept {
    const T a = simd::abs(x);
    // Far from 0: 1 - t e^(q(t) - a^2), t = 1 / (1 + a / 2), with a polynomial q that meets the
    // function at the Chebyshev nodes of a in [0.98, 10], within 4e-8. Near 0 that difference
    // cancels: Taylor's series instead.
    const T t = simd::divide(T(1.0f), simd::fma(a, T(0.5f), T(1.0f)));
    T q(-0.163674153f);
    for (const float factor : {0.707608532f, -0.987333474f, 0.371761822f, -0.0612450146f,
                               0.401807403f, 0.997298408f, -1.26539816f})
        q = simd::fma(q, t, T(factor));
    const T far = T(1.0f) - t * simd::exp(simd::fma(-a, a, q));
    const T near = simd::min(a, T(1.0f));
    const T s = near * near;
    T p(-1.0f / 6894720.0f);  // (-1)^n / (n! (2 n + 1)), n = 9 ... 0
    for (const float factor : {1.0f / 685440.0f, -1.0f / 75600.0f, 1.0f / 9360.0f, -1.0f / 1320.0f,
                               1.0f / 216.0f, -1.0f / 42.0f, 1.0f / 10.0f, -1.0f / 3.0f, 1.0f})
        p = simd::fma(p, s, T(factor));
    p = p * T(1.1283791671f) * x;  // 2 / sqrt(pi)
    return simd::select(a < T(1.0f), p, simd::select(x < T(0.0f), -far, far));
}

}  // namespace ctnn::simd
