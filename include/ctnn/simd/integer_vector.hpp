// Vectors of 32-bit sums, and what is done with bytes to get there and back: products of
// neighbours, rounded factors, saturated packing. The only header with intrinsics for integers.
#pragma once

#include <ctnn/simd/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if CTNN_HAS_XSIMD && defined(__SSE2__)
#include <immintrin.h>
#endif

namespace ctnn::simd {

/// `Lanes` integers of 32 bits in a register; or twice as many of 16; or four times as many bytes.
template <std::size_t Lanes>
struct integers;

// AVX512F alone has no vectors of bytes.
#if CTNN_HAS_XSIMD && defined(__AVX512BW__) && defined(__AVX512VL__)
inline constexpr std::size_t integer_lanes = 16;
#elif CTNN_HAS_XSIMD && defined(__AVX2__)
inline constexpr std::size_t integer_lanes = 8;
#elif CTNN_HAS_XSIMD && defined(__SSE2__)
inline constexpr std::size_t integer_lanes = 4;
#else
inline constexpr std::size_t integer_lanes = 1;  // none
#endif

// Whether one instruction adds four products of bytes (`dot`). Otherwise one adds two of 16 bits:
// that for two of bytes saturates, 16 bits do not hold 2 x 255 x 127.
#if CTNN_HAS_XSIMD && defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
inline constexpr bool multiplies_bytes = true;
#define CTNN_DPBUSD(width) width##_dpbusd_epi32
#elif CTNN_HAS_XSIMD && defined(__AVXVNNI__) && defined(__AVX2__) && !defined(__AVX512BW__)
inline constexpr bool multiplies_bytes = true;
#define CTNN_DPBUSD(width) width##_dpbusd_avx_epi32
#else
inline constexpr bool multiplies_bytes = false;
#endif

#if CTNN_HAS_XSIMD && defined(__SSE2__)

#if defined(__GNUC__) && !defined(__clang__)  // as in vector.hpp
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

template <>
struct integers<4> {
    using reg = __m128i;
    [[gnu::always_inline]] static reg zero() { return _mm_setzero_si128(); }
    [[gnu::always_inline]] static reg all(std::int32_t x) { return _mm_set1_epi32(x); }
    [[gnu::always_inline]] static reg all_of_16_bits(std::int32_t x) {
        return _mm_set1_epi16(static_cast<short>(x));
    }
    [[gnu::always_inline]] static reg all_bytes(std::int32_t x) {
        return _mm_set1_epi8(static_cast<char>(x));
    }
    [[gnu::always_inline]] static reg load(const void* p) {
        return _mm_loadu_si128(static_cast<const __m128i*>(p));
    }
    [[gnu::always_inline]] static void store(void* p, reg a) {
        _mm_storeu_si128(static_cast<__m128i*>(p), a);
    }
    [[gnu::always_inline]] static reg add(reg a, reg b) { return _mm_add_epi32(a, b); }
    [[gnu::always_inline]] static reg multiply(reg a, reg b) {
        const reg even = _mm_mul_epu32(a, b),
                  odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), _mm_srli_epi64(b, 32));
        return _mm_unpacklo_epi32(_mm_shuffle_epi32(even, 0b1000), _mm_shuffle_epi32(odd, 0b1000));
    }
    [[gnu::always_inline]] static reg shift(reg a, int bits) {
        return _mm_sra_epi32(a, _mm_cvtsi32_si128(bits));
    }
    [[gnu::always_inline]] static reg add_16_bits(reg a, reg b) { return _mm_add_epi16(a, b); }
    [[gnu::always_inline]] static reg flip(reg a, reg b) { return _mm_xor_si128(a, b); }

    /// a, in a register here, see in_register in vector.hpp.
    [[gnu::always_inline]] static reg in_register(reg a) {
#ifndef __clang__
        asm("" : "+v"(a));
#endif
        return a;
    }

    // Products. In each lane: sum + four products of bytes, of which those of x have no sign; two
    // products of 16 bits; the first two and the last two of four bytes, as 16 bits.
#ifdef CTNN_DPBUSD
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return CTNN_DPBUSD(_mm)(sum, x, w);
    }
