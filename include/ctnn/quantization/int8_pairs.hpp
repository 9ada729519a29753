// Pairs of 16-bit numbers in a word, as Cortex-M4 and M7 multiply them: two multiply-adds in one
// instruction. Elsewhere the same in plain C++.
// https://arm-software.github.io/acle/main/acle.html#32-bit-simd-intrinsics
#pragma once

#include <ctnn/language.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

namespace ctnn::detail {

/// Four numbers of 16 bits.
struct two_pairs {
    std::uint32_t first, second;
};

/// sum + the products of both halves
inline std::uint32_t sum_of_products(std::uint32_t x, std::uint32_t w, std::uint32_t sum) noexcept {
#if defined(__ARM_FEATURE_DSP)
    asm volatile("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
    return sum;
#else
    const auto low = [](std::uint32_t a) { return static_cast<std::int16_t>(a & 0xFFFF); };
    return sum + static_cast<std::uint32_t>(low(x) * low(w)) +
           static_cast<std::uint32_t>(low(x >> 16) * low(w >> 16));
#endif
}
/// sum + x w. Elsewhere than on Arm the compiler may add in any order.
inline std::uint32_t sum_of_product(std::uint32_t x, std::uint32_t w, std::uint32_t sum) noexcept {
#if defined(__thumb2__)
    asm volatile("mla %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
    return sum;
#else
    return sum + x * w;
#endif
}
/// Bytes 0 and 2, and bytes 1 and 3, with their signs.
inline two_pairs signed_pairs(std::uint32_t bytes) noexcept {
#if defined(__ARM_FEATURE_DSP)
    std::uint32_t even, odd;
    asm("sxtb16 %0, %1" : "=r"(even) : "r"(bytes));
    asm("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(bytes));
    return {even, odd};
#else
    const auto number = [&](int i) { return static_cast<std::int8_t>(bytes >> 8 * i & 0xFF); };
    const auto pair = [&](int a, int b) {
        return (static_cast<std::uint32_t>(number(a)) & 0xFFFF) |
               static_cast<std::uint32_t>(number(b)) << 16;
    };
    return {pair(0, 2), pair(1, 3)};
#endif
}
/// The same of bytes + 128: without signs.
inline two_pairs raised_pairs(std::uint32_t bytes) noexcept {
#if defined(__ARM_FEATURE_DSP)
    constexpr std::uint32_t half = 0x00800080;
    std::uint32_t even, odd;
    asm("sxtab16 %0, %1, %2" : "=r"(even) : "r"(half), "r"(bytes));
    asm("sxtab16 %0, %1, %2, ror #8" : "=r"(odd) : "r"(half), "r"(bytes));
    return {even, odd};
#else
    const std::uint32_t raised = bytes ^ 0x80808080;
    return {raised & 0x00FF00FF, raised >> 8 & 0x00FF00FF};
#endif
}
/// From bytes 0 and 2, and 1 and 3, to 0 and 1, and 2 and 3.
inline two_pairs in_order(two_pairs p) noexcept {
#if defined(__ARM_FEATURE_DSP)
    std::uint32_t low, high;
    asm("pkhbt %0, %1, %2, lsl #16" : "=r"(low) : "r"(p.first), "r"(p.second));
    asm("pkhtb %0, %1, %2, asr #16" : "=r"(high) : "r"(p.second), "r"(p.first));
    return {low, high};
#else
    return {(p.first & 0xFFFF) | p.second << 16, p.first >> 16 | (p.second & 0xFFFF0000)};
#endif
}

inline std::uint32_t load_word(const void* from) noexcept {
    std::uint32_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
}
inline void store_word(void* to, std::uint32_t word) noexcept {
    std::memcpy(to, &word, sizeof word);
}
/// Two words behind `from`; with one instruction if that is a multiple of 4, as IsAligned promises.
template <std::size_t Offset, bool IsAligned>
inline two_pairs load_pairs(const void* from) noexcept {
    const char* const here = static_cast<const char*>(from) + Offset;
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
    if constexpr (IsAligned && Offset < 1024 && Offset % 4 == 0) {
        std::uint32_t first, second;  // volatile: in this order, so that registers are enough
        // Reads all from `from` on, so that `here` needs no register either.
        asm volatile("ldrd %0, %1, [%2, %3]"
                     : "=r"(first), "=r"(second)
                     : "r"(from), "n"(Offset), "m"(*static_cast<const char(*)[Offset + 8]>(from)));
        return {first, second};
    }
#endif
    return {load_word(here), load_word(here + 4)};
}
/// Stores two words at a multiple of 4.
template <std::size_t Offset>
inline void store_pairs(void* to, two_pairs p) noexcept {
    char* const here = static_cast<char*>(to) + Offset;
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
    asm volatile("strd %1, %2, [%3, %4]"
                 : "=m"(*reinterpret_cast<char(*)[8]>(here))
                 : "r"(p.first), "r"(p.second), "r"(to), "n"(Offset));
#else
    store_word(here, p.first);
    store_word(here + 4, p.second);
#endif
}
/// Moves a pointer, behind all load_pairs above: what is loaded later needs no other register.
template <std::size_t Bytes, class T>
inline void advance(T*& pointer) noexcept {
#if defined(__thumb2__)
    if constexpr (Bytes < 4096) {
        asm volatile("add %0, %0, %1" : "+r"(pointer) : "n"(Bytes));
        return;
    }
#endif
    pointer += Bytes / sizeof(T);
}

}  // namespace ctnn::detail
