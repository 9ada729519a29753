// A depthwise convolution of one image with SIMD: the lanes belong to the channels, each with a
// filter of its own, and nothing is broadcast.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/kernels/padding.hpp>
#include <ctnn/kernels/pooled_tile.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace ctnn::detail {

/// y = pooling(activation(bias + x * kernel)) for one image.
template <convolution Conv, activation Activation, pooling Pooling>
struct convolution_with_channels_in_lanes {
private:
    static constexpr std::size_t window_rows = Pooling::window_rows,
                                 window_columns = Pooling::window_columns;
    static constexpr std::size_t pooled_rows = Conv.rows.output() / window_rows;
    static constexpr std::size_t pooled_columns = Conv.columns.output() / window_columns;

    // Vectors of channels; the last ends where the channels do, even if it computes some again.
    static constexpr std::size_t lanes = channel_lanes(Conv.channels);
    using vector = simd::vector<lanes>;

    // Outputs at once: a row of the kernel's weights and one pixel take registers, too.
    static constexpr std::size_t columns_kept = [] {
        constexpr std::size_t taps = std::min(Conv.columns.taps, simd::registers / 4);
        constexpr std::size_t most = std::max<std::size_t>(
            1, (simd::registers - taps - 2) / (window_columns + (window_rows > 1)));
        return simd::tile_size(pooled_columns, most);
    }();
    using tiled_columns =
        tiled_axis<Conv.columns, pooled_columns * window_columns, columns_kept * window_columns>;

    // A row of so many taps is a loop, or the compiler would take minutes.
    static constexpr bool are_many = Conv.columns.taps > 16;

public:
    /// Numbers of scratch memory that `run` needs.
    static constexpr std::size_t scratch_size = 0;

    static void run(const float* x, const float* kernel, const float* bias, float* y,
                    float* /*scratch*/, const float* scale = nullptr) noexcept {
        for (std::size_t c = 0; c < Conv.channels; c += lanes) {
            const std::size_t first = std::min(c, Conv.channels - lanes);
            for (std::size_t h = 0; h < pooled_rows; ++h) {
                const auto one_tile = [&](auto like, std::size_t w) CTNN_INLINED {
                    tile<like>(x + first, kernel + first, Conv.bias_from(bias, first),
                               Conv.template scale_from<Activation>(scale, first), y + first, h, w);
                };
                if constexpr (are_many)
                    for (std::size_t n = 0; n < tiled_columns::tiles; ++n)
                        one_tile(std::integral_constant<std::size_t, 0>{},
                                 tiled_columns::start_of(n));
                else
                    tiled_columns::for_tiles(one_tile);
            }
        }
    }

    static constexpr loop_choice choice() noexcept {
        return {layout::hwc, {columns_kept * window_columns, lanes}};
    }

private:
    /// h: pooled row; w: column before pooling; p: row of the pooling window.
    template <std::size_t Like>
    [[gnu::noinline]] static void tile(const float* x, const float* kernel, const float* bias,
                                       [[maybe_unused]] const float* scale, float* y, std::size_t h,
                                       std::size_t w) noexcept {
        float* const to =
            y + h * Conv.output_row(pooled_columns) + w / window_columns * Conv.output_step();
        pooled_tile<vector, Activation, Pooling, columns_kept, window_columns>(
            window_rows,
            [&](std::size_t p, auto& sum) CTNN_INLINED {
                CTNN_UNROLLED
                for (std::size_t t = 0; t < columns_kept * window_columns; ++t)
                    sum[t] = Conv.has_bias ? simd::load<vector>(bias) : vector(0.0f);
                const std::size_t r = h * window_rows + p;
                const axis::range inside = Conv.rows.taps_inside(r);
                for (std::size_t i = inside.first; i < inside.last; ++i) {
                    const float* const row =
                        x + Conv.rows.pixel(r, i) * Conv.columns.input * Conv.channels;
                    const float* const k = kernel + i * Conv.columns.taps * Conv.channels;
                    if constexpr (are_many)
                        add_row_in_a_loop(row, k, w, sum);
                    else
                        add_row<Like>(row, k, w, sum);
                }
            },
            [&](std::size_t, vector sum)
                CTNN_INLINED { return scaled_sums<Activation>(sum, scale, 0, Conv.filters); },
            [&](std::size_t q, vector value)
                CTNN_INLINED { simd::store(to + q * Conv.output_step(), value); });
    }

    static constexpr std::size_t place(std::size_t q) noexcept {
        return q % window_columns * columns_kept + q / window_columns;
    }
    template <std::size_t Sums>
    [[gnu::always_inline]] static void add_row_in_a_loop(const float* row, const float* kernel,
                                                         std::size_t w,
                                                         vector (&sum)[Sums]) noexcept {
        for (std::size_t j = 0; j < Conv.columns.taps; ++j) {
            const vector weight = simd::load<vector>(kernel + j * Conv.channels);
            const axis::range inside = tiled_columns::inside(w, j);
            CTNN_UNROLLED
            for (std::size_t q = 0; q < Sums; ++q)
                if (inside.first <= q && q < inside.last)
                    simd::add_product(
                        sum[place(q)],
                        simd::load<vector>(row + Conv.columns.pixel(w + q, j) * Conv.channels),
                        weight);
        }
    }
    /// One row of the kernel: every pixel is loaded once for all outputs that see it. j: tap; q:
    /// output of the tile; n: pixel, from what the first tap of the first output sees.
    template <std::size_t Like, std::size_t Sums>
    [[gnu::always_inline]] static void add_row(const float* row, const float* kernel, std::size_t w,
                                               vector (&sum)[Sums]) noexcept {
        constexpr axis columns = Conv.columns;
        constexpr std::size_t reach = pixels_for(columns, Sums);
        // The pixels that exist.
        constexpr std::size_t start = Like * columns.stride;
        constexpr std::size_t first =
            start < columns.before ? std::min(reach, columns.before - start) : 0;
        constexpr std::size_t last = std::clamp(
            columns.before + columns.input > start ? columns.before + columns.input - start : 0,
            first, reach);
        const float* const pixel =
            row + (w * columns.stride + first - columns.before) * Conv.channels;
        simd::load_again();
        vector weights[columns.taps];
        CTNN_UNROLLED
        for (std::size_t j = 0; j < columns.taps; ++j)
            weights[j] = simd::load<vector>(kernel + j * Conv.channels);
        constexpr std::size_t pixels = last - first;
        CTNN_UNROLLED
        for (std::size_t n = 0; n < pixels; ++n) {
            const vector from = simd::load<vector>(pixel + n * Conv.channels);
            CTNN_UNROLLED
            for (std::size_t j = 0; j < columns.taps; ++j) {
                const std::size_t at = first + n - j * columns.dilation;  // before j: very large
                const std::size_t q = at / columns.stride;
                if (at < reach && at % columns.stride == 0 && q < Sums)
                    simd::add_product(sum[place(q)], from, weights[j]);
            }
        }
    }
};

}  // namespace ctnn::detail