#endif
    [[gnu::always_inline]] static reg products(reg a, reg b) {
        return _mm_madd_epi16(a, b);
    }
    [[gnu::always_inline]] static reg first_two(reg w) {
        return two<_MM_SHUFFLE(2, 0, 2, 0)>(w);
    }
    [[gnu::always_inline]] static reg last_two(reg w) {
        return two<_MM_SHUFFLE(3, 1, 3, 1)>(w);
    }
    template <int Which>
    [[gnu::always_inline]] static reg two(reg w) {
        const __m128 low = _mm_castsi128_ps(_mm_srai_epi16(_mm_unpacklo_epi8(w, w), 8)),
                     high = _mm_castsi128_ps(_mm_srai_epi16(_mm_unpackhi_epi8(w, w), 8));
        return _mm_castps_si128(_mm_shuffle_ps(low, high, Which));
    }

    // Factors. round(a f), f as the bits of floats, halves to even; too large ones end at 2^30.
    [[gnu::always_inline]] static reg scaled(reg a, reg f) {
        const auto product = _mm_mul_ps(_mm_cvtepi32_ps(a), _mm_castsi128_ps(f));
        return _mm_cvtps_epi32(_mm_min_ps(_mm_set1_ps(1 << 30), product));
    }
#ifdef __AVX2__
    // The same in fixed point, see fixed_factor.
    [[gnu::always_inline]] static reg fixed_product(reg a, reg q, reg left, reg right) {
        const reg x = _mm_sllv_epi32(a, left), one = all(1);
        const reg nudge = _mm_set1_epi64x(1 << 30);
        const reg even = _mm_srli_epi64(_mm_add_epi64(_mm_mul_epi32(x, q), nudge), 31);
        const reg odd_product = _mm_mul_epi32(_mm_srli_epi64(x, 32), _mm_srli_epi64(q, 32));
        const reg odd = _mm_slli_epi64(_mm_add_epi64(odd_product, nudge), 1);
        const reg high = _mm_blend_epi32(even, odd, 0xA);
        const reg mask = _mm_sub_epi32(_mm_sllv_epi32(one, right), one);
        const reg rest = _mm_and_si128(high, mask), whole = _mm_srav_epi32(high, right);
        const reg half = _mm_sub_epi32(_mm_srli_epi32(mask, 1), _mm_srai_epi32(high, 31));
        return _mm_sub_epi32(whole, _mm_cmpgt_epi32(rest, half));
    }
#endif

    // Bytes. clamp(x + zero, low, high) of four vectors; `bounds` gives each of the three.
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero, reg low,
                                           reg high) {
#ifdef __SSE4_1__
        const reg ab = _mm_adds_epi16(_mm_packs_epi32(a, b), zero),
                  cd = _mm_adds_epi16(_mm_packs_epi32(c, d), zero);
        return _mm_min_epi8(_mm_max_epi8(_mm_packs_epi16(ab, cd), low), high);
#else  // their bounds are of 16 bits
        const auto clamped = [&](reg x) CTNN_INLINED {
            return _mm_min_epi16(_mm_max_epi16(_mm_adds_epi16(x, zero), low), high);
        };
        return _mm_packs_epi16(clamped(_mm_packs_epi32(a, b)), clamped(_mm_packs_epi32(c, d)));
#endif
    }
    [[gnu::always_inline]] static reg bound(std::int32_t x) {
#ifdef __SSE4_1__
        return all_bytes(x);
#else
        return all_of_16_bits(x);
#endif
    }
    [[gnu::always_inline]] static reg in_order(reg a) {
        return a;
    }
    [[gnu::always_inline]] static reg halves_in_order(reg a) {
        return a;
    }

    // Neighbours of a and b by turns, from the first or the second half of every 128 bits.
    [[gnu::always_inline]] static reg low_bytes(reg a, reg b) {
        return _mm_unpacklo_epi8(a, b);
    }
    [[gnu::always_inline]] static reg high_bytes(reg a, reg b) {
        return _mm_unpackhi_epi8(a, b);
    }
    [[gnu::always_inline]] static reg low_16_bits(reg a, reg b) {
        return _mm_unpacklo_epi16(a, b);
    }
    [[gnu::always_inline]] static reg high_16_bits(reg a, reg b) {
        return _mm_unpackhi_epi16(a, b);
    }
    [[gnu::always_inline]] static reg load_bytes(const void* p) {
        int four;
        std::memcpy(&four, p, sizeof four);
        const reg x = _mm_cvtsi32_si128(four), twice = _mm_unpacklo_epi8(x, x);
        return _mm_srai_epi32(_mm_unpacklo_epi16(twice, twice), 24);
    }
    [[gnu::always_inline]] static reg load_wide(const void* p) {
        const reg x = _mm_loadl_epi64(static_cast<const __m128i*>(p));
        return _mm_srai_epi16(_mm_unpacklo_epi8(x, x), 8);
    }
    [[gnu::always_inline]] static reg load_fours(const std::int8_t* p, std::size_t /*step*/) {
        return load(p);
    }
    [[gnu::always_inline]] static reg words(reg a) {
        const reg by_two = _mm_unpacklo_epi8(a, _mm_srli_si128(a, 8));
        return _mm_unpacklo_epi8(by_two, _mm_srli_si128(by_two, 8));
    }
};

