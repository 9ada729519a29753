// A convolution in bytes with random numbers, or with extremes, in exactly sized memory.
#pragma once

#include <ctnn/quantization/int8_loops.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>

namespace int8_layers {

using ctnn::detail::axis;
using ctnn::detail::convolution;
using ctnn::detail::int8_packing;

/// Numbers in exactly as much memory as they take.
template <class T>
struct exactly {
    std::unique_ptr<T[]> memory;
    std::size_t size;
    explicit exactly(std::size_t count) : memory(new T[count]), size(count) {}
    T* begin() const { return memory.get(); }
    T* end() const { return memory.get() + size; }
};

enum class numbers { random, lowest, highest, mixed };

template <convolution Conv, class Rounding>
struct layer {
    static constexpr int8_packing packing = int8_packing::of(Conv);
    exactly<std::int8_t> x{Conv.rows.input * Conv.columns.input * Conv.channels},
        weights{packing.bytes()};
    exactly<std::uint32_t> starts{Conv.filters};
    exactly<typename Rounding::factor> factors{Conv.filters};
    std::int32_t zero_x;

    /// Factors below 1 alone, or others too; sums as biases make them, or of all 32 bits.
    layer(std::mt19937& random, numbers kind, std::int32_t zero, bool has_large_factors = true,
          bool has_large_sums = false)
        : zero_x(zero) {
        const auto byte = [&](int least, int most) {
            return static_cast<std::int8_t>(
                std::uniform_int_distribution<int>(least, most)(random));
        };
        for (std::int8_t& v : x)
            v = kind == numbers::random  ? byte(-128, 127)
                : kind == numbers::mixed ? (byte(0, 1) != 0 ? std::int8_t{127} : std::int8_t{-128})
                : kind == numbers::highest ? std::int8_t{127}
                                           : std::int8_t{-128};
        std::fill(weights.begin(), weights.end(), std::int8_t{0});
        for (std::size_t f = 0; f < Conv.filters; ++f) {
            std::uint32_t sum = 0;
            for (std::size_t i = 0; i < Conv.rows.taps; ++i)
                for (std::size_t j = 0; j < Conv.columns.taps; ++j)
                    for (std::size_t c = 0; c < Conv.group_channels(); ++c) {
                        const std::int8_t w =
                            kind == numbers::random ? byte(-127, 127)
                            : kind == numbers::mixed
                                ? (byte(0, 1) != 0 ? std::int8_t{127} : std::int8_t{-127})
                            : f % 2 == 0 ? std::int8_t{127}
                                         : std::int8_t{-127};
                        weights.begin()[packing.place(Conv, i, j, c, f)] = w;
                        sum += static_cast<std::uint32_t>(w);
                    }
            const std::int32_t most = has_large_sums ? 2'147'000'000 : 20'000;
            const std::uint32_t bias = static_cast<std::uint32_t>(
                std::uniform_int_distribution<std::int32_t>(-most, most)(random));
            starts.begin()[f] = bias - static_cast<std::uint32_t>(zero_x + 128) * sum;
            // From results of all sizes to such that fit into a byte, and to factors above 1.
            const float scale =
                std::uniform_real_distribution<float>(0.5f, 2.0f)(random) /
                (f % 7 == 3 && has_large_factors ? 0.4f
                 : f % 5 == 1                    ? 3.0f
                              : 16.0f * static_cast<float>(packing.runs * packing.run_length));
            factors.begin()[f] = Rounding::factor_of(scale, 1.0f, 1.0f, false);
        }
    }
    [[nodiscard]] ctnn::detail::int8_operands<Rounding>
    operands(std::int32_t zero_y, std::int32_t low, std::int32_t high) const {
        return {weights.begin(), starts.begin(), factors.begin(), zero_x, zero_y, low, high};
    }
};

// input, taps, stride, dilation, before, after
constexpr axis plain(std::size_t input, std::size_t taps) {
    return {input, taps, 1, 1, 0, 0};
}
constexpr axis same(std::size_t input, std::size_t taps) {
    return {input, taps, 1, 1, (taps - 1) / 2, taps / 2};
}
constexpr axis pixel = plain(1, 1);

}  // namespace int8_layers
