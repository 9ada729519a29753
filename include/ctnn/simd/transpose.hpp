// Squares of numbers turned round: what lay in the lanes of one vector then lies in one lane of
// many.
#pragma once

#include <ctnn/simd/loops.hpp>
#include <ctnn/simd/vector.hpp>

#include <cstddef>

namespace ctnn::simd {

/// The lanes of vectors in memory, one behind the other.
template <class T>
[[nodiscard]] inline const float* numbers_of(const T* vectors) noexcept {
    return reinterpret_cast<const float*>(vectors);
}

#if CTNN_HAS_XSIMD && defined(__SSE2__)
namespace detail {

#if !defined(__clang__)  // g++ 12 takes its own _mm512_undefined_ps for a mistake
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/// Four numbers of every fourth row, side by side.
template <class T>
[[gnu::always_inline]] inline T every_fourth_row(const float* from) noexcept {
    constexpr std::size_t lanes = lanes_of<T>;
    [[maybe_unused]] constexpr std::size_t step = 4 * lanes;
    const __m128 first = _mm_loadu_ps(from);
    if constexpr (lanes == 4) {
        return first;
#ifdef __AVX__
    } else if constexpr (lanes == 8) {
        return _mm256_insertf128_ps(_mm256_castps128_ps256(first), _mm_loadu_ps(from + step), 1);
#endif
#ifdef __AVX512F__
    } else {  // loads under a mask, which unlike shuffles every unit can do
        __m512 rows = _mm512_castps128_ps512(first);
        rows = _mm512_mask_broadcast_f32x4(rows, 0x00f0, _mm_loadu_ps(from + step));
        rows = _mm512_mask_broadcast_f32x4(rows, 0x0f00, _mm_loadu_ps(from + 2 * step));
        return _mm512_mask_broadcast_f32x4(rows, 0xf000, _mm_loadu_ps(from + 3 * step));
#endif
    }
}

[[gnu::always_inline]] inline void transpose_fours(__m128 (&r)[4]) noexcept {
    _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
}
#ifdef __AVX__
[[gnu::always_inline]] inline void transpose_fours(__m256 (&r)[4]) noexcept {
    const __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(r[0], r[1])),
                  b = _mm256_castps_pd(_mm256_unpackhi_ps(r[0], r[1])),
                  c = _mm256_castps_pd(_mm256_unpacklo_ps(r[2], r[3])),
                  d = _mm256_castps_pd(_mm256_unpackhi_ps(r[2], r[3]));
    r[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
    r[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
    r[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
    r[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
}
#endif
#ifdef __AVX512F__
[[gnu::always_inline]] inline void transpose_fours(__m512 (&r)[4]) noexcept {
    const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(r[0], r[1])),
                  b = _mm512_castps_pd(_mm512_unpackhi_ps(r[0], r[1])),
                  c = _mm512_castps_pd(_mm512_unpacklo_ps(r[2], r[3])),
                  d = _mm512_castps_pd(_mm512_unpackhi_ps(r[2], r[3]));
    r[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    r[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    r[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
}
#endif

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace detail
#endif

/// Whether it takes instructions made for it, not a loop over the numbers.
template <class T>
inline constexpr bool transposes_fast =
#if CTNN_HAS_XSIMD && defined(__SSE2__)
    lanes_of<T> > 1;
#else
    false;
#endif

/// Lane n of the vectors from[0], from[1], ... becomes the vector number n: calls f(n, four), with
/// four of them, for n = 0, 4, ...
template <class T, class F>
[[gnu::always_inline]] inline void transpose(const T* from, F&& f) noexcept {
    constexpr std::size_t lanes = lanes_of<T>;
    static_assert(lanes % 4 == 0);
    const float* numbers = numbers_of(from);
    for (std::size_t n = 0; n < lanes; n += 4) {
        T four[4];
#if CTNN_HAS_XSIMD && defined(__SSE2__)
        typename T::register_type rows[4];
        unroll<4>([&](auto r) CTNN_INLINED {
            rows[r] = detail::every_fourth_row<T>(numbers + r * lanes + n);
        });
        detail::transpose_fours(rows);
        unroll<4>([&](auto r) CTNN_INLINED { four[r] = T(rows[r]); });
#else
        for (std::size_t r = 0; r < 4; ++r) {
            float column[lanes];
            for (std::size_t i = 0; i < lanes; ++i) column[i] = numbers[i * lanes + n + r];
            four[r] = load<T>(column);
        }
#endif
        f(n, four);
    }
}

}  // namespace ctnn::simd
