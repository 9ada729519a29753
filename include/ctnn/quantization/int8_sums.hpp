// Sums and products of values in bytes, byte by byte.
#pragma once

#include <ctnn/quantization/int8_finish.hpp>
#include <ctnn/quantization/rounding.hpp>
#include <ctnn/simd/integer_vector.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

#if CTNN_HAS_XSIMD
/// A factor in all lanes.
template <class Vector, class Factor>
[[gnu::always_inline]] inline auto times_in_lanes(typename Vector::reg sum,
                                                  Factor factor) noexcept {
    if constexpr (std::is_same_v<Factor, float>)
        return Vector::scaled(sum, Vector::all(std::bit_cast<std::int32_t>(factor)));
    else
        return int8_factors<rounding::tflite_micro>::times<Vector>(
            sum, [&](std::size_t array) CTNN_INLINED {
                return Vector::all(array == 0   ? factor.q
                                   : array == 1 ? std::max(factor.shift, 0)
                                                : std::max(-factor.shift, 0));
            });
}
/// The sum of `Terms` values in lanes, as Rounding::addition computes it.
template <class Vector, std::size_t Terms, class Addition, class Load>
[[gnu::always_inline]] inline auto sum_in_lanes(const Addition& a, const Load& load) noexcept {
    if constexpr (requires { a.offset; }) {
        auto sum = Vector::all(a.offset);
        for (std::size_t k = 0; k < Terms; ++k)
            sum = Vector::add(sum, Vector::multiply(Vector::all(a.q[k]), load(k)));
        return Vector::shift(sum, a.shift);
    } else {
        auto sum = Vector::zero();
        for (std::size_t k = 0; k < Terms; ++k) {
            const auto x = Vector::add(load(k), Vector::all(-a.zeros[k]));
            const auto raised = Vector::multiply(x, Vector::all(1 << 20));
            sum = Vector::add(sum, times_in_lanes<Vector>(raised, a.of_terms[k]));
        }
        return times_in_lanes<Vector>(sum, a.of_sum);
    }
}

/// y[i] = result of Inputs values' bytes i, in vectors: result(load), load(k) being those of input k.
/// What is written may lie where an input lies.
template <std::size_t Inputs, class Result>
inline void int8_in_lanes(const std::array<const std::int8_t*, Inputs>& x, std::int8_t* y,
                          std::size_t count, int8_range range, const Result& result) noexcept {
    using vector = simd::integers<simd::integer_lanes>;
    constexpr std::size_t lanes = simd::integer_lanes, at_once = 4 * lanes;
    const auto zero = vector::all_of_16_bits(range.zero), low = vector::bound(range.low),
               high = vector::bound(range.high);
    const auto four = [&](const std::array<const std::int8_t*, Inputs>& from, std::size_t i,
                          std::int8_t* to) CTNN_INLINED {
        const auto part = [&](std::size_t n) CTNN_INLINED {
            return result([&](std::size_t k)
                              CTNN_INLINED { return vector::load_bytes(from[k] + i + n * lanes); });
        };
        const auto a = part(0), b = part(1), c = part(2), d = part(3);
        vector::store(to, vector::in_order(vector::pack(a, b, c, d, zero, low, high)));
    };
    std::size_t i = 0;
    for (; i + at_once <= count; i += at_once) four(x, i, y + i);
    if (i == count) return;
    std::int8_t rest[Inputs + 1][at_once]{};
    std::array<const std::int8_t*, Inputs> from{};
    for (std::size_t k = 0; k < Inputs; ++k) {
        std::copy_n(x[k] + i, count - i, rest[k]);
        from[k] = rest[k];
    }
    four(from, 0, rest[Inputs]);
    std::copy_n(rest[Inputs], count - i, y + i);
}
#endif

/// y = sum of x, as an addition of the parameters says.
template <class Addition, std::size_t Inputs>
constexpr void int8_add(const Addition& sum, const std::array<const std::int8_t*, Inputs>& x,
                        std::int8_t* y, std::size_t count, int8_range range) noexcept {
#if CTNN_HAS_XSIMD
    if constexpr (simd::integer_lanes > 1)
        if (!std::is_constant_evaluated()) {
            using vector = simd::integers<simd::integer_lanes>;
            int8_in_lanes(x, y, count, range, [&](const auto& load) CTNN_INLINED {
                return sum_in_lanes<vector, Inputs>(sum, load);
            });
            return;
        }
#endif
    for (std::size_t i = 0; i < count; ++i) {
        std::array<std::int32_t, Inputs> terms;
        for (std::size_t k = 0; k < Inputs; ++k) terms[k] = x[k][i];
        y[i] = to_byte(sum(terms) + range.zero, range.low, range.high);
    }
}

/// y = factor (a - zero_a) (b - zero_b); a or b may have one number for each of `channels` only.
template <class Rounding>
constexpr void
int8_multiply(typename Rounding::factor factor, const std::array<const std::int8_t*, 2>& x,
              const std::array<std::int32_t, 2>& zeros, const std::array<bool, 2>& are_whole,
              std::int8_t* y, std::size_t count, std::size_t channels, int8_range range) noexcept {
#if CTNN_HAS_XSIMD
    if constexpr (simd::integer_lanes > 1)
        if (!std::is_constant_evaluated()) {
            using vector = simd::integers<simd::integer_lanes>;
            // All at once, or pixel by pixel.
            const std::size_t size = are_whole[0] && are_whole[1] ? count : channels;
            for (std::size_t first = 0; first < count; first += size) {
                const std::array<const std::int8_t*, 2> from{x[0] + (are_whole[0] ? first : 0),
                                                             x[1] + (are_whole[1] ? first : 0)};
                int8_in_lanes(from, y + first, size, range, [&](const auto& load) CTNN_INLINED {
                    const auto a = vector::add(load(0), vector::all(-zeros[0])),
                               b = vector::add(load(1), vector::all(-zeros[1]));
                    return times_in_lanes<vector>(vector::multiply(a, b), factor);
                });
            }
            return;
        }
#endif
    for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t a = x[0][are_whole[0] ? i : i % channels] - zeros[0],
                           b = x[1][are_whole[1] ? i : i % channels] - zeros[1];
        y[i] = to_byte(Rounding::times(a * b, factor) + range.zero, range.low, range.high);
    }
}

}  // namespace ctnn::detail
