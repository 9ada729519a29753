// The gradient of a depthwise convolution's kernel, with one image in every lane: the weights of a
// channel are in registers for a few outputs at a time.
#pragma once

#include <ctnn/kernels/convolution.hpp>
#include <ctnn/simd/loops.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace ctnn::detail {

/// One channel's numbers lie far apart: a row of one channel after the other would read every page
/// of memory once for each. So a few outputs of one channel are followed by the same of the next,
/// and the sums of all wait in the first cache.
template <convolution Conv, class T>
struct depthwise_sums {
    static constexpr std::size_t taps = Conv.rows.taps * Conv.columns.taps;
    static constexpr std::size_t height = Conv.rows.output(), width = Conv.columns.output();
    // At once: channels whose sums the first cache holds; rows of the kernel, and outputs, for which
    // the sums fit into registers.
    static constexpr std::size_t channels_most = 32;
    static constexpr std::size_t sums_most = simd::registers * 11 / 16;
    static constexpr std::size_t rows_most =
        std::min(Conv.rows.taps, std::max<std::size_t>(1, sums_most / Conv.columns.taps));
    static constexpr std::size_t outputs_most =
        rows_most * Conv.columns.taps + 10 <= simd::registers ? 8 : 4;
    /// Of kernels with such rows, no tile is made.
    static constexpr bool is_wide = Conv.columns.taps > sums_most || Conv.columns.reach() > 64;

    static constexpr std::size_t sums_of_channel = taps + (Conv.has_bias ? 1 : 0);
    /// Numbers of scratch memory.
    static constexpr std::size_t size = std::min(Conv.channels, channels_most) * sums_of_channel;

    /// d_kernel(i, j, c) += sum over h, w of x(h s + i d - pad, ..., c) d_y(h, w, c), d_bias(c) +=
    /// sum of d_y(h, w, c).
    static void add(const T* x, const T* d_y, float* d_kernel, [[maybe_unused]] float* d_bias,
                    T* scratch) noexcept {
        for (std::size_t c = 0; c < Conv.channels; c += channels_most) {
            const std::size_t channels = std::min(channels_most, Conv.channels - c);
            std::fill_n(scratch, channels * sums_of_channel, T(0.0f));
            for (std::size_t h = 0; h < height; ++h)
                add_outputs(x + c, d_y + h * width * Conv.channels + c, h, channels, scratch);
            for (std::size_t n = 0; n < channels; ++n) {
                const T* const sum = scratch + n * sums_of_channel;
                for (std::size_t t = 0; t < taps; ++t)
                    d_kernel[t * Conv.channels + c + n] += simd::sum_of_lanes(sum[t]);
                if constexpr (Conv.has_bias) d_bias[c + n] += simd::sum_of_lanes(sum[taps]);
            }
        }
    }

private:
    // d_y: of row h; channels: how many; sums: those of the first channel

    static void add_outputs(const T* x, const T* d_y, std::size_t h, std::size_t channels,
                            T* sums) noexcept {
        const axis::range seen = Conv.rows.taps_inside(h);
        if (Conv.has_bias && (is_wide || seen.first == seen.last))
            add_bias(d_y, channels, sums + taps);
        for (std::size_t i = seen.first; i < seen.last; i += rows_most) {
            const std::size_t count = std::min(rows_most, seen.last - i);
            simd::unroll<rows_most>([&](auto n) CTNN_INLINED {
                if constexpr (occurs(n + 1))
                    if (count == n + 1)
                        add_rows<n + 1>(x, d_y, h, i, channels, i == seen.first, sums);
            });
        }
    }
    /// Whether so many rows of the kernel are added together anywhere.
    static constexpr bool occurs(std::size_t count) noexcept {
        for (std::size_t h = 0; h < height; ++h) {
            const axis::range seen = Conv.rows.taps_inside(h);
            for (std::size_t i = seen.first; i < seen.last; i += rows_most)
                if (std::min(rows_most, seen.last - i) == count) return true;
        }
        return false;
    }

    // A row is cut into tiles of nearly equal size. Of those at its ends that see padding, each has
    // loops of its own.
    static constexpr std::size_t tiles = (width + outputs_most - 1) / outputs_most;
    static constexpr std::size_t begin_of(std::size_t tile) noexcept {
        return tile * width / tiles;
    }
    static constexpr bool sees_padding(std::size_t tile) noexcept {
        for (std::size_t w = begin_of(tile); w < begin_of(tile + 1); ++w) {
            const axis::range seen = Conv.columns.taps_inside(w);
            if (seen.last - seen.first < Conv.columns.taps) return true;
        }
        return false;
    }
    static constexpr axis::range inside = [] {
        axis::range result{0, tiles};
        while (result.first < tiles && sees_padding(result.first)) ++result.first;
        while (result.last > result.first && sees_padding(result.last - 1)) --result.last;
        return result;
    }();
    static constexpr std::size_t anywhere = static_cast<std::size_t>(-1);

