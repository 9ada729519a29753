// From sums in the lanes of vectors to bytes: the same as int8_operands::finish.
#pragma once

#include <ctnn/quantization/int8_convolution.hpp>
#include <ctnn/simd/integer_vector.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ctnn::detail {

/// How factors lie in memory for vectors: arrays of 32-bit numbers, one after the other.
template <class Rounding>
struct int8_factors;

template <>
struct int8_factors<rounding::tflite> {
    static constexpr std::size_t arrays = 1;
    static constexpr bool are_as_given = true;
    static void write(float factor, std::int8_t* to, std::size_t /*step*/) noexcept {
        std::memcpy(to, &factor, sizeof factor);
    }
    template <class Vector, class Load>
    [[gnu::always_inline]] static auto times(typename Vector::reg sum, const Load& load) noexcept {
        return Vector::scaled(sum, load(0));
    }
};
template <>
struct int8_factors<rounding::tflite_micro> {
    static constexpr std::size_t arrays = 3;  // q, how far to the left, and to the right
    static constexpr bool are_as_given = false;
    static void write(fixed_factor factor, std::int8_t* to, std::size_t step) noexcept {
        const std::int32_t numbers[]{factor.q, std::max<std::int32_t>(factor.shift, 0),
                                     std::max<std::int32_t>(-factor.shift, 0)};
        for (std::size_t i = 0; i < arrays; ++i)
            std::memcpy(to + i * step, &numbers[i], sizeof numbers[i]);
    }
    template <class Vector, class Load>
    [[gnu::always_inline]] static auto times(typename Vector::reg sum, const Load& load) noexcept {
        if constexpr (requires { Vector::fixed_product(sum, sum, sum, sum); }) {
            return Vector::fixed_product(sum, load(0), load(1), load(2));
        } else {
            constexpr std::size_t lanes = sizeof sum / 4;
            std::int32_t x[lanes], numbers[arrays][lanes];
            Vector::store(x, sum);
            for (std::size_t i = 0; i < arrays; ++i) Vector::store(numbers[i], load(i));
            for (std::size_t n = 0; n < lanes; ++n)
                x[n] = fixed_factor{numbers[0][n], numbers[1][n] - numbers[2][n]}.times(x[n]);
            return Vector::load(x);
        }
    }
};

/// Starts and factors of filters, as vectors take them.
template <class Rounding>
struct int8_outputs {
    using factors = int8_factors<Rounding>;
    const std::int8_t *starts, *first_factors;
    std::size_t step;  // bytes from one array of the factors to the next
    std::int32_t zero, low, high;

    /// Bytes of scratch memory for a copy.
    static constexpr std::size_t bytes(std::size_t filters) noexcept {
        return (1 + factors::arrays) * filters * 4;
    }
    /// Those of the operands.
    static int8_outputs as_given(const int8_operands<Rounding>& o) noexcept {
        return {reinterpret_cast<const std::int8_t*>(o.starts),
                reinterpret_cast<const std::int8_t*>(o.factors),
                0,
                o.zero_y,
                o.low,
                o.high};
    }
    /// Copies of `filters` of them: number n is that of filter(n), or nothing's if there is none.
    template <class Filter>
    static int8_outputs copied(const int8_operands<Rounding>& o, std::size_t filters,
                               std::size_t all, const Filter& filter, std::int8_t* to) noexcept {
        std::int8_t* const from = to + filters * 4;
        for (std::size_t n = 0; n < filters; ++n) {
            const std::size_t f = filter(n);
            const std::uint32_t start = f < all ? o.starts[f] : 0;
            std::memcpy(to + n * 4, &start, 4);
            factors::write(f < all ? o.factors[f] : typename Rounding::factor{}, from + n * 4,
                           filters * 4);
        }
        return {to, from, filters * 4, o.zero_y, o.low, o.high};
    }
    [[nodiscard]] int8_outputs from(std::size_t filter) const noexcept {
        return {starts + filter * 4, first_factors + filter * 4, step, zero, low, high};
    }
};

/// Sums of as many outputs, of the same filters in the lanes, as bytes: each output's `step` bytes from
/// the one before it.
template <class Vector, std::size_t Outputs, class Rounding>
[[gnu::always_inline]] inline void int8_store(const typename Vector::reg (&sum)[Outputs],
                                              const int8_outputs<Rounding>& o, std::int8_t* y,
                                              std::size_t step) noexcept {
    constexpr std::size_t lanes = sizeof sum[0] / 4;
    const auto zero = Vector::all_of_16_bits(o.zero), low = Vector::bound(o.low),
               high = Vector::bound(o.high);
    simd::unroll<(Outputs + 3) / 4>([&](auto four) CTNN_INLINED {
        const auto result = [&](std::size_t n) CTNN_INLINED {
            return int8_factors<Rounding>::template times<Vector>(
                sum[std::min(four * 4 + n, Outputs - 1)], [&](std::size_t array) CTNN_INLINED {
                    return Vector::load(o.first_factors + array * o.step);
                });
        };
        const auto bytes = Vector::in_order(
            Vector::pack(result(0), result(1), result(2), result(3), zero, low, high));
        constexpr std::size_t some = std::min<std::size_t>(4, Outputs - four * 4);
        std::int8_t* const to = y + four * 4 * step;
        if (some == 4 && step == lanes) {
            Vector::store(to, bytes);
        } else {
            simd::unroll<some>([&](auto n) CTNN_INLINED {
                Vector::template store_quarter<n>(to + n * step, bytes);
            });
        }
    });
}

}  // namespace ctnn::detail