#ifdef __AVX2__
template <>
struct integers<8> {
    using reg = __m256i;
    [[gnu::always_inline]] static reg zero() { return _mm256_setzero_si256(); }
    [[gnu::always_inline]] static reg all(std::int32_t x) { return _mm256_set1_epi32(x); }
    [[gnu::always_inline]] static reg all_of_16_bits(std::int32_t x) {
        return _mm256_set1_epi16(static_cast<short>(x));
    }
    [[gnu::always_inline]] static reg all_bytes(std::int32_t x) {
        return _mm256_set1_epi8(static_cast<char>(x));
    }
    [[gnu::always_inline]] static reg load(const void* p) {
        return _mm256_loadu_si256(static_cast<const __m256i*>(p));
    }
    [[gnu::always_inline]] static void store(void* p, reg a) {
        _mm256_storeu_si256(static_cast<__m256i*>(p), a);
    }
    [[gnu::always_inline]] static reg add(reg a, reg b) { return _mm256_add_epi32(a, b); }
    [[gnu::always_inline]] static reg multiply(reg a, reg b) { return _mm256_mullo_epi32(a, b); }
    [[gnu::always_inline]] static reg shift(reg a, int bits) {
        return _mm256_sra_epi32(a, _mm_cvtsi32_si128(bits));
    }
    [[gnu::always_inline]] static reg add_16_bits(reg a, reg b) { return _mm256_add_epi16(a, b); }
    [[gnu::always_inline]] static reg flip(reg a, reg b) { return _mm256_xor_si256(a, b); }

    /// a, in a register here, see in_register in vector.hpp.
    [[gnu::always_inline]] static reg in_register(reg a) {
#ifndef __clang__
        asm("" : "+v"(a));
#endif
        return a;
    }

    // Products. In each lane: sum + four products of bytes, of which those of x have no sign; two
    // products of 16 bits; the first two and the last two of four bytes, as 16 bits.
#ifdef CTNN_DPBUSD
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return CTNN_DPBUSD(_mm256)(sum, x, w);
    }
#endif
    [[gnu::always_inline]] static reg products(reg a, reg b) {
        return _mm256_madd_epi16(a, b);
    }
    [[gnu::always_inline]] static reg first_two(reg w) {
        const __m128i at = _mm_setr_epi8(0, 0, 0, 1, 4, 4, 4, 5, 8, 8, 8, 9, 12, 12, 12, 13);
        return _mm256_srai_epi16(_mm256_shuffle_epi8(w, _mm256_broadcastsi128_si256(at)), 8);
    }
    [[gnu::always_inline]] static reg last_two(reg w) {
        const __m128i at = _mm_setr_epi8(2, 2, 2, 3, 6, 6, 6, 7, 10, 10, 10, 11, 14, 14, 14, 15);
        return _mm256_srai_epi16(_mm256_shuffle_epi8(w, _mm256_broadcastsi128_si256(at)), 8);
    }

    // Factors. round(a f), f as the bits of floats, halves to even; too large ones end at 2^30.
    [[gnu::always_inline]] static reg scaled(reg a, reg f) {
        const auto product = _mm256_mul_ps(_mm256_cvtepi32_ps(a), _mm256_castsi256_ps(f));
        return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(1 << 30), product));
    }
    // The same in fixed point, see fixed_factor.
    [[gnu::always_inline]] static reg fixed_product(reg a, reg q, reg left, reg right) {
        const reg x = _mm256_sllv_epi32(a, left), one = all(1);
        const reg nudge = _mm256_set1_epi64x(1 << 30);
        const reg even = _mm256_srli_epi64(_mm256_add_epi64(_mm256_mul_epi32(x, q), nudge), 31);
        const reg odd_product =
            _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(q, 32));
        const reg odd = _mm256_slli_epi64(_mm256_add_epi64(odd_product, nudge), 1);
        const reg high = _mm256_blend_epi32(even, odd, 0xAA);
        const reg mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
        const reg rest = _mm256_and_si256(high, mask), whole = _mm256_srav_epi32(high, right);
        const reg half = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1), _mm256_srai_epi32(high, 31));
        return _mm256_sub_epi32(whole, _mm256_cmpgt_epi32(rest, half));
    }

    // Bytes. clamp(x + zero, low, high) of four vectors; `bounds` gives each of the three.
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero, reg low,
                                           reg high) {
        const reg ab = _mm256_adds_epi16(_mm256_packs_epi32(a, b), zero),
                  cd = _mm256_adds_epi16(_mm256_packs_epi32(c, d), zero);
        return _mm256_min_epi8(_mm256_max_epi8(_mm256_packs_epi16(ab, cd), low), high);
    }
    [[gnu::always_inline]] static reg bound(std::int32_t x) {
        return all_bytes(x);
    }
    [[gnu::always_inline]] static reg in_order(reg a) {
        return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    }
    [[gnu::always_inline]] static reg halves_in_order(reg a) {
        return _mm256_permute4x64_epi64(a, 0b11011000);
    }

    // Neighbours of a and b by turns, from the first or the second half of every 128 bits.
    [[gnu::always_inline]] static reg low_bytes(reg a, reg b) {
        return _mm256_unpacklo_epi8(a, b);
    }
    [[gnu::always_inline]] static reg high_bytes(reg a, reg b) {
        return _mm256_unpackhi_epi8(a, b);
    }
    [[gnu::always_inline]] static reg low_16_bits(reg a, reg b) {
        return _mm256_unpacklo_epi16(a, b);
    }
    [[gnu::always_inline]] static reg high_16_bits(reg a, reg b) {
        return _mm256_unpackhi_epi16(a, b);
    }
    [[gnu::always_inline]] static reg load_bytes(const void* p) {
        return _mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
    }
    [[gnu::always_inline]] static reg load_wide(const void* p) {
        return _mm256_cvtepi8_epi16(integers<4>::load(p));
    }
    [[gnu::always_inline]] static reg load_fours(const std::int8_t* p, std::size_t step) {
        return _mm256_inserti128_si256(_mm256_castsi128_si256(integers<4>::load(p)),
                                       integers<4>::load(p + step), 1);
    }
    [[gnu::always_inline]] static reg words(reg a) {
        return _mm256_shuffle_epi8(
            _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7)),
            _mm256_broadcastsi128_si256(
                _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)));
    }
};
#endif