    static void add_bias(const T* d_y, std::size_t channels, T* sums) noexcept {
        for (std::size_t c = 0; c < channels; ++c, ++d_y, sums += sums_of_channel)
            for (std::size_t w = 0; w < width; ++w) *sums = *sums + d_y[w * Conv.channels];
    }

    /// Rows i ... i + Rows - 1 of the kernel; with the bias only the first of them.
    template <std::size_t Rows>
    static void add_rows(const T* x, const T* d_y, std::size_t h, std::size_t i,
                         std::size_t channels, bool adds_bias, T* sums) noexcept {
        const T* from[Rows];
        CTNN_UNROLLED
        for (std::size_t r = 0; r < Rows; ++r)
            from[r] = x + Conv.rows.pixel(h, i + r) * Conv.columns.input * Conv.channels;
        if constexpr (is_wide) {
            for (std::size_t r = 0; r < Rows; ++r)
                add_wide_row(from[r], d_y, channels, sums + (i + r) * Conv.columns.taps);
        } else {
            const auto at_an_end = [&](auto tile) CTNN_INLINED {
                constexpr std::size_t w = begin_of(tile);
                add_tile<Rows, begin_of(tile + 1) - w, w>(from, d_y, w, i, channels, adds_bias,
                                                          sums);
            };
            simd::unroll<inside.first>(at_an_end);
            constexpr std::size_t first = begin_of(inside.first);
            simd::for_tiles<begin_of(inside.last) - first, outputs_most>(
                [&](std::size_t w, auto outputs) CTNN_INLINED {
                    add_tile<Rows, outputs, anywhere>(from, d_y, first + w, i, channels, adds_bias,
                                                      sums);
                });
            simd::unroll<tiles - inside.last>([&](auto n) CTNN_INLINED {
                at_an_end(std::integral_constant<std::size_t, inside.last + n>{});
            });
        }
    }

    /// `Outputs` outputs from w on; First: w, where they may see padding. Every pixel is loaded once
    /// for all outputs that see it.
    template <std::size_t Rows, std::size_t Outputs, std::size_t First>
    [[gnu::noinline]] static void add_tile(const T* const (&from)[Rows], const T* d_y,
                                           std::size_t w, std::size_t i, std::size_t channels,
                                           bool adds_bias, T* sums) noexcept {
        constexpr std::size_t count = Rows * Conv.columns.taps;
        constexpr std::size_t pixels = pixels_for(Conv.columns, Outputs);
        const std::size_t pixel = w * Conv.columns.stride - Conv.columns.before;
        d_y += w * Conv.channels;
        for (std::size_t c = 0; c < channels; ++c, sums += sums_of_channel) {
            T* const kept = sums + i * Conv.columns.taps;
            T sum[count], d[Outputs];
            CTNN_UNROLLED
            for (std::size_t t = 0; t < count; ++t) sum[t] = kept[t];
            CTNN_UNROLLED
            for (std::size_t n = 0; n < Outputs; ++n)
                d[n] = simd::in_register(d_y[n * Conv.channels + c]);
            if constexpr (Conv.has_bias)
                if (adds_bias) {
                    T all = d[0];
                    CTNN_UNROLLED
                    for (std::size_t n = 1; n < Outputs; ++n) all = all + d[n];
                    sums[taps] = sums[taps] + all;
                }
            CTNN_UNROLLED
            for (std::size_t r = 0; r < Rows; ++r) {
                CTNN_UNROLLED
                for (std::size_t q = 0; q < pixels; ++q) {
                    if (First != anywhere &&
                        First * Conv.columns.stride + q - Conv.columns.before >= Conv.columns.input)
                        continue;  // padding; left of the row: very large
                    const T seen = simd::in_register(from[r][(pixel + q) * Conv.channels + c]);
                    CTNN_UNROLLED
                    for (std::size_t n = 0; n < Outputs; ++n) {
                        const std::size_t at = q - n * Conv.columns.stride;
                        if (at < Conv.columns.reach() && at % Conv.columns.dilation == 0)
                            simd::add_product(
                                sum[r * Conv.columns.taps + at / Conv.columns.dilation], seen,
                                d[n]);
                    }
                }
            }
            CTNN_UNROLLED
            for (std::size_t t = 0; t < count; ++t) kept[t] = sum[t];
        }
    }

    static void add_wide_row(const T* row, const T* d_y, std::size_t channels, T* sums) noexcept {
        for (std::size_t w = 0; w < width; ++w, d_y += Conv.channels) {
            const axis::range seen = Conv.columns.taps_inside(w);
            for (std::size_t j = seen.first; j < seen.last; ++j) {
                const T* const pixel = row + Conv.columns.pixel(w, j) * Conv.channels;
                for (std::size_t c = 0; c < channels; ++c)
                    simd::add_product(sums[c * sums_of_channel + j], pixel[c], d_y[c]);
            }
        }
    }
};

}  // namespace ctnn::detail
