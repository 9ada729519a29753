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

}  // namespace ctnn::simd
