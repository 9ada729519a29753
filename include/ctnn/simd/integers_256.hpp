// 8 integers of 32 bits: the instructions of AVX2.
#pragma once

#include <ctnn/simd/integers_128.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if CTNN_HAS_XSIMD && defined(__AVX2__)
#include <immintrin.h>

namespace ctnn::simd {

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
    [[gnu::always_inline]] static reg maximum(reg a, reg b) { return _mm256_max_epi32(a, b); }
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
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return _mm256_dpbusd_epi32(sum, x, w);
    }
#elif defined(__AVXVNNI__)
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return _mm256_dpbusd_avx_epi32(sum, x, w);
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
    [[gnu::always_inline]] static reg scaled_down(reg a, reg f) {  // f < 1
        return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(a), _mm256_castsi256_ps(f)));
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

    // Bytes. clamp(x + zero, low, high) of four vectors, `bound` gives low and high; without them
    // the bounds of a byte.
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero, reg low,
                                           reg high) {
        const reg ab = _mm256_adds_epi16(_mm256_packs_epi32(a, b), zero),
                  cd = _mm256_adds_epi16(_mm256_packs_epi32(c, d), zero);
        return _mm256_min_epi8(_mm256_max_epi8(_mm256_packs_epi16(ab, cd), low), high);
    }
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero) {
        return _mm256_packs_epi16(_mm256_adds_epi16(_mm256_packs_epi32(a, b), zero),
                                  _mm256_adds_epi16(_mm256_packs_epi32(c, d), zero));
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

    // Neighbours of a and b by turns, from the first or the second half of every 128 bits; and how
    // bytes have to lie, so that words of four come in order.
    [[gnu::always_inline]] static reg bytes_apart(reg a) {
        return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    }
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
    [[gnu::always_inline]] static reg load_pairs(const void* a, const void* b) {
        return _mm256_cvtepi8_epi16(
            _mm_unpacklo_epi8(_mm_loadl_epi64(static_cast<const __m128i*>(a)),
                              _mm_loadl_epi64(static_cast<const __m128i*>(b))));
    }
    template <std::size_t Which>
    [[gnu::always_inline]] static void store_quarter(void* p, reg a) {
        const __m128i half = Which < 2 ? _mm256_castsi256_si128(a) : _mm256_extracti128_si256(a, 1);
        if constexpr (Which % 2 == 0)
            _mm_storel_epi64(static_cast<__m128i*>(p), half);
        else
            _mm_storeh_pd(static_cast<double*>(p), _mm_castsi128_pd(half));
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

}  // namespace ctnn::simd
#endif
