// 4 integers of 32 bits: the instructions of 64-bit Arm.
#pragma once

#include <ctnn/simd/integer_lanes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

#if CTNN_HAS_XSIMD && defined(__aarch64__)
#include <arm_neon.h>

namespace ctnn::simd {

template <>
struct integers<4> {
    using reg = int32x4_t;
    [[gnu::always_inline]] static reg zero() { return vdupq_n_s32(0); }
    [[gnu::always_inline]] static reg all(std::int32_t x) { return vdupq_n_s32(x); }
    [[gnu::always_inline]] static reg all_of_16_bits(std::int32_t x) {
        return from(vdupq_n_s16(static_cast<std::int16_t>(x)));
    }
    [[gnu::always_inline]] static reg all_bytes(std::int32_t x) {
        return from(vdupq_n_s8(static_cast<std::int8_t>(x)));
    }
    [[gnu::always_inline]] static reg load(const void* p) {
        return from(vld1q_s8(static_cast<const std::int8_t*>(p)));
    }
    [[gnu::always_inline]] static void store(void* p, reg a) {
        vst1q_s8(static_cast<std::int8_t*>(p), bytes(a));
    }
    [[gnu::always_inline]] static reg add(reg a, reg b) { return vaddq_s32(a, b); }
    [[gnu::always_inline]] static reg multiply(reg a, reg b) { return vmulq_s32(a, b); }
    [[gnu::always_inline]] static reg maximum(reg a, reg b) { return vmaxq_s32(a, b); }
    [[gnu::always_inline]] static reg shift(reg a, int bits) {
        return vshlq_s32(a, vdupq_n_s32(-bits));
    }
    [[gnu::always_inline]] static reg add_16_bits(reg a, reg b) {
        return from(vaddq_s16(halves(a), halves(b)));
    }
    [[gnu::always_inline]] static reg flip(reg a, reg b) { return veorq_s32(a, b); }
    [[gnu::always_inline]] static reg in_register(reg a) {
#ifndef __clang__
        asm("" : "+w"(a));
#endif
        return a;
    }

#if defined(__ARM_FEATURE_MATMUL_INT8)
    [[gnu::always_inline]] static reg dot(reg sum, reg x, reg w) {
        return vusdotq_s32(sum, vreinterpretq_u8_s32(x), bytes(w));
    }
#elif defined(__ARM_FEATURE_DOTPROD)
    [[gnu::always_inline]] static reg dot(reg sum, reg x,
                                          reg w) {  // both have signs here: x - 128, and 128 w
        const reg of_weights = vshlq_n_s32(vdotq_s32(zero(), bytes(w), vdupq_n_s8(1)), 7);
        return add(vdotq_s32(sum, bytes(flip(x, all_bytes(-128))), bytes(w)), of_weights);
    }
#endif
    [[gnu::always_inline]] static reg products(reg a, reg b) {
        return vpaddq_s32(vmull_s16(vget_low_s16(halves(a)), vget_low_s16(halves(b))),
                          vmull_high_s16(halves(a), halves(b)));
    }
    [[gnu::always_inline]] static reg first_two(reg w) {
        return from(vmovl_s8(vreinterpret_s8_s16(vget_low_s16(vuzp1q_s16(halves(w), halves(w))))));
    }
    [[gnu::always_inline]] static reg last_two(reg w) {
        return from(vmovl_s8(vreinterpret_s8_s16(vget_low_s16(vuzp2q_s16(halves(w), halves(w))))));
    }

    [[gnu::always_inline]] static reg scaled(reg a, reg f) {
        return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(a), vreinterpretq_f32_s32(f)));
    }
    [[gnu::always_inline]] static reg scaled_down(reg a, reg f) {
        return scaled(a, f);
    }
    [[gnu::always_inline]] static reg fixed_product(reg a, reg q, reg left, reg right) {
        const reg high = vqrdmulhq_s32(vshlq_s32(a, left), q), down = vnegq_s32(right);
        const reg mask = vsubq_s32(vshlq_s32(all(1), right), all(1));
        const reg half = vsubq_s32(vshrq_n_s32(mask, 1), vshrq_n_s32(high, 31));
        const uint32x4_t is_more = vcgtq_s32(vandq_s32(high, mask), half);
        return vsubq_s32(vshlq_s32(high, down), vreinterpretq_s32_u32(is_more));
    }

    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero) {
        const auto added = [&](reg x, reg y) CTNN_INLINED {
            return vqaddq_s16(vqmovn_high_s32(vqmovn_s32(x), y), halves(zero));
        };
        return from(vqmovn_high_s16(vqmovn_s16(added(a, b)), added(c, d)));
    }
    [[gnu::always_inline]] static reg pack(reg a, reg b, reg c, reg d, reg zero, reg low,
                                           reg high) {
        return from(vminq_s8(vmaxq_s8(bytes(pack(a, b, c, d, zero)), bytes(low)), bytes(high)));
    }
    [[gnu::always_inline]] static reg bound(std::int32_t x) {
        return all_bytes(x);
    }
    [[gnu::always_inline]] static reg in_order(reg a) {
        return a;
    }
    [[gnu::always_inline]] static reg halves_in_order(reg a) {
        return a;
    }

    [[gnu::always_inline]] static reg bytes_apart(reg a) {
        return a;
    }
    [[gnu::always_inline]] static reg low_bytes(reg a, reg b) {
        return from(vzip1q_s8(bytes(a), bytes(b)));
    }
    [[gnu::always_inline]] static reg high_bytes(reg a, reg b) {
        return from(vzip2q_s8(bytes(a), bytes(b)));
    }
    [[gnu::always_inline]] static reg low_16_bits(reg a, reg b) {
        return from(vzip1q_s16(halves(a), halves(b)));
    }
    [[gnu::always_inline]] static reg high_16_bits(reg a, reg b) {
        return from(vzip2q_s16(halves(a), halves(b)));
    }
    [[gnu::always_inline]] static reg load_bytes(const void* p) {
        std::uint32_t four;
        std::memcpy(&four, p, sizeof four);
        return vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(four))));
    }
    [[gnu::always_inline]] static reg load_wide(const void* p) {
        return from(vmovl_s8(vld1_s8(static_cast<const std::int8_t*>(p))));
    }
    [[gnu::always_inline]] static reg load_fours(const std::int8_t* p, std::size_t /*step*/) {
        return load(p);
    }
    [[gnu::always_inline]] static reg words(reg a) {
        const int8x16_t by_two = vzip1q_s8(bytes(a), vextq_s8(bytes(a), bytes(a), 8));
        return from(vzip1q_s8(by_two, vextq_s8(by_two, by_two, 8)));
    }

private:
    static int8x16_t bytes(reg a) {
        return vreinterpretq_s8_s32(a);
    }
    static int16x8_t halves(reg a) {
        return vreinterpretq_s16_s32(a);
    }
    [[gnu::always_inline]] static reg from(int8x16_t a) {
        return vreinterpretq_s32_s8(a);
    }
    [[gnu::always_inline]] static reg from(int16x8_t a) {
        return vreinterpretq_s32_s16(a);
    }
};

}  // namespace ctnn::simd
#endif
