// Dense layers in bytes on processors without vectors.
#pragma once

#include <ctnn/quantization/int8_strips.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ctnn::detail {

/// A convolution with one output, which sees the whole input: a dense layer.
constexpr bool is_dense(const convolution& conv) noexcept {
    const auto is_one = [](const axis& a) {
        return a.input == a.taps && a.dilation == 1 && a.before == 0 && a.after == 0;
    };
    return conv.groups == 1 && is_one(conv.rows) && is_one(conv.columns) && conv.rows.taps == 1;
}
/// One function for all dense layers: tiles of four filters.
template <class Rounding, bool InPairs>
void int8_dense(const std::int8_t* x, std::size_t inputs, std::int8_t* y, std::size_t filters,
                const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
    using format = std::conditional_t<InPairs, int8_raised_pairs<false>, int8_raised_bytes>;
    using number = typename format::number;
    auto* const numbers = reinterpret_cast<number*>(scratch);
    format::copy(x, inputs, numbers);
    const std::size_t words = (inputs + 3) / 4, word = (filters + 3) / 4 * 16;
    const strip_range range{o.zero_y, o.low, o.high};
    for (std::size_t f = 0; f < filters; f += 4) {
        const std::int8_t* w = o.weights + f * 4;
        std::array<std::uint32_t, 4> sum{};
        for (const number *next = numbers, *const end = numbers + words * 4; next != end;
             w += word) {
            if constexpr (InPairs) {
                const two_pairs pixel = load_pairs<0, true>(next);
                const auto add = [&](std::uint32_t bytes, std::size_t k) CTNN_INLINED {
                    const two_pairs weights = signed_pairs(bytes);
                    sum[k] = sum_of_products(pixel.first, weights.first, sum[k]);
                    sum[k] = sum_of_products(pixel.second, weights.second, sum[k]);
                };
                const two_pairs a = load_pairs<0, true>(w);
                add(a.first, 0);
                add(a.second, 1);
                const two_pairs b = load_pairs<8, true>(w);
                add(b.first, 2);
                add(b.second, 3);
            } else {
                const auto add = [&](std::size_t k) CTNN_INLINED {
                    const std::uint32_t pixel = next[k];
                    sum[0] = sum_of_product(pixel, static_cast<std::uint32_t>(w[k]), sum[0]);
                    sum[1] = sum_of_product(pixel, static_cast<std::uint32_t>(w[4 + k]), sum[1]);
                    sum[2] = sum_of_product(pixel, static_cast<std::uint32_t>(w[8 + k]), sum[2]);
                    sum[3] = sum_of_product(pixel, static_cast<std::uint32_t>(w[12 + k]), sum[3]);
                };
                add(0);
                add(1);
                add(2);
                add(3);
            }
            advance<4 * sizeof(number)>(next);
        }
        const std::array<std::uint32_t, 4> sums = sum;
        for (std::size_t k = 0; k < 4 && f + k < filters; ++k)
            y[f + k] = static_cast<std::int8_t>(
                range.byte<Rounding, false>(sums[k] + o.starts[f + k], o.factors[f + k]));
    }
}
template <convolution Conv, bool InPairs>
struct int8_dense_loops {
    static constexpr std::size_t inputs = Conv.columns.input * Conv.channels;
    static constexpr std::size_t scratch_size = (inputs + 3) / 4 * (InPairs ? 8 : 4);
    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        if (first < last) int8_dense<Rounding, InPairs>(x, inputs, y, Conv.filters, o, scratch);
    }
};

}  // namespace ctnn::detail
