// Depthwise convolutions in bytes on processors that multiply pairs of 16-bit numbers: a word has a
// channel of a pixel and of the one below it. The same thought as int8_row_words, one channel at a time.
#pragma once

#include <ctnn/quantization/int8_strips.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ctnn::detail {

/// The loops, where `exists`.
template <convolution Conv>
struct int8_depthwise_pair_loops {
private:
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr std::size_t channels = Conv.channels, width = columns.output();

    // An output may begin with the second row of a pair: then its weights are paired otherwise.
    static constexpr bool starts_in_pairs = rows.stride % 2 == 1 && rows.output() > 1;
    static constexpr std::size_t pairs = (rows.taps + (starts_in_pairs ? 2 : 1)) / 2;
    static constexpr std::size_t pairs_for(std::size_t outputs) noexcept {
        return (outputs - 1) * rows.stride / 2 + pairs;
    }
    static constexpr std::size_t tile = int8_outputs_at_once<5>(
        width,
        (columns.reach() > columns.stride ? columns.reach() - columns.stride : 0) * pairs + 9,
        (columns.stride + columns.taps) * pairs + 10);

    // A block: so many channels of what so many outputs see, at most so many words.
    static constexpr std::size_t part = channels % 16 == 0 ? 16 : channels % 8 == 0 ? 8 : 4;
    static constexpr std::size_t most = 700;
    static constexpr std::size_t row_size_for(std::size_t outputs) noexcept {
        return pixels_for(columns, outputs) * part;
    }
    static constexpr std::size_t block_columns = [] {
        std::size_t count = width;
        while (count > tile && pairs_for(1) * row_size_for(count) > most)
            count = std::max(tile, count / 2);
        return count;
    }();
    static constexpr std::size_t block_rows = [] {
        std::size_t count = rows.output();
        while (count > 1 && pairs_for(count) * row_size_for(block_columns) > most) --count;
        return count;
    }();
    static constexpr std::size_t row_size = row_size_for(block_columns);

public:
    /// All weights of a channel stay in registers.
    static constexpr bool exists = Conv.filters == channels && channels % 4 == 0 && rows.taps > 1 &&
                                   rows.dilation == 1 && columns.taps* pairs <= 6;
    static constexpr std::size_t scratch_size = pairs_for(block_rows) * row_size * 4;

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        auto* const words = reinterpret_cast<std::uint32_t*>(scratch);
        const bool is_all = o.low == -128 && o.high == 127;
        for (std::size_t h = first; h < last; h += block_rows) {
            const std::size_t some = std::min(block_rows, last - h);
            for (std::size_t from = 0; from < width; from += block_columns) {
                const std::size_t w = std::min(from, width - block_columns);
                for (std::size_t c = 0; c < channels; c += part) {
                    copy(x + c, h, w, some, o.zero_x, words);
                    for (std::size_t k = 0; k < part; ++k) {
                        std::int8_t* const to = y + ((h - first) * width + w) * channels + c + k;
                        if (is_all)
                            channel<true>(words + k, to, c + k, some, o);
                        else
                            channel<false>(words + k, to, c + k, some, o);
                    }
                }
            }
        }
    }

