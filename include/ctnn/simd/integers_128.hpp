// 4 integers of 32 bits: the instructions of SSE2 and what came after it.
#pragma once

#include <ctnn/simd/integer_lanes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if CTNN_HAS_XSIMD && defined(__SSE2__)
#include <immintrin.h>

namespace ctnn::simd {

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
    [[gnu::always_inline]] static reg maximum(reg a, reg b) {
#ifdef __SSE4_1__
        return _mm_max_epi32(a, b);
#else
        const reg is_more = _mm_cmpgt_epi32(a, b);
        return _mm_or_si128(_mm_and_si128(is_more, a), _mm_andnot_si128(is_more, b));
#endif
    }
    [[gnu::always_inline]] static reg shift(reg a, int bits) {
        return _mm_sra_epi32(a, _mm_cvtsi32_si128(bits));
    }
    [[gnu::always_inline]] static reg add_16_bits(reg a, reg b) {
        return _mm_add_epi16(a, b);
    }
    [[gnu::always_inline]] static reg flip(reg a, reg b) {
        return _mm_xor_si128(a, b);
    }

    /// a, in a register here, see in_register in vector.hpp.
    [[gnu::always_inline]] static reg in_register(reg a) {
#ifndef __clang__
        asm("" : "+v"(a));
#endif
        return a;
    }

    // Products. In each lane: sum + four products of bytes, of which those of x have no sign; two
    // products of 16 bits; the first two and the last two of four bytes, as 16 bits.
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return _mm_dpbusd_epi32(sum, x, w);
    }
#elif defined(__AVXVNNI__)
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return _mm_dpbusd_avx_epi32(sum, x, w);
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
    [[gnu::always_inline]] static reg scaled_down(reg a, reg f) {  // f < 1
        return _mm_cvtps_epi32(_mm_mul_ps(_mm_cvtepi32_ps(a), _mm_castsi128_ps(f)));
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

    // Bytes. clamp(x + zero, low, high) of four vectors, `bound` gives low and high; without them
    // the bounds of a byte.
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
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero) {
        return _mm_packs_epi16(_mm_adds_epi16(_mm_packs_epi32(a, b), zero),
                               _mm_adds_epi16(_mm_packs_epi32(c, d), zero));
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

    // Neighbours of a and b by turns, from the first or the second half of every 128 bits; and how
    // bytes have to lie, so that words of four come in order.
    [[gnu::always_inline]] static reg bytes_apart(reg a) {
        return a;
    }
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
    // The first numbers of a and of b by turns, as 16 bits.
    [[gnu::always_inline]] static reg load_pairs(const void* a, const void* b) {
        int first, second;
        std::memcpy(&first, a, sizeof first);
        std::memcpy(&second, b, sizeof second);
        const reg x = _mm_unpacklo_epi8(_mm_cvtsi32_si128(first), _mm_cvtsi32_si128(second));
        return _mm_srai_epi16(_mm_unpacklo_epi8(x, x), 8);
    }
    template <std::size_t Which>
    [[gnu::always_inline]] static void store_quarter(void* p, reg a) {
        const int part = _mm_cvtsi128_si32(_mm_shuffle_epi32(a, Which));
        std::memcpy(p, &part, sizeof part);
    }
    [[gnu::always_inline]] static reg load_fours(const std::int8_t* p, std::size_t /*step*/) {
        return load(p);
    }
    [[gnu::always_inline]] static reg words(reg a) {
        const reg by_two = _mm_unpacklo_epi8(a, _mm_srli_si128(a, 8));
        return _mm_unpacklo_epi8(by_two, _mm_srli_si128(by_two, 8));
    }
};

}  // namespace ctnn::simd
#endif
