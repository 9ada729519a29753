// The arithmetic that layers are written in: functions over `float` (one lane, also in constant
// expressions) and over SIMD vectors, under one name each. The only header that includes xsimd.
#pragma once

#include <ctnn/language.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

// xsimd is for processors with vectors of floats; its headers do not compile for bare-metal Arm.
// Define CTNN_ONE_LANE to do without it anywhere.
#if !defined(CTNN_ONE_LANE) && (defined(__SSE2__) || (defined(__aarch64__) && __STDC_HOSTED__))
#define CTNN_HAS_XSIMD 1
#include <xsimd/xsimd.hpp>
#else
#define CTNN_HAS_XSIMD 0
#endif

namespace ctnn::simd {

#if CTNN_HAS_XSIMD

/// Lanes of the widest register the compiler may use: 16 (AVX-512), 8 (AVX), 4 (SSE2, NEON).
inline constexpr std::size_t native_lanes = xsimd::batch<float>::size;

namespace detail {
template <std::size_t Lanes>
struct vector_of {
    using type = xsimd::make_sized_batch_t<float, Lanes>;
};
template <>
struct vector_of<1> {
    using type = float;
};
}  // namespace detail

/// `Lanes` floats in a register; one lane is `float` itself.
template <std::size_t Lanes>
using vector = typename detail::vector_of<Lanes>::type;

#else

inline constexpr std::size_t native_lanes = 1;
template <std::size_t Lanes>
requires(Lanes == 1) using vector = float;

#endif

using native = vector<native_lanes>;

/// Vector registers of the processor; a tile of accumulators takes three quarters of them.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t registers = 32;
#else
inline constexpr std::size_t registers = 16;
#endif

template <class T>
struct lane_count : std::integral_constant<std::size_t, 1> {};

// One lane.

template <std::same_as<float> T>
constexpr T load(const float* memory) noexcept {
    return *memory;
}
constexpr void store(float* memory, float x) noexcept {
    *memory = x;
}

/// a * b + c, rounded once where the processor has the instruction.
constexpr float fma(float a, float b, float c) noexcept {
    return a * b + c;
}
/// a / b, correctly rounded.
constexpr float divide(float a, float b) noexcept {
    return a / b;
}
constexpr float select(bool condition, float yes, float no) noexcept {
    return condition ? yes : no;
}
constexpr float sum_of_lanes(float x) noexcept {
    return x;
}
constexpr float in_register(float x) noexcept {
    return x;
}
constexpr float abs(float x) noexcept {
    return x < 0.0f ? -x : x;
}

/// x * 2^n for a whole number n in [-126, 127].
constexpr float scale_by_power_of_2(float x, float n) noexcept {
    return x * std::bit_cast<float>(static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127)
                                    << 23U);
}
/// The nearest whole number, for |x| < 2^31.
constexpr float nearest(float x) noexcept {
    return static_cast<float>(static_cast<std::int32_t>(x < 0.0f ? x - 0.5f : x + 0.5f));
}

inline float log(float x) noexcept {
    return std::log(x);
}
constexpr float sqrt(float x) noexcept {
    if (!std::is_constant_evaluated()) return std::sqrt(x);
    if (!(x > 0.0f) || x > std::numeric_limits<float>::max())
        return x < 0.0f ? std::numeric_limits<float>::quiet_NaN() : x;
    // Newton's method, from above; exact enough to round right.
    double root = x < 1.0f ? 1.0 : static_cast<double>(x);
    for (double next = 0.0;; root = next) {
        next = 0.5 * (root + x / root);
        if (!(next < root)) return static_cast<float>(root);
    }
}

// Vectors.

#if CTNN_HAS_XSIMD

#if defined(__GNUC__) &&                                                                           \
    !defined(__clang__)  // g++ 12 takes its own _mm512_undefined_ps for a mistake
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

template <class A>
struct lane_count<xsimd::batch<float, A>>
    : std::integral_constant<std::size_t, xsimd::batch<float, A>::size> {};

template <class T>
requires(!std::same_as<T, float>) [[gnu::always_inline]] inline T
    load(const float* memory) noexcept {
    return T::load_unaligned(memory);
}
template <class A>
[[gnu::always_inline]] inline void store(float* memory, xsimd::batch<float, A> x) noexcept {
    x.store_unaligned(memory);
}

