// 16 integers of 32 bits: the instructions of AVX-512.
#pragma once

#include <ctnn/simd/integers_256.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if CTNN_HAS_XSIMD && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace ctnn::simd {

#if defined(__GNUC__) && !defined(__clang__)  // as in vector.hpp
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

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
    [[gnu::always_inline]] static reg maximum(reg a, reg b) { return _mm512_max_epi32(a, b); }
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
#ifdef __AVX512VNNI__
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return _mm512_dpbusd_epi32(sum, x, w);
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
    [[gnu::always_inline]] static reg scaled_down(reg a, reg f) {  // f < 1
        return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(a), _mm512_castsi512_ps(f)));
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

    // Bytes. clamp(x + zero, low, high) of four vectors, `bound` gives low and high; without them
    // the bounds of a byte.
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero, reg low,
                                           reg high) {
        const reg ab = _mm512_adds_epi16(_mm512_packs_epi32(a, b), zero),
                  cd = _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero);
        return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(ab, cd), low), high);
    }
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero) {
        return _mm512_packs_epi16(_mm512_adds_epi16(_mm512_packs_epi32(a, b), zero),
                                  _mm512_adds_epi16(_mm512_packs_epi32(c, d), zero));
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

    // Neighbours of a and b by turns, from the first or the second half of every 128 bits; and how
    // bytes have to lie, so that words of four come in order.
    [[gnu::always_inline]] static reg bytes_apart(reg a) {
        return in_order(a);
    }
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
    [[gnu::always_inline]] static reg load_pairs(const void* a, const void* b) {
        const __m128i first = integers<4>::load(a), second = integers<4>::load(b);
        return _mm512_cvtepi8_epi16(
            _mm256_set_m128i(_mm_unpackhi_epi8(first, second), _mm_unpacklo_epi8(first, second)));
    }
    template <std::size_t Which>
    [[gnu::always_inline]] static void store_quarter(void* p, reg a) {
        std::int8_t all[64];  // not the intrinsic: for that g++ 12 needs another register
        store(all, a);
        std::memcpy(p, all + 16 * Which, 16);
    }
    // Bytes of 16 images, and the next ones, and so on: four of each image in its lane.
    [[gnu::always_inline]] static reg words(reg a) {
        return _mm512_shuffle_epi8(in_order(a),
                                   _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2,
                                                                        6, 10, 14, 3, 7, 11, 15)));
    }
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace ctnn::simd
#endif
