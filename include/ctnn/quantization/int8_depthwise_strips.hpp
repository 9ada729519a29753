// Depthwise convolutions in bytes on processors without vectors.
#pragma once

#include <ctnn/quantization/int8_strips.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ctnn::detail {

/// The loops of a depthwise convolution: tiles of outputs side by side, channel by channel, in bytes.
/// Pairs would have to be put together first.
template <convolution Conv>
struct int8_depthwise_strip_loops {
    static constexpr axis rows = Conv.rows, columns = Conv.columns;
    static constexpr std::size_t channels = Conv.channels, filters = Conv.filters,
                                 each = filters / channels;
    static constexpr convolution all_channels{rows, columns, channels, filters, 1, true};
    static constexpr std::size_t tile = int8_outputs_at_once<5>(
        columns.output(), columns.taps,
        columns.taps + (columns.stride < columns.taps ? columns.stride : columns.taps));
    static constexpr int8_strip strip = int8_strip::of(all_channels, tile, 0, 1024, false);
    using number = std::uint8_t;
    static constexpr std::size_t scratch_size = strip.copied_rows * strip.row_length + 4;

    template <class Rounding>
    static void run(const std::int8_t* x, std::int8_t* y, std::size_t first, std::size_t last,
                    const int8_operands<Rounding>& o, std::int8_t* scratch) noexcept {
        auto* const numbers = reinterpret_cast<number*>(scratch);
        for (std::size_t h = first; h < last; ++h, y += columns.output() * filters)
            for (std::size_t w = 0; w < columns.output(); w += strip.outputs) {
                const std::size_t outputs = std::min(strip.outputs, columns.output() - w),
                                  computed = (outputs + tile - 1) / tile * tile;
                int8_copy_strip<int8_raised_bytes>(all_channels, strip.row_length, x, h, w,
                                                   computed, rows.taps, o.zero_x, numbers);
                for (std::size_t p = 0; p < outputs; p += tile)
                    run_tile(numbers + p * strip.step, y + (w + p) * filters, outputs - p, o,
                             std::make_index_sequence<tile>{});
            }
    }

private:
    template <class Rounding, std::size_t... P>
    static void run_tile(const number* x, std::int8_t* y, std::size_t outputs,
                         const int8_operands<Rounding>& o, std::index_sequence<P...>) noexcept {
        const strip_range range{o.zero_y, o.low, o.high};
        const std::int8_t* const weights = o.weights;
        const std::uint32_t* const starts = o.starts;
        const typename Rounding::factor* const factors = o.factors;
        for (std::size_t f = 0; f < filters; ++f) {
            std::array<std::uint32_t, tile> sum{(void(P), starts[f])...};
            const number* row = x + f / each;
            const std::int8_t* w = weights + f;
            for (std::size_t i = 0; i < rows.taps; ++i, row += strip.row_length)
                for (std::size_t j = 0; j < columns.taps; ++j, w += filters) {
                    const number* const pixel = row + j * columns.dilation * channels;
                    const auto weight = static_cast<std::uint32_t>(std::int32_t{*w});
                    ((sum[P] = sum_of_product(pixel[P * strip.step], weight, sum[P])), ...);
                }
            const std::array<std::int32_t, tile> bytes{
                range.byte<Rounding, false>(sum[P], factors[f])...};
            ((P < outputs ? void(y[P * filters + f] = static_cast<std::int8_t>(bytes[P])) : void()),
             ...);
        }
    }
};

}  // namespace ctnn::detail
