// From sums in the lanes of vectors to bytes: the same as int8_operands::finish.
#pragma once

#include <ctnn/quantization/int8_convolution.hpp>
#include <ctnn/simd/integer_vector.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <bit>
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
    /// The same with factors below 1.
    template <class Vector, class Load>
    [[gnu::always_inline]] static auto times_fraction(typename Vector::reg sum,
                                                      const Load& load) noexcept {
        return Vector::scaled_down(sum, load(0));
    }
    static bool are_fractions(const float* f, std::size_t count) noexcept {
        std::uint32_t most = 0;  // as their bits, so that vectors do it
        for (std::size_t i = 0; i < count; ++i)
            most = std::max(most, std::bit_cast<std::uint32_t>(f[i]));
        return most < std::bit_cast<std::uint32_t>(1.0f);
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
    template <class Vector, class Load>
    [[gnu::always_inline]] static auto times_fraction(typename Vector::reg sum,
                                                      const Load& load) noexcept {
        return times<Vector>(sum, load);
    }
    static bool are_fractions(const fixed_factor* /*f*/, std::size_t /*count*/) noexcept {
        return true;
    }
};

/// What is added to a result, and its bounds. `is_plain`: these are a byte's, and factors do not
/// enlarge a sum beyond 32 bits; so packing is enough.
struct int8_range {
    std::int32_t zero, low, high;
    bool is_plain = false;

    template <class Rounding>
    static int8_range of(const int8_operands<Rounding>& o, std::size_t filters) noexcept {
        return {o.zero_y, o.low, o.high,
                o.low == -128 && o.high == 127 &&
                    int8_factors<Rounding>::are_fractions(o.factors, filters)};
    }
};

/// Four vectors of sums as bytes, as Vector::pack leaves them: sum(n), and factor(n, array) of its
/// lanes.
template <class Vector, class Rounding, class Sum, class Factor>
[[gnu::always_inline]] inline auto int8_pack(const int8_range& range, const Sum& sum,
                                             const Factor& factor) noexcept {
    using factors = int8_factors<Rounding>;
    const auto zero = Vector::all_of_16_bits(range.zero);
    if (range.is_plain) {
        const auto result = [&](std::size_t n) CTNN_INLINED {
            return factors::template times_fraction<Vector>(
                sum(n), [&](std::size_t array) CTNN_INLINED { return factor(n, array); });
        };
        return Vector::pack(result(0), result(1), result(2), result(3), zero);
    }
    const auto result = [&](std::size_t n) CTNN_INLINED {
        return factors::template times<Vector>(
            sum(n), [&](std::size_t array) CTNN_INLINED { return factor(n, array); });
    };
    return Vector::pack(result(0), result(1), result(2), result(3), zero, Vector::bound(range.low),
                        Vector::bound(range.high));
}

/// Starts and factors of filters, as vectors take them.
template <class Rounding>
struct int8_outputs {
    using factors = int8_factors<Rounding>;
    const std::int8_t *starts, *first_factors;
    std::size_t step;  // bytes from one array of the factors to the next
    int8_range range;

    /// Bytes of scratch memory for a copy.
    static constexpr std::size_t bytes(std::size_t filters) noexcept {
        return (1 + factors::arrays) * filters * 4;
    }
    /// Those of the operands, of so many filters.
    static int8_outputs as_given(const int8_operands<Rounding>& o, std::size_t filters) noexcept {
        return {reinterpret_cast<const std::int8_t*>(o.starts),
                reinterpret_cast<const std::int8_t*>(o.factors), 0, int8_range::of(o, filters)};
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
        return {to, from, filters * 4, int8_range::of(o, all)};
    }
    [[nodiscard]] int8_outputs from(std::size_t filter) const noexcept {
        return {starts + filter * 4, first_factors + filter * 4, step, range};
    }
};

/// Sums of as many outputs, of the same filters in the lanes, as bytes: output n's begin at to(n), if
/// that is not null.
template <class Vector, std::size_t Outputs, class Rounding, class To>
[[gnu::always_inline]] inline void int8_store(const typename Vector::reg (&sum)[Outputs],
                                              const int8_outputs<Rounding>& o,
                                              const To& to) noexcept {
    simd::unroll<(Outputs + 3) / 4>([&](auto four) CTNN_INLINED {
        const auto bytes = Vector::in_order(int8_pack<Vector, Rounding>(
            o.range,
            [&](std::size_t n) CTNN_INLINED { return sum[std::min(four * 4 + n, Outputs - 1)]; },
            [&](std::size_t /*n*/, std::size_t array)
                CTNN_INLINED { return Vector::load(o.first_factors + array * o.step); }));
        simd::unroll<std::min<std::size_t>(4, Outputs - four * 4)>([&](auto n) CTNN_INLINED {
            if (std::int8_t* const here = to(four * 4 + n))
                Vector::template store_quarter<n>(here, bytes);
        });
    });
}

}  // namespace ctnn::detail