private:
    /// What the outputs from (h, w) on of `some` rows see of the channels from `x` on.
    static void copy(const std::int8_t* x, std::size_t h, std::size_t w, std::size_t some,
                     std::int32_t zero_x, std::uint32_t* to) noexcept {
        std::array<std::int8_t, part> padding;
        padding.fill(static_cast<std::int8_t>(zero_x));
        const std::size_t top = h * rows.stride - rows.before,
                          left = w * columns.stride - columns.before;
        for (std::size_t pair = 0; pair < pairs_for(some); ++pair) {
            const std::size_t upper = top + 2 * pair, lower = upper + 1;
            const bool has_upper = upper < rows.input,  // those before the first are huge
                has_lower = lower < rows.input;
            for (std::size_t i = 0; i < pixels_for(columns, block_columns); ++i) {
                const std::size_t column = left + i;
                const bool inside = column < columns.input;
                const auto pixel = [&](bool has_row, std::size_t row) {
                    return inside && has_row ? x + (row * columns.input + column) * channels
                                             : padding.data();
                };
                const std::int8_t *above = pixel(has_upper, upper),
                                  *below = pixel(has_lower, lower);
                for (std::size_t c = 0; c < part; c += 4, to += 4) {
                    const two_pairs a = raised_pairs(load_word(above + c)),
                                    b = raised_pairs(load_word(below + c)),
                                    even = in_order({a.first, b.first}),
                                    odd = in_order({a.second, b.second});
                    store_pairs<0>(to, {even.first, odd.first});
                    store_pairs<8>(to, {even.second, odd.second});
                }
            }
        }
    }

    /// A channel's outputs of a block.
    template <bool IsAll, class Rounding>
    static void channel(const std::uint32_t* x, std::int8_t* y, std::size_t f, std::size_t some,
                        const int8_operands<Rounding>& o) noexcept {
        rows_from<0, IsAll>(x, y, f, some, o);
        if constexpr (starts_in_pairs)
            if (some > 1) rows_from<1, IsAll>(x, y, f, some, o);
    }
    /// Those rows whose outputs begin with row `Start` of a pair.
    template <std::size_t Start, bool IsAll, class Rounding>
    [[gnu::noinline]] static void rows_from(const std::uint32_t* x, std::int8_t* y, std::size_t f,
                                            std::size_t some,
                                            const int8_operands<Rounding>& o) noexcept {
        constexpr std::size_t step = starts_in_pairs ? 2 : 1;
        std::array<std::uint32_t, pairs * columns.taps> weights;
        simd::unroll<pairs * columns.taps>([&](auto i) CTNN_INLINED {
            constexpr std::size_t pair = i / columns.taps, j = i % columns.taps;
            // Of a row of the pairs, from 0; of none before the first.
            const auto weight = [&](std::size_t row) CTNN_INLINED {
                return row - Start >= rows.taps
                           ? 0U
                           : static_cast<std::uint32_t>(std::int32_t{
                                 o.weights[((row - Start) * columns.taps + j) * channels + f]});
            };
            weights[i] = (weight(2 * pair) & 0xFFFF) | weight(2 * pair + 1) << 16;
        });
        const strip_range range{o.zero_y, o.low, o.high};
        const std::uint32_t start = o.starts[f];
        const typename Rounding::factor factor = o.factors[f];
        for (std::size_t r = Start; r < some; r += step) {
            const std::uint32_t* const from = x + r * rows.stride / 2 * row_size;
            for (std::size_t w = 0; w < block_columns; w += tile) {
                const std::size_t at = std::min(w, block_columns - tile);
                tile_of<IsAll, Rounding>(from + at * columns.stride * part,
                                         y + (r * width + at) * channels, weights, start, factor,
                                         range, std::make_index_sequence<tile>{});
            }
        }
    }
    template <bool IsAll, class Rounding, std::size_t... Q>
    [[gnu::always_inline]] static void
    tile_of(const std::uint32_t* x, std::int8_t* y,
            const std::array<std::uint32_t, pairs * columns.taps>& weights, std::uint32_t start,
            typename Rounding::factor factor, const strip_range& range,
            std::index_sequence<Q...>) noexcept {
        std::array<std::uint32_t, tile> sum{(void(Q), start)...};
        constexpr std::size_t seen = pixels_for(columns, tile);
        simd::unroll<pairs * seen>([&](auto n) CTNN_INLINED {
            constexpr std::size_t pair = n / seen, i = n % seen;
            const std::uint32_t two = x[pair * row_size + i * part];
            simd::unroll<tile>([&](auto q) CTNN_INLINED {
                constexpr std::size_t from = q * columns.stride,
                                      j = i < from ? columns.taps : (i - from) / columns.dilation;
                if constexpr (j < columns.taps && (i - from) % columns.dilation == 0)
                    sum[q] = sum_of_products(two, weights[pair * columns.taps + j], sum[q]);
            });
        });
        const std::array<std::int32_t, tile> bytes{range.byte<Rounding, IsAll>(sum[Q], factor)...};
        ((y[Q * channels] = static_cast<std::int8_t>(bytes[Q])), ...);
    }
};

}  // namespace ctnn::detail