#ifdef __SSE2__
namespace detail {
inline __m128 sum_to_four(__m128 x) noexcept {
    return x;
}
#ifdef __AVX__
[[gnu::always_inline]] inline __m128 sum_to_four(__m256 x) noexcept {
    return _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
}
#endif
#ifdef __AVX512F__
[[gnu::always_inline]] inline __m128 sum_to_four(__m512 x) noexcept {
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
    return sum_to_four(_mm256_add_ps(_mm512_castps512_ps256(x), high));
}
#endif
}  // namespace detail
#endif

/// x, in a register here: g++ 12 otherwise loads what several multiply-adds have in common for
/// each.
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
in_register(xsimd::batch<float, A> x) noexcept {
#if defined(__SSE2__) && !defined(__clang__)  // clang knows better
    typename xsimd::batch<float, A>::register_type r = x;
    asm("" : "+v"(r));
    return r;
#else
    return x;
#endif
}

template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
fma(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b,
    xsimd::batch<float, A> c) noexcept {
    // xsimd 8.1 multiplies and adds here; g++ contracts that to one instruction, clang does not.
#ifdef __AVX512F__
    if constexpr (xsimd::batch<float, A>::size == 16) return _mm512_fmadd_ps(a, b, c);
#endif
    return xsimd::fma(a, b, c);
}
// On Arm xsimd 8.1 divides and takes roots approximately.
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
divide(xsimd::batch<float, A> a, std::type_identity_t<xsimd::batch<float, A>> b) noexcept {
#ifdef __aarch64__
    return vdivq_f32(a, b);
#else
    return a / b;
#endif
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
select(xsimd::batch_bool<float, A> condition, std::type_identity_t<xsimd::batch<float, A>> yes,
       std::type_identity_t<xsimd::batch<float, A>> no) noexcept {
    return xsimd::select(condition, yes, no);
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A> abs(xsimd::batch<float, A> x) noexcept {
    return xsimd::abs(x);
}
/// The lanes added in a fixed order (halves on halves), so that every build gives the same bits.
template <class A>
[[gnu::always_inline]] inline float sum_of_lanes(xsimd::batch<float, A> x) noexcept {
    constexpr std::size_t lanes = xsimd::batch<float, A>::size;
#ifdef __SSE2__  // the same order, without a detour through memory
    if constexpr (lanes <= 16) {
        const auto four = detail::sum_to_four(typename xsimd::batch<float, A>::register_type(x));
        const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
    }
#endif
    float parts[lanes];
    store(parts, x);
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t n = 0; n < half; ++n) parts[n] += parts[n + half];
    return parts[0];
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A>
scale_by_power_of_2(xsimd::batch<float, A> x, xsimd::batch<float, A> n) noexcept {
    return xsimd::ldexp(x, xsimd::to_int(n));
}
template <class A>
[[gnu::always_inline]] inline xsimd::batch<float, A> nearest(xsimd::batch<float, A> x) noexcept {
    return xsimd::nearbyint(x);
}
/// Lane by lane: one logarithm an image is all that a loss needs.
template <class A>
inline xsimd::batch<float, A> log(xsimd::batch<float, A> x) noexcept {
    float lanes[xsimd::batch<float, A>::size];
    store(lanes, x);
    for (float& lane : lanes) lane = std::log(lane);
    return load<xsimd::batch<float, A>>(lanes);
}
template <class A>
inline xsimd::batch<float, A> sqrt(xsimd::batch<float, A> x) noexcept {
#ifdef __aarch64__
    return vsqrtq_f32(x);
#else
    return xsimd::sqrt(x);
#endif
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif

/// sum += a * b, in the register of `sum`: g++ 12 otherwise lets many sums change places until some
/// are in memory.
template <class T>
[[gnu::always_inline]] constexpr void add_product(T& sum, std::type_identity_t<T> a,
                                                  std::type_identity_t<T> b) noexcept {
    sum = simd::in_register(T(simd::fma(a, b, sum)));
}

template <class T>
inline constexpr std::size_t lanes_of = lane_count<T>::value;

}  // namespace ctnn::simd
