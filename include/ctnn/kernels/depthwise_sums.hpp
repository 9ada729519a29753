// The gradient of a depthwise convolution's kernel, with one image in every lane: all weights of a
// channel stay in registers over a row of outputs.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>

namespace ctnn::detail {

/// Channel after channel reads numbers that lie a power of 2 apart, which share few sets of the
/// cache. So some channels' rows are copied, each channel's side by side, as many as the kernel is
/// tall, the next one over the oldest.
template <convolution Conv, class T>
struct depthwise_sums {
    static constexpr std::size_t taps = Conv.rows.taps * Conv.columns.taps;
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    static constexpr std::size_t rows_kept = Conv.rows.reach();
    // At once: whole cache lines of channels, outputs for which the rows take 64 KiB, rows of the
    // kernel for which the sums fit into registers.
    static constexpr std::size_t channels_most = 8;
    static constexpr std::size_t columns_most = outputs_for(
        Conv.columns, 1, std::size_t{64} * 1024 / (channels_most * sizeof(T)) / rows_kept, width);
    static constexpr std::size_t rows_most = std::min(
        Conv.rows.taps, std::max<std::size_t>(1, simd::registers * 13 / 16 / Conv.columns.taps));
    static constexpr std::size_t outputs_most = 4;

    static constexpr std::size_t row = pixels_for(Conv.columns, columns_most),
                                 plane = rows_kept * row;
    /// Numbers of scratch memory.
    static constexpr std::size_t size =
        simd::tile_size(Conv.channels, channels_most) * (taps + 1 + plane);

    /// d_kernel(i, j, c) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, c), d_bias(c) +=
    /// sum of d_y(h, w, c).
    static void add(const T* x, const T* d_y, float* d_kernel, [[maybe_unused]] float* d_bias,
                    T* scratch) noexcept {
        simd::for_tiles<Conv.channels, channels_most>(
            [&](std::size_t c, auto channels) CTNN_INLINED {
                T* const sums = scratch + channels * plane;
                std::fill_n(sums, channels * (taps + 1), T(0.0f));
                simd::for_tiles<width, columns_most>([&](std::size_t w, auto columns) CTNN_INLINED {
                    add_columns<channels, columns>(x + c, d_y + c, w, scratch, sums);
                });
                for (std::size_t n = 0; n < channels; ++n) {
                    const T* const sum = sums + n * (taps + 1);
                    for (std::size_t t = 0; t < taps; ++t)
                        d_kernel[t * Conv.channels + c + n] += simd::sum_of_lanes(sum[t]);
                    if constexpr (Conv.has_bias) d_bias[c + n] += simd::sum_of_lanes(sum[taps]);
                }
            });
    }

private:
    template <std::size_t Channels, std::size_t Columns>
    static void add_columns(const T* x, const T* d_y, std::size_t first, T* rows,
                            T* sums) noexcept {
        std::size_t next = 0;  // of the padded rows
        for (std::size_t h = 0; h < height; ++h) {
            for (; next < h * Conv.rows.stride + rows_kept; ++next)
                copy_row<Channels, Columns>(x, next, first, rows);
            const T* const from = d_y + (h * width + first) * Conv.channels;
            const axis::range inside = Conv.rows.taps_inside(h);
            if (Conv.has_bias && inside.first == inside.last)
                add_row<Channels, Columns, 0>(rows, from, h, 0, true, sums);
            for (std::size_t i = inside.first; i < inside.last; i += rows_most) {
                const std::size_t count = std::min(rows_most, inside.last - i);
                simd::unroll<rows_most>([&](auto n) CTNN_INLINED {
                    if constexpr (occurs(n + 1))
                        if (count == n + 1)
                            add_row<Channels, Columns, n + 1>(rows, from, h, i, i == inside.first,
                                                              sums);
                });
            }
        }
    }
    /// Whether so many rows of the kernel are added together anywhere.
    static constexpr bool occurs(std::size_t count) noexcept {
        for (std::size_t h = 0; h < height; ++h) {
            const axis::range inside = Conv.rows.taps_inside(h);
            for (std::size_t i = inside.first; i < inside.last; i += rows_most)
                if (std::min(rows_most, inside.last - i) == count) return true;
        }
        return false;
    }