#if defined(__AVX512BW__) && defined(__AVX512VL__)
template <>
struct integers<16> {
    using reg = __m512i;
    [[gnu::always_inline]] static reg zero() { return _mm512_setzero_si512(); }
    [[gnu::always_inline]] static reg all(std::int32_t x) { return _mm512_set1_epi32(x); }
    [[gnu::always_inline]] static reg all_of_16_bits(std::int32_t x) {
        return _mm512_set1_epi16(static_cast<short>(x));
    }
    [[gnu::always_inline]] static reg all_bytes(std::int32_t x) {
        return _mm512_set1_epi8(static_cast<char>(x));
    }
    [[gnu::always_inline]] static reg load(const void* p) { return _mm512_loadu_si512(p); }
    [[gnu::always_inline]] static void store(void* p, reg a) { _mm512_storeu_si512(p, a); }
    [[gnu::always_inline]] static reg add(reg a, reg b) { return _mm512_add_epi32(a, b); }
    [[gnu::always_inline]] static reg multiply(reg a, reg b) { return _mm512_mullo_epi32(a, b); }
    [[gnu::always_inline]] static reg shift(reg a, int bits) {
        return _mm512_sra_epi32(a, _mm_cvtsi32_si128(bits));
    }
    [[gnu::always_inline]] static reg add_16_bits(reg a, reg b) { return _mm512_add_epi16(a, b); }
    [[gnu::always_inline]] static reg flip(reg a, reg b) { return _mm512_xor_si512(a, b); }

    /// a, in a register here, see in_register in vector.hpp.
    [[gnu::always_inline]] static reg in_register(reg a) {
#ifndef __clang__
        asm("" : "+v"(a));
#endif
        return a;
    }

    // Products. In each lane: sum + four products of bytes, of which those of x have no sign; two
    // products of 16 bits; the first two and the last two of four bytes, as 16 bits.
#ifdef CTNN_DPBUSD
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return CTNN_DPBUSD(_mm512)(sum, x, w);
    }
