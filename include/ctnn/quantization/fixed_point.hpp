// Fixed-point arithmetic as TensorFlow Lite's reference kernels have it (gemmlowp): numbers of 32
// bits, products of which the upper half is kept, every rounding with halves away from zero.
// https://github.com/google/gemmlowp/blob/master/fixedpoint/fixedpoint.h
#pragma once

#include <ctnn/language.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ctnn::detail {

/// round(a b / 2^31), for a = b = -2^31 the largest number.
constexpr std::int32_t high_product(std::int32_t a, std::int32_t b) noexcept {
    constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
    if (a == least && b == least) return std::numeric_limits<std::int32_t>::max();
    // Halves up, as there: gemmlowp's division rounds a negative sum, less by 1, towards 0.
    return static_cast<std::int32_t>((std::int64_t{a} * b + (1 << 30)) >> 31);
}
/// round(x / 2^bits), x above -2^31, bits from 0 to 31: to the last bit but one down, then up. Of
/// negative numbers less by 1, so that a half is down.
constexpr std::int32_t rounded_shift(std::int32_t x, std::int32_t bits) noexcept {
    if (bits == 0) return x;
    return (((x - (x < 0)) >> (bits - 1)) + 1) >> 1;
}
/// x 2^bits, at the ends of the range where it does not fit.
constexpr std::int32_t saturated_shift(std::int32_t x, int bits) noexcept {
    const std::int64_t shifted = std::int64_t{x} * (std::int64_t{1} << bits);
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(shifted, std::numeric_limits<std::int32_t>::min(),
                                 std::numeric_limits<std::int32_t>::max()));
}

/// A factor q 2^(shift - 31), q in [2^30, 2^31) or 0.
struct fixed_factor {
    std::int32_t q = 0, shift = 0;
    bool operator==(const fixed_factor&) const = default;

    /// The nearest to a number >= 0; 0 below 2^-32.
    static constexpr fixed_factor nearest(double number) noexcept {
        if (!(number > 0.0)) return {};
        const auto bits = std::bit_cast<std::uint64_t>(number);
        const auto exponent =
            static_cast<std::int32_t>(bits >> 52) - 1022;  // number = m 2^exponent
        const std::uint64_t mantissa = (bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1}
                                                                                     << 52;
        std::uint64_t q = ((mantissa >> 21) + 1) >> 1;  // 53 bits to 31, halves up
        std::int32_t shift = exponent;
        if (q == std::uint64_t{1} << 31) q /= 2, ++shift;
        if (shift < -31) return {};
        return {static_cast<std::int32_t>(q), shift};
    }
    /// x times the factor, rounded twice.
    [[nodiscard]] constexpr std::int32_t times(std::int32_t x) const noexcept {
        constexpr std::int32_t none = 0;
        const std::int32_t left = std::max(shift, none), right = std::max(-shift, none);
        const auto raised = static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << left);
        if (q < 0) __builtin_unreachable();  // so no product is -2^31 times -2^31
        return rounded_shift(high_product(raised, q), right);
    }
};

/// e^x for x <= 0, given times 2^26 and returned times 2^31.
constexpr std::int32_t fixed_exp(std::int32_t x) noexcept {
    if (x == 0) return std::numeric_limits<std::int32_t>::max();
    constexpr std::int32_t quarter = 1 << 24;
    const std::int32_t part = (x & (quarter - 1)) - quarter;  // -1/4 <= part < 0
    // Taylor's series of e^y around -1/8.
    constexpr std::int32_t at_eighth = 1895147668, third = 715827883;
    const std::int32_t y = saturated_shift(part, 5) + (1 << 28);
    const std::int32_t y2 = high_product(y, y), y3 = high_product(y2, y), y4 = high_product(y2, y2);
    const std::int32_t tail = rounded_shift(high_product(rounded_shift(y4, 2) + y3, third) + y2, 1);
    std::int32_t result = at_eighth + high_product(at_eighth, y + tail);
    // Times e^-(1/4), e^-(1/2), ..., e^-16 for every bit of the rest.
    constexpr std::int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308,
                                       39332535,   720401,     242};
    const std::int32_t rest = part - x;
    for (int i = 0; i < 7; ++i)
        if (rest & (std::int32_t{1} << (24 + i))) result = high_product(result, powers[i]);
    return result;
}
/// 1 / (1 + x) for 0 <= x < 1, both times 2^31: three of Newton's steps.
constexpr std::int32_t fixed_reciprocal_of_one_plus(std::int32_t x) noexcept {
    constexpr std::int64_t one = std::numeric_limits<std::int32_t>::max();
    const auto half = static_cast<std::int32_t>((x + one + 1) / 2);
    std::int32_t y =
        1515870810 + high_product(half, -1010580540);  // 48/17 - 32/17 half, times 2^29
    for (int i = 0; i < 3; ++i) {
        const std::int32_t rest = (1 << 29) - high_product(half, y);
        y += saturated_shift(high_product(y, rest), 2);
    }
    return saturated_shift(y, 1);
}

}  // namespace ctnn::detail