    template <std::size_t Channels, std::size_t Columns>
    static void copy_row(const T* x, std::size_t padded, std::size_t first, T* rows) noexcept {
        const std::size_t h = padded - Conv.rows.before;
        if (h >= Conv.rows.input) return;  // above the first: very large
        constexpr std::size_t next = Conv.columns.input * Conv.channels;
        T* const to = rows + padded % rows_kept * row;
        for (std::size_t q = 0; q < pixels_for(Conv.columns, Columns); ++q) {
            const std::size_t w = first * Conv.columns.stride + q - Conv.columns.before;
            if (w >= Conv.columns.input) {
                CTNN_UNROLLED
                for (std::size_t c = 0; c < Channels; ++c) to[c * plane + q] = T(0.0f);
                continue;
            }
            const T* const pixel = x + h * next + w * Conv.channels;
            CTNN_UNROLLED
            for (std::size_t c = 0; c < Channels; ++c) to[c * plane + q] = pixel[c];
        }
    }

    /// Rows i ... i + Rows - 1 of the kernel, for a row of outputs; the bias only once.
    template <std::size_t Channels, std::size_t Columns, std::size_t Rows>
    static void add_row(const T* rows, const T* d_y, std::size_t h, std::size_t i, bool adds_bias,
                        T* sums) noexcept {
        constexpr std::size_t count = Rows * Conv.columns.taps;
        for (std::size_t c = 0; c < Channels; ++c, rows += plane, sums += taps + 1, ++d_y) {
            const T* from[Rows + 1];
            T sum[count + 1];
            CTNN_UNROLLED
            for (std::size_t r = 0; r < Rows; ++r)
                from[r] =
                    rows + (h * Conv.rows.stride + (i + r) * Conv.rows.dilation) % rows_kept * row;
            T* const kept = sums + i * Conv.columns.taps;
            CTNN_UNROLLED
            for (std::size_t t = 0; t < count; ++t) sum[t] = kept[t];
            sum[count] = sums[taps];
            simd::for_tiles<Columns, outputs_most>([&](std::size_t w, auto outputs) CTNN_INLINED {
                add_outputs<Rows, outputs>(from, d_y + w * Conv.channels, w * Conv.columns.stride,
                                           sum);
            });
            CTNN_UNROLLED
            for (std::size_t t = 0; t < count; ++t) kept[t] = sum[t];
            if (adds_bias) sums[taps] = sum[count];
        }
    }
    /// Every pixel is loaded once for all outputs that see it.
    template <std::size_t Rows, std::size_t Outputs>
    [[gnu::always_inline]] static void
    add_outputs(const T* const (&from)[Rows + 1], const T* d_y, std::size_t pixel,
                T (&sum)[Rows * Conv.columns.taps + 1]) noexcept {
        T d[Outputs];
        CTNN_UNROLLED
        for (std::size_t w = 0; w < Outputs; ++w) {
            d[w] = simd::in_register(d_y[w * Conv.channels]);
            T& all = sum[Rows * Conv.columns.taps];
            if constexpr (Conv.has_bias) all = all + d[w];
        }
        constexpr std::size_t pixels = pixels_for(Conv.columns, Outputs);
        CTNN_UNROLLED
        for (std::size_t r = 0; r < Rows; ++r) {
            CTNN_UNROLLED
            for (std::size_t q = 0; q < pixels; ++q) {
                const T x = simd::in_register(from[r][pixel + q]);
                CTNN_UNROLLED
                for (std::size_t w = 0; w < Outputs; ++w) {
                    const std::size_t at = q - w * Conv.columns.stride;  // left of it: large
                    if (at < Conv.columns.reach() && at % Conv.columns.dilation == 0)
                        simd::add_product(sum[r * Conv.columns.taps + at / Conv.columns.dilation],
                                          x, d[w]);
                }
            }
        }
    }
};

}  // namespace ctnn::detail
