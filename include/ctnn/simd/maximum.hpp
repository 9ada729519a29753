// The larger and the smaller of two numbers, with and without regard to what is not a number.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <limits>

namespace ctnn::simd {

/// Where the search for a maximum starts: at most any number. With -ffast-math there is no
/// infinity.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
inline constexpr float lowest = std::numeric_limits<float>::lowest();
#else
inline constexpr float lowest = -std::numeric_limits<float>::infinity();
#endif

// One lane.

/// Whether x is not a number.
constexpr bool is_nan(float x) noexcept {
    return x != x;
}
/// The larger of two; the second when either is not a number.
constexpr float max(float a, float b) noexcept {
    return a > b ? a : b;
}
constexpr float min(float a, float b) noexcept {
    return a < b ? a : b;
}
/// The larger of two; not a number when either is none.
constexpr float maximum(float a, float b) noexcept {
    return a > b || is_nan(a) ? a : b;
}
constexpr float maximum(float a, float b, float c) noexcept {
    return maximum(a, maximum(b, c));
}
/// Whether maximum(a, b) is a rather than b: it is larger, or not a number.
constexpr bool exceeds(float a, float b) noexcept {
    return a > b || is_nan(a);
}
/// Whether x is the `largest` of some numbers: what `maximum` gave, perhaps not a number.
constexpr bool is_maximum(float x, float largest) noexcept {
    return x == largest || is_nan(x);
}

// Vectors.

#if CTNN_HAS_XSIMD

#if defined(__GNUC__) && !defined(__clang__)  // as in simd.hpp
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// On Arm xsimd 8.1's max and min give a number that is none wherever it stands.
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
max(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b) noexcept {
#ifdef __aarch64__
    return xsimd::select(a > b, a, b);
#else
    return xsimd::max(a, b);
#endif
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
min(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b) noexcept {
#ifdef __aarch64__
    return xsimd::select(a < b, a, b);
#else
    return xsimd::min(a, b);
#endif
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch_bool<float, A>
is_nan(xsimd::batch<float, A> x) noexcept {
    return xsimd::isnan(x);
}
#ifdef __SSE2__
namespace detail {

/// `x`, but not a number in the lanes where a or b is none: two instructions, and less than a
/// selection takes.
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
unless_nan(xsimd::batch<float, A> x, xsimd::batch<float, A> a, xsimd::batch<float, A> b) noexcept {
#ifdef __AVX__
    if constexpr (xsimd::batch<float, A>::size == 8)
        return _mm256_or_ps(x, _mm256_cmp_ps(a, b, _CMP_UNORD_Q));
#endif
    if constexpr (xsimd::batch<float, A>::size == 4)
        return _mm_or_ps(x, _mm_cmpunord_ps(a, b));
    else
        return xsimd::select(xsimd::isnan(a) | xsimd::isnan(b), a + b, x);
}

}  // namespace detail
#endif

template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
maximum(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b) noexcept {
#ifdef __aarch64__
    return vmaxq_f32(a, b);
#else
    // The processor's gives b when either is none, so only a NaN in a has to be put back.
    const xsimd::batch<float, A> larger = xsimd::max(a, b);
#ifdef __AVX512F__
    if constexpr (xsimd::batch<float, A>::size == 16)
        return _mm512_fixupimm_ps(larger, a, _mm512_set1_epi32(0x22), 0);  // a if it is a NaN
#endif
    return detail::unless_nan<A>(larger, a, a);
#endif
}
/// Of three at once it costs less.
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
maximum(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b,
        std::type_identity_t<xsimd::batch<float, A>> c) noexcept {
#ifdef __aarch64__
    return vmaxq_f32(vmaxq_f32(a, b), c);
#else
    const xsimd::batch<float, A> larger = xsimd::max(a, b);
#ifdef __AVX512F__
    if constexpr (xsimd::batch<float, A>::size == 16) {
        const __mmask16 are_numbers = _mm512_cmp_ps_mask(a, b, _CMP_ORD_Q);
        const __m512 none = _mm512_set1_ps(std::numeric_limits<float>::quiet_NaN());
        return _mm512_mask_max_ps(none, are_numbers, larger, c);
    }
#endif
    return detail::unless_nan<A>(xsimd::max(larger, c), a, b);
#endif
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch_bool<float, A>
exceeds(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b) noexcept {
    return (a > b) | xsimd::isnan(a);
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch_bool<float, A>
is_maximum(xsimd::batch<float, A> x,
           std::type_identity_t<xsimd::batch<float, A>> largest) noexcept {
    return (x == largest) | xsimd::isnan(x);
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

}  // namespace ctnn::simd