#endif
    [[gnu::always_inline]] static reg products(reg a, reg b) {
        return _mm512_madd_epi16(a, b);
    }
    [[gnu::always_inline]] static reg first_two(reg w) {
        const __m128i at = _mm_setr_epi8(0, 0, 0, 1, 4, 4, 4, 5, 8, 8, 8, 9, 12, 12, 12, 13);
        return _mm512_srai_epi16(_mm512_shuffle_epi8(w, _mm512_broadcast_i32x4(at)), 8);
    }
    [[gnu::always_inline]] static reg last_two(reg w) {
        const __m128i at = _mm_setr_epi8(2, 2, 2, 3, 6, 6, 6, 7, 10, 10, 10, 11, 14, 14, 14, 15);
        return _mm512_srai_epi16(_mm512_shuffle_epi8(w, _mm512_broadcast_i32x4(at)), 8);
    }

    // Factors. round(a f), f as the bits of floats, halves to even; too large ones end at 2^30.
    [[gnu::always_inline]] static reg scaled(reg a, reg f) {
        const auto product = _mm512_mul_ps(_mm512_cvtepi32_ps(a), _mm512_castsi512_ps(f));
        return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(1 << 30), product));
    }
    // The same in fixed point, see fixed_factor.
    [[gnu::always_inline]] static reg fixed_product(reg a, reg q, reg left, reg right) {
        const reg x = _mm512_sllv_epi32(a, left), one = all(1);
        const reg nudge = _mm512_set1_epi64(1 << 30);
        const reg even = _mm512_srli_epi64(_mm512_add_epi64(_mm512_mul_epi32(x, q), nudge), 31);
        const reg odd_product =
            _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(q, 32));
        const reg odd = _mm512_slli_epi64(_mm512_add_epi64(odd_product, nudge), 1);
        const reg high = _mm512_mask_blend_epi32(0xAAAA, even, odd);
        const reg mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
        const reg rest = _mm512_and_si512(high, mask), whole = _mm512_srav_epi32(high, right);
        const reg half = _mm512_sub_epi32(_mm512_srli_epi32(mask, 1), _mm512_srai_epi32(high, 31));
        return _mm512_mask_sub_epi32(whole, _mm512_cmpgt_epi32_mask(rest, half), whole, all(-1));
    }

    // Bytes. clamp(x + zero, low, high) of four vectors; `bounds` gives each of the three.
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero, reg low,
                                           reg high) {
        const reg ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero),
                  cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero);
        return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(ab, cd), low), high);
    }
    [[gnu::always_inline]] static reg bound(std::int32_t x) {
        return all_bytes(x);
    }
    // What `pack` gives is in order within every 128 bits only. Of vectors that were in order, and
    // of those that low_16_bits and high_16_bits have parted.
    [[gnu::always_inline]] static reg in_order(reg a) {
        return _mm512_permutexvar_epi32(
            _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), a);
    }
    [[gnu::always_inline]] static reg halves_in_order(reg a) {
        return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), a);
    }

    // Neighbours of a and b by turns, from the first or the second half of every 128 bits.
    [[gnu::always_inline]] static reg low_bytes(reg a, reg b) {
        return _mm512_unpacklo_epi8(a, b);
    }
    [[gnu::always_inline]] static reg high_bytes(reg a, reg b) {
        return _mm512_unpackhi_epi8(a, b);
    }
    [[gnu::always_inline]] static reg low_16_bits(reg a, reg b) {
        return _mm512_unpacklo_epi16(a, b);
    }
    [[gnu::always_inline]] static reg high_16_bits(reg a, reg b) {
        return _mm512_unpackhi_epi16(a, b);
    }
    [[gnu::always_inline]] static reg load_bytes(const void* p) {
        return _mm512_cvtepi8_epi32(integers<4>::load(p));
    }
    // Bytes with their signs, as 16 or 32 bits; four integers here, four `step` bytes further, and so on.
    [[gnu::always_inline]] static reg load_wide(const void* p) {
        return _mm512_cvtepi8_epi16(integers<8>::load(p));
    }
    [[gnu::always_inline]] static reg load_fours(const std::int8_t* p, std::size_t step) {
        return _mm512_inserti64x4(_mm512_castsi256_si512(integers<8>::load_fours(p, step)),
                                  integers<8>::load_fours(p + 2 * step, step), 1);
    }
    // Bytes of 16 images, and the next ones, and so on: four of each image in its lane.
    [[gnu::always_inline]] static reg words(reg a) {
        return _mm512_shuffle_epi8(in_order(a),
                                   _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2,
                                                                        6, 10, 14, 3, 7, 11, 15)));
    }
};
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
#undef CTNN_DPBUSD

/// Vector::dot, for templates that leave it alone unless `multiplies_bytes`.
template <class Vector>
[[gnu::always_inline]] inline typename Vector::reg
dot(typename Vector::reg sum, typename Vector::reg x, typename Vector::reg w) noexcept {
    return Vector::dot(sum, x, w);
}

}  // namespace ctnn::simd
